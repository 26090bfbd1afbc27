//! Two and three routers, explored exhaustively: every order of deliveries and deadlines, with a few adverts lost, a few
//! crashes, stops and links down, in quarter seconds. What must hold is in `lan/rule.rs` and `model/world.rs`.
//! `KA_MODEL_DEEP=1` allows more to go wrong: some 2.5 million states, four minutes in a debug build.

mod lan;
#[path = "model/explore.rs"]
mod explore;
#[path = "model/world.rs"]
mod world;

use keepalived_rs::base::name::{Priority, Version};
use keepalived_rs::base::net::Family;
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::vrrp::{Instance, InstanceId, Vrrp};

use explore::{Found, explore};
use lan::draft;
use lan::host::{Host, Interface, Planted};
use world::{Budget, World};

/// Skew_Time of these priorities is 0.25, 0.5 and 0.75 s, so that all that happens happens on quarters.
const PRIORITIES: [u8; 3] = [192, 128, 64];

fn instance(name: &str, vrid: u8, interface: &str, priority: u8) -> Instance {
    let mut instance = draft::instance(name, vrid, interface, priority, Family::V4);
    let address = [10, 0, 0, 100 + vrid];
    instance.virtual_addresses = vec![draft::address(std::net::IpAddr::from(address), interface)];
    instance.announce.master_delay = Interval::ZERO;
    instance.announce.lower_prio_delay = Interval::ZERO;
    instance
}

fn host(at: usize, model: Vrrp) -> Host {
    let address = |segment: u8| vec![std::net::IpAddr::from([10, 0, segment, at as u8 + 1])];
    let interfaces = vec![Interface::new(2, "eth0", 0, address(0)), Interface::new(3, "eth1", 1, address(1))];
    Host::new(["A", "B", "C"][at], interfaces, model.into())
}

fn routers(count: usize, change: impl Fn(usize, &mut Instance)) -> Vec<Host> {
    let one = |at: usize| {
        let mut instance = instance("VI_1", 51, "eth0", PRIORITIES[at]);
        change(at, &mut instance);
        host(at, draft::model(vec![instance], Vec::new(), Vec::new()))
    };
    (0..count).map(one).collect()
}

/// Two virtual routers on two LANs in one sync group.
fn grouped(change: impl Fn(usize, &mut Instance)) -> Vec<Host> {
    let one = |at: usize| {
        let mut outside = instance("VI_1", 51, "eth0", PRIORITIES[at]);
        let mut inside = instance("VI_2", 52, "eth1", PRIORITIES[at]);
        change(at, &mut outside);
        change(at, &mut inside);
        let group = draft::sync_group("G1", vec![InstanceId(0), InstanceId(1)]);
        host(at, draft::model(vec![outside, inside], vec![group], Vec::new()))
    };
    (0..2).map(one).collect()
}

fn holds(what: &str, hosts: Vec<Host>, budget: Budget, least: usize) {
    let found = explore(World::new(hosts, budget));
    match found {
        Found::Nothing { states, masters } => {
            println!("{what}: {states} states, {masters} with a Master");
            assert!(states >= least, "{what}: only {states} states");
            assert!(masters > states / 10, "{what}: hardly ever a Master");
        }
        Found::Broken { states, error, way } => {
            panic!("{what}: after {states} states: {error}\n{}", way.join("\n"))
        }
    }
}

const NOTHING: Budget = Budget { losses: 0, crashes: 0, stops: 0, links: 0, pauses: 0, cuts: 0, sessions: 0 };

fn few() -> Budget {
    match deep() {
        true => Budget { losses: 2, crashes: 1, stops: 1, links: 1, ..NOTHING },
        false => Budget { losses: 1, crashes: 1, links: 1, ..NOTHING },
    }
}

fn deep() -> bool {
    std::env::var_os("KA_MODEL_DEEP").is_some()
}

/// VR-134, VR-136, VR-142, VR-148, VR-151, VR-155: two routers, version 2.
#[test]
fn two_routers() {
    holds(
        "two routers",
        routers(2, |_, _| ()),
        if deep() {
            Budget { losses: 3, crashes: 2, stops: 2, links: 2, ..NOTHING }
        } else {
            Budget { losses: 2, stops: 1, ..NOTHING }
        },
        1000,
    );
}

/// VR-117: the same in version 3, where the interval is learned.
#[test]
fn two_routers_version_3() {
    holds("version 3", routers(2, |_, instance| instance.version = Version::V3), few(), 500);
}

#[test]
fn three_routers() {
    holds(
        "three routers",
        routers(3, |_, _| ()),
        if deep() { Budget { losses: 1, crashes: 1, stops: 1, ..NOTHING } } else { Budget { stops: 1, ..NOTHING } },
        2000,
    );
}

/// VR-137: equal priorities; the address decides between two Masters.
#[test]
fn equal_priorities() {
    let equal = |_: usize, instance: &mut Instance| instance.priority = Priority(128);
    holds("equal priorities", routers(2, equal), few(), 500);
}

/// VR-140
#[test]
fn nopreempt() {
    holds("nopreempt", routers(2, |_, instance| instance.preempt = false), few(), 500);
}

/// VR-138, VR-139
#[test]
fn preempt_delay() {
    let delayed = |at: usize, instance: &mut Instance| {
        if at == 0 {
            instance.preempt_delay = Interval::from_millis(1500);
        }
    };
    holds("preempt_delay", routers(2, delayed), few(), 500);
}

/// A router that is paused, for a moment or for longer than the other waits, wherever it stands: it listens first.
#[test]
fn a_paused_router() {
    let budget = Budget { pauses: if deep() { 2 } else { 1 }, ..NOTHING };
    holds("a paused router", routers(2, |_, _| ()), budget, 200);
    holds("a paused router, nopreempt", routers(2, |_, instance| instance.preempt = false), budget, 200);
}

/// VR-239, VR-240, VR-242, VR-243: never one member Master without the other.
#[test]
fn sync_group() {
    holds("sync group", grouped(|_, _| ()), few(), 2000);
}

#[test]
fn sync_group_nopreempt() {
    holds(
        "sync group, nopreempt",
        grouped(|_, instance| instance.preempt = false),
        Budget { losses: 0, ..few() },
        2000,
    );
}

/// VR-149, VR-239: two groups of one priority agree by the address.
#[test]
fn sync_group_of_equal_priorities() {
    let equal = |_: usize, instance: &mut Instance| instance.priority = Priority(128);
    holds("sync group, equal priorities", grouped(equal), Budget { losses: 0, ..few() }, 2000);
}

/// VR-138, VR-239: a group whose members delay their preemption.
#[test]
fn sync_group_with_preempt_delay() {
    let delayed = |at: usize, instance: &mut Instance| {
        if at == 0 {
            instance.preempt_delay = Interval::from_secs(2);
        }
    };
    holds("sync group, preempt_delay", grouped(delayed), Budget { losses: 0, links: 0, ..few() }, 1000);
}

/// VR-239, VR-240: of a group of which one member is cut off, unseen, from the other router, nobody becomes Master against
/// what another member hears, whatever the group waits for.
#[test]
fn a_half_cut_sync_group() {
    type Change = fn(usize, &mut Instance);
    let changes: [(&str, Change); 3] = [
        ("plain", |_, _| ()),
        ("equal priorities", |_, instance| instance.priority = Priority(128)),
        ("preempt_delay", |at, instance| instance.preempt_delay = Interval::from_secs(2 * (1 - at as u64))),
    ];
    for (what, change) in changes {
        let budget = Budget { cuts: 1, crashes: u8::from(deep()), stops: u8::from(deep()), ..NOTHING };
        holds(&format!("half cut sync group, {what}"), grouped(change), budget, 500);
    }
}

/// VR-212, VR-235, VR-314: sessions go up and down at any moment: a fault, or another priority on either side of the
/// other router's.
#[test]
fn a_followed_session() {
    for weight in [0, -100, 100] {
        let follow = |at: usize, instance: &mut Instance| {
            if at == 0 || weight != 0 {
                instance.track_bfds.push(draft::tracked_bfd("B", weight));
            }
        };
        let budget = Budget { sessions: if deep() { 4 } else { 2 }, losses: u8::from(deep()), ..NOTHING };
        holds(&format!("a session of weight {weight}"), routers(2, follow), budget, 200);
    }
}

/// The exploration is no good if it finds nothing: each planted fault must be found, and the way to it told.
#[test]
fn planted_faults_are_found() {
    let planted = [
        ("addresses are not removed", Planted { addresses_stay: true, ..Planted::default() }, "10.0.0.151"),
        ("priority 0 is not sent", Planted { no_release: true, ..Planted::default() }, "after its stop"),
        ("a router is deaf", Planted { deaf: true, ..Planted::default() }, "Master"),
    ];
    for (what, fault, words) in planted {
        let mut hosts = routers(2, |_, _| ());
        for host in &mut hosts {
            host.planted = fault;
        }
        is_found(what, hosts, Budget { losses: 1, crashes: 1, stops: 1, links: 1, ..NOTHING }, words);
    }
    let mut hosts = grouped(|_, _| ());
    for host in &mut hosts {
        host.planted.rash = true;
    }
    is_found(
        "a group does not ask its members",
        hosts,
        Budget { cuts: 1, ..NOTHING },
        "after it heard one of priority",
    );
}

fn is_found(what: &str, hosts: Vec<Host>, budget: Budget, words: &str) {
    match explore(World::new(hosts, budget)) {
        Found::Nothing { states, .. } => panic!("{what}: not found in {states} states"),
        Found::Broken { error, way, .. } => {
            assert!(error.contains(words), "{what}: found as {error}");
            assert!(way.len() > 2, "{what}: no way to it is told");
        }
    }
}
