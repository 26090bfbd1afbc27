//! Every message between tasks.
//!
//! ```text
//!                    ToVrrp                 ToIpvs                ToCheckers
//!   supervisor ────────────────▶ vrrp      ──────────▶ ipvs      ──────────▶ checkers
//!   (signals, scripts,  ◀──────────────────────────────────────────────────────┘
//!    FIFOs, mail)       ToSupervisor           ▲ ToIpvs::Verdict      │
//!                                              └──────────────────────┘
//!   every task ── Reporter (never blocks) ──▶ log thread ──▶ journald, syslog, terminal
//! ```
//! All channels are bounded. A task that must not wait uses `try_send`; what does not fit is counted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::name::{BfdName, FilePath, InstanceName, InterfaceName, ScriptName};
use crate::model::Model;
use crate::model::event::{Event, Notification};
use crate::model::lvs::CheckerId;
use crate::model::track::{CountCause, ProcessPattern, ScriptOutcome};
use crate::model::vrrp::Statistics;
use crate::observe::queue::{Entry, Exit, queue};

/// Room in each task's inbox.
pub const INBOX: usize = 4096;

/// To the VRRP task.
#[derive(Debug)]
pub enum ToVrrp {
    Script {
        name: ScriptName,
        outcome: ScriptOutcome,
    },
    /// The number in a track file.
    File {
        path: FilePath,
        number: i64,
    },
    /// How many processes run that a pattern fits.
    Processes {
        pattern: Arc<ProcessPattern>,
        count: u32,
        cause: CountCause,
    },
    /// A link that is asked for its state answered (VR-186).
    LinkAnswered {
        interface: InterfaceName,
        up: bool,
    },
    Reload {
        model: Arc<Model>,
        generation: u64,
    },
    /// The task answers `ToSupervisor::Statistics`; `clear`: and counts from zero on (VR-290).
    Statistics {
        clear: bool,
    },
    /// Stop in order; the task answers `ToSupervisor::Stopped` and ends.
    Stop,
}

/// To the IPVS task.
#[derive(Debug)]
pub enum ToIpvs {
    Verdict(Verdict),
    /// For the sync daemon that follows an instance (LV-101).
    Instance {
        name: InstanceName,
        master: bool,
    },
    Reload {
        model: Arc<Model>,
        generation: u64,
    },
    Stop,
}

/// To the checkers.
#[derive(Debug)]
pub enum ToCheckers {
    Reload {
        model: Arc<Model>,
        generation: u64,
    },
    /// The state of a BFD session (VR-315).
    Bfd {
        session: BfdName,
        up: bool,
    },
    Stop,
}

/// What one checker found, after its retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Of the model that `checker` is a position in; an older one is dropped.
    pub generation: u64,
    pub checker: CheckerId,
    pub up: bool,
    /// `MISC_CHECK` with `misc_dynamic`, `FILE_CHECK`: added to the configured weight (LV-54).
    pub weight: i64,
    /// Body of the mail that goes out if the real server is to be mailed about (CK-32, CK-61).
    pub mail: String,
}

/// The three tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    Vrrp,
    Ipvs,
    Checkers,
}

/// To the supervisor.
#[derive(Debug)]
pub enum ToSupervisor {
    Notify(Notification),
    /// The task runs the model of this generation (sent after start and after each reload).
    Ready {
        task: Task,
        generation: u64,
    },
    /// What each virtual router has counted, in the order of the configuration.
    Statistics(Vec<(InstanceName, Statistics)>),
    /// The state of a BFD session, for the checkers.
    Bfd {
        session: BfdName,
        up: bool,
    },
    /// The task has stopped in order.
    Stopped(Task),
    /// The task cannot go on: the daemon stops with this exit status (IF-62: 1 fatal, 2 configuration, 4 permission).
    Failed {
        task: Task,
        exit: u8,
        why: String,
    },
}

/// Where a task hands its events; never blocks, counts what did not fit.
#[derive(Clone, Debug)]
pub struct Reporter {
    log: Entry,
}

impl Reporter {
    /// With room for so many events, and where they come out.
    pub fn new(room: usize) -> (Reporter, Exit) {
        let (log, exit) = queue(room);
        (Reporter { log }, exit)
    }

    /// For the last word, which the log thread waits for: tries again each millisecond until there is room, at most
    /// `tries` times. Only where nothing else waits for this thread any more.
    pub fn report_at_last(&self, event: impl Into<Event>, tries: u32) {
        let mut event = event.into();
        for _ in 0..tries {
            match self.log.send(event) {
                Ok(()) => return,
                Err(back) => event = *back,
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.log.lose();
    }

    /// The log has taken all that was reported.
    pub fn is_idle(&self) -> bool {
        self.log.is_empty()
    }

    pub fn report(&self, event: impl Into<Event>) {
        if self.log.send(event.into()).is_err() {
            self.log.lose();
        }
    }
}

/// What every task is given at its start. The task builds its own current-thread runtime on its own thread.
#[derive(Debug)]
pub struct Setup<Inbox> {
    pub model: Arc<Model>,
    pub generation: u64,
    pub inbox: mpsc::Receiver<Inbox>,
    pub supervisor: mpsc::Sender<ToSupervisor>,
    pub reporter: Reporter,
    /// `--release-vips`, `--dont-release-vrrp`, `--dont-release-ipvs`.
    pub release: Release,
}

/// What a stop leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// -X: remove addresses on transitions even when not known to be set.
    pub always_addresses: bool,
    /// False with -V.
    pub vrrp: bool,
    /// False with -I.
    pub ipvs: bool,
}
