//! Bytes of any file as text: what is not UTF-8 is kept, so that a password in Latin-1 stays the same bytes (CL-6).

/// First of the 256 private characters that stand for bytes outside UTF-8.
const STAND_IN: u32 = 0x10_FE00;

/// Text of a file; each byte that is no part of UTF-8 becomes a private character. `None`: it would have more than
/// `most` bytes.
pub fn text_within(bytes: Vec<u8>, most: usize) -> Option<String> {
    if bytes.len() > most {
        return None;
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(STAND_IN + u32::from(*byte))));
        if text.len() > most {
            return None;
        }
    }
    Some(text)
}

/// Text of bytes, of whatever length.
pub fn to_text(bytes: Vec<u8>) -> String {
    text_within(bytes, usize::MAX).unwrap_or_default()
}

/// The bytes that the file held for this text.
pub fn from_text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match (character as u32).checked_sub(STAND_IN).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}
