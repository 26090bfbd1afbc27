//! Scripts, FIFOs and mail.

use super::writer::{Writer, boolean, command, word};
use crate::base::net::Endpoint;
use crate::model::notify::{MailServer, MailSettings, NotifyFifo, Script, ScriptIdentity, StateScripts};

/// `USER GROUP` as numbers; with a colon before the group for all groups of the user.
pub fn identity(identity: &ScriptIdentity) -> String {
    let ScriptIdentity { uid, gid, groups } = identity;
    let colon = if groups.is_empty() { "" } else { ":" };
    format!("{uid} {colon}{gid}")
}

/// A script with who runs it, if there is one.
pub fn script(out: &mut Writer, keyword: &str, script: Option<&Script>) {
    if let Some(Script { argv, identity: who }) = script {
        out.value(keyword, format_args!("{} {}", command(argv), identity(who)));
    }
}

/// The scripts of an instance or a sync group.
pub fn state_scripts(out: &mut Writer, scripts: &StateScripts) {
    let StateScripts { master, backup, fault, stop, deleted, master_rx_lower_pri, any } = scripts;
    script(out, "notify_master", master.as_ref());
    script(out, "notify_backup", backup.as_ref());
    script(out, "notify_fault", fault.as_ref());
    script(out, "notify_stop", stop.as_ref());
    script(out, "notify_deleted", deleted.as_ref());
    script(out, "notify_master_rx_lower_pri", master_rx_lower_pri.as_ref());
    script(out, "notify", any.as_ref());
}

/// A FIFO, its owner and its reader.
pub fn fifo(out: &mut Writer, keyword: &str, fifo: &Option<NotifyFifo>) {
    if let Some(NotifyFifo { path, owner, script: reader }) = fifo {
        out.value(keyword, format_args!("{} {}", word(path), identity(owner)));
        script(out, &format!("{keyword}_script"), reader.as_ref());
    }
}

/// Whom to tell by mail.
pub fn mail(out: &mut Writer, settings: &MailSettings) {
    let MailSettings { from, to, server, helo_name, connect_timeout } = settings;
    out.entries("notification_email", to.iter().map(|address| word(address)));
    out.value("notification_email_from", word(from));
    match server {
        MailServer::Address(Endpoint { address, port }) => out.value("smtp_server", format_args!("{address} {port}")),
        MailServer::Name { host, port } => out.value("smtp_server", format_args!("{} {port}", word(host))),
    }
    out.value("smtp_helo_name", word(helo_name));
    out.value("smtp_connect_timeout", connect_timeout);
}

pub fn smtp_alert(out: &mut Writer, set: bool) {
    out.value("smtp_alert", boolean(set));
}
