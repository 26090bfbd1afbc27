//! The rows of `model::event::bfd`, with the levels of the original (IF-417 to IF-422).

use super::{Ident, Level, Wording};
use crate::base::bfd::State;
use crate::model::event::bfd::{Event, ParameterLine, Parameters};

pub(super) fn wording(event: &Event) -> Wording {
    let row = match event {
        Event::Entering { session, state, local, remote } => Row {
            level: if matches!(state, State::Down | State::AdminDown) { Level::Warn } else { Level::Info },
            // The original speaks of Init only when asked for more than detail.
            detail: *state == State::Init,
            ..row(
                "bfd_entering",
                match state {
                    State::Down => format!(
                        "({session}) Entering Down state (Local diagnostic - {local}, Remote diagnostic - {remote})"
                    ),
                    State::AdminDown | State::Init | State::Up => format!("({session}) Entering {state} state"),
                },
                vec![("session", session.to_string()), ("state", state.to_string())],
            )
        },
        Event::Expired { session, detection, overdue } => Row {
            level: Level::Warn,
            ..row(
                "bfd_expired",
                format!(
                    "({session}) Expired after {} ms ({} usec overdue)",
                    detection.as_micros() / 1_000,
                    overdue.as_micros()
                ),
                vec![("session", session.to_string()), ("interval", detection.to_string())],
            )
        },
        Event::PollStarted { session } => detail(
            "bfd_poll_started",
            format!("({session}) Starting poll sequence"),
            vec![("session", session.to_string())],
        ),
        Event::Parameters { session, line } => {
            detail("bfd_parameters", parameters(session.as_str(), line), vec![("session", session.to_string())])
        }
        Event::Bogus { from } => discard("bfd_bogus", format!("Discarding bogus packet from {from}"), from),
        Event::NoSession { from, discriminator } => discard(
            "bfd_no_session",
            format!(
                "Discarding packet from {from} (session is not found - your discriminator field is {discriminator:#010x})"
            ),
            from,
        ),
        Event::Authenticated { from } => discard(
            "bfd_authenticated",
            format!("Discarding packet from {from} (auth bit is set, but no authentication  is in use)"),
            from,
        ),
        Event::AdministrativelyDown { from } => Row {
            level: Level::Info,
            ..discard(
                "bfd_administratively_down",
                format!("Discarding packet from {from} (session is in AdminDown state)"),
                from,
            )
        },
        Event::SocketRefused { session, error } => Row {
            level: Level::Error,
            ..row(
                "bfd_socket_refused",
                format!("({session}) Unable to open output socket, disabling instance ({error})"),
                vec![("session", session.to_string()), ("error", error.clone())],
            )
        },
        Event::Deaf { multihop, error } => Row {
            level: Level::Error,
            ..row(
                "bfd_deaf",
                format!(
                    "BFD cannot receive on UDP port {}: {error} - no session comes up until it can; is another BFD \
                     daemon running?",
                    if *multihop { 4784 } else { 3784 }
                ),
                vec![("error", error.clone())],
            )
        },
        Event::Received { session, up, delay } => Row {
            ident: Ident::KeepalivedVrrp,
            ..detail(
                "bfd_received",
                received(session.as_str(), *up, delay.as_micros()),
                vec![("session", session.to_string())],
            )
        },
    };
    let Row { id, level, ident, detail, message, fields } = row;
    Wording { id, level, ident, detail, message, fields }
}

/// What VRRP and the checkers say when they hear of a session's state.
pub(super) fn received(session: &str, up: bool, micros: u64) -> String {
    let state = if up { State::Up } else { State::Down };
    format!("Received BFD event: instance {session} is in state {state} (delivered in {micros} usec)")
}

/// Columns under their heads, behind a margin as wide as the original's.
fn parameters(session: &str, line: &ParameterLine) -> String {
    let margin = " ".repeat(session.len() + 2);
    let row = |who: &str, of: &Parameters| {
        format!(
            "{margin}{who}{:>8}{:>8}{:>9}{:>6}{:>13}",
            of.min_tx.as_micros(),
            of.min_rx.as_micros(),
            of.tx.as_micros(),
            of.multiplier,
            of.detection.as_micros()
        )
    };
    match line {
        ParameterLine::Title => format!("({session}) ---------------< Session parameters >--------------"),
        ParameterLine::Heads => format!("{margin}          min_tx  min_rx  tx_intv  mult  detect_time"),
        ParameterLine::Local(of) => row(" local  ", of),
        ParameterLine::Remote(of) => row(" remote ", of),
        ParameterLine::DetectionTime { now, before } => {
            format!("{margin} Detection time is {} us (was {} us)", now.as_micros(), before.as_micros())
        }
    }
}

/// A wording but for what most have in common.
struct Row {
    id: &'static str,
    level: Level,
    ident: Ident,
    detail: bool,
    message: String,
    fields: Vec<(&'static str, String)>,
}

fn row(id: &'static str, message: String, fields: Vec<(&'static str, String)>) -> Row {
    Row { id, level: Level::Info, ident: Ident::KeepalivedBfd, detail: false, message, fields }
}

fn detail(id: &'static str, message: String, fields: Vec<(&'static str, String)>) -> Row {
    Row { detail: true, ..row(id, message, fields) }
}

fn discard(id: &'static str, message: String, from: &std::net::IpAddr) -> Row {
    Row { level: Level::Error, ..detail(id, message, vec![("peer", from.to_string())]) }
}
