//! Events of BFD sessions.

use std::net::IpAddr;

use crate::base::bfd::{Diagnostic, State};
use crate::base::name::BfdName;
use crate::base::time::Interval;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Entering {
        session: BfdName,
        state: State,
        local: Diagnostic,
        remote: Diagnostic,
    },
    /// Nothing was heard for the detection time (VR-306).
    Expired {
        session: BfdName,
        detection: Interval,
        overdue: Interval,
    },
    PollStarted {
        session: BfdName,
    },
    /// What both sides agreed on is another than before: several lines, one after the other.
    Parameters {
        session: BfdName,
        line: ParameterLine,
    },
    /// VR-298.
    Bogus {
        from: IpAddr,
    },
    /// VR-299: nobody here has that discriminator, or that neighbour.
    NoSession {
        from: IpAddr,
        discriminator: u32,
    },
    /// VR-301.
    Authenticated {
        from: IpAddr,
    },
    /// VR-301: we cannot answer.
    AdministrativelyDown {
        from: IpAddr,
    },
    /// VR-301: there is no socket to send through; tried again every minute.
    SocketRefused {
        session: BfdName,
        error: String,
    },
    /// Nothing can be received; tried again every minute.
    Deaf {
        multihop: bool,
        error: String,
    },
    /// VRRP hears of a session's state; `delay` since it changed.
    Received {
        session: BfdName,
        up: bool,
        delay: Interval,
    },
}

/// One line of `Event::Parameters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterLine {
    Title,
    Heads,
    Local(Parameters),
    Remote(Parameters),
    DetectionTime { now: Interval, before: Interval },
}

/// What one side sends and wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub min_tx: Interval,
    pub min_rx: Interval,
    /// What it sends at.
    pub tx: Interval,
    pub multiplier: u8,
    /// After which silence of it the other side gives it up.
    pub detection: Interval,
}
