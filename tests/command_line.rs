//! The program as it is shipped: options, exit statuses, pid files, signals. Needs no rights.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[path = "command_line/upkeep.rs"]
mod upkeep;

const PROGRAM: &str = env!("CARGO_BIN_EXE_keepalived-rs");

/// A directory with files of the test's own; relative names are looked up in it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk { folder: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).expect("a file");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_remove("NOTIFY_SOCKET").env_remove("INVOCATION_ID");
        command
    }

    fn run(&self, words: &[&str]) -> Answer {
        let Output { status, stdout, stderr } = self.command(words).output().expect("the program");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Answer { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// In the foreground, its log in `log`, its pid files here.
    fn start(&self, configuration: &Path, more: &[&str]) -> Daemon {
        let log = fs::OpenOptions::new().append(true).create(true).open(self.path("log")).expect("a log");
        let mut command = self.command(&["-n", "-l", "-G", "-D", "-p", "d.pid", "-r", "v.pid", "-c", "c.pid"]);
        let child = command.arg("-f").arg(configuration).args(more).stderr(log).spawn().expect("the program");
        Daemon { child, log: self.path("log") }
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn until(&self, words: &str) {
        self.until_times(words, 1);
    }

    fn until_times(&self, words: &str, times: usize) {
        poll(words, || {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            if text.matches(words).count() >= times { Ok(()) } else { Err(text) }
        });
    }

    fn send(&self, number: i32) {
        // kill(1) knows real-time signals, too.
        let sent = Command::new("kill").arg(format!("-{number}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill").success());
    }

    fn ended(&mut self) -> Option<i32> {
        poll("the end", || match self.child.try_wait().expect("wait") {
            Some(status) => Ok(status.code()),
            None => Err(fs::read_to_string(&self.log).unwrap_or_default()),
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already when the test went well.
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or(());
    }
}

fn poll<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..1500 {
        match look() {
            Ok(found) => return found,
            Err(seen) => last = seen,
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("waited in vain for: {what}\nlast seen:\n{last}");
}

/// Nothing to run, so no rights are needed.
const EMPTY: &str = "global_defs {\n    router_id test\n}\n";

/// IF-2, IF-3, IF-4, IF-6: on standard error, status 1.
#[test]
fn mistakes_on_the_command_line() {
    let desk = Desk::new();
    let wrong = desk.run(&["-Z", "--bogus", "-f"]);
    assert_eq!(wrong.stderr, "Unknown option -Z\nUnknown option --bogus\nMissing parameter for option -f\n");
    assert_eq!((wrong.status, wrong.stdout.as_str()), (Some(1), ""));
    assert_eq!(desk.run(&["--use-file="]).stderr, "Missing parameter for option --use-file\n");
    assert_eq!(desk.run(&["--signum"]).status, Some(1));
}

/// IF-6, IF-46, IF-47, IF-48: on standard error, status 0.
#[test]
fn version_and_help() {
    let desk = Desk::new();
    for word in ["-v", "--version"] {
        let version = desk.run(&[word]);
        assert_eq!((version.status, version.stdout.as_str()), (Some(0), ""));
        assert!(version.stderr.starts_with("Keepalived v2.4.3 ("), "{}", version.stderr);
        assert!(version.stderr.contains("\nRunning on Linux "), "{}", version.stderr);
    }
    for word in ["-h", "--help"] {
        let help = desk.run(&[word]);
        assert_eq!((help.status, help.stdout.as_str()), (Some(0), ""));
        assert!(help.stderr.starts_with(&format!("Usage: {PROGRAM} [OPTION...]\n")), "{}", help.stderr);
    }
}

/// IF-39, IF-49, IF-50, IF-51.
#[test]
fn signal_numbers() {
    let desk = Desk::new();
    for (name, number) in [("STOP", 15), ("RELOAD", 1), ("DATA", 10), ("STATS", 12), ("STATS_CLEAR", 63), ("JSON", 36)]
    {
        let told = desk.run(&[&format!("--signum={name}")]);
        assert_eq!(told, Answer { status: Some(0), stdout: format!("{number}\n"), stderr: String::new() });
    }
    let told = desk.run(&["--signum=TDUMP"]);
    assert_eq!((told.status, told.stderr.as_str()), (Some(1), "Unknown sigfunc TDUMP\n"));
}

/// IF-5, IF-16, IF-17, IF-20: told, and the run goes on (but for -g).
#[test]
fn options_that_cannot_be_followed() {
    let desk = Desk::new();
    desk.write("empty.conf", EMPTY);
    let test = ["-t", "-f", "empty.conf"];
    let with = |words: &[&str]| desk.run(&[words, &test[..]].concat());
    assert_eq!(with(&["x", "y"]).stdout, "Unexpected argument(s): x y \n");
    assert_eq!(with(&["-S", "9"]).stderr, "Invalid log facility '9'\n");
    assert_eq!(with(&["-u", "99x"]).stderr, "Invalid --umask option 99x");
    for words in [&["x"][..], &["-S", "9"], &["-u", "01777"]] {
        assert_eq!(with(words).status, Some(0), "{words:?}");
    }
    let refused = with(&["-g"]);
    assert_eq!(
        (refused.status, refused.stderr.as_str()),
        (Some(1), "-g requires configure option --enable-log-file\n")
    );
}

/// A network interface of this machine that VRRP may use: no loopback, and with multicast.
fn interface() -> String {
    const IFF_LOOPBACK: u32 = 0x8;
    const IFF_MULTICAST: u32 = 0x1000;
    let names = fs::read_dir("/sys/class/net").expect("the list of network interfaces");
    let fit = |name: &String| {
        let text = fs::read_to_string(format!("/sys/class/net/{name}/flags")).unwrap_or_default();
        let flags = u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).unwrap_or_default();
        flags & (IFF_LOOPBACK | IFF_MULTICAST) == IFF_MULTICAST
    };
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(fit).min().expect("a network interface with multicast")
}

/// IF-52, IF-57, IF-58, IF-59, IF-60: the original's statuses and first lines.
#[test]
fn the_configuration_test_answers_as_the_original() {
    let desk = Desk::new();
    let interface = interface();
    let instance = |more: &str| {
        format!(
            "vrrp_instance V {{\n interface {interface}\n virtual_router_id 51\n {more}\n virtual_ipaddress {{\n  10.9.9.9\n }}\n}}\n"
        )
    };
    let security =
        "vrrp_script s {\n script \"/usr/bin/env true\"\n}\n".to_owned() + &instance("track_script {\n  s\n }");
    let cases = [
        ("good.conf", instance(""), 0, ""),
        ("empty.conf", EMPTY.to_owned(), 0, ""),
        ("unknown.conf", instance("foo bar"), 5, "unknown.conf: Line 4) Unknown keyword 'foo'\n"),
        (
            "security.conf",
            security,
            6,
            "SECURITY VIOLATION - scripts are being executed but script_security not enabled.",
        ),
        (
            "interface.conf",
            instance("").replace(&format!("interface {interface}"), "interface nosuch0"),
            5,
            "interface.conf: Line 2) WARNING - interface nosuch0 for vrrp_instance V doesn't exist",
        ),
        (
            "brace.conf",
            instance("").trim_end().trim_end_matches('}').to_owned(),
            5,
            "There are 1 missing '}'s or extra '{'s",
        ),
    ];
    for (name, text, status, first) in cases {
        desk.write(name, &text);
        let answer = desk.run(&["-t", "-f", name]);
        assert_eq!(answer.status, Some(status), "{name}: {}", answer.stderr);
        assert!(answer.stderr.contains(first), "{name}: {}", answer.stderr);
        assert_eq!(answer.stderr.is_empty(), status == 0, "{name}: {}", answer.stderr);
        assert_eq!(answer.stdout, "", "{name}");
    }
    let missing = desk.run(&["-t", "-f", "none.conf"]);
    assert_eq!(missing.status, Some(0), "{}", missing.stderr);
    assert!(missing.stderr.starts_with("Config files missing '") && missing.stderr.contains("none.conf'."));
    assert_eq!(desk.run(&["-t", "-e", "-f", "none.conf"]).status, Some(4));
    let odd = desk.write("odd.conf", EMPTY);
    fs::set_permissions(odd, fs::Permissions::from_mode(0o755)).expect("permissions");
    let skipped = desk.run(&["-t", "-f", "odd.conf"]);
    assert_eq!(skipped.status, Some(0), "{}", skipped.stderr);
    let text = "odd.conf' is not a regular non-executable file - skipping\n";
    assert!(skipped.stderr.starts_with("Configuration file '") && skipped.stderr.ends_with(text), "{}", skipped.stderr);
}

/// The place, the word and a suggestion.
#[test]
fn a_mistake_is_shown_where_it_is() {
    let desk = Desk::new();
    desk.write("a.conf", "vrrp_instance V {\n    interface lo\n    virtual_router_id 51\n    priorty 100\n}\n");
    // In a pipe one line each, the original's words first.
    let line = "a.conf: Line 4) Unknown keyword 'priorty' - did you mean `priority`?";
    let told = desk.run(&["-t", "-f", "a.conf"]).stderr;
    assert!(told.lines().next().is_some_and(|first| first.ends_with(line)), "{told}");
    let told = desk.run(&["-t", "--diagnostics=full", "-f", "a.conf"]).stderr;
    assert!(told.contains("a.conf:4:5") && told.contains("did you mean `priority`?"), "{told}");
    let told = desk.run(&["-t", "--diagnostics=json", "-f", "a.conf"]).stderr;
    let first: serde_json::Value = serde_json::from_str(told.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["code"], &first["line"], &first["column"]), (&"KA0101".into(), &4.into(), &5.into()), "{told}");
    let wrong = desk.run(&["-t", "--diagnostics=xml", "-f", "a.conf"]);
    assert_eq!((wrong.status, wrong.stderr.contains("xml")), (Some(1), true), "{wrong:?}");
}

/// IF-40, IF-53.
#[test]
fn findings_may_go_to_a_file() {
    let desk = Desk::new();
    desk.write("a.conf", "foo\n");
    for words in [["--config-test=out.log"], ["-tout.log"]] {
        let answer = desk.run(&[&words[..], &["-f", "a.conf"]].concat());
        assert_eq!((answer.status, answer.stderr.as_str()), (Some(5), ""));
    }
    assert_eq!(
        desk.read("out.log").matches("Unknown keyword 'foo'\n").count(),
        2,
        "appended: {}",
        desk.read("out.log")
    );
    let mode = fs::metadata(desk.path("out.log")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::os::unix::fs::symlink("a.conf", desk.path("link")).expect("a link");
    let refused = desk.run(&["-tlink", "-f", "a.conf"]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.starts_with("Unable to open config-test log file link 40 - "), "{}", refused.stderr);
}

/// IF-58, IF-62: no readable configuration.
#[test]
fn a_start_without_a_file() {
    let desk = Desk::new();
    let answer = desk.run(&["-n", "-l", "-G", "-f", "none.conf"]);
    assert_eq!(answer.status, Some(6), "{}", answer.stderr);
    assert!(
        answer.stderr.contains(": Config files missing '") && answer.stderr.contains("none.conf'."),
        "{}",
        answer.stderr
    );
}

/// IF-62: a configuration that cannot be run.
#[test]
fn a_start_with_a_file_that_cannot_be_used() {
    let desk = Desk::new();
    let text = "vrrp_instance V {\n interface nosuch0\n virtual_router_id 51\n}\n";
    desk.write("a.conf", text);
    let answer = desk.run(&["-n", "-l", "-G", "-f", "a.conf", "-p", "d.pid", "-r", "v.pid", "-c", "c.pid"]);
    assert_eq!(answer.status, Some(2), "{}", answer.stderr);
}

/// IF-25, IF-27, IF-28, IF-29, IF-61, IF-64, IF-69, IF-154, IF-156, IF-223, IF-231, IF-234, IF-243, IF-251, IF-254: a
/// whole life with nothing to run.
#[test]
fn a_life_in_the_foreground() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    desk.write("d.pid", "4194305\n");
    let mut daemon = desk.start(&file, &[]);
    daemon.until(": Warning - keepalived has no configuration to run\n");
    let pid = format!("{}\n", daemon.child.id());
    for name in ["d.pid", "v.pid", "c.pid"] {
        poll(name, || if desk.read(name) == pid { Ok(()) } else { Err(desk.read(name)) });
    }
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    let log = desk.read("log");
    let lines: Vec<&str> = log.lines().map(|line| line.split_once(": ").map_or(line, |(_, rest)| rest)).collect();
    assert!(lines[0].starts_with("Starting Keepalived v"), "{log}");
    assert!(lines[1].starts_with("Running on Linux "), "{log}");
    assert!(lines[2].starts_with(&format!("Command line: '{PROGRAM}' '-n' '-l' ")), "{log}");
    let last = &lines[lines.len() - 3..];
    assert_eq!(last[0], "Stopping");
    assert!(last[1].starts_with("CPU usage (self/children) user: "), "{log}");
    assert!(last[2].starts_with("Stopped Keepalived v"), "{log}");
    for name in ["d.pid", "v.pid", "c.pid"] {
        assert!(!desk.path(name).exists(), "{name}");
    }
}

/// IF-10, IF-11, IF-155, IF-244, IF-245: a second start changes nothing and ends with 0; what does not run has no file.
#[test]
fn a_second_start_is_refused() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let mut daemon = desk.start(&file, &["-P"]);
    daemon.until("no configuration to run");
    assert!(!desk.path("c.pid").exists());
    let before = desk.read("d.pid");
    let second = desk.run(&["-n", "-l", "-G", "-P", "-f", "a.conf", "-p", "d.pid", "-r", "v.pid", "-c", "c.pid"]);
    assert_eq!(second.status, Some(0), "{}", second.stderr);
    let locked = format!(
        "Another process has pid file {} locked\n",
        fs::canonicalize(desk.path("d.pid")).expect("it").display()
    );
    assert!(
        second.stderr.contains(&locked) && second.stderr.contains(": daemon is already running\n"),
        "{}",
        second.stderr
    );
    assert_eq!(desk.read("d.pid"), before);
    daemon.send(2);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-68, IF-70, IF-71, IF-72, IF-73, IF-75, IF-77, IF-78, IF-81, IF-246, IF-85 (differs): a broken file is refused in one
/// error line and the daemon goes on; signals without an effect yet do not end it.
#[test]
fn signals_do_not_end_it() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let mut daemon = desk.start(&file, &[]);
    daemon.until("no configuration to run");
    for number in [10, 12, 36, 63] {
        daemon.send(number);
    }
    for name in ["DATA", "JSON"] {
        daemon.until(&format!("the signal {name} has no effect yet\n"));
    }
    for number in [13, 14, 17, 20] {
        daemon.send(number);
    }
    fs::write(&file, "vrrp_instance V {\n interface nosuch0\n virtual_router_id 51\n}\n").expect("broken");
    daemon.send(1);
    daemon.until("cannot be used, keeping the running one: ");
    fs::remove_file(&file).expect("gone");
    daemon.send(1);
    daemon.until_times("cannot be used, keeping the running one: ", 2);
    fs::write(&file, EMPTY).expect("good again");
    daemon.send(1);
    daemon.until_times("Reloading ...", 3);
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    let log = desk.read("log");
    assert_eq!(log.matches("keeping the running one").count(), 2, "{log}");
}

/// IF-84, IF-249.
#[test]
fn what_a_reload_cannot_change_is_refused() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let mut daemon = desk.start(&file, &[]);
    daemon.until("no configuration to run");
    fs::write(&file, "instance other\n".to_owned() + EMPTY).expect("another instance");
    daemon.send(1);
    daemon.until("Cannot change instance name at a reload - please restart keepalived\n");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-43.
#[test]
fn an_interrupt_may_be_ignored() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let mut daemon = desk.start(&file, &["--ignore-sigint"]);
    daemon.until("no configuration to run");
    daemon.send(2);
    daemon.send(10);
    daemon.until("the signal DATA");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-63, IF-149, IF-154, IF-155: the starter ends with 0 once the pid files are there; the daemon has a session of its
/// own, `/` and /dev/null.
#[test]
fn a_life_in_the_background() {
    let desk = Desk::new();
    desk.write("a.conf", EMPTY);
    let words = ["-G", "-f", "a.conf", "-p", "d.pid", "-r", "v.pid", "-c", "c.pid"];
    let answer = desk.run(&words);
    assert_eq!(answer, Answer { status: Some(0), stdout: String::new(), stderr: String::new() });
    let pid: i32 = desk.read("d.pid").trim().parse().expect("there when the starter has ended");
    let of = |name: &str| fs::read_link(format!("/proc/{pid}/{name}")).expect("it lives");
    assert_eq!(of("cwd"), Path::new("/"));
    for fd in ["fd/0", "fd/1", "fd/2"] {
        assert_eq!(of(fd), Path::new("/dev/null"));
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let session: i32 =
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(3)).expect("stat").parse().expect("a number");
    assert_eq!(session, pid);
    assert_eq!(desk.run(&words).status, Some(0), "a second start");
    assert_eq!(desk.read("d.pid").trim(), pid.to_string());
    kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it lives");
    poll("the end", || if desk.path("d.pid").exists() { Err(pid.to_string()) } else { Ok(()) });
}

/// IF-26 (differs in the form): `-d` writes what is in effect to the log at start; with `-t` it goes to standard
/// output, can be read again, and the verdict is the same.
#[test]
fn the_effective_configuration() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let mut daemon = desk.start(&file, &["-d"]);
    daemon.until(": global_defs {\n");
    daemon.until(":     router_id test\n");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    let first = desk.run(&["-t", "-d", "-f", "a.conf"]);
    assert_eq!((first.status, first.stderr.as_str()), (Some(0), ""));
    assert!(first.stdout.contains("    router_id test\n") && first.stdout.contains("child_wait_time 5\n"), "{first:?}");
    desk.write("b.conf", &first.stdout);
    assert_eq!(desk.run(&["-t", "-d", "-f", "b.conf"]), first);
    desk.write("c.conf", "foo\n");
    let wrong = desk.run(&["-t", "-d", "-f", "c.conf"]);
    assert_eq!(wrong.status, Some(5));
    assert!(wrong.stderr.contains("Unknown keyword 'foo'") && wrong.stdout.contains("global_defs {\n"), "{wrong:?}");
}

/// Options without an effect yet are accepted and told of.
#[test]
fn options_without_effect_are_told() {
    let desk = Desk::new();
    let file = desk.write("a.conf", EMPTY);
    let more = ["-d", "-a", "-x", "-A", "unix:/x", "-b", "b.pid", "-R", "-B", "--all", "-X", "-V", "-I", "-P", "-C"];
    let mut daemon = desk.start(&file, &more);
    daemon.until("no configuration to run");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    let log = desk.read("log");
    for name in ["snmp", "snmp-agent-socket", "bfd_pid"] {
        assert_eq!(log.matches(&format!(": --{name} has no effect yet\n")).count(), 1, "{name}: {log}");
    }
}

/// Commands beside the daemon's; what the original knows of the command line stays as it is.
#[test]
fn check_and_explain() {
    let desk = Desk::new();
    let instance = "vrrp_instance V {\n interface nosuch0\n virtual_router_id 51\n priority 100\n virtual_ipaddress {\n 10.9.9.9/24\n }\n}\n";
    desk.write("a.conf", &format!("global_defs {{\n dynamic_interfaces\n}}\n{instance}"));
    let sound = desk.run(&["check", "--strict", "a.conf"]);
    assert_eq!(sound, Answer { status: Some(0), stdout: String::new(), stderr: String::new() });
    let both = desk.run(&["check", "a.conf", "--peer", "a.conf"]);
    assert_eq!(both.status, Some(0), "{both:?}");
    assert!(both.stdout.contains("both routers have priority 100"), "{both:?}");
    assert_eq!(desk.run(&["check", "--strict", "a.conf", "--peer=a.conf"]).status, Some(1));
    assert_eq!(desk.run(&["-t", "-f", "a.conf"]).status, Some(0), "no lint changes the verdict of -t");
    desk.write("b.conf", instance);
    assert_eq!(desk.run(&["check", "b.conf"]).status, Some(5), "what -t says");
    let code = desk.run(&["explain", "KA0102"]);
    assert_eq!((code.status, code.stdout.starts_with("KA0102 (error; -t exits with 5)")), (Some(0), true), "{code:?}");
    let word = desk.run(&["explain", "priority"]);
    assert!(word.stdout.contains("1 to 255") && word.stdout.contains("vrrp_instance"), "{word:?}");
    let unknown = desk.run(&["explain", "priorty"]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(1), ""));
    assert!(unknown.stderr.contains("did you mean `priority`?"), "{unknown:?}");
    assert_eq!(desk.run(&["check"]).status, Some(1));
    assert_eq!(desk.run(&["check", "--help"]).status, Some(0));
    // A word that is no command is what it was.
    assert_eq!(desk.run(&["chek", "-t", "-f", "a.conf"]).stdout, "Unexpected argument(s): chek \n");
}
