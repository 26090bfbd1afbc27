//! The notification FIFOs and the programs that read them (IF-197 … IF-201).

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::daemon::message::Reporter;
use crate::kernel::fifo::{Fifo, FifoError};
use crate::kernel::process;
use crate::model::event::daemon::{Event, FifoKind};
use crate::model::global::Global;
use crate::model::notify::NotifyFifo;

/// From TERM to KILL for a reader (IF-89).
const GRACE: Duration = Duration::from_secs(1);

/// The FIFOs that are open.
pub struct Fifos {
    open: Vec<One>,
    /// Readers that have been told to go.
    going: Vec<JoinHandle<()>>,
    reporter: Reporter,
}

struct One {
    kind: FifoKind,
    settings: NotifyFifo,
    fifo: Fifo,
    lost: u64,
    reader: Option<Reader>,
}

struct Reader {
    leave: oneshot::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Fifos {
    pub fn new(reporter: Reporter) -> Fifos {
        Fifos { open: Vec::new(), going: Vec::new(), reporter }
    }

    /// Makes and opens the FIFOs of the configuration and starts their readers, once each. What is open already and
    /// wanted as before stays so, and its reader reads on; one that has ended is started again (IF-199). `parts`: whether
    /// VRRP and the checkers run; the FIFO of one that does not is left alone.
    pub fn set(&mut self, global: &Global, parts: (bool, bool)) {
        let wanted = [
            (FifoKind::Global, &global.notify_fifo, true),
            (FifoKind::Vrrp, &global.vrrp_notify_fifo, parts.0),
            (FifoKind::Lvs, &global.lvs_notify_fifo, parts.1),
        ];
        let mut chosen: Vec<(FifoKind, &NotifyFifo)> = Vec::new();
        for (kind, settings, runs) in wanted {
            let Some(settings) = settings.as_ref().filter(|_| runs) else { continue };
            if chosen.iter().any(|(_, other)| other.path == settings.path) {
                self.reporter.report(Event::FifoTwice { kind, path: settings.path.clone() });
            } else {
                chosen.push((kind, settings));
            }
        }
        let stays = |one: &One| chosen.iter().any(|(kind, settings)| *kind == one.kind && one.serves(settings));
        let (kept, gone): (Vec<One>, Vec<One>) = std::mem::take(&mut self.open).into_iter().partition(stays);
        self.open = kept;
        gone.into_iter().for_each(|one| self.close_one(one, Duration::ZERO));
        for (kind, settings) in chosen {
            match self.open.iter().position(|one| one.kind == kind) {
                Some(place) => self.read_on(place, settings),
                None => self.open_one(kind, settings),
            }
        }
    }

    /// Has one that stays open the reader that it is to have?
    fn read_on(&mut self, place: usize, settings: &NotifyFifo) {
        let Some(one) = self.open.get_mut(place) else { return };
        let same = one.settings.script == settings.script;
        if same && one.reader.as_ref().is_some_and(|reader| !reader.task.is_finished()) {
            return;
        }
        let kind = one.kind;
        one.settings = settings.clone();
        if let Some(reader) = one.reader.take() {
            self.dismiss(reader, Duration::ZERO);
        }
        let reader = self.reader(kind, settings);
        if let Some(one) = self.open.get_mut(place) {
            one.reader = reader;
        }
    }

    fn open_one(&mut self, kind: FifoKind, settings: &NotifyFifo) {
        let fifo = match Fifo::open(Path::new(&settings.path), &settings.owner) {
            Ok(fifo) => fifo,
            Err(error) => {
                let error = match error {
                    FifoError::NotOurs => None,
                    FifoError::Io(error) => Some(error.to_string()),
                };
                return self.reporter.report(Event::FifoRefused { kind, path: settings.path.clone(), error });
            }
        };
        let reader = self.reader(kind, settings);
        self.open.push(One { kind, settings: settings.clone(), fifo, lost: 0, reader });
    }

    fn reader(&self, kind: FifoKind, settings: &NotifyFifo) -> Option<Reader> {
        let script = settings.script.as_ref()?;
        match process::spawn(script, std::slice::from_ref(&settings.path)) {
            Ok(running) => {
                let (leave, left) = oneshot::channel();
                let task = tokio::spawn(attend(kind, running, left, self.reporter.clone()));
                Some(Reader { leave, task })
            }
            Err(error) => {
                let script = script.argv.first().cloned().unwrap_or_default();
                self.reporter.report(Event::ScriptRefused { script, error: error.to_string() });
                None
            }
        }
    }

    /// Writes a line; nothing when there is no such FIFO. What does not fit is lost, and told when there is room again.
    pub fn write(&mut self, kind: FifoKind, line: &str) {
        let Some(one) = self.open.iter_mut().find(|one| one.kind == kind) else { return };
        match one.fifo.write(line) {
            Ok(()) => one.tell_losses(&self.reporter),
            Err(error) if error.kind() == ErrorKind::WouldBlock => one.lost += 1,
            Err(_) => one.lost += 1,
        }
    }

    /// Closes all. Their readers see the end of what was written, get `grace` to leave by themselves, then TERM, and
    /// KILL a second later.
    pub fn close(&mut self, grace: Duration) {
        for one in std::mem::take(&mut self.open) {
            self.close_one(one, grace);
        }
    }

    fn close_one(&mut self, mut one: One, grace: Duration) {
        one.tell_losses(&self.reporter);
        one.fifo.close();
        if let Some(reader) = one.reader {
            self.dismiss(reader, grace);
        }
    }

    fn dismiss(&mut self, Reader { leave, task }: Reader, grace: Duration) {
        self.going.retain(|task| !task.is_finished());
        // A closed channel: it has left already.
        leave.send(grace).unwrap_or_default();
        self.going.push(task);
    }

    /// Waits until the readers have left.
    pub async fn finish(&mut self) {
        for task in self.going.drain(..) {
            // Bounded by the grace they were given and what follows it.
            timeout(GRACE * 4, task).await.map(drop).unwrap_or(());
        }
    }
}

impl One {
    /// It is the FIFO that these settings ask for, whoever reads it.
    fn serves(&self, settings: &NotifyFifo) -> bool {
        self.settings.path == settings.path && self.settings.owner == settings.owner && self.fifo.is_in_its_place()
    }

    fn tell_losses(&mut self, reporter: &Reporter) {
        if self.lost > 0 {
            reporter.report(Event::FifoLinesLost { kind: self.kind, count: std::mem::take(&mut self.lost) });
        }
    }
}

/// Waits for a reader's end, which is not restarted (IF-199), or sees it off.
async fn attend(
    kind: FifoKind,
    mut running: process::Running,
    mut left: oneshot::Receiver<Duration>,
    reporter: Reporter,
) {
    let grace = tokio::select! {
        biased;
        grace = &mut left => grace.unwrap_or_default(),
        _ = running.ended() => return reporter.report(Event::FifoScriptEnded { kind }),
    };
    for (wait, signal) in [(grace, Signal::SIGTERM), (GRACE, Signal::SIGKILL), (GRACE, Signal::SIGKILL)] {
        if timeout(wait, running.ended()).await.is_ok() {
            return;
        }
        running.signal(signal);
    }
}
