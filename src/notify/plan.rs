//! What one notification leads to.

use std::collections::BTreeMap;

use super::mail::{self, About};
use super::{Action, Mail};
use crate::model::Model;
use crate::model::event::daemon::FifoKind;
use crate::model::event::{Notification, NotifyState};
use crate::model::lvs::{RealServerId, VirtualServerId};
use crate::model::notify::{Script, StateScripts};

/// Plans, and remembers what was last mailed: a mail goes out only when the state changes (IF-217).
#[derive(Clone, Debug, Default)]
pub struct Planner {
    mailed: BTreeMap<(bool, String), NotifyState>,
}

impl Planner {
    /// Appends what `notification` leads to; `model` is that of its generation.
    pub fn plan(&mut self, model: &Model, notification: &Notification, out: &mut Vec<Action>) {
        match notification {
            Notification::Instance { instance, name, state, priority, .. } => {
                let by_place = model.vrrp.instances.get(instance.0).filter(|found| found.name == *name);
                let found = by_place.or_else(|| model.vrrp.instances.iter().find(|found| found.name == *name));
                let Some(found) = found else { return };
                scripts(&found.notify, "INSTANCE", name.as_str(), *state, priority.0, out);
                vrrp_line("INSTANCE", name.as_str(), *state, priority.0, out);
                self.mail(model, found.smtp_alert, About::Instance, name.as_str(), *state, out);
            }
            Notification::SyncGroup { group, name, state, .. } => {
                let by_place = model.vrrp.sync_groups.get(*group).filter(|found| found.name == *name);
                let found = by_place.or_else(|| model.vrrp.sync_groups.iter().find(|found| found.name == *name));
                let Some(found) = found else { return };
                scripts(&found.notify, "GROUP", name.as_str(), *state, 0, out);
                vrrp_line("GROUP", name.as_str(), *state, 0, out);
                self.mail(model, found.smtp_alert, About::Group, name.as_str(), *state, out);
            }
            Notification::StillInState { group, name, state, priority, .. } => {
                vrrp_line(if *group { "GROUP" } else { "INSTANCE" }, name, *state, priority.0, out);
            }
            Notification::RealServer { virtual_server, real_server, endpoint, up, scripts, mail, .. } => {
                let VirtualServerId(at) = *virtual_server;
                let Some(service) = model.lvs.virtual_servers.get(at) else { return };
                let RealServerId(at) = *real_server;
                let Some(server) = service.real_servers.get(at) else { return };
                let (vs, rs) = (service.show(), service.show_real(*endpoint));
                if *scripts {
                    run(if *up { &server.notify_up } else { &server.notify_down }.as_deref(), out);
                    lvs_line(format!("RS {rs} {vs} {}\n", up_or_down(*up)), out);
                }
                if let Some(body) = mail.as_ref().filter(|_| server.smtp_alert) {
                    let text = format!("Realserver {rs} of virtual server {vs} - {}", up_or_down(*up));
                    send(model, &text, body, out);
                }
            }
            Notification::VirtualServer { virtual_server, up, mail, .. } => {
                let VirtualServerId(at) = *virtual_server;
                let Some(service) = model.lvs.virtual_servers.get(at) else { return };
                let vs = service.show();
                run(if *up { &service.quorum_up } else { &service.quorum_down }.as_ref(), out);
                lvs_line(format!("VS {vs} {}\n", up_or_down(*up)), out);
                if let Some(body) = mail.as_ref().filter(|_| service.smtp_alert) {
                    send(model, &format!("Virtualserver {vs} - {}", up_or_down(*up)), body, out);
                }
            }
        }
    }

    fn mail(
        &mut self,
        model: &Model,
        wanted: bool,
        about: About,
        name: &str,
        state: NotifyState,
        out: &mut Vec<Action>,
    ) {
        let silent = model.global.no_email_faults && state == NotifyState::Fault;
        if !wanted || silent || model.global.mail.is_none() {
            return;
        }
        let Some(mail) = mail::vrrp(&model.global, about, name, state) else { return };
        let before = self.mailed.insert((about == About::Group, name.to_owned()), state);
        if before != Some(state) {
            out.push(Action::Mail(mail));
        }
    }
}

/// The state script with its own words only, then `notify` with four more (IF-182). Changes of the priority are told
/// to the FIFOs only; of an advert with a lower priority only its own script is told (IF-189, IF-202).
fn scripts(scripts: &StateScripts, kind: &str, name: &str, state: NotifyState, priority: u8, out: &mut Vec<Action>) {
    let (own, any) = match state {
        NotifyState::Master => (&scripts.master, true),
        NotifyState::Backup => (&scripts.backup, true),
        NotifyState::Fault => (&scripts.fault, true),
        NotifyState::Stop => (&scripts.stop, true),
        NotifyState::Deleted => (&scripts.deleted, true),
        NotifyState::MasterRxLowerPri => (&scripts.master_rx_lower_pri, false),
        NotifyState::MasterPriority | NotifyState::BackupPriority => return,
    };
    run(own.as_ref(), out);
    if let Some(script) = scripts.any.as_ref().filter(|_| any) {
        let more = [kind, name, word(state), &priority.to_string()].map(str::to_owned).to_vec();
        out.push(Action::Run { script: script.clone(), more });
    }
}

fn run(script: Option<&Script>, out: &mut Vec<Action>) {
    out.extend(script.map(|script| Action::Run { script: script.clone(), more: Vec::new() }));
}

fn vrrp_line(kind: &str, name: &str, state: NotifyState, priority: u8, out: &mut Vec<Action>) {
    let text = format!("{kind} \"{name}\" {} {priority}\n", word(state));
    out.push(Action::Line { fifo: FifoKind::Global, text: text.clone() });
    out.push(Action::Line { fifo: FifoKind::Vrrp, text });
}

fn lvs_line(text: String, out: &mut Vec<Action>) {
    out.push(Action::Line { fifo: FifoKind::Global, text: text.clone() });
    out.push(Action::Line { fifo: FifoKind::Lvs, text });
}

fn send(model: &Model, subject: &str, body: &str, out: &mut Vec<Action>) {
    if model.global.mail.is_some() {
        let subject = mail::subject(&model.global, subject);
        out.push(Action::Mail(Mail { subject, body: body.to_owned() }));
    }
}

fn up_or_down(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}

fn word(state: NotifyState) -> &'static str {
    match state {
        NotifyState::Master => "MASTER",
        NotifyState::Backup => "BACKUP",
        NotifyState::Fault => "FAULT",
        NotifyState::Stop => "STOP",
        NotifyState::Deleted => "DELETED",
        NotifyState::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
        NotifyState::MasterPriority => "MASTER_PRIORITY",
        NotifyState::BackupPriority => "BACKUP_PRIORITY",
    }
}
