//! Sockets on loopback, where every address of 127.0.0.0/8 is ours.

use std::future::poll_fn;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::name::BfdName;
use crate::base::time::Interval;

fn session(neighbor: &str, source: Option<&str>, ttl: u8, multihop: bool) -> Arc<Session> {
    Arc::new(Session {
        name: BfdName::new("b"),
        neighbor: neighbor.parse().unwrap(),
        source: source.map(|source| source.parse().unwrap()),
        min_rx: Interval::from_millis(10),
        min_tx: Interval::from_millis(10),
        idle_tx: Interval::from_secs(1),
        multiplier: 5,
        passive: false,
        ttl,
        max_hops: Some(0),
        multihop,
        for_vrrp: true,
        for_checkers: true,
    })
}

/// VR-294: what RFC and kernel have in common, unless it is too little or cannot be read.
#[test]
fn source_ports_are_the_rfcs() {
    for (text, ports) in [
        ("32768\t60999\n", 49152..=60999),
        ("50000 65535", 50000..=65535),
        ("32768 50175", 49152..=50175),
        ("32768 50174", 49152..=65535),
        ("1024 2048", 49152..=65535),
        ("", 49152..=65535),
        ("x y", 49152..=65535),
    ] {
        assert_eq!(ports_in_common(text), ports, "{text}");
    }
}

/// VR-294: the next free port is taken on a clash, and the search goes round.
#[test]
fn a_port_in_use_is_passed_over() {
    let ports = 62000..=62003;
    let busy: Vec<UdpSocket> = [62003, 62000].map(|port| UdpSocket::bind(("127.0.7.1", port)).unwrap()).into();
    let model = session("127.0.7.2", Some("127.0.7.1"), 255, false);
    let port = |sender: &BfdSender| sender.socket.local_addr().unwrap().as_socket().unwrap().port();
    let first = BfdSender::open(&model, &ports, 3).unwrap();
    assert_eq!(port(&first), 62001);
    let second = BfdSender::open(&model, &ports, 7).unwrap();
    assert_eq!(port(&second), 62002);
    let none = BfdSender::open(&model, &ports, 0).unwrap_err();
    assert_eq!(none.kind(), io::ErrorKind::AddrInUse);
    drop(busy);
    let missing = BfdSender::open(&session("192.0.2.1", Some("192.0.2.7"), 255, false), &ports, 0).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::AddrNotAvailable);
}

/// VR-293, VR-295: one socket hears both families on the multihop port, and tells from where, to where and with which
/// TTL a packet came; a second one is refused.
#[test]
fn what_is_sent_is_heard() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut listener = BfdListener::open(true).unwrap();
        assert_eq!(BfdListener::open(true).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let ports = 62010..=62019;
        let loopback6 = std::net::UdpSocket::bind("[::1]:0").is_ok();
        let mut cases = vec![("127.0.7.3", "127.0.7.4", 255), ("127.0.7.5", "127.0.7.6", 7)];
        if loopback6 {
            cases.push(("::1", "::1", 64));
        }
        for (to, from, ttl) in cases {
            let sender = BfdSender::open(&session(to, Some(from), ttl, true), &ports, 0).unwrap();
            sender.send(b"hello").unwrap();
            let heard = tokio::time::timeout(Duration::from_secs(5), poll_fn(|context| listener.poll_receive(context)));
            let received = heard.await.expect("a datagram in time").unwrap();
            assert_eq!(
                received,
                Received {
                    source: from.parse().unwrap(),
                    destination: Some(to.parse().unwrap()),
                    ttl: Some(ttl),
                    length: 5
                }
            );
            assert_eq!(listener.bytes(&received), b"hello");
            assert_eq!(listener.receive_now(), None);
        }
    });
}
