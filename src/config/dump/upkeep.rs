//! How the daemon itself is kept.

use super::notify;
use super::writer::{Writer, word};
use crate::model::upkeep::{EdgeScript, Names, ReloadTime, Room, Upkeep, Urgency};

/// Within `global_defs`.
pub fn settings(out: &mut Writer, upkeep: &Upkeep) {
    let Upkeep {
        startup_script,
        shutdown_script,
        // Of the top level.
        pid_folder: _,
        names,
        reload_check,
        reload_file,
        reload_time,
        save_folder,
        statistics_file,
        command_room,
        monitor_room,
        process_room,
        urgency,
    } = upkeep;
    edge(out, "startup_script", startup_script);
    edge(out, "shutdown_script", shutdown_script);
    let Names { daemon, vrrp, checkers } = names;
    out.given("process_name", daemon.as_deref().map(word));
    out.given("vrrp_process_name", vrrp.as_deref().map(word));
    out.given("checker_process_name", checkers.as_deref().map(word));
    out.given("reload_check_config", reload_check.as_deref().map(word));
    out.given("reload_file", reload_file.as_deref().map(word));
    if let Some(ReloadTime { file, repeat }) = reload_time {
        out.value("reload_time_file", word(file));
        out.flag("reload_repeat", *repeat);
    }
    out.given("config_save_dir", save_folder.as_deref().map(word));
    out.given("stats_dump_file", statistics_file.as_deref().map(word));
    room(out, "vrrp_netlink_cmd_rcv_bufs", command_room);
    room(out, "vrrp_netlink_monitor_rcv_bufs", monitor_room);
    room(out, "process_monitor_rcv_bufs", process_room);
    if let Some(Urgency { most, late }) = urgency {
        out.value("max_auto_priority", most);
        out.value("min_auto_priority_delay", late.as_micros());
    }
}

fn edge(out: &mut Writer, keyword: &str, edge: &Option<EdgeScript>) {
    let Some(EdgeScript { script, timeout }) = edge else { return };
    notify::script(out, keyword, Some(script));
    out.value(&format!("{keyword}_timeout"), timeout);
}

pub(super) fn room(out: &mut Writer, keyword: &str, room: &Option<Room>) {
    let Some(Room { bytes, force }) = room else { return };
    out.value(keyword, bytes);
    out.flag(&format!("{keyword}_force"), *force);
}
