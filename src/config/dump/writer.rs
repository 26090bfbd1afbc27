//! Lines, words and braces of a configuration file.

use std::fmt::{Display, Write};

use super::Secrets;
use crate::config::bytes;

/// A file being written.
pub struct Writer {
    text: String,
    depth: usize,
    secrets: Secrets,
}

impl Writer {
    pub fn new(secrets: Secrets) -> Writer {
        Writer { text: String::new(), depth: 0, secrets }
    }

    /// One line; the words must stand as they are to be read.
    pub fn line(&mut self, words: impl Display) {
        // Writing to a string does not fail.
        writeln!(self.text, "{:1$}{words}", "", self.depth * 4).unwrap_or(());
    }

    /// A keyword and its value.
    pub fn value(&mut self, keyword: &str, value: impl Display) {
        self.line(format_args!("{keyword} {value}"));
    }

    /// The same, if there is a value.
    pub fn given(&mut self, keyword: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(keyword, value);
        }
    }

    /// A keyword that stands alone, if it is set.
    pub fn flag(&mut self, keyword: &str, set: bool) {
        if set {
            self.line(keyword);
        }
    }

    /// A block begins; top-level blocks stand apart.
    pub fn open(&mut self, header: impl Display) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format_args!("{header} {{"));
        self.depth += 1;
    }

    pub fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line("}");
    }

    /// A value block with one entry a line, if there are entries.
    pub fn entries(&mut self, keyword: &str, entries: impl IntoIterator<Item = String>) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return;
        }
        self.open(keyword);
        entries.for_each(|entry| self.line(entry));
        self.close();
    }

    /// A password of the file's own bytes without the zeros behind it.
    pub fn secret(&mut self, keyword: &str, password: &[u8]) {
        let end = password.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = bytes::to_text(password.get(..end).unwrap_or_default().to_vec());
        match self.secrets {
            Secrets::Shown => self.value(keyword, word(&text)),
            Secrets::Hidden => self.value(keyword, "********"),
        }
    }

    /// A key of signed adverts and its number.
    pub fn key(&mut self, id: u8, bytes: &[u8]) {
        match self.secrets {
            Secrets::Shown => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                self.value("key", format_args!("{id} hex:{digits}"));
            }
            Secrets::Hidden => self.value("key", format_args!("{id} ********")),
        }
    }

    pub fn finish(self) -> String {
        self.text
    }
}

/// A word of the file, in quotes if it needs them. A double quote cannot be part of one (CL-22), nor was it.
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/+,=%*?-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { format!("\"{text}\"") }
}

/// Arguments of a command in the quoting rules of scripts (CL-26, CL-27), as one word of the file: what neither the
/// file nor the command may read in its own way is given by its number.
pub fn command(argv: &[String]) -> String {
    let mut text = String::from("\"");
    for (at, argument) in argv.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        if argument.is_empty() {
            text.push_str("''");
        }
        for character in argument.chars() {
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '/' | ':' | ',' | '=' | '+' | '-' | '%' | '@' => {
                    text.push(character);
                }
                '\0'..='\u{7f}' => text.push_str(&format!("\\{:03o}", character as u32)),
                _ => text.push(character),
            }
        }
    }
    text.push('"');
    text
}

/// `on` or `off` as the file has them.
pub const fn boolean(set: bool) -> &'static str {
    if set { "true" } else { "false" }
}
