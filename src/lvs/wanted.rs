//! What the kernel should hold, from the configuration and the last results: services, destinations, weights.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Verdict, quorum};
use crate::base::net::{Endpoint, Family};
use crate::base::time::Time;
use crate::model::ipvs::{Destination, Service, ServiceKey};
use crate::model::lvs::{
    CheckerId, Forwarding, GroupEntry, Lvs, RealServerId, SorryServer, VirtualAddress, VirtualServer, VirtualServerId,
};

/// What is known of one checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckerState {
    pub up: bool,
    pub has_run: bool,
    /// Added to the configured weight of its real server.
    pub weight: i64,
}

/// What is known of one real server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RealState {
    /// No checker has failed: it counts for quorum.
    pub alive: bool,
    /// Found in the table at start while alpha checkers have yet to speak: it gets no new connections, but keeps those
    /// that a killed predecessor left, until all have or one of them says that it is down.
    pub adopted: bool,
    /// Its weight grows (`slow_start`); `None`: it has its full weight.
    pub rising: Option<Rising>,
}

/// How far a server is that starts slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rising {
    pub since: Time,
    /// The last step: until the next one its weight is what it was then, whatever else happens.
    pub step: Time,
}

/// What is known of one virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerState {
    pub quorum_up: bool,
    /// The sorry server stands in for the real servers.
    pub sorry_in: bool,
    pub reals: Vec<RealState>,
    sum: u64,
    /// Where in `real_servers` an endpoint stands first; sorted, and as small as may be: there may be ten thousands.
    places: Vec<(Endpoint, u32)>,
}

impl ServerState {
    pub fn new(server: &VirtualServer) -> ServerState {
        let mut places: Vec<_> = server.real_servers.iter().map(|real| real.endpoint).zip(0..).collect();
        places.sort_unstable();
        places.dedup_by_key(|(endpoint, _)| *endpoint);
        let reals = vec![RealState::default(); server.real_servers.len()];
        ServerState { quorum_up: false, sorry_in: false, reals, sum: 0, places }
    }
}

/// Everything that decides what the kernel should hold.
#[derive(Clone, Debug)]
pub struct Facts {
    pub model: Arc<Lvs>,
    /// One for each virtual server, by position.
    pub servers: Vec<ServerState>,
    /// One for each checker, by position.
    pub checkers: Vec<CheckerState>,
    /// The moment of the input that is being handled.
    pub now: Time,
    services: BTreeMap<ServiceKey, Known>,
}

/// A service of ours and the virtual servers that put their real servers into it (LV-44).
#[derive(Clone, Debug)]
struct Known {
    /// Position among all services in file order.
    nth: usize,
    service: Arc<Service>,
    users: Vec<VirtualServerId>,
}

impl Facts {
    /// Before any checker has spoken: alpha ones count as failed (CK-14), nothing is alive, no quorum.
    pub fn new(model: Arc<Lvs>) -> Facts {
        let servers = model.virtual_servers.iter().map(|server| ServerState::new(server)).collect();
        let checkers = model
            .checkers
            .iter()
            .map(|checker| CheckerState { up: !checker.alpha, has_run: false, weight: 0 })
            .collect();
        let mut services: BTreeMap<ServiceKey, Known> = BTreeMap::new();
        for (at, server) in model.virtual_servers.iter().enumerate() {
            for key in keys(server) {
                let nth = services.len();
                let known = services.entry(key).or_insert_with(|| Known {
                    nth,
                    service: Arc::new(service(server, key)),
                    users: Vec::new(),
                });
                // One that has an address twice comes twice in a row.
                if known.users.last() != Some(&VirtualServerId(at)) {
                    known.users.push(VirtualServerId(at));
                }
            }
        }
        Facts { model, servers, checkers, now: Time::ZERO, services }
    }

    /// What is known of a checker before its real server is looked at.
    pub fn assume(&mut self, verdict: &Verdict) {
        if let Some(state) = self.checkers.get_mut(verdict.checker.0) {
            *state = CheckerState { up: verdict.up, has_run: true, weight: verdict.weight };
        }
    }

    pub fn server(&self, id: VirtualServerId) -> &Arc<VirtualServer> {
        &self.model.virtual_servers[id.0]
    }

    /// Is this service of the kernel one of ours?
    pub fn is_ours(&self, key: &ServiceKey) -> bool {
        self.services.contains_key(key)
    }

    /// Position in file order; services of ours come before others.
    pub fn nth(&self, key: &ServiceKey) -> usize {
        self.services.get(key).map_or(usize::MAX, |known| known.nth)
    }

    /// All services of ours, in file order.
    pub fn keys(&self) -> Vec<ServiceKey> {
        let mut keys: Vec<(usize, ServiceKey)> = self.services.iter().map(|(key, known)| (known.nth, *key)).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    pub fn service(&self, key: &ServiceKey) -> Option<&Arc<Service>> {
        self.services.get(key).map(|known| &known.service)
    }

    pub fn weight_of(&self, id: VirtualServerId, real: RealServerId) -> u32 {
        let real = &self.server(id).real_servers[real.0];
        let added = real.checkers.iter().map(|checker| self.checkers[checker.0].weight);
        quorum::effective_weight(real.weight, added)
    }

    /// Sum of the weights alive (LV-64), kept up to date by `set_alive` and `set_added`.
    pub fn sum(&self, id: VirtualServerId) -> u64 {
        self.servers[id.0].sum
    }

    /// The same, counted anew.
    pub fn counted_sum(&self, id: VirtualServerId) -> u64 {
        let alive = self.servers[id.0].reals.iter().enumerate().filter(|(_, real)| real.alive);
        alive.map(|(at, _)| u64::from(self.weight_of(id, RealServerId(at)))).sum()
    }

    pub fn set_alive(&mut self, id: VirtualServerId, real: RealServerId, alive: bool) {
        let weight = u64::from(self.weight_of(id, real));
        let server = &mut self.servers[id.0];
        match (std::mem::replace(&mut server.reals[real.0].alive, alive), alive) {
            (false, true) => server.sum += weight,
            (true, false) => server.sum -= weight,
            (false, false) | (true, true) => {}
        }
    }

    /// What a checker adds to the weight of its real server; returns the weight before and after.
    pub fn set_added(&mut self, checker: CheckerId, added: i64) -> (u32, u32) {
        let (id, real) = (self.model.checkers[checker.0].virtual_server, self.model.checkers[checker.0].real_server);
        let from = self.weight_of(id, real);
        self.checkers[checker.0].weight = added;
        let to = self.weight_of(id, real);
        let server = &mut self.servers[id.0];
        if server.reals[real.0].alive {
            server.sum = server.sum - u64::from(from) + u64::from(to);
        }
        (from, to)
    }

    /// With which weight a real server should be in the table, if at all (LV-49, LV-58, LV-63, LV-68).
    pub fn table_weight(&self, id: VirtualServerId, real: RealServerId) -> Option<u32> {
        let server = &self.servers[id.0];
        let state = server.reals[real.0];
        let held = self.server(id).real_servers[real.0].inhibit_on_failure || state.adopted;
        match (state.alive && !server.sorry_in, held) {
            (true, _) => Some(self.present_weight(id, real)),
            (false, true) => Some(0),
            (false, false) => None,
        }
    }

    /// Where in a service a real server stands, and with which weight, if it should be there.
    pub fn destination(&self, key: &ServiceKey, at: Endpoint) -> Option<Destination> {
        let mut best: Option<Destination> = None;
        for user in &self.services.get(key)?.users {
            if let Some(found) = self.destination_of(*user, key, at) {
                // Joined services (LV-44): any user that sends connections there prevails.
                match best {
                    Some(held) if held.weight > 0 || found.weight == 0 => {}
                    Some(_) | None => best = Some(found),
                }
            }
        }
        best
    }

    fn destination_of(&self, id: VirtualServerId, key: &ServiceKey, at: Endpoint) -> Option<Destination> {
        let server = self.server(id);
        let state = &self.servers[id.0];
        let sorry = server.sorry_server.as_ref().filter(|sorry| sorry_place(server, key, sorry) == at);
        if let Some(sorry) = sorry.filter(|_| state.sorry_in) {
            return Some(sorry_destination(at, sorry, 1));
        }
        let real = self.candidates(id, key, at).find_map(|real| {
            let weight = self.table_weight(id, real)?;
            let real = &server.real_servers[real.0];
            Some(Destination {
                endpoint: at,
                method: real.forwarding.into(),
                weight,
                upper_threshold: real.upper_threshold,
                lower_threshold: real.lower_threshold,
            })
        });
        // LV-71: an inhibited sorry server is there from the start, with weight 0.
        real.or_else(|| sorry.filter(|sorry| sorry.inhibit).map(|sorry| sorry_destination(at, sorry, 0)))
    }

    /// The real servers of a virtual server that stand at this endpoint of a service.
    fn candidates(&self, id: VirtualServerId, key: &ServiceKey, at: Endpoint) -> impl Iterator<Item = RealServerId> {
        let server = self.server(id);
        let places = &self.servers[id.0].places;
        let (low, high) = match server.address {
            VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) => (at.port, at.port),
            VirtualAddress::Group { .. } => (0, u16::MAX),
        };
        let (low, high) = (Endpoint { port: low, ..at }, Endpoint { port: high, ..at });
        let first = places.partition_point(|(place, _)| *place < low);
        let near = places[first..].iter().take_while(move |(place, _)| *place <= high);
        near.map(|(_, real)| RealServerId(*real as usize)).filter(move |real| {
            place(server, key, server.real_servers[real.0].endpoint, server.real_servers[real.0].forwarding) == at
        })
    }

    /// Where the real servers and the sorry server of a service stand, in file order, whether wanted or not.
    pub fn places(&self, key: &ServiceKey) -> Vec<Endpoint> {
        let Some(known) = self.services.get(key) else { return Vec::new() };
        let mut all: Vec<(Endpoint, u32)> = Vec::new();
        for user in &known.users {
            let server = self.server(*user);
            let reals = server.real_servers.iter().map(|real| place(server, key, real.endpoint, real.forwarding));
            let sorry = server.sorry_server.as_ref().map(|sorry| sorry_place(server, key, sorry));
            let next = all.len() as u32;
            all.reserve(server.real_servers.len() + 1);
            all.extend(reals.chain(sorry).zip(next..));
        }
        // Each once, at its first place in the file.
        all.sort_unstable();
        all.dedup_by_key(|(at, _)| *at);
        all.sort_unstable_by_key(|(_, nth)| *nth);
        all.into_iter().map(|(at, _)| at).collect()
    }

    /// The services of a virtual server with the place of one real server in each.
    pub fn places_of(&self, id: VirtualServerId, real: RealServerId) -> Vec<(ServiceKey, Endpoint)> {
        let server = self.server(id);
        let real = &server.real_servers[real.0];
        keys(server).into_iter().map(|key| (key, place(server, &key, real.endpoint, real.forwarding))).collect()
    }
}

/// The services that a virtual server is in the kernel: one, or one for each entry of its group, addresses before
/// marks (LV-43); where the packet filter marks its addresses, one for each family.
pub fn keys(server: &VirtualServer) -> Vec<ServiceKey> {
    let protocol = server.protocol;
    match &server.address {
        VirtualAddress::Address(at) => vec![ServiceKey::Address { protocol, at: *at }],
        VirtualAddress::Fwmark(mark) => vec![ServiceKey::Fwmark { mark: *mark, family: server.family }],
        // LV-46.
        VirtualAddress::Group { entries, mark: Some(mark), .. } => {
            let has = |family: &Family| {
                entries
                    .iter()
                    .any(|entry| matches!(entry, GroupEntry::Address(at) if Family::of(at.address) == *family))
            };
            let families = [Family::V4, Family::V6].into_iter().filter(has);
            families.map(|family| ServiceKey::Fwmark { mark: *mark, family }).collect()
        }
        VirtualAddress::Group { entries, mark: None, .. } => {
            let addresses = entries.iter().filter_map(|entry| match entry {
                GroupEntry::Address(at) => Some(ServiceKey::Address { protocol, at: *at }),
                GroupEntry::Fwmark { .. } => None,
            });
            let marks = entries.iter().filter_map(|entry| match entry {
                GroupEntry::Address(_) => None,
                GroupEntry::Fwmark { mark, family } => Some(ServiceKey::Fwmark { mark: *mark, family: *family }),
            });
            addresses.chain(marks).collect()
        }
    }
}

fn service(server: &VirtualServer, key: ServiceKey) -> Service {
    Service {
        key,
        scheduler: server.scheduler.name().to_owned(),
        flags: server.flags,
        persistence: server.persistence.clone(),
    }
}

/// LV-27: in a group, directly routed and tunnelled packets keep the port of the entry.
fn place(server: &VirtualServer, key: &ServiceKey, own: Endpoint, forwarding: Forwarding) -> Endpoint {
    let Endpoint { address, port } = own;
    match (&server.address, forwarding) {
        (VirtualAddress::Address(_) | VirtualAddress::Fwmark(_), _)
        | (VirtualAddress::Group { .. }, Forwarding::Nat) => Endpoint { address, port },
        (VirtualAddress::Group { .. }, Forwarding::DirectRouting | Forwarding::Tunnel(_)) => {
            Endpoint { address, port: entry_port(key) }
        }
    }
}

const fn entry_port(key: &ServiceKey) -> u16 {
    match key {
        ServiceKey::Address { at, .. } => at.port,
        ServiceKey::Fwmark { .. } => 0,
    }
}

fn sorry_place(server: &VirtualServer, key: &ServiceKey, sorry: &SorryServer) -> Endpoint {
    place(server, key, sorry.endpoint, sorry.forwarding)
}

fn sorry_destination(at: Endpoint, sorry: &SorryServer, weight: u32) -> Destination {
    Destination { endpoint: at, method: sorry.forwarding.into(), weight, upper_threshold: 0, lower_threshold: 0 }
}

/// `[ADDR]:PROTO:PORT` of a group entry, `FWM N` of a mark (LV-97).
pub fn show_entry(server: &VirtualServer, entry: &GroupEntry) -> String {
    match entry {
        GroupEntry::Address(at) => server.show_real(*at),
        GroupEntry::Fwmark { mark, .. } => mark.to_string(),
    }
}

/// The next address, for joining entries that came from one range.
pub fn next_address(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address).checked_add(1).map(|next| IpAddr::V4(next.into())),
        IpAddr::V6(address) => u128::from(address).checked_add(1).map(|next| IpAddr::V6(next.into())),
    }
}
