//! Events of the VRRP task.

#[derive(Clone, Debug, PartialEq)]
pub enum Event {}
