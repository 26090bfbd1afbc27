use super::*;
use std::sync::Arc;

use crate::base::name::InstanceName;
use crate::base::net::MacAddress;
use crate::model::vrrp::Vrrp;
use crate::vrrp::fixture::*;

const US: InstanceId = InstanceId(0);

fn settings(garp: u64, gna: u64) -> Announce {
    Announce {
        garp_interval: Interval::from_millis(garp),
        gna_interval: Interval::from_millis(gna),
        extra_interval: Interval::ZERO,
        extra_all: false,
        ..instance("VI_1", 51, 100).announce
    }
}

fn all(addresses: &[&str]) -> Vec<Announcement> {
    let mut host = Host::default();
    host.link_told(link(ETH0, "eth0", true));
    addresses.iter().map(|text| announcement(&host, ETH0, ip(text)).unwrap()).collect()
}

fn shown(out: &[Announcement]) -> Vec<String> {
    out.iter().map(|one| one.address.to_string()).collect()
}

/// VR-169: without a gap all rounds leave at once, each through all addresses.
#[test]
fn rounds_leave_at_once() {
    let mut out = Vec::new();
    let mut queues = Queues::default();
    queues.burst(Time::ZERO, US, &by(&settings(0, 0)), &all(&["10.0.0.1", "fe80::1"]), 2, &mut out);
    assert_eq!(shown(&out), ["10.0.0.1", "fe80::1", "10.0.0.1", "fe80::1"]);
    assert_eq!((queues.deadline(), queues), (None, Queues::default()));
}

/// VR-177: a gap of one family does not hold up the other; what is queued counts up to the burst's number.
#[test]
fn queues_are_paced_by_family() {
    let mut out = Vec::new();
    let mut queues = Queues::default();
    let (settings, all) = (settings(50, 0), all(&["10.0.0.1", "10.0.0.2", "fe80::1"]));
    let mut now = Time::from_micros(1_000);
    queues.burst(now, US, &by(&settings), &all, 2, &mut out);
    assert_eq!(shown(&out), ["fe80::1", "fe80::1", "10.0.0.1"]);
    assert_eq!(queues.deadline(), Some(now + Interval::from_millis(50)));
    // The same burst again: once of the first is gone, so it is due twice again.
    out.clear();
    queues.burst(now, US, &by(&settings), &all[..2], 2, &mut out);
    assert!(out.is_empty(), "not before the gap is over");
    while let Some(next) = queues.deadline() {
        now = next;
        queues.turn(now, &mut out);
    }
    assert_eq!(shown(&out), ["10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1"]);
    out.clear();
    queues.turn(now + Interval::from_millis(50), &mut out);
    assert_eq!(queues, Queues::default(), "nothing is kept when the last gap is over");
}

/// VR-180: nothing more of an instance that left Master; others go on.
#[test]
fn a_cancelled_instance_is_silent() {
    let mut out = Vec::new();
    let mut queues = Queues::default();
    let (settings, all) = (settings(50, 50), all(&["10.0.0.1", "10.0.0.2"]));
    queues.burst(Time::ZERO, US, &by(&settings), &all[..1], 3, &mut out);
    queues.burst(Time::ZERO, InstanceId(1), &by(&settings), &all[1..], 1, &mut out);
    queues.cancel(US);
    out.clear();
    queues.turn(Time::ZERO + Interval::from_millis(50), &mut out);
    assert_eq!(shown(&out), ["10.0.0.2"]);
    assert_eq!(queues.deadline(), None);
}

/// VR-165, VR-166, VR-167: nothing on an interface without ARP or without a hardware address of a kind that we know; the Router flag is IPv6's alone.
#[test]
fn what_can_be_announced() {
    let mut host = Host::default();
    let on = |host: &mut Host, link: crate::model::host::Link, address: &str| {
        host.link_told(link);
        announcement(host, ETH0, ip(address))
    };
    let plain = || link(ETH0, "eth0", true);
    assert!(on(&mut host, crate::model::host::Link { no_arp: true, ..plain() }, "10.0.0.1").is_none());
    assert!(on(&mut host, crate::model::host::Link { mac: None, ..plain() }, "10.0.0.1").is_none());
    let port = crate::base::net::Infiniband { own: [7; 20], everybody: [255; 20] };
    let infiniband = crate::model::host::Link { mac: None, infiniband: Some(port), ..plain() };
    assert_eq!(on(&mut host, infiniband, "10.0.0.1").unwrap().hardware, Hardware::Infiniband(port));
    let forwarding = || crate::model::host::Link { forwarding6: true, ..plain() };
    assert!(!on(&mut host, forwarding(), "10.0.0.1").unwrap().router);
    assert!(on(&mut host, forwarding(), "fe80::1").unwrap().router);
    assert!(!on(&mut host, plain(), "fe80::1").unwrap().router);
    assert!(announcement(&host, ETH1, ip("10.0.0.1")).is_none());
}

/// Each interface for itself, with these gaps.
fn by(settings: &Announce) -> impl Fn(&Announcement) -> (Lane, Interval) + use<> {
    let settings = *settings;
    move |one| lane(&Host::default(), &[], &settings, one)
}

/// VR-177, VR-178: interfaces of a group share one queue and its gap, one without a group has that of all.
#[test]
fn groups_share_a_queue() {
    let mut host = Host::default();
    host.link_told(link(ETH0, "eth0", true));
    host.link_told(link(ETH1, "eth1", true));
    let group = |names: &[&str]| GarpGroup {
        garp_interval: Interval::from_millis(20),
        gna_interval: Interval::ZERO,
        interfaces: names.iter().map(|name| eth(name)).collect(),
    };
    let all: Vec<Announcement> = [(ETH0, "10.0.0.1"), (ETH1, "10.1.0.1"), (ETH1, "fe80::1")]
        .into_iter()
        .filter_map(|(index, address)| announcement(&host, index, ip(address)))
        .collect();
    let later = Some(Time::ZERO + Interval::from_millis(20));
    let cases = [
        (vec![group(&["eth0", "eth1"])], 2, later),
        (vec![group(&["eth0"]), group(&["eth1"])], 3, None),
        (vec![group(&["eth1"])], 3, None),
    ];
    for (groups, at_once, next) in cases {
        let settings = settings(50, 50);
        let (mut queues, mut out) = (Queues::default(), Vec::new());
        queues.burst(Time::ZERO, US, &|one| lane(&host, &groups, &settings, one), &all, 1, &mut out);
        assert_eq!((out.len(), queues.deadline()), (at_once, next), "{groups:?}");
    }
}

/// VR-178: what leaves through a virtual MAC shares the gap of the interface below it, and its group's; IPv6 has its own.
#[test]
fn a_virtual_mac_shares_the_gap_of_its_base() {
    let device = crate::model::device::Device {
        name: eth("vrrp.51"),
        base: eth("eth0"),
        kind: crate::model::device::DeviceKind::Macvlan { mac: MacAddress([0, 0, 0x5e, 0, 1, 51]) },
        family: Family::V4,
        ipv6: false,
        link_local: crate::model::device::LinkLocal::Unused,
        group: None,
        notify: false,
        owner: InstanceName::new("VI_1"),
    };
    let mut host = Host::default();
    host.set_virtual_addresses(&Vrrp { devices: vec![Arc::new(device)], ..Vrrp::default() });
    let vmac = InterfaceIndex(7);
    host.link_told(link(ETH0, "eth0", true));
    host.link_told(link(ETH1, "eth1", true));
    host.link_told(link(vmac, "vrrp.51", true));
    let all: Vec<Announcement> = [(ETH0, "10.0.0.1"), (vmac, "10.0.0.2"), (ETH1, "10.1.0.1")]
        .into_iter()
        .filter_map(|(index, address)| announcement(&host, index, ip(address)))
        .collect();
    let group = |name| GarpGroup {
        garp_interval: Interval::from_millis(20),
        gna_interval: Interval::ZERO,
        interfaces: vec![eth(name)],
    };
    for (groups, gap) in [(vec![], 50), (vec![group("eth0")], 20)] {
        let settings = settings(50, 50);
        let (mut queues, mut out) = (Queues::default(), Vec::new());
        queues.burst(Time::ZERO, US, &|one| lane(&host, &groups, &settings, one), &all, 1, &mut out);
        let mut first = shown(&out);
        first.sort();
        assert_eq!(first, ["10.0.0.1", "10.1.0.1"], "the virtual MAC's waits");
        let next = queues.deadline().unwrap();
        assert_eq!(next, Time::ZERO + Interval::from_millis(gap));
        out.clear();
        queues.turn(next, &mut out);
        assert_eq!(shown(&out), ["10.0.0.2"]);
    }
}
