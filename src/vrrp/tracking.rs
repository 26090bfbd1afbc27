//! weights and faults -> effective priority.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::files::{self, Files};
use super::host::Host;
use super::processes::Processes;
use crate::base::name::{BfdName, InterfaceName, Priority, ScriptName, TrackFileName, TrackProcessName, Weight};
use crate::model::event::vrrp::{Event, FaultCause};
use crate::model::track::{ScriptOutcome, TrackEffect, TrackScript};
use crate::model::vrrp::{Instance, SyncGroup, Vrrp};

/// What is known of one track script.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Successes and failures seen, `0..rise + fall`; up from `rise` on (VR-219). `None`: no run has ended yet.
    count: Option<u32>,
    rise: u32,
    fall: u32,
    last: Option<i32>,
    /// Added by a reload: the first result is not waited for (VR-282).
    needed: bool,
}

impl Standing {
    pub fn new(script: &TrackScript, needed: bool) -> Standing {
        let (rise, fall) = (script.rise.max(1), script.fall.max(1));
        Standing { count: script.init_fail.then_some(0), rise, fall, last: None, needed }
    }

    /// The same script after a reload: the result stays, the counters begin anew within it (VR-282).
    pub fn kept(&self, script: &TrackScript) -> Standing {
        let mut standing = Standing { last: self.last, needed: self.needed, ..Standing::new(script, false) };
        standing.count = self.is_up().map(|up| if up { standing.top() } else { 0 });
        standing
    }

    /// `None` until the first run has ended (VR-223).
    pub fn is_up(&self) -> Option<bool> {
        Some(self.count? >= self.rise)
    }

    fn top(&self) -> u32 {
        self.rise.saturating_add(self.fall) - 1
    }

    /// A run ended. Appends what the log says (VR-221); true when the script came up or went down.
    pub fn ended(&mut self, name: &ScriptName, outcome: ScriptOutcome, out: &mut Vec<Event>) -> bool {
        let success = outcome == ScriptOutcome::Exited(0);
        if let ScriptOutcome::Exited(status) = outcome {
            if self.last.is_some_and(|last| last != status) || (self.last.is_none() && status != 0) {
                out.push(Event::ScriptStatus { script: name.clone(), status });
            }
            self.last = Some(status);
        }
        let before = self.is_up();
        self.count = Some(match (self.count, success) {
            (None, true) => self.top(),
            (None, false) => 0,
            (Some(count), true) if count < self.rise - 1 => count + 1,
            (Some(_), true) => self.top(),
            (Some(count), false) if count > self.rise => count - 1,
            (Some(_), false) => 0,
        });
        let changed = self.is_up() != before;
        if changed {
            out.push(match self.is_up() {
                Some(true) => Event::ScriptSucceeded { script: name.clone() },
                Some(false) | None => Event::ScriptFailed { script: name.clone(), outcome },
            });
        }
        changed
    }
}

/// All track scripts, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scripts(BTreeMap<ScriptName, Standing>);

impl Scripts {
    pub fn new(model: &Vrrp) -> Scripts {
        let standing = |script: &Arc<TrackScript>| (script.name.clone(), Standing::new(script, true));
        Scripts(model.scripts.iter().map(standing).collect())
    }

    pub fn get(&self, name: &ScriptName) -> Option<&Standing> {
        self.0.get(name)
    }

    pub fn get_mut(&mut self, name: &ScriptName) -> Option<&mut Standing> {
        self.0.get_mut(name)
    }

    /// VR-282: a script of the same name, command and user keeps its result.
    pub fn reload(&mut self, old: &Vrrp, new: &Vrrp, out: &mut Vec<Event>) {
        let before = std::mem::take(&mut self.0);
        for script in &new.scripts {
            let same = old.scripts.iter().find(|one| one.name == script.name && one.script == script.script);
            let kept = same.and_then(|same| Some((same, before.get(&script.name)?)));
            let standing = match kept {
                // Nothing changed: nothing is said.
                Some((same, standing)) if same == script => standing.clone(),
                Some((_, standing)) => {
                    if let Some(up) = standing.is_up() {
                        out.push(Event::ScriptConsidered { script: script.name.clone(), up });
                    }
                    standing.kept(script)
                }
                None => Standing::new(script, false),
            };
            self.0.insert(script.name.clone(), standing);
        }
    }
}

/// What one virtual router watches: its own trackers and those of its group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Weight 0 for its own interface and those of its addresses.
    pub interfaces: Vec<(InterfaceName, TrackEffect)>,
    pub scripts: Vec<(ScriptName, TrackEffect)>,
    pub files: Vec<(TrackFileName, TrackEffect)>,
    pub processes: Vec<(TrackProcessName, TrackEffect)>,
    pub bfds: Vec<(BfdName, TrackEffect)>,
}

impl Watched {
    /// VR-183, VR-184, VR-211, VR-215, VR-245. `owners`: a member of the group is address owner.
    pub fn new(instance: &Instance, group: Option<&SyncGroup>, owners: bool) -> Watched {
        let mut watched = Watched::default();
        let unweighted = TrackEffect::default();
        if !instance.dont_track_primary {
            let own = instance.interface.iter().chain(&instance.device);
            watched.interfaces.extend(own.map(|name| (name.clone(), unweighted)));
        }
        for address in instance.virtual_addresses.iter().chain(&instance.excluded_addresses) {
            let own = address.interface == instance.interface
                || instance.device.is_some() && address.interface == instance.device;
            let Some(name) = address.interface.as_ref().filter(|_| !address.no_track && !own) else { continue };
            if !watched.interfaces.iter().any(|(other, _)| other == name) {
                watched.interfaces.push((name.clone(), unweighted));
            }
        }
        for name in instance.followed_interfaces() {
            let own = Some(name) == instance.interface.as_ref();
            if !own && !watched.interfaces.iter().any(|(other, _)| other == name) {
                watched.interfaces.push((name.clone(), unweighted));
            }
        }
        let neutral = group.is_some_and(|group| !group.tracking_weight);
        let weighted_out = |effect: &TrackEffect| instance.priority.is_owner() && effect.weight != Weight(0);
        let mut interfaces: Vec<(InterfaceName, TrackEffect)> = Vec::new();
        for tracked in &instance.track_interfaces {
            let effect = if neutral { unweighted } else { tracked.effect };
            if !weighted_out(&effect) && Some(&tracked.interface) != instance.interface.as_ref() {
                interfaces.push((tracked.interface.clone(), effect));
            }
        }
        let kept = |effect: &TrackEffect| effect.weight == Weight(0) || !(neutral || instance.priority.is_owner());
        let scripts = instance.track_scripts.iter().filter(|tracked| kept(&tracked.effect));
        watched.scripts.extend(scripts.map(|tracked| (tracked.script.clone(), tracked.effect)));
        let plain_or_free = |effect: &TrackEffect| effect.weight == Weight(0) || !instance.priority.is_owner();
        let files = instance.track_files.iter().filter(|tracked| kept(&tracked.effect));
        watched.files.extend(files.map(|tracked| (tracked.file.clone(), tracked.effect)));
        let processes = instance.track_processes.iter().filter(|tracked| plain_or_free(&tracked.effect));
        watched.processes.extend(processes.map(|tracked| (tracked.process.clone(), tracked.effect)));
        let bfds = instance.track_bfds.iter().filter(|tracked| kept(&tracked.effect));
        watched.bfds.extend(bfds.map(|tracked| (tracked.session.clone(), tracked.effect)));
        if let Some(group) = group {
            let effect =
                |effect: TrackEffect| if owners { TrackEffect { weight: Weight(0), ..effect } } else { effect };
            for tracked in &group.track_interfaces {
                join(&mut interfaces, &tracked.interface, effect(tracked.effect));
            }
            for tracked in &group.track_scripts {
                join(&mut watched.scripts, &tracked.script, effect(tracked.effect));
            }
            for tracked in &group.track_files {
                join(&mut watched.files, &tracked.file, effect(tracked.effect));
            }
            for tracked in &group.track_processes {
                join(&mut watched.processes, &tracked.process, effect(tracked.effect));
            }
            for tracked in &group.track_bfds {
                join(&mut watched.bfds, &tracked.session, effect(tracked.effect));
            }
        }
        watched.interfaces.extend(interfaces);
        watched
    }
}

/// The group's weight wins unless the instance's entry is unweighted (VR-215).
fn join<Name: Clone + PartialEq>(all: &mut Vec<(Name, TrackEffect)>, name: &Name, effect: TrackEffect) {
    match all.iter_mut().find(|(other, _)| other == name) {
        Some((_, own)) if own.weight != Weight(0) => *own = effect,
        Some(_) => {}
        None => all.push((name.clone(), effect)),
    }
}

/// What follows from all that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Effective: 255 for the owner, else 1..=254 (VR-211).
    pub priority: Priority,
    pub fault: Option<FaultCause>,
    /// An unweighted script has not yet told whether there is a fault (VR-132).
    pub pending: bool,
}

/// What is known of all that is watched.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub host: &'a Host,
    pub scripts: &'a Scripts,
    pub files: &'a Files,
    pub processes: &'a Processes,
    /// BFD sessions that are up.
    pub bfd_up: &'a BTreeSet<BfdName>,
}

/// Judges one virtual router. Its sockets and source address are judged elsewhere.
pub fn judge(base: Priority, watched: &Watched, known: Known<'_>) -> Condition {
    let Known { host, scripts, files, processes, bfd_up } = known;
    let mut condition = Condition { priority: base, fault: None, pending: false };
    let mut total = i32::from(base.0);
    for (name, effect) in &watched.interfaces {
        match weigh(*effect, host.is_up(name)) {
            Some(weight) => total += weight,
            None => condition.fault = condition.fault.or(Some(FaultCause::Interface(name.clone()))),
        }
    }
    for (name, effect) in &watched.scripts {
        // Only scripts that something tracks are in the model; a name without one cannot be judged.
        let Some(standing) = scripts.get(name) else { continue };
        match standing.is_up() {
            Some(up) => match weigh(*effect, up) {
                Some(weight) => total += weight,
                None => condition.fault = condition.fault.or(Some(FaultCause::Script(name.clone()))),
            },
            None => condition.pending |= effect.weight == Weight(0) && standing.needed,
        }
    }
    for (name, effect) in &watched.files {
        match files::weigh(*effect, files.get(name)) {
            Ok(weight) => total += weight,
            Err(status) => {
                condition.fault = condition.fault.or(Some(FaultCause::File { file: name.clone(), status }));
            }
        }
    }
    for (name, effect) in &watched.processes {
        match weigh(*effect, processes.is_up(name)) {
            Some(weight) => total += weight,
            None => condition.fault = condition.fault.or(Some(FaultCause::Process(name.clone()))),
        }
    }
    for (name, effect) in &watched.bfds {
        match weigh(*effect, bfd_up.contains(name)) {
            Some(weight) => total += weight,
            None => condition.fault = condition.fault.or(Some(FaultCause::Bfd(name.clone()))),
        }
    }
    if !base.is_owner() {
        // invariant: clamped to 1..=254.
        condition.priority = Priority(total.clamp(1, 254) as u8);
    }
    condition
}

/// VR-212. `None`: a fault.
fn weigh(effect: TrackEffect, up: bool) -> Option<i32> {
    let weight = i32::from(effect.weight.0);
    let sign = if effect.reverse { -1 } else { 1 };
    match weight.signum() {
        0 => (up != effect.reverse).then_some(0),
        1 => Some(if up { sign * weight } else { 0 }),
        _ => Some(if up { 0 } else { sign * weight }),
    }
}

#[cfg(test)]
mod tests;
