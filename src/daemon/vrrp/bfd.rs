//! BFD on the VRRP thread: its deadlines are as short as those of adverts, and most of those who follow a session are
//! here.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::base::name::BfdName;
use crate::base::random::Random;
use crate::base::time::Time;
use crate::bfd::sessions::Sessions;
use crate::bfd::{Datagram, Effect, Input};
use crate::daemon::message::Reporter;
use crate::kernel::bfd_socket::{BfdListener, BfdSender, Received, source_ports};
use crate::kernel::clock;
use crate::model::bfd::{Bfd, Session};

/// Datagrams of one port that are heard before a session is given up.
const WAITING: usize = 64;

/// The sessions, their hands and ears.
pub struct Neighbours {
    machine: Sessions,
    /// Port 4784 is true.
    listeners: BTreeMap<bool, BfdListener>,
    senders: BTreeMap<BfdName, BfdSender>,
    ports: RangeInclusive<u16>,
    random: Random,
    reporter: Reporter,
    /// What followers are still to be told, in order.
    told: VecDeque<(Arc<Session>, bool)>,
}

impl Neighbours {
    /// Nothing happens before `Input::Start`. Reads a setting of the kernel: not while adverts are due.
    pub fn new(model: Arc<Bfd>, reporter: Reporter) -> Neighbours {
        let seed = |what: &str| Random::from_seed(RandomState::new().hash_one(what));
        Neighbours {
            machine: Sessions::new(model, seed("sessions")),
            listeners: BTreeMap::new(),
            senders: BTreeMap::new(),
            ports: source_ports(),
            random: seed("ports"),
            reporter,
            told: VecDeque::new(),
        }
    }

    pub fn deadline(&self) -> Option<Time> {
        self.machine.deadline()
    }

    /// What a follower is to be told next: the session, and whether it is up.
    pub fn next_told(&mut self) -> Option<(Arc<Session>, bool)> {
        self.told.pop_front()
    }

    /// Does what is due. What waits in the sockets is heard first: it may be that only we did not run.
    pub fn keep_time(&mut self) {
        if self.deadline().is_none_or(|deadline| deadline > clock::now()) {
            return;
        }
        for multihop in [false, true] {
            for _ in 0..WAITING {
                let Some(listener) = self.listeners.get_mut(&multihop) else { break };
                let Some(received) = listener.receive_now() else { break };
                let heard = datagram(multihop, listener, &received);
                self.handle(Input::Datagram(heard));
            }
        }
        self.handle(Input::Deadline);
    }

    /// Ready when a datagram came and was dealt with.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for multihop in [false, true] {
            let Some(listener) = self.listeners.get_mut(&multihop) else { continue };
            match listener.poll_receive(context) {
                Poll::Pending => {}
                Poll::Ready(Ok(received)) => {
                    let heard = datagram(multihop, listener, &received);
                    self.handle(Input::Datagram(heard));
                    return Poll::Ready(());
                }
                Poll::Ready(Err(error)) => {
                    self.listeners.remove(&multihop);
                    self.handle(Input::Listening { multihop, result: Err(error.to_string()) });
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    }

    /// Hands an input to the machine and carries its effects out, until it asks for nothing more.
    pub fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.machine.handle(clock::now(), input, &mut effects);
            for effect in effects {
                inputs.extend(self.carry_out(effect));
            }
        }
    }

    /// What came of it, if the machine wants to know.
    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Listen { multihop } => {
                let opened = match self.listeners.contains_key(&multihop) {
                    true => Ok(()),
                    false => {
                        BfdListener::open(multihop).map(|listener| drop(self.listeners.insert(multihop, listener)))
                    }
                };
                return Some(Input::Listening { multihop, result: opened.map_err(|error| error.to_string()) });
            }
            Effect::Deafen { multihop } => drop(self.listeners.remove(&multihop)),
            Effect::Open(session) => {
                // The old one first: the new one may want its port.
                self.senders.remove(&session.name);
                let opened = BfdSender::open(&session, &self.ports, self.random.number());
                let name = session.name.clone();
                let result = opened.map(|sender| drop(self.senders.insert(name.clone(), sender)));
                return Some(Input::Opened { session: name, result: result.map_err(|error| error.to_string()) });
            }
            Effect::Close(name) => drop(self.senders.remove(&name)),
            Effect::Send { session, packet } => {
                // A neighbour that cannot be sent to just now finds out by its own clock, and so do we by ours.
                self.senders.get(&session).map(|sender| sender.send(&packet).unwrap_or(())).unwrap_or(());
            }
            Effect::Tell { session, up } => self.told.push_back((session, up)),
            Effect::Report(event) => self.reporter.report(event),
        }
        None
    }
}

fn datagram(multihop: bool, listener: &BfdListener, received: &Received) -> Datagram {
    let Received { source, destination, ttl, .. } = *received;
    Datagram { multihop, source, destination, ttl, bytes: listener.bytes(received).to_vec() }
}
