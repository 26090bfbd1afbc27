//! Properties of what reads bytes from outside: what is written reads back, no bytes whatever make a reader panic, and
//! how the network cuts an answer does not matter. The fuzz targets in `tests/fuzz` look longer and deeper.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keepalived_rs::base::bfd::{Diagnostic, State};
use keepalived_rs::base::name::{Authentication, Priority, Version, Vrid};
use keepalived_rs::base::net::{Family, MacAddress};
use keepalived_rs::base::number::leading_integer;
use keepalived_rs::base::time::Interval;
use keepalived_rs::check::http::Answer;
use keepalived_rs::check::smtp::{Dialogue, Next};
use keepalived_rs::check::{datagram, dns};
use keepalived_rs::kernel::netlink::frames;
use keepalived_rs::kernel::process_events;
use keepalived_rs::model::check::Url;
use keepalived_rs::model::event::check::Tested;
use keepalived_rs::wire::advert::{self, Advert, ChecksumForm, Envelope, Expected, Incoming, Reject};
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::bfd::{self, Control};
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;
use md5::{Digest, Md5};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a server says first, and of a body of five bytes.
const STATUS: &[u8] = b"HTTP/1.1 200 OK\r\n";
const ANNOUNCED: &[u8] = b"Content-Length: 5\r\n";

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

    /// Any BFD packet that can be written reads back; any bytes at all are judged.
    #[test]
    fn bfd_packets_read_back(
        diagnostic in prop::sample::select(Diagnostic::ALL),
        state in prop::sample::select(State::ALL.to_vec()),
        flags in any::<u8>(),
        multiplier in 1..=255u8,
        (mine, yours) in (1..=u32::MAX, 1..=u32::MAX),
        intervals in any::<[u32; 3]>(),
    ) {
        let flag = |bit: u8| flags >> bit & 1 == 1;
        let [desired_min_tx, required_min_rx, required_min_echo_rx] =
            intervals.map(|micros| Interval::from_micros(u64::from(micros)));
        let packet = Control {
            diagnostic,
            state,
            poll: flag(0),
            last: flag(1) && !flag(0),
            independent: flag(2),
            authenticated: flag(3),
            demand: flag(4),
            multiplier,
            my_discriminator: mine,
            your_discriminator: yours,
            desired_min_tx,
            required_min_rx,
            required_min_echo_rx,
        };
        prop_assert_eq!(Control::from_wire(&packet.to_wire()), Ok(packet));
    }

    #[test]
    fn any_datagrams_are_judged(bytes in vec(any::<u8>(), 0..80), id in any::<u16>()) {
        if let Ok(packet) = Control::from_wire(&bytes) {
            prop_assert_eq!(&packet.to_wire()[..], &bytes[..bfd::LENGTH]);
        }
        let answered = dns::judge(id, &bytes);
        let about_us = bytes.len() >= 12 && bytes[..2] == id.to_be_bytes() && bytes[2] & 0x80 != 0;
        prop_assert_eq!(answered == dns::Answer::Stray, !about_us);
        for family in [Family::V4, Family::V6] {
            let good = datagram::judge_echo(family, id, &bytes).is_ok();
            prop_assert!(!good || bytes[6..8] == id.to_be_bytes());
        }
    }

    /// CK-47, CK-48, CK-50, CK-51: an answer is worth the same however the network cuts it, and the digest is that of
    /// the bytes announced.
    #[test]
    fn an_answer_is_worth_the_same_in_any_pieces(
        head in prop_oneof![Just(STATUS.to_vec()), vec(any::<u8>(), 0..30)],
        middle in prop_oneof![Just(ANNOUNCED.to_vec()), vec(any::<u8>(), 0..30), vec(any::<u8>(), 4000..4100)],
        body in vec(any::<u8>(), 0..30),
        cuts in vec(1..200usize, 1..40),
    ) {
        let text = [&head[..], &middle, b"\r\n\r\n", &body].concat();
        let end = text.windows(4).position(|four| four == b"\r\n\r\n").map_or(text.len(), |at| at + 4);
        let (received, announced) = (text.len() - end, if middle == ANNOUNCED { 5 } else { usize::MAX });
        let covered = &text[end..end + received.min(announced)];
        let url = Url {
            path: "/".to_owned(),
            virtual_host: None,
            server_name: None,
            digest: Some(Md5::digest(covered).into()),
            status_codes: vec![(200, 299)],
            tls_compliant: false,
            regex: None,
        };
        let mut whole = Answer::to(&url, None);
        let _ = whole.take(&text);
        let mut cut = Answer::to(&url, None);
        let (mut rest, mut sizes) = (&text[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap_or(&1)));
            if cut.take(piece).is_err() {
                break;
            }
            rest = after;
        }
        let judged = whole.judge();
        prop_assert_eq!(judged, cut.judge());
        if head == STATUS && middle.len() < 4000 {
            prop_assert_eq!(judged.result, Ok(Tested::Digest));
        }
    }

    /// CK-70, CK-71: a mail server may say anything in any pieces; good is only who greeted and was greeted.
    #[test]
    fn a_mail_server_may_say_anything(
        pieces in vec(prop_oneof![Just(b"220 a\n".to_vec()), Just(b"250 b\r\n".to_vec()), vec(any::<u8>(), 0..700)], 0..12),
    ) {
        let mut dialogue = Dialogue::new("helo.example");
        let mut said = 0;
        for piece in pieces {
            match dialogue.hear(&piece) {
                Next::Read => {}
                Next::Say(_) => said += 1,
                Next::Good => {
                    prop_assert_eq!(said, 2);
                    break;
                }
                Next::Bad(_) => break,
            }
        }
    }

    /// Any bytes as what the kernel says: no message is longer than its datagram, and every message takes something.
    #[test]
    fn any_netlink_datagram_is_cut_into_messages(mut bytes in vec(any::<u8>(), 0..120), length in 0..64u8) {
        if let Some(first) = bytes.first_mut() {
            *first = length;
        }
        if let Some(rest) = bytes.get_mut(1..4) {
            rest.fill(0);
        }
        let all: Vec<usize> = frames(&bytes).map(|frame| frame.payload.len()).collect();
        prop_assert!(all.iter().map(|length| length + 16).sum::<usize>() <= bytes.len() + 3 * all.len());
        let _ = process_events::parse(&bytes);
    }

    /// VR-224: what strtol(3) reads of a text, whatever stands behind the number.
    #[test]
    fn numbers_read_as_strtol_reads_them(number in any::<i64>(), behind in "[ a-zG-Z\n]{0,4}", blanks in "[ \t\n]{0,3}") {
        prop_assume!(!behind.starts_with(['x', 'X']));
        let decimal = format!("{blanks}{number}{behind}");
        prop_assert_eq!(leading_integer(decimal.as_bytes()), Ok(number));
        let sign = if number < 0 { "-" } else { "" };
        let hexadecimal = format!("{blanks}{sign}0x{:x}G{behind}", number.unsigned_abs());
        prop_assert_eq!(leading_integer(hexadecimal.as_bytes()), Ok(number));
    }

    #[test]
    fn any_text_has_a_number_or_none(text in vec(any::<u8>(), 0..60)) {
        let _ = leading_integer(&text);
    }
}
