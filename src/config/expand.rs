//! Files -> one text: conditional lines, definitions, replication and includes are worked out here, line by line,
//! before anything knows what a keyword is. A definition may hold braces and line ends (CL-56).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::host::Host;
use super::include::{Checks, Matches, Refused};
use super::limits::{self, Limits};
use super::{bytes, include, replicate};
use crate::diagnostic::source::FileId;
use crate::diagnostic::{Code, Diagnostic, Findings, SourceMap};

/// The most bytes a line may have without its line end (CL-3).
pub const LINE: usize = 1022;
/// Replacements in one line; a definition that names itself would have no end (CL-51).
const REPLACEMENTS: usize = 512;

/// The lines of a definition.
type Definition = Rc<[String]>;

/// The state that lines change while they are read.
pub struct Expander<'a> {
    host: &'a dyn Host,
    config_id: String,
    definitions: BTreeMap<String, Definition>,
    checks: Checks,
    pub sources: SourceMap,
    pub found: Findings,
    /// A file that must be there is not (CL-90).
    pub include_failed: bool,
    /// A limit was passed, which was said: nothing more is read.
    pub too_large: bool,
    /// What is left of each limit; only `depth` grows again.
    left: Limits,
    /// What is allowed.
    limits: Limits,
    /// The files being read, outermost first.
    open: Vec<include::Identity>,
    /// Of the file being read.
    directory: PathBuf,
    random: crate::base::random::Random,
}

/// The file being read.
#[derive(Clone)]
struct Place {
    file: FileId,
    directory: PathBuf,
    line: u32,
}

impl<'a> Expander<'a> {
    pub fn new(host: &'a dyn Host, config_id: Option<&str>, all_config: bool, limits: &Limits) -> Expander<'a> {
        let config_id = match config_id {
            Some(id) => id.to_owned(),
            None => host.name().split('.').next().unwrap_or_default().to_owned(),
        };
        let random = crate::base::random::Random::from_seed(host.random());
        Expander {
            host,
            config_id,
            definitions: BTreeMap::new(),
            checks: if all_config { Checks::ALL } else { Checks::NONE },
            sources: SourceMap::default(),
            found: limits.found(),
            include_failed: false,
            too_large: false,
            left: *limits,
            limits: *limits,
            open: Vec::new(),
            directory: PathBuf::new(),
            random,
        }
    }

    /// A limit was passed: says so once, and nothing more is read.
    fn stop(&mut self, place: Option<&Place>, words: String) {
        if std::mem::replace(&mut self.too_large, true) {
            return;
        }
        let span = place.map(|place| self.sources.append_expanded(place.file, place.line, ""));
        self.found.push(limits::passed(span, words));
    }

    /// Takes `count` of what is left of a limit; false: there is not so much, which was said.
    fn take(&mut self, of: fn(&mut Limits) -> &mut usize, count: usize, place: Option<&Place>, what: &str) -> bool {
        let left = of(&mut self.left);
        match left.checked_sub(count) {
            Some(rest) => *left = rest,
            None => {
                let most = *of(&mut self.limits);
                self.stop(place, format!("there are more than {most} {what}"));
            }
        }
        !self.too_large
    }

    /// Reads the main file or, if its name is a pattern, all that match; false when there is none (CL-93, CL-94).
    pub fn main(&mut self, pattern: &str) -> bool {
        match include::matches(Path::new(""), pattern, &self.limits, &mut self.left.names) {
            Matches::TooMany => {
                self.stop(None, format!("'{pattern}' stands for too many files or names"));
                true
            }
            Matches::Found { files, .. } => {
                if let [first, _, ..] = files.as_slice() {
                    let first = &first.shown;
                    let words =
                        format!("WARNING, multiple configuration file matches of {pattern}, starting with {first}");
                    self.found.push(Diagnostic::new(Code::SeveralFiles, words));
                }
                let before = self.sources.files().count();
                for file in files {
                    self.file(&file, Checks::NONE, None);
                }
                self.sources.files().count() > before
            }
            Matches::Missing | Matches::None => {
                let words = format!("Config files missing '{pattern}'.");
                self.found.push(Diagnostic::new(Code::FileMissing, words).help("name an existing file with `-f FILE`"));
                false
            }
        }
    }

    /// Reads one file that an include or the command line matched.
    fn file(&mut self, file: &include::Match, required: Checks, from: Option<&Place>) {
        if self.too_large || !self.take(|left| &mut left.files, 1, from, "files") {
            return;
        }
        let shown = &file.shown;
        let most = self.limits.bytes;
        let too_large = |this: &mut Self| this.stop(from, format!("file '{shown}' has more than {most} bytes"));
        let (bytes, identity) = match include::read(file, most) {
            Ok(read) => read,
            Err(Refused::TooLarge) => return too_large(self),
            Err(Refused::Words(words)) => return self.include_problem(words, required.read, from),
        };
        if self.open.contains(&identity) {
            let words = format!("Configuration file '{shown}' includes itself - skipping");
            self.include_refused(Code::IncludeLoop, words, from);
            return;
        }
        let Some(text) = bytes::text_within(bytes, most) else { return too_large(self) };
        if !self.take(|left| &mut left.bytes, text.len(), from, "bytes in all files together") {
            return;
        }
        if !self.take(|left| &mut left.depth, 1, from, "includes or definitions within each other") {
            return;
        }
        let id = self.sources.add_file(shown, text.len());
        let directory = file.path.parent().map(Path::to_owned).unwrap_or_default();
        let checks = self.checks;
        let before = std::mem::replace(&mut self.directory, directory.clone());
        self.open.push(identity);
        self.lines(Place { file: id, directory, line: 0 }, &text);
        self.open.pop();
        self.sources.set_text(id, text);
        self.directory = before;
        self.checks = checks;
        self.left.depth += 1;
    }

    fn include_refused(&mut self, code: Code, words: String, from: Option<&Place>) {
        let diagnostic = match from {
            Some(place) => {
                let span = self.sources.append_expanded(place.file, place.line, "");
                Diagnostic::at(code, span, words)
            }
            None => Diagnostic::new(code, words),
        };
        self.found.push(diagnostic);
    }

    /// Says what is wrong with an include, and remembers when the daemon must not start for it.
    fn include_problem(&mut self, words: String, fails: bool, from: Option<&Place>) {
        self.include_failed |= fails;
        let code = if fails { Code::IncludeRequired } else { Code::IncludeMissing };
        self.include_refused(code, words, from);
    }

    /// Goes through the lines of a file. Runs of lines that mean themselves are appended in one piece.
    fn lines(&mut self, mut place: Place, text: &str) {
        let mut definition: Option<(String, Vec<String>)> = None;
        // First line and offset of the run of plain lines that is not appended yet.
        let mut run: Option<(u32, usize)> = None;
        let mut lo = 0;
        while lo < text.len() && !self.too_large {
            let rest = text.get(lo..).unwrap_or_default();
            let length = rest.bytes().position(|byte| byte == b'\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            place.line += 1;
            if definition.is_none() && plain(line) {
                run.get_or_insert((place.line, lo));
            } else {
                if let Some((first, start)) = run.take() {
                    self.append(&place, first, text.get(start..lo).unwrap_or_default());
                }
                self.line(line, &place, &mut definition);
            }
            lo += length + 1;
        }
        if let Some((first, start)) = run.take() {
            self.append(&place, first, text.get(start..).unwrap_or_default());
        }
        if let Some((name, lines)) = definition {
            self.definitions.insert(name, lines.into());
        }
    }

    /// Lines that mean themselves.
    fn append(&mut self, place: &Place, first: u32, text: &str) {
        if self.sources.len() + text.len() > self.limits.bytes {
            let most = self.limits.bytes;
            return self.stop(Some(place), format!("this configuration has more than {most} bytes"));
        }
        self.sources.append(place.file, first, text);
    }

    /// A physical line that may mean something else than itself.
    fn line(&mut self, line: &str, place: &Place, definition: &mut Option<(String, Vec<String>)>) {
        let line = line.trim_end_matches('\r');
        if line.len() > LINE {
            self.complain(place, Code::LineTooLong, "line too long - ignoring".to_owned());
            return;
        }
        if line.contains('\0') {
            let words = "configuration appears to have embedded NULs - ignoring line".to_owned();
            self.complain(place, Code::EmbeddedNul, words);
            return;
        }
        const BLANKS: [char; 5] = [' ', '\t', '\r', '\x0b', '\x0c'];
        let whole = line.trim_matches(BLANKS);
        let line = without_comment(whole).trim_end_matches(BLANKS);
        if let Some((name, mut lines)) = definition.take() {
            // A blank line ends a definition, and a comment leaves nothing else (CL-16); so does a line without a
            // backslash, which is its last (CL-45).
            let (text, more) = continued(line);
            if !more && whole.ends_with('\\') {
                let words =
                    format!("the comment ends the definition of '{name}' - the lines behind it stand for themselves");
                self.complain(place, Code::DefinitionLogged, words);
            }
            if !line.is_empty() {
                lines.push(text.to_owned());
            }
            if more && !line.is_empty() {
                *definition = Some((name, lines));
            } else {
                self.definitions.insert(name, lines.into());
            }
            return;
        }
        let Some(line) = self.condition(line) else { return };
        if let Some((name, value)) = defines(line) {
            let (value, more) = continued(value);
            if more {
                let first = if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
                *definition = Some((name.to_owned(), first));
            } else {
                self.definitions.insert(name.to_owned(), [value.to_owned()].into());
            }
            return;
        }
        match continued(line) {
            // Blanks before a backslash at the end are cut everywhere (CL-45).
            (text, true) => self.logical(&format!("{text}\\"), place),
            (text, false) => self.logical(text, place),
        }
    }

    /// What a line is after its `@ID` or `@^ID`; `None` when it is not for this host (CL-80).
    fn condition<'l>(&self, line: &'l str) -> Option<&'l str> {
        let Some(rest) = line.strip_prefix('@') else { return Some(line) };
        let (wanted, rest) = match rest.strip_prefix('^') {
            Some(rest) => (false, rest),
            None => (true, rest),
        };
        let (id, text) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        ((id == self.config_id) == wanted).then(|| text.trim_start()).filter(|text| !text.is_empty())
    }

    /// A line without condition: replicate it, replace definitions in it, include, or append it.
    fn logical(&mut self, line: &str, place: &Place) {
        if self.too_large || !self.take(|left| &mut left.lines, 1, Some(place), "lines from definitions and includes") {
            return;
        }
        if line.starts_with("~SEQ") || line.starts_with("~LST") {
            if self.deeper(place) {
                self.replicate(line, place);
                self.left.depth += 1;
            }
            return;
        }
        if line.starts_with('~') || !line.contains('$') {
            return self.emit(line, place);
        }
        match self.replace(line, place) {
            Replaced::Line(text) => {
                // A definition may stand for a replication: the 2.2 series' documented purpose (CL-57).
                let text = without_comment(&text).trim();
                if text.starts_with("~SEQ") || text.starts_with("~LST") {
                    if self.deeper(place) {
                        self.logical(text, place);
                        self.left.depth += 1;
                    }
                } else {
                    self.emit(text, place);
                }
            }
            Replaced::Lines(first, rest) => {
                if !self.deeper(place) {
                    return;
                }
                self.logical(&first, place);
                for line in rest.iter().skip(1) {
                    if self.too_large {
                        break;
                    }
                    if let Some(line) = self.condition(line) {
                        self.logical(line, place);
                    }
                }
                self.left.depth += 1;
            }
            Replaced::TooLong(so_far) => {
                let words =
                    format!("line '{line}' does not fit with its definitions replaced - using it as far as it fits");
                self.complain(place, Code::DefinitionLogged, words);
                self.emit(without_comment(&so_far).trim(), place);
            }
            Replaced::Endless(name) => {
                let words = format!("definition '{name}' names itself - using the line as written");
                self.complain(place, Code::Definition, words);
                self.emit(line, place);
            }
            Replaced::Bad(words) => {
                self.complain(place, Code::Definition, words);
                self.emit(line, place);
            }
        }
    }

    /// One level more of what stands within each other; false: there are too many, which was said.
    fn deeper(&mut self, place: &Place) -> bool {
        self.take(|left| &mut left.depth, 1, Some(place), "includes or definitions within each other")
    }

    fn replicate(&mut self, line: &str, place: &Place) {
        // Definitions are replaced within the parentheses only (CL-73).
        let whole = match line.find(')') {
            Some(end) => match self.replace(line.get(..=end).unwrap_or_default(), place) {
                Replaced::Line(head) => format!("{head}{}", line.get(end + 1..).unwrap_or_default()),
                _ => line.to_owned(),
            },
            None => line.to_owned(),
        };
        match replicate::read(&whole) {
            Ok(replication) => {
                for round in replication.rounds {
                    if self.too_large {
                        return;
                    }
                    for (name, value) in replication.names.iter().zip(round) {
                        self.definitions.insert(name.clone(), [value].into());
                    }
                    self.logical(&replication.text, place);
                }
            }
            Err(complaints) => {
                for words in complaints {
                    self.complain(place, Code::Replication, words);
                }
            }
        }
    }

    /// A line that is what it is: an include, or text for the parser.
    fn emit(&mut self, line: &str, place: &Place) {
        if line.is_empty() {
            return;
        }
        if let Some((required, pattern)) = include::request(line) {
            return self.include(pattern, required, place);
        }
        if let Some(words) = line.strip_prefix("include_check") {
            self.checks.change(words);
        }
        if self.sources.len() + line.len() > self.limits.bytes {
            let most = self.limits.bytes;
            return self.stop(Some(place), format!("this configuration becomes more than {most} bytes"));
        }
        self.sources.append_expanded(place.file, place.line, line);
    }

    fn include(&mut self, pattern: &str, required: Checks, place: &Place) {
        let required = required.or(self.checks);
        match include::matches(&place.directory, pattern, &self.limits, &mut self.left.names) {
            Matches::TooMany => {
                self.stop(Some(place), format!("'{pattern}' stands for too many files or names"));
            }
            Matches::Found { files, some_missing } => {
                if some_missing {
                    let words = format!("Some config files missing: \"{pattern}\".");
                    self.include_problem(words, required.brace, Some(place));
                    if required.brace {
                        return;
                    }
                }
                for file in files {
                    self.file(&file, required, Some(place));
                }
            }
            Matches::Missing => {
                let fails = if pattern.contains('{') { required.brace } else { required.named };
                self.include_problem(format!("Config files missing '{pattern}'."), fails, Some(place));
            }
            Matches::None if required.wildcard => {
                self.include_problem(format!("No config files matched '{pattern}'."), true, Some(place));
            }
            Matches::None => {}
        }
    }

    fn complain(&mut self, place: &Place, code: Code, words: String) {
        let span = self.sources.append_expanded(place.file, place.line, "");
        self.found.push(Diagnostic::at(code, span, words));
    }

    /// Puts the values of definitions in place (CL-48 … CL-53). The inserted text is looked at again.
    fn replace(&mut self, line: &str, place: &Place) -> Replaced {
        let mut text = line.to_owned();
        let mut from = 0;
        let mut count = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
            let Some(found) = name_at(&text, at) else {
                from = at + 1;
                continue;
            };
            count += 1;
            if count > REPLACEMENTS {
                return Replaced::Endless(found.name);
            }
            if !self.take(|left| &mut left.replacements, 1, Some(place), "uses of definitions") {
                return Replaced::Line(String::new());
            }
            let value = match self.value(&found, place) {
                Ok(Some(value)) => value,
                Ok(None) => {
                    from = at + 1;
                    continue;
                }
                Err(words) => return Replaced::Bad(words),
            };
            let (head, tail) = (text.get(..at).unwrap_or_default(), text.get(found.end..).unwrap_or_default());
            if let [first, _, ..] = &*value {
                if !tail.trim().is_empty() {
                    from = at + 1;
                    continue;
                }
                return Replaced::Lines(format!("{head}{first}"), value.clone());
            }
            let value = value.first().map_or("", String::as_str);
            if head.len() + value.len() + tail.len() > LINE + 1 {
                return Replaced::TooLong(text);
            }
            text = format!("{head}{value}{tail}");
            from = at;
        }
        Replaced::Line(text)
    }

    /// The value of a name: a definition of the file, else a built-in one (CL-60 … CL-67).
    fn value(&mut self, found: &Name, place: &Place) -> Result<Option<Definition>, String> {
        if found.parameters.is_empty()
            && let Some(lines) = self.definitions.get(&found.name)
        {
            return Ok(Some(lines.clone()));
        }
        let one = |text: String| Ok(Some(Definition::from([text])));
        match found.name.as_str() {
            "_INSTANCE" => one(self.config_id.clone()),
            "_HASH" => one("#".to_owned()),
            "_BANG" => one("!".to_owned()),
            "_PWD" => {
                let directory = std::path::absolute(self.directory.join(".")).unwrap_or_default();
                one(directory.display().to_string())
            }
            "_RANDOM" => self.random(&found.parameters, place).map(|number| Some([number.to_string()].into())),
            "_ENV" => match found.parameters.as_slice() {
                [name] => one(self.host.environment(name).unwrap_or_default()),
                _ => Err("Definition _ENV requires the name of one environment variable.".to_owned()),
            },
            _ => Ok(None),
        }
    }

    fn random(&mut self, parameters: &[String], place: &Place) -> Result<u64, String> {
        if parameters.len() > 2 {
            let count = parameters.len();
            return Err(format!("Definition _RANDOM requires between 0 and 2 parameters, {count} specified."));
        }
        let mut numbers = Vec::new();
        for parameter in parameters {
            let Ok(number) = parameter.parse::<u32>() else {
                return Err("Definition _RANDOM requires numeric parameters only.".to_owned());
            };
            numbers.push(u64::from(number));
        }
        let (least, most) = (numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(32767));
        if least > most {
            let words = format!("Definition _RANDOM: {least} is more than {most} - using it");
            self.complain(place, Code::Definition, words);
            return Ok(least);
        }
        Ok(least + self.random.up_to(most - least))
    }
}

/// What became of a line with definitions in it.
enum Replaced {
    Line(String),
    /// A definition of several lines at its end: what the line became with its first one, and all of them.
    Lines(String, Definition),
    /// With the replacements that fitted.
    TooLong(String),
    Endless(String),
    Bad(String),
}

/// A use of a definition: `$NAME` or `${NAME PARAMETER...}`, up to byte `end`.
struct Name {
    name: String,
    parameters: Vec<String>,
    end: usize,
}

fn name_at(text: &str, at: usize) -> Option<Name> {
    let rest = text.get(at + 1..)?;
    if let Some(inside) = rest.strip_prefix('{') {
        let close = inside.find('}')?;
        let inside = inside.get(..close)?;
        let mut words = inside.split([' ', '\t']);
        let name = words.next().filter(|name| is_name(name))?.to_owned();
        let parameters = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        return Some(Name { name, parameters, end: at + 2 + close + 1 });
    }
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let name = rest.get(..length).filter(|name| is_name(name))?.to_owned();
    let follows = rest.get(length..).and_then(|rest| rest.chars().next());
    let ends = follows.is_none_or(|c| matches!(c, ' ' | '\t' | '\r' | '\x0b' | '\x0c' | ',' | ')'));
    ends.then_some(Name { name, parameters: Vec::new(), end: at + 1 + length })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a line can only mean itself: no definition, condition, replication or include, and not too long.
fn plain(line: &str) -> bool {
    let bytes = line.as_bytes();
    // Without a way out of the loop, which looks at many bytes at once then.
    let odd = |found, byte: &u8| found | matches!(byte, b'$' | 0);
    if bytes.len() > LINE || bytes.iter().fold(false, odd) {
        return false;
    }
    if bytes.contains(&b'\\') && without_comment(line).trim_end().ends_with('\\') {
        return false;
    }
    match bytes.iter().find(|byte| !matches!(byte, b' ' | b'\t')) {
        Some(b'@' | b'~') => false,
        Some(b'i') => !line.trim_start().starts_with("include"),
        _ => true,
    }
}

/// The text before a comment: `#` or `!` outside double quotes and without a backslash (CL-10 … CL-14).
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' | b'!' if !quoted && !escaped => return line.get(..at).unwrap_or_default(),
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    line
}

/// `$NAME=VALUE` (CL-44).
fn defines(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('$')?.split_once('=')?;
    is_name(name).then(|| (name, value.trim_start()))
}

/// The text without a continuation backslash and the blanks before it, and whether there was one.
fn continued(text: &str) -> (&str, bool) {
    match text.strip_suffix('\\') {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    }
}
