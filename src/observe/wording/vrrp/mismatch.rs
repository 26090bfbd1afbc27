//! What differs between two routers, and what to change: ours, not the original's. The line that the original writes
//! stands before it.

use std::net::IpAddr;

use super::{Level, Row, always};
use crate::base::name::InstanceName;
use crate::model::event::vrrp::{Flaw, TrailerFlaw};

/// Bytes of the trailer of a signed advert.
const TRAILER: usize = 28;

pub(super) fn row(name: &InstanceName, with: IpAddr, flaw: &Flaw) -> Row {
    let fields = vec![("peer", with.to_string())];
    Row { level: Level::Warn, ..always("vrrp_mismatch", format!("({name}) {with} {}", advice(flaw)), fields) }
}

fn advice(flaw: &Flaw) -> String {
    const BOTH: &str = "until then both may be Master";
    match flaw {
        Flaw::Version { received, expected } => format!(
            "speaks VRRP version {received} and this router version {expected}: set the same `vrrp_version` \
             (global_defs) or `version` (vrrp_instance) on both; {BOTH}"
        ),
        Flaw::Length { received, expected } if *received == expected + TRAILER => {
            format!(
                "seems to sign its adverts and this router does not: configure the same `auth_hmac` on both; {BOTH}"
            )
        }
        Flaw::Length { .. } => {
            format!(
                "sends adverts of another form: compare `version`, `authentication` and `auth_hmac` on both; {BOTH}"
            )
        }
        Flaw::AddressCount { received, expected } => format!(
            "has {received} addresses and this router {expected}: give both the same `virtual_ipaddress`; its adverts \
             count all the same"
        ),
        Flaw::AddressMissing { address, .. } => format!(
            "does not have {address}, which this router has: give both the same `virtual_ipaddress`; its adverts count \
             all the same"
        ),
        Flaw::Interval { ours, received } => format!(
            "advertises every {received} s and this router every {ours} s: version 2 needs the same `advert_int` on \
             both; {BOTH}"
        ),
        Flaw::IntervalDiffers { ours, received } => format!(
            "advertises every {received} s and this router every {ours} s: version 3 follows the Master, but takeovers \
             take as long as the Master's `advert_int` says"
        ),
        Flaw::AuthenticationType { received } | Flaw::AuthenticationMismatch { received, .. } => format!(
            "uses authentication {}: set the same `auth_type` on both; {BOTH}",
            match received {
                0 => "0 (none)",
                1 => "1 (PASS)",
                2 => "2 (AH)",
                _ => "of an unknown kind",
            }
        ),
        Flaw::AuthenticationHeader { present: true } => {
            format!("uses `auth_type AH` and this router does not: set the same on both; {BOTH}")
        }
        Flaw::AuthenticationHeader { present: false } => {
            format!("does not use `auth_type AH` and this router does: set the same on both; {BOTH}")
        }
        Flaw::Password => {
            format!("has another password: set the same `auth_pass`, of which 8 bytes count, on both; {BOTH}")
        }
        Flaw::Integrity => format!(
            "has another key, or something between changes its packets: set the same `auth_pass`, of which 8 bytes \
             count, on both; {BOTH}"
        ),
        Flaw::HopLimit { .. } => {
            "is not on this LAN, or something forwards or forges its adverts: between networks use \
                                  `unicast_peer` on both"
                .to_owned()
        }
        Flaw::Checksum { version: 3 } => format!(
            "sums its checksum another way: compare `v3_checksum_as_v2` and `old_unicast_checksum` on both; {BOTH}"
        ),
        Flaw::Destination { multicast: true } => {
            format!("sends to the group and this router has `unicast_peer`: use one way on both; {BOTH}")
        }
        Flaw::Destination { multicast: false } => {
            format!(
                "sends to this router alone, and this router to the group: use `unicast_peer` on both or on none; {BOTH}"
            )
        }
        Flaw::NotAPeer => format!("is not in `unicast_peer` of this router: add it, or stop it; {BOTH}"),
        Flaw::PeerHopLimit { least, most, .. } => format!(
            "is nearer or farther than `min_ttl` {least} and `max_ttl` {most} allow: correct them, or `unicast_ttl` there; \
             {BOTH}"
        ),
        Flaw::Trailer(TrailerFlaw::Missing) => format!(
            "does not sign its adverts and this router wants it: configure the same `auth_hmac` on both, or `mode \
             permissive` here for the time of the change; {BOTH}"
        ),
        Flaw::Trailer(TrailerFlaw::UnknownKey { id }) => {
            format!("signs with key {id}, which this router does not have: add `key {id}` to `auth_hmac` here; {BOTH}")
        }
        Flaw::Trailer(TrailerFlaw::Invalid) => {
            format!("signs with another key of the same number: compare the `key` lines of `auth_hmac` on both; {BOTH}")
        }
        Flaw::Trailer(TrailerFlaw::Stale { .. }) | Flaw::ClockSkew { .. } => {
            "has another time than this router: set both clocks (NTP), or use `anti_replay monotonic` on both"
                .to_owned()
        }
        Flaw::Trailer(TrailerFlaw::Malformed | TrailerFlaw::Replayed)
        | Flaw::SecurityParametersIndex
        | Flaw::Sequence { .. }
        | Flaw::Type { .. }
        | Flaw::TotalLength { .. }
        | Flaw::Checksum { .. }
        | Flaw::WeAreOwner
        | Flaw::OldChecksum
        | Flaw::NewChecksum => "sends packets that no setting of it explains".to_owned(),
    }
}
