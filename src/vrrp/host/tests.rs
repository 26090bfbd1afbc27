use std::net::Ipv4Addr;

use super::*;
use crate::vrrp::fixture::*;

fn host() -> Host {
    let mut host = Host::default();
    host.link_told(link(ETH0, "eth0", true));
    host
}

/// VR-26, VR-209: the first address is the source; when it goes the last of the others follows.
#[test]
fn sources_follow_the_kernel() {
    let mut host = host();
    assert!(host.address_told(&host_address(ETH0, "10.0.0.1/24")));
    assert!(!host.address_told(&host_address(ETH0, "10.0.0.2/24")));
    assert!(!host.address_told(&host_address(ETH0, "10.0.0.3/24")));
    let source = |host: &Host| host.source(&eth("eth0"), Family::V4);
    assert_eq!(source(&host), Some(ip("10.0.0.1")));
    assert!(!host.address_gone(&host_address(ETH0, "10.0.0.2/24")));
    assert!(host.address_gone(&host_address(ETH0, "10.0.0.1/24")));
    assert_eq!(source(&host), Some(ip("10.0.0.3")));
    assert!(host.address_gone(&host_address(ETH0, "10.0.0.3/24")));
    assert_eq!(source(&host), None);
}

/// VR-33, VR-34, VR-208: of IPv6 only link-local addresses, and only when they are final.
#[test]
fn only_final_link_local_addresses() {
    let mut host = host();
    assert!(!host.address_told(&host_address(ETH0, "fd00::1/64")));
    let tentative = HostAddress { tentative: true, ..host_address(ETH0, "fe80::1/64") };
    assert!(!host.address_told(&tentative));
    assert_eq!(host.source(&eth("eth0"), Family::V6), None);
    assert!(host.address_told(&HostAddress { tentative: false, ..tentative }));
    assert_eq!(host.source(&eth("eth0"), Family::V6), Some(ip("fe80::1")));
}

/// VR-210: the addresses of virtual routers are no sources on the interfaces these use, in either family.
#[test]
fn virtual_addresses_are_no_sources() {
    let mut host = host();
    host.address_told(&host_address(ETH0, "10.0.0.100/24"));
    assert_eq!(host.source(&eth("eth0"), Family::V4), Some(ip("10.0.0.100")), "nobody said so yet");
    host.set_virtual_addresses(&vrrp(vec![instance("VI_1", 51, 100)]));
    assert_eq!(host.source(&eth("eth0"), Family::V4), None);
    assert!(!host.address_told(&host_address(ETH0, "10.0.0.100/24")));
    assert!(host.address_told(&host_address(ETH0, "10.0.0.1/24")));
    host.set_virtual_addresses(&vrrp(vec![]));
    assert_eq!(host.source(&eth("eth0"), Family::V4), Some(ip("10.0.0.1")), "a source that works stays");
}

/// VR-189, VR-191: what a message about a link changes.
#[test]
fn changes_of_links() {
    let mut host = host();
    assert_eq!(host.link_told(link(ETH0, "eth0", true)), Change::Nothing);
    assert_eq!(host.link_told(link(ETH0, "eth0", false)), Change::Down);
    assert_eq!(host.link_told(link(ETH0, "eth0", true)), Change::Up);
    assert_eq!(host.link_told(Link { mtu: 9000, ..link(ETH0, "eth0", true) }), Change::Other);
    assert_eq!(host.link_told(link(ETH1, "eth1", true)), Change::Appeared);
    let renamed = host.link_told(link(ETH0, "wan0", true));
    assert_eq!(renamed, Change::Renamed { old: eth("eth0") });
    assert_eq!((host.index(&eth("eth0")), host.index(&eth("wan0"))), (None, Some(ETH0)));
    assert_eq!(host.link_gone(ETH0), Some(eth("wan0")));
    assert_eq!(host.link_gone(ETH0), None);
    assert!(!host.is_up(&eth("wan0")));
}

/// One address with two prefixes is there until both are gone, and has its place in the order until then.
#[test]
fn one_address_with_two_prefixes() {
    let mut host = host();
    for text in ["10.0.0.1/24", "10.0.0.1/32", "10.0.0.2/24"] {
        host.address_told(&host_address(ETH0, text));
    }
    assert!(!host.address_gone(&host_address(ETH0, "10.0.0.1/24")), "it is there with the other");
    assert!(host.has(ETH0, ip("10.0.0.1")));
    assert!(host.address_gone(&host_address(ETH0, "10.0.0.1/32")));
    assert!(!host.has(ETH0, ip("10.0.0.1")));
    assert_eq!(host.source(&eth("eth0"), Family::V4), Some(ip("10.0.0.2")));
}

/// Of many addresses each is found without a walk through the others: comparing all 40,000 with all would be billions of
/// steps here.
#[test]
fn many_addresses() {
    let mut host = host();
    let all: Vec<HostAddress> =
        (0..40_000_u32).map(|nth| host_address(ETH0, &format!("{}/32", Ipv4Addr::from(0x0a00_0001 + nth)))).collect();
    for address in &all {
        host.address_told(address);
    }
    assert_eq!(host.source(&eth("eth0"), Family::V4), Some(ip("10.0.0.1")));
    assert!(all.iter().all(|address| host.has(ETH0, address.cidr.address)));
    for address in &all[1..] {
        assert!(!host.address_gone(address));
    }
    assert!(host.address_gone(&all[0]));
}

/// Messages about links that are not known do nothing.
#[test]
fn strangers() {
    let mut host = Host::default();
    assert!(!host.address_told(&host_address(ETH0, "10.0.0.1/24")));
    assert!(!host.address_gone(&host_address(ETH0, "10.0.0.1/24")));
    assert_eq!(host, Host::default());
}
