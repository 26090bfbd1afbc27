//! How the daemon itself is kept (`model::upkeep`), with its defaults.

use super::Resolver;
use crate::base::time::Interval;
use crate::config::block::global_defs::Global;
use crate::config::block::{Given, text, value};
use crate::config::value::{Number, OptionalText};
use crate::model::notify::Script;
use crate::model::upkeep::{EdgeScript, Names, ReloadTime, Room, Upkeep, Urgency};

/// Seconds that a script at start or stop may take.
const EDGE_TIMEOUT: u64 = 10;
/// Microseconds that a wake-up may be late.
const LATE: u64 = 1_000_000;

impl Resolver<'_> {
    pub(super) fn upkeep(&mut self, global: &Global) -> Upkeep {
        let startup = self.start_or_stop(&global.startup_script, "startup");
        let shutdown = self.start_or_stop(&global.shutdown_script, "shutdown");
        Upkeep {
            startup_script: edge(startup, value(&global.startup_script_timeout)),
            shutdown_script: edge(shutdown, value(&global.shutdown_script_timeout)),
            pid_folder: self.config.use_pid_dir.is_some(),
            names: Names {
                daemon: global.process_name.as_ref().map(|name| name.value.0.clone()),
                vrrp: global.vrrp_process_name.as_ref().map(|name| name.value.0.clone()),
                checkers: global.checker_process_name.as_ref().map(|name| name.value.0.clone()),
            },
            reload_check: choice(&global.reload_check_config, || "/dev/null".to_owned()),
            reload_file: choice(&global.reload_file, || self.usual_reload_file()),
            reload_time: text(&global.reload_time_file)
                .map(|file| ReloadTime { file, repeat: global.reload_repeat.is_some() }),
            save_folder: text(&global.config_save_dir),
            statistics_file: global.stats_dump_file.as_ref().map(|path| path.value.0.clone()),
            command_room: room(
                value(&global.vrrp_netlink_cmd_rcv_bufs),
                value(&global.vrrp_netlink_cmd_rcv_bufs_force),
            ),
            monitor_room: room(
                value(&global.vrrp_netlink_monitor_rcv_bufs),
                value(&global.vrrp_netlink_monitor_rcv_bufs_force),
            ),
            process_room: room(value(&global.process_monitor_rcv_bufs), value(&global.process_monitor_rcv_bufs_force)),
            urgency: value(&global.max_auto_priority)
                .and_then(|most| u8::try_from(most.0).ok())
                .filter(|most| *most > 0)
                .map(|most| {
                    let late = value(&global.min_auto_priority_delay).map_or(LATE, |micros| micros.0 as u64);
                    Urgency { most, late: Interval::from_micros(late) }
                }),
        }
    }

    /// IF-92: beside the pid files.
    fn usual_reload_file(&self) -> String {
        let instance = text(&self.config.instance);
        match (&instance, self.config.use_pid_dir.is_some()) {
            (Some(name), _) => format!("/run/keepalived/keepalived_{name}.reload"),
            (None, true) => "/run/keepalived/keepalived.reload".to_owned(),
            (None, false) => "/run/keepalived.reload".to_owned(),
        }
    }
}

fn edge(script: Option<Script>, timeout: Option<Number<1, 1000>>) -> Option<EdgeScript> {
    let timeout = Interval::from_secs(timeout.map_or(EDGE_TIMEOUT, |seconds| seconds.0 as u64));
    script.map(|script| EdgeScript { script, timeout })
}

pub(super) fn room(bytes: Option<Number<0, 4_294_967_295>>, force: Option<bool>) -> Option<Room> {
    let bytes = bytes.map(|number| number.0 as u32).filter(|bytes| *bytes > 0)?;
    Some(Room { bytes, force: force.unwrap_or(false) })
}

fn choice(given: &Given<OptionalText>, usual: impl FnOnce() -> String) -> Option<String> {
    given.as_ref().map(|given| given.value.0.clone().unwrap_or_else(usual))
}
