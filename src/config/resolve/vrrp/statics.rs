//! Static addresses, routes and rules, the groups that follow them, and routes and rules of instances.

use std::sync::Arc;

use crate::base::name::{InterfaceName, TrackGroupName};
use crate::config::block::address::Address;
use crate::config::block::route::RouteEntry;
use crate::config::block::rule::RuleEntry;
use crate::config::block::text;
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::route::{Route, Rule, Static, Statics, TrackGroup};
use crate::model::vrrp::{Instance, InstanceId, VirtualAddress};

/// Where static addresses go that name no interface, unless `default_interface` says so.
const DEFAULT_INTERFACE: &str = "eth0";

impl Resolver<'_> {
    /// VR-236, VR-263. Instances of track groups get the interfaces of their group's items to watch.
    pub(super) fn statics(&mut self, instances: &mut [Instance]) -> Statics {
        let config = self.config;
        let groups = self.track_groups(instances);
        let mut statics = Statics { groups, ..Statics::default() };
        for entry in &config.static_addresses {
            let Some(address) = self.static_address(entry) else { continue };
            let group = Self::known(entry.track_group.as_ref(), &statics.groups);
            let watched = address.interface.as_ref();
            self.follow(&statics.groups, group.as_ref(), "address", address.no_track, watched, entry.span, instances);
            statics.addresses.push(Static { item: Arc::new(address), track_group: group });
        }
        for entry in &config.static_routes {
            let Some(route) = self.route(entry) else { continue };
            let group = Self::known(entry.track_group.as_ref(), &statics.groups);
            let watched = route.interface.as_ref();
            self.follow(&statics.groups, group.as_ref(), "route", route.no_track, watched, entry.span, instances);
            statics.routes.push(Static { item: route.clone(), track_group: group });
        }
        for entry in &config.static_rules {
            let Some(rule) = self.rule(entry) else { continue };
            let group = Self::known(entry.track_group.as_ref(), &statics.groups);
            let watched = rule.input.as_ref();
            self.follow(&statics.groups, group.as_ref(), "rule", rule.no_track, watched, entry.span, instances);
            statics.rules.push(Static { item: rule.clone(), track_group: group });
        }
        statics
    }

    fn known(name: Option<&TrackGroupName>, groups: &[TrackGroup]) -> Option<TrackGroupName> {
        name.filter(|name| groups.iter().any(|group| group.name == **name)).cloned()
    }

    fn track_groups(&mut self, instances: &[Instance]) -> Vec<TrackGroup> {
        let config = self.config;
        let mut groups = Vec::new();
        for block in &config.track_groups {
            let name = &block.name;
            let mut members = Vec::new();
            for member in &block.members {
                match instances.iter().position(|instance| instance.name.as_str() == member.value) {
                    Some(at) => members.push(InstanceId(at)),
                    None => {
                        let words = format!(
                            "vrrp instance {} specified in track group {name} doesn't exist - ignoring",
                            member.value
                        );
                        self.late(Code::Logged, member.span, words);
                    }
                }
            }
            if members.is_empty() {
                let words = format!("Static track group {name} has no VRRP instance(s)");
                self.late(Code::Logged, block.span, words);
                self.late(Code::Logged, block.span, format!("Static track group {name} init fails - removing"));
            } else {
                groups.push(TrackGroup { name: TrackGroupName::new(name), instances: members });
            }
        }
        groups
    }

    /// VR-184: the instances of the item's group watch its interface.
    #[allow(clippy::too_many_arguments, reason = "one call for each kind of item, all of them plain values")]
    fn follow(
        &mut self,
        groups: &[TrackGroup],
        name: Option<&TrackGroupName>,
        what: &str,
        no_track: bool,
        interface: Option<&InterfaceName>,
        span: Span,
        instances: &mut [Instance],
    ) {
        let Some(group) = groups.iter().find(|group| Some(&group.name) == name) else { return };
        if no_track {
            let words = format!("Static {what} has both track_group and no_track set - not tracking");
            self.late(Code::Logged, span, words);
            return;
        }
        let Some(interface) = interface else { return };
        for id in &group.instances {
            let watched = &mut instances[id.0].static_interfaces;
            if !watched.contains(interface) {
                watched.push(interface.clone());
            }
        }
    }

    fn static_address(&mut self, entry: &Address) -> Option<VirtualAddress> {
        let interface = match &entry.device {
            Some((device, _)) => {
                if !self.device_there(entry) {
                    return None;
                }
                InterfaceName::new(device)
            }
            None => {
                let named = text(&self.config.global.default_interface);
                let name = named.unwrap_or_else(|| DEFAULT_INTERFACE.to_owned());
                let words = || {
                    format!(
                        "Static address {} requires either an interface or default interface must exist",
                        entry.text
                    )
                };
                if self.host.interface(&name).is_none() && self.config.global.dynamic_interfaces.is_none() {
                    self.report(Code::Fatal, entry.span, words());
                    self.missing_interface = true;
                    return None;
                }
                InterfaceName::new(&name)
            }
        };
        Some(VirtualAddress {
            cidr: entry.cidr,
            interface: Some(interface),
            broadcast: entry.broadcast,
            label: entry.label.clone(),
            scope: entry.scope,
            peer: entry.peer,
            preferred_lifetime: entry.preferred_lifetime,
            flags: entry.flags,
            no_track: entry.no_track,
        })
    }

    pub(super) fn route(&mut self, entry: &RouteEntry) -> Option<Arc<Route>> {
        let there = self.devices(&entry.devices, "VROUTE nexthop");
        there.then(|| Arc::new(entry.route.clone()))
    }

    pub(super) fn rule(&mut self, entry: &RuleEntry) -> Option<Arc<Rule>> {
        let there = self.devices(&entry.devices, "rule");
        there.then(|| Arc::new(entry.rule.clone()))
    }

    fn devices(&mut self, devices: &[Spanned<String>], of: &str) -> bool {
        devices.iter().all(|device| {
            let words = || format!("WARNING - interface {} for {of} doesn't exist", device.value);
            self.interface_there(&device.value, device.span, words)
        })
    }
}
