//! Settings that nothing acts on yet, with their defaults.

use super::Resolver;
use crate::base::time::Interval;
use crate::config::block::global_defs::Global;
use crate::config::block::{Given, text, value};
use crate::config::value::Flag;
use crate::model::later::Later;

impl Resolver<'_> {
    pub(super) fn later(&self, global: &Global) -> Later {
        Later {
            bfd_process_name: global.bfd_process_name.as_ref().map(|name| name.value.0.clone()),
            use_symlink_paths: value(&global.use_symlink_paths).unwrap_or(false),
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
            data_use_instance: value(&global.data_use_instance).unwrap_or(false),
            json_version: value(&global.json_version).map_or(1, |number| number.0 as u32),
            state_dump_file: global.state_dump_file.as_ref().map(|path| path.value.0.clone()),
            json_dump_file: global.json_dump_file.as_ref().map(|path| path.value.0.clone()),
        }
    }
}

fn flag(given: Given<Flag>) -> bool {
    given.is_some()
}
