//! Log lines to journald, syslog and the terminal, through tracing: an event becomes one tracing event whose target
//! is the ident and whose fields are those of its row; each sink is a layer.
//!
//! One `Log` is owned by one thread. Before there are threads the first lines are written directly.

mod console;
mod journal;
mod line;
mod syslog;
mod watch;

use std::sync::Arc;

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::base::calendar::LocalTime;
use crate::model::event::{Event, daemon};
use crate::observe::queue::Exit;
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

/// So many lines that wait together have one time.
const TOGETHER: u32 = 64;

/// The open sinks.
pub struct Log {
    dispatch: Dispatch,
    console: Option<Arc<console::Console>>,
    watch: Arc<watch::Watch>,
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
        let watch = Arc::new(watch::Watch::new(sinks.clock));
        let syslog = facility.map(|facility| syslog::Syslog::new(facility, &sinks.suffix, watch.clone()));
        let console = sinks.console.then(|| Arc::new(console::Console::new(watch.clone())));
        let shown = console.clone().map(console::Lines);
        let subscriber = Registry::default().with(native).with(syslog).with(shown);
        Log { dispatch: Dispatch::new(subscriber), console, watch, detail: sinks.detail }
    }

    /// Writes one event, unless it is one that only `--log-detail` shows.
    pub fn write(&self, event: &Event) {
        self.watch.look();
        self.hand_on(event);
        self.flush();
    }

    fn flush(&self) {
        if let Some(console) = &self.console {
            console.flush();
        }
    }

    fn hand_on(&self, event: &Event) {
        let row = wording(event);
        if row.detail && !self.detail {
            return;
        }
        tracing::dispatcher::with_default(&self.dispatch, || line::emit(&row));
    }

    /// Writes what comes until the daemon's last line has been written or nobody can send any more.
    pub fn run(self, events: &Exit) {
        let mut together = 0;
        loop {
            let waiting = events.next_waiting();
            together = if waiting.is_some() { (together + 1) % TOGETHER } else { 0 };
            let waiting = waiting.or_else(|| {
                self.flush();
                events.next()
            });
            let Some(event) = waiting else { return };
            if together == 0 {
                self.watch.look();
            }
            let count = events.take_lost();
            if count > 0 {
                self.hand_on(&Event::Daemon(daemon::Event::EventsLost { count }));
            }
            self.hand_on(&event);
            if matches!(event, Event::Daemon(daemon::Event::Stopped { .. })) {
                return self.flush();
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
