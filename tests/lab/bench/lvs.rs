//! The IPVS table at work: how long it takes to fill as it grows, to follow a reload, and to empty; and the memory
//! beside it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::figure::{quantile, row, sorted, title};
use super::size::{PATIENCE, count, destinations, pss, table_socket, virtual_servers};
use super::{Programs, rounds};
use crate::daemon::Daemon;
use crate::namespace::{Namespace, Outcome, doing};

/// Real servers of each virtual server.
const EACH: u32 = 1_000;
/// Numbers of real servers on the way to many.
const GROWTH: [u32; 5] = [1_000, 5_000, 10_000, 20_000, 50_000];
const CHECK: &str = "        TCP_CHECK {\n            connect_timeout 1\n        }\n";

/// Starts with this configuration and waits until the last of `services` is full; seconds from the start.
fn filled(daemon: &mut Daemon, here: &Namespace, services: u32) -> Outcome<f64> {
    let table = here.inside(table_socket)?;
    let begun = Instant::now();
    daemon.start(here)?;
    while destinations(&table, services - 1)? < EACH {
        if begun.elapsed() > PATIENCE {
            return Err(format!("the table is not full\n{}", daemon.log()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// A namespace for each run: each has an empty table of its own, whatever the run before left behind.
fn fresh(program: &str) -> Outcome<Namespace> {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    // Names live as long as the bench.
    Namespace::new(format!("{program}-{}", RUNS.fetch_add(1, Ordering::Relaxed)).leak())
}

struct Work {
    unchanged: f64,
    weights: f64,
    stop: f64,
    left: usize,
}

/// Until the daemon says that much more, at the latest a line after it was done; seconds.
fn says(daemon: &Daemon, from: u64, words: &str) -> Outcome<f64> {
    let begun = Instant::now();
    let place = daemon.place.join("log");
    let mut log = doing(place.display(), File::open(&place))?;
    loop {
        let mut said = String::new();
        doing("log", log.seek(SeekFrom::Start(from)).and_then(|_| log.read_to_string(&mut said)))?;
        if said.contains(words) {
            return Ok(begun.elapsed().as_secs_f64());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("it never said {words:?}\n{said}"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// From SIGHUP to the line that tells of the end.
fn reload(daemon: &Daemon, text: &str) -> Outcome<f64> {
    daemon.configure(text)?;
    let place = daemon.place.join("log");
    let before = doing(place.display(), std::fs::metadata(&place))?.len();
    daemon.signal(Signal::SIGHUP)?;
    let took = says(daemon, before, "Reload complete")?;
    // What goes on behind that line does not count, for either.
    std::thread::sleep(Duration::from_secs(1));
    Ok(took)
}

/// Every hundredth weight of a configuration is another one.
fn other_weights(text: &str) -> String {
    let mut nth = 0;
    let line = |line: &str| {
        nth += u32::from(line.ends_with("weight 1"));
        let changes = line.ends_with("weight 1") && nth % 100 == 0;
        if changes { line.replace('1', "2") + "\n" } else { format!("{line}\n") }
    };
    text.lines().map(line).collect()
}

fn work(daemon: &mut Daemon, here: &Namespace) -> Outcome<Work> {
    let text = virtual_servers(10, EACH, "");
    let other = other_weights(&text);
    daemon.configure(&text)?;
    filled(daemon, here, 10)?;
    says(daemon, 0, "Startup complete")?;
    let (mut unchanged, mut weights) = (Vec::new(), Vec::new());
    for round in 0..rounds(3) {
        let (same, next) = if round % 2 == 0 { (&text, &other) } else { (&other, &text) };
        unchanged.push(reload(daemon, same)?);
        weights.push(reload(daemon, next)?);
    }
    let stopping = Instant::now();
    daemon.stop(PATIENCE)?;
    let stop = stopping.elapsed().as_secs_f64();
    let left = count(here)?;
    let middle = |times: Vec<f64>| quantile(&sorted(times), 0.5).unwrap_or_default();
    Ok(Work { unchanged: middle(unchanged), weights: middle(weights), stop, left })
}

/// Memory while 10,000 servers are checked every minute.
fn memory(daemon: &mut Daemon, here: &Namespace) -> Outcome<f64> {
    daemon.configure(&virtual_servers(10, EACH, CHECK).replace("delay_loop 5", "delay_loop 60"))?;
    filled(daemon, here, 10)?;
    // The first few hundred checks have been made by then.
    std::thread::sleep(Duration::from_secs(3));
    let used = pss(daemon)?;
    daemon.kill()?;
    Ok(used)
}

pub fn table_at_work(programs: &Programs) -> Outcome<()> {
    let mut grown: Vec<Vec<f64>> = Vec::new();
    let mut done = Vec::new();
    let mut used = Vec::new();
    for (program, name) in [(&programs.original, "original"), (&programs.ours, "ours")] {
        let mut times = Vec::new();
        for servers in GROWTH {
            let here = fresh(name)?;
            let mut daemon = Daemon::new(program, programs.place.join(format!("{name}-{servers}")))?;
            daemon.configure(&virtual_servers(servers / EACH, EACH, ""))?;
            times.push(filled(&mut daemon, &here, servers / EACH)?);
            daemon.kill()?;
        }
        grown.push(times);
        let here = fresh(name)?;
        done.push(work(&mut Daemon::new(program, programs.place.join(format!("{name}-work")))?, &here)?);
        let here = fresh(name)?;
        used.push(memory(&mut Daemon::new(program, programs.place.join(format!("{name}-memory")))?, &here)?);
    }
    let ([original, ours], [theirs, own]) = (&done[..], &used[..]) else {
        return Err("two programs are wanted".to_owned());
    };
    title();
    for (at, servers) in GROWTH.iter().enumerate() {
        row(
            &format!("{servers} real servers in the table, from the start"),
            Some(grown[0][at]),
            Some(grown[1][at]),
            "s",
        );
    }
    row("reload of 10,000, nothing changed", Some(original.unchanged), Some(ours.unchanged), "s");
    row("reload of 10,000, 1 % of the weights changed", Some(original.weights), Some(ours.weights), "s");
    row("end of the process with 10,000, from SIGTERM", Some(original.stop), Some(ours.stop), "s");
    row("real servers left behind", Some(original.left as f64), Some(ours.left as f64), "");
    row("memory with 10,000 checked servers (Pss, all processes)", Some(*theirs), Some(*own), "MB");
    let points = |times: &[f64]| times.iter().map(|time| format!("{time:.2}")).collect::<Vec<_>>().join(", ");
    println!("\n```mermaid\nxychart-beta\n    title \"Seconds until the table is full\"");
    println!("    x-axis [1000, 5000, 10000, 20000, 50000]\n    y-axis \"seconds\"");
    println!("    line [{}]\n    line [{}]\n```", points(&grown[0]), points(&grown[1]));
    Ok(())
}
