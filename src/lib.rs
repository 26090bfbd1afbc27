//! keepalived-rs: VRRP, IPVS and health checks from one keepalived.conf.
//!
//! Read it top to bottom:
//!
//! ```text
//! base <- model <- {lvs notify observe}      {base model wire} <- {vrrp check bfd kernel}
//! base <- {diagnostic model wire cli}        {base diagnostic model} <- config <- tool
//! everything <- daemon
//! ```
//! `vrrp`, `lvs`, `check`, `bfd` and `notify` are machines: pure, `now` and an input in, ordered effects out.

pub mod base;
pub mod diagnostic;
pub mod config;
pub mod model;
pub mod wire;
pub mod vrrp;
pub mod lvs;
pub mod check;
pub mod bfd;
pub mod notify;
pub mod kernel;
pub mod observe;
pub mod tool;
pub mod daemon;
pub mod cli;
