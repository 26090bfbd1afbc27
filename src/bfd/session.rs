//! One BFD session: RFC 5880 section 6.8, with keepalived's timers.

use std::sync::Arc;

use super::Effect;
use crate::base::bfd::{Diagnostic, State};
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::model::bfd::Session as Model;
use crate::model::event::bfd::{Event, ParameterLine, Parameters};
use crate::wire::bfd::Control;

/// Between two tries to open the socket (VR-301).
pub const RETRY: Interval = Interval::from_secs(60);
/// The same when packets come meanwhile.
const LEAST_RETRY: Interval = Interval::from_secs(1);

/// What may happen to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// `deadline()` has come.
    Deadline,
    /// A packet of the neighbour, for this session.
    Packet(Control),
    /// The socket is there.
    Opened,
    /// The socket is not there.
    Refused { error: String },
    /// Other settings, but the same addresses.
    Reconfigured(Arc<Model>),
}

/// The session and its variables, named as RFC 5880 section 6.8.1 does.
#[derive(Clone, Debug)]
pub struct Session {
    pub model: Arc<Model>,
    pub state: State,
    pub local_discr: u32,
    local_diag: Diagnostic,
    remote: Remote,
    /// A Poll Sequence is under way: packets have P until one with F comes.
    poll: bool,
    /// What we send at, before jitter.
    tx_interval: Interval,
    /// What the neighbour sends at, as agreed.
    rx_interval: Interval,
    detection_time: Interval,
    timers: Timers,
    /// That the socket is not there has been told.
    refusal_told: bool,
}

/// What is known of the neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remote {
    state: State,
    discr: u32,
    diag: Diagnostic,
    min_tx: Interval,
    min_rx: Interval,
    multiplier: u8,
    demand: bool,
}

impl Remote {
    /// Before the first packet: the neighbour may be sent to as often as we like (RFC 5880 section 6.8.1).
    const UNKNOWN: Remote = Remote {
        state: State::Down,
        discr: 0,
        diag: Diagnostic::None,
        min_tx: Interval::ZERO,
        min_rx: Interval::from_micros(1),
        multiplier: 0,
        demand: false,
    };
}

/// The least is the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Timers {
    transmit: Option<Time>,
    /// The neighbour is given up.
    expire: Option<Time>,
    /// What is known of a neighbour that is not heard while Down is forgotten (VR-306).
    reset: Option<Time>,
    /// The socket is tried again.
    retry: Option<Time>,
}

/// The world for the time of one input.
pub struct Turn<'a> {
    pub now: Time,
    pub random: &'a mut Random,
    /// Whether another session has this discriminator.
    pub taken: &'a dyn Fn(u32) -> bool,
    pub out: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    /// VR-297: random, not 0, of no other session.
    fn discriminator(&mut self) -> u32 {
        loop {
            let number = self.random.number() as u32;
            if number != 0 && !(self.taken)(number) {
                return number;
            }
        }
    }

    /// VR-304: 10 to 25 % less, so that neighbours do not keep step.
    fn jittered(&mut self, interval: Interval) -> Interval {
        let micros = interval.as_micros();
        let least = micros / 10;
        interval - Interval::from_micros(least + self.random.up_to(micros / 4 - least))
    }
}

impl Session {
    /// AdminDown until its socket is there.
    pub fn new(model: Arc<Model>, turn: &mut Turn<'_>) -> Session {
        let session = Session {
            state: State::AdminDown,
            local_discr: turn.discriminator(),
            local_diag: Diagnostic::None,
            remote: Remote::UNKNOWN,
            poll: false,
            tx_interval: model.idle_tx,
            rx_interval: Interval::ZERO,
            detection_time: Interval::ZERO,
            timers: Timers::default(),
            refusal_told: false,
            model,
        };
        turn.out.push(Effect::Open(session.model.clone()));
        session.tell(turn);
        session
    }

    /// When to hand in `Input::Deadline`; after that it is later or `None`.
    pub fn deadline(&self) -> Option<Time> {
        let Timers { transmit, expire, reset, retry } = self.timers;
        [transmit, expire, reset, retry].into_iter().flatten().min()
    }

    /// VR-312: those who follow it hear its state.
    pub fn tell(&self, turn: &mut Turn<'_>) {
        turn.out.push(Effect::Tell { session: self.model.clone(), up: self.state == State::Up });
    }

    /// Appends what must be done, in order; does nothing itself.
    pub fn handle(&mut self, input: Input, turn: &mut Turn<'_>) {
        match (self.state, input) {
            (_, Input::Deadline) => self.deadline_came(turn),
            // Tried at once: the address may just have come (VR-301).
            (State::AdminDown, Input::Packet(_)) => {
                if self.timers.retry.is_none_or(|at| turn.now + RETRY >= at + LEAST_RETRY) {
                    turn.out.push(Effect::Report(Event::AdministrativelyDown { from: self.model.neighbor }));
                    turn.out.push(Effect::Open(self.model.clone()));
                }
            }
            (State::Down | State::Init | State::Up, Input::Packet(packet)) => self.receive(&packet, turn),
            (State::AdminDown, Input::Opened) => {
                self.refusal_told = false;
                self.timers.retry = None;
                self.state = State::Down;
                // VR-304, VR-308: the first packet at once, unless the neighbour is waited for.
                self.timers.transmit = (!self.model.passive).then_some(turn.now);
            }
            // A socket in place of the old one.
            (State::Down | State::Init | State::Up, Input::Opened) => {}
            (state, Input::Refused { error }) => {
                if !std::mem::replace(&mut self.refusal_told, true) {
                    let session = self.model.name.clone();
                    turn.out.push(Effect::Report(Event::SocketRefused { session, error }));
                }
                match state {
                    State::AdminDown => {}
                    State::Down | State::Init | State::Up => self.enter_admin_down(turn),
                }
                self.timers.retry = Some(turn.now + RETRY);
            }
            (_, Input::Reconfigured(model)) => self.reconfigured(model, turn),
        }
        self.check_invariants();
    }

    // ---- time ----

    fn deadline_came(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        if let Some(at) = self.timers.expire.take_if(|at| *at <= now) {
            let (session, detection) = (self.model.name.clone(), self.detection_time);
            turn.out.push(Effect::Report(Event::Expired { session, detection, overdue: now.since(at) }));
            self.remote.discr = 0;
            self.enter_down(Diagnostic::DetectionTimeExpired, true, turn);
        }
        if self.timers.reset.take_if(|at| *at <= now).is_some() {
            let Remote { min_tx, min_rx, .. } = self.remote;
            self.remote = Remote { min_tx, min_rx, ..Remote::UNKNOWN };
            self.poll = false;
            self.tx_interval = self.model.idle_tx.max(min_rx);
            self.detection_time = Interval::ZERO;
        }
        if self.timers.transmit.take_if(|at| *at <= now).is_some() {
            self.send(false, turn);
            self.schedule(turn);
        }
        if self.timers.retry.take_if(|at| *at <= now).is_some() {
            turn.out.push(Effect::Open(self.model.clone()));
            self.timers.retry = Some(now + RETRY);
        }
    }

    /// Whether packets go out by the clock: not to one that waits, nor to one that asks for none (VR-308, VR-309, RFC
    /// 5880 section 6.8.7).
    fn is_sending(&self) -> bool {
        let wanted = !self.remote.min_rx.is_zero();
        match self.state {
            State::AdminDown => false,
            State::Down => wanted && !self.model.passive,
            State::Init => wanted,
            State::Up => wanted && !(self.remote.demand && self.remote.state == State::Up && !self.poll),
        }
    }

    /// Sets the next packet's time, sooner but never later than it is.
    fn schedule(&mut self, turn: &mut Turn<'_>) {
        if !self.is_sending() {
            self.timers.transmit = None;
            return;
        }
        let next = turn.now + turn.jittered(self.tx_interval);
        self.timers.transmit = Some(self.timers.transmit.map_or(next, |at| at.min(next)));
    }

    // ---- packets ----

    /// VR-291, VR-292, VR-305.
    fn send(&self, last: bool, turn: &mut Turn<'_>) {
        let packet = Control {
            diagnostic: self.local_diag,
            state: self.state,
            poll: self.poll && !last,
            last,
            independent: false,
            authenticated: false,
            demand: false,
            multiplier: self.model.multiplier,
            my_discriminator: self.local_discr,
            your_discriminator: self.remote.discr,
            desired_min_tx: self.desired_min_tx(),
            required_min_rx: self.model.min_rx,
            required_min_echo_rx: Interval::ZERO,
        };
        turn.out.push(Effect::Send { session: self.model.name.clone(), packet: packet.to_wire() });
    }

    fn desired_min_tx(&self) -> Interval {
        match self.state {
            State::Up => self.model.min_tx,
            State::AdminDown | State::Down | State::Init => self.model.idle_tx,
        }
    }

    fn receive(&mut self, packet: &Control, turn: &mut Turn<'_>) {
        let before = (self.tx_interval, self.rx_interval, self.remote.multiplier, self.detection_time);
        self.remote = Remote {
            state: packet.state,
            discr: packet.my_discriminator,
            diag: packet.diagnostic,
            min_tx: packet.desired_min_tx,
            min_rx: packet.required_min_rx,
            multiplier: packet.multiplier,
            demand: packet.demand,
        };
        if packet.last {
            self.poll = false;
        }
        self.agree(packet.poll || packet.last);
        if before != (self.tx_interval, self.rx_interval, self.remote.multiplier, self.detection_time) {
            self.report_parameters(before.3, turn);
        }
        // VR-302.
        match (self.state, packet.state) {
            // Not received in this state.
            (State::AdminDown, _) => {}
            (State::Down, State::AdminDown | State::Up) => self.timers.reset = Some(turn.now + self.detection_time),
            (State::Down, State::Down) => self.enter_init(turn),
            (State::Down, State::Init) => self.enter_up(turn),
            (State::Init, State::AdminDown) => self.enter_down(Diagnostic::NeighborSignaledDown, false, turn),
            (State::Init, State::Down) => {}
            (State::Init, State::Init | State::Up) => self.enter_up(turn),
            // Who is taken down on purpose is not dead: nobody is told (VR-312).
            (State::Up, State::AdminDown) => self.enter_down(Diagnostic::NeighborSignaledDown, false, turn),
            (State::Up, State::Down) => self.enter_down(Diagnostic::NeighborSignaledDown, true, turn),
            (State::Up, State::Init | State::Up) => self.timers.expire = Some(turn.now + self.detection_time),
        }
        if packet.poll {
            self.send(true, turn);
        }
        // A faster interval, or packets that were not wanted before, begin now.
        if self.tx_interval < before.0 || self.timers.transmit.is_none() || !self.is_sending() {
            self.schedule(turn);
        }
    }

    /// VR-303: what both sides send at from now on. While Up only a Poll Sequence changes it (`answered`).
    fn agree(&mut self, answered: bool) {
        if self.state != State::Up || answered {
            // In Init a packet that is Up brings us Up.
            let up = self.state == State::Up || (self.state == State::Init && self.remote.state == State::Up);
            let own = if up { self.model.min_tx } else { self.model.idle_tx };
            self.tx_interval = own.max(self.remote.min_rx);
            self.rx_interval = self.model.min_rx.max(self.remote.min_tx);
        }
        self.detection_time = self.rx_interval.times(u64::from(self.remote.multiplier));
    }

    fn report_parameters(&self, before: Interval, turn: &mut Turn<'_>) {
        let local = Parameters {
            min_tx: self.desired_min_tx(),
            min_rx: self.model.min_rx,
            tx: self.tx_interval,
            multiplier: self.model.multiplier,
            detection: self.tx_interval.times(u64::from(self.model.multiplier)),
        };
        let remote = Parameters {
            min_tx: self.remote.min_tx,
            min_rx: self.remote.min_rx,
            tx: self.rx_interval,
            multiplier: self.remote.multiplier,
            detection: self.detection_time,
        };
        let mut lines = vec![
            ParameterLine::Title,
            ParameterLine::Heads,
            ParameterLine::Local(local),
            ParameterLine::Remote(remote),
        ];
        if before != self.detection_time {
            lines.push(ParameterLine::DetectionTime { now: self.detection_time, before });
        }
        let event = |line| Effect::Report(Event::Parameters { session: self.model.name.clone(), line });
        turn.out.extend(lines.into_iter().map(event));
    }

    // ---- states ----

    fn enter(&mut self, state: State, turn: &mut Turn<'_>) {
        self.state = state;
        turn.out.push(Effect::Report(Event::Entering {
            session: self.model.name.clone(),
            state,
            local: self.local_diag,
            remote: self.remote.diag,
        }));
    }

    /// VR-307: from now on one detection time is left to come Up.
    fn enter_init(&mut self, turn: &mut Turn<'_>) {
        self.enter(State::Init, turn);
        self.timers.reset = None;
        self.timers.expire = Some(turn.now + self.detection_time);
    }

    fn enter_up(&mut self, turn: &mut Turn<'_>) {
        self.local_diag = Diagnostic::None;
        self.enter(State::Up, turn);
        self.timers.reset = None;
        self.timers.expire = Some(turn.now + self.detection_time);
        // The neighbour counts on the interval that we name from now on, so it holds before it has answered.
        self.tx_interval = self.tx_interval.min(self.model.min_tx.max(self.remote.min_rx));
        self.tell(turn);
        if self.model.idle_tx != self.model.min_tx {
            self.start_poll(turn);
        }
    }

    /// VR-305.
    fn start_poll(&mut self, turn: &mut Turn<'_>) {
        self.poll = true;
        turn.out.push(Effect::Report(Event::PollStarted { session: self.model.name.clone() }));
    }

    /// VR-306, VR-308: idle again; the packet that is due next says so, unless the neighbour is waited for. One that is not
    /// heard any more is forgotten (RFC 5880 section 6.8.1): two that said Down to each other at once may each know the
    /// other by a number that is no more, and hear nothing.
    fn enter_down(&mut self, why: Diagnostic, tell: bool, turn: &mut Turn<'_>) {
        let was_up = self.state == State::Up;
        self.local_diag = why;
        self.enter(State::Down, turn);
        self.fall_idle(was_up, turn);
        self.timers.reset = Some(turn.now + self.detection_time);
        if was_up && tell {
            self.tell(turn);
        }
        if self.model.passive {
            self.timers.transmit = None;
        }
    }

    fn enter_admin_down(&mut self, turn: &mut Turn<'_>) {
        let was_up = self.state == State::Up;
        self.local_diag = Diagnostic::AdministrativelyDown;
        self.enter(State::AdminDown, turn);
        self.fall_idle(was_up, turn);
        self.timers = Timers::default();
        if was_up {
            self.tell(turn);
        }
    }

    fn fall_idle(&mut self, was_up: bool, turn: &mut Turn<'_>) {
        self.poll = false;
        self.timers.expire = None;
        self.tx_interval = self.model.idle_tx.max(self.remote.min_rx);
        if was_up {
            // VR-297: what is still under way to the old one is nobody's.
            self.local_discr = turn.discriminator();
        }
    }

    // ---- configuration ----

    /// VR-311: another interval is negotiated; a slower one only counts once the neighbour has agreed.
    fn reconfigured(&mut self, model: Arc<Model>, turn: &mut Turn<'_>) {
        let old = std::mem::replace(&mut self.model, model);
        if old.ttl != self.model.ttl {
            turn.out.push(Effect::Open(self.model.clone()));
        }
        let before = self.tx_interval;
        match self.state {
            State::Up => {
                if (old.min_tx, old.min_rx) != (self.model.min_tx, self.model.min_rx) {
                    self.tx_interval = self.tx_interval.min(self.model.min_tx.max(self.remote.min_rx));
                    self.start_poll(turn);
                }
            }
            State::AdminDown | State::Down | State::Init => {
                self.tx_interval = self.model.idle_tx.max(self.remote.min_rx);
            }
        }
        if self.tx_interval < before || self.timers.transmit.is_none() || !self.is_sending() {
            self.schedule(turn);
        }
    }

    fn check_invariants(&self) {
        debug_assert!(self.local_discr != 0, "a session has a discriminator");
        debug_assert!(self.state != State::Up || self.remote.discr != 0, "who is Up knows the neighbour");
        let watched = matches!(self.state, State::Init | State::Up);
        debug_assert_eq!(watched, self.timers.expire.is_some(), "Init and Up end by time: {self:?}");
        debug_assert!(self.state == State::Up || !self.poll, "only Up polls");
    }
}

#[cfg(test)]
mod tests;
