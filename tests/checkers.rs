//! The checkers: their law in simulated time, and the task as the daemon runs it, against real sockets on loopback.

// For the fixture, which speaks of the crate.
use keepalived_rs::{base, model};

#[path = "checkers/alone.rs"]
mod alone;
#[path = "checkers/answers.rs"]
mod answers;
#[path = "checkers/bfd.rs"]
mod bfd;
#[path = "checkers/certificate.rs"]
mod certificate;
#[path = "checkers/datagram.rs"]
mod datagram;
#[path = "checkers/file.rs"]
mod file;
#[path = "../src/lvs/fixture.rs"]
mod fixture;
#[path = "checkers/herd.rs"]
mod herd;
#[path = "checkers/hostile.rs"]
mod hostile;
#[path = "checkers/kinds.rs"]
mod kinds;
#[path = "checkers/law.rs"]
mod law;
#[path = "checkers/misc.rs"]
mod misc;
#[path = "checkers/reload.rs"]
mod reload;
#[path = "checkers/resumption.rs"]
mod resumption;
#[path = "checkers/rig.rs"]
mod rig;
#[path = "checkers/server.rs"]
mod server;
#[path = "checkers/simulated.rs"]
mod simulated;
#[path = "checkers/smtp.rs"]
mod smtp;
#[path = "checkers/suspend.rs"]
mod suspend;
#[path = "checkers/tls.rs"]
mod tls;
#[path = "checkers/together.rs"]
mod together;
