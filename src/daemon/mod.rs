//! The tasks: the only place where a machine meets an adapter.

pub mod checkers;
pub mod edge;
pub mod fifos;
pub mod files;
pub mod genhash;
pub mod ipvs;
pub mod keeper;
pub mod links;
pub mod mail;
pub mod message;
pub mod pid_file;
pub mod processes;
pub mod reload;
pub mod reload_time;
pub mod scripts;
pub mod signal;
pub mod start;
pub mod statistics;
pub mod supervisor;
pub mod systemd;
pub mod tasks;
pub mod traces;
pub mod track;
pub mod vrrp;

pub use self::start::run;
