//! `genhash`, by each of its names: what it prints; and, on a machine that has it, beside Debian's.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

#[path = "checkers/server.rs"]
#[allow(dead_code, reason = "the checkers' tests use more of it")]
mod server;

use server::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keepalived-rs");
const HELLO: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello world\n";

#[derive(Debug, PartialEq)]
struct Answer {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(program: impl AsRef<Path>, words: &[&str]) -> Answer {
    let Output { status, stdout, stderr } =
        Command::new(program.as_ref()).args(words).stdin(Stdio::null()).output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Answer { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// `genhash -s ADDRESS -p PORT` and more.
fn genhash(server: &Server, words: &[&str]) -> Answer {
    let port = server.at.port().to_string();
    run(PROGRAM, &[&["genhash", "-s", "127.0.0.1", "-p", &port][..], words].concat())
}

fn said(stdout: &str) -> Answer {
    Answer { status: Some(0), stdout: stdout.to_owned(), stderr: String::new() }
}

/// CK-142, IF-480: the digest of the body, up to the length that was announced, whatever the status is.
#[test]
fn bodies_are_digested() {
    let table: &[(&[u8], &str)] = &[
        (HELLO, "6f5902ac237024bdd0c176cb93063dc4"),
        (b"HTTP/1.0 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", "900150983cd24fb0d6963f7d28e17f72"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello world\n", "5d41402abc4b2a76b9719d911017c592"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nhello world\n", "6f5902ac237024bdd0c176cb93063dc4"),
        (b"HTTP/1.0 200 OK\r\n\r\n", "d41d8cd98f00b204e9800998ecf8427e"),
    ];
    for (answer, digest) in table {
        assert_eq!(genhash(&Server::answering(*answer), &["-u", "/a"]), said(&format!("{digest}\n")));
    }
}

/// CK-141, IF-482: what each option makes of the request.
#[test]
fn options_make_the_request() {
    let server = Server::answering(HELLO);
    let host = server.address();
    for (words, request) in [
        (&["-u", "/a"][..], format!("GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: {host}\r\n\r\n")),
        (
            &["--url=/b", "--use-virtualhost", "vh.example"],
            "GET /b HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: vh.example\r\n\r\n".to_owned(),
        ),
        (
            &["-u/c", "-P", "1.0c", "-V", "h"],
            "GET /c HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: h\r\n\r\n".to_owned(),
        ),
        (
            &["-u", "/d", "--proto", "1.1", "-Vh"],
            "GET /d HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: h\r\n\r\n".to_owned(),
        ),
    ] {
        assert_eq!(genhash(&server, words).status, Some(0));
        assert_eq!(server.requests().last(), Some(&request));
    }
}

/// The text without the number that differs each time.
fn without_time(text: &str) -> String {
    let line = |line: &str| match line.split_once("] = ") {
        Some((before, _)) if line.starts_with("Global response time") => format!("{before}] = N usecs\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// CK-143, IF-483: every byte that -v shows.
#[test]
fn verbose_shows_header_and_body() {
    let answer = genhash(&Server::answering(HELLO), &["-u", "/a", "-v"]);
    let wanted = "\
-----------------------[    HTTP Header Buffer    ]-----------------------
0000  48 54 54 50 2f 31 2e 30 - 20 32 30 30 20 4f 4b 0d   HTTP/1.0 200 OK.
0016  0a 43 6f 6e 74 65 6e 74 - 2d 54 79 70 65 3a 20 74   .Content-Type: t
0032  65 78 74 2f 70 6c 61 69 - 6e 0d 0a 0d 0a            ext/plain....   @
-----------------------[ HTTP Header Ascii Buffer ]-----------------------
HTTP/1.0 200 OK
Content-Type: text/plain


-----------------------[        HTML Buffer        ]-----------------------
0000  68 65 6c 6c 6f 20 77 6f - 72 6c 64 0a               hello world.    @

-----------------------[    HTML hash resulting    ]-----------------------
0000  6f 59 02 ac 23 70 24 bd - d0 c1 76 cb 93 06 3d c4   oY..#p$...v...=.
-----------------------[ HTML hash final resulting ]-----------------------
6f5902ac237024bdd0c176cb93063dc4

Global response time for [/a] = N usecs
";
    assert_eq!(without_time(&answer.stdout), wanted.replace('@', ""));
    assert_eq!((answer.status, answer.stderr.as_str()), (Some(0), ""));
}

/// CK-144, IF-481: what a server does wrong is told, and the exit status is 0.
#[test]
fn failures_exit_with_0() {
    let none = Answer { stderr: "no data received from remote webserver\n".to_owned(), ..said("") };
    assert_eq!(genhash(&Server::answering(&b""[..]), &["-u", "/"]), none);
    assert_eq!(genhash(&Server::answering(&b"garbage without header"[..]), &["-u", "/"]), none);
    let silent = Server::start(|peer| peer.hold());
    assert_eq!(genhash(&silent, &["-u", "/", "-t", "1"]), said("Timeout WEB read\n"));
    assert_eq!(genhash(&silent, &["-S", "-u", "/", "--timeout", "1"]), said("Timeout connecting\n"));
    let plain = Server::start(|peer| {
        peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.hold();
    });
    assert_eq!(genhash(&plain, &["-S", "-u", "/"]), said("SSL handshake/communication error connecting to\n"));
    let port = silent.at.port().to_string();
    drop((silent, plain));
    for address in ["127.0.0.1", "::1"] {
        let refused = run(PROGRAM, &["genhash", "-s", address, "-p", &port, "-u", "/"]);
        assert_eq!(refused, said("Connection failed\n"), "{address}");
    }
}

/// CK-140, IF-7, IF-41: the name of the program, the command, and the option, which should be the first.
#[test]
fn it_has_several_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let named = folder.path().join("genhash");
    symlink(PROGRAM, &named).expect("a link");
    let server = Server::answering(HELLO);
    let port = server.at.port().to_string();
    let words = ["-s", "127.0.0.1", "-p", &port, "-u", "/"];
    let digest = said("6f5902ac237024bdd0c176cb93063dc4\n");
    assert_eq!(run(&named, &words), digest);
    for first in ["genhash", "--genhash", "-T"] {
        assert_eq!(run(PROGRAM, &[&[first][..], &words].concat()), digest);
    }
    let late = run(PROGRAM, &[&["-n", "--genhash"][..], &words].concat());
    let warning = "Warning -- `genhash` not used as first option, previous options ignored\n";
    assert_eq!(late, Answer { stderr: warning.to_owned(), ..digest });
    for (program, words, name) in [
        (named.as_path(), &["-h"][..], named.display().to_string()),
        (Path::new(PROGRAM), &["genhash", "-h"], format!("{PROGRAM} genhash")),
        (Path::new(PROGRAM), &["--genhash"], format!("{PROGRAM} --genhash")),
    ] {
        let answer = run(program, words);
        assert_eq!((answer.status, answer.stdout.as_str()), (Some(1), ""));
        assert!(answer.stderr.starts_with(&format!("Usage: {name} COMMAND [OPTIONS]\n")), "{answer:?}");
        assert!(answer.stderr.ends_with("--timeout         -t       Timeout in seconds\n"), "{answer:?}");
    }
}

/// CK-141, CK-144: what is wrong with the words, then how they are meant; the exit status is 1.
#[test]
fn mistakes_exit_with_1() {
    let base = ["-s", "127.0.0.1", "-p", "80", "-u", "/"];
    for (more, words) in [
        (&["-s", "nothost"][..], "server should be an IP, not nothost\n"),
        (&["-p", "99999"], "invalid port number '99999'\n"),
        (&["-p", "0"], "invalid port number '0'\n"),
        (&["-P", "3.0"], "invalid HTTP protocol version '3.0'\n"),
        (&["-t", "x"], "invalid timeout 'x'\n"),
        (&["-m", "-5"], "invalid fwmark '-5'\n"),
        (&["-u"], "Missing parameter for option -u\n"),
        (&["--bogus"], ""),
        (&["extra", "words"], "Unexpected argument(s): extra words\n"),
    ] {
        let answer = run(PROGRAM, &[&["genhash"][..], &base, more].concat());
        assert_eq!((answer.status, answer.stdout.as_str()), (Some(1), ""), "{more:?}");
        assert!(answer.stderr.starts_with(&format!("{words}Usage: ")), "{more:?}: {answer:?}");
    }
    for lacking in [&base[2..], &base[..4], &[base[0], base[1], base[4], base[5]]] {
        let answer = run(PROGRAM, &[&["genhash"][..], lacking].concat());
        assert!(answer.status == Some(1) && answer.stderr.starts_with("Usage: "), "{answer:?}");
    }
}

/// A web server on two ports of loopback, the second by TLS; ends with the value.
struct Nginx {
    child: Child,
    ports: [u16; 2],
    _folder: tempfile::TempDir,
}

impl Nginx {
    fn start() -> Nginx {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &[u8]| std::fs::write(at(name), text).expect("a file");
        let free = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
        let ports = [&free[0], &free[1]].map(|listener| listener.local_addr().expect("its address").port());
        drop(free);
        let made = rcgen::generate_simple_self_signed(vec!["nginx.example".to_owned()]).expect("a certificate");
        write("c.pem", made.cert.pem().as_bytes());
        write("k.pem", made.signing_key.serialize_pem().as_bytes());
        std::fs::create_dir(at("www")).expect("a folder");
        write("www/small", b"hello world\n");
        write("www/big", &(0..100_000_u32).map(|at| (at % 251) as u8).collect::<Vec<u8>>());
        let home = folder.path().display();
        let [plain, tls] = ports;
        write(
            "n.conf",
            format!(
                "user root;\ndaemon off;\npid {home}/pid;\nerror_log {home}/log;\nevents {{ }}\nhttp {{\n access_log off;\n \
                 root {home}/www;\n server {{ listen 127.0.0.1:{plain}; }}\n server {{ listen 127.0.0.1:{tls} ssl; \
                 ssl_certificate {home}/c.pem; ssl_certificate_key {home}/k.pem; }}\n}}\n"
            )
            .as_bytes(),
        );
        let child = Command::new("nginx")
            .args(["-c", at("n.conf").to_str().expect("UTF-8"), "-p", folder.path().to_str().expect("UTF-8")])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx");
        let mut tries = 0;
        while std::net::TcpStream::connect(("127.0.0.1", tls)).is_err() {
            tries += 1;
            assert!(tries < 1_000, "nginx does not listen: {:?}", std::fs::read_to_string(at("log")));
            std::thread::sleep(Duration::from_millis(10));
        }
        Nginx { child, ports, _folder: folder }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap_or(());
        drop(self.child.wait());
    }
}

/// CK-140 to CK-144: word for word as Debian's genhash, of a real web server, by HTTP and HTTPS.
#[test]
#[ignore = "needs nginx and Debian's genhash"]
fn it_says_what_debians_says() {
    let nginx = Nginx::start();
    let both = |words: &[&str]| (run(PROGRAM, &[&["genhash"][..], words].concat()), run("/usr/bin/genhash", words));
    let [plain, tls] = nginx.ports.map(|port| port.to_string());
    let mut compared = 0;
    for page in ["/small", "/big", "/missing"] {
        for more in [
            &["-p", plain.as_str()][..],
            &["-p", &plain, "-V", "some.example"],
            &["-p", &plain, "-P", "1.1"],
            &["-p", &plain, "-P", "1.0c"],
            &["-S", "-p", &tls],
            &["-S", "-I", "-V", "nginx.example", "-p", &tls],
            &["-S", "-P", "1.1", "-p", &tls],
        ] {
            let (ours, theirs) = both(&[&["-s", "127.0.0.1", "-u", page], more].concat());
            assert_eq!(ours, theirs, "{page} {more:?}");
            assert_eq!(ours.stdout.len(), 33, "{page} {more:?}: a digest");
            compared += 1;
        }
    }
    assert_eq!(compared, 21);
    let server = Server::answering(HELLO);
    let port = server.at.port().to_string();
    let (ours, theirs) = both(&["-s", "127.0.0.1", "-p", &port, "-u", "/v", "-v"]);
    assert_eq!(without_time(&ours.stdout), without_time(&theirs.stdout));
    let nothing = Server::answering(&b"garbage"[..]);
    let port = nothing.at.port().to_string();
    for verbose in [&[][..], &["-v"]] {
        let (ours, theirs) = both(&[&["-s", "127.0.0.1", "-p", &port, "-u", "/v"], verbose].concat());
        assert_eq!(without_time(&ours.stdout), without_time(&theirs.stdout));
        assert_eq!((ours.status, ours.stderr), (theirs.status, theirs.stderr));
    }
    drop(nothing);
    let (ours, theirs) = both(&["-s", "127.0.0.1", "-p", &port, "-u", "/v"]);
    assert_eq!(ours, theirs);
    for words in [&["-h"][..], &[], &["-s", "nothost"], &["-s", "127.0.0.1", "-p", "99999", "-u", "/"], &["-P", "2"]] {
        let (ours, theirs) = both(words);
        let usage = |answer: &Answer| {
            answer.stderr.replace(&format!("{PROGRAM} genhash"), "genhash").replace("/usr/bin/genhash", "genhash")
        };
        assert_eq!((usage(&ours), ours.status), (usage(&theirs), theirs.status), "{words:?}");
    }
}
