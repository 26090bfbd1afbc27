//! DNS_CHECK, UDP_CHECK and PING_CHECK against real sockets: good, bad, silent, hostile.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::model::check::{Check, UdpReply};
use keepalived_rs::model::lvs::Lvs;

use crate::alone::elsewhere;
use crate::answers::checked;
use crate::fixture::at;
use crate::kinds::{dns, to, udp};
use crate::rig::{Rig, poll, together};
use crate::simulated::tuned;

/// A socket on loopback that answers each datagram with what `act` makes of it, one datagram each.
struct Datagrams {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
}

impl Datagrams {
    fn start(act: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Datagrams {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let at = socket.local_addr().expect("its address");
        let (heard, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let server = Datagrams { at, heard: heard.clone(), stop: stop.clone() };
        std::thread::spawn(move || {
            let mut bytes = [0; 2048];
            while !stop.load(Ordering::SeqCst) {
                let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
                heard.lock().expect("whole").push(bytes[..length].to_vec());
                for answer in act(&bytes[..length]) {
                    // It may have gone away meanwhile.
                    drop(socket.send_to(&answer, from));
                }
            }
        });
        server
    }

    fn first(&self) -> Vec<u8> {
        poll("a datagram", || self.heard.lock().expect("whole").first().cloned())
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// A port that nobody listens on.
fn closed() -> String {
    UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").to_string()
}

fn short(check: impl Into<Check>) -> Lvs {
    tuned(checked(check), |checker| checker.timing.connect_timeout = Interval::from_millis(300))
}

/// Whether the first verdict is "up", its mail and a line of the log.
#[track_caller]
fn expect(lvs: Lvs, up: bool, mail: &str, words: &str) -> Vec<String> {
    let mut rig = Rig::start(lvs);
    let verdict = rig.verdict();
    assert_eq!(verdict.up, up, "{:#?}", rig.log());
    assert_eq!(verdict.mail, mail);
    rig.wait_for(words);
    rig.stop()
}

#[track_caller]
fn dns_fails(lvs: Lvs, words: &str) {
    let words = format!("DNS_CHECK ([10.1.0.11]:tcp:80) {words}");
    expect(lvs, false, "=> DNS_CHECK: failed on service <=", &words);
}

#[track_caller]
fn udp_is(lvs: Lvs, up: bool, words: &str) {
    let mail = if up { "=> UDP CHECK succeed on service <=" } else { "=> UDP CHECK failed on service <=" };
    expect(lvs, up, mail, words);
}

const SUCCESS: &str = "UDP connection to [10.1.0.11]:tcp:80 success.";
const FAILED: &str = "UDP connection to [10.1.0.11]:tcp:80 failed.";
const MISMATCH: &str = "UDP check to [10.1.0.11]:tcp:80 reply data mismatch.";

/// The question with these flags as its answer.
fn answer(question: &[u8], flags: [u8; 2]) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2..4].copy_from_slice(&flags);
    answer
}

/// CK-80, CK-81, CK-82: one question; stray datagrams are skipped; success says nothing; ids differ.
#[test]
fn a_good_name_server() {
    let server = Datagrams::start(|question| {
        let mut stray = answer(question, [0x81, 0x80]);
        stray[0] ^= 1;
        vec![stray, b"short".to_vec(), question.to_vec(), answer(question, [0x81, 0x80])]
    });
    let mut rig = Rig::start(short(dns(&server.at.to_string())));
    let verdict = rig.verdict();
    assert!(verdict.up, "{:#?}", rig.log());
    assert_eq!(verdict.mail, "=> DNS_CHECK: succeed on service <=");
    assert_eq!(server.first()[2..], b"\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01"[..]);
    poll("several questions", || (server.heard.lock().expect("whole").len() >= 4).then_some(()));
    let ids: std::collections::BTreeSet<Vec<u8>> =
        server.heard.lock().expect("whole").iter().map(|question| question[..2].to_vec()).collect();
    assert!(ids.len() > 1, "ids can be guessed: {ids:?}");
    let lines = rig.stop();
    assert_eq!(lines.iter().filter(|line| line.contains("DNS_CHECK")).count(), 0, "{lines:#?}");
}

/// CK-81, CK-82: an error code, silence, nobody there, only wrong ids, a flood of them.
#[test]
fn bad_name_servers() {
    let failing = Datagrams::start(|question| vec![answer(question, [0x81, 0x83])]);
    let silent = Datagrams::start(|_| Vec::new());
    let wrong = Datagrams::start(|question| {
        let mut stray = answer(question, [0x81, 0x80]);
        stray[1] ^= 0x80;
        vec![stray; 2000]
    });
    together(
        [
            (failing.at.to_string(), "read error occurred. (rcode = 3)"),
            (silent.at.to_string(), "read timeout from socket"),
            (closed(), "failed to read socket; errno 111 (Connection refused)"),
            (wrong.at.to_string(), "read timeout from socket"),
        ]
        .map(|(at, words)| Box::new(move || dns_fails(short(dns(&at)), words)) as Box<_>),
    );
}

/// CK-12, CK-13: no socket to the place, or from it.
#[test]
fn no_way_to_a_name_server() {
    let mut wrong = dns("127.0.0.1:53");
    wrong.connect.bind = Some(at("192.0.2.77:0"));
    let mut rig = Rig::start(short(wrong));
    rig.wait_for(
        "DNS_CHECK ([10.1.0.11]:tcp:80) UDP socket bind failed. Rescheduling. (Cannot assign requested address)",
    );
    assert_eq!(rig.try_verdict(), None);
    rig.stop();
}

/// CK-90, CK-91, CK-94: what is sent; silence is good, and so is any datagram.
#[test]
fn udp_without_a_reply() {
    let silent = Datagrams::start(|_| Vec::new());
    udp_is(short(udp(&silent.at.to_string(), UdpReply::NotNeeded)), true, SUCCESS);
    assert_eq!(silent.first(), b"keepalived check - keepalived ch");
    let speaking = Datagrams::start(|_| vec![Vec::new()]);
    let mut check = udp(&speaking.at.to_string(), UdpReply::NotNeeded);
    check.payload = b"\x00\x01payload".to_vec();
    udp_is(short(check), true, SUCCESS);
    assert_eq!(speaking.first(), b"\x00\x01payload");
}

/// CK-91: ICMP says that nobody is there.
#[test]
fn udp_to_a_closed_port() {
    let v6 = UdpSocket::bind("[::1]:0").expect("IPv6").local_addr().expect("its address").to_string();
    together(
        [(closed(), UdpReply::NotNeeded), (closed(), UdpReply::Any), (v6, UdpReply::NotNeeded)]
            .map(|(at, reply)| Box::new(move || udp_is(short(udp(&at, reply)), false, FAILED)) as Box<_>),
    );
}

/// CK-92, CK-93: a reply is needed, any or one like this.
#[test]
fn udp_with_a_reply() {
    let pattern = |pattern: &[u8], mask: &[u8], lengths: (usize, usize)| UdpReply::Pattern {
        pattern: pattern.to_vec(),
        mask: mask.to_vec(),
        shortest: lengths.0,
        longest: lengths.1,
    };
    let silent = Datagrams::start(|_| Vec::new());
    let echo = Datagrams::start(|sent| vec![sent.to_vec()]);
    let at = echo.at.to_string();
    together(
        [
            (silent.at.to_string(), UdpReply::Any, FAILED),
            (at.clone(), UdpReply::Any, SUCCESS),
            (at.clone(), pattern(b"keepalived check", &[0; 16], (0, 255)), SUCCESS),
            (at.clone(), pattern(b"kXep", &[0, 0xff, 0, 0], (32, 32)), SUCCESS),
            (at.clone(), pattern(b"kXep", &[0, 0, 0, 0], (0, 255)), MISMATCH),
            (at.clone(), pattern(b"k", &[0], (33, 255)), MISMATCH),
            (at, pattern(b"k", &[0], (0, 31)), MISMATCH),
        ]
        .map(|(at, reply, words)| Box::new(move || udp_is(short(udp(&at, reply)), words == SUCCESS, words)) as Box<_>),
    );
}

/// CK-12: a wrong bindto is a failure of a UDP_CHECK.
#[test]
fn udp_from_where_nobody_is() {
    let mut wrong = udp("127.0.0.1:9", UdpReply::NotNeeded);
    wrong.connect.bind = Some(at("192.0.2.77:0"));
    udp_is(short(wrong), false, FAILED);
}

/// CK-100, CK-101, CK-102, CK-103: ping, in a network of its own where the range of groups is what it is at boot; it
/// is widened and put back.
#[test]
fn pings_in_a_network_of_their_own() {
    const RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";
    if elsewhere(&["unshare", "--net", "--"], "datagram::pings_in_a_network_of_their_own") {
        return;
    }
    let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ip");
    assert!(up.success());
    let range = || std::fs::read_to_string(RANGE).expect("the range").split_whitespace().collect::<Vec<_>>().join(" ");
    std::fs::write(RANGE, "1 0\n").expect("as at boot");
    for (address, up) in [("127.0.0.1:0", true), ("[::1]:0", true), ("192.0.2.1:0", false)] {
        let mut rig = Rig::start(short(Check::Ping(to(address))));
        let verdict = rig.verdict();
        assert_eq!(verdict.up, up, "{address}: {:#?}", rig.log());
        assert_eq!(range(), "0 0");
        let words = if up { "ICMP connection to [10.1.0.11]:tcp:80 success." } else { "send ICMP packet fail" };
        rig.wait_for(words);
        // The second request goes out on the same socket, with the next number.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(rig.try_verdict(), None, "{:#?}", rig.log());
        rig.stop();
        assert_eq!(range(), "1 0");
    }
}
