//! Commands: tokenised a second time from the raw line, then split into arguments without a shell (CL-26, CL-27).

use super::lower::{Reader, Stop};
use super::schema::{Missing, Row};
use super::tree::Line;
use crate::diagnostic::{Code, Span, Spanned};

/// A command as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The command string, before it was split.
    pub command: String,
    /// Never empty.
    pub argv: Vec<String>,
    pub user: Option<String>,
    pub group: Option<String>,
}

/// Reads `WORD <script> [<user> [<group>]]`.
pub fn read(line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<Option<Spanned<Script>>, Stop> {
    let raw = line.raw();
    let words = match words(&raw, false) {
        Ok(words) => words,
        Err(quote) => {
            missing_quote(reader, line.whole(), &raw, quote);
            return Ok(None);
        }
    };
    let Some(command) = words.get(1).filter(|command| !command.is_empty()) else {
        // An empty command is as good as none, and nothing is said of it.
        match row.missing {
            Missing::Fatal if words.len() < 2 => {
                reader.need(line, 1)?;
            }
            Missing::Report if words.len() < 2 => reader.lacking(line, row),
            Missing::Fatal | Missing::Report | Missing::Allowed => {}
        }
        return Ok(None);
    };
    match self::words(command, true) {
        Ok(argv) if !argv.is_empty() => Ok(Some(Spanned::new(
            Script { command: command.clone(), argv, user: words.get(2).cloned(), group: words.get(3).cloned() },
            line.span(1),
        ))),
        Ok(_) => Ok(None),
        Err(quote) => {
            missing_quote(reader, line.span(1), command, quote);
            Ok(None)
        }
    }
}

fn missing_quote(reader: &mut Reader<'_>, span: Span, text: &str, quote: char) {
    reader.report(Code::InvalidValue, span, format!("String '{text}': missing terminating {quote}"));
}

/// Words with `'…'` and `"…"` that may be glued together; `escapes` resolves backslashes, else a pair is kept as it
/// is. The error is the quote without a partner.
pub fn words(text: &str, escapes: bool) -> Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, quote) {
            ('\\', _) if escapes => {
                let (resolved, after) = escape(rest.as_str());
                word.get_or_insert_default().push_str(&resolved);
                rest = after.chars();
            }
            ('\\', _) => {
                let word = word.get_or_insert_default();
                word.push('\\');
                word.extend(rest.next());
            }
            (character, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\r' | '\x0b' | '\x0c', None) => words.extend(word.take()),
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    if let Some(quote) = quote {
        return Err(quote);
    }
    words.extend(word);
    Ok(words)
}

/// What a backslash and the text after it mean, and the text after that.
fn escape(text: &str) -> (String, &str) {
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return (String::new(), "") };
    let rest = characters.as_str();
    let digits =
        |text: &str, radix: u32, most: usize| text.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    let number = |text: &str, radix: u32, length: usize| {
        let (digits, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        let byte = u32::from_str_radix(digits, radix).unwrap_or(0) & 0xff;
        (char::from_u32(byte).unwrap_or_default().to_string(), rest.len())
    };
    let tail = |length: usize| text.get(text.len() - length..).unwrap_or_default();
    let simple = match first {
        'a' => '\x07',
        'b' => '\x08',
        'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' if digits(rest, 16, 2) > 0 => {
            let (resolved, length) = number(rest, 16, digits(rest, 16, 2));
            return (resolved, tail(length));
        }
        'c' => {
            let Some(control) = rest.chars().next() else { return (String::new(), rest) };
            let resolved = char::from_u32(u32::from(control) & 0x1f).unwrap_or_default();
            return (resolved.to_string(), rest.get(control.len_utf8()..).unwrap_or_default());
        }
        '0'..='7' => {
            let (resolved, length) = number(text, 8, digits(text, 8, 3));
            return (resolved, tail(length));
        }
        other => other,
    };
    (simple.to_string(), rest)
}
