//! 1,020 virtual routers in one daemon: how late they take over when their Masters die at once, how even their adverts
//! are, what an advert costs, and what they cost in memory.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::clock_gettime;

use super::figure::{bare, quantile, row, sorted, title};
use super::wire::{Frame, Seen, Wire, advert, send, vrrp_socket};
use super::{Programs, rounds};
use crate::daemon::Daemon;
use crate::namespace::{Namespace, Outcome, doing};

/// LANs, with all 255 VRIDs on each.
const LANS: u8 = 4;
const INSTANCES: usize = LANS as usize * 255;
const PRIORITY: u8 = 100;
/// What the bench says as Master when it is about to die: deaths come soon.
const SHORT: u16 = 10;
/// `advert_int 1`.
const LONG: u16 = 100;
const PATIENCE: Duration = Duration::from_secs(30);

fn router(lan: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, lan, 0, 1)
}

fn bench(lan: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, lan, 0, 9)
}

fn address(lan: u8, vrid: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, lan, 1, vrid)
}

fn configuration() -> String {
    let mut text = "global_defs {\n    vrrp_version 3\n    vrrp_garp_master_delay 1\n}\n".to_owned();
    for (lan, vrid) in all() {
        let _ = writeln!(
            text,
            "vrrp_instance i{lan}_{vrid} {{
    state BACKUP
    interface lan{lan}
    virtual_router_id {vrid}
    priority {PRIORITY}
    advert_int 1
    virtual_ipaddress {{
        {}
    }}
}}",
            address(lan, vrid)
        );
    }
    text
}

fn all() -> impl Iterator<Item = (u8, u8)> {
    (0..LANS).flat_map(|lan| (1..=255).map(move |vrid| (lan, vrid)))
}

/// RFC 9568 section 6.1 with the interval `SHORT`.
fn master_down_interval() -> f64 {
    let interval = f64::from(SHORT) / 100.0;
    3.0 * interval + interval * f64::from(256 - u32::from(PRIORITY)) / 256.0
}

/// The router's namespace, and the bench's end of its LANs.
struct Crowd {
    here: Namespace,
    _there: Namespace,
    wire: Wire,
}

impl Crowd {
    fn new(names: (&'static str, &'static str)) -> Outcome<Crowd> {
        let (here, there) = (Namespace::new(names.0)?, Namespace::new(names.1)?);
        for lan in 0..LANS {
            here.ip(&[
                &format!("link add lan{lan} type veth peer name lan{lan} netns {}", names.1),
                &format!("address add {}/16 dev lan{lan}", router(lan)),
                &format!("link set lan{lan} up"),
            ])?;
            there.ip(&[&format!("address add {}/16 dev lan{lan}", bench(lan)), &format!("link set lan{lan} up")])?;
        }
        let own: Vec<Ipv4Addr> = (0..LANS).map(bench).collect();
        let wire = Wire::open_all(&there, &own)?;
        Ok(Crowd { here, _there: there, wire })
    }

    fn start(&self, program: &Path, place: &Path) -> Outcome<Daemon> {
        let mut daemon = Daemon::new(program, place.to_owned())?;
        daemon.options = vec!["-P"];
        daemon.configure(&configuration())?;
        daemon.start(&self.here)?;
        Ok(daemon)
    }

    /// The bench is Master of all, until the daemon is silent.
    fn rule(&self) -> Outcome<()> {
        let packets = packets(SHORT);
        let begun = Instant::now();
        let mut quiet = 0;
        while quiet < 5 {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err("the daemon does not give way".to_owned());
            }
            self.wire.forget()?;
            self.burst(&packets)?;
            std::thread::sleep(Duration::from_millis(u64::from(SHORT) * 10));
            let speaks = adverts(&self.wire)?.iter().any(|seen| seen.from.octets()[3] == 1);
            quiet = if speaks { 0 } else { quiet + 1 };
        }
        Ok(())
    }

    fn burst(&self, packets: &[(usize, Vec<u8>)]) -> Outcome<()> {
        packets.iter().try_for_each(|(lan, packet)| self.wire.send(*lan, packet))
    }
}

/// An advert of the bench for each virtual router.
fn packets(centiseconds: u16) -> Vec<(usize, Vec<u8>)> {
    let one = |(lan, vrid)| (usize::from(lan), advert(bench(lan), vrid, 200, centiseconds, address(lan, vrid)));
    all().map(one).collect()
}

fn adverts(wire: &Wire) -> Outcome<Vec<Seen>> {
    let only = |frame| match frame {
        Frame::Advert(seen) => Some(seen),
        Frame::Announcement { .. } => None,
    };
    Ok(wire.drain()?.into_iter().filter_map(only).collect())
}

/// p50, p99 and the worst of one program, each the median over all rounds.
#[derive(Default)]
struct Lateness {
    quantiles: [Vec<f64>; 3],
    missing: usize,
}

/// All Masters die at once, again and again.
pub fn deaths(programs: &Programs) -> Outcome<()> {
    let crowd = Crowd::new(("crowd", "crowd-wire"))?;
    let mut found: [Lateness; 2] = Default::default();
    let each = rounds(20).div_ceil(2);
    for _ in 0..2 {
        for (at, program) in programs.both() {
            let mut daemon = crowd.start(program, &programs.place.join(format!("many{at}")))?;
            for _ in 0..each {
                death(&crowd, &mut found[at])?;
            }
            daemon.stop(PATIENCE)?;
        }
    }
    title();
    let [original, ours] = found;
    for (at, name) in ["p50", "p99", "worst"].into_iter().enumerate() {
        let what = format!(
            "1,020 Masters die at once: first advert after its deadline, {name} (median of {} rounds)",
            2 * each
        );
        let median = |of: &Lateness| quantile(&sorted(of.quantiles[at].clone()), 0.5);
        row(&what, median(&original), median(&ours), "ms");
    }
    if original.missing + ours.missing > 0 {
        println!(
            "virtual routers that did not take over in time: original {}, ours {}",
            original.missing, ours.missing
        );
    }
    Ok(())
}

/// One death of all: who takes over how long after the deadline.
fn death(crowd: &Crowd, found: &mut Lateness) -> Outcome<()> {
    crowd.rule()?;
    crowd.wire.forget()?;
    crowd.burst(&packets(SHORT))?;
    std::thread::sleep(Duration::from_secs_f64(master_down_interval() + 0.7));
    let mut died = BTreeMap::new();
    let mut late = BTreeMap::new();
    for seen in adverts(&crowd.wire)? {
        let [_, lan, _, host] = seen.from.octets();
        let one = (lan, seen.vrid);
        if host == 9 {
            died.insert(one, seen.at);
        } else if let Some(death) = died.get(&one) {
            late.entry(one).or_insert((seen.at.saturating_sub(*death).as_secs_f64() - master_down_interval()) * 1000.0);
        }
    }
    found.missing += INSTANCES - late.len();
    let late = sorted(late.into_values().collect());
    for (at, part) in [0.5, 0.99, 1.0].into_iter().enumerate() {
        found.quantiles[at].extend(quantile(&late, part));
    }
    Ok(())
}

/// Of one program, over a number of seconds.
#[derive(Default)]
struct Steady {
    gaps: Gaps,
    /// Microseconds of processor time for one advert.
    as_master: Vec<f64>,
    as_backup: Vec<f64>,
    /// MB.
    resident: f64,
    proportional: f64,
}

/// How long the gaps between the adverts of a virtual router are.
#[derive(Default)]
struct Gaps {
    /// Milliseconds from what they should be, later or sooner.
    errors: Vec<f64>,
    /// Milliseconds that a period is longer than it should be, for each virtual router.
    drifts: Vec<f64>,
}

impl Gaps {
    fn of(seen: &[Seen]) -> Gaps {
        let mut times: BTreeMap<(Ipv4Addr, u8), Vec<Duration>> = BTreeMap::new();
        for one in seen {
            times.entry((one.from, one.vrid)).or_default().push(one.at);
        }
        let mut gaps = Gaps::default();
        for times in times.values() {
            let each = times.windows(2).map(|pair| (pair[1].saturating_sub(pair[0]).as_secs_f64() - 1.0) * 1000.0);
            let each: Vec<f64> = each.collect();
            gaps.drifts.push(each.iter().sum::<f64>() / each.len() as f64);
            gaps.errors.extend(each.into_iter().map(f64::abs));
        }
        gaps.drifts.retain(|drift| drift.is_finite());
        gaps
    }
}

/// The daemons as Backup of all, then as Master of all.
pub fn steady(programs: &Programs) -> Outcome<()> {
    let seconds = rounds(20);
    let mut found: [Steady; 2] = Default::default();
    backups(programs, seconds, &mut found)?;
    let crowd = Crowd::new(("crowd", "crowd-wire"))?;
    for (at, program) in programs.both() {
        let mut daemon = crowd.start(program, &programs.place.join(format!("many{at}")))?;
        let steady = &mut found[at];
        crowd.rule()?;
        // It takes over, and has announced its addresses twice.
        std::thread::sleep(Duration::from_secs(3));
        crowd.wire.forget()?;
        let mut used = processor_time(&daemon);
        for _ in 0..seconds {
            std::thread::sleep(Duration::from_secs(1));
            let now = processor_time(&daemon);
            steady.as_master.push((now - used) / INSTANCES as f64);
            used = now;
        }
        steady.gaps = Gaps::of(&adverts(&crowd.wire)?);
        (steady.resident, steady.proportional) = memory(&daemon)?;
        daemon.stop(PATIENCE)?;
    }
    crowd.wire.forget()?;
    crowd.here.inside(|| bare_loop(seconds))?;
    let least = Gaps::of(&adverts(&crowd.wire)?);
    let [original, ours] = found;
    let count = 1020;
    if original.gaps.drifts.len() < count || ours.gaps.drifts.len() < count {
        let (original, ours) = (original.gaps.drifts.len(), ours.gaps.drifts.len());
        println!("virtual routers that advertised: original {original}, ours {ours}");
    }
    title();
    let [theirs, own, least_errors] = [&original.gaps, &ours.gaps, &least].map(|gaps| sorted(gaps.errors.clone()));
    for (part, name) in [(0.5, "p50"), (0.99, "p99"), (1.0, "worst")] {
        let what = format!("1,020 Masters, interval 1 s: error of the gap between adverts, {name} of {seconds} s");
        row(&what, quantile(&theirs, part), quantile(&own, part), "ms");
        bare(&what, "a bare timerfd loop", quantile(&least_errors, part), "ms");
    }
    let [theirs, own] = [&original.gaps, &ours.gaps].map(|gaps| quantile(&sorted(gaps.drifts.clone()), 0.5));
    row("1,020 Masters, interval 1 s: drift of a period, median", theirs, own, "ms");
    let median = |values: &[f64]| quantile(&sorted(values.to_vec()), 0.5);
    row("processor time for an advert, as Master of 1,020", median(&original.as_master), median(&ours.as_master), "µs");
    row("processor time for an advert, as Backup of 1,020", median(&original.as_backup), median(&ours.as_backup), "µs");
    row("memory with 1,020 Masters, resident, all processes", Some(original.resident), Some(ours.resident), "MB");
    row("memory with 1,020 Masters, Pss, all processes", Some(original.proportional), Some(ours.proportional), "MB");
    Ok(())
}

/// Both at once, each hearing its adverts in its own half of each second: what else the machine does meets both.
fn backups(programs: &Programs, seconds: usize, found: &mut [Steady; 2]) -> Outcome<()> {
    let names = [("original", "wire-original"), ("ours", "wire-ours")];
    let mut both = Vec::new();
    for (at, program) in programs.both() {
        let crowd = Crowd::new(names[at])?;
        let daemon = crowd.start(program, &programs.place.join(format!("many{at}")))?;
        crowd.rule()?;
        both.push((crowd, daemon));
        // What the other says meanwhile teaches the interval.
        let packets = packets(LONG);
        both.iter().try_for_each(|(crowd, _)| crowd.burst(&packets))?;
    }
    let packets = packets(LONG);
    for _ in 0..seconds {
        for (at, (crowd, daemon)) in both.iter().enumerate() {
            let (begun, used) = (Instant::now(), processor_time(daemon));
            crowd.burst(&packets)?;
            std::thread::sleep(Duration::from_millis(500).saturating_sub(begun.elapsed()));
            found[at].as_backup.push((processor_time(daemon) - used) / INSTANCES as f64);
        }
    }
    both.iter_mut().try_for_each(|(_, daemon)| daemon.stop(PATIENCE).map(drop))
}

/// Microseconds on a processor, of all threads of all its processes: first number of /proc/PID/task/TID/schedstat.
fn processor_time(daemon: &Daemon) -> f64 {
    let mut nanoseconds = 0;
    for pid in daemon.processes() {
        for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
        }
    }
    nanoseconds as f64 / 1000.0
}

/// Resident and proportional set size of all processes, in MB.
fn memory(daemon: &Daemon) -> Outcome<(f64, f64)> {
    let mut found = (0.0, 0.0);
    for pid in daemon.processes() {
        let file = format!("/proc/{pid}/smaps_rollup");
        let text = doing(&file, std::fs::read_to_string(&file))?;
        let number = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
        };
        found = (found.0 + number("Rss:"), found.1 + number("Pss:"));
    }
    Ok(found)
}

/// The least that 1,020 Masters can do: each second one packet after the other.
fn bare_loop(seconds: usize) -> Outcome<()> {
    let sockets = (0..LANS).map(|lan| vrrp_socket(router(lan))).collect::<Outcome<Vec<_>>>()?;
    let timer = doing("timerfd", TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty()))?;
    let one = |(lan, vrid)| (usize::from(lan), advert(router(lan), vrid, PRIORITY, LONG, address(lan, vrid)));
    let packets: Vec<(usize, Vec<u8>)> = all().map(one).collect();
    let mut at = doing("clock", clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC))?;
    for _ in 0..=seconds {
        at = at + TimeSpec::from_duration(Duration::from_secs(1));
        doing("timerfd", timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME))?;
        doing("timerfd", timer.wait())?;
        for (lan, packet) in &packets {
            send(&sockets[*lan], packet)?;
        }
    }
    Ok(())
}
