//! how many processes run of those that are counted, and whether that is right.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::name::TrackProcessName;
use crate::base::time::{Interval, Time};
use crate::model::track::{CountCause, ProcessPattern, TrackProcess};
use crate::model::vrrp::Vrrp;

/// All `vrrp_track_process`es.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Processes {
    /// By pattern and not by name: a reload may give a name another pattern, whose number is told before.
    counts: BTreeMap<Arc<ProcessPattern>, u32>,
    standings: BTreeMap<TrackProcessName, Standing>,
}

/// What is known of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Standing {
    up: bool,
    /// When the number of processes will count; until then `up` stays as it was (VR-231).
    verdict: Option<Time>,
}

const fn is_right(process: &TrackProcess, count: u32) -> bool {
    process.quorum <= count && count <= process.quorum_max
}

impl Processes {
    pub fn new(model: &Vrrp) -> Processes {
        let mut processes = Processes::default();
        processes.settle(model);
        processes
    }

    fn count(&self, process: &TrackProcess) -> u32 {
        self.counts.get(&process.pattern).copied().unwrap_or(0)
    }

    /// VR-230: enough run, and not too many.
    pub fn is_up(&self, name: &TrackProcessName) -> bool {
        self.standings.get(name).is_some_and(|standing| standing.up)
    }

    /// Before the start: what is told counts at once.
    pub fn settle(&mut self, model: &Vrrp) {
        self.standings.clear();
        for process in &model.processes {
            let up = is_right(process, self.count(process));
            self.standings.insert(process.name.clone(), Standing { up, verdict: None });
        }
    }

    /// Takes in a number of processes before the start or a reload.
    pub fn told(&mut self, pattern: &Arc<ProcessPattern>, count: u32) {
        self.counts.insert(pattern.clone(), count);
    }

    /// Takes in a number of processes; those of which the verdict changed.
    pub fn counted(
        &mut self,
        now: Time,
        model: &Vrrp,
        pattern: &Arc<ProcessPattern>,
        count: u32,
        cause: CountCause,
    ) -> Vec<TrackProcessName> {
        self.told(pattern, count);
        let mut changed = Vec::new();
        for process in model.processes.iter().filter(|process| process.pattern == *pattern) {
            let Some(standing) = self.standings.get_mut(&process.name) else { continue };
            let right = is_right(process, count);
            if right == standing.up {
                // A reversal within the delay cancels.
                standing.verdict = None;
                continue;
            }
            let delay = match (cause, right) {
                (CountCause::Fork, _) => process.fork_delay,
                (CountCause::Exit, _) => process.terminate_delay,
                (CountCause::Other, _) => Interval::ZERO,
            };
            if delay.is_zero() {
                *standing = Standing { up: right, verdict: None };
                changed.push(process.name.clone());
            } else if standing.verdict.is_none() {
                standing.verdict = Some(now + delay);
            }
        }
        changed
    }

    pub fn deadline(&self) -> Option<Time> {
        self.standings.values().filter_map(|standing| standing.verdict).min()
    }

    /// Delays that are over; those of which the verdict changed.
    pub fn due(&mut self, now: Time, model: &Vrrp) -> Vec<TrackProcessName> {
        let mut changed = Vec::new();
        for process in &model.processes {
            let right = is_right(process, self.count(process));
            let Some(standing) = self.standings.get_mut(&process.name) else { continue };
            if standing.verdict.take_if(|at| *at <= now).is_some() && standing.up != right {
                standing.up = right;
                changed.push(process.name.clone());
            }
        }
        changed
    }

    /// An unchanged one keeps its verdict and its delay; others are judged by what runs.
    pub fn reload(&mut self, old: &Vrrp, new: &Vrrp) {
        let before = std::mem::take(&mut self.standings);
        self.counts.retain(|pattern, _| new.processes.iter().any(|process| process.pattern == *pattern));
        for process in &new.processes {
            let same = old.processes.iter().any(|one| one == process);
            let kept = before.get(&process.name).filter(|_| same).cloned();
            let fresh = Standing { up: is_right(process, self.count(process)), verdict: None };
            self.standings.insert(process.name.clone(), kept.unwrap_or(fresh));
        }
    }

    pub fn rebase(&mut self, by: Interval) {
        for standing in self.standings.values_mut() {
            standing.verdict = standing.verdict.map(|at| at - by);
        }
    }
}

#[cfg(test)]
mod tests;
