//! What operators see: log lines, and later status, SNMP, D-Bus. Imports base and model only.

pub mod log;
pub mod queue;
pub mod statistics;
pub mod wording;
