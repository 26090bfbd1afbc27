//! The rows of `model::event::daemon`.

use super::{Ident, Level, Wording};
use crate::model::event::daemon::{Event, FifoKind, Part, Weight};

pub(super) fn wording(event: &Event) -> Wording {
    use Ident::{Keepalived, KeepalivedVrrp};
    use Level::{Alert, Error, Info, Warn};
    match event {
        Event::Starting { version } => {
            row("starting", Keepalived, Info, format!("Starting {version}")).with("version", version)
        }
        Event::RunningOn { system } => row("running_on", Keepalived, Info, format!("Running on {system}")),
        Event::CommandLine { words } => {
            let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            row("command_line", Keepalived, Info, format!("Command line: {}", words.join(" ")))
        }
        Event::OpeningFile { file } => {
            row("opening_file", Keepalived, Info, format!("Opening file '{file}'.")).detail().with("file", file)
        }
        Event::ConfigurationFile { file } => {
            row("configuration_file", Keepalived, Info, format!("Configuration file {file}")).with("file", file)
        }
        Event::Effective { line } => row("effective_configuration", Keepalived, Info, line.clone()),
        Event::Finding { weight, text } => {
            let level = match weight {
                Weight::Error => Error,
                Weight::Warning => Warn,
                Weight::Note => Info,
            };
            row("configuration_finding", Keepalived, level, text.clone())
        }
        Event::PartStarting { part, pid } => {
            row("part_starting", Keepalived, Info, format!("Starting {} child process, pid={pid}", name(*part)))
        }
        Event::StartupComplete => row("startup_complete", Keepalived, Info, "Startup complete"),
        Event::ReloadComplete => row("reload_complete", Keepalived, Info, "Reload complete"),
        Event::NothingToRun => {
            row("nothing_to_run", Keepalived, Info, "Warning - keepalived has no configuration to run")
        }
        Event::PidFileLocked { path } => {
            row("pid_file_locked", Keepalived, Info, format!("Another process has pid file {path} locked"))
                .with("file", path)
        }
        Event::AlreadyRunning => row("already_running", Keepalived, Info, "daemon is already running"),
        Event::PidFileRefused { path, error } => {
            let advice = "run as root, or name another file with --pid, --vrrp_pid, --checkers_pid";
            row("pid_file_refused", Keepalived, Error, format!("Unable to write pid file {path}: {error} - {advice}"))
                .with("file", path)
                .with("error", error)
        }
        Event::CannotDetach { error } => {
            row("cannot_detach", Keepalived, Error, format!("Unable to fork the daemon: {error}")).with("error", error)
        }
        Event::NoNamespace { name, error } => {
            let text = format!("Unable to set network namespace {name} - exiting ({error})");
            row("no_namespace", Keepalived, Error, text).with("error", error)
        }
        Event::Reloading => row("reloading", Keepalived, Info, "Reloading ..."),
        Event::ReloadQueued => {
            row("reload_queued", Keepalived, Info, "Reload already in progress, request queued").detail()
        }
        Event::QueuedReload => row("queued_reload", Keepalived, Info, "Processing queued reload"),
        Event::ReloadRefused { file, why } => {
            let text = format!("New configuration {file} cannot be used, keeping the running one: {why}");
            row("reload_refused", Keepalived, Error, text).with("file", file)
        }
        Event::CannotChange { what } => {
            let text = format!("Cannot change {what} at a reload - please restart keepalived");
            row("cannot_change", Keepalived, Error, text)
        }
        Event::Stopping => row("stopping", Keepalived, Info, "Stopping"),
        Event::EdgeScript { edge, script } => {
            let text = format!("Running {} script {script}", edge.name());
            row("edge_script", Keepalived, Info, text).detail().with("script", script)
        }
        Event::EdgeScriptTimedOut { edge } => {
            row("edge_script_timed_out", Keepalived, Info, format!("{} script timed out", edge.name()))
        }
        Event::EdgeScriptStuck { edge, pid } => {
            let text = format!("{} script (PID {pid}) failed to terminate after kill", edge.name());
            row("edge_script_stuck", Keepalived, Warn, text)
        }
        // The word stands twice in the original, too.
        Event::EdgeScriptFailed { edge, status } => {
            let text = format!("{} script script failed, status {status}", edge.name());
            row("edge_script_failed", Keepalived, Info, text).with("status", status)
        }
        Event::ReloadCheckFailed { file } => {
            let text = format!("New config failed validation, see {file} for details");
            row("reload_check_failed", Keepalived, Info, text).with("file", file)
        }
        Event::TraceRefused { file, error } => {
            row("trace_refused", Keepalived, Warn, format!("Unable to write {file}: {error}"))
                .with("file", file)
                .with("error", error)
        }
        Event::ReloadScheduled { at } => {
            row("reload_scheduled", Keepalived, Info, format!("Scheduling reload for {at}"))
        }
        Event::ReloadRescheduled { from, to } => {
            row("reload_rescheduled", Keepalived, Info, format!("Reload time updated from {from} to {to}"))
        }
        Event::ReloadCancelled { at } => {
            row("reload_cancelled", Keepalived, Info, format!("Cancelling reload scheduled for {at}"))
        }
        Event::ReloadTimeInvalid { text, past: true } => {
            row("reload_time_past", Keepalived, Info, format!("Reload time {text} is in the past - ignoring"))
        }
        Event::ReloadTimeInvalid { text, past: false } => {
            row("reload_time_invalid", Keepalived, Info, format!("Invalid reload time '{text}' specified - ignoring"))
        }
        Event::PartStopped { part } => row("part_stopped", ident(*part), Info, "Stopped"),
        Event::PartOverdue { part } => {
            let name = match part {
                Part::Vrrp => "vrrp",
                Part::Checkers => "checker",
            };
            row("part_overdue", Keepalived, Error, format!("{name} process failed to die - forcing termination"))
        }
        Event::PartDied { part, pid } => {
            row("part_died", Keepalived, Alert, format!("{} child process({pid}) died: Exiting", name(*part)))
        }
        Event::Panicked { thread, message, place } => {
            let text = format!("Internal error in thread {thread} at {place}: {message} - please report it");
            row("panicked", Keepalived, Alert, text).with("thread", thread).with("file", place)
        }
        Event::PermanentError { part, pid, exit, why } => {
            let kind = match exit {
                2 => "CONFIG",
                4 => "missing permission",
                _ => "FATAL",
            };
            let text = format!("pid {pid} exited with permanent error {kind}. Terminating ({}: {why})", name(*part));
            row("permanent_error", Keepalived, Error, text).with("error", why)
        }
        Event::ProcessorTime { user: [own, others], system: [own_system, others_system] } => {
            let user = format!("{own:.6}/{others:.6}");
            let system = format!("{own_system:.6}/{others_system:.6}");
            row("processor_time", Keepalived, Info, format!("CPU usage (self/children) user: {user} system: {system}"))
                .detail()
        }
        Event::Stopped { version } => {
            row("stopped", Keepalived, Info, format!("Stopped {version}")).with("version", version)
        }
        Event::CannotWriteStatistics { error } => {
            row("cannot_write_statistics", Keepalived, Warn, format!("Can't open keepalived.stats ({error})"))
                .with("error", error)
        }
        Event::CoreFilesRefused { error } => {
            row("core_files_refused", Keepalived, Warn, format!("Core files are not left as asked for: {error}"))
        }
        Event::NotYet { what } => row("not_yet", Keepalived, Warn, format!("{what} has no effect yet")),
        Event::WokeLate { by } => {
            let (seconds, micros) = (by.as_micros() / 1_000_000, by.as_micros() % 1_000_000);
            let text = format!("A thread timer expired {seconds}.{micros:06} seconds ago");
            row("woke_late", KeepalivedVrrp, Info, text).with("delay", by)
        }
        Event::MoreUrgent { part, priority } => {
            row("more_urgent", ident(*part), Info, format!("Set realtime priority {priority}"))
                .with("priority", priority)
        }
        Event::SchedulingRefused { part, what: "memory lock", error } => {
            row("memory_not_locked", ident(*part), Info, format!("Unable to lock process in memory - {error}"))
                .with("error", error)
        }
        Event::SchedulingRefused { part, what, error } => {
            row("scheduling_refused", ident(*part), Warn, format!("Unable to set {what} - {error}"))
                .with("error", error)
        }
        Event::ScriptRefused { script, error } => {
            row("script_refused", Keepalived, Warn, format!("Unable to run script {script}: {error}"))
                .with("script", script)
                .with("error", error)
        }
        Event::ScriptsWaiting { running } => {
            let text = format!("{running} notify scripts are running, further ones wait");
            row("scripts_waiting", Keepalived, Warn, text).with("count", running)
        }
        Event::ScriptsGivenUp { count } => {
            let text = format!("{count} notify scripts were not run, too many are running and waiting");
            row("scripts_given_up", Keepalived, Error, text).with("count", count)
        }
        Event::TrackScriptBusy { script, timing_out } => {
            let doing = if *timing_out { "being timed out" } else { "already running" };
            let text = format!("Track script {script} is {doing}, expect idle - skipping run");
            row("track_script_busy", KeepalivedVrrp, Info, text).with("script", script)
        }
        Event::TrackScriptStuck { script, pid } => {
            let text = format!("Script {script} child (PID {pid}) failed to terminate after kill");
            row("track_script_stuck", KeepalivedVrrp, Warn, text).with("script", script)
        }
        Event::FileNotInitialised { file, error } => {
            let text = format!("Unable to initialise track file {file}: {error}");
            row("track_file_not_initialised", KeepalivedVrrp, Warn, text).with("file", file).with("error", error)
        }
        Event::FilesNotWatched { error } => {
            let text = format!("Unable to monitor track files: {error}");
            row("track_files_not_watched", KeepalivedVrrp, Warn, text).with("error", error)
        }
        Event::FileNumberInvalid { path, number } => {
            let text = format!("Invalid number {number} read from {path} - ignoring");
            row("track_file_number_invalid", KeepalivedVrrp, Info, text).with("file", path)
        }
        Event::ProcessEventsRefused { error, pause } => {
            let text = format!("Failed to set process event listen - {error} - looking at /proc every {pause} seconds");
            row("process_events_refused", KeepalivedVrrp, Info, text).with("error", error)
        }
        Event::ProcessRoomRefused { error } => {
            row("process_room_refused", KeepalivedVrrp, Warn, format!("process_monitor_rcv_bufs: {error}"))
                .with("error", error)
        }
        Event::ProcessEventsLost => {
            row("process_events_lost", KeepalivedVrrp, Info, "process events were lost - reading /proc again")
        }
        Event::FifoRefused { kind, path, error: None } => {
            let text = format!("{}notify fifo {path} is not a fifo we own - not using", prefix(*kind));
            row("fifo_not_ours", owner(*kind), Info, text).with("file", path)
        }
        Event::FifoRefused { kind, path, error: Some(error) } => {
            let text = format!("Unable to open {}notify fifo {path}: {error} - not using", prefix(*kind));
            row("fifo_refused", owner(*kind), Warn, text).with("file", path).with("error", error)
        }
        Event::FifoTwice { kind, path } => {
            let kind = prefix(*kind).trim_end();
            let text =
                format!("notify FIFO {path} has been specified for global and {kind} FIFO - ignoring {kind} FIFO");
            row("fifo_twice", Keepalived, Info, text).with("file", path)
        }
        Event::FifoScriptEnded { kind } => {
            let text = format!("{}notify fifo script terminated", prefix(*kind));
            row("fifo_script_ended", owner(*kind), Info, text)
        }
        Event::FifoLinesLost { kind, count } => {
            let text = format!("{count} lines were lost, nobody reads the {}notify fifo", prefix(*kind));
            row("fifo_lines_lost", owner(*kind), Warn, text).with("count", count)
        }
        Event::MailSent { server } => {
            row("mail_sent", Keepalived, Info, "SMTP alert successfully sent.").detail().with("server", server)
        }
        Event::MailUnreachable { server, error } => {
            row("mail_unreachable", Keepalived, Info, format!("SMTP connection ERROR to {server}."))
                .with("server", server)
                .with("error", error)
        }
        Event::MailTimeout { server } => {
            let text = format!("Timeout reading data to remote SMTP server {server}.");
            row("mail_timeout", Keepalived, Info, text).with("server", server)
        }
        Event::MailRefused { server, status } => {
            let text = format!("Error processing mail on SMTP server {server}. SMTP status code = {status}");
            row("mail_refused", Keepalived, Info, text).with("server", server).with("status", status)
        }
        Event::MailsGivenUp { count } => {
            let text = format!("{count} mails were not sent, too many are waiting");
            row("mails_given_up", Keepalived, Warn, text).with("count", count)
        }
        Event::EventsLost { count } => {
            row("events_lost", Keepalived, Warn, format!("{count} log lines were lost, the log could not keep up"))
                .with("count", count)
        }
    }
}

fn row(id: &'static str, ident: Ident, level: Level, message: impl Into<String>) -> Wording {
    Wording { id, level, ident, detail: false, message: message.into(), fields: Vec::new() }
}

impl Wording {
    fn detail(mut self) -> Wording {
        self.detail = true;
        self
    }

    fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Wording {
        self.fields.push((name, value.to_string()));
        self
    }
}

/// The original's word for the process.
fn name(part: Part) -> &'static str {
    match part {
        Part::Vrrp => "VRRP",
        Part::Checkers => "Healthcheck",
    }
}

fn ident(part: Part) -> Ident {
    match part {
        Part::Vrrp => Ident::KeepalivedVrrp,
        Part::Checkers => Ident::KeepalivedHealthcheckers,
    }
}

/// The process of the original that writes to such a FIFO.
fn owner(kind: FifoKind) -> Ident {
    match kind {
        FifoKind::Global => Ident::Keepalived,
        FifoKind::Vrrp => Ident::KeepalivedVrrp,
        FifoKind::Lvs => Ident::KeepalivedHealthcheckers,
    }
}

fn prefix(kind: FifoKind) -> &'static str {
    match kind {
        FifoKind::Global => "",
        FifoKind::Vrrp => "vrrp ",
        FifoKind::Lvs => "lvs ",
    }
}
