//! Notification FIFOs: made, opened for both directions so that no reader is needed, written without waiting.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, chown, mkfifo};

use crate::model::notify::ScriptIdentity;

/// An open FIFO.
#[derive(Debug)]
pub struct Fifo {
    path: PathBuf,
    file: File,
    /// Made by us, so it goes with us (IF-197).
    made: bool,
}

/// Why a FIFO cannot be used.
#[derive(Debug)]
pub enum FifoError {
    /// There is something else at that path, or a FIFO of somebody else (IF-198).
    NotOurs,
    Io(io::Error),
}

impl std::fmt::Display for FifoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FifoError::NotOurs => f.write_str("not a fifo we own"),
            FifoError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FifoError {}

impl From<io::Error> for FifoError {
    fn from(error: io::Error) -> FifoError {
        FifoError::Io(error)
    }
}

impl Fifo {
    /// Makes the FIFO if it is missing (mode 0644 less the umask, given to `owner`) and opens it.
    ///
    /// # Errors
    /// [`FifoError::NotOurs`] if the path is not a FIFO owned by root, by us or by `owner`; else as the kernel has it.
    pub fn open(path: &Path, owner: &ScriptIdentity) -> Result<Fifo, FifoError> {
        let made = match mkfifo(path, Mode::from_bits_truncate(0o644)) {
            Ok(()) => true,
            Err(Errno::EEXIST) => false,
            Err(error) => return Err(FifoError::Io(error.into())),
        };
        let ours = nix::unistd::geteuid().as_raw();
        if made && owner.uid != ours {
            let owned = chown(path, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)));
            owned.map_err(|error| FifoError::Io(error.into()))?;
        }
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
        let opened = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path);
        let file = match opened {
            Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(FifoError::NotOurs),
            other => other?,
        };
        let found = file.metadata()?;
        let known = [0, ours, owner.uid].contains(&found.uid());
        if !found.file_type().is_fifo() || !known {
            return Err(FifoError::NotOurs);
        }
        Ok(Fifo { path: path.to_owned(), file, made })
    }

    /// Writes one line, whole or not at all (a pipe keeps up to PIPE_BUF bytes together, pipe(7)).
    ///
    /// # Errors
    /// `WouldBlock` when the reader is too far behind for it.
    pub fn write(&self, line: &str) -> io::Result<()> {
        (&self.file).write_all(line.as_bytes())
    }

    /// Whether who opens its path gets this one: nobody has removed it or put another there.
    pub fn is_in_its_place(&self) -> bool {
        let same =
            |open: std::fs::Metadata, there: std::fs::Metadata| (open.dev(), open.ino()) == (there.dev(), there.ino());
        self.file.metadata().and_then(|open| Ok(same(open, self.path.symlink_metadata()?))).unwrap_or(false)
    }

    /// Closes it, and removes it if it was made here.
    pub fn close(self) {
        if self.made {
            // Somebody else may have removed it already.
            std::fs::remove_file(&self.path).unwrap_or(());
        }
    }
}

#[cfg(test)]
mod tests;
