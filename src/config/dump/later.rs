//! Settings that nothing acts on yet.

use super::writer::{Writer, word};
use crate::model::later::Later;

/// Within `global_defs`.
pub fn settings(out: &mut Writer, later: &Later) {
    let Later {
        bfd_process_name,
        use_symlink_paths,
        vrrp_rlimit_rttime,
        checker_rlimit_rttime,
        bfd_rlimit_rttime,
        snmp_socket,
        enable_traps,
        enable_snmp_vrrp,
        enable_snmp_rfc,
        enable_snmp_rfcv2,
        enable_snmp_rfcv3,
        enable_snmp_checker,
        snmp_vs_stats_update_interval,
        snmp_rs_stats_update_interval,
        enable_dbus,
        dbus_service_name,
        dbus_no_interface_name,
        data_use_instance,
        json_version,
        state_dump_file,
        json_dump_file,
    } = later;
    out.given("bfd_process_name", bfd_process_name.as_deref().map(word));
    out.flag("use_symlink_paths", *use_symlink_paths);
    out.given("vrrp_rlimit_rttime", *vrrp_rlimit_rttime);
    out.given("checker_rlimit_rttime", *checker_rlimit_rttime);
    out.given("bfd_rlimit_rttime", *bfd_rlimit_rttime);
    out.given("snmp_socket", snmp_socket.as_deref().map(word));
    out.flag("enable_traps", *enable_traps);
    out.flag("enable_snmp_vrrp", *enable_snmp_vrrp);
    out.flag("enable_snmp_rfc", *enable_snmp_rfc);
    out.flag("enable_snmp_rfcv2", *enable_snmp_rfcv2);
    out.flag("enable_snmp_rfcv3", *enable_snmp_rfcv3);
    out.flag("enable_snmp_checker", *enable_snmp_checker);
    out.value("snmp_vs_stats_update_interval", snmp_vs_stats_update_interval);
    out.value("snmp_rs_stats_update_interval", snmp_rs_stats_update_interval);
    out.flag("enable_dbus", *enable_dbus);
    out.value("dbus_service_name", word(dbus_service_name));
    out.given("dbus_no_interface_name", dbus_no_interface_name.as_deref().map(word));
    out.flag("data_use_instance", *data_use_instance);
    out.value("json_version", json_version);
    out.given("state_dump_file", state_dump_file.as_deref().map(word));
    out.given("json_dump_file", json_dump_file.as_deref().map(word));
}
