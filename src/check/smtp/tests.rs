use proptest::prelude::*;

use super::*;

fn after(said: &[&[u8]]) -> (Dialogue, Next) {
    let mut dialogue = Dialogue::new("me.example");
    let mut next = Next::Read;
    for bytes in said {
        next = dialogue.hear(bytes);
    }
    (dialogue, next)
}

fn say(words: &str) -> Next {
    Next::Say(words.as_bytes().to_vec())
}

/// CK-70: banner, HELO, QUIT, and whatever the last line says.
#[test]
fn a_conversation() {
    let (mut dialogue, next) = after(&[b"220 mail.example ESMTP\r\n"]);
    assert_eq!(next, say("HELO me.example\r\n"));
    assert_eq!(dialogue.hear(b"250 hello\r\n"), say("QUIT\r\n"));
    assert_eq!(dialogue.hear(b"554 go away\r\n"), Next::Good);
}

/// CK-71: a status is three digits and a blank or nothing; only the first line of what came together counts.
#[test]
fn what_is_a_status() {
    let banner = |said: &[u8]| after(&[said]).1;
    let good = say("HELO me.example\r\n");
    for said in ["220 \n", "220 a\r\n", "220\n", "220 a\r\n500 b\r\n", "220 a\nwhatever"] {
        assert_eq!(banner(said.as_bytes()), good, "{said:?}");
    }
    for said in
        ["220\r\n", "220-a\r\n220 b\r\n", "22\n", "2200 \n", " 220 a\n", "+22 a\n", "250 a\n", "\n", "x\n", "220\ta\n"]
    {
        assert_eq!(banner(said.as_bytes()), Next::Bad(SmtpFailure::Banner), "{said:?}");
    }
    let (mut dialogue, _) = after(&[b"220 a\r\n"]);
    assert_eq!(dialogue.hear(b"250\r\n"), Next::Bad(SmtpFailure::Helo));
}

/// CK-71: lines in pieces; one without an end is given up.
#[test]
fn lines_in_pieces() {
    assert_eq!(after(&[b"2", b"20", b" mail", b"\r"]).1, Next::Read);
    assert_eq!(after(&[b"2", b"20", b" mail", b"\r", b"\n"]).1, say("HELO me.example\r\n"));
    assert_eq!(after(&[b"220 ", &[b'x'; 507], b"\n"]).1, say("HELO me.example\r\n"));
    assert_eq!(after(&[b"220 ", &[b'x'; 508]]).1, Next::Bad(SmtpFailure::Banner));
    assert_eq!(after(&[b"220 ", &[b'x'; 100_000], b"\n"]).1, Next::Bad(SmtpFailure::Banner));
}

proptest! {
    /// Whatever comes, in whatever pieces: no panic, bounded memory, and an end within three lines.
    #[test]
    fn anything_may_come(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..20)) {
        let mut dialogue = Dialogue::new("me");
        let mut said = 0;
        for piece in &pieces {
            match dialogue.hear(piece) {
                Next::Say(_) => said += 1,
                Next::Read => {}
                Next::Good => {
                    prop_assert_eq!(said, 2);
                    break;
                }
                Next::Bad(_) => break,
            }
            prop_assert!(dialogue.line.len() <= MOST_LINE);
        }
        prop_assert!(said <= 2);
    }
}
