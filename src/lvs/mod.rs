//! The IPVS machine: which real servers are in the kernel's table, and with which weight.

pub mod plan;
pub mod quorum;
pub mod service;
