//! Packets that keepalived 2.2.7 (signed ones: 2.4.3) put on the wire (`tests/wire/*.txt`): read, and written byte by byte.

use std::net::IpAddr;

use keepalived_rs::base::name::{Authentication, Priority, Version, Vrid};
use keepalived_rs::base::net::{Family, MacAddress};
use keepalived_rs::base::time::Interval;
use keepalived_rs::wire::advert::{Advert, ChecksumForm, Envelope, Expected, Incoming, Reject};
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::ip::{Checksum, PROTOCOL_VRRP};
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;
use keepalived_rs::wire::trailer::{Signed, Stamp, Trailer};

/// Bytes of an IPv6 header.
const HEADER6: usize = 40;

/// What stands in a file: a line that says it, and the bytes.
fn recorded(text: &str) -> Vec<(Vec<&str>, Vec<u8>)> {
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut found = Vec::new();
    while let (Some(said), Some(hex)) = (lines.next(), lines.next()) {
        found.push((said.split(' ').collect(), bytes(hex.trim())));
    }
    found
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap()).collect()
}

/// The word behind `key`.
fn word<'a>(said: &[&'a str], key: &str) -> Option<&'a str> {
    said.iter().position(|word| *word == key).and_then(|place| said.get(place + 1).copied())
}

fn number(said: &[&str], key: &str) -> u32 {
    word(said, key).unwrap_or("0").parse().unwrap()
}

fn authentication(text: &str) -> Authentication {
    let padded = |secret: &str| {
        let mut bytes = [0; 8];
        bytes[..secret.len()].copy_from_slice(secret.as_bytes());
        bytes
    };
    match text.split_once(':') {
        Some(("pass", secret)) => Authentication::Pass(padded(secret)),
        Some(("ah", key)) => Authentication::Ah(padded(key)),
        _ => Authentication::None,
    }
}

fn advert(said: &[&str]) -> (Advert, Envelope) {
    let version = if number(said, "version") == 2 { Version::V2 } else { Version::V3 };
    let addresses = said.iter().skip_while(|word| **word != "addresses").skip(1);
    let advert = Advert {
        version,
        vrid: Vrid::new(number(said, "vrid") as u8).unwrap(),
        priority: Priority(number(said, "priority") as u8),
        interval: Interval::from_millis(10 * u64::from(number(said, "centiseconds"))),
        authentication: authentication(word(said, "auth").unwrap()),
        addresses: addresses.map(|address| address.parse().unwrap()).collect(),
    };
    let envelope = Envelope {
        source: word(said, "from").unwrap().parse().unwrap(),
        destination: word(said, "to").unwrap().parse().unwrap(),
        ttl: number(said, "hops") as u8,
        id: number(said, "id") as u16,
        checksum: word(said, "old-checksum")
            .map_or(ChecksumForm::PseudoHeader, |group| ChecksumForm::Group(group.parse().unwrap())),
        sequence: number(said, "sequence"),
    };
    (advert, envelope)
}

/// The bytes as they come out of our hands, with what the kernel adds on the way.
fn as_the_kernel_sends(advert: &Advert, envelope: &Envelope, trailer: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    advert.to_wire_with(envelope, trailer, &mut out);
    let (place, sum) = match envelope.source {
        IpAddr::V4(_) => (10, Checksum::default().over(&out[..20])),
        IpAddr::V6(_) => {
            let sum = Checksum::default().over(&out);
            (6, sum.pseudo_header(envelope.source, envelope.destination, PROTOCOL_VRRP, out.len()))
        }
    };
    out[place..place + 2].copy_from_slice(&sum.finish().to_be_bytes());
    out
}

/// VR-1, VR-2, VR-3, VR-4, VR-5, VR-6, VR-7, VR-16, VR-17, VR-18, VR-19, VR-21, VR-24, VR-29, VR-35, VR-36: every
/// recorded advert is written as it was, the IP header included.
#[test]
fn adverts_are_written_as_recorded() {
    let recorded = recorded(include_str!("wire/adverts.txt"));
    assert_eq!(recorded.len(), 44);
    for (said, bytes) in recorded {
        let (advert, envelope) = advert(&said);
        let wanted = if envelope.source.is_ipv4() { &bytes[..] } else { &bytes[HEADER6..] };
        assert_eq!(as_the_kernel_sends(&advert, &envelope, &[]), wanted, "{}", said.join(" "));
    }
}

/// VR-1, VR-2, VR-3, VR-7, VR-17, VR-18, VR-22, VR-36, VR-39: and read as what it says, by a router configured alike.
#[test]
fn adverts_are_read_as_recorded() {
    for (said, bytes) in recorded(include_str!("wire/adverts.txt")) {
        let (advert, envelope) = advert(&said);
        let unicast = !envelope.destination.is_multicast();
        let expected = Expected {
            version: advert.version,
            authentication: advert.authentication,
            interval: advert.interval,
            unicast,
            checksum: ChecksumForm::PseudoHeaderOrGroup([224, 0, 0, 18].into()),
            sequence: envelope.sequence.saturating_sub(1),
            trailer: false,
        };
        let incoming = Incoming {
            source: envelope.source,
            destination: envelope.destination,
            hop_limit: Some(envelope.ttl),
            bytes: if envelope.source.is_ipv4() { &bytes } else { &bytes[HEADER6..] },
        };
        let received = Advert::from_wire(&incoming, &expected).unwrap_or_else(|why| panic!("{why:?}: {said:?}"));
        assert_eq!(received.advert, advert);
        assert_eq!(received.sequence.unwrap_or(0), envelope.sequence);
        assert_eq!(received.old_checksum, word(&said, "old-checksum").is_some(), "{said:?}");
    }
}

/// VR-43, VR-44, VR-45, VR-51: signed adverts of 2.4.3, in both versions, over IPv4 and IPv6, to a group and to a peer:
/// written as they were, and their signatures are good.
#[test]
fn signed_adverts_are_as_recorded() {
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    let recorded = recorded(include_str!("wire/signed.txt"));
    assert_eq!(recorded.len(), 19);
    for (said, bytes) in recorded {
        let (advert, envelope) = advert(&said);
        let stamp = Stamp(u64::from_str_radix(word(&said, "stamp").unwrap(), 16).unwrap());
        let family = Family::of(envelope.source);
        let packet = advert.packet(family);
        let signed = Signed { source: envelope.source, packet: &packet };
        let trailer = Trailer::sign(number(&said, "key") as u8, SECRET, stamp, &signed);
        let wanted = if family == Family::V4 { &bytes[..] } else { &bytes[HEADER6..] };
        assert_eq!(as_the_kernel_sends(&advert, &envelope, &trailer.to_wire()), wanted, "{}", said.join(" "));

        let expected = Expected {
            version: advert.version,
            authentication: advert.authentication,
            interval: advert.interval,
            unicast: !envelope.destination.is_multicast(),
            checksum: ChecksumForm::PseudoHeader,
            sequence: 0,
            trailer: true,
        };
        let incoming = Incoming {
            source: envelope.source,
            destination: envelope.destination,
            hop_limit: Some(envelope.ttl),
            bytes: wanted,
        };
        let opened = Advert::open(&incoming, &expected).unwrap();
        let found = Trailer::from_wire(opened.trailer().unwrap()).unwrap();
        assert_eq!(found, trailer);
        assert!(found.is_genuine(SECRET, &opened.signed()), "{said:?}");
        assert_eq!(opened.read(&expected).unwrap().advert, advert);
        let without = Advert::open(&incoming, &Expected { trailer: false, ..expected });
        assert!(matches!(without, Err(Reject::Length { .. })), "{said:?}");
    }
}

/// VR-164, VR-166: frames of both kinds, read and written.
#[test]
fn announcements_are_as_recorded() {
    let recorded = recorded(include_str!("wire/announcements.txt"));
    assert_eq!(recorded.len(), 9);
    for (said, bytes) in recorded {
        let octets: Vec<u8> = said[3].split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect();
        let mac = MacAddress(octets.try_into().unwrap());
        let mut out = Vec::new();
        match said[1].parse().unwrap() {
            IpAddr::V4(address) => {
                let arp = GratuitousArp { mac, address };
                arp.to_wire(&mut out);
                assert_eq!(GratuitousArp::from_wire(&bytes), Some(arp));
            }
            IpAddr::V6(address) => {
                let advertisement = NeighbourAdvertisement { mac, address, router: false };
                advertisement.to_wire(&mut out);
                assert_eq!(NeighbourAdvertisement::from_wire(&bytes), Some(advertisement));
            }
        }
        assert_eq!(out, bytes, "{}", said.join(" "));
    }
}

/// VR-166: the Router flag, and with it another checksum.
#[test]
fn a_router_says_so_in_its_advertisement() {
    let plain = NeighbourAdvertisement {
        mac: MacAddress([2, 0, 0, 0, 0, 1]),
        address: "2001:db8::1".parse().unwrap(),
        router: false,
    };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    plain.to_wire(&mut without);
    let router = NeighbourAdvertisement { router: true, ..plain };
    router.to_wire(&mut with);
    assert_eq!((without[58], with[58]), (0x20, 0xa0));
    assert_eq!(NeighbourAdvertisement::from_wire(&with), Some(router));
}
