//! BFD between ours and Debian's keepalived 2.2.7, both ways round, and FRR's bfdd: sessions come up, a router that follows
//! one is there only while it is, and knows within the detection time when it is not.

use std::time::Duration;

use keepalived_rs::base::bfd::State;
use keepalived_rs::base::time::Interval;
use keepalived_rs::wire::bfd::Control;
use serde_json::Value;

use crate::frr::Frr;
use crate::net::{Lan, eventually, now};
use crate::router::{Daemon, Make};
use crate::{becomes_master, lets_go};

const ADDRESS: &str = "10.9.3.1";
const PATIENCE: Duration = Duration::from_secs(10);
/// Three times 200 ms, and what a busy machine takes. VRRP itself would take more than three seconds.
const DETECTION: Duration = Duration::from_millis(1500);

/// Both ways a packet each `every` ms.
fn session(own: &str, other: &str, every: u32, more: &str) -> String {
    format!(
        "bfd_instance B {{\nsource_ip {own}\nneighbor_ip {other}\nmin_rx {every}\nmin_tx {every}\nmultiplier 3\n{more}}}\n"
    )
}

/// `track` follows the session. A version 3 router with an interval of a second.
fn text(host: u8, priority: u8, track: bool, way: &Way) -> String {
    let (own, other) = if host == 1 { way.addresses } else { (way.addresses.1, way.addresses.0) };
    let track = if track { "track_bfd {\nB\n}\n" } else { "" };
    format!(
        "{}vrrp_instance VI_1 {{\nversion 3\ninterface eth0\nvirtual_router_id 77\npriority {priority}\n{track}\
         virtual_ipaddress {{\n{ADDRESS}/32\n}}\n}}\n",
        session(own, other, 200, way.more)
    )
}

/// How packets go.
struct Way {
    addresses: (&'static str, &'static str),
    more: &'static str,
}

/// Host 1 follows the session to host 2, and has the better priority.
fn play(following: Make, other: Make, way: &Way) {
    let lan = Lan::new(2);
    lan.ip(1, "addr add 2001:db8::1/64 dev eth0 nodad");
    lan.ip(2, "addr add 2001:db8::2/64 dev eth0 nodad");
    lan.ip(1, "addr add fe80::a1/64 dev eth0 nodad");
    lan.ip(2, "addr add fe80::b2/64 dev eth0 nodad");
    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, way), other);
    becomes_master(&lan, 2, ADDRESS, PATIENCE);
    let first = Daemon::start_with(&lan, 1, &text(1, 150, true, way), following);
    first.says("Tracked BFD instance B is UP");
    second.says("(B) Entering Up state");
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    lets_go(&lan, 2, ADDRESS);

    // The neighbour says nothing when it stops.
    second.stop();
    let stopped = now();
    eventually("the fault", PATIENCE, || {
        let log = first.log();
        if log.contains("Entering FAULT STATE") { Ok(()) } else { Err(log) }
    });
    let took = stopped.elapsed();
    assert!(took < DETECTION, "{following:?}: {took:?}\n{}", first.log());
    lets_go(&lan, 1, ADDRESS);

    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, way), other);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    let log = first.stop();
    assert_eq!(log.matches("Tracked BFD instance B is UP").count(), 2, "{log}");
    // The original counts what it was overdue.
    assert_eq!(log.matches("(B) Expired after 6").count(), 1, "{log}");
    second.stop();
}

/// VR-291, VR-293, VR-302, VR-303, VR-306, VR-310, VR-312, VR-314.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_router_follows_its_neighbour() {
    let four = Way { addresses: ("10.9.0.1", "10.9.0.2"), more: "" };
    let six = Way { addresses: ("2001:db8::1", "2001:db8::2"), more: "" };
    std::thread::scope(|scope| {
        scope.spawn(|| play(Make::Ours, Make::Original, &four));
        scope.spawn(|| play(Make::Original, Make::Ours, &four));
        scope.spawn(|| play(Make::Ours, Make::Original, &six));
        scope.spawn(|| play(Make::Ours, Make::Ours, &Way { more: "multihop\n", ..four }));
        scope.spawn(|| play(Make::Ours, Make::Ours, &Way { addresses: ("fe80::a1", "fe80::b2"), more: "" }));
    });
}

/// VR-311: a reload that leaves the session alone does not interrupt it; one that removes it ends it.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_reload_does_not_interrupt_a_session() {
    let way = Way { addresses: ("10.9.0.1", "10.9.0.2"), more: "" };
    let lan = Lan::new(2);
    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, &way), Make::Original);
    let first = Daemon::start_with(&lan, 1, &text(1, 150, true, &way), Make::Ours);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    first.configure(&(text(1, 160, true, &way) + "vrrp_script unused {\nscript \"/bin/true\"\n}\n"));
    first.reload();
    first.says("Reload complete");
    let until = now() + Duration::from_secs(1);
    while now() < until {
        assert!(lan.holds(1, ADDRESS), "{}", first.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let (first, second) = (first.stop(), second.stop());
    assert_eq!(first.matches("(B) Entering Up state").count(), 1, "{first}");
    assert_eq!(second.matches("(B) Entering Up state").count(), 1, "{second}");
    assert_eq!(first.matches("FAULT STATE").count(), 1, "{first}");
}

/// Five ways to FRR's host, and one that it does not take: IPv6 with the hop limit that the original sends.
const WAYS: [(&str, &str, &str, &str); 6] = [
    ("four", "10.9.0.1", "10.9.0.2", ""),
    ("six", "2001:db8::1", "2001:db8::2", "hoplimit 255\n"),
    ("far-four", "10.9.0.1", "10.9.0.2", "multihop\nmax_hops 5\n"),
    ("far-six", "2001:db8::1", "2001:db8::2", "multihop\nmax_hops 5\nhoplimit 255\n"),
    ("link-six", "fe80::a1", "fe80::b2", "hoplimit 255\n"),
    ("near-six", "2001:db8::11", "2001:db8::22", ""),
];

/// The same ways as FRR writes them.
fn peers() -> String {
    let mut text = "bfd\n".to_owned();
    for (_, own, other, more) in WAYS {
        let how = if more.contains("multihop") { "multihop" } else { "interface eth0" };
        text += &format!(
            " peer {own} local-address {other} {how}\n  detect-multiplier 3\n  receive-interval 150\n  \
             transmit-interval 120\n exit\n"
        );
    }
    text
}

/// What FRR knows of each way, in order.
fn shown(frr: &Frr) -> Vec<Value> {
    let all = frr.show("bfd peers");
    let all = all.as_array().expect("a list of peers");
    let one = |(_, own, other, more): (&str, &str, &str, &str)| {
        let fits = |peer: &&Value| {
            peer["peer"] == *own && peer["local"] == *other && peer["multihop"] == more.contains("multihop")
        };
        all.iter().find(fits).unwrap_or_else(|| panic!("no peer {own} in {all:?}")).clone()
    };
    WAYS.map(one).to_vec()
}

/// Each but the last has this, and that is down.
fn shows(frr: &Frr, wanted: &[(&str, Value)]) {
    eventually(&format!("{wanted:?}"), PATIENCE, || {
        let all = shown(frr);
        let right = all[..5].iter().all(|peer| wanted.iter().all(|(name, value)| peer[*name] == *value));
        if right && all[5]["status"] == "down" { Ok(()) } else { Err(format!("{all:#?}")) }
    });
}

/// BFD packets over IPv4 to port 3784 among the frames, with the sender's hardware address and the TTL.
fn packets(frames: &[Vec<u8>]) -> Vec<([u8; 6], u8, Control)> {
    let one = |frame: &Vec<u8>| {
        let near =
            frame.get(12..14)? == [0x08, 0x00] && frame.get(23) == Some(&17) && frame.get(36..38)? == [0x0e, 0xc8];
        near.then_some(())?;
        Some((frame[6..12].try_into().ok()?, frame[22], Control::from_wire(frame.get(42..66)?).ok()?))
    };
    frames.iter().filter_map(one).collect()
}

/// VR-291, VR-292, VR-295, VR-300, VR-302, VR-303, VR-305, VR-306, VR-310, VR-312, VR-314: sessions with FRR's bfdd over both
/// families and over several hops agree on intervals; taken down on purpose the router stays, killed another one is Master
/// within a second; and FRR knows why a session with us is down.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn sessions_with_frr() {
    let lan = Lan::new(3);
    let first = ["2001:db8::1", "2001:db8::11", "fe80::a1"].map(|address| (1, address));
    let second = ["2001:db8::2", "2001:db8::22", "fe80::b2"].map(|address| (2, address));
    for (host, address) in first.into_iter().chain(second) {
        lan.ip(host, &format!("addr add {address}/64 dev eth0 nodad"));
    }
    let sessions: String = WAYS
        .iter()
        .map(|(name, own, other, more)| {
            session(own, other, 100, more).replace("bfd_instance B", &format!("bfd_instance {name}"))
        })
        .collect();
    let router = |priority: u8, track: &str| {
        format!(
            "vrrp_instance VI_1 {{\nversion 3\ninterface eth0\nvirtual_router_id 77\npriority {priority}\n{track}\
             virtual_ipaddress {{\n{ADDRESS}/32\n}}\n}}\n"
        )
    };
    let frr = Frr::start(&lan, 2, "bfdd", &peers());
    let text = sessions + &router(254, "track_bfd {\nfour\n}\n");
    let first = Daemon::start_with(&lan, 1, &text, Make::Ours);
    let third = Daemon::start_with(&lan, 3, &router(250, ""), Make::Ours);
    first.says("Tracked BFD instance four is UP");
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    // What each side asks for, in milliseconds; each sends as slowly as the other wants.
    let agreed = [("remote-transmit-interval", 100), ("remote-receive-interval", 100), ("remote-detect-multiplier", 3)];
    let up =
        [("status", Value::from("up")), ("diagnostic", Value::from("ok")), ("remote-diagnostic", Value::from("ok"))];
    let all: Vec<(&str, Value)> = up.iter().cloned().chain(agreed.map(|(name, value)| (name, value.into()))).collect();
    shows(&frr, &all);
    first.says("      local    100000  100000   150000     3       450000");
    first.says("      remote   120000  150000   120000     3       360000");

    let ears = lan.listen(1);
    std::thread::sleep(Duration::from_secs(1));
    let frames = packets(&ears.frames());
    let ours: Vec<_> = frames.iter().filter(|(from, ..)| *from == lan.mac(1)).collect();
    // 150 ms, less 10 to 25 %.
    assert!((4..=9).contains(&ours.len()), "{ours:?}");
    for (_, ttl, packet) in ours {
        assert_eq!((*ttl, packet.state, packet.multiplier), (255, State::Up, 3));
        assert!(!packet.poll && !packet.last && !packet.demand, "{packet:?}");
        let asked = (packet.desired_min_tx, packet.required_min_rx, packet.required_min_echo_rx);
        assert_eq!(asked, (Interval::from_millis(100), Interval::from_millis(100), Interval::ZERO));
    }

    let peer = "peer 10.9.0.1 local-address 10.9.0.2 interface eth0";
    frr.configure(&["bfd", peer, "shutdown"]);
    first.says("(four) Entering Down state");
    frr.configure(&["bfd", peer, "no shutdown"]);
    eventually("four comes up again", PATIENCE, || {
        let log = first.log();
        if log.matches("(four) Entering Up state").count() == 2 { Ok(()) } else { Err(log) }
    });
    shows(&frr, &all);
    let log = first.log();
    assert_eq!(log.matches("FAULT STATE").count(), 1, "only before its first session came up: {log}");
    assert!(lan.holds(1, ADDRESS));

    frr.crash();
    let killed = now();
    becomes_master(&lan, 3, ADDRESS, PATIENCE);
    let took = killed.elapsed();
    println!("FRR killed, the other router is Master after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}\n{}", first.log());
    lets_go(&lan, 1, ADDRESS);
    for (name, ..) in &WAYS[..5] {
        first.says(&format!("({name}) Expired after 360 ms"));
    }

    let frr = Frr::start(&lan, 2, "bfdd", &peers());
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    shows(&frr, &all);
    let log = first.stop();
    assert_eq!(log.matches("Entering FAULT STATE").count(), 2, "{log}");
    assert!(!log.contains("(near-six) Entering Up"), "{log}");
    let expired = Value::from("control detection time expired");
    shows(&frr, &[("status", "down".into()), ("diagnostic", expired)]);
    frr.stop();
    third.stop();
}
