//! Virtual servers, their groups and real servers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::upkeep::room;
use super::writer::{Writer, boolean, word};
use super::{check, notify};
use crate::base::net::{Endpoint, Family};
use crate::model::check::{Checker, ClientCertificate};
use crate::model::lvs::{
    FlushOnStop, Forwarding, Granularity, GroupEntry, GroupMarks, Lvs, Persistence, Protocol, RealServer, Scheduler,
    SorryServer, SyncDaemon, Timeouts, Tunnel, TunnelKind, VirtualAddress, VirtualServer,
};
use crate::model::vrrp::Secret;

/// IP_VS_SVC_F_ONEPACKET, IP_VS_SVC_F_SCHED1, 2 and 3 (linux/ip_vs.h).
const FLAGS: [(u32, &str); 4] = [(0x04, "ops"), (0x08, "flag-1"), (0x10, "flag-2"), (0x20, "flag-3")];

/// What of it stands outside of `global_defs`.
pub fn top(out: &mut Writer, lvs: &Lvs) {
    match lvs.net_namespace.as_ref().map(Option::as_deref) {
        None => {}
        Some(None) => out.line("net_namespace_ipvs"),
        Some(Some(name)) => out.value("net_namespace_ipvs", word(name)),
    }
}

/// What of it stands in `global_defs`; `counted`: that the rules of VRRP's table count packets was said, and holds for
/// both.
pub fn settings(out: &mut Writer, lvs: &Lvs, counted: bool) {
    let Lvs {
        // Blocks of their own.
        virtual_servers: _,
        checkers: _,
        flush,
        flush_on_stop,
        rs_init_notifies,
        timeouts,
        sync_daemon,
        log_all_failures,
        no_checker_emails,
        marks,
        // Not in `global_defs`.
        net_namespace: _,
        command_room,
        monitor_room,
        table_interval,
        no_shared_probes,
        // A block of its own.
        client_certificate: _,
        no_tls_resumption,
    } = lvs;
    out.flag("lvs_flush", *flush);
    match flush_on_stop {
        FlushOnStop::No => {}
        FlushOnStop::Table => out.line("lvs_flush_on_stop"),
        FlushOnStop::VirtualServers => out.line("lvs_flush_on_stop VS"),
    }
    if let Some(Timeouts { tcp, tcp_fin, udp }) = timeouts {
        out.value("lvs_timeouts", format_args!("tcp {tcp} tcpfin {tcp_fin} udp {udp}"));
    }
    if let Some(daemon) = sync_daemon {
        self::sync_daemon(out, daemon);
    }
    if let Some(GroupMarks { table, priority, counters, first }) = marks {
        out.value("nftables_ipvs", word(table));
        out.value("nftables_ipvs_priority", priority);
        out.value("nftables_ipvs_start_fwmark", first);
        out.flag("nftables_counters", *counters && !counted);
    }
    out.value("rs_init_notifies", boolean(*rs_init_notifies));
    out.value("checker_log_all_failures", boolean(*log_all_failures));
    out.flag("no_checker_emails", *no_checker_emails);
    room(out, "lvs_netlink_cmd_rcv_bufs", command_room);
    room(out, "lvs_netlink_monitor_rcv_bufs", monitor_room);
    out.value("lvs_table_interval", table_interval);
    out.flag("no_shared_probes", *no_shared_probes);
    out.flag("no_tls_resumption", *no_tls_resumption);
}

fn sync_daemon(out: &mut Writer, daemon: &SyncDaemon) {
    let SyncDaemon { interface, instance, id, max_length, port, ttl, group } = daemon;
    let mut line = word(interface.as_str());
    if let Some(instance) = instance {
        line += &format!(" inst {}", word(instance.as_str()));
    }
    line += &format!(" id {id}");
    let numbers = [("maxlen", max_length.map(u32::from)), ("port", port.map(u32::from)), ("ttl", ttl.map(u32::from))];
    for (option, number) in numbers {
        if let Some(number) = number {
            line += &format!(" {option} {number}");
        }
    }
    if let Some(group) = group {
        line += &format!(" group {group}");
    }
    out.value("lvs_sync_daemon", line);
}

/// Groups first, then the virtual servers in their order.
pub fn blocks(out: &mut Writer, lvs: &Lvs) {
    if let Some(ClientCertificate { certificate, key, password, ca }) = &lvs.client_certificate {
        out.open("SSL");
        out.given("certificate", certificate.as_deref().map(word));
        out.given("key", key.as_deref().map(word));
        if let Some(Secret(password)) = password {
            out.secret("password", password);
        }
        out.given("ca", ca.as_deref().map(word));
        out.close();
    }
    let groups = groups(lvs);
    groups.iter().for_each(|(name, uses)| group(out, name, uses));
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for server in &lvs.virtual_servers {
        if let VirtualAddress::Group { name, nth, .. } = &server.address {
            let count = used.entry(name.as_str()).or_insert(0);
            while *count < *nth {
                // The number in its name counts virtual servers that could not be used, too.
                out.open(format_args!("virtual_server group {}", word(name.as_str())));
                out.close();
                *count += 1;
            }
            *count += 1;
        }
        let marks = match &server.address {
            VirtualAddress::Group { name, entries, .. } => marks_family(groups.get(name.as_str()), entries),
            VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) => None,
        };
        virtual_server(out, server, marks, &lvs.checkers);
    }
}

/// The entries of each group that is used, once for each use.
fn groups(lvs: &Lvs) -> BTreeMap<&str, Vec<&[GroupEntry]>> {
    let mut groups: BTreeMap<&str, Vec<&[GroupEntry]>> = BTreeMap::new();
    for server in &lvs.virtual_servers {
        if let VirtualAddress::Group { name, entries, nth: _, mark: _ } = &server.address {
            groups.entry(name.as_str()).or_default().push(entries);
        }
    }
    groups
}

/// Whether the mark at that place is the same in all uses of a group; else each gave it its own family.
fn decided(uses: &[&[GroupEntry]], at: usize, entry: &GroupEntry) -> bool {
    uses.iter().all(|entries| entries.get(at) == Some(entry))
}

/// The family that a virtual server gave the marks of its group that have none.
fn marks_family(uses: Option<&Vec<&[GroupEntry]>>, entries: &[GroupEntry]) -> Option<Family> {
    entries.iter().enumerate().find_map(|(at, entry)| match entry {
        GroupEntry::Fwmark { mark: _, family } if !decided(uses?, at, entry) => Some(*family),
        GroupEntry::Fwmark { .. } | GroupEntry::Address(_) => None,
    })
}

/// One group. A mark whose family differs between its virtual servers has none of its own.
fn group(out: &mut Writer, name: &str, uses: &[&[GroupEntry]]) {
    let Some(first) = uses.first() else { return };
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(entry) = first.get(at) {
        let place = at;
        at += 1;
        match *entry {
            GroupEntry::Address(start) => {
                let mut last = start;
                while let Some(GroupEntry::Address(next)) = first.get(at).filter(|next| follows(last, next)) {
                    last = *next;
                    at += 1;
                }
                let end = if last == start { String::new() } else { format!("-{}", last.address) };
                lines.push(format!("{}{end} {}", start.address, start.port));
            }
            GroupEntry::Fwmark { mark, family } if decided(uses, place, entry) => {
                lines.push(format!("fwmark {mark} {}", self::family(family)));
            }
            GroupEntry::Fwmark { mark, .. } => lines.push(format!("fwmark {mark}")),
        }
    }
    out.entries(&format!("virtual_server_group {}", word(name)), lines);
}

/// Whether an entry goes on where `last` ends, so that one line says both.
fn follows(last: Endpoint, next: &GroupEntry) -> bool {
    let GroupEntry::Address(next) = next else { return false };
    let step = match (last.address, next.address) {
        (IpAddr::V4(last), IpAddr::V4(next)) => last.to_bits().checked_add(1) == Some(next.to_bits()),
        // A range is walked on its last 16 bits.
        (IpAddr::V6(last), IpAddr::V6(next)) => {
            last.segments()[7] != u16::MAX && last.to_bits().checked_add(1) == Some(next.to_bits())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    };
    step && last.port == next.port
}

const fn family(family: Family) -> &'static str {
    match family {
        Family::V4 => "inet",
        Family::V6 => "inet6",
    }
}

/// One `virtual_server`: what real servers inherit comes before them, and each says itself what it inherited.
/// `marks`: the family that it gave the marks of its group.
fn virtual_server(out: &mut Writer, server: &VirtualServer, marks: Option<Family>, checkers: &[Arc<Checker>]) {
    let VirtualServer {
        address,
        protocol,
        family: service,
        scheduler,
        flags,
        persistence,
        real_servers,
        sorry_server,
        quorum,
        hysteresis,
        quorum_up,
        quorum_down,
        omega,
        ha_suspend,
        smtp_alert,
    } = server;
    let known = match address {
        VirtualAddress::Address(at) if !is_mark_zero(*at) => Family::of(at.address),
        // The real servers decide, where they must; then the marks of the group, then the mask.
        VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) | VirtualAddress::Group { .. } => {
            let decides = real_servers.iter().find(|real| !matches!(real.forwarding, Forwarding::Tunnel(_)));
            let mask = persistence.as_ref().map(|persistence| match persistence.granularity {
                Granularity::V4(_) => Family::V4,
                Granularity::V6(_) => Family::V6,
            });
            decides.map(|real| Family::of(real.endpoint.address)).or(marks).or(mask).unwrap_or(*service)
        }
    };
    match address {
        VirtualAddress::Address(at) if is_mark_zero(*at) => out.open("virtual_server fwmark 0"),
        VirtualAddress::Address(Endpoint { address, port }) => {
            out.open(format_args!("virtual_server {address} {port}"));
        }
        VirtualAddress::Fwmark(mark) => out.open(format_args!("virtual_server fwmark {mark}")),
        VirtualAddress::Group { name, .. } => out.open(format_args!("virtual_server group {}", word(name.as_str()))),
    }
    out.value("ip_family", family(known));
    match protocol {
        Protocol::None => {}
        Protocol::Tcp => out.value("protocol", "TCP"),
        Protocol::Udp => out.value("protocol", "UDP"),
        Protocol::Sctp => out.value("protocol", "SCTP"),
    }
    self::scheduler(out, *scheduler, *flags);
    if let Some(persistence) = persistence {
        self::persistence(out, persistence, known);
    }
    // A sum of weights of 0 makes any quorum 0, and it cannot be written.
    out.value("quorum", (*quorum).max(1));
    out.value("hysteresis", hysteresis);
    notify::script(out, "quorum_up", quorum_up.as_ref());
    notify::script(out, "quorum_down", quorum_down.as_ref());
    out.flag("omega", *omega);
    out.flag("ha_suspend", *ha_suspend);
    notify::smtp_alert(out, *smtp_alert);
    let own: Vec<&Checker> = real_servers.iter().flat_map(|real| of(real, checkers)).collect();
    out.given("virtualhost", check::server_name_of_all(&own).map(word));
    if let Some(SorryServer { endpoint: Endpoint { address, port }, forwarding, inhibit }) = sorry_server {
        out.value("sorry_server", format_args!("{address} {port}"));
        out.value("sorry_server_lvs_method", method(forwarding));
        out.flag("sorry_server_inhibit", *inhibit);
    }
    real_servers.iter().for_each(|real| real_server(out, real, &of(real, checkers)));
    out.close();
}

/// What `fwmark 0` stands for (LV-42).
fn is_mark_zero(at: Endpoint) -> bool {
    at == Endpoint { address: IpAddr::V4(Ipv4Addr::BROADCAST), port: 0 }
}

fn of<'m>(real: &RealServer, checkers: &'m [Arc<Checker>]) -> Vec<&'m Checker> {
    real.checkers.iter().filter_map(|id| checkers.get(id.0)).map(Arc::as_ref).collect()
}

/// The scheduler and its flags, by the names that it has for them.
fn scheduler(out: &mut Writer, scheduler: Scheduler, flags: u32) {
    out.value("lb_algo", scheduler.name());
    for (bit, flag) in FLAGS {
        let word = match (scheduler, bit) {
            (Scheduler::Sh, 0x08) => "sh-fallback",
            (Scheduler::Sh, 0x10) => "sh-port",
            (Scheduler::Mh, 0x08) => "mh-fallback",
            (Scheduler::Mh, 0x10) => "mh-port",
            _ => flag,
        };
        out.flag(word, flags & bit != 0);
    }
}

/// `known`: what the file says of the family so far. A mask of the other one is its default, and left out.
fn persistence(out: &mut Writer, persistence: &Persistence, known: Family) {
    let Persistence { timeout, granularity, engine } = persistence;
    out.value("persistence_timeout", timeout);
    match (granularity, known) {
        (Granularity::V4(mask), Family::V4) => out.value("persistence_granularity", mask),
        (Granularity::V6(prefix), Family::V6) => out.value("persistence_granularity", prefix),
        (Granularity::V4(_), Family::V6) | (Granularity::V6(_), Family::V4) => {}
    }
    out.given("persistence_engine", engine.as_deref().map(word));
}

/// `NAT`, `DR` or `TUN` with its options.
fn method(forwarding: &Forwarding) -> String {
    match forwarding {
        Forwarding::Nat => "NAT".to_owned(),
        Forwarding::DirectRouting => "DR".to_owned(),
        Forwarding::Tunnel(Tunnel { kind, port, checksum }) => {
            let kind = match kind {
                TunnelKind::Ipip => "ipip",
                TunnelKind::Gue => "gue",
                TunnelKind::Gre => "gre",
            };
            let port = if *port == 0 { String::new() } else { format!(" port {port}") };
            let checksum = match checksum {
                0 => "",
                1 => " csum",
                _ => " remcsum",
            };
            format!("TUN type {kind}{port}{checksum}")
        }
    }
}

fn real_server(out: &mut Writer, real: &RealServer, checkers: &[&Checker]) {
    let RealServer {
        endpoint: Endpoint { address, port },
        forwarding,
        weight,
        inhibit_on_failure,
        upper_threshold,
        lower_threshold,
        slow_start,
        drain_timeout,
        notify_up,
        notify_down,
        smtp_alert,
        // Given as blocks.
        checkers: _,
    } = real;
    out.open(format_args!("real_server {address} {port}"));
    out.value("lvs_method", method(forwarding));
    out.value("weight", weight);
    out.value("inhibit_on_failure", boolean(*inhibit_on_failure));
    out.value("uthreshold", upper_threshold);
    out.value("lthreshold", lower_threshold);
    out.given("slow_start", *slow_start);
    out.given("drain_timeout", *drain_timeout);
    notify::script(out, "notify_up", notify_up.as_deref());
    notify::script(out, "notify_down", notify_down.as_deref());
    notify::smtp_alert(out, *smtp_alert);
    check::inherited(out, checkers);
    checkers.iter().for_each(|checker| check::checker(out, checker));
    out.close();
}
