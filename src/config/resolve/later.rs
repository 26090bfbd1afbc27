//! Settings that nothing acts on yet, with their defaults.

use super::Resolver;
use crate::base::time::Interval;
use crate::config::block::global_defs::Global;
use crate::config::block::{Given, text, value};
use crate::config::value::{Flag, OptionalText};
use crate::model::later::{Choice, Later};

impl Resolver<'_> {
    pub(super) fn later(&mut self, global: &Global) -> Later {
        Later {
            process_names: flag(global.process_names),
            process_name: global.process_name.as_ref().map(|name| name.value.0.clone()),
            vrrp_process_name: global.vrrp_process_name.as_ref().map(|name| name.value.0.clone()),
            checker_process_name: global.checker_process_name.as_ref().map(|name| name.value.0.clone()),
            bfd_process_name: global.bfd_process_name.as_ref().map(|name| name.value.0.clone()),
            use_symlink_paths: value(&global.use_symlink_paths).unwrap_or(false),
            set_supplementary_groups: value(&global.set_supplementary_groups).unwrap_or(false),
            startup_script_timeout: Interval::from_secs(
                value(&global.startup_script_timeout).map_or(10, |seconds| seconds.0 as u64),
            ),
            shutdown_script_timeout: Interval::from_secs(
                value(&global.shutdown_script_timeout).map_or(10, |seconds| seconds.0 as u64),
            ),
            min_auto_priority_delay: Interval::from_micros(
                value(&global.min_auto_priority_delay).map_or(1000000, |micros| micros.0 as u64),
            ),
            vrrp_rlimit_rttime: value(&global.vrrp_rlimit_rttime).map(|number| number.0 as u32),
            checker_rlimit_rttime: value(&global.checker_rlimit_rttime).map(|number| number.0 as u32),
            bfd_rlimit_rttime: value(&global.bfd_rlimit_rttime).map(|number| number.0 as u32),
            snmp_socket: text(&global.snmp_socket),
            enable_traps: flag(global.enable_traps),
            enable_snmp_vrrp: flag(global.enable_snmp_vrrp),
            enable_snmp_rfc: flag(global.enable_snmp_rfc),
            enable_snmp_rfcv2: flag(global.enable_snmp_rfcv2),
            enable_snmp_rfcv3: flag(global.enable_snmp_rfcv3),
            enable_snmp_checker: flag(global.enable_snmp_checker),
            snmp_vs_stats_update_interval: Interval::from_micros(
                value(&global.snmp_vs_stats_update_interval).map_or(5000000, |seconds| seconds.0),
            ),
            snmp_rs_stats_update_interval: Interval::from_micros(
                value(&global.snmp_rs_stats_update_interval).map_or(5000000, |seconds| seconds.0),
            ),
            enable_dbus: flag(global.enable_dbus),
            dbus_service_name: text(&global.dbus_service_name).unwrap_or_else(|| "org.keepalived.Vrrp1".to_owned()),
            dbus_no_interface_name: text(&global.dbus_no_interface_name),
            vrrp_netlink_cmd_rcv_bufs: value(&global.vrrp_netlink_cmd_rcv_bufs).map(|number| number.0 as u32),
            vrrp_netlink_cmd_rcv_bufs_force: value(&global.vrrp_netlink_cmd_rcv_bufs_force).unwrap_or(false),
            vrrp_netlink_monitor_rcv_bufs: value(&global.vrrp_netlink_monitor_rcv_bufs).map(|number| number.0 as u32),
            vrrp_netlink_monitor_rcv_bufs_force: value(&global.vrrp_netlink_monitor_rcv_bufs_force).unwrap_or(false),
            process_monitor_rcv_bufs: value(&global.process_monitor_rcv_bufs).map(|number| number.0 as u32),
            process_monitor_rcv_bufs_force: value(&global.process_monitor_rcv_bufs_force).unwrap_or(false),
            lvs_netlink_cmd_rcv_bufs: value(&global.lvs_netlink_cmd_rcv_bufs).map(|number| number.0 as u32),
            lvs_netlink_cmd_rcv_bufs_force: value(&global.lvs_netlink_cmd_rcv_bufs_force).unwrap_or(false),
            lvs_netlink_monitor_rcv_bufs: value(&global.lvs_netlink_monitor_rcv_bufs).map(|number| number.0 as u32),
            lvs_netlink_monitor_rcv_bufs_force: value(&global.lvs_netlink_monitor_rcv_bufs_force).unwrap_or(false),
            reload_check_config: choice(&global.reload_check_config),
            reload_time_file: text(&global.reload_time_file),
            reload_repeat: flag(global.reload_repeat),
            reload_file: choice(&global.reload_file),
            config_save_dir: text(&global.config_save_dir),
            tmp_config_directory: text(&global.tmp_config_directory),
            data_use_instance: value(&global.data_use_instance).unwrap_or(false),
            json_version: value(&global.json_version).map_or(1, |number| number.0 as u32),
            state_dump_file: text(&global.state_dump_file),
            stats_dump_file: text(&global.stats_dump_file),
            json_dump_file: text(&global.json_dump_file),
            max_auto_priority: value(&global.max_auto_priority).map(|priority| priority.0 as i8),
            startup_script: self.start_or_stop(&global.startup_script, "startup"),
            shutdown_script: self.start_or_stop(&global.shutdown_script, "shutdown"),
        }
    }
}

fn flag(given: Given<Flag>) -> bool {
    given.is_some()
}

fn choice(given: &Given<OptionalText>) -> Choice {
    match given.as_ref().map(|given| given.value.0.as_ref()) {
        None => Choice::No,
        Some(None) => Choice::Usual,
        Some(Some(name)) => Choice::Named(name.clone()),
    }
}
