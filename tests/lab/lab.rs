//! The program behind `tests/demo` and `tests/bench`: routers, servers and traffic in network namespaces.
//!
//! ```text
//! lab demo PROGRAM                    the main job, shown step by step; needs IPVS
//! lab lateness|deaths|steady|addresses|starts|config|connects|pages|handshakes|removals ORIGINAL OURS
//!                                     figures beside the original's, on any kernel
//! lab table|lvs|memory|beside ORIGINAL OURS
//!                                     figures that need IPVS
//! ```
//! One long-lived program, because in user-mode-linux a process costs 50 ms: it reads the kernel's tables by itself.
#![allow(clippy::disallowed_methods)] // a lab measures: it reads the clock itself

mod bench;
mod daemon;
mod demo;
mod namespace;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::Programs;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let place = std::env::temp_dir().join(format!("keepalived-lab.{}", std::process::id()));
    let programs = |original: &str, ours: &str| Programs {
        original: PathBuf::from(original),
        ours: PathBuf::from(ours),
        place: place.clone(),
    };
    let outcome = match words[..] {
        ["demo", program] => demo::steps::run(Path::new(program), &place),
        ["lateness", original, ours] => bench::lateness::first_adverts(&programs(original, ours)).map(|()| true),
        ["deaths", original, ours] => bench::many::deaths(&programs(original, ours)).map(|()| true),
        ["steady", original, ours] => bench::many::steady(&programs(original, ours)).map(|()| true),
        ["addresses", original, ours] => bench::addresses::takeovers(&programs(original, ours)).map(|()| true),
        ["starts", original, ours] => bench::starts::owner(&programs(original, ours)).map(|()| true),
        ["beside", original, ours] => bench::beside::checks(&programs(original, ours)).map(|()| true),
        ["connects", original, ours] => bench::checks::connects(&programs(original, ours)).map(|()| true),
        ["pages", original, ours] => bench::checks::pages(&programs(original, ours)).map(|()| true),
        ["handshakes", original, ours] => bench::checks::handshakes(&programs(original, ours)).map(|()| true),
        ["removals", original, ours] => bench::checks::removals(&programs(original, ours)).map(|()| true),
        ["config", original, ours] => bench::reading::reading(&programs(original, ours)).map(|()| true),
        ["table", original, ours] => bench::size::ten_thousand(&programs(original, ours)).map(|()| true),
        ["lvs", original, ours] => bench::lvs::table_at_work(&programs(original, ours)).map(|()| true),
        ["memory", original, ours] => bench::size::memory(&programs(original, ours)).map(|()| true),
        _ => Err("usage: lab demo PROGRAM | lab WHAT ORIGINAL OURS".to_owned()),
    };
    let removed = match std::fs::remove_dir_all(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", place.display())),
        _ => Ok(()),
    };
    match outcome.and_then(|held| removed.map(|()| held)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("lab: {why}");
            ExitCode::FAILURE
        }
    }
}
