//! One router of the simulated LAN: the whole machine, and a kernel that does what it says and tells of it.
//!
//! After each input the rules of `rule.rs` are checked; a broken one is an `Err` with a sentence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::{Cidr, Family, InterfaceIndex, MacAddress};
use keepalived_rs::base::time::{Interval, Time, WallTime};
use keepalived_rs::model::device::Barred;
use keepalived_rs::model::host::{HostAddress, Link, Placement};
use keepalived_rs::model::route::Item;
use keepalived_rs::model::track::CountCause;
use keepalived_rs::model::vrrp::{InstanceId, SocketKey, State, Vrrp};
use keepalived_rs::vrrp::router::Router;
use keepalived_rs::vrrp::{Effect, Input, Packet, Release};

use super::rule::Heard;
use super::{items, rule};

/// An address on an interface of a host, as its kernel lists it.
pub type Held = (InterfaceIndex, Cidr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    pub index: InterfaceIndex,
    pub name: String,
    /// Which LAN it is plugged into.
    pub segment: usize,
    /// IFF_UP and IFF_RUNNING.
    pub up: bool,
    /// The cable looks well but carries nothing.
    pub cut: bool,
    /// False: the link is deleted.
    pub exists: bool,
    pub no_arp: bool,
    pub addresses: Vec<IpAddr>,
}

impl Interface {
    pub fn new(index: u32, name: &str, segment: usize, addresses: Vec<IpAddr>) -> Interface {
        let index = InterfaceIndex(index);
        let name = name.to_owned();
        Interface { index, name, segment, up: true, cut: false, exists: true, no_arp: false, addresses }
    }

    pub fn link(&self) -> Link {
        Link {
            index: self.index,
            name: InterfaceName::new(&self.name),
            up: self.up,
            multicast: true,
            no_arp: self.no_arp,
            flags: 0,
            loopback: false,
            mac: Some(MacAddress([2, 0, 0, 0, self.segment as u8, self.index.0 as u8])),
            infiniband: None,
            mtu: 1500,
            promote_secondaries: false,
            forwarding6: false,
        }
    }

    pub fn host_address(&self, address: IpAddr) -> HostAddress {
        let (prefix, scope) = match address {
            IpAddr::V4(_) => (24, 0),
            IpAddr::V6(address) if address.is_unicast_link_local() => (64, 253),
            IpAddr::V6(_) => (64, 0),
        };
        HostAddress { index: self.index, cidr: Cidr { address, prefix }, scope, tentative: false }
    }

    pub fn carries(&self) -> bool {
        self.exists && self.up && !self.cut
    }
}

/// Faults put into the harness on purpose, to see that they are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Planted {
    /// Orders to remove addresses are lost.
    pub addresses_stay: bool,
    /// Adverts of priority 0 are lost.
    pub no_release: bool,
    /// It hears nothing.
    pub deaf: bool,
    /// Nothing of it is heard.
    pub mute: bool,
    /// It says its last advert again, whatever it has become.
    pub talkative: bool,
    /// What a stop does is done in the wrong order.
    pub hasty: bool,
    /// A reload is a stop and a start.
    pub forgetful: bool,
    /// A Backup in a sync group hears nothing, unless it is the first member: the group does what the first one wants.
    pub rash: bool,
}

#[derive(Clone)]
pub struct Host {
    pub name: String,
    pub interfaces: Vec<Interface>,
    /// What the next start or reload reads.
    pub model: Arc<Vrrp>,
    pub generation: u64,
    /// `None`: the daemon does not run.
    pub router: Option<Router>,
    pub sockets: BTreeSet<SocketKey>,
    /// What packets are dropped from and to.
    pub barred: BTreeSet<Barred>,
    /// The virtual addresses in its kernel.
    pub kernel: BTreeSet<Held>,
    /// Routes, rules and static addresses in its kernel.
    pub items: Vec<Item>,
    /// Those that it refused, by name.
    pub refused: BTreeSet<String>,
    /// Addresses that the kernel refuses to set.
    pub denied: BTreeSet<IpAddr>,
    /// Addresses that a Master has not, by no fault of its own: refused, or taken away by somebody.
    pub excused: BTreeSet<IpAddr>,
    /// Its kernel's messages are read late: what the machine did itself is told only after the next input.
    pub late: bool,
    echoes: VecDeque<Input>,
    /// False until `Start`.
    pub started: bool,
    /// How far its wall clock is ahead of the true time.
    pub ahead: Interval,
    last_word: Option<Effect>,
    /// What each instance last heard of a Master that it waits for, while it is Backup.
    pub heard: BTreeMap<InstanceId, Heard>,
    pub planted: Planted,
}

impl Host {
    pub fn new(name: &str, interfaces: Vec<Interface>, model: Arc<Vrrp>) -> Host {
        Host {
            name: name.to_owned(),
            interfaces,
            model,
            generation: 1,
            router: None,
            sockets: BTreeSet::new(),
            barred: BTreeSet::new(),
            kernel: BTreeSet::new(),
            items: Vec::new(),
            refused: BTreeSet::new(),
            denied: BTreeSet::new(),
            excused: BTreeSet::new(),
            late: false,
            echoes: VecDeque::new(),
            started: false,
            ahead: Interval::ZERO,
            last_word: None,
            heard: BTreeMap::new(),
            planted: Planted::default(),
        }
    }

    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    pub fn interface_mut(&mut self, name: &str) -> Option<&mut Interface> {
        self.interfaces.iter_mut().find(|interface| interface.name == name)
    }

    pub fn deadline(&self) -> Option<Time> {
        self.router.as_ref().and_then(Router::deadline)
    }

    /// Starts the daemon: what rtnetlink lists, then `Start`.
    pub fn start(&mut self, now: Time) -> Result<Vec<Effect>, String> {
        self.router =
            Some(Router::new(self.model.clone(), self.generation, Release { always_addresses: false, vrrp: true }));
        self.sockets.clear();
        self.barred.clear();
        self.echoes.clear();
        self.started = false;
        let mut done = Vec::new();
        let mut listed = Vec::new();
        for interface in self.interfaces.iter().filter(|interface| interface.exists) {
            listed.push(Input::Link(interface.link()));
        }
        for interface in self.interfaces.iter().filter(|interface| interface.exists) {
            for address in &interface.addresses {
                listed.push(Input::Address(interface.host_address(*address)));
            }
        }
        for (index, cidr) in &self.kernel {
            let scope = if is_link_local(cidr.address) { 253 } else { 0 };
            listed.push(Input::Address(HostAddress { index: *index, cidr: *cidr, scope, tentative: false }));
        }
        listed.extend(self.items.iter().filter_map(|item| items::told(item, false)));
        for file in &self.model.files {
            listed.push(Input::File { path: file.path.clone(), number: 0 });
        }
        for process in &self.model.processes {
            let pattern = process.pattern.clone();
            listed.push(Input::Processes { pattern, count: 1, cause: CountCause::Other });
        }
        for input in listed {
            self.feed(now, input, &mut done)?;
        }
        if let Some(effect) = done.iter().find(|effect| matches!(effect, Effect::Send(_) | Effect::AddAddresses { .. }))
        {
            return Err(format!("{} acts before it was started: {effect:?}", self.name));
        }
        self.started = true;
        self.feed(now, Input::Start, &mut done)?;
        Ok(done)
    }

    /// The power goes, or SIGKILL: the kernel's addresses stay.
    pub fn crash(&mut self) {
        self.router = None;
        self.heard.clear();
        self.sockets.clear();
        self.barred.clear();
        self.excused.clear();
        self.echoes.clear();
    }

    /// Everything is put away; afterwards the daemon does not run.
    pub fn stop(&mut self, now: Time) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        self.feed(now, Input::Stop, &mut done)?;
        self.router = None;
        self.heard.clear();
        Ok(done)
    }

    /// Hands on one input and everything that the kernel tells because of it. Appends the effects.
    pub fn feed(&mut self, now: Time, input: Input, done: &mut Vec<Effect>) -> Result<(), String> {
        // The kernel's messages come in the kernel's order, but a packet, a timer or a signal may overtake them.
        let kernel = matches!(
            input,
            Input::Link(_)
                | Input::LinkGone(_)
                | Input::Address(_)
                | Input::AddressGone(_)
                | Input::AddressRefused { .. }
                | Input::RouteGone(_)
                | Input::RuleGone(_)
                | Input::ItemRefused { .. }
        );
        let mut queue = std::mem::take(&mut self.echoes);
        if kernel {
            queue.push_back(input);
        } else {
            queue.push_front(input);
        }
        let mut turns = 0;
        while let Some(input) = queue.pop_front() {
            let Some(mut router) = self.router.take() else { return Ok(()) };
            if turns > 500 {
                return Err(format!("{}: one input is answered without end", self.name));
            }
            turns += 1;
            let old = self.model.clone();
            let before = rule::states(&router, &old);
            let accepted = match &input {
                Input::Packet(_) => rule::accepted(&router, &old),
                _ => Vec::new(),
            };
            let mut effects = Vec::new();
            router.set_wall_time(self.wall(now));
            if !self.does_not_hear(&input, &before) {
                router.handle(now, input.clone(), &mut effects);
            }
            self.plant(now, &input, &mut router, &mut effects);
            match &input {
                Input::Reload { model, .. } => {
                    self.model = model.clone();
                    self.heard.clear();
                }
                Input::Packet(packet) => self.note_heard(now, packet, &router, &accepted),
                _ => {}
            }
            let after = rule::states(&router, &self.model);
            if !matches!(input, Input::Reload { .. }) {
                rule::waits_for_silence(self, now, &router, &before)?;
            }
            // Whoever becomes Backup waits in full.
            self.heard.retain(|id, _| after.get(id.0) == Some(&State::Backup));
            let deadline = router.deadline();
            self.router = Some(router);
            rule::order(self, &input, &effects, (&old, &before), &after)?;
            rule::no_spinning(self, now, &input, deadline)?;
            let mut told = VecDeque::new();
            for effect in &effects {
                self.carry_out(effect, &mut told)?;
            }
            if self.late {
                self.echoes.append(&mut told)
            } else {
                queue.append(&mut told)
            }
            done.append(&mut effects);
            if matches!(input, Input::Stop) {
                return rule::nothing_left(self);
            }
        }
        rule::groups_agree(self)?;
        rule::held_by_masters(self)?;
        items::held(self)
    }

    /// Its wall clock, which is not quite the others'.
    fn wall(&self, now: Time) -> WallTime {
        WallTime::from_micros(1_800_000_000_000_000 + now.as_micros() + self.ahead.as_micros())
    }

    /// Priority 0 says that there is no Master any more.
    fn note_heard(&mut self, now: Time, packet: &Packet, router: &Router, accepted: &[u64]) {
        let Some((id, heard)) = rule::listener(self, &self.model, packet, now) else { return };
        let counts = self.planted.rash || rule::accepted(router, &self.model)[id.0] > accepted[id.0];
        let instance = &self.model.instances[id.0];
        let priority = router.priority(id).map_or(0, |priority| priority.0);
        if counts && heard.priority == 0 {
            self.heard.remove(&id);
        } else if counts && rule::goes_before(heard, instance, priority) {
            self.heard.insert(id, heard);
        } else if counts && let Some(known) = self.heard.get_mut(&id) {
            // One that delays its preemption counts on the interval of whomever it heard last.
            known.interval = known.interval.min(heard.interval);
        }
    }

    /// Moves what was heard back by `by`, as `Router::rebase` does; `now` is the same as before.
    pub fn rebase(&mut self, now: Time, by: Interval) {
        if let Some(router) = &mut self.router {
            router.rebase(by);
        }
        for heard in self.heard.values_mut() {
            heard.at = heard.at - by;
        }
        // What was heard that long ago does not count any more: three intervals of a second.
        self.heard.retain(|_, heard| now.since(heard.at) < Interval::from_secs(3));
    }

    /// Planted: whether the packet is for a Backup that is not the first of its group.
    fn does_not_hear(&self, input: &Input, states: &[State]) -> bool {
        let Input::Packet(packet) = input else { return false };
        let Some((id, _)) = rule::listener(self, &self.model, packet, Time::ZERO) else { return false };
        let follows = self.model.sync_groups.iter().any(|group| group.members[1..].contains(&id));
        self.planted.rash && follows && states[id.0] == State::Backup
    }

    /// What is wrong with it on purpose.
    fn plant(&mut self, now: Time, input: &Input, router: &mut Router, effects: &mut Vec<Effect>) {
        if self.planted.hasty && matches!(input, Input::Stop) {
            effects.reverse();
        }
        if self.planted.forgetful
            && let Input::Reload { .. } = input
            && self.started
        {
            router.handle(now, Input::Stop, effects);
        }
        if self.planted.talkative {
            let sent = effects.iter().rfind(|effect| matches!(effect, Effect::Send(_))).cloned();
            self.last_word = sent.or(self.last_word.take());
            effects.extend(self.last_word.clone());
        }
    }

    fn carry_out(&mut self, effect: &Effect, told: &mut VecDeque<Input>) -> Result<(), String> {
        match effect {
            Effect::OpenSocket(key) => {
                if !self.sockets.insert(key.clone()) {
                    return Err(format!("{} opens {key:?} twice", self.name));
                }
            }
            Effect::ReceiveBuffer { socket, .. } => {
                if !self.sockets.contains(socket) {
                    return Err(format!("{} widens {socket:?}, which is not open", self.name));
                }
            }
            Effect::CloseSocket(key) => {
                if !self.sockets.remove(key) {
                    return Err(format!("{} closes {key:?}, which is not open", self.name));
                }
            }
            Effect::Send(transmission) => {
                if !self.sockets.contains(&transmission.socket) {
                    return Err(format!("{} sends on {:?}, which is not open", self.name, transmission.socket));
                }
            }
            Effect::AddAddresses { instance, addresses } => {
                for placement in addresses {
                    self.add(*instance, placement, told)?;
                }
            }
            Effect::RemoveAddresses { addresses, forced, .. } => {
                for placement in addresses {
                    self.remove(placement, *forced, told)?;
                }
            }
            Effect::Bar(fresh) => {
                self.barred.extend(fresh.iter().cloned());
            }
            Effect::Unbar(gone) => self.barred.retain(|one| !gone.contains(one)),
            Effect::Set { owner, items } => self.set_items(*owner, items, told),
            Effect::Unset { items, .. } => self.unset_items(items, told),
            Effect::PromoteSecondaries { .. } | Effect::Announce(_) | Effect::Report(_) | Effect::Notify(_) => {}
        }
        Ok(())
    }

    fn add(&mut self, instance: InstanceId, placement: &Placement, told: &mut VecDeque<Input>) -> Result<(), String> {
        let address = placement.address.cidr.address;
        let exists = self.interfaces.iter().any(|interface| interface.index == placement.index && interface.exists);
        if !exists || self.denied.contains(&address) {
            self.excused.insert(address);
            told.push_back(Input::AddressRefused { instance, address: placement.address.clone() });
            return Ok(());
        }
        if !self.kernel.insert((placement.index, placement.address.cidr)) {
            return Err(format!("{} adds {address}, which it has", self.name));
        }
        self.excused.remove(&address);
        told.push_back(Input::Address(placed(placement)));
        Ok(())
    }

    fn remove(&mut self, placement: &Placement, forced: bool, told: &mut VecDeque<Input>) -> Result<(), String> {
        let address = placement.address.cidr.address;
        if self.planted.addresses_stay {
            return Ok(());
        }
        let excused = self.excused.remove(&address);
        if self.kernel.remove(&(placement.index, placement.address.cidr)) {
            told.push_back(Input::AddressGone(placed(placement)));
        } else if !forced && !excused && self.link_is_up(placement.index) {
            return Err(format!("{} removes {address}, which it has not", self.name));
        }
        Ok(())
    }

    fn link_is_up(&self, index: InterfaceIndex) -> bool {
        self.interfaces.iter().any(|interface| interface.index == index && interface.exists && interface.up)
    }

    /// Somebody runs `ip address delete`.
    pub fn take_away(&mut self, now: Time, address: IpAddr) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        let found: Vec<Held> = self.kernel.iter().copied().filter(|(_, cidr)| cidr.address == address).collect();
        for held in found {
            self.kernel.remove(&held);
            self.excused.insert(address);
            let scope = if is_link_local(address) { 253 } else { 0 };
            let gone = HostAddress { index: held.0, cidr: held.1, scope, tentative: false };
            self.feed(now, Input::AddressGone(gone), &mut done)?;
        }
        Ok(done)
    }

    /// Loss or return of the carrier, or the administrator's `ip link set` (then IPv6 addresses go and come).
    pub fn set_link(&mut self, now: Time, name: &str, up: bool, by_administrator: bool) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        let Some(interface) = self.interface_mut(name) else { return Ok(done) };
        if interface.up == up || !interface.exists {
            return Ok(done);
        }
        interface.up = up;
        let (link, index) = (interface.link(), interface.index);
        let own6: Vec<HostAddress> = interface
            .addresses
            .iter()
            .filter(|address| address.is_ipv6())
            .map(|address| interface.host_address(*address))
            .collect();
        let virtual6: Vec<Held> =
            self.kernel.iter().copied().filter(|(at, cidr)| *at == index && cidr.address.is_ipv6()).collect();
        if by_administrator && !up {
            for held in &virtual6 {
                self.kernel.remove(held);
            }
        }
        if !up {
            self.items_lost(index, false);
        }
        self.feed(now, Input::Link(link), &mut done)?;
        if by_administrator {
            if up {
                for address in own6 {
                    let tentative = HostAddress { tentative: true, ..address.clone() };
                    self.feed(now, Input::Address(tentative), &mut done)?;
                    self.feed(now, Input::Address(address), &mut done)?;
                }
            } else {
                for (index, cidr) in virtual6 {
                    let scope = if is_link_local(cidr.address) { 253 } else { 0 };
                    let gone = HostAddress { index, cidr, scope, tentative: false };
                    self.feed(now, Input::AddressGone(gone), &mut done)?;
                }
                for address in own6 {
                    self.feed(now, Input::AddressGone(address), &mut done)?;
                }
            }
        }
        Ok(done)
    }

    /// The link is deleted, or made again under a new number.
    pub fn delete_link(&mut self, now: Time, name: &str) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        let Some(interface) = self.interface_mut(name) else { return Ok(done) };
        if !interface.exists {
            return Ok(done);
        }
        interface.exists = false;
        interface.up = false;
        let (link, index) = (interface.link(), interface.index);
        let mut gone: Vec<HostAddress> =
            interface.addresses.iter().map(|address| interface.host_address(*address)).collect();
        for (at, cidr) in self.kernel.iter().filter(|(at, _)| *at == index) {
            let scope = if is_link_local(cidr.address) { 253 } else { 0 };
            gone.push(HostAddress { index: *at, cidr: *cidr, scope, tentative: false });
        }
        self.kernel.retain(|(at, _)| *at != index);
        self.items_lost(index, false);
        self.feed(now, Input::Link(link), &mut done)?;
        for gone in self.items_lost(index, true) {
            self.feed(now, gone, &mut done)?;
        }
        for address in gone {
            self.feed(now, Input::AddressGone(address), &mut done)?;
        }
        self.feed(now, Input::LinkGone(index), &mut done)?;
        Ok(done)
    }

    pub fn create_link(&mut self, now: Time, name: &str) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        let Some(interface) = self.interface_mut(name) else { return Ok(done) };
        if interface.exists {
            return Ok(done);
        }
        interface.exists = true;
        interface.up = true;
        interface.index = InterfaceIndex(interface.index.0 + 100);
        let link = interface.link();
        let addresses: Vec<HostAddress> =
            interface.addresses.iter().map(|address| interface.host_address(*address)).collect();
        self.feed(now, Input::Link(link), &mut done)?;
        for address in addresses {
            self.feed(now, Input::Address(address), &mut done)?;
        }
        Ok(done)
    }

    /// An address of the host's own comes or goes.
    pub fn set_own_address(
        &mut self,
        now: Time,
        name: &str,
        address: IpAddr,
        present: bool,
    ) -> Result<Vec<Effect>, String> {
        let mut done = Vec::new();
        let Some(interface) = self.interface_mut(name) else { return Ok(done) };
        let told = interface.host_address(address);
        interface.addresses.retain(|other| *other != address);
        let input = if present {
            interface.addresses.push(address);
            Input::Address(told)
        } else {
            Input::AddressGone(told)
        };
        self.feed(now, input, &mut done)?;
        Ok(done)
    }

    /// The interface's name for its number.
    pub fn name_of(&self, index: InterfaceIndex) -> Option<&str> {
        self.interfaces.iter().find(|interface| interface.index == index).map(|interface| interface.name.as_str())
    }

    /// True when one of its interfaces on `segment` owns `address` or it holds it as a virtual one.
    pub fn answers_for(&self, segment: usize, address: IpAddr) -> bool {
        self.interfaces.iter().any(|interface| {
            interface.segment == segment
                && (interface.addresses.contains(&address)
                    || self.kernel.iter().any(|(at, cidr)| *at == interface.index && cidr.address == address))
        })
    }
}

fn placed(placement: &Placement) -> HostAddress {
    let cidr = placement.address.cidr;
    let scope = match Family::of(cidr.address) {
        Family::V4 => placement.address.scope,
        Family::V6 if is_link_local(cidr.address) => 253,
        Family::V6 => 0,
    };
    HostAddress { index: placement.index, cidr, scope, tentative: false }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
