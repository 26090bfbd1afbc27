//! Virtual servers, real servers, their sorry server and quorum.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::base::name::{GroupName, InterfaceName, TrackFileName};
use crate::base::net::{Endpoint, Family};
use crate::base::time::Interval;
use crate::model::check::{Check, Checker, ClientCertificate};
use crate::model::notify::Script;
use crate::model::track::TrackFile;
use crate::model::upkeep::Room;

pub use crate::model::id::{CheckerId, CheckerIds, RealServerId, VirtualServerId};

/// Everything the IPVS task and the checkers run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lvs {
    /// In file order; `VirtualServerId` is the position here.
    pub virtual_servers: Vec<Arc<VirtualServer>>,
    /// All checkers of all real servers in file order; `CheckerId` is the position here.
    pub checkers: Vec<Arc<Checker>>,
    /// `lvs_flush`: empty the table before programming, at start only (LV-52).
    pub flush: bool,
    pub flush_on_stop: FlushOnStop,
    /// `rs_init_notifies` (LV-53).
    pub rs_init_notifies: bool,
    /// `lvs_timeouts`, seconds; `None`: not touched (LV-98).
    pub timeouts: Option<Timeouts>,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// `checker_log_all_failures`.
    pub log_all_failures: bool,
    /// `no_checker_emails`: what a checker finds is mailed only if its real server changes (LV-78).
    pub no_checker_emails: bool,
    /// `nftables_ipvs`: a group of addresses is one service, of a mark that the packet filter sets (LV-46).
    pub marks: Option<GroupMarks>,
    /// `net_namespace_ipvs`: the network namespace whose table is ours; `Some(None)`: that of the machine's first
    /// process. `None`: where we run (LV-121). A reload cannot change it.
    pub net_namespace: Option<Option<String>>,
    /// `lvs_netlink_cmd_rcv_bufs`: of the socket to IPVS; `None`: enough for every answer.
    pub command_room: Option<Room>,
    /// `lvs_netlink_monitor_rcv_bufs`: of the one that tells of addresses (`ha_suspend`).
    pub monitor_room: Option<Room>,
    /// `lvs_table_interval`: how often the kernel's table is looked at; zero: only at the start and after errors.
    pub table_interval: Interval,
    /// `no_shared_probes`: every checker probes for itself.
    pub no_shared_probes: bool,
    /// `SSL { }`.
    pub client_certificate: Option<ClientCertificate>,
    /// `no_tls_resumption`: every TLS handshake is made in full.
    pub no_tls_resumption: bool,
}

impl Lvs {
    /// The files that FILE_CHECKs follow, each once: there is one of each name.
    pub fn files(&self) -> Vec<Arc<TrackFile>> {
        let mut known: BTreeSet<&TrackFileName> = BTreeSet::new();
        let followed = self.checkers.iter().filter_map(|checker| match &checker.check {
            Check::File(check) => Some(&check.file),
            _ => None,
        });
        followed.filter(|file| known.insert(&file.name)).cloned().collect()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlushOnStop {
    #[default]
    No,
    /// `lvs_flush_on_stop`: the whole table.
    Table,
    /// `lvs_flush_on_stop VS`: our services, whatever is in them.
    VirtualServers,
}

/// One `virtual_server` block.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualServer {
    pub address: VirtualAddress,
    pub protocol: Protocol,
    /// Family of the service (LV-4).
    pub family: Family,
    pub scheduler: Scheduler,
    /// IP_VS_SVC_F_SCHED1.. and ONEPACKET bits (linux/ip_vs.h) without PERSISTENT (LV-13).
    pub flags: u32,
    pub persistence: Option<Persistence>,
    pub real_servers: Vec<RealServer>,
    pub sorry_server: Option<SorryServer>,
    /// At least 0 (LV-33: reduced to the sum of weights).
    pub quorum: u32,
    pub hysteresis: u32,
    pub quorum_up: Option<Script>,
    pub quorum_down: Option<Script>,
    /// `omega`: notify at stop too (LV-80).
    pub omega: bool,
    pub ha_suspend: bool,
    pub smtp_alert: bool,
}

/// What a virtual server listens on (LV-1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VirtualAddress {
    Address(Endpoint),
    /// A firewall mark, never 0.
    Fwmark(u32),
    /// `virtual_server group NAME`; `nth` counts the virtual servers that use this group (LV-45).
    Group {
        name: GroupName,
        nth: usize,
        entries: Vec<GroupEntry>,
        /// That of its service, if the packet filter marks what comes for its addresses (`nftables_ipvs`).
        mark: Option<u32>,
    },
}

/// `nftables_ipvs`, `nftables_ipvs_priority`, `nftables_ipvs_start_fwmark`, `nftables_counters` (LV-46).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMarks {
    /// At most 31 bytes.
    pub table: String,
    pub priority: i32,
    pub counters: bool,
    /// The first mark that is given away.
    pub first: u32,
}

/// One entry of a `virtual_server_group` with ranges walked out (LV-43).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupEntry {
    Address(Endpoint),
    Fwmark { mark: u32, family: Family },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// fwmark services have none.
    None,
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// IP protocol number; 0 for none.
    pub const fn number(self) -> u16 {
        match self {
            Protocol::None => 0,
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Sctp => 132,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::None => "none",
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        })
    }
}

/// The kernel's schedulers that keepalived.conf may name (LV-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheduler {
    Rr,
    Wrr,
    Lc,
    Wlc,
    Lblc,
    Lblcr,
    Sh,
    Mh,
    Dh,
    Fo,
    Ovf,
    Sed,
    Nq,
    Twos,
}

impl Scheduler {
    pub const ALL: [Scheduler; 14] = [
        Scheduler::Rr,
        Scheduler::Wrr,
        Scheduler::Lc,
        Scheduler::Wlc,
        Scheduler::Lblc,
        Scheduler::Lblcr,
        Scheduler::Sh,
        Scheduler::Mh,
        Scheduler::Dh,
        Scheduler::Fo,
        Scheduler::Ovf,
        Scheduler::Sed,
        Scheduler::Nq,
        Scheduler::Twos,
    ];

    /// The kernel module's name without `ip_vs_`.
    pub const fn name(self) -> &'static str {
        match self {
            Scheduler::Rr => "rr",
            Scheduler::Wrr => "wrr",
            Scheduler::Lc => "lc",
            Scheduler::Wlc => "wlc",
            Scheduler::Lblc => "lblc",
            Scheduler::Lblcr => "lblcr",
            Scheduler::Sh => "sh",
            Scheduler::Mh => "mh",
            Scheduler::Dh => "dh",
            Scheduler::Fo => "fo",
            Scheduler::Ovf => "ovf",
            Scheduler::Sed => "sed",
            Scheduler::Nq => "nq",
            Scheduler::Twos => "twos",
        }
    }
}

/// `persistence_timeout`, `persistence_granularity`, `persistence_engine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// Seconds, 1..=2678400.
    pub timeout: u32,
    pub granularity: Granularity,
    /// At most 16 bytes.
    pub engine: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// A dotted mask, default 255.255.255.255.
    V4(Ipv4Addr),
    /// A prefix length 1..=128, default 128.
    V6(u8),
}

/// How packets reach a real server (LV-17, LV-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forwarding {
    Nat,
    DirectRouting,
    Tunnel(Tunnel),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    pub kind: TunnelKind,
    /// Only `gue`, else 0.
    pub port: u16,
    /// LV-21: 0 none, 1 csum, 2 remcsum.
    pub checksum: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TunnelKind {
    Ipip,
    Gue,
    Gre,
}

/// One `real_server` block.
#[derive(Clone, Debug, PartialEq)]
pub struct RealServer {
    /// Port after the rules of LV-26.
    pub endpoint: Endpoint,
    pub forwarding: Forwarding,
    /// 0..=2147483647.
    pub weight: u32,
    pub inhibit_on_failure: bool,
    /// Connection thresholds; 0 = none.
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    /// `slow_start`: after it comes up its weight grows from 1 to its full value in this time; never zero.
    pub slow_start: Option<Interval>,
    /// `drain_timeout`: after it goes it stays in the table with weight 0 for this time; never zero.
    pub drain_timeout: Option<Interval>,
    /// Apart, since most of ten thousands of servers have none.
    pub notify_up: Option<Box<Script>>,
    pub notify_down: Option<Box<Script>>,
    pub smtp_alert: bool,
    /// Its checkers, as positions in `Lvs::checkers`.
    pub checkers: CheckerIds,
}

/// Weight 1, no checks (LV-36).
#[derive(Clone, Debug, PartialEq)]
pub struct SorryServer {
    pub endpoint: Endpoint,
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`: stays in the table with weight 0.
    pub inhibit: bool,
}

/// `lvs_timeouts`, seconds, 0 = leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub tcp: u32,
    pub tcp_fin: u32,
    pub udp: u32,
}

/// `lvs_sync_daemon` (LV-99).
#[derive(Clone, Debug, PartialEq)]
pub struct SyncDaemon {
    pub interface: InterfaceName,
    /// The instance whose state it follows; `None`: both daemons run always (LV-100).
    pub instance: Option<crate::base::name::InstanceName>,
    pub id: u8,
    pub max_length: Option<u16>,
    pub port: Option<u16>,
    pub ttl: Option<u8>,
    pub group: Option<IpAddr>,
}

impl VirtualServer {
    /// The name used in log lines, mails and FIFOs: `[ADDR]:PROTO:PORT`, `FWM N`, `[GROUP]:K`.
    pub fn show(&self) -> String {
        match &self.address {
            VirtualAddress::Address(at) => format!("[{}]:{}:{}", at.address, self.protocol, at.port),
            VirtualAddress::Fwmark(mark) => format!("FWM {mark}"),
            VirtualAddress::Group { name, nth, .. } => format!("[{name}]:{nth}"),
        }
    }

    /// The name of one of its real servers in log lines: `[ADDR]:PROTO:PORT`.
    pub fn show_real(&self, endpoint: Endpoint) -> String {
        show(endpoint, self.protocol)
    }
}

/// `[ADDR]:PROTO:PORT`. Made for each of ten thousands of servers, so the text never grows.
pub fn show(endpoint: Endpoint, protocol: Protocol) -> String {
    let mut text = String::with_capacity("[255.255.255.255]:none:65535".len());
    // Writing to a String does not fail.
    write!(text, "[{}]:{protocol}:{}", endpoint.address, endpoint.port).unwrap_or(());
    text
}
