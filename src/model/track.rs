//! Things that are watched and change a priority or cause a fault.

use crate::base::name::{BfdName, InterfaceName, ScriptName, Weight};
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
