//! The notify machine: an event -> scripts, FIFO lines, mails.

pub mod plan;
