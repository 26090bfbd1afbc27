//! One server in several virtual servers is asked once, and nobody can see that but the server.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;

use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::check::checkers::Checkers;
use keepalived_rs::check::{Effect, Input, Outcome};
use keepalived_rs::model::check::{Check, Checker, Connect};
use keepalived_rs::model::event::Event;
use keepalived_rs::model::event::check::HttpFailure;
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::observe::wording::wording;
use proptest::prelude::*;

use crate::fixture::{Draft, at, lvs, tcp};
use crate::rig::{Rig, poll, quick};
use crate::server::Server;
use crate::simulated::{GOOD, REFUSED, Simulated, failed, fetched, http, misc, timing, tuned};

fn to(address: &str) -> Check {
    Check::Tcp(Connect::to(at(address).address, at(address).port))
}

fn checked(nth: usize, check: impl Into<Check>) -> Draft {
    tcp(&format!("10.1.0.{nth}:80")).unchecked("10.1.0.11:80", 1).check(check.into())
}

/// One probe for three virtual servers, and for each its own lines and verdicts, in file order.
#[test]
fn one_probe_tells_all() {
    let model = tuned(lvs((1..4).map(|nth| checked(nth, to("10.1.0.11:80")))), |checker| {
        checker.timing = timing(10, 1, 3);
    });
    let mut host = Simulated::new(model);
    host.log.clear();
    host.play([GOOD, REFUSED, REFUSED]);
    let told = |words: &str, verdict: &str| {
        (0..3).flat_map(|id| [words.to_owned(), verdict.replace("ID", &id.to_string())]).collect::<Vec<String>>()
    };
    let mut wanted = vec!["1 probe 0 0".to_owned()];
    wanted
        .extend(told("1 TCP connection to [10.1.0.11]:tcp:80 success.", "1 ID UP => TCP CHECK succeed on service <="));
    wanted.extend(["11 probe 0 0".to_owned(), "14 probe 0 0".to_owned()]);
    wanted.extend(told(
        "14 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries.",
        "14 ID DOWN => TCP CHECK failed on service <=",
    ));
    host.expect(&wanted.iter().map(String::as_str).collect::<Vec<&str>>());
}

/// What is not quite the same, or a script, or is not to be shared, is asked for itself.
#[test]
fn what_differs_is_not_shared() {
    let probes = |model: Lvs| {
        let mut host = Simulated::new(model);
        host.sleep();
        host.open.len()
    };
    let base = || lvs((1..4).map(|nth| checked(nth, to("10.1.0.11:80"))));
    assert_eq!(probes(base()), 1);
    let mut alone = base();
    alone.no_shared_probes = true;
    assert_eq!(probes(alone), 3);
    let mut slower = base();
    Arc::make_mut(&mut slower.checkers[1]).timing.connect_timeout = Interval::from_secs(9);
    assert_eq!(probes(slower), 2);
    let mut marked = base();
    if let Check::Tcp(connect) = &mut Arc::make_mut(&mut marked.checkers[1]).check {
        connect.fwmark = 7;
    }
    assert_eq!(probes(marked), 2);
    assert_eq!(probes(lvs([checked(1, misc(&["/bin/true"], false)), checked(2, misc(&["/bin/true"], false))])), 2);
    let pages = [http("10.1.0.11:80", &["/a"]), http("10.1.0.11:80", &["/a"]), http("10.1.0.11:80", &["/b"])];
    assert_eq!(probes(lvs(pages.into_iter().enumerate().map(|(nth, page)| checked(nth + 1, page)))), 2);
}

/// A checker that joins by a reload, and so has made no attempt yet, asks for itself as long as its times differ.
#[test]
fn those_in_another_state_go_their_own_way() {
    let model = |count| {
        tuned(lvs((1..=count).map(|nth| checked(nth, to("10.1.0.11:80")))), |checker| checker.timing = timing(10, 1, 3))
    };
    let mut host = Simulated::new(model(1));
    host.play([GOOD]);
    host.reload(model(2));
    host.log.clear();
    host.play([REFUSED]);
    host.expect(&[
        "2 probe 0 0",
        "2 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "2 1 DOWN => TCP CHECK failed on service <=",
    ]);
    host.play([REFUSED, GOOD, GOOD]);
    let probes: Vec<String> = host.log.iter().filter(|line| line.contains("probe")).cloned().collect();
    assert_eq!(probes, ["5 probe 0 0", "12 probe 1 0", "15 probe 0 0"]);
}

/// One kind of world: when which server answers how, by the time alone.
#[derive(Clone, Debug)]
struct World {
    /// Whether the server is good in each second, round and round.
    good: Vec<bool>,
    /// How long a probe takes, in milliseconds, round and round.
    took: Vec<u64>,
}

/// The lines and verdicts of five minutes, and how often the server was asked.
fn play(model: Lvs, world: &World) -> (Vec<String>, usize) {
    let mut machine = Checkers::new(Arc::new(model.clone()), Random::from_seed(1));
    let (mut now, mut effects, mut lines, mut asked) = (Time::ZERO, Vec::new(), Vec::new(), 0);
    let mut answers: BinaryHeap<Reverse<(Time, usize)>> = BinaryHeap::new();
    machine.handle(now, Input::Start, &mut effects);
    while now < Time::ZERO + Interval::from_secs(300) {
        for effect in effects.drain(..) {
            match effect {
                Effect::Report(event) => lines.push(format!("{now:?} {}", wording(&Event::Check(event)).message)),
                Effect::Verdict(verdict) => lines.push(format!("{now:?} {verdict:?}")),
                Effect::Probe { checker, .. } => {
                    asked += 1;
                    let second = (now.as_micros() / 1_000_000) as usize;
                    let took = Interval::from_millis(world.took[second % world.took.len()]);
                    answers.push(Reverse((now + took, checker.0)));
                }
            }
        }
        let deadline = machine.deadline();
        match answers.peek().copied() {
            Some(Reverse((at, id))) if deadline.is_none_or(|deadline| at <= deadline) => {
                answers.pop();
                now = at;
                let good = world.good[(now.as_micros() / 1_000_000) as usize % world.good.len()];
                let outcome: Outcome = match (&model.checkers[id].check, good) {
                    (Check::Http(_), true) => fetched(),
                    (Check::Http(_), false) => failed(HttpFailure::Status),
                    (_, true) => GOOD,
                    (_, false) => REFUSED,
                };
                let checker = keepalived_rs::model::lvs::CheckerId(id);
                machine.handle(now, Input::Finished { checker, outcome }, &mut effects);
            }
            _ => {
                now = deadline.expect("somebody waits or is asked");
                machine.handle(now, Input::Deadline, &mut effects);
            }
        }
    }
    (lines, asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Every line and every verdict comes at the same moment, shared or not; only what comes of different probes at one
    /// moment may change places.
    #[test]
    fn nobody_can_see_it(
        good in prop::collection::vec(any::<bool>(), 1..40),
        took in prop::collection::vec(0_u64..3_000, 1..5),
        kinds in prop::collection::vec((0_u8..3, any::<bool>(), any::<bool>()), 2..7),
        retry in 0_u32..3,
        delay_loop in 1_u64..8,
        before_retry in 1_u64..4,
    ) {
        let world = World { good, took };
        let drafts = kinds.iter().enumerate().map(|(nth, (kind, alpha, _))| {
            let draft = match kind {
                0 => checked(nth + 1, to("10.1.0.11:80")),
                1 => checked(nth + 1, http("10.1.0.11:80", &["/a", "/b"])),
                _ => checked(nth + 1, http("10.1.0.11:80", &["/c"])),
            };
            if *alpha { draft.alpha() } else { draft }
        });
        let mut model = tuned(lvs(drafts), |checker| checker.timing = timing(delay_loop, retry, before_retry));
        for (checker, (_, _, log_all)) in model.checkers.iter_mut().zip(&kinds) {
            Arc::make_mut(checker).log_all_failures = *log_all;
        }
        let (mut shared, fewer) = play(model.clone(), &world);
        model.no_shared_probes = true;
        let (mut alone, more) = play(model, &world);
        shared.sort();
        alone.sort();
        prop_assert_eq!(shared, alone);
        let mut different: Vec<u8> = kinds.iter().map(|(kind, _, _)| *kind).collect();
        different.sort_unstable();
        different.dedup();
        prop_assert!(different.len() == kinds.len() || fewer < more, "{} {}", fewer, more);
    }
}

/// On the task that runs: one connection for four verdicts, each time.
#[test]
fn the_task_asks_once() {
    let server = Server::start(|peer| {
        // A check has gone by then.
        let _greeted = peer.say(b"!");
    });
    let drafts = (1..5).map(|nth| checked(nth, to(&server.address())));
    let timed = |checker: &mut Checker| {
        quick(checker);
        checker.timing.delay_loop = Interval::from_secs(3);
    };
    let mut rig = Rig::start(tuned(lvs(drafts), timed));
    let mut told: Vec<usize> = (0..4).map(|_| rig.verdict()).map(|verdict| verdict.checker.0).collect();
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2, 3]);
    // The server takes them in order: once it greets us it has taken, and counted, all before.
    let mut after = TcpStream::connect(server.at).expect("a connection");
    after.read_exact(&mut [0]).expect("a greeting");
    assert_eq!(server.connections(), 1 + 1);
    poll("the next one", || (server.connections() > 2).then_some(()));
    rig.stop();
}
