//! Events of the supervisor: start, stop, reload, scripts, FIFOs, mail.

/// The processes of the original that our tasks stand for; the IPVS task and the checkers are one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Vrrp,
    Checkers,
}

/// Which notification FIFO (IF-197).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FifoKind {
    Global,
    Vrrp,
    Lvs,
}

/// The start or the end of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Startup,
    Shutdown,
}

impl Edge {
    pub const fn name(self) -> &'static str {
        match self {
            Edge::Startup => "startup",
            Edge::Shutdown => "shutdown",
        }
    }
}

/// How bad a finding about the configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Error,
    Warning,
    Note,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The first line (IF-231).
    Starting {
        version: String,
    },
    /// IF-232.
    RunningOn {
        system: String,
    },
    /// IF-234.
    CommandLine {
        words: Vec<String>,
    },
    /// IF-235.
    OpeningFile {
        file: String,
    },
    /// The files have been read (IF-236).
    ConfigurationFile {
        file: String,
    },
    /// One line of the effective configuration (IF-26).
    Effective {
        line: String,
    },
    /// A finding about the configuration, as one line with its place.
    Finding {
        weight: Weight,
        text: String,
    },
    /// A thread starts its work (IF-239, IF-240).
    PartStarting {
        part: Part,
        pid: i32,
    },
    /// Every part runs its first configuration (IF-242).
    StartupComplete,
    /// Every part runs the new configuration.
    ReloadComplete,
    /// IF-243.
    NothingToRun,
    /// IF-245.
    PidFileLocked {
        path: String,
    },
    /// IF-244.
    AlreadyRunning,
    /// A pid file cannot be written.
    PidFileRefused {
        path: String,
        error: String,
    },
    /// The daemon could not leave the terminal.
    CannotDetach {
        error: String,
    },
    /// IF-263.
    NoNamespace {
        name: String,
        error: String,
    },
    /// IF-246.
    Reloading,
    /// IF-83.
    ReloadQueued,
    /// IF-83.
    QueuedReload,
    /// The new configuration cannot be used, the running one is kept (differs from IF-85).
    ReloadRefused {
        file: String,
        why: String,
    },
    /// IF-84, IF-249.
    CannotChange {
        what: &'static str,
    },
    /// IF-251.
    Stopping,
    /// `startup_script` or `shutdown_script` runs (IF-264).
    EdgeScript {
        edge: Edge,
        script: String,
    },
    /// IF-265.
    EdgeScriptTimedOut {
        edge: Edge,
    },
    /// Not even KILL ended it: it is left behind.
    EdgeScriptStuck {
        edge: Edge,
        pid: i32,
    },
    /// IF-265. An exit status, or a signal.
    EdgeScriptFailed {
        edge: Edge,
        status: i32,
    },
    /// `reload_check_config`: the findings are in this file (IF-250).
    ReloadCheckFailed {
        file: String,
    },
    /// A file about a reload could not be written.
    TraceRefused {
        file: String,
        error: String,
    },
    /// `reload_time_file` (IF-93); local dates and times.
    ReloadScheduled {
        at: String,
    },
    ReloadRescheduled {
        from: String,
        to: String,
    },
    ReloadCancelled {
        at: String,
    },
    /// What the file says is no time, or one that is over.
    ReloadTimeInvalid {
        text: String,
        past: bool,
    },
    /// A part has stopped in order (IF-252).
    PartStopped {
        part: Part,
    },
    /// A part did not stop in time (IF-255).
    PartOverdue {
        part: Part,
    },
    /// A thread of a part has panicked: a defect of ours.
    PartDied {
        part: Part,
        pid: i32,
    },
    /// What the panic said, and where.
    Panicked {
        thread: String,
        message: String,
        place: String,
    },
    /// A part cannot go on (IF-261).
    PermanentError {
        part: Part,
        pid: i32,
        exit: u8,
        why: String,
    },
    /// Seconds of processor time, ours and that of the programs we ran (IF-253).
    ProcessorTime {
        user: [f64; 2],
        system: [f64; 2],
    },
    /// The last line (IF-254).
    Stopped {
        version: String,
    },
    /// `keepalived.stats` (IF-100).
    CannotWriteStatistics {
        error: String,
    },
    /// No core file, or one of limited size only, or none where it was wanted (IF-35, IF-36).
    CoreFilesRefused {
        error: String,
    },
    /// An option or signal that is accepted but has no effect yet.
    NotYet {
        what: String,
    },
    /// A task woke up late (IF-267).
    WokeLate {
        by: crate::base::time::Interval,
    },
    /// So it was made more urgent (IF-266).
    MoreUrgent {
        part: Part,
        priority: u8,
    },
    /// A scheduling setting that the kernel refused (IF-268 for memory).
    SchedulingRefused {
        part: Part,
        what: &'static str,
        error: String,
    },
    /// A script could not be started.
    ScriptRefused {
        script: String,
        error: String,
    },
    /// So many notify scripts run that further ones wait.
    ScriptsWaiting {
        running: usize,
    },
    /// So many notify scripts waited that these were given up.
    ScriptsGivenUp {
        count: u64,
    },
    /// IF-307.
    TrackScriptBusy {
        script: String,
        timing_out: bool,
    },
    /// IF-308.
    TrackScriptStuck {
        script: String,
        pid: i32,
    },
    /// `init_file` could not be written.
    FileNotInitialised {
        file: String,
        error: String,
    },
    /// The kernel watches no files for us.
    FilesNotWatched {
        error: String,
    },
    /// A track file holds a number that is too large (VR-224).
    FileNumberInvalid {
        path: String,
        number: i64,
    },
    /// The kernel tells of no processes here, so /proc is looked at; seconds between two looks.
    ProcessEventsRefused {
        error: String,
        pause: crate::base::time::Interval,
    },
    /// `process_monitor_rcv_bufs`.
    ProcessRoomRefused {
        error: String,
    },
    /// Some process events were lost: /proc is read again.
    ProcessEventsLost,
    /// IF-198 when there is no system error.
    FifoRefused {
        kind: FifoKind,
        path: String,
        error: Option<String>,
    },
    /// IF-201.
    FifoTwice {
        kind: FifoKind,
        path: String,
    },
    /// IF-199.
    FifoScriptEnded {
        kind: FifoKind,
    },
    /// Lines that did not fit into the pipe since the last report.
    FifoLinesLost {
        kind: FifoKind,
        count: u64,
    },
    /// IF-219.
    MailSent {
        server: String,
    },
    /// The relay cannot be reached (IF-219).
    MailUnreachable {
        server: String,
        error: String,
    },
    /// The relay did not answer in time (IF-219).
    MailTimeout {
        server: String,
    },
    /// The relay said no (IF-209).
    MailRefused {
        server: String,
        status: String,
    },
    /// So many mails waited that these were given up.
    MailsGivenUp {
        count: u64,
    },
    /// The log could not keep up: this many events were not written.
    EventsLost {
        count: u64,
    },
}
