//! An address owner that is started and stopped: how soon its first advert is on the wire, and how soon it is gone.

use std::time::Duration;

use super::figure::{quantile, row, sorted, title};
use super::lan::{BENCH, instance, lan};
use super::wire::{Wire, now};
use super::{Programs, rounds};
use crate::daemon::Daemon;
use crate::namespace::Outcome;

const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds, one for each start.
#[derive(Default)]
struct Times {
    advert: Vec<f64>,
    farewell: Vec<f64>,
    end: Vec<f64>,
}

pub fn owner(programs: &Programs) -> Outcome<()> {
    let (here, there) = lan("router", "wire")?;
    let wire = Wire::open(&there, BENCH)?;
    let mut found: [Times; 2] = Default::default();
    let rounds = rounds(25);
    for _ in 0..rounds {
        for (at, program) in programs.both() {
            let mut daemon = Daemon::new(program, programs.place.join(format!("start{at}")))?;
            daemon.options = vec!["-P"];
            daemon.configure(&instance("MASTER", 255, "1"))?;
            wire.forget()?;
            let begun = now()?;
            daemon.start(&here)?;
            let first = wire.next(PATIENCE)?.ok_or_else(|| format!("no advert\n{}", daemon.log()))?;
            found[at].advert.push(first.at.saturating_sub(begun).as_secs_f64() * 1000.0);
            // Adverts at the start are over: the next is a second away.
            std::thread::sleep(Duration::from_millis(100));
            wire.forget()?;
            let told = now()?;
            let (_, ended) = daemon.stop(PATIENCE)?;
            found[at].end.push(ended.as_secs_f64() * 1000.0);
            let last = wire.next(Duration::ZERO)?.ok_or("no last advert")?;
            found[at].farewell.push(last.at.saturating_sub(told).as_secs_f64() * 1000.0);
        }
    }
    let [original, ours] = found;
    let median = |values: &[f64]| quantile(&sorted(values.to_vec()), 0.5);
    let pair = |what: &str, of: fn(&Times) -> &[f64]| {
        row(&format!("{what}, median of {rounds}"), median(of(&original)), median(of(&ours)), "ms");
    };
    title();
    pair("start of an address owner to its first advert", |times| &times.advert);
    pair("SIGTERM to the advert of priority 0", |times| &times.farewell);
    pair("SIGTERM to the end of the process", |times| &times.end);
    Ok(())
}
