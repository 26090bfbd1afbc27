//! This host as rtnetlink tells of it: links, addresses, and where an address is to be put.

use std::sync::Arc;

use crate::base::name::InterfaceName;
use crate::base::net::{Cidr, Infiniband, InterfaceIndex, MacAddress};
use crate::model::device::IpvlanFlag;
use crate::model::vrrp::VirtualAddress;

/// What rtnetlink says of a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    pub index: InterfaceIndex,
    pub name: InterfaceName,
    /// IFF_UP and IFF_RUNNING (VR-181).
    pub up: bool,
    /// IFF_*, for the log.
    pub flags: u32,
    pub multicast: bool,
    /// IFF_NOARP: nothing is announced on it (VR-167).
    pub no_arp: bool,
    pub loopback: bool,
    /// `None` when it has none of 6 bytes.
    pub mac: Option<MacAddress>,
    /// What it has instead on InfiniBand (VR-165).
    pub infiniband: Option<Infiniband>,
    pub mtu: u32,
    /// net.ipv4.conf.IF.promote_secondaries when it was last told of (VR-207).
    pub promote_secondaries: bool,
    /// net.ipv6.conf.IF.forwarding, for the Router flag (VR-166).
    pub forwarding6: bool,
}

/// What a link is made of, for those who make links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkNature {
    pub link: Link,
    pub kind: LinkKind,
    /// IFLA_LINK: the link below, in this network namespace.
    pub base: Option<InterfaceIndex>,
    /// IFLA_GROUP.
    pub group: u32,
    /// IFLA_MASTER: a bridge, a bond or a VRF.
    pub master: Option<InterfaceIndex>,
    /// ARPHRD_ETHER.
    pub ethernet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    Macvlan {
        private: bool,
    },
    Ipvlan {
        l2: bool,
        flag: IpvlanFlag,
    },
    Vrf {
        /// Its routing table.
        table: u32,
    },
    Other,
}

/// An address on an interface of this host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostAddress {
    pub index: InterfaceIndex,
    pub cidr: Cidr,
    /// RT_SCOPE_*.
    pub scope: u8,
    /// Duplicate address detection still runs (VR-208).
    pub tentative: bool,
}

/// An address to set or remove, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    pub index: InterfaceIndex,
    pub address: Arc<VirtualAddress>,
}
