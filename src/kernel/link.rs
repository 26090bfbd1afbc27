//! What rtnetlink says of a link: RTM_NEWLINK read, attribute by attribute, and nothing more than is needed, so that a
//! novelty elsewhere in the message cannot hide that a link went down.

use netlink_packet_core::{NlaBuffer, NlasIterator};
use nix::libc;

use crate::base::name::InterfaceName;
use crate::base::net::{InterfaceIndex, MacAddress};
use crate::model::host::Link;

/// Bytes of struct ifinfomsg (linux/rtnetlink.h).
const HEADER: usize = 16;
/// linux/if_link.h.
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_INET6_CONF: u16 = 2;
/// Place of `forwarding` in IFLA_INET6_CONF (linux/ipv6.h): the first.
const DEVCONF_FORWARDING: usize = 0;
/// linux/if.h.
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_RUNNING: u32 = 0x40;
const IFF_NOARP: u32 = 0x80;
const IFF_MULTICAST: u32 = 0x1000;

/// Reads the payload of RTM_NEWLINK or RTM_DELLINK; `None` when it has no name or is of a bridge's or another family's
/// view of the link (AF_BRIDGE and the like), which says nothing about the link itself.
pub fn parse(payload: &[u8]) -> Option<Link> {
    let (header, attributes) = payload.split_first_chunk::<HEADER>()?;
    if i32::from(header[0]) != libc::AF_UNSPEC {
        return None;
    }
    let index = u32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
    let flags = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
    let mut link = Link {
        index: InterfaceIndex(index),
        name: InterfaceName::new(""),
        up: flags & IFF_UP != 0 && flags & IFF_RUNNING != 0,
        multicast: flags & IFF_MULTICAST != 0,
        no_arp: flags & IFF_NOARP != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        mac: None,
        mtu: 0,
        forwarding6: false,
    };
    for attribute in attributes_of(attributes) {
        match (attribute.kind(), attribute.value()) {
            (IFLA_ADDRESS, value) => link.mac = value.try_into().ok().map(MacAddress),
            (IFLA_IFNAME, value) => link.name = InterfaceName::new(&text(value)),
            (IFLA_MTU, value) => link.mtu = number(value, 0).unwrap_or(0),
            (IFLA_AF_SPEC, value) => link.forwarding6 = forwarding6(value),
            _ => {}
        }
    }
    (!link.name.as_str().is_empty()).then_some(link)
}

/// The attributes of a message, to the first that does not fit.
pub(super) fn attributes_of(bytes: &[u8]) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(bytes).map_while(Result::ok)
}

/// A 32-bit number in the kernel's byte order, `place` numbers into the bytes.
pub(super) fn number(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(4 * place..)?.first_chunk().map(|octets| u32::from_ne_bytes(*octets))
}

/// Text that ends with a zero byte. Names that are not UTF-8 keep their other characters.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// net.ipv6.conf.IF.forwarding, out of IFLA_AF_SPEC.
fn forwarding6(families: &[u8]) -> bool {
    let Some(inet6) = attributes_of(families).find(|family| i32::from(family.kind()) == libc::AF_INET6) else {
        return false;
    };
    attributes_of(inet6.value())
        .find(|attribute| attribute.kind() == IFLA_INET6_CONF)
        .and_then(|conf| number(conf.value(), DEVCONF_FORWARDING))
        .is_some_and(|forwarding| forwarding != 0)
}
