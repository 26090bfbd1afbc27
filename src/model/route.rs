//! Routes, routing rules, and what of them stands whatever the virtual routers do.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::base::name::{InterfaceName, TrackGroupName};
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::model::host::Placement;
use crate::model::vrrp::{InstanceId, VirtualAddress, Vrrp};

/// RTPROT_KEEPALIVED (linux/rtnetlink.h): whose routes and rules these are (VR-258).
pub const PROTOCOL: u8 = 18;
/// RT_TABLE_MAIN.
pub const MAIN_TABLE: u32 = 254;
/// RTN_UNICAST.
pub const UNICAST: u8 = 1;
/// Kinds of routes by name (RTN_*, linux/rtnetlink.h); the first name of a number is the one that is shown.
pub const KINDS: [(&str, u8); 12] = [
    ("local", 2),
    ("nat", 10),
    ("broadcast", 3),
    ("brd", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("prohibit", 8),
    ("unreachable", 7),
    ("blackhole", 6),
    ("xresolve", 11),
    ("unicast", UNICAST),
    ("throw", 9),
];

/// One line of `virtual_routes` or `static_routes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// `default` has prefix length 0.
    pub destination: Cidr,
    /// RTN_*.
    pub kind: u8,
    /// Whether the kind was given: only then is it named when the route is removed.
    pub kind_given: bool,
    /// `from`: IPv6 only.
    pub source: Option<Cidr>,
    /// `src`.
    pub preferred_source: Option<IpAddr>,
    pub tos: u8,
    /// 1..; 254 is the main table.
    pub table: u32,
    /// RTPROT_*; always 18 when tracked (VR-260).
    pub protocol: u8,
    /// RT_SCOPE_*, if given.
    pub scope: Option<u8>,
    pub metric: Option<u32>,
    /// `via`; of the other family only as the second one of an `or`.
    pub gateway: Option<IpAddr>,
    /// `dev`.
    pub interface: Option<InterfaceName>,
    pub onlink: bool,
    pub encap: Option<Encap>,
    /// Seconds; IPv6 only.
    pub expires: Option<u32>,
    pub realms: Option<Realms>,
    pub metrics: Metrics,
    /// `pref` (RFC 4191): 0 medium, 1 high, 3 low; IPv6 only.
    pub preference: Option<u8>,
    /// `ttl-propagate`.
    pub ttl_propagate: Option<bool>,
    pub nexthops: Vec<NextHop>,
    pub insertion: Insertion,
    /// Its removal by others and its interface are not watched.
    pub no_track: bool,
}

/// How a route is put among those with the same destination (VR-258).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Insertion {
    /// Refused when there is one already.
    Add,
    #[default]
    Prepend,
    Append,
}

/// Numbers of realms, IPv4 only. Zero: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realms {
    pub source: u16,
    pub destination: u16,
}

/// One way of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NextHop {
    pub gateway: Option<IpAddr>,
    pub interface: Option<InterfaceName>,
    /// 1..=256, if given.
    pub weight: Option<u16>,
    pub onlink: bool,
    pub encap: Option<Encap>,
    pub realms: Option<Realms>,
}

/// A light tunnel that packets of a route go into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Encap {
    Ip(Tunnel<Ipv4Addr>),
    Ip6(Tunnel<Ipv6Addr>),
    /// Labels of 20 bits, outermost first; never empty.
    Mpls(Vec<u32>),
    /// The locator, as it travels.
    Ila([u8; 8]),
}

/// The outer header of an IP tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tunnel<Address> {
    pub id: Option<u64>,
    pub destination: Option<Address>,
    pub source: Option<Address>,
    /// TOS or traffic class.
    pub tos: Option<u8>,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    pub flags: Option<u16>,
}

impl<Address> Default for Tunnel<Address> {
    fn default() -> Self {
        Tunnel { id: None, destination: None, source: None, tos: None, ttl: None, flags: None }
    }
}

/// What the kernel is told about the way: RTAX_* of linux/rtnetlink.h.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metrics {
    pub values: BTreeMap<Metric, u32>,
    /// `congctl`.
    pub congestion_control: Option<String>,
    /// A bit `1 << RTAX_*` for each that the kernel must not change.
    pub locked: u32,
}

/// The number is RTAX_* (linux/rtnetlink.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Metric {
    Mtu = 2,
    Window = 3,
    /// In eighths of a millisecond.
    Rtt = 4,
    /// In quarters of a millisecond.
    RttVariance = 5,
    SlowStartThreshold = 6,
    CongestionWindow = 7,
    AdvertisedMss = 8,
    Reordering = 9,
    HopLimit = 10,
    InitialCongestionWindow = 11,
    /// RTAX_FEATURE_*: bit 0 is ECN.
    Features = 12,
    /// In milliseconds.
    MinimumRto = 13,
    InitialReceiveWindow = 14,
    QuickAck = 15,
    FastOpenNoCookie = 17,
}

/// RTAX_CC_ALGO, for the lock bit.
pub const CONGESTION_CONTROL: u8 = 16;

impl Metrics {
    pub fn is_locked(&self, number: u8) -> bool {
        self.locked & (1 << number) != 0
    }
}

/// One line of `virtual_rules` or `static_rules`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    pub family: Family,
    /// `not`.
    pub invert: bool,
    /// `None`: from anywhere.
    pub from: Option<Cidr>,
    pub to: Option<Cidr>,
    /// Always there: counted down from 16384 where none is given (VR-259).
    pub priority: u32,
    pub tos: u8,
    pub mark: Option<u32>,
    pub mask: Option<u32>,
    pub realms: Option<Realms>,
    pub suppress_prefix_length: Option<u32>,
    pub suppress_group: Option<u32>,
    /// `iif`.
    pub input: Option<InterfaceName>,
    pub output: Option<InterfaceName>,
    pub tunnel: Option<u64>,
    /// First and last.
    pub users: Option<(u32, u32)>,
    /// RTPROT_*, if given; always 18 when tracked.
    pub protocol: Option<u8>,
    /// IPPROTO_*.
    pub ip_protocol: Option<u8>,
    /// First and last.
    pub source_ports: Option<(u16, u16)>,
    pub destination_ports: Option<(u16, u16)>,
    pub action: Action,
    /// Its removal by others and its interfaces are not watched.
    pub no_track: bool,
}

/// What a rule does with the packets that it selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Never 0.
    Table(u32),
    /// The table of the interface's L3 master (a VRF).
    L3mdev,
    Goto(u32),
    Nop,
    Blackhole,
    Unreachable,
    Prohibit,
}

impl Action {
    /// FR_ACT_* (linux/fib_rules.h).
    pub const fn number(self) -> u8 {
        match self {
            Action::Table(_) | Action::L3mdev => 1,
            Action::Goto(_) => 2,
            Action::Nop => 3,
            Action::Blackhole => 6,
            Action::Unreachable => 7,
            Action::Prohibit => 8,
        }
    }
}

impl Rule {
    /// As the kernel tells of it: what it fills in, and without what is not its to know.
    pub fn as_told(&self) -> Rule {
        let mark = self.mark.filter(|mark| *mark != 0);
        let usual = mark.map(|_| u32::MAX);
        Rule {
            mark,
            mask: self.mask.filter(|mask| *mask != 0).or(usual),
            protocol: Some(self.protocol.unwrap_or(0)),
            no_track: false,
            ..self.clone()
        }
    }
}

/// `static_ipaddress`, `static_routes` and `static_rules`: set at the start, removed at the stop (VR-263).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statics {
    pub addresses: Vec<Static<VirtualAddress>>,
    pub routes: Vec<Static<Route>>,
    pub rules: Vec<Static<Rule>>,
    pub groups: Vec<TrackGroup>,
}

impl Statics {
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.routes.is_empty() && self.rules.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Static<T> {
    pub item: Arc<T>,
    /// `track_group`: its instances are in Fault while the item's interface is down (VR-236).
    pub track_group: Option<TrackGroupName>,
}

/// A `track_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackGroup {
    pub name: TrackGroupName,
    /// Never empty.
    pub instances: Vec<InstanceId>,
}

/// A route on interfaces that are there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoutePlacement {
    pub route: Arc<Route>,
    pub index: Option<InterfaceIndex>,
    /// One for each nexthop.
    pub hops: Vec<Option<InterfaceIndex>>,
}

/// Something to set in the kernel or to take away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    Address(Placement),
    Route(RoutePlacement),
    Rule(Arc<Rule>),
}

/// Whose an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    Instance(InstanceId),
    Static,
}

/// What rtnetlink tells of a route with our protocol: enough to know ours again (VR-261).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostRoute {
    pub destination: Cidr,
    pub tos: u8,
    pub table: u32,
    pub metric: Option<u32>,
    pub index: Option<InterfaceIndex>,
}

/// Which routes and rules the kernel is to tell of: those of a family in which one is watched (VR-262). Of a host with a
/// million routes nobody wants to hear more than needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    pub routes4: bool,
    pub routes6: bool,
    pub rules4: bool,
    pub rules6: bool,
}

impl Follow {
    pub fn of(vrrp: &Vrrp) -> Follow {
        let mut follow = Follow::default();
        let routes = vrrp.instances.iter().flat_map(|instance| &instance.routes);
        let routes = routes.chain(vrrp.statics.routes.iter().map(|one| &one.item));
        for route in routes.filter(|route| !route.no_track) {
            match Family::of(route.destination.address) {
                Family::V4 => follow.routes4 = true,
                Family::V6 => follow.routes6 = true,
            }
        }
        let rules = vrrp.instances.iter().flat_map(|instance| &instance.rules);
        let rules = rules.chain(vrrp.statics.rules.iter().map(|one| &one.item));
        for rule in rules.filter(|rule| !rule.no_track) {
            match rule.family {
                Family::V4 => follow.rules4 = true,
                Family::V6 => follow.rules6 = true,
            }
        }
        follow
    }
}

impl RoutePlacement {
    /// What of a route the kernel tells routes apart by, and the interface where one is wanted.
    pub fn is(&self, told: &HostRoute) -> bool {
        let route = &self.route;
        let metric = |metric: Option<u32>| match (Family::of(route.destination.address), metric) {
            // What IPv6 makes of a metric that is not given or 0 (IP6_RT_PRIO_USER).
            (Family::V6, None | Some(0)) => 1024,
            (_, metric) => metric.unwrap_or(0),
        };
        told.destination == network(route.destination)
            && told.tos == route.tos
            && told.table == route.table
            && metric(told.metric) == metric(route.metric)
            && (self.index.is_none() || self.index == told.index)
    }
}

/// The address without its host bits.
pub fn network(cidr: Cidr) -> Cidr {
    let address = match cidr.address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::from(32u8.saturating_sub(cidr.prefix))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u32::from(128u8.saturating_sub(cidr.prefix))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    };
    Cidr { address, prefix: cidr.prefix }
}

mod show;
pub use show::{host_or_net, static_address};
