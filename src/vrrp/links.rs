//! which state of a link counts: what the kernel tells, or what was asked of the link itself (VR-186), and a change only
//! after it has lasted where `interface_up_down_delays` says so (VR-185).

use std::collections::BTreeMap;

use super::Effect;
use super::router::Router;
use crate::base::name::InterfaceName;
use crate::base::net::InterfaceIndex;
use crate::base::time::{Interval, Time};
use crate::model::event::vrrp::Event as Report;
use crate::model::host::Link;

/// What is known of links beside what counts of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Links {
    told: BTreeMap<InterfaceIndex, Told>,
    /// Answers of links that are asked.
    asked: BTreeMap<InterfaceName, bool>,
    /// Changes that will count if they are not taken back until then.
    waiting: BTreeMap<InterfaceIndex, (Time, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Told {
    /// By the kernel.
    up: bool,
    /// Before that no change is delayed.
    seen_up: bool,
}

/// How the changes of one link count.
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    /// It is asked for its state.
    polled: bool,
    down: Interval,
    up: Interval,
}

impl Links {
    /// The kernel told of a link.
    pub fn told(&mut self, index: InterfaceIndex, up: bool) {
        self.told.entry(index).or_insert(Told { up, seen_up: up }).up = up;
    }

    pub fn gone(&mut self, index: InterfaceIndex) {
        self.told.remove(&index);
        self.waiting.remove(&index);
    }

    /// Another link of that name has not answered yet.
    pub fn forget_answer(&mut self, name: &InterfaceName) {
        self.asked.remove(name);
    }

    /// A link answered; true when it says something new.
    pub fn answered(&mut self, name: &InterfaceName, up: bool) -> bool {
        self.asked.insert(name.clone(), up) != Some(up)
    }

    /// Before the start, and for links that appear: what counts at once.
    pub fn at_first(&self, polled: bool, link: &mut Link) {
        if polled && let Some(up) = self.asked.get(&link.name) {
            link.up = *up;
        }
    }

    /// Makes of a link as it is told one as it counts; `before` is whether it counted as up. `Some`: a change that will
    /// count after so long.
    fn judge(&mut self, now: Time, rule: Rule, before: Option<bool>, link: &mut Link) -> Option<Interval> {
        self.at_first(rule.polled, link);
        let told = self.told.get_mut(&link.index)?;
        let change = before.filter(|before| *before != link.up);
        let delay = if link.up { rule.up } else { rule.down };
        let lasts = self.waiting.remove(&link.index).filter(|(_, up)| *up == link.up && change.is_some());
        let Some(before) = change.filter(|_| told.seen_up && !rule.polled && !delay.is_zero()) else {
            told.seen_up |= link.up;
            return None;
        };
        link.up = before;
        self.waiting.insert(link.index, lasts.unwrap_or((now + delay, !before)));
        lasts.is_none().then_some(delay)
    }

    pub fn deadline(&self) -> Option<Time> {
        self.waiting.values().map(|(at, _)| *at).min()
    }

    /// Changes that have lasted.
    fn due(&mut self, now: Time) -> Vec<(InterfaceIndex, bool)> {
        let over: Vec<(InterfaceIndex, bool)> =
            self.waiting.iter().filter(|(_, (at, _))| *at <= now).map(|(index, (_, up))| (*index, *up)).collect();
        self.waiting.retain(|_, (at, _)| *at > now);
        over
    }

    pub fn rebase(&mut self, by: Interval) {
        for (at, _) in self.waiting.values_mut() {
            *at = *at - by;
        }
    }
}

impl Router {
    pub(super) fn is_polled(&self, name: &InterfaceName) -> bool {
        self.model.polled_links.iter().any(|link| link.interface == *name)
    }

    fn link_rule(&self, name: &InterfaceName) -> Rule {
        let polled = self.is_polled(name);
        let Some(delays) = self.model.link_delays.iter().find(|delay| delay.interface == *name) else {
            return Rule { polled, ..Rule::default() };
        };
        let (mut down, mut up) = (delays.down, delays.up);
        for id in self.index.by_interface(name) {
            let instance = &self.instances[id.0];
            if instance.model.interface.as_ref() != Some(name) {
                continue;
            }
            let interval = instance.model.advert_interval.min(instance.master_interval);
            match instance.model.longest_down_delay(interval) {
                None => (down, up) = (Interval::ZERO, Interval::ZERO),
                // Who comes up late harms nobody; only where both are one number both are less.
                Some(longest) if down > longest => {
                    up = if up == down { longest } else { up };
                    down = longest;
                }
                Some(_) => {}
            }
        }
        Rule { polled, down, up }
    }

    /// The kernel told of a link.
    pub(super) fn link(&mut self, now: Time, link: Link, out: &mut Vec<Effect>) {
        self.links.told(link.index, link.up);
        self.weigh_link(now, link, out);
    }

    /// Takes in a link as far as it counts now.
    fn weigh_link(&mut self, now: Time, mut link: Link, out: &mut Vec<Effect>) {
        let rule = self.link_rule(&link.name);
        let held = self.host.link(link.index).filter(|held| held.name == link.name);
        let (before, flags) = (held.map(|held| held.up), held.map_or(0, |held| held.flags));
        if let Some(delay) = self.links.judge(now, rule, before, &mut link) {
            let (interface, to) = (link.name.clone(), link.flags);
            out.push(Effect::Report(Report::LinkDelayed { interface, from: flags, to, delay }));
        }
        self.link_counts(now, link, out);
    }

    /// A link answered how it is (VR-186).
    pub(super) fn link_answered(&mut self, now: Time, name: &InterfaceName, up: bool, out: &mut Vec<Effect>) {
        if self.links.answered(name, up) && self.is_polled(name) {
            self.weigh_again(now, name, out);
        }
    }

    fn weigh_again(&mut self, now: Time, name: &InterfaceName, out: &mut Vec<Effect>) {
        let Some(mut link) = self.host.index(name).and_then(|index| self.host.link(index)).cloned() else { return };
        link.up = self.links.told.get(&link.index).map_or(link.up, |told| told.up);
        self.weigh_link(now, link, out);
    }

    /// Changes of links that have lasted count now.
    pub(super) fn links_due(&mut self, now: Time, out: &mut Vec<Effect>) {
        for (index, up) in self.links.due(now) {
            if let Some(link) = self.host.link(index).cloned() {
                self.link_counts(now, Link { up, ..link }, out);
            }
        }
    }

    /// After a reload: other delays, and others that are asked.
    pub(super) fn weigh_links(&mut self, now: Time, out: &mut Vec<Effect>) {
        let indices: Vec<InterfaceIndex> = self.links.told.keys().copied().collect();
        for index in indices {
            let Some(name) = self.host.link(index).map(|link| link.name.clone()) else { continue };
            self.weigh_again(now, &name, out);
        }
        let polled: Vec<&InterfaceName> = self.model.polled_links.iter().map(|link| &link.interface).collect();
        self.links.asked.retain(|name, _| polled.contains(&name));
    }
}

#[cfg(test)]
mod tests;
