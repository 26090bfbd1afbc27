//! Syslog: `<30>Nov 23 07:16:10 Keepalived[20501]: message` as a datagram to /dev/log (IF-220).

use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::watch::{Seen, Watch};
use crate::base::calendar::LocalTime;

const PATH: &str = "/dev/log";
/// A syslog daemon that reads nothing holds the log thread up no longer than this for one line.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Syslog {
    facility: u8,
    suffix: String,
    watch: Arc<Watch>,
    /// tracing asks for layers that threads can share; only one thread ever comes here.
    socket: Mutex<Way>,
}

/// The socket, and when there last was none to be had.
struct Way {
    socket: Option<UnixDatagram>,
    refused: Option<LocalTime>,
}

impl Syslog {
    pub(super) fn new(facility: u8, suffix: &str, watch: Arc<Watch>) -> Syslog {
        Syslog {
            facility,
            suffix: suffix.to_owned(),
            watch,
            socket: Mutex::new(Way { socket: connect(), refused: None }),
        }
    }

    /// One new try for each line, or for each second without a daemon, for which no line is even made.
    fn send(&self, line: impl Fn(Seen) -> String) {
        let Ok(mut way) = self.socket.lock() else { return };
        let seen = self.watch.seen();
        if way.refused == Some(seen.time) {
            return;
        }
        let line = line(seen);
        let sent = way.socket.as_ref().is_some_and(|socket| socket.send(line.as_bytes()).is_ok());
        // The daemon was started again, or only now.
        if !sent {
            way.socket = connect();
            way.refused = way.socket.is_none().then_some(seen.time);
            if let Some(socket) = &way.socket {
                socket.send(line.as_bytes()).map(drop).unwrap_or(());
            }
        }
    }
}

fn connect() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.connect(PATH).ok()?;
    socket.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(socket)
}

impl<S: Subscriber> Layer<S> for Syslog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.send(|seen| {
            let (message, ident, severity) = super::line::read(event);
            datagram(self.facility, severity, seen, (ident, &self.suffix), &message)
        });
    }
}

/// One line; a line end in the message would let its rest pass for a line of its own.
pub(super) fn datagram(facility: u8, severity: u8, seen: Seen, (ident, suffix): (&str, &str), message: &str) -> String {
    let priority = u16::from(facility) * 8 + u16::from(severity);
    let message = message.replace('\n', " ");
    format!("<{priority}>{} {ident}{suffix}[{}]: {message}", seen.time.syslog(), seen.pid)
}
