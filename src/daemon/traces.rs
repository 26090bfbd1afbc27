//! What a reload leaves in files: the sign that it is under way, what runs before and after it, what was wrong.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::config::dump::{Secrets, dump};
use crate::daemon::statistics;
use crate::kernel::background::own_pid;
use crate::model::Model;

/// `reload_file`: there as long as this lives (IF-92).
pub struct UnderWay(Option<PathBuf>);

impl UnderWay {
    /// # Errors
    /// As open(2) has them.
    pub fn begin(file: Option<&str>) -> io::Result<UnderWay> {
        if let Some(file) = file {
            open(file)?;
        }
        Ok(UnderWay(file.map(PathBuf::from)))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            // Somebody else may have removed it.
            fs::remove_file(file).unwrap_or(());
        }
    }
}

/// A file to write to; a pipe that nobody reads is an error and holds nothing up.
fn open(file: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o644).custom_flags(OFlag::O_NONBLOCK.bits()).open(file)
}

/// Writes what `-t` says of the new configuration (`reload_check_config`).
///
/// # Errors
/// As open(2) and write(2) have them.
pub fn note(file: &str, findings: &str) -> io::Result<()> {
    open(file)?.write_all(findings.as_bytes())
}

/// `config_save_dir`: what runs before the `number`th reload or after it, for the owner only and without passwords.
///
/// # Errors
/// As mkdir(2), open(2), write(2) and rename(2) have them.
pub fn save(folder: &str, number: u64, when: &str, model: &Model) -> io::Result<()> {
    let folder = Path::new(folder);
    match DirBuilder::new().mode(0o700).create(folder) {
        // Whatever the umask.
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o700))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let path = folder.join(format!("keepalived.{}.{number}.{when}", own_pid()));
    statistics::write(&path, &dump(model, Secrets::Hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IF-92: the sign is there while it reloads and no longer; where it cannot be, that is an error and nothing else.
    #[test]
    fn the_sign_of_a_reload() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sign");
        let name = file.display().to_string();
        let sign = UnderWay::begin(Some(&name)).unwrap();
        assert!(file.exists());
        drop(sign);
        assert!(!file.exists());
        assert!(UnderWay::begin(Some(&format!("{name}/x"))).is_err());
        drop(UnderWay::begin(None).unwrap());
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(note(&name, "findings").is_err(), "nobody reads");
    }
}
