//! The checker machine: when to probe, and what a result means.

pub mod checker;
pub mod http;
