//! One page of HTTP_GET or SSL_GET.

use super::Given;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Missing, Repeat, Row, keywords};
use crate::config::script::words;
use crate::config::tree::Line;
use crate::config::value::{Flag, integer};
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::check::RegexOption;

/// `url { … }`.
#[derive(Debug, Default)]
pub struct Url {
    pub path: Given<String>,
    pub digest: Given<Digest>,
    pub status_codes: Vec<(u16, u16)>,
    pub virtualhost: Given<String>,
    pub tls_compliant: Given<bool>,
    pub regex: Given<String>,
    pub regex_no_match: Given<Flag>,
    pub regex_options: Vec<RegexOption>,
    pub regex_min_offset: usize,
    pub regex_max_offset: Option<usize>,
    pub regex_stack: Option<(usize, usize)>,
}

/// 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 16]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Digest {
    fn parse(text: &str) -> Result<Digest, String> {
        let pairs = text.as_bytes().chunks_exact(2);
        if text.len() != 32 {
            return Err(format!("digest '{text}' character length should be 32 rather than {}", text.len()));
        }
        let mut bytes = [0; 16];
        for (at, (byte, pair)) in bytes.iter_mut().zip(pairs).enumerate() {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let [Some(high), Some(low)] = [pair[0], pair[1]].map(digit) else {
                let pair = String::from_utf8_lossy(pair);
                return Err(format!("Unable to interpret hex digit in '{pair}' at offset {}/{}", 2 * at, 2 * at + 1));
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Digest(bytes))
    }
}

/// The keywords of a url of either kind.
macro_rules! url {
    ($vis:vis static $TABLE:ident { $($rest:tt)* }) => {
        keywords! { $vis static $TABLE: Url {
            set "path" (path: String = "") "Path of the page." { repeat: Repeat::Replace, again: "Duplicate path - overwriting {old} with {}" };
            call "digest" (digest, Value, "<32 hexadecimal digits>", "") "MD5 of its body." { repeat: Repeat::Refuse, again: "Digest '{}' is a duplicate" };
            call "status_code" (status_code, Words, "<uint>[-<uint>]…", "200-299") "Good status codes.";
            set "virtualhost" (virtualhost: String = "") "Host header." { missing: Missing::Report, repeat: Repeat::Replace, lack: "Missing HTTP_GET virtualhost name", again: "Duplicate url virtualhost - overwriting {old} with {}" };
            call "regex" (regex, Words, "<regex>", "") "What the body must match." { missing: Missing::Report, repeat: Repeat::Replace };
            set "regex_no_match" (regex_no_match: Flag = "") "The body must not match.";
            call "regex_options" (regex_options, Words, "<word>…", "") "Options of the regex." { missing: Missing::Allowed };
            call "regex_min_offset" (regex_min_offset, Value, "<uint>", "0") "First place of a match." { missing: Missing::Report };
            call "regex_max_offset" (regex_max_offset, Value, "<uint>", "") "Last place of a match." { missing: Missing::Report };
            call "regex_stack" (regex_stack, Words, "<uint> <uint>", "") "Stack of the regex." { missing: Missing::Report };
            $($rest)*
        } }
    };
}

url! { pub static HTTP_URL {} }

url! { pub static SSL_URL {
    set "tls_compliant" (tls_compliant: bool = "false") "Close TLS properly." { since: "2.2.8", complaint: "Invalid tls_compliant option {}" };
} }

type Read = Result<(), Stop>;

fn status_code(block: &mut Url, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    for at in 1..line.len() {
        let text = line.word(at).unwrap_or_default();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let code = |text: &str| integer(text, 100, 599, false).value.map(|code| code as u16);
        match (code(first), code(last)) {
            (Some(first), Some(last)) if first <= last => block.status_codes.push((first, last)),
            _ => {
                let words = format!("Invalid HTTP_GET status code '{text}'");
                reader.report(Code::InvalidValue, line.span(at), words);
            }
        }
    }
    Ok(())
}

fn digest(block: &mut Url, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    let before = block.digest.as_ref().map(|before| before.with(before.value.to_string()));
    if reader.refuse_second(before, line, row) {
        return Ok(());
    }
    match Digest::parse(text) {
        Ok(digest) => block.digest = Some(Spanned::new(digest, line.span(1))),
        Err(words) => reader.report(Code::InvalidValue, line.span(1), words),
    }
    Ok(())
}

fn regex(block: &mut Url, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let words = words(&line.raw(), true).unwrap_or_default();
    let [_, pattern] = words.as_slice() else {
        reader.report(Code::InvalidValue, line.whole(), "regex missing or too many fields");
        return Ok(());
    };
    if let Some(before) = &block.regex {
        // The original shows the second word before its quotes are resolved.
        let second = line.word(1).unwrap_or_default();
        let words = format!("Duplicate regex specified - replacing {} with {second}", before.value);
        reader.report(Code::Duplicate, line.whole(), words);
    }
    block.regex = Some(Spanned::new(pattern.clone(), line.span(1)));
    Ok(())
}

/// Unknown words are passed over.
fn regex_options(block: &mut Url, line: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    for word in line.words(1) {
        let found = RegexOption::ALL.iter().find(|(name, _)| *name == word).map(|(_, option)| *option);
        if let Some(option) = found.filter(|option| !block.regex_options.contains(option)) {
            block.regex_options.push(option);
        }
    }
    block.regex_options.sort_unstable();
    Ok(())
}

/// The one number of a line, as strtoul(3) reads it; 0 when it is none.
fn offset(line: &Line<'_>, which: &str, reader: &mut Reader<'_>) -> usize {
    let (Some(text), 2) = (line.word(1), line.len()) else {
        let words = format!("Missing or too may options for regex_{which}_offset");
        reader.report(Code::Logged, line.whole(), words);
        return 0;
    };
    text.parse().unwrap_or_else(|_| {
        reader.report(Code::Logged, line.span(1), format!("Invalid regex_{which}_offset {text} specified"));
        0
    })
}

fn regex_min_offset(block: &mut Url, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.regex_min_offset = offset(line, "min", reader);
    Ok(())
}

fn regex_max_offset(block: &mut Url, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.regex_max_offset = Some(offset(line, "max", reader));
    Ok(())
}

fn regex_stack(block: &mut Url, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let number = |at: usize| line.word(at).and_then(|text| text.parse::<usize>().ok());
    let wrong = match (line.len(), number(1), number(2)) {
        (3, Some(start), Some(most)) if start <= most => {
            block.regex_stack = Some((start, most));
            return Ok(());
        }
        (3, None, _) => "regex_stack invalid start value",
        (3, _, None) => "regex_stack invalid max value",
        (3, _, _) => "regex stack start cannot exceed max value",
        (_, _, _) => "regex_stack requires start and max values",
    };
    reader.report(Code::Logged, line.whole(), wrong);
    Ok(())
}

impl Url {
    /// What of the regex has no use: parameters of none, and a first place behind the last.
    pub fn settle(&mut self, header: Span, reader: &mut Reader<'_>) {
        let parameters = !self.regex_options.is_empty()
            || self.regex_no_match.is_some()
            || self.regex_min_offset != 0
            || self.regex_max_offset.is_some()
            || self.regex_stack.is_some();
        if self.regex.is_none() && parameters {
            reader.at_end(Code::Logged, header, "regex parameters specified without regex");
            (self.regex_min_offset, self.regex_max_offset) = (0, None);
        }
        if let Some(most) = self.regex_max_offset.filter(|most| self.regex_min_offset > *most) {
            let least = self.regex_min_offset;
            reader.at_end(
                Code::Logged,
                header,
                format!("regex min offset {least} > regex_max_offset {most} - ignoring"),
            );
            (self.regex_min_offset, self.regex_max_offset) = (0, None);
        }
    }
}
