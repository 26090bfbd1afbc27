//! A new configuration: what is in both stays as it is, the rest goes, then comes (LV-86 to LV-97).

use std::sync::Arc;

use super::Verdict;
use super::service::{Table, Turn};
use super::stop::{own_daemon, start_daemons};
use super::wanted::{Facts, next_address, show_entry};
use crate::base::net::Endpoint;
use crate::model::change::lvs::{kept_checkers, kept_real_servers, kept_virtual_servers};
use crate::model::change::marks;
use crate::model::event::lvs::Event;
use crate::model::ipvs::{Command, DaemonState};
use crate::model::lvs::{GroupEntry, Lvs, RealServerId, VirtualAddress, VirtualServer, VirtualServerId};

impl Table {
    pub(super) fn reload(&mut self, model: Arc<Lvs>, generation: u64, known: &[Verdict], turn: &mut Turn) {
        turn.marks = true;
        let old_model = self.facts.model.clone();
        let model = marks::kept(&old_model, model);
        let kept = kept_virtual_servers(&old_model, &model);
        turn.services.extend(self.facts.keys());
        let mut becomes: Vec<Option<usize>> = vec![None; old_model.virtual_servers.len()];
        for (new, place) in kept.iter().enumerate() {
            if let Some(place) = place {
                becomes[place.0] = Some(new);
            }
        }
        for (at, (server, new)) in old_model.virtual_servers.iter().zip(becomes).enumerate() {
            let id = VirtualServerId(at);
            match new {
                None => self.leave(id, turn),
                Some(new) => self.narrow(id, server, &model.virtual_servers[new], turn),
            }
        }
        self.settle(&old_model, &model, turn);

        let mut facts = Facts::new(model.clone());
        facts.now = self.facts.now;
        let old = std::mem::replace(&mut self.facts, facts);
        self.rising.clear();
        self.generation = generation;
        known.iter().for_each(|verdict| self.facts.assume(verdict));
        for (new, before) in kept_checkers(&old_model, &model).into_iter().enumerate() {
            if let Some(before) = before {
                self.facts.checkers[new] = old.checkers[before.0];
            }
        }
        turn.services.extend(self.facts.keys());
        for (at, before) in kept.into_iter().enumerate() {
            match before {
                None => self.enter(VirtualServerId(at), turn),
                Some(before) => self.keep(VirtualServerId(at), before, &old, turn),
            }
        }
    }

    /// A virtual server that is no longer configured (LV-87).
    fn leave(&mut self, id: VirtualServerId, turn: &mut Turn) {
        let server = self.facts.server(id).clone();
        turn.reports.push(Event::VirtualServerRemoved {
            virtual_server: server.show(),
            group: match &server.address {
                VirtualAddress::Group { name, .. } => Some(name.as_str().to_owned()),
                VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) => None,
            },
        });
        for real in (0..server.real_servers.len()).map(RealServerId) {
            self.remove_real(id, real, turn);
        }
        if self.facts.servers[id.0].quorum_up {
            turn.notifications.push(self.notify_server(id, false, "=> Removing <=".to_owned()));
        }
    }

    /// What a virtual server that stays loses: group entries, real servers, the sorry server.
    fn narrow(&mut self, id: VirtualServerId, old: &VirtualServer, new: &VirtualServer, turn: &mut Turn) {
        report_entries(old, new, turn, |entry, group| Event::GroupEntryGone { entry, group });
        let mut stays = vec![false; old.real_servers.len()];
        for place in kept_real_servers(old, new).into_iter().flatten() {
            stays[place.0] = true;
        }
        let gone = || stays.iter().enumerate().filter(|(_, stays)| !**stays).map(|(at, _)| RealServerId(at));
        for real in gone() {
            turn.reports.push(Event::RealServerGone {
                real_server: old.show_real(old.real_servers[real.0].endpoint),
                virtual_server: old.show(),
            });
        }
        for real in gone() {
            self.remove_real(id, real, turn);
        }
        let sorry = old.sorry_server.as_ref().filter(|_| self.facts.servers[id.0].sorry_in);
        if let Some(sorry) = sorry.filter(|sorry| !has_sorry(new, sorry.endpoint)) {
            turn.reports.push(Event::SorryServerOut {
                sorry_server: old.show_real(sorry.endpoint),
                virtual_server: old.show(),
                inhibit: sorry.inhibit,
            });
            if new.sorry_server.is_none() {
                turn.reports.push(Event::AliveServersIn { virtual_server: old.show() });
            }
            self.facts.servers[id.0].sorry_in = false;
        }
    }

    /// LV-87, LV-89: told as down, omega or not.
    fn remove_real(&mut self, id: VirtualServerId, real: RealServerId, turn: &mut Turn) {
        let server = self.facts.server(id).clone();
        let configured = &server.real_servers[real.0];
        let alive = self.facts.servers[id.0].reals[real.0].alive;
        if self.facts.table_weight(id, real).is_some() {
            self.drain(id, real);
            turn.reports.push(Event::Removing {
                real_server: server.show_real(configured.endpoint),
                virtual_server: server.show(),
                inhibited: configured.inhibit_on_failure && !alive,
            });
        }
        if alive {
            self.leave_real(id, real, "=> Removing <=", turn);
        }
    }

    /// A virtual server that is in both (LV-88 to LV-97).
    fn keep(&mut self, id: VirtualServerId, before: VirtualServerId, old: &Facts, turn: &mut Turn) {
        let (server, old_server) = (self.facts.server(id).clone(), old.server(before).clone());
        report_entries(&server, &old_server, turn, |entry, group| Event::GroupEntryAdded { entry, group });
        self.facts.servers[id.0].quorum_up = old.servers[before.0].quorum_up;
        self.facts.servers[id.0].sorry_in = old.servers[before.0].sorry_in;
        for (at, place) in kept_real_servers(&old_server, &server).into_iter().enumerate() {
            match place {
                None => {
                    self.enter_real(id, RealServerId(at), turn);
                    if self.facts.servers[id.0].reals[at].alive {
                        self.rise(id, RealServerId(at));
                    }
                }
                Some(place) => self.keep_real(id, RealServerId(at), before, place, old, turn),
            }
        }
        self.evaluate(id, true, turn);
    }

    fn keep_real(
        &mut self,
        id: VirtualServerId,
        real: RealServerId,
        before: VirtualServerId,
        place: RealServerId,
        old: &Facts,
        turn: &mut Turn,
    ) {
        let state = old.servers[before.0].reals[place.0];
        self.facts.servers[id.0].reals[real.0].adopted = state.adopted;
        self.facts.servers[id.0].reals[real.0].rising = state.rising;
        self.aim(id, real);
        self.facts.set_alive(id, real, state.alive);
        let checkers = self.facts.server(id).real_servers[real.0].checkers;
        // A new alpha checker holds a server back that is down; one that serves goes on serving.
        if state.alive {
            for checker in checkers.iter() {
                self.facts.checkers[checker.0].up = true;
            }
        }
        let (from, to) = (old.weight_of(before, place), self.facts.weight_of(id, real));
        if from != to {
            self.report_weight(id, real, from, to, turn);
        }
        // LV-93: no failed checker is left, so it must be up.
        let failed = checkers.iter().any(|checker| !self.facts.checkers[checker.0].up);
        if !state.alive && !failed {
            self.facts.servers[id.0].reals[real.0].adopted = false;
            self.rise(id, real);
            self.facts.set_alive(id, real, true);
            self.report_up(id, real, turn);
        }
    }

    fn report_up(&self, id: VirtualServerId, real: RealServerId, turn: &mut Turn) {
        let server = self.facts.server(id);
        let configured = &server.real_servers[real.0];
        turn.reports.push(Event::RealServerUp {
            real_server: server.show_real(configured.endpoint),
            virtual_server: server.show(),
            inhibit: configured.inhibit_on_failure,
        });
        turn.notifications.push(self.notify_real(id, real, true, None));
    }

    /// Timeouts and sync daemons, where they change (LV-98, LV-100).
    fn settle(&mut self, old: &Lvs, new: &Lvs, turn: &mut Turn) {
        if old.timeouts != new.timeouts {
            let configured = new.timeouts.map_or(self.original, |configured| self.effective_timeouts(configured));
            turn.commands.push(Command::SetTimeouts(configured));
        }
        if old.sync_daemon != new.sync_daemon {
            // Who follows an instance is told its state again after a reload.
            self.unfollow(turn);
        }
        let (before, after) = (own_daemon(old), own_daemon(new));
        if before != after {
            if before.is_some() {
                turn.commands
                    .extend([Command::StopDaemon(DaemonState::Master, 0), Command::StopDaemon(DaemonState::Backup, 0)]);
            }
            turn.commands.extend(after.into_iter().flat_map(start_daemons));
        }
    }
}

fn has_sorry(server: &VirtualServer, at: Endpoint) -> bool {
    server.sorry_server.as_ref().is_some_and(|sorry| sorry.endpoint == at)
}

/// The group entries that `one` has and `other` has not; neighbours are shown as one range (LV-97).
fn report_entries(
    one: &VirtualServer,
    other: &VirtualServer,
    turn: &mut Turn,
    event: impl Fn(String, String) -> Event,
) {
    let (VirtualAddress::Group { name, entries, .. }, VirtualAddress::Group { entries: others, .. }) =
        (&one.address, &other.address)
    else {
        return;
    };
    let others: std::collections::BTreeSet<&GroupEntry> = others.iter().collect();
    let mut differ = entries.iter().filter(|entry| !others.contains(entry)).peekable();
    while let Some(entry) = differ.next() {
        let mut text = show_entry(one, entry);
        let mut last = entry;
        while let Some(next) = differ.next_if(|next| follows(last, next)) {
            last = next;
        }
        if let (GroupEntry::Address(end), true) = (last, last != entry) {
            text = format!("{text}-{}", end.address);
        }
        turn.reports.push(event(text, name.as_str().to_owned()));
    }
}

fn follows(one: &GroupEntry, next: &GroupEntry) -> bool {
    match (one, next) {
        (GroupEntry::Address(one), GroupEntry::Address(next)) => {
            one.port == next.port && next_address(one.address) == Some(next.address)
        }
        (GroupEntry::Address(_) | GroupEntry::Fwmark { .. }, _) => false,
    }
}
