//! Any bytes as a BFD packet, for all sessions of a host, and as the answer to DNS_CHECK, UDP_CHECK and PING_CHECK.

#![no_main]

use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::BfdName;
use keepalived_rs::base::net::Family;
use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::bfd::sessions::Sessions;
use keepalived_rs::bfd::{Datagram, Effect, Input};
use keepalived_rs::check::datagram::{is_wanted, judge_echo, most_reply};
use keepalived_rs::check::dns;
use keepalived_rs::model::bfd::{Bfd, Session};
use keepalived_rs::model::check::UdpReply;
use keepalived_rs::wire::bfd::Control;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = Control::from_wire(bytes) {
        assert_eq!(Control::from_wire(&packet.to_wire()), Ok(packet));
    }
    conversation(bytes);
    dns::judge(u16::from_be_bytes([bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)]), bytes);
    for family in [Family::V4, Family::V6] {
        let _ = judge_echo(family, 7, bytes);
    }
    let (pattern, mask) = (vec![0x20; 4], vec![0x0f; 4]);
    let reply = UdpReply::Pattern { pattern, mask, shortest: 2, longest: 6 };
    let read = &bytes[..bytes.len().min(most_reply(&reply))];
    assert!(!is_wanted(&reply, read) || (2..=6).contains(&bytes.len()));
});

/// What a stranger on the LAN can say to two sessions: packets of 25 bytes, of which the first says how it came and
/// how much later.
fn conversation(bytes: &[u8]) {
    let session = |name: &str, neighbor: [u8; 4], multihop: bool| {
        Arc::new(Session {
            name: BfdName::new(name),
            neighbor: neighbor.into(),
            source: None,
            min_rx: Interval::from_millis(10),
            min_tx: Interval::from_millis(10),
            idle_tx: Interval::from_secs(1),
            multiplier: 3,
            passive: false,
            ttl: 255,
            max_hops: Some(0),
            multihop,
            for_vrrp: true,
            for_checkers: true,
        })
    };
    let sessions = vec![session("one", [10, 0, 0, 1], false), session("two", [10, 0, 0, 2], true)];
    let mut machine = Sessions::new(Arc::new(Bfd { sessions }), Random::from_seed(7));
    let mut now = Time::from_micros(1);
    let mut out = Vec::new();
    machine.handle(now, Input::Start, &mut out);
    let mut steps = 0;
    while let Some(effect) = out.pop() {
        steps += 1;
        match effect {
            Effect::Open(session) => {
                machine.handle(now, Input::Opened { session: session.name.clone(), result: Ok(()) }, &mut out);
            }
            Effect::Listen { multihop } => machine.handle(now, Input::Listening { multihop, result: Ok(()) }, &mut out),
            _ => {}
        }
        assert!(steps < 1_000);
    }
    for part in bytes.chunks(25).take(64) {
        let (how, packet) = (part[0], &part[1..]);
        now = now + Interval::from_millis(u64::from(how >> 2) * 7);
        for _ in 0..64 {
            match machine.deadline() {
                Some(due) if due <= now => machine.handle(now, Input::Deadline, &mut out),
                _ => break,
            }
        }
        assert!(machine.deadline().is_none_or(|due| due > now), "it does not spin");
        let source = IpAddr::from([10, 0, 0, 1 + (how & 1)]);
        let datagram =
            Datagram { multihop: how & 2 != 0, source, destination: None, ttl: Some(255), bytes: packet.to_vec() };
        machine.handle(now, Input::Datagram(datagram), &mut out);
        out.clear();
    }
}
