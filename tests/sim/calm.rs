//! What must be true when the weather has been calm for long enough.

use std::collections::BTreeSet;

use keepalived_rs::base::time::Interval;
use keepalived_rs::bfd::session;
use keepalived_rs::model::track::ScriptOutcome;
use keepalived_rs::model::vrrp::{Instance, InstanceId, State};
use keepalived_rs::vrrp::Input;

use crate::neighbours::Neighbours;
use crate::town::one_in;
use crate::weather::Sim;

impl Sim {
    /// Longer than any election may take with these models.
    fn patience(&self) -> Interval {
        let all = || self.hosts.iter().flat_map(|host| &host.model.instances);
        let interval = all().map(|instance| instance.advert_interval).max().unwrap_or_default();
        let down = all().map(|instance| interval.times(u64::from(instance.down_timer_adverts) + 1)).max();
        let delay = all().map(|instance| instance.preempt_delay).max().unwrap_or_default();
        let startup = self.hosts.iter().map(|host| host.model.startup_delay).max().unwrap_or_default();
        // A socket that could not be opened is tried again after a minute.
        let closed = self.neighbours.iter().any(Neighbours::waits_for_a_socket);
        let retry = if closed { session::RETRY } else { Interval::ZERO };
        // A sleeper wakes after 9 s, an advert that was held up comes after 3 s.
        Interval::from_secs(13) + down.unwrap_or_default().times(4) + delay + startup + retry
    }

    /// Repairs some of the damage, waits, and looks.
    pub fn calm(&mut self) -> Result<(), String> {
        self.say("calm".to_owned());
        for host in 0..self.hosts.len() {
            self.hosts[host].denied.clear();
            let repair = !one_in(&mut self.random, 4);
            let names: Vec<String> = self.hosts[host].interfaces.iter().map(|i| i.name.clone()).collect();
            for name in names {
                // A half cut sync group has no right answer: it is all or nothing.
                if (repair || self.hosts[host].model.sync_groups.len() + self.base[host].sync_groups.len() > 0)
                    && let Some(interface) = self.hosts[host].interface_mut(&name)
                {
                    interface.cut = false;
                }
            }
            // Routers that do not agree on what belongs together cannot agree on a Master.
            if self.hosts[host].model.sync_groups.len() != self.base[host].sync_groups.len() {
                self.restore(host)?;
            }
            if repair {
                self.start(host)?;
            }
            // A script ends sooner or later.
            let scripts: Vec<_> = self.hosts[host].model.scripts.iter().map(|script| script.name.clone()).collect();
            for name in scripts {
                let outcome = ScriptOutcome::Exited(i32::from(one_in(&mut self.random, 3)));
                self.feed(host, Input::Script { name, outcome })?;
            }
        }
        let end = self.now + self.patience();
        self.changes.clear();
        while self.next(Some(end))? {
            self.step += 1;
        }
        if let Some((who, count)) = self.changes.iter().find(|(_, count)| **count > 8) {
            return Err(format!("{who:?} changed its state {count} times while the LAN was calm"));
        }
        self.look()?;
        // Rule 5: afterwards nothing changes any more.
        self.changes.clear();
        let end = self.now + Interval::from_secs(12);
        while self.next(Some(end))? {
            self.step += 1;
        }
        if let Some((who, count)) = self.changes.iter().next() {
            return Err(format!("{who:?} changed its state {count} times on a LAN that was calm for long"));
        }
        self.tally.calms += 1;
        self.look()?;
        self.look_at_sessions()
    }

    /// Rule 2: each virtual router has one Master in each connected part of its LAN. Rule 4: sync groups agree.
    fn look(&self) -> Result<(), String> {
        let mut all = BTreeSet::new();
        for host in &self.hosts {
            all.extend(host.model.instances.iter().map(|instance| (instance.vrid, instance.interface.clone())));
        }
        for (vrid, interface) in all {
            // (host, instance, its state) of those that can be heard on the LAN
            let mut connected = Vec::new();
            for (at, host) in self.hosts.iter().enumerate() {
                let Some(router) = &host.router else { continue };
                let same =
                    |instance: &&std::sync::Arc<Instance>| instance.vrid == vrid && instance.interface == interface;
                let Some(position) = host.model.instances.iter().position(|instance| same(&instance)) else { continue };
                let instance = &host.model.instances[position];
                let state = router.state(InstanceId(position));
                if state == State::Initialize {
                    return Err(format!("{} {} is still in Initialize", host.name, instance.name));
                }
                if state == State::Fault {
                    continue;
                }
                let carries = instance
                    .interface
                    .as_ref()
                    .and_then(|name| host.interface(name.as_str()))
                    .is_some_and(|interface| interface.carries());
                if carries {
                    connected.push((at, instance.clone(), state));
                } else if state != State::Master && host.model.sync_groups.is_empty() {
                    return Err(format!("{} {} is alone and {state:?}", host.name, instance.name));
                }
            }
            self.one_master(&connected)?;
        }
        for host in &self.hosts {
            let Some(router) = &host.router else { continue };
            for group in &host.model.sync_groups {
                let states: Vec<State> = group.members.iter().map(|member| router.state(*member)).collect();
                if states.iter().any(|state| *state != states[0]) {
                    return Err(format!("{} sync group {} disagrees: {states:?}", host.name, group.name));
                }
            }
        }
        Ok(())
    }

    fn one_master(&self, connected: &[(usize, std::sync::Arc<Instance>, State)]) -> Result<(), String> {
        let masters: Vec<_> = connected.iter().filter(|(_, _, state)| *state == State::Master).collect();
        let shown = || -> Vec<String> {
            let one = |(at, instance, state): &(usize, std::sync::Arc<Instance>, State)| {
                format!("{} {} {} {state:?}", self.hosts[*at].name, instance.name, instance.priority)
            };
            connected.iter().map(one).collect()
        };
        if !connected.is_empty() && masters.len() != 1 {
            return Err(format!("{} Masters: {:?}", masters.len(), shown()));
        }
        let plain = connected.iter().all(|(at, instance, _)| {
            instance.preempt
                && instance.track_scripts.is_empty()
                && instance.track_interfaces.is_empty()
                && instance.track_files.is_empty()
                && instance.track_processes.is_empty()
                && instance.track_bfds.is_empty()
                && self.hosts.iter().all(|host| host.model.sync_groups.is_empty())
                && !self.hosts[*at].planted.deaf
                && !self.hosts[*at].planted.mute
        });
        let best = connected.iter().map(|(_, instance, _)| instance.priority).max();
        if let Some((_, master, _)) = masters.first()
            && plain
            && Some(master.priority) != best
        {
            return Err(format!("not the best one is Master: {:?}", shown()));
        }
        Ok(())
    }
}
