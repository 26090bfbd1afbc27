//! `global_defs` with its defaults.

use super::Resolver;
use crate::base::net::Endpoint;
use crate::base::time::Interval;
use crate::config::block::global_defs::{Fifo, Global as Declared};
use crate::config::block::{Given, text, value};
use crate::config::script::Script;
use crate::diagnostic::Code;
use crate::model::global::{Global, ProcessSettings};
use crate::model::notify::{MailServer, MailSettings, NotifyFifo};

/// BFD runs on the VRRP thread, so each is at least as urgent as its own settings say (IF-165).
fn vrrp_process(global: &Declared) -> ProcessSettings {
    let nice = [value(&global.vrrp_priority), value(&global.bfd_priority)];
    let rt_priority = [
        value(&global.vrrp_rt_priority).map(|priority| priority.0),
        value(&global.bfd_rt_priority).map(|priority| priority.0),
    ];
    let processors = [&global.vrrp_cpu_affinity, &global.bfd_cpu_affinity];
    ProcessSettings {
        nice: nice.into_iter().flatten().map(|nice| nice.0 as i8).min(),
        rt_priority: rt_priority.into_iter().flatten().max(),
        cpu_affinity: processors.into_iter().find(|set| !set.is_empty()).cloned().unwrap_or_default(),
        no_swap: global.vrrp_no_swap.is_some() || global.bfd_no_swap.is_some(),
    }
}

impl Resolver<'_> {
    pub(super) fn global(&mut self) -> Global {
        let config = self.config;
        let global = &config.global;
        let notify_fifo = self.fifo(&global.notify_fifo, &global.notify_fifo_script);
        let mut of_its_own = |fifo: &Given<Fifo>, script: &Given<Script>| {
            let same =
                global.notify_fifo.as_ref().zip(fifo.as_ref()).filter(|(all, own)| all.value.path == own.value.path);
            if let Some((_, own)) = same {
                let words = format!("notify FIFO {} is the one for everything - ignoring", own.value.path);
                self.late(Code::Logged, own.span, words);
                return None;
            }
            self.fifo(fifo, script)
        };
        let vrrp_notify_fifo = of_its_own(&global.vrrp_notify_fifo, &global.vrrp_notify_fifo_script);
        let lvs_notify_fifo = of_its_own(&global.lvs_notify_fifo, &global.lvs_notify_fifo_script);
        Global {
            router_id: text(&global.router_id).unwrap_or_else(|| self.host.name()),
            instance: text(&config.instance),
            net_namespace: text(&config.net_namespace),
            no_email_faults: global.no_email_faults.is_some(),
            mail: self.mail(),
            // Known when all scripts are.
            script_user: None,
            script_security: global.enable_script_security.is_some(),
            notify_fifo,
            vrrp_notify_fifo,
            lvs_notify_fifo,
            umask: value(&global.umask),
            vrrp_process: vrrp_process(global),
            checker_process: ProcessSettings {
                nice: value(&global.checker_priority).map(|nice| nice.0 as i8),
                rt_priority: value(&global.checker_rt_priority).map(|priority| priority.0),
                cpu_affinity: global.checker_cpu_affinity.clone(),
                no_swap: global.checker_no_swap.is_some(),
            },
            child_wait_time: Interval::from_secs(value(&config.child_wait_time).map_or(5, |seconds| seconds.0 as u64)),
            dynamic_interfaces: global.dynamic_interfaces.is_some(),
            allow_if_changes: global.allow_if_changes.is_some(),
            upkeep: self.upkeep(global),
            later: self.later(global),
        }
    }

    /// A FIFO, its owner and its reader.
    fn fifo(&mut self, fifo: &Given<Fifo>, script: &Given<Script>) -> Option<NotifyFifo> {
        let fifo = fifo.as_ref()?;
        let owner = match &fifo.value.owner {
            None => self.default_script_identity(),
            Some(user) => match self.identity(user) {
                Some(owner) => owner,
                None => {
                    let words = format!("Invalid user {} for FIFO {} - ignoring", user.name, fifo.value.path);
                    self.late(Code::Logged, fifo.span, words);
                    return None;
                }
            },
        };
        Some(NotifyFifo { path: fifo.value.path.clone(), owner, script: self.notify(script) })
    }

    /// Mail needs a recipient and a relay; without either there is none.
    fn mail(&self) -> Option<MailSettings> {
        let global = &self.config.global;
        let to: Vec<String> = global.notification_email.iter().map(|address| address.value.clone()).collect();
        let server = global.smtp_server.as_ref().filter(|_| !to.is_empty())?;
        let server = match server.value.host.parse() {
            Ok(address) => MailServer::Address(Endpoint { address, port: server.value.port }),
            Err(_) => MailServer::Name { host: server.value.host.clone(), port: server.value.port },
        };
        let name = self.host.name();
        let from = text(&global.notification_email_from).unwrap_or_else(|| format!("keepalived@{name}"));
        let helo_name = global.smtp_helo_name.as_ref().and_then(|helo| helo.value.0.clone()).unwrap_or(name);
        let seconds = value(&global.smtp_connect_timeout).map_or(30, |seconds| seconds.0 as u64);
        Some(MailSettings { from, to, server, helo_name, connect_timeout: Interval::from_secs(seconds) })
    }
}
