//! Time as data: integer microseconds, handed to machines, never read by them.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment on the monotonic clock, in microseconds since an origin of the caller's choice.
///
/// Machines get it as `now`; `kernel::clock` reads it, the simulation invents it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of time in microseconds; never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(u64);

/// A length of time in hundredths of a second: the unit of VRRPv3's Max Advertise Interval
/// (RFC 9568 section 5.2.7), 0..=4095 on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centiseconds(pub u16);

/// What the wall clock shows, in microseconds since 1970 (UTC). It may jump: only what is compared with other machines
/// is counted by it, handed to machines like `Time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u64);

impl WallTime {
    pub const fn from_micros(micros: u64) -> WallTime {
        WallTime(micros)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }
}

impl Time {
    pub const ZERO: Time = Time(0);

    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this moment is; zero when it is not later.
    pub const fn since(self, earlier: Time) -> Interval {
        Interval(self.0.saturating_sub(earlier.0))
    }
}

impl Interval {
    pub const ZERO: Interval = Interval(0);

    pub const fn from_micros(micros: u64) -> Interval {
        Interval(micros)
    }

    pub const fn from_millis(millis: u64) -> Interval {
        Interval(millis.saturating_mul(1_000))
    }

    pub const fn from_secs(seconds: u64) -> Interval {
        Interval(seconds.saturating_mul(1_000_000))
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn times(self, count: u64) -> Interval {
        Interval(self.0.saturating_mul(count))
    }

    /// Whole hundredths of a second, truncated, capped at 4095 (the 12-bit field of VRRPv3).
    pub const fn as_centiseconds(self) -> Centiseconds {
        let whole = self.0 / 10_000;
        Centiseconds(if whole > 4095 { 4095 } else { whole as u16 })
    }

    pub const fn as_duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.0)
    }
}

impl Centiseconds {
    pub const fn as_interval(self) -> Interval {
        Interval(self.0 as u64 * 10_000)
    }
}

impl Add<Interval> for Time {
    type Output = Time;
    fn add(self, by: Interval) -> Time {
        Time(self.0.saturating_add(by.0))
    }
}

impl AddAssign<Interval> for Time {
    fn add_assign(&mut self, by: Interval) {
        *self = *self + by;
    }
}

impl Sub<Interval> for Time {
    type Output = Time;
    fn sub(self, by: Interval) -> Time {
        Time(self.0.saturating_sub(by.0))
    }
}

impl Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        Interval(self.0.saturating_add(other.0))
    }
}

impl Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        Interval(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Interval {
    /// Seconds with as many decimals as needed, as keepalived.conf writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}
