//! The checker machine: when to probe, and what a result means. Pure.
//!
//! ```text
//!             first run: 1 s + random(0..=warmup)
//!   Waiting(at) ───────────── Deadline ─────────────▶ Probing ── Finished(outcome) ──┐
//!        ▲                                                                           │
//!        ├─ good: delay_loop (CK-10)                                                 │
//!        ├─ bad, up, retries left: delay_before_retry (CK-8)                         │
//!        └─ bad, last: verdict "down", delay_loop (CK-9) ◀────────────────────────────┘
//! ```
//! Times are those of a host that is never late: what comes late is judged as if it had come in time, so that neither
//! delays add up nor checks that were spread over a period gather (`checkers`).
//!
//! `checkers::Checkers` holds all checkers of this host with one queue of deadlines; `checker` is the law of one of
//! them; `http`, `smtp`, `dns` and `datagram` say what is sent and what an answer is worth. HTTP is judged here and not by a library,
//! because the original judges the bytes as they come: it neither frames an answer by its header nor refuses one that
//! is not quite HTTP, and its digests are those of the raw bytes (CK-41, CK-47, CK-48, CK-50, CK-51).

pub mod checker;
pub mod checkers;
pub mod datagram;
pub mod dns;
pub mod file;
pub mod http;
pub mod presence;
pub mod regex;
pub mod sharing;
pub mod smtp;
pub mod spread;

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::{BfdName, FilePath};
use crate::check::presence::Place;
use crate::model::event::check::{
    DnsFailure, Event, HttpFailure, Obstacle, PingFailure, ScriptEnd, SmtpFailure, TcpFailure, Tested, UdpFailure,
};
use crate::model::lvs::{CheckerId, Lvs};

/// What may happen to the checkers.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Begin: every checker waits for its first run.
    Start,
    /// The time that `Checkers::deadline` gave has come.
    Deadline,
    /// A probe has ended.
    Finished { checker: CheckerId, outcome: Outcome },
    /// A BFD session tells its state, at its start and at every change.
    Bfd { session: BfdName, up: bool },
    /// The number in a watched file: before the model that has the file first, then at every change.
    File { path: FilePath, number: i64 },
    /// An address came to an interface, or left it: all of them before the start, then every change.
    Address { address: IpAddr, place: Place, here: bool },
    /// A new configuration. Probes that are under way are to be given up before; they are never answered.
    Reload { model: Arc<Lvs> },
}

/// How one probe ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Tcp(Result<(), TcpFailure>),
    Http(Fetched),
    Smtp(Result<(), SmtpFailure>),
    Dns(Result<(), DnsFailure>),
    Udp(Result<(), UdpFailure>),
    Ping(Result<(), PingFailure>),
    Misc(ScriptResult),
    /// Nothing was learnt of the real server (CK-12).
    Hindered(Obstacle),
    /// The probe broke off by a mistake of ours, which was reported: nothing was learnt either.
    Crashed,
}

/// How the request of one URL ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What was tested last, if all is good.
    pub result: Result<Tested, HttpFailure>,
    /// Bytes of body announced and received, where they differ (CK-50).
    pub length_differs: Option<(u64, u64)>,
    /// CK-46.
    pub ended_without_close: bool,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptResult {
    Exited(u8),
    Signalled(i32),
    /// It ran longer than `misc_timeout` and was ended by us (CK-115).
    TimedOut,
}

impl ScriptResult {
    fn end(self) -> ScriptEnd {
        match self {
            ScriptResult::Exited(status) => ScriptEnd::Exited(status),
            ScriptResult::Signalled(signal) => ScriptEnd::Signalled(signal),
            ScriptResult::TimedOut => ScriptEnd::TimedOut,
        }
    }
}

/// What must be done, in order: log lines before the verdict that they explain.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Report(Event),
    /// Probe once and answer with `Input::Finished`; `url` is the position of the URL to fetch.
    Probe {
        checker: CheckerId,
        url: usize,
    },
    Verdict(Verdict),
}

/// What one checker found, after its retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub checker: CheckerId,
    pub up: bool,
    /// Added to the configured weight.
    pub weight: i64,
    /// Body of the mail, if one goes out.
    pub mail: String,
}
