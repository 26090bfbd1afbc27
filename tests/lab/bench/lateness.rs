//! How late the first advert of a new master is after the RFC's deadline, beside a bare timerfd loop.
//!
//! The bench is the master: it sends a few adverts and falls silent. Each router is the only other one on a LAN of its
//! own; rounds go from one to the next, so that what disturbs the machine disturbs all of them alike.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::clock_gettime;

use super::figure::{bare, quantile, row, sorted, title};
use super::lan::{BENCH, ROUTER, VIP, VRID, instance, lan};
use super::wire::{Wire, advert, send, vrrp_socket};
use super::{Programs, rounds};
use crate::daemon::Daemon;
use crate::namespace::{Outcome, doing};

const CENTISECONDS: u16 = 5;
const PRIORITY: u8 = 100;

/// RFC 9568 section 6.1: three intervals and the skew.
fn master_down_interval() -> Duration {
    let interval = Duration::from_millis(u64::from(CENTISECONDS) * 10);
    3 * interval + interval * (256 - u32::from(PRIORITY)) / 256
}

pub fn first_adverts(programs: &Programs) -> Outcome<()> {
    let rounds = rounds(200);
    let (original_lan, original_wire) = lan("original", "wire-original")?;
    let (ours_lan, ours_wire) = lan("ours", "wire-ours")?;
    let (bare_lan, bare_wire) = lan("bare", "wire-bare")?;
    let wires = [Wire::open(&original_wire, BENCH)?, Wire::open(&ours_wire, BENCH)?, Wire::open(&bare_wire, BENCH)?];
    let mut daemons = Vec::new();
    for (program, name, namespace) in
        [(&programs.original, "original", &original_lan), (&programs.ours, "ours", &ours_lan)]
    {
        let mut daemon = Daemon::new(program, programs.place.join(name))?;
        daemon.options = vec!["-P"];
        daemon.configure(&instance("BACKUP", PRIORITY, &format!("0.{CENTISECONDS:02}")))?;
        daemon.start(namespace)?;
        daemons.push(daemon);
    }
    let end = Arc::new(AtomicBool::new(false));
    let ending = end.clone();
    let least = std::thread::spawn(move || bare_lan.inside(|| bare_loop(&ending)));
    let mut late: [Vec<f64>; 3] = Default::default();
    let mut silent = [0; 3];
    // A first round for each to come up in; it does not count.
    for wire in &wires {
        round(wire, Duration::from_secs(10))?;
    }
    for _ in 0..rounds {
        for (at, wire) in wires.iter().enumerate() {
            match round(wire, Duration::from_secs(1))? {
                Some(lateness) => late[at].push(lateness),
                None => silent[at] += 1,
            }
        }
    }
    end.store(true, Ordering::Relaxed);
    let ended = least.join().map_err(|_| "the bare loop died")?;
    for daemon in &mut daemons {
        daemon.stop(Duration::from_secs(10))?;
    }
    ended?;
    let [original, ours, least] = late.map(sorted);
    title();
    for (part, name) in [(0.5, "p50"), (0.99, "p99"), (1.0, "worst")] {
        let what = format!("first advert after the deadline, {name} of {rounds}");
        row(&what, quantile(&original, part), quantile(&ours, part), "ms");
        bare(&what, "a bare timerfd loop", quantile(&least, part), "ms");
    }
    if silent[..2].iter().any(|count| *count > 0) {
        println!("rounds without an advert: original {}, ours {}", silent[0], silent[1]);
    }
    if ours.is_empty() { Err("our router never advertised".to_owned()) } else { Ok(()) }
}

/// One death: milliseconds after the deadline at which the router's first advert was on the wire.
fn round(wire: &Wire, patience: Duration) -> Outcome<Option<f64>> {
    wire.forget()?;
    let pause = Duration::from_millis(u64::from(CENTISECONDS) * 10);
    let mut died = None;
    for _ in 0..3 {
        wire.advertise(VRID, 200, CENTISECONDS, VIP)?;
        let until = std::time::Instant::now() + pause;
        while let Some(seen) = wire.next(until.saturating_duration_since(std::time::Instant::now()))? {
            if seen.from == BENCH {
                died = Some(seen.at);
            }
        }
    }
    let died = died.ok_or("the bench does not see its own adverts")?;
    let limit = std::time::Instant::now() + master_down_interval() + patience;
    while let Some(seen) = wire.next(limit.saturating_duration_since(std::time::Instant::now()))? {
        if seen.from == ROUTER && seen.priority > 0 {
            let waited = seen.at.saturating_sub(died).as_secs_f64();
            return Ok(Some((waited - master_down_interval().as_secs_f64()) * 1000.0));
        }
    }
    Ok(None)
}

/// The least that a backup can do: an advert comes in, the timer is set; it expires, an advert goes out.
fn bare_loop(end: &AtomicBool) -> Outcome<()> {
    let socket = vrrp_socket(ROUTER)?;
    doing("not blocking", socket.set_nonblocking(true))?;
    let timer = doing("timerfd", TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK))?;
    let packet = advert(ROUTER, VRID, PRIORITY, CENTISECONDS, VIP);
    let mut block = [std::mem::MaybeUninit::uninit(); 512];
    while !end.load(Ordering::Relaxed) {
        let mut waited =
            [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(timer.as_fd(), PollFlags::POLLIN)];
        doing("poll", poll(&mut waited, PollTimeout::from(200_u16)))?;
        let [came, due] = [&waited[0], &waited[1]].map(|one| one.revents().is_some_and(|events| !events.is_empty()));
        if due {
            doing("timerfd", timer.wait())?;
            send(&socket, &packet)?;
        }
        if came {
            while socket.recv(&mut block).is_ok() {}
            let now = doing("clock", clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC))?;
            let at = now + TimeSpec::from_duration(master_down_interval());
            doing("timerfd", timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME))?;
        }
    }
    Ok(())
}
