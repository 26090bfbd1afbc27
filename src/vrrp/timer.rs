//! Skew_Time, Master_Down_Interval: arithmetic.

use crate::base::name::{Priority, Version};
use crate::base::time::Interval;

/// RFC 9568 section 6.1 for version 3, RFC 3768 section 6.1 for version 2 (VR-115).
///
/// `priority` is the effective one, 1..=255; `master_interval` is the master's, which counts in version 3 only.
pub fn skew_time(version: Version, priority: Priority, master_interval: Interval) -> Interval {
    let below = 256 - u64::from(priority.0);
    match version {
        Version::V2 => Interval::from_micros(below * 1_000_000 / 256),
        Version::V3 => Interval::from_micros(below * (master_interval.as_micros() / 10_000) * 625 / 16),
    }
}

/// How long a Backup waits for an advert (VR-116): `adverts` (1..=100, default 3) master intervals and the skew.
pub fn master_down_interval(version: Version, priority: Priority, master_interval: Interval, adverts: u8) -> Interval {
    master_interval.times(u64::from(adverts)) + skew_time(version, priority, master_interval)
}

/// How long a member waits that was Master before a reload brought its group down (VR-126).
pub fn short_start(version: Version, interval: Interval) -> Interval {
    interval + skew_time(version, Priority::OWNER, interval)
}

#[cfg(test)]
mod tests;
