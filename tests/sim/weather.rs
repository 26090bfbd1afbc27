//! What may happen, step by step: weighted actions drawn from the seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use keepalived_rs::base::name::ScriptName;
use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::bfd::{self, Datagram};
use keepalived_rs::model::bfd::Bfd;
use keepalived_rs::model::track::{CountCause, ScriptOutcome};
use keepalived_rs::model::vrrp::{InstanceId, State, Vrrp};
use keepalived_rs::vrrp::{Effect, Input, Packet};

use crate::lan::host::{Held, Host};
use crate::lan::{self, Flight, items};
use crate::neighbours::{self, Neighbours};
use crate::town::{self, one_in};

/// How often what happened: a simulation in which nothing happens proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub masters: u64,
    pub faults: u64,
    pub calms: u64,
    pub received: u64,
    pub lost: u64,
    pub garbage: u64,
    pub starts: u64,
    pub reloads: u64,
    /// How often a BFD session came up.
    pub sessions: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.masters += other.masters;
        self.faults += other.faults;
        self.calms += other.calms;
        self.received += other.received;
        self.lost += other.lost;
        self.garbage += other.garbage;
        self.starts += other.starts;
        self.reloads += other.reloads;
        self.sessions += other.sessions;
    }
}

/// What is on its way.
#[derive(Clone, Debug)]
pub enum Load {
    Advert(Packet),
    Bfd(Datagram),
}

pub struct Sim {
    pub random: Random,
    pub now: Time,
    pub hosts: Vec<Host>,
    /// The BFD sessions of each.
    pub neighbours: Vec<Neighbours>,
    /// The models as first written.
    pub base: Vec<std::sync::Arc<Vrrp>>,
    base_sessions: Vec<std::sync::Arc<Bfd>>,
    pub flying: Vec<Flight<Load>>,
    /// Until then a host sleeps; what is due for it comes late.
    asleep: Vec<Time>,
    /// Percent of adverts that are lost, doubled, held up.
    loss: u64,
    pub step: u64,
    pub journal: VecDeque<String>,
    pub narrate: bool,
    pub tally: Tally,
    /// State changes of each instance since the last call of `forget_changes`.
    pub changes: BTreeMap<(usize, String), u32>,
    /// An old datagram, to be heard again.
    keepsake: Option<(usize, Packet)>,
    /// The same of BFD.
    souvenir: Option<(usize, Datagram)>,
}

impl Sim {
    pub fn new(seed: u64) -> Sim {
        let mut random = Random::from_seed(seed);
        let mut hosts = town::draw(&mut random);
        let neighbours = neighbours::draw(&mut random, &mut hosts);
        Sim {
            now: Time::from_micros(500_000_000),
            base: hosts.iter().map(|host| host.model.clone()).collect(),
            base_sessions: neighbours.iter().map(|one| one.model.clone()).collect(),
            neighbours,
            flying: Vec::new(),
            asleep: vec![Time::ZERO; hosts.len()],
            hosts,
            random,
            loss: 0,
            step: 0,
            journal: VecDeque::new(),
            narrate: false,
            tally: Tally::default(),
            changes: BTreeMap::new(),
            keepsake: None,
            souvenir: None,
        }
    }

    pub fn topology(&self) -> String {
        let mut shown = String::new();
        for host in &self.hosts {
            shown.push_str(&format!("{}:", host.name));
            for instance in &host.model.instances {
                shown.push_str(&format!(
                    " {} vrid {} {:?} {:?} priority {} every {} s{}{}",
                    instance.name,
                    instance.vrid,
                    instance.family,
                    instance.version,
                    instance.priority,
                    instance.advert_interval,
                    if instance.preempt { "" } else { " nopreempt" },
                    if instance.preempt_delay.is_zero() { "" } else { " preempt_delay" },
                ));
            }
            shown.push_str(&format!("; {} groups\n", host.model.sync_groups.len()));
        }
        shown
    }

    pub fn say(&mut self, line: String) {
        let line = format!("{:>14.6} {line}", self.now.as_micros() as f64 / 1e6);
        if self.narrate {
            println!("{line}");
        }
        self.journal.push_back(line);
        if self.journal.len() > 30 {
            self.journal.pop_front();
        }
    }

    /// Turns of bad weather and calm.
    pub fn run(&mut self, steps: u64) -> Result<(), String> {
        for host in 0..self.hosts.len() {
            if !one_in(&mut self.random, 5) {
                self.start(host)?;
            }
        }
        let turns = 4;
        for _ in 0..turns {
            self.loss = [0, 0, 5, 30][self.random.up_to(3) as usize];
            for _ in 0..steps / turns {
                self.step += 1;
                self.anything()?;
            }
            self.loss = 0;
            self.calm()?;
        }
        for host in 0..self.hosts.len() {
            self.stop(host)?;
        }
        Ok(())
    }

    fn host(&mut self) -> usize {
        self.random.up_to(self.hosts.len() as u64 - 1) as usize
    }

    fn interface(&mut self, host: usize) -> String {
        let at = self.random.up_to(self.hosts[host].interfaces.len() as u64 - 1) as usize;
        self.hosts[host].interfaces[at].name.clone()
    }

    fn anything(&mut self) -> Result<(), String> {
        let host = self.host();
        match self.random.up_to(199) {
            0..=1 => self.crash(host),
            2..=9 => self.start(host)?,
            10..=11 => self.stop(host)?,
            12..=15 => self.reload(host)?,
            16..=20 => {
                let (name, up, administrator) =
                    (self.interface(host), one_in(&mut self.random, 2), one_in(&mut self.random, 2));
                self.say(format!("{} link {name} up {up} administrator {administrator}", self.hosts[host].name));
                self.act(host, |host, now| host.set_link(now, &name, up, administrator))?;
            }
            21..=22 => {
                let name = self.interface(host);
                self.say(format!("{} link {name} deleted or created", self.hosts[host].name));
                let exists = self.hosts[host].interface(&name).is_some_and(|interface| interface.exists);
                match exists {
                    true => self.act(host, |host, now| host.delete_link(now, &name))?,
                    false => self.act(host, |host, now| host.create_link(now, &name))?,
                }
            }
            23..=25 => {
                let name = self.interface(host);
                let cut = one_in(&mut self.random, 2);
                self.say(format!("{} cable {name} cut {cut}", self.hosts[host].name));
                if let Some(interface) = self.hosts[host].interface_mut(&name) {
                    interface.cut = cut;
                }
            }
            26..=35 => {
                let outcome = [ScriptOutcome::Exited(0), ScriptOutcome::Exited(1), ScriptOutcome::TimedOut]
                    [self.random.up_to(2) as usize];
                self.feed(host, Input::Script { name: ScriptName::new("chk"), outcome })?;
            }
            55..=58 => {
                let number = [-254, -40, 0, 0, 7, 126][self.random.up_to(5) as usize];
                let paths: Vec<_> = self.hosts[host].model.files.iter().map(|file| file.path.clone()).collect();
                for path in paths {
                    self.feed(host, Input::File { path, number })?;
                }
            }
            59..=62 => {
                let count = self.random.up_to(2) as u32;
                let cause = [CountCause::Fork, CountCause::Exit, CountCause::Other][self.random.up_to(2) as usize];
                let patterns: Vec<_> =
                    self.hosts[host].model.processes.iter().map(|process| process.pattern.clone()).collect();
                for pattern in patterns {
                    self.feed(host, Input::Processes { pattern, count, cause })?;
                }
            }
            36..=40 => self.garbage(host)?,
            41..=42 => {
                let until = self.now + Interval::from_millis(self.random.up_to(9_000));
                self.say(format!("{} sleeps until {until:?}", self.hosts[host].name));
                self.asleep[host] = until;
            }
            43..=45 => {
                let held: Vec<_> = self.hosts[host].kernel.iter().map(|(_, cidr)| cidr.address).collect();
                if !held.is_empty() {
                    let address = held[self.random.up_to(held.len() as u64 - 1) as usize];
                    self.say(format!("somebody takes {address} from {}", self.hosts[host].name));
                    self.act(host, |host, now| host.take_away(now, address))?;
                } else if !self.hosts[host].items.is_empty() {
                    let count = self.hosts[host].items.len() as u64;
                    let name = items::name(&self.hosts[host].items[self.random.up_to(count - 1) as usize]);
                    self.say(format!("somebody takes {name} from {}", self.hosts[host].name));
                    self.act(host, |host, now| host.take_item_away(now, &name))?;
                }
            }
            46..=47 => {
                let name = self.interface(host);
                let at = self.hosts[host].interfaces.iter().position(|interface| interface.name == name);
                let address = town::own4(at.unwrap_or(0), host);
                let present = one_in(&mut self.random, 2);
                self.say(format!("{} own address {address} present {present}", self.hosts[host].name));
                let here =
                    self.hosts[host].interface(&name).is_some_and(|i| i.exists && i.addresses.contains(&address));
                if here != present {
                    self.act(host, |host, now| host.set_own_address(now, &name, address, present))?;
                }
            }
            48 => {
                let all = &self.hosts[host].model.instances;
                let address =
                    all.first().and_then(|instance| instance.virtual_addresses.first()).map(|a| a.cidr.address);
                if let Some(address) = address {
                    self.say(format!("the kernel of {} refuses {address}", self.hosts[host].name));
                    if !self.hosts[host].denied.remove(&address) {
                        self.hosts[host].denied.insert(address);
                    }
                }
            }
            49..=51 => {
                if let Some((to, packet)) = self.keepsake.clone() {
                    self.hear(to, packet)?;
                }
                if let Some((to, datagram)) = self.souvenir.clone() {
                    self.overhear(to, datagram)?;
                }
            }
            52..=54 => self.now += Interval::from_micros(self.random.up_to(2_000_000)),
            _ => {
                self.next(None)?;
            }
        }
        Ok(())
    }

    pub fn start(&mut self, host: usize) -> Result<(), String> {
        if self.hosts[host].router.is_some() {
            return Ok(());
        }
        self.say(format!("{} starts", self.hosts[host].name));
        self.tally.starts += 1;
        self.hosts[host].generation += 1;
        self.act(host, Host::start)?;
        self.meet_all(host)
    }

    fn crash(&mut self, host: usize) {
        self.say(format!("{} is killed", self.hosts[host].name));
        self.hosts[host].crash();
        self.neighbours[host].crash();
        self.asleep[host] = Time::ZERO;
    }

    fn stop(&mut self, host: usize) -> Result<(), String> {
        if self.hosts[host].router.is_none() {
            return Ok(());
        }
        self.say(format!("{} stops", self.hosts[host].name));
        self.act(host, Host::stop)?;
        self.meet(host, bfd::Input::Stop)
    }

    fn reload(&mut self, host: usize) -> Result<(), String> {
        let before = self.hosts[host].model.clone();
        let mut model = match one_in(&mut self.random, 3) {
            true => (*before).clone(),
            false => town::edited(&mut self.random, &self.base[host], &before),
        };
        let mut sessions = self.neighbours[host].model.clone();
        let any = !self.base_sessions[host].sessions.is_empty();
        if any && *before == model && one_in(&mut self.random, 2) {
            let (base, now) = (&self.base_sessions[host], sessions.clone());
            sessions = neighbours::edited(&mut self.random, base, &now).into();
        }
        if model == *self.base[host] {
            sessions = self.base_sessions[host].clone();
        }
        neighbours::forget(&mut model, &sessions);
        self.reload_with(host, model.into(), sessions)
    }

    /// Everything is as it was first written.
    pub fn restore(&mut self, host: usize) -> Result<(), String> {
        self.reload_with(host, self.base[host].clone(), self.base_sessions[host].clone())
    }

    fn reload_with(
        &mut self,
        host: usize,
        model: std::sync::Arc<Vrrp>,
        sessions: std::sync::Arc<Bfd>,
    ) -> Result<(), String> {
        self.tally.reloads += 1;
        self.hosts[host].generation += 1;
        let generation = self.hosts[host].generation;
        if self.hosts[host].router.is_none() {
            // What is left of instances that are no longer in the file, nobody removes but the administrator.
            let one = &self.hosts[host];
            let left: BTreeSet<Held> =
                model.instances.iter().flat_map(|instance| lan::rule::placements(one, instance)).collect();
            self.hosts[host].kernel.retain(|held| left.contains(held));
            let named = items::all(&model);
            self.hosts[host].items.retain(|item| named.contains(&items::name(item)));
            self.hosts[host].model = model;
            self.neighbours[host].model = sessions;
            return Ok(());
        }
        self.feed(host, Input::Reload { model, generation })?;
        self.meet(host, bfd::Input::Reload { model: sessions.clone() })?;
        self.neighbours[host].model = sessions;
        Ok(())
    }

    /// Bytes of any kind, and adverts that were changed on the way.
    fn garbage(&mut self, host: usize) -> Result<(), String> {
        if let Some((_, mut datagram)) = self.souvenir.clone()
            && one_in(&mut self.random, 3)
        {
            let at = self.random.up_to(datagram.bytes.len() as u64 - 1) as usize;
            datagram.bytes[at] ^= 1 << self.random.up_to(7);
            self.tally.garbage += 1;
            // Nobody can know a forged packet: whoever says that he is down on purpose is believed, and followers are not
            // told (VR-312); and whoever says that he will be silent for long is waited for (multiplier, interval).
            let believed = matches!(at, 2 | 12..=15) || datagram.bytes.get(1).is_some_and(|byte| byte >> 6 == 0);
            return if believed { Ok(()) } else { self.overhear(host, datagram) };
        }
        let Some(socket) = self.hosts[host].sockets.first().cloned() else { return Ok(()) };
        let like = self.keepsake.clone().map(|(_, packet)| packet);
        let mut packet = match like.filter(|packet| packet.socket.family == socket.family) {
            Some(packet) if !one_in(&mut self.random, 3) => Packet { socket, ..packet },
            _ => {
                let length = self.random.up_to(80);
                let bytes = (0..length).map(|_| self.random.number() as u8).collect();
                let (source, destination) = match socket.family {
                    keepalived_rs::base::net::Family::V4 => (town::own4(0, 200), lan::packet::GROUP4.into()),
                    keepalived_rs::base::net::Family::V6 => {
                        ("fe80::99".parse().expect("an address"), lan::packet::GROUP6.into())
                    }
                };
                Packet { socket, source, destination, hop_limit: Some(255), bytes }
            }
        };
        match self.random.up_to(3) {
            0 => packet.bytes.truncate(self.random.up_to(packet.bytes.len() as u64) as usize),
            1 => packet.bytes.push(0),
            2 if !packet.bytes.is_empty() => {
                let at = self.random.up_to(packet.bytes.len() as u64 - 1) as usize;
                packet.bytes[at] ^= 1 << self.random.up_to(7);
            }
            _ => packet.hop_limit = [None, Some(254), Some(0)][self.random.up_to(2) as usize],
        }
        self.tally.garbage += 1;
        self.hear(host, packet)
    }

    /// The next delivery or deadline, not later than `limit`. False: there is none before it.
    pub fn next(&mut self, limit: Option<Time>) -> Result<bool, String> {
        let late = |at: usize, due: Time| due.max(self.asleep[at]);
        let flight = (0..self.flying.len()).map(|at| (late(self.flying[at].to, self.flying[at].due), at)).min();
        let first = |at: usize| self.hosts[at].deadline().into_iter().chain(self.neighbours[at].deadline()).min();
        let deadline = (0..self.hosts.len()).filter_map(|at| Some((late(at, first(at)?), at))).min();
        let next = [flight, deadline].into_iter().flatten().map(|(due, _)| due).min();
        let Some(next) = next.filter(|next| limit.is_none_or(|limit| *next <= limit)) else {
            self.now = limit.map_or(self.now, |limit| self.now.max(limit));
            return Ok(false);
        };
        // A deadline is met a little late, as by a real clock, but for calm weather's sake never by much.
        let lateness = if one_in(&mut self.random, 2) { self.random.up_to(300) } else { 0 };
        self.now = self.now.max(next + Interval::from_micros(lateness));
        match (flight, deadline) {
            (Some((due, at)), _) if due == next => {
                let Flight { to, packet, .. } = self.flying.swap_remove(at);
                let keep = one_in(&mut self.random, 20);
                match packet {
                    Load::Advert(packet) => {
                        if keep {
                            self.keepsake = Some((to, packet.clone()));
                        }
                        self.tally.received += 1;
                        self.hear(to, packet)?;
                    }
                    Load::Bfd(datagram) => {
                        if keep {
                            self.souvenir = Some((to, datagram.clone()));
                        }
                        self.overhear(to, datagram)?;
                    }
                }
            }
            (_, Some((_, at))) => {
                if self.neighbours[at].deadline().is_some_and(|deadline| deadline <= self.now) {
                    self.meet(at, bfd::Input::Deadline)?;
                } else {
                    self.feed(at, Input::Deadline)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn hear(&mut self, host: usize, packet: Packet) -> Result<(), String> {
        if self.hosts[host].sockets.contains(&packet.socket) {
            self.feed(host, Input::Packet(packet))?;
        }
        Ok(())
    }

    pub fn feed(&mut self, host: usize, input: Input) -> Result<(), String> {
        let shown = match &input {
            Input::Packet(packet) => format!("packet from {} {}", packet.source, hex(&packet.bytes)),
            Input::Reload { model, .. } => format!("reload of {} instances", model.instances.len()),
            other => format!("{other:?}"),
        };
        self.say(format!("{} {shown}", self.hosts[host].name));
        self.act(host, |host, now| {
            let mut done = Vec::new();
            host.feed(now, input, &mut done)?;
            Ok(done)
        })
    }

    /// Lets something happen to a host, counts what it changed, and sends what it sends.
    fn act<F>(&mut self, host: usize, action: F) -> Result<(), String>
    where
        F: FnOnce(&mut Host, Time) -> Result<Vec<Effect>, String>,
    {
        let before = self.states(host);
        let now = self.now;
        let done = action(&mut self.hosts[host], now)?;
        for (name, state) in self.states(host) {
            let was = before.iter().find(|(known, _)| *known == name).map(|(_, state)| *state);
            if was == Some(state) {
                continue;
            }
            match state {
                State::Master => self.tally.masters += 1,
                State::Fault => self.tally.faults += 1,
                State::Initialize | State::Backup => {}
            }
            self.say(format!("    {} {name}: {was:?} -> {state:?}", self.hosts[host].name));
            *self.changes.entry((host, name)).or_default() += 1;
        }
        self.note(host, done);
        Ok(())
    }

    fn states(&self, host: usize) -> Vec<(String, State)> {
        let Some(router) = &self.hosts[host].router else { return Vec::new() };
        let all = self.hosts[host].model.instances.iter().enumerate();
        all.map(|(at, instance)| (instance.name.to_string(), router.state(InstanceId(at)))).collect()
    }

    /// Puts what was sent on its way.
    fn note(&mut self, host: usize, effects: Vec<Effect>) {
        for effect in &effects {
            let Effect::Send(sent) = effect else { continue };
            for (to, packet) in lan::deliveries(&self.hosts, host, sent) {
                self.carry(to, Load::Advert(packet));
            }
        }
    }

    /// It arrives: or not, or twice, or late.
    pub fn carry(&mut self, to: usize, packet: Load) {
        let latency = Interval::from_micros(20 + self.random.up_to(400));
        let bad = self.random.up_to(99) < self.loss;
        match self.random.up_to(3) {
            0 if bad => {
                let due = self.now + Interval::from_micros(self.random.up_to(3_000_000));
                self.flying.push(Flight { due, to, packet });
            }
            1 if bad => {
                let due = self.now + latency;
                self.flying.push(Flight { due, to, packet: packet.clone() });
                self.flying.push(Flight { due: due + latency, to, packet });
            }
            _ if bad => self.tally.lost += 1,
            _ => self.flying.push(Flight { due: self.now + latency, to, packet }),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
