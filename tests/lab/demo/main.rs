//! The main job, shown: two routers, four web servers, real requests all the time, and everything that can go wrong.
//!
//! `demo PROGRAM`: PROGRAM is keepalived-rs, or the original for comparison. Needs root and a kernel with IPVS;
//! `tests/demo` brings both. Prints a timeline and a table of expectations; exit status 0 only if every one held.
#![allow(clippy::disallowed_methods)] // a lab measures: it reads the clock itself

#[path = "../daemon.rs"]
mod daemon;
#[path = "../namespace.rs"]
mod namespace;
mod network;
mod steps;
mod story;
#[path = "../traffic.rs"]
mod traffic;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or_else(|| "target/release/keepalived-rs".to_owned());
    let place = std::env::temp_dir().join(format!("keepalived-demo.{}", std::process::id()));
    let outcome = steps::run(Path::new(&program), &place);
    let removed = std::fs::remove_dir_all(&place);
    match (outcome, removed) {
        (Ok(true), Ok(())) => ExitCode::SUCCESS,
        (Ok(_), Ok(())) => ExitCode::FAILURE,
        (Ok(_), Err(error)) => {
            eprintln!("demo: {}: {error}", place.display());
            ExitCode::FAILURE
        }
        (Err(why), _) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}
