//! A row as a tracing event. tracing wants targets, levels and field names at compile time, so each ident and level
//! has a call of its own, and every field that any row may have is named here.

use std::fmt;

use tracing::field::{Field, Visit};

use super::alert;
use crate::observe::wording::{Ident, Level, Wording};

/// What stands behind the ident in the target of an alert.
pub(super) const ALERT: char = '!';

macro_rules! lines {
    ($($name:ident)*) => {
        /// Every field that a row may have.
        pub const FIELDS: &[&str] = &[$(stringify!($name)),*];

        macro_rules! as_event {
            ($row:ident, $target:literal, $level:ident) => {
                tracing::event!(
                    target: $target,
                    tracing::Level::$level,
                    id = $row.id,
                    $($name = field($row, stringify!($name)),)*
                    "{}",
                    $row.message
                )
            };
        }
    };
}

lines! {
    instance vrid interface state previous priority peer virtual_server real_server checker script file line
    sync_group address family version error status count command errno service services destinations entries weight quorum hysteresis
    sorry_server group entry advice server thread from to url retry counter delay expected interval length limit
    received theirs wanted key skew window session process table value route rule
}

macro_rules! levels {
    ($row:ident, $ident:literal, $alert:literal) => {
        match $row.level {
            _ if alert($row) => as_event!($row, $alert, ERROR),
            Level::Alert | Level::Error => as_event!($row, $ident, ERROR),
            Level::Warn => as_event!($row, $ident, WARN),
            Level::Info => as_event!($row, $ident, INFO),
            Level::Debug => as_event!($row, $ident, DEBUG),
            // tracing has no such level; its lowest one, which nothing of ours uses, stands for it.
            Level::Notice => as_event!($row, $ident, TRACE),
        }
    };
}

/// Hands the row to the present dispatcher.
pub(super) fn emit(row: &Wording) {
    match row.ident {
        Ident::Keepalived => levels!(row, "Keepalived", "Keepalived!"),
        Ident::KeepalivedVrrp => levels!(row, "Keepalived_vrrp", "Keepalived_vrrp!"),
        Ident::KeepalivedHealthcheckers => {
            levels!(row, "Keepalived_healthcheckers", "Keepalived_healthcheckers!");
        }
        Ident::KeepalivedBfd => levels!(row, "Keepalived_bfd", "Keepalived_bfd!"),
    }
}

fn field<'a>(row: &'a Wording, name: &str) -> Option<&'a str> {
    row.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// The message of a tracing event, its ident, and its number of syslog(3).
pub(super) fn read(event: &tracing::Event<'_>) -> (String, &'static str, u8) {
    let mut message = Message(String::new());
    event.record(&mut message);
    let target = event.metadata().target();
    let level = match *event.metadata().level() {
        _ if target.ends_with(ALERT) => Level::Alert,
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Notice,
    };
    (message.0, target.trim_end_matches(ALERT), super::severity(level))
}

/// Picks the sentence out of a tracing event's fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
