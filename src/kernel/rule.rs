//! Rules as rtnetlink messages: RTM_NEWRULE and RTM_DELRULE written, and what the kernel tells of rules read.

use std::net::IpAddr;

use netlink_packet_core::Parseable;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteProtocol, RouteRealm};
use netlink_packet_route::rule::{
    RuleAction, RuleAttribute, RuleFlags, RuleHeader, RuleMessage, RulePortRange, RuleUidRange,
};
use nix::libc;

use crate::base::name::InterfaceName;
use crate::base::net::{Cidr, Family};
use crate::model::route::{Action, Realms, Rule};

/// Tables from here on do not fit the header.
const LARGE_TABLE: u32 = 256;
/// What the kernel says of "none" in attributes that are always there.
const NONE: u32 = u32::MAX;

/// RTM_NEWRULE and RTM_DELRULE alike, the attributes in the original's order (VR-259, VR-350).
pub fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    let (small, large) = match rule.action {
        Action::Table(table) if table < LARGE_TABLE => (table as u8, None),
        Action::Table(table) => (0, Some(table)),
        Action::L3mdev | Action::Goto(_) | Action::Nop | Action::Blackhole | Action::Unreachable | Action::Prohibit => {
            (0, None)
        }
    };
    message.header = RuleHeader {
        family: match rule.family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        },
        dst_len: rule.to.map_or(0, |to| to.prefix),
        src_len: rule.from.map_or(0, |from| from.prefix),
        tos: rule.tos,
        table: small,
        action: RuleAction::from(rule.action.number()),
        flags: if rule.invert { RuleFlags::Invert } else { RuleFlags::empty() },
    };
    let range = |(start, end): (u16, u16)| RulePortRange { start, end };
    let attributes = &mut message.attributes;
    attributes.extend(large.map(RuleAttribute::Table));
    attributes.extend(rule.from.map(|from| RuleAttribute::Source(from.address)));
    attributes.extend(rule.to.map(|to| RuleAttribute::Destination(to.address)));
    attributes.push(RuleAttribute::Priority(rule.priority));
    attributes.extend(rule.mark.map(RuleAttribute::FwMark));
    attributes.extend(rule.mask.map(RuleAttribute::FwMask));
    attributes.extend(
        rule.realms.map(|Realms { source, destination }| RuleAttribute::Realm(RouteRealm { source, destination })),
    );
    attributes.extend(rule.suppress_prefix_length.map(RuleAttribute::SuppressPrefixLen));
    attributes.extend(rule.suppress_group.map(RuleAttribute::SuppressIfGroup));
    attributes.extend(rule.input.as_ref().map(|name| RuleAttribute::Iifname(name.to_string())));
    attributes.extend(rule.output.as_ref().map(|name| RuleAttribute::Oifname(name.to_string())));
    attributes.extend(rule.tunnel.map(RuleAttribute::TunId));
    attributes.extend(rule.users.map(|(start, end)| RuleAttribute::UidRange(RuleUidRange { start, end })));
    if rule.action == Action::L3mdev {
        attributes.push(RuleAttribute::L3MDev(true));
    }
    attributes.extend(rule.protocol.map(|protocol| RuleAttribute::Protocol(RouteProtocol::from(protocol))));
    attributes.extend(rule.ip_protocol.map(|protocol| RuleAttribute::IpProtocol(protocol.into())));
    attributes.extend(rule.source_ports.map(|ports| RuleAttribute::SourcePortRange(range(ports))));
    attributes.extend(rule.destination_ports.map(|ports| RuleAttribute::DestinationPortRange(range(ports))));
    if let Action::Goto(target) = rule.action {
        attributes.push(RuleAttribute::Goto(target));
    }
    message
}

/// Reads the payload of RTM_NEWRULE or RTM_DELRULE as far as we write rules ourselves; `None` when it is another kind.
/// Whether it is watched is not the kernel's to know: `no_track` is false.
pub fn parse(payload: &[u8]) -> Option<Rule> {
    let message = RuleMessage::parse(payload).ok()?;
    let header = &message.header;
    let (family, any): (Family, IpAddr) = match i32::from(u8::from(header.family)) {
        libc::AF_INET => (Family::V4, IpAddr::from([0u8; 4])),
        libc::AF_INET6 => (Family::V6, IpAddr::from([0u8; 16])),
        _ => return None,
    };
    let end = |prefix: u8| (prefix != 0).then_some(Cidr { address: any, prefix });
    let mut rule = Rule {
        family,
        invert: header.flags.contains(RuleFlags::Invert),
        from: end(header.src_len),
        to: end(header.dst_len),
        priority: 0,
        tos: header.tos,
        mark: None,
        mask: None,
        realms: None,
        suppress_prefix_length: None,
        suppress_group: None,
        input: None,
        output: None,
        tunnel: None,
        users: None,
        protocol: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Nop,
        no_track: false,
    };
    let (mut table, mut target, mut l3mdev) = (u32::from(header.table), 0, false);
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Source(address) => {
                rule.from = rule.from.map(|from| Cidr { address: *address, ..from });
            }
            RuleAttribute::Destination(address) => rule.to = rule.to.map(|to| Cidr { address: *address, ..to }),
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            RuleAttribute::FwMark(mark) => rule.mark = Some(*mark),
            RuleAttribute::FwMask(mask) => rule.mask = Some(*mask),
            RuleAttribute::Realm(RouteRealm { source, destination }) => {
                rule.realms = Some(Realms { source: *source, destination: *destination });
            }
            RuleAttribute::SuppressPrefixLen(length) => {
                rule.suppress_prefix_length = (*length != NONE).then_some(*length);
            }
            RuleAttribute::SuppressIfGroup(group) => rule.suppress_group = (*group != NONE).then_some(*group),
            RuleAttribute::Iifname(name) => rule.input = Some(InterfaceName::new(name)),
            RuleAttribute::Oifname(name) => rule.output = Some(InterfaceName::new(name)),
            RuleAttribute::TunId(tunnel) => rule.tunnel = Some(*tunnel),
            RuleAttribute::UidRange(RuleUidRange { start, end }) => rule.users = Some((*start, *end)),
            RuleAttribute::L3MDev(on) => l3mdev = *on,
            RuleAttribute::Protocol(protocol) => rule.protocol = Some(u8::from(*protocol)),
            RuleAttribute::IpProtocol(protocol) => rule.ip_protocol = Some(u8::from(*protocol)),
            RuleAttribute::SourcePortRange(range) => rule.source_ports = Some((range.start, range.end)),
            RuleAttribute::DestinationPortRange(range) => rule.destination_ports = Some((range.start, range.end)),
            RuleAttribute::Table(number) => table = *number,
            RuleAttribute::Goto(number) => target = *number,
            _ => {}
        }
    }
    rule.action = match u8::from(header.action) {
        1 if l3mdev => Action::L3mdev,
        1 => Action::Table(table),
        2 => Action::Goto(target),
        3 => Action::Nop,
        6 => Action::Blackhole,
        7 => Action::Unreachable,
        8 => Action::Prohibit,
        _ => return None,
    };
    Some(rule)
}
