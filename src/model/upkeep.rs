//! How the daemon itself is kept: what runs at its start and its end, its names, what a reload asks for and leaves
//! behind, the room of its sockets.

use crate::base::time::Interval;
use crate::model::notify::Script;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upkeep {
    /// `startup_script`: run before anything starts.
    pub startup_script: Option<EdgeScript>,
    /// `shutdown_script`: run after everything stopped.
    pub shutdown_script: Option<EdgeScript>,
    /// `use_pid_dir`: pid files in a folder of their own.
    pub pid_folder: bool,
    pub names: Names,
    /// `reload_check_config`: a file with any mistake is no file to reload, and this one gets the findings.
    pub reload_check: Option<String>,
    /// `reload_file`: is there while a reload reads the configuration.
    pub reload_file: Option<String>,
    pub reload_time: Option<ReloadTime>,
    /// `config_save_dir`: a folder for what runs before and after each reload.
    pub save_folder: Option<String>,
    /// `stats_dump_file`.
    pub statistics_file: Option<String>,
    /// `vrrp_netlink_cmd_rcv_bufs`; `None`: enough for every answer.
    pub command_room: Option<Room>,
    /// `vrrp_netlink_monitor_rcv_bufs`.
    pub monitor_room: Option<Room>,
    /// `process_monitor_rcv_bufs`.
    pub process_room: Option<Room>,
    /// `max_auto_priority`.
    pub urgency: Option<Urgency>,
}

/// A program, and how long it may take.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeScript {
    pub script: Script,
    /// 1..=1000 s.
    pub timeout: Interval,
}

/// What `ps` shows (`process_name`, `vrrp_process_name`, `checker_process_name`), at most 15 bytes each; `None`: as we
/// call them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    pub daemon: Option<String>,
    pub vrrp: Option<String>,
    pub checkers: Option<String>,
}

/// A file that says when to reload (`reload_time_file`).
#[derive(Clone, Debug, PartialEq)]
pub struct ReloadTime {
    pub file: String,
    /// `reload_repeat`: a time without date is for each day.
    pub repeat: bool,
}

/// Bytes of a receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub bytes: u32,
    /// Beyond what the system allows (SO_RCVBUFFORCE).
    pub force: bool,
}

/// A task that wakes up late becomes more urgent, step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urgency {
    /// Highest real-time priority, 1..=99.
    pub most: u8,
    /// So late is late (`min_auto_priority_delay`).
    pub late: Interval,
}
