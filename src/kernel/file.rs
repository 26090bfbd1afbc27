//! Small files that somebody else writes.

use std::fs::OpenOptions;
use std::io::{Read, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// At most `most` bytes of a file. Something that never ends, or a pipe that nobody writes to, holds nothing up.
///
/// # Errors
/// When it cannot be opened or read.
pub fn read_within(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_there_is_read_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert!(read_within(&file, 4).is_err());
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_within(&file, 4).unwrap(), b"1234");
        std::fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_within(&file, 4).unwrap(), b"");
        assert_eq!(read_within(Path::new("/dev/zero"), 4).unwrap(), [0; 4]);
    }
}
