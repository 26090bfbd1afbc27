//! Which addresses this host has: checkers of a virtual server with `ha_suspend` run only while its address is here.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::base::net::InterfaceIndex;
use crate::model::lvs::{GroupEntry, VirtualAddress, VirtualServer};

/// One address may be on several interfaces: it is here as long as one of them has it (LV-105).
#[derive(Clone, Debug, Default)]
pub struct Presence(BTreeSet<(IpAddr, InterfaceIndex, u8)>);

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub interface: InterfaceIndex,
    /// Length of its prefix.
    pub prefix: u8,
}

impl Presence {
    /// Takes in a change; whether the address came or went by it.
    pub fn set(&mut self, address: IpAddr, place: Place, here: bool) -> bool {
        let before = self.has(address);
        let entry = (address, place.interface, place.prefix);
        let _known = if here { self.0.insert(entry) } else { self.0.remove(&entry) };
        before != self.has(address)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.range((address, InterfaceIndex(0), 0)..).next().is_some_and(|(found, _, _)| *found == address)
    }

    /// Whether the checkers of a virtual server are not to run (LV-103). A group has an address here when any of its
    /// addresses is.
    pub fn suspends(&self, server: &VirtualServer) -> bool {
        server.ha_suspend && !addresses(server).any(|address| self.has(address))
    }
}

/// The addresses of a virtual server; a mark has none (LV-35).
pub fn addresses(server: &VirtualServer) -> impl Iterator<Item = IpAddr> {
    let (one, entries) = match &server.address {
        VirtualAddress::Address(at) => (Some(at.address), &[][..]),
        VirtualAddress::Fwmark(_) => (None, &[][..]),
        VirtualAddress::Group { entries, .. } => (None, &entries[..]),
    };
    let entries = entries.iter().filter_map(|entry| match entry {
        GroupEntry::Address(at) => Some(at.address),
        GroupEntry::Fwmark { .. } => None,
    });
    one.into_iter().chain(entries)
}
