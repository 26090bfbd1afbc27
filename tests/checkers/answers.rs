//! TCP_CHECK and HTTP_GET against real servers.

use std::net::SocketAddr;
use std::time::Duration;

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::Endpoint;
use keepalived_rs::base::time::Interval;
use keepalived_rs::kernel::clock;
use keepalived_rs::model::check::{Check, Connect, HttpCheck, HttpProtocol};
use keepalived_rs::model::lvs::Lvs;
use socket2::{Domain, Socket, Type};

use crate::fixture::{at, lvs, tcp};
use crate::rig::{Rig, poll, quick};
use crate::server::Server;
use crate::simulated::{http, tuned};

/// One real server that is checked as given.
pub fn checked(check: impl Into<Check>) -> Lvs {
    tuned(lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).check(check.into())]), quick)
}

pub fn to(address: &str) -> Connect {
    Connect::to(at(address).address, at(address).port)
}

fn get(server: &Server, change: impl FnOnce(&mut HttpCheck)) -> Lvs {
    let mut check = http(&server.address(), &["/p"]);
    change(&mut check);
    checked(check)
}

/// The answer takes the server down with this line.
#[track_caller]
pub fn expect_failure(lvs: Lvs, words: &str) {
    let mut rig = Rig::start(lvs);
    let verdict = rig.verdict();
    assert!(!verdict.up, "{:#?}", rig.log());
    assert_eq!(verdict.mail, "=> CHECK failed on service : HTTP/SSL request failed <=");
    rig.wait_for(&format!("{words} server [10.1.0.11]:tcp:80."));
    rig.stop();
}

#[track_caller]
pub fn expect_success(lvs: Lvs) -> Vec<String> {
    let mut rig = Rig::start(lvs);
    let verdict = rig.verdict();
    assert!(verdict.up, "{:#?}", rig.log());
    rig.stop()
}

/// A port of loopback that nobody listens on.
pub fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}

/// A port whose queue of connections is full: a further SYN is not answered.
pub fn deaf_port() -> (String, Vec<Socket>) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None).expect("a socket");
    let listener = socket();
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    listener.bind(&any.into()).expect("a port");
    listener.listen(0).expect("a queue");
    let at = listener.local_addr().expect("its address").as_socket().expect("of IPv4");
    let mut held = vec![listener];
    for _ in 0..4 {
        let filler = socket();
        // EINPROGRESS: the queue takes one or two, the others wait.
        filler.connect(&at.into()).unwrap_or(());
        held.push(filler);
    }
    (at.to_string(), held)
}

/// CK-30, CK-31, CK-32: a connection is good, at once closed, and not a byte is sent.
#[test]
fn tcp_check_connects_and_says_nothing() {
    use std::io::Read;
    use std::sync::{Arc, Mutex};
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    let server = Server::start(move |peer| {
        let mut bytes = Vec::new();
        let end = peer.stream.read_to_end(&mut bytes).map_err(|error| error.kind());
        ear.lock().expect("whole").push((end, bytes));
    });
    let mut rig = Rig::start(checked(Check::Tcp(to(&server.address()))));
    let verdict = rig.verdict();
    assert!(verdict.up);
    assert_eq!((verdict.weight, verdict.mail.as_str()), (0, "=> TCP CHECK succeed on service <="));
    poll("several checks", || (heard.lock().expect("whole").len() >= 3).then_some(()));
    rig.wait_for("TCP connection to [10.1.0.11]:tcp:80 success.");
    assert_eq!(rig.try_verdict(), None, "later successes are silent");
    let lines = rig.stop();
    assert_eq!(lines.iter().filter(|line| line.contains("success")).count(), 1, "{lines:#?}");
    assert!(heard.lock().expect("whole").iter().all(|(end, bytes)| *end == Ok(0) && bytes.is_empty()));
}

/// CK-31: refused.
#[test]
fn tcp_check_of_a_closed_port() {
    let mut rig = Rig::start(checked(Check::Tcp(to(&closed_port()))));
    assert!(!rig.verdict().up);
    rig.wait_for("TCP connection to [10.1.0.11]:tcp:80 failed.");
    rig.wait_for("TCP_CHECK on service [10.1.0.11]:tcp:80 failed.");
    rig.stop();
}

/// CK-11, CK-31: connect_timeout bounds the connect.
#[test]
fn tcp_check_of_a_deaf_port() {
    let (deaf, _held) = deaf_port();
    let begun = clock::now();
    let mut rig = Rig::start(tuned(checked(Check::Tcp(to(&deaf))), |checker| {
        checker.timing.connect_timeout = Interval::from_millis(300);
    }));
    assert!(!rig.verdict().up);
    let took = clock::now().since(begun).as_duration();
    assert!(took >= Duration::from_millis(1300), "{took:?}");
    rig.wait_for("TCP connection to [10.1.0.11]:tcp:80 timeout.");
    rig.stop();
}

/// CK-1, CK-2: bindto, bind_port and bind_if; the names of log lines are the real server's.
#[test]
fn connections_come_from_where_they_are_bound() {
    let server = Server::start(|peer| {
        let from = peer.stream.peer_addr().expect("an address");
        peer.request();
        assert!(peer.say(format!("HTTP/1.0 200 OK\r\nX: {from}\r\n\r\n{}", from.ip()).as_bytes()));
    });
    let digest_of = |text: &str| {
        use md5::Digest;
        <[u8; 16]>::from(md5::Md5::digest(text.as_bytes()))
    };
    let bound = |bind: Option<Endpoint>, interface: Option<&str>, seen: &str| {
        get(&server, |check| {
            check.connect.bind = bind;
            check.connect.interface = interface.map(InterfaceName::new);
            check.urls[0].digest = Some(digest_of(seen));
        })
    };
    expect_success(bound(Some(at("127.0.0.9:0")), None, "127.0.0.9"));
    expect_success(bound(None, Some("lo"), "127.0.0.1"));
    let free = at(&closed_port());
    let any = Endpoint { address: "::".parse().expect("an address"), port: free.port };
    expect_success(bound(Some(any), None, "127.0.0.1"));
}

/// CK-12: an address that is not ours is no failure of the real server.
#[test]
fn a_wrong_bindto_is_no_failure() {
    for (check, words) in [
        (Check::Tcp(to(&closed_port())), "TCP socket bind failed. Rescheduling. ([10.1.0.11]:tcp:80: "),
        (Check::Http(http(&closed_port(), &["/"])), "WEB socket bind failed. Rescheduling ([10.1.0.11]:tcp:80: "),
    ] {
        let wrong = |mut check: Check, bind: Option<Endpoint>, interface: Option<&str>| {
            match &mut check {
                Check::Tcp(connect) | Check::Http(HttpCheck { connect, .. }) => {
                    connect.bind = bind;
                    connect.interface = interface.map(InterfaceName::new);
                }
                other => unreachable!("{other:?} is not among them"),
            }
            checked(check)
        };
        for (lvs, error) in [
            (wrong(check.clone(), Some(at("192.0.2.77:0")), None), "Cannot assign requested address)"),
            (wrong(check.clone(), None, Some("nosuchif0")), "No such device)"),
        ] {
            let mut rig = Rig::start(lvs);
            rig.wait_for(&format!("{words}{error}"));
            assert_eq!(rig.try_verdict(), None);
            rig.stop();
        }
    }
}

/// CK-41, CK-42, CK-58: the bytes on the wire, one URL after the other.
#[test]
fn requests_on_the_wire() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n");
    expect_success(get(&server, |check| {
        check.protocol = HttpProtocol::V1_1;
        check.urls.push(crate::simulated::url("/q"));
        check.urls[1].virtual_host = Some("www.example".to_owned());
    }));
    let requests = server.requests();
    assert_eq!(
        requests[..2],
        [
            format!(
                "GET /p HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: {}\r\n\r\n",
                server.at
            ),
            "GET /q HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: www.example\r\n\r\n"
                .to_owned(),
        ]
    );
}

/// CK-47, CK-48, CK-50: answers that are not quite HTTP but good: no length, a wrong length, no version.
#[test]
fn odd_answers_that_are_good() {
    for answer in ["HTTP/1.0 200 OK\r\n\r\nhello", "ICY 200 OK\r\nX\r\n\r\n", "HTTP/1.1 204 \r\n\r\n"] {
        let lines = expect_success(get(&Server::answering(answer), |_| {}));
        assert!(!lines.iter().any(|line| line.contains("content_length")), "{lines:#?}");
    }
    for (answer, lengths) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "(100) does not match received bytes (5)"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", "(2) does not match received bytes (5)"),
    ] {
        let lines = expect_success(get(&Server::answering(answer), |_| {}));
        assert!(lines.iter().any(|line| line.ends_with(lengths)), "{lines:#?}");
    }
}

/// CK-47, CK-48, CK-55: answers that are not.
#[test]
fn odd_answers_that_are_bad() {
    for (answer, words) in [
        ("HTTP/1.1 200\r\n\r\nhello", "HTTP status code error to"),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "HTTP status code error to"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP status code error to"),
        ("\0\u{7f}%n%s\r\n\r\n", "HTTP status code error to"),
        ("garbage", "Read, no data received from "),
        ("HTTP/1.0 200 OK\r\n", "Read, no data received from "),
        ("", "Read, no data received from "),
    ] {
        expect_failure(get(&Server::answering(answer), |_| {}), words);
    }
}

/// CK-51: the digest of what really came, over several reads.
#[test]
fn a_digest_over_several_reads() {
    use md5::Digest;
    let body: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    let digest = <[u8; 16]>::from(md5::Md5::digest(&body));
    let answer = [b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &body].concat();
    let server = Server::answering(answer);
    expect_success(get(&server, |check| check.urls[0].digest = Some(digest)));
    expect_failure(get(&server, |check| check.urls[0].digest = Some([1; 16])), "MD5 digest error to");
}

/// CK-47: a server that answers well and keeps the connection has not finished.
#[test]
fn an_answer_ends_with_its_connection() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        peer.hold();
    });
    let lvs = tuned(get(&server, |_| {}), |checker| checker.timing.connect_timeout = Interval::from_millis(300));
    expect_failure(lvs, "Timeout HTTP read");
}

/// CK-11: each wait for data has the whole connect_timeout again.
#[test]
fn a_slow_answer_has_its_time() {
    let server = Server::start(|peer| {
        peer.request();
        for piece in ["HTTP/1.0 20", "0 OK\r\n", "\r\n", "slow", "er"] {
            peer.say(piece.as_bytes());
            std::thread::sleep(Duration::from_millis(250));
        }
    });
    let lvs = tuned(get(&server, |_| {}), |checker| checker.timing.connect_timeout = Interval::from_millis(600));
    expect_success(lvs);
}

/// CK-13, CK-55: no way, nobody there, nobody answering.
#[test]
fn no_connection() {
    expect_failure(checked(http("255.255.255.255:80", &["/"])), "HTTP/SSL_CHECK - network unreachable");
    expect_failure(checked(http(&closed_port(), &["/"])), "Connection failed");
    let (deaf, _held) = deaf_port();
    let lvs = tuned(checked(http(&deaf, &["/"])), |checker| {
        checker.timing.connect_timeout = Interval::from_millis(300);
    });
    expect_failure(lvs, "Timeout connecting");
}

/// CK-52, CK-53, CK-54, CK-55, CK-56: the last test of an answer, with the offsets of the recorded runs: the header
/// counts if some of the body comes with it.
#[test]
fn a_regular_expression() {
    use keepalived_rs::model::check::{Pattern, Regex, RegexOption};
    // 45 bytes of header.
    const HEADER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let regex = |text: &str, options: &[RegexOption], offsets: (usize, Option<usize>), no_match: bool| {
        let pattern = Pattern { text: text.to_owned(), options: options.to_vec() };
        Some(Regex { pattern, no_match, min_offset: offsets.0, max_offset: offsets.1, stack: Some((1024, 8192)) })
    };
    let whole = std::sync::Arc::new(Server::answering(format!("{HEADER}hello world\n")));
    let cut = std::sync::Arc::new(Server::start(|peer| {
        peer.request();
        peer.say(HEADER.as_bytes());
        std::thread::sleep(Duration::from_millis(200));
        peer.say(b"hello world\n");
    }));
    let failed = Some("Regex match failed");
    crate::rig::together(
        [
            (&whole, regex("wor(l)d", &[], (0, None), false), None),
            (&whole, regex("WORLD", &[RegexOption::Caseless], (0, None), false), None),
            (&whole, regex("text/plain", &[], (0, None), false), None),
            (&whole, regex("world", &[], (7, None), false), None),
            (&whole, regex("world", &[], (0, Some(6)), false), failed),
            (&whole, regex("world", &[], (51, Some(51)), false), None),
            (&whole, regex("world", &[], (0, None), true), failed),
            (&whole, regex("there", &[], (0, None), true), None),
            (&whole, regex("there", &[], (0, None), false), failed),
            (&whole, regex("a(b", &[], (0, None), false), None),
            (&cut, regex("world", &[], (6, Some(6)), false), None),
            (&cut, regex("text/plain", &[], (0, None), false), failed),
        ]
        .map(|(server, regex, failed)| {
            let server = server.clone();
            Box::new(move || {
                let lvs = get(&server, |check| check.urls[0].regex = regex.clone());
                match failed {
                    Some(words) => expect_failure(lvs, words),
                    None => {
                        let wrong = expect_success(lvs).iter().any(|line| line.starts_with("Invalid regex: 'a(b'"));
                        assert_eq!(wrong, regex.is_some_and(|regex| regex.pattern.text == "a(b"));
                    }
                }
            }) as Box<_>
        }),
    );
}
