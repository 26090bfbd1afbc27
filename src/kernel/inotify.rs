//! Files that change: inotify(7) on the folders that they are in.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Written and closed, removed, renamed; and the folder itself.
const WANTED: AddWatchFlags = AddWatchFlags::IN_CLOSE_WRITE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVE)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR);
const FOLDER_LOST: AddWatchFlags =
    AddWatchFlags::IN_DELETE_SELF.union(AddWatchFlags::IN_MOVE_SELF).union(AddWatchFlags::IN_IGNORED);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A file of this name was written, removed or renamed.
    File { folder: WatchDescriptor, name: OsString },
    /// The folder is not there any more; it is not watched any more either.
    FolderLost(WatchDescriptor),
    /// Something was not told: look at everything.
    Overflow,
}

/// Folders that are watched.
#[derive(Debug)]
pub struct Folders(AsyncFd<Descriptor>);

#[derive(Debug)]
struct Descriptor(Inotify);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Folders {
    /// Must be called inside a runtime.
    ///
    /// # Errors
    /// When this user has too many (fs.inotify.max_user_instances).
    pub fn new() -> io::Result<Folders> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        // SAFETY: the instance owns its descriptor, which stays the same and open for as long as the instance lives.
        let descriptor = unsafe { AsyncFd::register_with_interest(Descriptor(inotify), Interest::READABLE)? };
        Ok(Folders(descriptor))
    }

    /// Watches a folder; one that is watched already keeps its number.
    ///
    /// # Errors
    /// When it is not there, or no folder, or there are too many watches (fs.inotify.max_user_watches).
    pub fn watch(&self, folder: &Path) -> io::Result<WatchDescriptor> {
        Ok(self.0.get_ref().0.add_watch(folder, WANTED)?)
    }

    /// What happened since; waits until something did. Can be dropped at any moment without losing anything.
    ///
    /// # Errors
    /// As read(2) has them.
    pub async fn changes(&mut self) -> io::Result<Vec<Seen>> {
        loop {
            let mut ready = self.0.readable_mut().await?;
            match ready.try_io(|descriptor| descriptor.get_ref().0.read_events().map_err(io::Error::from)) {
                Ok(Ok(events)) => return Ok(self.understand(events)),
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::EINTR as i32) => {}
                Ok(Err(error)) => return Err(error),
                // Nothing there after all: wait on.
                Err(_) => {}
            }
        }
    }

    fn understand(&self, events: Vec<nix::sys::inotify::InotifyEvent>) -> Vec<Seen> {
        let mut seen = Vec::new();
        for event in events {
            if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                seen.push(Seen::Overflow);
            } else if event.mask.intersects(FOLDER_LOST) {
                // Renamed, it is another folder; gone or unmounted, the kernel has removed the watch already.
                self.0.get_ref().0.rm_watch(event.wd).unwrap_or(());
                seen.push(Seen::FolderLost(event.wd));
            } else if let Some(name) = event.name.filter(|_| !event.mask.contains(AddWatchFlags::IN_ISDIR)) {
                seen.push(Seen::File { folder: event.wd, name });
            }
        }
        seen
    }
}
