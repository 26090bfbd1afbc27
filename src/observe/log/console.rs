//! The terminal: `Mon Nov 23 07:02:09 2026: message` on standard error (IF-223). Lines that come together are written
//! together.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::watch::Watch;

/// So many bytes are written at once; what is less waits for `flush`.
const ENOUGH: usize = 8 << 10;

pub(super) struct Console {
    watch: Arc<Watch>,
    /// tracing asks for layers that threads can share; only one thread ever comes here.
    lines: Mutex<Vec<u8>>,
}

/// The layer that fills it.
pub(super) struct Lines(pub Arc<Console>);

impl Console {
    pub(super) fn new(watch: Arc<Watch>) -> Console {
        Console { watch, lines: Mutex::new(Vec::new()) }
    }

    /// Writes what waits.
    pub(super) fn flush(&self) {
        if let Ok(mut lines) = self.lines.lock() {
            write(&mut lines);
        }
    }
}

fn write(lines: &mut Vec<u8>) {
    if !lines.is_empty() {
        // A terminal that has gone is no reason to stop.
        std::io::stderr().write_all(lines).unwrap_or(());
        lines.clear();
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Lines(console) = self;
        let Ok(mut lines) = console.lines.lock() else { return };
        let (message, _, _) = super::line::read(event);
        lines.extend_from_slice(format!("{}: {message}\n", console.watch.seen().time.console()).as_bytes());
        if lines.len() >= ENOUGH {
            write(&mut lines);
        }
    }
}
