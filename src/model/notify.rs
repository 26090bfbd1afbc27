//! Scripts, FIFOs and mail: whom to tell.

use crate::base::net::Endpoint;
use crate::base::time::Interval;

/// A command that the daemon starts: no shell, the words as configured (CL-26, CL-27).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// Path and arguments; never empty.
    pub argv: Vec<String>,
    pub identity: ScriptIdentity,
}

/// Who a script runs as (IF-168).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScriptIdentity {
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups; empty = none (IF-169).
    pub groups: Vec<u32>,
}

impl ScriptIdentity {
    pub const ROOT: ScriptIdentity = ScriptIdentity { uid: 0, gid: 0, groups: Vec::new() };
}

/// State scripts of an instance or a sync group (IF-181).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateScripts {
    pub master: Option<Script>,
    pub backup: Option<Script>,
    pub fault: Option<Script>,
    pub stop: Option<Script>,
    pub deleted: Option<Script>,
    /// `notify_master_rx_lower_pri`.
    pub master_rx_lower_pri: Option<Script>,
    /// `notify`: gets type, name, state and priority as four more words (IF-182).
    pub any: Option<Script>,
}

/// A notification FIFO and the program that reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct NotifyFifo {
    pub path: String,
    pub owner: ScriptIdentity,
    pub script: Option<Script>,
}

/// `smtp_server`, `notification_email`, `notification_email_from` ...
#[derive(Clone, Debug, PartialEq)]
pub struct MailSettings {
    pub from: String,
    /// Never empty.
    pub to: Vec<String>,
    pub server: MailServer,
    /// `smtp_helo_name`, by default the host name.
    pub helo_name: String,
    /// `smtp_connect_timeout`, default 30 s.
    pub connect_timeout: Interval,
}

/// The relay, as an address or as a name to look up when a mail is sent (never on the VRRP thread).
#[derive(Clone, Debug, PartialEq)]
pub enum MailServer {
    Address(Endpoint),
    Name { host: String, port: u16 },
}
