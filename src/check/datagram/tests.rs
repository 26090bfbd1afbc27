use proptest::prelude::*;

use super::*;

fn pattern(pattern: &[u8], mask: &[u8], lengths: (usize, usize)) -> UdpReply {
    UdpReply::Pattern { pattern: pattern.to_vec(), mask: mask.to_vec(), shortest: lengths.0, longest: lengths.1 }
}

/// CK-92: what is shorter than the pattern is compared as far as it goes, what is longer as far as the pattern goes.
#[test]
fn a_pattern_is_compared_as_far_as_both_go() {
    let wanted = pattern(b"\x12\x34\x56", &[0, 0xf0, 0], (0, 255));
    for good in [&b"\x12\x34\x56"[..], b"\x12\x94\x56", b"\x12", b"", b"\x12\x34\x56and more"] {
        assert!(is_wanted(&wanted, good), "{good:?}");
    }
    for bad in [&b"\x13\x34\x56"[..], b"\x12\x35\x56", b"\x12\x34\x57", b"\x02"] {
        assert!(!is_wanted(&wanted, bad), "{bad:?}");
    }
}

/// CK-93: lengths.
#[test]
fn lengths_are_bounds() {
    let wanted = pattern(b"a", &[0], (2, 4));
    assert!(!is_wanted(&wanted, b"a") && is_wanted(&wanted, b"ab") && is_wanted(&wanted, b"abcd"));
    assert!(!is_wanted(&wanted, b"abcde"));
    assert_eq!(most_reply(&wanted), 5);
    // Of no use, but no crash.
    assert!(!is_wanted(&pattern(b"a", &[0], (5, 4)), b"abcde"));
}

/// CK-93: without a pattern anything is good.
#[test]
fn without_a_pattern_anything_is_good() {
    assert!(is_wanted(&UdpReply::Any, b"x") && is_wanted(&UdpReply::NotNeeded, b""));
}

/// CK-102: type, number, length.
#[test]
fn what_is_an_echo_reply() {
    let reply = |kind: u8, sequence: u8| [kind, 0, 9, 9, 9, 9, 0, sequence, b'x'];
    assert_eq!(judge_echo(Family::V4, 7, &reply(0, 7)), Ok(()));
    assert_eq!(judge_echo(Family::V6, 7, &reply(129, 7)), Ok(()));
    assert_eq!(judge_echo(Family::V4, 7, &reply(0, 8)), Err(PingFailure::Sequence { expected: 7, received: 8 }));
    assert_eq!(judge_echo(Family::V4, 7, &reply(8, 7)), Err(PingFailure::Type { v6: false, found: 8 }));
    assert_eq!(judge_echo(Family::V6, 7, &reply(0, 7)), Err(PingFailure::Type { v6: true, found: 0 }));
    assert_eq!(judge_echo(Family::V6, 7, b"1234567"), Err(PingFailure::Short { v6: true, length: 7 }));
}

/// CK-100: the bytes of a request.
#[test]
fn the_bytes_of_a_request() {
    let request = icmp::request(Family::V4, 0x0102, &crate::model::check::filler(128));
    assert_eq!(request.len(), 136);
    assert_eq!(request[..8], [8, 0, 0, 0, 0, 0, 1, 2]);
    assert!(request[8..].starts_with(b"keepalived check - keepalived check - "));
    assert_eq!(icmp::request(Family::V6, 1, b"")[0], 128);
}

proptest! {
    /// Any message, any reply: no panic.
    #[test]
    fn anything_may_come(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        wanted in prop::collection::vec(any::<(u8, u8)>(), 0..40),
        lengths in (0_usize..300, 0_usize..300),
        sequence in any::<u16>(),
    ) {
        let good = judge_echo(Family::V4, sequence, &bytes).is_ok();
        let is_reply = bytes.len() >= 8 && bytes[0] == 0 && bytes[6..8] == sequence.to_be_bytes();
        prop_assert_eq!(good, is_reply);
        let (bits, mask): (Vec<u8>, Vec<u8>) = wanted.into_iter().unzip();
        let found = is_wanted(&pattern(&bits, &mask, lengths), &bytes);
        prop_assert!(!found || (lengths.0..=lengths.1).contains(&bytes.len()));
    }
}
