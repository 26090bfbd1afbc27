//! `reload_time_file`: a file that says when the configuration is to be read again (IF-93). It is looked at each second.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::base::calendar::{Appointment, LocalTime};
use crate::config::regular;
use crate::daemon::message::Reporter;
use crate::kernel::local_time;
use crate::model::event::daemon::Event;
use crate::model::upkeep::ReloadTime;

const PAUSE: Duration = Duration::from_secs(1);
/// Bytes of the file that are looked at: more is no time.
const MOST: u64 = 64;

/// When the next reload is due.
pub struct ReloadClock {
    reporter: Reporter,
    settings: Option<ReloadTime>,
    /// What the file last said.
    said: Option<String>,
    scheduled: Option<Scheduled>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scheduled {
    /// Seconds since 1970.
    at: i64,
    dated: bool,
}

impl ReloadClock {
    pub fn new(reporter: Reporter) -> ReloadClock {
        ReloadClock { reporter, settings: None, said: None, scheduled: None }
    }

    /// At the start and after each reload: the file is read anew.
    pub fn set(&mut self, settings: &Option<ReloadTime>) {
        self.settings.clone_from(settings);
        self.said = None;
        self.scheduled = None;
    }

    /// Returns when it is time. May be dropped and called again.
    pub async fn due(&mut self) {
        while self.settings.is_some() {
            self.look();
            let now = local_time::seconds();
            if let Some(scheduled) = self.scheduled.filter(|scheduled| scheduled.at <= now) {
                self.scheduled = None;
                self.over(scheduled);
                return;
            }
            sleep(PAUSE).await;
        }
        std::future::pending().await
    }

    /// The file goes, unless its time is for each day.
    fn over(&self, scheduled: Scheduled) {
        let Some(settings) = &self.settings else { return };
        if !settings.repeat || scheduled.dated {
            // Somebody else may have removed it.
            fs::remove_file(&settings.file).unwrap_or(());
        }
    }

    fn look(&mut self) {
        let Some(settings) = &self.settings else { return };
        let said = first_line(&settings.file);
        if said == self.said {
            return;
        }
        let wanted = said.as_deref().and_then(|said| self.appointed(said));
        self.said = said;
        let shown = |scheduled: Scheduled| local_time::at(scheduled.at).numbers();
        match (self.scheduled, wanted) {
            (Some(old), Some(new)) if old.at != new.at => {
                self.reporter.report(Event::ReloadRescheduled { from: shown(old), to: shown(new) });
            }
            (None, Some(new)) => self.reporter.report(Event::ReloadScheduled { at: shown(new) }),
            (Some(old), None) => self.reporter.report(Event::ReloadCancelled { at: shown(old) }),
            (Some(_), Some(_)) | (None, None) => {}
        }
        self.scheduled = wanted;
    }

    fn appointed(&self, said: &str) -> Option<Scheduled> {
        let now = local_time::seconds();
        let appointment = Appointment::from_text(said);
        let today = |utc| if utc { local_time::utc(now) } else { local_time::at(now) };
        let at = appointment.and_then(|one| {
            let time = one.on(&today(one.utc));
            Some((one, local_time::to_seconds(&time, one.utc)?, time))
        });
        let Some((one, at, time)) = at else {
            self.reporter.report(Event::ReloadTimeInvalid { text: said.to_owned(), past: false });
            return None;
        };
        match (at > now, one.date.is_some()) {
            (true, dated) => Some(Scheduled { at, dated }),
            (false, false) => {
                let tomorrow = LocalTime { day: time.day + 1, ..time };
                Some(Scheduled { at: local_time::to_seconds(&tomorrow, one.utc)?, dated: false })
            }
            (false, true) => {
                self.reporter.report(Event::ReloadTimeInvalid { text: said.to_owned(), past: true });
                None
            }
        }
    }
}

/// What a file says first; no file, or one that is no text, says nothing.
fn first_line(file: &str) -> Option<String> {
    let text = String::from_utf8(regular::read(Path::new(file), MOST).ok()?).ok()?;
    Some(text.lines().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IF-93: one line, of bounded length, whatever the file is; what is no file, as a pipe without a writer, says
    /// nothing and holds nothing up.
    #[test]
    fn any_file_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("when");
        let said = || first_line(&file.display().to_string());
        assert_eq!(said(), None);
        fs::write(&file, "07:16:57\nmore\n").unwrap();
        assert_eq!(said().as_deref(), Some("07:16:57"));
        fs::write(&file, "x".repeat(1_000_000)).unwrap();
        assert_eq!(said().map(|text| text.len()), Some(64));
        fs::write(&file, [0xff, 0xfe]).unwrap();
        assert_eq!(said(), None);
        fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(said(), None);
        assert_eq!(first_line("/dev/zero"), None);
    }
}
