//! All checkers of this host: one queue of deadlines, so that a wake-up costs what is due and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checker::State;
use super::{Effect, Input, Outcome};
use crate::base::name::{BfdName, FilePath};
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::model::change::lvs::kept_checkers;
use crate::model::check::{Check, FileCheck};
use crate::model::event::check::Event;
use crate::model::lvs::{CheckerId, Lvs};

/// From start or reload to the first run, before `warmup` (CK-6).
const FIRST_DELAY: Interval = Interval::from_secs(1);

/// The machine.
#[derive(Clone, Debug)]
pub struct Checkers {
    model: Arc<Lvs>,
    states: Vec<State>,
    /// Since when a checker probes; `None`: it waits in the queue.
    probing: Vec<Option<Time>>,
    queue: BTreeSet<(Time, CheckerId)>,
    random: Random,
    /// What the sessions told last.
    sessions: BTreeMap<BfdName, bool>,
    /// The numbers in the files.
    numbers: BTreeMap<FilePath, i64>,
}

impl Checkers {
    /// Nothing happens before `Input::Start`.
    pub fn new(model: Arc<Lvs>, random: Random) -> Checkers {
        let states = model.checkers.iter().map(|checker| State::new(checker)).collect();
        Checkers {
            model,
            states,
            probing: Vec::new(),
            queue: BTreeSet::new(),
            random,
            sessions: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// When to call `handle(now, Input::Deadline)`; after such a call it is later than `now`, or `None`: every checker
    /// is probing.
    pub fn deadline(&self) -> Option<Time> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The last verdict about a checker and whether there was one.
    pub fn verdict(&self, checker: CheckerId) -> Option<(bool, bool)> {
        self.states.get(checker.0).map(|state| (state.up, state.has_run))
    }

    /// Appends what must be done, in order; does nothing itself.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Start => {
                self.start(now, out);
                self.recall(out);
            }
            Input::Deadline => self.probe_due(now, out),
            Input::Finished { checker, outcome } => self.finished(now, checker, outcome, out),
            Input::Bfd { session, up } => {
                for at in 0..self.states.len() {
                    self.follow(CheckerId(at), &session, up, out);
                }
                self.sessions.insert(session, up);
            }
            Input::File { path, number } => {
                // That of a file that is new to us counts from the start, or the reload, that follows.
                if self.numbers.insert(path.clone(), number).is_some() {
                    for at in 0..self.states.len() {
                        self.read(CheckerId(at), &path, number, out);
                    }
                }
            }
            Input::Reload { model } => {
                self.states = kept_checkers(&self.model, &model)
                    .into_iter()
                    .zip(&model.checkers)
                    .map(|(before, checker)| match before.and_then(|before| self.states.get(before.0)) {
                        Some(state) => state.kept(checker),
                        None => State::new(checker),
                    })
                    .collect();
                self.model = model;
                self.start(now, out);
                self.recall(out);
            }
        }
        self.check_invariants();
    }

    /// All timers begin anew (CK-6, LV-94).
    fn start(&mut self, now: Time, out: &mut Vec<Effect>) {
        self.probing = vec![None; self.states.len()];
        self.queue.clear();
        for (at, (checker, state)) in self.model.checkers.iter().zip(&self.states).enumerate() {
            if !checker.check.is_probed() {
                continue;
            }
            let warmup = Interval::from_micros(self.random.up_to(checker.timing.warmup.as_micros()));
            self.queue.insert((now + FIRST_DELAY + warmup, CheckerId(at)));
            if !state.has_run {
                out.push(Effect::Report(Event::Activated {
                    real_server: checker.real_server_name.clone(),
                    virtual_server: checker.virtual_server_name.clone(),
                }));
            }
        }
    }

    /// What sessions and files have told before holds for checkers that follow them from now on.
    fn recall(&mut self, out: &mut Vec<Effect>) {
        let model = self.model.clone();
        for (at, checker) in model.checkers.iter().enumerate() {
            match &checker.check {
                Check::Bfd(session) => {
                    if let Some(up) = self.sessions.get(session).copied() {
                        self.follow(CheckerId(at), session, up, out);
                    }
                }
                Check::File(FileCheck { file, .. }) => {
                    // One without a number has 0.
                    let number = *self.numbers.entry(file.path.clone()).or_insert(0);
                    self.read(CheckerId(at), &file.path, number, out);
                }
                _ => {}
            }
        }
        let followed: BTreeSet<FilePath> = model.files().iter().map(|file| file.path.clone()).collect();
        self.numbers.retain(|path, _| followed.contains(path));
    }

    fn read(&mut self, id: CheckerId, path: &FilePath, number: i64, out: &mut Vec<Effect>) {
        let checker = &self.model.checkers[id.0];
        if let Check::File(check) = &checker.check
            && check.file.path == *path
        {
            self.states[id.0].number(id, checker, check, number, out);
        }
    }

    fn follow(&mut self, id: CheckerId, session: &BfdName, up: bool, out: &mut Vec<Effect>) {
        let checker = &self.model.checkers[id.0];
        if matches!(&checker.check, Check::Bfd(followed) if followed == session) {
            self.states[id.0].session(id, checker, session, up, out);
        }
    }

    fn probe_due(&mut self, now: Time, out: &mut Vec<Effect>) {
        while let Some((_, id)) = self.queue.first().copied().filter(|(at, _)| *at <= now) {
            self.queue.pop_first();
            self.probing[id.0] = Some(now);
            out.push(Effect::Probe { checker: id, url: self.states[id.0].url });
        }
    }

    fn finished(&mut self, now: Time, id: CheckerId, outcome: Outcome, out: &mut Vec<Effect>) {
        // Nobody asked: an answer to a probe that was given up.
        let Some(started) = self.probing.get_mut(id.0).and_then(Option::take) else { return };
        let checker = &self.model.checkers[id.0];
        let server = &self.model.virtual_servers[checker.virtual_server.0];
        let weight = server.real_servers[checker.real_server.0].weight;
        let next =
            self.states[id.0].finish(id, checker, weight, self.model.log_all_failures, started, now, outcome, out);
        self.queue.insert((next, id));
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.states.len(), self.model.checkers.len(), "each checker has its state");
        debug_assert!(self.queue.len() <= self.states.len(), "a checker waits once");
    }
}
