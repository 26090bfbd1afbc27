//! The VRRP task: deadlines, adverts, links and addresses in; adverts, addresses and announcements out.
//!
//! It waits on one `timerfd` and its sockets and does nothing else: log lines, scripts and mail are others' work, and
//! what they have no room for yet waits here. The way from a deadline to the advert on the wire is short: wake, ask
//! the machine, send.

mod bfd;
mod effects;
mod hearing;
mod keeping;
mod urgency;

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use nix::libc::{EACCES, EPERM};
use tokio::sync::mpsc;

use self::bfd::Neighbours;
use self::hearing::{Ear, Hearing};
use self::keeping::Keeping;
use self::urgency::Urgency;
use crate::base::time::{Interval, Time};
use crate::daemon::message::{Reporter, Setup, Task, ToSupervisor, ToVrrp};
use crate::kernel::address::Addresses;
use crate::kernel::arp_socket::AnnounceSocket;
use crate::kernel::clock::{self, Timer};
use crate::kernel::items::Items;
use crate::kernel::monitor::{Change, Monitor};
use crate::kernel::netlink::Failure;
use crate::model::Model;
use crate::model::event::{bfd as bfd_event, kernel};
use crate::model::route::Follow;
use crate::model::vrrp::Vrrp;
use crate::vrrp::router::Router;
use crate::vrrp::{Effect, Input, Release};

/// Exit statuses of the daemon (IF-62).
const EXIT_FATAL: u8 = 1;
const EXIT_PERMISSION: u8 = 4;
/// Between two tries to follow links and addresses again after that failed.
const PAUSE: Interval = Interval::from_secs(1);

/// Runs on the calling thread until `ToVrrp::Stop` or until the inbox is closed.
pub fn run(setup: Setup<ToVrrp>) {
    let supervisor = setup.supervisor.clone();
    // The timer is our own: tokio's would be looked at with every advert.
    match tokio::runtime::Builder::new_current_thread().enable_io().build() {
        Ok(runtime) => runtime.block_on(work(setup)),
        Err(error) => {
            let why = format!("cannot start the vrrp task: {error}");
            // A closed channel means that the daemon is ending anyway.
            supervisor.blocking_send(ToSupervisor::Failed { task: Task::Vrrp, exit: EXIT_FATAL, why }).unwrap_or(());
        }
    }
}

/// The task's state: the machine, and its hands and ears.
struct Station {
    machine: Router,
    generation: u64,
    timer: Timer,
    monitor: Monitor,
    addresses: Addresses,
    items: Items,
    announcer: AnnounceSocket,
    sockets: Vec<Ear>,
    hearing: Hearing,
    /// The socket to be looked at first, so that a flood on one does not drown the others.
    turn: usize,
    /// What the machine asked for and is not done yet, in order.
    pending: VecDeque<Effect>,
    /// What came of it, for the machine.
    inputs: VecDeque<Input>,
    /// Destinations that cannot be reached just now; told once.
    unreachable: BTreeSet<std::net::IpAddr>,
    reporter: Reporter,
    /// What the supervisor has no room for yet; this task goes on meanwhile.
    outbox: VecDeque<ToSupervisor>,
    keeping: Keeping,
    bfd: Neighbours,
    urgency: Urgency,
    /// A new model that the keeper prepares the host for.
    coming: Option<(Arc<Model>, u64)>,
    /// Set while links and addresses cannot be followed: when it is tried again.
    look_again: Option<Time>,
}

/// What ended the waiting.
enum Wake {
    Deadline(io::Result<()>),
    Message(Option<ToVrrp>),
    Changes(Result<Vec<Change>, Failure>),
    /// `Station::hearing` has something.
    Packets,
    /// The host is ready for `Station::coming`.
    Prepared,
    /// A BFD session heard something.
    Bfd,
}

async fn work(setup: Setup<ToVrrp>) {
    let Setup { model, generation, mut inbox, supervisor, reporter, release } = setup;
    let vrrp = Arc::new(model.vrrp.clone());
    let mut keeping = Keeping::new(reporter.clone());
    keeping.begin(&vrrp).await;
    let release = Release { always_addresses: release.always_addresses, vrrp: release.vrrp };
    let machine = Router::new(vrrp.clone(), generation, release);
    match Station::open(machine, &model, generation, reporter, keeping) {
        Ok((mut station, present)) => {
            station.make_room(&model);
            station.changes(present);
            // What is known of files, processes and links counts from the first moment; before it nothing else does, and a
            // script that is quicker than we are runs only once an interval.
            let mut later = Vec::new();
            while let Ok(message) = inbox.try_recv() {
                match message {
                    ToVrrp::File { .. } | ToVrrp::Processes { .. } | ToVrrp::LinkAnswered { .. } => {
                        station.message(message);
                    }
                    other => later.push(other),
                }
            }
            station.handle(Input::Start);
            station.bfd.handle(crate::bfd::Input::Start);
            station.pass_on();
            station.ready();
            let stopped = later.into_iter().any(|message| station.message(message));
            if !stopped {
                station.serve(&mut inbox, &supervisor).await;
            }
            station.handle(Input::Stop);
            station.bfd.handle(crate::bfd::Input::Stop);
            if release.vrrp {
                station.keeping.close().await;
            }
            station.outbox.push_back(ToSupervisor::Stopped(Task::Vrrp));
            deliver(station.outbox, &supervisor).await;
        }
        Err(failed) => {
            deliver(VecDeque::from([failed]), &supervisor).await;
            while !matches!(inbox.recv().await, Some(ToVrrp::Stop) | None) {}
            deliver(VecDeque::from([ToSupervisor::Stopped(Task::Vrrp)]), &supervisor).await;
        }
    }
}

async fn deliver(messages: VecDeque<ToSupervisor>, supervisor: &mpsc::Sender<ToSupervisor>) {
    for message in messages {
        if supervisor.send(message).await.is_err() {
            // The daemon is ending without us.
            break;
        }
    }
}

impl Station {
    fn open(
        machine: Router,
        model: &Model,
        generation: u64,
        reporter: Reporter,
        keeping: Keeping,
    ) -> Result<(Station, Vec<Change>), ToSupervisor> {
        let timer = Timer::new().map_err(|error| failed("create a timer", &error))?;
        let addresses = Addresses::open().map_err(|error| failed("open an rtnetlink socket", &error))?;
        let items = Items::open().map_err(|error| failed("open an rtnetlink socket", &error))?;
        let doer = items.port().map_err(|error| failed("read the port of a socket", &error))?;
        let announcer = AnnounceSocket::open().map_err(|error| failed("open a packet socket", &error))?;
        let (mut monitor, present) = Monitor::open(Follow::of(&model.vrrp)).map_err(|failure| match failure {
            Failure::Socket(error) => failed("read links and addresses", &error),
            other => failed("read links and addresses", &io::Error::other(other)),
        })?;
        monitor.set_doer(doer);
        let station = Station {
            machine,
            generation,
            timer,
            monitor,
            addresses,
            items,
            announcer,
            sockets: Vec::new(),
            hearing: Hearing::new(),
            turn: 0,
            pending: VecDeque::new(),
            inputs: VecDeque::new(),
            unreachable: BTreeSet::new(),
            urgency: Urgency::new(&model.global),
            bfd: Neighbours::new(Arc::new(model.bfd.clone()), reporter.clone()),
            reporter,
            outbox: VecDeque::new(),
            keeping,
            coming: None,
            look_again: None,
        };
        Ok((station, present))
    }

    /// Until told to stop.
    async fn serve(&mut self, inbox: &mut mpsc::Receiver<ToVrrp>, supervisor: &mpsc::Sender<ToSupervisor>) {
        let mut slept = false;
        loop {
            // Looked at before any waiting: while packets pour in, the runtime would not look at the timer.
            let (now, deadline) = (clock::now(), self.machine.deadline());
            if let Some(deadline) = deadline.filter(|deadline| *deadline <= now) {
                // What is due after the first of many was not slept over.
                if std::mem::take(&mut slept) {
                    self.urgency.woke(now.since(deadline), &self.reporter);
                }
                self.handle(Input::Deadline);
                continue;
            }
            if self.look_again.is_some_and(|then| then <= now) {
                self.look_again();
                continue;
            }
            self.bfd.keep_time();
            if self.pass_on() {
                continue;
            }
            let wake_up = deadline.into_iter().chain(self.look_again).chain(self.bfd.deadline()).min();
            if let Err(error) = self.timer.set(wake_up) {
                self.outbox.push_back(failed("set the timer", &error));
            }
            let waiting = !self.outbox.is_empty();
            let wake = tokio::select! {
                biased;
                wake = poll_fn(|context| self.poll(context, inbox)) => wake,
                room = supervisor.reserve(), if waiting => {
                    match (room, self.outbox.pop_front()) {
                        (Ok(room), Some(message)) => room.send(message),
                        (Err(_), _) | (_, None) => self.outbox.clear(),
                    }
                    continue;
                }
            };
            slept = true;
            match wake {
                // The head of the loop sees to it.
                Wake::Deadline(Ok(())) => {}
                Wake::Deadline(Err(error)) => self.outbox.push_back(failed("read the timer", &error)),
                Wake::Prepared => self.prepared(),
                // The head of the loop tells those who follow it.
                Wake::Bfd => {}
                Wake::Packets => self.hear(),
                Wake::Changes(Ok(changes)) => self.changes(changes),
                Wake::Changes(Err(failure)) => self.blinded(&failure),
                Wake::Message(Some(message)) => {
                    if self.message(message) {
                        return;
                    }
                }
                Wake::Message(None) => return,
            }
        }
    }

    /// True: stop.
    fn message(&mut self, message: ToVrrp) -> bool {
        match message {
            ToVrrp::Script { name, outcome } => self.handle(Input::Script { name, outcome }),
            ToVrrp::File { path, number } => self.handle(Input::File { path, number }),
            ToVrrp::Processes { pattern, count, cause } => self.handle(Input::Processes { pattern, count, cause }),
            ToVrrp::LinkAnswered { interface, up } => self.handle(Input::LinkAnswered { interface, up }),
            ToVrrp::Reload { model, generation } => self.reload(model, generation),
            ToVrrp::Statistics { clear } => {
                self.outbox.push_back(ToSupervisor::Statistics(self.machine.all_statistics()));
                if clear {
                    self.machine.clear_statistics();
                }
            }
            ToVrrp::Stop => return true,
        }
        false
    }

    /// Deadline, message, change, packet: in this order, so that nothing that others send can hold up an advert.
    fn poll(&mut self, context: &mut Context<'_>, inbox: &mut mpsc::Receiver<ToVrrp>) -> Poll<Wake> {
        if let Poll::Ready(result) = self.timer.poll(context) {
            return Poll::Ready(Wake::Deadline(result));
        }
        if let Poll::Ready(message) = inbox.poll_recv(context) {
            return Poll::Ready(Wake::Message(message));
        }
        if self.keeping.poll(context).is_ready() {
            return Poll::Ready(Wake::Prepared);
        }
        if self.look_again.is_none()
            && let Poll::Ready(changes) = self.monitor.poll(context)
        {
            return Poll::Ready(Wake::Changes(changes));
        }
        // BFD's ports are looked at in turn with the others: a flood on them is heard no more than one on any.
        let ears = self.sockets.len() + 1;
        for step in 0..ears {
            let place = (self.turn + step) % ears;
            let wake = match self.sockets.get_mut(place) {
                Some(ear) => ear.poll(context, &mut self.hearing, &self.reporter).map(|()| Wake::Packets),
                None => self.bfd.poll(context).map(|()| Wake::Bfd),
            };
            if wake.is_ready() {
                self.turn = place + 1;
                return wake;
            }
        }
        Poll::Pending
    }

    fn changes(&mut self, changes: Vec<Change>) {
        for change in changes {
            // Thousands come at once when all is looked at again.
            if self.machine.deadline().is_some_and(|deadline| deadline <= clock::now()) {
                self.handle(Input::Deadline);
            }
            self.keeping.noticed(&change);
            self.handle(match change {
                Change::Link(link) => Input::Link(link),
                Change::LinkGone(index) => Input::LinkGone(index),
                Change::Address(address) => Input::Address(address),
                Change::AddressGone(address) => Input::AddressGone(address),
                Change::RouteGone(route) => Input::RouteGone(route),
                Change::RuleGone(rule) => Input::RuleGone(rule),
            });
        }
    }

    fn blinded(&mut self, failure: &Failure) {
        self.reporter.report(kernel::Event::MonitorFailed { error: failure.to_string() });
        self.look_again = Some(clock::now() + PAUSE);
    }

    fn look_again(&mut self) {
        match self.monitor.reopen() {
            Ok(changes) => {
                self.look_again = None;
                self.changes(changes);
            }
            Err(failure) => self.blinded(&failure),
        }
    }

    /// Takes up a new model, once the host is prepared for it.
    fn reload(&mut self, model: Arc<Model>, generation: u64) {
        let vrrp = Arc::new(model.vrrp.clone());
        if self.keeping.prepare(&vrrp) {
            self.coming = Some((model, generation));
        } else {
            self.take_up(&model, vrrp, generation);
        }
    }

    fn prepared(&mut self) {
        let Some((model, generation)) = self.coming.take() else { return };
        // The machine knows of the new links before it is told to run on them.
        let mut context = Context::from_waker(std::task::Waker::noop());
        while self.look_again.is_none() {
            match self.monitor.poll(&mut context) {
                Poll::Ready(Ok(changes)) => self.changes(changes),
                Poll::Ready(Err(failure)) => self.blinded(&failure),
                Poll::Pending => break,
            }
        }
        self.take_up(&model, Arc::new(model.vrrp.clone()), generation);
        self.keeping.settle();
    }

    /// The receive buffers of the netlink sockets.
    fn make_room(&mut self, model: &Model) {
        let (command_room, monitor_room) = (model.global.upkeep.command_room, model.global.upkeep.monitor_room);
        let results = [
            ("vrrp_netlink_cmd_rcv_bufs", self.addresses.set_room(command_room)),
            ("vrrp_netlink_cmd_rcv_bufs", self.items.set_room(command_room)),
            ("vrrp_netlink_monitor_rcv_bufs", self.monitor.set_room(monitor_room)),
        ];
        for (setting, result) in results {
            if let Err(error) = result {
                let error = format!("{setting}: {error}");
                self.reporter.report(kernel::Event::CannotReceive { error });
            }
        }
    }

    fn take_up(&mut self, model: &Model, vrrp: Arc<Vrrp>, generation: u64) {
        self.generation = generation;
        self.make_room(model);
        self.urgency.set(&model.global);
        self.keeping.take_up(&vrrp);
        if let Err(error) = self.monitor.follow(Follow::of(&vrrp)) {
            self.reporter.report(kernel::Event::MonitorFailed { error: error.to_string() });
        }
        self.handle(Input::Reload { model: vrrp, generation });
        self.bfd.handle(crate::bfd::Input::Reload { model: Arc::new(model.bfd.clone()) });
        self.pass_on();
        self.ready();
    }

    /// Tells those who follow BFD sessions what came of them (VR-312, VR-313); true if anything did.
    fn pass_on(&mut self) -> bool {
        let mut any = false;
        while let Some((session, up)) = self.bfd.next_told() {
            any = true;
            if session.for_checkers {
                self.outbox.push_back(ToSupervisor::Bfd { session: session.name.clone(), up });
            }
            if session.for_vrrp {
                let delay = Interval::ZERO;
                self.reporter.report(bfd_event::Event::Received { session: session.name.clone(), up, delay });
                self.handle(Input::Bfd { session: session.name.clone(), up });
            }
        }
        any
    }

    fn ready(&mut self) {
        self.outbox.push_back(ToSupervisor::Ready { task: Task::Vrrp, generation: self.generation });
    }

    /// Hands an input to the machine and carries its effects out, until it asks for nothing more.
    fn handle(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.settle();
    }

    /// Carries out what is pending, and what comes of that.
    fn settle(&mut self) {
        self.carry_out();
        while let Some(input) = self.inputs.pop_front() {
            if input == Input::Deadline {
                self.keep_time();
            } else {
                let mut effects = Vec::new();
                self.machine.set_wall_time(clock::wall());
                self.machine.handle(clock::now(), input, &mut effects);
                self.pending.extend(effects);
            }
            self.carry_out();
        }
    }
}

/// The task cannot do its work; says what to do about it where we know.
fn failed(what: &str, error: &io::Error) -> ToSupervisor {
    let refused = matches!(error.raw_os_error(), Some(EPERM | EACCES));
    let advice = if refused { " - run as root, or with the capabilities CAP_NET_ADMIN and CAP_NET_RAW" } else { "" };
    ToSupervisor::Failed {
        task: Task::Vrrp,
        exit: if refused { EXIT_PERMISSION } else { EXIT_FATAL },
        why: format!("cannot {what}: {error}{advice}"),
    }
}
