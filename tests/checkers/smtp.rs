//! SMTP_CHECK against real servers: good, bad, slow, hostile.

use std::io::Read;
use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::kernel::clock;
use keepalived_rs::model::lvs::Lvs;

use crate::answers::{checked, closed_port, deaf_port};
use crate::kinds::smtp;
use crate::rig::{Rig, together};
use crate::server::{Peer, Server};
use crate::simulated::tuned;

/// Waits are 300 ms each; one attempt.
fn check(address: &str) -> Lvs {
    tuned(checked(smtp(address)), |checker| {
        checker.timing.connect_timeout = Interval::from_millis(300);
        checker.timing.retry = 0;
    })
}

/// The failure's line and mail.
#[track_caller]
fn expect_failure(address: &str, words: &str) {
    let mut rig = Rig::start(check(address));
    let verdict = rig.verdict();
    assert!(!verdict.up, "{:#?}", rig.log());
    assert_eq!(verdict.mail, format!("=> CHECK failed on service : {words} <="));
    rig.wait_for(&format!("SMTP_CHECK {words}"));
    rig.stop();
}

/// Reads up to a line end.
fn line(peer: &mut Peer) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") && peer.stream.read(&mut byte).is_ok_and(|length| length == 1) {
        line.push(byte[0]);
    }
    String::from_utf8_lossy(&line).into_owned()
}

/// CK-70, CK-73, CK-74: what is said, to the byte.
#[test]
fn a_good_server() {
    let (sender, heard) = std::sync::mpsc::channel();
    let server = Server::start(move |peer| {
        peer.say(b"220 mail.example ESMTP\r\n");
        let helo = line(peer);
        peer.say(b"250 hello\r\n");
        let quit = line(peer);
        peer.say(b"221 bye\r\n");
        let mut rest = Vec::new();
        peer.stream.read_to_end(&mut rest).unwrap_or(0);
        sender.send((helo, quit, rest)).unwrap_or(());
    });
    let mut rig = Rig::start(check(&server.address()));
    let verdict = rig.verdict();
    assert!(verdict.up, "{:#?}", rig.log());
    assert_eq!(verdict.mail, "=> CHECK succeed on service <=");
    let said = heard.recv_timeout(Duration::from_secs(10)).expect("a conversation");
    assert_eq!(said, ("HELO me.example\r\n".to_owned(), "QUIT\r\n".to_owned(), Vec::new()));
    rig.wait_for("Remote SMTP server [10.1.0.11]:tcp:80 succeed on service.");
    rig.stop();
}

/// CK-71, CK-72, CK-73: what servers say that is wrong, and where they end.
#[test]
fn bad_servers() {
    let saying = |said: &'static [&'static str]| {
        Server::start(move |peer| {
            for words in said {
                peer.say(words.as_bytes());
                line(peer);
            }
        })
    };
    let cases = [
        (&["554 no\r\n"][..], "Bad greeting banner from server"),
        (&["220-two\r\n220 lines\r\n"], "Bad greeting banner from server"),
        (&["SSH-2.0-OpenSSH\r\n"], "Bad greeting banner from server"),
        (&["220 a\r\n", "250\r\n"], "Bad HELO response from server"),
        (&["220 a\r\n", "250-a\r\n250 b\r\n"], "Bad HELO response from server"),
        (&["220 a\r\n", "250 b\r\n"], "Read failure from server"),
        (&["220 a\r\n"], "Read failure from server"),
        (&[], "Read failure from server"),
    ];
    together(cases.map(|(said, words)| {
        let server = saying(said);
        let at = server.at;
        Box::new(move || expect_failure(&server.address(), &format!("{words} [{}]:{}", at.ip(), at.port()))) as Box<_>
    }));
}

/// CK-11, CK-73: silence, a banner without end, a byte now and then, noise.
#[test]
fn hostile_servers() {
    let shown = |server: &Server| format!("[{}]:{}", server.at.ip(), server.at.port());
    let silent = Server::start(|peer| peer.hold());
    let endless = Server::start(|peer| while peer.goes_on() && peer.say(&[b'2'; 4096]) {});
    let noise = Server::start(|peer| while peer.goes_on() && peer.say(&[0xff, b'\n', 0, b'\n']) {});
    together(
        [
            (silent, "Read timeout from server"),
            (endless, "Bad greeting banner from server"),
            (noise, "Bad greeting banner from server"),
        ]
        .map(|(server, words)| {
            Box::new(move || expect_failure(&server.address(), &format!("{words} {}", shown(&server)))) as Box<_>
        }),
    );
    let slow = Server::start(|peer| {
        while peer.goes_on() && peer.say(b"2") {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = clock::now();
    expect_failure(&slow.address(), &format!("Read timeout from server {}", shown(&slow)));
    let took = clock::now().since(begun).as_duration();
    assert!((Duration::from_secs(3)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

/// CK-12, CK-13, CK-73: no connection.
#[test]
fn no_connection() {
    let closed = closed_port();
    expect_failure(&closed, &format!("Could not connect to server [{}", closed.replace(':', "]:")));
    let (deaf, _held) = deaf_port();
    expect_failure(&deaf, &format!("Connection timeout to server [{}", deaf.replace(':', "]:")));
    expect_failure("255.255.255.255:25", "Network unreachable for server 255.255.255.255 - real server [10.1.0.11]:80");
    let mut wrong = smtp(&closed);
    wrong.connect.bind = Some(crate::fixture::at("192.0.2.77:0"));
    let mut rig = Rig::start(checked(wrong));
    rig.wait_for("SMTP_CHECK socket bind failed. Rescheduling. ([10.1.0.11]:tcp:80: Cannot assign requested address)");
    assert_eq!(rig.try_verdict(), None);
    rig.stop();
}
