//! Figures beside the original's, measured in the same run; one line a figure, nothing is judged by time here.

pub mod addresses;
pub mod beside;
pub mod checks;
mod figure;
mod lan;
pub mod lateness;
pub mod lvs;
pub mod many;
mod pretended;
pub mod reading;
mod servers;
pub mod size;
pub mod starts;
mod wire;

use std::path::{Path, PathBuf};

/// The programs compared.
pub struct Programs {
    pub original: PathBuf,
    pub ours: PathBuf,
    /// Configurations, logs and pid files.
    pub place: PathBuf,
}

impl Programs {
    /// The original is 0, ours is 1.
    fn both(&self) -> [(usize, &Path); 2] {
        [(0, &self.original), (1, &self.ours)]
    }
}

/// How often something is measured: `usual`, unless the environment's `BENCH_ROUNDS` says otherwise.
fn rounds(usual: usize) -> usize {
    std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
