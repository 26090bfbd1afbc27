//! gratuitous ARP and neighbour advertisement schedule.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::Announcement;
use super::host::Host;
use crate::base::net::{Family, Hardware, InterfaceIndex};
use crate::base::time::{Interval, Time};
use crate::model::vrrp::{Announce, GarpGroup, InstanceId};

/// When the later bursts of one virtual router are due. All end when it leaves Master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The second burst (VR-170).
    pub second: Option<Time>,
    /// VR-171.
    pub refresh: Option<Time>,
    /// The second answer to a lower-priority advert (VR-174).
    pub lower_priority: Option<Time>,
    /// VR-179.
    pub extra: Option<Time>,
}

impl Schedule {
    /// What follows the first burst of a new Master.
    pub fn begin(&mut self, now: Time, settings: &Announce) {
        self.second = after(now, settings.master_delay);
        self.refresh = after(now + settings.master_delay, settings.master_refresh);
        self.extra = after(now + settings.master_delay, settings.extra_interval);
    }

    pub fn deadline(&self) -> Option<Time> {
        [self.second, self.refresh, self.lower_priority, self.extra].into_iter().flatten().min()
    }

    /// Rounds that are due, the largest of them; arms what repeats.
    pub fn due(&mut self, now: Time, settings: &Announce) -> Option<u32> {
        let mut rounds = None;
        if self.second.take_if(|at| *at <= now).is_some() {
            rounds = rounds.max(Some(settings.master_repeat));
        }
        if self.lower_priority.take_if(|at| *at <= now).is_some() {
            rounds = rounds.max(Some(settings.lower_prio_repeat));
        }
        if let Some(at) = self.refresh.take_if(|at| *at <= now) {
            rounds = rounds.max(Some(settings.master_refresh_repeat));
            self.refresh = after(at, settings.master_refresh).map(|next| next.max(now + Interval::from_micros(1)));
        }
        rounds
    }

    /// Whether other interfaces are to be announced on now; arms the next time.
    pub fn extra_due(&mut self, now: Time, settings: &Announce) -> bool {
        let Some(at) = self.extra.take_if(|at| *at <= now) else { return false };
        self.extra = after(at, settings.extra_interval).map(|next| next.max(now + Interval::from_micros(1)));
        true
    }

    pub fn rebase(&mut self, by: Interval) {
        for timer in [&mut self.second, &mut self.refresh, &mut self.lower_priority, &mut self.extra] {
            *timer = timer.map(|at| at - by);
        }
    }
}

/// `delay` after `from`; zero means never.
pub fn after(from: Time, delay: Interval) -> Option<Time> {
    (!delay.is_zero()).then(|| from + delay)
}

/// The announcement of `address` on the interface `index`, if that can be announced on (VR-167).
pub fn announcement(host: &Host, index: InterfaceIndex, address: IpAddr) -> Option<Announcement> {
    let link = host.link(index).filter(|link| !link.no_arp)?;
    let router = Family::of(address) == Family::V6 && link.forwarding6;
    let infiniband = || link.infiniband.map(Hardware::Infiniband);
    let hardware = link.mac.map(Hardware::Ethernet).or_else(infiniband)?;
    Some(Announcement { index, hardware, address, router })
}

/// What shares a gap: an interface, or those of a `garp_group` (VR-177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    Interface(InterfaceIndex),
    Group(usize),
}

/// The lane of an announcement and its gap: that of the cable that it goes over, whatever stands on it (VR-178): the
/// group's, if the interface is in one, else that of all.
pub fn lane(host: &Host, groups: &[GarpGroup], settings: &Announce, one: &Announcement) -> (Lane, Interval) {
    let by_family = |garp, gna| match Family::of(one.address) {
        Family::V4 => garp,
        Family::V6 => gna,
    };
    let name = host.link(one.index).map(|link| host.physical(&link.name));
    let index = name.and_then(|name| host.index(name)).unwrap_or(one.index);
    let group = groups.iter().position(|group| name.is_some_and(|name| group.interfaces.contains(name)));
    match group.and_then(|at| Some((at, groups.get(at)?))) {
        Some((at, group)) => (Lane::Group(at), by_family(group.garp_interval, group.gna_interval)),
        None => (Lane::Interface(index), by_family(settings.garp_interval, settings.gna_interval)),
    }
}

/// Announcements that wait for their turn in a lane (`vrrp_garp_interval`, `garp_group`, VR-177).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queues(BTreeMap<(Lane, Family), Queue>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Queue {
    /// Not before this moment.
    free: Option<Time>,
    gap: Interval,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    instance: InstanceId,
    announcement: Announcement,
    times: u32,
}

impl Queues {
    /// Announces all, `rounds` times round: at once where `lane` wants no gap, else one by one. Appends what is sent now.
    pub fn burst(
        &mut self,
        now: Time,
        instance: InstanceId,
        lane: &dyn Fn(&Announcement) -> (Lane, Interval),
        all: &[Announcement],
        rounds: u32,
        out: &mut Vec<Announcement>,
    ) {
        let gap = |one: &Announcement| lane(one).1;
        for _ in 0..rounds {
            out.extend(all.iter().filter(|one| gap(one).is_zero()).cloned());
        }
        for one in all.iter().filter(|one| !gap(one).is_zero()) {
            let (lane, gap) = lane(one);
            let queue = self.0.entry((lane, Family::of(one.address))).or_default();
            queue.gap = gap;
            let same = |waiting: &&mut Waiting| waiting.instance == instance && waiting.announcement == *one;
            match queue.waiting.iter_mut().find(same) {
                Some(waiting) => waiting.times = waiting.times.max(rounds),
                None if rounds > 0 => {
                    queue.waiting.push_back(Waiting { instance, announcement: one.clone(), times: rounds });
                }
                None => {}
            }
        }
        self.turn(now, out);
    }

    /// Appends what may be sent now, one for each lane and family.
    pub fn turn(&mut self, now: Time, out: &mut Vec<Announcement>) {
        for queue in self.0.values_mut() {
            if queue.free.is_some_and(|free| free > now) {
                continue;
            }
            queue.free = None;
            let Some(mut first) = queue.waiting.pop_front() else { continue };
            out.push(first.announcement.clone());
            queue.free = Some(now + queue.gap);
            first.times -= 1;
            if first.times > 0 {
                queue.waiting.push_back(first);
            }
        }
        self.0.retain(|_, queue| queue.free.is_some());
    }

    pub fn deadline(&self) -> Option<Time> {
        self.0.values().filter(|queue| !queue.waiting.is_empty()).filter_map(|queue| queue.free).min()
    }

    /// Nothing more of this instance (VR-180).
    pub fn cancel(&mut self, instance: InstanceId) {
        for queue in self.0.values_mut() {
            queue.waiting.retain(|waiting| waiting.instance != instance);
        }
    }

    /// After a reload: instances have other numbers or are gone.
    pub fn renumber(&mut self, new: impl Fn(InstanceId) -> Option<InstanceId>) {
        for queue in self.0.values_mut() {
            queue.waiting.retain_mut(|waiting| match new(waiting.instance) {
                Some(id) => {
                    waiting.instance = id;
                    true
                }
                None => false,
            });
        }
    }

    pub fn rebase(&mut self, by: Interval) {
        for queue in self.0.values_mut() {
            queue.free = queue.free.map(|at| at - by);
        }
    }
}

#[cfg(test)]
mod tests;
