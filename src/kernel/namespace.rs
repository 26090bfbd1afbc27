//! Network namespaces by name, as `ip netns` keeps them.

use std::fs::File;
use std::io;
use std::path::Path;

use nix::sched::{CloneFlags, setns};

/// Where `ip netns add` puts them.
const FOLDER: &str = "/run/netns";

/// Moves the calling thread, which speaks to IPVS alone, into the network namespace `name`, or into that of the
/// machine's first process (LV-121).
///
/// # Errors
/// As `enter`.
pub fn enter_for_ipvs(name: Option<&str>) -> io::Result<()> {
    match name {
        Some(name) => enter(name),
        None => setns(File::open("/proc/1/ns/net")?, CloneFlags::CLONE_NEWNET).map_err(io::Error::from),
    }
}

/// Moves the calling thread, and the threads that it starts from now on, into the network namespace `name`.
///
/// Errors: ENOENT when there is none of that name, EPERM without CAP_SYS_ADMIN.
pub fn enter(name: &str) -> io::Result<()> {
    let file = File::open(Path::new(FOLDER).join(name))?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
}
