//! Track files: their numbers to whoever follows them, at once when they change (VR-224, CK-120).

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::inotify::WatchDescriptor;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::base::name::FilePath;
use crate::base::number::leading_integer;
use crate::daemon::message::{Reporter, ToVrrp};
use crate::kernel::file::read_within;
use crate::kernel::inotify::{Folders, Seen};
use crate::model::event::daemon::Event;
use crate::model::track::TrackFile;

/// What is read of a file at most, in bytes.
const MOST: u64 = 127;
/// Between two looks for a folder that is not there.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The number in a track file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub path: FilePath,
    pub number: i64,
}

impl From<Reading> for ToVrrp {
    fn from(Reading { path, number }: Reading) -> ToVrrp {
        ToVrrp::File { path, number }
    }
}

/// The track files that one task follows.
pub struct TrackFiles {
    reporter: Reporter,
    files: Vec<Arc<TrackFile>>,
    waiting: Option<Watcher>,
    task: Option<JoinHandle<()>>,
}

/// Where one file is looked for: itself, and what it links to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    folder: WatchDescriptor,
    name: OsString,
    file: usize,
}

struct Watcher {
    folders: Folders,
    files: Vec<Arc<TrackFile>>,
    places: Vec<Place>,
    reporter: Reporter,
}

impl TrackFiles {
    pub fn new(reporter: Reporter) -> TrackFiles {
        TrackFiles { reporter, files: Vec::new(), waiting: None, task: None }
    }

    /// Writes what `init_file` says (VR-226): once, before anybody follows them.
    pub fn initialise(&self, files: &[Arc<TrackFile>]) {
        for file in files {
            let Some(init) = file.init else { continue };
            let path = Path::new(file.path.as_str());
            if path.exists() && !init.overwrite {
                continue;
            }
            let mut options = std::fs::OpenOptions::new();
            // A FIFO that came to stand there since it was looked at is not waited for.
            let options = options.write(true).create(true).truncate(true).custom_flags(OFlag::O_NONBLOCK.bits());
            let open = options.open(path);
            if let Err(error) = open.and_then(|mut opened| writeln!(opened, "{}", init.value)) {
                self.reporter
                    .report(Event::FileNotInitialised { file: file.name.to_string(), error: error.to_string() });
            }
        }
    }

    /// From now on these are watched: the numbers that they have now. Nothing more is told until `follow`.
    pub fn set(&mut self, wanted: &[Arc<TrackFile>]) -> Vec<Reading> {
        if self.files == wanted && (self.task.is_some() || wanted.is_empty()) {
            return Vec::new();
        }
        self.stop();
        self.files = wanted.to_vec();
        if wanted.is_empty() {
            return Vec::new();
        }
        match Folders::new() {
            Ok(folders) => {
                let files = wanted.to_vec();
                let mut watcher = Watcher { folders, files, places: Vec::new(), reporter: self.reporter.clone() };
                (0..watcher.files.len()).for_each(|file| watcher.settle(file));
                self.waiting = Some(watcher);
            }
            Err(error) => self.reporter.report(Event::FilesNotWatched { error: error.to_string() }),
        }
        wanted.iter().filter_map(|file| reading(&file.path, &self.reporter)).collect()
    }

    /// Changes go there from now on.
    pub fn follow<Message: From<Reading> + Send + 'static>(&mut self, to: &mpsc::Sender<Message>) {
        if let Some(watcher) = self.waiting.take() {
            self.task = Some(tokio::spawn(watcher.watch(to.clone())));
        }
    }

    pub fn stop(&mut self) {
        self.files.clear();
        self.waiting = None;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Watcher {
    async fn watch<Message: From<Reading>>(mut self, to: mpsc::Sender<Message>) {
        loop {
            let lost: Vec<usize> = (0..self.files.len()).filter(|file| !self.is_placed(*file)).collect();
            let told = tokio::select! {
                biased;
                seen = self.folders.changes() => match seen {
                    Ok(seen) => self.touched(&seen),
                    Err(error) => {
                        self.reporter.report(Event::FilesNotWatched { error: error.to_string() });
                        sleep(LOOK_AGAIN).await;
                        (0..self.files.len()).collect()
                    }
                },
                () = sleep(LOOK_AGAIN), if !lost.is_empty() => lost,
            };
            for file in told {
                self.settle(file);
                let Some(reading) = reading(&self.files[file].path, &self.reporter) else { continue };
                if to.send(reading.into()).await.is_err() {
                    return;
                }
            }
        }
    }

    /// The files that something happened to, each once.
    fn touched(&mut self, seen: &[Seen]) -> Vec<usize> {
        let mut touched = Vec::new();
        for one in seen {
            match one {
                Seen::File { folder, name } => {
                    let here = self.places.iter().filter(|place| place.folder == *folder && place.name == *name);
                    touched.extend(here.map(|place| place.file));
                }
                Seen::FolderLost(folder) => {
                    touched.extend(self.places.iter().filter(|place| place.folder == *folder).map(|place| place.file));
                    self.places.retain(|place| place.folder != *folder);
                }
                Seen::Overflow => touched.extend(0..self.files.len()),
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// Whether the folder of a file's own path is watched.
    fn is_placed(&self, file: usize) -> bool {
        let (_, name) = split(Path::new(self.files[file].path.as_str()));
        self.places.iter().any(|place| place.file == file && place.name == name)
    }

    /// Watches where a file is, and where it leads if it is a link.
    fn settle(&mut self, file: usize) {
        let path = PathBuf::from(self.files[file].path.as_str());
        let real = path.canonicalize().ok();
        let mut places = Vec::new();
        for path in [Some(path), real].into_iter().flatten() {
            let (folder, name) = split(&path);
            // A folder that is not there is looked for again each second.
            let Ok(folder) = self.folders.watch(&folder) else { continue };
            let place = Place { folder, name, file };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        self.places.retain(|place| place.file != file);
        self.places.extend(places);
    }
}

/// Folder and name; a path without folder is in the working directory.
fn split(path: &Path) -> (PathBuf, OsString) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder.to_owned(), path.file_name().unwrap_or_default().to_owned())
}

/// The number in a file, if it holds none that is too large, which is told.
fn reading(path: &FilePath, reporter: &Reporter) -> Option<Reading> {
    match number(path) {
        Ok(number) => Some(Reading { path: path.clone(), number }),
        Err(number) => {
            reporter.report(Event::FileNumberInvalid { path: path.to_string(), number });
            None
        }
    }
}

/// The number in a file; 0 for one that is not there.
///
/// # Errors
/// The number, when it is too large.
pub fn number(path: &FilePath) -> Result<i64, i64> {
    // What cannot be read holds nothing (VR-224).
    let text = read_within(Path::new(path.as_str()), MOST).unwrap_or_default();
    let number = leading_integer(&text)?;
    if (i64::from(i32::MIN)..=i64::from(i32::MAX) + 1).contains(&number) { Ok(number) } else { Err(number) }
}
