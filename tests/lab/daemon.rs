//! One router's process: started in its namespace from its own keepalived.conf, stopped, killed, told to reload.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::namespace::{Namespace, Outcome, doing};

pub struct Daemon {
    program: PathBuf,
    /// keepalived.conf, the pid files and the log of this router.
    pub place: PathBuf,
    /// Options besides those that every start has.
    pub options: Vec<&'static str>,
    pub environment: Vec<(&'static str, PathBuf)>,
    child: Option<Child>,
}

/// Looks at something every few milliseconds until it is there or the time is up; then the last look.
pub fn until<T>(limit: Duration, mut look: impl FnMut() -> Outcome<T>) -> Outcome<(T, Duration)> {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return Ok((found, begun.elapsed())),
            Err(last) if begun.elapsed() >= limit => {
                return Err(format!("not after {} s: {last}", limit.as_secs_f32()));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Daemon {
    pub fn new(program: &Path, place: PathBuf) -> Outcome<Daemon> {
        doing(place.display(), std::fs::create_dir_all(&place))?;
        Ok(Daemon { program: program.to_owned(), place, options: Vec::new(), environment: Vec::new(), child: None })
    }

    pub fn configure(&self, text: &str) -> Outcome<()> {
        let file = self.place.join("keepalived.conf");
        doing(file.display(), std::fs::write(&file, text))
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it in the foreground, logging to `log` in its place, in a process group of its own.
    pub fn start(&mut self, namespace: &Namespace) -> Outcome<()> {
        let log = self.place.join("log");
        let log = doing(log.display(), File::options().create(true).append(true).open(&log))?;
        let errors = doing("log", log.try_clone())?;
        let file = |name: &str| self.place.join(name);
        let mut command = Command::new(&self.program);
        command.args(["-n", "-l", "-D", "-f"]).arg(file("keepalived.conf"));
        command
            .arg("-p")
            .arg(file("keepalived.pid"))
            .arg("-r")
            .arg(file("vrrp.pid"))
            .arg("-c")
            .arg(file("checkers.pid"));
        command.args(&self.options).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if self.is_original() {
            command.arg("-G"); // else its -l writes to the console too where there is no /dev/log
        }
        command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(errors);
        let program = self.program.display().to_string();
        self.child = Some(namespace.inside(move || doing(program, command.spawn()))?);
        Ok(())
    }

    fn is_original(&self) -> bool {
        self.program.file_name().is_some_and(|name| name == "keepalived")
    }

    pub fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = self.pid().ok_or("it does not run")?;
        doing(format!("signal {signal}"), kill(Pid::from_raw(pid as i32), signal))
    }

    /// SIGKILL to the process (and to the children that the original has), then its exit status is collected.
    pub fn kill(&mut self) -> Outcome<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        doing("SIGKILL", killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL))?;
        doing("wait", child.wait()).map(|_| ())
    }

    /// SIGTERM, then waits for the end.
    pub fn stop(&mut self, limit: Duration) -> Outcome<(ExitStatus, Duration)> {
        self.signal(Signal::SIGTERM)?;
        let ended = self.ended(limit)?;
        self.child = None;
        Ok(ended)
    }

    pub fn ended(&mut self, limit: Duration) -> Outcome<(ExitStatus, Duration)> {
        let child = self.child.as_mut().ok_or("it does not run")?;
        until(limit, || doing("wait", child.try_wait())?.ok_or_else(|| "still running".to_owned()))
    }

    /// Processes of its group that still live.
    pub fn processes(&self) -> Vec<i32> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
            let words = String::from_utf8_lossy(&line);
            if words.contains(&*self.place.to_string_lossy()) {
                found.push(pid);
            }
        }
        found
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// What `status` says, in a word or two.
pub fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
