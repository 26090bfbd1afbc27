//! Virtual interfaces: what runs over them and what over their base; barred addresses.

use std::sync::Arc;

use crate::base::net::{Family, InterfaceIndex, MacAddress};
use crate::base::time::Interval;
use crate::model::device::{Device, DeviceKind, LinkLocal, virtual_mac};
use crate::model::host::Link;
use crate::model::vrrp::{Instance, State, Transport, UnicastPeer, Version, Vrrp};
use crate::vrrp::fixture::*;
use crate::vrrp::{Effect, Input};

const VMAC: InterfaceIndex = InterfaceIndex(9);

fn on_vmac(base: Instance) -> Instance {
    Instance {
        device: Some(eth("vrrp.51")),
        virtual_addresses: vec![virtual_address("10.0.0.100/24", "vrrp.51")],
        ..base
    }
}

fn model(instance: Instance) -> Vrrp {
    let device = Device {
        name: eth("vrrp.51"),
        base: eth("eth0"),
        kind: DeviceKind::Macvlan { mac: virtual_mac(instance.family, instance.vrid) },
        family: instance.family,
        ipv6: false,
        link_local: LinkLocal::Unused,
        group: None,
        notify: false,
        owner: instance.name.clone(),
    };
    Vrrp { devices: vec![Arc::new(device)], ..vrrp(vec![instance]) }
}

fn vmac(up: bool) -> Link {
    Link { mac: Some(MacAddress([0, 0, 0x5e, 0, 1, 51])), ..link(VMAC, "vrrp.51", up) }
}

/// Started beside a virtual interface that is there and up.
fn started(model: Vrrp) -> (Stage, Vec<Effect>) {
    let mut stage = Stage::waiting(model);
    stage.input(Input::Link(vmac(true)));
    let effects = stage.effects(Input::Start);
    (stage, effects)
}

fn socket_of(effects: &[Effect]) -> Option<InterfaceIndex> {
    effects.iter().find_map(|effect| match effect {
        Effect::OpenSocket(key) => key.interface,
        _ => None,
    })
}

/// Until it is Master: the advert, and the first announcement.
fn become_master(stage: &mut Stage) -> Vec<Effect> {
    stage.now = stage.router.deadline().unwrap();
    let effects = stage.effects(Input::Deadline);
    assert_eq!(stage.state(), State::Master);
    effects
}

/// VR-33, VR-56, VR-201, VR-202: adverts go over the macvlan from the base's address; with `vmac_xmit_base` over the
/// base. The addresses are announced from the macvlan, with its MAC, either way.
#[test]
fn adverts_and_announcements_over_a_macvlan() {
    for (xmit_base, over) in [(false, VMAC), (true, ETH0)] {
        let (mut stage, effects) = started(model(Instance { xmit_base, ..on_vmac(instance("VI_1", 51, 100)) }));
        assert_eq!(socket_of(&effects), Some(over));
        let effects = become_master(&mut stage);
        let sent = effects.iter().find_map(|effect| match effect {
            Effect::Send(sent) => Some((sent.socket.interface, sent.source)),
            _ => None,
        });
        assert_eq!(sent, Some((Some(over), ip("10.0.0.1"))));
        let placed = effects.iter().find_map(|effect| match effect {
            Effect::AddAddresses { addresses, .. } => Some(addresses[0].index),
            _ => None,
        });
        assert_eq!(placed, Some(VMAC));
        let announced = effects.iter().find_map(|effect| match effect {
            Effect::Announce(all) => Some((
                all[0].index,
                match all[0].hardware {
                    crate::base::net::Hardware::Ethernet(mac) => mac.to_string(),
                    other => format!("{other:?}"),
                },
            )),
            _ => None,
        });
        assert_eq!(announced, Some((VMAC, "00:00:5e:00:01:33".to_owned())));
    }
}

/// VR-33, VR-200: over IPv6 adverts leave from the macvlan's own link-local address, with `vmac_xmit_base` from the
/// base's.
#[test]
fn the_source_over_ipv6_is_that_of_the_interface_used() {
    for (xmit_base, source) in [(false, "fe80::99"), (true, "fe80::1")] {
        let v6 = Instance {
            family: Family::V6,
            version: Version::V3,
            transport: Transport::Multicast { group: ip("ff02::12") },
            xmit_base,
            ..instance("VI_1", 51, 100)
        };
        let v6 = Instance {
            device: Some(eth("vrrp.51")),
            virtual_addresses: vec![virtual_address("fe80::100/64", "vrrp.51")],
            ..v6
        };
        let mut stage = Stage::waiting(model(v6));
        stage.input(Input::Link(vmac(true)));
        stage.input(Input::Address(host_address(VMAC, "fe80::99/64")));
        stage.input(Input::Start);
        let effects = become_master(&mut stage);
        let sent = effects.iter().find_map(|effect| match effect {
            Effect::Send(sent) => Some(sent.source),
            _ => None,
        });
        assert_eq!(sent, Some(ip(source)), "xmit_base {xmit_base}");
    }
}

/// VR-181, VR-184, VR-188, VR-190: the macvlan is watched, and its base; deleted and made again it is used again.
#[test]
fn a_macvlan_and_its_base_are_watched() {
    let (mut stage, _) = started(model(on_vmac(instance("VI_1", 51, 100))));
    become_master(&mut stage);
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Link(link(ETH0, "eth0", true)));
    assert_eq!(stage.state(), State::Backup);
    become_master(&mut stage);
    let told = stage.input(Input::LinkGone(VMAC));
    assert_eq!(stage.state(), State::Fault);
    assert!(told.contains(&"[LinkGone { interface: InterfaceName(\"vrrp.51\") }]".to_owned()), "{told:?}");
    let again = InterfaceIndex(10);
    let effects = stage.effects(Input::Link(Link { index: again, ..vmac(false) }));
    assert_eq!((stage.state(), socket_of(&effects)), (State::Fault, Some(again)));
    stage.input(Input::Link(Link { index: again, ..vmac(true) }));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-183: with `dont_track_primary` neither is.
#[test]
fn neither_is_watched_with_dont_track_primary() {
    let (mut stage, _) = started(model(Instance { dont_track_primary: true, ..on_vmac(instance("VI_1", 51, 100)) }));
    become_master(&mut stage);
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    stage.input(Input::Link(vmac(false)));
    assert_eq!(stage.state(), State::Master);
}

/// VR-107: what the file makes impossible stays in Fault whatever comes.
#[test]
fn a_disabled_instance_never_leaves_fault() {
    let mut stage = Stage::started(vrrp(vec![Instance { disabled: true, ..instance("VI_1", 51, 255) }]));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    let told = stage.input(Input::Link(link(ETH0, "eth0", true)));
    assert_eq!((stage.state(), stage.router.deadline()), (State::Fault, None), "{told:?}");
}

/// VR-56: the sockets of a unicast instance without interface are bound to its VRF.
#[test]
fn a_vrf_binds_the_socket() {
    let peer = UnicastPeer { address: ip("10.0.0.2"), min_ttl: 0, max_ttl: 255 };
    let transport = Transport::Unicast { peers: vec![peer], ttl: None, check_source: false };
    let instance = Instance {
        interface: None,
        vrf: Some(eth("eth1")),
        source: Some(ip("10.0.0.1")),
        transport,
        ..instance("VI_1", 51, 100)
    };
    let mut stage = Stage::waiting(vrrp(vec![instance]));
    let effects = stage.effects(Input::Start);
    assert_eq!(socket_of(&effects), Some(ETH1));
}

/// VR-264, VR-266: with `no_accept` packets are dropped before the addresses are there, and until they are gone.
#[test]
fn addresses_are_barred_as_long_as_they_are_set() {
    let excluded = vec![virtual_address("2001:db8::1/64", "eth0"), virtual_address("fe80::7/64", "eth1")];
    let no_accept = Instance { accept: false, excluded_addresses: excluded, ..instance("VI_1", 51, 100) };
    let mut stage = Stage::started(vrrp(vec![no_accept.clone()]));
    let told = stage.next();
    let at = |told: &[String], what: &str| told.iter().position(|line| line.starts_with(what)).unwrap();
    let bar = "bar [V4(10.0.0.100), V6(2001:db8::1), LinkLocal { address: fe80::7, index: InterfaceIndex(3) }]";
    assert!(at(&told, "[VI_1 BarringAddresses]") < at(&told, bar));
    assert!(at(&told, "send") < at(&told, bar) && at(&told, bar) < at(&told, "add 0"), "{told:?}");
    // An address more is barred before it is set, one less no longer after it is gone.
    let fewer = Instance { excluded_addresses: vec![virtual_address("10.0.0.7/24", "eth0")], ..no_accept };
    let told = stage.reload(vrrp(vec![fewer.clone()]));
    let unbar = "unbar [V6(2001:db8::1), LinkLocal { address: fe80::7, index: InterfaceIndex(3) }]";
    assert!(at(&told, "remove 0") < at(&told, unbar), "{told:?}");
    assert!(at(&told, "bar [V4(10.0.0.7)]") < at(&told, "add 0"), "{told:?}");
    let told = stage.input(Input::Stop);
    assert!(at(&told, "remove 0") < at(&told, "unbar [V4(10.0.0.100), V4(10.0.0.7)]"), "{told:?}");
}

/// VR-265: with `dont_track_primary` a link-local address is barred by the name of its interface.
#[test]
fn a_link_local_address_is_barred_by_name() {
    let bar_by_name = Instance {
        accept: false,
        bar_by_name: true,
        excluded_addresses: vec![virtual_address("fe80::7/64", "eth1")],
        ..instance("VI_1", 51, 100)
    };
    let mut stage = Stage::started(vrrp(vec![bar_by_name]));
    let told = stage.next();
    let named = "bar [V4(10.0.0.100), LinkLocalNamed { address: fe80::7, name: InterfaceName(\"eth1\") }]";
    assert!(told.contains(&named.to_owned()), "{told:?}");
}

/// A reload that only says `no_accept`, or takes it back, sets no address anew.
#[test]
fn a_reload_bars_and_lets_pass() {
    let accept = instance("VI_1", 51, 100);
    let mut stage = Stage::master(vrrp(vec![accept.clone()]));
    let about = |told: Vec<String>| -> Vec<String> {
        told.into_iter()
            .filter(|line| ["bar", "unbar", "add", "remove"].contains(&line.split(' ').next().unwrap()))
            .collect()
    };
    let told = about(stage.reload(vrrp(vec![Instance { accept: false, ..accept.clone() }])));
    assert_eq!(told, ["bar [V4(10.0.0.100)]"]);
    assert_eq!(about(stage.reload(vrrp(vec![accept]))), ["unbar [V4(10.0.0.100)]"]);
}

/// VR-179: every 4 s one announcement on each macvlan beside that of the adverts, first after the second burst; with
/// `all` on other interfaces too.
#[test]
fn other_interfaces_are_announced_on_now_and_then() {
    for (all, wanted) in [(false, "announce 10.9.0.1"), (true, "announce 10.9.0.1 10.8.0.1")] {
        let mut instance = Instance {
            excluded_addresses: vec![
                virtual_address("10.9.0.1/32", "vrrp.51"),
                virtual_address("10.9.0.2/32", "vrrp.51"),
                virtual_address("10.8.0.1/32", "eth1"),
            ],
            ..instance("VI_1", 51, 100)
        };
        instance.announce.master_delay = Interval::from_secs(2);
        instance.announce.extra_interval = Interval::from_secs(4);
        instance.announce.extra_all = all;
        let (mut stage, _) = started(model(instance));
        become_master(&mut stage);
        let told = stage.pass_only(Interval::from_millis(14_500), "announce");
        let extra: Vec<_> = told.iter().filter(|(_, line)| line == wanted).map(|(at, _)| *at).collect();
        assert_eq!(extra, [6_000_000, 10_000_000, 14_000_000], "{told:?}");
    }
    // Where there is no such interface it is not tried again.
    let mut instance = instance("VI_1", 51, 100);
    instance.announce.master_delay = Interval::ZERO;
    instance.announce.extra_interval = Interval::from_secs(4);
    let mut stage = Stage::master(vrrp(vec![instance]));
    assert_eq!(stage.pass_only(Interval::from_secs(20), "announce"), []);
}
