//! What health checks cost, how many are made in time, and how soon a dead server is removed. The servers are the
//! bench's own; IPVS is pretended, so that both programs run at the speed of the host's kernel.

use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, connect, socket};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

use super::Programs;
use super::figure::{quantile, row, sorted, title};
use super::pretended::Ipvs;
use super::servers::{Manner, Mortals, PORT, Servers};
use super::size::{pss, virtual_servers};
use crate::daemon::{Daemon, until};
use crate::namespace::{Namespace, Outcome, doing};

/// Real servers of each virtual server.
const EACH: u32 = 100;
const FIRST_SERVER: u32 = 0x0a80_0001;
/// After the start, before anything is measured: the first checks begin one to two seconds after it.
const WARM: Duration = Duration::from_secs(6);
const MEASURED: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
const BARE: u32 = 50_000;
const TCP_CHECK: &str = "        TCP_CHECK {\n            connect_timeout 3\n            retry 0\n        }\n";
/// The least time between two deaths.
const DEATHS_APART: Duration = Duration::from_millis(25);
const DEATHS: u32 = 400;
const PERIOD: Duration = Duration::from_secs(1);

fn get(word: &str) -> String {
    format!(
        "        {word} {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 3
            retry 0
        }}
"
    )
}

fn server(nth: u32) -> Ipv4Addr {
    Ipv4Addr::from(FIRST_SERVER + nth)
}

/// A namespace where all real servers are.
fn place(name: &'static str) -> Outcome<Namespace> {
    // So that neither program raises it: the preloaded library's descriptors have the highest numbers.
    let (_, most) = doing("open files", getrlimit(Resource::RLIMIT_NOFILE))?;
    doing("open files", setrlimit(Resource::RLIMIT_NOFILE, most, most))?;
    let here = Namespace::new(name)?;
    here.ip(&["route add local 10.128.0.0/16 dev lo"])?;
    Ok(here)
}

/// Both programs, one after the other, with these checks of so many servers; `look` measures.
fn both<T>(
    programs: &Programs,
    here: [&Namespace; 2],
    servers: u32,
    check: &str,
    mut look: impl FnMut(&Daemon, &Ipvs) -> Outcome<T>,
) -> Outcome<[T; 2]> {
    let mut found = Vec::new();
    for (at, program) in programs.both() {
        let mut daemon = Daemon::new(program, programs.place.join(format!("checks{at}")))?;
        let ipvs = Ipvs::start(&daemon.place.join("ipvs"))?;
        daemon.options = vec!["-C"];
        daemon.environment = ipvs.environment(&preload()?);
        let text = virtual_servers(servers / EACH, EACH, check).replace("delay_loop 5", "delay_loop 1");
        daemon.configure(&text)?;
        daemon.start(here[at])?;
        until(PATIENCE, || match ipvs.added() {
            all if all >= servers as usize => Ok(()),
            some => {
                Err(format!("{} put {some} servers into the table, see {}", program.display(), daemon.place.display()))
            }
        })?;
        found.push(look(&daemon, &ipvs)?);
        daemon.stop(PATIENCE)?;
    }
    found.try_into().map_err(|_| "two programs are wanted".to_owned())
}

/// Built beside this program.
fn preload() -> Outcome<PathBuf> {
    let own = doing("own path", std::env::current_exe())?;
    let library = own.with_file_name("libpreload.so");
    library.exists().then_some(library).ok_or_else(|| "build the examples first".to_owned())
}

/// Seconds of processor time of all its processes until now.
fn spent(daemon: &Daemon) -> Outcome<f64> {
    let tick = doing("clock tick", sysconf(SysconfVar::CLK_TCK))?.unwrap_or(100) as f64;
    let mut sum = 0.0;
    for pid in daemon.processes() {
        let text = doing("stat", std::fs::read_to_string(format!("/proc/{pid}/stat")))?;
        // Behind the name in brackets: state is field 3, utime and stime are 14 and 15 (proc(5)).
        let fields = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        sum += fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>();
    }
    Ok(sum / tick)
}

struct Work {
    /// Seconds of processor time for a million checks.
    cost: f64,
    /// Checks a second.
    rate: f64,
    memory: f64,
}

fn work(programs: &Programs, here: &Namespace, servers: u32, check: &str, manner: &Servers) -> Outcome<[Work; 2]> {
    both(programs, [here, here], servers, check, |daemon, ipvs| {
        std::thread::sleep(WARM);
        let (begun, before, spent_before) = (Instant::now(), manner.served(), spent(daemon)?);
        std::thread::sleep(MEASURED);
        let checks = (manner.served() - before) as f64;
        let (used, took) = (spent(daemon)? - spent_before, begun.elapsed().as_secs_f64());
        let lost = (0..servers).filter(|nth| ipvs.removed(server(*nth)).is_some()).count();
        if lost > 0 {
            println!("{lost} servers that are well were removed");
        }
        Ok(Work { cost: used / checks * 1e6, rate: checks / took, memory: pss(daemon)? })
    })
}

fn pair(what: &str, of: &[Work; 2], part: fn(&Work) -> f64, unit: &str) {
    row(what, Some(part(&of[0])), Some(part(&of[1])), unit);
}

/// Seconds of processor time for a million of the least that a TCP check needs.
fn bare(here: &Namespace) -> Outcome<f64> {
    here.inside(|| {
        let clock = || doing("clock", clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)).map(Duration::from);
        let begun = clock()?;
        for nth in 0..BARE {
            let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
            let one = doing("socket", socket(AddressFamily::Inet, SockType::Stream, flags, None))?;
            let [a, b, c, d] = server(nth % 1_000).octets();
            let address = SockaddrIn::new(a, b, c, d, PORT);
            match connect(std::os::fd::AsRawFd::as_raw_fd(&one), &address) {
                Ok(()) | Err(Errno::EINPROGRESS) => {}
                Err(error) => return Err(format!("connect: {error}")),
            }
            let mut waited = [PollFd::new(one.as_fd(), PollFlags::POLLOUT)];
            doing("poll", poll(&mut waited, PollTimeout::from(1_000_u16)))?;
        }
        Ok((clock()? - begun).as_secs_f64() / f64::from(BARE) * 1e6)
    })
}

pub fn connects(programs: &Programs) -> Outcome<()> {
    let here = place("connects")?;
    let servers = Servers::start(&here, Manner::Silent)?;
    let few = work(programs, &here, 1_000, TCP_CHECK, &servers)?;
    let bare = bare(&here)?;
    let many = work(programs, &here, 10_000, TCP_CHECK, &servers)?;
    title();
    pair("a million TCP checks, 1,000 servers", &few, |one| one.cost, "s CPU");
    pair("a million TCP checks, 10,000 servers", &many, |one| one.cost, "s CPU");
    println!("| a million bare connects and closes | {bare:.2} s CPU | | |");
    pair("TCP checks a second, 1,000 servers", &few, |one| one.rate, "/s");
    pair("TCP checks a second, 10,000 servers", &many, |one| one.rate, "/s");
    pair("memory with 10,000 checked servers (Pss, all processes)", &many, |one| one.memory, "MB");
    Ok(())
}

fn web(programs: &Programs, name: &'static str, word: &str, manner: Manner) -> Outcome<()> {
    let here = place(name)?;
    let servers = Servers::start(&here, manner)?;
    let found = work(programs, &here, 1_000, &get(word), &servers)?;
    title();
    pair(&format!("a million {word}s, 1,000 servers"), &found, |one| one.cost, "s CPU");
    pair(&format!("{word}s a second, 1,000 servers"), &found, |one| one.rate, "/s");
    pair("memory (Pss, all processes)", &found, |one| one.memory, "MB");
    Ok(())
}

pub fn pages(programs: &Programs) -> Outcome<()> {
    web(programs, "pages", "HTTP_GET", Manner::Http)
}

pub fn handshakes(programs: &Programs) -> Outcome<()> {
    web(programs, "handshakes", "SSL_GET", Manner::Https)
}

/// Milliseconds from the death of each server to its removal, and from when a check of it was due.
#[derive(Default)]
struct Removals {
    since_death: Vec<f64>,
    since_due: Vec<f64>,
}

/// Servers die one after another, each at a moment of its own between two checks.
fn die(mortals: &mut Mortals, ipvs: &Ipvs) -> Outcome<Removals> {
    std::thread::sleep(WARM);
    for nth in 0..DEATHS {
        mortals.kill(server(nth));
        std::thread::sleep(DEATHS_APART);
    }
    std::thread::sleep(3 * PERIOD);
    let mut found = Removals::default();
    for server in (0..DEATHS).map(server) {
        let life = mortals.life(server).ok_or_else(|| format!("{server} was never asked"))?;
        let died = life.died.ok_or_else(|| format!("{server} is not dead"))?;
        let removed = ipvs.removed(server).ok_or_else(|| format!("{server} is dead and was not removed"))?;
        let ms = |since: Instant| removed.saturating_duration_since(since).as_secs_f64() * 1000.0;
        found.since_death.push(ms(died));
        found.since_due.push(ms(life.asked + PERIOD));
    }
    Ok(Removals { since_death: sorted(found.since_death), since_due: sorted(found.since_due) })
}

pub fn removals(programs: &Programs) -> Outcome<()> {
    let places = [place("dying-original")?, place("dying-ours")?];
    let mut all = places.iter().map(|here| Mortals::start(here, (0..EACH * 10).map(server)));
    let found = both(programs, places.each_ref(), EACH * 10, TCP_CHECK, |_, ipvs| {
        die(&mut all.next().ok_or("two programs are wanted")??, ipvs)
    })?;
    title();
    let [original, ours] = &found;
    for (part, name) in [(0.5, "p50"), (0.99, "p99"), (1.0, "worst")] {
        let both = |what: &str, of: fn(&Removals) -> &[f64]| {
            row(&format!("{what}, {name} of {DEATHS}"), quantile(of(original), part), quantile(of(ours), part), "ms");
        };
        both("death of a server to its removal, a check a second", |one| &one.since_death);
        both("the same, from when the check was due", |one| &one.since_due);
    }
    Ok(())
}
