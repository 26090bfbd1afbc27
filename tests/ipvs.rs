//! IPVS without a kernel: the recorded messages, any bytes, and the recorded runs of the original replayed on the
//! machine, log line by log line and table by table.

use keepalived_rs::{base, model};

#[path = "../src/lvs/fixture.rs"]
mod fixture;
#[path = "ipvs/messages.rs"]
mod messages;
#[path = "ipvs/recorded.rs"]
mod recorded;
#[path = "ipvs/replay.rs"]
mod replay;
#[path = "ipvs/upheaval.rs"]
mod upheaval;
