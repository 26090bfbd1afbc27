//! Routes, rules and static addresses of a host of the simulated LAN: what its kernel has and tells.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::{Cidr, Family, InterfaceIndex};
use keepalived_rs::base::time::Time;
use keepalived_rs::model::host::HostAddress;
use keepalived_rs::model::route::{
    Action, HostRoute, Insertion, Item, MAIN_TABLE, Metrics, Owner, PROTOCOL, Route, RoutePlacement, Rule, UNICAST,
    network,
};
use keepalived_rs::model::vrrp::{State, Vrrp};
use keepalived_rs::vrrp::{Effect, Input};

use super::host::Host;

pub fn cidr(text: &str) -> Option<Cidr> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let prefix = prefix.map_or(Some(Family::of(address).bits()), |prefix| prefix.parse().ok())?;
    Some(Cidr { address, prefix })
}

/// A route to `destination` by `interface`.
pub fn route(destination: Cidr, interface: &str, no_track: bool) -> Arc<Route> {
    Arc::new(Route {
        destination,
        kind: UNICAST,
        kind_given: false,
        source: None,
        preferred_source: None,
        tos: 0,
        table: MAIN_TABLE,
        protocol: PROTOCOL,
        scope: None,
        metric: None,
        gateway: None,
        interface: Some(InterfaceName::new(interface)),
        onlink: false,
        encap: None,
        expires: None,
        realms: None,
        metrics: Metrics::default(),
        preference: None,
        ttl_propagate: None,
        nexthops: Vec::new(),
        insertion: Insertion::Prepend,
        no_track,
    })
}

/// A rule for all that comes from `from`: look into table 100.
pub fn rule(from: Cidr, no_track: bool) -> Arc<Rule> {
    Arc::new(Rule {
        family: Family::of(from.address),
        invert: false,
        from: Some(from),
        to: None,
        priority: 16384,
        tos: 0,
        mark: None,
        mask: None,
        realms: None,
        suppress_prefix_length: None,
        suppress_group: None,
        input: None,
        output: None,
        tunnel: None,
        users: None,
        protocol: Some(PROTOCOL),
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Table(100),
        no_track,
    })
}

/// As stories name it: the destination of a route, `from SOURCE` of a rule, an address.
pub fn name(item: &Item) -> String {
    match item {
        Item::Address(place) => place.address.cidr.address.to_string(),
        Item::Route(place) => place.route.destination.to_string(),
        Item::Rule(rule) => rule.from.map_or_else(|| "any".to_owned(), |from| format!("from:{from}")),
    }
}

/// The names of all items of a file.
pub fn all(model: &Vrrp) -> BTreeSet<String> {
    let place = |route: &Arc<Route>| RoutePlacement { route: route.clone(), index: None, hops: Vec::new() };
    let routes = model.instances.iter().flat_map(|instance| &instance.routes);
    let rules = model.instances.iter().flat_map(|instance| &instance.rules);
    let statics = &model.statics;
    let routes = routes.chain(statics.routes.iter().map(|one| &one.item)).map(|route| Item::Route(place(route)));
    let rules = rules.chain(statics.rules.iter().map(|one| &one.item)).cloned().map(Item::Rule);
    let addresses = statics.addresses.iter().map(|one| one.item.cidr.address.to_string());
    routes.chain(rules).map(|item| name(&item)).chain(addresses).collect()
}

/// What the kernel tells of an item that was set, or taken away by somebody: of routes and rules only the latter.
pub fn told(item: &Item, gone: bool) -> Option<Input> {
    match item {
        Item::Address(place) => {
            let (index, cidr, scope) = (place.index, place.address.cidr, place.address.scope);
            let address = HostAddress { index, cidr, scope, tentative: false };
            Some(if gone { Input::AddressGone(address) } else { Input::Address(address) })
        }
        Item::Route(place) => {
            let route = HostRoute {
                destination: network(place.route.destination),
                tos: place.route.tos,
                table: place.route.table,
                metric: place.route.metric,
                index: place.index,
            };
            gone.then_some(Input::RouteGone(route))
        }
        Item::Rule(rule) => gone.then(|| Input::RuleGone(rule.as_told())),
    }
}

fn is_on(item: &Item, index: InterfaceIndex) -> bool {
    match item {
        Item::Address(place) => place.index == index,
        Item::Route(place) => place.index == Some(index),
        Item::Rule(_) => false,
    }
}

/// The item as the kernel keeps it: what is watched is not its to know.
pub fn plain(item: &Item) -> Item {
    match item {
        Item::Address(_) => item.clone(),
        Item::Route(place) => {
            let mut place = place.clone();
            place.route = Arc::new(Route { no_track: false, ..(*place.route).clone() });
            Item::Route(place)
        }
        Item::Rule(rule) => Item::Rule(Arc::new(Rule { no_track: false, ..(**rule).clone() })),
    }
}

impl Host {
    pub fn set_items(&mut self, owner: Owner, items: &[Item], queue: &mut VecDeque<Input>) {
        for item in items {
            let (kept, exists) = (plain(item), self.stands(item));
            if !exists {
                self.refused.insert(name(item));
                queue.push_back(Input::ItemRefused { owner, item: item.clone() });
            } else if !self.items.contains(&kept) {
                self.items.push(kept);
                self.refused.remove(&name(item));
                queue.extend(told(item, false));
            }
        }
    }

    /// The kernel takes a route only on a link that is up.
    fn stands(&self, item: &Item) -> bool {
        let link = |index: InterfaceIndex| {
            self.interfaces.iter().find(|interface| interface.index == index && interface.exists)
        };
        match item {
            Item::Address(place) => link(place.index).is_some(),
            Item::Route(place) => place.index.is_none_or(|index| link(index).is_some_and(|link| link.up)),
            Item::Rule(_) => true,
        }
    }

    pub fn unset_items(&mut self, items: &[Item], queue: &mut VecDeque<Input>) {
        for item in items {
            let kept = plain(item);
            if let Some(at) = self.items.iter().position(|present| *present == kept) {
                self.items.remove(at);
                queue.extend(told(item, true).filter(|_| matches!(item, Item::Address(_))));
            }
        }
    }

    /// With a link routes go without a word; static addresses only with the link itself, and the kernel says so.
    pub fn items_lost(&mut self, index: InterfaceIndex, gone: bool) -> Vec<Input> {
        let lost = |item: &Item| is_on(item, index) && (gone || matches!(item, Item::Route(_)));
        let (lost, kept): (Vec<Item>, Vec<Item>) = std::mem::take(&mut self.items).into_iter().partition(lost);
        self.items = kept;
        lost.iter().filter(|item| matches!(item, Item::Address(_))).filter_map(|item| told(item, true)).collect()
    }

    /// Somebody runs `ip route delete`, `ip rule delete` or `ip address delete`.
    pub fn take_item_away(&mut self, now: Time, wanted: &str) -> Result<Vec<Effect>, String> {
        let Some(at) = self.items.iter().position(|item| name(item) == wanted) else {
            return Err(format!("{} has no {wanted}", self.name));
        };
        let item = self.items.remove(at);
        let mut done = Vec::new();
        if let Some(gone) = told(&item, true) {
            self.feed(now, gone, &mut done)?;
        }
        Ok(done)
    }
}

/// Rule 1 for the rest: a route or a rule is in the kernel exactly while its instance is Master, a static item always;
/// the machine's own list agrees.
pub fn held(host: &Host) -> Result<(), String> {
    let Some(router) = host.router.as_ref().filter(|_| host.started) else { return Ok(()) };
    let names = |items: &mut dyn Iterator<Item = String>| {
        let mut names: Vec<String> = items.collect();
        names.sort();
        names
    };
    let agreed = |name: &String| !host.refused.contains(name);
    let believed = names(&mut router.holds_items().map(|(_, item)| name(item)).filter(agreed));
    let present = names(&mut host.items.iter().map(name).filter(agreed));
    if believed != present {
        return Err(format!("{}: it believes to hold {believed:?}, its kernel has {present:?}", host.name));
    }
    for (owner, item) in router.holds_items() {
        if let Owner::Instance(id) = owner
            && router.state(id) != State::Master
        {
            return Err(format!("{} holds {} and is not Master", host.model.instances[id.0].name, name(item)));
        }
    }
    Ok(())
}
