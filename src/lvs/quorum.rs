//! Quorum with hysteresis: when a virtual server has enough weight alive, and what changes then (LV-64 to LV-70).

use super::service::{Table, Turn};
use super::wanted::keys;
use crate::model::event::lvs::Event;
use crate::model::lvs::{RealServerId, VirtualServer, VirtualServerId};

/// The most that a weight counts (and the kernel takes): 2147483647.
pub const MOST_WEIGHT: i64 = i32::MAX as i64;

/// Configured weight plus what checkers add, 0..=2147483647.
pub fn effective_weight(configured: u32, added: impl Iterator<Item = i64>) -> u32 {
    let sum = added.fold(i64::from(configured), i64::saturating_add);
    // invariant: clamped to what fits.
    u32::try_from(sum.clamp(0, MOST_WEIGHT)).unwrap_or(0)
}

/// Quorum that was down is gained: the sum reaches quorum + hysteresis.
pub fn gained(sum: u64, quorum: u32, hysteresis: u32) -> bool {
    sum >= u64::from(quorum) + u64::from(hysteresis)
}

/// Quorum that was up is lost: nothing is left, or less than quorum - hysteresis.
pub fn lost(sum: u64, quorum: u32, hysteresis: u32) -> bool {
    sum == 0 || sum < u64::from(quorum.saturating_sub(hysteresis))
}

impl Table {
    /// Quorum after a change (LV-64 to LV-70); `entering`: at start or reload.
    pub(super) fn evaluate(&mut self, id: VirtualServerId, entering: bool, turn: &mut Turn) {
        let server = self.facts.server(id).clone();
        let sum = self.facts.sum(id);
        let state = &self.facts.servers[id.0];
        let out_at_start = entering && server.sorry_server.is_some() && !state.sorry_in;
        let changes = match state.quorum_up {
            true => lost(sum, server.quorum, server.hysteresis),
            false => gained(sum, server.quorum, server.hysteresis),
        };
        match (state.quorum_up, changes) {
            (false, true) => self.gain_quorum(id, &server, sum, entering, turn),
            (true, true) => self.lose_quorum(id, &server, sum, out_at_start, turn),
            (false, false) if out_at_start => self.lose_quorum(id, &server, sum, true, turn),
            (true | false, false) => {}
        }
    }

    /// LV-69, LV-73.
    fn gain_quorum(&mut self, id: VirtualServerId, server: &VirtualServer, sum: u64, entering: bool, turn: &mut Turn) {
        let (quorum, hysteresis) = (server.quorum, server.hysteresis);
        let state = &mut self.facts.servers[id.0];
        state.quorum_up = true;
        let was_in = std::mem::take(&mut state.sorry_in);
        turn.reports.push(Event::QuorumGained { virtual_server: server.show(), quorum, hysteresis, sum });
        if let Some(sorry) = server.sorry_server.as_ref().filter(|_| was_in) {
            turn.reports.push(Event::SorryServerOut {
                sorry_server: server.show_real(sorry.endpoint),
                virtual_server: server.show(),
                inhibit: sorry.inhibit,
            });
            turn.reports.push(Event::AliveServersIn { virtual_server: server.show() });
        }
        let how = if entering { "Starting with quorum up" } else { "Gained quorum" };
        let threshold = u64::from(quorum) + u64::from(hysteresis);
        let mail = format!("=> {how} {quorum}+{hysteresis}={threshold} <= {sum} <=");
        turn.notifications.push(self.notify_server(id, true, mail));
        self.swap(server, turn);
    }

    /// LV-66 to LV-68, LV-73.
    fn lose_quorum(&mut self, id: VirtualServerId, server: &VirtualServer, sum: u64, at_start: bool, turn: &mut Turn) {
        let (quorum, hysteresis) = (server.quorum, server.hysteresis);
        if server.sorry_server.is_some() {
            // They are taken out of the pool, and have connections.
            for real in (0..server.real_servers.len()).map(RealServerId) {
                if self.facts.servers[id.0].reals[real.0].alive {
                    self.drain(id, real);
                }
            }
        }
        let state = &mut self.facts.servers[id.0];
        state.quorum_up = false;
        state.sorry_in = server.sorry_server.is_some();
        turn.reports.push(match at_start {
            true => Event::QuorumDownAtStart { virtual_server: server.show(), quorum, hysteresis, sum },
            false => Event::QuorumLost { virtual_server: server.show(), quorum, hysteresis, sum },
        });
        if let Some(sorry) = &server.sorry_server {
            turn.reports.push(Event::SorryServerIn {
                sorry_server: server.show_real(sorry.endpoint),
                virtual_server: server.show(),
                inhibit: sorry.inhibit,
            });
            turn.reports.push(Event::AliveServersOut { virtual_server: server.show() });
        }
        let (how, threshold) = match at_start {
            true => ("Starting with quorum down", i64::from(quorum) + i64::from(hysteresis)),
            false => ("Lost quorum", i64::from(quorum) - i64::from(hysteresis)),
        };
        let mail = format!("=> {how} {quorum}+{hysteresis}={threshold} <= {sum} <=");
        turn.notifications.push(self.notify_server(id, false, mail));
        self.swap(server, turn);
    }

    /// The sorry server and the real servers take turns.
    fn swap(&self, server: &VirtualServer, turn: &mut Turn) {
        if server.sorry_server.is_some() {
            turn.services.extend(keys(server));
        }
    }
}

#[cfg(test)]
mod tests;
