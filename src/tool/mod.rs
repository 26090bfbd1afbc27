//! What the author of a file may ask beside running it: is it sound, and what does a word mean.

mod check;
pub mod explain;
pub mod genhash;

pub use check::{Wanted, check};

/// What a command says, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    pub exit: u8,
}
