//! Virtual addresses in the kernel, through rtnetlink: set and remove in batches, and see which are there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeader, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope,
    CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::libc::{self, EADDRNOTAVAIL, EEXIST, ENODEV, ENXIO};

use super::link::{attributes_of, number};
use super::netlink::{Failure, Socket};
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::model::host::{HostAddress, Placement};
use crate::model::upkeep::Room;

pub use super::netlink::BATCH;

/// The number of "keepalived" among address protocols (rt_addrprotos): `ip addr` shows `proto keepalived` (VR-256).
const PROTOCOL: u8 = 18;
const FOREVER: u32 = u32::MAX;

// linux/if_addr.h.
const ADDRESS_HEADER: usize = 8;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_TENTATIVE: u32 = 0x40;

/// One that the kernel refused: place in the list handed in, errno.
pub type Refused = (usize, i32);

/// Sets and removes addresses.
#[derive(Debug)]
pub struct Addresses {
    socket: Socket,
}

impl Addresses {
    pub fn open() -> io::Result<Addresses> {
        Ok(Addresses { socket: Socket::open()? })
    }

    /// A fresh socket, after answers were lost on the old one.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.socket.reopen()
    }

    /// Another receive buffer, now and after `reopen`.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        self.socket.set_room(room)
    }

    /// Sets all, in order, in one send for every `BATCH` (VR-248). One that is there already (EEXIST) is no error: it is
    /// where it is wanted.
    pub fn add(&mut self, placements: &[Placement]) -> Result<Vec<Refused>, Failure> {
        let messages: Vec<_> =
            placements.iter().map(|place| RouteNetlinkMessage::NewAddress(addition(place))).collect();
        let mut refused = self.socket.batch(&messages)?;
        refused.retain(|(_, errno)| *errno != EEXIST);
        Ok(refused)
    }

    /// Removes all, in order. One that is not there is no error; with `forced`, a missing interface is none either
    /// (VR-249).
    pub fn remove(&mut self, placements: &[Placement], forced: bool) -> Result<Vec<Refused>, Failure> {
        let messages: Vec<_> = placements.iter().map(|place| RouteNetlinkMessage::DelAddress(removal(place))).collect();
        let mut refused = self.socket.batch(&messages)?;
        refused.retain(|(_, errno)| match *errno {
            EADDRNOTAVAIL => false,
            ENODEV | ENXIO => !forced,
            _ => true,
        });
        Ok(refused)
    }

    /// All addresses of this host.
    pub fn present(&mut self) -> Result<Vec<HostAddress>, Failure> {
        let ask = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        let found = self.socket.dump(&ask)?;
        Ok(found.iter().filter_map(|(_, payload)| parse_address(payload)).collect())
    }
}

fn header(placement: &Placement) -> AddressHeader {
    AddressHeader {
        family: match placement.address.cidr.address {
            IpAddr::V4(_) => AddressFamily::Inet,
            IpAddr::V6(_) => AddressFamily::Inet6,
        },
        prefix_len: placement.address.cidr.prefix,
        flags: AddressHeaderFlags::empty(),
        scope: AddressScope::from(placement.address.scope),
        index: placement.index.0,
    }
}

/// RTM_NEWADDR, the attributes in the original's order (VR-248, VR-251 … VR-254).
pub(super) fn addition(placement: &Placement) -> AddressMessage {
    let address = &placement.address;
    let mut message = AddressMessage::default();
    message.header = header(placement);
    let attributes = &mut message.attributes;
    if Family::of(address.cidr.address) == Family::V6 && address.preferred_lifetime != FOREVER {
        let mut lifetime = CacheInfo::default();
        lifetime.ifa_preferred = address.preferred_lifetime;
        lifetime.ifa_valid = FOREVER;
        attributes.push(AddressAttribute::CacheInfo(lifetime));
    }
    attributes.push(AddressAttribute::Local(address.cidr.address));
    attributes.extend(address.broadcast.map(AddressAttribute::Broadcast));
    if address.flags != 0 {
        attributes.push(AddressAttribute::Flags(AddressFlags::from_bits_retain(address.flags)));
    }
    attributes.extend(address.label.clone().map(AddressAttribute::Label));
    attributes.extend(address.peer.map(|peer| AddressAttribute::Address(peer.address)));
    attributes.push(AddressAttribute::Protocol(AddressProtocol::Other(PROTOCOL)));
    message
}

/// RTM_DELADDR. Unlike the original we name the peer where there is one, without which the kernel does not find the
/// address (VR-250).
pub(super) fn removal(placement: &Placement) -> AddressMessage {
    let address = &placement.address;
    let mut message = AddressMessage::default();
    message.header = header(placement);
    message.attributes.push(AddressAttribute::Local(address.cidr.address));
    let far = address.peer.map_or(address.cidr.address, |peer| peer.address);
    if address.peer.is_some() || far.is_ipv4() {
        message.attributes.push(AddressAttribute::Address(far));
    }
    message
}

/// Reads the payload of RTM_NEWADDR or RTM_DELADDR. The address is our own end (IFA_LOCAL) where there is a peer.
pub(super) fn parse_address(payload: &[u8]) -> Option<HostAddress> {
    let (header, rest) = payload.split_first_chunk::<ADDRESS_HEADER>()?;
    let [family, prefix, flags, scope, index @ ..] = *header;
    let (mut near, mut far, mut flags) = (None, None, u32::from(flags));
    for attribute in attributes_of(rest) {
        match (attribute.kind(), attribute.value()) {
            (IFA_LOCAL, value) => near = octets(family, value),
            (IFA_ADDRESS, value) => far = octets(family, value),
            (IFA_FLAGS, value) => flags = number(value, 0).unwrap_or(flags),
            _ => {}
        }
    }
    Some(HostAddress {
        index: InterfaceIndex(u32::from_ne_bytes(index)),
        cidr: Cidr { address: near.or(far)?, prefix },
        scope,
        tentative: flags & IFA_F_TENTATIVE != 0,
    })
}

/// The octets of an attribute as an address of that family (AF_INET, AF_INET6).
pub(super) fn octets(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match i32::from(family) {
        libc::AF_INET => bytes.try_into().ok().map(|octets: [u8; 4]| Ipv4Addr::from(octets).into()),
        libc::AF_INET6 => bytes.try_into().ok().map(|octets: [u8; 16]| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
