//! What systemd is told (sd_notify(3), Type=notify or notify-reload).

use sd_notify::NotifyState;

/// Speaks only when systemd started us (NOTIFY_SOCKET is set).
#[derive(Clone, Copy, Debug)]
pub struct Systemd {
    listening: bool,
}

impl Systemd {
    pub fn find() -> Systemd {
        Systemd { listening: std::env::var_os("NOTIFY_SOCKET").is_some() }
    }

    fn tell(self, words: &[NotifyState<'_>]) {
        if self.listening {
            // systemd itself notices when we do not get through.
            sd_notify::notify(words).unwrap_or(());
        }
    }

    /// Start or reload is complete (IF-463).
    pub fn ready(self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::MainPid(std::process::id()), NotifyState::Status(status)]);
    }

    /// A reload begins; with the time, so that Type=notify-reload works, too.
    pub fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now, NotifyState::Status("Reloading")]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    pub fn stopping(self, status: &str) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// A part failed for good: 1, or 22 (EINVAL) for the configuration.
    pub fn failed(self, errno: u32) {
        self.tell(&[NotifyState::Errno(errno)]);
    }

    pub fn status(self, status: &str) {
        self.tell(&[NotifyState::Status(status)]);
    }
}
