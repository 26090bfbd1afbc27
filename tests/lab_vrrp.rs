//! The VRRP task on real networks: hosts in namespaces on a bridge, two of ours, and ours beside Debian's keepalived
//! 2.2.7 in one virtual router, both ways round.

use std::sync::Arc;
use std::time::Duration;

use keepalived_rs::base::name::{ScriptName, Weight};
use keepalived_rs::base::net::MacAddress;
use keepalived_rs::base::time::Interval;
use keepalived_rs::daemon::message::{Release, ToVrrp};
use keepalived_rs::model::notify::{Script, ScriptIdentity};
use keepalived_rs::model::track::{ScriptOutcome, TrackEffect, TrackScript, TrackedScript};
use keepalived_rs::model::vrrp::Version;
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;

#[path = "lab_vrrp/bfd.rs"]
mod bfd;
#[path = "lab_vrrp/draft.rs"]
mod draft;
#[path = "lab_vrrp/flood.rs"]
mod flood;
#[path = "lab_vrrp/frr.rs"]
mod frr;
#[path = "lab_vrrp/interop.rs"]
mod interop;
#[path = "lab_vrrp/items.rs"]
mod items;
#[path = "lab_vrrp/kernel.rs"]
mod kernel;
#[path = "lab_vrrp/lateness.rs"]
mod lateness;
#[path = "lab_vrrp/matrix.rs"]
mod matrix;
#[path = "lab_vrrp/links.rs"]
mod links;
#[path = "lab_vrrp/many.rs"]
mod many;
#[path = "lab/net.rs"]
mod net;
#[path = "lab_vrrp/options.rs"]
mod options;
#[path = "lab_vrrp/reloads.rs"]
mod reloads;
#[path = "lab_vrrp/vmac.rs"]
mod vmac;
#[path = "lab_vrrp/router.rs"]
mod router;
#[path = "lab_vrrp/stall.rs"]
mod stall;
#[path = "lab_vrrp/signed.rs"]
mod signed;
#[path = "lab_vrrp/vrrpd.rs"]
mod vrrpd;

use draft::Draft;
use interop::assert_clean;
use net::{Lan, eventually};
use router::{Ours, RELEASE};

const SOON: Duration = Duration::from_secs(3);

fn draft(version: Version, priority: u8, interval: u64, addresses: &[&'static str]) -> Draft {
    Draft {
        version,
        vrid: 51,
        priority,
        interval,
        password: None,
        unicast: None,
        addresses: addresses.to_vec(),
        excluded: Vec::new(),
    }
}

fn becomes_master(lan: &Lan, host: u8, address: &str, patience: Duration) {
    eventually(&format!("host {host} holds {address}"), patience, || {
        if lan.holds(host, address) { Ok(()) } else { Err(format!("{:?}", lan.addresses(host))) }
    });
}

fn lets_go(lan: &Lan, host: u8, address: &str) {
    eventually(&format!("host {host} lets {address} go"), SOON, || {
        if lan.holds(host, address) { Err(format!("{:?}", lan.addresses(host))) } else { Ok(()) }
    });
}

/// Adverts among the frames: priority of each, with the sender's hardware address.
fn adverts(frames: &[Vec<u8>]) -> Vec<(u8, [u8; 6])> {
    let vrrp = |frame: &Vec<u8>| {
        let at = match frame.get(12..14)? {
            [0x08, 0x00] if frame.get(23) == Some(&112) => 34,
            [0x86, 0xdd] if frame.get(20) == Some(&112) => 54,
            _ => return None,
        };
        Some((*frame.get(at + 2)?, frame[6..12].try_into().ok()?))
    };
    frames.iter().filter_map(vrrp).collect()
}

/// VR-57, VR-59, VR-169, VR-181, VR-182, VR-248, VR-249: who has the better priority holds exactly its addresses and
/// announces each five times; the cable pulled, the other takes over and the first lets go; healed, it comes back;
/// stopped, it says priority 0 and leaves nothing.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn two_of_ours_elect_take_over_and_give_back() {
    let lan = Lan::new(3);
    let ears = lan.listen(3);
    let (before, other) = (lan.addresses(1), lan.addresses(2));
    let addresses = ["10.9.0.100/24", "10.9.0.101/32"];
    let mut second = Ours::start(&lan, 2, &draft(Version::V3, 100, 100, &addresses), RELEASE);
    becomes_master(&lan, 2, "10.9.0.100", SOON);
    let mut first = Ours::start(&lan, 1, &draft(Version::V3, 150, 100, &addresses), RELEASE);
    becomes_master(&lan, 1, "10.9.0.101", SOON);
    lets_go(&lan, 2, "10.9.0.101");
    assert_eq!(lan.addresses(2), other);
    let mut wanted = before.clone();
    let four = wanted.iter().position(|line| line.contains(':')).expect("a link-local address");
    wanted.insert(four, "10.9.0.101/32 scope global eth0".to_owned());
    wanted.insert(four + 1, "10.9.0.100/24 scope global secondary eth0".to_owned());
    let mut held = lan.addresses(1);
    held.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(held, wanted);

    let frames = eventually("the burst of gratuitous ARPs", SOON, {
        let (mut seen, mac) = (Vec::new(), MacAddress(lan.mac(1)));
        move || {
            seen.extend(ears.frames());
            let arps = seen.iter().filter_map(|frame| GratuitousArp::from_wire(frame)).filter(|arp| arp.mac == mac);
            let order: Vec<u8> = arps.map(|arp| arp.address.octets()[3]).collect();
            if order == [100, 101].repeat(5) { Ok((seen.clone(), mac)) } else { Err(format!("{order:?}")) }
        }
    });
    let (frames, mac) = frames;
    let last_arp_of_second =
        frames.iter().rposition(|frame| GratuitousArp::from_wire(frame).is_some_and(|arp| arp.mac != mac));
    let first_advert = frames.iter().position(|frame| adverts(std::slice::from_ref(frame)) == [(150, mac.0)]);
    let first_arp = frames.iter().position(|frame| GratuitousArp::from_wire(frame).is_some_and(|arp| arp.mac == mac));
    assert!(last_arp_of_second < first_advert && first_advert < first_arp, "{first_advert:?} {first_arp:?}");

    lan.cut(1);
    becomes_master(&lan, 2, "10.9.0.100", SOON);
    lets_go(&lan, 1, "10.9.0.100");
    let log = first.log();
    assert!(log.contains("Netlink reports eth0 down") && log.contains("(VI_1) Entering FAULT STATE"), "{log}");
    lan.heal(1);
    becomes_master(&lan, 1, "10.9.0.100", SOON);
    lets_go(&lan, 2, "10.9.0.100");

    let ears = lan.listen(1);
    let mac = lan.mac(1);
    first.stop();
    let mut left = lan.addresses(1);
    left.sort_unstable();
    let mut clean = before;
    clean.sort_unstable();
    assert_eq!(left, clean);
    let said: Vec<u8> =
        adverts(&ears.frames()).iter().filter(|(_, from)| *from == mac).map(|(priority, _)| *priority).collect();
    assert_eq!(said.iter().filter(|priority| **priority == 0).count(), 1, "one priority 0, the last word: {said:?}");
    assert_eq!(said.last(), Some(&0));
    becomes_master(&lan, 2, "10.9.0.100", SOON);
    let log = second.log();
    assert_clean(&log);
    second.stop();
    assert_eq!(lan.addresses(2), other);
}

/// VR-166, VR-251, VR-252: over IPv6, with a link-local and a global address; each is announced five times
/// by an unsolicited neighbour advertisement, from itself; a whole prefix is deprecated, a shorter one is not.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn ipv6_addresses_are_set_and_announced() {
    let lan = Lan::new(2);
    let before = lan.addresses(1);
    let ears = lan.listen(2);
    lan.inside(1, || std::fs::write("/proc/sys/net/ipv6/conf/eth0/forwarding", "1").expect("net.ipv6 sysctl"));
    let draft = draft(Version::V3, 150, 100, &["fe80::100/64", "2001:db8::100/128"]);
    let mut ours = Ours::start(&lan, 1, &draft, RELEASE);
    becomes_master(&lan, 1, "2001:db8::100", SOON);
    let held = lan.addresses(1);
    let line = |start: &str| held.iter().find(|line| line.starts_with(start)).cloned();
    let whole = line("2001:db8::100/128").expect("the address with its whole prefix");
    assert!(whole.contains(" deprecated") && whole.contains(" nodad"), "{whole}");
    assert_eq!(line("fe80::100/64").as_deref(), Some("fe80::100/64 scope link nodad"));
    assert_eq!(held.len(), before.len() + 2);

    let mac = MacAddress(lan.mac(1));
    let mut seen = Vec::new();
    eventually("the burst of neighbour advertisements", SOON, || {
        seen.extend(ears.frames());
        let found: Vec<_> = seen.iter().filter_map(|frame| NeighbourAdvertisement::from_wire(frame)).collect();
        let wanted = ["fe80::100", "2001:db8::100"].map(|address| NeighbourAdvertisement {
            mac,
            address: address.parse().expect("an address"),
            router: true,
        });
        if found == wanted.repeat(5) { Ok(()) } else { Err(format!("{found:?}")) }
    });
    let log = ours.log();
    assert_clean(&log);
    ours.stop();
    assert_eq!(lan.addresses(1), before);
}

/// VR-159, VR-248, VR-277: a hundred addresses, set in parts, in order, none missing; a reload changes only what it
/// changes; one that somebody takes away comes back; after the stop all are gone.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_hundred_addresses_follow_the_configuration() {
    let lan = Lan::new(1);
    let before = lan.addresses(1);
    let all: Vec<&'static str> = (1..=100).map(|n| &*format!("10.9.1.{n}/32").leak()).collect();
    let mut ours = Ours::start(&lan, 1, &draft(Version::V3, 150, 50, &all), RELEASE);
    let shown = |list: &[&str]| list.iter().map(|address| format!("{address} scope global eth0")).collect::<Vec<_>>();
    let held = || lan.addresses(1).into_iter().filter(|line| line.starts_with("10.9.1.")).collect::<Vec<_>>();
    let exactly = |what: &str, wanted: Vec<String>| {
        eventually(what, SOON, || {
            let held = held();
            if held == wanted { Ok(()) } else { Err(format!("{} of {}: {held:?}", held.len(), wanted.len())) }
        });
    };
    exactly("all addresses in order", shown(&all));

    let mut fewer = all[..40].to_vec();
    fewer.push("10.9.1.200/32");
    ours.reload(&draft(Version::V3, 150, 50, &fewer));
    exactly("the addresses of the new configuration", shown(&fewer));
    let log = ours.log();
    assert_eq!(log.matches("Entering BACKUP STATE").count(), 1, "only at the start: {log}");

    lan.ip(1, "addr del 10.9.1.7/32 dev eth0");
    eventually("the removal is seen and all come back", SOON, || {
        let log = ours.log();
        if log.matches("Entering MASTER STATE").count() == 2 { Ok(()) } else { Err(log) }
    });
    exactly("all addresses again", shown(&fewer));
    let log = ours.stop();
    assert!(log.contains("10.9.1.7"), "{log}");
    assert_eq!(lan.addresses(1), before);
}

/// VR-255: the kernel refuses an address (its prefix is none): one line says so, the others stay, the Master stays.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_refused_address_is_told() {
    let lan = Lan::new(1);
    let mut ours = Ours::start(&lan, 1, &draft(Version::V3, 150, 50, &["10.9.1.1/32", "10.9.1.2/33"]), RELEASE);
    becomes_master(&lan, 1, "10.9.1.1", SOON);
    eventually("the refusal", SOON, || {
        let log = ours.log();
        let told = log.contains("Netlink: error: Invalid argument(22), type=RTM_NEWADDR(20)");
        if told { Ok(()) } else { Err(log) }
    });
    assert!(lan.holds(1, "10.9.1.1"));
    let log = ours.stop();
    assert_eq!(log.matches("Netlink: error").count(), 1, "{log}");
}

/// VR-158: `--dont-release-vrrp` leaves the addresses and says no priority 0.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn what_is_not_to_be_released_stays() {
    let lan = Lan::new(2);
    let release = Release { vrrp: false, ..RELEASE };
    let ours = Ours::start(&lan, 1, &draft(Version::V3, 150, 50, &["10.9.1.1/32"]), release);
    becomes_master(&lan, 1, "10.9.1.1", SOON);
    let ears = lan.listen(2);
    ours.stop();
    assert!(lan.holds(1, "10.9.1.1"));
    assert!(adverts(&ears.frames()).iter().all(|(priority, _)| *priority != 0));
}

/// A tracked script that ends before the task has begun counts: it may run once an hour only.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_script_that_is_quicker_than_the_start_counts() {
    let lan = Lan::new(1);
    let name = ScriptName::new("chk");
    let hour = Interval::from_secs(3600);
    let script = TrackScript {
        name: name.clone(),
        script: Script { argv: vec!["/bin/true".to_owned()], identity: ScriptIdentity::ROOT },
        interval: hour,
        timeout: hour,
        rise: 1,
        fall: 1,
        init_fail: false,
    };
    let mut model = draft(Version::V3, 150, 50, &["10.9.1.1/32"]).model();
    let vrrp = &mut Arc::make_mut(&mut model).vrrp;
    vrrp.scripts.push(Arc::new(script));
    let effect = TrackEffect { weight: Weight(0), reverse: false };
    Arc::make_mut(&mut vrrp.instances[0]).track_scripts.push(TrackedScript { script: name.clone(), effect });
    let told = vec![ToVrrp::Script { name, outcome: ScriptOutcome::Exited(0) }];
    let ours = Ours::start_told(&lan, 1, model, RELEASE, told);
    becomes_master(&lan, 1, "10.9.1.1", SOON);
    ours.stop();
}
