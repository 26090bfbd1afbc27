//! the routes and rules of a Master, and what stands whoever is Master.

use std::sync::Arc;

use super::Effect;
use super::host::Host;
use super::instance::{Turn, VirtualRouter};
use crate::base::net::InterfaceIndex;
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::host::Placement;
use crate::model::route::{HostRoute, Item, Owner, Route, RoutePlacement, Rule};

/// What the kernel tells of.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    Address(&'a crate::model::host::HostAddress),
    Route(&'a HostRoute),
    Rule(&'a Rule),
}

impl Item {
    /// Whether the kernel tells of this one.
    pub(super) fn is(&self, told: Told<'_>) -> bool {
        match (self, told) {
            (Item::Address(place), Told::Address(told)) => place.index == told.index && place.address.cidr == told.cidr,
            (Item::Route(place), Told::Route(told)) => place.is(told),
            (Item::Rule(rule), Told::Rule(told)) => rule.as_told() == *told,
            (Item::Address(_) | Item::Route(_) | Item::Rule(_), _) => false,
        }
    }

    pub(super) fn no_track(&self) -> bool {
        match self {
            Item::Address(place) => place.address.no_track,
            Item::Route(place) => place.route.no_track,
            Item::Rule(rule) => rule.no_track,
        }
    }

    /// It goes with this interface: an address or a route on it.
    pub(super) fn is_on(&self, index: InterfaceIndex) -> bool {
        match self {
            Item::Address(place) => place.index == index,
            Item::Route(place) => place.index == Some(index),
            Item::Rule(_) => false,
        }
    }

    /// The same to the kernel: `no_track` is ours alone.
    pub(super) fn same_in_kernel(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Address(one), Item::Address(other)) => {
                one.index == other.index && super::router::same_in_kernel(&one.address, &other.address)
            }
            (Item::Route(one), Item::Route(other)) => {
                let same = Route { no_track: one.route.no_track, ..(*other.route).clone() };
                one.index == other.index && one.hops == other.hops && *one.route == same
            }
            (Item::Rule(one), Item::Rule(other)) => **one == Rule { no_track: one.no_track, ..(**other).clone() },
            (Item::Address(_) | Item::Route(_) | Item::Rule(_), _) => false,
        }
    }
}

/// Where a route goes, when its interfaces exist.
pub(super) fn place(route: &Arc<Route>, host: &Host) -> Option<RoutePlacement> {
    let index = match &route.interface {
        Some(name) => Some(host.index(name)?),
        None => None,
    };
    let mut hops = Vec::with_capacity(route.nexthops.len());
    for hop in &route.nexthops {
        hops.push(match &hop.interface {
            Some(name) => Some(host.index(name)?),
            None => None,
        });
    }
    Some(RoutePlacement { route: route.clone(), index, hops })
}

/// In the order in which they are taken away: rules, then routes, then addresses (VR-151).
pub(super) fn removal_order(items: Vec<Item>) -> Vec<Item> {
    let rank = |item: &Item| match item {
        Item::Rule(_) => 0,
        Item::Route(_) => 1,
        Item::Address(_) => 2,
    };
    let mut items = items;
    items.sort_by_key(rank);
    items
}

impl VirtualRouter {
    /// Routes, then rules, in file order: those whose interfaces are there.
    pub fn wanted_items(&self, host: &Host) -> Vec<Item> {
        let routes = self.model.routes.iter().filter_map(|route| place(route, host)).map(Item::Route);
        routes.chain(self.model.rules.iter().cloned().map(Item::Rule)).collect()
    }

    /// VR-142: after the addresses, as routes may need them.
    pub(super) fn add_items(&mut self, items: Vec<Item>, turn: &mut Turn<'_>) {
        if items.is_empty() {
            return;
        }
        self.report_items(&items, Fact::SettingRoutes, Fact::SettingRules, turn);
        for item in &items {
            // One that is kept is set again to be sure.
            if !self.items.contains(item) {
                self.items.push(item.clone());
            }
        }
        turn.out.push(Effect::Set { owner: Owner::Instance(self.id), items });
    }

    /// VR-151: rules, then routes, before the addresses.
    pub(super) fn remove_items(&mut self, turn: &mut Turn<'_>) {
        let held = std::mem::take(&mut self.items);
        self.unset(held, turn);
    }

    /// What a predecessor left behind, found or not (VR-128). Those in `kept` are another's and stay.
    pub(super) fn remove_leftover_items(&mut self, kept: &[Item], turn: &mut Turn<'_>) {
        let mut items = self.wanted_items(turn.host);
        items.retain(|item| !kept.iter().any(|other| other.same_in_kernel(item)));
        self.unset(items, turn);
    }

    pub(super) fn unset(&mut self, items: Vec<Item>, turn: &mut Turn<'_>) {
        if items.is_empty() {
            return;
        }
        let items = removal_order(items);
        let of_rules = items.iter().filter(|item| matches!(item, Item::Rule(_))).count();
        if of_rules > 0 {
            self.report(Fact::RemovingRules, turn);
        }
        if of_rules < items.len() {
            self.report(Fact::RemovingRoutes, turn);
        }
        turn.out.push(Effect::Unset { owner: Owner::Instance(self.id), items });
    }

    fn report_items(&self, items: &[Item], routes: Fact, rules: Fact, turn: &mut Turn<'_>) {
        if items.iter().any(|item| matches!(item, Item::Route(_))) {
            self.report(routes, turn);
        }
        if items.iter().any(|item| matches!(item, Item::Rule(_))) {
            self.report(rules, turn);
        }
    }

    /// A reload: what is in the file no more goes (VR-279).
    pub(super) fn drop_items(&mut self, turn: &mut Turn<'_>) {
        let wanted = self.wanted_items(turn.host);
        let held = std::mem::take(&mut self.items);
        let (kept, gone): (Vec<Item>, Vec<Item>) =
            held.into_iter().partition(|held| wanted.iter().any(|one| one.same_in_kernel(held)));
        self.items = kept;
        report_gone(&gone, &wanted, turn.out);
        if !gone.is_empty() {
            let items = removal_order(gone);
            turn.out.push(Effect::Unset { owner: Owner::Instance(self.id), items });
        }
    }

    /// A reload: what is new comes, all is in the new order. With an address the kernel may have taken routes away
    /// without a word, so with `again` all routes are set once more (VR-279).
    pub(super) fn take_up_items(&mut self, again: bool, turn: &mut Turn<'_>) {
        let wanted = self.wanted_items(turn.host);
        let held = std::mem::take(&mut self.items);
        let mut added = Vec::new();
        for one in wanted {
            if !held.iter().any(|held| held.same_in_kernel(&one)) {
                added.push(one);
                continue;
            }
            if again && matches!(one, Item::Route(_)) {
                added.push(one.clone());
            }
            self.items.push(one);
        }
        self.add_items(added, turn);
        // In the new order, whatever was kept.
        let wanted = self.wanted_items(turn.host);
        let at = |held: &Item| wanted.iter().position(|one| one == held);
        self.items.sort_by_key(at);
    }
}

/// What the log says of items that a reload takes away: one line for a whole block, else one for each.
pub(super) fn report_gone(gone: &[Item], wanted: &[Item], out: &mut Vec<Effect>) {
    let kind = |item: &Item| matches!(item, Item::Rule(_));
    for rules in [true, false] {
        let of = |items: &[Item]| {
            items.iter().filter(|item| kind(item) == rules && !matches!(item, Item::Address(_))).count()
        };
        if of(gone) > 0 && of(wanted) == 0 {
            out.push(Effect::Report(Report::BlockRemoved { rules }));
        } else {
            let all = gone.iter().filter(|item| kind(item) == rules && !matches!(item, Item::Address(_)));
            out.extend(all.map(|item| Effect::Report(Report::ItemNoLonger { item: item.clone() })));
        }
    }
    let addresses = gone.iter().filter(|item| matches!(item, Item::Address(_)));
    out.extend(addresses.map(|item| Effect::Report(Report::ItemNoLonger { item: item.clone() })));
}

/// A static address on its interface, when that exists.
pub(super) fn place_address(address: &Arc<crate::model::vrrp::VirtualAddress>, host: &Host) -> Option<Placement> {
    Some(Placement { index: host.place(address)?, address: address.clone() })
}
