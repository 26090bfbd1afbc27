//! Links: how long before a change of theirs counts, and which are asked for their state.

use std::collections::BTreeSet;

use crate::base::name::InterfaceName;
use crate::base::time::Interval;
use crate::config::block::global_defs::value::RxBuffers;
use crate::config::block::value;
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::track::TrackedInterface;
use crate::model::vrrp::{Instance, LinkDelay, PolledLink, ReceiveBuffers, SyncGroup};

/// What `vrrp_rx_bufs_policy` multiplies with.
const TIMES: u32 = 3;

impl Resolver<'_> {
    /// VR-185. That a delay is too long for an instance is said here; the machine, which knows of intervals that were
    /// learned, sees to it.
    pub(super) fn link_delays(&mut self, instances: &[Instance], spans: &[Span]) -> Vec<LinkDelay> {
        let delays: Vec<LinkDelay> = (self.config.up_down_delays.iter())
            .map(|block| LinkDelay {
                interface: InterfaceName::new(&block.interface.value),
                down: Interval::from_micros(block.down),
                up: Interval::from_micros(block.up),
            })
            .collect();
        for (instance, span) in instances.iter().zip(spans) {
            let longest = instance.longest_down_delay(instance.advert_interval);
            let Some(delay) = delays.iter().find(|delay| Some(&delay.interface) == instance.interface.as_ref()) else {
                continue;
            };
            let (name, interface) = (&instance.name, &delay.interface);
            let words = match longest {
                None => format!("{name}: cannot use debounce timers with down_timer_adverts = 1 - resetting"),
                Some(longest) if delay.down > longest => {
                    let times = instance.down_timer_adverts.saturating_sub(1);
                    format!(
                        "{name}: interface {interface} debounce timer(s) not less that {times} * advert_int - resetting"
                    )
                }
                Some(_) => continue,
            };
            self.late(Code::Logged, *span, words);
        }
        delays
    }

    /// VR-186: those that an instance has something to do with, and none of ours, of which rtnetlink tells reliably.
    pub(super) fn polled_links(&mut self, instances: &[Instance], groups: &[SyncGroup]) -> Vec<PolledLink> {
        let config = self.config;
        let tracked = |tracked: &[TrackedInterface]| -> Vec<InterfaceName> {
            tracked.iter().map(|one| one.interface.clone()).collect()
        };
        let mut used: BTreeSet<InterfaceName> =
            groups.iter().flat_map(|group| tracked(&group.track_interfaces)).collect();
        for instance in instances {
            let addresses = instance.virtual_addresses.iter().chain(&instance.excluded_addresses);
            used.extend(instance.interface.iter().cloned());
            used.extend(addresses.filter(|address| !address.no_track).filter_map(|address| address.interface.clone()));
            used.extend(instance.followed_interfaces().cloned());
            used.extend(tracked(&instance.track_interfaces));
        }
        let device = |name: &InterfaceName| self.devices.all.iter().any(|device| device.name == *name);
        let mut polled: Vec<PolledLink> = Vec::new();
        for block in &config.linkbeat_interfaces {
            polled.push(PolledLink { interface: InterfaceName::new(&block.interface.value), method: block.method });
        }
        let of_instances = config.instances.iter().filter(|block| block.linkbeat_use_polling.is_some());
        let own: Vec<InterfaceName> =
            of_instances.filter_map(|block| Some(InterfaceName::new(&block.interface.as_ref()?.value.0))).collect();
        let all = config.linkbeat_use_polling.is_some().then(|| used.iter().cloned());
        for interface in own.into_iter().chain(all.into_iter().flatten()) {
            if !polled.iter().any(|link| link.interface == interface) {
                polled.push(PolledLink { interface, method: None });
            }
        }
        let mut findings = Vec::new();
        polled.retain(|link| {
            let name = &link.interface;
            let why = match (used.contains(name), device(name)) {
                (false, _) => "not used for tracking",
                (true, true) => "netlink works for vmacs/ipvlans",
                (true, false) => return true,
            };
            // Of those that nobody named nothing is said.
            if config.linkbeat_interfaces.iter().any(|block| block.interface.value == name.as_str()) {
                let words = format!("Turning off linkbeat for {name} since {why}");
                findings.push(Diagnostic::new(Code::Logged, words));
            }
            false
        });
        self.found.extend(findings);
        polled
    }

    /// VR-60.
    pub(super) fn receive_buffers(&self) -> Option<ReceiveBuffers> {
        let global = &self.config.global;
        let times = value(&global.vrrp_rx_bufs_multiplier).map_or(TIMES, |times| times.0 as u32);
        value(&global.vrrp_rx_bufs_policy).map(|policy| match policy {
            RxBuffers::Mtu => ReceiveBuffers::Mtus(times),
            RxBuffers::Advert => ReceiveBuffers::Adverts(times),
            RxBuffers::Bytes(bytes) => ReceiveBuffers::Bytes(bytes),
        })
    }
}
