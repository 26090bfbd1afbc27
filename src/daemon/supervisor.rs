//! The supervisor: signals in, parts started, reloaded, watched and stopped; scripts, FIFOs and mail on their behalf.
//!
//! It runs on the main thread and is the only one that may be late: no task ever waits for it.

mod stop;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::base::name::InstanceName;
use crate::daemon::edge::EdgeRun;
use crate::daemon::fifos::Fifos;
use crate::daemon::files::TrackFiles;
use crate::daemon::links::PolledLinks;
use crate::daemon::mail::Mails;
use crate::daemon::message::{INBOX, Release, Reporter, Task, ToCheckers, ToIpvs, ToSupervisor, ToVrrp};
use crate::daemon::processes::TrackProcesses;
use crate::daemon::reload::{Reading, Source, Tested, lost, unchangeable};
use crate::daemon::reload_time::ReloadClock;
use crate::daemon::scripts::Scripts;
use crate::daemon::signal::{Request, Signals};
use crate::daemon::statistics;
use crate::daemon::systemd::Systemd;
use crate::daemon::tasks::{Ended, Inboxes, Start, Work};
use crate::daemon::traces::{self, UnderWay};
use crate::daemon::track::TrackScripts;
use crate::diagnostic::render::Form;
use crate::kernel::background::{give_memory_back, own_pid};
use crate::model::Model;
use crate::model::event::daemon::{Edge, Event, Part};
use crate::model::event::{Notification, NotifyState};
use crate::model::vrrp::Statistics;
use crate::notify::Action;
use crate::notify::plan::Planner;

/// Exit status after a defect of ours (IF-62).
const EXIT_INTERNAL: u8 = 70;
/// Our status when a reload is refused.
const UNUSABLE: &str = "Running the old configuration: the new one cannot be used";
/// How often it is looked whether the log has written what the start has to say.
const LOG_LOOK: std::time::Duration = std::time::Duration::from_millis(50);

/// What the supervisor is started with.
pub struct Order {
    pub model: Arc<Model>,
    pub source: Source,
    /// Whether VRRP and the checkers may run (-P, -C).
    pub parts: (bool, bool),
    /// `--all`: run them even without configuration.
    pub all: bool,
    pub ignore_interrupt: bool,
    pub release: Release,
    pub work: Work,
    pub reporter: Reporter,
    /// Called once the signals are received.
    pub started: Box<dyn FnOnce()>,
}

struct Supervisor {
    source: Source,
    wants: (bool, bool),
    all: bool,
    reporter: Reporter,
    systemd: Systemd,
    model: Arc<Model>,
    generation: u64,
    /// By generation, the running model, and during a reload the one before it: notifications speak of it, too.
    models: BTreeMap<u64, Arc<Model>>,
    start: Start,
    inboxes: Inboxes,
    running: BTreeSet<Task>,
    /// Running tasks that do not yet run the present generation.
    unready: BTreeSet<Task>,
    /// Which instances are Master, by the last word of each.
    masters: BTreeMap<InstanceName, bool>,
    reloading: bool,
    complete: bool,
    queued: bool,
    /// Memory that the start took and needs no more goes back to the kernel once the log has let go of its lines, too.
    gives_back: bool,
    planner: Planner,
    scripts: Scripts,
    mails: Mails,
    fifos: Fifos,
    track: Option<TrackScripts>,
    files: TrackFiles,
    processes: TrackProcesses,
    links: PolledLinks,
    clock: ReloadClock,
    inbox: mpsc::Receiver<ToSupervisor>,
    ended: mpsc::UnboundedReceiver<Ended>,
}

/// Runs until a signal or a failure ends it; gives the exit status.
///
/// # Errors
/// When signals cannot be received.
pub async fn run(order: Order) -> std::io::Result<u8> {
    let mut signals = Signals::open(order.ignore_interrupt)?;
    (order.started)();
    let (supervisor, inbox) = mpsc::channel(INBOX);
    let (ended_to, ended) = mpsc::unbounded_channel();
    let reporter = order.reporter;
    let start =
        Start { work: order.work, supervisor, ended: ended_to, reporter: reporter.clone(), release: order.release };
    let mut this = Supervisor {
        source: order.source,
        wants: order.parts,
        all: order.all,
        systemd: Systemd::find(),
        models: BTreeMap::from([(0, order.model.clone())]),
        model: order.model,
        generation: 0,
        start,
        inboxes: Inboxes::default(),
        running: BTreeSet::new(),
        unready: BTreeSet::new(),
        masters: BTreeMap::new(),
        reloading: false,
        complete: false,
        queued: false,
        gives_back: false,
        planner: Planner::default(),
        scripts: Scripts::new(reporter.clone()),
        mails: Mails::new(reporter.clone()),
        fifos: Fifos::new(reporter.clone()),
        track: None,
        files: TrackFiles::new(reporter.clone()),
        processes: TrackProcesses::new(reporter.clone()),
        links: PolledLinks::new(reporter.clone()),
        clock: ReloadClock::new(reporter.clone()),
        inbox,
        ended,
        reporter,
    };
    let exit = match this.begin(&mut signals).await {
        Some(exit) => exit,
        None => {
            this.open();
            this.serve(&mut signals).await
        }
    };
    this.stop().await;
    Ok(exit)
}

impl Supervisor {
    /// `startup_script`, which is waited for. `Some`: we were told to stop meanwhile.
    async fn begin(&mut self, signals: &mut Signals) -> Option<u8> {
        let script = self.model.global.upkeep.startup_script.clone()?;
        let mut run = EdgeRun::start(Edge::Startup, &script, &self.reporter)?;
        {
            // Its time goes on whatever comes meanwhile.
            let mut finished = pin!(run.finish());
            loop {
                tokio::select! {
                    biased;
                    request = signals.next() => match request {
                        Request::Stop => break,
                        Request::Reload => self.queued = true,
                        // Nothing runs that could be asked.
                        Request::WriteState
                        | Request::WriteStatistics
                        | Request::ClearStatistics
                        | Request::WriteJson => {}
                    },
                    () = &mut finished => return None,
                }
            }
        }
        run.abandon().await;
        Some(0)
    }

    /// Until something ends it: the exit status.
    async fn serve(&mut self, signals: &mut Signals) -> u8 {
        loop {
            let exit = tokio::select! {
                biased;
                request = signals.next() => self.signal(request),
                Some(ended) = self.ended.recv() => self.task_ended(ended),
                Some(message) = self.inbox.recv() => self.message(message),
                () = self.clock.due() => self.signal(Request::Reload),
                () = tokio::time::sleep(LOG_LOOK), if self.gives_back => {
                    self.give_back();
                    None
                }
                () = self.scripts.one_ended() => None,
                () = self.mails.one_done() => None,
            };
            if let Some(exit) = exit {
                return exit;
            }
        }
    }

    /// FIFOs first, so that the first lines find them; then the parts that the configuration has something for.
    fn open(&mut self) {
        let upkeep = &self.model.global.upkeep;
        if let Some(file) = &upkeep.reload_file {
            // Left by one that was killed while it reloaded (IF-92).
            std::fs::remove_file(file).unwrap_or(());
        }
        self.clock.set(&upkeep.reload_time);
        self.fifos.set(&self.model.global, self.wants);
        if self.wants.0 {
            self.files.initialise(&self.model.vrrp.files);
        }
        if self.wants.1 {
            self.files.initialise(&self.model.lvs.files());
        }
        self.start_parts();
        if self.running.is_empty() {
            self.reporter.report(Event::NothingToRun);
        }
        self.settle();
    }

    /// Starts what is wanted and does not run yet. A part once started goes on, be its configuration empty or not.
    fn start_parts(&mut self) {
        // BFD runs on the VRRP thread.
        let sessions = !self.model.bfd.sessions.is_empty();
        let vrrp = self.wants.0 && (self.all || sessions || !self.model.vrrp.instances.is_empty());
        let follows = self.model.lvs.sync_daemon.as_ref().is_some_and(|daemon| daemon.instance.is_some());
        let checkers = self.wants.1 && (self.all || follows || !self.model.lvs.virtual_servers.is_empty());
        let parts =
            [(Part::Checkers, checkers, &[Task::Ipvs, Task::Checkers][..]), (Part::Vrrp, vrrp, &[Task::Vrrp][..])];
        let mut parts = Vec::from(parts);
        parts.retain(|(_, wanted, tasks)| *wanted && !tasks.iter().any(|task| self.running.contains(task)));
        for (part, ..) in &parts {
            self.reporter.report(Event::PartStarting { part: *part, pid: own_pid() });
        }
        // The first advert does not wait for a long table: told last, as the original does, and started first.
        for (part, _, tasks) in parts.into_iter().rev() {
            let told = if part == Part::Vrrp { self.watched() } else { Vec::new() };
            match self.start.part(part, &self.model, self.generation, told, &mut self.inboxes) {
                Ok(()) => {
                    self.running.extend(tasks);
                    self.unready.extend(tasks);
                }
                Err(error) => {
                    // As if the task had said so itself; there is always room at the start.
                    let task = tasks.first().copied().unwrap_or(Task::Vrrp);
                    let why = format!("cannot start a thread: {error}");
                    let failed = ToSupervisor::Failed { task, exit: EXIT_INTERNAL, why };
                    self.start.supervisor.try_send(failed).unwrap_or(());
                }
            }
        }
        if let Some(vrrp) = &self.inboxes.vrrp {
            let track = self.track.get_or_insert_with(|| TrackScripts::new(vrrp.clone(), self.reporter.clone()));
            track.set(&self.model.vrrp.scripts);
            self.files.follow(vrrp);
            self.processes.follow(vrrp);
            self.links.follow(vrrp);
        }
    }

    /// What is known of the files, processes and polled links of the present model, which are watched from now on.
    fn watched(&mut self) -> Vec<ToVrrp> {
        let mut told: Vec<ToVrrp> = self.files.set(&self.model.vrrp.files).into_iter().map(Into::into).collect();
        told.extend(self.processes.set(&self.model.vrrp.processes, self.model.global.upkeep.process_room));
        told.extend(self.links.set(&self.model.vrrp.polled_links));
        told
    }

    /// `Some`: stop with this exit status.
    fn signal(&mut self, request: Request) -> Option<u8> {
        match request {
            Request::Stop => return Some(0),
            Request::Reload if !self.unready.is_empty() => {
                if !self.queued {
                    self.reporter.report(Event::ReloadQueued);
                }
                self.queued = true;
            }
            Request::Reload => self.reload(),
            Request::WriteStatistics => self.ask_statistics(false),
            Request::ClearStatistics => self.ask_statistics(true),
            Request::WriteState | Request::WriteJson => {
                self.reporter.report(Event::NotYet { what: format!("the signal {}", request.name()) });
            }
        }
        None
    }

    /// Without VRRP there is nothing to write (IF-81).
    fn ask_statistics(&mut self, clear: bool) {
        let Some(vrrp) = &self.inboxes.vrrp else { return };
        if vrrp.try_send(ToVrrp::Statistics { clear }).is_err() {
            let error = "the VRRP task is too busy".to_owned();
            self.reporter.report(Event::CannotWriteStatistics { error });
        }
    }

    fn write_statistics(&self, all: &[(InstanceName, Statistics)]) {
        let text = crate::observe::statistics::statistics(all);
        let place = statistics::place(self.model.global.upkeep.statistics_file.as_deref());
        if let Err(error) = statistics::write(&place, &text) {
            self.reporter.report(Event::CannotWriteStatistics { error: error.to_string() });
        }
    }

    fn reload(&mut self) {
        self.reporter.report(Event::Reloading);
        self.systemd.reloading();
        let taken = self.take_up();
        self.clock.set(&self.model.global.upkeep.reload_time);
        match taken {
            Ok(()) => self.settle(),
            Err(status) => self.systemd.ready(status),
        }
    }

    /// Validate, prepare, apply; nothing changes unless the new configuration can be used.
    ///
    /// # Errors
    /// It cannot, which was said: our status from now on.
    fn take_up(&mut self) -> Result<(), &'static str> {
        if let Some(file) = self.fails_check() {
            self.reporter.report(Event::ReloadCheckFailed { file });
            return Err(UNUSABLE);
        }
        let under_way = UnderWay::begin(self.model.global.upkeep.reload_file.as_deref());
        let Reading { model, findings, mistake } = self.source.read();
        if let Some(error) = under_way.err() {
            let file = self.model.global.upkeep.reload_file.clone().unwrap_or_default();
            self.reporter.report(Event::TraceRefused { file, error: error.to_string() });
        }
        findings.into_iter().for_each(|finding| self.reporter.report(finding));
        let model = match model {
            Ok(model) => model,
            Err(unusable) => {
                let file = self.source.file.display().to_string();
                self.reporter.report(Event::ReloadRefused { file, why: unusable.why });
                return Err(UNUSABLE);
            }
        };
        if let Some(mistake) = mistake
            && let Some(gone) = lost(&self.model, &model)
        {
            let file = self.source.file.display().to_string();
            self.reporter
                .report(Event::ReloadRefused { file, why: format!("{gone} would be gone by a mistake: {mistake}") });
            return Err(UNUSABLE);
        }
        if let Some(what) = unchangeable(&self.model, &model) {
            self.reporter.report(Event::CannotChange { what });
            return Err("Running the old configuration: the new one needs a restart");
        }
        self.generation += 1;
        self.save("pre");
        self.reloading = true;
        self.gives_back = false;
        self.complete = false;
        self.models.insert(self.generation, model.clone());
        self.model = model;
        self.save("post");
        self.fifos.set(&self.model.global, self.wants);
        self.unready.clone_from(&self.running);
        let (model, generation) = (self.model.clone(), self.generation);
        if self.inboxes.vrrp.is_some() {
            // What is known of new ones comes before the model that has them.
            for message in self.watched() {
                deliver(self.inboxes.vrrp.as_ref(), message);
            }
        }
        let Inboxes { vrrp, ipvs, checkers } = &self.inboxes;
        deliver(vrrp.as_ref(), ToVrrp::Reload { model: model.clone(), generation });
        deliver(ipvs.as_ref(), ToIpvs::Reload { model: model.clone(), generation });
        deliver(checkers.as_ref(), ToCheckers::Reload { model, generation });
        self.start_parts();
        self.tell_follower();
        Ok(())
    }

    /// LV-101: the IPVS task hears of the instance that its sync daemon follows.
    fn tell_follower(&self) {
        let followed = self.model.lvs.sync_daemon.as_ref().and_then(|daemon| daemon.instance.as_ref());
        if let Some((name, master)) = followed.and_then(|name| Some((name.clone(), *self.masters.get(name)?))) {
            deliver(self.inboxes.ipvs.as_ref(), ToIpvs::Instance { name, master });
        }
    }

    /// With `reload_check_config` a file with any mistake is no file to reload: where its findings are, if it has one.
    fn fails_check(&self) -> Option<String> {
        let file = self.model.global.upkeep.reload_check.clone()?;
        let Tested { exit, findings, .. } = self.source.test(Form::Line, false);
        if let Err(error) = traces::note(&file, &findings) {
            self.reporter.report(Event::TraceRefused { file: file.clone(), error: error.to_string() });
        }
        (exit != 0).then_some(file)
    }

    /// `config_save_dir`.
    fn save(&self, when: &str) {
        let Some(folder) = &self.model.global.upkeep.save_folder else { return };
        if let Err(error) = traces::save(folder, self.generation, when, &self.model) {
            self.reporter.report(Event::TraceRefused { file: folder.clone(), error: error.to_string() });
        }
    }

    /// Start or reload is complete when every task runs the present generation.
    fn settle(&mut self) {
        if !self.unready.is_empty() || self.complete {
            return;
        }
        self.complete = true;
        // What a task said of the one before, it said before it was ready.
        self.models.retain(|generation, _| *generation == self.generation);
        // It holds up whoever allocates meanwhile: at the start that may be, in a reload no advert is to wait for it.
        if !self.reloading || !self.running.contains(&Task::Vrrp) {
            self.gives_back = true;
        }
        if !self.running.is_empty() {
            self.reporter.report(if self.reloading { Event::ReloadComplete } else { Event::StartupComplete });
        }
        self.reloading = false;
        self.systemd.ready(&self.status());
        if std::mem::take(&mut self.queued) {
            self.reporter.report(Event::QueuedReload);
            self.reload();
        }
    }

    fn give_back(&mut self) {
        if self.reporter.is_idle() {
            self.gives_back = false;
            give_memory_back();
        }
    }

    fn status(&self) -> String {
        if self.running.is_empty() {
            return "No configuration to run".to_owned();
        }
        let (vrrp, lvs) = (&self.model.vrrp, &self.model.lvs);
        let (routers, services) = (vrrp.instances.len(), lvs.virtual_servers.len());
        format!("Running {routers} virtual routers, {services} virtual servers")
    }

    fn message(&mut self, message: ToSupervisor) -> Option<u8> {
        match message {
            ToSupervisor::Notify(notification) => self.notify(&notification),
            ToSupervisor::Statistics(all) => self.write_statistics(&all),
            ToSupervisor::Bfd { session, up } => {
                deliver(self.inboxes.checkers.as_ref(), ToCheckers::Bfd { session, up });
            }
            ToSupervisor::Ready { task, generation } => {
                if generation == self.generation {
                    self.unready.remove(&task);
                    self.settle();
                }
            }
            ToSupervisor::Stopped(task) => {
                // Nobody asked it to: its inbox was closed, or it lost its way.
                return self.task_ended(Ended { task, panicked: false });
            }
            ToSupervisor::Failed { task, exit, why } => {
                self.reporter.report(Event::PermanentError { part: task.part(), pid: own_pid(), exit, why });
                self.systemd.failed(if exit == 2 { 22 } else { 1 });
                return Some(exit);
            }
        }
        None
    }

    /// A thread that ends unasked takes the daemon with it: it cannot be started again without losing what it knew,
    /// so systemd starts all of us.
    fn task_ended(&mut self, ended: Ended) -> Option<u8> {
        if !self.running.remove(&ended.task) {
            return None;
        }
        // What it said last comes first: it may have failed in an orderly way.
        while let Ok(message) = self.inbox.try_recv() {
            match message {
                ToSupervisor::Notify(notification) => self.notify(&notification),
                failed @ ToSupervisor::Failed { .. } => return self.message(failed),
                ToSupervisor::Ready { .. }
                | ToSupervisor::Statistics(_)
                | ToSupervisor::Bfd { .. }
                | ToSupervisor::Stopped(_) => {}
            }
        }
        self.reporter.report(Event::PartDied { part: ended.task.part(), pid: own_pid() });
        self.systemd.failed(1);
        Some(EXIT_INTERNAL)
    }

    fn notify(&mut self, notification: &Notification) {
        if let Notification::Instance { name, state, .. } = notification {
            let master = match state {
                NotifyState::Master => Some(true),
                NotifyState::Backup | NotifyState::Fault => Some(false),
                // No state, or the end, at which the IPVS task stops what runs.
                NotifyState::Stop
                | NotifyState::Deleted
                | NotifyState::MasterRxLowerPri
                | NotifyState::MasterPriority
                | NotifyState::BackupPriority => None,
            };
            if let Some(master) = master {
                let changed = self.masters.insert(name.clone(), master) != Some(master);
                let followed = self.model.lvs.sync_daemon.as_ref().and_then(|daemon| daemon.instance.as_ref());
                if changed && followed == Some(name) {
                    self.tell_follower();
                }
            } else if *state == NotifyState::Deleted {
                self.masters.remove(name);
            }
        }
        let generation = match notification {
            Notification::Instance { generation, .. }
            | Notification::SyncGroup { generation, .. }
            | Notification::StillInState { generation, .. }
            | Notification::RealServer { generation, .. }
            | Notification::VirtualServer { generation, .. } => *generation,
        };
        let model = self.models.get(&generation).unwrap_or(&self.model).clone();
        let mut actions = Vec::new();
        self.planner.plan(&model, notification, &mut actions);
        for action in actions {
            match action {
                Action::Run { script, more } => self.scripts.run(script, more),
                Action::Line { fifo, text } => self.fifos.write(fifo, &text),
                Action::Mail(mail) => {
                    if let Some(settings) = &model.global.mail {
                        self.mails.send(settings, &mail);
                    }
                }
            }
        }
    }
}

/// Hands a message to a task without waiting here; one that is behind gets it as soon as it has room.
fn deliver<Message: Send + 'static>(inbox: Option<&mpsc::Sender<Message>>, message: Message) {
    let Some(inbox) = inbox else { return };
    if let Err(mpsc::error::TrySendError::Full(message)) = inbox.try_send(message) {
        let inbox = inbox.clone();
        // A closed channel: the task has ended, which is told elsewhere.
        tokio::spawn(async move { inbox.send(message).await.unwrap_or(()) });
    }
}
