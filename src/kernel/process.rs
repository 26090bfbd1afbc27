//! Starting the programs of the configuration: no shell, own process group, the configured user, nothing of ours
//! left open; and ending them.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, geteuid};

use super::{resource, scheduling};
use crate::model::notify::{Script, ScriptIdentity};
use crate::model::track::ScriptOutcome;

/// From TERM to KILL, and between later KILLs, when a program is out of time (VR-218, IF-194).
pub const GRACE: Duration = Duration::from_secs(2);

/// What scripts do not inherit: the original removes the first three (IF-67), and the last is systemd's word to us.
const REMOVED: [&str; 5] = ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", "NOTIFY_SOCKET", "WATCHDOG_USEC"];

/// A program that was started and has not been waited for to the end.
#[derive(Debug)]
pub struct Running {
    child: tokio::process::Child,
    /// Also the number of its process group.
    pid: Pid,
}

/// Starts `script` with `more` words after the configured ones. Must be called inside a tokio runtime with I/O.
///
/// The program has: the environment of the daemon without [`REMOVED`]; standard streams on /dev/null; the daemon's
/// directory and umask; limits of files, nice value and processors that the daemon was started with (IF-166); a new
/// process group; default signal dispositions, nothing blocked; no other descriptor (IF-183); user, group and supplementary groups as configured (IF-168, IF-169). A file that the kernel does not
/// know how to run is run by /bin/sh, as execvp(3) does (IF-175).
///
/// # Errors
/// As fork(2), setuid(2) or execve(2) has them.
pub fn spawn(script: &Script, more: &[String]) -> io::Result<Running> {
    let Some((program, words)) = script.argv.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "empty command"));
    };
    let mut command = Command::new(program);
    command.args(words).args(more);
    for name in REMOVED {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0);
    let identity = script.identity.clone();
    let privileged = geteuid().is_root();
    // SAFETY: between fork and exec only async-signal-safe calls are made, and nothing is allocated: `identity` was
    // cloned before.
    unsafe {
        command.pre_exec(move || become_script(&identity, privileged));
    }
    let child = tokio::process::Command::from(command).spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
    Ok(Running { child, pid: Pid::from_raw(pid) })
}

/// What the forked child does before it becomes the program.
fn become_script(identity: &ScriptIdentity, privileged: bool) -> io::Result<()> {
    let check = |result: libc::c_int| if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    // SAFETY: plain system calls; the group list is valid for the length given. Resetting a signal that may not be
    // reset (KILL, STOP, those of the C library) only fails.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        // Before the privilege goes.
        scheduling::restore();
        if privileged {
            check(libc::setgroups(identity.groups.len(), identity.groups.as_ptr()))?;
            check(libc::setgid(identity.gid))?;
            check(libc::setuid(identity.uid))?;
        }
        libc::close_range(3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_int);
    }
    Ok(resource::restore()?)
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Waits for its end. May be dropped and called again.
    ///
    /// # Errors
    /// As waitpid(2) has them.
    pub async fn ended(&mut self) -> io::Result<ScriptOutcome> {
        Ok(outcome(self.child.wait().await?))
    }

    /// Sends a signal to its whole process group; nothing once it has been waited for.
    pub fn signal(&self, signal: Signal) {
        if self.child.id().is_some() && self.pid.as_raw() > 0 {
            // ESRCH: it has just ended, which is what we want.
            killpg(self.pid, signal).unwrap_or(());
        }
    }

    /// Ends it: TERM, and KILL when that did not help within [`GRACE`]. False: nor did KILL.
    pub async fn end(&mut self) -> bool {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            self.signal(signal);
            if tokio::time::timeout(GRACE, self.ended()).await.is_ok() {
                self.clear_group();
                return true;
            }
        }
        false
    }

    /// What it started and left behind in its group goes, too (VR-218).
    fn clear_group(&self) {
        if self.pid.as_raw() > 0 {
            killpg(self.pid, Signal::SIGKILL).unwrap_or(());
        }
    }

    /// Waits for its end, at most `limit`: then it is ended, by KILL again and again. `stuck` is told when even KILL did
    /// not help within [`GRACE`].
    ///
    /// # Errors
    /// As waitpid(2) has them.
    pub async fn ended_within(&mut self, limit: Duration, mut stuck: impl FnMut(i32)) -> io::Result<ScriptOutcome> {
        if let Ok(ended) = tokio::time::timeout(limit, self.ended()).await {
            return ended;
        }
        let mut gone = self.end().await;
        while !gone {
            stuck(self.id());
            self.signal(Signal::SIGKILL);
            gone = tokio::time::timeout(Duration::from_secs(10), self.ended()).await.is_ok();
            self.clear_group();
        }
        Ok(ScriptOutcome::TimedOut)
    }
}

fn outcome(status: ExitStatus) -> ScriptOutcome {
    match (status.code(), status.signal()) {
        (Some(code), _) => ScriptOutcome::Exited(code),
        (None, Some(signal)) => ScriptOutcome::Signalled(signal),
        // Neither: stopped or continued, which wait(2) was not asked for.
        (None, None) => ScriptOutcome::Exited(0),
    }
}

#[cfg(test)]
mod tests;
