//! Figures beside the original's, measured in the same run; one line a figure, nothing is judged by time here.

mod figure;
pub mod lateness;
pub mod lvs;
pub mod reading;
pub mod size;
mod wire;

use std::path::PathBuf;

/// The programs compared.
pub struct Programs {
    pub original: PathBuf,
    pub ours: PathBuf,
    /// Configurations, logs and pid files.
    pub place: PathBuf,
}
