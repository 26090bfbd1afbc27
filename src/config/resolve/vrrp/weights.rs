//! Where weights cannot count: in members of a group that share one fate, and in owners of the address (VR-211, VR-245).

use std::fmt;

use crate::base::name::{InterfaceName, Weight};
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Span};
use crate::model::track::TrackEffect;
use crate::model::vrrp::{Instance, SyncGroup};

/// Why an instance may have no weights of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    SyncGroup,
    Owner,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::SyncGroup => "SYNC group",
            Why::Owner => "address_owner",
        })
    }
}

const fn is_weighted(effect: &TrackEffect) -> bool {
    effect.weight.0 != 0
}

/// Names of what is tracked here and there.
fn both<'a, One, Name: PartialEq + fmt::Display + 'a>(
    one: &'a [One],
    other: &'a [One],
    name: impl Fn(&'a One) -> &'a Name,
) -> Vec<String> {
    let there = |wanted: &&Name| other.iter().any(|one| name(one) == *wanted);
    one.iter().map(&name).filter(there).map(ToString::to_string).collect()
}

impl Resolver<'_> {
    /// Takes the weights of an instance's trackers away. QUIRK kept: processes keep theirs.
    pub(super) fn neutralise(&mut self, instance: &mut Instance, span: Span, why: Why) {
        let name = instance.name.clone();
        let mut say = |words: String| self.late(Code::Adjusted, span, format!("({name}) ignoring {words}"));
        for tracked in instance.track_interfaces.iter_mut().filter(|tracked| is_weighted(&tracked.effect)) {
            let interface = &tracked.interface;
            say(match why {
                Why::SyncGroup => format!("{interface} tracked interface weight due to {why}"),
                Why::Owner => format!("{interface} tracked interface due to address owner"),
            });
            if why == Why::SyncGroup {
                tracked.effect.weight = Weight(0);
            }
        }
        instance.track_interfaces.retain(|tracked| !is_weighted(&tracked.effect));
        instance.track_scripts.retain(|tracked| {
            if is_weighted(&tracked.effect) {
                say(format!("tracked script {} with weights due to {why}", tracked.script));
            }
            !is_weighted(&tracked.effect)
        });
        instance.track_files.retain_mut(|tracked| {
            let file = &tracked.file;
            match tracked.effect.weight {
                Weight(0) => true,
                // The default: it was not meant.
                Weight(1) => {
                    say(format!("weight from tracked file {file} due to {why}. specify weight 0"));
                    tracked.effect.weight = Weight(0);
                    true
                }
                Weight(weight) => {
                    say(format!("tracked file {file} with weight {weight} due to {why}"));
                    false
                }
            }
        });
    }

    /// Weights in a group of which a member is owner of the address.
    pub(super) fn clear_weights_of_owners(&mut self, group: &mut SyncGroup, instances: &[Instance], span: Span) {
        let owner = |member: &crate::model::vrrp::InstanceId| {
            instances.get(member.0).is_some_and(|instance| instance.priority.is_owner())
        };
        if !group.members.iter().any(owner) {
            return;
        }
        let name = group.name.clone();
        let mut clear = |effect: &mut TrackEffect, what: &str, tracked: &str, done: &str| {
            if is_weighted(effect) {
                effect.weight = Weight(0);
                let words = format!(
                    "({name}) Cannot have weighted track {what} '{tracked}' with member having priority 255 - {done}"
                );
                self.late(Code::Adjusted, span, words);
            }
        };
        for tracked in &mut group.track_scripts {
            clear(&mut tracked.effect, "script", tracked.script.as_str(), "clearing weight");
        }
        for tracked in &mut group.track_files {
            clear(&mut tracked.effect, "file", tracked.file.as_str(), "setting weight 0");
        }
        for tracked in &mut group.track_processes {
            clear(&mut tracked.effect, "process", tracked.process.as_str(), "setting weight 0");
        }
        for tracked in &mut group.track_interfaces {
            clear(&mut tracked.effect, "interface", tracked.interface.as_str(), "clearing weight");
        }
    }

    /// What an instance and its group both track (VR-215).
    pub(super) fn tracked_twice(&mut self, group: &SyncGroup, instance: &Instance, span: Span) {
        let name = &instance.name;
        let mut say = |keyword: &str, all: Vec<String>| {
            for tracked in all {
                let words = format!(
                    "({name}) {keyword} {tracked} is configured on VRRP instance and sync group. Remove vrrp instance config"
                );
                self.late(Code::Logged, span, words);
            }
        };
        say("track_script", both(&group.track_scripts, &instance.track_scripts, |one| &one.script));
        say("track_file", both(&group.track_files, &instance.track_files, |one| &one.file));
        say("track_process", both(&group.track_processes, &instance.track_processes, |one| &one.process));
        say("track_bfd", both(&group.track_bfds, &instance.track_bfds, |one| &one.session));
        let primary = instance.interface.as_ref().filter(|_| !instance.dont_track_primary);
        let watched: Vec<&InterfaceName> =
            instance.track_interfaces.iter().map(|one| &one.interface).chain(primary).collect();
        for interface in group.track_interfaces.iter().map(|one| &one.interface).filter(|one| watched.contains(one)) {
            let words = format!(
                "({name}) track_interface {interface} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config"
            );
            self.late(Code::Duplicate, span, words);
        }
    }
}
