//! Real programs: identity of their surroundings, time limits.

use std::time::Duration;

use nix::unistd::{getegid, geteuid};

use super::spawn;
use crate::model::notify::{Script, ScriptIdentity};
use crate::model::track::ScriptOutcome;

fn script(words: &[&str]) -> Script {
    let identity = ScriptIdentity { uid: geteuid().as_raw(), gid: getegid().as_raw(), groups: Vec::new() };
    Script { argv: words.iter().map(|&word| word.to_owned()).collect(), identity }
}

fn run(words: &[&str], limit: Duration) -> ScriptOutcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut running = spawn(&script(words), &[]).expect("spawn");
        running.ended_within(limit, |_| {}).await.expect("wait")
    })
}

#[test]
fn exit_status_and_signal_are_told_apart() {
    let long = Duration::from_secs(20);
    assert_eq!(run(&["/bin/sh", "-c", "exit 7"], long), ScriptOutcome::Exited(7));
    assert_eq!(run(&["/bin/sh", "-c", "kill -9 $$"], long), ScriptOutcome::Signalled(9));
}

/// VR-218, IF-195: out of time: TERM, and KILL when that does not help; both count as timed out.
#[test]
fn a_program_out_of_time_is_ended() {
    let limit = Duration::from_millis(50);
    assert_eq!(run(&["/bin/sleep", "1000"], limit), ScriptOutcome::TimedOut);
    assert_eq!(run(&["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1000; done"], limit), ScriptOutcome::TimedOut);
}

#[test]
fn what_cannot_be_started_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let error = spawn(&script(&["/nonexistent/program"]), &[]).expect_err("no such program");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(spawn(&script(&[]), &[]).is_err());
}
