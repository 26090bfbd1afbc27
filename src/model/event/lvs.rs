//! Events of the IPVS task.

#[derive(Clone, Debug, PartialEq)]
pub enum Event {}
