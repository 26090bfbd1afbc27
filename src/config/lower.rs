//! Logical lines + rows -> declared blocks: one loop serves every block and never stops at the first mistake.
//!
//! Blocks are made here as the original makes them: only a known keyword opens one, so the brace of an unknown word
//! is ignored and its partner ends the enclosing block (CL-31 … CL-43).

use std::collections::{BTreeMap, BTreeSet};

use super::block::rule::NextPriority;
use super::host::Host;
use super::iproute::Names;
use super::limits::{self, Limits};
use super::schema::{Keyword, Missing, Repeat, Row, Shape};
use super::tree::{Line, Mark, Tree};
use super::value::{Fault, Value};
use super::{suggest, table};
use crate::diagnostic::{Code, Diagnostic, Findings, SourceMap, Span, Spanned};

/// A keyword's value is missing: its line is left, and nothing starts with this file (CL-111).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// Where reading is, and what it has found.
pub struct Reader<'t> {
    tree: &'t Tree,
    text: &'t str,
    at: usize,
    /// Open braces, known or not.
    depth: i64,
    pub host: &'t dyn Host,
    /// `-t`.
    pub test: bool,
    pub found: Findings,
    /// Headers of the blocks being read, outermost first.
    open: Vec<(&'static str, Span)>,
    /// Headers of the blocks that the file ended in, innermost first.
    unclosed: Vec<Span>,
    /// The first opening brace that opens nothing, and the header of the block around it.
    ignored: Option<(Span, Option<Span>)>,
    /// The name of the block being read, for messages.
    pub block_name: String,
    /// Names that later blocks may refer to (CL-105).
    pub declared: Declared,
    /// iproute2's names.
    pub names: Names,
    /// For rules that give none.
    pub next_priority: NextPriority,
    unacted: BTreeSet<(&'static str, &'static str)>,
    /// The closing brace of the block or list that was read last.
    pub closed: Span,
    /// A value was missing, so nothing starts with this file (CL-111).
    pub stopped: bool,
    /// There are more lines outside virtual servers than are read, which was said.
    pub too_large: bool,
    /// How many there are, how many may be, and whether they are counted now.
    others: usize,
    most_others: usize,
    counting: bool,
}

/// What was declared so far and may be tracked.
#[derive(Debug, Default)]
pub struct Declared {
    pub scripts: BTreeMap<String, Span>,
    pub files: BTreeMap<String, Span>,
    pub processes: BTreeMap<String, Span>,
    /// BFD sessions that VRRP may track.
    pub bfd_for_vrrp: BTreeMap<String, Span>,
    /// BFD sessions that checkers may follow.
    pub bfd_for_checkers: BTreeMap<String, Span>,
    pub track_groups: BTreeMap<String, Span>,
}

impl Declared {
    /// The name among scripts, files and processes that was probably meant.
    pub fn near(&self, name: &str) -> Option<(String, Span)> {
        let all = || self.scripts.iter().chain(&self.files).chain(&self.processes);
        let near = suggest::near(name, all().map(|(known, _)| known.as_str()))?;
        all().find(|(known, _)| *known == near).map(|(known, span)| (known.clone(), *span))
    }
}

impl<'t> Reader<'t> {
    /// `found` is what was found before.
    pub fn new(
        tree: &'t Tree,
        sources: &'t SourceMap,
        host: &'t dyn Host,
        test: bool,
        found: Findings,
        limits: &Limits,
    ) -> Reader<'t> {
        Reader {
            tree,
            text: sources.text(),
            at: 0,
            depth: 0,
            host,
            test,
            found,
            open: Vec::new(),
            unclosed: Vec::new(),
            ignored: None,
            block_name: String::new(),
            declared: Declared::default(),
            names: Names::default(),
            next_priority: NextPriority::default(),
            unacted: BTreeSet::new(),
            closed: Span::default(),
            stopped: false,
            too_large: false,
            others: 0,
            most_others: limits.others,
            counting: true,
        }
    }

    fn peek(&self) -> Option<Line<'t>> {
        self.tree.line(self.text, self.at)
    }

    fn next(&mut self) -> Option<Line<'t>> {
        let line = self.peek()?;
        if self.counting {
            if self.others == self.most_others {
                self.full(&line);
                return None;
            }
            self.others += 1;
        }
        self.at += 1;
        match line.mark() {
            Mark::Open => self.depth += 1,
            Mark::Close if self.depth == 0 => self.report(Code::ExtraClose, line.whole(), "Extra '}' found"),
            Mark::Close => self.depth -= 1,
            Mark::Words => {}
        }
        Some(line)
    }

    /// All that follows is left unread.
    fn full(&mut self, line: &Line<'_>) {
        if !std::mem::replace(&mut self.too_large, true) {
            let words = format!("there are more than {} lines and braces outside of virtual servers", self.most_others);
            self.found.push(limits::passed(Some(line.whole()), words));
        }
    }

    pub fn report(&mut self, code: Code, span: Span, words: impl Into<String>) {
        self.found.push(Diagnostic::at(code, span, words));
    }

    /// Something found at the end of a block: the original names the line of its closing brace.
    pub fn at_end(&mut self, code: Code, header: Span, words: impl Into<String>) {
        self.found.push(Diagnostic::at(code, self.closed, words).also(header, "of this block"));
    }

    /// Reads the whole text as the top level.
    pub fn top<B>(&mut self, rows: &'static [Keyword<B>], block: &mut B) {
        while let Some(line) = self.next() {
            match line.mark() {
                Mark::Open => self.unexpected(&line),
                Mark::Close => {
                    let finding = Diagnostic::at(Code::UnknownKeyword, line.whole(), "Unknown keyword '}'");
                    self.found.push(finding.label("no block is open here"));
                }
                Mark::Words => {
                    self.counting = !matches!(line.keyword(), "virtual_server" | "virtual_server_group");
                    self.line("(root)", rows, block, &line);
                    self.counting = true;
                }
            }
        }
        if self.depth > 0 {
            let words = format!("There are {} missing '}}'s or extra '{{'s", self.depth);
            let finding = self.unclosed(words);
            self.found.push(finding);
        }
    }

    /// What is open at the end of the file; where it ended in none, the brace that is one too many.
    fn unclosed(&mut self, words: String) -> Diagnostic {
        let code = Code::MissingClose;
        if let Some((innermost, around)) = self.unclosed.split_first() {
            let finding = Diagnostic::late(code, *innermost, words).label("this block is open at the end of the file");
            let finding =
                around.iter().fold(finding, |finding, header| finding.also(*header, "and this one around it"));
            return finding.help("close it with `}`");
        }
        match &self.ignored {
            Some((brace, Some(around))) => Diagnostic::late(code, *brace, words)
                .label("this brace opened no block")
                .also(*around, "this one was open")
                .help("is a `}` missing before it?"),
            Some((brace, None)) => Diagnostic::late(code, *brace, words).label("this brace opened no block"),
            None => Diagnostic::new(code, words),
        }
    }

    /// Reads a block whose header line has just been read.
    pub fn block<B>(
        &mut self,
        context: &'static str,
        header: &Line<'_>,
        rows: &'static [Keyword<B>],
        block: &mut B,
    ) -> Result<(), Stop> {
        self.open.push((context, header.whole()));
        match self.peek() {
            Some(line) if line.mark() == Mark::Open => {
                self.next();
            }
            Some(line) => {
                let words = "Missing '{' at beginning of configuration block";
                let finding = Diagnostic::at(Code::MissingOpen, line.whole(), words);
                self.found.push(finding.also(header.whole(), "of this block"));
            }
            None => {}
        }
        loop {
            let Some(line) = self.next() else {
                self.unclosed.push(header.whole());
                break;
            };
            self.closed = line.whole();
            match line.mark() {
                Mark::Open => self.unexpected(&line),
                Mark::Close => break,
                Mark::Words => self.line(context, rows, block, &line),
            }
        }
        self.open.pop();
        Ok(())
    }

    fn unexpected(&mut self, line: &Line<'_>) {
        self.ignored.get_or_insert((line.whole(), self.open.last().map(|(_, header)| *header)));
        self.report(Code::UnexpectedOpen, line.whole(), "Unexpected '{' - ignoring");
    }

    fn line<B>(&mut self, context: &'static str, rows: &'static [Keyword<B>], block: &mut B, line: &Line<'_>) {
        let Some(keyword) = rows.iter().find(|keyword| keyword.row.name == line.keyword()) else {
            return self.unknown(context, rows, line);
        };
        let row = &keyword.row;
        if !row.acted && self.unacted.insert((context, row.name)) {
            let words = format!("`{}` is read but not yet acted on", row.name);
            self.found.push(Diagnostic::at(Code::NotActedOn, line.span(0), words));
        }
        if !row.deprecated.is_empty() {
            let words = row.deprecated.replace("{block}", &self.block_name);
            self.report(Code::Deprecated, line.span(0), words);
        }
        if (keyword.set)(block, line, row, self).is_err() {
            // The original ends here; going on tells the author of the other mistakes too.
            self.stopped = true;
            if matches!(row.shape, Shape::Block | Shape::Lines) {
                self.skip_block();
            }
        }
    }

    fn unknown<B>(&mut self, context: &'static str, rows: &'static [Keyword<B>], line: &Line<'_>) {
        let word = line.keyword();
        let code = if table::contexts(word).is_empty() { Code::UnknownKeyword } else { Code::WrongBlock };
        // Looking for what was meant takes time.
        if !self.found.wants(code) {
            return;
        }
        let mut finding = Diagnostic::at(code, line.span(0), format!("Unknown keyword '{word}'"));
        finding = finding.label(if context == "(root)" { "not known at top level" } else { "not known here" });
        if let Some((_, header)) = self.open.last() {
            finding = finding.also(*header, "in this block");
        }
        if let Some(help) = self.probably(word, rows.iter().map(|keyword| keyword.row.name)) {
            finding = finding.help(help);
        }
        self.found.push(finding);
    }

    /// What was probably meant by an unknown word: a keyword of another block, or one spelt nearly so.
    fn probably(&self, word: &str, here: impl Iterator<Item = &'static str>) -> Option<String> {
        if word.starts_with('\u{feff}') {
            return Some("the file begins with a byte order mark: save it without one".to_owned());
        }
        let elsewhere = table::contexts(word);
        if let Some(first) = elsewhere.first() {
            return Some(match (*first, self.open.last()) {
                // A block that goes on where its author thinks that it ended.
                ("(root)", Some(_)) => "it stands at top level; is a `}` missing before it?".to_owned(),
                ("(root)", None) => "it stands at top level".to_owned(),
                _ => {
                    let names: Vec<String> = elsewhere.iter().take(3).map(|context| format!("`{context}`")).collect();
                    format!("it is a keyword of {}", names.join(", "))
                }
            });
        }
        if let Some(near) = suggest::near(word, here) {
            return Some(format!("did you mean `{near}`?"));
        }
        let all = table::all().iter().flat_map(|(_, rows)| rows.iter().map(|row| row.name));
        let near = suggest::near(word, all)?;
        let context = table::contexts(near).first().copied().filter(|context| *context != "(root)");
        Some(match context {
            Some(context) => format!("did you mean `{near}` of `{context}`?"),
            None => format!("did you mean `{near}`, which stands at top level?"),
        })
    }

    /// Leaves out the block that follows, if one does, nested braces counted (CL-39).
    pub fn skip_block(&mut self) {
        if self.peek().is_none_or(|line| line.mark() != Mark::Open) {
            return;
        }
        let mut depth = 0u32;
        while let Some(line) = self.next() {
            match line.mark() {
                Mark::Open => depth += 1,
                Mark::Close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                Mark::Words => {}
            }
        }
    }

    /// Calls `entry` for each line of a value block (CL-41 … CL-43).
    pub fn entries(
        &mut self,
        header: &Line<'_>,
        row: &'static Row,
        mut entry: impl FnMut(&Line<'_>, &mut Reader<'t>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        // A block with a name of its own (`virtual_server_group g`) has that word before its brace.
        let own = if row.hint.starts_with("<name>") { 2 } else { 1 };
        if header.len() > own {
            let extra: Vec<&str> = header.words(own).collect();
            let words = format!("Block {} has extra parameters {} ...", row.name, extra.join(" "));
            self.report(Code::InvalidValue, header.span(own), words);
        }
        match self.peek() {
            Some(line) if line.mark() == Mark::Open => {
                self.next();
            }
            _ => {
                let words = format!("'{{' missing from beginning of block {}", row.name);
                self.report(Code::Logged, header.whole(), words);
            }
        }
        loop {
            let Some(line) = self.next() else {
                self.unclosed.push(header.whole());
                break;
            };
            self.closed = line.whole();
            match line.mark() {
                Mark::Open => self.entry_brace(&line),
                Mark::Close => break,
                Mark::Words => self.stopped |= entry(&line, self).is_err(),
            }
        }
        Ok(())
    }

    fn entry_brace(&mut self, line: &Line<'_>) {
        self.report(Code::UnexpectedOpen, line.whole(), "Unexpected '{' - ignoring");
    }

    /// A word that must be there (CL-111).
    pub fn need<'l>(&mut self, line: &Line<'l>, at: usize) -> Result<&'l str, Stop> {
        if let Some(word) = line.word(at) {
            return Ok(word);
        }
        let before = line.word(at.saturating_sub(1)).unwrap_or_default();
        let words = format!(
            "*** Configuration line starting `{}` is missing a parameter after keyword `{before}` at word position {}",
            line.keyword(),
            at + 1
        );
        let finding = Diagnostic::at(Code::MissingParameter, line.whole(), words);
        self.found.push(finding.label("a value is missing here").help("give it a value, or remove the line"));
        Err(Stop)
    }

    /// Reads the one value of a line, and says what is wrong with it.
    pub fn value<V: Value>(&mut self, line: &Line<'_>, row: &'static Row) -> Result<Option<Spanned<V>>, Stop> {
        let span = line.span(1);
        let text = match (line.word(1), row.missing) {
            (Some(_), _) if row.alone && line.len() > 2 => {
                self.lacking(line, row);
                return Ok(None);
            }
            (Some(text), _) => text,
            (None, Missing::Fatal) => self.need(line, 1)?,
            (None, Missing::Allowed) => return Ok(V::absent().map(|value| Spanned::new(value, line.span(0)))),
            (None, Missing::Report) => {
                self.lacking(line, row);
                return Ok(None);
            }
        };
        let parsed = V::parse(text, row.lax && !self.test);
        self.judge(parsed.fault, text, span, row);
        Ok(parsed.value.map(|value| Spanned::new(value, span)))
    }

    /// Says that a value is missing where that is no reason to stop.
    pub fn lacking(&mut self, line: &Line<'_>, row: &'static Row) {
        let words = match row.lack {
            "" => format!("{} name missing - ignoring", row.name),
            words => words.replace("{block}", &self.block_name),
        };
        self.report(Code::InvalidValue, line.whole(), words);
    }

    /// Reports what is wrong with a value: the number's own words, then the keyword's.
    pub fn judge(&mut self, fault: Option<Fault>, text: &str, span: Span, row: &'static Row) {
        let Some(fault) = fault else { return };
        let label = match (row.hint, (row.range)()) {
            ("", _) => String::new(),
            (hint, Some(range)) => format!("wanted: {hint}, {range}"),
            (hint, None) => format!("wanted: {hint}"),
        };
        match fault {
            Fault::Tolerated(words) => self.report(Code::InvalidNumber, span, words),
            Fault::Number(words) => {
                self.found.push(Diagnostic::at(Code::InvalidNumber, span, words).label(label));
                let words = self.complaint(row, text);
                self.report(Code::InvalidValue, span, words);
            }
            Fault::Bad => {
                let words = self.complaint(row, text);
                self.found.push(Diagnostic::at(Code::InvalidValue, span, words).label(label));
            }
        }
    }

    fn complaint(&self, row: &'static Row, text: &str) -> String {
        if row.complaint.is_empty() {
            return format!("{} '{text}' invalid - ignoring", row.name);
        }
        row.complaint.replace("{block}", &self.block_name).replace("{}", text)
    }

    /// Whether a keyword is given a second time and the first is to stay; says so. `before` is the first one's value.
    pub fn refuse_second(&mut self, before: Option<Spanned<String>>, line: &Line<'_>, row: &'static Row) -> bool {
        let Some(before) = before else { return false };
        if line.len() < 2 && row.shape == Shape::Value && row.missing != Missing::Allowed {
            // That its value is missing is what there is to say.
            return false;
        }
        let (refused, usual) = match row.repeat {
            Repeat::Refuse => (true, "ignoring"),
            Repeat::Replace => (false, "replacing"),
            Repeat::LastWins | Repeat::Append => return false,
        };
        let words = if row.again.is_empty() {
            format!("{} already specified - {usual}", row.name)
        } else {
            let second = line.word(1).unwrap_or_default();
            row.again.replace("{block}", &self.block_name).replace("{old}", &before.value).replace("{}", second)
        };
        let (own, first) = if refused {
            ("this one is not used", "the first one, which stays")
        } else {
            ("this one is used", "the first one, which it replaces")
        };
        self.found.push(Diagnostic::at(Code::Duplicate, line.whole(), words).label(own).also(before.span, first));
        refused
    }
}
