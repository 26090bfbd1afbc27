//! members move together.
