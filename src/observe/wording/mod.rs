//! One row per event: id, level, message, fields. The message keeps the original's words where operators
//! match on them; the fields carry the same facts for machines.

mod bfd;
mod check;
mod daemon;
mod kernel;
mod lvs;
mod vrrp;

pub use self::check::why as http_failure;
use crate::model::event::Event;

/// How bad it is: error = an operator must act; warn = we coped; info = a state changed; debug = why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Alert,
    Error,
    Warn,
    Notice,
    Info,
    Debug,
}

/// The syslog ident of the process of the original that writes such a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ident {
    Keepalived,
    KeepalivedVrrp,
    KeepalivedHealthcheckers,
    KeepalivedBfd,
}

/// One line, ready for every sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Wording {
    /// Stable id of the row, in snake case: `vrrp_enter_master`.
    pub id: &'static str,
    pub level: Level,
    pub ident: Ident,
    /// Written only with `-D`.
    pub detail: bool,
    pub message: String,
    /// `instance`, `vrid`, `interface`, `state`, `previous`, `priority`, `peer`, `virtual_server`, `real_server`,
    /// `checker`, `script`, `file`, `line` ...
    pub fields: Vec<(&'static str, String)>,
}

/// The row of an event.
pub fn wording(event: &Event) -> Wording {
    match event {
        Event::Vrrp(event) => vrrp::wording(event),
        Event::Lvs(event) => lvs::wording(event),
        Event::Check(event) => check::wording(event),
        Event::Bfd(event) => bfd::wording(event),
        Event::Daemon(event) => daemon::wording(event),
        Event::Kernel(event) => kernel::wording(event),
    }
}
