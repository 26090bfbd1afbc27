//! The script of a MISC_CHECK while it runs; given up, it is asked to end (CK-119).

use std::io;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::kernel::process::{self, GRACE, Running};
use crate::model::check::MiscCheck;
use crate::model::track::ScriptOutcome;

pub(super) struct Script(Option<Running>);

impl Script {
    /// # Errors
    /// As `process::spawn`.
    pub(super) fn start(misc: &MiscCheck) -> io::Result<Script> {
        Ok(Script(Some(process::spawn(&misc.script, &[])?)))
    }

    /// As `Running::ended_within`, once.
    ///
    /// # Errors
    /// As waitpid(2) has them.
    pub(super) async fn ended_within(&mut self, limit: Duration, stuck: impl FnMut(i32)) -> io::Result<ScriptOutcome> {
        let Some(running) = &mut self.0 else { return Err(io::ErrorKind::NotFound.into()) };
        let ended = running.ended_within(limit, stuck).await;
        self.0 = None;
        ended
    }
}

/// A reload or the stop gave its check up: TERM for its process group, and after a reload KILL if that is not enough.
impl Drop for Script {
    fn drop(&mut self) {
        let Some(mut running) = self.0.take() else { return };
        running.signal(Signal::SIGTERM);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if tokio::time::timeout(GRACE, running.ended()).await.is_err() {
                    running.signal(Signal::SIGKILL);
                    // Whatever it says now, nobody waits for it.
                    drop(running.ended().await);
                }
            });
        }
    }
}
