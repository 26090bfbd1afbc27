//! The way of events to the log thread: sending never waits, what has no room is counted, and events that are not
//! there take no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::model::event::Event;

#[derive(Debug)]
struct Shared {
    room: usize,
    waiting: AtomicUsize,
    lost: AtomicU64,
}

/// Where events go in.
#[derive(Clone, Debug)]
pub struct Entry {
    events: mpsc::Sender<Event>,
    shared: Arc<Shared>,
}

/// Where they come out, in the order in which they went in.
#[derive(Debug)]
pub struct Exit {
    events: mpsc::Receiver<Event>,
    shared: Arc<Shared>,
}

/// A queue for at most `room` events.
pub fn queue(room: usize) -> (Entry, Exit) {
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::new(Shared { room, waiting: AtomicUsize::new(0), lost: AtomicU64::new(0) });
    (Entry { events: sender, shared: shared.clone() }, Exit { events: receiver, shared })
}

impl Entry {
    /// Gives the event back when there is no room.
    ///
    /// # Errors
    /// The event, when as many wait as there is room for. One that nobody waits for any more is counted as lost.
    pub fn send(&self, event: Event) -> Result<(), Box<Event>> {
        if self.shared.waiting.fetch_add(1, Ordering::Relaxed) >= self.shared.room {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Box::new(event));
        }
        if self.events.send(event).is_err() {
            self.lose();
        }
        Ok(())
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.shared.waiting.load(Ordering::Relaxed) == 0
    }

    /// Counts one that did not fit.
    pub fn lose(&self) {
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Exit {
    /// Waits for the next; `None` when nobody can send any more.
    pub fn next(&self) -> Option<Event> {
        self.events.recv().ok().map(|event| self.left(event))
    }

    /// The next, if it is there already.
    pub fn next_waiting(&self) -> Option<Event> {
        self.events.try_recv().ok().map(|event| self.left(event))
    }

    /// The next, if it comes in time.
    pub fn next_within(&self, patience: Duration) -> Option<Event> {
        self.events.recv_timeout(patience).ok().map(|event| self.left(event))
    }

    fn left(&self, event: Event) -> Event {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        event
    }

    /// How many were lost since this was asked last.
    pub fn take_lost(&self) -> u64 {
        self.shared.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::daemon;

    fn event(number: u64) -> Event {
        Event::Daemon(daemon::Event::EventsLost { count: number })
    }

    /// What does not fit comes back; there is room again when one has been taken.
    #[test]
    fn room_is_kept() {
        let (entry, exit) = queue(2);
        assert!(entry.is_empty());
        assert!(entry.send(event(1)).is_ok() && entry.send(event(2)).is_ok());
        assert_eq!(entry.send(event(3)), Err(Box::new(event(3))));
        entry.lose();
        assert_eq!((exit.next_waiting(), entry.is_empty()), (Some(event(1)), false));
        assert!(entry.send(event(4)).is_ok());
        assert_eq!((exit.next(), exit.next_waiting(), exit.next_waiting()), (Some(event(2)), Some(event(4)), None));
        assert_eq!((exit.take_lost(), exit.take_lost()), (1, 0));
        assert!(entry.is_empty());
        drop(exit);
        assert!(entry.send(event(5)).is_ok(), "nobody is there, and nobody waits");
    }
}
