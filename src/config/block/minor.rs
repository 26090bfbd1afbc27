//! Blocks that are read and checked but that nothing acts on yet: tracked files and processes.

use super::Given;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Missing, Repeat, Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Flag, Number, OptionalText, Seconds};
use crate::diagnostic::{Code, Spanned};

/// What of a `track_file` decides whether it counts.
#[derive(Debug, Default)]
pub struct TrackFile {
    pub file: Given<String>,
}

/// The interfaces of a `garp_group`: all must be there.
#[derive(Debug, Default)]
pub struct GarpGroup {
    pub interfaces: Vec<Spanned<String>>,
}

/// The `SSL` block, kept to find doubles.
#[derive(Debug, Default)]
pub struct Ssl {
    pub password: Given<String>,
    pub ca: Given<String>,
    pub certificate: Given<String>,
    pub key: Given<String>,
}

keywords! {
    pub static GARP_GROUP: GarpGroup {
        read "garp_interval" (Seconds<0, 4_294_967_295> = "0") "Least gap between gratuitous ARPs of the group." { complaint: "garp_group garp_interval '{}' invalid" };
        read "gna_interval" (Seconds<0, 4_294_967_295> = "0") "Least gap between unsolicited advertisements of the group." { complaint: "garp_group gna_interval '{}' invalid" };
        call "interface" (garp_interface, Value, "<interface>", "") "An interface of the group." { acted: false, complaint: "WARNING - interface {} specified for garp_group doesn't exist" };
        lines "interfaces" (garp_interfaces, "{ <interface>… }") "Interfaces of the group." { acted: false };
    }
}

keywords! {
    pub static TRACK_PROCESS: () {
        call "process" (process, Words, "<path> [<arg>…]", "") "The process to count." { acted: false };
        read "param_match" (OptionalText = "") "How its arguments are compared.";
        call "weight" (weight::<()>, Words, "<int> [reverse]", "0") "What it adds to the priority." { acted: false };
        read "quorum" (Number<1, 65535> = "1") "Least number of processes.";
        read "quorum_max" (Number<0, 65535> = "") "Greatest number of processes.";
        read "delay" (Seconds<1, 3_600_000_000> = "0.000001") "Delay of both verdicts.";
        read "terminate_delay" (Seconds<1, 3_600_000_000> = "0.000001") "Delay after too few processes.";
        read "fork_delay" (Seconds<1, 3_600_000_000> = "0.000001") "Delay after enough processes.";
        read "full_command" (Flag = "") "Compare the whole command line.";
    }
}

keywords! {
    pub static TRACK_FILE: TrackFile {
        set "file" (file: String = "") "The file to watch." { acted: false, missing: Missing::Report, repeat: Repeat::Refuse };
        call "weight" (weight::<TrackFile>, Words, "<int> [reverse]", "1") "Factor for the number in the file." { acted: false };
        call "init_file" (init_file, Words, "[<int>] [overwrite]", "") "Create the file at start." { acted: false };
    }
}

keywords! {
    pub static SSL: Ssl {
        set "password" (password: String = "") "Password of the key." { acted: false, missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL password missing", again: "Duplicate SSL - overwriting {old} with {}" };
        set "ca" (ca: String = "") "File of authorities." { acted: false, missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL cafile missing", again: "Duplicate SSL - overwriting {old} with {}" };
        set "certificate" (certificate: String = "") "File of the certificate." { acted: false, missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL certfile missing", again: "Duplicate SSL - overwriting {old} with {}" };
        set "key" (key: String = "") "File of the key." { acted: false, missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL keyfile missing", again: "Duplicate SSL - overwriting {old} with {}" };
    }
}

fn garp_interface(
    block: &mut GarpGroup,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    block.interfaces.push(Spanned::new(name, line.span(1)));
    Ok(())
}

fn garp_interfaces(block: &mut GarpGroup, line: &Line<'_>, _: &mut Reader<'_>) -> Result<(), Stop> {
    let words = (0..line.len()).filter_map(|at| Some(Spanned::new(line.word(at)?.to_owned(), line.span(at))));
    block.interfaces.extend(words);
    Ok(())
}

/// An entry that is taken as it is.
pub fn any_entry<B>(_: &mut B, _: &Line<'_>, _: &mut Reader<'_>) -> Result<(), Stop> {
    Ok(())
}

/// Several words that nothing looks at yet; at least one.
pub fn some_words<B>(_: &mut B, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    reader.need(line, 1).map(|_| ())
}

/// Any number of words that nothing looks at yet.
pub fn any_words<B>(_: &mut B, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Result<(), Stop> {
    Ok(())
}

/// Words that nothing looks at yet; having none is reported.
pub fn reported_words<B>(_: &mut B, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    if line.len() < 2 {
        reader.report(Code::InvalidValue, line.whole(), format!("{} missing value - ignoring", row.name));
    }
    Ok(())
}

fn process(_: &mut (), line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    some_words(&mut (), line, row, reader)
}

fn weight<B>(_: &mut B, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    reader.value::<Number<-254, 254>>(line, row)?;
    if let Some(word) = line.word(2).filter(|word| *word != "reverse") {
        reader.report(Code::InvalidValue, line.span(2), format!("unknown {} option {word}", row.name));
    }
    Ok(())
}

fn init_file(_: &mut TrackFile, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    for (at, word) in line.words(1).enumerate() {
        if word != "overwrite" && word.parse::<i32>().is_err() {
            reader.report(Code::InvalidValue, line.span(at + 1), format!("Unknown track file init option {word}"));
        }
    }
    Ok(())
}
