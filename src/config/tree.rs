//! Text -> logical lines of words and braces, with spans.
//!
//! The list is flat on purpose: which block a closing brace ends depends on the keywords (an unknown word's brace
//! opens nothing, CL-38), so blocks are made where keywords are known, in `lower`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use pest::Parser;

use super::limits::{self, Limits};
use crate::diagnostic::{Code, Diagnostic, Findings, SourceMap, Span};

#[derive(pest_derive::Parser)]
#[grammar = "config/keepalived.pest"]
struct Grammar;

/// Rows do not depend on each other, so the text is read in slices of about this many bytes that end at a line end:
/// the parser's token list stays small whatever the size of the file.
const SLICE: usize = 64 * 1024;

/// A line has a keyword and a value, and perhaps a brace, which is a logical line of its own.
const WORDS_IN_TEN_LINES: usize = 24;
const ROWS_IN_TEN_LINES: usize = 14;

/// What a logical line is: a brace always stands alone (CL-31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Words,
    Open,
    Close,
}

/// Words `first..first + words` of the tree; a brace has none, its own place stands there. A large file has hundreds of
/// thousands of rows, so they are small.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: u32,
    /// In the lowest two bits what kind of row it is, above them how many words it has.
    words_and_kind: u32,
}

/// Kinds of rows: words alone, words before a text without a closing quote, whose place stands behind them, and braces.
const WORDS: u32 = 0;
const STRAY: u32 = 1;
const OPEN: u32 = 2;
const CLOSE: u32 = 3;

impl Row {
    const fn new(first: usize, words: usize, kind: u32) -> Row {
        Row { first: first as u32, words_and_kind: (words as u32) << 2 | kind }
    }

    const fn words(self) -> usize {
        (self.words_and_kind >> 2) as usize
    }

    const fn kind(self) -> u32 {
        self.words_and_kind & 3
    }

    /// From the first word to the end of the line's text.
    fn span(self, words: &[Span]) -> Span {
        let first = self.first as usize;
        let last = match self.kind() {
            WORDS => first + self.words() - 1,
            STRAY => first + self.words(),
            _ => first,
        };
        match (words.get(first), words.get(last)) {
            (Some(first), Some(last)) => first.to(*last),
            _ => Span::default(),
        }
    }
}

/// The logical lines of a text.
#[derive(Debug, Default)]
pub struct Tree {
    words: Vec<Span>,
    rows: Vec<Row>,
    /// Words that are written with a protected comment sign, without its backslash.
    unescaped: BTreeMap<u32, String>,
}

/// One logical line.
#[derive(Clone, Copy)]
pub struct Line<'t> {
    tree: &'t Tree,
    text: &'t str,
    row: Row,
}

impl Tree {
    /// Reads the expanded text; unmatched quotes are found here. `None`: there are too many words or lines, which was
    /// said.
    pub fn read(sources: &SourceMap, limits: &Limits, found: &mut Findings) -> Option<Tree> {
        let text = sources.text();
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        // Room for what a file usually has, so that the lists of a large one are not copied as they grow.
        let tree = Tree {
            words: Vec::with_capacity((lines * WORDS_IN_TEN_LINES / 10).min(limits.words)),
            rows: Vec::with_capacity((lines * ROWS_IN_TEN_LINES / 10).min(limits.words)),
            unescaped: BTreeMap::new(),
        };
        let mut builder = Builder { text, tree, start: 0, stray: None };
        let mut lo = 0;
        while lo < text.len() {
            let hi = match text.as_bytes().get(lo + SLICE..) {
                Some(rest) => rest.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| lo + SLICE + at + 1),
                None => text.len(),
            };
            builder.slice(lo, hi, found);
            if builder.tree.words.len().max(builder.tree.rows.len()) > limits.words {
                let words = format!("there are more than {} words, or lines and braces", limits.words);
                found.push(limits::passed(Some(Span::new(lo, lo)), words));
                return None;
            }
            lo = hi;
        }
        Some(builder.tree)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The line of that number.
    pub fn line<'t>(&'t self, text: &'t str, at: usize) -> Option<Line<'t>> {
        self.rows.get(at).map(|row| Line { tree: self, text, row: *row })
    }
}

struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    /// First word of the line being built.
    start: usize,
    stray: Option<Span>,
}

impl Builder<'_> {
    fn slice(&mut self, base: usize, end: usize, found: &mut Findings) {
        let Some(text) = self.text.get(base..end) else { return };
        let Ok(stretches) = Grammar::parse(Rule::text, text) else {
            // The grammar accepts every text (shown by the property test `any_text`); should it not, nothing of
            // the slice is used and the author is told.
            found.push(Diagnostic::at(
                Code::Fatal,
                Span::new(base, base),
                "this part of the configuration cannot be read",
            ));
            return;
        };
        for stretch in stretches {
            let lo = base + stretch.as_span().start();
            let hi = base + stretch.as_span().end();
            match stretch.as_rule() {
                Rule::words => self.words(lo, stretch.as_str()),
                Rule::marks => {
                    for (at, mark) in (lo..).zip(stretch.as_str().bytes()) {
                        match mark {
                            b'\n' => self.end_line(found),
                            b'{' => self.brace(at, OPEN, found),
                            b'}' => self.brace(at, CLOSE, found),
                            _ => {}
                        }
                    }
                }
                Rule::quoted => self.tree.words.push(Span::new(lo, hi)),
                Rule::stray => self.stray = Some(Span::new(lo, hi)),
                _ => {}
            }
        }
        self.end_line(found);
    }

    fn words(&mut self, base: usize, stretch: &str) {
        let escapes = stretch.contains('\\');
        let mut at = base;
        // No byte of a longer character is a blank.
        for word in stretch.as_bytes().split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c')) {
            if !word.is_empty() {
                let span = Span::new(at, at + word.len());
                if escapes {
                    self.unescape(span);
                }
                self.tree.words.push(span);
            }
            at += word.len() + 1;
        }
    }

    fn unescape(&mut self, span: Span) {
        let word = self.text.get(span.lo as usize..span.hi as usize).unwrap_or_default();
        if word.contains("\\#") || word.contains("\\!") {
            let number = self.tree.words.len() as u32;
            self.tree.unescaped.insert(number, word.replace("\\#", "#").replace("\\!", "!"));
        }
    }

    fn end_line(&mut self, found: &mut Findings) {
        let words = self.tree.words.len();
        let stray = self.stray.take();
        if let Some(stray) = stray {
            let first = self.tree.words.get(self.start).copied().unwrap_or(stray);
            let text = self.text.get(first.lo as usize..stray.hi as usize).unwrap_or_default().trim_end();
            // The original says it twice: reading the line, and cutting it into words (CL-15, CL-22).
            let found_here = Diagnostic::at(Code::UnmatchedQuote, stray, format!("Unterminated quote '{text}'"));
            found.push(found_here.label("no closing quote on this line"));
            found.push(Diagnostic::at(Code::UnmatchedQuote, stray, format!("Unmatched quote: '{text}'")));
        }
        if words > self.start {
            let kind = if stray.is_some() { STRAY } else { WORDS };
            self.tree.rows.push(Row::new(self.start, words - self.start, kind));
            self.tree.words.extend(stray);
        }
        self.start = self.tree.words.len();
    }

    fn brace(&mut self, at: usize, kind: u32, found: &mut Findings) {
        self.end_line(found);
        self.tree.rows.push(Row::new(self.start, 0, kind));
        self.tree.words.push(Span::new(at, at + 1));
        self.start = self.tree.words.len();
    }
}

impl<'t> Line<'t> {
    pub fn mark(&self) -> Mark {
        match self.row.kind() {
            OPEN => Mark::Open,
            CLOSE => Mark::Close,
            _ => Mark::Words,
        }
    }

    /// The first word.
    pub fn keyword(&self) -> &'t str {
        self.word(0).unwrap_or_default()
    }

    /// How many words there are, the keyword included.
    pub fn len(&self) -> usize {
        self.row.words()
    }

    pub fn is_empty(&self) -> bool {
        self.row.words() == 0
    }

    /// A word without its quotes; the keyword is number 0.
    pub fn word(&self, at: usize) -> Option<&'t str> {
        if at >= self.len() {
            return None;
        }
        let number = self.row.first + at as u32;
        if let Some(text) = self.tree.unescaped.get(&number) {
            return Some(text);
        }
        let span = self.tree.words.get(number as usize)?;
        let text = self.text.get(span.lo as usize..span.hi as usize)?;
        Some(text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text))
    }

    /// Words from number `from` on.
    pub fn words(&self, from: usize) -> impl Iterator<Item = &'t str> {
        let line = *self;
        (from..self.len()).filter_map(move |at| line.word(at))
    }

    /// Where a word stands; the whole line when there is no such word.
    pub fn span(&self, at: usize) -> Span {
        let number = (self.row.first as usize).saturating_add(at);
        let word = self.tree.words.get(number).copied().filter(|_| at < self.len());
        word.unwrap_or_else(|| self.whole())
    }

    /// The whole line.
    pub fn whole(&self) -> Span {
        self.row.span(&self.tree.words)
    }

    /// The text as written, for values with quoting rules of their own (CL-26).
    pub fn raw(&self) -> Cow<'t, str> {
        let span = self.whole();
        let text = self.text.get(span.lo as usize..span.hi as usize).unwrap_or_default();
        if self.tree.unescaped.is_empty() || !text.contains('\\') {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace("\\#", "#").replace("\\!", "!"))
    }
}
