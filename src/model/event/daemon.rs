//! Events of the supervisor: start, stop, reload, scripts.

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The log could not keep up: this many events were not written.
    EventsLost { count: u64 },
}
