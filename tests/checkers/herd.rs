//! Ten thousand checks a second neither gather nor slow down, on a host that is sometimes late.

use std::collections::BinaryHeap;
use std::sync::Arc;

use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::check::checkers::Checkers;
use keepalived_rs::check::{Effect, Input};
use keepalived_rs::model::lvs::{CheckerId, Lvs};

use crate::fixture::{lvs, tcp};
use crate::simulated::{GOOD, timing, tuned};

const CHECKS: u64 = 10_000;

fn model() -> Lvs {
    let mut draft = tcp("10.1.0.1:80");
    for at in 0..CHECKS {
        draft = draft.real(&format!("10.1.{}.{}:80", at / 250, at % 250 + 1), 1);
    }
    tuned(lvs([draft]), |checker| {
        checker.timing = timing(1, 1, 1);
        checker.timing.warmup = checker.timing.delay_loop;
    })
}

/// What began when, in microseconds, and by whom.
struct Day {
    begun: Vec<(u64, usize)>,
}

/// Plays until `end`. Every wake-up is late by up to 2 ms, every probe takes 100 µs to 2 ms; during `stall` the host
/// does nothing.
fn play(end: Interval, stall: std::ops::Range<u64>, seed: u64) -> Day {
    let mut random = Random::from_seed(seed);
    let mut machine = Checkers::new(Arc::new(model()), Random::from_seed(seed));
    let mut effects = Vec::new();
    machine.handle(Time::ZERO, Input::Start, &mut effects);
    effects.clear();
    let mut answers = BinaryHeap::new();
    let (mut now, mut begun) = (Time::ZERO, Vec::new());
    while now < Time::ZERO + end {
        let wake = machine.deadline().expect("somebody waits") + Interval::from_micros(random.up_to(2_000));
        let answer = answers.peek().map(|std::cmp::Reverse((at, _))| *at);
        now = now.max(answer.map_or(wake, |at| wake.min(at)));
        if stall.contains(&now.as_micros()) {
            now = Time::from_micros(stall.end);
        }
        while let Some(std::cmp::Reverse((at, id))) = answers.peek().copied()
            && at <= now
        {
            answers.pop();
            machine.handle(now, Input::Finished { checker: CheckerId(id), outcome: GOOD }, &mut effects);
        }
        machine.handle(now, Input::Deadline, &mut effects);
        for effect in effects.drain(..) {
            if let Effect::Probe { checker, .. } = effect {
                begun.push((now.as_micros(), checker.0));
                let took = Interval::from_micros(100 + random.up_to(1_900));
                answers.push(std::cmp::Reverse((now + took, checker.0)));
            }
        }
    }
    Day { begun }
}

impl Day {
    /// The most that begin within any 10 ms from `from` to `to`, in seconds.
    fn most(&self, from: u64, to: u64) -> usize {
        let mut counts = std::collections::BTreeMap::<u64, usize>::new();
        for (at, _) in self.begun.iter().filter(|(at, _)| (from * 1_000_000..to * 1_000_000).contains(at)) {
            *counts.entry(at / 10_000).or_default() += 1;
        }
        counts.values().copied().max().unwrap_or(0)
    }

    fn between(&self, from: u64, to: u64) -> usize {
        self.begun.iter().filter(|(at, _)| (from * 1_000_000..to * 1_000_000).contains(at)).count()
    }
}

/// CK-6, CK-10: 10,000 checks with a period of one second and what each takes begin evenly, 100 in 10 ms, from the first
/// second to the last, and none loses time by wake-ups that are late: after 20 s each has had all its turns.
#[test]
fn checks_neither_gather_nor_slow_down() {
    let day = play(Interval::from_secs(22), 0..0, 3);
    let first = day.most(1, 3);
    assert!(first <= 140, "{first} at the start");
    let last = day.most(19, 21);
    assert!(last <= 160, "{last} at the end");
    let mut turns = vec![0_u64; CHECKS as usize];
    for (_, id) in day.begun.iter().filter(|(at, _)| *at < 21_000_000) {
        turns[*id] += 1;
    }
    // From a first turn between 1 s and 2 s: 19 s by a period of 1.00105 s on average.
    assert!(turns.iter().all(|turns| (19..=20).contains(turns)), "{:?} turns", turns.iter().min());
}

/// After three seconds in which nothing ran, all that was missed begins at once, and then everything is spread again.
#[test]
fn a_stall_leaves_no_herd() {
    let day = play(Interval::from_secs(14), 5_000_000..8_000_000, 4);
    assert!(day.most(8, 9) >= 9_000, "they were all due: {}", day.most(8, 9));
    let later = day.most(10, 13);
    assert!(later <= 200, "{later} after the stall");
    let rate = day.between(10, 13);
    assert!((29_500..=30_500).contains(&rate), "{rate} in three seconds");
}
