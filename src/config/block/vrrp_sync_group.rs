//! `vrrp_sync_group`: instances that change state together.

use super::track::{self, Kind, Tracked};
use super::{Given, bfd};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::Flag;
use crate::diagnostic::{Code, Span, Spanned};

/// `vrrp_sync_group NAME { … }`.
#[derive(Debug, Default)]
pub struct SyncGroup {
    pub name: String,
    pub span: Span,
    pub members: Vec<Spanned<String>>,
    pub track_interfaces: Vec<Tracked>,
    pub track_scripts: Vec<Tracked>,
    pub track_bfds: Vec<Tracked>,
    pub track_files: Vec<Tracked>,
    pub track_processes: Vec<Tracked>,
    pub notify_backup: Given<Script>,
    pub notify_master: Given<Script>,
    pub notify_fault: Given<Script>,
    pub notify_stop: Given<Script>,
    pub notify: Given<Script>,
    pub smtp_alert: Given<bool>,
    pub tracking_weight: Given<Flag>,
    pub notify_priority_changes: Given<bool>,
}

keywords! {
    pub static VRRP_SYNC_GROUP: SyncGroup {
        call "group" (group, Lines, "{ <instance name>… }", "") "Members, in the order in which they change.";
        lines "track_interface" (track_interface, "{ <interface> [weight <int> [reverse]]… }") "Interfaces that matter to all members.";
        lines "track_script" (track_script, "{ <script> [weight <int> [reverse|noreverse]]… }") "Scripts that matter to all members.";
        lines "track_file" (track_file, "{ <name> [weight <int> [reverse|noreverse]]… }") "Files that matter to all members.";
        lines "track_process" (track_process, "{ <name> [weight <int> [reverse|noreverse]]… }") "Processes that matter to all members.";
        lines "track_bfd" (track_bfd, "{ <name> [weight <int> [reverse|noreverse]]… }") "BFD sessions that matter to all members.";
        script "notify_backup" (notify_backup) "Run when the group becomes backup." { again: "vrrp group {block}: notify_backup script already specified - ignoring {}" };
        script "notify_master" (notify_master) "Run when the group becomes master." { again: "vrrp group {block}: notify_master script already specified - ignoring {}" };
        script "notify_fault" (notify_fault) "Run when the group goes to fault." { again: "vrrp group {block}: notify_fault script already specified - ignoring {}" };
        script "notify_stop" (notify_stop) "Run when the daemon stops." { again: "vrrp group {block}: notify_stop script already specified - ignoring {}" };
        script "notify" (notify) "Run on every change, with four more words." { again: "vrrp group {block}: notify script already specified - ignoring {}" };
        set "smtp_alert" (smtp_alert: bool = "") "Mail on changes of the group." { complaint: "Invalid vrrp_group smtp_alert parameter {}" };
        set "global_tracking" (tracking_weight: Flag = "") "Old name of sync_group_tracking_weight." { deprecated: "({block}) global_tracking is deprecated. Use track_interface/script/file on the sync group" };
        set "sync_group_tracking_weight" (tracking_weight: Flag = "") "Members keep weights of their own.";
        set "notify_priority_changes" (notify_priority_changes: bool = "") "Tell of priority changes of members." { complaint: "({block}) Invalid value '{}' for sync group notify_priority_changes specified" };
    }
}

fn group(block: &mut SyncGroup, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    if !block.members.is_empty() {
        let words = format!("Group list already specified for sync group {}", block.name);
        reader.report(Code::Duplicate, line.whole(), words);
        reader.skip_block();
        return Ok(());
    }
    reader.entries(line, row, |entry, _| {
        block
            .members
            .extend((0..entry.len()).filter_map(|at| Some(Spanned::new(entry.word(at)?.to_owned(), entry.span(at)))));
        Ok(())
    })?;
    if block.members.is_empty() {
        let words = format!("Warning - sync group {} has empty group block", block.name);
        reader.at_end(Code::Warning, line.whole(), words);
    }
    Ok(())
}

fn track_interface(block: &mut SyncGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    track::tracked(&mut block.track_interfaces, line, reader, Kind::Interface)
}

fn track_script(block: &mut SyncGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    track::tracked(&mut block.track_scripts, line, reader, Kind::Script)
}

fn track_file(block: &mut SyncGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    track::tracked(&mut block.track_files, line, reader, Kind::File)
}

fn track_process(block: &mut SyncGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    track::tracked(&mut block.track_processes, line, reader, Kind::Process)
}

fn track_bfd(block: &mut SyncGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    bfd::tracked(&mut block.track_bfds, line, reader)
}
