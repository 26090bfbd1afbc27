//! A stage for tests: one router, a clock that jumps, a kernel that echoes, and effects as short lines.

use std::net::IpAddr;
use std::sync::Arc;

use super::router::Router;
use super::{Effect, Input, Packet, Release};
use crate::base::name::*;
use crate::base::net::{Cidr, Family, InterfaceIndex, MacAddress};
use crate::base::time::{Interval, Time};
use crate::model::event::Notification;
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::host::{HostAddress, Link};
use crate::model::notify::{Script, ScriptIdentity, StateScripts};
use crate::model::track::*;
use crate::model::vrrp::*;
use crate::wire::advert::{Advert, ChecksumForm, Envelope, glance};

pub const SECOND: Interval = Interval::from_secs(1);
pub const ETH0: InterfaceIndex = InterfaceIndex(2);
pub const ETH1: InterfaceIndex = InterfaceIndex(3);

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn cidr(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').unwrap();
    Cidr { address: ip(address), prefix: prefix.parse().unwrap() }
}

pub fn eth(name: &str) -> InterfaceName {
    InterfaceName::new(name)
}

pub fn virtual_address(text: &str, interface: &str) -> Arc<VirtualAddress> {
    Arc::new(VirtualAddress {
        cidr: cidr(text),
        interface: Some(eth(interface)),
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: u32::MAX,
        flags: 0,
        no_track: false,
    })
}

/// Version 2, IPv4, multicast, on eth0, one address: 10.0.0.100/24.
pub fn instance(name: &str, vrid: u8, priority: u8) -> Instance {
    Instance {
        priority: Priority(priority),
        virtual_addresses: vec![virtual_address("10.0.0.100/24", "eth0")],
        announce: Announce { master_repeat: 1, lower_prio_repeat: 1, ..Announce::USUAL },
        ..Instance::plain(name, Vrid::new(vrid).unwrap(), "eth0", Family::V4)
    }
}

/// The second router of most tests' group: on eth1, VRID 52, 10.1.0.100/24.
pub fn inside(priority: u8) -> Instance {
    Instance {
        interface: Some(eth("eth1")),
        virtual_addresses: vec![virtual_address("10.1.0.100/24", "eth1")],
        ..instance("VI_2", 52, priority)
    }
}

/// Version 3 over IPv6 on eth0: fe80::100/64 and fd00::100/64.
pub fn instance6(name: &str, vrid: u8, priority: u8) -> Instance {
    Instance {
        family: Family::V6,
        version: Version::V3,
        transport: Transport::Multicast { group: ip("ff02::12") },
        virtual_addresses: vec![virtual_address("fe80::100/64", "eth0"), virtual_address("fd00::100/64", "eth0")],
        ..instance(name, vrid, priority)
    }
}

/// Version 3 unicast to these peers.
pub fn unicast(name: &str, vrid: u8, priority: u8, peers: &[&str]) -> Instance {
    Instance {
        version: Version::V3,
        transport: Transport::Unicast {
            peers: peers.iter().map(|peer| UnicastPeer { address: ip(peer), min_ttl: 0, max_ttl: 255 }).collect(),
            ttl: None,
            check_source: false,
        },
        ..instance(name, vrid, priority)
    }
}

pub fn group(name: &str, members: &[usize]) -> SyncGroup {
    SyncGroup {
        name: SyncGroupName::new(name),
        members: members.iter().copied().map(InstanceId).collect(),
        track_interfaces: vec![],
        track_scripts: vec![],
        track_bfds: vec![],
        track_files: vec![],
        track_processes: vec![],
        tracking_weight: false,
        notify: StateScripts::default(),
        smtp_alert: false,
    }
}

pub fn script(name: &str, rise: u32, fall: u32) -> TrackScript {
    TrackScript {
        name: ScriptName::new(name),
        script: Script { argv: vec![format!("/bin/{name}")], identity: ScriptIdentity::ROOT },
        interval: SECOND,
        timeout: SECOND,
        rise,
        fall,
        init_fail: false,
    }
}

pub fn tracked(name: &str, weight: i16) -> TrackedScript {
    TrackedScript { script: ScriptName::new(name), effect: TrackEffect { weight: Weight(weight), reverse: false } }
}

pub fn track_file(name: &str) -> TrackFile {
    TrackFile { name: TrackFileName::new(name), path: FilePath::new(&format!("/run/{name}")), init: None }
}

pub fn tracked_file(name: &str, weight: i16) -> TrackedFile {
    TrackedFile { file: TrackFileName::new(name), effect: TrackEffect { weight: Weight(weight), reverse: false } }
}

/// Counts processes of that name.
pub fn track_process(name: &str, quorum: u32, quorum_max: u32) -> TrackProcess {
    let pattern =
        ProcessPattern { path: name.to_owned(), arguments: vec![], full_command: false, arguments_match: None };
    TrackProcess {
        name: TrackProcessName::new(name),
        pattern: Arc::new(pattern),
        quorum,
        quorum_max,
        terminate_delay: Interval::ZERO,
        fork_delay: Interval::ZERO,
    }
}

pub fn tracked_process(name: &str, weight: i16) -> TrackedProcess {
    TrackedProcess {
        process: TrackProcessName::new(name),
        effect: TrackEffect { weight: Weight(weight), reverse: false },
    }
}

pub fn vrrp(instances: Vec<Instance>) -> Vrrp {
    Vrrp { instances: instances.into_iter().map(Arc::new).collect(), ..Vrrp::default() }
}

pub fn grouped(instances: Vec<Instance>) -> Vrrp {
    let members: Vec<usize> = (0..instances.len()).collect();
    Vrrp { sync_groups: vec![Arc::new(group("G", &members))], ..vrrp(instances) }
}

pub fn link(index: InterfaceIndex, name: &str, up: bool) -> Link {
    Link {
        index,
        name: eth(name),
        up,
        multicast: true,
        no_arp: false,
        flags: if up { 0x11043 } else { 0x1003 },
        loopback: false,
        mac: Some(MacAddress([2, 0, 0, 0, 0, index.0 as u8])),
        infiniband: None,
        mtu: 1500,
        promote_secondaries: false,
        forwarding6: false,
    }
}

pub fn host_address(index: InterfaceIndex, text: &str) -> HostAddress {
    HostAddress { index, cidr: cidr(text), scope: 0, tentative: false }
}

pub struct Stage {
    pub router: Router,
    pub now: Time,
    pub model: Arc<Vrrp>,
    /// The kernel tells of every address that is set or removed.
    pub echo: bool,
}

impl Stage {
    /// eth0 (10.0.0.1, fe80::1) and eth1 (10.1.0.1, fe80::1:1), both up; not started.
    pub fn waiting(model: Vrrp) -> Stage {
        Stage::released(model, Release { always_addresses: false, vrrp: true })
    }

    pub fn released(model: Vrrp, release: Release) -> Stage {
        let model = Arc::new(model);
        let router = Router::new(model.clone(), 1, release);
        let mut stage = Stage { router, now: Time::ZERO + Interval::from_secs(1_000), model, echo: true };
        stage.input(Input::Link(link(ETH0, "eth0", true)));
        stage.input(Input::Address(host_address(ETH0, "10.0.0.1/24")));
        stage.input(Input::Address(host_address(ETH0, "fe80::1/64")));
        stage.input(Input::Link(link(ETH1, "eth1", true)));
        stage.input(Input::Address(host_address(ETH1, "10.1.0.1/24")));
        stage.input(Input::Address(host_address(ETH1, "fe80::1:1/64")));
        stage
    }

    /// As `waiting`, and started.
    pub fn started(model: Vrrp) -> Stage {
        let mut stage = Stage::waiting(model);
        stage.input(Input::Start);
        stage
    }

    /// As `started`, and every instance is Master.
    pub fn master(model: Vrrp) -> Stage {
        let mut stage = Stage::started(model);
        for _ in 0..20 {
            if stage.states().iter().all(|state| *state == State::Master) {
                return stage;
            }
            stage.next();
        }
        panic!("not Master: {:?}", stage.states());
    }

    /// Hands in one input; the effects, with the kernel's echo taken into account.
    pub fn effects(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.router.handle(self.now, input, &mut out);
        if self.echo {
            for effect in out.clone() {
                match effect {
                    Effect::AddAddresses { addresses, .. } => {
                        for one in addresses {
                            let told = HostAddress {
                                index: one.index,
                                cidr: one.address.cidr,
                                scope: one.address.scope,
                                tentative: false,
                            };
                            self.router.handle(self.now, Input::Address(told), &mut out);
                        }
                    }
                    Effect::RemoveAddresses { addresses, .. } => {
                        for one in addresses {
                            let told = HostAddress {
                                index: one.index,
                                cidr: one.address.cidr,
                                scope: one.address.scope,
                                tentative: false,
                            };
                            self.router.handle(self.now, Input::AddressGone(told), &mut out);
                        }
                    }
                    _ => {}
                }
            }
        }
        out
    }

    pub fn input(&mut self, input: Input) -> Vec<String> {
        lines(&self.effects(input))
    }

    /// Jumps to the next deadline.
    pub fn next(&mut self) -> Vec<String> {
        self.now = self.router.deadline().expect("a deadline");
        let mut lines = self.input(Input::Deadline);
        // More may be due than are seen to in one go.
        for _ in 1..self.router.instances.len() {
            if self.router.deadline().is_none_or(|next| next > self.now) {
                break;
            }
            lines.extend(self.input(Input::Deadline));
        }
        assert!(self.router.deadline().is_none_or(|next| next > self.now), "spins");
        lines
    }

    /// Lets time pass; what happened, each line with its time since the beginning of this call in microseconds.
    pub fn pass(&mut self, time: Interval) -> Vec<(u64, String)> {
        let (begin, end) = (self.now, self.now + time);
        let mut all = Vec::new();
        while self.router.deadline().is_some_and(|at| at <= end) {
            let lines = self.next();
            let at = self.now.since(begin).as_micros();
            all.extend(lines.into_iter().map(|line| (at, line)));
        }
        self.now = end;
        all
    }

    /// As `pass`, only lines that begin with `what`.
    pub fn pass_only(&mut self, time: Interval, what: &str) -> Vec<(u64, String)> {
        let mut all = self.pass(time);
        all.retain(|(_, line)| line.starts_with(what));
        all
    }

    pub fn states(&self) -> Vec<State> {
        (0..self.model.instances.len()).map(|at| self.router.state(InstanceId(at))).collect()
    }

    pub fn state(&self) -> State {
        self.router.state(InstanceId(0))
    }

    pub fn held(&self) -> Vec<String> {
        self.router.holds().map(|(_, placement)| placement.address.cidr.to_string()).collect()
    }

    pub fn statistics(&self) -> Statistics {
        *self.router.statistics(InstanceId(0)).unwrap()
    }

    /// An advert as another router of the same settings sends it.
    pub fn advert_of(&self, at: usize, from: &str, priority: u8) -> Advert {
        let instance = &self.model.instances[at];
        assert_eq!(Family::of(ip(from)), instance.family);
        Advert {
            version: instance.version,
            vrid: instance.vrid,
            priority: Priority(priority),
            interval: instance.advert_interval,
            authentication: instance.authentication,
            addresses: instance.virtual_addresses.iter().map(|one| one.cidr.address).collect(),
        }
    }

    pub fn packet_of(&self, at: usize, from: &str, advert: &Advert) -> Packet {
        let instance = &self.model.instances[at];
        let interface = instance.interface.as_ref().map(|name| if name.as_str() == "eth0" { ETH0 } else { ETH1 });
        let (destination, local) = match &instance.transport {
            Transport::Multicast { group } => (*group, SocketAddress::Group(*group)),
            Transport::Unicast { .. } => {
                let own = instance.source.unwrap_or(ip("10.0.0.1"));
                (own, SocketAddress::Unicast(own))
            }
        };
        let envelope = Envelope {
            source: ip(from),
            destination,
            ttl: 255,
            id: 1,
            checksum: ChecksumForm::PseudoHeader,
            sequence: 1,
        };
        let mut bytes = Vec::new();
        advert.to_wire(&envelope, &mut bytes);
        let ah = instance.authentication.is_ah();
        let socket = SocketKey { family: instance.family, ah, interface, local };
        Packet { socket, source: ip(from), destination, hop_limit: Some(255), bytes }
    }

    /// Instance `at` hears an advert of this priority.
    pub fn hear(&mut self, at: usize, from: &str, priority: u8) -> Vec<String> {
        let packet = self.packet_of(at, from, &self.advert_of(at, from, priority));
        self.input(Input::Packet(packet))
    }

    pub fn script(&mut self, name: &str, status: i32) -> Vec<String> {
        self.input(Input::Script { name: ScriptName::new(name), outcome: ScriptOutcome::Exited(status) })
    }

    pub fn file(&mut self, name: &str, number: i64) -> Vec<String> {
        self.input(Input::File { path: FilePath::new(&format!("/run/{name}")), number })
    }

    pub fn processes(&mut self, name: &str, count: u32, cause: CountCause) -> Vec<String> {
        self.input(Input::Processes { pattern: track_process(name, 1, 1).pattern, count, cause })
    }

    pub fn reload(&mut self, model: Vrrp) -> Vec<String> {
        let generation = self.router.generation() + 1;
        self.model = Arc::new(model);
        self.input(Input::Reload { model: self.model.clone(), generation })
    }
}

/// Effects as short lines: `send`, `add`, `remove`, `announce`, `open`, `close`, `notify`, and reports in brackets.
pub fn lines(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(line).collect()
}

fn line(effect: &Effect) -> String {
    let places = |addresses: &[crate::model::host::Placement]| -> String {
        addresses.iter().map(|one| format!(" {}", one.address.cidr)).collect()
    };
    match effect {
        Effect::OpenSocket(socket) => format!("open {:?}", socket.local),
        Effect::ReceiveBuffer { socket, bytes } => format!("buffer {:?} {bytes}", socket.local),
        Effect::CloseSocket(socket) => format!("close {:?}", socket.local),
        Effect::Send(sent) => {
            let glance = glance(Family::of(sent.source), &sent.bytes).unwrap();
            format!("send {} priority {} to {}", glance.vrid, glance.priority, sent.destination)
        }
        Effect::AddAddresses { instance, addresses } => format!("add {}{}", instance.0, places(addresses)),
        Effect::RemoveAddresses { instance, addresses, forced } => {
            format!("remove {}{}{}", instance.0, places(addresses), if *forced { " forced" } else { "" })
        }
        Effect::Bar(barred) => format!("bar {barred:?}"),
        Effect::Unbar(barred) => format!("unbar {barred:?}"),
        Effect::Set { owner, items } => format!("set {owner:?} {items:?}"),
        Effect::Unset { owner, items } => format!("unset {owner:?} {items:?}"),
        Effect::PromoteSecondaries { index, on } => format!("promote {} {on}", index.0),
        Effect::Announce(all) => {
            format!("announce{}", all.iter().map(|one| format!(" {}", one.address)).collect::<String>())
        }
        Effect::Notify(Notification::Instance { name, state, priority, .. }) => {
            format!("notify {name} {state:?} {priority}")
        }
        Effect::Notify(Notification::SyncGroup { name, state, .. }) => format!("notify group {name} {state:?}"),
        Effect::Notify(other) => format!("notify {other:?}"),
        Effect::Report(Report::Instance { name, fact }) => match fact {
            Fact::Entering { state, initial, .. } => {
                format!("[{name} {state:?}{}]", if *initial { " init" } else { "" })
            }
            fact => format!("[{name} {fact:?}]"),
        },
        Effect::Report(report) => format!("[{report:?}]"),
    }
}

/// Without reports.
pub fn acts(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.starts_with('[')).collect()
}
