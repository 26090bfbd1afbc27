//! Reload: what is the same stays untouched, what differs changes by the difference alone.

use super::*;
use crate::base::name::{InstanceName, Priority};
use crate::base::time::Interval;
use crate::model::notify::{Script, ScriptIdentity, StateScripts};
use crate::model::vrrp::{SyncGroup, VirtualAddress};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;

fn one(priority: u8) -> Vrrp {
    vrrp(vec![instance("VI_1", 51, priority)])
}

fn with_addresses(addresses: &[&str]) -> Instance {
    Instance {
        virtual_addresses: addresses.iter().map(|text| virtual_address(text, "eth0")).collect(),
        ..instance("VI_1", 51, 100)
    }
}

/// VR-271, VR-273, VR-275, VR-284: an unchanged configuration has no effect at all, in no state; timers run on.
#[test]
fn an_unchanged_model_has_no_effects() {
    let model = || {
        let extra = [instance("VI_3", 53, 100), unicast("VI_4", 54, 100, &["10.0.0.2"]), instance6("VI_6", 61, 90)];
        let mut all = vec![instance("VI_1", 51, 100), inside(100)];
        all.extend(extra);
        Vrrp {
            sync_groups: vec![Arc::new(group("G", &[0, 1]))],
            scripts: vec![Arc::new(script("chk", 2, 2))],
            ..vrrp(all)
        }
    };
    let mut backup = Stage::started(model());
    backup.pass(Interval::from_secs(1));
    let mut faulty = Stage::started(model());
    faulty.input(Input::Link(link(ETH1, "eth1", false)));
    for mut stage in [backup, Stage::master(model()), faulty] {
        let (states, deadline) = (stage.states(), stage.router.deadline());
        let told = stage.reload(model());
        assert!(told.is_empty(), "{states:?}: {told:?}");
        assert_eq!((stage.states(), stage.router.deadline()), (states, deadline));
        assert_eq!(stage.router.generation(), 2);
    }
}

/// A change of whom to tell, or of the name, is no change to the virtual router. VR-272: the name is not compared.
#[test]
fn names_and_scripts_do_not_matter() {
    let mut stage = Stage::master(one(100));
    let script = Script { argv: vec!["/bin/x".to_owned()], identity: ScriptIdentity::ROOT };
    let told = stage.reload(vrrp(vec![Instance {
        name: InstanceName::new("OTHER"),
        notify: Arc::new(StateScripts { master: Some(script), ..StateScripts::default() }),
        smtp_alert: true,
        ..instance("VI_1", 51, 100)
    }]));
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(stage.hear(0, "10.0.0.2", 150).last().unwrap(), "notify OTHER Backup 100");
}

/// VR-277, VR-278: gone ones first, then new ones; what stays is not touched; all are announced when one came.
#[test]
fn addresses_change_by_the_difference() {
    let mut stage = Stage::master(vrrp(vec![with_addresses(&["10.0.0.100/24", "10.0.0.101/24"])]));
    stage.pass(Interval::from_secs(7));
    let told = stage.reload(vrrp(vec![with_addresses(&["10.0.0.101/24", "10.0.0.102/24"])]));
    let first = told.iter().position(|line| line.contains("AddressNoLonger")).unwrap();
    assert_eq!(first, 0);
    assert_eq!(
        acts(told),
        [
            "remove 0 10.0.0.100/24",
            "add 0 10.0.0.102/24",
            "send 51 priority 100 to 224.0.0.18",
            "announce 10.0.0.101 10.0.0.102",
        ]
    );
    assert_eq!(stage.held(), ["10.0.0.101/24", "10.0.0.102/24"]);
    let later = stage.pass_only(Interval::from_secs(6), "announce");
    assert_eq!(later, [(5_000_000, "announce 10.0.0.101 10.0.0.102".to_owned())], "the second burst");
    // Only gone: nothing is announced.
    let told = acts(stage.reload(vrrp(vec![with_addresses(&["10.0.0.101/24"])])));
    assert_eq!(told, ["remove 0 10.0.0.102/24", "send 51 priority 100 to 224.0.0.18"]);
    assert_eq!(stage.states(), [State::Master]);
}

/// VR-277: a move between the lists and `no_track` are nothing to the kernel; another prefix or label is another address.
#[test]
fn what_makes_an_address_another_one() {
    let plain = (*virtual_address("10.0.0.100/24", "eth0")).clone();
    let change = |address: VirtualAddress| {
        let mut stage = Stage::master(one(100));
        let model = Instance { virtual_addresses: vec![Arc::new(address)], ..instance("VI_1", 51, 100) };
        let told = acts(stage.reload(vrrp(vec![model])));
        assert_eq!(stage.held().len(), 1);
        told.iter().filter(|line| line.starts_with("add") || line.starts_with("remove")).count()
    };
    assert_eq!(change(VirtualAddress { no_track: true, ..plain.clone() }), 0);
    assert_eq!(change(VirtualAddress { label: Some("eth0:1".to_owned()), ..plain.clone() }), 2);
    assert_eq!(change(VirtualAddress { scope: 253, ..plain.clone() }), 2);
    assert_eq!(change(VirtualAddress { cidr: cidr("10.0.0.100/32"), ..plain.clone() }), 2);

    let mut stage = Stage::master(vrrp(vec![with_addresses(&["10.0.0.100/24", "10.0.0.101/24"])]));
    let moved = Instance {
        excluded_addresses: vec![virtual_address("10.0.0.101/24", "eth0")],
        ..with_addresses(&["10.0.0.100/24"])
    };
    assert_eq!(acts(stage.reload(vrrp(vec![moved]))), ["send 51 priority 100 to 224.0.0.18"]);
}

/// VR-271, VR-276: a Master stays Master with a lower priority; the next advert tells, at once.
#[test]
fn a_master_keeps_its_state() {
    let mut stage = Stage::master(one(100));
    stage.pass(Interval::from_millis(400));
    assert_eq!(stage.reload(one(50)), ["send 51 priority 50 to 224.0.0.18"]);
    assert_eq!(stage.states(), [State::Master]);
    let sent = stage.pass_only(Interval::from_secs(1), "send");
    assert_eq!(sent, [(1_000_000, "send 51 priority 50 to 224.0.0.18".to_owned())]);
}

/// VR-275: a Backup whose timing is another waits in full again.
#[test]
fn a_backup_waits_anew_when_its_timing_changes() {
    let mut stage = Stage::started(one(100));
    stage.pass(Interval::from_secs(2));
    assert!(stage.reload(one(200)).is_empty());
    let sent = stage.pass_only(Interval::from_secs(4), "send");
    assert_eq!(sent[0].0, 3_218_750);
}

/// VR-272, VR-280, VR-281: another VRID is another virtual router: one goes, one comes.
#[test]
fn another_vrid_is_another_router() {
    let mut stage = Stage::master(one(100));
    let told = acts(stage.reload(vrrp(vec![instance("VI_1", 77, 90)])));
    assert_eq!(
        told,
        [
            "send 51 priority 0 to 224.0.0.18",
            "remove 0 10.0.0.100/24",
            "notify VI_1 Fault 100",
            "notify VI_1 Backup 90",
        ]
    );
    let sent = stage.pass_only(Interval::from_secs(4), "send");
    assert_eq!(sent[0], (3_648_437, "send 77 priority 90 to 224.0.0.18".to_owned()));
}

/// VR-280, IF-188: what is gone says so, as DELETED where that is wanted; one in Fault says nothing.
#[test]
fn an_instance_goes() {
    for (notify_deleted, expected) in [(true, "notify VI_2 Deleted 100"), (false, "notify VI_2 Fault 100")] {
        let both = || vrrp(vec![Instance { notify_deleted, ..inside(100) }, instance("VI_1", 51, 100)]);
        let mut stage = Stage::master(both());
        let told = stage.reload(one(100));
        assert_eq!(
            acts(told),
            ["send 52 priority 0 to 224.0.0.18", "remove 0 10.1.0.100/24", expected, "close Group(224.0.0.18)"]
        );
        assert_eq!((stage.states(), stage.held()), (vec![State::Master], vec!["10.0.0.100/24".to_owned()]));
        // The one that stays has another number now, and works on.
        let sent = stage.pass_only(Interval::from_secs(1), "send");
        assert_eq!(sent.len(), 1);
    }
    let mut stage = Stage::started(vrrp(vec![inside(100), instance("VI_1", 51, 100)]));
    stage.input(Input::Link(link(ETH1, "eth1", false)));
    assert_eq!(acts(stage.reload(one(100))), ["close Group(224.0.0.18)"]);
}

/// VR-281: a new one begins as at the start.
#[test]
fn an_instance_comes() {
    let mut stage = Stage::master(one(100));
    stage.input(Input::Address(host_address(ETH1, "10.1.0.100/24")));
    let told = acts(stage.reload(vrrp(vec![instance("VI_1", 51, 100), inside(90)])));
    assert_eq!(told, ["remove 1 10.1.0.100/24 forced", "notify VI_2 Backup 90", "open Group(224.0.0.18)"]);
    let sent = stage.pass_only(Interval::from_secs(4), "send 52");
    assert_eq!(sent[0].0, 3_648_437);
}

/// VR-274: an instance in Fault is judged afresh.
#[test]
fn a_fault_may_end_with_a_reload() {
    let mut stage = Stage::started(one(100));
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    let told = stage.reload(vrrp(vec![Instance { dont_track_primary: true, ..instance("VI_1", 51, 100) }]));
    assert_eq!(told, ["[VI_1 Backup]", "notify VI_1 Backup 100"]);
    // And may begin with one.
    let told = stage.reload(one(100));
    assert_eq!(told, ["[VI_1 Fault]", "notify VI_1 Fault 100"]);
}

/// VR-285, VR-126: a member joins a group that is Master: the others step back without priority 0, and the group is
/// Master again when the new one agrees.
#[test]
fn a_member_joins_a_master_group() {
    let alone = Vrrp { sync_groups: vec![Arc::new(group("G", &[0]))], ..one(100) };
    let mut stage = Stage::master(alone);
    let told = acts(stage.reload(grouped(vec![instance("VI_1", 51, 100), inside(100)])));
    assert!(!told.iter().any(|line| line.contains("priority 0")), "{told:?}");
    assert!(told.contains(&"remove 0 10.0.0.100/24".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "open Group(224.0.0.18)");
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
    let all = stage.pass(Interval::from_secs(4));
    let first = |what: &str| all.iter().find(|(_, line)| line.contains(what)).map(|(at, _)| *at);
    assert_eq!(first("[VI_1 AdvertTimeout]"), Some(1_003_906));
    assert_eq!(first("send"), Some(3_609_375));
    assert_eq!(stage.states(), [State::Master, State::Master]);
}

/// VR-285: a group of which all members are Master stays Master with other settings.
#[test]
fn a_master_group_stays() {
    let mut stage = Stage::master(grouped(vec![instance("VI_1", 51, 100), inside(100)]));
    let told = acts(stage.reload(grouped(vec![instance("VI_1", 51, 90), inside(100)])));
    assert_eq!(told, ["send 51 priority 90 to 224.0.0.18"]);
    // A member leaves the group and the file.
    let told = acts(stage.reload(Vrrp {
        sync_groups: vec![Arc::new(SyncGroup { ..group("G", &[0]) })],
        ..vrrp(vec![instance("VI_1", 51, 90)])
    }));
    assert_eq!(told[0], "send 52 priority 0 to 224.0.0.18");
    assert_eq!(stage.states(), [State::Master]);
}

/// VR-106, VR-107: what the file asks and cannot be keeps an instance in Fault until another file is there.
#[test]
fn a_configuration_fault_ends_with_another_file() {
    let model = |disabled| vrrp(vec![Instance { disabled, ..instance("VI_1", 51, 255) }]);
    let mut stage = Stage::started(model(true));
    assert!(stage.pass_only(Interval::from_secs(20), "send").is_empty());
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Link(link(ETH0, "eth0", false)));
    stage.input(Input::Link(link(ETH0, "eth0", true)));
    assert_eq!(stage.state(), State::Fault);
    stage.reload(model(false));
    assert_eq!(stage.state(), State::Backup);
    stage.reload(model(true));
    assert_eq!(stage.state(), State::Fault);
}

/// VR-131: a delay that still runs is moved by the difference, and what waits for its end with it.
#[test]
fn a_running_startup_delay_moves() {
    let delayed = |seconds| Vrrp { startup_delay: Interval::from_secs(seconds), ..one(100) };
    let mut stage = Stage::started(delayed(4));
    stage.pass(Interval::from_secs(1));
    stage.reload(delayed(6));
    let sent = stage.pass_only(Interval::from_secs(9), "send");
    assert_eq!(sent[0].0, 5_000_000 + 3_609_375);

    let mut stage = Stage::started(delayed(4));
    stage.pass(Interval::from_secs(2));
    assert_eq!(stage.reload(delayed(1))[0], "[StartupDelayOver]");
    let sent = stage.pass_only(Interval::from_secs(9), "send");
    assert_eq!(sent[0].0, 3_609_375 - 1_000_000);
}

/// VR-130, VR-131: a delay that counts from the machine's start ends when the file says, now or after a reload.
#[test]
fn a_delay_after_boot_moves() {
    let booted = |seconds| Vrrp { delay_after_boot: Interval::from_secs(seconds), ..one(100) };
    // The stage's clock shows 1000 s.
    let mut stage = Stage::started(booted(1_004));
    stage.pass(Interval::from_secs(1));
    stage.reload(booted(1_006));
    let sent = stage.pass_only(Interval::from_secs(9), "send");
    assert_eq!(sent[0].0, 5_000_000 + 3_609_375);
    // The later of two counts; one that has passed does nothing.
    let both = Vrrp { startup_delay: Interval::from_secs(2), ..booted(1_001) };
    let mut stage = Stage::started(both);
    assert_eq!(stage.pass_only(Interval::from_secs(9), "send")[0].0, 2_000_000 + 3_609_375);
    let mut stage = Stage::started(booted(900));
    assert_eq!(stage.pass_only(Interval::from_secs(9), "send")[0].0, 3_609_375);
}

/// VR-282: the same script keeps its result and says so when it changed; a new one holds nobody back.
#[test]
fn scripts_keep_their_results() {
    let model = |rise, names: &[&str]| Vrrp {
        scripts: names.iter().map(|name| Arc::new(script(name, rise, 1))).collect(),
        ..vrrp(vec![Instance {
            track_scripts: names.iter().map(|name| tracked(name, 0)).collect(),
            ..instance("VI_1", 51, 100)
        }])
    };
    let mut stage = Stage::started(model(1, &["chk"]));
    stage.script("chk", 0);
    assert!(stage.reload(model(1, &["chk"])).is_empty());
    let told = stage.reload(model(3, &["chk"]));
    assert_eq!(told, ["[ScriptConsidered { script: ScriptName(\"chk\"), up: true }]"]);
    assert_eq!(stage.states(), [State::Backup]);
    assert!(stage.reload(model(3, &["chk", "new"])).is_empty());
    assert_eq!(stage.states(), [State::Backup], "the first result of a new script is not waited for");
    stage.script("new", 1);
    assert_eq!(stage.states(), [State::Fault]);
    let told = stage.reload(model(4, &["chk", "new"]));
    assert!(told.contains(&"[ScriptConsidered { script: ScriptName(\"new\"), up: false }]".to_owned()), "{told:?}");
}

/// VR-273: statistics go on. VR-25: so does the identification.
#[test]
fn counters_survive() {
    let mut stage = Stage::master(one(100));
    let before = stage.statistics();
    stage.reload(one(101));
    let after = stage.statistics();
    assert_eq!(after.became_master, 1);
    assert_eq!(after.adverts_sent, before.adverts_sent + 1);
    assert_eq!(stage.router.priority(InstanceId(0)), Some(Priority(101)));
}

/// Instances change places: each keeps its state under its new number.
#[test]
fn instances_change_places() {
    let mut stage = Stage::master(vrrp(vec![instance("VI_1", 51, 100), inside(100)]));
    let told = stage.reload(vrrp(vec![inside(100), instance("VI_1", 51, 100)]));
    assert!(told.is_empty(), "{told:?}");
    let held: Vec<(usize, String)> =
        stage.router.holds().map(|(id, placement)| (id.0, placement.address.cidr.to_string())).collect();
    assert_eq!(held, [(0, "10.1.0.100/24".to_owned()), (1, "10.0.0.100/24".to_owned())]);
    stage.hear(1, "10.0.0.2", 150);
    assert_eq!(stage.states(), [State::Master, State::Backup]);
}

/// An address that moves from one instance to another is removed before it is added again.
#[test]
fn an_address_moves_between_instances() {
    let with = |name, vrid, address| Instance {
        virtual_addresses: vec![virtual_address(address, "eth0")],
        ..instance(name, vrid, 100)
    };
    let mut stage = Stage::master(vrrp(vec![with("A", 51, "10.0.0.100/24"), with("B", 52, "10.0.0.101/24")]));
    let told = acts(stage.reload(vrrp(vec![with("A", 51, "10.0.0.101/24"), with("B", 52, "10.0.0.102/24")])));
    let changes: Vec<&String> =
        told.iter().filter(|line| line.starts_with("add") || line.starts_with("remove")).collect();
    assert_eq!(
        changes,
        ["remove 0 10.0.0.100/24", "remove 1 10.0.0.101/24", "add 0 10.0.0.101/24", "add 1 10.0.0.102/24"]
    );
    assert_eq!(stage.held(), ["10.0.0.101/24", "10.0.0.102/24"]);
}

/// VR-273: with `fifo_write_vrrp_states_on_reload` each state is told again, groups first, and without effects of any other
/// kind; what the reload itself tells is not told twice, and what has not begun is not told.
#[test]
fn states_are_told_again_when_wanted() {
    let model = |tells_states_on_reload| Vrrp {
        sync_groups: vec![Arc::new(group("G", &[0, 1]))],
        tells_states_on_reload,
        ..vrrp(vec![instance("VI_1", 51, 100), inside(100), instance("VI_3", 53, 100)])
    };
    let mut stage = Stage::master(model(false));
    assert!(stage.reload(model(false)).is_empty());
    let still = |group: bool, name: &str, priority| {
        let name = format!("{name:?}");
        format!(
            "notify StillInState {{ generation: 3, group: {group}, name: {name}, state: Master, priority: \
             Priority({priority}) }}"
        )
    };
    let expected =
        [still(true, "G", 0), still(false, "VI_1", 100), still(false, "VI_2", 100), still(false, "VI_3", 100)];
    assert_eq!(stage.reload(model(true)), expected);
    let fresh =
        Vrrp { instances: [model(true).instances, vec![Arc::new(instance("VI_4", 54, 90))]].concat(), ..model(true) };
    let told: Vec<String> = stage.reload(fresh).into_iter().filter(|line| line.contains("VI_4")).collect();
    assert!(told.contains(&"notify VI_4 Backup 90".to_owned()), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("Still")), "{told:?}");
}
