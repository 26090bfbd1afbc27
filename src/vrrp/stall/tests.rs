use crate::base::name::Priority;
use crate::base::time::Interval;
use crate::model::vrrp::{Instance, State};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;

fn one(priority: u8) -> crate::model::vrrp::Vrrp {
    vrrp(vec![instance("VI_1", 51, priority)])
}

/// The process does not run for so long; then what is due is handed in.
fn freeze(stage: &mut Stage, seconds: u64) -> Vec<String> {
    stage.now += Interval::from_secs(seconds);
    stage.input(Input::Deadline)
}

/// A Master that was frozen says nothing, listens for one interval and its skew, and goes on if nobody spoke.
#[test]
fn a_frozen_master_listens_and_goes_on() {
    let mut stage = Stage::master(one(100));
    stage.pass(Interval::from_secs(2));
    let told = freeze(&mut stage, 5);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Stalled"), "{told:?}");
    assert_eq!(stage.held(), ["10.0.0.100/24"]);
    let told = stage.pass(Interval::from_secs(2));
    // One interval and a skew of 156/256 s.
    assert_eq!(
        told[..2],
        [(1_609_375, "[VI_1 StallOver]".to_owned()), (1_609_375, "send 51 priority 100 to 224.0.0.18".to_owned())]
    );
    assert_eq!(stage.state(), State::Master);
    let later = stage.pass(Interval::from_secs(6));
    assert!(later.iter().any(|(_, line)| line.starts_with("announce")), "the second burst comes again: {later:?}");
}

/// One that took over meanwhile stays Master, though its priority is lower: no advert, no priority 0, no announcement.
#[test]
fn a_frozen_master_does_not_shout_over_the_new_one() {
    let mut stage = Stage::master(vrrp(vec![Instance { preempt: false, ..instance("VI_1", 51, 150) }]));
    freeze(&mut stage, 30);
    // What waited in the socket.
    let told = stage.hear(0, "10.0.0.2", 100);
    assert_eq!(
        told,
        [
            "[VI_1 TakenOver { by: 10.0.0.2, theirs: Priority(100) }]",
            "[VI_1 Backup]",
            "[VI_1 RemovingAddresses]",
            "remove 0 10.0.0.100/24",
            "notify VI_1 Backup 150",
        ]
    );
    for _ in 0..20 {
        stage.pass(SECOND);
        assert_eq!(acts(stage.hear(0, "10.0.0.2", 100)), [] as [&str; 0]);
    }
    assert_eq!(stage.state(), State::Backup);
}

/// The same when the advert is looked at before the deadline; with preemption it takes over in the usual way later.
#[test]
fn an_advert_that_is_looked_at_first_changes_nothing() {
    let mut stage = Stage::master(one(150));
    stage.now += Interval::from_secs(30);
    let told = stage.hear(0, "10.0.0.2", 100);
    assert!(!told.iter().any(|line| line.starts_with("send") || line.starts_with("announce")), "{told:?}");
    assert_eq!(stage.state(), State::Backup);
    let told = stage.pass(Interval::from_secs(4));
    assert_eq!(told.iter().find(|(_, line)| line.starts_with("send")).unwrap().0, 3_414_062);
}

/// Priority 0 from one that took over and stopped again says nothing of others; what is late by less than others wait is
/// no stall.
#[test]
fn neither_priority_0_nor_a_little_lateness_counts() {
    let mut stage = Stage::master(one(100));
    freeze(&mut stage, 30);
    assert_eq!(stage.hear(0, "10.0.0.2", 0), [] as [&str; 0]);
    assert_eq!(stage.state(), State::Master);
    let mut stage = Stage::master(one(100));
    stage.now += Interval::from_millis(3_000);
    assert_eq!(stage.input(Input::Deadline)[0], "send 51 priority 100 to 224.0.0.18");
}

/// A Backup whose down timer ran out while it was frozen does not take over before it has listened.
#[test]
fn a_frozen_backup_listens_before_it_takes_over() {
    let mut stage = Stage::started(one(100));
    let told = freeze(&mut stage, 10);
    assert!(told.len() == 1 && told[0].contains("Stalled"), "{told:?}");
    // The Master is there: nothing happens.
    stage.hear(0, "10.0.0.2", 150);
    assert_eq!(stage.pass(Interval::from_secs(3)), []);
    // It is not.
    freeze(&mut stage, 10);
    let told = stage.pass(Interval::from_secs(2));
    assert_eq!(told.iter().find(|(_, line)| line.starts_with("send")).unwrap().0, 1_609_375);
    // A little late is late, no more.
    let mut stage = Stage::started(one(100));
    let due = stage.router.deadline().unwrap();
    stage.now = due + Interval::from_millis(900);
    assert!(stage.router.listens_first(stage.now), "what waits in the sockets comes first");
    stage.input(Input::Deadline);
    assert_eq!(stage.state(), State::Master);
}

/// A group moves together after a stall as well.
#[test]
fn a_group_yields_together() {
    let mut stage = Stage::master(grouped(vec![instance("VI_1", 51, 150), inside(150)]));
    freeze(&mut stage, 30);
    stage.hear(1, "10.1.0.2", 100);
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
}

/// VR-110: with `timer_expired_backup` such a Master is Backup at once, without priority 0, when the quickest of the
/// others would have taken over: three intervals and its skew after the last advert.
#[test]
fn timer_expired_backup() {
    let expiring = Instance { preempt: false, timer_expired_backup: Some(Priority(128)), ..instance("VI_1", 51, 150) };
    let mut stage = Stage::master(vrrp(vec![expiring.clone()]));
    // The last advert was sent a second before the one that is due.
    stage.now = stage.router.deadline().unwrap() + Interval::from_micros(2_499_999);
    assert!(stage.input(Input::Deadline)[0].starts_with("send"));
    let mut stage = Stage::master(vrrp(vec![expiring]));
    stage.now = stage.router.deadline().unwrap() + Interval::from_micros(2_500_000);
    let told = stage.input(Input::Deadline);
    assert!(told[0].contains("TimerExpired"), "{told:?}");
    assert!(!told.iter().any(|line| line.starts_with("send")), "{told:?}");
    assert_eq!(stage.state(), State::Backup);
}
