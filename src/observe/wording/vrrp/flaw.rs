//! The rows of what is wrong with received packets (IF-328 … IF-350).

use std::net::IpAddr;

use super::{Row, always, detail};
use crate::base::name::InstanceName;
use crate::base::time::Interval;
use crate::model::event::vrrp::Flaw;

pub(super) fn row(name: &InstanceName, from: IpAddr, flaw: &Flaw) -> Row {
    let mut row = match flaw {
        Flaw::Destination { multicast } => detail(
            "vrrp_packet_destination",
            match multicast {
                true => format!("({name}) Expected unicast packet but received multicast packet from {from}"),
                false => format!("({name}) Expected multicast packet but received unicast packet from {from}"),
            },
            vec![],
        ),
        Flaw::AuthenticationHeader { present } => always(
            "vrrp_packet_authentication_header",
            match present {
                true => format!("({name}) Received AH header but auth type not AH from {from}"),
                false => format!("({name}) No AH header but auth type is AH from {from}"),
            },
            vec![],
        ),
        Flaw::Length { received, expected } => always(
            "vrrp_packet_length",
            format!(
                "({name}) vrrp packet from {from} too {}, length {received} and expect {expected}",
                if received > expected { "long" } else { "short" }
            ),
            values(received, expected),
        ),
        Flaw::HopLimit { received } => always(
            "vrrp_packet_hop_limit",
            format!("({name}) invalid TTL/HL from {from}. Received {received} and expect 255"),
            values(received, 255),
        ),
        Flaw::Version { received, expected } => always(
            "vrrp_packet_version",
            format!("({name}) wrong VRRP version from {from}. Received {received} and expect {expected}"),
            values(received, expected),
        ),
        Flaw::AuthenticationType { received } => always(
            "vrrp_packet_authentication_type",
            format!("({name}) Invalid auth type from {from}: {received}"),
            vec![("received", received.to_string())],
        ),
        Flaw::AuthenticationMismatch { received, expected } => always(
            "vrrp_packet_authentication_mismatch",
            format!("({name}) received a {received} auth from {from}, expecting {expected}!"),
            values(received, expected),
        ),
        Flaw::Password => {
            always("vrrp_packet_password", format!("({name}) received an invalid passwd from {from}!"), vec![])
        }
        Flaw::Integrity => always(
            "vrrp_packet_integrity",
            format!("({name}) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !"),
            vec![],
        ),
        Flaw::SecurityParametersIndex => always(
            "vrrp_packet_spi",
            format!("({name}) IPSEC-AH : security parameters index is not the source address {from}"),
            vec![],
        ),
        Flaw::Sequence { received, counter } => always(
            "vrrp_packet_sequence",
            format!(
                "({name}) IPSEC-AH : sequence number {received} already processed. Packet dropped. Local({counter})"
            ),
            vec![("received", received.to_string()), ("counter", counter.to_string())],
        ),
        Flaw::Interval { ours, received } => always(
            "vrrp_packet_interval",
            format!(
                "({name}) advertisement interval mismatch with {from} mine={} sec rcv'd={} sec",
                seconds(*ours),
                seconds(*received)
            ),
            values(received, ours),
        ),
        Flaw::IntervalDiffers { ours, received } => always(
            "vrrp_packet_interval_differs",
            format!(
                "({name}) advertisement interval mismatch ours = {} centi-sec rcv'd={} centi-sec",
                ours.as_centiseconds().0,
                received.as_centiseconds().0
            ),
            values(received, ours),
        ),
        Flaw::Type { received } => always(
            "vrrp_packet_type",
            format!("({name}) Invalid packet type from {from}. {received} and expect 1"),
            values(received, 1),
        ),
        Flaw::TotalLength { stated, received } => always(
            "vrrp_packet_total_length",
            format!(
                "({name}) ip_tot_len mismatch against received length from {from}. {stated} and received {received}"
            ),
            values(received, stated),
        ),
        Flaw::Checksum { version } => {
            always("vrrp_packet_checksum", format!("({name}) Invalid VRRPv{version} checksum from {from}"), vec![])
        }
        Flaw::WeAreOwner => always(
            "vrrp_packet_we_are_owner",
            format!("({name}) Dropping packet(s) from {from} since we are address owner"),
            vec![],
        ),
        Flaw::AddressCount { received, expected } => always(
            "vrrp_packet_address_count",
            format!("({name}) expected {expected} VIPs but received {received}"),
            values(received, expected),
        ),
        Flaw::AddressMissing { vrid, address } => always(
            "vrrp_packet_address_missing",
            format!("({name}) ip address associated with VRID {vrid} not present in advert from {from}: {address}"),
            vec![("vrid", vrid.to_string()), ("address", address.to_string())],
        ),
        Flaw::NotAPeer => always(
            "vrrp_packet_not_a_peer",
            format!("({name}) unicast source address {from} not a unicast peer"),
            vec![],
        ),
        Flaw::PeerHopLimit { received, least, most } => always(
            "vrrp_packet_peer_hop_limit",
            format!("({name}) TTL/HL {received} from {from} not in range [{least}, {most}]"),
            vec![("received", received.to_string())],
        ),
        Flaw::OldChecksum => always(
            "vrrp_packet_old_checksum",
            format!("({name}) Setting unicast VRRPv3 checksum to old version"),
            vec![],
        ),
    };
    row.fields.push(("peer", from.to_string()));
    row
}

fn values(received: impl ToString, expected: impl ToString) -> Vec<(&'static str, String)> {
    vec![("received", received.to_string()), ("expected", expected.to_string())]
}

fn seconds(interval: Interval) -> u64 {
    interval.as_micros() / 1_000_000
}
