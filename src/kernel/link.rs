//! What rtnetlink says of a link: RTM_NEWLINK read, attribute by attribute, and nothing more than is needed, so that a
//! novelty elsewhere in the message cannot hide that a link went down.

use netlink_packet_core::{DefaultNla, Emitable, NlaBuffer, NlasIterator};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use nix::libc;

use crate::base::name::InterfaceName;
use crate::base::net::{Infiniband, InterfaceIndex, MacAddress};
use crate::model::device::IpvlanFlag;
use crate::model::host::{Link, LinkKind, LinkNature};

/// Bytes of struct ifinfomsg (linux/rtnetlink.h).
const HEADER: usize = 16;
/// linux/if_link.h.
const IFLA_ADDRESS: u16 = 1;
const IFLA_BROADCAST: u16 = 2;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_GROUP: u16 = 27;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VRF_TABLE: u16 = 1;
const IFLA_MACVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_FLAGS: u16 = 2;
const MACVLAN_MODE_PRIVATE: u32 = 1;
const IPVLAN_MODE_L2: u16 = 0;
const IPVLAN_F_PRIVATE: u16 = 1;
const IPVLAN_F_VEPA: u16 = 2;
/// linux/if_arp.h.
const ARPHRD_ETHER: u16 = 1;
const ARPHRD_INFINIBAND: u16 = 32;
const IFLA_INET6_CONF: u16 = 2;
/// linux/if_link.h: an array of numbers.
const IFLA_INET_CONF: u16 = 1;
/// Number of the sysctl (linux/ip.h), counted from 1.
const IPV4_DEVCONF_PROMOTE_SECONDARIES: u16 = 20;
/// NLA_F_NESTED.
const NESTED: u16 = 1 << 15;
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
        flags,
        multicast: flags & IFF_MULTICAST != 0,
        no_arp: flags & IFF_NOARP != 0,
        loopback: flags & IFF_LOOPBACK != 0,
        mac: None,
        infiniband: None,
        mtu: 0,
        promote_secondaries: false,
        forwarding6: false,
    };
    let infiniband = u16::from_ne_bytes([header[2], header[3]]) == ARPHRD_INFINIBAND;
    let (mut own, mut everybody): (Option<[u8; 20]>, Option<[u8; 20]>) = (None, None);
    for attribute in attributes_of(attributes) {
        match (attribute.kind(), attribute.value()) {
            (IFLA_ADDRESS, value) if infiniband => own = value.try_into().ok(),
            (IFLA_BROADCAST, value) if infiniband => everybody = value.try_into().ok(),
            (IFLA_ADDRESS, value) => link.mac = value.try_into().ok().map(MacAddress),
            (IFLA_IFNAME, value) => link.name = InterfaceName::new(&text(value)),
            (IFLA_MTU, value) => link.mtu = number(value, 0).unwrap_or(0),
            (IFLA_AF_SPEC, value) => {
                link.forwarding6 = forwarding6(value);
                link.promote_secondaries = promote_secondaries(value);
            }
            _ => {}
        }
    }
    link.infiniband = own.zip(everybody).map(|(own, everybody)| Infiniband { own, everybody });
    (!link.name.as_str().is_empty()).then_some(link)
}

/// As `parse`, with what the link is made of.
pub fn nature(payload: &[u8]) -> Option<LinkNature> {
    let link = parse(payload)?;
    let (header, attributes) = payload.split_first_chunk::<HEADER>()?;
    let ethernet = u16::from_ne_bytes([header[2], header[3]]) == ARPHRD_ETHER;
    let mut nature = LinkNature { link, kind: LinkKind::Other, base: None, group: 0, master: None, ethernet };
    let mut elsewhere = false;
    for attribute in attributes_of(attributes) {
        match (attribute.kind(), attribute.value()) {
            (IFLA_LINK, value) => nature.base = number(value, 0).map(InterfaceIndex),
            (IFLA_LINK_NETNSID, _) => elsewhere = true,
            (IFLA_MASTER, value) => nature.master = number(value, 0).map(InterfaceIndex),
            (IFLA_GROUP, value) => nature.group = number(value, 0).unwrap_or(0),
            (IFLA_LINKINFO, value) => nature.kind = kind(value),
            _ => {}
        }
    }
    nature.base = nature.base.filter(|_| !elsewhere);
    Some(nature)
}

fn kind(about: &[u8]) -> LinkKind {
    let find = |bytes, wanted| attributes_of(bytes).find(|attribute| attribute.kind() == wanted);
    let Some(name) = find(about, IFLA_INFO_KIND).map(|kind| text(kind.value())) else { return LinkKind::Other };
    let detail = find(about, IFLA_INFO_DATA);
    let detail = detail.as_ref().map_or(&[][..], NlaBuffer::value);
    let small = |wanted| {
        let octets = find(detail, wanted)?.value().first_chunk().copied()?;
        Some(u16::from_ne_bytes(octets))
    };
    match name.as_str() {
        "macvlan" => {
            let mode = find(detail, IFLA_MACVLAN_MODE).and_then(|mode| number(mode.value(), 0));
            LinkKind::Macvlan { private: mode == Some(MACVLAN_MODE_PRIVATE) }
        }
        "ipvlan" => {
            let flags = small(IFLA_IPVLAN_FLAGS).unwrap_or(0);
            let flag = match (flags & IPVLAN_F_PRIVATE != 0, flags & IPVLAN_F_VEPA != 0) {
                (true, _) => IpvlanFlag::Private,
                (false, true) => IpvlanFlag::Vepa,
                (false, false) => IpvlanFlag::Bridge,
            };
            LinkKind::Ipvlan { l2: small(IFLA_IPVLAN_MODE) == Some(IPVLAN_MODE_L2), flag }
        }
        "vrf" => LinkKind::Vrf {
            table: find(detail, IFLA_VRF_TABLE).and_then(|table| number(table.value(), 0)).unwrap_or(0),
        },
        _ => LinkKind::Other,
    }
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

/// net.ipv4.conf.IF.promote_secondaries, out of IFLA_AF_SPEC.
fn promote_secondaries(families: &[u8]) -> bool {
    let Some(inet) = attributes_of(families).find(|family| i32::from(family.kind()) == libc::AF_INET) else {
        return false;
    };
    attributes_of(inet.value())
        .find(|attribute| attribute.kind() == IFLA_INET_CONF)
        .and_then(|conf| number(conf.value(), usize::from(IPV4_DEVCONF_PROMOTE_SECONDARIES) - 1))
        .is_some_and(|on| on != 0)
}

/// RTM_SETLINK that sets net.ipv4.conf.IF.promote_secondaries.
pub fn promotion(index: InterfaceIndex, on: bool) -> RouteNetlinkMessage {
    let value = DefaultNla::new(IPV4_DEVCONF_PROMOTE_SECONDARIES, u32::from(on).to_ne_bytes().to_vec());
    let conf = DefaultNla::new(IFLA_INET_CONF | NESTED, bytes_of(&value));
    // invariant: AF_INET is 2.
    let inet = DefaultNla::new(libc::AF_INET as u16 | NESTED, bytes_of(&conf));
    let mut message = LinkMessage::default();
    message.header.index = index.0;
    message.attributes.push(LinkAttribute::Other(DefaultNla::new(IFLA_AF_SPEC | NESTED, bytes_of(&inet))));
    RouteNetlinkMessage::SetLink(message)
}

fn bytes_of(attribute: &DefaultNla) -> Vec<u8> {
    let mut bytes = vec![0; attribute.buffer_len()];
    attribute.emit(&mut bytes);
    bytes
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

#[cfg(test)]
mod tests;
