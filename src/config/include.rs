//! `include` and its relatives: which files a pattern stands for, and which problems are serious.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::limits::Limits;
use super::regular;

/// Alternatives that the braces of one pattern may stand for.
const ALTERNATIVES: usize = 1024;

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
    /// It stands for more files, or is compared with more names, than there is room for.
    TooMany,
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

/// The files of a pattern, relative to the directory of the file that includes (CL-86, CL-87). `names` is how many
/// names it may still be compared with.
pub fn matches(directory: &Path, pattern: &str, limits: &Limits, names: &mut usize) -> Matches {
    let alternatives = braces(pattern);
    if alternatives.len() > ALTERNATIVES {
        return Matches::TooMany;
    }
    let listed = alternatives.len() > 1;
    let mut files = Vec::new();
    let mut missing = 0;
    let mut directory_missing = false;
    for alternative in &alternatives {
        let before = files.len();
        if is_wild(alternative) {
            let parent = Path::new(alternative).parent().unwrap_or(Path::new(""));
            let wild_parent = is_wild(&parent.to_string_lossy());
            directory_missing |= !wild_parent && !directory.join(parent).join(".").exists();
            let Some(found) = wildcard(directory, alternative, names) else { return Matches::TooMany };
            files.extend(found);
        } else {
            let path = directory.join(alternative);
            if path.symlink_metadata().is_ok() {
                let mark = if path.is_dir() && !alternative.ends_with('/') { "/" } else { "" };
                files.push(Match { shown: format!("{alternative}{mark}"), path });
            }
        }
        if files.len() > limits.files {
            return Matches::TooMany;
        }
        missing += usize::from(files.len() == before);
    }
    let wild = is_wild(pattern);
    match (files.is_empty(), missing) {
        (false, missing) => Matches::Found { files, some_missing: listed && missing > 0 },
        (true, _) if wild && !listed && !directory_missing => Matches::None,
        (true, _) => Matches::Missing,
    }
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// What a pattern matches, sorted. It is walked here, part by part, since a pattern of many wild parts may stand for
/// more names than can ever be looked at (`/proc/*/root/proc/*/root/…`), and since to glob(3) `**` is no more than
/// `*`. `None`: more than `names` names.
fn wildcard(directory: &Path, pattern: &str, names: &mut usize) -> Option<Vec<Match>> {
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let absolute = pattern.starts_with('/');
    // As it is shown, and as it is opened.
    let root = if absolute { "/" } else { "" };
    let mut found = vec![(String::from(root), if absolute { PathBuf::from(root) } else { directory.to_owned() })];
    let mut parts = pattern.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let mut part = part.to_owned();
        while part.contains("**") {
            part = part.replace("**", "*");
        }
        let join = |shown: &str, name: &str| {
            if shown.is_empty() || shown.ends_with('/') { format!("{shown}{name}") } else { format!("{shown}/{name}") }
        };
        let wild = is_wild(&part).then(|| glob::Pattern::new(&part).ok()).flatten();
        let mut next = Vec::new();
        for (shown, path) in found {
            let Some(wild) = &wild else {
                let path = path.join(&part);
                if !last || path.symlink_metadata().is_ok() {
                    next.push((join(&shown, &part), path));
                }
                continue;
            };
            let folder = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                *names = names.checked_sub(1)?;
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|name| wild.matches_with(name, options)) else { continue };
                let path = path.join(name);
                if last || path.is_dir() {
                    next.push((join(&shown, name), path));
                }
            }
        }
        found = next;
    }
    let marked = |(shown, path): (String, PathBuf)| {
        let mark = if path.is_dir() && !shown.ends_with('/') { "/" } else { "" };
        Match { shown: format!("{shown}{mark}"), path }
    };
    let mut files: Vec<Match> = found.into_iter().map(marked).collect();
    files.sort_by(|one, other| one.shown.cmp(&other.shown));
    Some(files)
}

/// The alternatives of `{a,b}` lists, outermost first, in order: at most one more than are taken.
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
                    .take(ALTERNATIVES + 1)
                    .collect();
            }
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    vec![pattern.to_owned()]
}

/// Device and number of a file: what it is, whatever it is called.
pub type Identity = (u64, u64);

/// Why a file is not read.
#[derive(Debug)]
pub enum Refused {
    /// In the original's words.
    Words(String),
    TooLarge,
}

/// The bytes of a file and what file it is, or why it is refused (CL-89).
pub fn read(file: &Match, most: usize) -> Result<(Vec<u8>, Identity), Refused> {
    let shown = &file.shown;
    let cannot = |error| Refused::Words(format!("Unable to open configuration file '{shown}' ({error}) - skipping"));
    let about = std::fs::metadata(&file.path).map_err(cannot)?;
    if about.is_dir() {
        return Err(Refused::Words(format!("Configuration file '{shown}' is a directory - skipping")));
    }
    if !about.is_file() || about.permissions().mode() & 0o111 != 0 {
        let words = format!("Configuration file '{shown}' is not a regular non-executable file - skipping");
        return Err(Refused::Words(words));
    }
    if about.len() > most as u64 {
        return Err(Refused::TooLarge);
    }
    let bytes = regular::read(&file.path, most as u64 + 1).map_err(cannot)?;
    if bytes.len() > most {
        return Err(Refused::TooLarge);
    }
    Ok((bytes, (about.dev(), about.ino())))
}
