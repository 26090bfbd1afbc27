//! All checkers of this host: one queue of deadlines, so that a wake-up costs what is due and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::checker::State;
use super::presence::{Presence, addresses};
use super::sharing::leaders;
use super::spread::{Spread, in_step};
use super::{Effect, Input, Outcome};
use crate::base::name::{BfdName, FilePath};
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::model::change::lvs::kept_checkers;
use crate::model::check::{Check, Checker, FileCheck};
use crate::model::event::check::Event;
use crate::model::lvs::{CheckerId, Lvs, VirtualServerId};

/// From start or reload to the first run, before `warmup` (CK-6).
const FIRST_DELAY: Interval = Interval::from_secs(1);

/// The machine.
#[derive(Clone, Debug)]
pub struct Checkers {
    model: Arc<Lvs>,
    states: Vec<State>,
    /// `None`: it waits in the queue.
    probing: Vec<Option<Probing>>,
    /// Who may share probes with whom: see `sharing::leaders`.
    leaders: Vec<Option<CheckerId>>,
    /// By the checker whose probe is under way: the others that it is for, too.
    shared: BTreeMap<CheckerId, Vec<CheckerId>>,
    presence: Presence,
    /// Their address is not here (LV-103).
    suspended: BTreeSet<VirtualServerId>,
    queue: BTreeSet<(Time, CheckerId)>,
    random: Random,
    /// What the sessions told last.
    sessions: BTreeMap<BfdName, bool>,
    /// The numbers in the files.
    numbers: BTreeMap<FilePath, i64>,
}

/// A probe under way.
#[derive(Clone, Copy, Debug)]
struct Probing {
    /// When it was to begin.
    due: Time,
    /// When it began.
    began: Time,
}

impl Checkers {
    /// Nothing happens before `Input::Start`.
    pub fn new(model: Arc<Lvs>, random: Random) -> Checkers {
        let states = model.checkers.iter().map(|checker| State::new(checker)).collect();
        Checkers {
            model,
            states,
            probing: Vec::new(),
            leaders: Vec::new(),
            shared: BTreeMap::new(),
            presence: Presence::default(),
            suspended: BTreeSet::new(),
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
            Input::Address { address, place, here } => {
                if self.presence.set(address, place, here) {
                    self.address_changed(address, here, out);
                }
            }
            Input::Reload { model } => {
                let mut weighed = Vec::new();
                let mut kept = |at: usize, checker: &Checker, before: &State| {
                    let server = &model.virtual_servers[checker.virtual_server.0];
                    let state = before.kept(checker, server.real_servers[checker.real_server.0].weight);
                    if state.weighs_other_than(before) {
                        weighed.extend(state.again(CheckerId(at)));
                    }
                    state
                };
                self.states = kept_checkers(&self.model, &model)
                    .into_iter()
                    .zip(&model.checkers)
                    .enumerate()
                    .map(|(at, (before, checker))| match before.and_then(|before| self.states.get(before.0)) {
                        Some(state) => kept(at, checker, state),
                        None => State::new(checker),
                    })
                    .collect();
                self.model = model;
                self.start(now, out);
                out.extend(weighed.into_iter().map(Effect::Verdict));
                self.recall(out);
            }
        }
        self.check_invariants();
    }

    /// All timers begin anew (CK-6, LV-94).
    fn start(&mut self, now: Time, out: &mut Vec<Effect>) {
        self.probing = vec![None; self.states.len()];
        self.queue.clear();
        self.shared.clear();
        self.leaders = leaders(&self.model);
        let servers = self.model.virtual_servers.iter().enumerate();
        let suspended = servers.filter(|(_, server)| self.presence.suspends(server));
        self.suspended = suspended.map(|(at, _)| VirtualServerId(at)).collect();
        let mut spread = Spread::from(self.random.number());
        for (at, (checker, state)) in self.model.checkers.iter().zip(&self.states).enumerate() {
            if !checker.check.is_probed() {
                continue;
            }
            let first = match self.leaders[at] {
                Some(leader) => spread.first_of(leader, checker.timing.warmup),
                None => spread.first(checker.timing.warmup),
            };
            self.queue.insert((now + FIRST_DELAY + first, CheckerId(at)));
            let (real_server, virtual_server) =
                (checker.real_server_name.to_string(), checker.virtual_server_name.to_string());
            if self.suspended.contains(&checker.virtual_server) {
                out.push(Effect::Report(Event::Deactivated { real_server, virtual_server }));
            } else if !state.has_run {
                out.push(Effect::Report(Event::Activated { real_server, virtual_server }));
            }
        }
    }

    /// LV-103, LV-105: the checkers of its virtual servers run from now on, or do not.
    fn address_changed(&mut self, address: IpAddr, here: bool, out: &mut Vec<Effect>) {
        // Before the start there is nobody to tell.
        if self.probing.len() != self.states.len() {
            return;
        }
        let model = self.model.clone();
        let mut told = false;
        for (at, server) in model.virtual_servers.iter().enumerate() {
            if !server.ha_suspend || !addresses(server).any(|one| one == address) {
                continue;
            }
            if !std::mem::replace(&mut told, true) {
                out.push(Effect::Report(Event::AddressChanged { address, here }));
            }
            let suspends = self.presence.suspends(server);
            let changed = if suspends {
                self.suspended.insert(VirtualServerId(at))
            } else {
                self.suspended.remove(&VirtualServerId(at))
            };
            let probed = |id: &CheckerId| model.checkers[id.0].check.is_probed();
            let all = server.real_servers.iter().flat_map(|real| real.checkers.iter()).filter(probed);
            for checker in all.filter(|_| changed).map(|id| &model.checkers[id.0]) {
                let (real_server, virtual_server) =
                    (checker.real_server_name.to_string(), checker.virtual_server_name.to_string());
                out.push(Effect::Report(match suspends {
                    true => Event::Suspended { real_server, virtual_server },
                    false => Event::Activated { real_server, virtual_server },
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
        let mut asked: BTreeMap<(CheckerId, Time, usize), CheckerId> = BTreeMap::new();
        while let Some((due, id)) = self.queue.first().copied().filter(|(at, _)| *at <= now) {
            self.queue.pop_first();
            let checker = &self.model.checkers[id.0];
            if self.suspended.contains(&checker.virtual_server) {
                // Its time goes on (LV-105).
                self.queue.insert((in_step(due + checker.timing.delay_loop, now, checker.timing.delay_loop), id));
                continue;
            }
            self.probing[id.0] = Some(Probing { due, began: now });
            let url = self.states[id.0].url;
            // Those that are due together are in the same state, and stay together.
            let asker = self.leaders[id.0].map(|leader| *asked.entry((leader, due, url)).or_insert(id));
            match asker.filter(|asker| *asker != id) {
                Some(asker) => self.shared.entry(asker).or_default().push(id),
                None => out.push(Effect::Probe { checker: id, url }),
            }
        }
    }

    /// The end of a probe, for the one that asked and for those that share it.
    fn finished(&mut self, now: Time, asker: CheckerId, outcome: Outcome, out: &mut Vec<Effect>) {
        let others = self.shared.remove(&asker).unwrap_or_default();
        for id in std::iter::once(asker).chain(others) {
            self.judge(now, id, outcome.clone(), out);
        }
    }

    fn judge(&mut self, now: Time, id: CheckerId, outcome: Outcome, out: &mut Vec<Effect>) {
        // Nobody asked: an answer to a probe that was given up.
        let Some(Probing { due, began }) = self.probing.get_mut(id.0).and_then(Option::take) else { return };
        let checker = &self.model.checkers[id.0];
        let server = &self.model.virtual_servers[checker.virtual_server.0];
        let weight = server.real_servers[checker.real_server.0].weight;
        let log_all = self.model.log_all_failures;
        // When it would have ended, had it begun in time.
        let ended = due + now.since(began);
        let next = self.states[id.0].finish(id, checker, weight, log_all, due, ended, outcome, out);
        self.queue.insert((in_step(next, now, next.since(ended)), id));
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.states.len(), self.model.checkers.len(), "each checker has its state");
        debug_assert!(self.queue.len() <= self.states.len(), "a checker waits once");
    }
}
