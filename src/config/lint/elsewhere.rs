//! Another machine, of which only the file is known: whatever the file names is there.

use std::net::IpAddr;
use std::path::Path;

use crate::base::net::InterfaceIndex;
use crate::config::host::{Host, Interface, KeyFile, Program, User};
use crate::model::notify::ScriptIdentity;

/// The machine of the other router; what can only be asked here is asked here.
pub struct Elsewhere<'a>(pub &'a dyn Host);

impl Host for Elsewhere<'_> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let any = Interface { index: InterfaceIndex(1), mtu: 1500, loopback: name == "lo", multicast: true };
        Some(self.0.interface(name).unwrap_or(any))
    }

    fn user(&self, name: &str) -> Option<User> {
        Some(self.0.user(name).unwrap_or(User { uid: 0, gid: 0 }))
    }

    fn group(&self, name: &str) -> Option<u32> {
        Some(self.0.group(name).unwrap_or(0))
    }

    fn program(&self, _: &Path, _: &ScriptIdentity) -> Program {
        Program::Good
    }

    fn resolve(&self, host: &str) -> Option<IpAddr> {
        self.0.resolve(host)
    }

    fn environment(&self, name: &str) -> Option<String> {
        self.0.environment(name)
    }

    fn random(&self) -> u64 {
        self.0.random()
    }

    fn processors(&self) -> u32 {
        u32::MAX
    }

    fn key_file(&self, path: &Path) -> Result<KeyFile, String> {
        self.0.key_file(path)
    }

    fn namespace(&self, _: &str) -> bool {
        true
    }

    fn text(&self, path: &Path) -> Option<String> {
        self.0.text(path)
    }

    fn listing(&self, path: &Path) -> Vec<String> {
        self.0.listing(path)
    }

    fn vrf_table(&self, name: &str) -> Option<u32> {
        self.0.vrf_table(name)
    }
}
