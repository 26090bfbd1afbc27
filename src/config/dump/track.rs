//! What is watched.

use super::notify;
use super::writer::{Writer, command, word};
use crate::base::name::Weight;
use crate::model::notify::Script;
use crate::model::track::{TrackEffect, TrackScript, TrackedBfd, TrackedInterface, TrackedScript};

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
