//! The program: its command line goes to `daemon::run`, what comes back is the exit status.

use std::process::ExitCode;

use keepalived_rs::daemon::tasks::Work;
use keepalived_rs::daemon::{checkers, ipvs, run, vrrp};

fn main() -> ExitCode {
    let work = Work { vrrp: vrrp::run, ipvs: ipvs::run, checkers: checkers::run };
    ExitCode::from(run(std::env::args_os().collect(), work))
}
