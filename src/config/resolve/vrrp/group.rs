//! Sync groups and what they do to their members.

use super::script::Tracked;
use crate::base::name::{SyncGroupName, Weight};
use crate::config::block::value;
use crate::config::resolve::Resolver;
use crate::diagnostic::Code;
use crate::model::notify::StateScripts;
use crate::model::track::TrackedBfd;
use crate::model::vrrp::{Instance, InstanceId, SyncGroup};

impl Resolver<'_> {
    pub(super) fn sync_groups(&mut self, instances: &mut [Instance], scripts: &[Tracked]) -> Vec<SyncGroup> {
        let config = self.config;
        let mut groups: Vec<SyncGroup> = Vec::new();
        for block in &config.sync_groups {
            let name = &block.name;
            let mut members = Vec::new();
            for member in &block.members {
                let at = instances.iter().position(|instance| instance.name.as_str() == member.value);
                let Some(id) = at.map(InstanceId) else {
                    let words = format!(
                        "Virtual router {} specified in sync group {name} doesn't exist - ignoring",
                        member.value
                    );
                    self.late(Code::NotFound, member.span, words);
                    continue;
                };
                let taken = groups.iter().any(|group| group.members.contains(&id)) || members.contains(&id);
                if taken {
                    let words = format!("Virtual router {} cannot exist in more than one sync group", member.value);
                    self.late(Code::Duplicate, member.span, words);
                    continue;
                }
                members.push(id);
            }
            if members.is_empty() {
                let words =
                    format!("Sync group {name}, no matching virtual router found in group declaration - removing");
                self.late(Code::BlockRefused, block.span, words);
                continue;
            }
            if let [_] = members.as_slice() {
                let words =
                    format!("Sync group {name} has only 1 virtual router(s) - this probably isn't what you want");
                self.late(Code::Warning, block.span, words);
            }
            let tracking_weight = block.tracking_weight.is_some();
            let track_interfaces = self.tracked_interfaces(name, &block.track_interfaces);
            if !tracking_weight {
                neutralise_weights(instances, &members);
                self.neutralise_bfds(instances, &members, block.span);
            }
            for member in &members {
                let Some(instance) = instances.get(member.0) else { continue };
                let primary = instance.interface.as_ref().filter(|_| !instance.dont_track_primary);
                let both = track_interfaces.iter().filter(|own| {
                    primary == Some(&own.interface)
                        || instance.track_interfaces.iter().any(|other| other.interface == own.interface)
                });
                for both in both {
                    let words = format!(
                        "({}) track_interface {} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config",
                        instance.name, both.interface
                    );
                    self.late(Code::Duplicate, block.span, words);
                }
            }
            let grouped: Vec<&Instance> = members.iter().filter_map(|member| instances.get(member.0)).collect();
            let track_bfds = self.group_tracked_bfds(name, &block.track_bfds, &grouped, block.span);
            for instance in grouped {
                let twice = |own: &&TrackedBfd| instance.track_bfds.iter().any(|other| other.session == own.session);
                for both in track_bfds.iter().filter(twice) {
                    let words = format!(
                        "({}) track_bfd {} is configured on VRRP instance and sync group. Remove vrrp instance config",
                        instance.name, both.session
                    );
                    self.late(Code::Duplicate, block.span, words);
                }
            }
            groups.push(SyncGroup {
                name: SyncGroupName::new(name),
                members,
                track_interfaces,
                track_scripts: self.tracked_scripts(name, &block.track_scripts, scripts),
                track_bfds,
                tracking_weight,
                notify: StateScripts {
                    master: self.notify(&block.notify_master),
                    backup: self.notify(&block.notify_backup),
                    fault: self.notify(&block.notify_fault),
                    stop: self.notify(&block.notify_stop),
                    deleted: None,
                    master_rx_lower_pri: None,
                    any: self.notify(&block.notify),
                },
                smtp_alert: self.vrrp_smtp_alert(value(&block.smtp_alert)),
            });
        }
        groups
    }

    /// `smtp_alert` of an instance or a group: its own, else VRRP's, else everyone's, else no.
    pub(super) fn vrrp_smtp_alert(&self, own: Option<bool>) -> bool {
        let global = &self.config.global;
        own.or(value(&global.smtp_alert_vrrp)).or(value(&global.smtp_alert)).unwrap_or(false)
    }
}

/// VR-245: members of a group share one fate, so weights of their own would part them.
fn neutralise_weights(instances: &mut [Instance], members: &[InstanceId]) {
    for member in members {
        if let Some(instance) = instances.get_mut(member.0) {
            for tracked in &mut instance.track_interfaces {
                tracked.effect.weight = Weight(0);
            }
            instance.track_scripts.retain(|tracked| tracked.effect.weight == Weight(0));
        }
    }
}
