//! The vocabulary: times, names, addresses. Imports std only; everything imports this.

pub mod bfd;
pub mod calendar;
pub mod name;
pub mod net;
pub mod number;
pub mod random;
pub mod time;
