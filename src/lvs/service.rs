//! All virtual servers of this host: verdicts in; log lines, commands and notifications out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agenda::Agenda;
use super::gradual::Drain;
use super::look;
use super::marks;
use super::plan;
use super::stop::{own_daemon, start_daemons};
use super::wanted::Facts;
use super::{Effect, Input, Verdict};
use crate::base::net::Endpoint;
use crate::base::time::Time;
use crate::model::check::Check;
use crate::model::event::{Notification, lvs::Event};
use crate::model::ipvs::{Command, DaemonState, Destination, Marking, Present, ServiceKey};
use crate::model::lvs::{Lvs, RealServerId, Timeouts, VirtualServerId};

/// How often in a row the table is read again before we wait for the next verdict or reload: another program that
/// fights over the same services must not keep us busy.
const MOST_READS: u32 = 3;

/// The machine.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) facts: Facts,
    pub(super) generation: u64,
    /// What the kernel holds of ours, as far as we know.
    pub(super) held: plan::Table,
    phase: Phase,
    /// The kernel's timeouts before we changed them (LV-98).
    pub(super) original: Timeouts,
    /// Services with a refused command, tried again with the next verdict about them (LV-59).
    pub(super) refused: BTreeSet<ServiceKey>,
    /// The sync daemon that runs because it follows an instance (LV-101).
    pub(super) following: Option<DaemonState>,
    /// Servers that are starting slowly, and when the weight of each is next set.
    pub(super) rising: Agenda<(VirtualServerId, RealServerId)>,
    /// From when on their steps are counted: all grow at the same moments, in one batch a step.
    pub(super) beat: Time,
    /// Servers that have gone and are still in the table.
    pub(super) drains: BTreeMap<(ServiceKey, Endpoint), Drain>,
    /// When these leave it.
    pub(super) ends: Agenda<(ServiceKey, Endpoint)>,
    reads: u32,
    /// What the packet filter was told to mark.
    marking: Option<Marking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Initialize,
    Running,
    Stopped,
}

/// What one input leads to, before it is put in order.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub reports: Vec<Event>,
    /// Before what the plan says.
    pub commands: Vec<Command>,
    pub notifications: Vec<Notification>,
    pub services: BTreeSet<ServiceKey>,
    pub destinations: BTreeSet<(ServiceKey, Endpoint)>,
    pub(super) read: bool,
    /// The table was just looked at: what the plan changes is what others have changed.
    pub(super) looked: bool,
    /// What the packet filter is to mark may be another.
    pub(super) marks: bool,
}

impl Table {
    pub fn new(model: Arc<Lvs>, generation: u64) -> Table {
        Table {
            facts: Facts::new(model),
            generation,
            held: plan::Table::new(),
            phase: Phase::Initialize,
            original: Timeouts { tcp: 0, tcp_fin: 0, udp: 0 },
            refused: BTreeSet::new(),
            following: None,
            rising: Agenda::new(),
            beat: Time::ZERO,
            drains: BTreeMap::new(),
            ends: Agenda::new(),
            reads: 0,
            marking: None,
        }
    }

    /// The model that `Verdict::checker` is a position in.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Is this service of the kernel one of ours?
    pub fn is_ours(&self, key: &ServiceKey) -> bool {
        self.facts.is_ours(key)
    }

    /// The whole table as it should be, in file order.
    pub fn wanted(&self) -> Vec<Present> {
        let present = |key: ServiceKey| {
            let service = self.facts.service(&key)?.clone();
            Some(Present { service, destinations: self.destinations(&key) })
        };
        self.facts.keys().into_iter().filter_map(present).collect()
    }

    /// Appends what must be done, in order (see `Effect`); does nothing itself.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Effect>) {
        let mut turn = Turn::default();
        // A look shows what others changed: nothing else may change with it.
        if !matches!(input, Input::Look(_)) {
            self.facts.now = now;
            if self.phase == Phase::Running {
                self.pass(&mut turn);
            }
        }
        match (self.phase, input) {
            (Phase::Initialize, Input::Start { present, timeouts }) => {
                self.phase = Phase::Running;
                self.start(present, timeouts, &mut turn);
            }
            (Phase::Running, Input::Verdicts(verdicts)) => {
                self.reads = 0;
                for verdict in verdicts {
                    self.verdict(&verdict, &mut turn);
                }
            }
            (Phase::Running, Input::Reload { model, generation, known }) => {
                self.reads = 0;
                self.reload(model, generation, &known, &mut turn);
            }
            (Phase::Running, Input::Present(present)) => {
                self.hold(present);
                turn.services.extend(self.facts.keys());
            }
            (Phase::Running, Input::Look(present)) => {
                self.reads = 0;
                self.hold(present);
                self.look(&mut turn);
            }
            (Phase::Running, Input::Instance { name, master }) => self.follow(&name, master, &mut turn),
            // `pass` has done it.
            (Phase::Running, Input::Deadline) => {}
            // Answers to the stop were lost: what is still there goes now.
            (Phase::Stopped, Input::Present(present)) => {
                self.hold(present);
                turn.commands.extend(self.held.values().map(|held| Command::DeleteService(held.service.clone())));
            }
            (Phase::Running | Phase::Stopped, Input::Refused(refused)) => {
                for one in refused {
                    self.refused(one, &mut turn);
                }
            }
            (Phase::Running, Input::Stop) => {
                self.phase = Phase::Stopped;
                self.stop(&mut turn);
            }
            (Phase::Initialize, Input::Stop) => self.phase = Phase::Stopped,
            // Nothing was started yet: the model to start with changes.
            (Phase::Initialize, Input::Reload { model, generation, known }) => {
                *self = Table::new(model, generation);
                known.iter().for_each(|verdict| self.facts.assume(verdict));
            }
            (Phase::Initialize, Input::Verdicts(known)) => {
                known.iter().for_each(|verdict| self.facts.assume(verdict));
            }
            // Refusals and readings before the start cannot be: no command was given.
            (Phase::Initialize, Input::Refused(_) | Input::Present(_) | Input::Look(_) | Input::Deadline) => {}
            // It is told again when the task has begun.
            (Phase::Initialize, Input::Instance { .. }) => {}
            // There is one start.
            (Phase::Running, Input::Start { .. }) => {}
            // What was under way when we stopped.
            (
                Phase::Stopped,
                Input::Start { .. }
                | Input::Verdicts(_)
                | Input::Reload { .. }
                | Input::Look(_)
                | Input::Instance { .. }
                | Input::Deadline
                | Input::Stop,
            ) => {}
        }
        self.finish(turn, out);
        self.check_invariants();
    }

    /// Plans what was touched and puts the effects in order.
    fn finish(&mut self, mut turn: Turn, out: &mut Vec<Effect>) {
        let mut commands = std::mem::take(&mut turn.commands);
        if self.phase == Phase::Running {
            self.forget_drains(&turn);
            self.plan(&turn.services, &turn.destinations, &mut commands);
        }
        if turn.looked {
            look::report(&commands, &mut turn.reports);
        }
        for command in &commands {
            plan::apply(command, &mut self.held);
        }
        out.extend(turn.reports.into_iter().map(Effect::Report));
        let running = turn.marks && self.phase == Phase::Running;
        let marking = if running { marks::marking(&self.facts.model) } else { None };
        let other = turn.marks && marking != self.marking;
        // A packet is marked before its service comes, and as long as it is there.
        if other && marking.is_some() {
            out.push(Effect::Mark(marking.clone()));
        }
        if !commands.is_empty() {
            out.push(Effect::Commands(commands));
        }
        if other {
            if marking.is_none() {
                out.push(Effect::Mark(None));
            }
            self.marking = marking;
        }
        if turn.read && self.phase == Phase::Running && self.reads < MOST_READS {
            self.reads += 1;
            out.push(Effect::ReadTable);
        }
        out.extend(turn.notifications.into_iter().map(Effect::Notify));
    }

    /// Services that are no longer ours go first, then ours in file order.
    fn plan(
        &self,
        services: &BTreeSet<ServiceKey>,
        destinations: &BTreeSet<(ServiceKey, Endpoint)>,
        out: &mut Vec<Command>,
    ) {
        let mut keys: Vec<(usize, ServiceKey, Option<Endpoint>)> = Vec::new();
        for key in services {
            match (self.facts.is_ours(key), self.held.get(key)) {
                (true, _) => keys.push((self.facts.nth(key), *key, None)),
                (false, Some(held)) => out.push(Command::DeleteService(held.service.clone())),
                (false, None) => {}
            }
        }
        for (key, at) in destinations {
            match (services.contains(key), self.held.contains_key(key)) {
                (true, _) => {}
                (false, true) => keys.push((self.facts.nth(key), *key, Some(*at))),
                // The service itself is missing: it was refused before.
                (false, false) => keys.push((self.facts.nth(key), *key, None)),
            }
        }
        keys.sort_unstable();
        keys.dedup();
        // What goes, goes before what comes (LV-68: the real servers before the sorry server comes).
        for (_, key, at) in keys {
            let Some(service) = self.facts.service(&key) else { continue };
            match at {
                None => plan::service(service, &self.destinations(&key), self.held.get(&key), out),
                Some(at) => plan::destination(service, at, self.destination(&key, at), self.held.get(&key), out),
            }
        }
    }

    fn destinations(&self, key: &ServiceKey) -> Vec<Destination> {
        let mut all: Vec<Destination> =
            self.facts.places(key).into_iter().filter_map(|at| self.facts.destination(key, at)).collect();
        let drained = self.drains_of(key).filter(|(at, _)| self.facts.destination(key, *at).is_none());
        all.extend(drained.map(|(_, drain)| drain.destination));
        all
    }

    /// What should stand at a place of a service: a server, or what is left of one that is drained.
    fn destination(&self, key: &ServiceKey, at: Endpoint) -> Option<Destination> {
        self.facts.destination(key, at).or_else(|| self.drains.get(&(*key, at)).map(|drain| drain.destination))
    }

    /// LV-47 to LV-53, with the table read first: what a predecessor left is adopted, what differs is changed.
    fn start(&mut self, present: Vec<Present>, timeouts: Timeouts, turn: &mut Turn) {
        self.original = timeouts;
        turn.marks = true;
        let model = self.facts.model.clone();
        if let Some(configured) = model.timeouts {
            turn.commands.push(Command::SetTimeouts(self.effective_timeouts(configured)));
        }
        if let Some(daemon) = own_daemon(&model) {
            turn.commands
                .extend([Command::StopDaemon(DaemonState::Master, 0), Command::StopDaemon(DaemonState::Backup, 0)]);
            turn.commands.extend(start_daemons(daemon));
        }
        if model.flush {
            turn.commands.push(Command::Flush);
        } else {
            self.hold(present);
        }
        if !self.held.is_empty() {
            turn.reports.push(Event::Adopted {
                services: self.held.len(),
                destinations: self.held.values().map(|held| held.destinations.len()).sum(),
            });
        }
        for at in 0..model.virtual_servers.len() {
            self.enter(VirtualServerId(at), turn);
        }
        turn.services.extend(self.facts.keys());
    }

    /// Foreign services are none of our business.
    fn hold(&mut self, present: Vec<Present>) {
        self.held = plan::read(present);
        self.held.retain(|key, _| self.facts.is_ours(key));
    }

    /// A virtual server comes in: real servers that no checker holds back are alive, then quorum is looked at.
    pub(super) fn enter(&mut self, id: VirtualServerId, turn: &mut Turn) {
        for at in 0..self.facts.server(id).real_servers.len() {
            self.enter_real(id, RealServerId(at), turn);
        }
        self.evaluate(id, true, turn);
    }

    pub(super) fn enter_real(&mut self, id: VirtualServerId, real: RealServerId, turn: &mut Turn) {
        let alive = self.failed_checkers(id, real) == 0;
        self.facts.set_alive(id, real, alive);
        if alive && self.facts.model.rs_init_notifies {
            turn.notifications.push(self.notify_real(id, real, true, None));
        }
        if !alive && self.phase == Phase::Running {
            let held = |(key, at): (ServiceKey, Endpoint)| {
                self.held.get(&key).is_some_and(|held| held.destinations.contains_key(&at))
            };
            let adopted = self.facts.places_of(id, real).into_iter().any(held);
            self.facts.servers[id.0].reals[real.0].adopted = adopted;
        }
    }

    fn failed_checkers(&self, id: VirtualServerId, real: RealServerId) -> usize {
        let checkers = self.facts.server(id).real_servers[real.0].checkers;
        checkers.iter().filter(|checker| !self.facts.checkers[checker.0].up).count()
    }

    /// LV-55 to LV-62.
    fn verdict(&mut self, verdict: &Verdict, turn: &mut Turn) {
        let Some(state) = self.facts.checkers.get_mut(verdict.checker.0) else { return };
        let checker = self.facts.model.checkers[verdict.checker.0].clone();
        let (id, real) = (checker.virtual_server, checker.real_server);
        let (changed, first_run) = (state.up != verdict.up, !state.has_run);
        state.has_run = true;
        self.retry_refused(id, turn);
        self.weigh(verdict, id, real, turn);
        self.facts.checkers[verdict.checker.0].up = verdict.up;
        let alive = self.facts.servers[id.0].reals[real.0].alive;
        let becomes = verdict.up && self.failed_checkers(id, real) == 0;
        // One of which another checker has yet to speak keeps its connections until then.
        let decided = becomes || !verdict.up;
        if decided && std::mem::take(&mut self.facts.servers[id.0].reals[real.0].adopted) {
            self.touch(id, real, turn);
        }
        let server_changes = changed && becomes != alive;
        if server_changes {
            self.become_alive(id, real, becomes, turn);
        } else if !changed && first_run && (checker.alpha || !verdict.up) {
            turn.notifications.push(self.notify_real(id, real, true, None));
        }
        // LV-78: MISC_CHECK mails its first success, too.
        let found = changed || (first_run && matches!(checker.check, Check::Misc(_)));
        let mailed = found && (server_changes || !self.facts.model.no_checker_emails);
        if mailed && !verdict.mail.is_empty() && self.facts.server(id).real_servers[real.0].smtp_alert {
            turn.notifications.push(self.notify_real(id, real, false, Some(verdict.mail.clone())));
        }
    }

    /// LV-62. A failing checker's weight changes unseen: its real server goes anyway.
    fn weigh(&mut self, verdict: &Verdict, id: VirtualServerId, real: RealServerId, turn: &mut Turn) {
        if self.facts.checkers[verdict.checker.0].weight == verdict.weight {
            return;
        }
        let (from, to) = self.facts.set_added(verdict.checker, verdict.weight);
        if from == to {
            return;
        }
        self.touch(id, real, turn);
        if verdict.up {
            self.report_weight(id, real, from, to, turn);
            self.evaluate(id, false, turn);
        }
    }

    pub(super) fn report_weight(&self, id: VirtualServerId, real: RealServerId, from: u32, to: u32, turn: &mut Turn) {
        let server = self.facts.server(id);
        turn.reports.push(Event::WeightChanged {
            real_server: server.show_real(server.real_servers[real.0].endpoint),
            virtual_server: server.show(),
            from,
            to,
            active: self.facts.servers[id.0].reals[real.0].alive,
        });
    }

    /// A real server comes up or goes down (LV-57, LV-60).
    pub(super) fn become_alive(&mut self, id: VirtualServerId, real: RealServerId, alive: bool, turn: &mut Turn) {
        match alive {
            true => self.rise(id, real),
            false => {
                self.drain(id, real);
                self.risen(id, real);
            }
        }
        self.facts.set_alive(id, real, alive);
        let server = self.facts.server(id);
        let configured = &server.real_servers[real.0];
        let (real_server, virtual_server) = (server.show_real(configured.endpoint), server.show());
        let inhibit = configured.inhibit_on_failure;
        turn.reports.push(match alive {
            true => Event::RealServerUp { real_server, virtual_server, inhibit },
            false => Event::RealServerDown { real_server, virtual_server, inhibit },
        });
        turn.notifications.push(self.notify_real(id, real, true, None));
        self.touch(id, real, turn);
        self.evaluate(id, false, turn);
    }

    pub(super) fn touch(&self, id: VirtualServerId, real: RealServerId, turn: &mut Turn) {
        turn.destinations.extend(self.facts.places_of(id, real));
    }

    pub(super) fn notify_real(
        &self,
        id: VirtualServerId,
        real: RealServerId,
        scripts: bool,
        mail: Option<String>,
    ) -> Notification {
        Notification::RealServer {
            generation: self.generation,
            virtual_server: id,
            real_server: real,
            endpoint: self.facts.server(id).real_servers[real.0].endpoint,
            up: self.facts.servers[id.0].reals[real.0].alive,
            scripts,
            mail,
        }
    }

    pub(super) fn notify_server(&self, id: VirtualServerId, up: bool, mail: String) -> Notification {
        Notification::VirtualServer {
            generation: self.generation,
            virtual_server: id,
            up,
            mail: self.facts.server(id).smtp_alert.then_some(mail),
        }
    }

    /// What is not configured stays as it was (LV-98).
    pub(super) fn effective_timeouts(&self, configured: Timeouts) -> Timeouts {
        let or = |value, original| if value == 0 { original } else { value };
        Timeouts {
            tcp: or(configured.tcp, self.original.tcp),
            tcp_fin: or(configured.tcp_fin, self.original.tcp_fin),
            udp: or(configured.udp, self.original.udp),
        }
    }

    fn check_invariants(&self) {
        if cfg!(debug_assertions) && self.phase == Phase::Running {
            for (server, state) in self.facts.model.virtual_servers.iter().zip(&self.facts.servers) {
                debug_assert_eq!(
                    state.sorry_in,
                    server.sorry_server.is_some() && !state.quorum_up,
                    "the sorry server of {} stands in exactly while there is no quorum",
                    server.show()
                );
            }
            for id in (0..self.facts.servers.len()).map(VirtualServerId) {
                debug_assert_eq!(self.facts.sum(id), self.facts.counted_sum(id), "the sum of weights alive");
                for real in (0..self.facts.servers[id.0].reals.len()).map(RealServerId) {
                    debug_assert_eq!(
                        self.facts.servers[id.0].reals[real.0].alive,
                        self.failed_checkers(id, real) == 0,
                        "a real server is alive exactly when no checker of it has failed"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
