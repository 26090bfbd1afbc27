//! Ours and Debian's keepalived 2.2.7 in one virtual router, both ways round: each is Master when its priority is the
//! better one, each takes over when the other stops or dies,
//! and neither refuses a packet of the other's.

use std::time::Duration;

use keepalived_rs::model::vrrp::Version;

use crate::draft::Draft;
use crate::net::Lan;
use crate::router::{Daemon, Make};
use crate::{becomes_master, lets_go};

/// Longer than any master-down interval here: version 2 has 3 s and a skew below 1 s.
const LATER: Duration = Duration::from_secs(8);

/// Words that only the refusal of a packet brings into a log, ours or theirs.
const REFUSALS: [&str; 10] =
    ["nvalid", "rong", "ismatch", "too short", "too long", "expected", "not present", "received a ", "bogus", "rogue"];

pub fn assert_clean(log: &str) {
    for word in REFUSALS {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "`{word}` in {line:?} of\n{log}");
    }
}

/// Host 1 has the better priority. `with` makes a router's draft from host and priority.
fn play(better: Make, other: Make, address: &str, prepare: &dyn Fn(&Lan), with: &dyn Fn(u8, u8) -> Draft) {
    let lan = Lan::new(2);
    prepare(&lan);
    let moves_to = |host: u8| {
        becomes_master(&lan, host, address, LATER);
        lets_go(&lan, 3 - host, address);
    };
    let second = Daemon::start(&lan, 2, &with(2, 100), other);
    becomes_master(&lan, 2, address, LATER);
    let first = Daemon::start(&lan, 1, &with(1, 150), better);
    moves_to(1);

    let log = first.crash();
    becomes_master(&lan, 2, address, LATER);
    assert_clean(&log);
    assert_eq!(log.matches("(VI_1) Entering MASTER STATE").count(), 1, "{better:?}: {log}");
    // What it left behind it removes itself when it starts again.
    assert!(lan.holds(1, address));
    let first = Daemon::start(&lan, 1, &with(1, 150), better);
    assert!(!lan.holds(1, address), "{better:?} keeps what its predecessor left");
    moves_to(1);

    assert_clean(&first.stop());
    moves_to(2);
    let log = second.stop();
    assert_clean(&log);
    assert_eq!(log.matches("(VI_1) Entering MASTER STATE").count(), 3, "{other:?}: {log}");
    assert!(!lan.holds(2, address));
}

/// Ours is the better one, and on another LAN theirs, at the same time.
fn both_ways(address: &'static str, prepare: impl Fn(&Lan) + Sync, with: impl Fn(u8, u8) -> Draft + Sync) {
    std::thread::scope(|scope| {
        scope.spawn(|| play(Make::Original, Make::Ours, address, &prepare, &with));
        play(Make::Ours, Make::Original, address, &prepare, &with);
    });
}

fn draft(version: Version, interval: u64, priority: u8, addresses: &[&'static str]) -> Draft {
    Draft {
        version,
        vrid: 77,
        priority,
        interval,
        password: None,
        unicast: None,
        addresses: addresses.to_vec(),
        excluded: Vec::new(),
    }
}

const FOUR: [&str; 2] = ["10.9.0.100/24", "10.9.0.101/32"];
const SIX: [&str; 2] = ["fe80::100/64", "2001:db8::100/64"];

/// The unicast addresses of a host and of the other.
fn between(host: u8, own: [&'static str; 2]) -> Option<(&'static str, &'static str)> {
    if host == 1 { Some((own[0], own[1])) } else { Some((own[1], own[0])) }
}

const HOSTS4: [&str; 2] = ["10.9.0.1", "10.9.0.2"];

/// VR-5, VR-17, VR-24, VR-57, VR-59, VR-134, VR-136: version 2 without authentication.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_2() {
    both_ways("10.9.0.100", |_| {}, |_, priority| draft(Version::V2, 1000, priority, &FOUR));
}

/// VR-7, VR-17, VR-76, VR-77: version 2 with a password.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_2_with_a_password() {
    let with = |_, priority| Draft { password: Some("secret12"), ..draft(Version::V2, 1000, priority, &FOUR) };
    both_ways("10.9.0.100", |_| {}, with);
}

/// VR-3, VR-18, VR-117, VR-134: version 3 over IPv4.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_3_ipv4() {
    both_ways("10.9.0.101", |_| {}, |_, priority| draft(Version::V3, 100, priority, &FOUR));
}

/// VR-6, VR-19, VR-31, VR-33: version 3 over IPv6.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_3_ipv6() {
    both_ways("2001:db8::100", |_| {}, |_, priority| draft(Version::V3, 100, priority, &SIX));
}

/// VR-28, VR-29, VR-73: version 2 between peers.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_2_unicast() {
    let with = |host, priority| Draft { unicast: between(host, HOSTS4), ..draft(Version::V2, 1000, priority, &FOUR) };
    both_ways("10.9.0.100", |_| {}, with);
}

/// VR-18, VR-28: version 3 between peers.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_3_ipv4_unicast() {
    let with = |host, priority| Draft { unicast: between(host, HOSTS4), ..draft(Version::V3, 100, priority, &FOUR) };
    both_ways("10.9.0.100", |_| {}, with);
}

/// VR-32, VR-34: version 3 between IPv6 peers, with the kernel's own hop limit.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn version_3_ipv6_unicast() {
    let prepare = |lan: &Lan| {
        for host in [1, 2] {
            lan.ip(host, &format!("addr add 2001:db8:9::{host}/64 dev eth0 nodad"));
        }
    };
    let with = |host, priority| Draft {
        unicast: between(host, ["2001:db8:9::1", "2001:db8:9::2"]),
        ..draft(Version::V3, 100, priority, &["2001:db8::100/64"])
    };
    both_ways("2001:db8::100", prepare, with);
}

/// VR-77: with two passwords neither listens to the other, both become Master, and both say why; so the other tests'
/// search for such words would find them.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn two_passwords_are_two_virtual_routers() {
    let lan = Lan::new(2);
    let with = |password, priority| Draft { password: Some(password), ..draft(Version::V2, 1000, priority, &FOUR) };
    let theirs = Daemon::start(&lan, 1, &with("one", 150), Make::Original);
    let ours = Daemon::start(&lan, 2, &with("two", 100), Make::Ours);
    becomes_master(&lan, 1, "10.9.0.100", LATER);
    becomes_master(&lan, 2, "10.9.0.100", LATER);
    theirs.says("received an invalid passwd!");
    ours.says("received an invalid passwd from 10.9.0.1!");
    for log in [ours.stop(), theirs.stop()] {
        assert!(REFUSALS.iter().any(|word| log.contains(word)), "{log}");
    }
}
