//! Track scripts: run at their interval, bounded by their timeout, their outcome to the VRRP task.

use std::sync::Arc;

use nix::sys::signal::Signal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::daemon::message::{Reporter, ToVrrp};
use crate::kernel::process::{self, Running};
use crate::model::event::daemon::Event;
use crate::model::track::{ScriptOutcome, TrackScript};

/// What a program that could not be started counts as, as the shell has it.
const NOT_STARTED: ScriptOutcome = ScriptOutcome::Exited(127);
/// From TERM to KILL when a script goes because of a reload or the stop (IF-89, IF-178).
const GRACE: std::time::Duration = std::time::Duration::from_secs(1);

/// All track scripts that run.
pub struct TrackScripts {
    scripts: Vec<Tracked>,
    /// Those that have been told to go.
    going: Vec<JoinHandle<()>>,
    vrrp: mpsc::Sender<ToVrrp>,
    reporter: Reporter,
}

struct Tracked {
    script: Arc<TrackScript>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl TrackScripts {
    pub fn new(vrrp: mpsc::Sender<ToVrrp>, reporter: Reporter) -> TrackScripts {
        TrackScripts { scripts: Vec::new(), going: Vec::new(), vrrp, reporter }
    }

    /// From now on these run: those that are the same go on undisturbed, others begin at once (VR-216).
    pub fn set(&mut self, wanted: &[Arc<TrackScript>]) {
        let old = std::mem::take(&mut self.scripts);
        let (kept, gone): (Vec<_>, Vec<_>) = old.into_iter().partition(|one| wanted.contains(&one.script));
        self.scripts = kept;
        self.end(gone);
        for script in wanted {
            if !self.scripts.iter().any(|known| known.script == *script) {
                let (stop, stopped) = oneshot::channel();
                let work = watch(script.clone(), self.vrrp.clone(), self.reporter.clone(), stopped);
                self.scripts.push(Tracked { script: script.clone(), stop, task: tokio::spawn(work) });
            }
        }
    }

    fn end(&mut self, gone: Vec<Tracked>) {
        self.going.retain(|task| !task.is_finished());
        for Tracked { stop, task, .. } in gone {
            // A closed channel: that task has ended already.
            stop.send(()).unwrap_or(());
            self.going.push(task);
        }
    }

    /// Ends all; those that run get TERM, and KILL a second later.
    pub fn stop(&mut self) {
        let all = std::mem::take(&mut self.scripts);
        self.end(all);
    }

    /// Waits until those that were told to go have gone; two seconds at most.
    pub async fn finish(&mut self) {
        for task in self.going.drain(..) {
            timeout(GRACE * 2, task).await.map(drop).unwrap_or(());
        }
    }
}

async fn watch(
    script: Arc<TrackScript>,
    vrrp: mpsc::Sender<ToVrrp>,
    reporter: Reporter,
    mut stopped: oneshot::Receiver<()>,
) {
    let period = script.interval.as_duration().max(std::time::Duration::from_millis(1));
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut refused = false;
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            _ = ticks.tick() => {}
        }
        let outcome = match process::spawn(&script.script, &[]) {
            Ok(mut running) => {
                refused = false;
                let ended = tokio::select! {
                    biased;
                    _ = &mut stopped => None,
                    outcome = one_run(&script, &mut running, &mut ticks, &reporter) => Some(outcome),
                };
                match ended {
                    Some(outcome) => outcome,
                    None => return end(running).await,
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut refused, true) {
                    let name = script.name.to_string();
                    reporter.report(Event::ScriptRefused { script: name, error: error.to_string() });
                }
                NOT_STARTED
            }
        };
        if vrrp.send(ToVrrp::Script { name: script.name.clone(), outcome }).await.is_err() {
            return;
        }
    }
}

/// Waits for the end of a run; a turn that comes meanwhile is skipped and told (VR-217, IF-307).
async fn one_run(
    script: &TrackScript,
    running: &mut Running,
    ticks: &mut tokio::time::Interval,
    reporter: &Reporter,
) -> ScriptOutcome {
    let limit = script.timeout.as_duration();
    let late = sleep(limit);
    tokio::pin!(late);
    let stuck = |pid| reporter.report(Event::TrackScriptStuck { script: script.name.to_string(), pid });
    let end = running.ended_within(limit, stuck);
    tokio::pin!(end);
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            outcome = &mut end => return outcome.unwrap_or(NOT_STARTED),
            _ = ticks.tick() => {
                // Once a run: the log is not there to count turns.
                if !std::mem::replace(&mut told, true) {
                    let timing_out = late.is_elapsed();
                    reporter.report(Event::TrackScriptBusy { script: script.name.to_string(), timing_out });
                }
            }
        }
    }
}

async fn end(mut running: Running) {
    running.signal(Signal::SIGTERM);
    if timeout(GRACE, running.ended()).await.is_err() {
        running.signal(Signal::SIGKILL);
        running.ended().await.map(drop).unwrap_or(());
    }
}
