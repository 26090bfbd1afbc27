//! `startup_script` and `shutdown_script`: run before anything starts and after everything stopped, and waited for
//! (IF-180).

use crate::daemon::message::Reporter;
use crate::kernel::process::{self, Running};
use crate::model::event::daemon::{Edge, Event};
use crate::model::track::ScriptOutcome;
use crate::model::upkeep::EdgeScript;
use std::time::Duration;

/// One that runs.
pub struct EdgeRun {
    edge: Edge,
    running: Running,
    timeout: Duration,
    reporter: Reporter,
}

impl EdgeRun {
    /// `None` when it could not be started, which is told.
    pub fn start(edge: Edge, script: &EdgeScript, reporter: &Reporter) -> Option<EdgeRun> {
        let name = script.script.argv.first().cloned().unwrap_or_default();
        reporter.report(Event::EdgeScript { edge, script: name.clone() });
        match process::spawn(&script.script, &[]) {
            Ok(running) => {
                let (timeout, reporter) = (script.timeout.as_duration(), reporter.clone());
                Some(EdgeRun { edge, running, timeout, reporter })
            }
            Err(error) => {
                reporter.report(Event::ScriptRefused { script: name, error: error.to_string() });
                None
            }
        }
    }

    /// Waits for its end, which is forced when its time is over; whatever it says, all goes on.
    pub async fn finish(&mut self) {
        match tokio::time::timeout(self.timeout, self.running.ended()).await {
            Ok(Ok(ScriptOutcome::Exited(0))) => {}
            Ok(Ok(ScriptOutcome::TimedOut)) | Err(_) => {
                self.reporter.report(Event::EdgeScriptTimedOut { edge: self.edge });
                self.abandon().await;
            }
            Ok(Ok(ScriptOutcome::Exited(status))) => self.failed(status),
            Ok(Ok(ScriptOutcome::Signalled(signal))) => self.failed(signal),
            Ok(Err(error)) => {
                let script = self.edge.name().to_owned();
                self.reporter.report(Event::ScriptRefused { script, error: error.to_string() });
            }
        }
    }

    fn failed(&self, status: i32) {
        self.reporter.report(Event::EdgeScriptFailed { edge: self.edge, status });
    }

    /// Ends it. One that not even KILL ends is left behind: it must not hold up the start or the stop.
    pub async fn abandon(&mut self) {
        if !self.running.end().await {
            self.reporter.report(Event::EdgeScriptStuck { edge: self.edge, pid: self.running.id() });
        }
    }
}
