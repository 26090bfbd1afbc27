//! Routes, rules and static addresses in the original's words, as logs, data dump and JSON have them (IF-131).

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::{
    Action, CONGESTION_CONTROL, Encap, Insertion, KINDS, MAIN_TABLE, Metric, NextHop, Realms, Route, Rule, Tunnel,
    UNICAST,
};
use crate::base::name::TrackGroupName;
use crate::base::net::{Cidr, Family};
use crate::model::vrrp::VirtualAddress;

/// An address without its prefix length where that is the full one.
pub fn host_or_net(cidr: Cidr) -> String {
    if cidr.prefix == Family::of(cidr.address).bits() { cidr.address.to_string() } else { cidr.to_string() }
}

fn family_word(address: IpAddr) -> &'static str {
    if address.is_ipv6() { "inet6" } else { "inet" }
}

fn kind_word(kind: u8) -> String {
    let named = KINDS.iter().find(|(_, number)| *number == kind);
    named.map_or_else(|| kind.to_string(), |(name, _)| (*name).to_owned())
}

impl Display for Realms {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.source {
            0 => write!(f, "realm {}", self.destination),
            source => write!(f, "realms {source}/{}", self.destination),
        }
    }
}

impl<Address: Display> Tunnel<Address> {
    fn show(&self, words: [&str; 3], f: &mut Formatter<'_>) -> fmt::Result {
        let [kind, tos, ttl] = words;
        write!(f, "encap {kind}")?;
        show(f, "id", self.id)?;
        show(f, "dst", self.destination.as_ref())?;
        show(f, "src", self.source.as_ref())?;
        show(f, tos, self.tos)?;
        show(f, ttl, self.ttl)?;
        self.flags.map_or(Ok(()), |flags| write!(f, " flags {flags:#x}"))
    }
}

impl Display for Encap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Encap::Ip(tunnel) => tunnel.show(["ip", "tos", "ttl"], f),
            Encap::Ip6(tunnel) => tunnel.show(["ip6", "tc", "hoplimit"], f),
            Encap::Mpls(labels) => {
                f.write_str("encap mpls")?;
                for (at, label) in labels.iter().enumerate() {
                    write!(f, "{}{label}", if at == 0 { " " } else { "/" })?;
                }
                Ok(())
            }
            Encap::Ila(locator) => {
                let groups: Vec<String> =
                    locator.chunks(2).map(|pair| format!("{:x}", u16::from_be_bytes([pair[0], pair[1]]))).collect();
                write!(f, "encap ila {}", groups.join(":"))
            }
        }
    }
}

/// ` word value`, if there is one.
fn show(f: &mut Formatter<'_>, word: &str, value: Option<impl Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {word} {value}"))
}

/// A time of `per_milli` units a millisecond, in seconds from one second on.
fn time(units: u32, per_milli: u32) -> String {
    let milliseconds = f64::from(units) / f64::from(per_milli);
    if milliseconds >= 1000.0 { format!("{}s", milliseconds / 1000.0) } else { format!("{milliseconds}ms") }
}

impl Route {
    fn show_metrics(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let metrics = &self.metrics;
        let lock = |number: u8| if metrics.is_locked(number) { "lock " } else { "" };
        if let Some(name) = &metrics.congestion_control {
            write!(f, " congctl {}{name}", lock(CONGESTION_CONTROL))?;
        }
        // In the original's order; times first.
        const ORDER: [(Metric, &str); 15] = [
            (Metric::Rtt, "rtt"),
            (Metric::RttVariance, "rttvar"),
            (Metric::MinimumRto, "rto_min"),
            (Metric::Features, "features"),
            (Metric::Mtu, "mtu"),
            (Metric::Window, "window"),
            (Metric::SlowStartThreshold, "ssthresh"),
            (Metric::CongestionWindow, "cwnd"),
            (Metric::AdvertisedMss, "advmss"),
            (Metric::Reordering, "reordering"),
            (Metric::HopLimit, "hoplimit"),
            (Metric::InitialCongestionWindow, "initcwnd"),
            (Metric::InitialReceiveWindow, "initrwnd"),
            (Metric::QuickAck, "quickack"),
            (Metric::FastOpenNoCookie, "fastopen_no_cookie"),
        ];
        for (metric, word) in ORDER {
            let Some(value) = metrics.values.get(&metric) else { continue };
            let lock = lock(metric as u8);
            match metric {
                Metric::Rtt => write!(f, " {word} {lock}{}", time(*value, 8))?,
                Metric::RttVariance => write!(f, " {word} {lock}{}", time(*value, 4))?,
                Metric::MinimumRto => write!(f, " {word} {lock}{}", time(*value, 1))?,
                Metric::Features => f.write_str(" features ecn")?,
                _ => write!(f, " {word} {lock}{value}")?,
            }
        }
        Ok(())
    }
}

impl Display for Route {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.insertion {
            Insertion::Add => "add ",
            Insertion::Append => "append ",
            Insertion::Prepend => "prepend ",
        })?;
        if self.kind != UNICAST {
            write!(f, "{} ", kind_word(self.kind))?;
        }
        f.write_str(&host_or_net(self.destination))?;
        show(f, "from", self.source.map(host_or_net))?;
        show(f, "src", self.preferred_source)?;
        show(f, "tos", (self.tos != 0).then_some(self.tos))?;
        if let Some(encap) = &self.encap {
            write!(f, " {encap}")?;
        }
        if let Some(gateway) = self.gateway {
            write!(f, " via {} {gateway}", family_word(gateway))?;
        }
        show(f, "dev", self.interface.as_ref())?;
        show(f, "table", (self.table != MAIN_TABLE).then_some(self.table))?;
        show(f, "proto", Some(self.protocol))?;
        show(f, "scope", self.scope)?;
        show(f, "metric", self.metric)?;
        if self.onlink {
            f.write_str(" onlink")?;
        }
        if let Some(realms) = self.realms {
            write!(f, " {realms}")?;
        }
        if let Some(seconds) = self.expires {
            write!(f, " expires {seconds}sec")?;
        }
        self.show_metrics(f)?;
        let preference = self.preference.map(|preference| match preference {
            0 => "medium",
            1 => "high",
            3 => "low",
            _ => "unknown",
        });
        show(f, "pref", preference)?;
        show(f, "ttl-propagate", self.ttl_propagate.map(|on| if on { "enabled" } else { "disabled" }))?;
        for hop in &self.nexthops {
            write!(f, " {hop}")?;
        }
        if self.no_track { f.write_str(" no_track") } else { Ok(()) }
    }
}

impl Display for NextHop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("nexthop")?;
        if let Some(gateway) = self.gateway {
            write!(f, " via {} {gateway}", family_word(gateway))?;
        }
        show(f, "dev", self.interface.as_ref())?;
        show(f, "weight", self.weight)?;
        if self.onlink {
            f.write_str(" onlink")?;
        }
        if let Some(realms) = self.realms {
            write!(f, " {realms}")?;
        }
        self.encap.as_ref().map_or(Ok(()), |encap| write!(f, " {encap}"))
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.from.is_none() && self.to.is_none() && self.family == Family::V6 {
            f.write_str("inet6 ")?;
        }
        if self.invert {
            f.write_str("not ")?;
        }
        write!(f, "from {}", self.from.map_or_else(|| "all".to_owned(), host_or_net))?;
        show(f, "to", self.to.map(host_or_net))?;
        write!(f, " priority {} tos {:#x}", self.priority, self.tos)?;
        if let Some(mark) = self.mark {
            write!(f, " fwmark {mark:#x}")?;
            if let Some(mask) = self.mask.filter(|mask| *mask != u32::MAX) {
                write!(f, "/{mask:#x}")?;
            }
        }
        show(f, "iif", self.input.as_ref())?;
        show(f, "oif", self.output.as_ref())?;
        show(f, "suppress_prefixlen", self.suppress_prefix_length)?;
        show(f, "suppress_ifgroup", self.suppress_group)?;
        show(f, "tunnel-id", self.tunnel)?;
        show(f, "uidrange", self.users.map(|(first, last)| format!("{first}-{last}")))?;
        if self.action == Action::L3mdev {
            f.write_str(" l3mdev")?;
        }
        show(f, "protocol", self.protocol)?;
        show(f, "ipproto", self.ip_protocol)?;
        show(f, "sport", self.source_ports.map(|(first, last)| format!("{first}-{last}")))?;
        show(f, "dport", self.destination_ports.map(|(first, last)| format!("{first}-{last}")))?;
        show(f, "realms", self.realms.map(|realms| format!("{}/{}", realms.source, realms.destination)))?;
        match self.action {
            Action::Table(table) => write!(f, " lookup {table}")?,
            Action::L3mdev => f.write_str(" lookup 0")?,
            Action::Goto(target) => write!(f, " goto {target}")?,
            Action::Nop => f.write_str(" nop")?,
            Action::Blackhole | Action::Unreachable | Action::Prohibit => {
                write!(f, " type {}", kind_word(self.action.number()))?;
            }
        }
        if self.no_track { f.write_str(" no_track") } else { Ok(()) }
    }
}

/// IFA_F_* (linux/if_addr.h) that the file has words for.
const FLAGS: [(u32, &str); 4] = [(0x10, "home"), (0x100, "mngtmpaddr"), (0x200, "noprefixroute"), (0x400, "autojoin")];
const NODAD: u32 = 0x02;

/// A static address as log and data dump have it.
pub fn static_address(address: &VirtualAddress, track_group: Option<&TrackGroupName>) -> String {
    let mut words = host_or_net(address.cidr);
    let mut add = |text: &str| {
        words.push(' ');
        words.push_str(text);
    };
    if let Some(broadcast) = address.broadcast {
        add(&format!("brd {broadcast}"));
    }
    if let Some(interface) = &address.interface {
        add(&format!("dev {interface}"));
    }
    let scope = match address.scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        number => number.to_string(),
    };
    add(&format!("scope {scope}"));
    if let Some(label) = &address.label {
        add(&format!("label {label}"));
    }
    if let Some(peer) = &address.peer {
        add(&format!("peer {peer}"));
    }
    let v6 = address.cidr.address.is_ipv6();
    for (flag, word) in FLAGS {
        if address.flags & flag != 0 {
            add(word);
        }
        if flag == FLAGS[0].0 && v6 && address.flags & NODAD == 0 {
            add("-nodad");
        }
    }
    if address.no_track {
        add("no_track");
    }
    if let Some(name) = track_group {
        add(&format!("track_group {name}"));
    }
    match address.preferred_lifetime {
        _ if !v6 => {}
        0 => add("deprecated"),
        u32::MAX => add("preferred_lft forever"),
        seconds => add(&format!("preferred_lft {seconds}")),
    }
    words
}
