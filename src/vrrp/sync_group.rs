//! members move together.

use super::Effect;
use super::instance::{Event, Outcome};
use super::router::Router;
use crate::base::time::Time;
use crate::model::event::vrrp::Event as Report;
use crate::model::event::{Notification, NotifyState};
use crate::model::vrrp::{InstanceId, State};

/// What a group as a whole is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    pub state: State,
}

impl Router {
    /// The members of this instance's group, in the group's order; of no group: it alone.
    pub(super) fn companions(&self, id: InstanceId) -> Vec<InstanceId> {
        match self.group_of(id) {
            Some(group) => self.model.sync_groups[group].members.clone(),
            None => vec![id],
        }
    }

    fn others(&self, id: InstanceId) -> Vec<InstanceId> {
        let mut members = self.companions(id);
        members.retain(|member| *member != id);
        members
    }

    /// Master_Down_Timer of a member fired (VR-239): all become Master when each wants to, else it waits once more.
    pub(super) fn master_down(&mut self, now: Time, id: InstanceId, out: &mut Vec<Effect>) {
        let others = self.others(id);
        let agree = others.iter().all(|other| {
            let other = &self.instances[other.0];
            other.state == State::Master || other.wants_master
        });
        if !agree {
            let instance = &mut self.instances[id.0];
            instance.wants_master = true;
            instance.timers.master_down = Some(now + instance.master_down_interval());
            self.touched.push(id);
            return;
        }
        self.tell(now, id, Event::MasterDown, out);
        self.move_others(now, id, State::Master, &Event::MasterDown, out);
    }

    /// Brings an instance and its group to what faults and results allow (VR-243).
    pub(super) fn follow_condition(&mut self, now: Time, id: InstanceId, out: &mut Vec<Effect>) {
        let members = self.companions(id);
        let condition = |id: &InstanceId| &self.instances[id.0].condition;
        let fault = members.iter().any(|member| condition(member).fault.is_some());
        let pending = members.iter().any(|member| condition(member).pending);
        if condition(&id).fault.is_some() {
            self.tell(now, id, Event::Fault { releases: 2, silent: false }, out);
            let follow = Event::Fault { releases: 1, silent: false };
            self.move_others(now, id, State::Fault, &follow, out);
        } else if fault {
            self.tell(now, id, Event::Fault { releases: 1, silent: false }, out);
        } else if pending {
            // An instance that works goes on working: only one that has not begun waits (VR-132).
            if self.instances[id.0].state == State::Initialize {
                self.tell(now, id, Event::Fault { releases: 0, silent: true }, out);
            }
        } else {
            self.tell(now, id, Event::Ready, out);
            let resting = |state| matches!(state, State::Initialize | State::Fault);
            if self.group_of(id).is_some_and(|group| resting(self.groups[group].state)) {
                self.move_others(now, id, State::Backup, &Event::Ready, out);
            }
        }
    }

    /// A member heard an advert; the others follow where it went.
    pub(super) fn after_advert(
        &mut self,
        now: Time,
        id: InstanceId,
        before: State,
        outcome: Outcome,
        out: &mut Vec<Effect>,
    ) {
        if before == State::Master && self.instances[id.0].state == State::Backup {
            self.others_step_down(now, id, out);
        }
        match outcome {
            Outcome::Nothing => {}
            Outcome::LowerPriority => {
                for other in self.others(id) {
                    self.with_turn(now, other, out, |instance, turn| instance.announce_again(turn));
                }
            }
        }
    }

    /// This instance is no longer Master: nor are the others (VR-242).
    pub(super) fn others_step_down(&mut self, now: Time, id: InstanceId, out: &mut Vec<Effect>) {
        self.move_others(now, id, State::Backup, &Event::StepDown, out);
    }

    /// An address of this instance was taken away: all members release and come back (VR-159).
    pub(super) fn address_taken(&mut self, now: Time, id: InstanceId, out: &mut Vec<Effect>) {
        self.tell(now, id, Event::AddressTaken, out);
        self.move_others(now, id, State::Backup, &Event::AddressTaken, out);
    }

    /// `id` has moved to `state`: the others follow by `event`, then the group is told (IF-186).
    fn move_others(&mut self, now: Time, id: InstanceId, state: State, event: &Event, out: &mut Vec<Effect>) {
        let Some(group) = self.group_of(id) else { return };
        let changed = self.groups[group].state != state;
        if changed {
            let name = self.model.sync_groups[group].name.clone();
            out.push(Effect::Report(Report::Syncing { group: name, state }));
        }
        for other in self.others(id) {
            self.tell(now, other, event.clone(), out);
        }
        if changed {
            self.set_group(group, state, out);
        }
    }

    /// Notes a group's state and tells of it (VR-246).
    pub(super) fn set_group(&mut self, group: usize, state: State, out: &mut Vec<Effect>) {
        self.groups[group].state = state;
        let state = match state {
            State::Master => NotifyState::Master,
            State::Backup => NotifyState::Backup,
            State::Fault => NotifyState::Fault,
            State::Initialize => NotifyState::Stop,
        };
        self.notify_group(group, state, out);
    }

    pub(super) fn notify_group(&self, group: usize, state: NotifyState, out: &mut Vec<Effect>) {
        out.push(Effect::Notify(Notification::SyncGroup {
            generation: self.generation,
            group,
            name: self.model.sync_groups[group].name.clone(),
            state,
        }));
    }
}

#[cfg(test)]
mod tests;
