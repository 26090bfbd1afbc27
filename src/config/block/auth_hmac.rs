//! `auth_hmac`: signed adverts (VR-48 … VR-50).

use std::path::Path;

use super::Given;
use crate::config::bytes;
use crate::config::host::KeyFile;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Number, choice, integer};
use crate::diagnostic::{Code, Span};
use crate::model::vrrp::{HmacKey, Secret};

/// Bytes of a key.
const SHORTEST: usize = 32;
const LONGEST: usize = 64;

choice! {
    /// `mode`.
    pub enum Mode: "enforce|permissive|receive-only" {
        Enforce = "enforce",
        Permissive = "permissive",
        ReceiveOnly = "receive-only",
    }
}

choice! {
    /// `anti_replay`.
    pub enum AntiReplay: "time|monotonic" { Time = "time", Monotonic = "monotonic" }
}

/// `auth_hmac { … }`.
#[derive(Debug, Default)]
pub struct AuthHmac {
    /// Where the block stands; default: there is none.
    pub span: Option<Span>,
    /// Good ones, each number once.
    pub keys: Vec<HmacKey>,
    pub active_key: Given<Number<1, 255>>,
    pub time_window: Given<Number<1, 300>>,
    pub anti_replay: Given<AntiReplay>,
    pub mode: Given<Mode>,
}

keywords! {
    pub static AUTH_HMAC: AuthHmac {
        call "key" (key, Words, "<uint> <string>|hex:<hex>|file:<path>", "") "A key and its number; more than one while keys are changed." { since: "2.4.0" };
        set "active_key" (active_key: Number<1, 255> = "") "The key that signs." { since: "2.4.0" };
        set "time_window" (time_window: Number<1, 300> = "") "Seconds that the clocks may differ." { since: "2.4.0" };
        set "anti_replay" (anti_replay: AntiReplay = "time") "How replays are found." { since: "2.4.0" };
        set "mode" (mode: Mode = "enforce") "What is done with unsigned adverts." { since: "2.4.0" };
    }
}

fn key(block: &mut AuthHmac, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = reader.block_name.clone();
    let (Some(number), Some(text)) = (line.word(1), line.word(2)) else {
        let words = format!("({name}) auth_hmac key needs a number and a value - ignoring");
        reader.report(Code::InvalidValue, line.whole(), words);
        return Ok(());
    };
    let id = integer(number, 1, 255, !reader.test).value.and_then(|id| u8::try_from(id).ok());
    let Some(id) = id else {
        let words = format!("({name}) auth_hmac key id '{number}' not valid - must be between 1 & 255");
        reader.report(Code::InvalidNumber, line.span(1), words);
        return Ok(());
    };
    if block.keys.iter().any(|key| key.id == id) {
        let words = format!("({name}) auth_hmac key {id} already defined - ignoring");
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    let bytes = match secret(text, id, line, reader) {
        Ok(bytes) => bytes,
        Err(why) => {
            reader.report(Code::InvalidValue, line.span(2), format!("({name}) auth_hmac key {id} {why}"));
            return Ok(());
        }
    };
    if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
        let length = bytes.len();
        let words = format!("({name}) auth_hmac key {id} length {length} not in range [{SHORTEST}, {LONGEST}]");
        reader.report(Code::InvalidValue, line.span(2), words);
        return Ok(());
    }
    block.keys.push(HmacKey { id, secret: Secret(bytes) });
    Ok(())
}

/// The bytes of a key, or why there are none. A file is read now: nothing reads files while adverts go.
fn secret(text: &str, id: u8, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<Vec<u8>, String> {
    let Some(path) = text.strip_prefix("file:") else { return plain(&bytes::from_text(text)) };
    let KeyFile { mut bytes, exposed } =
        reader.host.key_file(Path::new(path)).map_err(|error| format!("cannot read file {path}: {error}"))?;
    if exposed {
        let words = format!(
            "SECURITY VIOLATION - ({}) auth_hmac key {id} file {path} can be read or changed by others than its owner",
            reader.block_name
        );
        reader.report(Code::Security, line.span(2), words);
    }
    while bytes.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        bytes.pop();
    }
    plain(&bytes)
}

/// Text as it stands, or the bytes that its hexadecimal digits mean.
fn plain(text: &[u8]) -> Result<Vec<u8>, String> {
    let Some(digits) = text.strip_prefix(b"hex:") else { return Ok(text.to_vec()) };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok());
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes.filter(|_| rest.is_empty()).ok_or_else(|| "is no pairs of hexadecimal digits".to_owned())
}
