//! Settings of the network under /proc/sys/net, of the calling thread's network namespace.

use std::io;
use std::path::PathBuf;

const FOLDER: &str = "/proc/sys/net";

/// The value of `key`, a path below /proc/sys/net: `ipv4/conf/eth0/arp_ignore`.
///
/// Errors: ENOENT when there is no such setting, or no such interface any more.
pub fn read(key: &str) -> io::Result<String> {
    let text = std::fs::read_to_string(PathBuf::from(FOLDER).join(key))?;
    Ok(text.trim().to_owned())
}

/// Errors: as `read`; EROFS or EACCES where the settings are protected (containers).
pub fn write(key: &str, value: &str) -> io::Result<()> {
    std::fs::write(PathBuf::from(FOLDER).join(key), value)
}

/// What has settings in this folder: interfaces in `ipv4/conf`, with `all` and `default`.
pub fn names(folder: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(PathBuf::from(FOLDER).join(folder))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
