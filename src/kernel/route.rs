//! Routes as rtnetlink messages: RTM_NEWROUTE and RTM_DELROUTE written, and what the kernel tells of routes read.

use std::net::IpAddr;

use netlink_packet_core::{DefaultNla, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{
    MplsLabel, RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteIp6Tunnel, RouteIp6TunnelFlags,
    RouteIpTunnel, RouteIpTunnelFlags, RouteLwEnCapType, RouteLwTunnelEncap, RouteMessage, RouteMetric,
    RouteMplsIpTunnel, RouteMplsTtlPropagation, RouteNextHop, RouteNextHopFlags, RoutePreference, RouteProtocol,
    RouteRealm, RouteScope, RouteType, RouteVia,
};
use nix::libc;

use super::address::octets;
use super::link::{attributes_of, number};
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::model::route::{
    Encap, HostRoute, Insertion, Metric, Metrics, NextHop, PROTOCOL, Realms, Route, RoutePlacement, Tunnel,
};

/// RT_SCOPE_UNIVERSE and RT_SCOPE_NOWHERE.
const UNIVERSE: u8 = 0;
const NOWHERE: u8 = 255;
/// Tables from here on do not fit the header.
const LARGE_TABLE: u32 = 256;
/// ILA_ATTR_LOCATOR (linux/ila.h).
const ILA_LOCATOR: u16 = 1;
/// Bytes of struct rtmsg, and attributes of linux/rtnetlink.h.
const HEADER: usize = 12;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_PRIORITY: u16 = 6;
const RTA_TABLE: u16 = 15;

/// Flags of the request that adds a route (VR-258): without EXCL and APPEND the kernel puts it first.
pub fn flags(route: &Route) -> u16 {
    NLM_F_CREATE
        | match route.insertion {
            Insertion::Add => NLM_F_EXCL,
            Insertion::Append => NLM_F_APPEND,
            Insertion::Prepend => 0,
        }
}

/// RTM_NEWROUTE, the attributes in the original's order.
pub fn addition(place: &RoutePlacement) -> RouteMessage {
    let route = &place.route;
    let scope = route.scope.unwrap_or(UNIVERSE);
    message(place, scope, RouteType::from(route.kind))
}

/// RTM_DELROUTE: the scope is open unless it was given, and so is the kind (VR-258).
pub fn removal(place: &RoutePlacement) -> RouteMessage {
    let route = &place.route;
    let kind = if route.kind_given { RouteType::from(route.kind) } else { RouteType::from(0) };
    message(place, route.scope.unwrap_or(NOWHERE), kind)
}

fn message(place: &RoutePlacement, scope: u8, kind: RouteType) -> RouteMessage {
    let route = &place.route;
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: family(route.destination.address),
        destination_prefix_length: route.destination.prefix,
        source_prefix_length: route.source.map_or(0, |source| source.prefix),
        tos: route.tos,
        table: if route.table < LARGE_TABLE { route.table as u8 } else { RouteHeader::RT_TABLE_UNSPEC },
        protocol: RouteProtocol::from(route.protocol),
        scope: RouteScope::from(scope),
        kind,
        flags: if route.onlink { RouteFlags::Onlink } else { RouteFlags::empty() },
    };
    let attributes = &mut message.attributes;
    if route.table >= LARGE_TABLE {
        attributes.push(RouteAttribute::Table(route.table));
    }
    attributes.push(RouteAttribute::Destination(plain(route.destination.address)));
    attributes.extend(route.source.map(|source| RouteAttribute::Source(plain(source.address))));
    attributes.extend(route.preferred_source.map(|source| RouteAttribute::PrefSource(plain(source))));
    attributes.extend(route.gateway.map(|gateway| gateway_of(route, gateway)));
    attributes.extend(route.encap.as_ref().into_iter().flat_map(encap));
    attributes.extend(place.index.map(|index| RouteAttribute::Oif(index.0)));
    attributes.extend(route.metric.map(RouteAttribute::Priority));
    attributes.extend(route.realms.map(realms));
    attributes.extend(route.expires.map(RouteAttribute::Expires));
    attributes.extend(route.preference.map(|preference| RouteAttribute::Preference(RoutePreference::from(preference))));
    attributes.extend(
        route.ttl_propagate.map(|on| RouteAttribute::TtlPropagate(RouteMplsTtlPropagation::from(u8::from(on)))),
    );
    let metrics = metrics(&route.metrics);
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    if !route.nexthops.is_empty() {
        let hops = route.nexthops.iter().zip(&place.hops);
        attributes.push(RouteAttribute::MultiPath(hops.map(|(hop, index)| next_hop(route, hop, *index)).collect()));
    }
    message
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn plain(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(address) => RouteAddress::Inet(address),
        IpAddr::V6(address) => RouteAddress::Inet6(address),
    }
}

/// RTA_GATEWAY, or RTA_VIA where the gateway is of the other family.
fn gateway_of(route: &Route, gateway: IpAddr) -> RouteAttribute {
    match gateway {
        _ if Family::of(gateway) == Family::of(route.destination.address) => RouteAttribute::Gateway(plain(gateway)),
        IpAddr::V4(gateway) => RouteAttribute::Via(RouteVia::Inet(gateway)),
        IpAddr::V6(gateway) => RouteAttribute::Via(RouteVia::Inet6(gateway)),
    }
}

fn realms(realms: Realms) -> RouteAttribute {
    let Realms { source, destination } = realms;
    RouteAttribute::Realm(RouteRealm { source, destination })
}

fn next_hop(route: &Route, hop: &NextHop, index: Option<InterfaceIndex>) -> RouteNextHop {
    let mut next = RouteNextHop::default();
    next.flags = if hop.onlink { RouteNextHopFlags::Onlink } else { RouteNextHopFlags::empty() };
    // 1..=256 stand as 0..=255.
    next.hops = hop.weight.map_or(0, |weight| weight.saturating_sub(1) as u8);
    next.interface_index = index.map_or(0, |index| index.0);
    next.attributes.extend(hop.gateway.map(|gateway| gateway_of(route, gateway)));
    next.attributes.extend(hop.realms.map(realms));
    next.attributes.extend(hop.encap.as_ref().into_iter().flat_map(encap));
    next
}

/// RTA_ENCAP and RTA_ENCAP_TYPE.
fn encap(encap: &Encap) -> [RouteAttribute; 2] {
    let (kind, parts) = match encap {
        Encap::Ip(Tunnel { id, destination, source, tos, ttl, flags }) => {
            let flags = flags.map(RouteIpTunnelFlags::from_bits_retain);
            let parts = [
                id.map(RouteIpTunnel::Id),
                destination.map(RouteIpTunnel::Destination),
                source.map(RouteIpTunnel::Source),
                tos.map(RouteIpTunnel::Tos),
                ttl.map(RouteIpTunnel::Ttl),
                flags.map(RouteIpTunnel::Flags),
            ];
            (RouteLwEnCapType::Ip, parts.into_iter().flatten().map(RouteLwTunnelEncap::Ip).collect())
        }
        Encap::Ip6(Tunnel { id, destination, source, tos, ttl, flags }) => {
            let flags = flags.map(RouteIp6TunnelFlags::from_bits_retain);
            let parts = [
                id.map(RouteIp6Tunnel::Id),
                destination.map(RouteIp6Tunnel::Destination),
                source.map(RouteIp6Tunnel::Source),
                tos.map(RouteIp6Tunnel::Tc),
                ttl.map(RouteIp6Tunnel::Hoplimit),
                flags.map(RouteIp6Tunnel::Flags),
            ];
            (RouteLwEnCapType::Ip6, parts.into_iter().flatten().map(RouteLwTunnelEncap::Ip6).collect())
        }
        Encap::Mpls(labels) => {
            let label = |(at, label): (usize, &u32)| MplsLabel {
                label: *label,
                traffic_class: 0,
                bottom_of_stack: at + 1 == labels.len(),
                ttl: 0,
            };
            let stack = labels.iter().enumerate().map(label).collect();
            (RouteLwEnCapType::Mpls, vec![RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Destination(stack))])
        }
        Encap::Ila(locator) => {
            let locator = DefaultNla::new(ILA_LOCATOR, locator.to_vec());
            (RouteLwEnCapType::Ila, vec![RouteLwTunnelEncap::Other(locator)])
        }
    };
    [RouteAttribute::Encap(parts), RouteAttribute::EncapType(kind)]
}

/// The lock bits count only beside a value, as with the original.
fn metrics(metrics: &Metrics) -> Vec<RouteMetric> {
    let mut all: Vec<RouteMetric> = metrics.congestion_control.clone().map(RouteMetric::CcAlgo).into_iter().collect();
    all.extend(metrics.values.iter().map(|(metric, value)| {
        (match metric {
            Metric::Mtu => RouteMetric::Mtu,
            Metric::Window => RouteMetric::Window,
            Metric::Rtt => RouteMetric::Rtt,
            Metric::RttVariance => RouteMetric::RttVar,
            Metric::SlowStartThreshold => RouteMetric::SsThresh,
            Metric::CongestionWindow => RouteMetric::Cwnd,
            Metric::AdvertisedMss => RouteMetric::Advmss,
            Metric::Reordering => RouteMetric::Reordering,
            Metric::HopLimit => RouteMetric::Hoplimit,
            Metric::InitialCongestionWindow => RouteMetric::InitCwnd,
            Metric::Features => RouteMetric::Features,
            Metric::MinimumRto => RouteMetric::RtoMin,
            Metric::InitialReceiveWindow => RouteMetric::InitRwnd,
            Metric::QuickAck => RouteMetric::QuickAck,
            Metric::FastOpenNoCookie => RouteMetric::FastopenNoCookie,
        })(*value)
    }));
    if !all.is_empty() && metrics.locked != 0 {
        all.push(RouteMetric::Lock(metrics.locked));
    }
    all
}

/// Reads the payload of RTM_NEWROUTE or RTM_DELROUTE; `None` when the route is not of our protocol.
pub fn parse(payload: &[u8]) -> Option<HostRoute> {
    let (header, rest) = payload.split_first_chunk::<HEADER>()?;
    let [family, prefix, _, tos, table, protocol, ..] = *header;
    if protocol != PROTOCOL {
        return None;
    }
    let unspecified: IpAddr = match i32::from(family) {
        libc::AF_INET => IpAddr::from([0u8; 4]),
        libc::AF_INET6 => IpAddr::from([0u8; 16]),
        _ => return None,
    };
    let mut route = HostRoute {
        destination: Cidr { address: unspecified, prefix },
        tos,
        table: u32::from(table),
        metric: None,
        index: None,
    };
    for attribute in attributes_of(rest) {
        match (attribute.kind(), attribute.value()) {
            (RTA_DST, value) => route.destination.address = octets(family, value)?,
            (RTA_OIF, value) => route.index = number(value, 0).map(InterfaceIndex),
            (RTA_PRIORITY, value) => route.metric = number(value, 0),
            (RTA_TABLE, value) => route.table = number(value, 0)?,
            _ => {}
        }
    }
    Some(route)
}
