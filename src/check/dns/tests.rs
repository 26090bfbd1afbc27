use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::model::check::Connect;

fn check(name: &str, record: DnsRecord) -> DnsCheck {
    DnsCheck { connect: Connect::to(IpAddr::from([127, 0, 0, 1]), 53), record, name: name.to_owned() }
}

/// CK-80: the bytes of a question, root and name, trailing dot or not; case is kept.
#[test]
fn the_bytes_of_a_question() {
    let header = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let asked = |name, record| question(&check(name, record), 0x1234).unwrap_or_default();
    assert_eq!(asked(".", DnsRecord::Soa), [&header[..], &[0, 0, 6, 0, 1]].concat());
    let name = b"\x03wWw\x07example\x00";
    for text in ["wWw.example", "wWw.example."] {
        assert_eq!(asked(text, DnsRecord::A), [&header[..], name, &[0, 1, 0, 1]].concat());
    }
    // Bytes that are no host name go out as they are.
    assert_eq!(asked("_a\\b", DnsRecord::Txt), [&header[..], b"\x04_a\\b\x00", &[0, 16, 0, 1]].concat());
}

/// CK-80: the number of each type.
#[test]
fn the_types() {
    for (record, number) in [
        (DnsRecord::A, 1),
        (DnsRecord::Ns, 2),
        (DnsRecord::Cname, 5),
        (DnsRecord::Soa, 6),
        (DnsRecord::Mx, 15),
        (DnsRecord::Txt, 16),
        (DnsRecord::Aaaa, 28),
        (DnsRecord::Rrsig, 46),
        (DnsRecord::Dnskey, 48),
    ] {
        let asked = question(&check(".", record), 1).unwrap_or_default();
        assert_eq!(asked[13..15], [0, number]);
    }
}

/// CK-81: at least a header, our id, a response, no error; whatever follows.
#[test]
fn what_is_an_answer() {
    let answer = |id: u16, flags: u16, rest: &[u8]| {
        let mut bytes = [id.to_be_bytes(), flags.to_be_bytes()].concat();
        bytes.extend([0xff; 8]);
        bytes.extend(rest);
        judge(7, &bytes)
    };
    assert_eq!(answer(7, 0x8000, b""), Answer::Good);
    assert_eq!(answer(7, 0x8180, b"garbage that no name server sends"), Answer::Good);
    assert_eq!(answer(7, 0x8183, b""), Answer::Error(3));
    assert_eq!(answer(7, 0x800f, b""), Answer::Error(15));
    assert_eq!(answer(8, 0x8000, b""), Answer::Stray);
    assert_eq!(answer(7, 0x0100, b""), Answer::Stray);
    assert_eq!(judge(7, &[0, 7, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]), Answer::Stray, "eleven bytes");
    assert_eq!(judge(7, b""), Answer::Stray);
}

proptest! {
    /// Any bytes, and any name that the configuration lets through.
    #[test]
    fn anything_may_come(id in any::<u16>(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let expected = match bytes.as_slice() {
            [a, b, flags, code, ..] if bytes.len() >= 12 && id.to_be_bytes() == [*a, *b] && flags & 0x80 != 0 => {
                if code & 15 == 0 { Answer::Good } else { Answer::Error(code & 15) }
            }
            _ => Answer::Stray,
        };
        prop_assert_eq!(judge(id, &bytes), expected);
    }

    #[test]
    fn any_name_can_be_asked_for(labels in prop::collection::vec("[^.\\PC]{1,15}", 1..4)) {
        prop_assert!(question(&check(&labels.join("."), DnsRecord::A), 1).is_some());
    }
}
