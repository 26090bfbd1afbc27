//! Virtual interfaces that virtual routers run on, and the firewall that goes with them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::name::{InstanceName, InterfaceName, Vrid};
use crate::base::net::{Cidr, Family, InterfaceIndex, MacAddress};

/// A macvlan or ipvlan that is made for a virtual router (`use_vmac`, `use_ipvlan`) or for one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// At most 15 bytes; no other device has it (VR-194).
    pub name: InterfaceName,
    /// The interface below.
    pub base: InterfaceName,
    pub kind: DeviceKind,
    /// Of the instance, or of the address that it was made for.
    pub family: Family,
    /// An IPv4 device that carries IPv6 addresses too (VR-197).
    pub ipv6: bool,
    /// Where adverts over IPv6 leave from (VR-200).
    pub link_local: LinkLocal,
    /// Interface group; `None`: that of the base (VR-196).
    pub group: Option<u32>,
    /// `netlink_notify_msg`: the base is touched so that the kernel tells of it (VR-196).
    pub notify: bool,
    /// Whose it is, for the log.
    pub owner: InstanceName,
}

impl Device {
    /// Whether IPv6 works on it.
    pub fn has_ipv6(&self) -> bool {
        self.family == Family::V6 || self.ipv6
    }

    pub fn mac(&self) -> Option<MacAddress> {
        match self.kind {
            DeviceKind::Macvlan { mac } => Some(mac),
            DeviceKind::Ipvlan { .. } => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// In mode private (VR-193).
    Macvlan { mac: MacAddress },
    /// In mode L2 (VR-206).
    Ipvlan { flag: IpvlanFlag, address: Option<Cidr> },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpvlanFlag {
    #[default]
    Bridge,
    Private,
    Vepa,
}

/// The link-local address of a macvlan that adverts are sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkLocal {
    /// It sends no adverts over IPv6.
    Unused,
    /// That of the base, else one made of the base's MAC address.
    OfBase,
    Configured(Ipv6Addr),
}

/// The virtual router MAC address (RFC 9568 section 7.3).
pub const fn virtual_mac(family: Family, vrid: Vrid) -> MacAddress {
    let kind = match family {
        Family::V4 => 1,
        Family::V6 => 2,
    };
    MacAddress([0, 0, 0x5e, 0, kind, vrid.get()])
}

/// The link-local address of an interface with this MAC address (RFC 4291 appendix A).
pub fn modified_eui64(mac: MacAddress) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.0;
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

/// A table of ours in the families that need one (VR-265).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// `nftables`, at most 31 bytes.
    pub table: String,
    /// `nftables_priority`.
    pub priority: i32,
    /// `nftables_counters`.
    pub counters: bool,
    /// Families of which an instance drops packets to its addresses (VR-264).
    pub drops: Families,
    /// Families whose membership reports are sent by the base (VR-267).
    pub reports: Families,
    /// Link-local addresses are matched by the interface's index, by its name (VR-265).
    pub link_local: LinkLocalMatch,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

impl Families {
    pub const fn any(self) -> bool {
        self.v4 || self.v6
    }

    pub const fn has(self, family: Family) -> bool {
        match family {
            Family::V4 => self.v4,
            Family::V6 => self.v6,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkLocalMatch {
    pub index: bool,
    pub name: bool,
}

/// An address to and from which packets are dropped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Barred {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    LinkLocal { address: Ipv6Addr, index: InterfaceIndex },
    LinkLocalNamed { address: Ipv6Addr, name: InterfaceName },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VR-193, RFC 9568 section 7.3.
    #[test]
    fn virtual_macs_hold_family_and_vrid() {
        let vrid = Vrid::new(51).unwrap();
        assert_eq!(virtual_mac(Family::V4, vrid).to_string(), "00:00:5e:00:01:33");
        assert_eq!(virtual_mac(Family::V6, vrid).to_string(), "00:00:5e:00:02:33");
    }

    /// The example of RFC 4291 appendix A: 34-56-78-9A-BC-DE.
    #[test]
    fn a_link_local_address_is_made_of_a_mac() {
        let mac = MacAddress([0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]);
        assert_eq!(modified_eui64(mac).to_string(), "fe80::3656:78ff:fe9a:bcde");
    }
}
