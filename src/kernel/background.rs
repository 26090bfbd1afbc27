//! What a process does to itself before it has threads: leaving the terminal, signals that must not end it, memory.

use std::io;
use std::os::fd::AsRawFd;

use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{ForkResult, Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, read, setsid, write};

/// Signals with a meaning for the daemon beside those of POSIX, with glibc's numbers: SIGRTMIN + 2 and SIGRTMAX - 1.
/// Pinned, since programs in the field send these numbers whatever C library we are built with (IF-51).
pub const JSON: i32 = 36;
pub const STATS_CLEAR: i32 = 63;

/// Until their receivers are there these must not end us (IF-8, IF-78): ignored, as is every other signal that can be
/// caught, except those that tell of a fault of ours and TERM, INT, CHLD (IF-77).
pub fn ignore_signals() {
    let kept = [
        Signal::SIGILL,
        Signal::SIGFPE,
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGABRT,
        Signal::SIGTRAP,
        Signal::SIGSYS,
        Signal::SIGKILL,
        Signal::SIGSTOP,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGCHLD,
    ];
    for one in Signal::iterator().filter(|one| !kept.contains(one)) {
        // SAFETY: no handler is installed, the signal is only ignored. What the kernel refuses stays as it is.
        unsafe { signal(one, SigHandler::SigIgn) }.map(drop).unwrap_or(());
    }
    for number in [JSON, STATS_CLEAR] {
        // SAFETY: as above; nix knows no real-time signals.
        unsafe { libc::signal(number, libc::SIG_IGN) };
    }
}

/// What `ps` shows as the name of the process, at most 15 bytes; called by its first thread. A name with a zero byte in
/// it is none.
pub fn set_name(name: &str) {
    if let Ok(name) = std::ffi::CString::new(name) {
        // PR_SET_NAME cuts what is too long and refuses nothing.
        nix::sys::prctl::set_name(&name).unwrap_or(());
    }
}

/// Sets the file creation mask (octal bits).
pub fn set_umask(mask: u32) {
    umask(Mode::from_bits_truncate(mask));
}

/// Allocations from this size on come from the kernel one by one and go back to it; smaller ones are used again.
#[cfg(target_env = "gnu")]
const APART: i32 = 16 << 20;

/// Two malloc arenas at most: each of our threads would otherwise have its own, and memory freed in one could not be
/// used by another. What is freed stays with us until `give_memory_back`: reading a configuration frees as much as it
/// keeps, and a fresh page from the kernel costs more than all that is done with it.
pub fn shape_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) is called before there are threads.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, APART);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

/// Gives freed memory back to the kernel; takes about a millisecond for each ten megabytes.
pub fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The process id.
pub fn own_pid() -> i32 {
    Pid::this().as_raw()
}

/// Which side of the fork we are on.
pub enum Side {
    /// The daemon; tell the other side when the pid files are there.
    Daemon(Waiting),
    /// The process that was started; the daemon is ready, or has ended with this status.
    Starter,
}

/// The starter waits until this is dropped.
pub struct Waiting {
    ready: std::os::fd::OwnedFd,
}

impl Waiting {
    /// The starter may end now: whoever waits for it finds the pid files.
    pub fn release(self) {
        write(&self.ready, b"r").map(drop).unwrap_or(());
    }
}

/// Forks, and in the child leaves the terminal: a new session, `/` as directory, standard streams on /dev/null (IF-149).
/// Must be called before there is any other thread.
///
/// # Errors
/// As pipe(2), fork(2), setsid(2), open(2) have them.
pub fn detach() -> io::Result<Side> {
    let (theirs, ours) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: there is no other thread, so the child may do anything.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => {
            drop(ours);
            let mut word = [0; 1];
            // The end of the pipe without a word means that the daemon has ended; its log says why.
            read(&theirs, &mut word).map(drop).unwrap_or(());
            Ok(Side::Starter)
        }
        ForkResult::Child => {
            drop(theirs);
            setsid()?;
            chdir("/")?;
            let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
            debug_assert!(null.as_raw_fd() > 2);
            dup2_stdin(&null)?;
            dup2_stdout(&null)?;
            dup2_stderr(&null)?;
            Ok(Side::Daemon(Waiting { ready: ours }))
        }
    }
}
