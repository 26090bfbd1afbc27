//! All sessions of this host: whose packet it is, one deadline, one socket for each port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::session::{self, RETRY, Session, Turn};
use super::{Datagram, Effect, Input};
use crate::base::bfd::State;
use crate::base::name::BfdName;
use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::model::bfd::{Bfd, Session as Model};
use crate::model::event::bfd::Event;
use crate::wire::bfd::Control;

/// The least time between two reports of datagrams that are refused.
const REFUSAL_PAUSE: Interval = Interval::from_secs(1);

/// The machine.
#[derive(Clone, Debug)]
pub struct Sessions {
    model: Arc<Bfd>,
    phase: Phase,
    random: Random,
    /// In the model's order.
    sessions: Vec<Session>,
    by_name: BTreeMap<BfdName, usize>,
    by_discriminator: BTreeMap<u32, usize>,
    due: BTreeSet<(Time, usize)>,
    /// The ports that are to be listened to, and when one that could not be opened is tried again.
    ports: BTreeMap<bool, Option<Time>>,
    /// When a refused datagram was last reported.
    refused: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Initialize,
    Running,
    Stopped,
}

impl Sessions {
    /// Nothing happens before `Input::Start`.
    pub fn new(model: Arc<Bfd>, random: Random) -> Sessions {
        Sessions {
            model,
            phase: Phase::Initialize,
            random,
            sessions: Vec::new(),
            by_name: BTreeMap::new(),
            by_discriminator: BTreeMap::new(),
            due: BTreeSet::new(),
            ports: BTreeMap::new(),
            refused: None,
        }
    }

    /// When to call `handle(now, Input::Deadline)`; after such a call it is later than `now` or `None`.
    pub fn deadline(&self) -> Option<Time> {
        let ports = self.ports.values().copied().flatten().min();
        self.due.first().map(|(at, _)| *at).into_iter().chain(ports).min()
    }

    pub fn state(&self, name: &BfdName) -> Option<State> {
        Some(self.sessions.get(*self.by_name.get(name)?)?.state)
    }

    /// Appends what must be done, in order; does nothing itself.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Effect>) {
        match (self.phase, input) {
            (Phase::Initialize, Input::Start) => {
                self.phase = Phase::Running;
                self.take_over(now, BTreeMap::new(), out);
            }
            (Phase::Initialize, Input::Reload { model }) => self.model = model,
            (Phase::Initialize | Phase::Running, Input::Stop) => self.stop(out),
            // No socket is open and no timer runs.
            (
                Phase::Initialize,
                Input::Deadline | Input::Datagram(_) | Input::Opened { .. } | Input::Listening { .. },
            ) => {}

            // There is one start.
            (Phase::Running, Input::Start) => {}
            (Phase::Running, Input::Deadline) => self.deadline_came(now, out),
            (Phase::Running, Input::Datagram(datagram)) => self.receive(now, &datagram, out),
            (Phase::Running, Input::Opened { session, result }) => {
                // One that a reload removed meanwhile.
                let Some(at) = self.by_name.get(&session).copied() else { return };
                let input = match result {
                    Ok(()) => session::Input::Opened,
                    Err(error) => session::Input::Refused { error },
                };
                self.tell(now, at, input, out);
            }
            (Phase::Running, Input::Listening { multihop, result }) => {
                let Some(retry) = self.ports.get_mut(&multihop) else { return };
                let again = result.as_ref().err().map(|_| now + RETRY);
                let before = std::mem::replace(retry, again);
                if let (Err(error), None) = (result, before) {
                    out.push(Effect::Report(Event::Deaf { multihop, error }));
                }
            }
            (Phase::Running, Input::Reload { model }) => {
                self.model = model;
                self.reload(now, out);
            }
            // What was under way when we stopped.
            (
                Phase::Stopped,
                Input::Start
                | Input::Deadline
                | Input::Datagram(_)
                | Input::Opened { .. }
                | Input::Listening { .. }
                | Input::Reload { .. }
                | Input::Stop,
            ) => {}
        }
        self.check_invariants();
    }

    /// VR-310: no word to the neighbours, who find out by themselves.
    fn stop(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Stopped;
        let sessions = std::mem::take(&mut self.sessions);
        out.extend(sessions.into_iter().map(|session| Effect::Close(session.model.name.clone())));
        let ports = std::mem::take(&mut self.ports);
        out.extend(ports.into_keys().map(|multihop| Effect::Deafen { multihop }));
        self.by_name.clear();
        self.by_discriminator.clear();
        self.due.clear();
    }

    /// VR-311: who has the same name and the same addresses goes on; all tell their state anew (VR-312).
    fn reload(&mut self, now: Time, out: &mut Vec<Effect>) {
        let wanted: BTreeMap<&BfdName, &Arc<Model>> =
            self.model.sessions.iter().map(|model| (&model.name, model)).collect();
        let mut kept = BTreeMap::new();
        for session in std::mem::take(&mut self.sessions) {
            let stays = wanted.get(&session.model.name).is_some_and(|model| same_way(model, &session.model));
            if stays {
                kept.insert(session.model.name.clone(), session);
            } else {
                out.push(Effect::Close(session.model.name.clone()));
            }
        }
        self.take_over(now, kept, out);
    }

    /// Runs the sessions of the model, those that are kept as they are.
    fn take_over(&mut self, now: Time, mut kept: BTreeMap<BfdName, Session>, out: &mut Vec<Effect>) {
        self.listen(out);
        self.by_discriminator.clear();
        self.due.clear();
        let models = self.model.clone();
        self.by_name = models.sessions.iter().enumerate().map(|(at, model)| (model.name.clone(), at)).collect();
        let mut taken: BTreeSet<u32> = kept.values().map(|session| session.local_discr).collect();
        for model in &models.sessions {
            let of_others = |number: u32| taken.contains(&number);
            let mut turn = Turn { now, random: &mut self.random, taken: &of_others, out };
            let session = match kept.remove(&model.name) {
                Some(mut session) => {
                    if session.model != *model {
                        session.handle(session::Input::Reconfigured(model.clone()), &mut turn);
                    }
                    session.tell(&mut turn);
                    session
                }
                None => Session::new(model.clone(), &mut turn),
            };
            taken.insert(session.local_discr);
            self.sessions.push(session);
        }
        for at in 0..self.sessions.len() {
            self.by_discriminator.insert(self.sessions[at].local_discr, at);
            self.due.extend(self.sessions[at].deadline().map(|due| (due, at)));
        }
    }

    /// VR-293: only the ports that sessions need.
    fn listen(&mut self, out: &mut Vec<Effect>) {
        for multihop in [false, true] {
            let wanted = self.model.sessions.iter().any(|model| model.multihop == multihop);
            if wanted && !self.ports.contains_key(&multihop) {
                self.ports.insert(multihop, None);
                out.push(Effect::Listen { multihop });
            } else if !wanted && self.ports.remove(&multihop).is_some() {
                out.push(Effect::Deafen { multihop });
            }
        }
    }

    fn deadline_came(&mut self, now: Time, out: &mut Vec<Effect>) {
        for (multihop, retry) in &mut self.ports {
            if retry.is_some_and(|at| at <= now) {
                // The answer says when next; until then it is not tried twice.
                *retry = Some(now + RETRY);
                out.push(Effect::Listen { multihop: *multihop });
            }
        }
        let due: Vec<usize> = self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, at)| *at).collect();
        for at in due {
            self.tell(now, at, session::Input::Deadline, out);
        }
    }

    /// Hands an input to one session, and notes its deadline and discriminator.
    fn tell(&mut self, now: Time, at: usize, input: session::Input, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(at) else { return };
        let (deadline, discriminator) = (session.deadline(), session.local_discr);
        let by_discriminator = &self.by_discriminator;
        let taken = |number: u32| by_discriminator.contains_key(&number);
        session.handle(input, &mut Turn { now, random: &mut self.random, taken: &taken, out });
        if session.local_discr != discriminator {
            self.by_discriminator.remove(&discriminator);
            self.by_discriminator.insert(session.local_discr, at);
        }
        if session.deadline() != deadline {
            if let Some(deadline) = deadline {
                self.due.remove(&(deadline, at));
            }
            self.due.extend(session.deadline().map(|due| (due, at)));
        }
    }

    fn receive(&mut self, now: Time, datagram: &Datagram, out: &mut Vec<Effect>) {
        let from = datagram.source;
        let packet = match Control::from_wire(&datagram.bytes) {
            Ok(packet) => packet,
            Err(_) => return self.refuse(now, Event::Bogus { from }, out),
        };
        let discriminator = packet.your_discriminator;
        let Some(at) = self.addressee(datagram, discriminator) else {
            return self.refuse(now, Event::NoSession { from, discriminator }, out);
        };
        let model = &self.sessions[at].model;
        if !came_near_enough(model, datagram.ttl) {
            return;
        }
        if packet.authenticated {
            return self.refuse(now, Event::Authenticated { from }, out);
        }
        self.tell(now, at, session::Input::Packet(packet), out);
    }

    /// VR-299.
    fn addressee(&self, datagram: &Datagram, discriminator: u32) -> Option<usize> {
        if discriminator != 0 {
            return self.by_discriminator.get(&discriminator).copied();
        }
        let ours = |own: IpAddr| datagram.destination.is_none_or(|destination| destination == own);
        self.sessions.iter().position(|session| {
            let model = &session.model;
            model.neighbor == datagram.source && model.multihop == datagram.multihop && model.source.is_none_or(ours)
        })
    }

    fn refuse(&mut self, now: Time, event: Event, out: &mut Vec<Effect>) {
        if self.refused.is_none_or(|last| now.since(last) >= REFUSAL_PAUSE) {
            self.refused = Some(now);
            out.push(Effect::Report(event));
        }
    }

    fn check_invariants(&self) {
        debug_assert_eq!(self.sessions.len(), self.by_discriminator.len(), "discriminators are unique");
        debug_assert!(self.due.len() <= self.sessions.len(), "a session waits once");
    }
}

/// Whether one is the other with, at most, other settings: a session to somebody else begins anew.
fn same_way(one: &Model, other: &Model) -> bool {
    (one.neighbor, one.source, one.multihop) == (other.neighbor, other.source, other.multihop)
}

/// VR-300: whoever is further away than `max_hops` can have been anybody (RFC 5881 section 5).
fn came_near_enough(model: &Model, ttl: Option<u8>) -> bool {
    match (model.max_hops, ttl) {
        (None, _) | (_, None) => true,
        (Some(hops), Some(ttl)) => u16::from(ttl) + u16::from(hops) >= u16::from(model.ttl),
    }
}

#[cfg(test)]
mod tests;
