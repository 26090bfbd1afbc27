//! Limits of this process (getrlimit(2)), and where its core files go.

use std::fmt;
use std::io;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// proc_sys_kernel(5).
const CORE_PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// A limit that the daemon raises for itself: soft and hard as they were.
type Before = OnceLock<(u64, u64)>;
static OPEN_FILES_BEFORE: Before = OnceLock::new();
static CORE_BEFORE: Before = OnceLock::new();

/// The limit of open files could not be raised.
#[derive(Debug)]
pub struct TooFewFiles {
    /// As it stays.
    pub limit: u64,
    pub source: Errno,
}

impl fmt::Display for TooFewFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} files can be open: {}", self.limit, self.source)
    }
}

impl std::error::Error for TooFewFiles {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Lets the process have at least `wanted` files open; never lowers the limit. `Some`: the new soft and hard limit.
///
/// # Errors
/// The hard limit is lower and we may not raise it; the soft limit is then as high as the hard one.
pub fn allow_open_files(wanted: u64) -> Result<Option<(u64, u64)>, TooFewFiles> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|source| TooFewFiles { limit: 0, source })?;
    if soft >= wanted {
        return Ok(None);
    }
    OPEN_FILES_BEFORE.get_or_init(|| (soft, hard));
    let limits = (wanted, hard.max(wanted));
    match setrlimit(Resource::RLIMIT_NOFILE, limits.0, limits.1) {
        Ok(()) => Ok(Some(limits)),
        Err(source) => {
            // What is possible without privilege.
            let limit = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard);
            Err(TooFewFiles { limit, source })
        }
    }
}

/// Lets a crash leave a core file of any size (IF-35).
///
/// # Errors
/// EPERM without privilege when there is a hard limit; the soft limit is then as high as that.
pub fn allow_core_files() -> Result<(), Errno> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    CORE_BEFORE.get_or_init(|| (soft, hard));
    setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY)
        .or_else(|refused| setrlimit(Resource::RLIMIT_CORE, hard, hard).and(Err(refused)))
}

/// Gives a forked child the limits that the daemon was started with (IF-35, IF-166). Allocates nothing and takes no
/// lock: it runs between fork(2) and execve(2).
///
/// # Errors
/// As setrlimit(2) has them.
pub(super) fn restore() -> Result<(), Errno> {
    for (resource, before) in [(Resource::RLIMIT_NOFILE, &OPEN_FILES_BEFORE), (Resource::RLIMIT_CORE, &CORE_BEFORE)] {
        if let Some((soft, hard)) = before.get() {
            setrlimit(resource, *soft, *hard)?;
        }
    }
    Ok(())
}

/// kernel.core_pattern as it was; put back when dropped (IF-36).
#[derive(Debug)]
pub struct CorePattern {
    before: String,
}

impl CorePattern {
    /// Another pattern for the core files of the whole machine.
    ///
    /// # Errors
    /// As reading and writing the sysctl: EROFS or EACCES in containers.
    pub fn set(pattern: &str) -> io::Result<CorePattern> {
        let before = std::fs::read_to_string(CORE_PATTERN)?;
        std::fs::write(CORE_PATTERN, pattern)?;
        Ok(CorePattern { before })
    }
}

impl Drop for CorePattern {
    fn drop(&mut self) {
        // It was ours to write at the start; at the stop nobody is left to tell.
        std::fs::write(CORE_PATTERN, &self.before).unwrap_or(());
    }
}
