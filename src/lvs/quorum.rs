//! Quorum with hysteresis: when a virtual server has enough weight alive (LV-64, LV-65).

/// The most that a weight counts (and the kernel takes): 2147483647.
pub const MOST_WEIGHT: i64 = i32::MAX as i64;

/// Configured weight plus what checkers add, 0..=2147483647.
pub fn effective_weight(configured: u32, added: impl Iterator<Item = i64>) -> u32 {
    let sum = added.fold(i64::from(configured), i64::saturating_add);
    // invariant: clamped to what fits.
    u32::try_from(sum.clamp(0, MOST_WEIGHT)).unwrap_or(0)
}

/// Quorum that was down is gained: the sum reaches quorum + hysteresis.
pub fn gained(sum: u64, quorum: u32, hysteresis: u32) -> bool {
    sum >= u64::from(quorum) + u64::from(hysteresis)
}

/// Quorum that was up is lost: nothing is left, or less than quorum - hysteresis.
pub fn lost(sum: u64, quorum: u32, hysteresis: u32) -> bool {
    sum == 0 || sum < u64::from(quorum.saturating_sub(hysteresis))
}

#[cfg(test)]
mod tests;
