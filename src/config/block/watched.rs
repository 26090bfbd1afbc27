//! `track_file` and `vrrp_track_process`: what is watched beside scripts and interfaces.

use std::path::Path;

use super::Given;
use super::track::Weight;
use crate::config::host::Directory;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Number, Seconds, integer};
use crate::diagnostic::{Code, Span, Spanned};

/// `track_file NAME { … }`.
#[derive(Debug, Default)]
pub struct TrackFile {
    pub name: String,
    pub span: Span,
    pub file: Given<String>,
    pub weight: Given<Weight>,
    pub init_file: Given<InitFile>,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitFile {
    pub value: i32,
    pub overwrite: bool,
}

/// `vrrp_track_process NAME { … }`.
#[derive(Debug, Default)]
pub struct TrackProcess {
    pub name: String,
    pub span: Span,
    /// The path or name, and its arguments.
    pub process: Given<Vec<String>>,
    pub param_match: Given<ParamMatch>,
    pub weight: Given<Weight>,
    pub quorum: Given<Number<1, 65535>>,
    pub quorum_max: Given<Number<0, 65535>>,
    pub terminate_delay: Given<Seconds<1, 3_600_000_000>>,
    pub fork_delay: Given<Seconds<1, 3_600_000_000>>,
    pub full_command: Given<Flag>,
}

/// `param_match [initial|partial]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamMatch {
    Exact,
    Initial,
    Partial,
}

keywords! {
    pub static TRACK_FILE: TrackFile {
        call "file" (file, Value, "<path>", "") "The file to watch.";
        call "weight" (file_weight, Words, "<int> [reverse]", "1") "Factor for the number in the file; 0: a number other than 0 is a fault.";
        call "init_file" (init_file, Words, "[<int>] [overwrite]", "") "Create the file at the start, or write it anew.";
    }
}

keywords! {
    pub static TRACK_PROCESS: TrackProcess {
        call "process" (process, Words, "<path> [<arg>…]", "") "The process to count, by name or by command line.";
        call "param_match" (param_match, Value, "[initial|partial]", "") "How its arguments are compared.";
        call "weight" (process_weight, Words, "<int> [reverse]", "0") "What it adds to the priority; 0: too few or too many are a fault.";
        call "quorum" (quorum, Value, "<uint>", "1") "Least number of processes." { complaint: "Quorum ({}) for vrrp_track_process {block} must be between [1..65535] inclusive. Ignoring..." };
        call "quorum_max" (quorum_max, Value, "<uint>", "") "Greatest number of processes; 0: none must run." { complaint: "quorum_max ({}) for vrrp_track_process {block} must be between [0..65535] inclusive. Ignoring..." };
        call "delay" (delay, Value, "<seconds>", "0") "Delay of both verdicts." { complaint: "delay ({}) for vrrp_track_process {block} must be between [0.000001..3600] inclusive. Ignoring..." };
        set "terminate_delay" (terminate_delay: Seconds<1, 3_600_000_000> = "") "Seconds from too few processes to being down." { complaint: "terminate_delay ({}) for vrrp_track_process {block} must be between [0.000001..3600] inclusive. Ignoring..." };
        set "fork_delay" (fork_delay: Seconds<1, 3_600_000_000> = "") "Seconds from enough forked processes to being up." { complaint: "fork_delay ({}) for vrrp_track_process {block} must be between [0.000001..3600] inclusive. Ignoring..." };
        set "full_command" (full_command: Flag = "") "Compare the whole command line, not the name that the kernel shows.";
    }
}

type Read = Result<(), Stop>;

fn file(block: &mut TrackFile, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(path) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "track file file name missing");
        return Ok(());
    };
    if block.file.is_some() {
        let words = format!("File already set for track file {} - ignoring {path}", block.name);
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    block.file = Some(Spanned::new(path.to_owned(), line.span(1)));
    Ok(())
}

fn file_weight(block: &mut TrackFile, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = &block.name;
    let Some(text) = line.word(1) else {
        let words = format!("No weight specified for track file {name} - ignoring");
        reader.report(Code::InvalidValue, line.whole(), words);
        return Ok(());
    };
    if block.weight.is_some_and(|weight| weight.value.weight != 1) {
        let words = format!("Weight already set for track file {name} - ignoring {text}");
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    let outside = format!("Weight ({text}) for track_file {name} must be between [-254..254] inclusive. Ignoring...");
    let weight = number(line, reader, outside).unwrap_or(1);
    let words = |word: &str| format!("track_file {name} unknown weight option {word}");
    let before = block.weight.is_some_and(|weight| weight.value.reverse);
    let reverse = before | reverse(line, reader, words);
    block.weight = Some(Spanned::new(Weight { weight, reverse }, line.span(1)));
    Ok(())
}

/// The weight that is the second word; says what is wrong with it.
fn number(line: &Line<'_>, reader: &mut Reader<'_>, outside: String) -> Option<i16> {
    let parsed = integer(line.word(1).unwrap_or_default(), -254, 254, !reader.test);
    match parsed.fault {
        None => {}
        Some(Fault::Tolerated(words)) => reader.report(Code::InvalidNumber, line.span(1), words),
        Some(Fault::Number(words)) => {
            reader.report(Code::InvalidNumber, line.span(1), words);
            reader.report(Code::InvalidValue, line.span(1), outside);
        }
        Some(Fault::Bad) => reader.report(Code::InvalidValue, line.span(1), outside),
    }
    parsed.value.map(|weight| weight as i16)
}

fn reverse(line: &Line<'_>, reader: &mut Reader<'_>, unknown: impl FnOnce(&str) -> String) -> bool {
    match line.word(2) {
        None => false,
        Some("reverse") => true,
        Some(word) => {
            reader.report(Code::InvalidValue, line.span(2), unknown(word));
            false
        }
    }
}

fn init_file(block: &mut TrackFile, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut init = InitFile::default();
    let name = &block.name;
    for (at, word) in line.words(1).enumerate() {
        let span = line.span(at + 1);
        if word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            let parsed = integer(word, i32::MIN.into(), i32::MAX.into(), false);
            if let Some(Fault::Number(words) | Fault::Tolerated(words)) = parsed.fault {
                reader.report(Code::InvalidNumber, span, words);
                reader.report(Code::InvalidValue, span, format!("Track file {name} init value {word} is invalid"));
            }
            init.value = parsed.value.map_or(0, |value| value as i32);
            if !(-254..=254).contains(&init.value) {
                let value = init.value;
                let words = format!("Track file {name} init value {value} is outside sensible range [-254, 254]");
                reader.report(Code::InvalidValue, span, words);
            }
        } else if word == "overwrite" {
            init.overwrite = true;
        } else {
            reader.report(Code::InvalidValue, span, format!("Unknown track file init option {word}"));
        }
    }
    block.init_file = Some(Spanned::new(init, line.whole()));
    Ok(())
}

/// Whether a `track_file` that has been read counts; says why not (VR-226).
pub fn usable(block: &TrackFile, reader: &mut Reader<'_>) -> bool {
    let name = &block.name;
    let Some(file) = &block.file else {
        reader.at_end(Code::BlockRefused, block.span, format!("No file set for track_file {name} - ignoring"));
        return false;
    };
    let path = Path::new(&file.value);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let words = match reader.host.directory(folder) {
        Directory::Missing { errno, text } => format!("realpath() error {errno} ({text}) for {name}"),
        Directory::Unwatchable => {
            format!("The filesystem of {} is read only or cannot be monitored - ignoring", file.value)
        }
        Directory::Good => {
            let overwrites = block.init_file.is_some_and(|init| init.value.overwrite);
            if !overwrites || reader.host.is_regular(path).unwrap_or(true) {
                return true;
            }
            format!("Cannot initialise track file {name} - it is not a regular file")
        }
    };
    reader.at_end(Code::BlockRefused, file.span, words);
    false
}

fn process(block: &mut TrackProcess, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let path = reader.need(line, 1)?;
    if block.process.is_some() {
        let words = format!("Process already set for track process {} - ignoring {path}", block.name);
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    block.process = Some(Spanned::new(line.words(1).map(str::to_owned).collect(), line.span(1)));
    Ok(())
}

fn param_match(block: &mut TrackProcess, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let found = match line.word(1) {
        None => ParamMatch::Exact,
        Some("initial") => ParamMatch::Initial,
        Some("partial") => ParamMatch::Partial,
        Some(word) => {
            let words = format!("Invalid param_match type {word} - ignoring");
            reader.report(Code::InvalidValue, line.span(1), words);
            return Ok(());
        }
    };
    block.param_match = Some(Spanned::new(found, line.whole()));
    Ok(())
}

fn process_weight(block: &mut TrackProcess, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = &block.name;
    let Some(text) = line.word(1) else {
        let words = format!("No weight specified for track process {name} - ignoring");
        reader.report(Code::InvalidValue, line.whole(), words);
        return Ok(());
    };
    if block.weight.is_some_and(|weight| weight.value.weight != 0) {
        let words = format!("Weight already set for track process {name} - ignoring {text}");
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    let outside =
        format!("Weight ({text}) for vrrp_track_process {name} must be between [-254..254] inclusive. Ignoring...");
    let Some(weight) = number(line, reader, outside) else { return Ok(()) };
    let words = |word: &str| format!("vrrp_track_process {name} unknown weight option {word}");
    let before = block.weight.is_some_and(|weight| weight.value.reverse);
    let reverse = before | reverse(line, reader, words);
    block.weight = Some(Spanned::new(Weight { weight, reverse }, line.span(1)));
    Ok(())
}

fn quorum(block: &mut TrackProcess, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(value) = reader.value::<Number<1, 65535>>(line, row)? else { return Ok(()) };
    if block.quorum_max.is_some_and(|most| value.value.0 > most.value.0) {
        reader.report(Code::InvalidValue, value.span, "Quorum is greater than quorum_max - ignoring");
        return Ok(());
    }
    block.quorum = Some(value);
    Ok(())
}

fn quorum_max(block: &mut TrackProcess, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(value) = reader.value::<Number<0, 65535>>(line, row)? else { return Ok(()) };
    // After a `quorum_max 0` there is no least number.
    let emptied = block.quorum_max.is_some_and(|most| most.value.0 == 0);
    let least = block.quorum.map_or(i64::from(!emptied), |quorum| quorum.value.0);
    if (value.value.0 != 0 || least > 1) && value.value.0 < least {
        reader.report(Code::InvalidValue, value.span, "quorum_max is less than quorum - ignoring");
        return Ok(());
    }
    if value.value.0 == 0 {
        block.quorum = None;
    }
    block.quorum_max = Some(value);
    Ok(())
}

fn delay(block: &mut TrackProcess, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(value) = reader.value::<Seconds<1, 3_600_000_000>>(line, row)? {
        block.terminate_delay = Some(value);
        block.fork_delay = Some(value);
    }
    Ok(())
}
