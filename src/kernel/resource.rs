//! Limits of this process (getrlimit(2)).

use std::fmt;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

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
