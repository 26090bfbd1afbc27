//! A router of the lab: our VRRP task on a thread of the host's namespace, or a whole daemon as a program there, ours
//! or the original.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use keepalived_rs::daemon::message::{INBOX, Release, Reporter, Setup, ToSupervisor, ToVrrp};
use keepalived_rs::daemon::vrrp;
use keepalived_rs::model::Model;
use keepalived_rs::model::event::Notification;
use keepalived_rs::observe::queue::Exit;
use keepalived_rs::observe::wording::wording;
use tokio::sync::mpsc;

use crate::draft::Draft;
use crate::net::{Lan, Program, eventually};

const PATIENCE: Duration = Duration::from_secs(10);

pub const RELEASE: Release = Release { always_addresses: false, vrrp: true, ipvs: true };

/// Our task.
pub struct Ours {
    inbox: mpsc::Sender<ToVrrp>,
    supervisor: mpsc::Receiver<ToSupervisor>,
    events: Exit,
    thread: Option<JoinHandle<()>>,
    told: Vec<String>,
    pub notifications: Vec<Notification>,
}

impl Ours {
    /// Starts the task and waits until it runs the model.
    pub fn start(lan: &Lan, host: u8, draft: &Draft, release: Release) -> Ours {
        Ours::start_told(lan, host, draft.model(), release, Vec::new())
    }

    /// The same; `told` waits in its inbox before it begins.
    pub fn start_told(lan: &Lan, host: u8, model: Arc<Model>, release: Release, told: Vec<ToVrrp>) -> Ours {
        let (inbox, receiver) = mpsc::channel(INBOX);
        told.into_iter().for_each(|message| inbox.try_send(message).expect("room in the inbox"));
        let (sender, supervisor) = mpsc::channel(INBOX);
        let (reporter, events) = Reporter::new(INBOX);
        let setup = Setup { model, generation: 1, inbox: receiver, supervisor: sender, reporter, release };
        let thread = lan.inside(host, move || std::thread::spawn(move || vrrp::run(setup)));
        let mut ours =
            Ours { inbox, supervisor, events, thread: Some(thread), told: Vec::new(), notifications: Vec::new() };
        ours.until("Ready", |message| matches!(message, ToSupervisor::Ready { generation: 1, .. }));
        ours
    }

    fn until(&mut self, what: &str, wanted: impl Fn(&ToSupervisor) -> bool) {
        eventually(what, PATIENCE, || match self.supervisor.try_recv() {
            Ok(message) if wanted(&message) => Ok(()),
            Ok(ToSupervisor::Notify(notification)) => {
                self.notifications.push(notification);
                Err("a notification".to_owned())
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        });
    }

    pub fn reload(&mut self, draft: &Draft) {
        self.inbox.blocking_send(ToVrrp::Reload { model: draft.model(), generation: 2 }).expect("the task runs");
        self.until("Ready", |message| matches!(message, ToSupervisor::Ready { generation: 2, .. }));
    }

    /// Everything it has reported so far, in the words of the log.
    pub fn log(&mut self) -> String {
        self.told.extend(std::iter::from_fn(|| self.events.next_waiting()).map(|event| wording(&event).message));
        self.told.join("\n")
    }

    pub fn stop(mut self) -> String {
        self.inbox.blocking_send(ToVrrp::Stop).expect("the task runs");
        self.until("Stopped", |message| matches!(message, ToSupervisor::Stopped(_)));
        self.thread.take().map(JoinHandle::join).transpose().expect("the task ended without a panic");
        self.log()
    }
}

/// Whose daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// The program that we ship.
    Ours,
    /// Debian's keepalived.
    Original,
}

/// A daemon started from a keepalived.conf.
pub struct Daemon {
    program: Program,
    make: Make,
    folder: tempfile::TempDir,
}

impl Daemon {
    /// Starts it and waits until it is Backup.
    pub fn start(lan: &Lan, host: u8, draft: &Draft, make: Make) -> Daemon {
        Daemon::start_with(lan, host, &draft.text(), make)
    }

    /// As `start`, with this configuration.
    pub fn start_with(lan: &Lan, host: u8, text: &str, make: Make) -> Daemon {
        Daemon::start_as(lan, host, text, make, &[])
    }

    /// The same with more options.
    pub fn start_as(lan: &Lan, host: u8, text: &str, make: Make, more: &[&str]) -> Daemon {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("keepalived.conf"), text).expect("a configuration file");
        let (conf, pid, vrrp_pid) = (path("keepalived.conf"), path("pid"), path("vrrp.pid"));
        let program = match make {
            Make::Ours => env!("CARGO_BIN_EXE_keepalived-rs"),
            Make::Original => "keepalived",
        };
        let temporary = format!("TMPDIR={}", folder.path().display());
        let mut words =
            vec!["env", &temporary, program, "-n", "-l", "-G", "-D", "-f", &conf, "-p", &pid, "-r", &vrrp_pid];
        let (checkers_pid, bfd_pid) = (path("checkers.pid"), path("bfd.pid"));
        // The original has BFD in a process of its own, which -P leaves out.
        if text.contains("bfd_instance") {
            words.extend(["-c", &checkers_pid, "-b", &bfd_pid]);
        } else {
            words.push("-P");
        }
        words.extend(more);
        let program = lan.start(host, &folder.path().join("log"), &words);
        let daemon = Daemon { program, make, folder };
        // One that follows a BFD session may not take part yet.
        if !text.contains("track_bfd") {
            daemon.says("Entering BACKUP STATE");
        }
        daemon
    }

    pub fn log(&self) -> String {
        self.program.log()
    }

    pub fn says(&self, words: &str) {
        eventually(words, PATIENCE, || {
            let log = self.log();
            if log.contains(words) { Ok(()) } else { Err(log) }
        });
    }

    /// Another configuration for the next reload.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.folder.path().join("keepalived.conf"), text).expect("a configuration file");
    }

    /// Where its files are; the statistics too.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        self.program.signal(signal);
    }

    /// SIGRTMAX - 1.
    pub fn clear_statistics(&self) {
        let number = (nix::libc::SIGRTMAX() - 1).to_string();
        let words = [format!("-{number}"), self.program.pid().to_string()];
        let status = std::process::Command::new("kill").args(words).status().expect("the program kill");
        assert!(status.success());
    }

    /// SIGHUP.
    pub fn reload(&self) {
        self.program.signal(nix::sys::signal::Signal::SIGHUP);
    }

    /// SIGTERM, and its end.
    pub fn stop(mut self) -> String {
        self.program.stop();
        self.log()
    }

    /// Ends at once, without a word, and leaves its addresses.
    pub fn crash(self) -> String {
        use nix::sys::signal::{Signal, kill};
        if self.make == Make::Original {
            let pid: PathBuf = self.folder.path().join("vrrp.pid");
            let text = std::fs::read_to_string(&pid).expect("the pid of keepalived's VRRP process");
            let child = nix::unistd::Pid::from_raw(text.trim().parse().expect("a number"));
            // The parent first stands still, lest it start another child.
            self.program.signal(Signal::SIGSTOP);
            kill(child, Signal::SIGKILL).expect("the process lives");
        }
        self.program.signal(Signal::SIGKILL);
        self.log()
    }
}
