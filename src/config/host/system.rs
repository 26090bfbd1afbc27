//! This machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::net::{IpAddr, ToSocketAddrs};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;

use super::{Directory, Host, Interface, KeyFile, Program, User};
use crate::base::net::{Cidr, InterfaceIndex};
use crate::config::regular;
use crate::model::host::{LinkKind, LinkNature};
use crate::model::notify::ScriptIdentity;

/// Bytes read of a key file.
const LONGEST_KEY_FILE: u64 = 1 << 10;
/// Bytes read of a list of names.
const LONGEST_LIST: u64 = 1 << 20;
/// Names looked at in a folder of such lists.
const MOST_NAMES: usize = 10_000;

/// Filesystems that tell inotify(7) nothing of what other machines or the kernel do (linux/magic.h): bpf, cgroup,
/// cgroup2, debugfs, devpts, efivarfs, fuse, mqueue, nfs, pipefs, proc, romfs, selinux, smb, smb2, sockfs, sysfs,
/// sysv2, sysv4, tracefs.
const SILENT: [u32; 20] = [
    0xcafe_4a11,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x0000_1cd1,
    0xde5e_81e4,
    0x6573_5546,
    0x1980_0202,
    0x0000_6969,
    0x5049_5045,
    0x0000_9fa0,
    0x0000_7275,
    0xf97c_ff8c,
    0x0000_517b,
    0xfe53_4d42,
    0x534f_434b,
    0x6265_6572,
    0x012f_f7b6,
    0x012f_f7b5,
    0x7472_6163,
];

/// The machine this process runs on, for one reading: what is asked of thousands of lines is asked of the system once.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// As the kernel listed them.
    pub links: Vec<LinkNature>,
    /// By name, as they were when first asked for.
    interfaces: RefCell<BTreeMap<String, Option<Interface>>>,
}

impl System {
    pub fn new(links: Vec<LinkNature>) -> System {
        System { links, ..System::default() }
    }
}

fn interface(name: &str) -> Option<Interface> {
    let index = if_nametoindex(name).ok()?;
    // /sys may show another network namespace than ours; the flags come from the kernel by name.
    let flags = nix::ifaddrs::getifaddrs()
        .ok()
        .and_then(|mut all| all.find(|one| one.interface_name == name).map(|one| one.flags));
    let mtu = std::fs::read_to_string(format!("/sys/class/net/{name}/mtu"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(1500);
    Some(Interface {
        index: InterfaceIndex(index),
        mtu,
        loopback: flags.is_some_and(|flags| flags.contains(InterfaceFlags::IFF_LOOPBACK)),
        multicast: flags.is_none_or(|flags| flags.contains(InterfaceFlags::IFF_MULTICAST)),
    })
}

/// Names of interface groups, as iproute2 has them.
const GROUPS: &str = "/etc/iproute2/group";

impl Host for System {
    fn name(&self) -> String {
        nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let mut known = self.interfaces.borrow_mut();
        if let Some(known) = known.get(name) {
            return known.clone();
        }
        let found = interface(name);
        // A file may ask for any number of names.
        if known.len() < MOST_NAMES {
            known.insert(name.to_owned(), found.clone());
        }
        found
    }

    fn links(&self) -> Vec<LinkNature> {
        self.links.clone()
    }

    fn vrf_table(&self, name: &str) -> Option<u32> {
        let found = self.links.iter().find(|one| one.link.name.as_str() == name)?;
        match found.kind {
            LinkKind::Vrf { table } => Some(table),
            LinkKind::Macvlan { .. } | LinkKind::Ipvlan { .. } | LinkKind::Other => None,
        }
    }

    fn interface_group(&self, name: &str) -> Option<u32> {
        if let Some(hexadecimal) = name.strip_prefix("0x") {
            return u32::from_str_radix(hexadecimal, 16).ok();
        }
        name.parse().ok().or_else(|| {
            let text = self.text(Path::new(GROUPS));
            let numbered = |line: &str| {
                let mut words = line.split_whitespace();
                let number = words.next()?.parse().ok()?;
                (words.next() == Some(name)).then_some(number)
            };
            text.as_deref().unwrap_or_default().lines().find_map(numbered).or((name == "default").then_some(0))
        })
    }

    fn user(&self, name: &str) -> Option<User> {
        let found = nix::unistd::User::from_name(name).ok().flatten().or_else(|| {
            let uid = name.parse().ok()?;
            nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten()
        })?;
        Some(User { uid: found.uid.as_raw(), gid: found.gid.as_raw() })
    }

    fn groups(&self, user: &str, gid: u32) -> Vec<u32> {
        let by_number = || nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(user.parse().ok()?)).ok().flatten();
        let found = nix::unistd::User::from_name(user).ok().flatten().or_else(by_number);
        let name = found.and_then(|found| std::ffi::CString::new(found.name).ok());
        let groups = name.and_then(|name| nix::unistd::getgrouplist(&name, nix::unistd::Gid::from_raw(gid)).ok());
        groups.map_or_else(|| vec![gid], |groups| groups.into_iter().map(nix::unistd::Gid::as_raw).collect())
    }

    fn group(&self, name: &str) -> Option<u32> {
        let found = nix::unistd::Group::from_name(name).ok().flatten();
        found.map(|group| group.gid.as_raw()).or_else(|| name.parse().ok())
    }

    fn program(&self, path: &Path, identity: &ScriptIdentity) -> Program {
        // Links are followed as the 2.2 series does: on merged-usr systems /bin is one (CL-121).
        let Ok(real) = path.canonicalize() else { return Program::Missing };
        let Ok(file) = real.metadata() else { return Program::Missing };
        if !file.is_file() || !may_run(&file, identity) {
            return Program::Missing;
        }
        let set_id_root =
            (file.mode() & 0o4000 != 0 && file.uid() == 0) || (file.mode() & 0o2000 != 0 && file.gid() == 0);
        if identity.uid != 0 && identity.gid != 0 && !set_id_root {
            return Program::Good;
        }
        let mut walked = PathBuf::new();
        for part in real.components() {
            walked.push(part);
            if matches!(part, Component::CurDir | Component::ParentDir) {
                continue;
            }
            let Ok(found) = walked.metadata() else { return Program::Missing };
            let sticky_directory = found.is_dir() && found.mode() & 0o1000 != 0;
            let by_group = found.mode() & 0o020 != 0 && found.gid() != 0;
            let by_others = found.mode() & 0o002 != 0;
            if found.uid() != 0 || ((by_group || by_others) && !sticky_directory) {
                return Program::Insecure;
            }
        }
        Program::Good
    }

    fn resolve(&self, host: &str) -> Option<IpAddr> {
        (host, 25).to_socket_addrs().ok()?.next().map(|found| found.ip())
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn random(&self) -> u64 {
        // Keyed anew by the system for each value.
        std::hash::RandomState::new().build_hasher().finish()
    }

    fn processors(&self) -> u32 {
        std::thread::available_parallelism().map_or(1, |count| count.get() as u32)
    }

    fn key_file(&self, path: &Path) -> Result<KeyFile, String> {
        let (file, found) = regular::open(path).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        file.take(LONGEST_KEY_FILE).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(KeyFile { bytes, exposed: found.mode() & 0o077 != 0 })
    }

    fn directory(&self, path: &Path) -> Directory {
        let there = path.canonicalize().and_then(|real| statfs(&real).map_err(std::io::Error::from));
        match there {
            Ok(about) => {
                let kind = about.filesystem_type().0;
                let silent = SILENT.iter().any(|silent| i128::from(*silent) == i128::from(kind));
                let read_only = about.flags().contains(FsFlags::ST_RDONLY);
                if silent || read_only { Directory::Unwatchable } else { Directory::Good }
            }
            Err(error) => {
                let text = error.to_string();
                let text = text.split(" (os error").next().unwrap_or_default().to_owned();
                Directory::Missing { errno: error.raw_os_error().unwrap_or(0), text }
            }
        }
    }

    fn is_regular(&self, path: &Path) -> Option<bool> {
        Some(path.metadata().ok()?.is_file())
    }

    fn addresses(&self, name: &str) -> Vec<Cidr> {
        let ip = |storage: Option<nix::sys::socket::SockaddrStorage>| -> Option<IpAddr> {
            let storage = storage?;
            let v4 = storage.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
            v4.or_else(|| storage.as_sockaddr_in6().map(|found| IpAddr::V6(found.ip())))
        };
        let all = nix::ifaddrs::getifaddrs().into_iter().flatten().filter(|one| one.interface_name == name);
        let cidr = |one: nix::ifaddrs::InterfaceAddress| {
            let prefix = match ip(one.netmask)? {
                IpAddr::V4(mask) => mask.to_bits().leading_ones(),
                IpAddr::V6(mask) => mask.to_bits().leading_ones(),
            };
            Some(Cidr { address: ip(one.address)?, prefix: prefix as u8 })
        };
        all.filter_map(cidr).collect()
    }

    fn namespace(&self, name: &str) -> bool {
        Path::new("/run/netns").join(name).exists()
    }

    fn text(&self, path: &Path) -> Option<String> {
        regular::read(path, LONGEST_LIST).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn listing(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.take(MOST_NAMES).filter(|entry| entry.path().is_file());
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

/// Execute permission of that identity.
fn may_run(file: &std::fs::Metadata, identity: &ScriptIdentity) -> bool {
    let mode = file.mode();
    if identity.uid == 0 {
        mode & 0o111 != 0
    } else if identity.uid == file.uid() {
        mode & 0o100 != 0
    } else if identity.gid == file.gid() || identity.groups.contains(&file.gid()) {
        mode & 0o010 != 0
    } else {
        mode & 0o001 != 0
    }
}

#[cfg(test)]
mod tests;
