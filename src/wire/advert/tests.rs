//! The checks in their order, and the forms of the bytes.

use std::net::{IpAddr, Ipv4Addr};

use super::{Advert, ChecksumForm, Envelope, Expected, Glance, Incoming, Received, Reject, glance, length};
use crate::base::name::{Authentication, Priority, Version, Vrid};
use crate::base::net::Family;
use crate::base::time::Interval;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn advert(version: Version, authentication: Authentication) -> Advert {
    Advert {
        version,
        vrid: Vrid::new(51).unwrap(),
        priority: Priority(150),
        interval: Interval::from_secs(1),
        authentication,
        addresses: vec![address("10.0.0.100"), address("10.0.0.101")],
    }
}

fn envelope(destination: &str) -> Envelope {
    Envelope {
        source: address("10.0.0.1"),
        destination: address(destination),
        ttl: 255,
        id: 7,
        checksum: ChecksumForm::PseudoHeader,
        sequence: 5,
    }
}

fn expected(version: Version, authentication: Authentication) -> Expected {
    Expected {
        version,
        authentication,
        interval: Interval::from_secs(1),
        unicast: false,
        checksum: ChecksumForm::PseudoHeader,
        sequence: 4,
        trailer: false,
    }
}

fn bytes(advert: &Advert, envelope: &Envelope) -> Vec<u8> {
    let mut out = Vec::new();
    advert.to_wire(envelope, &mut out);
    out
}

fn read(bytes: &[u8], expected: &Expected) -> Result<Received, Reject> {
    let incoming = Incoming {
        source: address("10.0.0.1"),
        destination: IpAddr::from(<[u8; 4]>::try_from(&bytes[16..20]).unwrap()),
        hop_limit: Some(bytes[8]),
        bytes,
    };
    Advert::from_wire(&incoming, expected)
}

const PASS: Authentication = Authentication::Pass(*b"secret\0\0");
const AH: Authentication = Authentication::Ah(*b"key\0\0\0\0\0");

/// VR-5, VR-6: with and without the eight bytes of authentication data.
#[test]
fn lengths() {
    assert_eq!(length(Family::V4, 2, 1), 20);
    assert_eq!(length(Family::V4, 3, 1), 12);
    assert_eq!(length(Family::V6, 3, 2), 40);
    assert_eq!(length(Family::V6, 2, 1), 24);
}

#[test]
fn each_form_reads_back() {
    for (version, authentication) in [
        (Version::V2, Authentication::None),
        (Version::V2, PASS),
        (Version::V2, AH),
        (Version::V3, Authentication::None),
    ] {
        let sent = advert(version, authentication);
        let bytes = bytes(&sent, &envelope("224.0.0.18"));
        let received = read(&bytes, &expected(version, authentication)).unwrap();
        assert_eq!(received.advert, sent);
        assert_eq!(received.sequence, authentication.is_ah().then_some(5));
        assert!(!received.old_checksum);
        assert_eq!(glance(Family::V4, &bytes), Ok(Glance { vrid: 51, priority: 150 }));
    }
}

/// One flaw at a time, each found by its own check.
fn flawed(version: Version, authentication: Authentication, flaw: impl Fn(&mut Vec<u8>)) -> Result<Received, Reject> {
    let mut bytes = bytes(&advert(version, authentication), &envelope("224.0.0.18"));
    flaw(&mut bytes);
    read(&bytes, &expected(version, authentication))
}

/// VR-65: shorter than the headers.
#[test]
fn too_short() {
    let cut = flawed(Version::V3, Authentication::None, |bytes| bytes.truncate(27));
    assert_eq!(cut, Err(Reject::TooShort { length: 27 }));
    let cut = flawed(Version::V2, AH, |bytes| bytes.truncate(51));
    assert_eq!(cut, Err(Reject::TooShort { length: 51 }));
    assert_eq!(glance(Family::V6, &[0x31; 7]), Err(Reject::TooShort { length: 7 }));
}

/// VR-70: AH where none is configured, and the other way round.
#[test]
fn authentication_header_must_be_as_configured() {
    let with = bytes(&advert(Version::V2, AH), &envelope("224.0.0.18"));
    let present = read(&with, &expected(Version::V2, PASS));
    assert_eq!(present, Err(Reject::AuthenticationHeader { present: true }));
    let without = bytes(&advert(Version::V2, PASS), &envelope("224.0.0.18"));
    let absent = read(&without, &expected(Version::V2, AH));
    assert_eq!(absent, Err(Reject::AuthenticationHeader { present: false }));
}

/// VR-71: length from header, count and the packet's own version nibble.
#[test]
fn length_must_fit() {
    let longer = flawed(Version::V3, Authentication::None, |bytes| bytes.push(0));
    assert_eq!(longer, Err(Reject::Length { received: 37, expected: 36 }));
    let fewer = flawed(Version::V3, Authentication::None, |bytes| bytes[23] = 1);
    assert_eq!(fewer, Err(Reject::Length { received: 36, expected: 32 }));
    let version2 = bytes(&advert(Version::V2, PASS), &envelope("224.0.0.18"));
    let other_version = read(&version2, &expected(Version::V3, Authentication::None));
    assert_eq!(other_version, Err(Reject::Version { received: 2 }), "the length is that of version 2, so it fits");
}

/// VR-72, VR-81: trailing bytes that the original takes for padding, with either length in the IP header.
#[test]
fn padding_is_tolerated() {
    let one = Advert { addresses: vec![address("10.0.0.100")], ..advert(Version::V3, Authentication::None) };
    for (extra, stated, wanted) in [
        (2, 34, None),
        (14, 46, None),
        (2, 32, None),
        (4, 36, Some(Reject::Length { received: 36, expected: 32 })),
        (2, 33, Some(Reject::TotalLength { stated: 33, received: 34 })),
    ] {
        let mut bytes = bytes(&one, &envelope("224.0.0.18"));
        bytes.extend(vec![0; extra]);
        bytes[3] = stated;
        let result = read(&bytes, &expected(Version::V3, Authentication::None));
        assert_eq!(result.err(), wanted, "{extra} more, {stated} stated");
    }
}

/// VR-73, VR-90: 255 unless unicast; an unknown one is not checked.
#[test]
fn hop_limit() {
    let near = flawed(Version::V3, Authentication::None, |bytes| bytes[8] = 254);
    assert_eq!(near, Err(Reject::HopLimit { received: 254 }));
    let bytes = bytes(&advert(Version::V3, Authentication::None), &envelope("10.0.0.2"));
    let mut incoming =
        Incoming { source: address("10.0.0.1"), destination: address("10.0.0.2"), hop_limit: Some(7), bytes: &bytes };
    let unicast = Expected { unicast: true, ..expected(Version::V3, Authentication::None) };
    assert!(Advert::from_wire(&incoming, &unicast).is_ok());
    incoming.hop_limit = None;
    let multicast = Advert::from_wire(&incoming, &expected(Version::V3, Authentication::None));
    assert_eq!(multicast, Err(Reject::Destination4), "past the hop limit, at the last check");
}

/// VR-74: no version is guessed.
#[test]
fn version() {
    let other = flawed(Version::V3, Authentication::None, |bytes| bytes[20] = 0x41);
    assert_eq!(other, Err(Reject::Version { received: 4 }));
}

/// VR-76: unknown type before wrong type.
#[test]
fn authentication_type() {
    let unknown = flawed(Version::V2, PASS, |bytes| bytes[24] = 3);
    assert_eq!(unknown, Err(Reject::AuthenticationType { received: 3 }));
    let other = flawed(Version::V2, PASS, |bytes| bytes[24] = 0);
    assert_eq!(other, Err(Reject::AuthenticationMismatch { received: 0, expected: 1 }));
}

/// VR-77: all eight bytes count.
#[test]
fn password() {
    for place in 36..44 {
        let wrong = flawed(Version::V2, PASS, |bytes| bytes[place] ^= 1);
        assert_eq!(wrong, Err(Reject::Password), "byte {place}");
    }
}

/// VR-36, VR-39, VR-41, VR-78: next header, then integrity, then SPI, then sequence.
#[test]
fn authentication_header() {
    let next = flawed(Version::V2, AH, |bytes| bytes[20] = 6);
    assert_eq!(next, Err(Reject::NextHeader { received: 6 }));
    let spi = flawed(Version::V2, AH, |bytes| bytes[24] ^= 1);
    assert_eq!(spi, Err(Reject::Integrity), "the value covers the SPI, so that is found first");
    let id = flawed(Version::V2, AH, |bytes| bytes[5] ^= 1);
    assert_eq!(id, Err(Reject::Integrity), "the IP id is covered");
    let tos = flawed(Version::V2, AH, |bytes| bytes[1] = 0);
    assert!(tos.is_ok(), "TOS, fragment field and checksum are not");
    let bytes = bytes(&advert(Version::V2, AH), &envelope("224.0.0.18"));
    let old = read(&bytes, &Expected { sequence: 5, ..expected(Version::V2, AH) });
    assert_eq!(old, Err(Reject::Sequence { received: 5, counter: 5 }));
}

/// VR-79: version 2 wants its own interval; version 3 takes any, and ignores the reserved bits (VR-3, VR-82).
#[test]
fn interval() {
    let slow = flawed(Version::V2, PASS, |bytes| bytes[25] = 2);
    assert_eq!(slow, Err(Reject::Interval { received: Interval::from_secs(2) }));
    let slow = Advert { interval: Interval::from_millis(40_950), ..advert(Version::V3, Authentication::None) };
    let mut bytes = bytes(&slow, &envelope("224.0.0.18"));
    let received = read(&bytes, &expected(Version::V3, Authentication::None)).unwrap();
    assert_eq!(received.advert.interval, Interval::from_millis(40_950));
    bytes[24] |= 0xf0;
    // The complement of a sum that is 0xf000 greater, with the carry brought round.
    let sum = (u32::from(u16::from_be_bytes([bytes[26], bytes[27]])) + 0xffff - 0xf000) % 0xffff;
    bytes[26..28].copy_from_slice(&sum.to_be_bytes()[2..]);
    let reserved = read(&bytes, &expected(Version::V3, Authentication::None)).unwrap();
    assert_eq!(reserved.advert.interval, Interval::from_millis(40_950));
}

/// VR-80: the type is looked at after the interval.
#[test]
fn type_of_packet() {
    let other = flawed(Version::V2, PASS, |bytes| bytes[20] = 0x22);
    assert_eq!(other, Err(Reject::Type { received: 2 }));
}

/// VR-17, VR-83: every byte that the sum covers.
#[test]
fn checksum() {
    let wrong = flawed(Version::V2, Authentication::None, |bytes| bytes[22] ^= 1);
    assert_eq!(wrong, Err(Reject::Checksum));
    let wrong = flawed(Version::V3, Authentication::None, |bytes| bytes[30] ^= 1);
    assert_eq!(wrong, Err(Reject::Checksum));
    let source = flawed(Version::V3, Authentication::None, |bytes| bytes[15] ^= 2);
    assert_eq!(source, Err(Reject::Checksum), "version 3 covers the addresses of the IP header");
    let source = flawed(Version::V2, Authentication::None, |bytes| bytes[15] ^= 2);
    assert!(source.is_ok(), "version 2 does not");
}

/// VR-20, VR-21, VR-22, VR-23: who takes which form of the checksum.
#[test]
fn forms_of_the_checksum() {
    use ChecksumForm::{AsVersion2, Group, PseudoHeader, PseudoHeaderOrGroup};
    let forms = [PseudoHeader, AsVersion2, PseudoHeaderOrGroup(GROUP), Group(GROUP)];
    let wrong = Err(Reject::Checksum);
    let table = [
        (PseudoHeader, [Ok(false), wrong, Ok(false), wrong]),
        (AsVersion2, [Ok(false), Ok(false), Ok(false), Ok(false)]),
        (PseudoHeaderOrGroup(GROUP), [Ok(false), wrong, Ok(false), Ok(true)]),
        (Group(GROUP), [wrong, wrong, wrong, Ok(false)]),
    ];
    for (own, row) in table {
        for (theirs, wanted) in forms.into_iter().zip(row) {
            let sent = Envelope { checksum: theirs, ..envelope("10.0.0.2") };
            let bytes = bytes(&advert(Version::V3, Authentication::None), &sent);
            let own = Expected { checksum: own, unicast: true, ..expected(Version::V3, Authentication::None) };
            let result = read(&bytes, &own).map(|received| received.old_checksum);
            assert_eq!(result, wanted, "{theirs:?} to {own:?}");
        }
    }
}

/// VR-69, VR-84: multicast and unicast do not mix, early with IPv6, last with IPv4.
#[test]
fn destination_class() {
    let bytes4 = bytes(&advert(Version::V2, PASS), &envelope("10.0.0.2"));
    assert_eq!(read(&bytes4, &expected(Version::V2, PASS)), Err(Reject::Destination4));
    let six = Advert { addresses: vec![address("fe80::100")], ..advert(Version::V3, Authentication::None) };
    let sent = Envelope { source: address("fe80::1"), destination: address("ff02::12"), ..envelope("224.0.0.18") };
    let bytes6 = bytes(&six, &sent);
    let mut incoming =
        Incoming { source: sent.source, destination: sent.destination, hop_limit: Some(255), bytes: &bytes6 };
    let own = expected(Version::V3, Authentication::None);
    assert_eq!(Advert::from_wire(&incoming, &own).unwrap().advert, six);
    incoming.destination = address("fe80::2");
    assert_eq!(Advert::from_wire(&incoming, &own), Err(Reject::Destination6));
}

#[test]
fn vrid_zero_is_nobodys() {
    assert_eq!(flawed(Version::V3, Authentication::None, |bytes| bytes[21] = 0), Err(Reject::Vrid));
}

/// VR-1, VR-2, VR-3, VR-7: the bytes themselves.
#[test]
fn bytes_of_both_versions() {
    let two = bytes(&advert(Version::V2, PASS), &envelope("224.0.0.18"));
    assert_eq!(two[20..26], [0x21, 51, 150, 2, 1, 1]);
    assert_eq!(two[28..44], *b"\x0a\0\0\x64\x0a\0\0\x65secret\0\0");
    let three = bytes(&advert(Version::V3, Authentication::None), &envelope("224.0.0.18"));
    assert_eq!(three[20..26], [0x31, 51, 150, 2, 0, 100]);
    assert_eq!(three[28..], *b"\x0a\0\0\x64\x0a\0\0\x65");
}

/// VR-3, VR-13: what the field cannot hold is cut to its greatest value.
#[test]
fn interval_is_cut_to_its_field() {
    let long = Advert { interval: Interval::from_secs(300), ..advert(Version::V2, PASS) };
    assert_eq!(bytes(&long, &envelope("224.0.0.18"))[25], 255);
    let long = Advert { interval: Interval::from_secs(300), ..advert(Version::V3, Authentication::None) };
    assert_eq!(bytes(&long, &envelope("224.0.0.18"))[24..26], [0x0f, 0xff]);
}
