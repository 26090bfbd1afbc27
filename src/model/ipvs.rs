//! The kernel's IPVS table and the commands on it, as values: what `lvs` plans and `kernel::ipvs` carries out.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::InterfaceName;
use crate::base::net::{Endpoint, Family};
use crate::model::lvs::{Forwarding, Persistence, Protocol, Timeouts, Tunnel};

/// What a service of the kernel listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKey {
    Address { protocol: Protocol, at: Endpoint },
    Fwmark { mark: u32, family: Family },
}

/// One service of the kernel's table without its destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub key: ServiceKey,
    /// The scheduler's name; of a service found in the kernel it may be any text.
    pub scheduler: String,
    /// IP_VS_SVC_F_ONEPACKET 0x4, SCHED1 0x8, SCHED2 0x10, SCHED3 0x20 (linux/ip_vs.h). PERSISTENT and HASHED are
    /// not kept here: the first follows from `persistence`, the second is the kernel's own.
    pub flags: u32,
    pub persistence: Option<Persistence>,
}

/// IP_VS_CONN_F_FWD_MASK (linux/ip_vs.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Masquerade,
    /// What the kernel makes of any method when the address is its own. Only read, never sent.
    Local,
    Tunnel(Tunnel),
    Route,
    /// Only read, never sent.
    Bypass,
}

impl From<Forwarding> for Method {
    fn from(forwarding: Forwarding) -> Method {
        match forwarding {
            Forwarding::Nat => Method::Masquerade,
            Forwarding::DirectRouting => Method::Route,
            Forwarding::Tunnel(tunnel) => Method::Tunnel(tunnel),
        }
    }
}

/// One destination of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    pub endpoint: Endpoint,
    pub method: Method,
    /// 0..=2147483647; 0: no new connections.
    pub weight: u32,
    /// Connection thresholds; 0 = none.
    pub upper_threshold: u32,
    pub lower_threshold: u32,
}

/// A service of the kernel's table with its destinations.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    pub service: Arc<Service>,
    pub destinations: Vec<Destination>,
}

/// Which of the two connection synchronisation daemons (IP_VS_STATE_MASTER 1, IP_VS_STATE_BACKUP 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonState {
    Master,
    Backup,
}

/// One command on the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    AddService(Arc<Service>),
    SetService(Arc<Service>),
    /// Its destinations go with it.
    DeleteService(Arc<Service>),
    AddDestination(Arc<Service>, Destination),
    SetDestination(Arc<Service>, Destination),
    DeleteDestination(Arc<Service>, Destination),
    /// Empty the whole table, other programs' services too.
    Flush,
    /// Seconds; all three are always sent (LV-98).
    SetTimeouts(Timeouts),
    StartDaemon(DaemonState, Arc<Daemon>),
    /// With the sync id (LV-102).
    StopDaemon(DaemonState, u8),
}

/// Parameters of the synchronisation daemons (LV-99, LV-102).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    pub interface: InterfaceName,
    pub id: u8,
    pub max_length: Option<u16>,
    pub port: Option<u16>,
    pub ttl: Option<u8>,
    pub group: Option<IpAddr>,
}

/// What the packet filter does for groups of addresses: it marks their packets (LV-46).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// Ours, in the families of which there are addresses.
    pub table: String,
    pub priority: i32,
    pub counters: bool,
    /// By protocol and address; none overlap.
    pub ranges: Vec<Marked>,
}

/// Neighbouring addresses whose packets get a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    pub protocol: Protocol,
    pub first: IpAddr,
    /// Of the same family, not before `first`.
    pub last: IpAddr,
    /// 0: any.
    pub port: u16,
    pub mark: u32,
}

/// A command that the kernel did not carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub command: Command,
    /// errno as the original shows it: ESRCH arrives as ENOENT (LV-118).
    pub errno: i32,
}

impl Refused {
    /// EEXIST: it is there already.
    pub const fn exists(&self) -> bool {
        self.errno == 17
    }

    /// ENOENT: service, destination or scheduler is not there.
    pub const fn missing(&self) -> bool {
        self.errno == 2
    }
}

/// The names and numbers of the old socket options, which the original's log lines show (LV-117).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    Add,
    Edit,
    Delete,
    Flush,
    AddDestination,
    DeleteDestination,
    EditDestination,
    Timeout,
    StartDaemon,
    StopDaemon,
}

impl Command {
    pub const fn name(&self) -> CommandName {
        match self {
            Command::AddService(_) => CommandName::Add,
            Command::SetService(_) => CommandName::Edit,
            Command::DeleteService(_) => CommandName::Delete,
            Command::AddDestination(..) => CommandName::AddDestination,
            Command::SetDestination(..) => CommandName::EditDestination,
            Command::DeleteDestination(..) => CommandName::DeleteDestination,
            Command::Flush => CommandName::Flush,
            Command::SetTimeouts(_) => CommandName::Timeout,
            Command::StartDaemon(..) => CommandName::StartDaemon,
            Command::StopDaemon(..) => CommandName::StopDaemon,
        }
    }

    /// The service it is about.
    pub fn service(&self) -> Option<&Arc<Service>> {
        match self {
            Command::AddService(service)
            | Command::SetService(service)
            | Command::DeleteService(service)
            | Command::AddDestination(service, _)
            | Command::SetDestination(service, _)
            | Command::DeleteDestination(service, _) => Some(service),
            Command::Flush | Command::SetTimeouts(_) | Command::StartDaemon(..) | Command::StopDaemon(..) => None,
        }
    }

    /// The destination it is about.
    pub const fn destination(&self) -> Option<&Destination> {
        match self {
            Command::AddDestination(_, destination)
            | Command::SetDestination(_, destination)
            | Command::DeleteDestination(_, destination) => Some(destination),
            Command::AddService(_)
            | Command::SetService(_)
            | Command::DeleteService(_)
            | Command::Flush
            | Command::SetTimeouts(_)
            | Command::StartDaemon(..)
            | Command::StopDaemon(..) => None,
        }
    }
}

impl ServiceKey {
    pub const fn family(&self) -> Family {
        match self {
            ServiceKey::Address { at, .. } => Family::of(at.address),
            ServiceKey::Fwmark { family, .. } => *family,
        }
    }
}

/// `ADDR:tcp:PORT` or `Fwm N[ inet6]`, as in the original's error lines (LV-117).
impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceKey::Address { protocol: Protocol::None, at } => write!(f, "{}:0:{}", at.address, at.port),
            ServiceKey::Address { protocol, at } => write!(f, "{}:{protocol}:{}", at.address, at.port),
            ServiceKey::Fwmark { mark, family: Family::V4 } => write!(f, "Fwm {mark}"),
            ServiceKey::Fwmark { mark, family: Family::V6 } => write!(f, "Fwm {mark} inet6"),
        }
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CommandName::Add => "IP_VS_SO_SET_ADD(1154)",
            CommandName::Edit => "IP_VS_SO_SET_EDIT(1155)",
            CommandName::Delete => "IP_VS_SO_SET_DEL(1156)",
            CommandName::Flush => "IP_VS_SO_SET_FLUSH(1157)",
            CommandName::AddDestination => "IP_VS_SO_SET_ADDDEST(1159)",
            CommandName::DeleteDestination => "IP_VS_SO_SET_DELDEST(1160)",
            CommandName::EditDestination => "IP_VS_SO_SET_EDITDEST(1161)",
            CommandName::Timeout => "IP_VS_SO_SET_TIMEOUT(1162)",
            CommandName::StartDaemon => "IP_VS_SO_SET_STARTDAEMON(1163)",
            CommandName::StopDaemon => "IP_VS_SO_SET_STOPDAEMON(1164)",
        })
    }
}
