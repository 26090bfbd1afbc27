//! Who scripts run as, and whether they may (CL-118 … CL-122).

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Resolver;
use crate::config::block::Given;
use crate::config::block::track::User;
use crate::config::host::Program;
use crate::config::script::Script as Declared;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::notify::{Script, ScriptIdentity};

/// What is known of scripts while the model is made.
#[derive(Debug, Default)]
pub struct Scripts {
    /// Who scripts run as that name nobody, once that has been asked: looking a user up may load libraries and ask
    /// other daemons, and most files have no scripts. `None`: there is no such user, so they do not run.
    default: OnceCell<Option<ScriptIdentity>>,
    /// `script_user` names somebody who does not exist.
    default_is_wrong: bool,
    /// It was said that there is no default user; once is enough.
    default_told: bool,
    /// `startup_script` or `shutdown_script` will run.
    start_or_stop: bool,
    /// Tracked scripts that were left out for want of a user: as if they had not been declared.
    pub removed: BTreeSet<String>,
    /// Some script was found that will run.
    used: bool,
    /// Some script could be changed by others than root.
    insecure: bool,
}

impl Scripts {
    /// Whether scripts were found since the last call.
    pub fn take_used(&mut self) -> bool {
        std::mem::take(&mut self.used)
    }
}

/// What became of a script.
pub enum Found {
    Good(Script),
    Insecure,
    Missing,
    /// Its user does not exist.
    NoUser,
}

impl Resolver<'_> {
    /// `script_user` is looked up whether scripts need it or not: it may be wrong.
    pub(super) fn given_identity(&mut self) {
        if let Some(user) = &self.config.global.script_user {
            let identity = self.identity(&user.value);
            self.scripts.default_is_wrong = identity.is_none();
            self.scripts.default = OnceCell::from(identity);
        }
    }

    /// CL-119: `script_user`, else the user of that name, else root unless script security forbids it.
    fn default_identity(&self) -> Option<ScriptIdentity> {
        let looked_up = self.scripts.default.get_or_init(|| match self.host.user("keepalived_script") {
            Some(user) => Some(ScriptIdentity {
                uid: user.uid,
                gid: user.gid,
                groups: self.further_groups("keepalived_script", user.gid),
            }),
            None if self.config.global.enable_script_security.is_some() => None,
            None => Some(ScriptIdentity::ROOT),
        });
        looked_up.clone()
    }

    /// Who the model's scripts run as, if it has any.
    pub(super) fn identity_used(&self) -> Option<ScriptIdentity> {
        self.scripts.default.get().cloned().flatten()
    }

    /// The groups of a user beside the one it runs with, with `set_supplementary_groups`.
    fn further_groups(&self, user: &str, gid: u32) -> Vec<u32> {
        let wanted = self.config.global.set_supplementary_groups.as_ref().is_some_and(|given| given.value);
        if wanted { self.host.groups(user, gid) } else { Vec::new() }
    }

    /// The identity of a user of the file, if there is such a user. A `:` before the group, which may be left out behind
    /// it, gives it all groups of the user (IF-169).
    pub(super) fn identity(&self, user: &User) -> Option<ScriptIdentity> {
        let found = self.host.user(&user.name)?;
        let mut identity = ScriptIdentity { uid: found.uid, gid: found.gid, groups: Vec::new() };
        let (group, all) = match user.group.as_deref() {
            None => (None, false),
            Some(group) => match group.strip_prefix(':') {
                Some(group) => (Some(group).filter(|group| !group.is_empty()), true),
                None => (Some(group), false),
            },
        };
        if let Some(group) = group {
            identity.gid = self.host.group(group)?;
        }
        identity.groups = self.further_groups(&user.name, identity.gid);
        if all {
            identity.groups = self.host.groups(&user.name, identity.gid);
        }
        Some(identity)
    }

    pub(super) fn default_script_identity(&self) -> ScriptIdentity {
        self.default_identity().unwrap_or(ScriptIdentity::ROOT)
    }

    /// A declared command as it will run. `user` beats the user on the script's own line.
    pub(super) fn program(&mut self, script: &Declared, user: Option<&User>) -> Found {
        let own = script.user.as_ref().map(|name| User { name: name.clone(), group: script.group.clone() });
        let identity = match user.or(own.as_ref()) {
            Some(user) => self.identity(user),
            None => self.default_identity(),
        };
        let Some(identity) = identity else { return Found::NoUser };
        let mut argv = script.argv.clone();
        let Some(first) = argv.first_mut() else { return Found::Missing };
        let Some(path) = self.find(first, &identity) else { return Found::Missing };
        let secure = self.config.global.enable_script_security.is_some();
        match self.host.program(&path, &identity) {
            Program::Missing => return Found::Missing,
            Program::Insecure if secure => return Found::Insecure,
            Program::Insecure => self.scripts.insecure = true,
            Program::Good => {}
        }
        self.scripts.used = true;
        *first = path.display().to_string();
        Found::Good(Script { argv, identity })
    }

    /// A name without a slash is looked up in PATH.
    fn find(&self, name: &str, identity: &ScriptIdentity) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name));
        }
        let path = self.host.environment("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        path.split(':')
            .map(|directory| Path::new(directory).join(name))
            .find(|path| self.host.program(path, identity) != Program::Missing)
    }

    /// A notify script; one that cannot run is left out, which the original only logs.
    pub(super) fn notify(&mut self, script: &Option<impl Borrow<Spanned<Declared>>>) -> Option<Script> {
        let script = script.as_ref()?.borrow();
        let command = &script.value.command;
        let words = match self.program(&script.value, None) {
            Found::Good(script) => return Some(script),
            Found::Insecure => format!("Disabling notify script {command} due to insecure"),
            Found::Missing => format!("Disabling notify script {command} since not found/accessible"),
            Found::NoUser if script.value.user.is_some() || self.scripts.default_is_wrong => {
                format!("Unable to set uid/gid for notify script {command} - ignoring")
            }
            Found::NoUser => {
                self.no_default_user(script.span);
                return None;
            }
        };
        self.late(Code::Logged, script.span, words);
        None
    }

    /// `startup_script` and `shutdown_script`, which have a word of their own for script security.
    pub(super) fn start_or_stop(&mut self, script: &Given<Declared>, when: &str) -> Option<Script> {
        let script = script.as_ref()?;
        let used = self.scripts.used;
        let found = self.program(&script.value, None);
        self.scripts.used = used;
        match found {
            Found::Good(script) => {
                self.scripts.start_or_stop = true;
                Some(script)
            }
            Found::NoUser => {
                self.report(Code::NotFound, script.span, format!("Invalid {when} script"));
                None
            }
            Found::Insecure | Found::Missing => {
                let words = format!("Disabling {when} script {} since not found/accessible", script.value.command);
                self.late(Code::Logged, script.span, words);
                None
            }
        }
    }

    pub(super) fn no_default_user(&mut self, span: Span) {
        if self.scripts.default_is_wrong || std::mem::replace(&mut self.scripts.default_told, true) {
            return;
        }
        let words = "Unable to set default user keepalived_script for script";
        let finding = Diagnostic::at(Code::NotFound, span, words);
        self.found.push(finding.help("name a user with `script_user` in `global_defs`"));
    }

    /// CL-118: scripts run although script security is not asked for.
    pub(super) fn script_security(&mut self, checks: bool) {
        if self.config.global.enable_script_security.is_some() {
            return;
        }
        let insecure = if self.scripts.insecure { " There are insecure scripts." } else { "" };
        let mut say = |what: &str| {
            let words = format!(
                "SECURITY VIOLATION - {what}scripts are being executed but script_security not enabled.{insecure}"
            );
            let help = "add `enable_script_security` and a `script_user` to `global_defs`";
            self.found.push(Diagnostic::new(Code::Security, words).help(help));
        };
        if self.scripts.start_or_stop {
            say("start/shutdown ");
        }
        if checks {
            say("check ");
        }
        if self.scripts.used {
            say("");
        }
    }
}
