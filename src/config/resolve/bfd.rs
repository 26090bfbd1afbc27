//! BFD sessions with their defaults (VR-295, VR-296), and the weights of those that are tracked.

use std::sync::Arc;

use super::Resolver;
use crate::base::name::{BfdName, Priority, Weight};
use crate::base::time::Interval;
use crate::config::block::bfd::{BfdInstance, ttl};
use crate::config::block::track::Tracked;
use crate::config::block::value;
use crate::diagnostic::{Code, Span};
use crate::model::bfd::{Bfd, Session};
use crate::model::track::{TrackEffect, TrackedBfd};
use crate::model::vrrp::{Instance, InstanceId};

/// `max_hops` that lets every packet pass (VR-300).
const ANY_HOPS: i64 = 255;

impl Resolver<'_> {
    pub(super) fn bfd(&self) -> Bfd {
        Bfd { sessions: self.config.bfd_instances.iter().filter_map(session).map(Arc::new).collect() }
    }

    /// Sessions of a `track_bfd` list. One that cannot run is tracked all the same: it is down for ever.
    pub(super) fn tracked_bfds(&self, list: &[Tracked]) -> Vec<TrackedBfd> {
        let tracked = |one: &Tracked| {
            let declared = self.config.bfd_instances.iter().find(|session| session.name == one.name)?;
            let weight = Weight(one.weight.unwrap_or(declared.weight));
            let reverse = one.reverse.unwrap_or(declared.reverse);
            Some(TrackedBfd { session: BfdName::new(&one.name), effect: TrackEffect { weight, reverse } })
        };
        list.iter().filter_map(tracked).collect()
    }

    /// VR-211: an owner's priority does not change, so weighted sessions do nothing to it.
    pub(super) fn own_tracked_bfds(
        &mut self,
        name: &str,
        list: &[Tracked],
        span: Span,
        priority: Priority,
    ) -> Vec<TrackedBfd> {
        let mut tracked = self.tracked_bfds(list);
        if priority.is_owner() {
            self.drop_weighted(name, &mut tracked, span, "address_owner");
        }
        tracked
    }

    /// VR-245: members of a group share one fate, so sessions with weights of their own are not tracked.
    pub(super) fn neutralise_bfds(&mut self, instances: &mut [Instance], members: &[InstanceId], span: Span) {
        for member in members {
            if let Some(instance) = instances.get_mut(member.0) {
                let name = instance.name.clone();
                self.drop_weighted(name.as_str(), &mut instance.track_bfds, span, "SYNC group");
            }
        }
    }

    fn drop_weighted(&mut self, name: &str, tracked: &mut Vec<TrackedBfd>, span: Span, why: &str) {
        tracked.retain(|one| {
            let weight = one.effect.weight.0;
            if weight != 0 {
                let session = &one.session;
                let words = format!("({name}) ignoring tracked bfd {session} with weight {weight} due to {why}");
                self.late(Code::Logged, span, words);
            }
            weight == 0
        });
    }

    /// Sessions that a sync group tracks: without weight when a member is address owner.
    pub(super) fn group_tracked_bfds(
        &mut self,
        name: &str,
        list: &[Tracked],
        members: &[&Instance],
        span: Span,
    ) -> Vec<TrackedBfd> {
        let mut tracked = self.tracked_bfds(list);
        let owner = members.iter().any(|member| member.priority.is_owner());
        for one in tracked.iter_mut().filter(|one| owner && one.effect.weight != Weight(0)) {
            let session = &one.session;
            let words = format!(
                "({name}) Cannot have weighted track bfd '{session}' with member having priority 255 - setting weight 0"
            );
            one.effect.weight = Weight(0);
            self.late(Code::Logged, span, words);
        }
        tracked
    }
}

fn session(block: &BfdInstance) -> Option<Session> {
    let neighbor = value(&block.neighbor_ip).filter(|_| !block.disabled)?;
    let micros = |given: Option<u64>, usual: u64| Interval::from_micros(given.unwrap_or(usual));
    let hops = value(&block.max_hops).map_or(0, |hops| hops.0);
    Some(Session {
        name: BfdName::new(&block.name),
        neighbor,
        source: value(&block.source_ip),
        min_rx: micros(value(&block.min_rx).map(|interval| interval.0), 10_000),
        min_tx: micros(value(&block.min_tx).map(|interval| interval.0), 10_000),
        idle_tx: micros(value(&block.idle_tx).map(|interval| interval.0), 1_000_000),
        // invariant: read as 1..=255.
        multiplier: value(&block.multiplier).map_or(5, |multiplier| multiplier.0 as u8),
        passive: block.passive.is_some(),
        ttl: ttl(block, neighbor),
        // invariant: read as -1..=255.
        max_hops: (0..ANY_HOPS).contains(&hops).then_some(hops as u8),
        multihop: value(&block.multihop).unwrap_or(false),
        for_vrrp: block.for_vrrp(),
        for_checkers: block.for_checkers(),
    })
}
