//! The BFD machine (RFC 5880, 5881, 5883 as far as keepalived goes): is the way to a neighbour alive? Pure.
//!
//! ```text
//!                    Down received                  Init or Up received
//!            ┌───────────────────────▶ Init ─────────────────────────────────┐
//!            │                          │ detection time                     ▼
//!   ──▶ Down ◀──────────────────────────┴───────── Down received, time ───── Up
//!    ▲       └──────────────────────── Init received ────────────────────────▲
//!    └── AdminDown: the socket to send through is not there
//! ```
//! `session` is one session; `sessions::Sessions` has all of this host, with one deadline. It is handed `now` and one
//! `Input` at a time and appends `Effect`s, in the order in which they must be carried out.

pub mod session;
pub mod sessions;

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::BfdName;
use crate::model::bfd::{Bfd, Session};
use crate::model::event::bfd::Event;
use crate::wire::bfd::LENGTH;

/// What may happen to this host's sessions.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Begin.
    Start,
    /// `Sessions::deadline()` has come.
    Deadline,
    /// A datagram came to port 3784 or 4784.
    Datagram(Datagram),
    /// What came of `Effect::Open`; the text of the error is for the log.
    Opened { session: BfdName, result: Result<(), String> },
    /// What came of `Effect::Listen`.
    Listening { multihop: bool, result: Result<(), String> },
    /// A new configuration: sessions of the same name between the same addresses go on (VR-311).
    Reload { model: Arc<Bfd> },
    /// Everything ends without a word to the neighbours (VR-310).
    Stop,
}

/// A received datagram.
#[derive(Clone, Debug, PartialEq)]
pub struct Datagram {
    /// It came to port 4784.
    pub multihop: bool,
    pub source: IpAddr,
    /// `None` when the kernel did not tell.
    pub destination: Option<IpAddr>,
    /// TTL or hop limit; `None` when the kernel did not tell.
    pub ttl: Option<u8>,
    pub bytes: Vec<u8>,
}

/// What must be done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Receive on port 3784 or 4784, unless it is done already.
    Listen {
        multihop: bool,
    },
    /// Nobody needs that port any more.
    Deafen {
        multihop: bool,
    },
    /// Make the socket that this session sends through, in place of an older one of its name; `Input::Opened` is the
    /// answer.
    Open(Arc<Session>),
    Close(BfdName),
    Send {
        session: BfdName,
        packet: [u8; LENGTH],
    },
    /// Those who follow this session are told its state (VR-312).
    Tell {
        session: Arc<Session>,
        up: bool,
    },
    Report(Event),
}
