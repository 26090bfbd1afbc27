//! Sync groups and what they do to their members.

use super::script::Tracked;
use super::watched::Watched;
use super::weights::Why;
use crate::base::name::SyncGroupName;
use crate::config::block::value;
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Span};
use crate::model::notify::StateScripts;
use crate::model::vrrp::{Instance, InstanceId, SyncGroup};

impl Resolver<'_> {
    pub(super) fn sync_groups(
        &mut self,
        instances: &mut [Instance],
        spans: &[Span],
        scripts: &[Tracked],
        watched: &Watched,
    ) -> Vec<SyncGroup> {
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
                    let words = format!(
                        "Virtual router {} cannot exist in more than one sync group; ignoring {name}",
                        member.value
                    );
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
            if !tracking_weight {
                self.neutralise_bfds(instances, &members, block.span);
            }
            let grouped: Vec<&Instance> = members.iter().filter_map(|member| instances.get(member.0)).collect();
            let track_bfds = self.group_tracked_bfds(name, &block.track_bfds, &grouped, block.span);
            let mut group = SyncGroup {
                name: SyncGroupName::new(name),
                members,
                track_interfaces: self.tracked_interfaces(name, &block.track_interfaces),
                track_scripts: self.tracked_scripts(name, &block.track_scripts, scripts),
                track_bfds,
                track_files: self.tracked_files(&block.track_files),
                track_processes: watched.tracked_processes(&block.track_processes),
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
            };
            for member in &group.members {
                let (Some(instance), Some(span)) = (instances.get_mut(member.0), spans.get(member.0)) else { continue };
                let own = config.instances.iter().find(|own| own.name == instance.name.as_str());
                if own.is_some_and(|own| own.notify_priority_changes.is_none()) {
                    instance.notify_priority_changes =
                        value(&block.notify_priority_changes).unwrap_or(instance.notify_priority_changes);
                }
                if !tracking_weight {
                    self.neutralise(instance, *span, Why::SyncGroup);
                }
            }
            self.clear_weights_of_owners(&mut group, instances, block.span);
            for member in &group.members {
                if let Some(instance) = instances.get(member.0) {
                    self.tracked_twice(&group, instance, block.span);
                }
            }
            groups.push(group);
        }
        groups
    }

    /// `smtp_alert` of an instance or a group: its own, else VRRP's, else everyone's, else no.
    pub(super) fn vrrp_smtp_alert(&self, own: Option<bool>) -> bool {
        let global = &self.config.global;
        own.or(value(&global.smtp_alert_vrrp)).or(value(&global.smtp_alert)).unwrap_or(false)
    }
}
