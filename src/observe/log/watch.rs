//! The time of day that lines show. It is read once for some lines that come together: where that is a call of the
//! kernel, it costs more than all else that is done for a line.

use std::sync::Mutex;

use crate::base::calendar::LocalTime;

pub(super) struct Watch {
    clock: fn() -> LocalTime,
    /// tracing asks for layers that threads can share; only one thread ever comes here.
    seen: Mutex<LocalTime>,
}

impl Watch {
    pub(super) fn new(clock: fn() -> LocalTime) -> Watch {
        Watch { clock, seen: Mutex::new(clock()) }
    }

    pub(super) fn look(&self) {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = (self.clock)();
        }
    }

    /// What was seen last.
    pub(super) fn seen(&self) -> LocalTime {
        self.seen.lock().map_or_else(|_| (self.clock)(), |seen| *seen)
    }
}
