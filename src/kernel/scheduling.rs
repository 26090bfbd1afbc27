//! How the calling thread is scheduled: nice value, real time, processors, pages kept in memory.

use std::io;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::unistd::Pid;

use crate::model::global::ProcessSettings;

/// What the kernel refused, and why.
#[derive(Debug)]
pub struct Refusal {
    /// `nice`, `real-time priority`, `processors`, `memory lock`.
    pub what: &'static str,
    pub source: io::Error,
}

/// Gives the calling thread this real-time priority, 1..=99; programs that it starts have none.
///
/// # Errors
/// EPERM without CAP_SYS_NICE.
pub fn set_real_time(priority: u8) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: libc::c_int::from(priority) };
    // SAFETY: a plain system call with a structure of ours; pid 0 is the calling thread.
    let result =
        unsafe { libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const parameters) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// The nice value of a thread that goes before the others of this process.
const FIRST: libc::c_int = -10;

/// Lets the calling thread go before the others of this process, where the kernel allows it: nobody asked for it, so
/// nobody is told when it does not (CAP_SYS_NICE). Threads and programs that it starts do not go first.
pub fn go_first() {
    // SAFETY: a plain system call; `who` 0 is the calling thread on Linux.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, FIRST) };
    Errno::result(result).map(drop).unwrap_or(());
    keep_to_itself();
}

/// A negative nice value of the calling thread is not inherited (sched(7), SCHED_RESET_ON_FORK).
fn keep_to_itself() {
    let none = libc::sched_param { sched_priority: 0 };
    // SAFETY: a plain system call with a structure of ours; pid 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK, &raw const none) };
    // It needs no right; without it a child is only more urgent than it should be.
    Errno::result(result).map(drop).unwrap_or(());
}

/// Nice value and processors that the daemon was started with.
static BEFORE: OnceLock<(libc::c_int, Option<CpuSet>)> = OnceLock::new();

/// Applies the settings to the calling thread; what fails is told and the rest still applied.
///
/// Programs started later do not inherit urgency (SCHED_RESET_ON_FORK), and `restore` gives them the rest as it was.
pub fn apply(settings: &ProcessSettings) -> Vec<Refusal> {
    let mut refused = Vec::new();
    // A thread begins with what the first one has, which nobody changes.
    BEFORE.get_or_init(|| {
        // SAFETY: a plain system call; `who` 0 is the calling thread on Linux.
        let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        (nice, sched_getaffinity(Pid::from_raw(0)).ok())
    });
    let mut note = |what, result: Result<(), io::Error>| {
        refused.extend(result.err().map(|source| Refusal { what, source }));
    };
    if let Some(nice) = settings.nice {
        // SAFETY: a plain system call; `who` 0 is the calling thread on Linux.
        let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, libc::c_int::from(nice)) };
        note("nice", Errno::result(result).map(drop).map_err(io::Error::from));
        keep_to_itself();
    }
    if let Some(priority) = settings.rt_priority {
        note("real-time priority", set_real_time(priority));
    }
    if !settings.cpu_affinity.is_empty() {
        let mut set = CpuSet::new();
        let chosen = settings.cpu_affinity.iter().try_for_each(|&cpu| set.set(usize::from(cpu)));
        let result = chosen.and_then(|()| sched_setaffinity(Pid::from_raw(0), &set));
        note("processors", result.map_err(io::Error::from));
    }
    if settings.no_swap {
        let result = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE);
        note("memory lock", result.map_err(io::Error::from));
    }
    refused
}

/// Gives a forked child nice value and processors that the daemon was started with (IF-166), where it may have them.
/// Allocates nothing and takes no lock: it runs between fork(2) and execve(2).
pub(super) fn restore() {
    let Some((nice, processors)) = BEFORE.get() else { return };
    // SAFETY: a plain system call; `who` 0 is the calling thread on Linux.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, *nice) };
    Errno::result(result).map(drop).unwrap_or(());
    if let Some(processors) = processors {
        sched_setaffinity(Pid::from_raw(0), processors).unwrap_or(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the calling thread goes first: neither those that it starts later nor those that were there.
    #[test]
    #[ignore = "needs CAP_SYS_NICE"]
    fn one_thread_goes_first() {
        // SAFETY: a plain system call; `who` 0 is the calling thread on Linux.
        let nice = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = nice();
        let inside = std::thread::spawn(move || {
            go_first();
            (nice(), std::thread::spawn(nice).join().unwrap())
        });
        assert_eq!(inside.join().unwrap(), (FIRST, 0));
        assert_eq!(nice(), before);
    }
}
