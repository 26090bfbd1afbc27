//! The header's bytes and the checksum's arithmetic.

use std::net::Ipv4Addr;

use super::{Checksum, Datagram, HEADER, Header, PROTOCOL_VRRP, TTL};

fn header() -> Header {
    Header {
        id: 0x1234,
        ttl: TTL,
        protocol: PROTOCOL_VRRP,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(224, 0, 0, 18),
    }
}

/// VR-24: version 4, IHL 5, TOS 0xC0, no fragment bits, TTL 255, protocol 112, checksum left zero.
#[test]
fn header_is_written_field_by_field() {
    let mut out = Vec::new();
    header().to_wire(12, &mut out);
    let wanted = [0x45, 0xc0, 0, 32, 0x12, 0x34, 0, 0, 255, 112, 0, 0, 10, 0, 0, 1, 224, 0, 0, 18];
    assert_eq!(out, wanted);
}

#[test]
fn header_reads_back() {
    let mut bytes = Vec::new();
    header().to_wire(3, &mut bytes);
    bytes.extend([7, 8, 9]);
    let datagram = Datagram::from_wire(&bytes).unwrap();
    assert_eq!(datagram.total_length(), HEADER + 3);
    assert_eq!((datagram.ttl(), datagram.protocol()), (255, 112));
    assert_eq!(datagram.source(), header().source);
    assert_eq!(datagram.destination(), header().destination);
    assert_eq!(datagram.payload, [7, 8, 9]);
}

#[test]
fn header_with_options_or_cut_short() {
    let mut bytes = Vec::new();
    header().to_wire(8, &mut bytes);
    bytes[0] = 0x46;
    bytes.extend([0; 8]);
    assert_eq!(Datagram::from_wire(&bytes).unwrap().payload.len(), 4);
    bytes[0] = 0x44;
    assert!(Datagram::from_wire(&bytes).is_none(), "a header of 16 bytes");
    bytes[0] = 0x4f;
    assert!(Datagram::from_wire(&bytes).is_none(), "a header of 60 bytes in 28");
    assert!(Datagram::from_wire(&[]).is_none());
}

/// VR-16: the example of RFC 1071 section 3, and no special rule for zero.
#[test]
fn checksum_of_rfc_1071() {
    let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(Checksum::default().over(&bytes).finish(), !0xddf2);
    assert_eq!(Checksum::default().over(&[0xff, 0xff]).finish(), 0);
    assert_eq!(Checksum::default().over(&[0xab]).finish(), !0xab00);
}
