//! What lines show beside their words: the time of day and our process id. They are asked for once for some lines that
//! come together: where that is a call of the kernel, it costs more than all else that is done for a line.

use std::sync::Mutex;

use crate::base::calendar::LocalTime;

pub(super) struct Watch {
    clock: fn() -> LocalTime,
    /// tracing asks for layers that threads can share; only one thread ever comes here.
    seen: Mutex<Seen>,
}

/// What was seen last.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub time: LocalTime,
    /// Another one in the background than before.
    pub pid: u32,
}

impl Watch {
    pub(super) fn new(clock: fn() -> LocalTime) -> Watch {
        Watch { clock, seen: Mutex::new(see(clock)) }
    }

    pub(super) fn look(&self) {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = see(self.clock);
        }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().map_or_else(|_| see(self.clock), |seen| *seen)
    }
}

fn see(clock: fn() -> LocalTime) -> Seen {
    Seen { time: clock(), pid: std::process::id() }
}
