//! Every state with every input, the negotiation of intervals, jitter, polls, passive and demand, and what a reload
//! changes.

use std::sync::Arc;

use super::{Input, RETRY, Session, Turn};
use crate::base::bfd::{Diagnostic, State};
use crate::base::name::BfdName;
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::bfd::Effect;
use crate::model::bfd::Session as Model;
use crate::model::event::bfd::{Event, ParameterLine};
use crate::wire::bfd::Control;

fn model() -> Model {
    Model {
        name: BfdName::new("b1"),
        neighbor: [10, 1, 0, 11].into(),
        source: None,
        min_rx: Interval::from_millis(200),
        min_tx: Interval::from_millis(100),
        idle_tx: Interval::from_secs(1),
        multiplier: 5,
        passive: false,
        ttl: 255,
        max_hops: Some(0),
        multihop: false,
        for_vrrp: true,
        for_checkers: true,
    }
}

/// A session with its clock, and what it did since the last look.
struct Bench {
    session: Session,
    now: Time,
    random: Random,
    out: Vec<Effect>,
}

impl Bench {
    /// Just made; the socket is not there yet.
    fn raw(model: Model) -> Bench {
        let (mut random, mut out) = (Random::from_seed(7), Vec::new());
        let now = Time::from_micros(1_000_000);
        let mut turn = Turn { now, random: &mut random, taken: &|_| false, out: &mut out };
        let session = Session::new(Arc::new(model), &mut turn);
        Bench { session, now, random, out }
    }

    /// In this state, every effect forgotten.
    fn at(state: State) -> Bench {
        Bench::with(model(), state)
    }

    fn with(model: Model, state: State) -> Bench {
        let mut bench = Bench::raw(model);
        let steps: &[State] = match state {
            State::AdminDown => return bench.forgetting(),
            State::Down => &[],
            State::Init => &[State::Down],
            State::Up => &[State::Init],
        };
        bench.handle(Input::Opened);
        for step in steps {
            bench.hear(packet(*step));
        }
        assert_eq!(bench.session.state, state);
        bench.forgetting()
    }

    fn forgetting(mut self) -> Bench {
        self.out.clear();
        self
    }

    fn handle(&mut self, input: Input) {
        let mut turn = Turn { now: self.now, random: &mut self.random, taken: &|_| false, out: &mut self.out };
        self.session.handle(input, &mut turn);
    }

    fn hear(&mut self, packet: Control) {
        self.handle(Input::Packet(packet));
    }

    /// To the deadline; how long that was.
    fn sleep(&mut self) -> Interval {
        let deadline = self.session.deadline().expect("something to wait for");
        let slept = deadline.since(self.now);
        self.now = self.now.max(deadline);
        self.handle(Input::Deadline);
        assert!(self.session.deadline().is_none_or(|next| next > self.now), "it spins");
        slept
    }

    /// To the deadlines until it is over; nothing may be heard meanwhile.
    fn sleep_until(&mut self, over: impl Fn(&Session) -> bool) {
        while !over(&self.session) {
            self.sleep();
        }
    }

    fn sent(&mut self) -> Vec<Control> {
        let sent = self.out.iter().filter_map(|effect| match effect {
            Effect::Send { packet, .. } => Some(Control::from_wire(packet).expect("a packet that may be sent")),
            _ => None,
        });
        let sent = sent.collect();
        self.out.retain(|effect| !matches!(effect, Effect::Send { .. }));
        sent
    }

    fn told(&self) -> Vec<bool> {
        self.out
            .iter()
            .filter_map(|effect| if let Effect::Tell { up, .. } = effect { Some(*up) } else { None })
            .collect()
    }

    fn entered(&self) -> Vec<(State, Diagnostic)> {
        self.out
            .iter()
            .filter_map(|effect| match effect {
                Effect::Report(Event::Entering { state, local, .. }) => Some((*state, *local)),
                _ => None,
            })
            .collect()
    }
}

/// What a neighbour with the same settings sends.
fn packet(state: State) -> Control {
    Control {
        diagnostic: Diagnostic::None,
        state,
        poll: false,
        last: false,
        independent: false,
        authenticated: false,
        demand: false,
        multiplier: 5,
        my_discriminator: 77,
        your_discriminator: 1,
        desired_min_tx: if state == State::Up { Interval::from_millis(100) } else { Interval::from_secs(1) },
        required_min_rx: Interval::from_millis(200),
        required_min_echo_rx: Interval::ZERO,
    }
}

fn millis(interval: Interval) -> u64 {
    interval.as_micros() / 1_000
}

const SIGNALED: Diagnostic = Diagnostic::NeighborSignaledDown;

/// VR-302, VR-312: each state and each state that a packet brings: the next state, and what is told.
#[test]
fn the_states_that_packets_lead_to() {
    use State::{AdminDown, Down, Init, Up};
    let table: [(State, State, State, &[bool]); 16] = [
        (AdminDown, AdminDown, AdminDown, &[]),
        (AdminDown, Down, AdminDown, &[]),
        (AdminDown, Init, AdminDown, &[]),
        (AdminDown, Up, AdminDown, &[]),
        (Down, AdminDown, Down, &[]),
        (Down, Down, Init, &[]),
        (Down, Init, Up, &[true]),
        (Down, Up, Down, &[]),
        (Init, AdminDown, Down, &[]),
        (Init, Down, Init, &[]),
        (Init, Init, Up, &[true]),
        (Init, Up, Up, &[true]),
        // Taken down on purpose: who follows it is not told.
        (Up, AdminDown, Down, &[]),
        (Up, Down, Down, &[false]),
        (Up, Init, Up, &[]),
        (Up, Up, Up, &[]),
    ];
    for (before, received, after, told) in table {
        let mut bench = Bench::at(before);
        bench.hear(packet(received));
        let case = format!("{before} hears {received}");
        assert_eq!(bench.session.state, after, "{case}");
        assert_eq!(bench.told(), told, "{case}");
        let why = if after == Down { SIGNALED } else { Diagnostic::None };
        let entered = if before == after { vec![] } else { vec![(after, why)] };
        assert_eq!(bench.entered(), entered, "{case}");
    }
}

/// VR-301, VR-304, VR-307: what else may happen in each state.
#[test]
fn the_states_that_other_inputs_lead_to() {
    for (before, after) in [
        (State::AdminDown, State::Down),
        (State::Down, State::Down),
        (State::Init, State::Init),
        (State::Up, State::Up),
    ] {
        let mut bench = Bench::at(before);
        bench.handle(Input::Opened);
        assert_eq!(bench.session.state, after, "{before}: the socket is there");
        assert_eq!((bench.told(), bench.entered()), (vec![], vec![]));
    }
    for before in State::ALL {
        let mut bench = Bench::at(before);
        bench.handle(Input::Refused { error: "no".to_owned() });
        assert_eq!(bench.session.state, State::AdminDown, "{before}: the socket is not there");
        assert_eq!(bench.told(), if before == State::Up { vec![false] } else { vec![] });

        let mut bench = Bench::at(before);
        bench.handle(Input::Reconfigured(Arc::new(Model { multiplier: 3, ..model() })));
        assert_eq!(bench.session.state, before, "{before}: other settings");

        // Without a packet of the neighbour, what is not Down or AdminDown falls.
        let mut bench = Bench::at(before);
        match before {
            State::AdminDown => assert_eq!(bench.session.deadline(), None),
            State::Down => {
                bench.sleep();
                assert_eq!(bench.session.state, State::Down);
            }
            State::Init | State::Up => bench.sleep_until(|session| session.state == State::Down),
        }
    }
}

/// VR-312: at its start a session tells that it is not up, and asks for its socket.
#[test]
fn the_start() {
    let bench = Bench::raw(model());
    assert_eq!(bench.out, [Effect::Open(Arc::new(model())), Effect::Tell { session: Arc::new(model()), up: false },]);
    assert_ne!(bench.session.local_discr, 0);
}

/// VR-291, VR-292, VR-304: the first packet at once, then each 10 to 25 % earlier than the interval, evenly; what
/// stands in them.
#[test]
fn packets_go_out_at_a_jittered_interval() {
    let mut bench = Bench::at(State::AdminDown);
    bench.handle(Input::Opened);
    assert_eq!(bench.sleep(), Interval::ZERO);
    let first = bench.sent();
    assert_eq!(
        first,
        [Control { my_discriminator: bench.session.local_discr, your_discriminator: 0, ..packet(State::Down) }]
    );
    let gaps: Vec<u64> = (0..400).map(|_| millis(bench.sleep())).collect();
    assert!(gaps.iter().all(|gap| (750..=900).contains(gap)), "{gaps:?}");
    for quarter in 0..3 {
        let share = gaps.iter().filter(|gap| (750 + quarter * 50..800 + quarter * 50).contains(*gap)).count();
        assert!((90..180).contains(&share), "{share} of 400 from {} on", 750 + quarter * 50);
    }
    assert_eq!(bench.sent().len(), 400);
}

/// VR-303: intervals and detection time of two sides, worked out for each state.
#[test]
fn what_both_sides_agree_on() {
    let slow = Interval::from_millis(400);
    // Down: idle, or as slow as the neighbour wants; the detection time is the neighbour's.
    let mut bench = Bench::at(State::Down);
    bench.hear(Control { required_min_rx: Interval::from_secs(3), multiplier: 4, ..packet(State::Down) });
    let agreed = |bench: &Bench| {
        let session = &bench.session;
        (millis(session.tx_interval), millis(session.rx_interval), millis(session.detection_time))
    };
    assert_eq!(agreed(&bench), (3000, 1000, 4000));
    // Init and the neighbour Up: as fast as both can.
    bench.hear(Control { required_min_rx: slow, ..packet(State::Up) });
    assert_eq!((bench.session.state, agreed(&bench)), (State::Up, (400, 200, 1000)));
    // Up: other intervals without P or F change nothing, but the multiplier counts.
    let other = Control {
        required_min_rx: Interval::from_millis(50),
        desired_min_tx: Interval::from_millis(500),
        multiplier: 3,
        ..packet(State::Up)
    };
    bench.hear(other);
    assert_eq!(agreed(&bench), (400, 200, 600));
    // With P or F they do.
    for (poll, last) in [(true, false), (false, true)] {
        let mut bench = Bench::at(State::Up);
        bench.hear(Control { poll, last, ..other });
        assert_eq!(agreed(&bench), (100, 500, 1500));
    }
}

/// VR-303: the first packets after coming Up are as fast as they say, since the neighbour counts on it.
#[test]
fn a_session_is_fast_from_its_first_moment_up() {
    let mut bench = Bench::at(State::Down);
    bench.hear(packet(State::Init));
    assert_eq!(bench.session.state, State::Up);
    assert!(millis(bench.sleep()) <= 180);
    assert_eq!(bench.sent()[0].desired_min_tx, Interval::from_millis(100));
    assert!((150..=180).contains(&millis(bench.sleep())));
}

/// VR-305: P from coming Up until F; a P is answered at once with F and without P, outside the schedule.
#[test]
fn poll_sequences() {
    let mut bench = Bench::at(State::Down);
    bench.hear(packet(State::Init));
    assert!(bench.out.contains(&Effect::Report(Event::PollStarted { session: BfdName::new("b1") })));
    for _ in 0..3 {
        bench.sleep();
    }
    assert!(bench.sent().iter().all(|packet| packet.poll && !packet.last));
    let due = bench.session.deadline();
    bench.hear(Control { poll: true, ..packet(State::Up) });
    let answer = bench.sent();
    assert_eq!(answer.iter().map(|packet| (packet.poll, packet.last)).collect::<Vec<_>>(), [(false, true)]);
    assert_eq!(bench.session.deadline(), due, "the answer is outside the schedule");
    bench.hear(Control { last: true, ..packet(State::Up) });
    bench.sleep();
    assert!(!bench.sent()[0].poll);

    // Nothing to negotiate, no poll.
    let mut bench = Bench::with(Model { min_tx: Interval::from_secs(1), ..model() }, State::Down);
    bench.hear(packet(State::Init));
    bench.sleep();
    assert!(!bench.sent()[0].poll);
}

/// VR-297, VR-306: silence ends a session with its diagnostic; the neighbour is forgotten, packets are idle again;
/// after another detection time all but the neighbour's intervals is.
#[test]
fn silence_ends_a_session() {
    let mut bench = Bench::at(State::Up);
    let discriminator = bench.session.local_discr;
    bench.hear(Control { poll: true, ..packet(State::Up) });
    bench.out.clear();
    let begun = bench.now;
    bench.sleep_until(|session| session.state != State::Up);
    assert_eq!(millis(bench.now.since(begun)), 1000);
    assert_eq!(bench.entered(), [(State::Down, Diagnostic::DetectionTimeExpired)]);
    assert_eq!(bench.told(), [false]);
    let detection = Interval::from_secs(1);
    let expired = Event::Expired { session: BfdName::new("b1"), detection, overdue: Interval::ZERO };
    assert!(bench.out.contains(&Effect::Report(expired)));
    assert_ne!(bench.session.local_discr, discriminator);
    bench.sent();
    bench.sleep();
    let down = bench.sent();
    assert_eq!((down[0].state, down[0].your_discriminator), (State::Down, 0));
    assert_eq!(down[0].diagnostic, Diagnostic::DetectionTimeExpired);
    assert_eq!(down[0].desired_min_tx, Interval::from_secs(1));
    bench.sleep_until(|session| session.detection_time.is_zero());
    assert_eq!(millis(bench.now.since(begun)), 2000);
    let remote = bench.session.remote;
    assert_eq!((remote.state, remote.multiplier), (State::Down, 0));
    assert_eq!((millis(remote.min_tx), millis(remote.min_rx)), (100, 200));
    assert_eq!(bench.session.local_diag, Diagnostic::DetectionTimeExpired);
}

/// RFC 5880 section 6.8.1: a neighbour that said Down and is not heard any more is forgotten, too, and greeted anew.
#[test]
fn silence_while_down_counts() {
    let mut bench = Bench::at(State::Up);
    bench.hear(packet(State::Down));
    bench.sleep();
    let named = |bench: &mut Bench| bench.sent().last().map(|packet| packet.your_discriminator);
    assert_eq!(named(&mut bench), Some(packet(State::Down).my_discriminator));
    bench.hear(packet(State::Up));
    bench.sleep_until(|session| session.detection_time.is_zero());
    bench.sent();
    bench.sleep();
    assert_eq!(named(&mut bench), Some(0));
}

/// VR-306: how late the end is noticed is told.
#[test]
fn a_late_end_is_told_as_late() {
    let mut bench = Bench::at(State::Up);
    bench.now += Interval::from_micros(5_000_292);
    bench.handle(Input::Deadline);
    let overdue = Interval::from_micros(292);
    let detection = Interval::from_secs(5);
    assert!(bench.out.contains(&Effect::Report(Event::Expired { session: BfdName::new("b1"), detection, overdue })));
}

/// VR-307: in Init packets do not put off the end; Up they do.
#[test]
fn only_up_is_kept_alive() {
    let mut bench = Bench::at(State::Init);
    let begun = bench.now;
    while bench.session.state == State::Init {
        bench.now += Interval::from_millis(900);
        bench.handle(Input::Deadline);
        bench.hear(packet(State::Down));
        if bench.session.state == State::Init && bench.entered().len() > 1 {
            break;
        }
    }
    assert_eq!(bench.entered()[0], (State::Down, Diagnostic::DetectionTimeExpired));
    assert_eq!(millis(bench.now.since(begun)), 5400);

    let mut bench = Bench::at(State::Up);
    for _ in 0..20 {
        bench.now += Interval::from_millis(900);
        bench.handle(Input::Deadline);
        bench.hear(packet(State::Up));
    }
    assert_eq!((bench.session.state, bench.entered()), (State::Up, vec![]));
}

/// VR-308: silent until contacted, and again in Down.
#[test]
fn a_passive_session_waits() {
    let mut bench = Bench::with(Model { passive: true, ..model() }, State::Down);
    assert_eq!(bench.session.deadline(), None);
    bench.hear(packet(State::Down));
    assert_eq!(bench.session.state, State::Init);
    bench.sleep();
    assert_eq!(bench.sent()[0].state, State::Init);
    bench.hear(packet(State::Up));
    bench.hear(packet(State::Down));
    bench.sent();
    assert_eq!((bench.session.state, bench.session.timers.transmit), (State::Down, None));
    while bench.session.deadline().is_some() {
        bench.sleep();
    }
    assert_eq!(bench.sent(), []);
}

/// VR-309: to a neighbour that asks for it nothing is sent while both are Up, but a poll is, and its answer.
#[test]
fn a_neighbour_in_demand_mode_is_left_alone() {
    let mut bench = Bench::at(State::Up);
    let quiet = Control { demand: true, ..packet(State::Up) };
    bench.hear(quiet);
    bench.sleep();
    assert!(bench.sent()[0].poll, "the poll goes on");
    bench.hear(Control { last: true, ..quiet });
    assert_eq!(bench.session.timers.transmit, None);
    bench.hear(Control { poll: true, ..quiet });
    assert!(bench.sent()[0].last);
    assert_eq!(bench.session.timers.transmit, None);
    bench.hear(packet(State::Up));
    assert!(bench.session.timers.transmit.is_some());
}

/// RFC 5880 section 6.8.7: a neighbour that receives nothing by the clock is sent nothing.
#[test]
fn a_neighbour_that_wants_no_packets_gets_none() {
    let mut bench = Bench::at(State::Up);
    bench.hear(Control { required_min_rx: Interval::ZERO, poll: true, ..packet(State::Up) });
    assert_eq!(bench.sent().len(), 1);
    assert_eq!(bench.session.timers.transmit, None);
}

/// VR-301: a socket that cannot be opened is told of once, and tried again every minute, or when the neighbour is heard,
/// at most once a second.
#[test]
fn without_a_socket_a_session_waits() {
    let mut bench = Bench::at(State::AdminDown);
    let refused = || Input::Refused { error: "no address".to_owned() };
    bench.handle(refused());
    assert_eq!(bench.out.len(), 1);
    for _ in 0..3 {
        bench.out.clear();
        assert_eq!(bench.sleep(), RETRY);
        assert_eq!(bench.out, [Effect::Open(Arc::new(model()))]);
        bench.handle(refused());
        assert_eq!(bench.out.len(), 1, "told once");
    }
    bench.out.clear();
    bench.hear(packet(State::Down));
    assert_eq!(bench.out, []);
    bench.now += Interval::from_secs(1);
    bench.hear(packet(State::Down));
    assert!(bench.out.contains(&Effect::Open(Arc::new(model()))));
    bench.handle(Input::Opened);
    assert_eq!(bench.session.state, State::Down);
    assert_eq!(bench.sleep(), Interval::ZERO);
}

/// VR-311: other intervals of a session that is Up are negotiated by a poll; a slower one waits for the answer, a faster
/// one does not.
#[test]
fn a_reload_negotiates() {
    for (min_tx, before, after) in [(50, 200, 200), (400, 200, 400), (300, 200, 300)] {
        let mut bench = Bench::at(State::Up);
        bench.hear(Control { last: true, ..packet(State::Up) });
        bench.sent();
        let wanted = Model { min_tx: Interval::from_millis(min_tx), ..model() };
        bench.handle(Input::Reconfigured(Arc::new(wanted)));
        assert_eq!(millis(bench.session.tx_interval), before);
        bench.sleep();
        let packet_out = bench.sent();
        assert!(packet_out[0].poll);
        assert_eq!(millis(packet_out[0].desired_min_tx), min_tx);
        bench.hear(Control { last: true, ..packet(State::Up) });
        assert_eq!(millis(bench.session.tx_interval), after);
        assert_eq!((bench.session.state, bench.told()), (State::Up, vec![]));
    }
    // What is not negotiated starts no poll.
    let mut bench = Bench::at(State::Up);
    bench.hear(Control { last: true, ..packet(State::Up) });
    bench.out.clear();
    bench.handle(Input::Reconfigured(Arc::new(Model { multiplier: 7, max_hops: None, ..model() })));
    assert_eq!(bench.out, []);
    bench.sleep();
    assert_eq!((bench.sent()[0].poll, bench.session.model.multiplier), (false, 7));
    // Another TTL needs another socket.
    bench.handle(Input::Reconfigured(Arc::new(Model { ttl: 64, ..model() })));
    assert!(bench.out.contains(&Effect::Open(Arc::new(Model { ttl: 64, ..model() }))));
}

/// IF-417: what both agree on is written when it changes, with the detection time before and after.
#[test]
fn what_is_agreed_is_written() {
    let lines = |bench: &Bench| -> Vec<ParameterLine> {
        let line = |effect: &Effect| match effect {
            Effect::Report(Event::Parameters { line, .. }) => Some(*line),
            _ => None,
        };
        bench.out.iter().filter_map(line).collect()
    };
    let mut bench = Bench::at(State::Down);
    bench.hear(packet(State::Down));
    let first = lines(&bench);
    assert_eq!(first.len(), 5);
    assert_eq!(first[4], ParameterLine::DetectionTime { now: Interval::from_secs(5), before: Interval::ZERO });
    bench.out.clear();
    bench.hear(packet(State::Down));
    assert_eq!(lines(&bench), []);
}
