//! which processes count for which pattern: forks, commands, names and ends in, numbers out (VR-228, VR-229).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::track::{ArgumentsMatch, CountCause, ProcessPattern};

/// A process as it shows itself.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What the kernel calls it, at most 15 bytes.
    pub name: &'a [u8],
    /// The words of its command line, each with a NUL behind it.
    pub command_line: &'a [u8],
}

/// The number of processes that fit a pattern is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub pattern: Arc<ProcessPattern>,
    pub count: u32,
    pub cause: CountCause,
}

/// All processes that count.
#[derive(Clone, Debug, Default)]
pub struct Census {
    patterns: Vec<Arc<ProcessPattern>>,
    counts: Vec<u32>,
    /// The patterns that each process fits; only those that fit one.
    processes: BTreeMap<u32, Vec<usize>>,
}

/// The words of a command line behind the first.
fn arguments(command_line: &[u8]) -> &[u8] {
    let first = command_line.iter().position(|byte| *byte == 0).map_or(command_line.len(), |at| at + 1);
    command_line.get(first..).unwrap_or_default()
}

/// The words that a pattern wants, each with a NUL behind it.
fn wanted(pattern: &ProcessPattern) -> Vec<u8> {
    pattern.arguments.iter().flat_map(|word| word.bytes().chain([0])).collect()
}

/// VR-229.
pub fn fits(pattern: &ProcessPattern, shown: Shown<'_>) -> bool {
    if !pattern.full_command {
        return shown.name == pattern.path.as_bytes();
    }
    let first = shown.command_line.split(|byte| *byte == 0).next().unwrap_or_default();
    if first != pattern.path.as_bytes() {
        return false;
    }
    let (there, wanted) = (arguments(shown.command_line), wanted(pattern));
    match pattern.arguments_match {
        None => true,
        Some(ArgumentsMatch::Exact) => there == wanted,
        Some(ArgumentsMatch::Partial) => there.starts_with(&wanted),
        Some(ArgumentsMatch::Initial) => {
            there.len() >= wanted.len() && there.starts_with(wanted.strip_suffix(&[0]).unwrap_or_default())
        }
    }
}

impl Census {
    pub fn new(patterns: Vec<Arc<ProcessPattern>>) -> Census {
        Census { counts: vec![0; patterns.len()], patterns, processes: BTreeMap::new() }
    }

    /// How many bytes of a command line decide; 0: none are looked at.
    pub fn command_line(&self) -> usize {
        let full = self.patterns.iter().filter(|pattern| pattern.full_command);
        // One word more than is wanted shows that there is more.
        full.map(|pattern| pattern.path.len() + 1 + wanted(pattern).len() + 2).max().unwrap_or(0)
    }

    pub fn all(&self) -> Vec<Count> {
        let count = |(pattern, count): (&Arc<ProcessPattern>, &u32)| Count {
            pattern: pattern.clone(),
            count: *count,
            cause: CountCause::Other,
        };
        self.patterns.iter().zip(&self.counts).map(count).collect()
    }

    /// Whether this process counts for anything.
    pub fn counts(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// A child is what its parent is until it says otherwise.
    pub fn forked(&mut self, parent: u32, child: u32) -> Vec<Count> {
        let Some(fitting) = self.processes.get(&parent).cloned() else { return Vec::new() };
        self.is_now(child, fitting, CountCause::Fork)
    }

    /// It was found, or runs another command now.
    pub fn shows(&mut self, pid: u32, shown: Shown<'_>) -> Vec<Count> {
        let fitting = self.fitting(|pattern| fits(pattern, shown));
        self.is_now(pid, fitting, CountCause::Other)
    }

    /// It has another name; its command line is the same.
    pub fn named(&mut self, pid: u32, name: &[u8]) -> Vec<Count> {
        let before = self.processes.get(&pid).cloned().unwrap_or_default();
        let shown = Shown { name, command_line: &[] };
        let at = |at: usize, pattern: &ProcessPattern| match pattern.full_command {
            true => before.contains(&at),
            false => fits(pattern, shown),
        };
        let fitting = (0..self.patterns.len()).filter(|place| at(*place, &self.patterns[*place])).collect();
        self.is_now(pid, fitting, CountCause::Other)
    }

    pub fn exited(&mut self, pid: u32) -> Vec<Count> {
        self.is_now(pid, Vec::new(), CountCause::Exit)
    }

    /// All processes that there are, each with its parent, and nothing was told meanwhile.
    pub fn looked_at<'a>(&mut self, all: impl Iterator<Item = (u32, u32, Shown<'a>)> + Clone) -> Vec<Count> {
        let mut changes = Vec::new();
        let gone: Vec<u32> = {
            let there: std::collections::BTreeSet<u32> = all.clone().map(|(pid, _, _)| pid).collect();
            self.processes.keys().copied().filter(|pid| !there.contains(pid)).collect()
        };
        for (pid, parent, shown) in all {
            let fitting = self.fitting(|pattern| fits(pattern, shown));
            let fresh = !self.processes.contains_key(&pid);
            let cause =
                if fresh && self.processes.contains_key(&parent) { CountCause::Fork } else { CountCause::Other };
            changes.extend(self.is_now(pid, fitting, cause));
        }
        changes.extend(gone.into_iter().flat_map(|pid| self.exited(pid)));
        changes
    }

    fn fitting(&self, fits: impl Fn(&ProcessPattern) -> bool) -> Vec<usize> {
        (0..self.patterns.len()).filter(|at| fits(&self.patterns[*at])).collect()
    }

    fn is_now(&mut self, pid: u32, fitting: Vec<usize>, cause: CountCause) -> Vec<Count> {
        let before = match fitting.is_empty() {
            true => self.processes.remove(&pid),
            false => self.processes.insert(pid, fitting.clone()),
        };
        let before = before.unwrap_or_default();
        let mut changes = Vec::new();
        for (at, pattern) in self.patterns.iter().enumerate() {
            let count = &mut self.counts[at];
            match (before.contains(&at), fitting.contains(&at)) {
                (false, true) => *count += 1,
                (true, false) => *count -= 1,
                (true, true) | (false, false) => continue,
            }
            changes.push(Count { pattern: pattern.clone(), count: *count, cause });
        }
        changes
    }
}

#[cfg(test)]
mod tests;
