//! what follows for a virtual router from all that is known: Fault or not, its priority, the address to send from.

use std::net::IpAddr;

use super::Effect;
use super::router::Router;
use super::tracking::{Condition, Known, judge};
use crate::base::name::BfdName;
use crate::base::time::Time;
use crate::model::event::vrrp::{Fact, FaultCause};
use crate::model::vrrp::{Instance, InstanceId};

impl Router {
    /// Judges these instances anew and brings them to what they may be. All are judged before one moves, as groups
    /// count the faults of all members.
    pub(super) fn refresh(&mut self, now: Time, ids: &[InstanceId], out: &mut Vec<Effect>) {
        for id in ids {
            self.judge_again(now, *id, out);
        }
        self.follow(now, ids, out);
    }

    /// Brings instances that have been judged to what they may be.
    pub(super) fn follow(&mut self, now: Time, ids: &[InstanceId], out: &mut Vec<Effect>) {
        for id in ids {
            if self.instances[id.0].condition.fault.is_none() {
                self.settle_source(*id);
                self.attach(*id, out);
            }
        }
        for id in ids {
            self.follow_condition(now, *id, out);
            self.settle_source(*id);
            self.attach(*id, out);
        }
    }

    pub(super) fn judge_again(&mut self, now: Time, id: InstanceId, out: &mut Vec<Effect>) {
        let condition = self.judged(id);
        let priority = condition.priority;
        let instance = &mut self.instances[id.0];
        instance.condition.fault = condition.fault;
        instance.condition.pending = condition.pending;
        if instance.condition.priority != priority {
            self.with_turn(now, id, out, |instance, turn| instance.set_priority(priority, turn));
        }
    }

    /// What follows for an instance from all that is known.
    pub(super) fn judged(&self, id: InstanceId) -> Condition {
        let instance = &self.instances[id.0];
        let model = &instance.model;
        let known = Known {
            host: &self.host,
            scripts: &self.scripts,
            files: &self.files,
            processes: &self.processes,
            bfd_up: &self.bfd_up,
        };
        let mut condition = judge(model.priority, self.index.watched(id), known);
        if model.disabled {
            condition.fault = Some(FaultCause::Configuration);
        }
        let own = model.interface.iter().chain(&model.device).chain(&model.vrf);
        for name in own.filter(|name| self.host.index(name).is_none()) {
            condition.fault = condition.fault.or(Some(FaultCause::Interface(name.clone())));
        }
        if self.source(model).is_none() {
            condition.fault = condition.fault.or(Some(FaultCause::NoAddress(model.family)));
        }
        if instance.socket_refused {
            condition.fault = condition.fault.or(Some(FaultCause::Socket));
        }
        condition
    }

    pub(super) fn source(&self, model: &Instance) -> Option<IpAddr> {
        model.source.or_else(|| self.host.source(model.source_interface()?, model.family))
    }

    /// Takes over the address to send from. While there is none the last one stays: the farewell is sent from it
    /// (VR-161).
    pub(super) fn settle_source(&mut self, id: InstanceId) {
        if let Some(source) = self.source(&self.instances[id.0].model) {
            self.instances[id.0].source = Some(source);
        }
    }

    /// VR-314: a session's state counts when it changes.
    pub(super) fn bfd(&mut self, now: Time, session: &BfdName, up: bool, out: &mut Vec<Effect>) {
        let changed = if up { self.bfd_up.insert(session.clone()) } else { self.bfd_up.remove(session) };
        if !changed {
            return;
        }
        let watchers = self.index.by_bfd(session);
        for id in &watchers {
            let fact = Fact::BfdTracked { session: session.clone(), up };
            self.with_turn(now, *id, out, |instance, turn| instance.report(fact, turn));
        }
        self.refresh(now, &watchers, out);
    }
}
