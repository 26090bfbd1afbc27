//! Received packets: what is refused, counted, told once, or accepted all the same.

use std::net::IpAddr;

use super::*;
use crate::base::name::Authentication;
use crate::base::time::Interval;
use crate::model::vrrp::{Instance, OldChecksum, Statistics, UnicastPeer};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;
use crate::wire::advert::{ChecksumForm, Envelope};

fn backup(model: Instance) -> Stage {
    Stage::started(vrrp(vec![model]))
}

/// What a packet, made from a good advert of priority 150, leads to: reports, without advice and the words of 1.x.
fn received(stage: &mut Stage, change: impl FnOnce(&mut Packet)) -> Vec<String> {
    let mut packet = stage.packet_of(0, "10.0.0.2", &stage.advert_of(0, "10.0.0.2", 150));
    change(&mut packet);
    let mut lines = stage.input(Input::Packet(packet));
    lines.retain(|line| !line.contains("Mismatch { with") && !line.contains("OldWords("));
    lines
}

/// A change of the packet, what is told of it, and the counter that grows.
type Case = (&'static str, fn(&mut Packet), &'static str, fn(&Statistics) -> u64);

/// VR-71, VR-73, VR-74, VR-76, VR-79, VR-80, VR-83, VR-121, VR-334, VR-347, IF-226: each kind is counted each time
/// and told once; the down timer runs on.
#[test]
fn bad_packets_are_counted_and_told_once() {
    let cases: &[Case] = &[
        ("Length", |packet| packet.bytes.extend([0; 8]), "Length", |s| s.length_errors),
        ("hop limit", |packet| packet.hop_limit = Some(64), "HopLimit", |s| s.ttl_errors),
        ("version", |packet| packet.bytes[20] = 0x31, "Length", |s| s.length_errors),
        (
            "version 4",
            |packet| {
                packet.bytes[20] = 0x41;
                packet.bytes.truncate(32);
            },
            "Version",
            |s| s.version_errors,
        ),
        ("auth type", |packet| packet.bytes[24] = 9, "AuthenticationType", |s| s.authentication_type_errors),
        ("auth mismatch", |packet| packet.bytes[24] = 1, "AuthenticationMismatch", |s| s.authentication_mismatches),
        ("type", |packet| packet.bytes[20] = 0x22, "Type", |s| s.type_errors),
        ("checksum", |packet| packet.bytes[26] ^= 1, "Checksum", |s| s.checksum_errors),
        ("interval", |packet| packet.bytes[25] = 5, "Interval", |_| 0),
    ];
    for (what, change, told, counter) in cases {
        let mut stage = backup(instance("VI_1", 51, 100));
        let deadline = stage.router.deadline();
        let first = received(&mut stage, change);
        assert_eq!(first.len(), 1, "{what}: {first:?}");
        assert!(first[0].contains(&format!("flaw: {told}")), "{what}: {first:?}");
        assert!(received(&mut stage, change).is_empty(), "{what}: told twice");
        let expected = if *what == "interval" { 0 } else { 2 };
        assert_eq!(counter(&stage.statistics()), expected, "{what}");
        assert_eq!(stage.statistics().adverts_received, 0, "{what}: VR-86");
        assert_eq!(stage.router.deadline(), deadline, "{what}: the down timer was touched");
    }
}

/// IF-226: told again after the state has changed.
#[test]
fn a_flaw_is_told_again_after_a_transition() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let bad = |packet: &mut Packet| packet.hop_limit = Some(64);
    assert_eq!(received(&mut stage, bad).len(), 1);
    assert!(received(&mut stage, bad).is_empty());
    while stage.state() != State::Master {
        stage.next();
    }
    assert_eq!(received(&mut stage, bad).len(), 1);
}

/// VR-77: a wrong password.
#[test]
fn a_wrong_password() {
    let mut stage =
        backup(Instance { authentication: Authentication::Pass(*b"secret12"), ..instance("VI_1", 51, 100) });
    let told = received(&mut stage, |packet| {
        let last = packet.bytes.len() - 1;
        packet.bytes[last] ^= 1;
    });
    assert!(told[0].contains("Password"), "{told:?}");
    assert_eq!(stage.statistics().authentication_failures, 1);
    received(&mut stage, |_| {});
    assert_eq!(stage.statistics().adverts_received, 1);
}

/// VR-70, VR-78, VR-38, VR-39: the AH form: a number already seen is refused, and our own adverts go on from it.
#[test]
fn the_authentication_header() {
    let mut stage = backup(Instance { authentication: Authentication::Ah(*b"secret12"), ..instance("VI_1", 51, 100) });
    received(&mut stage, |_| {});
    assert_eq!(stage.statistics().adverts_received, 1);
    let told = received(&mut stage, |_| {});
    assert!(told[0].contains("Sequence { received: 1, counter: 1 }"), "{told:?}");
    assert_eq!(stage.statistics().authentication_failures, 1);
    let mut sent = Vec::new();
    while sent.is_empty() {
        stage.now = stage.router.deadline().unwrap();
        let effects = stage.effects(Input::Deadline);
        sent = effects
            .into_iter()
            .filter_map(|effect| match effect {
                crate::vrrp::Effect::Send(sent) => Some(sent.bytes),
                _ => None,
            })
            .collect();
    }
    assert_eq!(sent[0][28..32], [0, 0, 0, 2]);
    let mut stage = backup(Instance { authentication: Authentication::Ah(*b"secret12"), ..instance("VI_1", 51, 100) });
    let plain = Stage::waiting(vrrp(vec![instance("VI_1", 51, 100)]));
    let bytes = plain.packet_of(0, "10.0.0.2", &plain.advert_of(0, "10.0.0.2", 150)).bytes;
    let told = received(&mut stage, |packet| packet.bytes = bytes);
    assert!(told[0].contains("AuthenticationHeader { present: false }"), "{told:?}");
    assert_eq!(stage.statistics().authentication_mismatches, 1);
}

/// VR-65: too short for anything: told at most once a second.
#[test]
fn a_stump_is_told_once_a_second() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let stump = |packet: &mut Packet| packet.bytes.truncate(22);
    assert_eq!(received(&mut stage, stump).len(), 1);
    assert!(received(&mut stage, stump).is_empty());
    stage.now += SECOND;
    assert_eq!(received(&mut stage, stump).len(), 1);
}

/// VR-66: another VRID is nothing to us, unless `log_unknown_vrids`.
#[test]
fn an_unknown_vrid() {
    for log_unknown_vrids in [false, true] {
        let mut stage =
            Stage::started(crate::model::vrrp::Vrrp { log_unknown_vrids, ..vrrp(vec![instance("VI_1", 51, 100)]) });
        let told = received(&mut stage, |packet| packet.bytes[21] = 99);
        assert_eq!(told.len(), usize::from(log_unknown_vrids), "{told:?}");
    }
}

/// VR-68: in Fault nothing is heard.
#[test]
fn a_faulty_instance_hears_nothing() {
    let mut stage = backup(Instance { dont_track_primary: false, ..instance("VI_1", 51, 100) });
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    assert!(received(&mut stage, |_| {}).is_empty());
    assert_eq!(stage.statistics().adverts_received, 0);
}

/// VR-85: an owner that ignores adverts does not count them either.
#[test]
fn an_owner_may_ignore_adverts() {
    let mut stage = Stage::master(vrrp(vec![Instance { owner_ignore_adverts: true, ..instance("VI_1", 51, 255) }]));
    let told = received(&mut stage, |_| {});
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("WeAreOwner"), "{told:?}");
    assert_eq!(stage.statistics().adverts_received, 0);
}

/// VR-86, VR-87, VR-326: other addresses are told and counted, but the advert is accepted.
#[test]
fn other_addresses_are_accepted() {
    for addresses in [vec!["10.0.0.9"], vec!["10.0.0.100", "10.0.0.9"], vec![]] {
        let mut stage = backup(instance("VI_1", 51, 100));
        stage.pass(SECOND);
        let before = stage.router.deadline();
        let mut advert = stage.advert_of(0, "10.0.0.2", 150);
        advert.addresses = addresses.iter().map(|text| ip(text)).collect();
        let packet = stage.packet_of(0, "10.0.0.2", &advert);
        let told = stage.input(Input::Packet(packet));
        assert!(told[0].contains("Address"), "{told:?}");
        assert_eq!(stage.statistics().address_list_errors, 1);
        assert_eq!(stage.statistics().adverts_received, 1);
        assert!(stage.router.deadline() > before, "the down timer began anew");
    }
}

/// VR-88: with `skip_check_adv_addr` the list of the known Master is not compared, that of another is.
#[test]
fn the_known_masters_list_may_be_skipped() {
    let mut stage = backup(Instance { skip_check_adv_addr: true, ..instance("VI_1", 51, 100) });
    stage.hear(0, "10.0.0.2", 150);
    for (from, errors) in [("10.0.0.2", 0), ("10.0.0.3", 1)] {
        let mut advert = stage.advert_of(0, from, 150);
        advert.addresses = vec![ip("10.0.0.9")];
        let packet = stage.packet_of(0, from, &advert);
        stage.input(Input::Packet(packet));
        assert_eq!(stage.statistics().address_list_errors, errors, "{from}");
    }
}

/// VR-67: two unicast instances with one VRID are told apart by the peer. VR-89, VR-90: a stranger is refused where
/// sources are checked, and so is a peer that is too far away; an unknown TTL passes.
#[test]
fn unicast_sources() {
    let checked = |peer: &str| Instance {
        transport: Transport::Unicast {
            peers: vec![UnicastPeer { address: ip(peer), min_ttl: 250, max_ttl: 254 }],
            ttl: None,
            check_source: true,
        },
        ..unicast("VI_1", 51, 100, &[])
    };
    let mut stage = Stage::started(vrrp(vec![checked("10.0.0.2"), checked("10.0.0.3")]));
    let send = |stage: &mut Stage, from: &str, hop_limit| {
        let mut packet = stage.packet_of(0, from, &stage.advert_of(0, from, 150));
        packet.hop_limit = hop_limit;
        let told = stage.input(Input::Packet(packet));
        let heard =
            |at| stage.router.statistics(crate::model::vrrp::InstanceId(at)).map_or(0, |one| one.adverts_received);
        (heard(0), heard(1), told.concat())
    };
    let (first, second, told) = send(&mut stage, "10.0.0.3", Some(252));
    assert_eq!((first, second), (0, 1), "{told}");
    let (first, second, told) = send(&mut stage, "10.0.0.2", Some(249));
    assert_eq!((first, second), (1, 1));
    assert!(told.contains("PeerHopLimit { received: 249, least: 250, most: 254 }"), "{told}");
    assert_eq!(stage.statistics().ttl_errors, 1);
    assert!(!told.contains("MasterSet"));
    let (_, _, told) = send(&mut stage, "10.0.0.2", None);
    assert!(told.contains("MasterSet"), "{told}");
    let (first, second, told) = send(&mut stage, "10.0.0.9", Some(252));
    assert_eq!((first, second, told.as_str()), (2, 1, ""), "of several none fits");

    let mut stage = Stage::started(vrrp(vec![checked("10.0.0.2")]));
    let (_, _, told) = send(&mut stage, "10.0.0.9", Some(252));
    assert!(told.contains("NotAPeer"), "{told}");
}

/// An advert of priority 150 with the checksum of 1.3.6.
fn summed_as_of_old(stage: &Stage, from: &str) -> Packet {
    let envelope = Envelope {
        source: ip(from),
        destination: ip("10.0.0.1"),
        ttl: 255,
        id: 1,
        checksum: ChecksumForm::Group("224.0.0.18".parse().unwrap()),
        sequence: 0,
    };
    let mut packet = stage.packet_of(0, from, &stage.advert_of(0, from, 150));
    packet.bytes.clear();
    stage.advert_of(0, from, 150).to_wire(&envelope, &mut packet.bytes);
    packet
}

/// VR-22, VR-23: each peer is answered in the form that it uses itself; an old one locks out neither the others nor
/// itself once it is updated.
#[test]
fn the_old_checksum_is_a_peers_own() {
    let mut stage = backup(unicast("VI_1", 51, 100, &["10.0.0.2", "10.0.0.3"]));
    let packet = summed_as_of_old(&stage, "10.0.0.2");
    let told = stage.input(Input::Packet(packet));
    assert!(told[0].contains("from: 10.0.0.2, flaw: OldChecksum"), "{told:?}");
    stage.hear(0, "10.0.0.3", 150);
    assert_eq!(stage.statistics().adverts_received, 2);
    assert_eq!(stage.statistics().checksum_errors, 0);

    let new_form = |stage: &mut Stage| -> Vec<(IpAddr, bool)> {
        loop {
            stage.now = stage.router.deadline().unwrap();
            let effects = stage.effects(Input::Deadline);
            let sent: Vec<_> = effects
                .iter()
                .filter_map(|effect| match effect {
                    crate::vrrp::Effect::Send(sent) => Some(sent),
                    _ => None,
                })
                .map(|sent| {
                    let expected = Expected {
                        version: Version::V3,
                        authentication: Authentication::None,
                        interval: SECOND,
                        unicast: true,
                        checksum: ChecksumForm::PseudoHeader,
                        sequence: 0,
                        trailer: false,
                    };
                    let (source, destination) = (sent.source, sent.destination);
                    let incoming = Incoming { source, destination, hop_limit: None, bytes: &sent.bytes };
                    (destination, Advert::from_wire(&incoming, &expected).is_ok())
                })
                .collect();
            if !sent.is_empty() {
                return sent;
            }
        }
    };
    assert_eq!(new_form(&mut stage), [(ip("10.0.0.2"), false), (ip("10.0.0.3"), true)]);
    let mut advert = stage.advert_of(0, "10.0.0.2", 50);
    advert.priority = Priority(50);
    let packet = stage.packet_of(0, "10.0.0.2", &advert);
    let told = stage.input(Input::Packet(packet));
    assert!(told[0].contains("from: 10.0.0.2, flaw: NewChecksum"), "{told:?}");
    assert_eq!(new_form(&mut stage), [(ip("10.0.0.2"), true), (ip("10.0.0.3"), true)]);
}

/// VR-22: what the file says about the old form is kept to.
#[test]
fn the_old_checksum_as_the_file_says() {
    for (setting, old, new) in [(OldChecksum::Never, 1, 0), (OldChecksum::Always, 0, 1)] {
        let mut stage = backup(Instance { old_unicast_checksum: setting, ..unicast("VI_1", 51, 100, &["10.0.0.2"]) });
        let packet = summed_as_of_old(&stage, "10.0.0.2");
        stage.input(Input::Packet(packet));
        assert_eq!(stage.statistics().checksum_errors, old);
        received(&mut stage, |_| {});
        assert_eq!(stage.statistics().checksum_errors, old + new);
    }
}

/// The reports among lines that hold `word`.
fn told(lines: &[String], word: &str) -> usize {
    lines.iter().filter(|line| line.contains(word)).count()
}

/// IF-226: what differs is told once for each router, the original's line once; the words of 1.x follow it.
#[test]
fn what_differs_is_told_once_for_each_router() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let mut hear = |from: &str| {
        let mut advert = stage.advert_of(0, from, 150);
        advert.addresses.push(ip("10.0.0.101"));
        let packet = stage.packet_of(0, from, &advert);
        stage.input(Input::Packet(packet))
    };
    let first = hear("10.0.0.2");
    let order: Vec<usize> =
        ["Packet {", "OldWords(AddressCount)", "OldWords(Bogus", "OldWords(Ignoring)", "Mismatch {"]
            .iter()
            .map(|word| {
                first.iter().position(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {first:?}"))
            })
            .collect();
    assert!(order.is_sorted(), "{first:?}");
    // The first accepted advert named a Master, which makes all kinds news once more.
    hear("10.0.0.2");
    assert_eq!(told(&hear("10.0.0.2"), "AddressCount"), 0);
    let other = hear("10.0.0.3");
    assert_eq!(told(&other, "Mismatch { with: 10.0.0.3"), 1, "{other:?}");
    assert_eq!(told(&hear("10.0.0.2"), "Mismatch"), 0);
}

/// IF-226, VR-334: two Masters in turn do not make each advert's flaws news again; strangers do not fill the memory.
#[test]
fn the_log_is_not_filled_by_others() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let mut lines = Vec::new();
    for round in 0..200 {
        let from = format!("10.0.{}.{}", round % 100, 2 + round % 2);
        let mut advert = stage.advert_of(0, &from, 150);
        advert.addresses.push(ip("10.0.0.101"));
        let packet = stage.packet_of(0, &from, &advert);
        lines.extend(stage.input(Input::Packet(packet)));
        stage.now += Interval::from_millis(20);
    }
    assert_eq!(stage.statistics().address_list_errors, 200);
    assert!(told(&lines, "Packet {") <= 2, "{}", told(&lines, "Packet {"));
    assert_eq!(told(&lines, "Mismatch"), 32);
}

/// VR-82, VR-328: another interval is told and accepted in version 3.
#[test]
fn another_interval_in_version_3() {
    let mut stage = backup(Instance { version: Version::V3, ..instance("VI_1", 51, 100) });
    let mut advert = stage.advert_of(0, "10.0.0.2", 150);
    advert.interval = Interval::from_millis(300);
    let packet = stage.packet_of(0, "10.0.0.2", &advert);
    let told = stage.input(Input::Packet(packet)).concat();
    assert!(told.contains("IntervalDiffers") && told.contains("IntervalLearned"), "{told}");
    assert_eq!(stage.router.deadline(), Some(stage.now + Interval::from_micros(1_082_812)));
}

/// VR-63: a packet longer than any link here carries is looked at in full, and refused for its length.
#[test]
fn a_packet_longer_than_the_link_carries() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let told = received(&mut stage, |packet| packet.bytes.resize(3_000, 0));
    assert!(told[0].contains("Length { received: 3000, expected: 40 }"), "{told:?}");
    assert_eq!(stage.statistics().length_errors, 1);
}

/// VR-290: cleared, all count from zero on.
#[test]
fn statistics_are_cleared() {
    let mut stage = backup(instance("VI_1", 51, 100));
    received(&mut stage, |packet| packet.hop_limit = Some(64));
    received(&mut stage, |_| {});
    let all = stage.router.all_statistics();
    assert_eq!((all[0].0.as_str(), all[0].1.ttl_errors, all[0].1.adverts_received), ("VI_1", 1, 1));
    stage.router.clear_statistics();
    assert_eq!(stage.router.all_statistics()[0].1, Statistics::default());
}

/// VR-84: IPv4 to our own address is nothing for a multicast instance.
#[test]
fn unicast_to_a_multicast_instance() {
    let mut stage = backup(instance("VI_1", 51, 100));
    let told = received(&mut stage, |packet| {
        packet.destination = ip("10.0.0.1");
        packet.bytes[16..20].copy_from_slice(&[10, 0, 0, 1]);
    });
    assert!(told[0].contains("Destination"), "{told:?}");
    assert_eq!(stage.statistics().address_list_errors, 1);
}

/// VR-91, VR-134: priority 0 is counted apart.
#[test]
fn priority_zero_is_counted() {
    let mut stage = backup(instance("VI_1", 51, 100));
    assert_eq!(stage.hear(0, "10.0.0.2", 0), ["[VI_1 BackupReceivedPriorityZero]"]);
    let statistics = stage.statistics();
    assert_eq!((statistics.priority_zero_received, statistics.adverts_received), (1, 1));
}

/// VR-335: the Master is named when it is another one than before.
#[test]
fn the_master_is_named() {
    let mut stage = backup(instance("VI_1", 51, 100));
    assert_eq!(stage.hear(0, "10.0.0.2", 150), ["[VI_1 MasterSet { master: 10.0.0.2 }]"]);
    assert!(stage.hear(0, "10.0.0.2", 150).is_empty());
    assert_eq!(stage.hear(0, "10.0.0.3", 150), ["[VI_1 MasterChanged { from: 10.0.0.2, to: 10.0.0.3 }]"]);
    let told = stage.hear(0, "10.0.0.4", 50);
    assert_eq!(told.len(), 2, "also when it is discarded: {told:?}");
}

/// IPv6 works the same way: link-local source, its own group, version 3.
#[test]
fn ipv6() {
    let mut stage = Stage::master(vrrp(vec![instance6("VI_6", 61, 100)]));
    assert_eq!(stage.held(), ["fe80::100/64", "fd00::100/64"]);
    let sent = stage.pass_only(SECOND, "send");
    assert_eq!(sent[0].1, "send 61 priority 100 to ff02::12");
    stage.hear(0, "fe80::2", 100);
    assert_eq!(stage.state(), State::Backup, "a higher address");
    let mut packet = stage.packet_of(0, "fe80::2", &stage.advert_of(0, "fe80::2", 150));
    packet.destination = ip("fe80::1");
    let told = stage.input(Input::Packet(packet));
    assert!(told[0].contains("Destination { multicast: false }"), "VR-69: {told:?}");
}

/// Any bytes: nothing breaks.
#[test]
fn any_bytes() {
    let mut random = crate::base::random::Random::from_seed(7);
    let mut stage = Stage::master(vrrp(vec![instance("VI_1", 51, 100), instance6("VI_6", 51, 100)]));
    for round in 0..20_000 {
        let from = if round % 2 == 0 { "10.0.0.2" } else { "fe80::2" };
        let mut packet = stage.packet_of(round % 2, from, &stage.advert_of(round % 2, from, 90));
        for _ in 0..random.up_to(4) {
            let at = random.up_to(packet.bytes.len() as u64 - 1) as usize;
            packet.bytes[at] = random.number() as u8;
        }
        let keep = random.up_to(packet.bytes.len() as u64) as usize;
        if random.up_to(3) == 0 {
            packet.bytes.truncate(keep);
        }
        stage.input(Input::Packet(packet));
        if stage.router.deadline().is_some_and(|at| at <= stage.now) {
            stage.input(Input::Deadline);
        }
    }
    assert!(stage.states().iter().all(|state| matches!(state, State::Master | State::Backup)));
}
