//! `track_file` and `vrrp_track_process` blocks, and the lists that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::name::{FilePath, TrackFileName, TrackProcessName};
use crate::base::time::Interval;
use crate::config::block::root::Config;
use crate::config::block::track::{self, Weight};
use crate::config::block::value;
use crate::config::block::watched::{ParamMatch, TrackProcess as Declared};
use crate::config::resolve::Resolver;
use crate::model::track::{
    ArgumentsMatch, InitFile, ProcessPattern, TrackEffect, TrackFile, TrackProcess, TrackedFile, TrackedProcess,
};
use crate::model::vrrp::{Instance, SyncGroup};

/// What is watched, with the effect that its block gives it.
pub struct Watched {
    pub processes: Vec<(TrackProcess, Weight)>,
}

/// `track_file` blocks by name, with the effect that each gives its file.
pub type Files<'a> = BTreeMap<&'a str, (Arc<TrackFile>, Weight)>;

/// Of two of one name the first.
pub fn files(config: &Config) -> Files<'_> {
    let mut files = Files::new();
    for block in &config.track_files {
        let Some(file) = &block.file else { continue };
        files.entry(&block.name).or_insert_with(|| {
            let name = TrackFileName::new(&block.name);
            let path = FilePath::new(&file.value);
            let init = value(&block.init_file).map(|init| InitFile { value: init.value, overwrite: init.overwrite });
            let weight = value(&block.weight).unwrap_or(Weight { weight: 1, reverse: false });
            (Arc::new(TrackFile { name, path, init }), weight)
        });
    }
    files
}

impl Resolver<'_> {
    pub(super) fn tracked_files(&self, list: &[track::Tracked]) -> Vec<TrackedFile> {
        let tracked = |one: &track::Tracked| {
            let (file, weight) = self.files.get(one.name.as_str())?;
            Some(TrackedFile { file: file.name.clone(), effect: effect(one, *weight) })
        };
        list.iter().filter_map(tracked).collect()
    }

    /// The files that somebody tracks, in the order of their blocks.
    pub(super) fn followed_files(&self, instances: &[Instance], groups: &[SyncGroup]) -> Vec<Arc<TrackFile>> {
        let lists = instances.iter().map(|instance| &instance.track_files);
        let lists = lists.chain(groups.iter().map(|group| &group.track_files));
        let mut tracked: BTreeSet<&str> = lists.flatten().map(|one| one.file.as_str()).collect();
        let blocks = self.config.track_files.iter().filter(|block| tracked.remove(block.name.as_str()));
        blocks.filter_map(|block| self.files.get(block.name.as_str())).map(|(file, _)| file.clone()).collect()
    }

    /// Of two of one name the first.
    pub(super) fn watched(&self) -> Watched {
        let mut watched = Watched { processes: Vec::new() };
        for block in &self.config.track_processes {
            let Some(pattern) = pattern(block) else { continue };
            if watched.processes.iter().any(|(other, _)| other.name.as_str() == block.name) {
                continue;
            }
            let quorum_max = value(&block.quorum_max).map_or(u32::MAX, |most| most.0 as u32);
            let least = if quorum_max == 0 { 0 } else { 1 };
            let delay = |given: Option<u64>| given.map_or(Interval::ZERO, Interval::from_micros);
            let process = TrackProcess {
                name: TrackProcessName::new(&block.name),
                pattern: Arc::new(pattern),
                quorum: value(&block.quorum).map_or(least, |quorum| quorum.0 as u32),
                quorum_max,
                terminate_delay: delay(value(&block.terminate_delay).map(|delay| delay.0)),
                fork_delay: delay(value(&block.fork_delay).map(|delay| delay.0)),
            };
            watched.processes.push((process, value(&block.weight).unwrap_or_default()));
        }
        watched
    }
}

/// VR-229: arguments are compared exactly unless `param_match` says otherwise.
fn pattern(block: &Declared) -> Option<ProcessPattern> {
    let (path, arguments) = block.process.as_ref()?.value.split_first()?;
    let given = value(&block.param_match).map(|given| match given {
        ParamMatch::Exact => ArgumentsMatch::Exact,
        ParamMatch::Initial => ArgumentsMatch::Initial,
        ParamMatch::Partial => ArgumentsMatch::Partial,
    });
    let arguments_match = given.or((!arguments.is_empty()).then_some(ArgumentsMatch::Exact));
    Some(ProcessPattern {
        path: path.clone(),
        arguments: arguments.to_vec(),
        full_command: block.full_command.is_some() || arguments_match.is_some(),
        arguments_match,
    })
}

impl Watched {
    pub fn tracked_processes(&self, list: &[track::Tracked]) -> Vec<TrackedProcess> {
        let tracked = |one: &track::Tracked| {
            let (process, weight) = self.processes.iter().find(|(process, _)| process.name.as_str() == one.name)?;
            Some(TrackedProcess { process: process.name.clone(), effect: effect(one, *weight) })
        };
        list.iter().filter_map(tracked).collect()
    }

    /// What nobody tracks is not watched.
    pub fn retain_tracked(&mut self, instances: &[Instance], groups: &[SyncGroup]) {
        self.processes.retain(|(process, _)| {
            let named = |list: &[TrackedProcess]| list.iter().any(|one| one.process == process.name);
            instances.iter().any(|instance| named(&instance.track_processes))
                || groups.iter().any(|group| named(&group.track_processes))
        });
    }
}

fn effect(one: &track::Tracked, weight: Weight) -> TrackEffect {
    TrackEffect {
        weight: crate::base::name::Weight(one.weight.unwrap_or(weight.weight)),
        reverse: one.reverse.unwrap_or(weight.reverse),
    }
}
