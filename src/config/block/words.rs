//! The words of an entry, one after the other, with the original's complaints: for routes and rules.

use std::net::IpAddr;

use crate::base::net::{Cidr, Family};
use crate::config::iproute::{List, c_number};
use crate::config::lower::{Reader, Stop};
use crate::config::tree::Line;
use crate::config::value::{Fault, Parsed, integer};
use crate::diagnostic::{Code, Span};
use crate::model::route::Realms;

/// Why an entry is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is left out, which was said.
    Dropped,
    /// Reading ends.
    Stop,
}

impl From<Stop> for Bad {
    fn from(_: Stop) -> Bad {
        Bad::Stop
    }
}

pub type Step<T> = Result<T, Bad>;

/// What is left of a dropped entry: nothing.
pub fn kept<T>(step: Step<T>) -> Result<Option<T>, Stop> {
    match step {
        Ok(entry) => Ok(Some(entry)),
        Err(Bad::Dropped) => Ok(None),
        Err(Bad::Stop) => Err(Stop),
    }
}

/// An address, or a word that leaves the family open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// `None`: `default`, `any` or `all`.
    pub cidr: Option<Cidr>,
}

impl Prefix {
    pub fn family(self) -> Option<Family> {
        self.cidr.map(|cidr| Family::of(cidr.address))
    }

    /// With the family that the rest of the line gave.
    pub fn in_family(self, family: Family) -> Cidr {
        self.cidr.unwrap_or(match family {
            Family::V4 => Cidr { address: IpAddr::from([0u8; 4]), prefix: 0 },
            Family::V6 => Cidr { address: IpAddr::from([0u8; 16]), prefix: 0 },
        })
    }
}

/// The words of a line and a place among them.
pub struct Words<'w, 'l, 't> {
    pub line: &'w Line<'l>,
    pub reader: &'w mut Reader<'t>,
    /// The next word.
    pub at: usize,
}

impl<'l> Words<'_, 'l, '_> {
    pub fn next(&mut self) -> Option<&'l str> {
        let word = self.line.word(self.at)?;
        self.at += 1;
        Some(word)
    }

    pub fn peek(&self) -> Option<&'l str> {
        self.line.word(self.at)
    }

    /// The value of a keyword; without one reading ends (CL-111).
    pub fn value(&mut self) -> Step<&'l str> {
        let word = self.reader.need(self.line, self.at)?;
        self.at += 1;
        Ok(word)
    }

    /// Of the word before the next.
    pub fn span(&self) -> Span {
        self.line.span(self.at.saturating_sub(1))
    }

    pub fn complain(&mut self, words: impl Into<String>) {
        let span = self.span();
        self.reader.report(Code::InvalidValue, span, words);
    }

    /// Complains and leaves the entry out.
    pub fn refuse<T>(&mut self, words: impl Into<String>) -> Step<T> {
        self.complain(words);
        Err(Bad::Dropped)
    }

    /// The value, if it is a good one; what is wrong with the number has been said then.
    pub fn judge<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        let span = self.span();
        match parsed.fault {
            Some(Fault::Number(words) | Fault::Tolerated(words)) => {
                self.reader.report(Code::InvalidNumber, span, words);
            }
            Some(Fault::Bad) | None => {}
        }
        parsed.value
    }

    /// A decimal number; `complaint` has `{}` where the word stands.
    pub fn number(&mut self, most: u32, complaint: &str) -> Step<u32> {
        let text = self.value()?;
        self.number_in(text, most, complaint)
    }

    pub fn number_in(&mut self, text: &str, most: u32, complaint: &str) -> Step<u32> {
        match self.judge(integer(text, 0, i64::from(most), false)) {
            // invariant: not below 0 and not above `most`.
            Some(number) => Ok(number as u32),
            None => self.refuse(complaint.replace("{}", text)),
        }
    }

    /// A decimal number of 64 bits.
    pub fn number64(&mut self, complaint: &str) -> Step<u64> {
        let text = self.value()?;
        match self.judge(unsigned64(text)) {
            Some(number) => Ok(number),
            None => self.refuse(complaint.replace("{}", text)),
        }
    }

    /// A name of iproute2's, or a number.
    pub fn named(&mut self, list: List, complaint: &str) -> Step<u32> {
        let text = self.value()?;
        let host = self.reader.host;
        match self.reader.names.number(list, text, host) {
            Some(number) => Ok(number),
            None => self.refuse(complaint.replace("{}", text)),
        }
    }

    /// `[SOURCE/]DESTINATION`; `None` when it names none.
    pub fn realms(&mut self, complaint: &str) -> Step<Option<Realms>> {
        let text = self.value()?;
        let (source, destination) = text.split_once('/').map_or((None, text), |(one, other)| (Some(one), other));
        let host = self.reader.host;
        let names = &mut self.reader.names;
        let mut find = |name: &str| names.number(List::Realms, name, host).map(|number| number as u16);
        let found = match source {
            // Before the slash stands what goes into the upper half.
            Some(source) => find(source).zip(find(destination)),
            None => find(destination).map(|destination| (0, destination)),
        };
        match found {
            Some((0, 0)) => Ok(None),
            Some((source, destination)) => Ok(Some(Realms { source, destination })),
            None => self.refuse(complaint.replace("{}", text)),
        }
    }

    /// An address without prefix length; what is wrong with it has been said when there is none.
    pub fn address(&mut self, text: &str) -> Option<IpAddr> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.complain(format!("VRRP parsed invalid IP {text}. skipping IP..."));
        }
        parsed
    }

    /// A destination or source with its prefix length.
    pub fn prefix(&mut self, text: &str) -> Option<Prefix> {
        match text {
            "default" | "any" | "all" => return Some(Prefix { cidr: None }),
            "default6" => {
                let span = self.span();
                let words = "'default6' is deprecated - please replace with 'inet6 default'";
                self.reader.report(Code::Logged, span, words);
                return Some(Prefix { cidr: Some(Prefix { cidr: None }.in_family(Family::V6)) });
            }
            _ => {}
        }
        let span = self.span();
        let cidr = super::address::prefixed(text, span, self.reader)?;
        Some(Prefix { cidr: Some(cidr.0) })
    }

    /// The group of a `track_group` that was declared before; `None` when there is none, which was said.
    pub fn track_group(&mut self) -> Step<Option<String>> {
        let name = self.value()?;
        if self.reader.declared.track_groups.contains_key(name) {
            return Ok(Some(name.to_owned()));
        }
        self.complain(format!("track_group {name} not found"));
        Ok(None)
    }

    /// A number with C's prefixes and nothing behind it.
    pub fn any_base(text: &str) -> Parsed<u32> {
        let wrong = |words: String| Parsed::bad(Fault::Number(words));
        if text.trim_start().starts_with('-') {
            return wrong(format!("negative number '{text}'"));
        }
        match c_number(text) {
            None if text.is_empty() => Parsed::good(0),
            None => wrong(format!("invalid number '{text}'")),
            Some(number) => u32::try_from(number)
                .map_or_else(|_| wrong(format!("number '{text}' outside unsigned integer range")), Parsed::good),
        }
    }
}

/// A decimal number of 64 bits, as [`integer`] reads shorter ones.
fn unsigned64(text: &str) -> Parsed<u64> {
    let wrong = |words: String| Parsed::bad(Fault::Number(words));
    let trimmed = text.trim_start();
    if trimmed.starts_with('-') {
        return wrong(format!("negative number '{text}'"));
    }
    let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
    if text.is_empty() {
        return Parsed::good(0);
    }
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return wrong(format!("invalid number '{text}'"));
    }
    digits.parse().map_or_else(|_| wrong(format!("number '{text}' outside unsigned 64 bit range")), Parsed::good)
}
