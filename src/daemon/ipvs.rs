//! The IPVS task: verdicts in, the kernel's table follows.
//!
//! Everything it waits for is its inbox and the time; talking to the kernel is a matter of one send and its answers, so it is
//! done on the spot. Verdicts that are waiting together go out as one batch.

mod generation;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;

use self::generation::Generations;
use crate::base::name::FilePath;
use crate::base::time::Time;
use crate::check::file::weigh;
use crate::daemon::files;
use crate::daemon::message::{Reporter, Setup, Task, ToIpvs, ToSupervisor, Verdict};
use crate::kernel::clock;
use crate::kernel::ipvs::{Failure, Ipvs, OpenError};
use crate::kernel::namespace;
use crate::kernel::netlink;
use crate::kernel::nftables::Nftables;
use crate::lvs::service::Table;
use crate::lvs::{self, Effect, Input};
use crate::model::Model;
use crate::model::check::Check;
use crate::model::event::lvs::Event;
use crate::model::ipvs::{Command, Marking};
use crate::model::lvs::{CheckerId, Timeouts};

/// Exit statuses of the daemon (IF-62).
const EXIT_FATAL: u8 = 1;
/// How often answers may be lost in a row before we wait for the next message.
const MOST_LOSSES: u32 = 3;

/// Runs on the calling thread until `ToIpvs::Stop` or until the inbox is closed.
pub fn run(setup: Setup<ToIpvs>) {
    let supervisor = setup.supervisor.clone();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work(setup)),
        Err(error) => {
            let why = format!("cannot start the ipvs task: {error}");
            // A closed channel means that the daemon is ending anyway.
            supervisor.blocking_send(ToSupervisor::Failed { task: Task::Ipvs, exit: EXIT_FATAL, why }).unwrap_or(());
        }
    }
}

/// The task's state: the machine, and the kernel's table once there is something to put into it (LV-108).
struct Director {
    machine: Table,
    kernel: Option<Ipvs>,
    /// The packet filter, and our table in it (LV-46).
    filter: Option<Nftables>,
    marked: Option<String>,
    model: Arc<Model>,
    generation: u64,
    generations: Generations,
    reporter: Reporter,
    /// When the table is next looked at without a reason.
    next_look: Option<Time>,
    /// What the supervisor has no room for yet; the inbox is read meanwhile, so that nobody waits for another.
    outbox: VecDeque<ToSupervisor>,
    failed: bool,
}

async fn work(setup: Setup<ToIpvs>) {
    let Setup { model, generation, mut inbox, supervisor, reporter, release } = setup;
    let mut director = Director {
        machine: Table::new(Arc::new(model.lvs.clone()), generation),
        kernel: None,
        filter: None,
        marked: None,
        model: model.clone(),
        generation,
        generations: Generations::new(generation),
        reporter,
        next_look: None,
        outbox: VecDeque::new(),
        failed: false,
    };
    director.start(false);
    director.ready();
    loop {
        director.on_time();
        let due = director.due();
        let message = tokio::select! {
            biased;
            message = inbox.recv() => message,
            room = supervisor.reserve(), if !director.outbox.is_empty() => {
                match (room, director.outbox.pop_front()) {
                    (Ok(room), Some(message)) => room.send(message),
                    (Err(_), _) | (_, None) => director.outbox.clear(),
                }
                continue;
            }
            () = until(due) => continue,
        };
        let mut message = message;
        if let Some(ToIpvs::Verdict(first)) = message {
            match director.verdicts(first, &mut inbox) {
                Some(later) => message = Some(later),
                None => continue,
            }
        }
        match message {
            Some(ToIpvs::Reload { model, generation }) => director.reload(model, generation),
            Some(ToIpvs::Instance { name, master }) => director.handle(Input::Instance { name, master }),
            // `verdicts` takes all that are waiting.
            Some(ToIpvs::Verdict(_)) => {}
            Some(ToIpvs::Stop) | None => break,
        }
    }
    if release.ipvs {
        director.stop();
    }
    director.outbox.push_back(ToSupervisor::Stopped(Task::Ipvs));
    for message in director.outbox.drain(..) {
        if supervisor.send(message).await.is_err() {
            break;
        }
    }
}

/// Waits for a moment, or for ever.
async fn until(due: Option<Time>) {
    match due {
        Some(due) => tokio::time::sleep(due.since(clock::now()).as_duration()).await,
        None => std::future::pending().await,
    }
}

impl Director {
    fn due(&self) -> Option<Time> {
        self.machine.deadline().into_iter().chain(self.next_look).min()
    }

    /// What time alone brings: weights that grow, drains that end, a look at the table.
    fn on_time(&mut self) {
        let now = clock::now();
        if self.machine.deadline().is_some_and(|deadline| deadline <= now) {
            self.handle(Input::Deadline);
        }
        if self.next_look.is_some_and(|next| next <= now) {
            let mut losses = 0;
            let read = self.read_again(&mut losses);
            // Read after lost answers or not: it is the table as it is.
            if let Some(Input::Present(present)) = read {
                self.handle(Input::Look(present));
            }
            self.plan_look();
        }
    }

    /// Sets the time of the next look: an interval from now, if there is a table to look at.
    fn plan_look(&mut self) {
        let interval = self.model.lvs.table_interval;
        self.next_look = (self.kernel.is_some() && !interval.is_zero()).then(|| clock::now() + interval);
    }

    /// Opens IPVS if the configuration needs it, reads what is in it, and begins.
    fn start(&mut self, again: bool) {
        let lvs = &self.model.lvs;
        let needed = !lvs.virtual_servers.is_empty() || lvs.timeouts.is_some() || lvs.sync_daemon.is_some();
        if !needed || self.kernel.is_some() || self.failed {
            return;
        }
        self.reporter.report(Event::Initializing { again });
        if let Some(place) = &lvs.net_namespace
            && let Err(error) = namespace::enter_for_ipvs(place.as_deref())
        {
            return self.fail(&OpenError::NoNamespace(error));
        }
        match Ipvs::open() {
            Ok(kernel) => self.kernel = Some(kernel),
            Err(error) => return self.fail(&error),
        }
        self.make_room();
        match self.read().and_then(|present| Ok((present, self.timeouts()?))) {
            Ok((present, timeouts)) => {
                self.handle(Input::Verdicts(self.known()));
                self.handle(Input::Start { present, timeouts });
            }
            Err(failure) => self.fail(&OpenError::Failed(failure)),
        }
        self.plan_look();
    }

    /// The receive buffer of the socket to IPVS.
    fn make_room(&mut self) {
        let room = self.model.lvs.command_room;
        if let Some(Err(error)) = self.kernel.as_mut().map(|kernel| kernel.set_room(room)) {
            let setting = "lvs_netlink_cmd_rcv_bufs";
            self.reporter.report(Event::RoomRefused { setting, error: error.to_string() });
        }
    }

    fn fail(&mut self, error: &OpenError) {
        let advice = match error {
            OpenError::Absent => "load the kernel module ip_vs, or use a kernel that has it",
            OpenError::NotPermitted => "run as root, or with the capability CAP_NET_ADMIN",
            OpenError::NoNamespace(_) => "make the network namespace that net_namespace_ipvs names, see ip-netns(8)",
            OpenError::Failed(_) => "see the kernel's log",
        };
        self.failed = true;
        self.kernel = None;
        self.reporter.report(Event::CannotInitialize { error: error.to_string(), advice });
        let why = format!("IPVS: Can't initialize ipvs: {error} - {advice}");
        self.outbox.push_back(ToSupervisor::Failed { task: Task::Ipvs, exit: EXIT_FATAL, why });
    }

    /// All verdicts that are waiting, as one input. Returns the message behind them, if it is of another kind.
    fn verdicts(&mut self, first: Verdict, inbox: &mut mpsc::Receiver<ToIpvs>) -> Option<ToIpvs> {
        let mut waiting = vec![first];
        let later = loop {
            match inbox.try_recv() {
                Ok(ToIpvs::Verdict(verdict)) => waiting.push(verdict),
                Ok(other) => break Some(other),
                Err(_) => break None,
            }
        };
        let placed = waiting.into_iter().filter_map(|verdict| self.generations.place(verdict)).collect();
        self.act_on(placed);
        later
    }

    fn act_on(&mut self, verdicts: Vec<Verdict>) {
        let said = |Verdict { checker, up, weight, mail, .. }| lvs::Verdict { checker, up, weight, mail };
        if !verdicts.is_empty() {
            self.handle(Input::Verdicts(verdicts.into_iter().map(said).collect()));
        }
    }

    fn reload(&mut self, model: Arc<Model>, generation: u64) {
        let early = self.generations.advance(&self.model.lvs, &model.lvs, generation);
        self.generation = generation;
        self.model = model.clone();
        if self.kernel.is_some() {
            self.reporter.report(Event::Initializing { again: true });
        }
        self.make_room();
        let known = self.known();
        self.handle(Input::Reload { model: Arc::new(model.lvs.clone()), generation, known });
        self.start(true);
        self.plan_look();
        self.ready();
        self.act_on(early);
    }

    /// What the files say already: their checkers' word comes too late for the first table (LV-49, CK-120).
    fn known(&self) -> Vec<lvs::Verdict> {
        let mut numbers: BTreeMap<&FilePath, i64> = BTreeMap::new();
        let mut known = Vec::new();
        for (at, checker) in self.model.lvs.checkers.iter().enumerate() {
            let Check::File(check) = &checker.check else { continue };
            let path = &check.file.path;
            // One that is too large counts as none; the checkers' task tells of it.
            let number = *numbers.entry(path).or_insert_with(|| files::number(path).unwrap_or(0));
            let found = weigh(check, number);
            let (up, weight) = (found.is_some(), found.unwrap_or(0));
            known.push(lvs::Verdict { checker: CheckerId(at), up, weight, mail: String::new() });
        }
        known
    }

    fn stop(&mut self) {
        if self.kernel.is_some() {
            self.handle(Input::Stop);
        }
    }

    fn ready(&mut self) {
        if !self.failed {
            self.outbox.push_back(ToSupervisor::Ready { task: Task::Ipvs, generation: self.generation });
        }
    }

    /// Hands an input to the machine and carries its effects out, until it asks for nothing more.
    fn handle(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut losses = 0;
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.machine.handle(clock::now(), input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Report(event) => self.reporter.report(event),
                    Effect::Notify(notification) => self.outbox.push_back(ToSupervisor::Notify(notification)),
                    Effect::Mark(marking) => self.mark(marking.as_ref()),
                    Effect::Commands(commands) => inputs.extend(self.execute(&commands, &mut losses)),
                    Effect::ReadTable => inputs.extend(self.read_again(&mut losses)),
                }
            }
        }
    }

    fn execute(&mut self, commands: &[Command], losses: &mut u32) -> Option<Input> {
        match self.kernel.as_mut()?.execute(commands) {
            Ok(refused) if refused.is_empty() => None,
            Ok(refused) => Some(Input::Refused(refused)),
            Err(failure) => {
                self.lost(&failure, losses);
                self.read_again(losses)
            }
        }
    }

    /// In the network namespace of IPVS, where this thread is.
    fn mark(&mut self, marking: Option<&Marking>) {
        let before = self.marked.take();
        let Some(table) = marking.map(|marking| marking.table.clone()).or_else(|| before.clone()) else { return };
        let filter = match self.filter.take() {
            Some(filter) => Ok(filter),
            None => Nftables::open(),
        };
        let done = filter.map_err(netlink::Failure::from).and_then(|filter| {
            let filter = self.filter.insert(filter);
            match marking {
                Some(marking) => filter.mark(marking, before.as_deref()),
                None => filter.remove(&table),
            }
        });
        match (done, marking) {
            (Ok(()), Some(_)) => self.marked = Some(table),
            (Ok(()), None) => {}
            (Err(failure), _) => {
                self.marked = before;
                self.reporter.report(Event::MarksRefused { table, error: failure.to_string() });
            }
        }
    }

    /// What the table really holds, after something did not go as thought. When that fails, too, the next input
    /// about the same servers plans again.
    fn read_again(&mut self, losses: &mut u32) -> Option<Input> {
        while *losses < MOST_LOSSES {
            match self.read() {
                Ok(present) => return Some(Input::Present(present)),
                Err(failure) => self.lost(&failure, losses),
            }
        }
        None
    }

    fn lost(&mut self, failure: &Failure, losses: &mut u32) {
        *losses += 1;
        self.reporter.report(Event::AnswersLost { error: failure.to_string() });
        if let Some(Err(error)) = self.kernel.as_mut().map(Ipvs::reopen) {
            self.reporter.report(Event::AnswersLost { error: error.to_string() });
        }
    }

    /// The services that are ours.
    fn read(&mut self) -> Result<Vec<crate::model::ipvs::Present>, Failure> {
        let machine = &self.machine;
        match self.kernel.as_mut() {
            Some(kernel) => kernel.present(|key| machine.is_ours(key)),
            None => Ok(Vec::new()),
        }
    }

    fn timeouts(&mut self) -> Result<Timeouts, Failure> {
        match self.kernel.as_mut() {
            Some(kernel) => kernel.timeouts(),
            None => Ok(Timeouts { tcp: 0, tcp_fin: 0, udp: 0 }),
        }
    }
}
