//! The requests for one item of each kind, byte for byte where the original's order matters.

use std::sync::Arc;

use netlink_packet_core::Emitable;

use super::*;
use crate::base::name::InterfaceName;
use crate::base::net::{Cidr, Family};
use crate::model::route::{
    Action, Encap, Insertion, Metric, Metrics, NextHop, Realms, Route, RoutePlacement, Rule, Tunnel,
};

fn cidr(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').unwrap();
    Cidr { address: address.parse().unwrap(), prefix: prefix.parse().unwrap() }
}

fn plain(destination: &str) -> Route {
    Route {
        destination: cidr(destination),
        kind: 1,
        kind_given: false,
        source: None,
        preferred_source: None,
        tos: 0,
        table: 254,
        protocol: 18,
        scope: None,
        metric: None,
        gateway: None,
        interface: None,
        onlink: false,
        encap: None,
        expires: None,
        realms: None,
        metrics: Metrics::default(),
        preference: None,
        ttl_propagate: None,
        nexthops: Vec::new(),
        insertion: Insertion::Prepend,
        no_track: false,
    }
}

fn at(route: Route, index: Option<u32>) -> RoutePlacement {
    let hops = vec![Some(InterfaceIndex(9)); route.nexthops.len()];
    RoutePlacement { route: Arc::new(route), index: index.map(InterfaceIndex), hops }
}

fn bytes(message: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

fn kinds(bytes: &[u8]) -> Vec<u16> {
    crate::kernel::link::attributes_of(&bytes[12..]).map(|attribute| attribute.kind()).collect()
}

/// VR-258: header, flags and the order of the attributes; a table above 255 and a gateway of the other family stand in
/// attributes of their own.
#[test]
fn routes() {
    let full = Route {
        preferred_source: Some("10.1.1.9".parse().unwrap()),
        tos: 4,
        table: 1000,
        scope: Some(253),
        metric: Some(7),
        gateway: Some("fe80::1".parse().unwrap()),
        onlink: true,
        encap: Some(Encap::Ip(Tunnel { id: Some(7), ..Tunnel::default() })),
        realms: Some(Realms { source: 5, destination: 6 }),
        metrics: Metrics {
            values: [(Metric::Mtu, 1400)].into(),
            congestion_control: Some("reno".to_owned()),
            locked: 1 << 2,
        },
        nexthops: vec![NextHop::default()],
        ..plain("10.9.0.0/16")
    };
    let added = bytes(&route::addition(&at(full.clone(), Some(3))));
    assert_eq!(added[..12], [2, 16, 0, 4, 0, 18, 253, 1, 4, 0, 0, 0]);
    assert_eq!(kinds(&added), [15, 1, 7, 18, 22, 21, 4, 6, 11, 8, 9]);
    let removed = bytes(&route::removal(&at(plain("10.9.0.0/16"), Some(3))));
    assert_eq!(removed[..12], [2, 16, 0, 0, 254, 18, 255, 0, 0, 0, 0, 0]);
    let kind = Route { kind: 6, kind_given: true, ..plain("10.9.0.0/16") };
    assert_eq!(bytes(&route::removal(&at(kind, None)))[7], 6);
    for (insertion, flags) in [(Insertion::Prepend, 0x400), (Insertion::Add, 0x600), (Insertion::Append, 0xc00)] {
        assert_eq!(route::flags(&Route { insertion, ..plain("10.9.0.0/16") }), flags, "{insertion:?}");
    }
}

/// VR-259, VR-350: action and flags in the header; names of interfaces and nothing else.
#[test]
fn rules() {
    let full = Rule {
        family: Family::V4,
        invert: true,
        from: Some(cidr("10.8.0.0/16")),
        to: None,
        priority: 16384,
        tos: 8,
        mark: None,
        mask: None,
        realms: None,
        suppress_prefix_length: None,
        suppress_group: None,
        input: Some(InterfaceName::new("eth0")),
        output: None,
        tunnel: None,
        users: None,
        protocol: Some(18),
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Table(100),
        no_track: false,
    };
    let Request { message, flags } = addition(&Item::Rule(Arc::new(full.clone())));
    assert_eq!(flags, NLM_F_CREATE | NLM_F_EXCL);
    let RouteNetlinkMessage::NewRule(message) = message else { panic!("{message:?}") };
    let written = bytes(&message);
    assert_eq!(written[..12], [2, 0, 16, 8, 100, 0, 0, 1, 2, 0, 0, 0]);
    assert_eq!(kinds(&written), [2, 6, 3, 21]);
    assert!(written.windows(6).any(|window| window == b"\x03\x00eth0"));
    let goto = Rule { action: Action::Goto(20000), ..full };
    let written = bytes(&rule::message(&goto));
    assert_eq!((written[4], written[7]), (0, 2));
    assert_eq!(kinds(&written), [2, 6, 3, 21, 4]);
}
