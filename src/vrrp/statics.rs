//! static addresses, routes and rules: set at the start, put back when others take them away, removed at the stop.

use super::Effect;
use super::host::Host;
use super::items::{Told, place, place_address, removal_order, report_gone};
use crate::base::name::{InterfaceName, TrackGroupName};
use crate::base::net::InterfaceIndex;
use crate::model::event::vrrp::Event as Report;
use crate::model::route::{Item, Owner, Statics};

/// Something that we have set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SetItem {
    item: Item,
    /// Of an address: the kernel has told of it since, so its removal would be another's doing. (Whose doing the removal
    /// of a route or a rule is the kernel says itself.)
    confirmed: bool,
}

/// Those that we have set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standing {
    set: Vec<SetItem>,
}

impl Standing {
    /// Addresses, routes, rules, in file order: those whose interfaces are there.
    fn wanted(model: &Statics, host: &Host) -> Vec<Item> {
        let addresses = model.addresses.iter().filter_map(|one| place_address(&one.item, host)).map(Item::Address);
        let routes = model.routes.iter().filter_map(|one| place(&one.item, host)).map(Item::Route);
        let rules = model.rules.iter().map(|one| Item::Rule(one.item.clone()));
        addresses.chain(routes).chain(rules).collect()
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.set.iter().map(|set| &set.item)
    }

    /// VR-263: at the start. What a killed predecessor left stays where it is.
    pub fn start(&mut self, model: &Statics, host: &Host, out: &mut Vec<Effect>) {
        for one in &model.addresses {
            let Some(interface) = one.item.interface.clone().filter(|name| host.index(name).is_none()) else {
                continue;
            };
            out.push(Effect::Report(Report::StaticWaits { address: one.item.cidr, interface }));
        }
        self.add(Standing::wanted(model, host), out);
        // What is there already the kernel does not tell of again. (Later the echo of a removal of our own may still be
        // under way, so nothing but what is told counts.)
        for set in &mut self.set {
            if let Item::Address(place) = &set.item {
                set.confirmed = host.has(place.index, place.address.cidr.address);
            }
        }
    }

    fn add(&mut self, items: Vec<Item>, out: &mut Vec<Effect>) {
        if items.is_empty() {
            return;
        }
        for item in &items {
            self.set.retain(|set| set.item != *item);
            self.set.push(SetItem { item: item.clone(), confirmed: false });
        }
        out.push(Effect::Set { owner: Owner::Static, items });
    }

    /// VR-157: at the stop, whatever becomes of the virtual routers' addresses.
    pub fn stop(&mut self, out: &mut Vec<Effect>) {
        let items: Vec<Item> = std::mem::take(&mut self.set).into_iter().map(|set| set.item).collect();
        if !items.is_empty() {
            out.push(Effect::Unset { owner: Owner::Static, items: removal_order(items) });
        }
    }

    /// What a new configuration has no more goes at once; what is new comes when the instances are settled.
    pub fn drop_old(&mut self, model: &Statics, host: &Host, out: &mut Vec<Effect>) {
        let wanted = Standing::wanted(model, host);
        let (kept, gone): (Vec<SetItem>, Vec<SetItem>) = std::mem::take(&mut self.set)
            .into_iter()
            .partition(|set| wanted.iter().any(|one| one.same_in_kernel(&set.item)));
        self.set = kept;
        let gone: Vec<Item> = gone.into_iter().map(|gone| gone.item).collect();
        report_gone(&gone, &wanted, out);
        if gone.is_empty() {
            return;
        }
        if gone.iter().any(|item| matches!(item, Item::Address(_))) {
            // With an address the kernel may take routes away without a word: all are set again.
            self.set.retain(|set| !matches!(set.item, Item::Route(_)));
        }
        out.push(Effect::Unset { owner: Owner::Static, items: removal_order(gone) });
    }

    pub fn add_new(&mut self, model: &Statics, host: &Host, out: &mut Vec<Effect>) {
        let mut added = Vec::new();
        for one in Standing::wanted(model, host) {
            match self.set.iter_mut().find(|set| set.item.same_in_kernel(&one)) {
                // It may be watched now, or no more.
                Some(set) => set.item = one,
                None => added.push(one),
            }
        }
        self.add(added, out);
    }

    pub fn confirm(&mut self, told: Told<'_>) {
        for set in &mut self.set {
            set.confirmed |= set.item.is(told);
        }
    }

    /// VR-236: what others took away is put back, unless it is not to be watched.
    pub fn taken(&mut self, told: Told<'_>, model: &Statics, out: &mut Vec<Effect>) {
        let Some(at) =
            self.set.iter().position(|set| (set.confirmed || !matches!(told, Told::Address(_))) && set.item.is(told))
        else {
            return;
        };
        if self.set[at].item.no_track() {
            self.set.remove(at);
            return;
        }
        self.set[at].confirmed = false;
        let item = self.set[at].item.clone();
        out.push(Effect::Report(restored(&item, model)));
        out.push(Effect::Set { owner: Owner::Static, items: vec![item] });
    }

    /// The kernel took with the link what stood on it: routes when it went down, all when it is no more.
    pub fn link_lost(&mut self, index: InterfaceIndex, gone: bool) {
        let lost = |item: &Item| item.is_on(index) && (gone || matches!(item, Item::Route(_)));
        self.set.retain(|set| !lost(&set.item));
    }

    /// VR-236: a link is up (again): what belongs on it and is watched is put back.
    pub fn link_up(&mut self, name: &InterfaceName, model: &Statics, host: &Host, out: &mut Vec<Effect>) {
        let Some(index) = host.index(name) else { return };
        let missing: Vec<Item> = Standing::wanted(model, host)
            .into_iter()
            .filter(|item| item.is_on(index) && !item.no_track() && !self.set.iter().any(|set| set.item == *item))
            .collect();
        out.extend(missing.iter().map(|item| Effect::Report(restored(item, model))));
        self.add(missing, out);
    }

    pub fn refused(&mut self, item: &Item) {
        self.set.retain(|set| set.item != *item);
    }
}

fn restored(item: &Item, model: &Statics) -> Report {
    let track_group: Option<TrackGroupName> = match item {
        Item::Address(place) => group(&model.addresses, &place.address),
        Item::Route(place) => group(&model.routes, &place.route),
        Item::Rule(rule) => group(&model.rules, rule),
    };
    Report::StaticRestored { item: item.clone(), track_group }
}

fn group<T: PartialEq>(all: &[crate::model::route::Static<T>], item: &std::sync::Arc<T>) -> Option<TrackGroupName> {
    all.iter().find(|one| one.item == *item)?.track_group.clone()
}

#[cfg(test)]
mod tests;
