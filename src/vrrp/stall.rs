//! after a stall, listen before talking: a process that was stopped, swapped out or paused for longer than others wait
//! for an advert is not Master any more as far as they know. (The original goes on as if nothing had happened, except
//! with `timer_expired_backup`.)

use super::Effect;
use super::election::{AsMaster, as_master};
use super::instance::{Event, Heard, Turn, VirtualRouter};
use super::router::Router;
use super::timer::skew_time;
use crate::base::time::{Interval, Time};
use crate::model::event::vrrp::Fact;
use crate::model::vrrp::{InstanceId, State};

impl Router {
    /// Whether something that waits in the sockets may be the advert that keeps a Backup from taking over: then it is
    /// to be handed in before `Deadline`. A process that was paused finds there what it did not hear.
    pub fn listens_first(&self, now: Time) -> bool {
        let waits = |id: &InstanceId| self.instances[id.0].timers.master_down.is_some_and(|at| at <= now);
        self.index.due(now).any(|id| waits(&id))
    }

    /// Looks for timers that are so late that others have not heard us, or we have not heard others.
    pub(super) fn notice_stalls(&mut self, now: Time, out: &mut Vec<Effect>) {
        if self.index.first().is_none_or(|first| first > now) {
            return;
        }
        // Mostly none, and this is asked with every packet.
        let stalled = |id: &InstanceId| self.instances[id.0].is_stalled(now);
        let stalled: Vec<InstanceId> = self.index.due(now).filter(stalled).collect();
        for id in stalled {
            let steps_down = self.with_turn(now, id, out, |instance, turn| instance.notice_stall(turn));
            if steps_down {
                self.tell(now, id, Event::StepDown, out);
                self.others_step_down(now, id, out);
            }
        }
        self.reindex();
    }
}

impl VirtualRouter {
    /// Whether a timer of its state is so late that others have not heard us, or we have not heard others.
    fn is_stalled(&self, now: Time) -> bool {
        match self.state {
            State::Master => self.silence(now).is_some_and(|(_, silence)| silence >= self.patience()),
            // A living Master speaks within this time.
            State::Backup => self.timers.master_down.is_some_and(|due| now.since(due) >= self.master_interval),
            // No timer runs.
            State::Initialize | State::Fault => false,
        }
    }

    /// How late its next advert is, and for how long nothing was heard of it.
    fn silence(&self, now: Time) -> Option<(Interval, Interval)> {
        let late = now.since(self.timers.advert?);
        Some((late, late + self.model.advert_interval))
    }

    /// For how long others wait for a Master.
    fn patience(&self) -> Interval {
        let model = &self.model;
        match model.timer_expired_backup {
            Some(other) => model.advert_interval.times(3) + skew_time(model.version, other, model.advert_interval),
            None => self.master_down_interval(),
        }
    }

    /// True: it is to give up being Master (VR-110).
    fn notice_stall(&mut self, turn: &mut Turn<'_>) -> bool {
        if !self.is_stalled(turn.now) {
            return false;
        }
        match self.state {
            State::Master => self.notice_silence(turn),
            State::Backup => {
                let Some(due) = self.timers.master_down else { return false };
                let wait = self.listening_time();
                self.timers.master_down = Some(turn.now + wait);
                self.report(Fact::Stalled { late: turn.now.since(due), wait }, turn);
                false
            }
            State::Initialize | State::Fault => false,
        }
    }

    fn notice_silence(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some((late, _)) = self.silence(turn.now) else { return false };
        if self.model.timer_expired_backup.is_some() {
            self.report(Fact::TimerExpired { late }, turn);
            return true;
        }
        let wait = self.listening_time();
        self.timers.listening = true;
        self.timers.advert = Some(turn.now + wait);
        self.timers.rivalry = None;
        // Nothing of ours is shown to anyone until we know that it is ours.
        self.timers.schedule = Default::default();
        turn.queues.cancel(self.id);
        self.report(Fact::Stalled { late, wait }, turn);
        false
    }

    fn listening_time(&self) -> Interval {
        let model = &self.model;
        self.master_interval + skew_time(model.version, self.priority(), self.master_interval)
    }

    /// Nobody spoke: it is Master still, and says so.
    pub(super) fn stop_listening(&mut self, turn: &mut Turn<'_>) {
        self.timers.listening = false;
        self.report(Fact::StallOver, turn);
        self.advertise_now(turn);
        let settings = self.model.announce;
        self.timers.schedule.begin(turn.now, &settings);
    }

    /// A Master that listens hears an advert: whoever sent it has taken over meanwhile, be its priority what it may.
    pub(super) fn hears_after_stall(&mut self, heard: Heard, turn: &mut Turn<'_>) {
        let ours = self.priority();
        match as_master(ours, self.source, heard.priority, heard.source) {
            // It was Master and is no more, or it is we ourselves.
            AsMaster::Released | AsMaster::OurAddress => {}
            AsMaster::Lower
            | AsMaster::Higher
            | AsMaster::HigherAddress
            | AsMaster::OwnerAbove
            | AsMaster::OwnerBelow => {
                self.report(Fact::TakenOver { by: heard.source, theirs: heard.priority }, turn);
                self.yield_to(heard, turn);
            }
        }
    }
}

#[cfg(test)]
mod tests;
