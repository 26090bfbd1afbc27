//! The threads of the tasks: started with what they need, watched for their end.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::daemon::message::{INBOX, Release, Reporter, Setup, Task, ToCheckers, ToIpvs, ToSupervisor, ToVrrp};
use crate::kernel::scheduling;
use crate::model::Model;
use crate::model::event::daemon::{Event, Part};
use crate::model::global::Global;
use crate::model::upkeep::Names;

/// Room for a task's stack; only what is used costs memory, unless all of it is locked (`vrrp_no_swap`).
const STACK: usize = 1 << 20;

/// The work of each task.
#[derive(Clone, Copy)]
pub struct Work {
    pub vrrp: fn(Setup<ToVrrp>),
    pub ipvs: fn(Setup<ToIpvs>),
    pub checkers: fn(Setup<ToCheckers>, mpsc::Sender<ToIpvs>),
}

impl Task {
    /// The process of the original that it stands for.
    pub const fn part(self) -> Part {
        match self {
            Task::Vrrp => Part::Vrrp,
            Task::Ipvs | Task::Checkers => Part::Checkers,
        }
    }

    /// The name of its thread, at most 15 bytes (prctl(2), PR_SET_NAME).
    fn thread(self, names: &Names) -> &str {
        match self {
            Task::Vrrp => names.vrrp.as_deref().unwrap_or("keepalived_vrrp"),
            Task::Ipvs => "keepalived_ipvs",
            Task::Checkers => names.checkers.as_deref().unwrap_or("keepalived_chk"),
        }
    }
}

/// A thread has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    pub task: Task,
    pub panicked: bool,
}

/// What every task is started with.
pub struct Start {
    pub work: Work,
    pub supervisor: mpsc::Sender<ToSupervisor>,
    pub ended: mpsc::UnboundedSender<Ended>,
    pub reporter: Reporter,
    pub release: Release,
}

/// The inboxes of the tasks that run.
#[derive(Default)]
pub struct Inboxes {
    pub vrrp: Option<mpsc::Sender<ToVrrp>>,
    pub ipvs: Option<mpsc::Sender<ToIpvs>>,
    pub checkers: Option<mpsc::Sender<ToCheckers>>,
}

impl Start {
    /// Starts the tasks of a part; `told` is what VRRP knows from its first moment.
    ///
    /// # Errors
    /// As pthread_create(3) has them.
    pub fn part(
        &self,
        part: Part,
        model: &Arc<Model>,
        generation: u64,
        told: Vec<ToVrrp>,
        inboxes: &mut Inboxes,
    ) -> io::Result<()> {
        match part {
            Part::Vrrp => {
                let (inbox, setup) = self.setup(model, generation);
                for message in told {
                    // The inbox is new and has room for more than anyone tracks; what does not fit counts as 0.
                    inbox.try_send(message).unwrap_or(());
                }
                let work = self.work.vrrp;
                self.thread(Task::Vrrp, &model.global, move || work(setup))?;
                inboxes.vrrp = Some(inbox);
            }
            Part::Checkers => {
                let (ipvs, setup) = self.setup(model, generation);
                let work = self.work.ipvs;
                self.thread(Task::Ipvs, &model.global, move || work(setup))?;
                inboxes.ipvs = Some(ipvs.clone());
                let (inbox, setup) = self.setup(model, generation);
                let work = self.work.checkers;
                self.thread(Task::Checkers, &model.global, move || work(setup, ipvs))?;
                inboxes.checkers = Some(inbox);
            }
        }
        Ok(())
    }

    fn setup<Inbox>(&self, model: &Arc<Model>, generation: u64) -> (mpsc::Sender<Inbox>, Setup<Inbox>) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let setup = Setup {
            model: model.clone(),
            generation,
            inbox,
            supervisor: self.supervisor.clone(),
            reporter: self.reporter.clone(),
            release: self.release,
        };
        (sender, setup)
    }

    fn thread(&self, task: Task, global: &Global, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let settings = match task {
            Task::Vrrp => &global.vrrp_process,
            Task::Ipvs | Task::Checkers => &global.checker_process,
        };
        let name = task.thread(&global.upkeep.names).to_owned();
        let (settings, reporter, ended) = (settings.clone(), self.reporter.clone(), self.ended.clone());
        let whole = move || {
            if task == Task::Vrrp && settings.nice.is_none() && settings.rt_priority.is_none() {
                // Thousands of checks in the same process must not make an advert late.
                scheduling::go_first();
            }
            for refusal in scheduling::apply(&settings) {
                let error = refusal.source.to_string();
                reporter.report(Event::SchedulingRefused { part: task.part(), what: refusal.what, error });
            }
            // Nothing of the task is used after a panic but the fact that it has ended.
            let panicked = catch_unwind(AssertUnwindSafe(work)).is_err();
            // A closed channel: the daemon is ending.
            ended.send(Ended { task, panicked }).unwrap_or(());
        };
        std::thread::Builder::new().name(name).stack_size(STACK).spawn(whole).map(drop)
    }
}
