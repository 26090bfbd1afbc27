//! Files that are read while the daemon runs: nothing but a regular file is opened, and nothing is waited for.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, Read, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Opens a regular file. What it is is asked before, since opening a device may do something, and after, since it may
/// be another one by then; a FIFO that took its place does not hold us up.
///
/// # Errors
/// When it cannot be opened, or is no regular file.
pub fn open(path: &Path) -> Result<(File, Metadata)> {
    let regular = |about: Metadata| if about.is_file() { Ok(about) } else { Err(Error::other("not a regular file")) };
    regular(path.metadata()?)?;
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = regular(file.metadata()?)?;
    Ok((file, about))
}

/// At most `most` bytes of a regular file. Files of the kernel whose reader would wait (`/proc/kmsg`) are an error.
///
/// # Errors
/// When it cannot be read, or is no regular file.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, about) = open(path)?;
    // One more than there are, so that the end is seen without more room.
    let mut bytes = Vec::with_capacity(usize::try_from(about.len().min(most)).unwrap_or(0).saturating_add(1));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
