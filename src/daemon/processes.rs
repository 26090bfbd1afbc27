//! Track processes: how many run, to the VRRP task. The kernel tells of each fork, command and end; where it does not
//! (any network namespace but the first), /proc is looked at from time to time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::base::time::Interval;
use crate::daemon::message::{Reporter, ToVrrp};
use crate::kernel::process_events::{Event, Heard, ProcessEvents};
use crate::kernel::processes::{self, Process};
use crate::model::event::daemon;
use crate::model::track::{ProcessPattern, TrackProcess};
use crate::model::upkeep::Room;
use crate::vrrp::census::{Census, Count, Shown};

/// Between two looks at /proc where the kernel tells nothing.
const PAUSE: Interval = Interval::from_millis(500);
/// Within this time the kernel says that it will tell (VR-228).
const ANSWER: Duration = Duration::from_millis(100);
/// After events were lost (VR-233).
const SETTLE: Duration = Duration::from_secs(1);

/// All track processes.
pub struct TrackProcesses {
    reporter: Reporter,
    patterns: Vec<Arc<ProcessPattern>>,
    waiting: Option<Watcher>,
    task: Option<JoinHandle<()>>,
    /// That the kernel tells nothing was said.
    refused: bool,
}

struct Watcher {
    census: Census,
    events: Option<ProcessEvents>,
    reporter: Reporter,
}

impl TrackProcesses {
    pub fn new(reporter: Reporter) -> TrackProcesses {
        TrackProcesses { reporter, patterns: Vec::new(), waiting: None, task: None, refused: false }
    }

    /// From now on these are counted: how many run now. Nothing more is told until `follow`.
    pub fn set(&mut self, wanted: &[Arc<TrackProcess>], room: Option<Room>) -> Vec<ToVrrp> {
        let mut patterns: Vec<Arc<ProcessPattern>> = wanted.iter().map(|process| process.pattern.clone()).collect();
        patterns.sort();
        patterns.dedup();
        if patterns == self.patterns && (self.task.is_some() || patterns.is_empty()) {
            return Vec::new();
        }
        self.stop();
        self.patterns.clone_from(&patterns);
        if patterns.is_empty() {
            return Vec::new();
        }
        // Listening comes first, so nothing is missed between.
        let events = match ProcessEvents::open() {
            Ok(events) => {
                if let Some(Err(error)) = room.map(|room| events.set_room(room)) {
                    self.reporter.report(daemon::Event::ProcessRoomRefused { error: error.to_string() });
                }
                Some(events)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.refused, true) {
                    self.reporter.report(refusal(&error));
                }
                None
            }
        };
        let mut watcher = Watcher { census: Census::new(patterns), events, reporter: self.reporter.clone() };
        watcher.look();
        let counts = watcher.census.all();
        self.waiting = Some(watcher);
        counts.into_iter().map(message).collect()
    }

    /// Changes go there from now on.
    pub fn follow(&mut self, vrrp: &mpsc::Sender<ToVrrp>) {
        if let Some(watcher) = self.waiting.take() {
            self.task = Some(tokio::spawn(watcher.watch(vrrp.clone())));
        }
    }

    pub fn stop(&mut self) {
        self.patterns.clear();
        self.waiting = None;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

fn refusal(error: &io::Error) -> daemon::Event {
    daemon::Event::ProcessEventsRefused { error: error.to_string(), pause: PAUSE }
}

fn message(count: Count) -> ToVrrp {
    let Count { pattern, count, cause } = count;
    ToVrrp::Processes { pattern, count, cause }
}

impl Watcher {
    async fn watch(mut self, vrrp: mpsc::Sender<ToVrrp>) {
        if let Some(mut events) = self.events.take() {
            match self.listen(&mut events, &vrrp).await {
                // The VRRP task has ended.
                Ok(()) => return,
                Err(error) => self.reporter.report(refusal(&error)),
            }
        }
        let mut ticks = interval(PAUSE.as_duration());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let counts = self.look();
            if tell(counts, &vrrp).await.is_err() {
                return;
            }
        }
    }

    /// Follows the kernel's events; an error when it does not tell of any.
    async fn listen(&mut self, events: &mut ProcessEvents, vrrp: &mpsc::Sender<ToVrrp>) -> io::Result<()> {
        let mut answered = false;
        loop {
            let heard = if answered {
                events.next().await?
            } else {
                let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer from the kernel");
                timeout(ANSWER, events.next()).await.map_err(late)??
            };
            answered = true;
            let counts = match heard {
                Heard::Event(Event::Listening(0)) => Vec::new(),
                Heard::Event(Event::Listening(errno)) => return Err(io::Error::from_raw_os_error(errno as i32)),
                Heard::Event(event) => self.happened(event),
                Heard::Lost => {
                    self.reporter.report(daemon::Event::ProcessEventsLost);
                    sleep(SETTLE).await;
                    // What is not to be had is lost again, and told of again.
                    events.double_room().unwrap_or(());
                    self.look()
                }
            };
            if tell(counts, vrrp).await.is_err() {
                return Ok(());
            }
        }
    }

    fn happened(&mut self, event: Event) -> Vec<Count> {
        match event {
            Event::Listening(_) => Vec::new(),
            Event::Forked { parent, child } => self.census.forked(parent, child),
            // One that is gone already tells of its end itself.
            Event::Executed { pid } => match processes::one(pid, self.census.command_line()) {
                Some(process) => self.census.shows(pid, shown(&process)),
                None => Vec::new(),
            },
            Event::Named { pid, name } => self.census.named(pid, &name),
            Event::Exited { pid } => self.census.exited(pid),
        }
    }

    /// Counts all that /proc shows.
    fn look(&mut self) -> Vec<Count> {
        // /proc is there on every system that has network namespaces; without it nothing runs, as far as we can see.
        let all = processes::all(self.census.command_line()).unwrap_or_default();
        self.census.looked_at(all.iter().map(|process| (process.pid, process.parent, shown(process))))
    }
}

fn shown(process: &Process) -> Shown<'_> {
    Shown { name: &process.name, command_line: &process.command_line }
}

async fn tell(counts: Vec<Count>, vrrp: &mpsc::Sender<ToVrrp>) -> Result<(), ()> {
    for count in counts {
        vrrp.send(message(count)).await.map_err(drop)?;
    }
    Ok(())
}
