//! Signed adverts: what is signed with which stamp, and what is taken.

use std::sync::Arc;

use super::*;
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::model::vrrp::{HmacKey, Instance, Secret, State, Statistics, Vrrp};
use crate::vrrp::fixture::*;
use crate::vrrp::{Effect, Input, Packet};
use crate::wire::advert::length;

const OLD: &[u8] = b"the old key has 32 bytes at least";
const NEW: &[u8] = b"the new key has 32 bytes at least";
/// A moment of the wall clock.
const NOON: u64 = 1_800_000_000;

fn settings(keys: &[(u8, &[u8])], mode: HmacMode, anti_replay: AntiReplay) -> Option<Arc<AuthHmac>> {
    let keys: Vec<HmacKey> =
        keys.iter().map(|(id, bytes)| HmacKey { id: *id, secret: Secret(bytes.to_vec()) }).collect();
    Some(Arc::new(AuthHmac { active: keys[0].id, keys, mode, anti_replay }))
}

const WINDOW: AntiReplay = AntiReplay::Time { window: 10 };

fn enforced() -> Instance {
    Instance { auth_hmac: settings(&[(1, OLD)], HmacMode::Enforce, WINDOW), ..instance("VI_1", 51, 100) }
}

fn at(stage: &mut Stage, seconds: u64) {
    stage.router.set_wall_time(WallTime::from_micros(seconds * 1_000_000));
}

fn backup(model: Instance) -> Stage {
    let mut stage = Stage::waiting(vrrp(vec![model]));
    at(&mut stage, NOON);
    stage.input(Input::Start);
    stage
}

/// A good advert of priority 150 from `from`, signed with the first key at `seconds`.
fn signed(stage: &Stage, from: &str, key: (u8, &[u8]), seconds: u64) -> Packet {
    let advert = stage.advert_of(0, from, 150);
    let mut packet = stage.packet_of(0, from, &advert);
    let stamp = Stamp::of(WallTime::from_micros(seconds * 1_000_000));
    let body = advert.packet(Family::V4);
    let trailer = Trailer::sign(key.0, key.1, stamp, &Signed { source: ip(from), packet: &body }).to_wire();
    packet.bytes.extend(trailer);
    let total = packet.bytes.len() as u16;
    packet.bytes[2..4].copy_from_slice(&total.to_be_bytes());
    packet
}

fn unsigned(stage: &Stage, from: &str) -> Packet {
    stage.packet_of(0, from, &stage.advert_of(0, from, 150))
}

/// Trailers of the adverts among effects.
fn trailers(effects: &[Effect]) -> Vec<Option<Trailer>> {
    let plain = 20 + length(Family::V4, 2, 1);
    let trailer = |bytes: &[u8]| match bytes.len() - plain {
        0 => None,
        TRAILER => Trailer::from_wire(bytes.last_chunk().unwrap()),
        odd => panic!("{odd} bytes behind the packet"),
    };
    let sent = |effect: &Effect| match effect {
        Effect::Send(sent) => Some(trailer(&sent.bytes)),
        _ => None,
    };
    effects.iter().filter_map(sent).collect()
}

/// What happens at the next deadlines until an advert is sent.
fn next_sent(stage: &mut Stage) -> Vec<Option<Trailer>> {
    loop {
        stage.now = stage.router.deadline().unwrap();
        let sent = trailers(&stage.effects(Input::Deadline));
        if !sent.is_empty() {
            return sent;
        }
    }
}

/// Where a trailer's parts stand: 20 bytes of IP, 20 of VRRP, then the trailer.
const TYPE: usize = 40;
const KEY: usize = 41;
const SECONDS: usize = 44;
const SIGNATURE: usize = 52;

/// A change of a good packet, what is told of it, and the counter that grows.
type Case = (&'static str, fn(&mut [u8]), &'static str, fn(&Statistics) -> u64);

/// VR-51, VR-53, VR-75: each kind is told once and counted each time, in this order of looking, before any field counts.
#[test]
fn what_is_not_signed_well_is_refused() {
    let cases: &[Case] = &[
        ("the type", |bytes| (bytes[TYPE], bytes[SECONDS]) = (2, 0), "Malformed", |s| s.hmac_malformed),
        ("the time", |bytes| (bytes[SECONDS + 2], bytes[KEY]) = (0, 9), "Stale", |s| s.hmac_stale),
        ("the key", |bytes| (bytes[KEY], bytes[SIGNATURE]) = (9, 0), "UnknownKey { id: 9 }", |s| s.hmac_unknown_key),
        ("the signature", |bytes| bytes[SIGNATURE] ^= 1, "Invalid", |s| s.hmac_invalid),
        ("the interval", |bytes| bytes[25] = 7, "Invalid", |s| s.hmac_invalid),
    ];
    for (what, change, told, counter) in cases {
        let mut stage = backup(enforced());
        let mut packet = signed(&stage, "10.0.0.2", (1, OLD), NOON);
        change(&mut packet.bytes);
        let lines = stage.input(Input::Packet(packet.clone()));
        assert!(lines[0].contains("Packet {") && lines[0].contains(told), "{what}: {lines:?}");
        assert!(stage.input(Input::Packet(packet)).is_empty(), "{what}: told twice");
        assert_eq!(counter(&stage.statistics()), 2, "{what}");
        assert_eq!(stage.statistics().adverts_received, 0, "{what}");
    }
}

/// VR-52, VR-53: the same advert twice is a replay; a later one of the same moment is not.
#[test]
fn an_advert_counts_once() {
    for anti_replay in [WINDOW, AntiReplay::Monotonic] {
        let mut stage =
            backup(Instance { auth_hmac: settings(&[(1, OLD)], HmacMode::Enforce, anti_replay), ..enforced() });
        for (seconds, replayed) in [(NOON, 0), (NOON, 1), (NOON - 1, 2), (NOON + 1, 2)] {
            let packet = signed(&stage, "10.0.0.2", (1, OLD), seconds);
            stage.input(Input::Packet(packet));
            assert_eq!(stage.statistics().hmac_replayed, replayed, "{anti_replay:?} {seconds}");
        }
        assert_eq!(stage.statistics().adverts_received, 2);
    }
}

/// VR-50, VR-53: within half of the window nothing is said, beyond it once, beyond the window it is refused; with
/// `monotonic` clocks do not matter.
#[test]
fn clocks_may_differ_by_the_window() {
    for (skew, told, taken) in [(5, 0, 1), (6, 1, 1), (10, 1, 1), (11, 1, 0)] {
        for seconds in [NOON - skew, NOON + skew] {
            let mut stage = backup(enforced());
            let packet = signed(&stage, "10.0.0.2", (1, OLD), seconds);
            let lines = stage.input(Input::Packet(packet));
            let flaw = |line: &&String| line.contains("Packet {") && (line.contains("Skew") || line.contains("Stale"));
            let found = lines.iter().filter(flaw).count();
            assert_eq!((found, stage.statistics().adverts_received), (told, taken), "{skew}: {lines:?}");
        }
    }
    let settings = settings(&[(1, OLD)], HmacMode::Enforce, AntiReplay::Monotonic);
    let mut stage = backup(Instance { auth_hmac: settings, ..enforced() });
    let packet = signed(&stage, "10.0.0.2", (1, OLD), NOON - 100_000);
    let lines = stage.input(Input::Packet(packet));
    assert!(stage.statistics().adverts_received == 1 && !lines.iter().any(|line| line.contains("Skew")), "{lines:?}");
}

/// VR-52: a clock that was set back by more than the window makes its old adverts forgotten.
#[test]
fn a_mark_far_from_now_is_forgotten() {
    let mut stage = backup(enforced());
    let packet = signed(&stage, "10.0.0.2", (1, OLD), NOON);
    stage.input(Input::Packet(packet));
    for (now, taken) in [(NOON - 10, 1), (NOON - 11, 2)] {
        at(&mut stage, now);
        let packet = signed(&stage, "10.0.0.2", (1, OLD), now);
        stage.input(Input::Packet(packet));
        assert_eq!(stage.statistics().adverts_received, taken);
    }
}

/// VR-52: of five senders on a LAN the one heard longest ago is forgotten, and only it.
#[test]
fn four_senders_are_remembered() {
    let mut stage = backup(enforced());
    let mut hear = |from: &str| {
        let packet = signed(&stage, from, (1, OLD), NOON);
        stage.input(Input::Packet(packet));
        stage.statistics().hmac_replayed
    };
    for last in 2..=5 {
        assert_eq!(hear(&format!("10.0.0.{last}")), 0);
    }
    assert_eq!(hear("10.0.0.6"), 0);
    assert_eq!(hear("10.0.0.2"), 0, "forgotten");
    assert_eq!(hear("10.0.0.4"), 1);
}

/// VR-52: between peers nobody else may sign, whatever `check_unicast_src` says; each peer has its own mark.
#[test]
fn only_peers_sign_unicast() {
    let model =
        Instance { version: crate::model::vrrp::Version::V2, ..unicast("VI_1", 51, 100, &["10.0.0.2", "10.0.0.3"]) };
    let mut stage = backup(Instance { auth_hmac: enforced().auth_hmac, ..model });
    for from in ["10.0.0.2", "10.0.0.3"] {
        let packet = signed(&stage, from, (1, OLD), NOON);
        stage.input(Input::Packet(packet));
    }
    assert_eq!(stage.statistics().adverts_received, 2);
    let packet = signed(&stage, "10.0.0.9", (1, OLD), NOON);
    let lines = stage.input(Input::Packet(packet));
    assert!(lines[0].contains("NotAPeer"), "{lines:?}");
    assert_eq!(stage.statistics().adverts_received, 2);
}

/// VR-49, VR-54: who signs and what is taken, by mode; without `auth_hmac` a signed advert is too long.
#[test]
fn modes() {
    let modes = [
        (Some(HmacMode::Enforce), true, false, true),
        (Some(HmacMode::Permissive), true, true, true),
        (Some(HmacMode::ReceiveOnly), false, true, true),
        (None, false, true, false),
    ];
    for (mode, signs, takes_unsigned, takes_signed) in modes {
        let auth_hmac = mode.and_then(|mode| settings(&[(1, OLD)], mode, WINDOW));
        let mut stage = backup(Instance { auth_hmac, ..enforced() });
        let plain = unsigned(&stage, "10.0.0.2");
        stage.input(Input::Packet(plain));
        assert_eq!(stage.statistics().adverts_received == 1, takes_unsigned, "{mode:?}");
        assert_eq!(stage.statistics().hmac_missing == 0, takes_unsigned, "{mode:?}");
        let packet = signed(&stage, "10.0.0.3", (1, OLD), NOON);
        let before = stage.statistics().adverts_received;
        stage.input(Input::Packet(packet));
        assert_eq!(stage.statistics().adverts_received > before, takes_signed, "{mode:?}");
        assert_eq!(stage.statistics().length_errors == 0, takes_signed, "{mode:?}");
        let bad = signed(&stage, "10.0.0.3", (1, NEW), NOON + 1);
        stage.input(Input::Packet(bad));
        assert_eq!(stage.statistics().hmac_invalid, u64::from(mode.is_some()), "{mode:?}");
        assert_eq!(next_sent(&mut stage)[0].is_some(), signs, "{mode:?}");
    }
}

/// VR-46, VR-47: a stamp is of now, or the next one where the clock has not gone on or was set back a little; all
/// copies of an advert carry the same.
#[test]
fn stamps_only_rise() {
    let unicast = Instance {
        auth_hmac: enforced().auth_hmac,
        version: crate::model::vrrp::Version::V2,
        ..unicast("VI_1", 51, 100, &["10.0.0.2", "10.0.0.3"])
    };
    let mut stage = backup(unicast);
    let now = |seconds: u64| Stamp::of(WallTime::from_micros(seconds * 1_000_000));
    let steps = [
        (NOON, now(NOON)),
        (NOON, now(NOON).next()),
        (NOON + 1, now(NOON + 1)),
        (NOON - 9, now(NOON + 1).next()),
        (NOON - 10, now(NOON - 10)),
    ];
    for (wall, stamp) in steps {
        at(&mut stage, wall);
        let sent: Vec<Trailer> = next_sent(&mut stage).into_iter().flatten().collect();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0], sent[1], "one signature for all peers");
        assert_eq!((sent[0].key, sent[0].stamp), (1, stamp), "at {wall}");
    }
}

/// VR-47: with `monotonic` no step of the clock makes a stamp come again.
#[test]
fn monotonic_stamps_never_go_back() {
    let auth_hmac = settings(&[(1, OLD)], HmacMode::Enforce, AntiReplay::Monotonic);
    let mut stage = backup(Instance { auth_hmac, ..enforced() });
    let mut last = Stamp::default();
    for wall in [NOON, NOON - 100_000, NOON - 200_000] {
        at(&mut stage, wall);
        let stamp = next_sent(&mut stage)[0].unwrap().stamp;
        assert!(stamp.is_later_than(last));
        last = stamp;
    }
}

/// VR-48, VR-55: the keys of a running pair are changed: the new one is made known to both, then used by both, then
/// the old one is dropped. At each step each takes what the other sends; nothing moves, no stamp is forgotten.
#[test]
fn keys_are_changed_while_adverts_go() {
    let with = |keys: &[(u8, &[u8])]| -> Vrrp {
        vrrp(vec![Instance { auth_hmac: settings(keys, HmacMode::Enforce, WINDOW), ..enforced() }])
    };
    let (old, both, new): (&[_], &[_], &[_]) = (&[(1, OLD)], &[(1, OLD), (2, NEW)], &[(2, NEW), (1, OLD)]);
    // The other one's key, before and after our reload.
    let steps = [(both, (1, OLD)), (new, (1, OLD)), (new, (2, NEW)), (&new[..1], (2, NEW))];
    let mut stage = backup(Instance { auth_hmac: settings(old, HmacMode::Enforce, WINDOW), ..enforced() });
    let packet = signed(&stage, "10.0.0.2", (1, OLD), NOON);
    stage.input(Input::Packet(packet.clone()));
    for (step, (keys, theirs)) in steps.into_iter().enumerate() {
        let reloaded = stage.reload(with(keys));
        assert!(acts(reloaded).is_empty(), "step {step}: nothing moves");
        let seconds = NOON + 1 + step as u64;
        at(&mut stage, seconds);
        let packet = signed(&stage, "10.0.0.2", theirs, seconds);
        stage.input(Input::Packet(packet));
        assert_eq!(stage.statistics().adverts_received, 2 + step as u64, "step {step}");
    }
    stage.input(Input::Packet(packet));
    assert_eq!(stage.statistics().hmac_unknown_key, 1, "the old key is worth nothing now");
    let packet = signed(&stage, "10.0.0.2", (2, NEW), NOON + 4);
    stage.input(Input::Packet(packet));
    assert_eq!(stage.statistics().hmac_replayed, 1, "what came before the last reload is no news");
    assert_eq!(next_sent(&mut stage)[0].unwrap().key, 2);
    assert_eq!(stage.state(), State::Master);
    assert!(stage.now.since(crate::base::time::Time::ZERO) > Interval::ZERO);
}
