//! Verdicts that cross a reload on their way: which checker of the present model they are about.
//!
//! A checker that is in both configurations keeps its state and says nothing again, so what it said just before the
//! reload must not be lost. The checkers' task may also be ahead: its verdicts about a model that has not reached us
//! wait for it.

use std::collections::{BTreeMap, VecDeque};

use crate::daemon::message::Verdict;
use crate::model::change::lvs::kept_checkers;
use crate::model::lvs::{CheckerId, Lvs};

/// Models back that a verdict may come from, and verdicts that may be ahead: more than an inbox can hold is nonsense.
const MOST_STEPS: usize = 16;
const MOST_EARLY: usize = crate::daemon::message::INBOX;

#[derive(Debug)]
pub(super) struct Generations {
    current: u64,
    /// From each earlier generation, where its checkers stand in the next one.
    steps: VecDeque<(u64, BTreeMap<CheckerId, CheckerId>)>,
    early: Vec<Verdict>,
}

impl Generations {
    pub(super) fn new(current: u64) -> Generations {
        Generations { current, steps: VecDeque::new(), early: Vec::new() }
    }

    /// The verdict with its checker's place in the present model; `None`: that checker is no more, or not yet.
    pub(super) fn place(&mut self, verdict: Verdict) -> Option<Verdict> {
        if verdict.generation > self.current {
            if self.early.len() < MOST_EARLY {
                self.early.push(verdict);
            }
            return None;
        }
        let mut checker = verdict.checker;
        if verdict.generation < self.current {
            let first = self.steps.iter().position(|(generation, _)| *generation == verdict.generation)?;
            for (_, step) in self.steps.iter().skip(first) {
                checker = *step.get(&checker)?;
            }
        }
        Some(Verdict { checker, generation: self.current, ..verdict })
    }

    /// A reload: returns the verdicts that were waiting for it.
    pub(super) fn advance(&mut self, old: &Lvs, new: &Lvs, generation: u64) -> Vec<Verdict> {
        let kept = kept_checkers(old, new).into_iter().enumerate();
        let step = kept.filter_map(|(new, old)| Some((old?, CheckerId(new)))).collect();
        self.steps.push_back((self.current, step));
        if self.steps.len() > MOST_STEPS {
            self.steps.pop_front();
        }
        self.current = generation;
        let waiting = std::mem::take(&mut self.early);
        waiting.into_iter().filter_map(|verdict| self.place(verdict)).collect()
    }
}

#[cfg(test)]
mod tests;
