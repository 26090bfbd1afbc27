//! Many addresses at once: adverts keep their time while addresses are set, announced and removed.

use std::time::Duration;

use keepalived_rs::model::vrrp::Version;
use nix::sys::socket::{setsockopt, sockopt};

use crate::lateness::next_advert;
use crate::net::{Lan, Listener, eventually, now};
use crate::router::{Daemon, Make};

const ADDRESSES: usize = 3_000;
const INTERVAL: Duration = Duration::from_millis(100);
/// What a debug build on a loaded machine keeps; the kernel's work on the addresses alone takes several times as long.
const SLACK: Duration = Duration::from_millis(75);

fn configuration() -> String {
    let mut text = format!(
        "global_defs {{\n  router_id lab\n}}\nvrrp_instance VI_1 {{\n  version {}\n  state BACKUP\n  interface eth0\n  \
         virtual_router_id 51\n  priority 200\n  advert_int 0.1\n  virtual_ipaddress {{\n    10.9.0.100/24\n  }}\n  \
         virtual_ipaddress_excluded {{\n",
        Version::V3.number()
    );
    for n in 0..ADDRESSES {
        text += &format!("    10.60.{}.{}/32\n", n / 250, n % 250 + 1);
    }
    text + "  }\n}\n"
}

/// Arrival times of all adverts of this priority that wait in the socket.
fn adverts(ears: &Listener, found: &mut Vec<Duration>) {
    let mut misses = 0;
    while misses < 5_000 {
        match next_advert(ears) {
            Some((at, 200)) => found.push(at),
            Some(_) => {}
            None => misses += 1,
        }
    }
}

/// VR-141, VR-142, VR-169: while 3,000 addresses are set and announced five times each, no advert is late: the kernel
/// is asked for 16 at a time, with a look at the clock between.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn adverts_keep_their_time_while_addresses_are_set() {
    let lan = Lan::new(1);
    let ears = lan.listen(1);
    setsockopt(&ears.descriptor(), sockopt::ReceiveTimestampns, &true).expect("SO_TIMESTAMPNS");
    setsockopt(&ears.descriptor(), sockopt::RcvBufForce, &(64 << 20)).expect("SO_RCVBUFFORCE");
    let daemon = Daemon::start_with(&lan, 1, &configuration(), Make::Ours);
    let mut times = Vec::new();
    let begun = now();
    eventually("all addresses", Duration::from_secs(60), || {
        adverts(&ears, &mut times);
        let held = lan.addresses(1).len();
        if held > ADDRESSES { Ok(()) } else { Err(format!("{held} addresses")) }
    });
    let took = begun.elapsed();
    // The announcements, and the echo of all.
    let end = now() + Duration::from_secs(4);
    while now() < end {
        adverts(&ears, &mut times);
    }
    let gaps: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let longest = gaps.iter().max().copied().unwrap_or_default();
    println!("{ADDRESSES} addresses after {took:.3?}; {} adverts, the longest gap {longest:.3?}", times.len());
    assert!(times.len() > 30, "{} adverts", times.len());
    assert!(longest < INTERVAL + SLACK, "a gap of {longest:?}");
    let log = daemon.stop();
    assert!(!log.contains("Netlink: error"), "{log}");
    assert_eq!(lan.addresses(1).len(), 2, "{:?}", lan.addresses(1));
}
