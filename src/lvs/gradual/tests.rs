use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::lvs::fixture::{Draft, lvs, show, sorted, tcp};
use crate::lvs::{Effect, Input, Verdict, plan};
use crate::model::lvs::{CheckerId, Lvs, Timeouts};

const SECOND: Interval = Interval::from_secs(1);

/// The machine with a kernel that does what it is told.
struct Play {
    machine: Table,
    kernel: plan::Table,
    now: Time,
    said: Vec<String>,
    batches: usize,
}

impl Play {
    fn start(model: Lvs) -> Play {
        let machine = Table::new(Arc::new(model), 1);
        let mut play =
            Play { machine, kernel: plan::Table::new(), now: Time::from_micros(7), said: Vec::new(), batches: 0 };
        play.input(Input::Start { present: Vec::new(), timeouts: Timeouts { tcp: 0, tcp_fin: 0, udp: 0 } });
        play.said.clear();
        play
    }

    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.handle(self.now, input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Commands(commands) => {
                    self.batches += 1;
                    commands.iter().for_each(|one| plan::apply(one, &mut self.kernel));
                }
                Effect::Report(Event::Drained { real_server, .. }) => self.said.push(real_server),
                Effect::Report(_) | Effect::Notify(_) | Effect::ReadTable | Effect::Mark(_) => {}
            }
        }
    }

    fn verdict(&mut self, checker: usize, up: bool) {
        let verdict = Verdict { checker: CheckerId(checker), up, weight: 0, mail: String::new() };
        self.input(Input::Verdicts(vec![verdict]));
    }

    fn reload(&mut self, model: Lvs) {
        self.input(Input::Reload { model: Arc::new(model), generation: 2, known: Vec::new() });
    }

    /// Lets time pass; the machine is called at each of its deadlines, as the task does it.
    fn wait(&mut self, time: Interval) {
        let end = self.now + time;
        while let Some(next) = self.machine.deadline().filter(|next| *next <= end) {
            assert!(next > self.now, "a deadline must be in the future after it was handled");
            self.now = next;
            self.input(Input::Deadline);
        }
        self.now = end;
    }

    /// `LAST:WEIGHT` of each server in the table.
    fn weights(&self) -> String {
        let held = self.kernel.values().flat_map(|held| held.destinations.values());
        let shown = held
            .map(|one| format!("{}:{}", one.endpoint.address.to_string().rsplit('.').next().unwrap_or(""), one.weight));
        shown.collect::<Vec<_>>().join(" ")
    }
}

fn slow(draft: Draft, seconds: u64) -> Draft {
    draft.last(|real| real.slow_start = Some(Interval::from_secs(seconds)))
}

fn drained(draft: Draft, seconds: u64) -> Draft {
    draft.last(|real| real.drain_timeout = Some(Interval::from_secs(seconds)))
}

/// From 1 to the full weight, second by second; not at the start of the daemon, where all were up before.
#[test]
fn a_server_that_comes_up_starts_slowly() {
    let model = || lvs([slow(tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 10), 9)]);
    let mut play = Play::start(model());
    assert_eq!((play.weights().as_str(), play.machine.deadline()), ("11:1 12:10", None));
    play.verdict(1, false);
    play.verdict(1, true);
    let mut seen = vec![play.weights()];
    for _ in 0..9 {
        play.wait(SECOND);
        seen.push(play.weights());
    }
    let expected: Vec<String> = (1..=10).map(|weight| format!("11:1 12:{weight}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(play.machine.deadline(), None);

    // A reload in the middle goes on where it was; a failure ends it, and the next start begins at 1.
    play.verdict(1, false);
    play.verdict(1, true);
    play.wait(SECOND.times(4));
    play.reload(model());
    assert_eq!(play.weights(), "11:1 12:5");
    play.wait(SECOND);
    assert_eq!(play.weights(), "11:1 12:6");
    play.verdict(1, false);
    assert_eq!((play.weights().as_str(), play.machine.deadline()), ("11:1", None));
    play.verdict(1, true);
    assert_eq!(play.weights(), "11:1 12:1");
    // Without the setting it has its full weight at once.
    play.reload(lvs([tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 10)]));
    assert_eq!((play.weights().as_str(), play.machine.deadline()), ("11:1 12:10", None));
}

/// One batch a second for all that grow, whenever each came up.
#[test]
fn growing_servers_share_their_steps() {
    let draft =
        (0..20).fold(tcp("10.1.0.1:80"), |draft, at| slow(draft.real(&format!("10.1.0.{}:80", 11 + at), 100), 8 + at));
    let mut play = Play::start(lvs([draft]));
    for checker in 0..20 {
        play.verdict(checker, false);
        play.verdict(checker, true);
        play.wait(Interval::from_millis(130));
    }
    let (before, begun) = (play.batches, play.now);
    play.wait(SECOND.times(40));
    assert_eq!(play.machine.deadline(), None);
    assert!(play.weights().split(' ').all(|server| server.ends_with(":100")), "{}", play.weights());
    // The last to come up grows for 27 s, and is full at the next step.
    let steps = play.batches - before;
    assert!((25..=28).contains(&steps), "{steps} batches since {begun:?}");
}

/// Quorum counts full weights: a server that starts slowly does not keep the sorry server in.
#[test]
fn quorum_counts_full_weights() {
    let draft = slow(tcp("10.1.0.1:80").quorum(10, 0).sorry("10.1.0.14:80", false).real("10.1.0.11:80", 10), 60);
    let mut play = Play::start(lvs([draft]));
    play.verdict(0, false);
    assert_eq!(play.weights(), "14:1");
    play.verdict(0, true);
    assert_eq!(play.weights(), "11:1");
}

/// A server that a reload adds starts slowly, too; a whole new virtual server does not.
#[test]
fn what_a_reload_adds_starts_slowly() {
    let mut play = Play::start(lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5)]));
    play.reload(lvs([
        slow(tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).unchecked("10.1.0.12:80", 5), 8),
        slow(tcp("10.1.0.1:81").unchecked("10.1.0.13:80", 5), 8),
    ]));
    assert_eq!(play.weights(), "11:5 12:1 13:5");
    play.wait(SECOND.times(8));
    assert_eq!(play.weights(), "11:5 12:5 13:5");
}

/// Whatever takes it out - its check, a reload, the sorry server - a server is drained first.
#[test]
fn a_server_that_goes_is_drained() {
    let base = || tcp("10.1.0.1:80").sorry("10.1.0.14:80", false);
    let both = || lvs([drained(drained(base().real("10.1.0.11:80", 2), 5).real("10.1.0.12:80", 3), 5)]);
    let one = || lvs([drained(base().real("10.1.0.11:80", 2), 5)]);
    let mut play = Play::start(both());
    play.verdict(1, false);
    assert_eq!(play.weights(), "11:2 12:0");
    play.wait(SECOND.times(4));
    assert_eq!((play.weights().as_str(), play.said.len()), ("11:2 12:0", 0));
    play.wait(SECOND);
    assert_eq!((play.weights().as_str(), &play.said[..]), ("11:2", &["[10.1.0.12]:tcp:80".to_owned()][..]));

    // It comes back in the middle of it.
    play.verdict(1, true);
    play.verdict(1, false);
    play.wait(SECOND.times(2));
    play.verdict(1, true);
    assert_eq!((play.weights().as_str(), play.machine.deadline()), ("11:2 12:3", None));

    // By a reload; the same file again does not begin anew.
    play.reload(one());
    assert_eq!(play.weights(), "11:2 12:0");
    play.wait(SECOND.times(3));
    play.reload(one());
    play.wait(SECOND.times(2));
    assert_eq!(play.weights(), "11:2");

    // The sorry server takes over from one that was alive, and from one that was not.
    play.reload(both());
    play.verdict(1, false);
    play.verdict(0, false);
    assert_eq!(play.weights(), "11:0 12:0 14:1");
    play.wait(SECOND.times(5));
    assert_eq!(play.weights(), "14:1");
    play.input(Input::Stop);
    assert_eq!(play.weights(), "");
}

/// A virtual server that is removed goes at once, with all that is drained in it.
#[test]
fn a_virtual_server_goes_at_once() {
    let mut play = Play::start(lvs([drained(tcp("10.1.0.1:80").real("10.1.0.11:80", 2), 5)]));
    play.verdict(0, false);
    assert_eq!(play.weights(), "11:0");
    play.reload(Lvs::default());
    assert_eq!((play.weights().as_str(), play.machine.deadline()), ("", None));
}

/// An inhibited server stays with weight 0 for good.
#[test]
fn an_inhibited_server_needs_no_drain() {
    let mut play = Play::start(lvs([drained(tcp("10.1.0.1:80").real("10.1.0.11:80", 2), 5).inhibit()]));
    play.verdict(0, false);
    play.wait(SECOND.times(60));
    assert_eq!(play.weights(), "11:0");
}

/// With its block gone nothing holds it any more: it drains.
#[test]
fn an_inhibited_server_that_a_reload_takes_out_drains() {
    let server = || drained(tcp("10.1.0.1:80").real("10.1.0.11:80", 2), 5).inhibit();
    let mut play = Play::start(lvs([drained(server().real("10.1.0.12:80", 2), 5)]));
    play.reload(lvs([server()]));
    assert_eq!(play.weights(), "11:2 12:0");
    play.wait(SECOND.times(6));
    assert_eq!(play.weights(), "11:2");
}

/// Between two steps of a slow start nothing that happens elsewhere changes the weight that is wanted: what a look
/// would find different would be told as another program's doing.
#[test]
fn a_look_between_two_steps_finds_nothing() {
    let model = lvs([slow(tcp("10.1.0.1:80").real("10.1.0.11:80", 100).real("10.1.0.12:80", 100), 30)]);
    let mut play = Play::start(model);
    play.verdict(1, false);
    play.verdict(1, true);
    play.wait(SECOND);
    let present = play.machine.wanted();
    play.now += Interval::from_millis(900);
    play.verdict(0, true);
    let mut effects = Vec::new();
    play.machine.handle(play.now, Input::Look(present), &mut effects);
    assert_eq!(effects, []);
}

/// What is drained is ours: a look at the table finds nothing wrong with it.
#[test]
fn a_look_leaves_drained_and_rising_servers_alone() {
    let model = lvs([drained(slow(tcp("10.1.0.1:80").real("10.1.0.11:80", 9).real("10.1.0.12:80", 9), 9), 9)]);
    let mut play = Play::start(model);
    play.verdict(1, false);
    play.verdict(1, true);
    play.wait(SECOND.times(2));
    play.now += SECOND.times(3);
    let present = play.machine.wanted();
    let mut effects = Vec::new();
    play.machine.handle(play.now, Input::Look(present), &mut effects);
    assert_eq!(effects, []);
    assert_eq!(
        sorted(&show(&play.machine.wanted())),
        "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 9\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2"
    );
}

proptest! {
    /// The weight grows without a step back from 1 to its full value, and is there at the end.
    #[test]
    fn the_weight_only_grows(full in 0..=2_147_483_647_u32, whole in 1..86_400_000_000_u64, at in 0..86_400_000_000_u64, more in 0..10_000_000_u64) {
        let weight = |micros| weight_after(full, Interval::from_micros(micros), Interval::from_micros(whole));
        prop_assert_eq!(weight(0), full.min(1));
        prop_assert!(weight(at) <= weight(at + more));
        prop_assert!(weight(at) <= full);
        prop_assert_eq!(weight(whole), full);
    }

    /// Each step is on the beat and later than the one before, and brings a greater weight, until it is full.
    #[test]
    fn steps_come_to_an_end(
        full in 2..=2_147_483_647_u32,
        seconds in 1..300_u64,
        from in 0..1_000_000_000_u64,
        before in 0..5_000_000_u64,
    ) {
        let (since, whole) = (Time::from_micros(from), Interval::from_secs(seconds));
        let beat = Time::from_micros(from.saturating_sub(before));
        let (mut now, mut weight) = (since, 1);
        while weight < full {
            let next = next_step(full, since, now, whole, beat);
            prop_assert!(next > now && next < since + whole + STEP);
            prop_assert_eq!(next.since(beat).as_micros() % STEP.as_micros(), 0);
            let grown = weight_after(full, next.since(since), whole);
            prop_assert!(grown > weight, "{grown} after {weight}");
            (now, weight) = (next, grown);
        }
    }
}
