//! FIFOs in a directory of the test's own.

use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use nix::unistd::{getegid, geteuid};

use super::{Fifo, FifoError};
use crate::model::notify::ScriptIdentity;

fn owner() -> ScriptIdentity {
    ScriptIdentity { uid: geteuid().as_raw(), gid: getegid().as_raw(), groups: Vec::new() }
}

/// IF-197: made if missing, written without waiting, lines that do not fit are lost, unlinked only if made here.
#[test]
fn a_fifo_is_made_written_and_removed() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("fifo");
    let fifo = Fifo::open(&path, &owner()).expect("a fifo");
    let mode = std::fs::metadata(&path).expect("metadata").permissions().mode();
    assert_eq!(mode & 0o7000 | mode & 0o133, 0, "{mode:o}");
    fifo.write("one\n").expect("room");
    let mut reader =
        std::fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(&path).expect("open");
    let mut got = [0; 4];
    reader.read_exact(&mut got).expect("a line");
    assert_eq!(&got, b"one\n");

    let long = "x".repeat(4095) + "\n";
    let refused = (0..1000).find_map(|_| fifo.write(&long).err()).expect("a pipe is not endless");
    assert_eq!(refused.kind(), std::io::ErrorKind::WouldBlock);

    let second = Fifo::open(&path, &owner()).expect("it exists");
    second.close();
    assert!(path.exists(), "not made by the second, so not removed by it");
    fifo.close();
    assert!(!path.exists());
}

/// IF-198.
#[test]
fn what_is_not_a_fifo_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("file");
    std::fs::write(&path, "text").expect("a file");
    assert!(matches!(Fifo::open(&path, &owner()), Err(FifoError::NotOurs)));
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), "text");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert!(matches!(Fifo::open(&link, &owner()), Err(FifoError::NotOurs)));
}
