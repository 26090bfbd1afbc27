//! A regular expression over an answer as it comes (CK-52, CK-53).
//!
//! The original matches in pieces and partially: what may become a match with the next bytes is kept and tried again
//! with them. So a pattern that would like to see what follows the end of the answer does not match there (`a.*`).

use std::sync::Arc;

use crate::model::check::Regex;

/// Bytes that are held at once; a partial match that needs more is none.
const MOST_HELD: usize = 4095;

/// The library that matches.
pub trait Matcher: Send + Sync {
    /// Looks for the first match that starts at or after `from`.
    fn search(&self, subject: &[u8], from: usize, stack: Option<(usize, usize)>) -> Found;

    /// Most bytes that it looks back.
    fn lookbehind(&self) -> usize;
}

/// Where a match starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// Looking took more than is allowed.
    TooCostly,
    /// With more bytes it might be one.
    Partial(usize),
    Match(usize),
}

/// One answer.
pub struct Stream {
    matcher: Arc<dyn Matcher>,
    held: Vec<u8>,
    /// Bytes before `held`.
    offset: usize,
    /// In `held`: what stands before was looked at, and is kept to be looked back at.
    from: usize,
    matched: bool,
    /// Nothing more is looked at: each further piece would cost as much.
    given_up: bool,
}

impl Stream {
    pub fn new(matcher: Arc<dyn Matcher>) -> Stream {
        Stream { matcher, held: Vec::new(), offset: 0, from: 0, matched: false, given_up: false }
    }

    pub fn matched(&self) -> bool {
        self.matched
    }

    /// Takes the next bytes of the answer.
    pub fn take(&mut self, regex: &Regex, mut bytes: &[u8]) {
        while !self.matched && !self.given_up && !bytes.is_empty() {
            let room = MOST_HELD - self.held.len();
            let (piece, rest) = bytes.split_at(bytes.len().min(room));
            self.held.extend_from_slice(piece);
            bytes = rest;
            if !self.look(regex) {
                self.offset += self.held.len();
                self.held.clear();
            }
        }
    }

    /// Whether what is held must be kept.
    fn look(&mut self, regex: &Regex) -> bool {
        let end = self.offset + self.held.len();
        let lookbehind = self.matcher.lookbehind();
        let from = std::mem::take(&mut self.from);
        if end < regex.min_offset.saturating_sub(lookbehind)
            || regex.max_offset.is_some_and(|most| self.offset + from > most)
        {
            return false;
        }
        let start = regex.min_offset.saturating_sub(self.offset).max(from);
        if start > self.held.len() {
            return false;
        }
        match self.matcher.search(&self.held, start, regex.stack) {
            Found::Nothing => false,
            Found::TooCostly => {
                self.given_up = true;
                false
            }
            Found::Match(at) => {
                self.matched = regex.max_offset.is_none_or(|most| self.offset + at <= most);
                false
            }
            Found::Partial(at) => {
                let drop = at.saturating_sub(lookbehind).min(self.held.len());
                if drop == 0 {
                    return self.held.len() < MOST_HELD;
                }
                self.held.drain(..drop);
                self.offset += drop;
                self.from = lookbehind;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests;
