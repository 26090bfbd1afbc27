//! What the messages hold, attribute by attribute.

use std::net::Ipv4Addr;
use std::sync::Arc;

use netlink_packet_core::Emitable;

use super::*;
use crate::base::net::{Cidr, InterfaceIndex};
use crate::model::vrrp::VirtualAddress;

const IFA_F_NODAD: u32 = 2;

fn cidr(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').unwrap();
    Cidr { address: address.parse().unwrap(), prefix: prefix.parse().unwrap() }
}

fn virtual_address(text: &str) -> VirtualAddress {
    VirtualAddress {
        cidr: cidr(text),
        interface: None,
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: FOREVER,
        flags: 0,
        no_track: false,
    }
}

fn at(address: VirtualAddress) -> Placement {
    Placement { index: InterfaceIndex(7), address: Arc::new(address) }
}

/// Kinds of the attributes, in the order on the wire.
fn kinds(message: &AddressMessage) -> Vec<u16> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    crate::kernel::link::attributes_of(&bytes[8..]).map(|attribute| attribute.kind()).collect()
}

/// VR-248, VR-256: IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS, IFA_LABEL, IFA_ADDRESS, IFA_PROTO, in this order; flags of the
/// header zero.
#[test]
fn ipv4_addition() {
    let full = VirtualAddress {
        broadcast: Some(Ipv4Addr::new(10, 0, 0, 255)),
        flags: 0x200,
        label: Some("eth0:v".to_owned()),
        peer: Some(cidr("10.0.1.1/32")),
        scope: 253,
        ..virtual_address("10.0.0.100/24")
    };
    let message = addition(&at(full));
    assert_eq!(kinds(&message), [2, 4, 8, 3, 1, 11]);
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    assert_eq!(bytes[..8], [2, 24, 0, 253, 7, 0, 0, 0]);
    assert_eq!(bytes[bytes.len() - 8..], [5, 0, 11, 0, 18, 0, 0, 0]);
    assert_eq!(kinds(&addition(&at(virtual_address("10.0.0.100/32")))), [2, 11]);
}

/// VR-248, VR-251, VR-252: IPv6 has its lifetimes first, when they are not both forever.
#[test]
fn ipv6_addition() {
    let host = VirtualAddress { preferred_lifetime: 0, flags: IFA_F_NODAD, ..virtual_address("2001:db8::1/128") };
    let message = addition(&at(host));
    assert_eq!(kinds(&message), [6, 2, 8, 11]);
    let AddressAttribute::CacheInfo(lifetime) = &message.attributes[0] else { panic!("{message:?}") };
    assert_eq!((lifetime.ifa_preferred, lifetime.ifa_valid), (0, u32::MAX));
    let subnet = VirtualAddress { flags: IFA_F_NODAD, ..virtual_address("2001:db8::1/64") };
    assert_eq!(kinds(&addition(&at(subnet))), [2, 8, 11]);
}

/// VR-249, VR-250: IPv4 names the address twice; a peer is named, so that the kernel finds it.
#[test]
fn removals() {
    let message = removal(&at(virtual_address("10.0.0.100/24")));
    assert_eq!(
        message.attributes,
        [
            AddressAttribute::Local("10.0.0.100".parse().unwrap()),
            AddressAttribute::Address("10.0.0.100".parse().unwrap()),
        ]
    );
    let with_peer = VirtualAddress { peer: Some(cidr("10.0.1.1/32")), ..virtual_address("10.0.0.100/32") };
    let message = removal(&at(with_peer));
    assert_eq!(message.attributes[1], AddressAttribute::Address("10.0.1.1".parse().unwrap()));
    assert_eq!(kinds(&removal(&at(virtual_address("2001:db8::1/64")))), [2]);
}
