//! The IPVS task: verdicts in, the kernel's table follows.

use crate::daemon::message::{Setup, ToIpvs};

/// Runs on the calling thread until `ToIpvs::Stop`.
pub fn run(_setup: Setup<ToIpvs>) {}
