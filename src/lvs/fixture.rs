//! For tests: virtual servers in a line or two, and the table in the words of `ipvsadm -Sn`. Tests outside this
//! crate include this file, too.

#![allow(dead_code, reason = "each test program uses a part")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::base::name::GroupName;
use crate::base::net::{Endpoint, Family};
use crate::base::time::Interval;
use crate::model::check::{Check, Checker, Connect, Timing};
use crate::model::ipvs::{Destination, Method, Present, Service, ServiceKey};
use crate::model::lvs::{
    CheckerIds, Forwarding, Granularity, GroupEntry, Lvs, Persistence, Protocol, RealServer, RealServerId, Scheduler,
    SorryServer, TunnelKind, VirtualAddress, VirtualServer, VirtualServerId,
};
use crate::model::notify::{Script, ScriptIdentity};

/// A virtual server with the checkers of its real servers.
#[derive(Clone)]
pub struct Draft {
    pub server: VirtualServer,
    /// For each real server, its checkers; the flag is alpha.
    pub checks: Vec<Vec<(Check, bool)>>,
}

/// `10.1.0.1:80`, `[fd00::1]:80`.
pub fn at(text: &str) -> Endpoint {
    let parsed: SocketAddr = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    Endpoint { address: parsed.ip(), port: parsed.port() }
}

fn draft(address: VirtualAddress, family: Family, protocol: Protocol) -> Draft {
    Draft {
        server: VirtualServer {
            address,
            protocol,
            family,
            scheduler: Scheduler::Wrr,
            flags: 0,
            persistence: None,
            real_servers: Vec::new(),
            sorry_server: None,
            quorum: 1,
            hysteresis: 0,
            quorum_up: None,
            quorum_down: None,
            omega: false,
            ha_suspend: false,
            smtp_alert: false,
        },
        checks: Vec::new(),
    }
}

/// TCP, wrr, quorum 1.
pub fn tcp(address: &str) -> Draft {
    let address = at(address);
    draft(VirtualAddress::Address(address), Family::of(address.address), Protocol::Tcp)
}

pub fn udp(address: &str) -> Draft {
    let mut draft = tcp(address);
    draft.server.protocol = Protocol::Udp;
    draft
}

pub fn mark(mark: u32, family: Family) -> Draft {
    draft(VirtualAddress::Fwmark(mark), family, Protocol::None)
}

/// Entries are endpoints or marks.
pub fn group(name: &str, nth: usize, protocol: Protocol, family: Family, entries: &[&str]) -> Draft {
    let entries = entries
        .iter()
        .map(|entry| match entry.parse() {
            Ok(mark) => GroupEntry::Fwmark { mark, family },
            Err(_) => GroupEntry::Address(at(entry)),
        })
        .collect();
    draft(VirtualAddress::Group { name: GroupName::new(name), nth, entries, mark: None }, family, protocol)
}

impl Draft {
    pub fn with(mut self, change: impl FnOnce(&mut VirtualServer)) -> Draft {
        change(&mut self.server);
        self
    }

    /// Changes the real server added last.
    pub fn last(mut self, change: impl FnOnce(&mut RealServer)) -> Draft {
        if let Some(real) = self.server.real_servers.last_mut() {
            change(real);
        }
        self
    }

    pub fn scheduler(self, scheduler: Scheduler) -> Draft {
        self.with(|server| server.scheduler = scheduler)
    }

    pub fn quorum(self, quorum: u32, hysteresis: u32) -> Draft {
        self.with(|server| (server.quorum, server.hysteresis) = (quorum, hysteresis))
    }

    pub fn sorry(self, address: &str, inhibit: bool) -> Draft {
        let endpoint = at(address);
        self.with(|server| server.sorry_server = Some(SorryServer { endpoint, forwarding: Forwarding::Nat, inhibit }))
    }

    pub fn persistent(self, timeout: u32) -> Draft {
        self.with(|server| {
            let granularity = match server.family {
                Family::V4 => Granularity::V4(Ipv4Addr::BROADCAST),
                Family::V6 => Granularity::V6(128),
            };
            server.persistence = Some(Persistence { timeout, granularity, engine: None });
        })
    }

    /// A real server with one TCP check.
    pub fn real(self, address: &str, weight: u32) -> Draft {
        let connect = Connect::to(at(address).address, at(address).port);
        self.unchecked(address, weight).check(Check::Tcp(connect))
    }

    /// A real server that nothing checks.
    pub fn unchecked(mut self, address: &str, weight: u32) -> Draft {
        self.server.real_servers.push(RealServer {
            endpoint: at(address),
            forwarding: Forwarding::Nat,
            weight,
            inhibit_on_failure: false,
            upper_threshold: 0,
            lower_threshold: 0,
            slow_start: None,
            drain_timeout: None,
            notify_up: None,
            notify_down: None,
            smtp_alert: false,
            checkers: CheckerIds::default(),
        });
        self.checks.push(Vec::new());
        self
    }

    /// One more check of the real server added last.
    pub fn check(mut self, check: Check) -> Draft {
        if let Some(checks) = self.checks.last_mut() {
            checks.push((check, false));
        }
        self
    }

    /// The checks added last are alpha.
    pub fn alpha(mut self) -> Draft {
        for check in self.checks.last_mut().into_iter().flatten() {
            check.1 = true;
        }
        self
    }

    /// All checks so far are alpha.
    pub fn all_alpha(mut self) -> Draft {
        for check in self.checks.iter_mut().flatten() {
            check.1 = true;
        }
        self
    }

    pub fn forwarding(self, forwarding: Forwarding) -> Draft {
        self.last(|real| real.forwarding = forwarding)
    }

    pub fn inhibit(self) -> Draft {
        self.last(|real| real.inhibit_on_failure = true)
    }
}

/// Checkers are numbered in file order.
pub fn lvs(drafts: impl IntoIterator<Item = Draft>) -> Lvs {
    let mut lvs = Lvs::default();
    for (nth, mut draft) in drafts.into_iter().enumerate() {
        for (place, checks) in draft.checks.into_iter().enumerate() {
            let first = lvs.checkers.len();
            for (check, alpha) in checks {
                let real_server_name = draft.server.show_real(draft.server.real_servers[place].endpoint).into();
                lvs.checkers.push(Arc::new(Checker {
                    virtual_server: VirtualServerId(nth),
                    real_server: RealServerId(place),
                    real_server_name,
                    virtual_server_name: draft.server.show().into(),
                    check,
                    timing: Timing {
                        delay_loop: Interval::from_secs(2),
                        retry: 1,
                        delay_before_retry: Interval::from_secs(1),
                        warmup: Interval::ZERO,
                        connect_timeout: Interval::from_secs(1),
                    },
                    alpha,
                    log_all_failures: false,
                }));
            }
            draft.server.real_servers[place].checkers = CheckerIds::between(first, lvs.checkers.len());
        }
        lvs.virtual_servers.push(Arc::new(draft.server));
    }
    lvs
}

pub fn script(word: &str) -> Script {
    Script { argv: vec![word.to_owned()], identity: ScriptIdentity::ROOT }
}

/// The lines of `ipvsadm -Sn`, in our order.
pub fn show(table: &[Present]) -> String {
    let mut text = String::new();
    for present in table {
        let name = show_key(&present.service.key);
        text.push_str(&format!("-A {name} {}\n", show_service(&present.service)));
        for destination in &present.destinations {
            text.push_str(&format!("-a {name} {}\n", show_destination(destination)));
        }
    }
    text
}

/// The same lines in an order that does not depend on who prints them.
pub fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn show_at(endpoint: Endpoint) -> String {
    match endpoint.address {
        IpAddr::V4(address) => format!("{address}:{}", endpoint.port),
        IpAddr::V6(address) => format!("[{address}]:{}", endpoint.port),
    }
}

fn show_key(key: &ServiceKey) -> String {
    match key {
        ServiceKey::Address { protocol: Protocol::Tcp | Protocol::None, at } => format!("-t {}", show_at(*at)),
        ServiceKey::Address { protocol: Protocol::Udp, at } => format!("-u {}", show_at(*at)),
        ServiceKey::Address { protocol: Protocol::Sctp, at } => format!("--sctp-service {}", show_at(*at)),
        ServiceKey::Fwmark { mark, family: Family::V4 } => format!("-f {mark}"),
        ServiceKey::Fwmark { mark, family: Family::V6 } => format!("-f {mark} -6"),
    }
}

fn show_service(service: &Service) -> String {
    let mut text = format!("-s {}", service.scheduler);
    if let Some(persistence) = &service.persistence {
        text.push_str(&format!(" -p {}", persistence.timeout));
        match persistence.granularity {
            Granularity::V4(Ipv4Addr::BROADCAST) | Granularity::V6(128) => {}
            Granularity::V4(mask) => text.push_str(&format!(" -M {mask}")),
            Granularity::V6(prefix) => text.push_str(&format!(" -M {prefix}")),
        }
        if let Some(engine) = &persistence.engine {
            text.push_str(&format!(" --pe {engine}"));
        }
    }
    if service.flags & 4 != 0 {
        text.push_str(" -o");
    }
    let prefix = match service.scheduler.as_str() {
        "sh" => ["sh-fallback", "sh-port", "flag-3"],
        "mh" => ["mh-fallback", "mh-port", "flag-3"],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let set: Vec<&str> =
        prefix.into_iter().zip([8, 16, 32]).filter(|(_, bit)| service.flags & bit != 0).map(|(name, _)| name).collect();
    if !set.is_empty() {
        text.push_str(&format!(" -b {}", set.join(",")));
    }
    text
}

fn show_destination(destination: &Destination) -> String {
    let method = match destination.method {
        Method::Masquerade => "-m",
        Method::Local => "-l",
        Method::Tunnel(_) => "-i",
        Method::Route => "-g",
        Method::Bypass => "-b",
    };
    let mut text = format!("-r {} {method} -w {}", show_at(destination.endpoint), destination.weight);
    if let Method::Tunnel(tunnel) = destination.method {
        let checksum = ["--tun-nocsum", "--tun-csum", "--tun-remcsum"][usize::from(tunnel.checksum % 3)];
        text.push_str(&match tunnel.kind {
            TunnelKind::Ipip => " --tun-type ipip".to_owned(),
            TunnelKind::Gue => format!(" --tun-type gue --tun-port {} {checksum}", tunnel.port),
            TunnelKind::Gre => format!(" --tun-type gre {checksum}"),
        });
    }
    text
}
