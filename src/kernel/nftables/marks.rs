//! The table of LV-46: it marks what comes for the addresses of groups of virtual servers.

use std::net::IpAddr;

use super::codec::{
    Batch, DELTABLE, Expression, HOOK_INPUT, META_L4PROTO, NETWORK, NEWTABLE, R1, R1_SECOND, R2, Set, TRANSPORT,
    TYPE_IPV4, TYPE_IPV6, TYPE_MARK, TYPE_SERVICE, concatenated,
};
use crate::base::net::Family;
use crate::model::ipvs::{Marked, Marking};
use crate::model::lvs::Protocol;

const IN: &str = "in";
const MAPS: [(Protocol, &str); 3] =
    [(Protocol::Tcp, "tcp_map"), (Protocol::Udp, "udp_map"), (Protocol::Sctp, "sctp_map")];
/// Elements in one message, whose list has less than 64 KiB.
const ELEMENTS: usize = 500;
/// Bytes of a port in a key, which is made of whole words.
const PORT: u32 = 2;

/// Appends what replaces our table of one family, and how many rules it then has.
pub fn replace(batch: &mut Batch, family: Family, marking: &Marking) -> usize {
    let table = marking.table.as_str();
    // Made where it is not there, so that deleting it is no error.
    batch.table(NEWTABLE, family, table);
    batch.table(DELTABLE, family, table);
    let of_family: Vec<&Marked> = marking.ranges.iter().filter(|range| Family::of(range.first) == family).collect();
    if of_family.is_empty() {
        return 0;
    }
    batch.table(NEWTABLE, family, table);
    batch.chain(family, table, IN, Some((HOOK_INPUT, marking.priority)));
    let (kind, length, offset, second) = match family {
        Family::V4 => (TYPE_IPV4, 4, 16, R1_SECOND),
        Family::V6 => (TYPE_IPV6, 16, 24, R2),
    };
    let mut rules = 0;
    for (protocol, map) in MAPS {
        let ranges: Vec<_> =
            of_family.iter().filter(|range| range.protocol == protocol).map(|one| element(one)).collect();
        if ranges.is_empty() {
            continue;
        }
        let set = Set {
            name: map,
            key: (concatenated(kind, TYPE_SERVICE), length + 4),
            data: Some((TYPE_MARK, 4)),
            constant: false,
            ranges: &[length, PORT],
            counters: marking.counters,
        };
        batch.set(family, table, &set);
        for some in ranges.chunks(ELEMENTS) {
            batch.ranges(family, table, map, some);
        }
        let mut rule = vec![
            Expression::Meta { key: META_L4PROTO, to: R1 },
            // invariant: protocols of IP have one byte.
            Expression::Equal { register: R1, bytes: vec![protocol.number() as u8] },
            Expression::Payload { base: NETWORK, offset, length, to: R1 },
            Expression::Payload { base: TRANSPORT, offset: 2, length: PORT, to: second },
            Expression::Map { map, register: R1 },
            Expression::Mark { register: R1 },
        ];
        if marking.counters {
            rule.push(Expression::Count);
        }
        rule.push(Expression::Return);
        batch.rule(family, table, IN, &rule);
        rules += 1;
    }
    rules
}

/// First key, last key, mark.
fn element(range: &Marked) -> (Vec<u8>, Vec<u8>, [u8; 4]) {
    let (low, high) = if range.port == 0 { (0, u16::MAX) } else { (range.port, range.port) };
    (key(range.first, low), key(range.last, high), range.mark.to_ne_bytes())
}

fn key(address: IpAddr, port: u16) -> Vec<u8> {
    let mut bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.extend(port.to_be_bytes());
    bytes.extend([0, 0]);
    bytes
}
