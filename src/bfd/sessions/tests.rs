//! Whose packet it is, what is refused, which ports are open, and what a reload keeps.

use std::net::IpAddr;
use std::sync::Arc;

use super::Sessions;
use crate::base::bfd::{Diagnostic, State};
use crate::base::name::BfdName;
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::bfd::{Datagram, Effect, Input};
use crate::model::bfd::{Bfd, Session};
use crate::model::event::bfd::Event;
use crate::wire::bfd::Control;

fn session(name: &str, neighbor: [u8; 4]) -> Session {
    Session {
        name: BfdName::new(name),
        neighbor: neighbor.into(),
        source: None,
        min_rx: Interval::from_millis(100),
        min_tx: Interval::from_millis(100),
        idle_tx: Interval::from_secs(1),
        multiplier: 3,
        passive: false,
        ttl: 255,
        max_hops: Some(0),
        multihop: false,
        for_vrrp: true,
        for_checkers: true,
    }
}

fn model(sessions: impl IntoIterator<Item = Session>) -> Arc<Bfd> {
    Arc::new(Bfd { sessions: sessions.into_iter().map(Arc::new).collect() })
}

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];
const US: [u8; 4] = [10, 0, 0, 9];

struct Host {
    machine: Sessions,
    now: Time,
    out: Vec<Effect>,
}

impl Host {
    /// Running, all sockets there, nothing remembered.
    fn start(sessions: impl IntoIterator<Item = Session>) -> Host {
        let mut host = Host {
            machine: Sessions::new(model(sessions), Random::from_seed(3)),
            now: Time::from_micros(1_000_000),
            out: Vec::new(),
        };
        host.handle(Input::Start);
        host.open();
        host.out.clear();
        host
    }

    fn handle(&mut self, input: Input) {
        self.machine.handle(self.now, input, &mut self.out);
    }

    /// Everything that was asked for is there.
    fn open(&mut self) {
        for effect in self.out.clone() {
            match effect {
                Effect::Open(session) => {
                    self.handle(Input::Opened { session: session.name.clone(), result: Ok(()) });
                }
                Effect::Listen { multihop } => self.handle(Input::Listening { multihop, result: Ok(()) }),
                _ => {}
            }
        }
    }

    fn state(&self, name: &str) -> Option<State> {
        self.machine.state(&BfdName::new(name))
    }

    fn hear(&mut self, datagram: Datagram) {
        self.handle(Input::Datagram(datagram));
    }

    fn reports(&mut self) -> Vec<Event> {
        let report = |effect| if let Effect::Report(event) = effect { Some(event) } else { None };
        std::mem::take(&mut self.out).into_iter().filter_map(report).collect()
    }

    fn discriminator(&self, name: &str) -> u32 {
        self.machine.sessions[self.machine.by_name[&BfdName::new(name)]].local_discr
    }

    fn bring_up(&mut self, name: &str, from: [u8; 4]) {
        let you = self.discriminator(name);
        self.hear(datagram(from, State::Init, you));
        assert_eq!(self.state(name), Some(State::Up));
        self.out.clear();
    }
}

fn control(state: State, you: u32) -> Control {
    Control {
        diagnostic: Diagnostic::None,
        state,
        poll: false,
        last: false,
        independent: false,
        authenticated: false,
        demand: false,
        multiplier: 3,
        my_discriminator: 77,
        your_discriminator: you,
        desired_min_tx: Interval::from_secs(1),
        required_min_rx: Interval::from_millis(100),
        required_min_echo_rx: Interval::ZERO,
    }
}

fn datagram(from: [u8; 4], state: State, you: u32) -> Datagram {
    Datagram {
        multihop: false,
        source: from.into(),
        destination: Some(US.into()),
        ttl: Some(255),
        bytes: control(state, you).to_wire().to_vec(),
    }
}

/// VR-299: by our discriminator if the neighbour knows it, wherever it comes from; else by neighbour, our address and
/// port.
#[test]
fn whose_packet_it_is() {
    let own = |name: &str, source: [u8; 4]| Session { source: Some(source.into()), ..session(name, A) };
    let far = Session { multihop: true, ..session("far", B) };
    let sessions = [own("a", US), own("other", [10, 0, 0, 8]), session("b", B), far];
    let cases: [(Datagram, Option<&str>); 6] = [
        (datagram(A, State::Down, 0), Some("a")),
        (Datagram { destination: Some([10, 0, 0, 8].into()), ..datagram(A, State::Down, 0) }, Some("other")),
        (Datagram { destination: Some([10, 0, 0, 7].into()), ..datagram(A, State::Down, 0) }, None),
        (datagram(B, State::Down, 0), Some("b")),
        (Datagram { multihop: true, ..datagram(B, State::Down, 0) }, Some("far")),
        (datagram(US, State::Down, 0), None),
    ];
    for (datagram, wanted) in cases {
        let mut host = Host::start(sessions.clone());
        host.hear(datagram.clone());
        let moved: Vec<&str> =
            ["a", "other", "b", "far"].into_iter().filter(|name| host.state(name) == Some(State::Init)).collect();
        assert_eq!(moved, wanted.into_iter().collect::<Vec<_>>(), "{datagram:?}");
    }
    let mut host = Host::start(sessions.clone());
    let you = host.discriminator("other");
    host.hear(datagram(B, State::Down, you));
    assert_eq!(host.state("other"), Some(State::Init));
}

/// VR-298, VR-299, VR-301: what is refused says why, once a second at most, and changes nothing.
#[test]
fn refused_packets() {
    let from: IpAddr = A.into();
    let cases: [(Datagram, Event); 4] = [
        (Datagram { bytes: vec![0; 24], ..datagram(A, State::Down, 0) }, Event::Bogus { from }),
        (datagram(A, State::Down, 12345), Event::NoSession { from, discriminator: 12345 }),
        (datagram(B, State::Down, 0), Event::NoSession { from: B.into(), discriminator: 0 }),
        (
            Datagram {
                bytes: Control { authenticated: true, ..control(State::Down, 0) }.to_wire().to_vec(),
                ..datagram(A, State::Down, 0)
            },
            Event::Authenticated { from },
        ),
    ];
    for (datagram, event) in cases {
        let mut host = Host::start([session("a", A)]);
        for _ in 0..3 {
            host.hear(datagram.clone());
        }
        assert_eq!(host.reports(), std::slice::from_ref(&event));
        host.now += Interval::from_secs(1);
        host.hear(datagram);
        assert_eq!(host.reports(), [event]);
        assert_eq!(host.state("a"), Some(State::Down));
    }
}

/// VR-300: a packet may have made `max_hops` hops, measured by our own TTL; one whose TTL is not known passes.
#[test]
fn how_far_a_packet_may_have_come() {
    let cases = [
        (255, Some(0), Some(255), true),
        (255, Some(0), Some(254), false),
        (255, Some(4), Some(251), true),
        (255, Some(4), Some(250), false),
        (64, Some(0), Some(64), true),
        (64, Some(0), Some(255), true),
        (64, Some(0), Some(63), false),
        (255, None, Some(1), true),
        (255, Some(0), None, true),
    ];
    for (ttl, max_hops, received, passes) in cases {
        let mut host = Host::start([Session { ttl, max_hops, ..session("a", A) }]);
        host.hear(Datagram { ttl: received, ..datagram(A, State::Down, 0) });
        let state = if passes { State::Init } else { State::Down };
        assert_eq!(host.state("a"), Some(state), "{ttl} {max_hops:?} {received:?}");
    }
}

/// VR-293: a port is open as long as a session needs it; one that cannot be opened is told of and tried again.
#[test]
fn ports() {
    let mut host = Host::start([session("a", A)]);
    let far = Session { multihop: true, ..session("far", B) };
    host.handle(Input::Reload { model: model([session("a", A), far.clone()]) });
    assert!(host.out.contains(&Effect::Listen { multihop: true }));
    assert!(!host.out.contains(&Effect::Listen { multihop: false }));
    let no = || Input::Listening { multihop: true, result: Err("in use".to_owned()) };
    host.reports();
    host.handle(no());
    assert_eq!(host.reports(), [Event::Deaf { multihop: true, error: "in use".to_owned() }]);
    let mut tries = 0;
    for _ in 0..200 {
        host.now = host.machine.deadline().expect("a session sends").max(host.now);
        host.handle(Input::Deadline);
        if host.out.contains(&Effect::Listen { multihop: true }) {
            tries += 1;
            host.reports();
            host.handle(no());
            assert_eq!(host.reports(), [], "told once");
        }
    }
    assert!(tries >= 1);
    host.handle(Input::Listening { multihop: true, result: Ok(()) });
    assert_eq!(host.machine.ports[&true], None);
    host.handle(Input::Reload { model: model([far]) });
    assert!(host.out.contains(&Effect::Deafen { multihop: false }));
}

/// VR-311, VR-312: a session of the same name and addresses goes on and tells its state again; one that goes elsewhere
/// under the same name begins anew; one that is gone is closed.
#[test]
fn a_reload_keeps_sessions() {
    let mut host = Host::start([session("a", A), session("b", B), session("c", [10, 0, 0, 3])]);
    host.bring_up("a", A);
    host.bring_up("b", B);
    let discriminator = host.discriminator("a");
    let moved = session("b", [10, 0, 0, 4]);
    let kept = Session { multiplier: 9, ..session("a", A) };
    host.handle(Input::Reload { model: model([moved.clone(), kept.clone()]) });
    assert_eq!((host.state("a"), host.state("b"), host.state("c")), (Some(State::Up), Some(State::AdminDown), None));
    assert_eq!(host.discriminator("a"), discriminator);
    let (moved, kept) = (Arc::new(moved), Arc::new(kept));
    assert_eq!(
        host.out,
        [
            Effect::Close(BfdName::new("b")),
            Effect::Close(BfdName::new("c")),
            Effect::Open(moved.clone()),
            Effect::Tell { session: moved, up: false },
            Effect::Tell { session: kept, up: true },
        ]
    );
    // The first neighbour is heard as before, at its new place.
    host.out.clear();
    host.hear(datagram(A, State::Down, discriminator));
    assert_eq!(host.state("a"), Some(State::Down));
}

/// VR-310: a stop closes everything and says nothing to the neighbours.
#[test]
fn a_stop_is_silent() {
    let mut host = Host::start([session("a", A)]);
    host.bring_up("a", A);
    host.handle(Input::Stop);
    assert_eq!(host.out, [Effect::Close(BfdName::new("a")), Effect::Deafen { multihop: false }]);
    assert_eq!(host.machine.deadline(), None);
    host.out.clear();
    host.hear(datagram(A, State::Down, 0));
    host.handle(Input::Deadline);
    assert_eq!(host.out, []);
}

/// VR-297: among many sessions each has its own number, before and after all of them fell.
#[test]
fn discriminators_are_unique() {
    let all = |from: u8| (0..200u8).map(move |at| session(&format!("s{at}"), [10, 1, from, at]));
    let mut host = Host::start(all(0));
    let before = host.machine.by_discriminator.clone();
    assert_eq!(before.len(), 200);
    for at in 0..200u8 {
        host.bring_up(&format!("s{at}"), [10, 1, 0, at]);
    }
    host.now += Interval::from_secs(10);
    host.handle(Input::Deadline);
    assert_eq!(host.machine.by_discriminator.len(), 200);
    assert!(before.keys().all(|number| !host.machine.by_discriminator.contains_key(number)));
}
