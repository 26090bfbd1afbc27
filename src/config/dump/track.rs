//! What is watched.

use super::notify;
use super::writer::{Writer, command, word};
use crate::base::name::Weight;
use crate::model::notify::Script;
use crate::model::track::{
    ArgumentsMatch, InitFile, ProcessPattern, TrackEffect, TrackFile, TrackProcess, TrackScript, TrackedBfd,
    TrackedFile, TrackedInterface, TrackedProcess, TrackedScript,
};

/// A `vrrp_script` block. Its weight stands where it is tracked.
pub fn script(out: &mut Writer, script: &TrackScript) {
    let TrackScript { name, script: Script { argv, identity }, interval, timeout, rise, fall, init_fail } = script;
    out.open(format_args!("vrrp_script {}", word(name.as_str())));
    out.value("script", command(argv));
    out.value("user", notify::identity(identity));
    out.value("interval", interval);
    out.value("timeout", timeout);
    out.value("rise", rise);
    out.value("fall", fall);
    out.flag("init_fail", *init_fail);
    out.close();
}

/// A `track_file` block.
pub fn file(out: &mut Writer, file: &TrackFile) {
    let TrackFile { name, path, init } = file;
    out.open(format_args!("track_file {}", word(name.as_str())));
    out.value("file", word(path.as_str()));
    if let Some(InitFile { value, overwrite }) = init {
        out.value("init_file", format_args!("{value}{}", if *overwrite { " overwrite" } else { "" }));
    }
    out.close();
}

/// A `vrrp_track_process` block.
pub fn process(out: &mut Writer, process: &TrackProcess) {
    let TrackProcess { name, pattern, quorum, quorum_max, terminate_delay, fork_delay } = process;
    let ProcessPattern { path, arguments, full_command, arguments_match } = &**pattern;
    out.open(format_args!("vrrp_track_process {}", word(name.as_str())));
    let words: Vec<String> = std::iter::once(path).chain(arguments).map(|one| word(one).to_string()).collect();
    out.value("process", words.join(" "));
    out.flag("full_command", *full_command);
    match arguments_match {
        None => {}
        Some(ArgumentsMatch::Exact) => out.flag("param_match", true),
        Some(ArgumentsMatch::Initial) => out.value("param_match", "initial"),
        Some(ArgumentsMatch::Partial) => out.value("param_match", "partial"),
    }
    if *quorum > 0 {
        out.value("quorum", quorum);
    }
    if *quorum_max < u32::MAX {
        out.value("quorum_max", quorum_max);
    }
    for (keyword, delay) in [("terminate_delay", terminate_delay), ("fork_delay", fork_delay)] {
        if !delay.is_zero() {
            out.value(keyword, delay);
        }
    }
    out.close();
}

pub fn interfaces(out: &mut Writer, tracked: &[TrackedInterface]) {
    let entry = |TrackedInterface { interface, effect: TrackEffect { weight: Weight(weight), reverse } }: &_| {
        let reverse = if *reverse { " reverse" } else { "" };
        format!("{} weight {weight}{reverse}", word(interface.as_str()))
    };
    out.entries("track_interface", tracked.iter().map(entry));
}

pub fn scripts(out: &mut Writer, tracked: &[TrackedScript]) {
    let entry = |TrackedScript { script, effect }: &_| weighted(script.as_str(), effect);
    out.entries("track_script", tracked.iter().map(entry));
}

pub fn files(out: &mut Writer, tracked: &[TrackedFile]) {
    let entry = |TrackedFile { file, effect }: &_| weighted(file.as_str(), effect);
    out.entries("track_file", tracked.iter().map(entry));
}

pub fn processes(out: &mut Writer, tracked: &[TrackedProcess]) {
    let entry = |TrackedProcess { process, effect }: &_| weighted(process.as_str(), effect);
    out.entries("track_process", tracked.iter().map(entry));
}

pub fn bfds(out: &mut Writer, tracked: &[TrackedBfd]) {
    let entry = |TrackedBfd { session, effect }: &_| weighted(session.as_str(), effect);
    out.entries("track_bfd", tracked.iter().map(entry));
}

/// `NAME weight N reverse|noreverse`: nothing is left to what the tracked object says itself.
fn weighted(name: &str, effect: &TrackEffect) -> String {
    let TrackEffect { weight: Weight(weight), reverse } = effect;
    let reverse = if *reverse { "reverse" } else { "noreverse" };
    format!("{} weight {weight} {reverse}", word(name))
}
