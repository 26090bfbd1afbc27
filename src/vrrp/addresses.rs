//! the addresses that a Master sets, announces and removes.

use std::sync::Arc;

use super::announce::announcement;
use super::host::Host;
use super::instance::{Placed, Turn, VirtualRouter};
use super::{Announcement, Effect};
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::host::Placement;
use crate::model::vrrp::{Transport, VirtualAddress};

impl VirtualRouter {
    /// VIPs, then excluded ones, in file order: those whose interface is there.
    pub fn wanted(&self, host: &Host) -> Vec<Placement> {
        let place =
            |address: &Arc<VirtualAddress>| Some(Placement { index: host.place(address)?, address: address.clone() });
        self.model.virtual_addresses.iter().chain(&self.model.excluded_addresses).filter_map(place).collect()
    }

    fn is_excluded(&self, address: &Arc<VirtualAddress>) -> bool {
        !self.model.virtual_addresses.contains(address)
    }

    pub fn add_addresses(&mut self, addresses: Vec<Placement>, turn: &mut Turn<'_>) {
        if addresses.is_empty() {
            return;
        }
        let excluded = addresses.iter().filter(|one| self.is_excluded(&one.address)).count();
        if excluded < addresses.len() {
            self.report(Fact::SettingAddresses, turn);
        }
        if excluded > 0 {
            self.report(Fact::SettingExcludedAddresses, turn);
        }
        self.placed.extend(addresses.iter().map(|one| Placed { placement: one.clone(), confirmed: false }));
        turn.out.push(Effect::AddAddresses { instance: self.id, addresses });
    }

    pub(super) fn remove_addresses(&mut self, turn: &mut Turn<'_>) {
        let mut held: Vec<Placement> = self.placed.drain(..).map(|placed| placed.placement).collect();
        if turn.release.always_addresses {
            held = self.wanted(turn.host);
        }
        self.remove(held, turn.release.always_addresses, turn);
    }

    /// What a predecessor left behind (VR-128).
    pub fn remove_leftovers(&mut self, turn: &mut Turn<'_>) {
        let mut left = self.wanted(turn.host);
        left.retain(|one| turn.host.has(one.index, one.address.cidr.address));
        self.remove(left, true, turn);
    }

    pub fn remove(&mut self, addresses: Vec<Placement>, forced: bool, turn: &mut Turn<'_>) {
        if addresses.is_empty() {
            return;
        }
        let excluded = addresses.iter().filter(|one| self.is_excluded(&one.address)).count();
        if excluded < addresses.len() {
            self.report(Fact::RemovingAddresses, turn);
        }
        if excluded > 0 {
            self.report(Fact::RemovingExcludedAddresses, turn);
        }
        turn.out.push(Effect::RemoveAddresses { instance: self.id, addresses, forced });
    }

    /// Announces the addresses that are set, `rounds` times round (VR-169).
    pub fn announce_addresses(&mut self, rounds: u32, turn: &mut Turn<'_>) {
        let found =
            |placed: &Placed| announcement(turn.host, placed.placement.index, placed.placement.address.cidr.address);
        let all: Vec<Announcement> = self.placed.iter().filter_map(found).collect();
        self.announce(&all, rounds, turn);
    }

    /// A unicast instance shows its own address, so that the peers' entries are fresh (VR-156).
    pub(super) fn announce_source(&mut self, turn: &mut Turn<'_>) {
        let Transport::Unicast { .. } = self.model.transport else { return };
        let index = self.model.interface.as_ref().and_then(|name| turn.host.index(name));
        let found = index.zip(self.source).and_then(|(index, source)| announcement(turn.host, index, source));
        self.announce(found.as_slice(), 1, turn);
    }

    fn announce(&mut self, all: &[Announcement], rounds: u32, turn: &mut Turn<'_>) {
        for one in all {
            if let Some(link) = turn.host.link(one.index) {
                self.report(Fact::Announcing { interface: link.name.clone(), address: one.address }, turn);
            }
        }
        let mut now = Vec::new();
        turn.queues.burst(turn.now, self.id, &self.model.announce, all, rounds, &mut now);
        send_announcements(now, turn.host, turn.out);
    }
}

/// What leaves now, and a line for each (VR-164, VR-166).
pub fn send_announcements(now: Vec<Announcement>, host: &Host, out: &mut Vec<Effect>) {
    if now.is_empty() {
        return;
    }
    let told: Vec<Effect> = now
        .iter()
        .filter_map(|one| {
            let interface = host.link(one.index)?.name.clone();
            Some(Effect::Report(Report::Announced { interface, address: one.address }))
        })
        .collect();
    out.push(Effect::Announce(now));
    out.extend(told);
}
