//! Any route and any rule, written as a message for the kernel and read again.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::{Cidr, Family, InterfaceIndex};
use keepalived_rs::kernel::{route, rule};
use keepalived_rs::model::route::{
    Action, Encap, Insertion, Metric, Metrics, NextHop, PROTOCOL, Realms, Route, RoutePlacement, Rule, Tunnel, network,
};
use netlink_packet_core::{Emitable, Parseable};
use netlink_packet_route::route::{RouteAttribute, RouteMessage};
use proptest::prelude::*;

fn address(family: Family) -> BoxedStrategy<IpAddr> {
    match family {
        Family::V4 => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))).boxed(),
        Family::V6 => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))).boxed(),
    }
}

fn prefix(family: Family) -> BoxedStrategy<Cidr> {
    (address(family), 0..=family.bits()).prop_map(|(address, prefix)| Cidr { address, prefix }).boxed()
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

fn name() -> impl Strategy<Value = InterfaceName> {
    "[a-z][a-z0-9.]{0,14}".prop_map(|name| InterfaceName::new(&name))
}

fn realms() -> impl Strategy<Value = Realms> {
    (0..256u16, 1..256u16).prop_map(|(source, destination)| Realms { source, destination })
}

fn encap() -> impl Strategy<Value = Encap> {
    let parts = || {
        let (id, tos) = (any::<Option<u64>>(), any::<Option<u8>>());
        (id, tos, any::<Option<u8>>(), any::<Option<u16>>(), any::<Option<u128>>(), any::<Option<u128>>())
    };
    prop_oneof![
        parts().prop_map(|(id, tos, ttl, flags, to, from)| {
            let v4 = |bits: u128| Ipv4Addr::from_bits(bits as u32);
            Encap::Ip(Tunnel { id, destination: to.map(v4), source: from.map(v4), tos, ttl, flags })
        }),
        parts().prop_map(|(id, tos, ttl, flags, to, from)| {
            let v6 = Ipv6Addr::from_bits;
            Encap::Ip6(Tunnel { id, destination: to.map(v6), source: from.map(v6), tos, ttl, flags })
        }),
        prop::collection::vec(0..1u32 << 20, 1..3).prop_map(Encap::Mpls),
        any::<[u8; 8]>().prop_map(Encap::Ila),
    ]
}

fn metrics() -> impl Strategy<Value = Metrics> {
    let metric = prop_oneof![
        Just(Metric::Mtu),
        Just(Metric::Window),
        Just(Metric::Rtt),
        Just(Metric::RttVariance),
        Just(Metric::SlowStartThreshold),
        Just(Metric::CongestionWindow),
        Just(Metric::AdvertisedMss),
        Just(Metric::Reordering),
        Just(Metric::HopLimit),
        Just(Metric::InitialCongestionWindow),
        Just(Metric::Features),
        Just(Metric::MinimumRto),
        Just(Metric::InitialReceiveWindow),
        Just(Metric::QuickAck),
        Just(Metric::FastOpenNoCookie),
    ];
    let values = prop::collection::btree_map(metric, any::<u32>(), 0..6);
    (values, prop::option::of("[a-z]{1,8}"), any::<u16>()).prop_map(
        |(values, congestion_control, locked): (BTreeMap<Metric, u32>, _, _)| Metrics {
            values,
            congestion_control,
            locked: u32::from(locked),
        },
    )
}

fn hop(family: Family) -> impl Strategy<Value = NextHop> {
    let parts = (prop::option::of(address(family)), prop::option::of(name()), prop::option::of(1..=256u16));
    (parts, any::<bool>(), prop::option::of(encap()), prop::option::of(realms())).prop_map(
        |((gateway, interface, weight), onlink, encap, realms)| NextHop {
            gateway,
            interface,
            weight,
            onlink,
            encap,
            realms,
        },
    )
}

fn any_route() -> impl Strategy<Value = RoutePlacement> {
    family().prop_flat_map(|family| {
        let ends = (prefix(family), prop::option::of(prefix(Family::V6)), prop::option::of(address(family)));
        // 5, multicast: the reading library wants other expiry times there.
        let kind = (1..12u8).prop_filter("multicast", |kind| *kind != 5);
        let numbers = (kind, any::<bool>(), any::<u8>(), 1..=u32::MAX, any::<u8>(), any::<Option<u8>>());
        let more =
            (any::<Option<u32>>(), any::<bool>(), any::<Option<u32>>(), any::<Option<u8>>(), any::<Option<bool>>());
        let parts = (prop::option::of(encap()), prop::option::of(realms()), metrics());
        let hops = prop::collection::vec(hop(family), 0..3);
        let insertion = prop_oneof![Just(Insertion::Add), Just(Insertion::Prepend), Just(Insertion::Append)];
        let way = (prop::option::of(address(family)), prop::option::of(name()), hops, insertion);
        (ends, numbers, more, parts, way).prop_map(move |(ends, numbers, more, parts, way)| {
            let ((destination, source, preferred_source), (kind, kind_given, tos, table, protocol, scope)) =
                (ends, numbers);
            let ((metric, onlink, expires, preference, ttl_propagate), (encap, realms, metrics)) = (more, parts);
            let (gateway, interface, mut nexthops, insertion) = way;
            // The reading library takes the tunnel of a way for one of the route's kind.
            if encap.is_some() {
                nexthops.iter_mut().for_each(|hop: &mut NextHop| hop.encap = None);
            }
            let index = interface.as_ref().map(|_| InterfaceIndex(7));
            let hops = nexthops.iter().map(|hop| hop.interface.as_ref().map(|_| InterfaceIndex(9))).collect();
            let route = Route {
                destination: network(destination),
                kind,
                kind_given,
                source: source.filter(|_| family == Family::V6),
                preferred_source,
                tos,
                table,
                protocol,
                scope,
                metric,
                gateway,
                interface,
                onlink,
                encap,
                expires,
                realms,
                metrics,
                preference,
                ttl_propagate,
                nexthops,
                insertion,
                no_track: false,
            };
            RoutePlacement { route: Arc::new(route), index, hops }
        })
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    family().prop_flat_map(|family| {
        let end = || prop::option::of(prefix(family).prop_filter("any is none", |cidr| cidr.prefix != 0));
        let action = prop_oneof![
            (1..=u32::MAX).prop_map(Action::Table),
            Just(Action::L3mdev),
            any::<u32>().prop_map(Action::Goto),
            Just(Action::Nop),
            Just(Action::Blackhole),
            Just(Action::Unreachable),
            Just(Action::Prohibit),
        ];
        let select = (any::<bool>(), end(), end(), any::<u32>(), any::<u8>());
        let marks = (prop::option::of(1..=u32::MAX), prop::option::of(1..=u32::MAX), prop::option::of(realms()));
        let suppress = (prop::option::of(0..1u32 << 31), prop::option::of(0..1u32 << 31));
        let names = (prop::option::of(name()), prop::option::of(name()));
        let rest = (any::<Option<u64>>(), any::<Option<(u32, u32)>>(), any::<u8>(), any::<Option<u8>>());
        let ports = (any::<Option<(u16, u16)>>(), any::<Option<(u16, u16)>>());
        (select, marks, suppress, names, rest, ports, action).prop_map(
            move |(select, marks, suppress, names, rest, ports, action)| Rule {
                family,
                invert: select.0,
                from: select.1,
                to: select.2,
                priority: select.3,
                tos: select.4,
                mark: marks.0,
                mask: marks.0.and(marks.1),
                realms: marks.2,
                suppress_prefix_length: suppress.0,
                suppress_group: suppress.1,
                input: names.0,
                output: names.1,
                tunnel: rest.0,
                users: rest.1,
                protocol: Some(rest.2),
                ip_protocol: rest.3,
                source_ports: ports.0,
                destination_ports: ports.1,
                action,
                no_track: false,
            },
        )
    })
}

fn bytes(message: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// VR-258: nothing of a route is lost on the way to the kernel, and what the kernel tells of it is known again.
    #[test]
    fn routes_survive(place in any_route()) {
        let message = route::addition(&place);
        let written = bytes(&message);
        let read = RouteMessage::parse(&written).unwrap();
        prop_assert_eq!(bytes(&read), written.clone());
        // Within a way of several the reading library leaves a tunnel as bytes.
        if place.route.nexthops.iter().all(|hop| hop.encap.is_none()) {
            prop_assert_eq!(&read, &message);
        }
        let removal = bytes(&route::removal(&place));
        prop_assert_eq!(bytes(&RouteMessage::parse(&removal).unwrap()), removal);
        let route = &place.route;
        let one = |wanted: fn(&RouteAttribute) -> bool| message.attributes.iter().filter(|it| wanted(it)).count();
        let count = usize::from;
        prop_assert_eq!(one(|it| matches!(it, RouteAttribute::Gateway(_))), count(route.gateway.is_some()));
        prop_assert_eq!(one(|it| matches!(it, RouteAttribute::Oif(7))), count(place.index.is_some()));
        prop_assert_eq!(one(|it| matches!(it, RouteAttribute::Priority(_))), count(route.metric.is_some()));
        prop_assert_eq!(one(|it| matches!(it, RouteAttribute::Table(_))), count(route.table > 255));
        prop_assert_eq!(one(|it| matches!(it, RouteAttribute::EncapType(_))), count(route.encap.is_some()));
        let hops = message.attributes.iter().find_map(|it| match it {
            RouteAttribute::MultiPath(hops) => Some(hops.len()),
            _ => None,
        });
        prop_assert_eq!(hops.unwrap_or(0), route.nexthops.len());
        match route::parse(&written) {
            Some(told) => prop_assert!(route.protocol == PROTOCOL && place.is(&told), "{told:?}"),
            None => prop_assert!(route.protocol != PROTOCOL),
        }
    }

    /// VR-259: a rule that the kernel tells of is read as the rule that was set.
    #[test]
    fn rules_survive(one in any_rule()) {
        let read = rule::parse(&bytes(&rule::message(&one))).unwrap();
        // What the kernel adds: a mark without a mask is compared as a whole.
        prop_assert_eq!(read.as_told(), one.as_told());
        prop_assert_eq!(read.no_track, false);
    }

    /// Any bytes as a notification: no panic.
    #[test]
    fn any_bytes(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (route::parse(&payload), rule::parse(&payload));
    }
}
