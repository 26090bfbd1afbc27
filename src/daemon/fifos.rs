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

    /// Makes and opens the FIFOs of the configuration and starts their readers, once each. `parts`: whether VRRP and
    /// the checkers run; the FIFO of one that does not is left alone.
    pub fn open(&mut self, global: &Global, parts: (bool, bool)) {
        let wanted = [
            (FifoKind::Global, &global.notify_fifo, true),
            (FifoKind::Vrrp, &global.vrrp_notify_fifo, parts.0),
            (FifoKind::Lvs, &global.lvs_notify_fifo, parts.1),
        ];
        for (kind, settings, runs) in wanted {
            if let Some(settings) = settings.as_ref().filter(|_| runs) {
                self.open_one(kind, settings);
            }
        }
    }

    fn open_one(&mut self, kind: FifoKind, settings: &NotifyFifo) {
        let path = Path::new(&settings.path);
        let name = settings.path.clone();
        if self.open.iter().any(|other| other.fifo.path() == path) {
            return self.reporter.report(Event::FifoTwice { kind, path: name });
        }
        let fifo = match Fifo::open(path, &settings.owner) {
            Ok(fifo) => fifo,
            Err(error) => {
                let error = match error {
                    FifoError::NotOurs => None,
                    FifoError::Io(error) => Some(error.to_string()),
                };
                return self.reporter.report(Event::FifoRefused { kind, path: name, error });
            }
        };
        let reader = settings.script.as_ref().and_then(|script| {
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
        });
        self.open.push(One { kind, fifo, lost: 0, reader });
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
        self.going.retain(|task| !task.is_finished());
        for mut one in self.open.drain(..) {
            one.tell_losses(&self.reporter);
            one.fifo.close();
            if let Some(Reader { leave, task }) = one.reader {
                // A closed channel: it has left already.
                leave.send(grace).unwrap_or_default();
                self.going.push(task);
            }
        }
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
