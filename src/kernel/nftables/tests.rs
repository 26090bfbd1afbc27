//! The bytes of batches, by the layout of linux/netfilter/nf_tables.h.

use super::codec::{Batch, Expression, NEWTABLE, R1};
use crate::base::net::Family;

/// A batch begins and ends with the subsystem's number; each message is as long as it says and numbered in turn.
#[test]
fn a_batch_is_framed() {
    let mut batch = Batch::begin(7);
    batch.table(NEWTABLE, Family::V6, "keepalived");
    batch.end();
    let mut rest = &batch.bytes[..];
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_ne_bytes(rest[..4].try_into().unwrap()) as usize;
        let kind = u16::from_ne_bytes(rest[4..6].try_into().unwrap());
        let sequence = u32::from_ne_bytes(rest[8..12].try_into().unwrap());
        seen.push((kind, sequence, rest[16], u16::from_be_bytes(rest[18..20].try_into().unwrap())));
        rest = &rest[length..];
    }
    assert_eq!(seen, [(0x10, 7, 0, 10), (0x0a00, 8, 10, 0), (0x11, 9, 0, 10)]);
    assert_eq!(batch.next, 10);
}

/// `immediate drop`: register 0, and the verdict as NFTA_DATA_VERDICT inside NFTA_IMMEDIATE_DATA.
#[test]
fn a_verdict_is_nested() {
    let mut batch = Batch { first: 1, next: 1, ..Batch::default() };
    batch.rule(Family::V4, "t", "c", &[Expression::Equal { register: R1, bytes: vec![2] }, Expression::Drop]);
    let be = |number: u32| number.to_be_bytes().to_vec();
    let attribute = |kind: u16, value: &[u8]| {
        let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    };
    let nested = |kind: u16, parts: &[Vec<u8>]| attribute(kind | 0x8000, &parts.concat());
    let equal = [attribute(1, &be(1)), attribute(2, &be(0)), nested(3, &[attribute(1, &[2])])];
    let drop = [attribute(1, &be(0)), nested(2, &[nested(2, &[attribute(1, &be(0))])])];
    let expressions = nested(
        4,
        &[
            nested(1, &[attribute(1, b"cmp\0"), nested(2, &equal)]),
            nested(1, &[attribute(1, b"immediate\0"), nested(2, &drop)]),
        ],
    );
    let wanted = [attribute(1, b"t\0"), attribute(2, b"c\0"), expressions].concat();
    assert_eq!(batch.bytes[20..], wanted);
}
