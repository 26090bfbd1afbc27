//! Events of the checkers.

#[derive(Clone, Debug, PartialEq)]
pub enum Event {}
