//! MISC_CHECK: exit statuses and words in simulated time; real scripts on the task.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::check::{Outcome, ScriptResult};

use crate::fixture::lvs;
use crate::rig::{Rig, poll, quick};
use crate::simulated::{Simulated, exited, misc, one, timing, tuned};

const ACTIVATING: &str = "0 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.1]:tcp:80";
const ABOUT: &str = "Misc check for [[10.1.0.11]:tcp:80 VS [10.1.0.1]:tcp:80] by [/t/x.sh]";

fn checker(dynamic: bool, retry: u32, log_all: bool) -> Simulated {
    Simulated::new(tuned(lvs([one(misc(&["/t/x.sh", "a", "b"], dynamic))]), |checker| {
        checker.timing = timing(8, retry, 1);
        checker.log_all_failures = log_all;
    }))
}

fn about(when: &str, words: &str) -> String {
    format!("{when} {ABOUT} {words}")
}

/// CK-111, CK-117, CK-118: 0 is good, anything else is not; the words with and without retries.
#[test]
fn exit_statuses_without_weights() {
    for status in [1, 2, 12, 255] {
        let mut host = checker(false, 0, true);
        host.play([exited(0), exited(status)]);
        host.expect(&[
            ACTIVATING,
            &about("1", "succeeded."),
            "1 0 UP => MISC CHECK succeeded on service <=",
            &about("9", &format!("failed with retry disabled (exited with status {status}).")),
            "9 0 DOWN => MISC CHECK failed on service <=",
        ]);
    }
}

/// CK-7, CK-116, CK-117: the recorded run: the first failure speaks of retries that were not made; later ones are
/// counted, from the start of one run to the start of the next.
#[test]
fn retries_are_counted() {
    let mut host = checker(false, 2, true);
    host.play([Outcome::Misc(ScriptResult::Signalled(9))]);
    host.expect(&[
        ACTIVATING,
        &about("1", "failed after 2 retries (due to signal 9)."),
        "1 0 DOWN => MISC CHECK failed on service <=",
    ]);
    host.play([exited(0), exited(1), exited(1), exited(1)]);
    host.expect(&[
        &about("9", "succeeded."),
        "9 0 UP => MISC CHECK succeeded on service <=",
        &about("17", "failed, will do 2 retries (exited with status 1)."),
        &about("18", "failed on retry 1/2 (exited with status 1)."),
        &about("19", "failed after 2 retries (exited with status 1)."),
        "19 0 DOWN => MISC CHECK failed on service <=",
    ]);
}

/// CK-16, CK-117: without log_all_failures only the last line; one retry is a `retry`.
#[test]
fn one_retry() {
    let mut host = checker(false, 1, false);
    host.play([exited(0)]);
    host.log.clear();
    host.play([exited(3), exited(3), exited(3), exited(3)]);
    host.expect(&[
        &about("10", "failed after 1 retry (exited with status 3)."),
        "10 0 DOWN => MISC CHECK failed on service <=",
    ]);
}

/// CK-115, CK-117, CK-118: timed out.
#[test]
fn a_timeout_has_its_words() {
    let mut host = checker(false, 0, false);
    host.play([Outcome::Misc(ScriptResult::TimedOut)]);
    host.expect(&[
        ACTIVATING,
        &about("1", "timed out with retry disabled."),
        "1 0 DOWN => MISC CHECK timed out on service <=",
    ]);
}

/// CK-111, CK-112, CK-113, CK-114: 2 to 255 are a weight of 0 to 253 in place of the configured 5; 0 returns to it;
/// a failure takes it out. A changed weight alone is told to nobody but the table.
#[test]
fn dynamic_weights() {
    let mut host = checker(true, 0, false);
    host.play([exited(2), exited(2), exited(255), exited(0), exited(22), exited(1), exited(7)]);
    host.expect(&[
        ACTIVATING,
        &about("1", "succeeded."),
        "1 0 UP -5 => MISC CHECK succeeded on service <=",
        "17 0 UP +248",
        "25 0 UP",
        "33 0 UP +15",
        &about("41", "failed with retry disabled (exited with status 1)."),
        "41 0 DOWN => MISC CHECK failed on service <=",
        &about("49", "succeeded."),
        "49 0 UP => MISC CHECK succeeded on service <=",
    ]);
}

/// CK-114: death by a signal takes the weight out, too.
#[test]
fn a_signal_takes_the_weight_out() {
    let mut host = checker(true, 0, false);
    host.play([exited(22)]);
    host.log.clear();
    host.play([Outcome::Misc(ScriptResult::Signalled(11))]);
    host.expect(&[
        &about("9", "failed with retry disabled (due to signal 11)."),
        "9 0 DOWN => MISC CHECK failed on service <=",
    ]);
}

/// CK-116: from the start of one run to the start of the next, at once when that is past; runs never overlap.
#[test]
fn runs_are_timed_from_their_start() {
    let mut host = checker(false, 1, false);
    for (took, status) in [(3, 0), (20, 0), (0, 1), (5, 1)] {
        host.sleep();
        assert_eq!(host.open.len(), 1);
        assert_eq!(host.machine.deadline(), None, "it waits for the script alone");
        host.answer(Interval::from_secs(took), exited(status));
    }
    host.sleep();
    let probes: Vec<String> = host.log.drain(..).filter(|line| line.contains("probe")).collect();
    assert_eq!(probes, ["1 probe 0 0", "9 probe 0 0", "29 probe 0 0", "30 probe 0 0", "38 probe 0 0"]);
}

/// A script file in a directory of its own.
fn script_file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// Runs one script as the task does.
fn rig(path: &Path, words: &[&str], timeout: Duration, dynamic: bool) -> Rig {
    let mut argv = vec![path.to_str().expect("text")];
    argv.extend(words);
    let mut check = misc(&argv, dynamic);
    check.timeout = Interval::from_micros(timeout.as_micros() as u64);
    Rig::start(tuned(lvs([one(check)]), quick))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// CK-110, CK-119: the arguments as configured, no shell, nothing to read or write, a process group of its own.
#[test]
fn a_script_gets_its_words_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let text = format!(
        "{{ for word in \"$@\"; do echo \"[$word]\"; done; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; \
         ls /proc/$$/fd | tr '\\n' ' '; cut -d' ' -f1,5 /proc/$$/stat; }} > {out}.part; mv {out}.part {out}",
        out = out.display()
    );
    let path = script_file(directory.path(), "words.sh", &text);
    let mut rig = rig(&path, &["a b", "$HOME", "*"], Duration::from_secs(10), false);
    let verdict = rig.verdict();
    assert!(verdict.up);
    assert_eq!(verdict.mail, "=> MISC CHECK succeeded on service <=");
    let said = read(&out);
    assert!(said.starts_with("[a b]\n[$HOME]\n[*]\n/dev/null\n"), "{said}");
    let last = said.lines().last().expect("a line");
    let group: Vec<&str> = last.split(' ').rev().take(2).collect();
    assert_eq!(group[0], group[1], "process and group: {said}");
    rig.stop();
}

/// CK-111, CK-112, CK-117: a real status is a weight.
#[test]
fn a_real_status_is_a_weight() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = script_file(directory.path(), "weight.sh", "exit 42");
    let mut rig = rig(&path, &[], Duration::from_secs(10), true);
    let verdict = rig.verdict();
    assert_eq!((verdict.up, verdict.weight), (true, 40 - 5));
    rig.stop();
}

/// CK-111: a script that cannot be run has failed.
#[test]
fn a_missing_script_fails() {
    let mut rig = rig(Path::new("/nonexistent/check.sh"), &[], Duration::from_secs(10), false);
    assert!(!rig.verdict().up);
    rig.wait_for("failed after 1 retry (exited with status 127).");
    rig.stop();
}

/// CK-115: TERM for the whole process group, KILL two seconds later; it counts as timed out.
#[test]
fn a_script_that_hangs_is_ended() {
    let directory = tempfile::tempdir().expect("a directory");
    let pids = directory.path().join("pids");
    let text = format!("trap '' TERM\nsleep 600 &\necho $$ $! > {}\nwhile :; do sleep 600; done", pids.display());
    let path = script_file(directory.path(), "hang.sh", &text);
    let mut rig = rig(&path, &[], Duration::from_millis(300), false);
    let verdict = rig.verdict();
    assert_eq!((verdict.up, verdict.mail.as_str()), (false, "=> MISC CHECK timed out on service <="));
    rig.wait_for("timed out after 1 retry.");
    let said = read(&pids);
    for pid in said.split_whitespace() {
        poll("the process is gone", || (!running(pid)).then_some(()));
    }
    rig.stop();
}

/// A process that is neither gone nor a zombie.
fn running(pid: &str) -> bool {
    let stat = read(&Path::new("/proc").join(pid).join("stat"));
    stat.rsplit(')')
        .next()
        .and_then(|rest| rest.trim().chars().next())
        .is_some_and(|state| state != 'Z' && state != 'X')
}

/// CK-119: the stop ends a script that runs, and does not wait for it.
#[test]
fn the_stop_ends_a_running_script() {
    let directory = tempfile::tempdir().expect("a directory");
    let pid = directory.path().join("pid");
    let text = format!("echo $$ > {pid}.part; mv {pid}.part {pid}; exec sleep 600", pid = pid.display());
    let path = script_file(directory.path(), "long.sh", &text);
    let rig = rig(&path, &[], Duration::from_secs(600), false);
    let number = poll("the script runs", || Some(read(&pid)).filter(|text| !text.is_empty()));
    assert!(running(number.trim()));
    rig.stop();
    poll("the script is gone", || (!running(number.trim())).then_some(()));
}

/// CK-119: a reload ends it, too, even when it does not hear TERM, and the check runs anew.
#[test]
fn a_reload_ends_a_running_script() {
    let directory = tempfile::tempdir().expect("a directory");
    let pids = directory.path().join("pids");
    let text = format!("trap '' TERM\necho $$ >> {}\nwhile :; do sleep 600; done", pids.display());
    let path = script_file(directory.path(), "long.sh", &text);
    let mut rig = rig(&path, &[], Duration::from_secs(600), false);
    let first = poll("the script runs", || Some(read(&pids)).filter(|text| text.ends_with('\n')));
    let model = rig.model();
    rig.reload(model);
    poll("the first run is gone", || (!running(first.trim())).then_some(()));
    poll("the second run is there", || (read(&pids).lines().count() == 2).then_some(()));
    for pid in read(&pids).lines().skip(1) {
        rig.kill_later(pid);
    }
    rig.stop();
}
