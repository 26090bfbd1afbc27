//! Signals as the supervisor sees them (IF-68 … IF-78).

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::kernel::background::{JSON, STATS_CLEAR};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Reload,
    Stop,
    /// USR1.
    WriteState,
    /// USR2.
    WriteStatistics,
    /// SIGRTMAX - 1.
    ClearStatistics,
    /// SIGRTMIN + 2.
    WriteJson,
}

impl Request {
    /// The original's name for it (IF-49).
    pub const fn name(self) -> &'static str {
        match self {
            Request::Reload => "RELOAD",
            Request::Stop => "STOP",
            Request::WriteState => "DATA",
            Request::WriteStatistics => "STATS",
            Request::ClearStatistics => "STATS_CLEAR",
            Request::WriteJson => "JSON",
        }
    }
}

/// The receivers of all signals that mean something.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// `--ignore-sigint`.
    ignore_interrupt: bool,
    others: [(Signal, Request); 4],
}

impl Signals {
    /// From now on these signals are received; until now they were ignored. Needs a tokio runtime.
    ///
    /// # Errors
    /// As sigaction(2) has them.
    pub fn open(ignore_interrupt: bool) -> io::Result<Signals> {
        let other = |kind, request| Ok::<_, io::Error>((signal(kind)?, request));
        Ok(Signals {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            ignore_interrupt,
            others: [
                other(SignalKind::user_defined1(), Request::WriteState)?,
                other(SignalKind::user_defined2(), Request::WriteStatistics)?,
                other(SignalKind::from_raw(STATS_CLEAR), Request::ClearStatistics)?,
                other(SignalKind::from_raw(JSON), Request::WriteJson)?,
            ],
        })
    }

    /// The next request. May be dropped and called again.
    pub async fn next(&mut self) -> Request {
        let [state, statistics, clear, json] = &mut self.others;
        loop {
            return tokio::select! {
                biased;
                _ = self.terminate.recv() => Request::Stop,
                _ = self.interrupt.recv() => {
                    if self.ignore_interrupt {
                        continue;
                    }
                    Request::Stop
                }
                _ = self.hangup.recv() => Request::Reload,
                _ = state.0.recv() => state.1,
                _ = statistics.0.recv() => statistics.1,
                _ = clear.0.recv() => clear.1,
                _ = json.0.recv() => json.1,
            };
        }
    }
}
