//! The stop, in order and bounded: VRRP and checkers, then IPVS, then scripts, FIFOs and mail.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::{Supervisor, deliver};
use crate::daemon::edge::EdgeRun;
use crate::daemon::message::{Task, ToCheckers, ToIpvs, ToSupervisor, ToVrrp};
use crate::model::event::daemon::{Edge, Event, Part};

/// After `child_wait_time` the tasks that have not stopped get this much longer before they are left behind.
const LAST: Duration = Duration::from_secs(2);
/// What scripts, readers of FIFOs and mails have to end by themselves (IF-178, IF-185).
const GRACE: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Stops everything. Returns after `child_wait_time` and a few seconds at the latest, whatever hangs.
    pub(super) async fn stop(&mut self) {
        self.reporter.report(Event::Stopping);
        self.systemd.stopping("Stopping");
        if let Some(track) = &mut self.track {
            track.stop();
        }
        self.files.stop();
        self.processes.stop();
        self.links.stop();
        self.tasks().await;
        while let Ok(message) = self.inbox.try_recv() {
            if let ToSupervisor::Notify(notification) = message {
                self.notify(&notification);
            }
        }
        self.fifos.close(GRACE);
        let Supervisor { scripts, fifos, mails, track, .. } = self;
        let track = async {
            if let Some(track) = track {
                track.finish().await;
            }
        };
        tokio::join!(scripts.finish(GRACE), fifos.finish(), mails.finish(GRACE), track);
        if let Some(script) = &self.model.global.upkeep.shutdown_script
            && let Some(mut run) = EdgeRun::start(Edge::Shutdown, script, &self.reporter)
        {
            run.finish().await;
        }
    }

    /// VRRP gives its addresses up while the checkers fall silent; then nothing changes the IPVS table any more but
    /// its own task, which empties it.
    async fn tasks(&mut self) {
        let wait = self.model.global.child_wait_time.as_duration();
        let (soft, hard) = (sleep(wait), sleep(wait + LAST));
        tokio::pin!(soft, hard);
        deliver(self.inboxes.vrrp.as_ref(), ToVrrp::Stop);
        deliver(self.inboxes.checkers.as_ref(), ToCheckers::Stop);
        let mut waiting = std::mem::take(&mut self.running);
        self.until(soft.as_mut(), &mut waiting, |waiting| waiting.iter().all(|task| *task == Task::Ipvs)).await;
        deliver(self.inboxes.ipvs.as_ref(), ToIpvs::Stop);
        self.until(soft.as_mut(), &mut waiting, BTreeSet::is_empty).await;
        let parts: BTreeSet<Part> = waiting.iter().map(|task| task.part()).collect();
        for part in parts {
            self.reporter.report(Event::PartOverdue { part });
        }
        self.until(hard.as_mut(), &mut waiting, BTreeSet::is_empty).await;
    }

    /// Attends to the tasks until they are as wanted or `end` has come.
    async fn until(
        &mut self,
        mut end: Pin<&mut Sleep>,
        waiting: &mut BTreeSet<Task>,
        enough: impl Fn(&BTreeSet<Task>) -> bool,
    ) {
        while !enough(waiting) {
            let next = tokio::select! {
                    biased;
                    Some(message) = self.inbox.recv() => Next::Message(message),
                    Some(ended) = self.ended.recv() => Next::Gone(ended.task),
                    () = self.scripts.one_ended() => Next::Nothing,
                    () = self.mails.one_done() => Next::Nothing,
                    () = end.as_mut() => return,
            };
            match next {
                Next::Message(ToSupervisor::Notify(notification)) => self.notify(&notification),
                Next::Message(ToSupervisor::Stopped(task)) | Next::Gone(task) => self.gone(waiting, task),
                Next::Message(ToSupervisor::Ready { .. } | ToSupervisor::Statistics(_) | ToSupervisor::Bfd { .. })
                | Next::Nothing => {}
                Next::Message(ToSupervisor::Failed { task, exit, why }) => {
                    let pid = crate::kernel::background::own_pid();
                    self.reporter.report(Event::PermanentError { part: task.part(), pid, exit, why });
                }
            }
        }
    }

    fn gone(&mut self, waiting: &mut BTreeSet<Task>, task: Task) {
        if waiting.remove(&task) && !waiting.iter().any(|other| other.part() == task.part()) {
            self.reporter.report(Event::PartStopped { part: task.part() });
        }
    }
}

/// What happened while waiting.
enum Next {
    Message(ToSupervisor),
    Gone(Task),
    Nothing,
}
