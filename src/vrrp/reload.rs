//! a new configuration: what is the same stays untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Effect;
use super::aside::Aside;
use super::index::Index;
use super::instance::{Event, Placed, Turn, VirtualRouter};
use super::router::{Router, same_in_kernel};
use super::sync_group::Group;
use super::timer::short_start;
use crate::base::name::{Priority, SyncGroupName};
use crate::base::time::Time;
use crate::model::change::vrrp::{kept_instances, same_but_for_notify};
use crate::model::event::vrrp::{Event as Report, Fact};
use crate::model::event::{Notification, NotifyState};
use crate::model::host::{HostAddress, Placement};
use crate::model::vrrp::{Instance, InstanceId, State, Vrrp};

impl Router {
    pub(super) fn reload(&mut self, now: Time, model: Arc<Vrrp>, generation: u64, out: &mut Vec<Effect>) {
        let old_model = self.model.0.clone();
        self.statics.drop_old(&model.statics, &self.host, out);
        let kept = kept_instances(&old_model, &model);
        // Instances that are gone say so with the numbers of the old model.
        for at in 0..self.instances.len() {
            if !kept.contains(&Some(InstanceId(at))) {
                self.tell(now, InstanceId(at), Event::Delete, out);
            }
        }
        self.forget_removed(out);
        let mut reports = Vec::new();
        self.scripts.reload(&old_model, &model, &mut reports);
        out.extend(reports.into_iter().map(Effect::Report));
        self.files.reload(&model);
        self.processes.reload(&old_model, &model);
        self.move_startup(now, &old_model, &model, out);

        let mut new_ids: BTreeMap<InstanceId, InstanceId> = BTreeMap::new();
        let mut old: Vec<Option<VirtualRouter>> = std::mem::take(&mut self.instances).into_iter().map(Some).collect();
        let mut fresh = Vec::new();
        for (at, instance) in model.instances.iter().enumerate() {
            let id = InstanceId(at);
            let before = kept[at].and_then(|place| Some((place, old.get_mut(place.0)?.take()?)));
            self.instances.push(match before {
                Some((place, router)) => {
                    new_ids.insert(place, id);
                    VirtualRouter { id, ..router }
                }
                None => {
                    fresh.push(id);
                    VirtualRouter::new(instance.clone(), id)
                }
            });
        }
        self.queues.renumber(|id| new_ids.get(&id).copied());
        let states: BTreeMap<SyncGroupName, State> = old_model
            .sync_groups
            .iter()
            .zip(&self.groups)
            .map(|(group, now)| (group.name.clone(), now.state))
            .collect();
        self.groups = model
            .sync_groups
            .iter()
            .map(|group| Group { state: states.get(&group.name).copied().unwrap_or(State::Initialize) })
            .collect();
        let mut index = Index::new(&model);
        index.inherit(&self.index);
        self.index = Aside(index);
        self.model = Aside(model.clone());
        self.generation = generation;
        self.host.set_virtual_addresses(&model);
        self.touched = (0..self.instances.len()).map(InstanceId).collect();

        let survivors: Vec<InstanceId> = new_ids.into_values().collect();
        self.reconfigure(now, &model, &survivors, out);
        self.clear_leftovers(now, &fresh, out);
        self.begin(now, &fresh, out);
        self.promotion.follow(&model, &self.host, out);
        self.statics.add_new(&model.statics, &self.host, out);
        self.settle_groups(now, &model, out);
        for at in 0..self.instances.len() {
            self.settle_source(InstanceId(at));
            self.attach(InstanceId(at), out);
        }
        for socket in self.index.close_unused() {
            out.push(Effect::CloseSocket(socket));
        }
        self.weigh_links(now, out);
        if model.tells_states_on_reload {
            self.tell_states(out);
        }
    }

    /// Who reads a FIFO may have begun anew with the reload: each state that this reload has not told of is told again
    /// (`fifo_write_vrrp_states_on_reload`).
    fn tell_states(&self, out: &mut Vec<Effect>) {
        let mut told = BTreeSet::new();
        for effect in out.iter() {
            match effect {
                Effect::Notify(Notification::Instance { name, .. }) => told.insert((false, name.as_str().to_owned())),
                Effect::Notify(Notification::SyncGroup { name, .. }) => told.insert((true, name.as_str().to_owned())),
                _ => false,
            };
        }
        let groups = (self.model.sync_groups.iter().zip(&self.groups))
            .map(|(model, group)| (true, model.name.as_str(), group.state, Priority(0)));
        let instances = (self.instances.iter()).map(|one| {
            (false, one.model.name.as_str(), if one.silent { State::Initialize } else { one.state }, one.priority())
        });
        for (group, name, state, priority) in groups.chain(instances) {
            let state = match state {
                State::Master => NotifyState::Master,
                State::Backup => NotifyState::Backup,
                State::Fault => NotifyState::Fault,
                // It has not begun yet.
                State::Initialize => continue,
            };
            let name = name.to_owned();
            if !told.contains(&(group, name.clone())) {
                let generation = self.generation;
                out.push(Effect::Notify(Notification::StillInState { generation, group, name, state, priority }));
            }
        }
    }

    /// What was just removed is no leftover for those that begin now.
    fn forget_removed(&mut self, out: &[Effect]) {
        for effect in out {
            let Effect::RemoveAddresses { addresses, .. } = effect else { continue };
            for Placement { index, address } in addresses {
                let (cidr, scope) = (address.cidr, address.scope);
                self.host.address_gone(&HostAddress { index: *index, cidr, scope, tentative: false });
            }
        }
    }

    /// A start-up delay that still runs is as much longer or shorter as the setting (VR-131), and all timers with it; one
    /// that counts from the machine's start ends when the new setting says.
    fn move_startup(&mut self, now: Time, old: &Vrrp, new: &Vrrp, out: &mut Vec<Effect>) {
        let Some(until) = self.startup else { return };
        let booted = |model: &Vrrp| Time::ZERO + model.delay_after_boot;
        let moved = match until == booted(old) {
            true => booted(new),
            false => ((until + new.startup_delay) - old.startup_delay).max(booted(new)),
        };
        for instance in &mut self.instances {
            let timer = &mut instance.timers.master_down;
            *timer = timer.map(|at| (at + moved.since(until)) - until.since(moved));
        }
        self.startup = (moved > now).then_some(moved);
        if self.startup.is_none() {
            out.push(Effect::Report(Report::StartupDelayOver));
        }
    }

    /// Gives each survivor its new settings. What is equal but for whom to tell is not touched.
    fn reconfigure(&mut self, now: Time, model: &Vrrp, survivors: &[InstanceId], out: &mut Vec<Effect>) {
        let mut changed = Vec::new();
        for id in survivors {
            let instance = &mut self.instances[id.0];
            let old = std::mem::replace(&mut instance.model.0, model.instances[id.0].clone());
            if !same_but_for_notify(&old, &instance.model) {
                changed.push((*id, old));
                // The socket is tried once more.
                instance.socket_refused = false;
            }
        }
        for id in survivors {
            self.settle_source(*id);
            self.attach(*id, out);
            let before = self.instances[id.0].master_down_interval();
            self.instances[id.0].condition = self.judged(*id);
            let instance = &mut self.instances[id.0];
            let after = instance.master_down_interval();
            let timer = &mut instance.timers.master_down;
            *timer = timer.map(|at| (at + after) - before);
        }
        // An address may move from one instance to another: all removals go before all additions.
        for (id, _) in &changed {
            self.with_turn(now, *id, out, |instance, turn| {
                instance.drop_items(turn);
                instance.drop_addresses(turn);
            });
        }
        for (id, old) in changed {
            self.with_turn(now, id, out, |instance, turn| instance.reconfigured(&old, turn));
        }
        for id in survivors {
            self.follow_condition(now, *id, out);
        }
    }

    /// VR-284, VR-285: a group of which not all are Master steps back, without priority 0.
    fn settle_groups(&mut self, now: Time, model: &Vrrp, out: &mut Vec<Effect>) {
        for (at, group) in model.sync_groups.iter().enumerate() {
            let states: Vec<State> = group.members.iter().map(|id| self.instances[id.0].state).collect();
            let in_state = |state| states.iter().filter(|one| **one == state).count();
            let masters = in_state(State::Master);
            let state = if masters == group.members.len() {
                State::Master
            } else if in_state(State::Fault) > 0 {
                State::Fault
            } else {
                State::Backup
            };
            // With Fault beside Master: a member whose script has told nothing yet. A fault that is known moved all before.
            if masters > 0 && state != State::Master {
                for id in group.members.iter().copied() {
                    if self.instances[id.0].state != State::Master {
                        continue;
                    }
                    self.tell(now, id, Event::StepDown, out);
                    let instance = &mut self.instances[id.0];
                    let wait = short_start(instance.model.version, instance.model.advert_interval);
                    instance.timers.master_down = Some(now + wait);
                }
            }
            let silent = group.members.iter().any(|id| self.instances[id.0].silent);
            if self.groups[at].state != state && !silent {
                self.set_group(at, state, out);
            }
        }
    }
}

impl VirtualRouter {
    /// It runs with another model from now on (VR-276 … VR-278).
    fn reconfigured(&mut self, old: &Instance, turn: &mut Turn<'_>) {
        let new = self.model.0.clone();
        self.told = Aside::default();
        if old.old_unicast_checksum != new.old_unicast_checksum || old.transport != new.transport {
            self.old_checksums.clear();
        }
        match self.state {
            State::Master => {
                self.master_interval = new.advert_interval;
                let gone =
                    old.virtual_addresses != new.virtual_addresses || old.excluded_addresses != new.excluded_addresses;
                let added = self.take_up_addresses(turn);
                self.take_up_items(gone, turn);
                self.bar_again(turn);
                if !self.timers.listening {
                    self.advertise_now(turn);
                }
                if added {
                    self.announce_addresses(new.announce.master_repeat, turn);
                    self.timers.schedule.begin(turn.now, &new.announce);
                } else if old.announce != new.announce {
                    self.timers.schedule.begin(turn.now, &new.announce);
                }
            }
            // VR-275: the down timer begins anew when one of its terms is another.
            State::Backup => {
                let terms =
                    |model: &Instance| (model.version, model.priority, model.advert_interval, model.down_timer_adverts);
                if terms(old) != terms(&new) {
                    self.master_interval = new.advert_interval;
                    self.timers.master_down = Some(turn.origin + self.master_down_interval());
                }
                self.preempt_delay = Default::default();
            }
            State::Initialize | State::Fault => self.master_interval = new.advert_interval,
        }
    }

    /// VR-277: what is in neither list any more goes.
    fn drop_addresses(&mut self, turn: &mut Turn<'_>) {
        let wanted = self.wanted(turn.host);
        let (kept, gone): (Vec<Placed>, Vec<Placed>) = std::mem::take(&mut self.placed)
            .into_iter()
            .partition(|placed| wanted.iter().any(|one| same_place(one, &placed.placement)));
        self.placed = kept;
        for placed in &gone {
            let address = &placed.placement.address;
            let (address, interface) = (address.cidr, address.interface.clone());
            self.report(Fact::AddressNoLonger { address, interface }, turn);
        }
        if !gone.is_empty() {
            let addresses = gone.into_iter().map(|placed| placed.placement).collect();
            turn.out.push(Effect::RemoveAddresses { instance: self.id, addresses, forced: false });
            self.unbar(turn);
        }
    }

    /// VR-277: what is new comes, all is in the new order; true when something came.
    fn take_up_addresses(&mut self, turn: &mut Turn<'_>) -> bool {
        let wanted = self.wanted(turn.host);
        let held = std::mem::take(&mut self.placed);
        let mut added = Vec::new();
        for one in wanted {
            match held.iter().find(|placed| same_place(&placed.placement, &one)) {
                Some(placed) => self.placed.push(Placed { placement: one, confirmed: placed.confirmed }),
                None => added.push(one),
            }
        }
        let any = !added.is_empty();
        self.add_addresses(added, turn);
        any
    }
}

fn same_place(one: &Placement, other: &Placement) -> bool {
    one.index == other.index && same_in_kernel(&one.address, &other.address)
}

#[cfg(test)]
mod tests;
