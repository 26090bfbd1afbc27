//! Declared blocks -> model: defaults, inheritance, and one named function for each rule between blocks.

mod bfd;
mod check;
mod global;
mod later;
mod lvs;
mod scripts;
mod upkeep;
mod vrrp;

use std::sync::Arc;

use super::block::root::Config;
use super::host::Host;
use crate::diagnostic::{Code, Diagnostic, Findings, Span};
use crate::model::Model;
use crate::model::notify::StateScripts;

use scripts::Scripts;

/// What resolving needs beside the declared blocks, and what it finds.
pub struct Resolver<'a> {
    pub host: &'a dyn Host,
    pub config: &'a Config,
    pub found: Findings,
    scripts: Scripts,
    devices: vrrp::device::Devices,
    /// Of all that name none.
    no_state_scripts: Arc<StateScripts>,
    files: vrrp::watched::Files<'a>,
    /// For the addresses of groups.
    room: lvs::Room,
    /// An interface is missing and may not come later: the daemon does not start (CL-103).
    missing_interface: bool,
    /// Two instances cannot run together: the daemon does not start (VR-112).
    fatal: bool,
}

/// The model of a configuration, or nothing when the daemon must not start with it. The declared virtual servers are
/// gone afterwards: of ten thousands there is no room for both.
pub fn resolve(config: &mut Config, host: &dyn Host, found: Findings) -> (Option<Model>, Findings) {
    let virtual_servers = std::mem::take(&mut config.virtual_servers);
    let mut resolver = Resolver {
        host,
        config,
        found,
        scripts: Scripts::default(),
        devices: vrrp::device::Devices::default(),
        no_state_scripts: Arc::default(),
        files: vrrp::watched::files(config),
        room: lvs::Room::default(),
        missing_interface: false,
        fatal: false,
    };
    resolver.given_identity();
    let mut global = resolver.global();
    let mut lvs = resolver.lvs(virtual_servers);
    let check_scripts = resolver.scripts.take_used();
    let vrrp = resolver.vrrp();
    resolver.followed_instance(&mut lvs, &vrrp);
    let bfd = resolver.bfd();
    resolver.garp_interfaces();
    global.script_user = resolver.identity_used();
    if resolver.missing_interface {
        let words = "Non-existent interface specified in configuration";
        resolver.found.push(Diagnostic::new(Code::MissingInterface, words));
    } else {
        resolver.script_security(check_scripts);
    }
    let model = (!resolver.missing_interface && !resolver.fatal).then_some(Model { global, vrrp, lvs, bfd });
    (model, resolver.found)
}

impl Resolver<'_> {
    /// Something found after reading: the original names no line.
    fn late(&mut self, code: Code, span: Span, words: impl Into<String>) {
        self.found.push(Diagnostic::late(code, span, words));
    }

    /// Something that the original finds while reading.
    fn report(&mut self, code: Code, span: Span, words: impl Into<String>) {
        self.found.push(Diagnostic::at(code, span, words));
    }

    /// Something that the original finds at the end of a block: it names the line of the closing brace.
    fn at_end(&mut self, code: Code, end: Span, header: Span, words: impl Into<String>) {
        self.found.push(Diagnostic::at(code, end, words).also(header, "of this block"));
    }

    /// The interfaces of garp groups must be there as well.
    fn garp_interfaces(&mut self) {
        let config = self.config;
        for name in config.garp_groups.iter().flat_map(|group| &group.interfaces) {
            let words = || format!("WARNING - interface {} specified for garp_group doesn't exist", name.value);
            self.interface_there(&name.value, name.span, words);
        }
    }

    /// CL-103: whether an interface is there or may come later; says so when not.
    fn interface_there(&mut self, name: &str, span: Span, words: impl FnOnce() -> String) -> bool {
        if self.host.interface(name).is_some() {
            return true;
        }
        if self.config.global.dynamic_interfaces.is_some() {
            return true;
        }
        self.missing_interface = true;
        let finding = Diagnostic::at(Code::InvalidValue, span, words());
        self.found
            .push(finding.help("create the interface first, or allow it to come later with `dynamic_interfaces`"));
        false
    }
}
