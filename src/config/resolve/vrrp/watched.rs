//! `track_file` and `vrrp_track_process` blocks, and the lists that name them.

use std::sync::Arc;

use crate::base::name::{FilePath, TrackFileName, TrackProcessName};
use crate::base::time::Interval;
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
    pub files: Vec<(TrackFile, Weight)>,
    pub processes: Vec<(TrackProcess, Weight)>,
}

impl Resolver<'_> {
    /// The first `track_file` of this name.
    pub(in crate::config::resolve) fn track_file(&self, name: &str) -> Option<(TrackFile, Weight)> {
        let block = self.config.track_files.iter().find(|block| block.name == name && block.file.is_some())?;
        let init = value(&block.init_file).map(|init| InitFile { value: init.value, overwrite: init.overwrite });
        let path = FilePath::new(&block.file.as_ref()?.value);
        let weight = value(&block.weight).unwrap_or(Weight { weight: 1, reverse: false });
        Some((TrackFile { name: TrackFileName::new(&block.name), path, init }, weight))
    }

    /// Of two of one name the first.
    pub(super) fn watched(&self) -> Watched {
        let config = self.config;
        let mut watched = Watched { files: Vec::new(), processes: Vec::new() };
        for block in &config.track_files {
            if !watched.files.iter().any(|(other, _)| other.name.as_str() == block.name) {
                watched.files.extend(self.track_file(&block.name));
            }
        }
        for block in &config.track_processes {
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
    pub fn tracked_files(&self, list: &[track::Tracked]) -> Vec<TrackedFile> {
        let tracked = |one: &track::Tracked| {
            let (file, weight) = self.files.iter().find(|(file, _)| file.name.as_str() == one.name)?;
            Some(TrackedFile { file: file.name.clone(), effect: effect(one, *weight) })
        };
        list.iter().filter_map(tracked).collect()
    }

    pub fn tracked_processes(&self, list: &[track::Tracked]) -> Vec<TrackedProcess> {
        let tracked = |one: &track::Tracked| {
            let (process, weight) = self.processes.iter().find(|(process, _)| process.name.as_str() == one.name)?;
            Some(TrackedProcess { process: process.name.clone(), effect: effect(one, *weight) })
        };
        list.iter().filter_map(tracked).collect()
    }

    /// What nobody tracks is not watched.
    pub fn retain_tracked(&mut self, instances: &[Instance], groups: &[SyncGroup]) {
        self.files.retain(|(file, _)| {
            let named = |list: &[TrackedFile]| list.iter().any(|one| one.file == file.name);
            instances.iter().any(|instance| named(&instance.track_files))
                || groups.iter().any(|group| named(&group.track_files))
        });
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
