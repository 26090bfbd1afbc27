//! Notify scripts: started in order, not waited for, a bounded number at a time.

use std::collections::VecDeque;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::daemon::message::Reporter;
use crate::kernel::process;
use crate::model::event::daemon::Event;
use crate::model::notify::Script;

/// Scripts that run at the same time; the original knows no bound.
const MOST_RUNNING: usize = 256;
/// Scripts that wait for one of those to end.
const MOST_WAITING: usize = 4096;

/// What the running scripts are sent at the stop.
type Sent = Option<Signal>;

/// All notify scripts of the daemon.
pub struct Scripts {
    running: JoinSet<()>,
    waiting: VecDeque<(Script, Vec<String>)>,
    signal: watch::Sender<Sent>,
    given_up: u64,
    told: bool,
    reporter: Reporter,
}

impl Scripts {
    pub fn new(reporter: Reporter) -> Scripts {
        Scripts {
            running: JoinSet::new(),
            waiting: VecDeque::new(),
            signal: watch::Sender::new(None),
            given_up: 0,
            told: false,
            reporter,
        }
    }

    /// Starts it now, or after those that wait already.
    pub fn run(&mut self, script: Script, more: Vec<String>) {
        if self.running.len() < MOST_RUNNING && self.waiting.is_empty() {
            return self.start(&script, &more);
        }
        if !self.told {
            self.told = true;
            self.reporter.report(Event::ScriptsWaiting { running: self.running.len() });
        }
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back((script, more));
        } else {
            self.given_up += 1;
        }
    }

    fn start(&mut self, script: &Script, more: &[String]) {
        let mut running = match process::spawn(script, more) {
            Ok(running) => running,
            Err(error) => {
                let script = script.argv.first().cloned().unwrap_or_default();
                return self.reporter.report(Event::ScriptRefused { script, error: error.to_string() });
            }
        };
        let mut signal = self.signal.subscribe();
        self.running.spawn(async move {
            loop {
                tokio::select! {
                    _ = running.ended() => return,
                    changed = signal.changed() => match (changed, *signal.borrow_and_update()) {
                        (Ok(()), Some(signal)) => running.signal(signal),
                        (Ok(()), None) => {}
                        (Err(_), _) => return,
                    },
                }
            }
        });
    }

    /// Waits until one has ended and starts those that wait; never returns while none runs. May be dropped and
    /// called again.
    pub async fn one_ended(&mut self) {
        if self.running.is_empty() {
            std::future::pending::<()>().await;
        }
        self.running.join_next().await;
        while self.running.len() < MOST_RUNNING {
            let Some((script, more)) = self.waiting.pop_front() else { break };
            self.start(&script, &more);
        }
        if self.waiting.is_empty() {
            self.told = false;
            if self.given_up > 0 {
                self.reporter.report(Event::ScriptsGivenUp { count: std::mem::take(&mut self.given_up) });
            }
        }
    }

    /// The stop: all get `grace` to end by themselves, then TERM, and KILL a second later (IF-185).
    pub async fn finish(&mut self, grace: Duration) {
        let last = Duration::from_secs(1);
        for (wait, signal) in [(grace, Signal::SIGTERM), (last, Signal::SIGKILL), (last, Signal::SIGKILL)] {
            let all = async {
                while !self.running.is_empty() {
                    self.one_ended().await;
                }
            };
            if tokio::time::timeout(wait, all).await.is_ok() {
                return;
            }
            self.signal.send_replace(Some(signal));
        }
    }
}
