//! Servers that come and go by degrees: `slow_start` lets the weight of one that comes up grow from 1 to its full
//! value, `drain_timeout` keeps one that goes in the table with weight 0 for a while, so that its connections can end.
//!
//! Both are ours, not the original's. Quorum always counts full weights: a server is alive or it is not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::service::{Table, Turn};
use super::wanted::{Facts, Rising};
use crate::base::net::Endpoint;
use crate::base::time::{Interval, Time};
use crate::model::event::lvs::Event;
use crate::model::ipvs::{Destination, ServiceKey};
use crate::model::lvs::{RealServerId, VirtualServerId};

/// The weights are set anew at most once in this time.
const STEP: Interval = Interval::from_secs(1);

/// A server that has gone, still in the table with weight 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Drain {
    pub destination: Destination,
    pub real_server: String,
    pub virtual_server: String,
}

/// The weight of a server that came up some time ago, on its way from 1 to `full`: linear, whole numbers, never more
/// than `full` and never less than 1 (but for a `full` of 0).
pub fn weight_after(full: u32, elapsed: Interval, whole: Interval) -> u32 {
    if full <= 1 || elapsed >= whole {
        return full;
    }
    let grown = u128::from(full - 1) * u128::from(elapsed.as_micros()) / u128::from(whole.as_micros());
    // invariant: less than `full`, since `elapsed` is less than `whole`.
    1 + u32::try_from(grown).unwrap_or(full - 1)
}

/// When the weight is next set: when it has become another one, or full, at the first of the moments a `STEP` apart
/// that all share. `beat` is one of these, not later than `since`.
pub fn next_step(full: u32, since: Time, now: Time, whole: Interval, beat: Time) -> Time {
    let steps = u128::from(full.saturating_sub(1)).max(1);
    let grown = u128::from(weight_after(full, now.since(since), whole));
    let rises = (grown * u128::from(whole.as_micros())).div_ceil(steps);
    // invariant: at most `whole`, which is a u64; else the end is taken anyway.
    let rises = since + Interval::from_micros(u64::try_from(rises).unwrap_or(whole.as_micros())).min(whole);
    beat + STEP.times(rises.since(beat).as_micros().div_ceil(STEP.as_micros()))
}

impl Facts {
    /// Full weight, or what a server that is starting slowly has of it now.
    pub(super) fn present_weight(&self, id: VirtualServerId, real: RealServerId) -> u32 {
        let full = self.weight_of(id, real);
        let rising = self.servers[id.0].reals[real.0].rising;
        match (rising, self.server(id).real_servers[real.0].slow_start) {
            (Some(Rising { since, step }), Some(whole)) => weight_after(full, step.since(since), whole),
            (Some(_), None) | (None, _) => full,
        }
    }
}

impl Table {
    /// When `handle(now, Input::Deadline)` has something to do.
    pub fn deadline(&self) -> Option<Time> {
        self.rising.first().into_iter().chain(self.ends.first()).min()
    }

    /// A server comes up: from now on its weight grows, if that is configured.
    pub(super) fn rise(&mut self, id: VirtualServerId, real: RealServerId) {
        let full = self.facts.weight_of(id, real);
        if self.facts.server(id).real_servers[real.0].slow_start.is_some() && full > 1 {
            let now = self.facts.now;
            if self.rising.first().is_none() {
                self.beat = now;
            }
            self.facts.servers[id.0].reals[real.0].rising = Some(Rising { since: now, step: now });
            self.aim(id, real);
        }
    }

    /// It is down, or has its full weight.
    pub(super) fn risen(&mut self, id: VirtualServerId, real: RealServerId) {
        self.facts.servers[id.0].reals[real.0].rising = None;
        self.rising.remove(&(id, real));
    }

    /// Sets when the weight of a rising server is next looked at.
    pub(super) fn aim(&mut self, id: VirtualServerId, real: RealServerId) {
        let rising = self.facts.servers[id.0].reals[real.0].rising;
        if let (Some(Rising { since, .. }), Some(whole)) =
            (rising, self.facts.server(id).real_servers[real.0].slow_start)
        {
            let next = next_step(self.facts.weight_of(id, real), since, self.facts.now, whole, self.beat);
            self.rising.set((id, real), next);
        } else {
            self.risen(id, real);
        }
    }

    /// A server goes: what the kernel holds of it stays there with weight 0 for its drain time. Of one that is still
    /// wanted, inhibited, the drain is forgotten again. Called before it is told as down, when the table is still as it was.
    pub(super) fn drain(&mut self, id: VirtualServerId, real: RealServerId) {
        let server = self.facts.server(id).clone();
        let configured = &server.real_servers[real.0];
        let Some(time) = configured.drain_timeout else { return };
        for (key, at) in self.facts.places_of(id, real) {
            let held = self.held.get(&key).and_then(|held| held.destinations.get(&at));
            if let Some(held) = held.filter(|_| !self.drains.contains_key(&(key, at))) {
                let drain = Drain {
                    // The method as it is given: of its own addresses the kernel shows another.
                    destination: Destination { weight: 0, method: configured.forwarding.into(), ..*held },
                    real_server: server.show_real(configured.endpoint),
                    virtual_server: server.show(),
                };
                self.drains.insert((key, at), drain);
                self.ends.set((key, at), self.facts.now + time);
            }
        }
    }

    /// What time alone changes: weights that have grown, drains that are over.
    pub(super) fn pass(&mut self, turn: &mut Turn) {
        let now = self.facts.now;
        for (id, real) in self.rising.due(now) {
            // What the kernel refused waits for the next result (LV-59).
            let places = self.facts.places_of(id, real);
            turn.destinations.extend(places.into_iter().filter(|(key, _)| !self.refused.contains(key)));
            let whole = self.facts.server(id).real_servers[real.0].slow_start;
            match (&mut self.facts.servers[id.0].reals[real.0].rising, whole) {
                (Some(rising), Some(whole)) if now.since(rising.since) < whole => {
                    rising.step = now;
                    self.aim(id, real);
                }
                (Some(_) | None, _) => self.risen(id, real),
            }
        }
        // In a group a server has many places, and one line.
        let mut told = BTreeSet::new();
        for place in self.ends.due(now) {
            turn.destinations.insert(place);
            if let Some(Drain { real_server, virtual_server, .. }) = self.drains.remove(&place)
                && told.insert((real_server.clone(), virtual_server.clone()))
            {
                turn.reports.push(Event::Drained { real_server, virtual_server });
            }
        }
    }

    /// What is drained of one service.
    pub(super) fn drains_of(&self, key: &ServiceKey) -> impl Iterator<Item = (Endpoint, &Drain)> {
        let first = Endpoint { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };
        let last = Endpoint { address: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)), port: u16::MAX };
        self.drains.range((*key, first)..=(*key, last)).map(|((_, at), drain)| (*at, drain))
    }

    /// Drains end early where the server is wanted again, and where the whole service is gone. Neither happens where
    /// nothing was touched.
    pub(super) fn forget_drains(&mut self, turn: &Turn) {
        let drains_of = |key: &ServiceKey| self.drains_of(key).map(|(at, _)| (*key, at)).collect::<Vec<_>>();
        let touched = turn.services.iter().flat_map(drains_of).chain(turn.destinations.iter().copied());
        let over = touched.filter(|place| {
            let (key, at) = place;
            self.drains.contains_key(place) && (!self.facts.is_ours(key) || self.facts.destination(key, *at).is_some())
        });
        for place in over.collect::<Vec<_>>() {
            self.drains.remove(&place);
            self.ends.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests;
