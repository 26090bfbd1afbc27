//! Facts that tasks report: read by `notify` (whom to tell) and by `observe` (what to write). An event carries
//! values, never sentences; the words stand in `observe::wording`.

pub mod bfd;
pub mod check;
pub mod daemon;
pub mod kernel;
pub mod lvs;
pub mod vrrp;

use crate::base::name::{InstanceName, Priority, SyncGroupName};
use crate::base::net::Endpoint;
use crate::model::lvs::{RealServerId, VirtualServerId};
use crate::model::vrrp::InstanceId;

/// Anything worth a log line, by the task that saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Vrrp(vrrp::Event),
    Lvs(lvs::Event),
    Check(check::Event),
    Bfd(bfd::Event),
    Daemon(daemon::Event),
    Kernel(kernel::Event),
}

/// Something that scripts, FIFOs and mail are told of, in the order in which it happened.
/// Positions are those of the model that the sender runs (`generation`).
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    Instance {
        generation: u64,
        instance: InstanceId,
        name: InstanceName,
        state: NotifyState,
        priority: Priority,
    },
    SyncGroup {
        generation: u64,
        group: usize,
        name: SyncGroupName,
        state: NotifyState,
    },
    /// A reload is over and this is its state as before; FIFOs only.
    StillInState {
        generation: u64,
        /// Of a sync group, else of an instance.
        group: bool,
        name: String,
        state: NotifyState,
        priority: Priority,
    },
    RealServer {
        generation: u64,
        virtual_server: VirtualServerId,
        real_server: RealServerId,
        endpoint: Endpoint,
        up: bool,
        /// Run script and write FIFO; false: mail only (LV-78).
        scripts: bool,
        /// Body of the mail, `None`: no mail for this one. `=> TCP CHECK failed on service <=` ...
        mail: Option<String>,
    },
    VirtualServer {
        generation: u64,
        virtual_server: VirtualServerId,
        up: bool,
        mail: Option<String>,
    },
}

/// The states that scripts and FIFO lines name (IF-182, IF-202).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyState {
    Master,
    Backup,
    Fault,
    Stop,
    Deleted,
    MasterRxLowerPri,
    /// FIFO only.
    MasterPriority,
    /// FIFO only.
    BackupPriority,
}

impl From<vrrp::Event> for Event {
    fn from(event: vrrp::Event) -> Event {
        Event::Vrrp(event)
    }
}

impl From<lvs::Event> for Event {
    fn from(event: lvs::Event) -> Event {
        Event::Lvs(event)
    }
}

impl From<check::Event> for Event {
    fn from(event: check::Event) -> Event {
        Event::Check(event)
    }
}

impl From<bfd::Event> for Event {
    fn from(event: bfd::Event) -> Event {
        Event::Bfd(event)
    }
}

impl From<daemon::Event> for Event {
    fn from(event: daemon::Event) -> Event {
        Event::Daemon(event)
    }
}

impl From<kernel::Event> for Event {
    fn from(event: kernel::Event) -> Event {
        Event::Kernel(event)
    }
}
