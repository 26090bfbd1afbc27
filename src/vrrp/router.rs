//! all instances of this host: dispatch, one deadline.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::addresses::send_announcements;
use super::announce::Queues;
use super::aside::Aside;
use super::files::Files;
use super::host::Host;
use super::index::Index;
use super::instance::{Event, Outcome, Turn, VirtualRouter};
use super::items::Told;
use super::links::Links;
use super::processes::Processes;
use super::promote::Promotion;
use super::statics::Standing;
use super::sync_group::Group;
use super::tracking::Scripts;
use super::{Effect, Input, Packet, Release};
use crate::base::name::{BfdName, InstanceName};
use crate::base::net::Family;
use crate::base::time::{Interval, Time, WallTime};
use crate::model::event::NotifyState;
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::host::Placement;
use crate::model::route::{Item, Owner};
use crate::model::vrrp::{Instance, InstanceId, State, Statistics, Transport, VirtualAddress, Vrrp};
use crate::wire::advert::{Reject, glance};

/// The machine: every virtual router of this host.
///
/// Two routers of one generation are equal when they will do the same: what was only counted does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Router {
    pub(super) model: Aside<Arc<Vrrp>>,
    pub(super) generation: u64,
    pub(super) release: Release,
    phase: Phase,
    /// End of `vrrp_startup_delay` (VR-130).
    pub(super) startup: Option<Time>,
    pub(super) host: Host,
    pub(super) links: Links,
    pub(super) scripts: Scripts,
    pub(super) files: Files,
    pub(super) processes: Processes,
    /// BFD sessions that are up, tracked or not; what is not told of is down (VR-235).
    pub(super) bfd_up: BTreeSet<BfdName>,
    pub(super) instances: Vec<VirtualRouter>,
    pub(super) groups: Vec<Group>,
    pub(super) statics: Standing,
    pub(super) promotion: Promotion,
    pub(super) queues: Queues,
    pub(super) index: Aside<Index>,
    /// Whose deadline may have changed.
    pub(super) touched: Vec<InstanceId>,
    /// What the wall clock showed with the last input.
    wall: Aside<WallTime>,
    /// When a packet that is nobody's was last reported: once a second at most.
    stray: Aside<Option<Time>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Initialize,
    Running,
    Stopped,
}

/// The least time between two reports of packets that belong to no instance.
const STRAY_PAUSE: Interval = Interval::from_secs(1);

impl Router {
    pub fn new(model: Arc<Vrrp>, generation: u64, release: Release) -> Router {
        let instance = |(at, instance): (usize, &Arc<Instance>)| VirtualRouter::new(instance.clone(), InstanceId(at));
        Router {
            generation,
            release,
            phase: Phase::Initialize,
            startup: None,
            host: Host::default(),
            links: Links::default(),
            scripts: Scripts::new(&model),
            files: Files::new(&model),
            processes: Processes::new(&model),
            bfd_up: BTreeSet::new(),
            instances: model.instances.iter().enumerate().map(instance).collect(),
            groups: vec![Group { state: State::Initialize }; model.sync_groups.len()],
            statics: Standing::default(),
            promotion: Promotion::default(),
            queues: Queues::default(),
            index: Aside(Index::new(&model)),
            touched: Vec::new(),
            wall: Aside(WallTime::default()),
            stray: Aside(None),
            model: Aside(model),
        }
    }

    /// The model that positions in effects belong to.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn state(&self, instance: InstanceId) -> State {
        self.instances.get(instance.0).map_or(State::Initialize, |instance| instance.state)
    }

    /// The effective priority of an instance.
    pub fn priority(&self, instance: InstanceId) -> Option<crate::base::name::Priority> {
        Some(self.instances.get(instance.0)?.priority())
    }

    /// The addresses that it believes to be set, with the instance they belong to.
    pub fn holds(&self) -> impl Iterator<Item = (InstanceId, &Placement)> {
        let of = |instance: &VirtualRouter| instance.id;
        self.instances
            .iter()
            .flat_map(move |instance| instance.placed.iter().map(move |placed| (of(instance), &placed.placement)))
    }

    /// The routes, rules and static addresses that it believes to be set, with whose they are.
    pub fn holds_items(&self) -> impl Iterator<Item = (Owner, &Item)> {
        let of = |instance: &VirtualRouter| Owner::Instance(instance.id);
        let own =
            self.instances.iter().flat_map(move |instance| instance.items.iter().map(move |item| (of(instance), item)));
        own.chain(self.statics.items().map(|item| (Owner::Static, item)))
    }

    pub fn statistics(&self, instance: InstanceId) -> Option<&Statistics> {
        Some(&self.instances.get(instance.0)?.tally.statistics)
    }

    /// What every instance has counted, in the model's order.
    pub fn all_statistics(&self) -> Vec<(InstanceName, Statistics)> {
        let one = |instance: &VirtualRouter| (instance.model.name.clone(), instance.tally.statistics);
        self.instances.iter().map(one).collect()
    }

    /// All count from zero on (VR-290).
    pub fn clear_statistics(&mut self) {
        for instance in &mut self.instances {
            instance.tally.statistics = Statistics::default();
        }
    }

    /// When to hand in `Input::Deadline`; after that it is later or `None`, or more are due than are seen to in one go.
    pub fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Initialize | Phase::Stopped => None,
            Phase::Running => {
                let (processes, links) = (self.processes.deadline(), self.links.deadline());
                let all = [self.startup, self.index.first(), self.queues.deadline(), processes, links];
                all.into_iter().flatten().min()
            }
        }
    }

    /// Moves every deadline back by `by`: the same state at an earlier time.
    pub fn rebase(&mut self, by: Interval) {
        self.startup = self.startup.map(|until| until - by);
        self.stray.0 = self.stray.map(|at| at - by);
        self.queues.rebase(by);
        self.processes.rebase(by);
        self.links.rebase(by);
        for instance in &mut self.instances {
            instance.rebase(by);
            self.touched.push(instance.id);
        }
        self.reindex();
    }

    /// What the wall clock shows; told before `handle`, as signed adverts say when they were signed.
    pub fn set_wall_time(&mut self, wall: WallTime) {
        self.wall.0 = wall;
    }

    /// As `handle` with `Input::Packet`, of a packet that is only lent.
    pub fn hear(&mut self, now: Time, packet: &Packet, out: &mut Vec<Effect>) {
        if self.phase == Phase::Running {
            self.notice_stalls(now, out);
            self.packet(now, packet, out);
            self.reindex();
        }
    }

    /// Appends what must be done, in order; does nothing itself.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Effect>) {
        if self.phase == Phase::Running {
            self.notice_stalls(now, out);
        }
        match (self.phase, input) {
            (Phase::Initialize, Input::Start) => {
                self.phase = Phase::Running;
                self.start(now, out);
            }
            (Phase::Initialize, Input::Link(mut link)) => {
                self.links.told(link.index, link.up);
                self.links.at_first(self.is_polled(&link.name), &mut link);
                self.host.link_told(link);
            }
            (Phase::Initialize, Input::LinkGone(index)) => {
                self.links.gone(index);
                self.host.link_gone(index);
            }
            (Phase::Initialize, Input::LinkAnswered { interface, up }) => {
                self.links.answered(&interface, up);
                let link = self.host.index(&interface).and_then(|index| self.host.link(index)).cloned();
                if let Some(mut link) = link.filter(|_| self.is_polled(&interface)) {
                    self.links.at_first(true, &mut link);
                    self.host.link_told(link);
                }
            }
            (Phase::Initialize, Input::Address(address)) => {
                self.host.address_told(&address);
            }
            (Phase::Initialize, Input::AddressGone(address)) => {
                self.host.address_gone(&address);
            }
            // Nothing was started: the model to start with changes, what is known of the host stays.
            (Phase::Initialize, Input::Reload { model, generation }) => {
                let (host, mut files) = (std::mem::take(&mut self.host), std::mem::take(&mut self.files));
                let links = std::mem::take(&mut self.links);
                let (processes, wall) = (std::mem::take(&mut self.processes), std::mem::take(&mut self.wall));
                files.reload(&model);
                *self = Router { host, links, files, processes, wall, ..Router::new(model, generation, self.release) };
            }
            (Phase::Initialize, Input::File { path, number }) => {
                self.files.set(&path, number);
            }
            (Phase::Initialize, Input::Processes { pattern, count, .. }) => {
                self.processes.told(&pattern, count);
            }
            (Phase::Initialize, Input::Stop) => self.phase = Phase::Stopped,
            // No timer runs, no socket is open, no script was started, no address was given.
            (
                Phase::Initialize,
                Input::Deadline
                | Input::Packet(_)
                | Input::Script { .. }
                | Input::Bfd { .. }
                | Input::SocketRefused { .. }
                | Input::RouteGone(_)
                | Input::RuleGone(_)
                | Input::ItemRefused { .. }
                | Input::AddressRefused { .. },
            ) => {}

            // There is one start.
            (Phase::Running, Input::Start) => {}
            (Phase::Running, Input::Deadline) => self.deadline_came(now, out),
            (Phase::Running, Input::Packet(packet)) => self.packet(now, &packet, out),
            (Phase::Running, Input::Link(link)) => self.link(now, link, out),
            (Phase::Running, Input::LinkAnswered { interface, up }) => self.link_answered(now, &interface, up, out),
            (Phase::Running, Input::LinkGone(index)) => {
                self.links.gone(index);
                if let Some(name) = self.host.link_gone(index) {
                    self.links.forget_answer(&name);
                    self.link_lost(now, &name, index, out);
                }
            }
            (Phase::Running, Input::Address(address)) => self.address(now, &address, out),
            (Phase::Running, Input::AddressGone(address)) => self.address_gone(now, &address, out),
            (Phase::Running, Input::Script { name, outcome }) => {
                // A script of a configuration that is no more.
                let Some(standing) = self.scripts.get_mut(&name) else { return };
                let mut reports = Vec::new();
                let changed = standing.ended(&name, outcome, &mut reports);
                out.extend(reports.into_iter().map(Effect::Report));
                if changed {
                    self.refresh(now, &self.index.by_script(&name), out);
                }
            }
            (Phase::Running, Input::File { path, number }) => self.file(now, &path, number, out),
            (Phase::Running, Input::Processes { pattern, count, cause }) => {
                let model = self.model.0.clone();
                let changed = self.processes.counted(now, &model, &pattern, count, cause);
                self.processes_judged(now, changed, out);
            }
            (Phase::Running, Input::Bfd { session, up }) => self.bfd(now, &session, up, out),
            (Phase::Running, Input::SocketRefused { socket, error }) => {
                let users = self.index.users(&socket);
                self.index.closed(&socket);
                for id in &users {
                    self.instances[id.0].socket_refused = true;
                }
                out.push(Effect::Report(Report::SocketRefused { socket, error }));
                self.refresh(now, &users, out);
            }
            (Phase::Running, Input::AddressRefused { instance, address }) => {
                if let Some(instance) = self.instances.get_mut(instance.0) {
                    instance.placed.retain(|placed| placed.placement.address != address);
                }
            }
            (Phase::Running, Input::RouteGone(route)) => self.item_gone(now, Told::Route(&route), out),
            (Phase::Running, Input::RuleGone(rule)) => self.item_gone(now, Told::Rule(&rule), out),
            (Phase::Running, Input::ItemRefused { owner: Owner::Static, item }) => self.statics.refused(&item),
            (Phase::Running, Input::ItemRefused { owner: Owner::Instance(id), item }) => {
                if let Some(instance) = self.instances.get_mut(id.0) {
                    instance.items.retain(|set| *set != item);
                }
            }
            (Phase::Running, Input::Reload { model, generation }) => self.reload(now, model, generation, out),
            (Phase::Running, Input::Stop) => {
                self.stop(now, out);
                self.phase = Phase::Stopped;
            }
            // What was under way when we stopped.
            (
                Phase::Stopped,
                Input::Start
                | Input::Deadline
                | Input::Packet(_)
                | Input::Link(_)
                | Input::LinkGone(_)
                | Input::LinkAnswered { .. }
                | Input::Address(_)
                | Input::AddressGone(_)
                | Input::Script { .. }
                | Input::File { .. }
                | Input::Processes { .. }
                | Input::Bfd { .. }
                | Input::SocketRefused { .. }
                | Input::RouteGone(_)
                | Input::RuleGone(_)
                | Input::ItemRefused { .. }
                | Input::AddressRefused { .. }
                | Input::Reload { .. }
                | Input::Stop,
            ) => {}
        }
        self.reindex();
    }

    // ---- start and stop ----

    fn start(&mut self, now: Time, out: &mut Vec<Effect>) {
        let model = self.model.0.clone();
        self.host.set_virtual_addresses(&model);
        self.processes.settle(&model);
        let until = startup_end(now, &model);
        if until > now {
            self.startup = Some(until);
            out.push(Effect::Report(Report::StartupDelayed { delay: until.since(now) }));
        }
        for name in self.index.own_interfaces() {
            for family in [Family::V4, Family::V6] {
                if let Some(address) = self.host.source(&name, family) {
                    out.push(Effect::Report(Report::SourceAssigned { address, interface: name.clone() }));
                }
            }
        }
        let all: Vec<InstanceId> = (0..self.instances.len()).map(InstanceId).collect();
        self.clear_leftovers(now, &all, out);
        self.promotion.follow(&model, &self.host, out);
        self.statics.start(&model.statics, &self.host, out);
        self.begin(now, &all, out);
        for id in all {
            self.attach(id, out);
        }
    }

    /// Nothing of a predecessor stays (VR-128): rules, routes, addresses of each.
    pub(super) fn clear_leftovers(&mut self, now: Time, all: &[InstanceId], out: &mut Vec<Effect>) {
        let held = self.instances.iter().flat_map(|instance| &instance.items);
        let held: Vec<Item> = held.chain(self.statics.items()).cloned().collect();
        for id in all {
            self.with_turn(now, *id, out, |instance, turn| {
                instance.remove_leftover_items(&held, turn);
                instance.remove_leftovers(turn);
            });
        }
    }

    /// First steps of new instances: Backup or Fault. Groups are told first (IF-186).
    pub(super) fn begin(&mut self, now: Time, all: &[InstanceId], out: &mut Vec<Effect>) {
        for id in all {
            self.settle_source(*id);
            self.judge_again(now, *id, out);
            // VR-238: in a group of owners and others the owners wait like the others.
            let owners = self.companions(*id).iter().all(|member| self.instances[member.0].model.priority.is_owner());
            self.instances[id.0].owner_at_start = owners;
        }
        for group in 0..self.groups.len() {
            if self.groups[group].state != State::Initialize {
                continue;
            }
            let members = &self.model.sync_groups[group].members;
            let condition = |member: &InstanceId| &self.instances[member.0].condition;
            if members.iter().any(|member| condition(member).fault.is_some()) {
                self.set_group(group, State::Fault, out);
            } else if !members.iter().any(|member| condition(member).pending) {
                self.set_group(group, State::Backup, out);
            }
        }
        for id in all {
            self.follow_condition(now, *id, out);
        }
    }

    fn stop(&mut self, now: Time, out: &mut Vec<Effect>) {
        for at in 0..self.instances.len() {
            self.tell(now, InstanceId(at), Event::Stop, out);
        }
        self.statics.stop(out);
        self.promotion.stop(&self.host, out);
        for group in 0..self.groups.len() {
            self.notify_group(group, NotifyState::Stop, out);
        }
        for socket in self.index.close_all() {
            out.push(Effect::CloseSocket(socket));
        }
        self.startup = None;
        self.queues = Queues::default();
    }

    // ---- time ----

    fn deadline_came(&mut self, now: Time, out: &mut Vec<Effect>) {
        if self.startup.take_if(|until| *until <= now).is_some() {
            out.push(Effect::Report(Report::StartupDelayOver));
        }
        self.links_due(now, out);
        let model = self.model.0.clone();
        let changed = self.processes.due(now, &model);
        self.processes_judged(now, changed, out);
        // A better priority may have made a wait shorter: it is over now, not at a deadline that has gone by (VR-122).
        self.reindex();
        let due = self.index.due_first(now);
        for id in due.iter().copied() {
            self.with_turn(now, id, out, |instance, turn| instance.minor_timers(turn));
            let timers = &self.instances[id.0].timers;
            if timers.master_down.is_some_and(|at| at <= now) {
                self.with_turn(now, id, out, |instance, turn| instance.report(Fact::AdvertTimeout, turn));
                self.master_down(now, id, out);
            } else if timers.advert.is_some_and(|at| at <= now) {
                self.tell(now, id, Event::AdvertDue, out);
            }
        }
        for id in due {
            self.with_turn(now, id, out, |instance, turn| instance.announce_what_is_due(turn));
        }
        let mut announcements = Vec::new();
        self.queues.turn(now, &mut announcements);
        send_announcements(announcements, &self.host, out);
    }

    /// Takes the deadlines of those that were touched into the index.
    pub(super) fn reindex(&mut self) {
        for id in self.touched.drain(..) {
            if let Some(instance) = self.instances.get(id.0) {
                instance.check_invariants();
                self.index.set_deadline(id, instance.deadline());
            }
        }
    }

    // ---- packets ----

    fn packet(&mut self, now: Time, packet: &Packet, out: &mut Vec<Effect>) {
        // VR-64.
        if self.startup.is_some() {
            return;
        }
        let family = Family::of(packet.source);
        let vrid = match glance(family, &packet.bytes) {
            Ok(glance) => glance.vrid,
            Err(Reject::TooShort { length }) => {
                let report = Report::PacketTooShort { family, ah: packet.socket.ah, length };
                self.report_stray(now, report, out);
                return;
            }
            // `glance` looks at nothing but the length.
            Err(_) => return,
        };
        let Some(id) = self.addressee(packet, vrid) else {
            if self.model.log_unknown_vrids {
                let link = packet.socket.interface.and_then(|index| self.host.link(index));
                let interface = link.map(|link| link.name.clone());
                self.report_stray(now, Report::UnknownVrid { vrid, interface, from: packet.source }, out);
            }
            return;
        };
        let before = self.instances[id.0].state;
        let heard = self.with_turn(now, id, out, |instance, turn| instance.receive(packet, turn));
        if let Some(heard) = heard {
            let outcome = self.tell(now, id, Event::Heard(heard), out);
            self.after_advert(now, id, before, outcome, out);
        }
    }

    /// Whose packet it is (VR-66). Of several unicast instances with one VRID: the one that last heard from this
    /// source, else the one that has it as peer (VR-67).
    fn addressee(&self, packet: &Packet, vrid: u8) -> Option<InstanceId> {
        let candidates = self.index.listeners(&packet.socket, vrid);
        if let [(_, only)] = candidates {
            return Some(*only);
        }
        let candidates = candidates.iter().map(|(_, id)| id);
        let heard = |id: &&InstanceId| self.instances[id.0].master == Some(packet.source);
        let peer = |id: &&InstanceId| match &self.instances[id.0].model.transport {
            Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == packet.source),
            Transport::Multicast { .. } => false,
        };
        candidates.clone().find(heard).or_else(|| candidates.clone().find(peer)).copied()
    }

    fn report_stray(&mut self, now: Time, report: Report, out: &mut Vec<Effect>) {
        if self.stray.is_none_or(|last| now.since(last) >= STRAY_PAUSE) {
            self.stray.0 = Some(now);
            out.push(Effect::Report(report));
        }
    }

    // ---- instances ----

    pub(super) fn group_of(&self, id: InstanceId) -> Option<usize> {
        self.index.group_of(id)
    }

    pub(super) fn tell(&mut self, now: Time, id: InstanceId, event: Event, out: &mut Vec<Effect>) -> Outcome {
        self.with_turn(now, id, out, |instance, turn| instance.handle(event, turn))
    }

    pub(super) fn with_turn<R>(
        &mut self,
        now: Time,
        id: InstanceId,
        out: &mut Vec<Effect>,
        act: impl FnOnce(&mut VirtualRouter, &mut Turn<'_>) -> R,
    ) -> R {
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
        let mut turn = Turn {
            now,
            wall: self.wall.0,
            origin: self.startup.map_or(now, |until| until.max(now)),
            generation: self.generation,
            release: self.release,
            host: &self.host,
            garp_groups: &self.model.0.garp_groups,
            queues: &mut self.queues,
            out,
        };
        act(&mut self.instances[id.0], &mut turn)
    }
}

/// Until when nothing is said: the later of the two delays (VR-130). The clock counts from the machine's start.
fn startup_end(now: Time, model: &Vrrp) -> Time {
    (now + model.startup_delay).max(Time::ZERO + model.delay_after_boot)
}

/// An address as the kernel sees it: `no_track` is ours alone (VR-277).
pub(super) fn same_in_kernel(one: &VirtualAddress, other: &VirtualAddress) -> bool {
    *one == VirtualAddress { no_track: one.no_track, ..other.clone() }
}

#[cfg(test)]
mod tests;
