//! Things that are watched and change a priority or cause a fault.

use std::sync::Arc;

use crate::base::name::{BfdName, FilePath, InterfaceName, ScriptName, TrackFileName, TrackProcessName, Weight};
use crate::base::time::Interval;
use crate::model::notify::Script;

/// A `vrrp_script` (VR-216).
#[derive(Clone, Debug, PartialEq)]
pub struct TrackScript {
    pub name: ScriptName,
    pub script: Script,
    /// From one start to the next; default 1 s.
    pub interval: Interval,
    /// Default: `interval`.
    pub timeout: Interval,
    /// Successes needed to come up, at least 1.
    pub rise: u32,
    /// Failures needed to go down, at least 1.
    pub fall: u32,
    /// `init_fail`: starts as failed.
    pub init_fail: bool,
}

/// One entry of `track_script`; the weight given there, else that of the `vrrp_script`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedScript {
    pub script: ScriptName,
    pub effect: TrackEffect,
}

/// One entry of `track_interface`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedInterface {
    pub interface: InterfaceName,
    pub effect: TrackEffect,
}

/// One entry of `track_bfd`; the weight given there, else that of the `bfd_instance`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedBfd {
    pub session: BfdName,
    pub effect: TrackEffect,
}

/// A `track_file` (VR-224).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrackFile {
    pub name: TrackFileName,
    pub path: FilePath,
    /// `init_file`: only at the start of the daemon, never on a reload (VR-226).
    pub init: Option<InitFile>,
}

/// `init_file [VALUE] [overwrite]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InitFile {
    pub value: i32,
    /// False: only when there is no file.
    pub overwrite: bool,
}

/// One entry of `track_file`; the weight given there, else that of the `track_file` block.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedFile {
    pub file: TrackFileName,
    pub effect: TrackEffect,
}

/// A `vrrp_track_process` (VR-229 … VR-231).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackProcess {
    pub name: TrackProcessName,
    pub pattern: Arc<ProcessPattern>,
    /// Least number of processes, default 1; 0 where none may run.
    pub quorum: u32,
    /// Greatest number of processes; `u32::MAX`: no limit.
    pub quorum_max: u32,
    /// From too few or too many processes to being down.
    pub terminate_delay: Interval,
    /// From enough processes, the last of them forked, to being up.
    pub fork_delay: Interval,
}

/// Which processes count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessPattern {
    /// `process`: compared with the name that the kernel shows (15 bytes) or with the first word of the command line.
    pub path: String,
    pub arguments: Vec<String>,
    /// `full_command`, or arguments are compared: the command line counts.
    pub full_command: bool,
    /// `None`: arguments are not looked at.
    pub arguments_match: Option<ArgumentsMatch>,
}

/// `param_match`: how arguments are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArgumentsMatch {
    /// All of them are equal.
    Exact,
    /// The first ones are equal, and the last one given may be the beginning of what stands there.
    Initial,
    /// The first ones are equal.
    Partial,
}

/// One entry of `track_process`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedProcess {
    pub process: TrackProcessName,
    pub effect: TrackEffect,
}

/// What changed the number of processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountCause {
    /// One that counts has forked: `fork_delay` applies.
    Fork,
    /// One has ended: `terminate_delay` applies.
    Exit,
    /// Another command is run or another name is shown, or all were counted anew.
    Other,
}

/// What a tracked object does to its instance (VR-212): weight 0 faults it when the object is down, a positive
/// weight adds while up, a negative one subtracts while down; `reverse` turns up and down round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackEffect {
    pub weight: Weight,
    pub reverse: bool,
}

/// How a run of a track script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptOutcome {
    Exited(i32),
    Signalled(i32),
    TimedOut,
}
