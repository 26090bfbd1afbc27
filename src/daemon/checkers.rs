//! The checkers' task: probes real servers and tells the IPVS task what it finds.
//!
//! Each probe is a future of its own with its own end; the machine says when which begins. While the IPVS task has
//! no room for a verdict, no further probe is begun or judged, so nothing piles up.

mod addresses;
mod datagram;
mod probe;
mod regexes;
mod script;
mod smtp;
mod web;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use addresses::Addresses;
use probe::{Ended, Tools, connected, probe};
use regexes::Regexes;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::base::random::Random;
use crate::base::time::{Interval, Time};
use crate::check::checkers::Checkers;
use crate::check::{Effect, Input, Outcome};
use crate::daemon::files::{Reading, TrackFiles, number};
use crate::daemon::message::{Reporter, Setup, Task, ToCheckers, ToIpvs, ToSupervisor, Verdict};
use crate::kernel::clock;
use crate::kernel::connects::Connects;
use crate::kernel::identity::Identity;
use crate::kernel::netlink::Failure;
use crate::kernel::ping::{GroupRange, Pinger};
use crate::kernel::resource::allow_open_files;
use crate::kernel::tcp::ConnectError;
use crate::kernel::tls::{Session, Tls};
use crate::model::Model;
use crate::model::check::{Check, Checker};
use crate::model::event::check::Event;
use crate::model::event::lvs;
use crate::model::lvs::{CheckerId, Lvs};

/// Exit status of the daemon (IF-62).
const EXIT_FATAL: u8 = 1;
/// Open files of the daemon beside the checkers' sockets: netlink, logs, FIFOs, VRRP, pipes of scripts.
const OTHER_FILES: u64 = 512;
/// Room for numbers of files that changed; their watcher waits for it.
const FILES: usize = 16;
/// The longest sleep; then the deadline is looked at again.
const LONG: Interval = Interval::from_secs(3600);

/// Runs on the calling thread until `ToCheckers::Stop` or until the inbox is closed. Probes that are under way then
/// are given up.
pub fn run(setup: Setup<ToCheckers>, ipvs: mpsc::Sender<ToIpvs>) {
    let supervisor = setup.supervisor.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let begun = runtime.and_then(|runtime| {
        let _inside = runtime.enter();
        Connects::new().map(|connects| (runtime, connects))
    });
    let why = match (begun, tls(&setup.model.lvs)) {
        (Ok((runtime, connects)), Ok(tls)) => {
            // A task among the probes: one that `block_on` itself runs is woken by a system call.
            match runtime.block_on(runtime.spawn(work(setup, ipvs, tls, connects))) {
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Ok(()) | Err(_) => return,
            }
        }
        (Err(error), _) => format!("cannot start the checkers' task: {error}"),
        (_, Err(why)) => {
            setup.reporter.report(Event::TlsNotReady { why: why.clone() });
            format!("Error Initialize SSL, ctx Instance: {why}")
        }
    };
    // A closed channel means that the daemon is ending anyway.
    supervisor.blocking_send(ToSupervisor::Failed { task: Task::Checkers, exit: EXIT_FATAL, why }).unwrap_or(());
}

/// CK-44: how TLS connections are opened. The files of `SSL { }` are looked at only where there is an SSL_GET.
///
/// # Errors
/// What is to be logged.
fn tls(model: &Lvs) -> Result<Arc<Tls>, String> {
    let used = |checker: &Arc<Checker>| matches!(&checker.check, Check::Http(http) if http.tls.is_some());
    let files = model.client_certificate.as_ref().filter(|_| model.checkers.iter().any(used));
    let identity = files.map_or(Ok(None), Identity::load).map_err(|error| error.to_string())?;
    Tls::new(identity).map(Arc::new).map_err(|error| format!("SSL error: cannot create new SSL context: {error}"))
}

/// The task's state: the machine and what it has under way.
struct Prober {
    machine: Checkers,
    model: Arc<Lvs>,
    generation: u64,
    reporter: Reporter,
    tls: Arc<Tls>,
    regexes: Arc<Regexes>,
    begun: Instant,
    /// TCP_CHECKs.
    connects: Connects<CheckerId>,
    /// All others.
    probes: JoinSet<Ended>,
    /// Which checker a probe is for.
    running: HashMap<Id, CheckerId>,
    /// What SSL_GETs keep of their connections, by checker and URL.
    sessions: HashMap<(CheckerId, usize), Session>,
    /// The sockets of PING_CHECKs that were good last time.
    pingers: HashMap<CheckerId, Pinger>,
    /// As long as there are PING_CHECKs.
    group_range: Option<GroupRange>,
    files: TrackFiles,
    /// Once a virtual server asks for it with `ha_suspend`.
    addresses: Addresses,
    /// Where their numbers come from.
    readings: mpsc::Sender<Reading>,
    random: Random,
    /// Verdicts that the IPVS task has no room for yet.
    verdicts: VecDeque<Verdict>,
}

async fn work(setup: Setup<ToCheckers>, ipvs: mpsc::Sender<ToIpvs>, tls: Arc<Tls>, connects: Connects<CheckerId>) {
    let Setup { model, generation, mut inbox, supervisor, reporter, release: _ } = setup;
    let lvs = Arc::new(model.lvs.clone());
    let (readings, mut changed_files) = mpsc::channel(FILES);
    let seed = Random::from_seed(RandomState::new().hash_one(std::process::id()));
    let mut prober = Prober {
        machine: Checkers::new(lvs.clone(), seed),
        model: lvs,
        generation,
        files: TrackFiles::new(reporter.clone()),
        addresses: Addresses::default(),
        readings,
        reporter,
        tls,
        regexes: Arc::default(),
        begun: clock::instant(),
        connects,
        probes: JoinSet::new(),
        running: HashMap::new(),
        sessions: HashMap::new(),
        pingers: HashMap::new(),
        group_range: None,
        random: Random::from_seed(RandomState::new().hash_one("probes")),
        verdicts: VecDeque::new(),
    };
    prober.raise_open_files();
    prober.allow_pings();
    prober.compile();
    prober.watch_files(&prober.model.clone());
    prober.watch_addresses(&prober.model.clone());
    prober.handle(Input::Start);
    prober.reporter.report(Event::BfdActivated);
    let ready = |generation| ToSupervisor::Ready { task: Task::Checkers, generation };
    // A closed channel means that the daemon is ending: the inbox says so, too.
    supervisor.send(ready(generation)).await.unwrap_or(());
    let sleep = tokio::time::sleep_until(prober.wake_up());
    tokio::pin!(sleep);
    loop {
        let wake_up = prober.wake_up();
        if sleep.deadline() != wake_up {
            sleep.as_mut().reset(wake_up);
        }
        let has_room = prober.verdicts.is_empty();
        tokio::select! {
            biased;
            message = inbox.recv() => match message {
                Some(ToCheckers::Reload { model, generation }) => {
                    prober.reload(&model, generation);
                    supervisor.send(ready(generation)).await.unwrap_or(());
                }
                Some(ToCheckers::Bfd { session, up }) => prober.handle(Input::Bfd { session, up }),
                Some(ToCheckers::Stop) | None => break,
            },
            room = ipvs.reserve(), if !has_room => match (room, prober.verdicts.pop_front()) {
                (Ok(room), Some(verdict)) => room.send(ToIpvs::Verdict(verdict)),
                // The IPVS task has ended: nobody is left to tell.
                (Err(_), _) | (_, None) => prober.verdicts.clear(),
            },
            () = prober.connects.wait_for_some(), if has_room => prober.connected(&ipvs),
            Some(ended) = prober.probes.join_next_with_id(), if has_room => prober.ended(ended, &ipvs),
            Some(mut reading) = changed_files.recv(), if has_room => {
                // It may have waited, and the file have been read again meanwhile by a reload.
                reading.number = number(&reading.path).unwrap_or(reading.number);
                prober.read(reading);
            }
            changed = prober.addresses.changed() => prober.addresses_changed(changed),
            () = &mut sleep, if has_room => prober.on_time(&ipvs),
        }
        prober.tell(&ipvs);
    }
    // Their scripts are asked to end (CK-119).
    drop(prober);
    supervisor.send(ToSupervisor::Stopped(Task::Checkers)).await.unwrap_or(());
}

impl Prober {
    fn now(&self) -> Time {
        let since = clock::instant().duration_since(self.begun).as_micros();
        Time::from_micros(u64::try_from(since).unwrap_or(u64::MAX))
    }

    /// When the machine has something to do, or a connection took too long; never so far off that the clock cannot say
    /// it.
    fn wake_up(&self) -> Instant {
        let latest = self.now() + LONG;
        let at = self.machine.deadline().map_or(latest, |at| at.min(latest));
        let at = self.begun + at.since(Time::ZERO).as_duration();
        self.connects.deadline().map_or(at, |end| end.min(at))
    }

    /// What time alone brings, as long as verdicts find room.
    fn on_time(&mut self, ipvs: &mpsc::Sender<ToIpvs>) {
        let now = clock::instant();
        while self.verdicts.is_empty()
            && let Some(checker) = self.connects.next_overdue(now)
        {
            self.finished(checker, connected(Err(ConnectError::Timeout)), ipvs);
        }
        if self.verdicts.is_empty() {
            self.handle(Input::Deadline);
        }
    }

    /// Connections that have ended are judged in one go, as long as verdicts find room.
    fn connected(&mut self, ipvs: &mpsc::Sender<ToIpvs>) {
        while self.verdicts.is_empty()
            && let Some((checker, result)) = self.connects.next_ended()
        {
            self.finished(checker, connected(result), ipvs);
        }
    }

    fn finished(&mut self, checker: CheckerId, outcome: Outcome, ipvs: &mpsc::Sender<ToIpvs>) {
        self.handle(Input::Finished { checker, outcome });
        self.tell(ipvs);
    }

    /// Hands an input to the machine and carries its effects out.
    fn handle(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.handle(self.now(), input, &mut effects);
        for effect in effects {
            match effect {
                Effect::Report(event) => self.reporter.report(event),
                Effect::Probe { checker, url } => self.probe(checker, url),
                Effect::Verdict(crate::check::Verdict { checker, up, weight, mail }) => {
                    let generation = self.generation;
                    self.verdicts.push_back(Verdict { generation, checker, up, weight, mail });
                }
            }
        }
    }

    fn probe(&mut self, id: CheckerId, url: usize) {
        let checker = self.model.checkers[id.0].clone();
        if let Check::Tcp(to) = &checker.check {
            let deadline = clock::instant() + checker.timing.connect_timeout.as_duration();
            return self.connects.begin(to, id, deadline);
        }
        let tools = Tools {
            tls: self.tls.clone(),
            session: self.session(&checker, id, url),
            regexes: self.regexes.clone(),
            reporter: self.reporter.clone(),
            random: self.random.number() as u16,
            pinger: self.pingers.remove(&id),
        };
        let probe = probe(checker, url, tools);
        self.running.insert(self.probes.spawn(probe).id(), id);
    }

    /// What may be taken up again of earlier TLS connections.
    fn session(&mut self, checker: &Checker, id: CheckerId, url: usize) -> Option<Session> {
        let Check::Http(http) = &checker.check else { return None };
        let asked = http.urls.get(url).filter(|_| http.tls.is_some() && !self.model.no_tls_resumption)?;
        let fresh = || self.tls.session(asked.server_name.as_deref());
        Some(self.sessions.entry((id, url)).or_insert_with(fresh).clone())
    }

    /// One probe has ended; others that ended meanwhile are judged in one go, as long as verdicts find room.
    fn ended(&mut self, first: Result<(Id, Ended), JoinError>, ipvs: &mpsc::Sender<ToIpvs>) {
        let mut next = Some(first);
        while let Some(ended) = next {
            self.judge(ended);
            self.tell(ipvs);
            next = if self.verdicts.is_empty() { self.probes.try_join_next_with_id() } else { None };
        }
    }

    fn judge(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(checker) = self.running.remove(&id) else { return };
        let outcome = match ended {
            Ok((_, Ended { outcome, pinger })) => {
                self.pingers.extend(pinger.map(|pinger| (checker, pinger)));
                outcome
            }
            Err(error) => {
                let of = &self.model.checkers[checker.0];
                self.reporter.report(Event::Crashed {
                    real_server: of.real_server_name.to_string(),
                    virtual_server: of.virtual_server_name.to_string(),
                    error: error.to_string(),
                });
                Outcome::Crashed
            }
        };
        self.handle(Input::Finished { checker, outcome });
    }

    /// Verdicts go out in order, as far as there is room.
    fn tell(&mut self, ipvs: &mpsc::Sender<ToIpvs>) {
        while let Some(verdict) = self.verdicts.pop_front() {
            match ipvs.try_send(ToIpvs::Verdict(verdict)) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(ToIpvs::Verdict(verdict))) => {
                    self.verdicts.push_front(verdict);
                    return;
                }
                // The IPVS task has ended: nobody is left to tell.
                Err(_) => self.verdicts.clear(),
            }
        }
    }

    /// Probes of the old model are given up (LV-94); verdicts on their way keep its generation.
    fn reload(&mut self, model: &Model, generation: u64) {
        let lvs = Arc::new(model.lvs.clone());
        self.watch_files(&lvs);
        self.watch_addresses(&lvs);
        self.connects.clear();
        self.probes = JoinSet::new();
        self.running.clear();
        self.pingers.clear();
        self.sessions.clear();
        match tls(&lvs) {
            Ok(tls) => self.tls = tls,
            // As before: the servers are still checked.
            Err(why) => self.reporter.report(Event::TlsNotReady { why }),
        }
        self.model = lvs;
        self.generation = generation;
        self.raise_open_files();
        self.allow_pings();
        self.compile();
        self.handle(Input::Reload { model: self.model.clone() });
        self.reporter.report(Event::BfdActivated);
    }

    /// The files that are new to us say their numbers before the model that has them begins (CK-120).
    fn watch_files(&mut self, model: &Lvs) {
        for reading in self.files.set(&model.files()) {
            self.read(reading);
        }
        self.files.follow(&self.readings);
    }

    fn read(&mut self, Reading { path, number }: Reading) {
        self.handle(Input::File { path, number });
    }

    /// LV-103: what is here is known before the model that asks for it begins.
    fn watch_addresses(&mut self, model: &Lvs) {
        if model.virtual_servers.iter().any(|server| server.ha_suspend) {
            let opened = self.addresses.open();
            self.addresses_changed(opened);
            if let Err(error) = self.addresses.set_room(model.monitor_room) {
                let setting = "lvs_netlink_monitor_rcv_bufs";
                self.reporter.report(lvs::Event::RoomRefused { setting, error: error.to_string() });
            }
        }
    }

    fn addresses_changed(&mut self, changed: Result<Vec<Input>, Failure>) {
        match changed {
            Ok(changes) => changes.into_iter().for_each(|change| self.handle(change)),
            Err(failure) => self.reporter.report(Event::AddressesUnknown { error: failure.to_string() }),
        }
    }

    fn compile(&mut self) {
        let reporter = &self.reporter;
        self.regexes = Arc::new(Regexes::of(&self.model, |pattern, error| {
            reporter.report(Event::BadRegex {
                pattern: pattern.text.clone(),
                offset: error.offset,
                error: error.words,
            });
        }));
    }

    /// CK-101.
    fn allow_pings(&mut self) {
        let pings = self.model.checkers.iter().any(|checker| matches!(checker.check, Check::Ping(_)));
        if !pings {
            self.group_range = None;
        } else if self.group_range.is_none() {
            match GroupRange::lower() {
                Ok(range) => self.group_range = Some(range),
                Err(error) => self.reporter.report(Event::PingGroupRange { error: probe::reason(&error) }),
            }
        }
    }

    /// Each checker may hold one socket at a time (LV-47).
    fn raise_open_files(&self) {
        let sockets = self.model.checkers.iter().filter(|checker| checker.check.connect().is_some()).count();
        let wanted = OTHER_FILES + sockets as u64;
        match allow_open_files(wanted) {
            Ok(None) => {}
            Ok(Some((soft, hard))) => self.reporter.report(Event::OpenFilesRaised { soft, hard }),
            Err(refused) => self.reporter.report(Event::OpenFilesTooFew {
                wanted,
                limit: refused.limit,
                error: refused.source.desc().to_owned(),
            }),
        }
    }
}
