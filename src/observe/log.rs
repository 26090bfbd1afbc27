//! Log lines to journald, syslog and the terminal, through tracing: an event becomes one tracing event whose target
//! is the ident and whose fields are those of its row; each sink is a layer.
//!
//! One `Log` is owned by one thread. Before there are threads the first lines are written directly.

mod console;
mod journal;
mod line;
mod syslog;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::base::calendar::LocalTime;
use crate::model::event::{Event, daemon};
use crate::observe::wording::{Ident, Level, Wording, wording};

pub use self::line::FIELDS;

/// Where log lines go and which.
#[derive(Clone, Debug)]
pub struct Sinks {
    /// `None`: nothing to syslog or journald (`--no-syslog`).
    pub syslog: Option<Transport>,
    /// To standard error (`--log-console` with `--dont-fork`, IF-14).
    pub console: bool,
    /// `--log-detail`.
    pub detail: bool,
    /// Behind each ident: `_NAMESPACE_INSTANCE` (IF-221).
    pub suffix: String,
    /// Reads the wall clock.
    pub clock: fn() -> LocalTime,
}

/// How lines reach the system's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The native protocol of journald, with fields.
    Journal { facility: u8 },
    /// Datagrams to /dev/log (RFC 3164).
    Syslog { facility: u8 },
}

/// LOG_DAEMON (syslog(3)), the facility without `-S`.
pub const FACILITY_DAEMON: u8 = 3;

/// The open sinks.
pub struct Log {
    dispatch: Dispatch,
    detail: bool,
}

impl Log {
    /// Opens what can be opened; a log that is not there is left out, as syslog(3) does.
    pub fn open(sinks: &Sinks) -> Log {
        let native = match sinks.syslog {
            Some(Transport::Journal { facility }) => journal::layers(&sinks.suffix, facility).ok(),
            Some(Transport::Syslog { .. }) | None => None,
        };
        let facility = match sinks.syslog {
            Some(Transport::Syslog { facility } | Transport::Journal { facility }) if native.is_none() => {
                Some(facility)
            }
            _ => None,
        };
        let syslog = facility.map(|facility| syslog::Syslog::new(facility, &sinks.suffix, sinks.clock));
        let console = sinks.console.then(|| console::Console::new(sinks.clock));
        let subscriber = Registry::default().with(native).with(syslog).with(console);
        Log { dispatch: Dispatch::new(subscriber), detail: sinks.detail }
    }

    /// Writes one event, unless it is one that only `--log-detail` shows.
    pub fn write(&self, event: &Event) {
        let row = wording(event);
        if row.detail && !self.detail {
            return;
        }
        tracing::dispatcher::with_default(&self.dispatch, || line::emit(&row));
    }

    /// Writes what comes until the daemon's last line has been written or nobody can send any more.
    pub fn run(self, events: &Receiver<Event>, lost: &Arc<AtomicU64>) {
        while let Ok(event) = events.recv() {
            let count = lost.swap(0, Ordering::Relaxed);
            if count > 0 {
                self.write(&Event::Daemon(daemon::Event::EventsLost { count }));
            }
            self.write(&event);
            if matches!(event, Event::Daemon(daemon::Event::Stopped { .. })) {
                return;
            }
        }
    }
}

/// The ident without suffix.
fn ident(ident: Ident) -> &'static str {
    match ident {
        Ident::Keepalived => "Keepalived",
        Ident::KeepalivedVrrp => "Keepalived_vrrp",
        Ident::KeepalivedHealthcheckers => "Keepalived_healthcheckers",
        Ident::KeepalivedBfd => "Keepalived_bfd",
    }
}

/// The numbers of syslog(3).
fn severity(level: Level) -> u8 {
    match level {
        Level::Alert => 1,
        Level::Error => 3,
        Level::Warn => 4,
        Level::Notice => 5,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

/// How a row is marked for the layers: its ident, with `!` behind it when it is an alert, which tracing has no
/// level for.
fn alert(row: &Wording) -> bool {
    row.level == Level::Alert
}

#[cfg(test)]
mod tests;
