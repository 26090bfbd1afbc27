//! The IPVS task as the daemon runs it: on its own thread, in the network namespace of the caller.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keepalived_rs::daemon::ipvs;
use keepalived_rs::daemon::message::{INBOX, Release, Reporter, Setup, Task, ToIpvs, ToSupervisor, Verdict};
use keepalived_rs::model::Model;
use keepalived_rs::model::event::Notification;
use keepalived_rs::model::global::Global;
use keepalived_rs::model::lvs::{CheckerId, Lvs};
use keepalived_rs::observe::queue::Exit;
use keepalived_rs::observe::wording::wording;
use tokio::sync::mpsc;

use crate::fixture::sorted;

/// How long anything may take in the guest, which has one slow processor.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Director {
    inbox: mpsc::Sender<ToIpvs>,
    supervisor: mpsc::Receiver<ToSupervisor>,
    log: Exit,
    thread: std::thread::JoinHandle<()>,
    generation: u64,
    pub notifications: Vec<Notification>,
    pub failure: Option<(u8, String)>,
}

fn model(lvs: Lvs) -> Arc<Model> {
    let global = Global::named("lab");
    Arc::new(Model { global, vrrp: Default::default(), lvs, bfd: Default::default() })
}

pub fn now() -> Duration {
    #[allow(clippy::disallowed_methods, reason = "a stopwatch for what the guest prints")]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl Director {
    /// Starts the task and waits until it runs the model, or has failed.
    pub fn start(lvs: Lvs) -> Director {
        let (inbox, receiver) = mpsc::channel(INBOX);
        let (supervisor_sender, supervisor) = mpsc::channel(64);
        let (reporter, log) = Reporter::new(100_000);
        let setup = Setup {
            model: model(lvs),
            generation: 1,
            inbox: receiver,
            supervisor: supervisor_sender,
            reporter,
            release: Release { always_addresses: false, vrrp: true, ipvs: true },
        };
        let thread = std::thread::spawn(move || ipvs::run(setup));
        let mut director =
            Director { inbox, supervisor, log, thread, generation: 1, notifications: Vec::new(), failure: None };
        director.wait_for_ready();
        director
    }

    fn next(&mut self) -> ToSupervisor {
        let until = now() + PATIENCE;
        loop {
            match self.supervisor.try_recv() {
                Ok(message) => return message,
                Err(_) if now() > until => panic!("the task says nothing; its log: {:#?}", self.log()),
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn wait_for_ready(&mut self) {
        loop {
            match self.next() {
                ToSupervisor::Ready { task: Task::Ipvs, generation } if generation == self.generation => return,
                ToSupervisor::Failed { task: Task::Ipvs, exit, why } => {
                    self.failure = Some((exit, why));
                    return;
                }
                ToSupervisor::Notify(notification) => self.notifications.push(notification),
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    pub fn verdicts(&mut self, verdicts: impl IntoIterator<Item = (usize, bool)>) {
        for (checker, up) in verdicts {
            let verdict = Verdict {
                generation: self.generation,
                checker: CheckerId(checker),
                up,
                weight: 0,
                mail: String::new(),
            };
            self.inbox.blocking_send(ToIpvs::Verdict(verdict)).expect("the task runs");
        }
    }

    pub fn reload(&mut self, lvs: Lvs) {
        self.generation += 1;
        let message = ToIpvs::Reload { model: model(lvs), generation: self.generation };
        self.inbox.blocking_send(message).expect("the task runs");
        self.wait_for_ready();
    }

    /// Stops in order; the table must be what was there before.
    pub fn stop(mut self) -> Vec<String> {
        self.inbox.blocking_send(ToIpvs::Stop).expect("the task runs");
        loop {
            match self.next() {
                ToSupervisor::Stopped(Task::Ipvs) => break,
                ToSupervisor::Notify(notification) => self.notifications.push(notification),
                other => panic!("unexpected: {other:?}"),
            }
        }
        let log = self.log();
        self.thread.join().expect("the task ends without a panic");
        log
    }

    /// As a killed process: the task ends, the table stays.
    pub fn kill(self) {
        // Without `Release::ipvs` a stop leaves the table alone; here the inbox is closed after the log is.
        drop(self.log);
        std::mem::forget(self.inbox);
    }

    /// The log lines since the last call.
    pub fn log(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.log.next_waiting()).map(|event| wording(&event).message).collect()
    }
}

/// What the kernel holds, as `ipvsadm` tells it.
pub fn table() -> String {
    let output = Command::new("ipvsadm").arg("-Sn").output().expect("ipvsadm");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn ipvsadm(words: &str) {
    run("ipvsadm", words);
}

pub fn run(program: &str, words: &str) {
    let output = Command::new(program).args(words.split_whitespace()).output().expect(program);
    assert!(output.status.success(), "{program} {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until the table is this, in any order.
#[track_caller]
pub fn expect_table(expected: &str) {
    let expected = sorted(&expected.lines().map(str::trim).collect::<Vec<_>>().join("\n"));
    let until = now() + PATIENCE;
    loop {
        let found = sorted(&table());
        if found == expected {
            return;
        }
        assert!(now() < until, "the table should be\n{expected}\nbut is\n{found}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
