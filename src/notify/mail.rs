//! Subjects and bodies of mails (IF-214, IF-215).

use super::Mail;
use crate::model::event::NotifyState;
use crate::model::global::Global;

/// Whom a VRRP mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Instance,
    Group,
}

/// The mail about a state; `None`: nobody is mailed about such a thing.
pub(super) fn vrrp(global: &Global, about: About, name: &str, state: NotifyState) -> Option<Mail> {
    let event = match state {
        NotifyState::Master => "Entering MASTER state",
        NotifyState::Backup => "Entering BACKUP state",
        NotifyState::Fault => "Entering FAULT state",
        NotifyState::Stop => "Stopping",
        NotifyState::Deleted => "Deleted",
        NotifyState::MasterRxLowerPri | NotifyState::MasterPriority | NotifyState::BackupPriority => return None,
    };
    let body = match (about, state) {
        (About::Instance, NotifyState::Master) => "VRRP Instance is now owning VRRP VIPs",
        (About::Instance, NotifyState::Backup | NotifyState::Fault) => "VRRP Instance is no longer owning VRRP VIPs",
        (About::Instance, NotifyState::Stop) => "VRRP Instance stopping",
        (About::Instance, _) => "VRRP Deleted at reload",
        (About::Group, NotifyState::Master) => "All VRRP group instances are now in MASTER state",
        (About::Group, NotifyState::Backup) => "All VRRP group instances are now in BACKUP state",
        (About::Group, NotifyState::Fault) => "All VRRP group instances are now in FAULT state",
        (About::Group, _) => "All VRRP group instances are now stopping",
    };
    let kind = match about {
        About::Instance => "Instance",
        About::Group => "Group",
    };
    Some(Mail { subject: subject(global, &format!("VRRP {kind} {name} - {event}")), body: format!("=> {body} <=") })
}

pub(super) fn subject(global: &Global, text: &str) -> String {
    format!("[{}] {text}", global.router_id)
}
