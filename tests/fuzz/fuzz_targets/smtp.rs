//! Any bytes as what a mail server says to SMTP_CHECK, piece by piece.

#![no_main]

use keepalived_rs::check::smtp::{Dialogue, Next};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((size, text)) = bytes.split_first() else { return };
    let mut dialogue = Dialogue::new("helo.example");
    let mut said = 0;
    for piece in text.chunks(usize::from(*size).max(1)) {
        match dialogue.hear(piece) {
            Next::Read => {}
            Next::Say(_) => said += 1,
            Next::Good => {
                assert_eq!(said, 2, "a greeting and a farewell");
                return;
            }
            Next::Bad(_) => return,
        }
    }
});
