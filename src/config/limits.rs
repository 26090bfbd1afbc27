//! How much a configuration may be. The original has no such limits and ends, with its memory or its stack, where
//! ours says which limit was passed and starts nothing.

use std::fmt::Display;

use crate::diagnostic::{Code, Diagnostic, Findings, Span};

/// Bounds of what is read and of what is made of it. A configuration beyond one of them is not used at all.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together, and of all that they become.
    pub bytes: usize,
    /// Files read, each as often as it is included.
    pub files: usize,
    /// Includes within includes, and definitions within definitions.
    pub depth: usize,
    /// Lines that definitions and replications may become.
    pub lines: usize,
    /// Definitions put in place.
    pub replacements: usize,
    /// Words, and lines and braces, each.
    pub words: usize,
    /// Lines and braces outside virtual servers and their groups: much of them is compared with each other.
    pub others: usize,
    /// Names in folders that the patterns of includes are compared with.
    pub names: usize,
    /// Findings shown; the others are counted.
    pub findings: usize,
}

impl Limits {
    /// Room for some 700,000 checked servers. Reading takes less than 2 GiB and some seconds, whatever the file holds.
    pub const USUAL: Limits = Limits {
        bytes: 128 << 20,
        files: 150_000,
        depth: 64,
        lines: 2_000_000,
        replacements: 16_000_000,
        words: 8_000_000,
        others: 100_000,
        names: 1_000_000,
        findings: 2_000,
    };

    pub fn found(&self) -> Findings {
        Findings::new(self.findings)
    }
}

/// That a limit was passed: nothing of the configuration is used then.
pub fn passed(span: Option<Span>, words: impl Display) -> Diagnostic {
    let words = format!("{words}, which is too much: nothing of this configuration is used");
    let finding = match span {
        Some(span) => Diagnostic::at(Code::TooLarge, span, words),
        None => Diagnostic::new(Code::TooLarge, words),
    };
    finding.help("see the limits of a configuration in docs/differences.md")
}
