//! The monotonic clock: the only place where time is read.

use nix::time::{ClockId, clock_gettime};

use crate::base::time::Time;

/// Now, in microseconds of CLOCK_MONOTONIC (clock_gettime(2)).
pub fn now() -> Time {
    // The clock is always there: without it the origin is as good as any.
    let Ok(now) = clock_gettime(ClockId::CLOCK_MONOTONIC) else { return Time::ZERO };
    let seconds = u64::try_from(now.tv_sec()).unwrap_or_default();
    let nanos = u64::try_from(now.tv_nsec()).unwrap_or_default();
    Time::from_micros(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1_000))
}

/// Now, for tokio's timers, which have a grain of 1 ms.
pub fn instant() -> tokio::time::Instant {
    #[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
    tokio::time::Instant::now()
}
