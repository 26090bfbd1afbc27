//! One host: start, timers, faults of links, addresses and scripts, sockets, stop.

use super::*;
use crate::base::name::{Priority, ScriptName};
use crate::base::net::InterfaceIndex;
use crate::model::host::HostAddress;
use crate::model::track::TrackedInterface;
use crate::model::vrrp::{Authentication, ReceiveBuffers};
use crate::vrrp::fixture::*;

fn one(priority: u8) -> Vrrp {
    vrrp(vec![instance("VI_1", 51, priority)])
}

const GROUP: &str = "open Group(224.0.0.18)";

/// VR-125: 3.609 s to the first advert for priority 100, `state MASTER` or not.
#[test]
fn state_master_is_no_faster() {
    for wants_master in [false, true] {
        let mut stage = Stage::waiting(vrrp(vec![Instance { wants_master, ..instance("VI_1", 51, 100) }]));
        let told = stage.input(Input::Start);
        assert!(told.contains(&"[VI_1 Backup init]".to_owned()), "{told:?}");
        let sent = stage.pass_only(Interval::from_secs(5), "send");
        assert_eq!(sent[0], (3_609_375, "send 51 priority 100 to 224.0.0.18".to_owned()));
        assert_eq!(sent[1].0, 4_609_375);
    }
}

/// VR-127, VR-318: the owner goes through Backup and is Master a microsecond later.
#[test]
fn an_owner_begins_at_once() {
    let mut stage = Stage::started(one(255));
    assert_eq!(stage.state(), State::Backup);
    let sent = stage.pass_only(SECOND, "send");
    assert_eq!(sent[0].0, 1);
    assert_eq!(stage.state(), State::Master);
}

/// VR-141, VR-142: the order of all that becoming Master means.
#[test]
fn becoming_master_in_order() {
    let mut stage = Stage::started(vrrp(vec![Instance {
        excluded_addresses: vec![virtual_address("10.9.0.1/32", "eth1")],
        ..instance("VI_1", 51, 100)
    }]));
    assert_eq!(
        stage.next(),
        [
            "[VI_1 AdvertTimeout]",
            "send 51 priority 100 to 224.0.0.18",
            "[VI_1 Master]",
            "[VI_1 SettingAddresses]",
            "[VI_1 SettingExcludedAddresses]",
            "add 0 10.0.0.100/24 10.9.0.1/32",
            "[VI_1 Announcing { interface: InterfaceName(\"eth0\"), address: 10.0.0.100 }]",
            "[VI_1 Announcing { interface: InterfaceName(\"eth1\"), address: 10.9.0.1 }]",
            "announce 10.0.0.100 10.9.0.1",
            "[Announced { interface: InterfaceName(\"eth0\"), address: 10.0.0.100 }]",
            "[Announced { interface: InterfaceName(\"eth1\"), address: 10.9.0.1 }]",
            "notify VI_1 Master 100",
        ]
    );
    assert_eq!(stage.held(), ["10.0.0.100/24", "10.9.0.1/32"]);
}

/// VR-128, VR-129, VR-336: what a predecessor left on the interface goes at the start, in one go, and is no source.
#[test]
fn leftovers_go_at_the_start() {
    let mut stage = Stage::waiting(one(100));
    stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.1/24")));
    stage.input(Input::Address(host_address(ETH0, "10.0.0.100/24")));
    stage.input(Input::Address(host_address(ETH0, "10.0.0.1/24")));
    let told = acts(stage.input(Input::Start));
    assert_eq!(told, ["remove 0 10.0.0.100/24 forced", "notify VI_1 Backup 100", GROUP]);
    let sent = stage.effects(Input::Deadline);
    assert!(sent.is_empty(), "not due");
    stage.now += Interval::from_secs(4);
    let sent = stage.effects(Input::Deadline);
    let source = sent.iter().find_map(|effect| match effect {
        Effect::Send(sent) => Some(sent.source),
        _ => None,
    });
    assert_eq!(source, Some(ip("10.0.0.1")));
}

/// VR-64, VR-130, IF-191: in the start-up delay nothing is sent or heard; all waiting begins at its end.
#[test]
fn startup_delay() {
    let owner =
        Instance { virtual_addresses: vec![virtual_address("10.0.0.200/24", "eth0")], ..instance("OWN", 60, 255) };
    let model = Vrrp { startup_delay: Interval::from_secs(4), ..vrrp(vec![instance("VI_1", 51, 150), owner]) };
    let mut stage = Stage::waiting(model);
    let told = stage.input(Input::Start);
    assert_eq!(told[0], "[StartupDelayed { delay: Interval(4000000) }]");
    assert!(stage.pass(Interval::from_secs(2)).is_empty());
    assert!(stage.hear(0, "10.0.0.2", 0).is_empty(), "nothing is heard");
    assert_eq!(stage.statistics().adverts_received, 0);
    let all = stage.pass(Interval::from_secs(6));
    let first = |what: &str| all.iter().find(|(_, line)| line.starts_with(what)).map(|(at, _)| *at);
    assert_eq!(first("[StartupDelayOver]"), Some(2_000_000));
    assert_eq!(first("send 60"), Some(2_000_001));
    assert_eq!(first("send 51"), Some(2_000_000 + 3_414_062));
}

/// VR-132, VR-216: an unweighted script without a result holds its instance back silently; the first success frees it.
#[test]
fn a_script_without_result_holds_back() {
    let model = Vrrp {
        scripts: vec![Arc::new(script("chk", 3, 3))],
        ..vrrp(vec![Instance { track_scripts: vec![tracked("chk", 0)], ..instance("VI_1", 51, 100) }])
    };
    let mut stage = Stage::waiting(model.clone());
    let told = stage.input(Input::Start);
    assert!(!told.iter().any(|line| line.starts_with("[VI_1") || line.starts_with("notify")), "{told:?}");
    assert_eq!((stage.state(), stage.router.deadline()), (State::Fault, None));
    assert_eq!(
        stage.script("chk", 0),
        ["[ScriptSucceeded { script: ScriptName(\"chk\") }]", "[VI_1 Backup]", "notify VI_1 Backup 100"]
    );
    // A failure is told as one.
    let mut stage = Stage::started(model);
    let told = stage.script("chk", 1);
    assert!(told.contains(&"[VI_1 Fault init]".to_owned()) || told.contains(&"[VI_1 Fault]".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "notify VI_1 Fault 100");
}

/// VR-211, VR-212, VR-214, VR-219, VR-221: a weighted script moves the priority of a Master, which stays Master.
#[test]
fn a_weighted_script_moves_the_priority() {
    let model = Vrrp {
        scripts: vec![Arc::new(script("chk", 1, 2))],
        ..vrrp(vec![Instance {
            track_scripts: vec![tracked("chk", -60)],
            notify_priority_changes: true,
            ..instance("VI_1", 51, 100)
        }])
    };
    let mut stage = Stage::master(model);
    stage.script("chk", 0);
    assert_eq!(stage.script("chk", 1), ["[ScriptStatus { script: ScriptName(\"chk\"), status: 1 }]"]);
    assert_eq!(
        stage.script("chk", 1),
        [
            "[ScriptFailed { script: ScriptName(\"chk\"), outcome: Exited(1) }]",
            "[VI_1 PriorityChanged { from: Priority(100), to: Priority(40) }]",
            "notify VI_1 MasterPriority 40",
        ]
    );
    assert_eq!(stage.state(), State::Master);
    let sent = stage.pass_only(SECOND, "send");
    assert_eq!(sent[0].1, "send 51 priority 40 to 224.0.0.18");
}

/// VR-152, VR-155, VR-181, VR-182, VR-332: the link goes down and comes up again.
#[test]
fn a_link_bounces() {
    let mut stage = Stage::master(one(100));
    assert_eq!(
        stage.input(Input::Link(link(ETH0, "eth0", false))),
        [
            "[LinkDown { interface: InterfaceName(\"eth0\"), polled: false }]",
            "[VI_1 Fault]",
            "send 51 priority 0 to 224.0.0.18",
            "[VI_1 SentPriorityZero]",
            "send 51 priority 0 to 224.0.0.18",
            "[VI_1 RemovingAddresses]",
            "remove 0 10.0.0.100/24",
            "notify VI_1 Fault 100",
        ]
    );
    assert!(stage.input(Input::Link(link(ETH0, "eth0", false))).is_empty(), "told twice");
    assert_eq!(stage.router.deadline(), None);
    assert_eq!(
        stage.input(Input::Link(link(ETH0, "eth0", true))),
        ["[LinkUp { interface: InterfaceName(\"eth0\"), polled: false }]", "[VI_1 Backup]", "notify VI_1 Backup 100"]
    );
    let sent = stage.pass_only(Interval::from_secs(4), "send");
    assert_eq!(sent[0].0, 3_609_375);
}

/// VR-183: with `dont_track_primary` the own link does not matter.
#[test]
fn an_untracked_link_does_not_matter() {
    let mut stage = Stage::master(vrrp(vec![Instance { dont_track_primary: true, ..instance("VI_1", 51, 100) }]));
    assert!(acts(stage.input(Input::Link(link(ETH0, "eth0", false)))).is_empty());
    assert_eq!(stage.state(), State::Master);
}

/// VR-184, VR-234: links of addresses fault unless `no_track`; tracked ones weigh or fault.
#[test]
fn other_links_count_as_configured() {
    let on_eth1 = |no_track| {
        let address = VirtualAddress { no_track, ..(*virtual_address("10.1.0.100/24", "eth1")).clone() };
        Instance { excluded_addresses: vec![Arc::new(address)], ..instance("VI_1", 51, 100) }
    };
    let tracked = |weight| {
        let effect = crate::model::track::TrackEffect { weight: crate::base::name::Weight(weight), reverse: false };
        Instance {
            track_interfaces: vec![TrackedInterface { interface: eth("eth1"), effect }],
            ..instance("VI_1", 51, 100)
        }
    };
    let after = |model: Instance| {
        let mut stage = Stage::master(vrrp(vec![model]));
        stage.input(Input::Link(link(ETH1, "eth1", false)));
        (stage.state(), stage.router.priority(InstanceId(0)).unwrap().0)
    };
    assert_eq!(after(on_eth1(false)), (State::Fault, 100));
    assert_eq!(after(on_eth1(true)), (State::Master, 100));
    assert_eq!(after(tracked(0)), (State::Fault, 100));
    assert_eq!(after(tracked(-30)), (State::Master, 70));
    assert_eq!(after(tracked(30)), (State::Master, 100));
}

/// VR-187, VR-188: a link that goes away takes its addresses with it; it comes back, and an address with it.
#[test]
fn a_link_goes_and_comes() {
    let mut stage = Stage::master(one(100));
    let told = stage.input(Input::LinkGone(ETH0));
    assert_eq!(told[0], "[LinkGone { interface: InterfaceName(\"eth0\") }]");
    assert!(!told.iter().any(|line| line.starts_with("remove")), "they went with the link: {told:?}");
    assert!(told.contains(&"close Group(224.0.0.18)".to_owned()), "{told:?}");
    assert!(stage.held().is_empty());
    assert_eq!(stage.state(), State::Fault);
    let index = InterfaceIndex(12);
    assert!(acts(stage.input(Input::Link(link(index, "eth0", true)))).iter().all(|line| line.starts_with("open")));
    assert_eq!(stage.state(), State::Fault, "no address yet");
    let told = stage.input(Input::Address(host_address(index, "10.0.0.1/24")));
    assert_eq!(
        told,
        [
            "[SourceAssigned { address: 10.0.0.1, interface: InterfaceName(\"eth0\") }]",
            "[VI_1 Backup]",
            "notify VI_1 Backup 100"
        ]
    );
    stage.next();
    assert_eq!(stage.router.holds().next().unwrap().1.index, index);
}

/// VR-189: a rename is the end of the old name and the beginning of the new.
#[test]
fn a_link_is_renamed() {
    let mut stage = Stage::master(one(100));
    stage.input(Input::Link(link(ETH0, "wan0", true)));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Link(link(ETH0, "eth0", true)));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-133, VR-208: without an address to send from an instance faults; a tentative one is none.
#[test]
fn without_an_address_there_is_a_fault() {
    let mut stage = Stage::waiting(vrrp(vec![instance6("VI_6", 61, 100)]));
    stage.input(Input::AddressGone(host_address(ETH0, "fe80::1/64")));
    stage.input(Input::Address(host_address(ETH0, "fd00::1/64")));
    let told = stage.input(Input::Start);
    assert!(told.contains(&"[VI_6 Fault(NoAddress(V6))]".to_owned()), "{told:?}");
    let tentative = HostAddress { tentative: true, ..host_address(ETH0, "fe80::7/64") };
    stage.input(Input::Address(tentative.clone()));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Address(HostAddress { tentative: false, ..tentative }));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-161, VR-209: the last of the other addresses takes over; with none left two farewells leave from the old one.
#[test]
fn the_source_address_goes() {
    let mut stage = Stage::master(one(100));
    stage.input(Input::Address(host_address(ETH0, "10.0.0.2/24")));
    stage.input(Input::Address(host_address(ETH0, "10.0.0.3/24")));
    let sources = |effects: Vec<Effect>| -> Vec<std::net::IpAddr> {
        let of = |effect: &Effect| match effect {
            Effect::Send(sent) => Some(sent.source),
            _ => None,
        };
        effects.iter().filter_map(of).collect()
    };
    assert!(sources(stage.effects(Input::AddressGone(host_address(ETH0, "10.0.0.1/24")))).is_empty());
    assert_eq!(stage.state(), State::Master);
    stage.now += SECOND;
    assert_eq!(sources(stage.effects(Input::Deadline)), [ip("10.0.0.3")]);
    stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.2/24")));
    let last = stage.effects(Input::AddressGone(host_address(ETH0, "10.0.0.3/24")));
    assert_eq!(sources(last), [ip("10.0.0.3"), ip("10.0.0.3")]);
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Address(host_address(ETH0, "10.0.0.9/24")));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-159, VR-160, VR-257: an address that another program removes costs the state, and it is back after the skew
/// alone.
#[test]
fn an_address_is_taken_away() {
    let mut stage = Stage::master(vrrp(vec![Instance {
        excluded_addresses: vec![virtual_address("10.9.0.1/32", "eth0")],
        ..instance("VI_1", 51, 100)
    }]));
    assert_eq!(
        acts(stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.100/24")))),
        ["send 51 priority 0 to 224.0.0.18", "remove 0 10.9.0.1/32", "notify VI_1 Backup 100"]
    );
    assert_eq!(stage.state(), State::Backup);
    let sent = stage.pass_only(SECOND, "send");
    assert_eq!(sent[0], (609_375, "send 51 priority 100 to 224.0.0.18".to_owned()));
    assert_eq!(stage.held(), ["10.0.0.100/24", "10.9.0.1/32"]);
    // Another prefix is another address; ours stays.
    assert!(stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.100/32"))).is_empty());
}

/// The echo of a removal of our own that comes late is no theft.
#[test]
fn a_late_echo_is_no_theft() {
    let mut stage = Stage::started(one(100));
    stage.echo = false;
    while stage.state() != State::Master {
        stage.next();
    }
    assert!(stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.100/24"))).is_empty());
    assert_eq!(stage.state(), State::Master);
    stage.input(Input::Address(host_address(ETH0, "10.0.0.100/24")));
    stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.100/24")));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-255: a refused address counts as not set; the state stays. VR-168, VR-349: it is not announced later.
#[test]
fn a_refused_address_is_not_held() {
    let mut stage = Stage::started(one(100));
    stage.echo = false;
    while stage.state() != State::Master {
        stage.next();
    }
    let address = stage.model.instances[0].virtual_addresses[0].clone();
    assert!(stage.input(Input::AddressRefused { instance: InstanceId(0), address }).is_empty());
    assert_eq!((stage.state(), stage.held()), (State::Master, vec![]));
    assert!(stage.pass_only(Interval::from_secs(6), "announce").is_empty());
}

/// VR-56: instances of one group and interface share a socket; AH, another family and another interface do not.
#[test]
fn sockets_are_shared() {
    let stage = |model| acts(Stage::waiting(model).input(Input::Start));
    let count = |told: Vec<String>| told.iter().filter(|line| line.starts_with("open")).count();
    assert_eq!(count(stage(vrrp(vec![instance("A", 1, 100), instance("B", 2, 100)]))), 1);
    let ah = Instance { authentication: Authentication::Ah([1; 8]), ..instance("B", 2, 100) };
    assert_eq!(count(stage(vrrp(vec![instance("A", 1, 100), ah]))), 2);
    assert_eq!(count(stage(vrrp(vec![instance("A", 1, 100), instance6("B", 1, 100), inside(100)]))), 3);
    assert_eq!(count(stage(vrrp(vec![unicast("A", 1, 100, &["10.0.0.2"]), unicast("B", 1, 100, &["10.0.0.3"])]))), 1);
}

/// VR-58: an instance whose socket cannot be opened faults; it is tried again when an address comes.
#[test]
fn a_refused_socket_is_a_fault() {
    let mut stage = Stage::started(one(100));
    let socket = stage.packet_of(0, "10.0.0.2", &stage.advert_of(0, "10.0.0.2", 1)).socket;
    let told = stage.input(Input::SocketRefused { socket, error: "no".to_owned() });
    assert_eq!(told.last().unwrap(), "notify VI_1 Fault 100");
    let told = stage.input(Input::Address(host_address(ETH0, "10.0.0.44/24")));
    assert_eq!(told, [GROUP, "[VI_1 Backup]", "notify VI_1 Backup 100"]);
}

/// VR-152, VR-157, IF-186: a stop in file order, farewell before the addresses go, instances before groups.
#[test]
fn a_stop_in_order() {
    let mut stage = Stage::master(grouped(vec![instance("VI_1", 51, 100), inside(100)]));
    assert_eq!(
        acts(stage.input(Input::Stop)),
        [
            "send 51 priority 0 to 224.0.0.18",
            "remove 0 10.0.0.100/24",
            "notify VI_1 Stop 100",
            "send 52 priority 0 to 224.0.0.18",
            "remove 1 10.1.0.100/24",
            "notify VI_2 Stop 100",
            "notify group G Stop",
            "close Group(224.0.0.18)",
            "close Group(224.0.0.18)",
        ]
    );
    assert_eq!(stage.router.deadline(), None);
    assert!(stage.held().is_empty());
    assert!(stage.hear(0, "10.0.0.2", 0).is_empty(), "a stopped router does nothing");
}

/// VR-156: a unicast instance shows its own address when it comes up. Each peer gets its own copy.
#[test]
fn a_unicast_instance() {
    let mut stage = Stage::waiting(vrrp(vec![unicast("VI_1", 51, 100, &["10.0.0.2", "10.0.0.3"])]));
    assert_eq!(
        acts(stage.input(Input::Start)),
        ["notify VI_1 Backup 100", "announce 10.0.0.1", "open Unicast(10.0.0.1)"]
    );
    let sent = stage.pass_only(Interval::from_secs(4), "send");
    assert_eq!(sent[0].1, "send 51 priority 100 to 10.0.0.2");
    assert_eq!(sent[1].1, "send 51 priority 100 to 10.0.0.3");
    assert_eq!(stage.statistics().adverts_sent, 1, "VR-288: one advert, however many peers");
    // The address changes: another socket.
    stage.input(Input::Address(host_address(ETH0, "10.0.0.7/24")));
    let told = stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.1/24")));
    assert!(told.contains(&"close Unicast(10.0.0.1)".to_owned()), "{told:?}");
    assert!(told.contains(&"open Unicast(10.0.0.7)".to_owned()), "{told:?}");
}

/// VR-169, VR-170: the bursts of a new Master, round by round, and the second one after the delay. VR-171, VR-173, VR-342: the
/// refresh, one however often we became Master. VR-172: nothing is left over from an earlier stay.
#[test]
fn announcements_follow_their_schedule() {
    let model = Instance {
        virtual_addresses: vec![virtual_address("10.0.0.100/24", "eth0"), virtual_address("10.0.0.101/24", "eth0")],
        announce: crate::model::vrrp::Announce {
            master_delay: Interval::from_secs(2),
            master_repeat: 2,
            master_refresh: Interval::from_secs(4),
            master_refresh_repeat: 1,
            ..instance("VI_1", 51, 100).announce
        },
        ..instance("VI_1", 51, 100)
    };
    let mut stage = Stage::started(vrrp(vec![model]));
    let begin = 3_609_375;
    let round = "announce 10.0.0.100 10.0.0.101".to_owned();
    let twice = format!("{round} 10.0.0.100 10.0.0.101");
    let told = stage.pass_only(Interval::from_micros(begin + 11_000_000), "announce");
    assert_eq!(
        told,
        [
            (begin, twice.clone()),
            (begin + 2_000_000, twice.clone()),
            (begin + 6_000_000, round.clone()),
            (begin + 10_000_000, round.clone()),
        ]
    );
    for _ in 0..3 {
        stage.hear(0, "10.0.0.2", 150);
        while stage.state() != State::Master {
            stage.next();
        }
    }
    let begin = stage.now;
    stage.pass(Interval::from_secs(1));
    let told = stage.pass_only(Interval::from_secs(10), "announce");
    let at: Vec<u64> = told.iter().map(|(at, _)| at + 1_000_000).collect();
    assert_eq!(at, [2_000_000, 6_000_000, 10_000_000], "since {begin:?}");
    stage.hear(0, "10.0.0.2", 150);
    assert!(stage.pass_only(Interval::from_secs(3), "announce").is_empty());
}

/// VR-174: an answer to a lower-priority advert is repeated once.
#[test]
fn a_lower_advert_is_answered_by_two_bursts() {
    let mut stage = Stage::master(one(100));
    stage.pass(Interval::from_secs(6));
    let now = stage.hear(0, "10.0.0.2", 50);
    assert_eq!(now.iter().filter(|line| line.starts_with("announce")).count(), 1);
    let later = stage.pass_only(Interval::from_secs(20), "announce");
    assert_eq!(later, [(5_000_000, "announce 10.0.0.100".to_owned())]);
}

/// VR-177, VR-180: one announcement an interval, round-robin; what waits is dropped with the state.
#[test]
fn announcements_may_be_paced() {
    let model = Instance {
        virtual_addresses: ["10.0.0.100/24", "10.0.0.101/24", "10.0.0.102/24"]
            .iter()
            .map(|text| virtual_address(text, "eth0"))
            .collect(),
        announce: crate::model::vrrp::Announce {
            master_delay: Interval::ZERO,
            master_repeat: 3,
            garp_interval: Interval::from_millis(50),
            ..instance("VI_1", 51, 100).announce
        },
        ..instance("VI_1", 51, 100)
    };
    let mut stage = Stage::started(vrrp(vec![model]));
    let told = stage.pass_only(Interval::from_secs(5), "announce");
    let begin = told[0].0;
    let shown: Vec<(u64, &str)> =
        told.iter().map(|(at, line)| (at - begin, &line["announce 10.0.0.".len()..])).collect();
    let expected: Vec<(u64, &str)> =
        (0..9).map(|nth| (nth * 50_000, ["100", "101", "102"][nth as usize % 3])).collect();
    assert_eq!(shown, expected);

    stage.hear(0, "10.0.0.2", 50);
    stage.hear(0, "10.0.0.2", 150);
    assert!(stage.pass_only(Interval::from_secs(2), "announce").is_empty());
}

/// VR-138, VR-136: preemption comes at the end of the delay and the rest of the down timer.
#[test]
fn preempt_delay_by_the_clock() {
    let model = Instance { preempt_delay: Interval::from_secs(5), ..instance("VI_1", 51, 150) };
    let mut stage = Stage::started(vrrp(vec![model]));
    let begin = stage.now;
    let mut next_advert = begin + Interval::from_millis(100);
    while stage.state() != State::Master {
        match stage.router.deadline() {
            Some(at) if at <= next_advert => {
                stage.next();
            }
            _ => {
                stage.now = next_advert;
                next_advert += SECOND;
                stage.hear(0, "10.0.0.2", 100);
            }
        }
    }
    // Heard first at 0.1 s; the last advert accepted before 5.1 s came at 4.1 s.
    assert_eq!(stage.now.since(begin).as_micros(), 4_100_000 + 3_414_062);
}

/// VR-136, VR-140: a lower Master is displaced after our down timer, unless `nopreempt`.
#[test]
fn preemption() {
    for preempt in [true, false] {
        let mut stage = Stage::started(vrrp(vec![Instance { preempt, ..instance("VI_1", 51, 150) }]));
        for _ in 0..10 {
            stage.pass(Interval::from_millis(500));
            stage.hear(0, "10.0.0.2", 100);
        }
        assert_eq!(stage.state() == State::Master, preempt);
    }
}

/// Two routers that differ in what they counted are equal; rebased ones too.
#[test]
fn equality_and_rebase() {
    let mut stage = Stage::master(one(100));
    let before = stage.router.clone();
    let at = stage.now;
    stage.next();
    assert_ne!(stage.router.statistics(InstanceId(0)), before.statistics(InstanceId(0)));
    let mut moved = stage.router.clone();
    moved.rebase(stage.now.since(at));
    // The second burst is nearer now; but for that they are the same.
    assert_ne!(moved, before);
    stage.pass(Interval::from_secs(6));
    let (one, at) = (stage.router.clone(), stage.now);
    stage.pass(Interval::from_secs(7));
    let mut other = stage.router.clone();
    other.rebase(stage.now.since(at));
    assert_eq!(one, other);
    assert_eq!(one.deadline(), other.deadline());
}

/// A thousand instances: each deadline is found without looking at all.
#[test]
fn a_thousand_instances() {
    let name = |at: usize| format!("VI_{at}");
    let many = (0..1_000).map(|at| Instance {
        interface: Some(eth(&format!("v{}", at / 250))),
        virtual_addresses: vec![virtual_address(&format!("10.{}.{}.100/24", at / 250, at % 250), "eth0")],
        ..instance(&name(at), (at % 250 + 1) as u8, 100)
    });
    let mut stage = Stage::waiting(vrrp(many.collect()));
    for at in 0..4 {
        let index = InterfaceIndex(100 + at);
        stage.input(Input::Link(link(index, &format!("v{at}"), true)));
        stage.input(Input::Address(host_address(index, &format!("10.{at}.250.1/16"))));
    }
    stage.echo = false;
    stage.input(Input::Start);
    stage.pass(Interval::from_secs(4));
    assert!(stage.states().iter().all(|state| *state == State::Master));
    let sent = stage.pass_only(Interval::from_secs(10), "send");
    assert_eq!(sent.len(), 10_000);
}

/// Of many that are due the first ones speak before the adverts of the next are made, and each speaks once.
#[test]
fn many_that_are_due_speak_in_turns() {
    let many = (0..150).map(|at| instance(&format!("VI_{at}"), at + 1, 100));
    let mut stage = Stage::master(vrrp(many.collect()));
    stage.now = stage.router.deadline().expect("adverts are due");
    let sent = |stage: &mut Stage| stage.input(Input::Deadline).iter().filter(|line| line.starts_with("send")).count();
    let turns: Vec<usize> = (0..4).map(|_| sent(&mut stage)).collect();
    assert_eq!(turns, [64, 64, 22, 0]);
    assert!(stage.router.deadline().is_some_and(|next| next > stage.now));
}

/// Before the start the model may change; a script or packet of no one is nothing.
#[test]
fn inputs_at_odd_times() {
    let mut stage = Stage::waiting(one(100));
    assert!(stage.script("chk", 0).is_empty());
    assert!(stage.input(Input::Deadline).is_empty());
    stage.reload(one(200));
    stage.input(Input::Start);
    assert_eq!(stage.router.priority(InstanceId(0)), Some(Priority(200)));
    assert!(stage.input(Input::Start).is_empty(), "there is one start");
    assert!(stage.script("unknown", 1).is_empty());
    let gone = Input::Script { name: ScriptName::new("x"), outcome: crate::model::track::ScriptOutcome::TimedOut };
    assert!(stage.input(gone).is_empty());
    let mut stage = Stage::waiting(one(100));
    assert!(stage.input(Input::Stop).is_empty());
    assert!(stage.input(Input::Start).is_empty());
}

/// VR-60: who shares a socket needs room for all; without a size the kernel's is left alone; a reload of the same changes
/// nothing, one that wants more widens.
#[test]
fn receive_buffers_add_up() {
    let sized = |name, vrid, size| Instance { receive_buffer: size, ..instance(name, vrid, 100) };
    let model = |second| vrrp(vec![sized("VI_1", 51, Some(1_000)), sized("VI_2", 52, second), sized("VI_3", 53, None)]);
    let widened = |lines: Vec<String>| -> Vec<String> {
        let size =
            |line: &String| line.strip_prefix("buffer ").and_then(|line| Some(line.rsplit_once(' ')?.1.to_owned()));
        lines.iter().filter_map(size).collect()
    };
    let mut stage = Stage::waiting(model(Some(500)));
    assert_eq!(widened(stage.input(Input::Start)), ["1000", "1500"]);
    assert!(widened(stage.reload(model(Some(500)))).is_empty());
    assert_eq!(widened(stage.reload(model(Some(700)))), ["1700"]);
    let mut stage = Stage::waiting(vrrp(vec![sized("VI_1", 51, None)]));
    assert!(widened(stage.input(Input::Start)).is_empty());
}

/// VR-60: the policy of all holds for those without a size of their own: so many MTUs of the interface, adverts, or bytes.
/// (A version 2 advert of one address is 20 bytes behind 20 of IP; over IPv6 version 3 it is 8 and 16 each.)
#[test]
fn receive_buffers_by_policy() {
    let sizes = |policy, instances: Vec<Instance>| -> Vec<String> {
        let mut stage = Stage::waiting(Vrrp { receive_buffers: policy, ..vrrp(instances) });
        let lines = stage.input(Input::Start);
        let size = |line: &String| Some(line.strip_prefix("buffer ")?.rsplit_once(' ')?.1.to_owned());
        lines.iter().filter_map(size).collect()
    };
    let one = || vec![instance("VI_1", 51, 100)];
    assert_eq!(sizes(Some(ReceiveBuffers::Mtus(3)), one()), ["4500"]);
    assert_eq!(sizes(Some(ReceiveBuffers::Adverts(3)), one()), ["120"]);
    assert_eq!(sizes(Some(ReceiveBuffers::Adverts(2)), vec![instance6("VI_1", 51, 100)]), ["80"]);
    let ah = Instance { authentication: Authentication::Ah(*b"password"), ..instance("VI_1", 51, 100) };
    assert_eq!(sizes(Some(ReceiveBuffers::Adverts(1)), vec![ah]), ["64"]);
    let sized = Instance { receive_buffer: Some(1_000), ..instance("VI_2", 52, 100) };
    let both = vec![instance("VI_1", 51, 100), sized];
    assert_eq!(sizes(Some(ReceiveBuffers::Bytes(7_000)), both), ["7000", "8000"]);
    assert!(sizes(None, one()).is_empty());
}

/// VR-60, VR-191: a larger MTU makes more room.
#[test]
fn receive_buffers_grow_with_the_mtu() {
    let model = Vrrp { receive_buffers: Some(ReceiveBuffers::Mtus(3)), ..one(100) };
    let mut stage = Stage::started(model);
    let jumbo = crate::model::host::Link { mtu: 9000, ..link(ETH0, "eth0", true) };
    let told = stage.input(Input::Link(jumbo));
    assert_eq!(told, ["buffer Group(224.0.0.18) 27000"]);
}
