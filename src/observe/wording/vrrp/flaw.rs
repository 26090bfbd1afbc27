//! The rows of what is wrong with received packets (IF-328 … IF-350).

use std::net::IpAddr;

use super::{Row, always, detail};
use crate::base::name::InstanceName;
use crate::base::time::Interval;
use crate::model::event::vrrp::{Flaw, TrailerFlaw};

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
        Flaw::Trailer(flaw) => trailer(name, from, flaw),
        Flaw::ClockSkew { ahead, window } => always(
            "vrrp_packet_clock_skew",
            format!("({name}) clock skew {ahead} sec with {from} is over half of the window of {window} sec"),
            vec![("skew", ahead.to_string()), ("window", window.to_string())],
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
        Flaw::NewChecksum => always(
            "vrrp_packet_new_checksum",
            format!("({name}) Setting unicast VRRPv3 checksum to new version"),
            vec![],
        ),
    };
    row.fields.push(("peer", from.to_string()));
    row
}

/// IF-341.
fn trailer(name: &InstanceName, from: IpAddr, flaw: &TrailerFlaw) -> Row {
    let said = |what: &str| format!("({name}) {what} from {from}");
    match flaw {
        TrailerFlaw::Missing => always("vrrp_packet_trailer_missing", said("missing authentication trailer"), vec![]),
        TrailerFlaw::Malformed => {
            always("vrrp_packet_trailer_malformed", said("malformed authentication trailer"), vec![])
        }
        TrailerFlaw::Stale { ahead, window } => always(
            "vrrp_packet_trailer_stale",
            format!(
                "({name}) stale authentication trailer from {from}, clock skew {ahead} sec exceeds window {window} sec"
            ),
            vec![("skew", ahead.to_string()), ("window", window.to_string())],
        ),
        TrailerFlaw::UnknownKey { id } => always(
            "vrrp_packet_trailer_key",
            said(&format!("unknown authentication key id {id}")),
            vec![("key", id.to_string())],
        ),
        TrailerFlaw::Invalid => always("vrrp_packet_trailer_invalid", said("invalid authentication HMAC"), vec![]),
        TrailerFlaw::Replayed => {
            always("vrrp_packet_trailer_replayed", said("replayed authentication trailer"), vec![])
        }
    }
}

fn values(received: impl ToString, expected: impl ToString) -> Vec<(&'static str, String)> {
    vec![("received", received.to_string()), ("expected", expected.to_string())]
}

fn seconds(interval: Interval) -> u64 {
    interval.as_micros() / 1_000_000
}
