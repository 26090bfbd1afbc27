//! `include` and its relatives: which files a pattern stands for, and which problems are serious.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Which problems stop a start (CL-90).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Directory, executable or unreadable file.
    pub read: bool,
    /// A plain name that is not there.
    pub named: bool,
    /// A wildcard that matches nothing.
    pub wildcard: bool,
    /// A brace list of which some are not there.
    pub brace: bool,
}

impl Checks {
    pub const NONE: Checks = Checks { read: false, named: false, wildcard: false, brace: false };
    pub const ALL: Checks = Checks { read: true, named: true, wildcard: true, brace: true };

    pub const fn or(self, other: Checks) -> Checks {
        Checks {
            read: self.read || other.read,
            named: self.named || other.named,
            wildcard: self.wildcard || other.wildcard,
            brace: self.brace || other.brace,
        }
    }

    /// `include_check`: a plain word replaces the set, `+` and `-` edit it, no word is all (CL-91).
    pub fn change(&mut self, words: &str) {
        let mut replaced = false;
        let mut any = false;
        for word in words.split_whitespace() {
            any = true;
            let (name, on) = match word.split_at_checked(1) {
                Some(("+", name)) => (name, true),
                Some(("-", name)) => (name, false),
                _ if replaced => continue,
                _ => {
                    replaced = true;
                    *self = Checks { read: true, ..Checks::NONE };
                    (word, true)
                }
            };
            match name {
                "read" => self.read = on,
                "match" => self.named = on,
                "wildcard_match" => self.wildcard = on,
                "brace_match" => self.brace = on,
                _ => {}
            }
        }
        if !any {
            *self = Checks::ALL;
        }
    }
}

/// A file that a pattern matched: as it is shown, and where it is.
#[derive(Clone, Debug)]
pub struct Match {
    pub shown: String,
    pub path: PathBuf,
}

/// What a pattern stands for.
#[derive(Debug)]
pub enum Matches {
    /// Sorted; `some_missing`: parts of a brace list are not there.
    Found { files: Vec<Match>, some_missing: bool },
    /// A plain name, a whole brace list, or a directory of the pattern is not there.
    Missing,
    /// A wildcard matches nothing.
    None,
}

/// The include that a line asks for: its checks and its pattern (CL-85).
pub fn request(line: &str) -> Option<(Checks, &str)> {
    let (word, pattern) = line.split_once([' ', '\t'])?;
    let checks = match word {
        "include" => Checks::NONE,
        "includer" => Checks { read: true, ..Checks::NONE },
        "includem" => Checks { read: true, named: true, ..Checks::NONE },
        "includew" => Checks { brace: false, ..Checks::ALL },
        "includeb" => Checks { read: true, brace: true, ..Checks::NONE },
        "includea" => Checks::ALL,
        _ => return None,
    };
    let pattern = pattern.trim();
    (!pattern.is_empty()).then_some((checks, pattern))
}

/// The files of a pattern, relative to the directory of the file that includes (CL-86, CL-87).
pub fn matches(directory: &Path, pattern: &str) -> Matches {
    let alternatives = braces(pattern);
    let listed = alternatives.len() > 1;
    let mut files = Vec::new();
    let mut missing = 0;
    let mut directory_missing = false;
    for alternative in &alternatives {
        let before = files.len();
        if alternative.contains(['*', '?', '[']) {
            let parent = Path::new(alternative).parent().unwrap_or(Path::new(""));
            let wild_parent = parent.to_string_lossy().contains(['*', '?', '[']);
            directory_missing |= !wild_parent && !directory.join(parent).join(".").exists();
            wildcard(directory, alternative, &mut files);
        } else {
            let path = directory.join(alternative);
            if path.symlink_metadata().is_ok() {
                let mark = if path.is_dir() && !alternative.ends_with('/') { "/" } else { "" };
                files.push(Match { shown: format!("{alternative}{mark}"), path });
            }
        }
        missing += usize::from(files.len() == before);
    }
    let wild = pattern.contains(['*', '?', '[']);
    match (files.is_empty(), missing) {
        (false, missing) => Matches::Found { files, some_missing: listed && missing > 0 },
        (true, _) if wild && !listed && !directory_missing => Matches::None,
        (true, _) => Matches::Missing,
    }
}

fn wildcard(directory: &Path, pattern: &str, files: &mut Vec<Match>) {
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let base = glob::Pattern::escape(&directory.to_string_lossy());
    let whole =
        if base.is_empty() || pattern.starts_with('/') { pattern.to_owned() } else { format!("{base}/{pattern}") };
    let Ok(found) = glob::glob_with(&whole, options) else { return };
    for path in found.flatten() {
        let shown = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
        let mark = if path.is_dir() { "/" } else { "" };
        files.push(Match { shown: format!("{shown}{mark}"), path });
    }
}

/// The alternatives of `{a,b}` lists, outermost first, in order.
fn braces(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0usize;
    let mut parts = Vec::new();
    let mut start = open + 1;
    for (at, byte) in pattern.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 1 => {
                parts.push(pattern.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            b'}' if depth == 1 => {
                parts.push(pattern.get(start..at).unwrap_or_default());
                let head = pattern.get(..open).unwrap_or_default();
                let tails = braces(pattern.get(at + 1..).unwrap_or_default());
                return parts
                    .iter()
                    .flat_map(|part| braces(part))
                    .flat_map(|part| tails.iter().map(move |tail| format!("{head}{part}{tail}")))
                    .take(1024)
                    .collect();
            }
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    vec![pattern.to_owned()]
}

/// The bytes of a file, or in the original's words why it is refused (CL-89).
pub fn read(file: &Match) -> Result<Vec<u8>, String> {
    let shown = &file.shown;
    let about = std::fs::metadata(&file.path)
        .map_err(|error| format!("Unable to open configuration file '{shown}' ({error}) - skipping"))?;
    if about.is_dir() {
        return Err(format!("Configuration file '{shown}' is a directory - skipping"));
    }
    if !about.is_file() || about.permissions().mode() & 0o111 != 0 {
        return Err(format!("Configuration file '{shown}' is not a regular non-executable file - skipping"));
    }
    std::fs::read(&file.path)
        .map_err(|error| format!("Unable to open configuration file '{shown}' ({error}) - skipping"))
}
