//! Events of the IPVS task. Real and virtual servers are given by the names that log lines show.

use crate::model::ipvs::{CommandName, ServiceKey};

use crate::base::net::Endpoint;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The IPVS socket is opened; `again`: by a reload (LV-123).
    Initializing {
        again: bool,
    },
    /// The kernel has no IPVS, or we may not use it (LV-107).
    CannotInitialize {
        error: String,
        /// What the operator can do.
        advice: &'static str,
    },
    /// Services of ours were in the table already at start (deliberate difference to LV-51).
    Adopted {
        services: usize,
        destinations: usize,
    },
    RealServerUp {
        real_server: String,
        virtual_server: String,
        inhibit: bool,
    },
    RealServerDown {
        real_server: String,
        virtual_server: String,
        inhibit: bool,
    },
    /// LV-62.
    WeightChanged {
        real_server: String,
        virtual_server: String,
        from: u32,
        to: u32,
        active: bool,
    },
    /// LV-64; `sum` >= `quorum` + `hysteresis`.
    QuorumGained {
        virtual_server: String,
        quorum: u32,
        hysteresis: u32,
        sum: u64,
    },
    /// LV-66; `sum` is 0 or less than `quorum` - `hysteresis`.
    QuorumLost {
        virtual_server: String,
        quorum: u32,
        hysteresis: u32,
        sum: u64,
    },
    /// LV-67.
    QuorumDownAtStart {
        virtual_server: String,
        quorum: u32,
        hysteresis: u32,
        sum: u64,
    },
    SorryServerIn {
        sorry_server: String,
        virtual_server: String,
        inhibit: bool,
    },
    SorryServerOut {
        sorry_server: String,
        virtual_server: String,
        inhibit: bool,
    },
    /// The sorry server takes the place of those that are alive.
    AliveServersOut {
        virtual_server: String,
    },
    AliveServersIn {
        virtual_server: String,
    },
    /// LV-79.
    ShuttingDown {
        real_server: String,
        virtual_server: String,
        inhibited: bool,
    },
    /// LV-87, LV-89.
    Removing {
        real_server: String,
        virtual_server: String,
        inhibited: bool,
    },
    /// LV-87; a group shows its name without the number.
    VirtualServerRemoved {
        virtual_server: String,
        group: Option<String>,
    },
    /// LV-89.
    RealServerGone {
        real_server: String,
        virtual_server: String,
    },
    /// LV-97.
    GroupEntryGone {
        entry: String,
        group: String,
    },
    GroupEntryAdded {
        entry: String,
        group: String,
    },
    /// The drain time of a server that has gone is over (`drain_timeout`).
    Drained {
        real_server: String,
        virtual_server: String,
    },
    /// Another program has changed what is ours in the kernel's table; it is put right.
    PutRight {
        what: Meddled,
        service: ServiceKey,
        destination: Option<Endpoint>,
    },
    /// So many further entries are put right.
    PutRightMore {
        entries: usize,
    },
    /// The kernel did not carry out a command (LV-117).
    Refused {
        command: CommandName,
        /// As the original shows it (LV-118).
        errno: i32,
        service: Option<ServiceKey>,
        destination: Option<Endpoint>,
    },
    /// The packet filter does not mark what comes for groups of virtual servers as it should (`nftables_ipvs`).
    MarksRefused {
        table: String,
        error: String,
    },
    /// A netlink socket has not the receive buffer that is asked for.
    RoomRefused {
        setting: &'static str,
        error: String,
    },
    /// Answers of the kernel were lost or late: the table is read and compared again.
    AnswersLost {
        error: String,
    },
}

/// What another program did to an entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meddled {
    Removed,
    Changed,
    Added,
}
