//! what it means for the virtual routers that links, addresses, routes and rules of this host come and go.

use super::Effect;
use super::host::Change;
use super::instance::Placed;
use super::items::Told;
use super::router::Router;
use crate::base::name::InterfaceName;
use crate::base::net::InterfaceIndex;
use crate::base::time::Time;
use crate::model::event::vrrp::Event as Report;
use crate::model::host::{HostAddress, Link};
use crate::model::route::Item;

impl Router {
    /// A link appeared or changed, as it counts.
    pub(super) fn link_counts(&mut self, now: Time, link: Link, out: &mut Vec<Effect>) {
        let (name, index) = (link.name.clone(), link.index);
        let change = self.host.link_told(link);
        let up = self.host.is_up(&name);
        match &change {
            Change::Appeared | Change::Renamed { .. } => self.promotion.follow(&self.model.0.clone(), &self.host, out),
            Change::Down => self.items_lost(index, false),
            Change::Nothing | Change::Up | Change::Other => {}
        }
        if up && matches!(change, Change::Appeared | Change::Renamed { .. } | Change::Up) {
            self.statics.link_up(&name, &self.model.0.clone().statics, &self.host, out);
        }
        let watchers = self.index.by_interface(&name);
        let polled = self.is_polled(&name);
        let report = match change {
            Change::Other => {
                // A larger MTU needs more room (VR-191).
                for id in watchers {
                    self.attach(id, out);
                }
                return;
            }
            Change::Nothing => return,
            Change::Renamed { old } => {
                out.push(Effect::Report(Report::LinkRenamed { from: old.clone(), to: name.clone() }));
                self.link_lost(now, &old, index, out);
                Report::LinkAppeared { interface: name }
            }
            Change::Appeared => Report::LinkAppeared { interface: name },
            Change::Up => Report::LinkUp { interface: name, polled },
            Change::Down => Report::LinkDown { interface: name, polled },
        };
        if !watchers.is_empty() {
            out.push(Effect::Report(report));
            self.refresh(now, &watchers, out);
        }
    }

    pub(super) fn link_lost(&mut self, now: Time, name: &InterfaceName, index: InterfaceIndex, out: &mut Vec<Effect>) {
        self.items_lost(index, true);
        self.promotion.forget(name);
        let watchers = self.index.by_interface(name);
        if watchers.is_empty() {
            return;
        }
        out.push(Effect::Report(Report::LinkGone { interface: name.clone() }));
        for id in &watchers {
            // Its addresses went with it.
            self.instances[id.0].placed.retain(|placed| placed.placement.index != index);
        }
        self.refresh(now, &watchers, out);
    }

    /// The kernel took with a link what stood on it, and says nothing of it (VR-261).
    fn items_lost(&mut self, index: InterfaceIndex, gone: bool) {
        self.statics.link_lost(index, gone);
        for instance in &mut self.instances {
            instance.items.retain(|set| !set.is_on(index));
        }
    }

    /// VR-261: a route or rule of a Master that another program took away ends its stay; a static one is put back
    /// (VR-236).
    pub(super) fn item_gone(&mut self, now: Time, told: Told<'_>, out: &mut Vec<Effect>) {
        let ours = |item: &Item| item.is(told);
        let whose =
            self.instances.iter().find_map(|instance| Some((instance.id, instance.items.iter().position(ours)?)));
        let Some((id, at)) = whose else {
            self.statics.taken(told, &self.model.0.clone().statics, out);
            return;
        };
        let item = self.instances[id.0].items.remove(at);
        if !item.no_track() {
            out.push(Effect::Report(Report::ItemTaken { item }));
            self.address_taken(now, id, out);
        }
    }

    pub(super) fn address(&mut self, now: Time, address: &HostAddress, out: &mut Vec<Effect>) {
        let became_source = self.host.address_told(address);
        self.statics.confirm(Told::Address(address));
        let Some(name) = self.host.link(address.index).map(|link| link.name.clone()) else { return };
        let watchers = self.index.by_interface(&name);
        for id in &watchers {
            // Each is told of once after it was set: those that were are passed by without a look at them.
            let placed = &mut self.instances[id.0].placed;
            let told = placed.iter_mut().filter(|placed| !placed.confirmed).find(|placed| {
                placed.placement.index == address.index && placed.placement.address.cidr == address.cidr
            });
            if let Some(placed) = told {
                placed.confirmed = true;
            }
        }
        let told_as_source = became_source && !watchers.is_empty();
        if self.model.tells_addresses && !told_as_source {
            let (address, interface) = (address.cidr.address, name.clone());
            out.push(Effect::Report(Report::AddressSeen { address, interface, gone: false }));
        }
        let retry = watchers.iter().any(|id| self.instances[id.0].socket_refused);
        if watchers.is_empty() || !(became_source || retry) {
            return;
        }
        if became_source {
            let address = address.cidr.address;
            out.push(Effect::Report(Report::SourceAssigned { address, interface: name }));
        }
        for id in &watchers {
            self.instances[id.0].socket_refused = false;
        }
        self.refresh(now, &watchers, out);
    }

    pub(super) fn address_gone(&mut self, now: Time, address: &HostAddress, out: &mut Vec<Effect>) {
        let was_source = self.host.address_gone(address);
        self.statics.taken(Told::Address(address), &self.model.0.clone().statics, out);
        let Some(name) = self.host.link(address.index).map(|link| link.name.clone()) else { return };
        let watchers = self.index.by_interface(&name);
        // What is told of it in other words is not told twice.
        let mut told = !self.model.tells_addresses || was_source && !watchers.is_empty();
        for id in &watchers {
            let placed = &mut self.instances[id.0].placed;
            let ours = |placed: &Placed| {
                placed.confirmed
                    && placed.placement.index == address.index
                    && placed.placement.address.cidr == address.cidr
            };
            let Some(at) = placed.iter().position(ours) else { continue };
            let taken = placed.remove(at).placement.address;
            if !taken.no_track {
                told = true;
                let interface = name.clone();
                out.push(Effect::Report(Report::AddressTaken { address: address.cidr, interface }));
                self.address_taken(now, *id, out);
            }
        }
        if !told {
            let (address, interface) = (address.cidr.address, name.clone());
            out.push(Effect::Report(Report::AddressSeen { address, interface, gone: true }));
        }
        if was_source && !watchers.is_empty() {
            out.push(Effect::Report(Report::SourceGone { address: address.cidr.address, interface: name }));
            self.refresh(now, &watchers, out);
        }
    }
}

#[cfg(test)]
mod tests;
