//! The terminal: `Mon Nov 23 07:02:09 2026: message` on standard error (IF-223).

use std::io::Write;

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::base::calendar::LocalTime;

pub(super) struct Console {
    clock: fn() -> LocalTime,
}

impl Console {
    pub(super) fn new(clock: fn() -> LocalTime) -> Console {
        Console { clock }
    }
}

impl<S: Subscriber> Layer<S> for Console {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (message, _, _) = super::line::read(event);
        let line = format!("{}: {message}\n", (self.clock)().console());
        // A terminal that has gone is no reason to stop.
        std::io::stderr().write_all(line.as_bytes()).unwrap_or(());
    }
}
