//! Real programs: identity of their surroundings, time limits.

use std::time::Duration;

use nix::unistd::{getegid, geteuid};

use super::{scheduling, spawn};
use crate::model::global::ProcessSettings;
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

/// IF-166: what a task's thread is given for itself is nothing to the programs that it starts.
#[test]
#[ignore = "needs CAP_SYS_NICE"]
fn a_program_has_the_scheduling_of_the_start() {
    let shown = "echo $(nice) $(nproc) > \"$0\"";
    let folder = tempfile::tempdir().expect("a folder");
    let ask = |name: &str| {
        let file = folder.path().join(name);
        let ended = run(&["/bin/sh", "-c", shown, &file.to_string_lossy()], Duration::from_secs(20));
        assert_eq!(ended, ScriptOutcome::Exited(0));
        std::fs::read_to_string(file).expect("what it said")
    };
    let before = ask("before");
    let settings = ProcessSettings { nice: Some(7), cpu_affinity: vec![0], ..ProcessSettings::default() };
    let inside = std::thread::scope(|scope| {
        let task = scope.spawn(|| {
            assert!(scheduling::apply(&settings).is_empty());
            assert_eq!(std::thread::available_parallelism().expect("processors").get(), 1);
            ask("inside")
        });
        task.join().expect("no panic")
    });
    assert_eq!(inside, before);
}
