//! What must hold after every input, whatever it was.

use std::collections::BTreeSet;

use keepalived_rs::base::net::Family;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::model::vrrp::{Instance, InstanceId, State, Transport, Vrrp};
use keepalived_rs::vrrp::router::Router;
use keepalived_rs::vrrp::{Effect, Input, Packet, Transmission};

use super::host::{Held, Host};
use super::{items, packet};

pub fn states(router: &Router, model: &Vrrp) -> Vec<State> {
    (0..model.instances.len()).map(|at| router.state(InstanceId(at))).collect()
}

/// Where `instance` puts its addresses on `host`; those whose interface is missing have no place.
pub fn placements(host: &Host, instance: &Instance) -> BTreeSet<Held> {
    let all = instance.virtual_addresses.iter().chain(&instance.excluded_addresses);
    all.filter_map(|address| {
        let name = address.interface.as_ref().or(instance.interface.as_ref())?;
        let interface = host.interface(name.as_str()).filter(|interface| interface.exists)?;
        Some((interface.index, address.cidr))
    })
    .collect()
}

/// Rule 1: an address is in the kernel exactly while its instance is Master; the machine's own list agrees.
pub fn held_by_masters(host: &Host) -> Result<(), String> {
    let Some(router) = host.router.as_ref().filter(|_| host.started) else { return Ok(()) };
    let mut wanted = BTreeSet::new();
    for (at, instance) in host.model.instances.iter().enumerate() {
        if router.state(InstanceId(at)) == State::Master {
            wanted.append(&mut placements(host, instance));
        }
    }
    let present: BTreeSet<Held> = host.kernel.clone();
    let differing: Vec<&Held> =
        wanted.symmetric_difference(&present).filter(|(_, cidr)| !host.excused.contains(&cidr.address)).collect();
    if !differing.is_empty() {
        return Err(format!(
            "{}: Masters want {wanted:?}, its kernel has {present:?}; states {:?}",
            host.name,
            states(router, &host.model)
        ));
    }
    let listed: BTreeSet<Held> =
        router.holds().map(|(_, placement)| (placement.index, placement.address.cidr)).collect();
    let differing: Vec<&Held> =
        listed.symmetric_difference(&present).filter(|(_, cidr)| !host.excused.contains(&cidr.address)).collect();
    if !differing.is_empty() {
        return Err(format!("{}: it believes to hold {listed:?}, its kernel has {present:?}", host.name));
    }
    Ok(())
}

/// Which instance of `model` a transmission speaks for.
pub fn speaker(host: &Host, model: &Vrrp, sent: &Transmission) -> Option<(InstanceId, u8)> {
    let seen = packet::read(sent.socket.family, &sent.bytes)?;
    let at = model.instances.iter().position(|instance| {
        let same_interface = match (sent.socket.interface, &instance.interface) {
            (Some(index), Some(name)) => host.name_of(index) == Some(name.as_str()),
            (None, _) => true,
            (Some(_), None) => false,
        };
        let same_kind = match &instance.transport {
            Transport::Multicast { group } => *group == sent.destination,
            Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == sent.destination),
        };
        instance.vrid.get() == seen.vrid && instance.family == sent.socket.family && same_interface && same_kind
    })?;
    Some((InstanceId(at), seen.priority))
}

/// Rule 3: only a Master advertises, and the last word of one that stops is priority 0, before its addresses go.
/// Rule 7: the reload of an unchanged model changes nothing.
pub fn order(
    host: &Host,
    input: &Input,
    effects: &[Effect],
    (old, before): (&Vrrp, &[State]),
    after: &[State],
) -> Result<(), String> {
    let stopping = matches!(input, Input::Stop);
    let mut released = BTreeSet::new();
    for effect in effects {
        match effect {
            Effect::Send(sent) => {
                let was = speaker(host, old, sent);
                let is = speaker(host, &host.model, sent);
                let Some((_, priority)) = was.or(is) else {
                    return Err(format!("{} sends for no instance of its own: {sent:?}", host.name));
                };
                let was_master = was.is_some_and(|(at, _)| before[at.0] == State::Master);
                let is_master = is.is_some_and(|(at, _)| after[at.0] == State::Master);
                if !was_master && !is_master {
                    return Err(format!("{} advertises {priority} and is not Master: {sent:?}", host.name));
                }
                if priority == 0 {
                    released.extend(was.map(|(at, _)| at));
                } else if stopping {
                    return Err(format!("{} advertises {priority} while it stops", host.name));
                }
                if sent.socket.family == Family::V4 && sent.bytes.len() < 20 {
                    return Err(format!("{} sends no IP header: {sent:?}", host.name));
                }
            }
            Effect::RemoveAddresses { instance, forced: false, .. } if stopping && !released.contains(instance) => {
                return Err(format!("{} takes addresses away before it says priority 0", host.name));
            }
            _ => {}
        }
    }
    if stopping {
        for (at, state) in before.iter().enumerate() {
            let reachable = old.instances[at]
                .interface
                .as_ref()
                .and_then(|name| host.interface(name.as_str()))
                .is_some_and(|interface| interface.exists && !interface.addresses.is_empty());
            if *state == State::Master && reachable && !released.contains(&InstanceId(at)) {
                return Err(format!("{} stops {} without priority 0", host.name, old.instances[at].name));
            }
        }
    }
    if let Input::Reload { model, .. } = input
        && **model == *old
    {
        unchanged(host, effects, before, after)?;
    }
    Ok(())
}

fn unchanged(host: &Host, effects: &[Effect], before: &[State], after: &[State]) -> Result<(), String> {
    let idle = |effect: &&Effect| match effect {
        Effect::Send(_) | Effect::Report(_) => false,
        // What is not there, refused or taken away by somebody, is set again.
        Effect::Set { items, .. } => items.iter().any(|item| host.items.contains(&items::plain(item))),
        _ => true,
    };
    if let Some(effect) = effects.iter().find(idle) {
        return Err(format!("{}: reload of an unchanged model does {effect:?}", host.name));
    }
    if before != after {
        return Err(format!("{}: reload of an unchanged model turned {before:?} into {after:?}", host.name));
    }
    Ok(())
}

/// Rule 4: the members of a sync group are Master together or not at all.
pub fn groups_agree(host: &Host) -> Result<(), String> {
    let Some(router) = &host.router else { return Ok(()) };
    for group in &host.model.sync_groups {
        let states: Vec<State> = group.members.iter().map(|member| router.state(*member)).collect();
        let masters = states.iter().filter(|state| **state == State::Master).count();
        if masters != 0 && masters != states.len() {
            return Err(format!("{}: sync group {} disagrees: {states:?}", host.name, group.name));
        }
    }
    Ok(())
}

/// What an instance last heard of a Master that it did not preempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Heard {
    pub at: Time,
    pub priority: u8,
    /// Its adverts'.
    pub interval: Interval,
}

/// Whom a packet is for, and what it says.
pub fn listener(host: &Host, model: &Vrrp, packet: &Packet, now: Time) -> Option<(InstanceId, Heard)> {
    let seen = packet::read(packet.socket.family, &packet.bytes)?;
    let at = model.instances.iter().position(|instance| {
        let here = match (packet.socket.interface, &instance.interface) {
            (Some(index), Some(name)) => host.name_of(index) == Some(name.as_str()),
            (None, _) => true,
            (Some(_), None) => false,
        };
        let known = match &instance.transport {
            Transport::Unicast { peers, check_source: true, .. } => {
                peers.iter().any(|peer| peer.address == packet.source)
            }
            Transport::Unicast { .. } | Transport::Multicast { .. } => true,
        };
        here && known && instance.vrid.get() == seen.vrid && instance.family == packet.socket.family
    })?;
    let interval = Interval::from_micros(u64::from(seen.interval) * 10_000);
    Some((InstanceId(at), Heard { at: now, priority: seen.priority, interval }))
}

/// Adverts that each instance has accepted.
pub fn accepted(router: &Router, model: &Vrrp) -> Vec<u64> {
    let count = |at: usize| router.statistics(InstanceId(at)).map_or(0, |counted| counted.adverts_received);
    (0..model.instances.len()).map(count).collect()
}

/// Whether an instance of that priority waits for one that says `heard` to fall silent.
pub fn goes_before(heard: Heard, instance: &Instance, priority: u8) -> bool {
    heard.priority >= priority && priority != 255 || !instance.preempt
}

/// Rule 10: nobody becomes Master that heard one less than its down interval ago that it does not preempt; so no sync
/// group, either, of which one member heard such a one.
pub fn waits_for_silence(host: &Host, now: Time, router: &Router, before: &[State]) -> Result<(), String> {
    for (at, instance) in host.model.instances.iter().enumerate() {
        let id = InstanceId(at);
        let became = before.get(at).is_some_and(|was| *was != State::Master) && router.state(id) == State::Master;
        let Some(heard) = host.heard.get(&id).filter(|_| became) else { continue };
        let priority = router.priority(id).map_or(0, |priority| priority.0);
        let silence = heard.interval.min(instance.advert_interval).times(u64::from(instance.down_timer_adverts));
        if goes_before(*heard, instance, priority) && now.since(heard.at) < silence {
            return Err(format!(
                "{} {} of priority {priority} becomes Master {} s after it heard one of priority {}",
                host.name,
                instance.name,
                now.since(heard.at),
                heard.priority
            ));
        }
    }
    Ok(())
}

/// Rule 6: after `Deadline` the next deadline is later.
pub fn no_spinning(host: &Host, now: Time, input: &Input, deadline: Option<Time>) -> Result<(), String> {
    match deadline {
        Some(deadline) if matches!(input, Input::Deadline) && deadline <= now => {
            Err(format!("{}: after Deadline at {now:?} the next one is {deadline:?}", host.name))
        }
        _ => Ok(()),
    }
}

/// Rule 8: stop leaves no address and no socket.
pub fn nothing_left(host: &Host) -> Result<(), String> {
    let left = &host.kernel;
    if !left.is_empty() {
        return Err(format!("{} stopped and left {left:?}", host.name));
    }
    if !host.items.is_empty() {
        return Err(format!("{} stopped and left {:?}", host.name, host.items));
    }
    if !host.sockets.is_empty() {
        return Err(format!("{} stopped and left {:?} open", host.name, host.sockets));
    }
    Ok(())
}
