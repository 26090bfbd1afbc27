//! `BFD_CHECK`: a real server is up while a BFD session is.

use keepalived_rs::base::name::BfdName;
use keepalived_rs::check::Input;
use keepalived_rs::model::check::Check;
use keepalived_rs::model::lvs::Lvs;

use crate::fixture::{lvs, tcp};
use crate::rig::Rig;
use crate::simulated::{Simulated, one};

fn session(name: &str) -> Check {
    Check::Bfd(BfdName::new(name))
}

fn told(name: &str, up: bool) -> Input {
    Input::Bfd { session: BfdName::new(name), up }
}

/// Two servers that follow `b1`, the second from its start as failed, and one that follows `b2`.
fn model() -> Lvs {
    let draft = tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).check(session("b1"));
    let alpha = tcp("10.1.0.2:80").unchecked("10.1.0.12:80", 5).check(session("b1")).alpha();
    lvs([draft, alpha, tcp("10.1.0.3:80").unchecked("10.1.0.13:80", 5).check(session("b2"))])
}

/// VR-315, CK-131, CK-132: the first word counts, whatever it is and for alpha servers too; then only changes do; the
/// words of log and mail; no timer runs and nothing is activated.
#[test]
fn a_session_decides_at_once() {
    let mut host = Simulated::new(model());
    assert_eq!(host.machine.deadline(), None);
    for up in [false, false, true, true, false] {
        host.handle(told("b1", up));
    }
    assert_eq!(host.machine.deadline(), None);
    let both = |up: &str, end: &str| {
        (0..2)
            .flat_map(|server| {
                [
                    format!("0 BFD check of [b1] RS([10.1.0.1{}]:tcp:80) is {up}", server + 1),
                    format!("0 {server} {up} => BFD CHECK b1 {end} on service <="),
                ]
            })
            .collect::<Vec<String>>()
    };
    let wanted = [both("DOWN", "failed"), both("UP", "succeeded"), both("DOWN", "failed")].concat();
    host.expect(&wanted.iter().map(String::as_str).collect::<Vec<&str>>());
}

/// CK-131: a session that is up at its first word says so of a server that counted as up before.
#[test]
fn the_first_word_up_is_a_verdict() {
    let mut host = Simulated::new(lvs([one(session("b1"))]));
    host.handle(told("b2", true));
    host.expect(&[]);
    host.handle(told("b1", true));
    host.expect(&[
        "0 BFD check of [b1] RS([10.1.0.11]:tcp:80) is UP",
        "0 0 UP => BFD CHECK b1 succeeded on service <=",
    ]);
}

/// CK-20, CK-131: a reload keeps what is known; a server that follows another session from now on, or is new, hears
/// what that one told last, even when it told it before the reload.
#[test]
fn a_reload_remembers_what_sessions_told() {
    let mut host = Simulated::new(lvs([one(session("b1"))]));
    host.handle(told("b1", true));
    host.handle(told("b2", false));
    host.log.clear();
    host.reload(lvs([one(session("b1"))]));
    host.expect(&[]);
    host.reload(lvs([one(session("b2"))]));
    host.expect(&[
        "0 BFD check of [b2] RS([10.1.0.11]:tcp:80) is DOWN",
        "0 0 DOWN => BFD CHECK b2 failed on service <=",
    ]);
    host.log.clear();
    host.reload(lvs([one(session("b3")), tcp("10.1.0.2:80").unchecked("10.1.0.12:80", 1).check(session("b1"))]));
    host.expect(&[
        "0 BFD check of [b1] RS([10.1.0.12]:tcp:80) is UP",
        "0 1 UP => BFD CHECK b1 succeeded on service <=",
    ]);
}

/// VR-315: on the task that runs, what it is told is a verdict at once.
#[test]
fn the_task_is_told_of_sessions() {
    let mut rig = Rig::start(lvs([one(session("b1"))]));
    for up in [false, true, false] {
        rig.session("b1", up);
        assert_eq!(rig.verdict().up, up);
    }
    rig.stop();
}
