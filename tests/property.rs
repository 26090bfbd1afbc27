//! Properties of the packet codecs: what is written reads back, and no bytes whatever make a reader panic.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keepalived_rs::base::name::{Authentication, Priority, Version, Vrid};
use keepalived_rs::base::net::{Family, MacAddress};
use keepalived_rs::base::time::Interval;
use keepalived_rs::wire::advert::{self, Advert, ChecksumForm, Envelope, Expected, Incoming, Reject};
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;
use proptest::collection::vec;
use proptest::prelude::*;

fn address(family: Family) -> BoxedStrategy<IpAddr> {
    match family {
        Family::V4 => any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()).boxed(),
        Family::V6 => any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()).boxed(),
    }
}

fn authentication(family: Family, version: Version) -> BoxedStrategy<Authentication> {
    if (family, version) != (Family::V4, Version::V2) {
        return Just(Authentication::None).boxed();
    }
    prop_oneof![
        Just(Authentication::None),
        any::<[u8; 8]>().prop_map(Authentication::Pass),
        any::<[u8; 8]>().prop_map(Authentication::Ah),
    ]
    .boxed()
}

fn form() -> impl Strategy<Value = ChecksumForm> {
    prop_oneof![
        Just(ChecksumForm::PseudoHeader),
        Just(ChecksumForm::AsVersion2),
        any::<u32>().prop_map(|bits| ChecksumForm::PseudoHeaderOrGroup(Ipv4Addr::from_bits(bits))),
        any::<u32>().prop_map(|bits| ChecksumForm::Group(Ipv4Addr::from_bits(bits))),
    ]
}

fn any_version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V2), Just(Version::V3)]
}

fn any_family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

prop_compose! {
    fn any_advert()(family in any_family(), version in any_version())(
        vrid in 1..=255u8,
        priority in any::<u8>(),
        interval in match version {
            Version::V2 => (0..=255u64).prop_map(Interval::from_secs).boxed(),
            Version::V3 => (0..=4095u64).prop_map(|hundredths| Interval::from_millis(10 * hundredths)).boxed(),
        },
        authentication in authentication(family, version),
        addresses in vec(address(family), 0..=255),
        source in address(family),
        destination in address(family),
        (ttl, id, sequence) in (any::<u8>(), any::<u16>(), 1..u32::MAX),
        checksum in form(),
        version in Just(version),
    ) -> (Advert, Envelope) {
        // invariant: the range begins at 1.
        let vrid = Vrid::new(vrid).unwrap();
        let advert = Advert { version, vrid, priority: Priority(priority), interval, authentication, addresses };
        (advert, Envelope { source, destination, ttl, id, checksum, sequence })
    }
}

fn any_expected() -> impl Strategy<Value = Expected> {
    let secret = any::<[u8; 8]>();
    let authentication = prop_oneof![
        Just(Authentication::None),
        secret.prop_map(Authentication::Pass),
        any::<[u8; 8]>().prop_map(Authentication::Ah),
    ];
    let seconds = (0..3u64).prop_map(Interval::from_secs);
    (any_version(), authentication, seconds, any::<bool>(), form(), any::<u32>()).prop_map(
        |(version, authentication, interval, unicast, checksum, sequence)| Expected {
            version,
            authentication,
            interval,
            unicast,
            checksum,
            sequence,
            trailer: sequence & 1 == 0,
        },
    )
}

/// A router that is configured as the sender.
fn alike(advert: &Advert, envelope: &Envelope) -> Expected {
    Expected {
        version: advert.version,
        authentication: advert.authentication,
        interval: advert.interval,
        unicast: !envelope.destination.is_multicast(),
        checksum: envelope.checksum,
        sequence: envelope.sequence - 1,
        trailer: false,
    }
}

fn incoming<'a>(envelope: &Envelope, bytes: &'a [u8]) -> Incoming<'a> {
    let unicast = !envelope.destination.is_multicast();
    let hop_limit = if unicast { envelope.ttl } else { 255 };
    Incoming { source: envelope.source, destination: envelope.destination, hop_limit: Some(hop_limit), bytes }
}

proptest! {
    /// VR-1, VR-4, VR-6, VR-7, VR-13, VR-18, VR-20, VR-21, VR-35: any advert that can be written reads back.
    #[test]
    fn adverts_read_back((sent, envelope) in any_advert()) {
        let mut bytes = Vec::new();
        sent.to_wire(&envelope, &mut bytes);
        let received = Advert::from_wire(&incoming(&envelope, &bytes), &alike(&sent, &envelope));
        let received = received.map_err(|why| TestCaseError::fail(format!("{why:?}")))?;
        prop_assert_eq!(&received.advert, &sent);
        prop_assert_eq!(received.sequence, sent.authentication.is_ah().then_some(envelope.sequence));
        prop_assert!(!received.old_checksum);
    }

    /// VR-16, VR-83: one wrong bit in a version 3 advert over IPv4 is never taken for what was sent.
    #[test]
    fn one_wrong_bit_is_seen((sent, envelope) in any_advert(), place in any::<prop::sample::Index>(), bit in 0..8u32) {
        prop_assume!(envelope.source.is_ipv4() && envelope.checksum != ChecksumForm::AsVersion2);
        let mut bytes = Vec::new();
        sent.to_wire(&envelope, &mut bytes);
        let whole = incoming(&envelope, &bytes).bytes.len();
        let place = 20 + place.index(whole - 20);
        bytes[place] ^= 1u8 << bit;
        let received = Advert::from_wire(&incoming(&envelope, &bytes), &alike(&sent, &envelope));
        prop_assert!(received.is_err(), "byte {} of {:?}", place, sent);
    }

    /// VR-65, VR-71: any bytes at all, with any expectation: an answer, no panic.
    #[test]
    fn any_bytes_are_judged(
        family in any_family(),
        mut bytes in vec(any::<u8>(), 0..120),
        expected in any_expected(),
        hop_limit in any::<Option<u8>>(),
        protocol in prop_oneof![Just(112u8), Just(51u8), any::<u8>()],
        first in prop_oneof![Just(0x45u8), any::<u8>()],
    ) {
        if family == Family::V4 && bytes.len() > 9 {
            (bytes[0], bytes[9]) = (first, protocol);
        }
        let (source, destination) = match family {
            Family::V4 => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(224, 0, 0, 18).into()),
            Family::V6 => (IpAddr::from(Ipv6Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)),
        };
        let incoming = Incoming { source, destination, hop_limit, bytes: &bytes };
        let judged = Advert::from_wire(&incoming, &expected);
        let glance = advert::glance(family, &bytes);
        prop_assert_eq!(
            matches!(judged, Err(Reject::TooShort { .. })),
            glance.is_err(),
            "who is too short for a glance is too short to read"
        );
        prop_assert!(GratuitousArp::from_wire(&bytes).is_none());
        prop_assert!(NeighbourAdvertisement::from_wire(&bytes).is_none());
    }

    /// VR-71: a written advert cut anywhere is refused.
    #[test]
    fn a_cut_advert_is_refused((sent, envelope) in any_advert(), cut in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        sent.to_wire(&envelope, &mut bytes);
        bytes.truncate(cut.index(bytes.len()));
        let received = Advert::from_wire(&incoming(&envelope, &bytes), &alike(&sent, &envelope));
        prop_assert!(matches!(received, Err(Reject::TooShort { .. } | Reject::Length { .. })), "{:?}", received);
    }

    /// VR-164, VR-166: announcements read back.
    #[test]
    fn announcements_read_back(mac in any::<[u8; 6]>(), four in any::<u32>(), six in any::<u128>(), router in any::<bool>()) {
        let mac = MacAddress(mac);
        let mut frame = Vec::new();
        let arp = GratuitousArp { mac, address: Ipv4Addr::from_bits(four) };
        arp.to_wire(&mut frame);
        frame.resize(60, 0);
        prop_assert_eq!(GratuitousArp::from_wire(&frame), Some(arp), "padded to the least Ethernet frame");
        let mut frame = Vec::new();
        let advertisement = NeighbourAdvertisement { mac, address: Ipv6Addr::from_bits(six), router };
        advertisement.to_wire(&mut frame);
        prop_assert_eq!(NeighbourAdvertisement::from_wire(&frame), Some(advertisement));
    }
}
