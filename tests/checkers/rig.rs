//! The checkers' task as the daemon runs it: on its own thread, its verdicts and log lines read here.

use std::sync::Arc;
use std::time::Duration;

use keepalived_rs::base::name::BfdName;
use keepalived_rs::base::time::Interval;
use keepalived_rs::daemon::checkers;
use keepalived_rs::daemon::message::{
    INBOX, Release, Reporter, Setup, Task, ToCheckers, ToIpvs, ToSupervisor, Verdict,
};
use keepalived_rs::kernel::clock;
use keepalived_rs::model::Model;
use keepalived_rs::model::check::Checker;
use keepalived_rs::model::global::Global;
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::observe::queue::Exit;
use keepalived_rs::observe::wording::wording;
use tokio::sync::mpsc;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something observable.
#[track_caller]
pub fn poll<Found>(what: &str, mut look: impl FnMut() -> Option<Found>) -> Found {
    let begun = clock::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock::now().since(begun).as_duration() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs these beside each other: most of their time is waiting.
pub fn together(acts: impl IntoIterator<Item = Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = acts.into_iter().map(std::thread::spawn).collect();
    for thread in threads {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Checks each 100 ms, retries after 50 ms, and gives up a wait after ten seconds.
pub fn quick(checker: &mut Checker) {
    checker.timing.delay_loop = Interval::from_millis(100);
    checker.timing.delay_before_retry = Interval::from_millis(50);
    checker.timing.connect_timeout = Interval::from_secs(10);
    checker.log_all_failures = true;
}

pub struct Rig {
    lvs: Lvs,
    generation: u64,
    inbox: mpsc::Sender<ToCheckers>,
    supervisor: mpsc::Receiver<ToSupervisor>,
    ipvs: mpsc::Receiver<ToIpvs>,
    log: Exit,
    pub lines: Vec<String>,
    thread: std::thread::JoinHandle<()>,
    /// Processes that a test leaves to us.
    leftovers: Vec<i32>,
}

fn model(lvs: Lvs) -> Arc<Model> {
    let global = Global::named("rig");
    Arc::new(Model { global, vrrp: Default::default(), lvs, bfd: Default::default() })
}

impl Rig {
    pub fn start(lvs: Lvs) -> Rig {
        Rig::with_room(lvs, INBOX)
    }

    /// `room`: verdicts that may wait.
    pub fn with_room(lvs: Lvs, room: usize) -> Rig {
        let mut rig = Rig::begin(lvs, room);
        rig.wait_until_ready();
        rig
    }

    /// A task that cannot start: why it says so, and its log.
    pub fn refused(lvs: Lvs) -> (String, Vec<String>) {
        let mut rig = Rig::begin(lvs, INBOX);
        let why = match poll("an answer", || rig.supervisor.try_recv().ok()) {
            ToSupervisor::Failed { task: Task::Checkers, exit: 1, why } => why,
            other => panic!("unexpected: {other:?}"),
        };
        poll("the thread ends", || rig.thread.is_finished().then_some(()));
        rig.log();
        (why, rig.lines)
    }

    fn begin(lvs: Lvs, room: usize) -> Rig {
        let (inbox, receiver) = mpsc::channel(INBOX);
        let (supervisor_sender, supervisor) = mpsc::channel(64);
        let (ipvs_sender, ipvs) = mpsc::channel(room);
        let (reporter, log) = Reporter::new(1_000_000);
        let setup = Setup {
            model: model(lvs.clone()),
            generation: 1,
            inbox: receiver,
            supervisor: supervisor_sender,
            reporter,
            release: Release { always_addresses: false, vrrp: true, ipvs: true },
        };
        let thread = std::thread::spawn(move || checkers::run(setup, ipvs_sender));
        let lines = Vec::new();
        Rig { lvs, generation: 1, inbox, supervisor, ipvs, log, lines, thread, leftovers: Vec::new() }
    }

    pub fn model(&self) -> Lvs {
        self.lvs.clone()
    }

    fn wait_until_ready(&mut self) {
        let said = poll("ready", || self.supervisor.try_recv().ok());
        match said {
            ToSupervisor::Ready { task: Task::Checkers, generation } => assert_eq!(generation, self.generation),
            other => panic!("unexpected: {other:?}"),
        }
    }

    pub fn reload(&mut self, lvs: Lvs) {
        self.generation += 1;
        self.lvs = lvs.clone();
        let message = ToCheckers::Reload { model: model(lvs), generation: self.generation };
        self.inbox.try_send(message).expect("room in the inbox");
        self.wait_until_ready();
    }

    /// What the VRRP task says of a BFD session.
    pub fn session(&self, name: &str, up: bool) {
        let message = ToCheckers::Bfd { session: BfdName::new(name), up };
        self.inbox.try_send(message).expect("room in the inbox");
    }

    pub fn try_verdict(&mut self) -> Option<Verdict> {
        match self.ipvs.try_recv().ok()? {
            ToIpvs::Verdict(verdict) => {
                assert!(verdict.generation <= self.generation);
                Some(verdict)
            }
            other => panic!("unexpected: {other:?}"),
        }
    }

    /// The next verdict.
    #[track_caller]
    pub fn verdict(&mut self) -> Verdict {
        let begun = clock::now();
        loop {
            if let Some(verdict) = self.try_verdict() {
                return verdict;
            }
            assert!(clock::now().since(begun).as_duration() < PATIENCE, "no verdict; the log: {:#?}", self.log());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The lines so far.
    pub fn log(&mut self) -> &[String] {
        self.lines.extend(std::iter::from_fn(|| self.log.next_waiting()).map(|event| wording(&event).message));
        &self.lines
    }

    /// Waits for a line that has these words.
    #[track_caller]
    pub fn wait_for(&mut self, words: &str) {
        let begun = clock::now();
        while !self.log().iter().any(|line| line.contains(words)) {
            let late = clock::now().since(begun).as_duration() > PATIENCE;
            assert!(!late, "no line with {words:?}: {:#?}", self.log());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// A script, with all that it started, to be killed after the stop.
    pub fn kill_later(&mut self, pid: &str) {
        self.leftovers.push(pid.trim().parse().expect("a number"));
    }

    /// Stops; what is under way must not hold it up.
    #[track_caller]
    pub fn stop(mut self) -> Vec<String> {
        let begun = clock::now();
        self.inbox.try_send(ToCheckers::Stop).expect("room in the inbox");
        let said = poll("stopped", || self.supervisor.try_recv().ok());
        assert!(matches!(said, ToSupervisor::Stopped(Task::Checkers)), "{said:?}");
        poll("the thread ends", || self.thread.is_finished().then_some(()));
        let took = clock::now().since(begun).as_duration();
        assert!(took < Duration::from_secs(5), "the stop took {took:?}");
        for pid in &self.leftovers {
            // ESRCH: it is gone already.
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::Signal::SIGKILL).unwrap_or(());
        }
        self.log();
        self.lines
    }
}
