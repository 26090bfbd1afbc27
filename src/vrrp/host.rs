//! what the kernel has told of this host: links, their addresses, and which of them adverts are sent from.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use crate::base::name::InterfaceName;
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::model::host::{HostAddress, Link};
use crate::model::vrrp::{VirtualAddress, Vrrp};

/// Links and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Host {
    interfaces: BTreeMap<InterfaceIndex, Interface>,
    names: BTreeMap<InterfaceName, InterfaceIndex>,
    /// Addresses that come and go with a virtual router: never a source (VR-210).
    virtual_addresses: BTreeSet<(InterfaceName, IpAddr)>,
    /// Interfaces that we made (`use_vmac`, `use_ipvlan`), each with the one below it.
    virtual_interfaces: BTreeMap<InterfaceName, InterfaceName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Interface {
    link: Link,
    addresses: Addresses,
    sources: Sources,
}

/// The addresses of an interface. There may be thousands, and the kernel tells of each when it comes and when it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Addresses {
    held: BTreeMap<Cidr, Held>,
    /// In the order in which the kernel told of them.
    order: BTreeMap<u64, IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Held {
    place: u64,
    /// Duplicate address detection still runs.
    tentative: bool,
}

impl Addresses {
    fn insert(&mut self, cidr: Cidr, tentative: bool) {
        let next = self.order.last_key_value().map_or(0, |(place, _)| place + 1);
        let held = self.held.entry(cidr).or_insert(Held { place: next, tentative });
        held.tentative = tentative;
        self.order.insert(held.place, cidr.address);
    }

    fn remove(&mut self, cidr: Cidr) {
        if let Some(held) = self.held.remove(&cidr) {
            self.order.remove(&held.place);
        }
    }

    /// With whatever prefix.
    fn of(&self, address: IpAddr) -> impl Iterator<Item = Held> {
        let any = |prefix| Cidr { address, prefix };
        self.held.range(any(0)..=any(u8::MAX)).map(|(_, held)| *held)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.of(address).next().is_some()
    }
}

/// The address that adverts are sent from where none is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Sources {
    v4: Option<IpAddr>,
    v6: Option<IpAddr>,
}

impl Sources {
    fn of(&mut self, family: Family) -> &mut Option<IpAddr> {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

/// What a message of the kernel changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    Appeared,
    Up,
    Down,
    /// The link has another name: the old one is gone (VR-189).
    Renamed {
        old: InterfaceName,
    },
    /// Another MAC address, MTU or flag.
    Other,
}

impl Host {
    /// Says which addresses are never a source; call it once at the start and at each reload.
    pub fn set_virtual_addresses(&mut self, model: &Vrrp) {
        self.virtual_addresses.clear();
        self.virtual_interfaces = model.devices.iter().map(|one| (one.name.clone(), one.base.clone())).collect();
        for instance in &model.instances {
            let addresses = || instance.virtual_addresses.iter().chain(&instance.excluded_addresses);
            let names: BTreeSet<&InterfaceName> = addresses()
                .filter_map(|address| address.interface.as_ref())
                .chain(&instance.interface)
                .chain(&instance.device)
                .collect();
            for name in names {
                self.virtual_addresses.extend(addresses().map(|address| (name.clone(), address.cidr.address)));
            }
        }
        let virtual_addresses = &self.virtual_addresses;
        for interface in self.interfaces.values_mut() {
            for family in [Family::V4, Family::V6] {
                let kept = *interface.sources.of(family);
                let kept = kept.filter(|source| interface.is_source(*source, virtual_addresses));
                *interface.sources.of(family) = kept.or_else(|| interface.candidates(family, virtual_addresses).next());
            }
        }
    }

    pub fn index(&self, name: &InterfaceName) -> Option<InterfaceIndex> {
        self.names.get(name).copied()
    }

    pub fn is_virtual(&self, name: &InterfaceName) -> bool {
        self.virtual_interfaces.contains_key(name)
    }

    /// The interface whose cable this one uses: the one below it if we made it.
    pub fn physical<'a>(&'a self, name: &'a InterfaceName) -> &'a InterfaceName {
        self.virtual_interfaces.get(name).unwrap_or(name)
    }

    pub fn link(&self, index: InterfaceIndex) -> Option<&Link> {
        self.interfaces.get(&index).map(|interface| &interface.link)
    }

    pub fn is_up(&self, name: &InterfaceName) -> bool {
        self.index(name).and_then(|index| self.link(index)).is_some_and(|link| link.up)
    }

    /// Where `address` belongs, when its interface exists.
    pub fn place(&self, address: &VirtualAddress) -> Option<InterfaceIndex> {
        self.index(address.interface.as_ref()?)
    }

    /// The address that adverts leave from on this interface (VR-26, VR-33, VR-34).
    pub fn source(&self, name: &InterfaceName, family: Family) -> Option<IpAddr> {
        let sources = &self.interfaces.get(&self.index(name)?)?.sources;
        match family {
            Family::V4 => sources.v4,
            Family::V6 => sources.v6,
        }
    }

    /// Is this address on this interface, as far as the kernel told?
    pub fn has(&self, index: InterfaceIndex, address: IpAddr) -> bool {
        self.interfaces.get(&index).is_some_and(|interface| interface.addresses.has(address))
    }

    /// Takes in what the kernel says of a link.
    pub fn link_told(&mut self, link: Link) -> Change {
        // The name moved here from another link that we were not yet told of.
        if let Some(other) = self.names.get(&link.name).copied().filter(|other| *other != link.index) {
            self.interfaces.remove(&other);
        }
        let (index, name, up) = (link.index, link.name.clone(), link.up);
        let Some(interface) = self.interfaces.get_mut(&index) else {
            self.names.insert(name, index);
            let (addresses, sources) = Default::default();
            self.interfaces.insert(index, Interface { link, addresses, sources });
            return Change::Appeared;
        };
        let old = std::mem::replace(&mut interface.link, link);
        if old == interface.link {
            return Change::Nothing;
        }
        if old.name != name {
            self.names.remove(&old.name);
            self.names.insert(name, index);
            interface.sources = Sources::default();
            for family in [Family::V4, Family::V6] {
                let first = interface.candidates(family, &self.virtual_addresses).next();
                *interface.sources.of(family) = first;
            }
            return Change::Renamed { old: old.name };
        }
        match (old.up, up) {
            (false, true) => Change::Up,
            (true, false) => Change::Down,
            (true, true) | (false, false) => Change::Other,
        }
    }

    /// The link and its addresses are no more; its name, if it was known.
    pub fn link_gone(&mut self, index: InterfaceIndex) -> Option<InterfaceName> {
        let name = self.interfaces.remove(&index)?.link.name;
        self.names.remove(&name);
        Some(name)
    }

    /// Takes in an address; true when it became the source (VR-209).
    pub fn address_told(&mut self, address: &HostAddress) -> bool {
        let Some(interface) = self.interfaces.get_mut(&address.index) else { return false };
        interface.addresses.insert(address.cidr, address.tentative);
        let family = Family::of(address.cidr.address);
        if interface.sources.of(family).is_some() || !interface.is_source(address.cidr.address, &self.virtual_addresses)
        {
            return false;
        }
        *interface.sources.of(family) = Some(address.cidr.address);
        true
    }

    /// An address is no more; true when it was the source. The last of the others takes its place (VR-209).
    pub fn address_gone(&mut self, address: &HostAddress) -> bool {
        let Some(interface) = self.interfaces.get_mut(&address.index) else { return false };
        interface.addresses.remove(address.cidr);
        let family = Family::of(address.cidr.address);
        let still_there = interface.addresses.has(address.cidr.address);
        if *interface.sources.of(family) != Some(address.cidr.address) || still_there {
            return false;
        }
        let last = interface.candidates(family, &self.virtual_addresses).next_back();
        *interface.sources.of(family) = last;
        true
    }
}

impl Interface {
    /// May adverts be sent from this address of ours? Not while duplicate address detection runs (VR-208); of
    /// IPv6 only link-local ones (VR-34).
    fn is_source(&self, address: IpAddr, virtual_addresses: &BTreeSet<(InterfaceName, IpAddr)>) -> bool {
        let settled = self.addresses.of(address).any(|held| !held.tentative);
        let scope = match address {
            IpAddr::V4(_) => true,
            IpAddr::V6(address) => is_link_local(address),
        };
        settled && scope && !virtual_addresses.contains(&(self.link.name.clone(), address))
    }

    fn candidates(
        &self,
        family: Family,
        virtual_addresses: &BTreeSet<(InterfaceName, IpAddr)>,
    ) -> impl DoubleEndedIterator<Item = IpAddr> {
        let in_order = self.addresses.order.values().copied();
        in_order.filter(move |address| Family::of(*address) == family && self.is_source(*address, virtual_addresses))
    }
}

/// fe80::/10 (RFC 4291 section 2.5.6).
pub fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests;
