//! What `genhash -v` shows of a page (CK-143).

use std::fmt::Write;

pub const HEADER: &str = "-----------------------[    HTTP Header Buffer    ]-----------------------\n";
pub const HEADER_TEXT: &str = "-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n";
pub const BODY: &str = "-----------------------[        HTML Buffer        ]-----------------------\n";
pub const HASH: &str = "-----------------------[    HTML hash resulting    ]-----------------------\n";
pub const RESULT: &str = "-----------------------[ HTML hash final resulting ]-----------------------\n";

/// Bytes in a line.
const LINE: usize = 16;

/// Bytes in hexadecimal, and as text where they are.
pub fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, line) in bytes.chunks(LINE).enumerate() {
        let mut digits = String::new();
        for column in 0..LINE {
            let middle = if column == LINE / 2 { "- " } else { "" };
            // Writing to a string does not fail.
            match line.get(column) {
                Some(byte) => write!(digits, "{middle}{byte:02x} "),
                None => write!(digits, "{middle}   "),
            }
            .unwrap_or(());
        }
        let shown = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
        let letters: String = line.iter().map(shown).collect();
        writeln!(text, "{:04}  {digits}  {letters:LINE$}", at * LINE).unwrap_or(());
    }
    text
}

/// 32 digits and the end of the line.
pub fn digits(digest: [u8; 16]) -> String {
    format!("{:032x}\n", u128::from_be_bytes(digest))
}
