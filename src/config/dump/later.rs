//! Settings that nothing acts on yet.

use super::notify;
use super::writer::{Writer, word};
use crate::model::later::{Choice, Later};

/// Within `global_defs`.
pub fn settings(out: &mut Writer, later: &Later) {
    let Later {
        process_names,
        process_name,
        vrrp_process_name,
        checker_process_name,
        bfd_process_name,
        use_symlink_paths,
        set_supplementary_groups,
        startup_script_timeout,
        shutdown_script_timeout,
        min_auto_priority_delay,
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
        vrrp_netlink_cmd_rcv_bufs,
        vrrp_netlink_cmd_rcv_bufs_force,
        vrrp_netlink_monitor_rcv_bufs,
        vrrp_netlink_monitor_rcv_bufs_force,
        process_monitor_rcv_bufs,
        process_monitor_rcv_bufs_force,
        lvs_netlink_cmd_rcv_bufs,
        lvs_netlink_cmd_rcv_bufs_force,
        lvs_netlink_monitor_rcv_bufs,
        lvs_netlink_monitor_rcv_bufs_force,
        reload_check_config,
        reload_time_file,
        reload_repeat,
        reload_file,
        config_save_dir,
        tmp_config_directory,
        data_use_instance,
        json_version,
        state_dump_file,
        stats_dump_file,
        json_dump_file,
        max_auto_priority,
        startup_script,
        shutdown_script,
    } = later;
    out.flag("process_names", *process_names);
    out.given("process_name", process_name.as_deref().map(word));
    out.given("vrrp_process_name", vrrp_process_name.as_deref().map(word));
    out.given("checker_process_name", checker_process_name.as_deref().map(word));
    out.given("bfd_process_name", bfd_process_name.as_deref().map(word));
    out.flag("use_symlink_paths", *use_symlink_paths);
    out.flag("set_supplementary_groups", *set_supplementary_groups);
    out.value("startup_script_timeout", startup_script_timeout);
    out.value("shutdown_script_timeout", shutdown_script_timeout);
    out.value("min_auto_priority_delay", min_auto_priority_delay.as_micros());
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
    out.given("vrrp_netlink_cmd_rcv_bufs", *vrrp_netlink_cmd_rcv_bufs);
    out.flag("vrrp_netlink_cmd_rcv_bufs_force", *vrrp_netlink_cmd_rcv_bufs_force);
    out.given("vrrp_netlink_monitor_rcv_bufs", *vrrp_netlink_monitor_rcv_bufs);
    out.flag("vrrp_netlink_monitor_rcv_bufs_force", *vrrp_netlink_monitor_rcv_bufs_force);
    out.given("process_monitor_rcv_bufs", *process_monitor_rcv_bufs);
    out.flag("process_monitor_rcv_bufs_force", *process_monitor_rcv_bufs_force);
    out.given("lvs_netlink_cmd_rcv_bufs", *lvs_netlink_cmd_rcv_bufs);
    out.flag("lvs_netlink_cmd_rcv_bufs_force", *lvs_netlink_cmd_rcv_bufs_force);
    out.given("lvs_netlink_monitor_rcv_bufs", *lvs_netlink_monitor_rcv_bufs);
    out.flag("lvs_netlink_monitor_rcv_bufs_force", *lvs_netlink_monitor_rcv_bufs_force);
    choice(out, "reload_check_config", reload_check_config);
    out.given("reload_time_file", reload_time_file.as_deref().map(word));
    out.flag("reload_repeat", *reload_repeat);
    choice(out, "reload_file", reload_file);
    out.given("config_save_dir", config_save_dir.as_deref().map(word));
    out.given("tmp_config_directory", tmp_config_directory.as_deref().map(word));
    out.flag("data_use_instance", *data_use_instance);
    out.value("json_version", json_version);
    out.given("state_dump_file", state_dump_file.as_deref().map(word));
    out.given("stats_dump_file", stats_dump_file.as_deref().map(word));
    out.given("json_dump_file", json_dump_file.as_deref().map(word));
    out.given("max_auto_priority", *max_auto_priority);
    notify::script(out, "startup_script", startup_script);
    notify::script(out, "shutdown_script", shutdown_script);
}

fn choice(out: &mut Writer, keyword: &str, choice: &Choice) {
    match choice {
        Choice::No => {}
        Choice::Usual => out.line(keyword),
        Choice::Named(name) => out.value(keyword, word(name)),
    }
}
