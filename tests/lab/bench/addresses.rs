//! One virtual router with thousands of addresses takes over: when they are in place and announced, and how late its
//! adverts are meanwhile.

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};

use super::figure::{bare, quantile, row, sorted, title};
use super::lan::{BENCH, ROUTER, VIP, VRID, instance, lan};
use super::wire::{Frame, Wire, now};
use super::{Programs, rounds};
use crate::daemon::Daemon;
use crate::namespace::{Namespace, Outcome, doing};

/// Between adverts of the bench and of the router alike.
const CENTISECONDS: u16 = 10;
/// `garp_master_repeat`, as it is if nothing is said.
const REPEAT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);

fn configuration(addresses: usize) -> String {
    let text = instance("BACKUP", 100, &format!("0.{CENTISECONDS}"));
    let mut text = text.trim_end_matches("}\n").to_owned() + "    }\n    virtual_ipaddress_excluded {\n";
    for nth in 1..addresses {
        let _ = writeln!(text, "        {}", Ipv4Addr::from(0x0a14_0000 + nth as u32));
    }
    text.push_str("    }\n}\n");
    text
}

/// Follows the addresses of a namespace: how many were added and removed, and when the last one was added.
struct Follower {
    added: Arc<AtomicUsize>,
    removed: Arc<AtomicUsize>,
    last: Arc<AtomicU64>,
    end: Arc<AtomicBool>,
}

impl Follower {
    fn start(namespace: &Namespace) -> Outcome<Follower> {
        const RTNLGRP_IPV4_IFADDR: u32 = 5;
        let socket = namespace.inside(|| {
            let mut socket = doing("rtnetlink", Socket::new(NETLINK_ROUTE))?;
            doing("rtnetlink", socket.bind_auto())?;
            doing("rtnetlink", socket.add_membership(RTNLGRP_IPV4_IFADDR))?;
            doing("rtnetlink", socket.set_non_blocking(true))?;
            // SAFETY: the descriptor is open and outlives the borrow.
            let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(socket.as_raw_fd()) };
            doing("receive buffer", setsockopt(&descriptor, sockopt::RcvBufForce, &(64 << 20)))?;
            Ok(socket)
        })?;
        let follower =
            Follower { added: Arc::default(), removed: Arc::default(), last: Arc::default(), end: Arc::default() };
        let Follower { added, removed, last, end } = &follower;
        let (added, removed, last, end) = (added.clone(), removed.clone(), last.clone(), end.clone());
        std::thread::spawn(move || {
            const RTM_NEWADDR: [u8; 2] = 20_u16.to_ne_bytes();
            const RTM_DELADDR: [u8; 2] = 21_u16.to_ne_bytes();
            let mut block: Vec<u8> = Vec::with_capacity(1 << 16);
            while !end.load(Ordering::Relaxed) {
                let mut more = 0;
                loop {
                    block.clear();
                    if socket.recv(&mut block, 0).is_err() {
                        break;
                    }
                    match block.get(4..6).and_then(|kind| kind.try_into().ok()) {
                        Some(RTM_NEWADDR) => more += 1,
                        Some(RTM_DELADDR) => drop(removed.fetch_add(1, Ordering::Relaxed)),
                        _ => {}
                    }
                }
                if more > 0 {
                    last.store(now().map_or(0, |now| now.as_nanos() as u64), Ordering::Relaxed);
                    added.fetch_add(more, Ordering::Relaxed);
                }
                // Not a wake-up for each: the router has a processor to itself.
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        Ok(follower)
    }

    fn present(&self) -> usize {
        self.added.load(Ordering::Relaxed).saturating_sub(self.removed.load(Ordering::Relaxed))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

/// Milliseconds from the first advert.
struct Takeover {
    last_address: f64,
    last_announcement: f64,
    /// How much the longest gap between two adverts was longer than the interval.
    latest_advert: f64,
}

pub fn takeovers(programs: &Programs) -> Outcome<()> {
    let sizes = [(1_000, 20), (5_000, 5), (10_000, 3)].map(|(addresses, usual)| (addresses, rounds(usual).min(usual)));
    let mut found: [Vec<Vec<Takeover>>; 2] = Default::default();
    for (at, program) in programs.both() {
        // Each has a LAN of its own: the original leaves addresses behind when it has very many.
        let names = [("original", "wire-original"), ("ours", "wire-ours")];
        let (here, there) = lan(names[at].0, names[at].1)?;
        let (wire, follower) = (Wire::open(&there, BENCH)?, Follower::start(&here)?);
        for (addresses, rounds) in sizes {
            let mut daemon = Daemon::new(program, programs.place.join(format!("addresses{at}")))?;
            daemon.options = vec!["-P"];
            daemon.configure(&configuration(addresses))?;
            daemon.start(&here)?;
            let mut all = Vec::new();
            for _ in 0..=rounds {
                let takeover = take_over(&wire, &follower, addresses);
                all.push(takeover.map_err(|why| format!("{}, {addresses} addresses: {why}", program.display()))?);
            }
            // The first one has to learn the interval.
            all.remove(0);
            found[at].push(all);
            daemon.stop(PATIENCE)?;
        }
    }
    let (here, there) = lan("bare", "wire-bare")?;
    let (_wire, _follower) = (Wire::open(&there, BENCH)?, Follower::start(&here)?);
    title();
    let [original, ours] = found;
    for ((addresses, rounds), (original, ours)) in sizes.iter().zip(original.iter().zip(&ours)) {
        let median =
            |of: &[Takeover], part: fn(&Takeover) -> f64| quantile(&sorted(of.iter().map(part).collect()), 0.5);
        let pair = |what: &str, part: fn(&Takeover) -> f64| {
            let what = format!("{addresses} addresses: {what}, median of {rounds}");
            row(&what, median(original, part), median(ours, part), "ms");
        };
        pair("first advert to the last address", |one| one.last_address);
        pair("first advert to the last of 5 announcements each", |one| one.last_announcement);
        pair("how late the latest advert was meanwhile", |one| one.latest_advert);
        let what = format!("{addresses} addresses: median of {rounds}");
        bare(&what, "bare batches of 16", quantile(&sorted(bare_batches(&here, *addresses, *rounds)?), 0.5), "ms");
    }
    Ok(())
}

/// Milliseconds that the kernel takes to set so many addresses for somebody who knows beforehand what to say; each time on a
/// link of its own, in a namespace that is watched as the daemons' are.
fn bare_batches(here: &Namespace, addresses: usize, rounds: usize) -> Outcome<Vec<f64>> {
    let mut found = Vec::new();
    for _ in 0..rounds {
        here.ip(&["link add bare type veth peer name peer", "link set bare up", "link set peer up"])?;
        let took = here.inside(|| {
            let index = doing("bare", nix::net::if_::if_nametoindex("bare"))?;
            let batches: Vec<Vec<u8>> =
                (0..addresses).step_by(16).map(|first| batch(index, first..addresses.min(first + 16))).collect();
            let mut socket = doing("rtnetlink", Socket::new(NETLINK_ROUTE))?;
            doing("rtnetlink", socket.bind_auto())?;
            let begun = Instant::now();
            for batch in &batches {
                doing("rtnetlink", socket.send(batch, 0))?;
                let mut answer = Vec::with_capacity(1 << 12);
                doing("rtnetlink", socket.recv(&mut answer, 0))?;
                // NLMSG_ERROR with errno 0 (netlink(7)).
                if answer.get(16..20) != Some(&[0; 4]) {
                    return Err("an address was refused".to_owned());
                }
            }
            Ok(begun.elapsed())
        })?;
        here.ip(&["link delete bare"])?;
        found.push(took.as_secs_f64() * 1000.0);
    }
    Ok(found)
}

/// RTM_NEWADDR of some addresses; the last one is answered.
fn batch(index: u32, addresses: std::ops::Range<usize>) -> Vec<u8> {
    const RTM_NEWADDR: u16 = 20;
    const REQUEST_CREATE_EXCLUSIVE: u16 = 0x0601;
    const ACKNOWLEDGE: u16 = 4;
    let mut bytes = Vec::new();
    let last = addresses.end - 1;
    for nth in addresses {
        let flags = REQUEST_CREATE_EXCLUSIVE | if nth == last { ACKNOWLEDGE } else { 0 };
        bytes.extend(32_u32.to_ne_bytes());
        bytes.extend([RTM_NEWADDR, flags].map(u16::to_ne_bytes).concat());
        bytes.extend([nth as u32, 0].map(u32::to_ne_bytes).concat());
        // AF_INET, /32; IFA_LOCAL.
        bytes.extend([2, 32, 0, 0]);
        bytes.extend(index.to_ne_bytes());
        bytes.extend([8, 2_u16].map(u16::to_ne_bytes).concat());
        bytes.extend(Ipv4Addr::from(0x0a14_0000 + nth as u32).octets());
    }
    bytes
}

fn take_over(wire: &Wire, follower: &Follower, addresses: usize) -> Outcome<Takeover> {
    let interval = Duration::from_millis(u64::from(CENTISECONDS) * 10);
    let begun = Instant::now();
    let mut rule = 0;
    // A Backup without addresses, for long enough to know the bench's interval.
    while rule < 5 {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{} addresses stay", follower.present()));
        }
        wire.forget()?;
        wire.advertise(VRID, 200, CENTISECONDS, VIP)?;
        std::thread::sleep(interval);
        rule = if follower.present() == 0 { rule + 1 } else { 0 };
    }
    wire.forget()?;
    let begun = Instant::now();
    let (mut adverts, mut announced): (Vec<Duration>, usize) = (Vec::new(), 0);
    let mut last = Duration::ZERO;
    while announced < REPEAT * addresses || adverts.last().is_none_or(|at| *at < last) {
        if begun.elapsed() > PATIENCE {
            return Err(format!(
                "{} addresses, {announced} announcements, {} adverts",
                follower.present(),
                adverts.len()
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
        for frame in wire.drain()? {
            match frame {
                Frame::Advert(seen) if seen.from == ROUTER => adverts.push(seen.at),
                Frame::Announcement { at } if announced < REPEAT * addresses => {
                    announced += 1;
                    last = at;
                }
                Frame::Advert(_) | Frame::Announcement { .. } => {}
            }
        }
    }
    let first = *adverts.first().ok_or("no advert")?;
    let longest = adverts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default();
    let since = |at: Duration| at.saturating_sub(first).as_secs_f64() * 1000.0;
    Ok(Takeover {
        last_address: since(Duration::from_nanos(follower.last.load(Ordering::Relaxed))),
        last_announcement: since(last),
        latest_advert: longest.saturating_sub(interval).as_secs_f64() * 1000.0,
    })
}
