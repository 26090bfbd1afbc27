//! Big configurations and small memory: 10,000 real servers in the kernel's table and gone again, the first advert
//! beside them, the memory of a router.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::libc;
use socket2::{Domain, Protocol, Socket, Type};

use super::Programs;
use super::figure::{row, sorted, title};
use super::lan::{BENCH, instance, lan};
use super::wire::Wire;

use crate::daemon::{Daemon, until};
use crate::namespace::{Namespace, Outcome, doing};

pub const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// `services` virtual servers of `each` real servers; `check` stands in each of them.
pub fn virtual_servers(services: u32, each: u32, check: &str) -> String {
    let mut text = String::new();
    for service in 0..services {
        let address = Ipv4Addr::from(u32::from(FIRST_SERVICE) + service);
        let _ = writeln!(
            text,
            "virtual_server {address} 80 {{\n    delay_loop 5\n    lb_algo rr\n    lb_kind NAT\n    protocol TCP"
        );
        for server in 0..each {
            let address = Ipv4Addr::from(0x0a80_0001 + service * each + server);
            let _ = writeln!(text, "    real_server {address} 80 {{\n        weight 1\n{check}    }}");
        }
        text.push_str("}\n");
    }
    text
}

/// Real servers in the kernel's table.
pub fn count(namespace: &Namespace) -> Outcome<usize> {
    Ok(namespace.destinations()?.len())
}

/// What `destinations` asks through.
pub fn table_socket() -> Outcome<Socket> {
    doing("raw socket", Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)))
}

/// Real servers of a virtual server: asked of the kernel by its older interface (`IP_VS_SO_GET_SERVICE` of
/// linux/ip_vs.h), which gives their number alone; reading a table of 10,000 would cost time that the daemon wants.
pub fn destinations(socket: &Socket, service: u32) -> Outcome<u32> {
    #[repr(C)]
    #[derive(Default)]
    struct Entry {
        protocol: u16,
        address: u32,
        port: u16,
        mark: u32,
        scheduler: [u8; 16],
        flags: u32,
        timeout: u32,
        netmask: u32,
        destinations: u32,
        counters: [u64; 16],
    }
    const IP_VS_SO_GET_SERVICE: i32 = 64 + 1024 + 64 + 3;
    let address = (u32::from(FIRST_SERVICE) + service).to_be();
    let mut entry = Entry { protocol: libc::IPPROTO_TCP as u16, address, port: 80_u16.to_be(), ..Entry::default() };
    let mut length = size_of::<Entry>() as libc::socklen_t;
    let at = (&raw mut entry).cast();
    // SAFETY: `at` points to `length` bytes that are ours, and the kernel writes at most that many.
    let result =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_IP, IP_VS_SO_GET_SERVICE, at, &mut length) };
    match result {
        0 => Ok(entry.destinations),
        _ => match std::io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(0),
            error => Err(format!("IP_VS_SO_GET_SERVICE: {error}")),
        },
    }
}

struct Run {
    filled: f64,
    advert: f64,
    stopped: f64,
    left: usize,
}

/// One start and stop with `servers` real servers.
fn run(program: &Path, place: &Path, here: &Namespace, wire: &Wire, servers: u32) -> Outcome<Run> {
    let table = here.inside(table_socket)?;
    let mut daemon = Daemon::new(program, place.to_owned())?;
    daemon.configure(&(instance("MASTER", 200, "0.1") + &virtual_servers(servers.min(1), servers, "")))?;
    wire.forget()?;
    let begun = Instant::now();
    daemon.start(here)?;
    let mut advert = None;
    let mut filled = None;
    while advert.is_none() || filled.is_none() {
        if wire.next(Duration::from_millis(2))?.is_some_and(|seen| seen.from != BENCH) && advert.is_none() {
            advert = Some(begun.elapsed().as_secs_f64());
        }
        if filled.is_none() && destinations(&table, 0)? >= servers {
            filled = Some(begun.elapsed().as_secs_f64());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!(
                "{} with {servers} servers: {:?} {:?}\n{}",
                program.display(),
                advert,
                filled,
                daemon.log()
            ));
        }
    }
    let stopping = Instant::now();
    daemon.stop(PATIENCE)?;
    let stopped = stopping.elapsed().as_secs_f64();
    let left = count(here)?;
    if left > 0 {
        here.inside(|| doing("ipvsadm", Command::new("ipvsadm").arg("-C").status()).map(|_| ()))?;
    }
    Ok(Run { filled: filled.unwrap_or_default(), advert: advert.unwrap_or_default(), stopped, left })
}

pub fn ten_thousand(programs: &Programs) -> Outcome<()> {
    let (here, there) = lan("router", "wire")?;
    let wire = Wire::open(&there, BENCH)?;
    let mut runs: Vec<[Run; 2]> = Vec::new();
    for (program, name) in [(&programs.original, "original"), (&programs.ours, "ours")] {
        let mut both = Vec::new();
        for servers in [0, 10_000] {
            let mut three = Vec::new();
            for _ in 0..3 {
                three.push(run(program, &programs.place.join(name), &here, &wire, servers)?);
            }
            three.sort_by(|a, b| a.filled.total_cmp(&b.filled));
            let advert = sorted(three.iter().map(|one| one.advert).collect());
            let stopped = sorted(three.iter().map(|one| one.stopped).collect());
            let left = three.iter().map(|one| one.left).max().unwrap_or_default();
            both.push(Run { filled: three[1].filled, advert: advert[1], stopped: stopped[1], left });
        }
        runs.push(both.try_into().map_err(|_| "two runs are wanted")?);
    }
    let [[original_none, original], [ours_none, ours]] = &runs[..] else {
        return Err("two programs are wanted".to_owned());
    };
    let pair = |what: &str, original: f64, ours: f64, unit: &str| row(what, Some(original), Some(ours), unit);
    title();
    pair(
        "10,000 real servers of one virtual server in the kernel's table, from the start",
        original.filled,
        ours.filled,
        "s",
    );
    pair("end of the process, from SIGTERM", original.stopped, ours.stopped, "s");
    pair("real servers left in the table after the stop", original.left as f64, ours.left as f64, "");
    pair("first advert, from the start, no real server", original_none.advert, ours_none.advert, "s");
    pair("first advert, from the start, 10,000 real servers", original.advert, ours.advert, "s");
    Ok(())
}

/// Proportional set size of all processes of the router, in MB.
pub fn pss(daemon: &Daemon) -> Outcome<f64> {
    let mut sum = 0.0;
    for pid in daemon.processes() {
        let file = format!("/proc/{pid}/smaps_rollup");
        let text = doing(
            &file,
            std::fs::read_to_string(&file).or_else(|_| std::fs::read_to_string(format!("/proc/{pid}/smaps"))),
        )?;
        for line in text.lines().filter(|line| line.starts_with("Pss:")) {
            sum += line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok()).unwrap_or_default();
        }
    }
    Ok(sum / 1024.0)
}

/// A router like the demonstration's: one instance, one virtual server, three checked servers.
pub fn memory(programs: &Programs) -> Outcome<()> {
    let (here, there) = lan("router", "wire")?;
    let wire = Wire::open(&there, BENCH)?;
    let mut text = instance("MASTER", 200, "0.1");
    let _ = writeln!(
        text,
        "virtual_server 192.0.2.100 80 {{\n    delay_loop 1\n    lb_algo wrr\n    lb_kind NAT\n    protocol TCP"
    );
    for server in 11..14 {
        let _ = writeln!(
            text,
            "    real_server 192.0.2.{server} 80 {{
        weight 1
        HTTP_GET {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 1
            retry 1
            delay_before_retry 1
        }}
    }}"
        );
    }
    text.push_str("}\n");
    let mut found = Vec::new();
    for (program, name) in [(&programs.original, "original"), (&programs.ours, "ours")] {
        let mut daemon = Daemon::new(program, programs.place.join(name))?;
        daemon.configure(&text)?;
        wire.forget()?;
        daemon.start(&here)?;
        until(Duration::from_secs(20), || match wire.next(Duration::from_millis(100))? {
            Some(seen) if seen.from != BENCH => Ok(()),
            _ => Err(format!("no advert\n{}", daemon.log())),
        })?;
        until(Duration::from_secs(20), || match count(&here)? {
            3 => Ok(()),
            few => Err(format!("{few} servers are in the pool\n{}", daemon.log())),
        })?;
        // The checks fail (nobody is there): their whole way has been gone once the pool is empty.
        until(Duration::from_secs(30), || match count(&here)? {
            0 => Ok(()),
            left => Err(format!("{left} servers are still in the pool\n{}", daemon.log())),
        })?;
        found.push(pss(&daemon)?);
        daemon.stop(Duration::from_secs(10))?;
    }
    title();
    row("memory of a router (Pss, all its processes)", Some(found[0]), Some(found[1]), "MB");
    Ok(())
}
