//! `FILE_CHECK`: the number in a file decides about a real server and its weight.

use std::path::Path;
use std::sync::Arc;

use keepalived_rs::base::name::{FilePath, TrackFileName};
use keepalived_rs::check::Input;
use keepalived_rs::model::check::{Check, FileCheck};
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::model::track::TrackFile;

use crate::fixture::{lvs, tcp};
use crate::rig::Rig;
use crate::simulated::{Simulated, one};

fn file(path: &str, weight: i32, reverse: bool) -> Check {
    let file = TrackFile { name: TrackFileName::new("tf1"), path: FilePath::new(path), init: None };
    Check::File(FileCheck { file: Arc::new(file), weight, reverse })
}

fn number(path: &str, number: i64) -> Input {
    Input::File { path: FilePath::new(path), number }
}

/// One server of which a number other than 0 is a failure, one whose weight is raised by three times the number.
fn model() -> Lvs {
    let plain = tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).check(file("/f", 0, false));
    lvs([plain, tcp("10.1.0.2:80").unchecked("10.1.0.12:80", 5).check(file("/f", 3, false))])
}

/// CK-120, CK-121, CK-122, CK-124: each number counts at once and says nothing twice; no timer runs, nothing is activated,
/// nothing is mailed; the words of the log; one without a number has 0.
#[test]
fn a_number_decides_at_once() {
    let mut host = Simulated::new(model());
    assert_eq!(host.machine.deadline(), None);
    host.expect(&["0 0 UP", "0 1 UP"]);
    for one in [5, 5, -2, 0] {
        host.handle(number("/f", one));
    }
    host.handle(number("/other", 1));
    assert_eq!(host.machine.deadline(), None);
    host.expect(&[
        "0 ([10.1.0.11]:tcp:80): tracked file tf1 now FAULT state",
        "0 0 DOWN",
        "0 1 UP +15",
        "0 1 UP -6",
        "0 ([10.1.0.11]:tcp:80): tracked file tf1 leaving FAULT state",
        "0 0 UP",
        "0 1 UP",
    ]);
}

/// CK-121: a product that is too far below is a failure, and takes its weight with it.
#[test]
fn a_product_may_be_a_failure() {
    let mut host = Simulated::new(lvs([one(file("/f", -2, false))]));
    host.log.clear();
    for number in [3, 1_073_741_824, 4] {
        host.handle(self::number("/f", number));
    }
    host.expect(&[
        "0 0 UP -6",
        "0 ([10.1.0.11]:tcp:80): tracked file tf1 now FAULT state",
        "0 0 DOWN",
        "0 ([10.1.0.11]:tcp:80): tracked file tf1 leaving FAULT state",
        "0 0 UP -8",
    ]);
}

/// CK-123: `reverse` holds from the start on, and nothing is told of what is found then.
#[test]
fn reverse_holds_from_the_start() {
    let mut host = Simulated::new(lvs([one(file("/f", 0, true))]));
    host.expect(&["0 0 DOWN"]);
    host.handle(number("/f", 1));
    host.expect(&["0 ([10.1.0.11]:tcp:80): tracked file tf1 leaving FAULT state", "0 0 UP"]);
}

/// CK-21: a reload keeps what is known of a file, hears of a new one before it, and weighs by the new rule.
#[test]
fn a_reload_weighs_anew() {
    let mut host = Simulated::new(lvs([one(file("/f", 3, false))]));
    host.handle(number("/f", 2));
    host.log.clear();
    host.reload(lvs([one(file("/f", 3, false))]));
    host.expect(&[]);
    host.reload(lvs([one(file("/f", 4, false))]));
    host.expect(&["0 0 UP +8"]);
    host.handle(number("/g", 1));
    host.expect(&[]);
    host.reload(lvs([one(file("/g", 0, false))]));
    host.expect(&["0 0 DOWN"]);
}

fn write(path: &Path, number: &str) {
    std::fs::write(path, number).expect("a file");
}

/// CK-120: on the task that runs, a file that is written, replaced or removed is a verdict at once; a reload that
/// leaves the file alone does not stop that.
#[test]
fn the_task_watches_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("number");
    let model = || lvs([one(file(path.to_str().expect("UTF-8"), 1, false))]);
    write(&path, "7 and words\n");
    let mut rig = Rig::start(model());
    let expect = |rig: &mut Rig, weight: i64| {
        let verdict = rig.verdict();
        assert_eq!((verdict.up, verdict.weight), (true, weight));
    };
    expect(&mut rig, 7);
    write(&path, "0x10");
    expect(&mut rig, 16);
    rig.reload(model());
    write(&folder.path().join("new"), "-3");
    std::fs::rename(folder.path().join("new"), &path).expect("renamed");
    expect(&mut rig, -3);
    std::fs::remove_file(&path).expect("removed");
    expect(&mut rig, 0);
    write(&path, "99999999999");
    rig.wait_for("99999999999");
    write(&path, "2");
    expect(&mut rig, 2);
    // Another file from now on.
    let other = folder.path().join("other");
    write(&other, "5");
    rig.reload(lvs([one(file(other.to_str().expect("UTF-8"), 1, false))]));
    expect(&mut rig, 5);
    write(&path, "8");
    write(&other, "6");
    expect(&mut rig, 6);
    // What is said of the old one late would come before this.
    write(&other, "7");
    expect(&mut rig, 7);
    rig.stop();
}
