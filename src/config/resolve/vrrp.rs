//! Virtual routers, their sync groups and track scripts.

mod auth_hmac;
pub(super) mod device;
mod firewall;
mod group;
mod instance;
mod links;
mod room;
mod script;
mod statics;
mod strict;
pub(super) mod watched;
mod weights;

use std::sync::Arc;

use super::Resolver;
use weights::Why;

use crate::base::name::InterfaceName;
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::config::block::value;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::vrrp::{GarpGroup, Instance, InstanceId, SyncGroup, Transport, VirtualAddress, Vrrp};

impl Resolver<'_> {
    pub(super) fn vrrp(&mut self) -> Vrrp {
        let config = self.config;
        let mut scripts = self.track_scripts();
        let mut watched = self.watched();
        self.device_names();
        let mut instances = Vec::new();
        let mut spans = Vec::new();
        for block in &config.instances {
            if let Some(instance) = self.instance(block, &scripts, &watched) {
                instances.push(instance);
                spans.push(block.span);
            }
        }
        let groups = self.sync_groups(&mut instances, &spans, &scripts, &watched);
        for (instance, span) in instances.iter_mut().zip(&spans) {
            if instance.priority.is_owner() {
                self.neutralise(instance, *span, Why::Owner);
            }
        }
        self.distinct_virtual_routers(&mut instances, &spans);
        let statics = self.statics(&mut instances);
        self.distinct_devices(&mut instances, &groups, &spans);
        let firewall = self.firewall(&instances);
        if config.instances.is_empty() {
            // Without an instance nothing runs the scripts, so nothing is said of them either (CL-118).
            self.scripts.take_used();
        }
        scripts.retain(|script| {
            let tracks = |tracked: &[crate::model::track::TrackedScript]| {
                tracked.iter().any(|one| one.script == script.model.name)
            };
            instances.iter().any(|instance| tracks(&instance.track_scripts))
                || groups.iter().any(|group| tracks(&group.track_scripts))
        });
        watched.retain_tracked(&instances, &groups);
        let files = self.followed_files(&instances, &groups);
        let garp_groups = self.garp_groups();
        let link_delays = self.link_delays(&instances, &spans);
        let polled_links = self.polled_links(&instances, &groups);
        let global = &config.global;
        Vrrp {
            instances: shared(instances),
            sync_groups: shared(groups),
            scripts: scripts.into_iter().map(|script| Arc::new(script.model)).collect(),
            statics,
            files,
            processes: watched.processes.into_iter().map(|(process, _)| Arc::new(process)).collect(),
            devices: std::mem::take(&mut self.devices.all).into_iter().map(Arc::new).collect(),
            vmac_addr_prefix: self.address_prefix(),
            firewall,
            disable_local_igmp: global.disable_local_igmp.is_some(),
            garp_groups,
            startup_delay: Interval::from_micros(value(&global.vrrp_startup_delay).map_or(0, |delay| delay.0)),
            delay_after_boot: Interval::from_micros(value(&global.vrrp_delay_after_boot).map_or(0, |delay| delay.0)),
            log_unknown_vrids: global.log_unknown_vrids.is_some(),
            // Of the command line.
            tells_addresses: false,
            link_delays,
            polled_links,
            receive_buffers: self.receive_buffers(),
            tells_states_on_reload: global.fifo_write_vrrp_states_on_reload.is_some(),
        }
    }

    /// VR-113: of two instances outside of one sync group that would use one device, the later one never runs.
    fn distinct_devices(&mut self, instances: &mut [Instance], groups: &[SyncGroup], spans: &[Span]) {
        let together = |one: usize, other: usize| {
            let has = |group: &SyncGroup, at| group.members.contains(&InstanceId(at));
            groups.iter().any(|group| has(group, one) && has(group, other))
        };
        for later in 1..instances.len() {
            let clash = (0..later).filter(|earlier| !together(*earlier, later)).find_map(|earlier| {
                let (one, other) = (&instances[earlier], &instances[later]);
                let devices = |name: &&InterfaceName| self.devices.all.iter().any(|device| device.name == **name);
                let on = |address: &Arc<VirtualAddress>| {
                    let name = address.interface.as_ref().filter(devices)?;
                    let theirs = one.virtual_addresses.iter().chain(&one.excluded_addresses);
                    let shared = theirs.filter_map(|address| address.interface.as_ref()).chain(&one.device);
                    shared.into_iter().any(|shared| shared == name).then_some(address.cidr.address)
                };
                let address = other.virtual_addresses.iter().chain(&other.excluded_addresses).find_map(on)?;
                Some((one.name.clone(), address))
            });
            let Some((one, address)) = clash else { continue };
            let name = instances[later].name.clone();
            let words = format!("({name}) VIP/eVIP {address} uses same VMAC as VRRP instance {one}, disabling {name}");
            self.late(Code::InvalidValue, spans[later], words);
            instances[later].disabled = true;
        }
    }

    /// VR-177, VR-178: no interface is in two groups, and none is a virtual MAC's.
    fn garp_groups(&mut self) -> Vec<GarpGroup> {
        let config = self.config;
        let mut groups: Vec<GarpGroup> = Vec::new();
        for block in &config.garp_groups {
            let mut interfaces = Vec::new();
            for given in &block.interfaces {
                let name = InterfaceName::new(&given.value);
                let taken = interfaces.contains(&name) || groups.iter().any(|group| group.interfaces.contains(&name));
                let device = self.devices.all.iter().any(|device| device.name == name);
                if taken || device {
                    let words = if device {
                        format!("garp_group interface {} is a VMAC - ignoring", given.value)
                    } else {
                        format!("garp_group already specified for {} - ignoring", given.value)
                    };
                    self.report(Code::InvalidValue, given.span, words);
                } else {
                    interfaces.push(name);
                }
            }
            if !interfaces.is_empty() && !block.removed {
                let gap = |given: Option<u64>| Interval::from_micros(given.unwrap_or(0));
                let garp_interval = gap(value(&block.garp_interval).map(|gap| gap.0));
                let gna_interval = gap(value(&block.gna_interval).map(|gap| gap.0));
                groups.push(GarpGroup { garp_interval, gna_interval, interfaces });
            }
        }
        groups
    }

    /// VR-112: two virtual routers that others could not tell apart, as they speak over one cable. With
    /// `dynamic_interfaces allow_if_changes` the one on a virtual interface, which may come again on another, never runs.
    fn distinct_virtual_routers(&mut self, instances: &mut [Instance], spans: &[Span]) {
        let mut barred = Vec::new();
        let bases: Vec<Option<InterfaceName>> =
            instances.iter().map(|one| one.interface.as_ref().map(|name| self.devices.below(name))).collect();
        for (at, one) in instances.iter().enumerate() {
            for (place, (other, span)) in instances.iter().zip(spans).enumerate().skip(at + 1) {
                if one.vrid != other.vrid || one.family != other.family || bases[at] != bases[place] {
                    continue;
                }
                let clash = match (&one.transport, &other.transport) {
                    (Transport::Multicast { group }, Transport::Multicast { group: another }) => group == another,
                    (Transport::Unicast { peers, .. }, Transport::Unicast { peers: others, .. }) => {
                        one.interface == other.interface
                            && one.source == other.source
                            && peers.iter().any(|peer| others.iter().any(|other| other.address == peer.address))
                    }
                    (Transport::Multicast { .. }, Transport::Unicast { .. })
                    | (Transport::Unicast { .. }, Transport::Multicast { .. }) => false,
                };
                let may_change = |at: usize| instances[at].interface != bases[at];
                let (vrid, family) = (one.vrid, one.family);
                if clash && self.config.global.allow_if_changes.is_some() && (may_change(place) || may_change(at)) {
                    let number = if family == Family::V4 { 4 } else { 6 };
                    let (second, first) = (&other.name, &one.name);
                    let words =
                        format!("({second}) - warning, VRID {vrid} for IPv{number} is currently duplicated on {first}");
                    self.found.push(Diagnostic::late(Code::Logged, *span, words));
                    barred.push(if may_change(place) { place } else { at });
                } else if clash {
                    let interface = bases[at].as_ref().map_or("", |interface| interface.as_str());
                    let words = format!(
                        "{} and {} both use VRID {vrid} with {family} on interface {interface}",
                        one.name, other.name
                    );
                    self.fatal = true;
                    let finding = Diagnostic::late(Code::BlockRefused, *span, words).label("the second one");
                    let first = spans.get(at).copied().unwrap_or(*span);
                    let help = "give one of them another `virtual_router_id`";
                    self.found.push(finding.also(first, "the first one").help(help));
                }
            }
        }
        for at in barred {
            instances[at].disabled = true;
        }
    }
}

/// Each in a place of its own. What `collect` makes in the place of the list keeps all of the list's memory, for a hundredth
/// of it.
fn shared<T>(all: Vec<T>) -> Vec<Arc<T>> {
    let mut shared: Vec<Arc<T>> = all.into_iter().map(Arc::new).collect();
    shared.shrink_to_fit();
    shared
}
