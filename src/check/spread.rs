//! Checks are spread over their periods from the first one on, and keep their places.

use std::collections::BTreeMap;

use crate::base::time::{Interval, Time};
use crate::model::lvs::CheckerId;

/// The golden section of 2^64: multiples of it, modulo 2^64, lie evenly spread, however many there are.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Gives out first places, each as far from the others as can be, within the time to warm up.
pub struct Spread {
    from: u64,
    /// How many were given out, by that time.
    given: BTreeMap<Interval, u64>,
    /// Checkers that share probes begin together.
    together: BTreeMap<CheckerId, Interval>,
}

impl Spread {
    /// `from`: of two hosts that start together each should have its own.
    pub fn from(from: u64) -> Spread {
        Spread { from, given: BTreeMap::new(), together: BTreeMap::new() }
    }

    /// CK-6: a time in `0..=warmup`.
    pub fn first(&mut self, warmup: Interval) -> Interval {
        let given = self.given.entry(warmup).or_insert(0);
        let place = self.from.wrapping_add(given.wrapping_mul(GOLDEN));
        *given += 1;
        // A fraction of 2^64 of what is one more than the last microsecond.
        let span = u128::from(warmup.as_micros()) + 1;
        Interval::from_micros(((span * u128::from(place)) >> 64) as u64)
    }

    /// The same for all that share the probes of `leader`.
    pub fn first_of(&mut self, leader: CheckerId, warmup: Interval) -> Interval {
        if let Some(first) = self.together.get(&leader) {
            return *first;
        }
        let first = self.first(warmup);
        self.together.insert(leader, first);
        first
    }
}

/// When a check that should begin at `next` begins, `now` being when that is known. Normally that is `next`. When we
/// are so late that less than half of its period would be left between two checks, it waits for its place in a later
/// period: after a stall all are due at once, and none may stay so.
pub fn in_step(next: Time, now: Time, period: Interval) -> Time {
    let (period, half) = (period.as_micros(), period.as_micros() / 2);
    let earliest = now + Interval::from_micros(half);
    if next >= earliest || period == 0 {
        return next.max(now);
    }
    let periods = earliest.since(next).as_micros().div_ceil(period);
    next + Interval::from_micros(period).times(periods)
}
