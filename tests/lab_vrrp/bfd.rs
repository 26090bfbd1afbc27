//! BFD between ours and Debian's keepalived 2.2.7, both ways round: sessions come up, a router that follows one is there
//! only while it is, and knows within the detection time when it is not.

use std::time::Duration;

use crate::net::{Lan, eventually, now};
use crate::router::{Daemon, Make};
use crate::{becomes_master, lets_go};

const ADDRESS: &str = "10.9.3.1";
const PATIENCE: Duration = Duration::from_secs(10);
/// Three times 100 ms, and what a busy machine takes. VRRP itself would take more than three seconds.
const DETECTION: Duration = Duration::from_millis(1500);

fn session(own: &str, other: &str, more: &str) -> String {
    format!("bfd_instance B {{\nsource_ip {own}\nneighbor_ip {other}\nmin_rx 100\nmin_tx 100\nmultiplier 3\n{more}}}\n")
}

/// `track` follows the session. A version 3 router with an interval of a second.
fn text(host: u8, priority: u8, track: bool, way: &Way) -> String {
    let (own, other) = if host == 1 { way.addresses } else { (way.addresses.1, way.addresses.0) };
    let track = if track { "track_bfd {\nB\n}\n" } else { "" };
    format!(
        "{}vrrp_instance VI_1 {{\nversion 3\ninterface eth0\nvirtual_router_id 77\npriority {priority}\n{track}\
         virtual_ipaddress {{\n{ADDRESS}/32\n}}\n}}\n",
        session(own, other, way.more)
    )
}

/// How packets go.
struct Way {
    addresses: (&'static str, &'static str),
    more: &'static str,
}

/// Host 1 follows the session to host 2, and has the better priority.
fn play(following: Make, other: Make, way: &Way) {
    let lan = Lan::new(2);
    lan.ip(1, "addr add 2001:db8::1/64 dev eth0 nodad");
    lan.ip(2, "addr add 2001:db8::2/64 dev eth0 nodad");
    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, way), other);
    becomes_master(&lan, 2, ADDRESS, PATIENCE);
    let first = Daemon::start_with(&lan, 1, &text(1, 150, true, way), following);
    first.says("Tracked BFD instance B is UP");
    second.says("(B) Entering Up state");
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    lets_go(&lan, 2, ADDRESS);

    // The neighbour says nothing when it stops.
    second.stop();
    let stopped = now();
    eventually("the fault", PATIENCE, || {
        let log = first.log();
        if log.contains("Entering FAULT STATE") { Ok(()) } else { Err(log) }
    });
    let took = stopped.elapsed();
    assert!(took < DETECTION, "{following:?}: {took:?}\n{}", first.log());
    lets_go(&lan, 1, ADDRESS);

    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, way), other);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    let log = first.stop();
    assert_eq!(log.matches("Tracked BFD instance B is UP").count(), 2, "{log}");
    assert_eq!(log.matches("(B) Expired after 300 ms").count(), 1, "{log}");
    second.stop();
}

/// VR-291, VR-293, VR-302, VR-303, VR-306, VR-310, VR-312, VR-314.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_router_follows_its_neighbour() {
    let four = Way { addresses: ("10.9.0.1", "10.9.0.2"), more: "" };
    let six = Way { addresses: ("2001:db8::1", "2001:db8::2"), more: "" };
    std::thread::scope(|scope| {
        scope.spawn(|| play(Make::Ours, Make::Original, &four));
        scope.spawn(|| play(Make::Original, Make::Ours, &four));
        scope.spawn(|| play(Make::Ours, Make::Original, &six));
        scope.spawn(|| play(Make::Ours, Make::Ours, &Way { more: "multihop\n", ..four }));
    });
}

/// VR-311: a reload that leaves the session alone does not interrupt it; one that removes it ends it.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_reload_does_not_interrupt_a_session() {
    let way = Way { addresses: ("10.9.0.1", "10.9.0.2"), more: "" };
    let lan = Lan::new(2);
    let second = Daemon::start_with(&lan, 2, &text(2, 100, false, &way), Make::Original);
    let first = Daemon::start_with(&lan, 1, &text(1, 150, true, &way), Make::Ours);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    first.configure(&(text(1, 160, true, &way) + "vrrp_script unused {\nscript \"/bin/true\"\n}\n"));
    first.reload();
    first.says("Reload complete");
    let until = now() + Duration::from_secs(1);
    while now() < until {
        assert!(lan.holds(1, ADDRESS), "{}", first.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let (first, second) = (first.stop(), second.stop());
    assert_eq!(first.matches("(B) Entering Up state").count(), 1, "{first}");
    assert_eq!(second.matches("(B) Entering Up state").count(), 1, "{second}");
    assert_eq!(first.matches("FAULT STATE").count(), 1, "{first}");
}
