//! Reading the configuration, at start and at a reload, and what a reload may not change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::dump::{Secrets, dump};
use crate::config::host::System;
use crate::config::{self, Loaded, Request};
use crate::diagnostic::render::{self, Form};
use crate::diagnostic::{Class, Code, Severity};
use crate::kernel::device::links;
use crate::model::Model;
use crate::model::event::daemon::{Event, Weight};

/// Exit statuses of a run (IF-62).
const EXIT_CONFIGURATION: u8 = 2;
const EXIT_NO_FILE: u8 = 6;

/// Where the configuration stands; for a daemon the path is absolute, since it changes to `/`.
#[derive(Clone, Debug)]
pub struct Source {
    pub file: PathBuf,
    pub config_id: Option<String>,
    pub all_config: bool,
    /// False with --no_bfd: sessions are read and do not run.
    pub bfd: bool,
    /// --address-monitoring.
    pub tells_addresses: bool,
}

/// What came of reading it.
#[derive(Debug)]
pub struct Reading {
    pub model: Result<Arc<Model>, Unusable>,
    /// Every finding, as a log line.
    pub findings: Vec<Event>,
    /// The first mistake that may have cost more than its own line, as one line with its place.
    pub mistake: Option<String>,
}

/// Why there is no model.
#[derive(Debug)]
pub struct Unusable {
    /// Exit status of a start with it.
    pub exit: u8,
    /// The gravest finding, as one line with its place.
    pub why: String,
}

/// What `--config-test` found.
#[derive(Debug)]
pub struct Tested {
    pub exit: u8,
    /// Every finding in the wanted form.
    pub findings: String,
    /// What a start would run, as a configuration, if it was asked for.
    pub effective: Option<String>,
}

impl Source {
    /// Reads it for a run.
    pub fn read(&self) -> Reading {
        let Loaded { model, diagnostics, sources, .. } = self.load(false);
        let findings = diagnostics.iter().map(|one| {
            let weight = match one.severity() {
                Severity::Error => Weight::Error,
                Severity::Warning => Weight::Warning,
                Severity::Note => Weight::Note,
            };
            Event::Finding { weight, text: render::advised(one, &sources) }
        });
        let findings = findings.collect();
        let mistake = diagnostics.iter().find(|one| one.code.may_lose_a_block());
        let mistake = mistake.map(|one| render::line(one, &sources));
        let without = |mut model: Model| {
            model.vrrp.tells_addresses = self.tells_addresses;
            if !self.bfd {
                model.bfd.sessions.clear();
            }
            Arc::new(model)
        };
        let model = model.map(without).ok_or_else(|| {
            let missing =
                |one: &&crate::diagnostic::Diagnostic| matches!(one.code, Code::FileMissing | Code::IncludeRequired);
            let absent = diagnostics.iter().find(missing);
            let gravest = absent.or_else(|| diagnostics.iter().max_by_key(|one| (one.severity(), one.code.class())));
            let why = gravest.map_or_else(|| "no readable configuration".to_owned(), |one| render::line(one, &sources));
            let exit = if absent.is_some() || diagnostics.is_empty() { EXIT_NO_FILE } else { EXIT_CONFIGURATION };
            Unusable { exit, why }
        });
        Reading { model, findings, mistake }
    }

    /// `--config-test` (IF-52). What the original only logs is left out.
    pub fn test(&self, form: Form, effective: bool) -> Tested {
        let Loaded { model, diagnostics, sources, exit, .. } = self.load(true);
        let told = diagnostics.iter().filter(|one| one.severity() != Severity::Note && one.code != Code::Logged);
        let findings = render::findings(told, &sources, form);
        let missing = diagnostics.iter().any(|one| one.code == Code::FileMissing);
        // Without -e a missing file is no error to the original's test (IF-58).
        let exit = if missing && self.all_config { exit.max(Class::FileNotFound.exit()) } else { exit };
        let effective = model.as_ref().filter(|_| effective).map(|model| dump(model, Secrets::Shown));
        // The process ends with the test, which frees a large model faster than we could.
        std::mem::forget(model);
        Tested { exit, findings, effective }
    }

    fn load(&self, test: bool) -> Loaded {
        // Without the list no interface is found to be a virtual one, which the kernel will say when it is made.
        let host = this_machine();
        config::load(&Request {
            file: &self.file,
            config_id: self.config_id.as_deref(),
            all_config: self.all_config,
            test,
            host: &host,
        })
    }
}

/// The machine that files are read for.
pub fn this_machine() -> System {
    System::new(links().unwrap_or_default())
}

/// `path` as it is seen from `/` (IF-9).
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What the new configuration changes that a running daemon cannot (IF-84).
pub fn unchangeable(old: &Model, new: &Model) -> Option<&'static str> {
    if old.global.net_namespace != new.global.net_namespace || old.lvs.net_namespace != new.lvs.net_namespace {
        Some("network namespace")
    } else if old.global.instance != new.global.instance {
        Some("instance name")
    } else {
        None
    }
}

/// What runs and would be gone with the new configuration, by the name that the operator knows it by. Asked only of a
/// file with mistakes: in one without, what is gone was taken out on purpose.
pub fn lost(old: &Model, new: &Model) -> Option<String> {
    let (old_vrrp, new_vrrp) = (&old.vrrp, &new.vrrp);
    let kept: BTreeSet<_> = new_vrrp.instances.iter().map(|instance| &instance.name).collect();
    if let Some(instance) = old_vrrp.instances.iter().find(|instance| !kept.contains(&instance.name)) {
        return Some(format!("vrrp_instance {}", instance.name));
    }
    let kept: BTreeSet<_> = new_vrrp.sync_groups.iter().map(|group| &group.name).collect();
    if let Some(group) = old_vrrp.sync_groups.iter().find(|group| !kept.contains(&group.name)) {
        return Some(format!("vrrp_sync_group {}", group.name));
    }
    let kept: BTreeSet<_> = new.bfd.sessions.iter().map(|session| &session.name).collect();
    if let Some(session) = old.bfd.sessions.iter().find(|session| !kept.contains(&session.name)) {
        return Some(format!("bfd_instance {}", session.name));
    }
    let kept: BTreeMap<_, _> = new.lvs.virtual_servers.iter().map(|server| (server.show(), server)).collect();
    for server in &old.lvs.virtual_servers {
        let Some(now) = kept.get(&server.show()) else {
            return Some(format!("virtual_server {}", server.show()));
        };
        let kept: BTreeSet<_> = now.real_servers.iter().map(|real| real.endpoint).collect();
        if let Some(real) = server.real_servers.iter().find(|real| !kept.contains(&real.endpoint)) {
            return Some(format!("real_server {} of {}", server.show_real(real.endpoint), server.show()));
        }
    }
    None
}

#[cfg(test)]
mod tests;
