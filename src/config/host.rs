//! What the meaning of a file depends on outside of it: read at load only.

use std::net::IpAddr;
use std::path::Path;

use crate::base::net::{Cidr, InterfaceIndex};
use crate::model::host::LinkNature;
use crate::model::notify::ScriptIdentity;

/// The machine as a configuration sees it. The real one is [`System`]; tests bring their own.
pub trait Host {
    /// The full host name.
    fn name(&self) -> String;
    /// What is known of an interface; `None` when there is none of that name.
    fn interface(&self, name: &str) -> Option<Interface>;
    /// All links with what they are made of; empty where that cannot be known.
    fn links(&self) -> Vec<LinkNature> {
        Vec::new()
    }
    /// The number of an interface group, by name or number.
    fn interface_group(&self, name: &str) -> Option<u32> {
        name.parse().ok()
    }
    /// Number and primary group of a user, by name or number (CL-119).
    fn user(&self, name: &str) -> Option<User>;
    /// All groups of a user with this primary group, which is one of them.
    fn groups(&self, _user: &str, gid: u32) -> Vec<u32> {
        vec![gid]
    }
    /// Number of a group, by name or number.
    fn group(&self, name: &str) -> Option<u32>;
    /// What script security finds about a program run by that identity (CL-120 … CL-122).
    fn program(&self, path: &Path, identity: &ScriptIdentity) -> Program;
    /// The first address of a host name (`smtp_server`).
    fn resolve(&self, host: &str) -> Option<IpAddr>;
    /// An environment variable (`${_ENV NAME}`).
    fn environment(&self, name: &str) -> Option<String>;
    /// A number for `${_RANDOM}`.
    fn random(&self) -> u64;
    /// Processors of this machine, for the bounds of `*_cpu_affinity`.
    fn processors(&self) -> u32;
    /// The key in a file of `auth_hmac`; an error says why it cannot be had.
    fn key_file(&self, _: &Path) -> Result<KeyFile, String> {
        Err("there are no files here".to_owned())
    }
    /// Whether files of a folder can be watched (`track_file`).
    fn directory(&self, _: &Path) -> Directory {
        Directory::Good
    }
    /// Whether there is a regular file; `None` when there is nothing.
    fn is_regular(&self, _: &Path) -> Option<bool> {
        None
    }
    /// Addresses of an interface with their prefix lengths; empty when nothing is known.
    fn addresses(&self, _: &str) -> Vec<Cidr> {
        Vec::new()
    }
    /// Whether the named network namespace exists.
    fn namespace(&self, name: &str) -> bool;
    /// A small text file of the system's, such as iproute2's lists of names.
    fn text(&self, _: &Path) -> Option<String> {
        None
    }
    /// The names in a folder; none when there is no such folder.
    fn listing(&self, _: &Path) -> Vec<String> {
        Vec::new()
    }
    /// The routing table of an interface that is a VRF.
    fn vrf_table(&self, _: &str) -> Option<u32> {
        None
    }
}

/// An interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    pub index: InterfaceIndex,
    pub mtu: u32,
    pub loopback: bool,
    /// IFF_MULTICAST.
    pub multicast: bool,
}

/// A user of this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// A file that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// At most 1 kB of it: no key is longer.
    pub bytes: Vec<u8>,
    /// Group or others may read or change it.
    pub exposed: bool,
}

/// What is found at the path of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Good,
    /// Runs, but others than root could change it.
    Insecure,
    /// Not there, or not executable by that identity.
    Missing,
}

/// A folder as the watcher of a file sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    Good,
    /// The filesystem is read only, or of a kind that tells of no changes (VR-226).
    Unwatchable,
    Missing {
        errno: i32,
        /// As strerror(3) has it.
        text: String,
    },
}

mod system;
pub use system::System;
