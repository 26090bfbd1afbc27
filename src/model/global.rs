//! `global_defs` and what stands at top level beside it.

use crate::base::time::Interval;
use crate::model::later::Later;
use crate::model::notify::{MailSettings, NotifyFifo, ScriptIdentity};
use crate::model::upkeep::Upkeep;

/// Settings of the whole router (`global_defs`).
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// `router_id`, by default the host name; appears in mail subjects.
    pub router_id: String,
    /// `instance`, part of pid file names (IF-152).
    pub instance: Option<String>,
    /// `net_namespace`.
    pub net_namespace: Option<String>,
    /// `no_email_faults`: a transition to Fault is not mailed.
    pub no_email_faults: bool,
    /// Where and how alerts are mailed; `None` when no recipient is configured.
    pub mail: Option<MailSettings>,
    /// `script_user` or its default, already looked up; `None`: nothing runs as it.
    pub script_user: Option<ScriptIdentity>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// `notify_fifo`: gets both VRRP and LVS lines.
    pub notify_fifo: Option<NotifyFifo>,
    /// `vrrp_notify_fifo`.
    pub vrrp_notify_fifo: Option<NotifyFifo>,
    /// `lvs_notify_fifo`.
    pub lvs_notify_fifo: Option<NotifyFifo>,
    /// `umask` when the file sets it (octal bits).
    pub umask: Option<u32>,
    /// `vrrp_priority`, `checker_priority` ...: scheduling of the three threads.
    pub vrrp_process: ProcessSettings,
    pub checker_process: ProcessSettings,
    /// `child_wait_time`: the most a stop may take before scripts are killed (default 5 s).
    pub child_wait_time: Interval,
    /// `dynamic_interfaces`: interfaces may be absent at start and come later.
    pub dynamic_interfaces: bool,
    /// `allow_if_changes` behind it: virtual interfaces may come again on another base (VR-192).
    pub allow_if_changes: bool,
    pub upkeep: Upkeep,
    /// What nothing acts on yet.
    pub later: Later,
}

impl Global {
    /// The settings of a configuration that has no `global_defs`, on a host of that name.
    pub fn named(router_id: &str) -> Global {
        Global {
            router_id: router_id.to_owned(),
            instance: None,
            net_namespace: None,
            no_email_faults: false,
            mail: None,
            script_user: None,
            script_security: false,
            notify_fifo: None,
            vrrp_notify_fifo: None,
            lvs_notify_fifo: None,
            umask: None,
            vrrp_process: ProcessSettings::default(),
            checker_process: ProcessSettings::default(),
            child_wait_time: Interval::from_secs(5),
            dynamic_interfaces: false,
            allow_if_changes: false,
            upkeep: Upkeep::default(),
            later: Later::default(),
        }
    }
}

/// How a task's thread is scheduled (`vrrp_rt_priority`, `vrrp_cpu_affinity`, `vrrp_no_swap` ...).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessSettings {
    /// nice value, -20..=19.
    pub nice: Option<i8>,
    /// SCHED_RR priority, 1..=99.
    pub rt_priority: Option<u8>,
    /// Processors this thread may run on; empty = all.
    pub cpu_affinity: Vec<u16>,
    /// mlockall.
    pub no_swap: bool,
}
