//! the addresses that a Master sets, announces and removes.

use std::net::IpAddr;
use std::sync::Arc;

use super::announce::{announcement, lane};
use super::host::{Host, is_link_local};
use super::instance::{Placed, Turn, VirtualRouter};
use super::{Announcement, Effect};
use crate::model::device::Barred;
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
        self.bar(&addresses, turn);
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
        self.unbar(turn);
    }

    /// `no_accept`: before the addresses are set, packets from and to them are dropped (VR-264, VR-266).
    fn bar(&mut self, addresses: &[Placement], turn: &mut Turn<'_>) {
        if self.model.accept {
            return;
        }
        let mut fresh: Vec<Barred> = addresses.iter().map(|one| self.barred_form(one)).collect();
        fresh.retain(|one| !self.barred.contains(one));
        if !fresh.is_empty() {
            self.report(Fact::BarringAddresses, turn);
            self.barred.extend(fresh.iter().cloned());
            turn.out.push(Effect::Bar(fresh));
        }
    }

    /// After addresses are gone: what is barred is what is still set.
    pub(super) fn unbar(&mut self, turn: &mut Turn<'_>) {
        let kept: Vec<Barred> = if self.model.accept {
            Vec::new()
        } else {
            self.placed.iter().map(|placed| self.barred_form(&placed.placement)).collect()
        };
        let (still, gone) = std::mem::take(&mut self.barred).into_iter().partition(|one| kept.contains(one));
        self.barred = still;
        if !gone.is_empty() {
            self.report(Fact::UnbarringAddresses, turn);
            turn.out.push(Effect::Unbar(gone));
        }
    }

    /// All that is set is barred, or nothing of it, as the settings now say.
    pub(super) fn bar_again(&mut self, turn: &mut Turn<'_>) {
        let held: Vec<Placement> = self.placed.iter().map(|placed| placed.placement.clone()).collect();
        self.bar(&held, turn);
        self.unbar(turn);
    }

    /// A link-local address is barred on its interface only (VR-265).
    fn barred_form(&self, place: &Placement) -> Barred {
        match (place.address.cidr.address, &place.address.interface) {
            (IpAddr::V4(address), _) => Barred::V4(address),
            (IpAddr::V6(address), _) if !is_link_local(address) => Barred::V6(address),
            (IpAddr::V6(address), Some(name)) if self.model.bar_by_name => {
                Barred::LinkLocalNamed { address, name: name.clone() }
            }
            (IpAddr::V6(address), _) => Barred::LinkLocal { address, index: place.index },
        }
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

    /// Announces one address on each interface that adverts do not leave by: switches on the way forget what they hear
    /// nothing of (VR-179). False when there is no such interface.
    pub(super) fn announce_extra(&mut self, turn: &mut Turn<'_>) -> bool {
        let home = self.model.advert_interface().and_then(|name| turn.host.index(name));
        let mut chosen: Vec<&Placement> = Vec::new();
        for placed in &self.placed {
            let one = &placed.placement;
            let virtual_one = one.address.interface.as_ref().is_some_and(|name| turn.host.is_virtual(name));
            let wanted = Some(one.index) != home && (virtual_one || self.model.announce.extra_all);
            if wanted && !chosen.iter().any(|other| other.index == one.index) {
                chosen.push(one);
            }
        }
        let found = |one: &&Placement| announcement(turn.host, one.index, one.address.cidr.address);
        let all: Vec<Announcement> = chosen.iter().filter_map(found).collect();
        let any = !chosen.is_empty();
        self.announce(&all, 1, turn);
        any
    }

    fn announce(&mut self, all: &[Announcement], rounds: u32, turn: &mut Turn<'_>) {
        for one in all {
            if let Some(link) = turn.host.link(one.index) {
                self.report(Fact::Announcing { interface: link.name.clone(), address: one.address }, turn);
            }
        }
        let mut now = Vec::new();
        let (host, groups, settings) = (turn.host, turn.garp_groups, self.model.announce);
        let lane = |one: &Announcement| lane(host, groups, &settings, one);
        turn.queues.burst(turn.now, self.id, &lane, all, rounds, &mut now);
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

#[cfg(test)]
mod tests;
