//! The IPVS machine: which real servers are in the kernel's table, and with which weight. Pure.
//!
//! `service::Table` keeps what checkers found and what follows from it (who is alive, whether there is quorum,
//! whether the sorry server stands in). What the kernel should hold is a function of configuration and these
//! results (`wanted`); the commands are what differs from what the kernel holds (`plan`), so there is nothing that
//! could drift apart.
//!
//! ```text
//!   verdict ─▶ checker up/down ─▶ real server alive ─▶ quorum up/down ─▶ sorry server in/out
//!                                       └──────────── wanted ───────────────┘
//!                            wanted - present = commands ─▶ kernel
//! ```

mod agenda;
#[cfg(test)]
mod fixture;
mod gradual;
mod look;
mod marks;
pub mod plan;
pub mod quorum;
mod refusal;
mod reload;
pub mod service;
mod stop;
pub mod wanted;

use std::sync::Arc;

use crate::base::name::InstanceName;
use crate::model::event::{Notification, lvs::Event};
use crate::model::ipvs::{Command, Marking, Present, Refused};
use crate::model::lvs::{CheckerId, Lvs, Timeouts};

/// What may happen to the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The kernel's services that are ours by their key, with their destinations, and its timeouts; begin.
    Start { present: Vec<Present>, timeouts: Timeouts },
    /// Verdicts that were waiting, in order; they go out as one batch. Before the start: what is known then, of which
    /// nothing is told.
    Verdicts(Vec<Verdict>),
    /// The kernel did not carry these commands out.
    Refused(Vec<Refused>),
    /// The table was read again.
    Present(Vec<Present>),
    /// The table was read without a reason, as it is now and then: what others changed is told of and put right.
    Look(Vec<Present>),
    /// An instance of VRRP has become Master, or is it no longer: a sync daemon may follow it (LV-101).
    Instance { name: InstanceName, master: bool },
    /// What time alone changes is due (`Table::deadline`).
    Deadline,
    /// A new configuration: what is in both stays untouched. `known`: of checkers that are new, what is known already.
    Reload { model: Arc<Lvs>, generation: u64, known: Vec<Verdict> },
    /// Leave in order.
    Stop,
}

/// What one checker found, after its retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Of the model that the table runs.
    pub checker: CheckerId,
    pub up: bool,
    /// Added to the configured weight.
    pub weight: i64,
    /// Body of the mail, if one goes out.
    pub mail: String,
}

/// What must be done, in order: first the log lines of one input in the original's order, then its commands in one
/// batch, then its notifications in the original's order (real server, virtual server, mail of the checker).
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Report(Event),
    /// Carry out in order; those that the kernel refuses come back as `Input::Refused`.
    Commands(Vec<Command>),
    /// What the packet filter is to mark for us from now on; nothing with `None`.
    Mark(Option<Marking>),
    /// What we think of the table is not what is in it: read it and hand it in as `Input::Present`.
    ReadTable,
    Notify(Notification),
}
