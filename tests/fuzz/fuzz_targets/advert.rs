//! Any bytes as a VRRP packet, for every kind of router that may receive it; as a trailer, ARP and neighbour
//! advertisement.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keepalived_rs::base::name::{Authentication, Version};
use keepalived_rs::base::net::Family;
use keepalived_rs::base::time::Interval;
use keepalived_rs::wire::advert::{Advert, ChecksumForm, Envelope, Expected, Incoming, glance};
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;
use keepalived_rs::wire::trailer::Trailer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let bit = |at: u32| first >> at & 1 == 1;
    let family = if bit(0) { Family::V6 } else { Family::V4 };
    let (source, destination): (IpAddr, IpAddr) = match family {
        Family::V4 => (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(224, 0, 0, 18).into()),
        Family::V6 => (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).into()),
    };
    let authentication = match first >> 6 {
        0 => Authentication::None,
        1 => Authentication::Pass(*b"secret\0\0"),
        _ => Authentication::Ah(*b"secret\0\0"),
    };
    let expected = Expected {
        version: if bit(1) { Version::V2 } else { Version::V3 },
        authentication,
        interval: Interval::from_secs(1),
        unicast: bit(2),
        checksum: match first >> 3 & 3 {
            0 => ChecksumForm::PseudoHeader,
            1 => ChecksumForm::AsVersion2,
            2 => ChecksumForm::PseudoHeaderOrGroup(Ipv4Addr::new(224, 0, 0, 18)),
            _ => ChecksumForm::Group(Ipv4Addr::new(224, 0, 0, 18)),
        },
        sequence: 1,
        trailer: bit(5),
    };
    let hop_limit = Some(255);
    let incoming = Incoming { source, destination, hop_limit, bytes };
    let seen = glance(family, bytes);
    if let Ok(opened) = Advert::open(&incoming, &expected) {
        if let Some(trailer) = opened.trailer().and_then(Trailer::from_wire) {
            assert!(!trailer.is_genuine(b"0123456789abcdef0123456789abcdef", &opened.signed()), "nobody signed it");
        }
        if let Ok(received) = opened.read(&expected) {
            let advert = received.advert;
            assert_eq!(seen.map(|seen| seen.vrid), Ok(advert.vrid.get()));
            let envelope = Envelope { source, destination, ttl: 255, id: 1, checksum: expected.checksum, sequence: 2 };
            let mut written = Vec::new();
            advert.to_wire(&envelope, &mut written);
            assert!(written.len() >= 8);
        }
    }
    if let Some(arp) = GratuitousArp::from_wire(bytes) {
        let mut written = Vec::new();
        arp.to_wire(&mut written);
        assert!(bytes.starts_with(&written));
    }
    if let Some(advertisement) = NeighbourAdvertisement::from_wire(bytes) {
        let mut written = Vec::new();
        advertisement.to_wire(&mut written);
        assert!(bytes.starts_with(&written));
    }
});
