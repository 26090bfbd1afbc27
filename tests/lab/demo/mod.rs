//! The main job, shown: two routers, four web servers, real requests all the time, and everything that can go wrong.
//! Prints a timeline and a table of expectations.

mod network;
pub mod steps;
mod story;
