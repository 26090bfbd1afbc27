//! Syslog: `<30>Nov 23 07:16:10 Keepalived[20501]: message` as a datagram to /dev/log (IF-220).

use std::os::unix::net::UnixDatagram;
use std::sync::Mutex;
use std::time::Duration;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::base::calendar::LocalTime;

const PATH: &str = "/dev/log";
/// A syslog daemon that reads nothing holds the log thread up no longer than this for one line.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Syslog {
    facility: u8,
    suffix: String,
    clock: fn() -> LocalTime,
    /// tracing asks for layers that threads can share; only one thread ever comes here.
    socket: Mutex<Option<UnixDatagram>>,
}

impl Syslog {
    pub(super) fn new(facility: u8, suffix: &str, clock: fn() -> LocalTime) -> Syslog {
        Syslog { facility, suffix: suffix.to_owned(), clock, socket: Mutex::new(connect()) }
    }

    fn send(&self, line: &[u8]) {
        let Ok(mut socket) = self.socket.lock() else { return };
        let sent = socket.as_ref().is_some_and(|socket| socket.send(line).is_ok());
        if !sent {
            // The daemon was started again, or only now: one new try for each line.
            *socket = connect();
            if let Some(socket) = socket.as_ref() {
                socket.send(line).map(drop).unwrap_or(());
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
        let (message, ident, severity) = super::line::read(event);
        let line = datagram(self.facility, severity, (self.clock)(), (ident, &self.suffix), &message);
        self.send(line.as_bytes());
    }
}

/// One line; a line end in the message would let its rest pass for a line of its own.
pub(super) fn datagram(
    facility: u8,
    severity: u8,
    at: LocalTime,
    (ident, suffix): (&str, &str),
    message: &str,
) -> String {
    let priority = u16::from(facility) * 8 + u16::from(severity);
    let message = message.replace('\n', " ");
    format!("<{priority}>{} {ident}{suffix}[{}]: {message}", at.syslog(), std::process::id())
}
