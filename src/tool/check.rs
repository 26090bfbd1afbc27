//! `keepalived-rs check`: what `-t` finds and the lints.

use std::path::Path;

use super::Answer;
use crate::config::lint::{Linted, lint};
use crate::config::{Host, Request};
use crate::diagnostic::Severity;
use crate::diagnostic::render::{self, Form};

/// What is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub file: &'a Path,
    pub config_id: Option<&'a str>,
    pub peer: Option<&'a Path>,
    pub peer_id: Option<&'a str>,
    pub strict: bool,
}

/// The findings on standard output, a summary on standard error. The exit status is that of `-t` when it is not 0,
/// else 1 in strict mode when there is anything to find.
pub fn check(wanted: &Wanted<'_>, host: &dyn Host, form: Form) -> Answer {
    let request = Request { file: wanted.file, config_id: wanted.config_id, all_config: false, test: true, host };
    let peer = wanted.peer.map(|file| (file, wanted.peer_id));
    let Linted { sources, diagnostics, exit, lints, unreadable } = lint(&request, peer);
    let told: Vec<_> = diagnostics.iter().filter(|one| one.severity() != Severity::Note).chain(&lints).collect();
    let mut answer = Answer { exit, ..Answer::default() };
    answer.out += &render::findings(told.iter().copied(), &sources, form);
    if let Some(why) = &unreadable {
        answer.err += &format!("keepalived-rs: {why}\n");
    }
    let missing = sources.files().next().is_none();
    if answer.exit == 0 && (missing || unreadable.is_some() || wanted.strict && !told.is_empty()) {
        answer.exit = 1;
    }
    if form != Form::Json && !told.is_empty() {
        let s = if told.len() == 1 { "" } else { "s" };
        answer.err += &format!("{} finding{s}; `keepalived-rs explain CODE` tells more of each\n", told.len());
    }
    answer
}
