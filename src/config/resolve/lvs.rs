//! Virtual servers, their real servers and groups (LV-1 … LV-45).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::Resolver;
use super::upkeep::room;
use crate::base::name::{GroupName, InstanceName, InterfaceName};
use crate::base::net::{Endpoint, Family};
use crate::base::time::Interval;
use crate::config::block::server_group::{self as group, ServerGroup};
use crate::config::block::value;
use crate::config::block::virtual_server::{self as declared, Gradual, Header};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::change::marks;
use crate::model::check::Checker;
use crate::model::lvs::{
    CheckerIds, FlushOnStop, Forwarding, Granularity, GroupEntry, GroupMarks, Lvs, Persistence, Protocol, RealServer,
    RealServerId, Scheduler, SorryServer, SyncDaemon, Timeouts, VirtualAddress, VirtualServer, VirtualServerId,
};
use crate::model::vrrp::Vrrp;

/// IP_VS_SVC_F_ONEPACKET (linux/ip_vs.h).
const ONE_PACKET: u32 = 0x04;
/// How often the kernel's table is looked at when nothing is configured.
const TABLE_INTERVAL: Interval = Interval::from_secs(60);
/// The first mark of groups when none is configured (LV-46).
const FIRST_MARK: u32 = 1000;
/// Addresses that ranges may stand for, in all virtual servers together.
const GROUP_ADDRESSES: u64 = 1 << 20;
/// Entries that the kernel's table may have: real servers, once for each address of their virtual server's group.
const TABLE_ENTRIES: u64 = 1 << 23;

/// What is left of these.
pub(super) struct Room {
    addresses: u64,
    entries: u64,
}

impl Default for Room {
    fn default() -> Room {
        Room { addresses: GROUP_ADDRESSES, entries: TABLE_ENTRIES }
    }
}

impl Resolver<'_> {
    /// Takes the declared servers, so that each is gone when the model has it: a file may have ten thousands.
    pub(super) fn lvs(&mut self, declared: Vec<declared::VirtualServer>) -> Lvs {
        let global = &self.config.global;
        // Of two with one name the first counts.
        let groups: BTreeMap<&str, &ServerGroup> =
            self.config.server_groups.iter().rev().map(|group| (group.name.as_str(), group)).collect();
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        let mut virtual_servers = Vec::new();
        let mut checkers: Vec<Arc<Checker>> = Vec::new();
        for block in declared {
            let Some(address) = self.virtual_address(&block, &groups, &mut uses) else { continue };
            if let Some(server) =
                self.virtual_server(block, address, VirtualServerId(virtual_servers.len()), &mut checkers)
            {
                virtual_servers.push(Arc::new(server));
            }
        }
        let mut lvs = Lvs {
            virtual_servers,
            checkers,
            flush: global.lvs_flush.is_some(),
            flush_on_stop: match value(&global.lvs_flush_on_stop) {
                None => FlushOnStop::No,
                Some(given) if given.0 => FlushOnStop::VirtualServers,
                Some(_) => FlushOnStop::Table,
            },
            rs_init_notifies: value(&global.rs_init_notifies).unwrap_or(false),
            timeouts: value(&global.lvs_timeouts).map(|timeouts| Timeouts {
                tcp: timeouts.tcp.unwrap_or(0),
                tcp_fin: timeouts.tcp_fin.unwrap_or(0),
                udp: timeouts.udp.unwrap_or(0),
            }),
            sync_daemon: self.sync_daemon(),
            log_all_failures: value(&global.checker_log_all_failures).unwrap_or(false),
            no_checker_emails: value(&global.no_checker_emails).unwrap_or(false),
            marks: global.nftables_ipvs.as_ref().map(|table| GroupMarks {
                table: table.value.clone(),
                priority: value(&global.nftables_ipvs_priority).map_or(-1, |priority| priority.0 as i32),
                counters: global.nftables_counters.is_some(),
                first: value(&global.nftables_ipvs_start_fwmark).map_or(FIRST_MARK, |mark| mark.0 as u32),
            }),
            net_namespace: self.config.net_namespace_ipvs.as_ref().map(|given| given.value.0.clone()),
            command_room: room(value(&global.lvs_netlink_cmd_rcv_bufs), value(&global.lvs_netlink_cmd_rcv_bufs_force)),
            monitor_room: room(
                value(&global.lvs_netlink_monitor_rcv_bufs),
                value(&global.lvs_netlink_monitor_rcv_bufs_force),
            ),
            table_interval: value(&global.lvs_table_interval)
                .map_or(TABLE_INTERVAL, |seconds| Interval::from_secs(seconds.0 as u64)),
            no_shared_probes: value(&global.no_shared_probes).unwrap_or(false),
            client_certificate: self.client_certificate(),
            no_tls_resumption: value(&global.no_tls_resumption).unwrap_or(false),
        };
        marks::assign(&mut lvs, &marks::Given::new());
        lvs
    }

    /// LV-99: the global setting, else the old one of an instance; the id is by default that of the instance.
    fn sync_daemon(&self) -> Option<SyncDaemon> {
        let instances = &self.config.instances;
        let vrid = |name: &str| {
            let instance = instances.iter().find(|instance| instance.name == name)?;
            value(&instance.virtual_router_id).map(|vrid| vrid.0 as u8)
        };
        if let Some(given) = &self.config.global.lvs_sync_daemon {
            let given = &given.value;
            let id = given.id.or_else(|| given.instance.as_deref().and_then(vrid)).unwrap_or(0);
            return Some(SyncDaemon {
                interface: InterfaceName::new(&given.interface),
                instance: given.instance.as_deref().map(InstanceName::new),
                id,
                max_length: given.max_length,
                port: given.port,
                ttl: given.ttl,
                group: given.group,
            });
        }
        let instance = instances.iter().find(|instance| instance.lvs_sync_daemon_interface.is_some())?;
        let interface = instance.lvs_sync_daemon_interface.as_ref()?;
        Some(SyncDaemon {
            interface: InterfaceName::new(&interface.value.0),
            instance: Some(InstanceName::new(&instance.name)),
            id: vrid(&instance.name).unwrap_or(0),
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        })
    }

    /// LV-101: no synchronisation daemon runs for an instance that is not there.
    pub(super) fn followed_instance(&mut self, lvs: &mut Lvs, vrrp: &Vrrp) {
        let gone = |name: &&InstanceName| !vrrp.instances.iter().any(|instance| instance.name == **name);
        let Some(name) = lvs.sync_daemon.as_ref().and_then(|daemon| daemon.instance.as_ref()).filter(gone) else {
            return;
        };
        let words = format!("Unable to find vrrp instance {name} for lvs_syncd - clearing lvs_syncd config");
        lvs.sync_daemon = None;
        match &self.config.global.lvs_sync_daemon {
            Some(given) => self.late(Code::Logged, given.span, words),
            // The old way: what is wrong with the instance was said.
            None => self.found.push(Diagnostic::new(Code::Logged, words)),
        }
    }

    /// LV-1, LV-2, LV-42, LV-45. A mark of 0 is none: the original then serves 255.255.255.255.
    fn virtual_address(
        &mut self,
        block: &declared::VirtualServer,
        groups: &BTreeMap<&str, &ServerGroup>,
        uses: &mut BTreeMap<String, usize>,
    ) -> Option<VirtualAddress> {
        match &block.header {
            Header::Address(at) => Some(VirtualAddress::Address(*at)),
            Header::Fwmark(0) => {
                let address = IpAddr::V4(Ipv4Addr::BROADCAST);
                Some(VirtualAddress::Address(Endpoint { address, port: 0 }))
            }
            Header::Fwmark(mark) => Some(VirtualAddress::Fwmark(*mark)),
            Header::Group(name) => {
                let Some(group) = groups.get(name.as_str()).copied() else {
                    let words = format!(
                        "Virtual server group {name} specified but not configured - ignoring virtual server [{name}]:0"
                    );
                    self.late(Code::Logged, block.span, words);
                    return None;
                };
                let used = uses.entry(name.clone()).or_insert(0);
                let nth = *used;
                *used += 1;
                let family = family_of_marks(block);
                let entries = self.walk(group, block, family)?;
                Some(VirtualAddress::Group { name: GroupName::new(name), nth, entries, mark: None })
            }
        }
    }

    /// LV-43: each address of each range, then the marks. `None`: they are too many, which was said.
    fn walk(
        &mut self,
        group: &ServerGroup,
        block: &declared::VirtualServer,
        service: Family,
    ) -> Option<Vec<GroupEntry>> {
        let name = &group.name;
        let count = |entry: &group::GroupEntry| match *entry {
            group::GroupEntry::Range { count, .. } => u64::from(count),
            group::GroupEntry::Fwmark { .. } => 1,
        };
        let addresses: u64 = group.entries.iter().map(count).sum();
        let servers = block.real_servers.len() as u64;
        let left = (self.room.addresses.checked_sub(addresses))
            .zip(self.room.entries.checked_sub(addresses.saturating_mul(servers)));
        let Some((addresses, table)) = left else {
            let words = format!(
                "virtual server group {name} with {addresses} addresses and {servers} real servers needs more entries than there is room for - ignoring virtual server"
            );
            let finding = Diagnostic::late(Code::BlockRefused, block.span, words)
                .also(group.span, "this group")
                .help(format!(
                    "all groups together may have {GROUP_ADDRESSES} addresses, and {TABLE_ENTRIES} entries for real servers"
                ));
            self.found.push(finding);
            return None;
        };
        self.room = Room { addresses, entries: table };
        let mut entries = Vec::new();
        for entry in &group.entries {
            let group::GroupEntry::Range { first, count, port } = *entry else { continue };
            let each = (0..count).map(|step| Endpoint { address: step_from(first, step), port });
            entries.extend(each.map(GroupEntry::Address));
        }
        for entry in &group.entries {
            if let group::GroupEntry::Fwmark { mark, family } = *entry {
                entries.push(GroupEntry::Fwmark { mark, family: family.unwrap_or(service) });
            }
        }
        Some(entries)
    }

    fn virtual_server(
        &mut self,
        mut block: declared::VirtualServer,
        address: VirtualAddress,
        id: VirtualServerId,
        checkers: &mut Vec<Arc<Checker>>,
    ) -> Option<VirtualServer> {
        let family = self.service_family(&block, &address);
        let real_servers = std::mem::take(&mut block.real_servers);
        let block = &block;
        let marks_only = match &address {
            VirtualAddress::Address(_) => false,
            VirtualAddress::Fwmark(_) => true,
            VirtualAddress::Group { entries, .. } => !entries.iter().any(|one| matches!(one, GroupEntry::Address(_))),
        };
        // Its name in complaints, which the original shows with the protocol given so far.
        let shown = |protocol: Protocol| {
            let at = |at: &Endpoint| format!("[{}]:{protocol}:{}", at.address, at.port);
            match &address {
                VirtualAddress::Address(endpoint) => at(endpoint),
                VirtualAddress::Fwmark(mark) => format!("FWM {mark}"),
                VirtualAddress::Group { name, nth, .. } => format!("[{name}]:{nth}"),
            }
        };
        if real_servers.is_empty() {
            let words = format!("Virtual server {} has no real servers - ignoring", shown(given_protocol(block)));
            self.at_end(Code::BlockRefused, block.end, block.span, words);
            return None;
        }
        let protocol = self.protocol(block, marks_only, &shown);
        let name = shown(protocol);
        let scheduler = value(&block.scheduler).unwrap_or_else(|| {
            let words = format!("Virtual server {name}: no scheduler set, setting default 'wlc'");
            self.late(Code::Adjusted, block.span, words);
            Scheduler::Wlc
        });
        let methods = real_servers.iter().all(|server| server.forwarding.is_some());
        let forwarding = value(&block.forwarding).unwrap_or_else(|| {
            if !methods {
                let words = format!("Virtual server {name}: no forwarding method set, setting default NAT");
                self.late(Code::Adjusted, block.span, words);
            }
            Forwarding::Nat
        });
        let mut flags = block.flags;
        if flags & ONE_PACKET != 0 && !marks_only && protocol != Protocol::Udp {
            let words = format!("Virtual server {name}: one packet scheduling requires UDP - resetting");
            self.late(Code::Adjusted, block.span, words);
            flags &= !ONE_PACKET;
        }
        let persistence = self.persistence(block, &address, family, &name);
        let mut server = VirtualServer {
            family,
            protocol,
            scheduler,
            flags,
            persistence,
            real_servers: Vec::with_capacity(real_servers.len()),
            sorry_server: None,
            quorum: value(&block.quorum).map_or(1, |quorum| quorum.0 as u32),
            hysteresis: value(&block.hysteresis).map_or(0, |hysteresis| hysteresis.0 as u32),
            quorum_up: self.notify(&block.quorum_up),
            quorum_down: self.notify(&block.quorum_down),
            omega: block.omega.is_some(),
            ha_suspend: block.ha_suspend.is_some(),
            smtp_alert: self.checker_smtp_alert(value(&block.smtp_alert)).unwrap_or(false),
            address,
        };
        let has_marks = match &server.address {
            VirtualAddress::Address(_) => false,
            VirtualAddress::Fwmark(_) => true,
            VirtualAddress::Group { entries, .. } => entries.iter().any(|one| matches!(one, GroupEntry::Fwmark { .. })),
        };
        if server.ha_suspend && has_marks {
            let words = format!("Virtual server {name}: cannot use ha_suspend with fwmarks - clearing ha_suspend");
            self.late(Code::Adjusted, block.span, words);
            server.ha_suspend = false;
        }
        self.real_servers(block, real_servers, &mut server, (forwarding, id), checkers);
        self.sorry_server(block, &mut server, forwarding);
        self.quorum(block, &mut server, &name);
        Some(server)
    }

    /// LV-9, LV-10.
    fn protocol(
        &mut self,
        block: &declared::VirtualServer,
        marks_only: bool,
        shown: &impl Fn(Protocol) -> String,
    ) -> Protocol {
        match value(&block.protocol) {
            Some(protocol) if marks_only => {
                let name = shown(protocol);
                let words =
                    format!("Warning: Virtual server {name}: protocol specified for fwmark - protocol will be ignored");
                self.late(Code::Warning, block.span, words);
                Protocol::None
            }
            Some(protocol) => protocol,
            None if marks_only => Protocol::None,
            None => {
                let name = shown(Protocol::None);
                self.late(
                    Code::Adjusted,
                    block.span,
                    format!("Virtual server {name}: no protocol set - defaulting to UDP"),
                );
                Protocol::Udp
            }
        }
    }

    /// LV-4.
    fn service_family(&self, block: &declared::VirtualServer, address: &VirtualAddress) -> Family {
        if let VirtualAddress::Address(at) = address {
            return Family::of(at.address);
        }
        if let VirtualAddress::Group { entries, .. } = address
            && let Some(GroupEntry::Address(at)) = entries.first()
        {
            return Family::of(at.address);
        }
        family_of_marks(block)
    }

    /// LV-22 … LV-25.
    fn persistence(
        &mut self,
        block: &declared::VirtualServer,
        address: &VirtualAddress,
        family: Family,
        name: &str,
    ) -> Option<Persistence> {
        let zero_port = match address {
            VirtualAddress::Address(at) => at.port == 0,
            VirtualAddress::Fwmark(_) => false,
            VirtualAddress::Group { entries, .. } => {
                entries.iter().any(|one| matches!(one, GroupEntry::Address(at) if at.port == 0))
            }
        };
        let timeout = match block.persistence_timeout {
            None if zero_port => {
                let words = format!("Virtual server {name}: zero port only valid for persistent services - setting");
                self.late(Code::Adjusted, block.span, words);
                360
            }
            None => return None,
            Some(seconds) => seconds,
        };
        let granularity = block.granularity.unwrap_or(match family {
            Family::V4 => Granularity::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Granularity::V6(128),
        });
        let engine = block.persistence_engine.as_ref().map(|engine| engine.value.0.clone());
        Some(Persistence { timeout, granularity, engine })
    }

    /// LV-8, LV-26, LV-30.
    fn real_servers(
        &mut self,
        block: &declared::VirtualServer,
        real_servers: Vec<declared::RealServer>,
        server: &mut VirtualServer,
        (forwarding, id): (Forwarding, VirtualServerId),
        checkers: &mut Vec<Arc<Checker>>,
    ) {
        let name: Arc<str> = server.show().into();
        let mut seen: BTreeMap<(IpAddr, u16), Span> = BTreeMap::new();
        for declared in real_servers {
            let method = declared.forwarding.unwrap_or(forwarding);
            let endpoint = self.real_port(server, declared.endpoint, method, declared.span);
            if let Some(first) = seen.insert((endpoint.address, endpoint.port), declared.span) {
                let shown = server.show_real(endpoint);
                let words = format!("VS {name}: real server {shown} is duplicated - removing second rs");
                self.found.push(Diagnostic::late(Code::Duplicate, declared.span, words).also(first, "first here"));
                continue;
            }
            let place = RealServerId(server.real_servers.len());
            let names = (server.show_real(endpoint).into(), name.clone());
            let first = checkers.len();
            self.checkers(block, &declared, endpoint, (id, place), names, checkers);
            let real = RealServer {
                endpoint,
                forwarding: method,
                weight: value(&declared.weight)
                    .map(|weight| weight.0)
                    .or(value(&block.weight).map(|weight| weight.0))
                    .unwrap_or(1) as u32,
                inhibit_on_failure: value(&declared.inhibit_on_failure).unwrap_or(block.inhibit_on_failure.is_some()),
                upper_threshold: value(&declared.uthreshold).map_or(0, |threshold| threshold.0 as u32),
                lower_threshold: value(&declared.lthreshold).map_or(0, |threshold| threshold.0 as u32),
                slow_start: gradual(value(&declared.slow_start), value(&block.slow_start)),
                drain_timeout: gradual(value(&declared.drain_timeout), value(&block.drain_timeout)),
                notify_up: self.notify(&declared.notify_up).map(Box::new),
                notify_down: self.notify(&declared.notify_down).map(Box::new),
                smtp_alert: self.checker_smtp_alert(value(&declared.smtp_alert)).unwrap_or(true),
                checkers: CheckerIds::between(first, checkers.len()),
            };
            server.real_servers.push(real);
        }
    }

    /// LV-31: its own, else the checkers', else everyone's.
    fn checker_smtp_alert(&self, own: Option<bool>) -> Option<bool> {
        let global = &self.config.global;
        own.or(value(&global.smtp_alert_checker)).or(value(&global.smtp_alert))
    }

    /// LV-26: without a group only NAT may change the port.
    fn real_port(&mut self, server: &VirtualServer, mut at: Endpoint, method: Forwarding, span: Span) -> Endpoint {
        let nat = method == Forwarding::Nat;
        match &server.address {
            VirtualAddress::Address(service) if at.port == 0 => at.port = service.port,
            VirtualAddress::Address(service) if !nat && at.port != service.port => {
                let words = format!(
                    "WARNING - virtual server {} and real server {} ports don't match - resetting",
                    server.show(),
                    server.show_real(at)
                );
                self.late(Code::Adjusted, span, words);
                at.port = service.port;
            }
            VirtualAddress::Fwmark(_) if !nat && at.port != 0 => {
                let words = format!(
                    "WARNING - fwmark virtual server {}, real server {} has port specified - clearing",
                    server.show(),
                    server.show_real(at)
                );
                self.late(Code::Adjusted, span, words);
                at.port = 0;
            }
            VirtualAddress::Group { name, .. } if !nat && at.port != 0 => {
                let shown = server.show_real(at);
                if let Some(words) = self.group_port(name.as_str(), &server.show(), at.port, &shown) {
                    self.late(Code::Adjusted, span, words);
                }
            }
            VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) | VirtualAddress::Group { .. } => {}
        }
        at
    }

    /// LV-26: what is said of a real server's port where the first entry of the group has another or none.
    fn group_port(&self, group: &str, server: &str, port: u16, real: &str) -> Option<String> {
        let named = self.config.server_groups.iter().find(|one| one.name == group)?;
        named.entries.iter().find_map(|entry| match entry {
            group::GroupEntry::Range { first, port: other, .. } if *other != port => {
                Some(format!("virtual server {server}:[{first},{other}] and real server {real} ports don't match"))
            }
            group::GroupEntry::Fwmark { .. } => Some(format!(
                "WARNING - fwmark virtual server {server}, real server {real} has port specified - port will be ignored"
            )),
            group::GroupEntry::Range { .. } => None,
        })
    }

    /// LV-6, LV-26, LV-36, LV-37.
    fn sorry_server(&mut self, block: &declared::VirtualServer, server: &mut VirtualServer, forwarding: Forwarding) {
        let Some(sorry) = &block.sorry_server else { return };
        let name = server.show();
        let method = sorry.forwarding.unwrap_or(forwarding);
        if !matches!(method, Forwarding::Tunnel(_)) && Family::of(sorry.endpoint.address) != server.family {
            let words = format!(
                "Address family of virtual server and sorry server {} don't match - skipping sorry server.",
                sorry.endpoint.address
            );
            self.at_end(Code::InvalidValue, block.end, sorry.span, words);
            return;
        }
        let mut endpoint = sorry.endpoint;
        let nat = method == Forwarding::Nat;
        match &server.address {
            VirtualAddress::Address(service) if !nat && endpoint.port == 0 => endpoint.port = service.port,
            VirtualAddress::Address(service) if !nat && endpoint.port != service.port => {
                let words = format!("WARNING - virtual server {name} and sorry server ports don't match - resetting");
                self.late(Code::Adjusted, sorry.span, words);
                endpoint.port = service.port;
            }
            VirtualAddress::Fwmark(_) if !nat && endpoint.port != 0 => {
                let words = format!("WARNING - virtual server {name}, sorry server has port specified - clearing");
                self.late(Code::Adjusted, sorry.span, words);
                endpoint.port = 0;
            }
            VirtualAddress::Group { .. } if !nat && endpoint.port != 0 => {
                let words =
                    format!("WARNING - virtual server {name}, sorry server has port specified - port will be ignored");
                self.late(Code::Adjusted, sorry.span, words);
            }
            VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) | VirtualAddress::Group { .. } => {}
        }
        let mut inhibit = sorry.inhibit;
        if let Some(real) = server.real_servers.iter().find(|real| real.endpoint == endpoint)
            && real.inhibit_on_failure != inhibit
        {
            let word = if real.inhibit_on_failure { "setting" } else { "clearing" };
            let shown = server.show_real(endpoint);
            let words = format!(
                "Virtual server {name}: real server {shown} matches sorry server, but inhibit setting differs, {word} on sorry server"
            );
            self.late(Code::Adjusted, sorry.span, words);
            inhibit = real.inhibit_on_failure;
        }
        server.sorry_server = Some(SorryServer { endpoint, forwarding: method, inhibit });
    }

    /// LV-33, LV-34. Where the original's subtraction wraps round, hysteresis becomes 0.
    fn quorum(&mut self, block: &declared::VirtualServer, server: &mut VirtualServer, name: &str) {
        let sum: u64 = server.real_servers.iter().map(|real| u64::from(real.weight)).sum();
        let span = block.quorum.map_or(block.span, |quorum| quorum.span);
        if u64::from(server.quorum) > sum {
            let words = format!(
                "Warning - quorum {} for {name} exceeds total weight of real servers {sum}, reducing quorum to {sum}",
                server.quorum
            );
            self.late(Code::Warning, span, words);
            server.quorum = sum as u32;
        }
        if server.hysteresis >= server.quorum.max(1) {
            let less = server.quorum.saturating_sub(1);
            let words = format!(
                "Virtual server {name}: hysteresis {} >= quorum {}; setting hysteresis to {less}",
                server.hysteresis, server.quorum
            );
            self.late(Code::Adjusted, span, words);
            server.hysteresis = less;
        }
    }
}

/// The real server's own time, else the virtual server's; nothing where it is zero.
fn gradual(own: Option<Gradual>, common: Option<Gradual>) -> Option<Interval> {
    own.or(common).map(|seconds| Interval::from_micros(seconds.0)).filter(|time| !time.is_zero())
}

/// LV-4: the family that was given, else that of all tunnelled real servers if they have one.
fn family_of_marks(block: &declared::VirtualServer) -> Family {
    if let Some(family) = block.family {
        return family;
    }
    let mut tunnelled = block.real_servers.iter().map(|server| Family::of(server.endpoint.address));
    let first = tunnelled.next().unwrap_or(Family::V4);
    if tunnelled.all(|family| family == first) { first } else { Family::V4 }
}

fn given_protocol(block: &declared::VirtualServer) -> Protocol {
    value(&block.protocol).unwrap_or(Protocol::None)
}

/// An address further on; an IPv6 range is walked on its last 16 bits only (LV-40).
fn step_from(first: IpAddr, step: u32) -> IpAddr {
    match first {
        IpAddr::V4(first) => IpAddr::V4(Ipv4Addr::from_bits(first.to_bits().wrapping_add(step))),
        IpAddr::V6(first) => {
            let mut parts = first.segments();
            parts[7] = parts[7].wrapping_add(step as u16);
            IpAddr::V6(Ipv6Addr::from(parts))
        }
    }
}
