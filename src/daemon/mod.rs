//! The tasks: the only place where a machine meets an adapter.

pub mod checkers;
pub mod ipvs;
pub mod message;
pub mod reload;
pub mod signal;
pub mod vrrp;
