//! one virtual router: input -> effects.
//!
//! ```text
//!                    ready                 master_down
//!   Initialize ───────────────▶ Backup ───────────────────▶ Master
//!        │                       ▲  │ ◀───────────────────── │
//!        │ fault          ready  │  │ fault   better master,  │ fault
//!        └──────────────▶ Fault ─┘◀─┴──────── address taken ──┘
//! ```
//! RFC 9568 section 6.4 and keepalived's Fault: an instance that cannot take part.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::announce::{Queues, Schedule, after};
use super::aside::Aside;
use super::election::{AsBackup, AsMaster, as_backup, as_master};
use super::host::Host;
use super::sequence::Sequence;
use super::signing::Signing;
use super::timer::{master_down_interval, skew_time};
use super::told::Told;
use super::tracking::Condition;
use super::{Effect, Release};
use crate::base::name::{Priority, Version};
use crate::base::time::{Interval, Time, WallTime};
use crate::model::device::Barred;
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::event::{Notification, NotifyState};
use crate::model::host::Placement;
use crate::model::route::Item;
use crate::model::vrrp::{GarpGroup, Instance, InstanceId, SocketKey, State, Statistics};

/// How soon an address owner takes over at the start (VR-127).
const AT_ONCE: Interval = Interval::from_micros(1);

/// What may happen to one virtual router.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// No fault, nothing to wait for, and its sync group is ready too.
    Ready,
    /// A fault of its own or of its sync group.
    Fault {
        /// Adverts of priority 0 that a Master sends: two for its own fault, one for that of another member (VR-152).
        releases: u8,
        /// Nothing is wrong yet, a first result is awaited: not told to anyone (VR-132).
        silent: bool,
    },
    /// Master_Down_Timer fired and the sync group, if any, agrees.
    MasterDown,
    /// Adver_Timer fired.
    AdvertDue,
    /// An advert passed all checks.
    Heard(Heard),
    /// Another program removed one of its addresses, or one of another member's (VR-159).
    AddressTaken,
    /// Another member of the sync group heard a better Master (VR-242).
    StepDown,
    /// A reload has it no more (VR-280).
    Delete,
    Stop,
}

/// What an accepted advert says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    pub source: IpAddr,
    pub priority: Priority,
    pub interval: Interval,
    /// AH only.
    pub sequence: Option<u32>,
}

/// What the sync group must know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Nothing,
    /// A Master heard a lower-priority advert: the other members announce their addresses too (VR-146).
    LowerPriority,
}

/// What a virtual router is handed with each event.
pub struct Turn<'a> {
    pub now: Time,
    /// Only signatures ask for it.
    pub wall: WallTime,
    /// Where waiting begins: now, or the end of `vrrp_startup_delay` (VR-130).
    pub origin: Time,
    pub generation: u64,
    pub release: Release,
    pub host: &'a Host,
    pub garp_groups: &'a [GarpGroup],
    pub queues: &'a mut Queues,
    pub out: &'a mut Vec<Effect>,
}

/// `preempt_delay` (VR-138).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PreemptDelay {
    /// No lower-priority advert came since we became Backup.
    #[default]
    Idle,
    Running(Time),
    Over,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timers {
    /// Adver_Timer: only in Master.
    pub advert: Option<Time>,
    /// Master_Down_Timer: only in Backup.
    pub master_down: Option<Time>,
    /// After a stall: silent until `advert`, Master still unless another one is heard. Only in Master.
    pub listening: bool,
    /// The other address owner had until now to give way (VR-150): only in Master.
    pub rivalry: Option<Time>,
    pub schedule: Schedule,
}

/// An address that we have set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Placed {
    pub placement: Placement,
    /// The kernel has told of it since.
    pub confirmed: bool,
}

/// What is only counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub statistics: Statistics,
    /// Of the last IPv4 datagram (VR-25).
    pub identification: u16,
}

/// One virtual router.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VirtualRouter {
    pub model: Aside<Arc<Instance>>,
    pub id: InstanceId,
    pub state: State,
    /// In Fault only to wait for a first result (VR-132).
    pub silent: bool,
    /// Its down timer ended, but its sync group does not agree yet (VR-239).
    pub wants_master: bool,
    /// Address owner at the start: takes over at once (VR-127).
    pub owner_at_start: bool,
    pub condition: Condition,
    /// An owner that gives way to another owner (VR-150).
    pub yielded: bool,
    pub source: Option<IpAddr>,
    pub socket: Option<SocketKey>,
    pub socket_refused: bool,
    /// Who the Master is, as far as we heard in Backup.
    pub master: Option<IpAddr>,
    /// Master_Adver_Interval (VR-117).
    pub master_interval: Interval,
    pub timers: Timers,
    pub preempt_delay: PreemptDelay,
    pub placed: Vec<Placed>,
    /// What packets are dropped from and to for it.
    pub barred: Vec<Barred>,
    /// Peers that were seen to use the old checksum (VR-22).
    pub old_checksums: BTreeSet<IpAddr>,
    /// Routes, then rules, that we have set.
    pub items: Vec<Item>,
    pub sequence: Sequence,
    pub signing: Signing,
    pub tally: Aside<Tally>,
    pub told: Aside<Told>,
}

impl VirtualRouter {
    pub fn new(model: Arc<Instance>, id: InstanceId) -> VirtualRouter {
        VirtualRouter {
            id,
            state: State::Initialize,
            silent: false,
            wants_master: false,
            owner_at_start: false,
            condition: Condition { priority: model.priority, fault: None, pending: false },
            yielded: false,
            source: None,
            socket: None,
            socket_refused: false,
            master: None,
            master_interval: model.advert_interval,
            timers: Timers::default(),
            preempt_delay: PreemptDelay::Idle,
            placed: Vec::new(),
            barred: Vec::new(),
            old_checksums: BTreeSet::new(),
            items: Vec::new(),
            sequence: Sequence::default(),
            signing: Signing::default(),
            tally: Aside::default(),
            told: Aside::default(),
            model: Aside(model),
        }
    }

    /// What adverts say and elections count with (VR-11, VR-150).
    pub fn priority(&self) -> Priority {
        if self.yielded { Priority(254) } else { self.condition.priority }
    }

    /// Of the timers that run in its state (`check_invariants`): a Backup is asked with every advert.
    pub fn deadline(&self) -> Option<Time> {
        let timers = &self.timers;
        match self.state {
            State::Initialize | State::Fault => None,
            State::Backup => match self.preempt_delay {
                PreemptDelay::Running(until) => timers.master_down.into_iter().chain([until]).min(),
                PreemptDelay::Idle | PreemptDelay::Over => timers.master_down,
            },
            State::Master => [timers.advert, timers.rivalry, timers.schedule.deadline()].into_iter().flatten().min(),
        }
    }

    pub fn rebase(&mut self, by: Interval) {
        let timers = &mut self.timers;
        for timer in [&mut timers.advert, &mut timers.master_down, &mut timers.rivalry] {
            *timer = timer.map(|at| at - by);
        }
        timers.schedule.rebase(by);
        if let PreemptDelay::Running(until) = &mut self.preempt_delay {
            *until = *until - by;
        }
    }

    /// Master_Down_Interval as things are (VR-116).
    pub fn master_down_interval(&self) -> Interval {
        let model = &self.model;
        master_down_interval(model.version, self.priority(), self.master_interval, model.down_timer_adverts)
    }

    fn skew_time(&self) -> Interval {
        skew_time(self.model.version, self.priority(), self.master_interval)
    }

    /// Appends what must be done, in order.
    ///
    /// Becoming Master: advert first, so that an old Master drops its addresses before ours are announced; then the
    /// addresses, gratuitous ARP, notification. Leaving: priority 0 where one is due, addresses, notification (VR-142,
    /// VR-151).
    pub fn handle(&mut self, event: Event, turn: &mut Turn<'_>) -> Outcome {
        let mut outcome = Outcome::Nothing;
        match (self.state, event) {
            (State::Initialize, Event::Ready) => {
                let wait = if self.owner_at_start { AT_ONCE } else { self.master_down_interval() };
                self.enter_backup(true, wait, turn);
                self.announce_source(turn);
            }
            (State::Initialize, Event::Fault { silent, .. }) => self.enter_fault(true, silent, turn),
            // Timers of an instance that has not begun are off; nothing is heard, no address is set.
            (
                State::Initialize,
                Event::MasterDown | Event::AdvertDue | Event::Heard(_) | Event::AddressTaken | Event::StepDown,
            ) => {}

            // It is what it should be.
            (State::Backup, Event::Ready) => {}
            (State::Backup, Event::Fault { silent, .. }) => {
                self.leave_backup();
                self.enter_fault(false, silent, turn);
            }
            (State::Backup, Event::MasterDown) => {
                self.leave_backup();
                self.enter_master(turn);
            }
            (State::Backup, Event::Heard(heard)) => self.backup_hears(heard, turn),
            // The group steps back: so does a wish.
            (State::Backup, Event::StepDown) => self.wants_master = false,
            // No advert timer runs in Backup, and no address is set.
            (State::Backup, Event::AdvertDue | Event::AddressTaken) => {}

            // Nothing was wrong.
            (State::Master, Event::Ready) => {}
            (State::Master, Event::Fault { releases, silent }) => {
                self.report_entering(State::Fault, false, turn);
                self.leave_master(releases, turn);
                self.settle_in_fault(silent, turn);
            }
            // It is Master already; no down timer runs.
            (State::Master, Event::MasterDown) => {}
            (State::Master, Event::AdvertDue) if self.timers.listening => self.stop_listening(turn),
            (State::Master, Event::AdvertDue) => self.advertise_on_time(turn),
            (State::Master, Event::Heard(heard)) if self.timers.listening => self.hears_after_stall(heard, turn),
            (State::Master, Event::Heard(heard)) => outcome = self.master_hears(heard, turn),
            (State::Master, Event::AddressTaken) => {
                self.report_entering(State::Backup, false, turn);
                self.leave_master(1, turn);
                let wait = self.skew_time();
                self.settle_in_backup(wait, turn);
            }
            (State::Master, Event::StepDown) => self.yield_master(turn),

            (State::Fault, Event::Ready) => {
                // The owner too waits in full after a fault (VR-155).
                self.master_interval = self.model.advert_interval;
                self.enter_backup(false, self.master_down_interval(), turn);
                self.announce_source(turn);
            }
            // What was awaited is a fault: now it is told.
            (State::Fault, Event::Fault { silent: false, .. }) if self.silent => self.enter_fault(true, false, turn),
            // One more fault changes nothing (VR-244).
            (State::Fault, Event::Fault { .. }) => {}
            // Timers are off (VR-123), adverts are ignored (VR-68), no address is set.
            (
                State::Fault,
                Event::MasterDown | Event::AdvertDue | Event::Heard(_) | Event::AddressTaken | Event::StepDown,
            ) => {}

            (State::Master, Event::Delete) => {
                self.leave_master(1, turn);
                self.delete(turn);
            }
            (State::Backup, Event::Delete) => {
                self.leave_backup();
                self.delete(turn);
            }
            (State::Initialize | State::Fault, Event::Delete) => self.delete(turn),
            (State::Master, Event::Stop) => {
                if turn.release.vrrp {
                    self.leave_master(1, turn);
                }
                self.stop(turn);
            }
            (State::Backup, Event::Stop) => {
                self.leave_backup();
                self.stop(turn);
            }
            (State::Initialize | State::Fault, Event::Stop) => self.stop(turn),
        }
        self.check_invariants();
        outcome
    }

    /// Timers that change no state: preempt delay, a rival owner's time.
    pub fn minor_timers(&mut self, turn: &mut Turn<'_>) {
        if let PreemptDelay::Running(until) = self.preempt_delay
            && until <= turn.now
        {
            self.preempt_delay = PreemptDelay::Over;
        }
        if self.timers.rivalry.take_if(|until| *until <= turn.now).is_some() {
            self.report(Fact::RogueOwnerGone, turn);
        }
    }

    /// The announcements that are due. They come after all adverts: many addresses are many frames.
    pub fn announce_what_is_due(&mut self, turn: &mut Turn<'_>) {
        let model = self.model.0.clone();
        if let Some(rounds) = self.timers.schedule.due(turn.now, &model.announce) {
            self.announce_addresses(rounds, turn);
        }
        if self.timers.schedule.extra_due(turn.now, &model.announce) && !self.announce_extra(turn) {
            self.timers.schedule.extra = None;
        }
    }

    /// The effective priority is another one. A running down timer moves with it (VR-122).
    pub fn set_priority(&mut self, priority: Priority, turn: &mut Turn<'_>) {
        let (old, before) = (self.priority(), self.master_down_interval());
        self.condition.priority = priority;
        if self.priority() == old {
            return;
        }
        self.report(Fact::PriorityChanged { from: old, to: self.priority() }, turn);
        self.move_master_down(before);
        if self.model.notify_priority_changes {
            let state = match self.state {
                State::Master => NotifyState::MasterPriority,
                State::Initialize | State::Backup | State::Fault => NotifyState::BackupPriority,
            };
            self.notify(state, turn);
        }
    }

    /// The effective priority is another one, which is neither told nor logged here: a tracked file that leaves Fault
    /// sets it outright (VR-227).
    pub fn settle_priority(&mut self, priority: Priority) {
        let before = self.master_down_interval();
        self.condition.priority = priority;
        self.move_master_down(before);
    }

    /// The down timer of `before` becomes that of now, as much later or sooner.
    fn move_master_down(&mut self, before: Interval) {
        let after = self.master_down_interval();
        self.timers.master_down = self.timers.master_down.map(|at| (at + after) - before);
    }

    // ---- Backup ----

    fn enter_backup(&mut self, initial: bool, wait: Interval, turn: &mut Turn<'_>) {
        self.report_entering(State::Backup, initial && !self.silent, turn);
        self.settle_in_backup(wait, turn);
    }

    fn settle_in_backup(&mut self, wait: Interval, turn: &mut Turn<'_>) {
        self.state = State::Backup;
        self.silent = false;
        self.wants_master = false;
        self.owner_at_start = false;
        self.preempt_delay = PreemptDelay::Idle;
        self.timers.master_down = Some(turn.origin + wait);
        self.notify(NotifyState::Backup, turn);
    }

    fn leave_backup(&mut self) {
        self.timers.master_down = None;
        self.preempt_delay = PreemptDelay::Idle;
        self.wants_master = false;
    }

    fn backup_hears(&mut self, heard: Heard, turn: &mut Turn<'_>) {
        if heard.priority != Priority::RELEASE {
            self.note_master(heard.source, turn);
            if self.yielded && !heard.priority.is_owner() {
                self.restore_priority(turn);
            }
        }
        let delaying = !self.model.preempt_delay.is_zero() && self.preempt_delay != PreemptDelay::Over;
        match as_backup(self.priority(), heard.priority, self.model.preempt, delaying) {
            AsBackup::Released => {
                self.report(Fact::BackupReceivedPriorityZero, turn);
                self.timers.master_down = Some(turn.now + self.skew_time());
            }
            AsBackup::Accepted => {
                self.wants_master = false;
                self.learn_interval(heard.interval, turn);
                self.timers.master_down = Some(turn.now + self.master_down_interval());
                self.pace_preemption(heard.priority, turn);
            }
            AsBackup::Discarded => {
                self.report(Fact::LowerPriorityDiscarded { from: heard.source, theirs: heard.priority }, turn);
            }
        }
    }

    /// VR-138: a lower-priority advert starts the delay, one that is not lower ends it.
    fn pace_preemption(&mut self, theirs: Priority, turn: &mut Turn<'_>) {
        let delay = self.model.preempt_delay;
        if delay.is_zero() || !self.model.preempt {
            return;
        }
        match (theirs < self.priority(), self.preempt_delay) {
            (true, PreemptDelay::Idle) => {
                self.report(Fact::PreemptDelayStarted { delay }, turn);
                self.preempt_delay = PreemptDelay::Running(turn.now + delay);
            }
            (false, PreemptDelay::Running(_)) => {
                self.report(Fact::PreemptDelayStopped, turn);
                self.preempt_delay = PreemptDelay::Idle;
            }
            (false, PreemptDelay::Over) => self.preempt_delay = PreemptDelay::Idle,
            (true, PreemptDelay::Running(_) | PreemptDelay::Over) | (false, PreemptDelay::Idle) => {}
        }
    }

    fn note_master(&mut self, source: IpAddr, turn: &mut Turn<'_>) {
        if self.master == Some(source) {
            return;
        }
        self.told.forget_for_master(turn.now);
        match self.master.replace(source) {
            Some(from) => {
                self.report(Fact::MasterChanged { from, to: source }, turn);
                if self.yielded {
                    self.restore_priority(turn);
                }
            }
            None => self.report(Fact::MasterSet { master: source }, turn),
        }
    }

    /// VR-117. An interval of zero says nothing: ours is taken.
    fn learn_interval(&mut self, interval: Interval, turn: &mut Turn<'_>) {
        let interval = match self.model.version {
            Version::V2 => self.model.advert_interval,
            Version::V3 if interval.is_zero() => self.model.advert_interval,
            Version::V3 => interval,
        };
        let from = std::mem::replace(&mut self.master_interval, interval);
        if from != interval {
            self.report(Fact::IntervalLearned { from, to: interval }, turn);
        }
    }

    fn restore_priority(&mut self, turn: &mut Turn<'_>) {
        let before = self.master_down_interval();
        self.yielded = false;
        self.report(Fact::PriorityRestored { priority: self.priority() }, turn);
        self.move_master_down(before);
    }

    // ---- Master ----

    fn enter_master(&mut self, turn: &mut Turn<'_>) {
        let previous = self.state;
        self.state = State::Master;
        self.told.forget();
        self.master = None;
        self.sequence.become_master();
        if self.yielded {
            self.restore_priority(turn);
        }
        let own = self.model.advert_interval;
        let learned = std::mem::replace(&mut self.master_interval, own);
        if learned != own {
            self.report(Fact::IntervalReset { from: learned, to: own }, turn);
        }
        self.advertise(self.priority(), turn);
        self.timers.advert = Some(turn.now + own);
        let entering = Fact::Entering { state: State::Master, previous, initial: false, priority: self.priority() };
        self.report(entering, turn);
        self.tally.statistics.became_master += 1;
        self.add_addresses(self.wanted(turn.host), turn);
        self.add_items(self.wanted_items(turn.host), turn);
        let settings = self.model.announce;
        self.announce_addresses(settings.master_repeat, turn);
        self.timers.schedule.begin(turn.now, &settings);
        self.notify(NotifyState::Master, turn);
    }

    /// Sends `releases` adverts of priority 0 and removes the addresses; the next state is the caller's.
    fn leave_master(&mut self, releases: u8, turn: &mut Turn<'_>) {
        for nth in 0..releases {
            self.advertise(Priority::RELEASE, turn);
            // VR-153: the second of two is not counted.
            if nth == 0 {
                self.tally.statistics.priority_zero_sent += 1;
                self.report(Fact::SentPriorityZero, turn);
            }
        }
        self.told.forget();
        self.timers.advert = None;
        self.timers.listening = false;
        self.timers.rivalry = None;
        self.timers.schedule = Schedule::default();
        turn.queues.cancel(self.id);
        self.remove_items(turn);
        self.remove_addresses(turn);
    }

    /// A better Master spoke, here or to another member: no priority 0 (VR-148, VR-242).
    fn yield_master(&mut self, turn: &mut Turn<'_>) {
        self.report_entering(State::Backup, false, turn);
        self.leave_master(0, turn);
        let wait = self.master_down_interval();
        self.settle_in_backup(wait, turn);
    }

    fn advertise(&mut self, priority: Priority, turn: &mut Turn<'_>) {
        let transmissions = self.advert(priority, turn.wall);
        if !transmissions.is_empty() {
            self.tally.statistics.adverts_sent += 1;
        }
        turn.out.extend(transmissions.into_iter().map(Effect::Send));
    }

    /// From when the advert was due to when the next is: no drift, and nothing is caught up.
    fn advertise_on_time(&mut self, turn: &mut Turn<'_>) {
        self.advertise(self.priority(), turn);
        let interval = self.model.advert_interval;
        let next = self.timers.advert.unwrap_or(turn.now) + interval;
        self.timers.advert = Some(if next > turn.now { next } else { turn.now + interval });
    }

    /// One advert out of turn; the next one is a whole interval later (VR-147).
    pub fn advertise_now(&mut self, turn: &mut Turn<'_>) {
        self.advertise(self.priority(), turn);
        self.timers.advert = Some(turn.now + self.model.advert_interval);
    }

    fn master_hears(&mut self, heard: Heard, turn: &mut Turn<'_>) -> Outcome {
        let ours = self.priority();
        match as_master(ours, self.source, heard.priority, heard.source) {
            AsMaster::Released => {
                self.report(Fact::MasterReceivedPriorityZero, turn);
                self.advertise_now(turn);
            }
            AsMaster::Lower => {
                self.answer_lower(heard, turn);
                return Outcome::LowerPriority;
            }
            AsMaster::Higher => {
                self.report(Fact::HigherPriority { from: heard.source, theirs: heard.priority, ours }, turn);
                self.give_way(heard, turn);
            }
            AsMaster::HigherAddress => {
                self.report(Fact::HigherAddress { from: heard.source, priority: ours }, turn);
                self.give_way(heard, turn);
            }
            AsMaster::OurAddress => self.report(Fact::OurAddress, turn),
            AsMaster::OwnerAbove => {
                self.report(Fact::OwnerConflict { with: heard.source }, turn);
                self.give_way(heard, turn);
            }
            AsMaster::OwnerBelow if self.timers.rivalry.is_some() => {
                self.report(Fact::OwnerYields { to: heard.source }, turn);
                self.yielded = true;
                self.give_way(heard, turn);
            }
            AsMaster::OwnerBelow => {
                self.report(Fact::OwnerConflict { with: heard.source }, turn);
                self.advertise(ours, turn);
                self.advertise_now(turn);
                let longer = self.model.advert_interval.max(heard.interval);
                self.timers.rivalry = Some(turn.now + Interval::from_micros(longer.as_micros() * 6 / 5));
            }
        }
        Outcome::Nothing
    }

    /// VR-146.
    fn answer_lower(&mut self, heard: Heard, turn: &mut Turn<'_>) {
        let forcing = !self.model.lower_prio_no_advert;
        let (theirs, ours) = (heard.priority, self.priority());
        self.report(Fact::LowerPriority { from: heard.source, theirs, ours, forcing }, turn);
        if let Some(number) = heard.sequence {
            self.sequence.overtake(number);
        }
        if forcing {
            self.advertise_now(turn);
        }
        self.announce_again(turn);
        self.notify(NotifyState::MasterRxLowerPri, turn);
    }

    /// Our addresses are shown again to those who may have heard another router (VR-174).
    pub fn announce_again(&mut self, turn: &mut Turn<'_>) {
        let settings = self.model.announce;
        if self.state != State::Master || self.timers.listening || settings.lower_prio_repeat == 0 {
            return;
        }
        self.announce_addresses(settings.lower_prio_repeat, turn);
        self.timers.schedule.lower_priority = after(turn.now, settings.lower_prio_delay);
    }

    /// VR-148.
    fn give_way(&mut self, heard: Heard, turn: &mut Turn<'_>) {
        self.learn_interval(heard.interval, turn);
        if self.model.higher_prio_send_advert {
            self.advertise(self.priority(), turn);
        }
        self.yield_master(turn);
        self.master = Some(heard.source);
    }

    /// As `give_way`, without a word.
    pub(super) fn yield_to(&mut self, heard: Heard, turn: &mut Turn<'_>) {
        self.learn_interval(heard.interval, turn);
        self.yield_master(turn);
        self.master = Some(heard.source);
    }

    // ---- Fault and the end ----

    fn enter_fault(&mut self, initial: bool, silent: bool, turn: &mut Turn<'_>) {
        if !silent {
            if let Some(cause) = self.condition.fault.clone().filter(|_| initial) {
                self.report(Fact::Fault(cause), turn);
            }
            self.report_entering(State::Fault, initial && !self.silent, turn);
        }
        self.settle_in_fault(silent, turn);
    }

    fn settle_in_fault(&mut self, silent: bool, turn: &mut Turn<'_>) {
        self.state = State::Fault;
        self.silent = silent;
        self.owner_at_start = false;
        self.master = None;
        if !silent {
            self.notify(NotifyState::Fault, turn);
        }
    }

    /// IF-188: told as Deleted where that is wanted, else as Fault, unless it was in Fault already.
    fn delete(&mut self, turn: &mut Turn<'_>) {
        let faulty = self.state == State::Fault && !self.silent;
        self.state = State::Initialize;
        self.silent = false;
        if self.model.notify_deleted {
            self.notify(NotifyState::Deleted, turn);
        } else if !faulty {
            self.notify(NotifyState::Fault, turn);
        }
    }

    fn stop(&mut self, turn: &mut Turn<'_>) {
        self.state = State::Initialize;
        self.silent = false;
        self.timers = Timers::default();
        turn.queues.cancel(self.id);
        self.placed.clear();
        self.items.clear();
        self.notify(NotifyState::Stop, turn);
    }

    // ---- telling ----

    pub fn report(&self, fact: Fact, turn: &mut Turn<'_>) {
        turn.out.push(Effect::Report(Report::Instance { name: self.model.name.clone(), fact }));
    }

    fn report_entering(&mut self, state: State, initial: bool, turn: &mut Turn<'_>) {
        // VR-289: a stop, which enters nothing, is no release.
        if self.state == State::Master {
            self.tally.statistics.released_master += 1;
        }
        let entering = Fact::Entering { state, previous: self.state, initial, priority: self.priority() };
        self.report(entering, turn);
    }

    pub fn notify(&self, state: NotifyState, turn: &mut Turn<'_>) {
        turn.out.push(Effect::Notify(Notification::Instance {
            generation: turn.generation,
            instance: self.id,
            name: self.model.name.clone(),
            state,
            priority: self.priority(),
        }));
    }

    /// What must hold after every input.
    pub fn check_invariants(&self) {
        let master = self.state == State::Master;
        debug_assert_eq!(self.timers.advert.is_some(), master, "only a Master advertises: {self:?}");
        debug_assert_eq!(
            self.timers.master_down.is_some(),
            self.state == State::Backup,
            "only a Backup waits for a Master: {self:?}"
        );
        debug_assert!(master || self.placed.is_empty(), "only a Master holds addresses: {self:?}");
        debug_assert!(master || self.items.is_empty(), "only a Master holds routes and rules: {self:?}");
        debug_assert!(master || self.timers.schedule == Schedule::default(), "only a Master announces: {self:?}");
        debug_assert!(
            self.state == State::Backup || self.preempt_delay == PreemptDelay::Idle,
            "only a Backup delays: {self:?}"
        );
        debug_assert!(master || self.timers.rivalry.is_none(), "only a Master has a rival: {self:?}");
        debug_assert!(master || !self.timers.listening, "only a Master is silent after a stall: {self:?}");
        debug_assert!(!self.wants_master || self.state == State::Backup, "only a Backup wishes: {self:?}");
        debug_assert!(!self.silent || self.state == State::Fault, "only Fault is silent: {self:?}");
        debug_assert!(self.priority() != Priority::RELEASE, "0 is only on the wire: {self:?}");
    }
}

#[cfg(test)]
mod tests;
