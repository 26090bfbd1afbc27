//! A seedable source of randomness, handed to machines (warm-up spreading, jitter).

/// SplitMix64: small, fast, and the same on every machine for the same seed. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn from_seed(seed: u64) -> Random {
        Random(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..=most`.
    pub fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(count) => self.number() % count,
            None => self.number(),
        }
    }
}
