//! Pid files: where they are, the lock that keeps a second daemon away, their removal.
//!
//! One process has all of them: programs in the field read each and expect a living process with our command line.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::cli::Options;
use crate::model::global::Global;

const FOLDER: &str = "/run";
const OWN_FOLDER: &str = "/run/keepalived";
/// Bytes read of a pid file: whatever else stands there is no number.
const LONGEST_NUMBER: u64 = 32;

/// The three paths, and the folder that is ours to make and remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub daemon: PathBuf,
    pub vrrp: PathBuf,
    pub checkers: PathBuf,
    folder: Option<PathBuf>,
}

impl Paths {
    /// IF-151, IF-152, IF-156: in a folder of their own if there may be several of us, or with `use_pid_dir`. The command
    /// line goes before `instance` and `net_namespace`. In a network namespace the
    /// folder is one of the namespace's own, as it looks from outside (IF-153).
    pub fn new(options: &Options, global: &Global) -> Paths {
        let namespace = options.namespace.as_ref().or(global.net_namespace.as_ref());
        let instance = global.instance.as_ref();
        let folder = (namespace.is_some() || instance.is_some() || global.upkeep.pid_folder).then(|| match namespace {
            Some(namespace) => Path::new(OWN_FOLDER).join(namespace),
            None => PathBuf::from(OWN_FOLDER),
        });
        let suffix = instance.map(|name| format!("_{name}")).unwrap_or_default();
        let inside = folder.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
        let path = |given: &Option<PathBuf>, name: &str| match given {
            Some(path) => super::reload::absolute(path),
            None => inside.join(format!("{name}{suffix}.pid")),
        };
        let paths = Paths {
            daemon: path(&options.pid, "keepalived"),
            vrrp: path(&options.vrrp_pid, "vrrp"),
            checkers: path(&options.checkers_pid, "checkers"),
            folder: None,
        };
        let used = [&paths.daemon, &paths.vrrp, &paths.checkers].into_iter().any(|path| path.starts_with(&inside));
        Paths { folder: folder.filter(|_| used), ..paths }
    }

    /// Makes the folder (mode 0755 whatever the umask).
    ///
    /// # Errors
    /// As mkdir(2) has them.
    pub fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        for one in [Path::new(OWN_FOLDER), folder] {
            match std::fs::create_dir(one) {
                Ok(()) => std::fs::set_permissions(one, Permissions::from_mode(0o755))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes the folder if it is empty.
    pub fn remove_folder(&self) {
        if let Some(folder) = &self.folder {
            // Not empty: another instance's files are in it.
            std::fs::remove_dir(folder).unwrap_or(());
            std::fs::remove_dir(OWN_FOLDER).unwrap_or(());
        }
    }
}

/// A pid file, locked as long as it is open.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

/// Why there is no pid file.
#[derive(Debug)]
pub enum PidFileError {
    /// Somebody else has it (IF-155).
    Locked,
    Io(io::Error),
}

impl From<io::Error> for PidFileError {
    fn from(error: io::Error) -> PidFileError {
        PidFileError::Io(error)
    }
}

impl PidFile {
    /// Opens and locks the file; an old one of a dead process is taken over.
    ///
    /// # Errors
    /// [`PidFileError::Locked`] when another daemon lives; else as open(2) has them.
    pub fn lock(path: &Path) -> Result<PidFile, PidFileError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(path)?;
        let lock = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&lock)) {
            Ok(_) => {}
            Err(Errno::EAGAIN | Errno::EACCES) => return Err(PidFileError::Locked),
            Err(error) => return Err(PidFileError::Io(error.into())),
        }
        let mut text = String::new();
        // keepalived 2.2.7 has no lock; an unreadable old text is as good as none.
        (&file).take(LONGEST_NUMBER).read_to_string(&mut text).map(drop).unwrap_or(());
        if text.trim().parse().is_ok_and(|pid: u32| pid != std::process::id() && is_keepalived(pid)) {
            return Err(PidFileError::Locked);
        }
        Ok(PidFile { path: path.to_owned(), file })
    }

    /// Writes our process id (IF-154).
    ///
    /// # Errors
    /// As write(2) has them.
    pub fn write(&mut self) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(0o644))?;
        self.file.set_len(0)?;
        io::Seek::rewind(&mut self.file)?;
        self.file.write_all(format!("{}\n", std::process::id()).as_bytes())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file (IF-156).
    pub fn remove(self) {
        std::fs::remove_file(&self.path).unwrap_or(());
    }
}

/// Whether a living process with that number is a keepalived that is not stopping.
fn is_keepalived(pid: u32) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe"));
    program.is_ok_and(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().trim_end_matches(" (deleted)") == "keepalived")
    })
}

#[cfg(test)]
mod tests;
