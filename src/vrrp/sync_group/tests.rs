//! Groups: members move together.

use super::*;
use crate::base::time::Interval;
use crate::model::track::{TrackEffect, TrackedInterface};
use crate::model::vrrp::{Instance, SyncGroup, Vrrp};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;
use std::sync::Arc;

fn two(one: u8, other: u8) -> Vrrp {
    grouped(vec![instance("VI_1", 51, one), inside(other)])
}

/// VR-239, VR-247, IF-186: who is first waits; when the last agrees all go, the last one first.
#[test]
fn a_group_goes_master_when_all_agree() {
    let mut stage = Stage::started(two(150, 100));
    // 3.414 s: the first wants to, but the other does not yet.
    let told = stage.next();
    assert_eq!(told, ["[VI_1 AdvertTimeout]"]);
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
    let told = stage.next();
    let kept: Vec<&String> = told.iter().filter(|line| !line.contains("nnounc") && !line.contains("Setting")).collect();
    assert_eq!(
        kept,
        [
            "[VI_2 AdvertTimeout]",
            "send 52 priority 100 to 224.0.0.18",
            "[VI_2 Master]",
            "add 1 10.1.0.100/24",
            "notify VI_2 Master 100",
            "[Syncing { group: SyncGroupName(\"G\"), state: Master }]",
            "send 51 priority 150 to 224.0.0.18",
            "[VI_1 Master]",
            "add 0 10.0.0.100/24",
            "notify VI_1 Master 150",
            "notify group G Master",
        ]
    );
}

/// VR-240: priority 0 on one link alone does not speed the group up.
#[test]
fn one_release_does_not_move_a_group() {
    let mut stage = Stage::started(two(100, 100));
    stage.pass(Interval::from_secs(1));
    stage.hear(0, "10.0.0.2", 150);
    stage.hear(1, "10.1.0.2", 150);
    stage.hear(0, "10.0.0.2", 0);
    let all = stage.pass(Interval::from_secs(4));
    let first = all.iter().find(|(_, line)| line.starts_with("send")).unwrap();
    assert_eq!(first.0, 3_609_375);
}

/// VR-241: who hears a better Master while it waits for the others wishes no more.
#[test]
fn a_wish_ends_with_a_better_master() {
    let mut stage = Stage::started(two(150, 100));
    stage.next();
    stage.hear(0, "10.0.0.2", 200);
    let told = stage.next();
    assert_eq!(told, ["[VI_2 AdvertTimeout]"]);
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
}

/// VR-242: one hears a better Master, all step back, none says priority 0.
#[test]
fn a_group_steps_back_together() {
    let mut stage = Stage::master(two(100, 100));
    let told = stage.hear(0, "10.0.0.2", 150);
    assert!(!told.iter().any(|line| line.starts_with("send")), "{told:?}");
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
    assert!(stage.held().is_empty());
    assert_eq!(told.last().unwrap(), "notify group G Backup");
}

/// VR-152, VR-243, VR-244: a fault of one is the fault of all: two farewells of its own, one of the other; the group
/// comes back with its last faulty member.
#[test]
fn a_group_faults_together() {
    let mut stage = Stage::master(two(100, 100));
    assert_eq!(
        acts(stage.input(Input::Link(link(ETH1, "eth1", false)))),
        [
            "send 52 priority 0 to 224.0.0.18",
            "send 52 priority 0 to 224.0.0.18",
            "remove 1 10.1.0.100/24",
            "notify VI_2 Fault 100",
            "send 51 priority 0 to 224.0.0.18",
            "remove 0 10.0.0.100/24",
            "notify VI_1 Fault 100",
            "notify group G Fault",
        ]
    );
    assert!(acts(stage.input(Input::Link(link(ETH0, "eth0", false)))).is_empty(), "in Fault already");
    assert!(acts(stage.input(Input::Link(link(ETH1, "eth1", true)))).is_empty(), "the other is faulty still");
    assert_eq!(stage.states(), [State::Fault, State::Fault]);
    assert_eq!(
        acts(stage.input(Input::Link(link(ETH0, "eth0", true)))),
        ["notify VI_1 Backup 100", "notify VI_2 Backup 100", "notify group G Backup"]
    );
}

/// VR-159: an address of one is taken: all release, all wait their own skew; the slowest decides.
#[test]
fn a_taken_address_moves_the_group() {
    let mut stage = Stage::master(two(150, 100));
    assert_eq!(
        acts(stage.input(Input::AddressGone(host_address(ETH0, "10.0.0.100/24")))),
        [
            "send 51 priority 0 to 224.0.0.18",
            "notify VI_1 Backup 150",
            "send 52 priority 0 to 224.0.0.18",
            "remove 1 10.1.0.100/24",
            "notify VI_2 Backup 100",
            "notify group G Backup",
        ]
    );
    let sent = stage.pass_only(Interval::from_secs(2), "send");
    assert_eq!(sent[0].0, 609_375);
    assert_eq!(stage.states(), [State::Master, State::Master]);
}

/// VR-146: the other members announce their addresses too.
#[test]
fn a_lower_advert_makes_all_members_announce() {
    let mut stage = Stage::master(two(100, 100));
    let told = acts(stage.hear(0, "10.0.0.2", 50));
    assert_eq!(
        told,
        [
            "send 51 priority 100 to 224.0.0.18",
            "announce 10.0.0.100",
            "notify VI_1 MasterRxLowerPri 100",
            "announce 10.1.0.100",
        ]
    );
}

/// IF-186, IF-187, VR-246: at the start the group is told first, and each member once.
#[test]
fn a_group_is_told_first_at_the_start() {
    let mut stage = Stage::waiting(two(100, 100));
    let told = acts(stage.input(Input::Start));
    assert_eq!(told[..3], ["notify group G Backup", "notify VI_1 Backup 100", "notify VI_2 Backup 100"]);
    let mut stage = Stage::waiting(two(100, 100));
    stage.input(Input::Link(link(ETH1, "eth1", false)));
    let told = acts(stage.input(Input::Start));
    assert_eq!(told[..3], ["notify group G Fault", "notify VI_1 Fault 100", "notify VI_2 Fault 100"]);
}

/// VR-238: owners begin at once only when all members are owners.
#[test]
fn a_mixed_group_has_no_quick_owner() {
    let first = |one, other| {
        let mut stage = Stage::started(two(one, other));
        stage.pass_only(Interval::from_secs(5), "send").first().map(|(at, _)| *at)
    };
    assert_eq!(first(255, 255), Some(1));
    assert_eq!(first(255, 100), Some(3_609_375));
}

/// VR-245, VR-213, VR-215: trackers of the group serve all; a member's own weights count only with
/// `sync_group_tracking_weight`.
#[test]
fn trackers_of_members_and_groups() {
    let effect = |weight| TrackEffect { weight: crate::base::name::Weight(weight), reverse: false };
    let member = Instance { track_scripts: vec![tracked("own", -20)], ..instance("VI_1", 51, 100) };
    let model = |tracking_weight, eth1| Vrrp {
        scripts: vec![Arc::new(script("own", 1, 1)), Arc::new(script("all", 1, 1))],
        sync_groups: vec![Arc::new(SyncGroup {
            tracking_weight,
            track_scripts: vec![tracked("all", -30)],
            track_interfaces: vec![TrackedInterface { interface: eth("eth1"), effect: effect(eth1) }],
            ..group("G", &[0])
        })],
        ..vrrp(vec![member.clone()])
    };
    let after = |model: Vrrp, scripts: &[&str], eth1: bool| {
        let mut stage = Stage::started(model);
        for name in scripts {
            stage.script(name, 1);
        }
        stage.input(Input::Link(link(ETH1, "eth1", eth1)));
        (stage.state(), stage.router.priority(InstanceId(0)).unwrap().0)
    };
    assert_eq!(after(model(false, -5), &["own", "all"], true), (State::Backup, 70));
    assert_eq!(after(model(true, -5), &["own", "all"], true), (State::Backup, 50));
    assert_eq!(after(model(true, -5), &["own", "all"], false), (State::Backup, 45));
    assert_eq!(after(model(true, 0), &[], false), (State::Fault, 100));
}
