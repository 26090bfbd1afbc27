//! Messages as the kernel writes them, and what becomes of what is known.

use std::net::IpAddr;

use super::*;
use crate::base::name::InterfaceName;
use crate::base::net::MacAddress;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = (value.len() as u16 + 4).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// RTM_NEWLINK of `index`: name, Ethernet address, MTU, and the forwarding switch in its nest.
fn link_message(index: u32, flags: u32, forwarding: u32) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    bytes.extend(index.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(attribute(3, b"eth0\0"));
    bytes.extend(attribute(4, &1500u32.to_ne_bytes()));
    bytes.extend(attribute(1, &[2, 0, 0, 0, 0, 1]));
    let conf = attribute(2, &[forwarding.to_ne_bytes(), 64u32.to_ne_bytes()].concat());
    bytes.extend(attribute(26, &[attribute(2, &[]), attribute(10, &conf)].concat()));
    bytes
}

fn link(up: bool, forwarding6: bool) -> Link {
    Link {
        index: InterfaceIndex(3),
        name: InterfaceName::new("eth0"),
        up,
        multicast: true,
        no_arp: false,
        flags: if up { 0x1043 } else { 0x1003 },
        loopback: false,
        mac: Some(MacAddress([2, 0, 0, 0, 0, 1])),
        infiniband: None,
        mtu: 1500,
        promote_secondaries: false,
        forwarding6,
    }
}

const UP: u32 = 0x1043;

fn address_message(text: &str, flags: u32) -> Vec<u8> {
    let mut bytes = match text.parse().unwrap() {
        IpAddr::V4(_) => vec![2, 24, 0, 0, 3, 0, 0, 0],
        IpAddr::V6(_) => vec![10, 64, 0, 0, 3, 0, 0, 0],
    };
    let octets = match text.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.extend(attribute(1, &octets));
    bytes.extend(attribute(8, &flags.to_ne_bytes()));
    bytes
}

fn host_address(text: &str, tentative: bool) -> HostAddress {
    let address: IpAddr = text.parse().unwrap();
    let prefix = if address.is_ipv4() { 24 } else { 64 };
    HostAddress { index: InterfaceIndex(3), cidr: Cidr { address, prefix }, scope: 0, tentative }
}

fn learn(known: &mut Known, kind: u16, payload: &[u8]) -> Vec<Change> {
    known.learn(&Frame { kind, flags: 0, sequence: 0, port: 0, payload })
}

/// VR-181: up is IFF_UP with IFF_RUNNING; VR-166: the forwarding switch. A message that says nothing new is none.
#[test]
fn links_are_followed() {
    let mut known = Known::default();
    assert_eq!(learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 0)), [Change::Link(link(true, false))]);
    assert_eq!(learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 0)), []);
    assert_eq!(learn(&mut known, RTM_NEWLINK, &link_message(3, 0x1003, 0)), [Change::Link(link(false, false))]);
    assert_eq!(learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 1)), [Change::Link(link(true, true))]);
    assert_eq!(learn(&mut known, RTM_DELLINK, &link_message(3, 0, 0)), [Change::LinkGone(InterfaceIndex(3))]);
    assert_eq!(learn(&mut known, RTM_DELLINK, &link_message(3, 0, 0)), []);
}

/// A bridge's view of its port (AF_BRIDGE) says nothing about the link.
#[test]
fn other_views_of_a_link_are_left_out() {
    let mut bytes = link_message(3, UP, 0);
    bytes[0] = 7;
    assert_eq!(learn(&mut Known::default(), RTM_DELLINK, &bytes), []);
    assert_eq!(link::parse(&bytes), None);
}

/// VR-166: a change of the switch alone comes by itself.
#[test]
fn forwarding_is_followed() {
    let mut known = Known::default();
    learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 0));
    let mut told = vec![10, 0, 0, 0];
    told.extend(attribute(1, &3u32.to_ne_bytes()));
    told.extend(attribute(2, &1u32.to_ne_bytes()));
    assert_eq!(learn(&mut known, RTM_NEWNETCONF, &told), [Change::Link(link(true, true))]);
    told[0] = 2;
    assert_eq!(learn(&mut known, RTM_NEWNETCONF, &told), [], "IPv4's switch is another");
}

/// VR-208: a tentative address, and the same when it is final. The link takes its addresses with it.
#[test]
fn addresses_are_followed() {
    let mut known = Known::default();
    learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 0));
    let (tentative, ready) = (host_address("fe80::1", true), host_address("fe80::1", false));
    assert_eq!(learn(&mut known, RTM_NEWADDR, &address_message("fe80::1", 0x40)), [Change::Address(tentative)]);
    assert_eq!(learn(&mut known, RTM_NEWADDR, &address_message("fe80::1", 0x80)), [Change::Address(ready.clone())]);
    assert_eq!(learn(&mut known, RTM_NEWADDR, &address_message("fe80::1", 0x80)), []);
    learn(&mut known, RTM_NEWADDR, &address_message("10.0.0.1", 0x80));
    let ten = host_address("10.0.0.1", false);
    assert_eq!(learn(&mut known, RTM_DELADDR, &address_message("10.0.0.1", 0x80)), [Change::AddressGone(ten.clone())]);
    assert_eq!(learn(&mut known, RTM_DELADDR, &address_message("10.0.0.1", 0x80)), []);
    let gone = learn(&mut known, RTM_DELLINK, &link_message(3, 0, 0));
    assert_eq!(gone, [Change::AddressGone(ready), Change::LinkGone(InterfaceIndex(3))]);
}

/// IFA_LOCAL is our end of a point-to-point address, IFA_ADDRESS the other.
#[test]
fn our_end_of_an_address_counts() {
    let mut bytes = address_message("10.0.1.1", 0);
    bytes.extend(attribute(2, &[10, 0, 0, 1]));
    assert_eq!(parse_address(&bytes), Some(host_address("10.0.0.1", false)));
}

/// After lost notifications: what went, what came, what changed, and nothing else.
#[test]
fn a_fresh_look_tells_the_difference() {
    let mut known = Known::default();
    learn(&mut known, RTM_NEWLINK, &link_message(3, UP, 0));
    learn(&mut known, RTM_NEWADDR, &address_message("10.0.0.1", 0));
    learn(&mut known, RTM_NEWADDR, &address_message("10.0.0.2", 0));
    let mut found = Known::default();
    learn(&mut found, RTM_NEWLINK, &link_message(3, 0x1003, 0));
    learn(&mut found, RTM_NEWADDR, &address_message("10.0.0.2", 0));
    learn(&mut found, RTM_NEWADDR, &address_message("10.0.0.3", 0));
    let wanted = [
        Change::AddressGone(host_address("10.0.0.1", false)),
        Change::Link(link(false, false)),
        Change::Address(host_address("10.0.0.3", false)),
    ];
    assert_eq!(known.become_as(found.clone()), wanted);
    assert_eq!(known.become_as(found), []);
}

#[test]
fn cut_messages_are_left_out() {
    let whole = link_message(3, UP, 0);
    for length in 0..24 {
        assert_eq!(link::parse(&whole[..length]), None, "{length} bytes");
    }
    assert_eq!(parse_address(&[2, 24, 0, 0, 3, 0, 0]), None);
    assert_eq!(parse_address(&[2, 24, 0, 0, 3, 0, 0, 0]), None, "no address in it");
}
