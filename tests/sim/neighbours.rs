//! BFD among the simulated routers: sessions between all of them, over the same cables and in the same weather as adverts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use keepalived_rs::base::bfd::State;
use keepalived_rs::base::name::{BfdName, Weight};
use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::bfd::sessions::Sessions;
use keepalived_rs::bfd::{Datagram, Effect, Input};
use keepalived_rs::model::bfd::{Bfd, Session};
use keepalived_rs::model::track::{TrackEffect, TrackedBfd};
use keepalived_rs::model::vrrp::{InstanceId, State as RouterState, Vrrp};

use crate::lan::host::Host;
use crate::town::{one_in, own4};
use crate::weather::{Load, Sim};

/// The sessions of one router, their hands and ears.
pub struct Neighbours {
    /// What the next start or reload reads.
    pub model: Arc<Bfd>,
    machine: Option<Sessions>,
    /// Ports that it listens to; that of several hops is true.
    ports: BTreeSet<bool>,
    senders: BTreeMap<BfdName, Arc<Session>>,
    /// What followers were told last.
    told: BTreeMap<BfdName, bool>,
}

impl Neighbours {
    fn new(model: Bfd) -> Neighbours {
        let (ports, senders, told) = Default::default();
        Neighbours { model: Arc::new(model), machine: None, ports, senders, told }
    }

    pub fn deadline(&self) -> Option<Time> {
        self.machine.as_ref().and_then(Sessions::deadline)
    }

    pub fn crash(&mut self) {
        self.machine = None;
        self.ports.clear();
        self.senders.clear();
        self.told.clear();
    }

    pub fn waits_for_a_socket(&self) -> bool {
        let closed = |machine: &Sessions| {
            self.model.sessions.iter().any(|session| machine.state(&session.name) == Some(State::AdminDown))
        };
        self.machine.as_ref().is_some_and(closed)
    }

    /// Whether followers believe the session to be up.
    pub fn is_up(&self, session: &BfdName) -> bool {
        self.told.get(session).copied().unwrap_or(false)
    }
}

fn name(host: usize) -> BfdName {
    BfdName::new(&format!("to-{}", ["A", "B", "C", "D"][host]))
}

/// Every router has a session to every other one, in one town of four; some follow them.
pub fn draw(random: &mut Random, hosts: &mut [Host]) -> Vec<Neighbours> {
    let count = hosts.len();
    let any = one_in(random, 4);
    let mut all = Vec::new();
    for (at, host) in hosts.iter_mut().enumerate() {
        let others = (0..count).filter(|other| any && *other != at);
        let sessions: Vec<Arc<Session>> = others.map(|other| Arc::new(session(random, at, other))).collect();
        let mut model = (*host.model).clone();
        for session in &sessions {
            if one_in(random, 2) {
                let weight = Weight([0, 0, -50, 30][random.up_to(3) as usize]);
                let effect = TrackEffect { weight, reverse: one_in(random, 6) };
                follow(&mut model, TrackedBfd { session: session.name.clone(), effect });
            }
        }
        host.model = Arc::new(model);
        all.push(Neighbours::new(Bfd { sessions }));
    }
    all
}

/// The first instance follows it, or its group.
fn follow(model: &mut Vrrp, tracked: TrackedBfd) {
    match model.sync_groups.first_mut() {
        Some(group) => Arc::make_mut(group).track_bfds.push(tracked),
        None => Arc::make_mut(&mut model.instances[0]).track_bfds.push(tracked),
    }
}

fn session(random: &mut Random, own: usize, other: usize) -> Session {
    let interval = |random: &mut Random| Interval::from_millis([500, 700, 1000][random.up_to(2) as usize]);
    Session {
        name: name(other),
        neighbor: own4(0, other),
        source: Some(own4(0, own)),
        min_rx: interval(random),
        min_tx: interval(random),
        idle_tx: Interval::from_secs(1),
        multiplier: 3 + random.up_to(2) as u8,
        // Two that wait for each other would wait for ever.
        passive: own < other && one_in(random, 4),
        ttl: 255,
        max_hops: Some(5),
        multihop: (own + other).is_multiple_of(4),
        for_vrrp: true,
        for_checkers: true,
    }
}

/// What an administrator may have done to the sessions.
pub fn edited(random: &mut Random, base: &Bfd, now: &Bfd) -> Bfd {
    let mut model = now.clone();
    if model.sessions.is_empty() || one_in(random, 3) {
        return base.clone();
    }
    let at = random.up_to(model.sessions.len() as u64 - 1) as usize;
    let mut session = (*model.sessions[at]).clone();
    match random.up_to(5) {
        0 => {
            model.sessions.remove(at);
            return model;
        }
        1 => session.min_rx = Interval::from_millis(400),
        2 => session.min_tx = Interval::from_millis(400),
        3 => session.multiplier = 5,
        4 => session.ttl = 253,
        _ => session.idle_tx = Interval::from_millis(1500),
    }
    model.sessions[at] = Arc::new(session);
    model
}

/// Nobody follows a session that is not there.
pub fn forget(model: &mut Vrrp, sessions: &Bfd) {
    let there = |tracked: &TrackedBfd| sessions.sessions.iter().any(|session| session.name == tracked.session);
    for instance in &mut model.instances {
        if !instance.track_bfds.iter().all(there) {
            Arc::make_mut(instance).track_bfds.retain(there);
        }
    }
    for group in &mut model.sync_groups {
        if !group.track_bfds.iter().all(there) {
            Arc::make_mut(group).track_bfds.retain(there);
        }
    }
}

impl Sim {
    /// Hands an input to the sessions of a host, does what they want, and tells its routers.
    pub fn meet(&mut self, host: usize, input: Input) -> Result<(), String> {
        let Some(mut machine) = self.neighbours[host].machine.take() else { return Ok(()) };
        let name = self.hosts[host].name.clone();
        let unchanged = matches!(&input, Input::Reload { model } if *model == self.neighbours[host].model);
        let stopping = input == Input::Stop;
        let mut told = Vec::new();
        let mut queue = VecDeque::from([input]);
        while let Some(input) = queue.pop_front() {
            let mut effects = Vec::new();
            let waited = input == Input::Deadline;
            machine.handle(self.now, input, &mut effects);
            if waited && machine.deadline().is_some_and(|deadline| deadline <= self.now) {
                return Err(format!("{name}: after a deadline of BFD the next one is {:?}", machine.deadline()));
            }
            for effect in effects {
                if unchanged && !matches!(effect, Effect::Tell { .. }) {
                    return Err(format!("{name}: reload of unchanged sessions does {effect:?}"));
                }
                queue.extend(self.carry_out(host, effect, &mut told)?);
            }
        }
        let here = &mut self.neighbours[host];
        if stopping {
            if !here.ports.is_empty() || !here.senders.is_empty() {
                return Err(format!("{name} stopped and left sessions open"));
            }
            here.told.clear();
        } else {
            here.machine = Some(machine);
        }
        for (session, up) in told {
            if unchanged && self.neighbours[host].is_up(&session.name) != up {
                return Err(format!("{name}: reload of unchanged sessions turned {}", session.name));
            }
            self.neighbours[host].told.insert(session.name.clone(), up);
            self.tally.sessions += u64::from(up);
            if session.for_vrrp {
                self.feed(host, keepalived_rs::vrrp::Input::Bfd { session: session.name.clone(), up })?;
            }
        }
        Ok(())
    }

    /// The daemon begins, and its sessions with it.
    pub fn meet_all(&mut self, host: usize) -> Result<(), String> {
        let seed = Random::from_seed(self.random.number());
        let here = &mut self.neighbours[host];
        here.machine = Some(Sessions::new(here.model.clone(), seed));
        self.meet(host, Input::Start)
    }

    fn carry_out(
        &mut self,
        host: usize,
        effect: Effect,
        told: &mut Vec<(Arc<Session>, bool)>,
    ) -> Result<Option<Input>, String> {
        let name = self.hosts[host].name.clone();
        let here = &mut self.neighbours[host];
        match effect {
            Effect::Listen { multihop } => {
                here.ports.insert(multihop);
                return Ok(Some(Input::Listening { multihop, result: Ok(()) }));
            }
            Effect::Deafen { multihop } if !here.ports.remove(&multihop) => {
                return Err(format!("{name} closes a port that is not open"));
            }
            Effect::Open(session) => {
                here.senders.remove(&session.name);
                let owned =
                    |source| self.hosts[host].interfaces.iter().any(|i| i.exists && i.addresses.contains(&source));
                let there = session.source.is_none_or(owned);
                if there {
                    here.senders.insert(session.name.clone(), session.clone());
                }
                let result = if there { Ok(()) } else { Err("Cannot assign requested address".to_owned()) };
                return Ok(Some(Input::Opened { session: session.name.clone(), result }));
            }
            Effect::Send { session, packet } => match here.senders.get(&session).cloned() {
                Some(session) => self.transmit(host, &session, packet.to_vec()),
                None => return Err(format!("{name} sends through {session}, which is not open")),
            },
            Effect::Tell { session, up } => told.push((session, up)),
            Effect::Close(session) => drop(here.senders.remove(&session)),
            Effect::Deafen { .. } | Effect::Report(_) => {}
        }
        Ok(None)
    }

    fn transmit(&mut self, from: usize, session: &Session, bytes: Vec<u8>) {
        let Some(to) = self.far_end(from, session) else { return };
        if self.hosts[from].planted.mute || self.hosts[to].planted.deaf {
            return;
        }
        let (multihop, ttl) = (session.multihop, Some(session.ttl));
        let Some(source) = session.source else { return };
        let datagram = Datagram { multihop, source, destination: Some(session.neighbor), ttl, bytes };
        self.carry(to, Load::Bfd(datagram));
    }

    /// Who has the neighbour's address, if a cable goes there.
    fn far_end(&self, from: usize, session: &Session) -> Option<usize> {
        let has = |host: &Host, address| {
            let on = |interface: &&crate::lan::host::Interface| interface.addresses.contains(&address);
            host.interfaces.iter().find(on).filter(|interface| interface.carries()).map(|interface| interface.segment)
        };
        let segment = has(&self.hosts[from], session.source?)?;
        (0..self.hosts.len()).find(|to| *to != from && has(&self.hosts[*to], session.neighbor) == Some(segment))
    }

    /// A datagram arrives.
    pub fn overhear(&mut self, host: usize, datagram: Datagram) -> Result<(), String> {
        if !self.neighbours[host].ports.contains(&datagram.multihop) {
            return Ok(());
        }
        let state = datagram.bytes.get(1).map_or(0, |byte| byte >> 6);
        self.say(format!("{} BFD packet from {} of state {state}", self.hosts[host].name, datagram.source));
        self.meet(host, Input::Datagram(datagram))
    }

    /// On a calm LAN a session is up exactly where both ends are there, and its followers are as they should be.
    pub fn look_at_sessions(&self) -> Result<(), String> {
        for from in 0..self.hosts.len() {
            let here = &self.neighbours[from];
            let Some(machine) = &here.machine else { continue };
            for session in &here.model.sessions {
                let state = machine.state(&session.name);
                let there = self.far_end(from, session).and_then(|to| {
                    let model = self.neighbours[to].model.sessions.iter().find(|one| one.name == name(from))?;
                    self.neighbours[to].machine.as_ref()?.state(&model.name)
                });
                let title = format!("{} {} is {state:?}, its other end {there:?}", self.hosts[from].name, session.name);
                // Without its socket an end waits until it is spoken to, or a minute.
                let open = state != Some(State::AdminDown) && there.is_some_and(|there| there != State::AdminDown);
                let deaf = self.hosts.iter().any(|host| host.planted.mute || host.planted.deaf);
                if open && !deaf && state != Some(State::Up) {
                    return Err(title);
                }
                if there.is_none() && state == Some(State::Up)
                    || here.is_up(&session.name) != (state == Some(State::Up))
                {
                    return Err(format!("{title}; followers believe {}", here.is_up(&session.name)));
                }
            }
            self.look_at_followers(from)?;
        }
        Ok(())
    }

    /// VR-212: the priority of an instance that follows nothing but sessions, and its fault.
    fn look_at_followers(&self, host: usize) -> Result<(), String> {
        let Some(router) = &self.hosts[host].router else { return Ok(()) };
        for (at, instance) in self.hosts[host].model.instances.iter().enumerate() {
            let others = instance.track_scripts.len() + instance.track_files.len() + instance.track_processes.len();
            if instance.track_bfds.is_empty() || others + instance.track_interfaces.len() > 0 {
                continue;
            }
            let (mut total, mut fault) = (i32::from(instance.priority.0), false);
            for TrackedBfd { session, effect } in &instance.track_bfds {
                let (up, weight) = (self.neighbours[host].is_up(session), i32::from(effect.weight.0));
                let sign = if effect.reverse { -1 } else { 1 };
                fault |= weight == 0 && up == effect.reverse;
                if up == (weight > 0) {
                    total += sign * weight;
                }
            }
            let owner = instance.priority.is_owner();
            let priority = if owner { 255 } else { total.clamp(1, 254) };
            let (found, state) = (router.priority(InstanceId(at)), router.state(InstanceId(at)));
            if found.is_none_or(|found| i32::from(found.0) != priority) || fault && state != RouterState::Fault {
                return Err(format!(
                    "{} {} follows {:?} and has {found:?}, not {priority}, and is {state:?}",
                    self.hosts[host].name, instance.name, self.neighbours[host].told
                ));
            }
        }
        Ok(())
    }
}
