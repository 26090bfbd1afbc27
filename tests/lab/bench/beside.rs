//! A Master with an interval of 10 ms beside 5,000 health checks in the same daemon: how even its adverts are, with the
//! checks and without. Needs IPVS.

use std::time::Duration;

use super::Programs;
use super::figure::{quantile, row, sorted, title};
use super::lan::{BENCH, ROUTER, instance, lan};
use super::reading::TCP_CHECK;
use super::size::virtual_servers;
use super::wire::{Frame, Wire};
use crate::daemon::Daemon;
use crate::namespace::Outcome;

const INTERVAL: f64 = 10.0;
/// All servers have been probed, more than once, and are out of the pool: nobody listens.
const SETTLED: Duration = Duration::from_secs(25);
const MEASURED: Duration = Duration::from_secs(20);

pub fn checks(programs: &Programs) -> Outcome<()> {
    let (here, there) = lan("router", "wire")?;
    // Where the real servers are: connections are refused at once.
    here.ip(&[&format!("route add 10.128.0.0/16 via {BENCH}")])?;
    there.ip(&["route add local 10.128.0.0/16 dev lo"])?;
    let wire = Wire::open(&there, BENCH)?;
    let mut found: [Vec<Vec<f64>>; 2] = Default::default();
    for servers in [0, 100] {
        for (at, program) in programs.both() {
            let mut daemon = Daemon::new(program, programs.place.join(format!("beside{at}")))?;
            let servers_text = virtual_servers(50 * servers.min(1), servers, TCP_CHECK);
            daemon.configure(&(instance("MASTER", 200, "0.01") + &servers_text))?;
            daemon.start(&here)?;
            std::thread::sleep(if servers > 0 { SETTLED } else { SETTLED / 5 });
            wire.forget()?;
            std::thread::sleep(MEASURED);
            let mut times = Vec::new();
            for frame in wire.drain()? {
                match frame {
                    Frame::Advert(seen) if seen.from == ROUTER => times.push(seen.at),
                    Frame::Advert(_) | Frame::Announcement { .. } => {}
                }
            }
            let error = |pair: &[Duration]| (pair[1].saturating_sub(pair[0]).as_secs_f64() * 1000.0 - INTERVAL).abs();
            found[at].push(sorted(times.windows(2).map(error).collect()));
            daemon.stop(Duration::from_secs(60))?;
        }
    }
    title();
    for (nth, beside) in ["alone", "beside 5,000 checks, each every 5 s"].into_iter().enumerate() {
        for (part, name) in [(0.5, "p50"), (0.99, "p99"), (1.0, "worst")] {
            let what = format!("interval 10 ms, {beside}: error of the gap between adverts, {name}");
            row(&what, quantile(&found[0][nth], part), quantile(&found[1][nth], part), "ms");
        }
    }
    Ok(())
}
