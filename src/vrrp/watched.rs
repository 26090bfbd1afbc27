//! what watched files and processes do to the virtual routers that track them.

use super::Effect;
use super::files::weigh;
use super::router::Router;
use crate::base::name::{FilePath, TrackFileName, TrackProcessName};
use crate::base::time::Time;
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::vrrp::InstanceId;

/// What a number did to one virtual router.
enum Turned {
    IntoFault(TrackFileName),
    OutOfFault {
        file: TrackFileName,
        /// It adds something now.
        weighs: bool,
    },
    /// Only the priority, if anything.
    Neither,
}

impl Router {
    /// The number in a file is another one (VR-225, VR-227).
    pub(super) fn file(&mut self, now: Time, path: &FilePath, number: i64, out: &mut Vec<Effect>) {
        let before = self.files.set(path, number);
        if before == number {
            return;
        }
        let watchers = self.index.by_file(path);
        let mut faulted = Vec::new();
        for id in watchers.iter().copied() {
            match self.turned(id, path, before, number) {
                Turned::IntoFault(file) => {
                    self.fact(now, id, Fact::FileFault { file }, out);
                    // The priority stays what it was until Fault has been told.
                    let condition = self.judged(id);
                    let instance = &mut self.instances[id.0];
                    (instance.condition.fault, instance.condition.pending) = (condition.fault, condition.pending);
                    faulted.push(id);
                }
                Turned::OutOfFault { file, weighs } => {
                    let condition = self.judged(id);
                    let priority = condition.priority;
                    let instance = &mut self.instances[id.0];
                    (instance.condition.fault, instance.condition.pending) = (condition.fault, condition.pending);
                    instance.settle_priority(priority);
                    self.fact(now, id, Fact::FileFaultOver { file }, out);
                    if weighs {
                        self.fact(now, id, Fact::PrioritySet { priority }, out);
                    }
                }
                Turned::Neither => self.judge_again(now, id, out),
            }
        }
        self.follow(now, &watchers, out);
        for id in faulted {
            let priority = self.judged(id).priority;
            self.instances[id.0].settle_priority(priority);
        }
    }

    fn turned(&self, id: InstanceId, path: &FilePath, before: i64, after: i64) -> Turned {
        for (file, effect) in &self.index.watched(id).files {
            if !self.files.is_at(file, path) {
                continue;
            }
            match (weigh(*effect, before), weigh(*effect, after)) {
                (Ok(_), Err(_)) => return Turned::IntoFault(file.clone()),
                (Err(_), Ok(weight)) => return Turned::OutOfFault { file: file.clone(), weighs: weight != 0 },
                (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            }
        }
        Turned::Neither
    }

    fn fact(&mut self, now: Time, id: InstanceId, fact: Fact, out: &mut Vec<Effect>) {
        self.with_turn(now, id, out, |instance, turn| instance.report(fact, turn));
    }

    /// The verdict on these has changed (VR-232).
    pub(super) fn processes_judged(&mut self, now: Time, changed: Vec<TrackProcessName>, out: &mut Vec<Effect>) {
        for process in changed {
            let gained = self.processes.is_up(&process);
            let watchers = self.index.by_process(&process);
            out.push(Effect::Report(Report::ProcessQuorum { process, gained }));
            self.refresh(now, &watchers, out);
        }
    }
}

#[cfg(test)]
mod tests;
