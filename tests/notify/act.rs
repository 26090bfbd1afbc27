//! The supervisor with tasks that only talk: real scripts, FIFOs and mail.

use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use keepalived_rs::daemon::message::{Release, Reporter, Setup, Task, ToCheckers, ToIpvs, ToSupervisor, ToVrrp};
use keepalived_rs::daemon::reload::Source;
use keepalived_rs::daemon::supervisor::{self, Order};
use keepalived_rs::daemon::tasks::Work;
use keepalived_rs::model::Model;
use keepalived_rs::model::event::{Event, Notification, NotifyState, daemon};
use keepalived_rs::model::notify::NotifyFifo;
use keepalived_rs::model::track::ScriptOutcome;
use keepalived_rs::observe::queue::Exit;
use nix::sys::signal::{Signal, raise};
use tokio::sync::mpsc;

use crate::plan::{group, instance};
use crate::relay::relay;
use crate::telling::{global, mail, model, script};

const PATIENCE: Duration = Duration::from_secs(20);
/// SIGTERM ends every supervisor of this process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());
/// What the talking VRRP task was told of track scripts.
static OUTCOMES: Mutex<Vec<(String, ScriptOutcome)>> = Mutex::new(Vec::new());

fn alone() -> MutexGuard<'static, ()> {
    let guard = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    OUTCOMES.lock().expect("not poisoned").clear();
    guard
}

/// Goes from BACKUP to MASTER at once; says STOP at the stop.
fn talking(setup: Setup<ToVrrp>) {
    let Setup { mut inbox, supervisor, generation, .. } = setup;
    let tell = |notification: Notification| {
        supervisor.blocking_send(ToSupervisor::Notify(notification)).expect("the supervisor listens");
    };
    tell(group(NotifyState::Backup));
    tell(instance(NotifyState::Backup, 100));
    tell(instance(NotifyState::Master, 100));
    tell(group(NotifyState::Master));
    supervisor.blocking_send(ToSupervisor::Ready { task: Task::Vrrp, generation }).expect("it listens");
    while let Some(message) = inbox.blocking_recv() {
        match message {
            ToVrrp::Script { name, outcome } => {
                OUTCOMES.lock().expect("not poisoned").push((name.to_string(), outcome));
            }
            ToVrrp::Stop => break,
            ToVrrp::Reload { .. }
            | ToVrrp::File { .. }
            | ToVrrp::Processes { .. }
            | ToVrrp::LinkAnswered { .. }
            | ToVrrp::Statistics { .. } => {}
        }
    }
    tell(instance(NotifyState::Stop, 100));
    tell(group(NotifyState::Stop));
    supervisor.blocking_send(ToSupervisor::Stopped(Task::Vrrp)).expect("it listens");
}

fn panicking(_: Setup<ToVrrp>) {
    panic!("planted");
}

fn failing(setup: Setup<ToVrrp>) {
    let failed = ToSupervisor::Failed { task: Task::Vrrp, exit: 4, why: "no raw socket - run as root".to_owned() };
    setup.supervisor.blocking_send(failed).expect("it listens");
}

/// Never stops.
fn deaf(setup: Setup<ToVrrp>) {
    let ready = ToSupervisor::Ready { task: Task::Vrrp, generation: setup.generation };
    setup.supervisor.blocking_send(ready).expect("it listens");
    std::thread::park_timeout(Duration::from_secs(60));
}

fn quiet_ipvs(_: Setup<ToIpvs>) {}

fn quiet_checkers(_: Setup<ToCheckers>, _: mpsc::Sender<ToIpvs>) {}

struct Running {
    supervisor: JoinHandle<u8>,
    events: Exit,
    seen: Vec<daemon::Event>,
}

fn start(model: Model, vrrp: fn(Setup<ToVrrp>)) -> Running {
    let (reporter, events) = Reporter::new(1024);
    let supervisor = std::thread::spawn(move || {
        let order = Order {
            model: Arc::new(model),
            source: Source {
                file: PathBuf::from("/nonexistent"),
                config_id: None,
                all_config: false,
                bfd: true,
                tells_addresses: false,
            },
            parts: (true, false),
            all: false,
            ignore_interrupt: false,
            release: Release { always_addresses: false, vrrp: true, ipvs: true },
            work: Work { vrrp, ipvs: quiet_ipvs, checkers: quiet_checkers },
            reporter,
            started: Box::new(|| {}),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let exit = runtime.block_on(supervisor::run(order)).expect("signals");
        runtime.shutdown_background();
        exit
    });
    Running { supervisor, events, seen: Vec::new() }
}

impl Running {
    /// Waits for an event.
    fn until(&mut self, wanted: impl Fn(&daemon::Event) -> bool) {
        while !self.seen.iter().any(&wanted) {
            match self.events.next_within(PATIENCE) {
                Some(Event::Daemon(event)) => self.seen.push(event),
                Some(_) => {}
                None => panic!("no such event; seen: {:#?}", self.seen),
            }
        }
    }

    fn stop(self) -> (u8, Vec<daemon::Event>) {
        raise(Signal::SIGTERM).expect("a signal");
        self.end()
    }

    fn end(mut self) -> (u8, Vec<daemon::Event>) {
        let exit = self.supervisor.join().expect("no panic");
        self.seen.extend(std::iter::from_fn(|| self.events.next_waiting()).filter_map(|event| match event {
            Event::Daemon(event) => Some(event),
            _ => None,
        }));
        (exit, self.seen)
    }
}

/// A file that scripts append to: a line for each call.
struct Ledger {
    folder: tempfile::TempDir,
}

impl Ledger {
    fn new() -> Ledger {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a directory");
        let program = folder.path().join("tell");
        let ledger = folder.path().join("ledger");
        // One write of one line: what runs at the same time does not mix.
        let text = format!("#!/bin/sh\necho \"$*\" >>{}\n", ledger.display());
        fs::write(&program, text).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
        Ledger { folder }
    }

    fn program(&self) -> String {
        self.path("tell").display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

fn poll<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..2000 {
        match look() {
            Ok(found) => return found,
            Err(seen) => last = seen,
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("{what}: {last}");
}

fn complete(event: &daemon::Event) -> bool {
    matches!(event, daemon::Event::StartupComplete)
}

/// IF-182, IF-184, IF-185, IF-187: each script is called once with its words; those of the stop run to their end.
#[test]
fn scripts_are_run_with_their_words() {
    let _alone = alone();
    let ledger = Ledger::new();
    let mut running = start(model(&[&ledger.program()], global(None)), talking);
    running.until(complete);
    let (exit, seen) = running.stop();
    assert_eq!(exit, 0, "{seen:?}");
    let mut told = ledger.lines("ledger");
    let mut wanted = [
        "g b",
        "g n GROUP G1 BACKUP 0",
        "i b",
        "i n INSTANCE VI_1 BACKUP 100",
        "i m",
        "i n INSTANCE VI_1 MASTER 100",
        "g m",
        "g n GROUP G1 MASTER 0",
        "i s",
        "i n INSTANCE VI_1 STOP 100",
        "g s",
        "g n GROUP G1 STOP 0",
    ];
    told.sort();
    wanted.sort_unstable();
    assert_eq!(told, wanted, "{seen:?}");
    assert!(seen.contains(&daemon::Event::PartStopped { part: daemon::Part::Vrrp }), "{seen:?}");
}

/// IF-183: /dev/null, own process group, default signals, nothing blocked, no descriptor above 2, no NOTIFY_SOCKET.
#[test]
fn a_script_inherits_nothing_of_ours() {
    let _alone = alone();
    let ledger = Ledger::new();
    let out = ledger.path("state");
    let look = format!(
        "{{ readlink /proc/self/fd/0; ls -l /proc/self/fd | grep -v /proc/ | grep -c -- '->'; grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; \
         ps -o pgid= -p $$ | tr -d ' '; echo $$; }} >{}.new; mv {}.new {}",
        out.display(),
        out.display(),
        out.display()
    );
    let mut asked = model(&[&ledger.program()], global(None));
    let mut one = (*asked.vrrp.instances[0]).clone();
    Arc::make_mut(&mut one.notify).master = Some(script(&["/bin/bash", "-c", &look]));
    asked.vrrp.instances[0] = one.into();
    let mut running = start(asked, talking);
    running.until(complete);
    let lines = poll("the script's own words", || match ledger.lines("state") {
        lines if lines.is_empty() => Err("nothing".to_owned()),
        lines => Ok(lines),
    });
    running.stop();
    assert_eq!(lines[0], "/dev/null");
    // Standard streams, one of them the shell's copy of what it redirected.
    assert!(["3", "4"].contains(&lines[1].as_str()), "{lines:?}");
    assert_eq!(lines[2], "SigBlk:\t0000000000000000");
    let ignored = u64::from_str_radix(lines[3].trim_start_matches("SigIgn:").trim(), 16).expect("a mask");
    // 32 and 33 belong to the C library, which lets nobody touch them.
    assert_eq!(ignored & !(0b11 << 31), 0, "{lines:?}");
    assert_eq!(lines[5], lines[6], "the leader of its group: {lines:?}");
}

/// IF-197, IF-202, IF-206: lines in order, with those of the stop; the FIFO goes as it came.
#[test]
fn fifo_lines_come_in_order() {
    let _alone = alone();
    let ledger = Ledger::new();
    let path = ledger.path("fifo");
    let owner = script(&[]).identity;
    let mut settings = global(None);
    settings.vrrp_notify_fifo = Some(NotifyFifo { path: path.display().to_string(), owner, script: None });
    let mut running = start(model(&["/bin/true"], settings), talking);
    running.until(complete);
    let mut reader =
        fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(&path).expect("the fifo");
    running.stop();
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("all of it");
    let wanted = "GROUP \"G1\" BACKUP 0\nINSTANCE \"VI_1\" BACKUP 100\nINSTANCE \"VI_1\" MASTER 100\n\
        GROUP \"G1\" MASTER 0\nINSTANCE \"VI_1\" STOP 100\nGROUP \"G1\" STOP 0\n";
    assert_eq!(text, wanted);
    assert!(!path.exists(), "made by us, removed by us");
}

/// IF-199, IF-206: the reader gets the path as its last word, sees every line and then the end.
#[test]
fn a_fifo_reader_sees_all_and_the_end() {
    let _alone = alone();
    let ledger = Ledger::new();
    let (path, out) = (ledger.path("fifo"), ledger.path("read"));
    let read = format!(
        "trap '' TERM; exec <\"$1\"; while read -r line; do echo \"$line\" >>{0}; done; echo end >>{0}",
        out.display()
    );
    let mut settings = global(None);
    settings.notify_fifo = Some(NotifyFifo {
        path: path.display().to_string(),
        owner: script(&[]).identity,
        script: Some(script(&["/bin/sh", "-c", &read, "reader"])),
    });
    let mut running = start(model(&["/bin/true"], settings), talking);
    running.until(complete);
    poll("the reader is there", || match ledger.lines("read") {
        lines if lines.len() >= 4 => Ok(()),
        lines => Err(format!("{lines:?}")),
    });
    running.stop();
    let lines = ledger.lines("read");
    assert_eq!(lines.last().map(String::as_str), Some("end"), "{lines:?}");
    assert_eq!(lines[4..6], ["INSTANCE \"VI_1\" STOP 100", "GROUP \"G1\" STOP 0"], "{lines:?}");
}

/// IF-199: a reader that ends is not started again; IF-198: what is no FIFO is not used.
#[test]
fn a_reader_that_ends_and_a_file_that_is_no_fifo() {
    let _alone = alone();
    let ledger = Ledger::new();
    let owner = script(&[]).identity;
    let mut settings = global(None);
    settings.notify_fifo = Some(NotifyFifo {
        path: ledger.path("fifo").display().to_string(),
        owner: owner.clone(),
        script: Some(script(&["/bin/true"])),
    });
    settings.vrrp_notify_fifo = Some(NotifyFifo { path: ledger.program(), owner, script: None });
    let mut running = start(model(&["/bin/true"], settings), talking);
    running.until(|event| *event == daemon::Event::FifoScriptEnded { kind: daemon::FifoKind::Global });
    let (_, seen) = running.stop();
    let refused = |event: &daemon::Event| {
        matches!(event, daemon::Event::FifoRefused { kind: daemon::FifoKind::Vrrp, error: None, .. })
    };
    assert!(seen.iter().any(refused), "{seen:?}");
}

/// IF-208, IF-209, IF-211, IF-214: one connection a mail, the dialogue and the headers.
#[test]
fn mails_are_delivered() {
    let _alone = alone();
    let relay = relay();
    let mut running = start(model(&["/bin/true"], global(Some(mail(relay.at)))), talking);
    running.until(complete);
    let mut subjects = Vec::new();
    for _ in 0..4 {
        let lines = relay.dialogues.recv_timeout(PATIENCE).expect("a mail");
        assert_eq!(lines[0], "EHLO vm");
        assert_eq!(lines[1], "MAIL FROM:<keepalived@a.example.com>");
        assert_eq!(lines[2..4], ["RCPT TO:<ops@example.com>", "RCPT TO:<second@example.com>"]);
        assert_eq!(lines[4], "DATA");
        assert!(lines[5].starts_with("Date: ") && lines[6] == "From: keepalived@a.example.com", "{lines:?}");
        assert_eq!(lines[8], "X-Mailer: Keepalived");
        assert_eq!(lines[9..12], ["To: ops@example.com,", " Second Admin <second@example.com>", ""]);
        assert_eq!(lines[13..], ["", ".", "QUIT"], "{lines:?}");
        subjects.push(lines[7].clone());
    }
    subjects.sort();
    let wanted = [
        "Group G1 - Entering BACKUP",
        "Group G1 - Entering MASTER",
        "Instance VI_1 - Entering BACKUP",
        "Instance VI_1 - Entering MASTER",
    ];
    assert_eq!(subjects, wanted.map(|event| format!("Subject: [RTR] VRRP {event} state")));
    running.until(|event| matches!(event, daemon::Event::MailSent { .. }));
    running.stop();
}

/// IF-209, IF-219: a relay that refuses, and one that is not there, cost a log line and nothing else.
#[test]
fn mails_that_cannot_be_delivered_are_told() {
    let _alone = alone();
    let relay = relay();
    let mut settings = mail(relay.at);
    settings.to = vec!["refused@example.com".to_owned()];
    let mut running = start(model(&["/bin/true"], global(Some(settings))), talking);
    running.until(|event| matches!(event, daemon::Event::MailRefused { status, .. } if status == "550"));
    running.stop();

    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port();
    let mut settings = mail(relay.at);
    settings.server = keepalived_rs::model::notify::MailServer::Name { host: "127.0.0.1".to_owned(), port: closed };
    let mut running = start(model(&["/bin/true"], global(Some(settings))), talking);
    running.until(|event| matches!(event, daemon::Event::MailUnreachable { .. }));
    assert_eq!(running.stop().0, 0);
}

/// IF-194, IF-195, VR-216, VR-217, VR-218: at once and at the interval; out of time is told, a turn that comes
/// meanwhile is skipped.
#[test]
fn track_scripts_report_their_outcomes() {
    use keepalived_rs::base::time::Interval;
    let _alone = alone();
    let mut tracked = model(&["/bin/true"], global(None));
    let track = |name: &str, words: &[&str], timeout| {
        let draft = crate::lan::draft::script(name, 1, 1);
        let (script, interval) = (script(words), Interval::from_millis(50));
        Arc::new(keepalived_rs::model::track::TrackScript { script, interval, timeout, ..draft })
    };
    tracked.vrrp.scripts = vec![
        track("good", &["/bin/true"], Interval::from_secs(5)),
        track("bad", &["/bin/sh", "-c", "exit 3"], Interval::from_secs(5)),
        track("slow", &["/bin/sleep", "600"], Interval::from_millis(200)),
        track("missing", &["/nonexistent/script"], Interval::from_secs(5)),
    ];
    let mut running = start(tracked, talking);
    running.until(|event| matches!(event, daemon::Event::TrackScriptBusy { script, .. } if script == "slow"));
    let refused =
        |event: &daemon::Event| matches!(event, daemon::Event::ScriptRefused { script, .. } if script == "missing");
    running.until(refused);
    poll("outcomes of all", || {
        let outcomes = OUTCOMES.lock().expect("not poisoned").clone();
        let count = |name: &str, outcome| outcomes.iter().filter(|one| **one == (name.to_owned(), outcome)).count();
        let enough = count("good", ScriptOutcome::Exited(0)) >= 3
            && count("bad", ScriptOutcome::Exited(3)) >= 3
            && count("slow", ScriptOutcome::TimedOut) >= 2;
        if enough { Ok(()) } else { Err(format!("{outcomes:?}")) }
    });
    let (exit, seen) = running.stop();
    assert_eq!(exit, 0);
    assert_eq!(seen.iter().filter(|event| refused(event)).count(), 1, "told once, not at each turn");
}

/// IF-62, IF-261: a part that cannot go on ends the daemon with its status, in one line that says what to do.
#[test]
fn a_failed_task_ends_the_daemon_with_its_status() {
    let _alone = alone();
    let (exit, seen) = start(model(&["/bin/true"], global(None)), failing).end();
    assert_eq!(exit, 4);
    let told = seen.iter().any(
        |event| matches!(event, daemon::Event::PermanentError { exit: 4, why, .. } if why.contains("run as root")),
    );
    assert!(told, "{seen:?}");
}

/// A panic of a task is an orderly end with a status that makes systemd start us again.
#[test]
fn a_panicking_task_ends_the_daemon() {
    let _alone = alone();
    let (exit, seen) = start(model(&["/bin/true"], global(None)), panicking).end();
    assert_eq!(exit, 70);
    assert!(seen.iter().any(|event| matches!(event, daemon::Event::PartDied { .. })), "{seen:?}");
}

/// IF-177, IF-255: the stop is bounded, whatever hangs.
#[test]
fn a_task_that_does_not_stop_is_left_behind() {
    let _alone = alone();
    let mut settings = global(None);
    settings.child_wait_time = keepalived_rs::base::time::Interval::from_millis(100);
    let mut running = start(model(&["/bin/true"], settings), deaf);
    running.until(complete);
    let (exit, seen) = running.stop();
    assert_eq!(exit, 0);
    assert!(seen.contains(&daemon::Event::PartOverdue { part: daemon::Part::Vrrp }), "{seen:?}");
}

/// IF-185: scripts that ignore TERM and never end, one begun before the stop and one by it, do not hold it up for long.
#[test]
fn a_hanging_script_is_killed_at_the_stop() {
    let _alone = alone();
    let ledger = Ledger::new();
    let mut hung = model(&["/bin/true"], global(None));
    let mut one = (*hung.vrrp.instances[0]).clone();
    let hang = |name: &str| {
        let pid = ledger.path(name);
        let hang = format!("trap '' TERM; echo $$ >{0}.new; mv {0}.new {0}; while :; do sleep 1; done", pid.display());
        Some(script(&["/bin/sh", "-c", &hang]))
    };
    let scripts = Arc::make_mut(&mut one.notify);
    (scripts.master, scripts.stop) = (hang("pid"), hang("last"));
    hung.vrrp.instances[0] = one.into();
    let mut running = start(hung, talking);
    running.until(complete);
    let number = poll("its number", || match ledger.lines("pid").first() {
        Some(line) => Ok(line.clone()),
        None => Err("none".to_owned()),
    });
    assert_eq!(running.stop().0, 0);
    let last = ledger.lines("last").first().cloned().expect("the number of the one of the stop");
    for number in [number, last] {
        assert!(!Path::new("/proc").join(&number).exists(), "{number} still runs");
    }
}
