//! One probe of one checker: connect, ask, read; every wait has its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use tokio::time::Instant;

use super::regexes::Regexes;
use super::script::Script;
use super::{datagram, smtp, web};
use crate::check::{Outcome, ScriptResult};
use crate::daemon::message::Reporter;
use crate::kernel::clock;
use crate::kernel::ping::Pinger;
use crate::kernel::tcp::ConnectError;
use crate::kernel::tls::{Session, Tls};
use crate::model::check::{Check, Checker, MiscCheck};
use crate::model::event::check::{Event, Obstacle, TcpFailure};
use crate::model::track::ScriptOutcome;

/// One conversation may take this many times `connect_timeout` in all, however diligently its bytes trickle in.
const MOST_WAITS: u32 = 10;
/// Bytes taken from the socket at once.
pub(super) const PIECE: usize = 4096;

/// How long to wait for data.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    each: Duration,
    pub(super) end: Instant,
}

impl Waits {
    /// Each wait has `patience`, and all together `MOST_WAITS` times as much (CK-11).
    pub(super) fn from(started: Instant, patience: Duration) -> Waits {
        Waits { each: patience, end: started + patience * MOST_WAITS }
    }

    pub(super) fn next(self) -> Instant {
        (clock::instant() + self.each).min(self.end)
    }
}

/// What a probe works with.
pub(super) struct Tools {
    pub(super) tls: Arc<Tls>,
    /// Of earlier TLS connections for the same question, if they may be taken up again.
    pub(super) session: Option<Session>,
    pub(super) regexes: Arc<Regexes>,
    pub(super) reporter: Reporter,
    /// For whatever nobody should guess.
    pub(super) random: u16,
    /// The socket of the PING_CHECK's last success (CK-100).
    pub(super) pinger: Option<Pinger>,
}

/// The end of a probe.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// To be kept for the next one.
    pub(super) pinger: Option<Pinger>,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Ended {
        Ended { outcome, pinger: None }
    }
}

/// Runs the probe to its end. Dropping it closes its connection; a script is left to `Script`.
pub(super) async fn probe(checker: Arc<Checker>, url: usize, tools: Tools) -> Ended {
    let patience = checker.timing.connect_timeout.as_duration();
    match &checker.check {
        Check::Http(http) => match http.urls.get(url) {
            Some(url) => Box::pin(web::web(http, url, patience, &tools)).await.into(),
            None => Outcome::Hindered(Obstacle::Create { error: format!("there is no URL {url}") }).into(),
        },
        Check::Smtp(check) => Box::pin(smtp::smtp(check, patience)).await.into(),
        Check::Dns(check) => Box::pin(datagram::dns(check, tools.random, patience)).await.into(),
        Check::Udp(check) => Box::pin(datagram::udp(check, patience)).await.into(),
        Check::Ping(to) => Box::pin(datagram::ping(to, tools.pinger, patience)).await,
        Check::Misc(misc) => Box::pin(misc_check(&checker, misc, &tools.reporter)).await.into(),
        // The machine asks for none, and those that only connect are made by `Connects`.
        Check::Tcp(_) | Check::Bfd(_) | Check::File(_) => {
            Outcome::Hindered(Obstacle::Create { error: "nothing to probe".to_owned() }).into()
        }
    }
}

/// CK-30: connected is good; not a byte is sent.
pub(super) fn connected(result: Result<(), ConnectError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Tcp(Ok(())),
        Err(ConnectError::Timeout) => Outcome::Tcp(Err(TcpFailure::Timeout)),
        Err(ConnectError::Unreachable(_) | ConnectError::Failed(_)) => Outcome::Tcp(Err(TcpFailure::Failed)),
        Err(ConnectError::Create(error)) => Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
        Err(ConnectError::Bind(error)) => Outcome::Hindered(Obstacle::Bind { error: reason(&error) }),
    }
}

/// The words of an error without the number behind them.
pub(super) fn reason(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |errno| Errno::from_raw(errno).desc().to_owned())
}

/// CK-110, CK-111, CK-115.
async fn misc_check(checker: &Checker, misc: &MiscCheck, reporter: &Reporter) -> Outcome {
    let mut script = match Script::start(misc) {
        Ok(script) => script,
        Err(error) => return not_started(&error),
    };
    let lingers = |pid| {
        reporter.report(Event::MiscLingers {
            real_server: checker.real_server_name.to_string(),
            virtual_server: checker.virtual_server_name.to_string(),
            script: misc.script.argv.first().cloned().unwrap_or_default(),
            pid,
        });
    };
    match script.ended_within(misc.timeout.as_duration(), lingers).await {
        Ok(ScriptOutcome::Exited(status)) => {
            Outcome::Misc(ScriptResult::Exited(u8::try_from(status).unwrap_or(u8::MAX)))
        }
        Ok(ScriptOutcome::Signalled(signal)) => Outcome::Misc(ScriptResult::Signalled(signal)),
        Ok(ScriptOutcome::TimedOut) => Outcome::Misc(ScriptResult::TimedOut),
        Err(error) => Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
    }
}

/// Statuses of a shell for a command that it cannot find or may not run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// A lack of ours says nothing of the real server; a script that is not there does.
fn not_started(error: &io::Error) -> Outcome {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => {
            Outcome::Hindered(Obstacle::Create { error: reason(error) })
        }
        Some(Errno::ENOENT) => Outcome::Misc(ScriptResult::Exited(NOT_FOUND)),
        Some(_) | None => Outcome::Misc(ScriptResult::Exited(NOT_RUN)),
    }
}
