use super::*;
use crate::vrrp::fixture::{SECOND, track_process, vrrp};

const START: Time = Time::from_micros(1_000_000);

fn only(process: TrackProcess) -> (Vrrp, Processes) {
    let model = Vrrp { processes: vec![Arc::new(process)], ..vrrp(vec![]) };
    let processes = Processes::new(&model);
    (model, processes)
}

/// Numbers in, verdicts out.
fn verdicts(process: TrackProcess, counts: &[u32]) -> Vec<bool> {
    let (model, mut processes) = only(process.clone());
    let verdict = |count: &u32| {
        processes.counted(START, &model, &process.pattern, *count, CountCause::Other);
        processes.is_up(&process.name)
    };
    counts.iter().map(verdict).collect()
}

/// VR-230: enough, and not too many; where none may run, one is too many.
#[test]
fn quorum() {
    assert_eq!(verdicts(track_process("p", 1, u32::MAX), &[0, 1, 100, 0]), [false, true, true, false]);
    assert_eq!(verdicts(track_process("p", 2, 3), &[1, 2, 3, 4, 3]), [false, true, true, false, true]);
    assert_eq!(verdicts(track_process("p", 0, 0), &[0, 1, 0]), [true, false, true]);
    let none = track_process("p", 0, 0);
    assert!(only(none.clone()).1.is_up(&none.name), "before anything was told");
}

/// VR-231: an end waits for `terminate_delay`, a fork for `fork_delay`, another command for neither; a reversal cancels.
#[test]
fn delays() {
    let process = TrackProcess {
        terminate_delay: SECOND.times(2),
        fork_delay: SECOND.times(3),
        ..track_process("p", 1, u32::MAX)
    };
    let (model, mut processes) = only(process.clone());
    let is_up = |processes: &Processes| processes.is_up(&process.name);
    let counted = |processes: &mut Processes, seconds, count, cause| {
        processes.counted(START + SECOND.times(seconds), &model, &process.pattern, count, cause).len()
    };
    assert_eq!(counted(&mut processes, 0, 1, CountCause::Fork), 0);
    assert_eq!(processes.deadline(), Some(START + SECOND.times(3)));
    assert!(processes.due(START + SECOND.times(2), &model).is_empty());
    assert_eq!(processes.due(START + SECOND.times(3), &model), std::slice::from_ref(&process.name));
    assert!(is_up(&processes) && processes.deadline().is_none());

    counted(&mut processes, 10, 0, CountCause::Exit);
    assert!(is_up(&processes));
    assert_eq!(processes.deadline(), Some(START + SECOND.times(12)));
    assert_eq!(counted(&mut processes, 11, 1, CountCause::Other), 0, "it is back in time");
    assert_eq!(processes.deadline(), None);

    counted(&mut processes, 20, 0, CountCause::Exit);
    processes.due(START + SECOND.times(22), &model);
    assert!(!is_up(&processes));
    assert_eq!(counted(&mut processes, 30, 1, CountCause::Other), 1, "another command: at once");
}

/// One that a reload leaves as it was keeps its verdict and its delay; a changed one is judged by what runs.
#[test]
fn reload() {
    let process = TrackProcess { terminate_delay: SECOND.times(2), ..track_process("p", 1, u32::MAX) };
    let (model, mut processes) = only(process.clone());
    processes.counted(START, &model, &process.pattern, 1, CountCause::Other);
    processes.counted(START, &model, &process.pattern, 0, CountCause::Exit);
    processes.reload(&model, &model);
    assert!(processes.is_up(&process.name));
    assert_eq!(processes.deadline(), Some(START + SECOND.times(2)));
    let changed = TrackProcess { quorum_max: 5, ..process.clone() };
    let (new, _) = only(changed);
    processes.reload(&model, &new);
    assert!(!processes.is_up(&process.name) && processes.deadline().is_none());
    // Another pattern whose number came before the reload.
    let other = TrackProcess { name: process.name.clone(), ..track_process("q", 2, 2) };
    processes.told(&other.pattern, 2);
    let (last, _) = only(other);
    processes.reload(&new, &last);
    assert!(processes.is_up(&process.name));
}
