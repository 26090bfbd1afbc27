//! What the virtual routers have counted, as `keepalived.stats` shows it (IF-102, VR-287).

use std::fmt::{self, Write};

use crate::base::name::InstanceName;
use crate::model::vrrp::Statistics;

/// The whole file: one part for each instance, in the order of the configuration.
pub fn statistics(all: &[(InstanceName, Statistics)]) -> String {
    let mut text = String::new();
    for (name, counted) in all {
        // Writing to a text cannot fail.
        instance(&mut text, name, counted).unwrap_or(());
    }
    text
}

fn instance(text: &mut String, name: &InstanceName, counted: &Statistics) -> fmt::Result {
    let Statistics {
        adverts_received,
        adverts_sent,
        became_master,
        released_master,
        length_errors,
        ttl_errors,
        type_errors,
        address_list_errors,
        authentication_type_errors,
        authentication_mismatches,
        authentication_failures,
        hmac_missing,
        hmac_malformed,
        hmac_unknown_key,
        hmac_invalid,
        hmac_stale,
        hmac_replayed,
        priority_zero_received,
        priority_zero_sent,
        // SNMP shows these.
        checksum_errors: _,
        version_errors: _,
    } = counted;
    let mut part = |title: &str, lines: &[(&str, u64)]| -> fmt::Result {
        writeln!(text, "{title}")?;
        lines.iter().try_for_each(|(line, count)| writeln!(text, "{line}: {count}"))
    };
    part(
        &format!("VRRP Instance: {name}\n  Advertisements:"),
        &[
            ("    Received", *adverts_received),
            ("    Sent", *adverts_sent),
            ("  Became master", *became_master),
            ("  Released master", *released_master),
        ],
    )?;
    part(
        "  Packet Errors:",
        &[
            ("    Length", *length_errors),
            ("    TTL", *ttl_errors),
            ("    Invalid Type", *type_errors),
            // The original counts none of them (VR-347).
            ("    Advertisement Interval", 0),
            ("    Address List", *address_list_errors),
        ],
    )?;
    part(
        "  Authentication Errors:",
        &[
            ("    Invalid Type", *authentication_type_errors),
            ("    Type Mismatch", *authentication_mismatches),
            ("    Failure", *authentication_failures),
        ],
    )?;
    part(
        "  Authentication Extension Errors:",
        &[
            ("    Missing", *hmac_missing),
            ("    Malformed", *hmac_malformed),
            ("    Unknown Key", *hmac_unknown_key),
            ("    Invalid HMAC", *hmac_invalid),
            ("    Stale", *hmac_stale),
            ("    Replay", *hmac_replayed),
        ],
    )?;
    part("  Priority Zero:", &[("    Received", *priority_zero_received), ("    Sent", *priority_zero_sent)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IF-102, VR-287, VR-347: every line in its place.
    #[test]
    fn the_file_of_two_instances() {
        let counted = Statistics {
            adverts_received: 1,
            adverts_sent: 2,
            became_master: 3,
            released_master: 4,
            length_errors: 5,
            ttl_errors: 6,
            type_errors: 7,
            address_list_errors: 8,
            authentication_type_errors: 9,
            authentication_mismatches: 10,
            authentication_failures: 11,
            hmac_missing: 12,
            hmac_malformed: 13,
            hmac_unknown_key: 14,
            hmac_invalid: 15,
            hmac_stale: 16,
            hmac_replayed: 17,
            priority_zero_received: 18,
            priority_zero_sent: 19,
            checksum_errors: 20,
            version_errors: 21,
        };
        let one = "VRRP Instance: VI_1
  Advertisements:
    Received: 1
    Sent: 2
  Became master: 3
  Released master: 4
  Packet Errors:
    Length: 5
    TTL: 6
    Invalid Type: 7
    Advertisement Interval: 0
    Address List: 8
  Authentication Errors:
    Invalid Type: 9
    Type Mismatch: 10
    Failure: 11
  Authentication Extension Errors:
    Missing: 12
    Malformed: 13
    Unknown Key: 14
    Invalid HMAC: 15
    Stale: 16
    Replay: 17
  Priority Zero:
    Received: 18
    Sent: 19
";
        let all = [(InstanceName::new("VI_1"), counted), (InstanceName::new("VI_2"), Statistics::default())];
        let text = statistics(&all);
        assert!(text.starts_with(&format!("{one}VRRP Instance: VI_2\n  Advertisements:\n    Received: 0\n")), "{text}");
        assert_eq!(text.lines().count(), 2 * 26);
    }
}
