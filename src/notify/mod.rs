//! The notify machine: something happened -> scripts to run, FIFO lines to write, mails to send, in the original's
//! order (IF-186): state script, `notify`, FIFOs, mail.
//!
//! Pure: it remembers only what was last mailed about whom.

mod mail;
pub mod message;
pub mod plan;

use crate::model::event::daemon::FifoKind;
use crate::model::notify::Script;

/// What must be done, in order. Nothing waits for anything (IF-184).
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Run the script, `more` words after its own.
    Run { script: Script, more: Vec<String> },
    /// Write to a FIFO, should there be one.
    Line { fifo: FifoKind, text: String },
    /// Send to everyone who is to be told.
    Mail(Mail),
}

/// The parts of a mail that depend on what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// With the router's id in front (IF-214).
    pub subject: String,
    /// One line.
    pub body: String,
}
