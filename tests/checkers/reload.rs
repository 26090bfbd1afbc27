//! What a reload keeps of the checkers, and what begins anew.

use keepalived_rs::base::time::Interval;
use keepalived_rs::model::check::{Check, Connect, HttpCheck};
use keepalived_rs::model::event::check::HttpFailure;
use keepalived_rs::model::lvs::Lvs;

use crate::fixture::{at, lvs, tcp};
use crate::simulated::{GOOD, REFUSED, Simulated, exited, failed, fetched, http, misc, one, timing, tuned, url};

fn tcp_to(address: &str) -> Check {
    Check::Tcp(Connect::to(at(address).address, at(address).port))
}

fn model(retry: u32) -> Lvs {
    tuned(lvs([one(tcp_to("10.1.0.11:80"))]), |checker| checker.timing = timing(10, retry, 3))
}

/// LV-94, CK-6: an unchanged checker keeps its state: it says nothing again; its timer begins anew.
#[test]
fn an_unchanged_checker_keeps_its_state() {
    let mut host = Simulated::new(model(2));
    host.play([GOOD]);
    host.log.clear();
    host.reload(model(2));
    host.play([GOOD, REFUSED, REFUSED, REFUSED]);
    host.expect(&[
        "2 probe 0 0",
        "12 probe 0 0",
        "15 probe 0 0",
        "18 probe 0 0",
        "18 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.",
        "18 0 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// LV-92: failures in a row move over; when the new number of retries is reached, one more is enough.
#[test]
fn failures_in_a_row_move_over() {
    let mut host = Simulated::new(model(3));
    host.play([GOOD, REFUSED, REFUSED]);
    host.log.clear();
    host.reload(model(2));
    host.play([REFUSED]);
    host.expect(&[
        "15 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.",
        "15 0 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// LV-92: a checker that is down stays down until it succeeds.
#[test]
fn a_checker_that_is_down_stays_down() {
    let mut host = Simulated::new(model(1));
    host.play([REFUSED]);
    host.log.clear();
    host.reload(model(1));
    host.play([REFUSED, GOOD]);
    host.expect(&["12 TCP connection to [10.1.0.11]:tcp:80 success.", "12 0 UP => TCP CHECK succeed on service <="]);
}

/// LV-93, CK-20: a changed connect_timeout makes another checker of it, which begins as at start.
#[test]
fn a_changed_checker_begins_anew() {
    let mut host = Simulated::new(model(2));
    host.play([REFUSED]);
    host.log.clear();
    host.reload(tuned(model(2), |checker| checker.timing.connect_timeout = Interval::from_secs(4)));
    host.play([REFUSED]);
    host.expect(&[
        "1 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.1]:tcp:80",
        "2 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "2 0 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// CK-20: other timing, alpha, fast_recovery or protocol are the same checker.
#[test]
fn what_does_not_make_another_checker() {
    use keepalived_rs::model::check::HttpProtocol;
    let before = lvs([one(http("10.1.0.11:80", &["/"]))]);
    let mut host = Simulated::new(before);
    host.play([fetched()]);
    host.log.clear();
    let check = HttpCheck { fast_recovery: true, protocol: HttpProtocol::V1_1, ..http("10.1.0.11:80", &["/"]) };
    host.reload(tuned(lvs([one(check).alpha()]), |checker| checker.timing.delay_loop = Interval::from_secs(77)));
    host.play([fetched()]);
    host.expect(&[]);
    let mut other = http("10.1.0.11:80", &["/"]);
    other.urls[0].status_codes = vec![(200, 200)];
    host.reload(lvs([one(other)]));
    host.expect(&["2 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.1]:tcp:80"]);
}

/// LV-55: a new alpha checker of a server that serves says "down" at its first failure.
#[test]
fn a_new_alpha_checker_speaks_at_its_first_failure() {
    let mut host = Simulated::new(model(0));
    host.play([GOOD]);
    host.log.clear();
    let both = tuned(lvs([one(tcp_to("10.1.0.11:80")).check(tcp_to("10.1.0.11:81")).alpha()]), |checker| {
        checker.timing = timing(10, 0, 3);
    });
    host.reload(both);
    host.sleep();
    host.answer(Interval::ZERO, GOOD);
    host.answer(Interval::ZERO, REFUSED);
    host.expect(&[
        "1 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.1]:tcp:80",
        "2 probe 0 0",
        "2 probe 1 0",
        "2 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "2 1 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// CK-21: the failed URL is polled on.
#[test]
fn the_failed_url_is_remembered() {
    let model = || tuned(lvs([one(http("10.1.0.11:80", &["/a", "/b"]))]), |checker| checker.timing = timing(4, 0, 1));
    let mut host = Simulated::new(model());
    host.play([fetched(), failed(HttpFailure::Status)]);
    host.log.clear();
    host.reload(model());
    host.play([fetched(), fetched(), fetched()]);
    let probes: Vec<String> = host.log.drain(..).filter(|line| line.contains("probe") || line.contains("UP")).collect();
    assert_eq!(probes, ["6 probe 0 1", "10 probe 0 0", "14 probe 0 1", "14 0 UP => CHECK succeed on service <="]);
}

/// CK-21: so is the weight of a script: the same status says nothing again.
#[test]
fn the_weight_of_a_script_is_remembered() {
    let model = || lvs([one(misc(&["/t/x.sh"], true))]);
    let mut host = Simulated::new(model());
    host.play([exited(22)]);
    host.log.clear();
    host.reload(model());
    host.play([exited(22), exited(12)]);
    host.expect(&["4 0 UP +5"]);
}

/// Checkers are followed to their new places, and those that are gone are never heard of again.
#[test]
fn checkers_are_followed_to_their_places() {
    let of =
        |addresses: &[&str]| lvs([addresses.iter().fold(tcp("10.1.0.1:80"), |draft, address| draft.real(address, 1))]);
    let mut host = Simulated::new(of(&["10.1.0.11:80", "10.1.0.12:80"]));
    host.sleep();
    host.answer(Interval::ZERO, REFUSED);
    host.answer(Interval::ZERO, GOOD);
    host.log.clear();
    host.reload(of(&["10.1.0.12:80", "10.1.0.13:80", "10.1.0.11:80"]));
    host.expect(&["1 Activating healthchecker for service [10.1.0.13]:tcp:80 for VS [10.1.0.1]:tcp:80"]);
    host.sleep();
    for _ in 0..3 {
        host.answer(Interval::ZERO, GOOD);
    }
    host.expect(&[
        "2 probe 0 0",
        "2 probe 1 0",
        "2 probe 2 0",
        "2 TCP connection to [10.1.0.13]:tcp:80 success.",
        "2 1 UP => TCP CHECK succeed on service <=",
        "2 TCP connection to [10.1.0.11]:tcp:80 success.",
        "2 2 UP => TCP CHECK succeed on service <=",
    ]);
    host.reload(of(&[]));
    assert_eq!(host.machine.deadline(), None);
}

/// CK-20: another order of URLs is another checker.
#[test]
fn the_order_of_urls_matters() {
    let of = |paths: &[&str]| {
        let mut check = http("10.1.0.11:80", &[]);
        check.urls = paths.iter().map(|path| url(path)).collect();
        lvs([one(check)])
    };
    let mut host = Simulated::new(of(&["/a", "/b"]));
    host.play([fetched(), fetched()]);
    host.log.clear();
    host.reload(of(&["/b", "/a"]));
    assert_eq!(host.log.len(), 1, "{:?}", host.log);
}

/// LV-92, LV-94: the task as it runs: an unchanged checker says nothing again, a new one does, and what they say
/// afterwards bears the new generation.
#[test]
fn the_task_follows_a_reload() {
    use crate::rig::{Rig, poll, quick};
    use crate::server::Server;
    let (first, second) = (Server::start(|_| {}), Server::start(|_| {}));
    let of = |servers: &[&Server]| {
        let draft = servers.iter().fold(tcp("10.1.0.1:80"), |draft, server| draft.real(&server.address(), 1));
        tuned(lvs([draft]), quick)
    };
    let mut rig = Rig::start(of(&[&first]));
    let verdict = rig.verdict();
    assert_eq!((verdict.generation, verdict.checker.0, verdict.up), (1, 0, true));
    rig.reload(of(&[&second, &first]));
    let verdict = rig.verdict();
    assert_eq!((verdict.generation, verdict.checker.0, verdict.up), (2, 0, true));
    let seen = first.connections();
    poll("the first is checked on", || (first.connections() > seen + 2).then_some(()));
    assert_eq!(rig.try_verdict(), None);
    let words = format!("Activating healthchecker for service [127.0.0.1]:tcp:{}", first.at.port());
    drop(first);
    let verdict = rig.verdict();
    assert_eq!((verdict.generation, verdict.checker.0, verdict.up), (2, 1, false));
    let lines = rig.stop();
    assert_eq!(lines.iter().filter(|line| line.starts_with(&words)).count(), 1, "{lines:#?}");
}

/// CK-112: the weight that a script said holds when another one is configured, and a status of 0 is the new one.
#[test]
fn a_weight_that_was_said_is_not_added_to_another_one() {
    let model = |weight: u32| {
        let script = one(misc(&["/t/x.sh"], true)).last(|real| real.weight = weight);
        tuned(lvs([script]), |checker| checker.timing = timing(10, 0, 3))
    };
    let mut host = Simulated::new(model(5));
    host.play([exited(12)]);
    host.log.clear();
    host.reload(model(8));
    host.expect(&["1 0 UP +2"]);
    host.play([exited(12), exited(0)]);
    host.expect(&["12 0 UP"]);
    host.reload(model(5));
    host.expect(&[]);
}
