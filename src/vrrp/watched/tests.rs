use std::sync::Arc;

use crate::base::name::{TrackProcessName, Weight};
use crate::model::track::{CountCause, TrackEffect, TrackedProcess};
use crate::model::vrrp::{Instance, State, SyncGroup, Vrrp};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;

fn with_file(priority: u8, weight: i16) -> Vrrp {
    Vrrp {
        files: vec![Arc::new(track_file("f"))],
        ..vrrp(vec![Instance { track_files: vec![tracked_file("f", weight)], ..instance("VI_1", 51, priority) }])
    }
}

fn with_process(weight: i16) -> Vrrp {
    Vrrp {
        processes: vec![Arc::new(track_process("p", 1, u32::MAX))],
        ..vrrp(vec![Instance { track_processes: vec![tracked_process("p", weight)], ..instance("VI_1", 51, 100) }])
    }
}

/// VR-225, VR-227: a number moves the priority; -254 is a fault; on leaving it the priority is set outright and told
/// only if the file adds something.
#[test]
fn a_file_moves_the_priority_and_faults() {
    let mut stage = Stage::master(with_file(100, 2));
    assert_eq!(stage.file("f", 5), ["[VI_1 PriorityChanged { from: Priority(100), to: Priority(110) }]"]);
    assert_eq!(stage.file("f", 5), [] as [&str; 0], "nothing new");
    let fault = stage.file("f", -127);
    assert_eq!(fault[0], "[VI_1 FileFault { file: TrackFileName(\"f\") }]");
    assert_eq!(fault[1], "[VI_1 Fault]");
    assert_eq!(fault.last().unwrap(), "notify VI_1 Fault 110");
    assert_eq!(acts(fault).iter().filter(|line| line.starts_with("send 51 priority 0")).count(), 2);
    assert_eq!(
        stage.file("f", -10)[..3],
        [
            "[VI_1 FileFaultOver { file: TrackFileName(\"f\") }]",
            "[VI_1 PrioritySet { priority: Priority(80) }]",
            "[VI_1 Backup]",
        ]
    );
    assert_eq!(stage.router.priority(crate::model::vrrp::InstanceId(0)).unwrap().0, 80);
    stage.file("f", -127);
    assert_eq!(stage.file("f", 0)[..2], ["[VI_1 FileFaultOver { file: TrackFileName(\"f\") }]", "[VI_1 Backup]"]);
}

/// VR-225: with weight 0 any number but 0 is a fault; the number known before the start counts from the first moment.
#[test]
fn a_number_known_before_the_start_faults_at_once() {
    let mut stage = Stage::waiting(with_file(255, 0));
    assert!(stage.file("f", 1).is_empty());
    let told = stage.input(Input::Start);
    let cause = "[VI_1 Fault(File { file: TrackFileName(\"f\"), status: -254 })]";
    assert!(told.contains(&cause.to_owned()) && told.contains(&"[VI_1 Fault init]".to_owned()), "{told:?}");
    stage.file("f", 0);
    assert_eq!(stage.state(), State::Backup);
    // Without a number an owner starts as if nothing was tracked.
    let mut stage = Stage::started(with_file(255, 0));
    stage.next();
    assert_eq!(stage.state(), State::Master);
}

/// VR-230, VR-232: too few processes fault, enough bring it back; both are told.
#[test]
fn processes_fault_and_return() {
    let mut stage = Stage::waiting(with_process(0));
    stage.processes("p", 1, CountCause::Other);
    stage.input(Input::Start);
    assert_eq!(stage.state(), State::Backup);
    let lost = stage.processes("p", 0, CountCause::Exit);
    assert_eq!(lost[0], "[ProcessQuorum { process: TrackProcessName(\"p\"), gained: false }]");
    assert_eq!(stage.state(), State::Fault);
    assert_eq!(
        stage.processes("p", 3, CountCause::Other)[0],
        "[ProcessQuorum { process: TrackProcessName(\"p\"), gained: true }]"
    );
    assert_eq!(stage.state(), State::Backup);
    assert!(stage.processes("p", 2, CountCause::Exit).is_empty());
    // None was known at this start.
    let stage = Stage::started(with_process(0));
    assert_eq!(stage.state(), State::Fault);
}

/// VR-212, VR-231: a weighted process moves the priority, after its delay.
#[test]
fn processes_move_the_priority_after_their_delay() {
    let mut model = with_process(-30);
    let mut process = track_process("p", 1, u32::MAX);
    process.terminate_delay = SECOND;
    model.processes = vec![Arc::new(process)];
    let mut stage = Stage::waiting(model);
    stage.processes("p", 1, CountCause::Other);
    stage.input(Input::Start);
    stage.processes("p", 0, CountCause::Exit);
    let told = stage.pass(SECOND);
    assert_eq!(
        told,
        [
            (1_000_000, "[ProcessQuorum { process: TrackProcessName(\"p\"), gained: false }]".to_owned()),
            (1_000_000, "[VI_1 PriorityChanged { from: Priority(100), to: Priority(70) }]".to_owned()),
        ]
    );
}

/// VR-245: what a group tracks counts for all members with its weight; its weight wins over a member's own (VR-215).
#[test]
fn a_group_tracks_files_and_processes() {
    let own = Instance { track_files: vec![tracked_file("f", 1)], ..instance("VI_1", 51, 100) };
    let both = SyncGroup {
        track_files: vec![tracked_file("f", 3)],
        track_processes: vec![TrackedProcess {
            process: TrackProcessName::new("p"),
            effect: TrackEffect { weight: Weight(0), reverse: true },
        }],
        tracking_weight: true,
        ..group("G", &[0, 1])
    };
    let model = Vrrp {
        files: vec![Arc::new(track_file("f"))],
        processes: vec![Arc::new(track_process("p", 1, u32::MAX))],
        sync_groups: vec![Arc::new(both)],
        ..vrrp(vec![own, inside(90)])
    };
    let mut stage = Stage::started(model);
    stage.file("f", 10);
    let priority = |at| stage.router.priority(crate::model::vrrp::InstanceId(at)).unwrap().0;
    assert_eq!([priority(0), priority(1)], [130, 120]);
    stage.processes("p", 1, CountCause::Other);
    assert_eq!(stage.states(), [State::Fault, State::Fault]);
    stage.processes("p", 0, CountCause::Exit);
    assert_eq!(stage.states(), [State::Backup, State::Backup]);
}

/// VR-283: over a reload the numbers stay; a file that a reload brings counts from its first moment.
#[test]
fn reload_keeps_numbers() {
    let mut stage = Stage::master(with_file(100, 2));
    stage.file("f", 5);
    let told = stage.reload(with_file(100, 2));
    assert!(told.is_empty(), "{told:?}");
    let mut model = with_file(100, 2);
    model.files = vec![Arc::new(track_file("g"))];
    model.instances = vec![Arc::new(Instance { track_files: vec![tracked_file("g", 2)], ..instance("VI_1", 51, 100) })];
    assert!(stage.file("g", -127).is_empty(), "nothing tracks it yet");
    stage.reload(model);
    assert_eq!(stage.state(), State::Fault);
}
