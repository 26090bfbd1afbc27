//! `keepalived.stats`: written when a signal asks for it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::kernel::background::own_pid;

const NAME: &str = "keepalived.stats";

/// Where it is written: as `stats_dump_file` says, a file or (with a slash behind it) a folder; beneath the folder for
/// temporary files if it does not begin at the root.
pub fn place(configured: Option<&str>) -> PathBuf {
    let given = configured.unwrap_or(NAME);
    let path = std::env::temp_dir().join(given);
    if given.ends_with('/') { path.join(NAME) } else { path }
}

/// Writes the file, whole or not at all: readers see the old one or the new one, and a link that somebody put
/// there is replaced and not followed (IF-99). For the owner only.
///
/// # Errors
/// As open(2), write(2) and rename(2) have them.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}", own_pid()));
    let new = PathBuf::from(new);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The first failure is what is told.
        fs::remove_file(&new).unwrap_or(());
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// IF-95, IF-99, IF-100: a new file each time, in place of whatever is there; what cannot be is an error.
    #[test]
    fn the_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join(NAME), folder.path().join("other"));
        fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        write(&file, "one\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        write(&file, "two\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write(&folder.path().join("nowhere/x"), "").is_err());
    }

    /// IF-97: the setting is followed, unlike in the original.
    #[test]
    fn places() {
        let shown = |given| place(given).display().to_string();
        let usual = std::env::temp_dir().join(NAME).display().to_string();
        assert_eq!(shown(None), usual);
        assert_eq!(shown(Some("/var/lib/k/router.stats")), "/var/lib/k/router.stats");
        assert_eq!(shown(Some("/var/lib/k/")), "/var/lib/k/keepalived.stats");
        assert_eq!(shown(Some("router.stats")), std::env::temp_dir().join("router.stats").display().to_string());
    }
}
