//! All routers, all datagrams on their way, and what may still go wrong. The clock stands: instead, routers are rebased.

use std::hash::{Hash, Hasher};

use keepalived_rs::base::name::BfdName;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::model::vrrp::{InstanceId, State};
use keepalived_rs::vrrp::router::Router;
use keepalived_rs::vrrp::{Effect, Input, Packet};

use crate::lan;
use crate::lan::host::Host;
use crate::lan::packet;

const TICK: Interval = Interval::from_millis(250);
const NOW: Time = Time::from_micros(1_000_000_000);
/// After so many ticks without a new fault the LAN must have settled: three times three intervals and skew, and delays.
const SETTLED: u8 = 50;
/// Ticks after which a paused router may run again: three quarters of a second, and longer than anyone waits.
const PAUSES: [u8; 2] = [3, 17];
/// Ticks of an interval.
const INTERVAL: u8 = 4;
/// Ticks in which another takes over when a Master stops: the longest skew.
const HANDOVER: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    pub losses: u8,
    pub crashes: u8,
    pub stops: u8,
    pub links: u8,
    /// How often a router is paused, be it for a moment or for longer than the others wait.
    pub pauses: u8,
    /// How often a cable of the second LAN stops carrying anything, without a sign of it.
    pub cuts: u8,
    /// How often a router is told that its BFD session came up or went down.
    pub sessions: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start(usize),
    Deadline(usize),
    /// The oldest datagram for this router arrives.
    Deliver(usize),
    Lose(usize),
    Crash(usize),
    Stop(usize),
    LinkDown(usize),
    LinkUp(usize),
    /// Nothing of it runs, and what it is sent waits.
    Pause(usize),
    Resume(usize),
    /// The cable of `eth1`.
    Cut(usize),
    Mend(usize),
    /// The session that it follows is up from now on, or down.
    Session(usize),
    Tick,
}

#[derive(Clone)]
pub struct World {
    hosts: Vec<Host>,
    flying: Vec<(usize, Packet)>,
    /// Ticks for which each router is paused.
    paused: Vec<Option<u8>>,
    /// Ticks since a router ran again after the others stopped waiting for it while another was Master.
    woke: Vec<Option<u8>>,
    /// Whether the BFD session of each router is up.
    sessions: Vec<bool>,
    /// Packets that wait in the sockets of a router since it was paused.
    backlog: Vec<usize>,
    budget: Budget,
    /// Ticks since the last fault, at most `SETTLED`.
    calm: u8,
    /// Ticks since a Master stopped while others were ready, and nothing went wrong since.
    handover: Option<u8>,
}

/// What two states must share to be the same. What a datagram says counts, not its IP id.
impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for host in &self.hosts {
            host.router.hash(hasher);
            host.interfaces.hash(hasher);
            host.kernel.hash(hasher);
            host.heard.hash(hasher);
        }
        for (to, packet) in &self.flying {
            let seen = packet::read(packet.socket.family, &packet.bytes);
            let said = seen.map(|seen| (seen.vrid, seen.priority, seen.interval));
            (to, &packet.socket, packet.source, said).hash(hasher);
        }
        (&self.paused, &self.woke, &self.backlog, &self.sessions).hash(hasher);
        (self.budget, self.calm, self.handover).hash(hasher);
    }
}

impl World {
    pub fn new(hosts: Vec<Host>, budget: Budget) -> World {
        let none = || vec![None; hosts.len()];
        let (backlog, sessions) = (vec![0; hosts.len()], vec![false; hosts.len()]);
        let (flying, paused, woke) = (Vec::new(), none(), none());
        World { hosts, flying, paused, woke, sessions, backlog, budget, calm: 0, handover: None }
    }

    pub fn actions(&self) -> Vec<Action> {
        let mut found = Vec::new();
        let due = |host: &Host| host.deadline().is_some_and(|deadline| deadline <= NOW);
        let runs = |at: usize| self.paused[at].is_none();
        for (at, host) in self.hosts.iter().enumerate() {
            if let Some(ticks) = self.paused[at] {
                if PAUSES.contains(&ticks) {
                    found.push(Action::Resume(at));
                }
                continue;
            }
            if host.router.is_none() {
                found.push(Action::Start(at));
                continue;
            }
            // What came while it was paused is heard before it takes over.
            let listens = |router: &Router| self.backlog[at] > 0 && router.listens_first(NOW);
            if due(host) && !host.router.as_ref().is_some_and(listens) {
                found.push(Action::Deadline(at));
            }
            if self.flying.iter().any(|(to, _)| *to == at) {
                found.push(Action::Deliver(at));
                if self.budget.losses > 0 {
                    found.push(Action::Lose(at));
                }
            }
            if self.budget.pauses > 0 {
                found.push(Action::Pause(at));
            }
            if self.budget.crashes > 0 {
                found.push(Action::Crash(at));
            }
            if self.budget.stops > 0 {
                found.push(Action::Stop(at));
            }
            match host.interfaces[0].up {
                true if self.budget.links > 0 => found.push(Action::LinkDown(at)),
                true => {}
                false => found.push(Action::LinkUp(at)),
            }
            match host.interfaces[1].cut {
                false if self.budget.cuts > 0 => found.push(Action::Cut(at)),
                false => {}
                true => found.push(Action::Mend(at)),
            }
            if self.budget.sessions > 0 {
                found.push(Action::Session(at));
            }
        }
        let arrived = self.flying.iter().any(|(to, _)| runs(*to));
        let late = self.paused.iter().flatten().any(|ticks| Some(ticks) == PAUSES.last());
        if !arrived && !late && !(0..self.hosts.len()).any(|at| runs(at) && due(&self.hosts[at])) {
            found.push(Action::Tick);
        }
        found
    }

    pub fn apply(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::Deadline(_) | Action::Deliver(_) | Action::Tick => {}
            _ => (self.calm, self.handover) = (0, None),
        }
        match action {
            Action::Start(at) => {
                let done = self.hosts[at].start(NOW)?;
                self.send(at, &done);
            }
            Action::Deadline(at) => self.feed(at, Input::Deadline)?,
            Action::Deliver(at) => {
                if let Some(packet) = self.take(at)
                    && self.hosts[at].sockets.contains(&packet.socket)
                {
                    self.feed(at, Input::Packet(packet))?;
                }
            }
            Action::Lose(at) => {
                self.budget.losses -= 1;
                self.take(at);
            }
            Action::Crash(at) => {
                self.budget.crashes -= 1;
                self.hosts[at].crash();
                self.sessions[at] = false;
                self.flying.retain(|(to, _)| *to != at);
            }
            Action::Stop(at) => {
                self.budget.stops -= 1;
                let was_master = self.states(at).contains(&State::Master);
                let done = self.hosts[at].stop(NOW)?;
                self.send(at, &done);
                self.sessions[at] = false;
                self.flying.retain(|(to, _)| *to != at);
                let states = |at: usize| self.states(at);
                let others = (0..self.hosts.len()).any(|other| states(other).contains(&State::Backup));
                let plain = self.hosts.iter().all(|host| host.model.sync_groups.is_empty());
                let single = (0..self.hosts.len()).all(|other| !states(other).contains(&State::Master));
                if was_master && others && plain && single && self.hosts[at].interfaces[0].up {
                    self.handover = Some(0);
                }
            }
            Action::LinkDown(at) | Action::LinkUp(at) => {
                let up = action == Action::LinkUp(at);
                if !up {
                    self.budget.links -= 1;
                }
                let done = self.hosts[at].set_link(NOW, "eth0", up, false)?;
                self.send(at, &done);
            }
            Action::Cut(at) | Action::Mend(at) => {
                let cut = action == Action::Cut(at);
                self.budget.cuts -= u8::from(cut);
                self.hosts[at].interfaces[1].cut = cut;
            }
            Action::Session(at) => {
                self.budget.sessions -= 1;
                self.sessions[at] = !self.sessions[at];
                let (session, up) = (BfdName::new("B"), self.sessions[at]);
                self.feed(at, Input::Bfd { session, up })?;
            }
            Action::Pause(at) => {
                self.budget.pauses -= 1;
                self.paused[at] = Some(0);
            }
            Action::Resume(at) => {
                let slept = self.paused[at].take();
                self.backlog[at] = self.flying.iter().filter(|(to, _)| *to == at).count();
                let other =
                    (0..self.hosts.len()).any(|other| other != at && self.states(other).contains(&State::Master));
                self.woke[at] = (slept == PAUSES.last().copied() && other).then_some(0);
            }
            Action::Tick => {
                for ticks in self.paused.iter_mut().chain(&mut self.woke).flatten() {
                    *ticks += 1;
                }
                for woke in &mut self.woke {
                    woke.take_if(|ticks| *ticks >= INTERVAL);
                }
                for host in &mut self.hosts {
                    host.rebase(NOW, TICK);
                }
                if self.paused.iter().all(Option::is_none) {
                    self.calm = SETTLED.min(self.calm + 1);
                }
                self.handover = self.handover.map(|ticks| ticks + 1);
            }
        }
        self.judge()
    }

    fn take(&mut self, at: usize) -> Option<Packet> {
        self.backlog[at] = self.backlog[at].saturating_sub(1);
        let position = self.flying.iter().position(|(to, _)| *to == at)?;
        Some(self.flying.remove(position).1)
    }

    fn feed(&mut self, at: usize, input: Input) -> Result<(), String> {
        let mut done = Vec::new();
        self.hosts[at].feed(NOW, input, &mut done)?;
        if self.shouts(at, &done) {
            return Err("a router that was paused shouts over the one that took over".to_owned());
        }
        self.send(at, &done);
        Ok(())
    }

    /// A router that was paused for long does not speak as Master while the one that took over may still be heard.
    fn shouts(&self, from: usize, effects: &[Effect]) -> bool {
        let speaks = |effect: &Effect| match effect {
            Effect::Send(sent) => packet::read(sent.socket.family, &sent.bytes).is_some_and(|seen| seen.priority != 0),
            _ => false,
        };
        self.woke[from].is_some() && effects.iter().any(speaks)
    }

    fn send(&mut self, from: usize, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Send(sent) = effect {
                self.flying.extend(lan::deliveries(&self.hosts, from, sent));
            }
        }
    }

    fn states(&self, at: usize) -> Vec<State> {
        let host = &self.hosts[at];
        host.router.as_ref().map_or(Vec::new(), |router| lan::rule::states(router, &host.model))
    }

    pub fn has_master(&self) -> bool {
        (0..self.hosts.len()).any(|at| self.states(at).contains(&State::Master))
    }

    /// What must hold besides the rules of each router.
    fn judge(&mut self) -> Result<(), String> {
        if self.flying.len() > 60 {
            return Err(format!("{} datagrams on their way: a storm", self.flying.len()));
        }
        if self.handover == Some(HANDOVER + 1) {
            self.handover = None;
            if !self.has_master() {
                return Err("no Master within the skew time after its stop".to_owned());
            }
        }
        let quiet = self.flying.is_empty()
            && !self.hosts.iter().any(|host| host.deadline().is_some_and(|deadline| deadline <= NOW));
        if self.calm < SETTLED || !quiet {
            return Ok(());
        }
        let instances = self.hosts.first().map_or(0, |host| host.model.instances.len());
        for instance in (0..instances).map(InstanceId) {
            let states: Vec<State> = self
                .hosts
                .iter()
                .filter_map(|host| host.router.as_ref())
                .map(|router| router.state(instance))
                .filter(|state| *state != State::Fault)
                .collect();
            let masters = states.iter().filter(|state| **state == State::Master).count();
            if !states.is_empty() && masters != 1 {
                return Err(format!("{masters} Masters on a calm LAN"));
            }
        }
        Ok(())
    }

    pub fn show(&self) -> String {
        let one = |at: usize| format!("{} {:?}", self.hosts[at].name, self.states(at));
        let all: Vec<String> = (0..self.hosts.len()).map(one).collect();
        format!("{}, {} on their way", all.join(", "), self.flying.len())
    }
}
