//! What runs at the start and at the end, when and how it reloads, names and files.

use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::{Desk, poll};

/// A shell script in the desk's folder.
fn script(desk: &Desk, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = desk.write(name, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the mode");
    path.display().to_string()
}

/// IF-180, IF-264, IF-265: the one is waited for before anything starts, whatever it says; the other comes after all
/// stopped, and its time is bounded.
#[test]
fn scripts_at_the_start_and_at_the_end() {
    let desk = Desk::new();
    let first = script(&desk, "first", &format!("sleep 0.3; echo first >> {}; exit 3", desk.path("order").display()));
    let last = script(&desk, "last", &format!("echo \"last $1\" >> {}; sleep 60", desk.path("order").display()));
    let text = format!(
        "global_defs {{\n startup_script {first}\n shutdown_script \"{last} 'a b'\"\n shutdown_script_timeout 1\n}}\n"
    );
    let mut daemon = desk.start(&desk.write("a.conf", &text), &[]);
    daemon.until("has no configuration to run");
    assert_eq!(desk.read("order"), "first\n");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    assert_eq!(desk.read("order"), "first\nlast a b\n");
    let log = desk.read("log");
    let place = |words: &str| log.find(words).unwrap_or_else(|| panic!("no `{words}` in {log}"));
    let lines = [
        format!("Running startup script {first}"),
        "startup script script failed, status 3".to_owned(),
        "has no configuration to run".to_owned(),
        "Stopping".to_owned(),
        format!("Running shutdown script {last}"),
        "shutdown script timed out".to_owned(),
        "Stopped Keepalived".to_owned(),
    ];
    let places: Vec<usize> = lines.iter().map(|line| place(line)).collect();
    assert!(places.is_sorted(), "{log}");
}

/// IF-180: who is told to stop while the first script runs does not wait for it.
#[test]
fn a_stop_does_not_wait_for_the_first_script() {
    let desk = Desk::new();
    let first = script(&desk, "first", &format!("echo $$ > {}; exec sleep 60", desk.path("pid").display()));
    let mut daemon = desk.start(&desk.write("a.conf", &format!("global_defs {{\n startup_script {first}\n}}\n")), &[]);
    let pid: i32 = poll("the script runs", || desk.read("pid").trim().parse().map_err(|_| "not yet".to_owned()));
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    assert!(!desk.read("log").contains("no configuration to run"));
    poll("the script has ended", || {
        let alive = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok();
        if alive { Err("it lives".to_owned()) } else { Ok(()) }
    });
}

/// A stop ends the first script even when it takes no notice of TERM.
#[test]
fn a_stop_ends_a_deaf_first_script() {
    let desk = Desk::new();
    let deaf =
        format!("trap '' TERM; echo $$ > {}; for i in $(seq 300); do sleep 0.1; done", desk.path("pid").display());
    let first = script(&desk, "first", &deaf);
    let mut daemon = desk.start(&desk.write("a.conf", &format!("global_defs {{\n startup_script {first}\n}}\n")), &[]);
    let pid: i32 = poll("the script runs", || desk.read("pid").trim().parse().map_err(|_| "not yet".to_owned()));
    let group = nix::unistd::Pid::from_raw(pid);
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    poll("the script has ended", || match nix::sys::signal::killpg(group, None) {
        Ok(()) => Err("it lives".to_owned()),
        Err(_) => Ok(()),
    });
}

/// IF-180: the time of the first script goes on while signals come.
#[test]
#[allow(clippy::disallowed_methods, reason = "the test measures real time")]
fn signals_do_not_prolong_the_first_script() {
    let desk = Desk::new();
    let first = script(&desk, "first", "exec sleep 60");
    let text = format!("global_defs {{\n startup_script {first}\n startup_script_timeout 1\n}}\n");
    let mut daemon = desk.start(&desk.write("a.conf", &text), &[]);
    daemon.until("Running startup script");
    let begun = Instant::now();
    while !desk.read("log").contains("startup script timed out") {
        assert!(begun.elapsed().as_secs() < 20, "it goes on as long as signals come");
        daemon.send(1);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    daemon.until("has no configuration to run");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-199: a reload leaves a FIFO and its reader as they are, starts a reader that has ended again, makes a FIFO that
/// somebody removed again, and makes another of another path.
#[test]
fn a_reload_leaves_a_fifo_open() {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    let desk = Desk::new();
    let reader = script(&desk, "reader", &format!("echo $$ >> {}; exec sleep 60", desk.path("readers").display()));
    let conf = desk.path("a.conf");
    let configure = |fifo: &str, id: u8| {
        let (fifo, reader) = (desk.path(fifo).display().to_string(), &reader);
        let text = format!("notify_fifo {fifo}\n notify_fifo_script {reader}\n router_id ID{id}");
        desk.write("a.conf", &format!("global_defs {{\n {text}\n}}\n"));
    };
    let inode = |name: &str| fs::metadata(desk.path(name)).map(|found| found.ino()).ok();
    let pid = |count: usize| {
        poll("another reader", || match desk.read("readers") {
            text if text.lines().count() == count => Ok(text.lines().last().unwrap_or_default().to_owned()),
            text => Err(text),
        })
    };
    configure("one", 1);
    let mut daemon = desk.start(&conf, &[]);
    daemon.until("has no configuration to run");
    let (made, first) = (inode("one"), pid(1));
    assert!(made.is_some());
    let mut options = fs::OpenOptions::new();
    let options = options.read(true).custom_flags(nix::libc::O_NONBLOCK);
    let mut outside = options.open(desk.path("one")).expect("the fifo");

    configure("one", 2);
    // Made by the same reload, after it looked at the first.
    let text = desk
        .read("a.conf")
        .replace("router_id", &format!("vrrp_notify_fifo {}\n router_id", desk.path("new").display()));
    desk.write("a.conf", &text);
    daemon.send(1);
    poll("the reload", || inode("new").ok_or_else(|| desk.read("log")));
    assert_eq!(inode("one"), made);
    let read = std::io::Read::read(&mut outside, &mut [0]).map_err(|error| error.kind());
    assert_eq!(read, Err(std::io::ErrorKind::WouldBlock), "no end of file");
    assert_eq!(pid(1), first);

    assert!(Command::new("kill").arg(&first).status().expect("kill").success());
    daemon.until("fifo script terminated");
    configure("one", 3);
    daemon.send(1);
    let second = pid(2);
    assert_ne!(second, first);

    fs::remove_file(desk.path("one")).expect("the fifo");
    configure("one", 4);
    daemon.send(1);
    pid(3);
    assert!(inode("one").is_some());

    configure("two", 5);
    daemon.send(1);
    pid(4);
    assert!(inode("two").is_some());
    assert_eq!(inode("one"), None);
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    assert_eq!(inode("two"), None);
}

/// IF-86, IF-92, IF-94, IF-250: with `reload_check_config` a file with any mistake is not taken up and its findings are in
/// the file named; a good one is, and what ran before and after it is saved, for the owner only, without passwords. A sign
/// that a killed daemon left is removed; where one cannot be, that is told, and the reload goes on.
#[test]
fn a_reload_is_checked_and_leaves_its_traces() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let (check, sign, saved) = (desk.path("check"), desk.write("sign", ""), desk.path("saved"));
    let global = format!(
        "global_defs {{\n reload_check_config {}\n reload_file {}\n config_save_dir {}\n router_id ID\n}}\nSSL {{\n password hush\n}}\n",
        check.display(),
        sign.display(),
        saved.display()
    );
    let conf = desk.write("a.conf", &global);
    let mut daemon = desk.start(&conf, &[]);
    daemon.until("has no configuration to run");
    assert!(!sign.exists());
    desk.write("a.conf", &format!("{global}nonsense 1\n"));
    daemon.send(1);
    daemon.until(&format!("New config failed validation, see {} for details", check.display()));
    let findings = desk.read("check");
    assert!(findings.contains("Unknown keyword 'nonsense'"), "{findings}");
    assert!(!saved.exists(), "nothing was reloaded");

    desk.write("a.conf", &global.replace("router_id ID", "router_id other"));
    daemon.send(1);
    let one = |when: &str| format!("saved/keepalived.{}.1.{when}", daemon.child.id());
    poll("the second configuration is saved", || {
        let text = desk.read(&one("post"));
        if text.contains("router_id other") { Ok(()) } else { Err(text) }
    });
    assert!(desk.read(&one("pre")).contains("router_id ID"));
    for when in ["pre", "post"] {
        let text = desk.read(&one(when));
        assert!(text.contains("password ********") && !text.contains("hush"), "{text}");
    }
    assert_eq!(desk.read("check"), "");
    assert!(!sign.exists());
    let mode = |path: std::path::PathBuf| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(saved.clone()), mode(desk.path(&one("post")))), (0o700, 0o600));

    let nowhere = desk.path("nowhere/sign");
    desk.write("a.conf", &global.replace(&sign.display().to_string(), &nowhere.display().to_string()));
    for number in [2, 3] {
        daemon.send(1);
        let after = desk.path(&format!("saved/keepalived.{}.{number}.post", daemon.child.id()));
        poll("it is taken up", || if after.exists() { Ok(()) } else { Err(after.display().to_string()) });
    }
    // The first of the two was still to be told by the old sign.
    let told = format!("Unable to write {}: ", nowhere.display());
    assert_eq!(desk.read("log").matches(&told).count(), 1);
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// What date(1) says of now and so many seconds.
fn later(seconds: u32, form: &str) -> String {
    let words = ["-d", &format!("{seconds} seconds"), form].map(str::to_owned);
    let output = Command::new("date").args(words).output().expect("the program date");
    String::from_utf8(output.stdout).expect("digits").trim().to_owned()
}

/// IF-93: at the time in the file it reloads; the file goes, unless its time is for each day; what is no time, or over, is
/// told, and so is a change of mind.
#[test]
#[allow(clippy::disallowed_methods, reason = "the test measures real time")]
fn a_file_says_when_to_reload() {
    let desk = Desk::new();
    let file = desk.write("when", "soon\n");
    let text = |more: &str| format!("global_defs {{\n reload_time_file {}\n{more}}}\n", file.display());
    let mut daemon = desk.start(&desk.write("a.conf", &text("")), &[]);
    daemon.until("Invalid reload time 'soon' specified - ignoring");
    desk.write("when", "2020-01-01 00:00:00\n");
    daemon.until("Reload time 2020-01-01 00:00:00 is in the past - ignoring");
    desk.write("when", &later(3000, "+%Y-%m-%d %H:%M:%S"));
    daemon.until("Scheduling reload for ");
    let begun = Instant::now();
    let soon = later(2, "+%H:%M:%S");
    desk.write("when", &soon);
    daemon.until("Reload time updated from ");
    daemon.until("Reloading ...");
    assert!((0.9..4.5).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    assert!(!file.exists());

    desk.write("a.conf", &text(" reload_repeat\n"));
    daemon.send(1);
    daemon.until_times("Reloading ...", 2);
    let soon = later(2, "+%H:%M:%S");
    desk.write("when", &soon);
    daemon.until_times("Reloading ...", 3);
    let tomorrow = later(24 * 3600, "+%Y-%m-%d");
    daemon.until(&format!("Scheduling reload for {tomorrow} {soon}"));
    assert!(file.exists());
    fs::remove_file(&file).expect("the file");
    daemon.until("Cancelling reload scheduled for ");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-147: `process_name` is what `ps` shows.
#[test]
fn the_process_has_a_name() {
    let desk = Desk::new();
    let mut daemon = desk.start(&desk.write("a.conf", "global_defs {\n process_name router-seven\n}\n"), &[]);
    daemon.until("has no configuration to run");
    let comm = fs::read_to_string(format!("/proc/{}/comm", daemon.child.id())).expect("its name");
    assert_eq!(comm, "router-seven\n");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
}

/// IF-35, IF-36: the daemon may leave core files of any size, its scripts as before; the pattern is the machine's, and
/// put back at the stop.
#[test]
fn core_files_are_left_by_the_daemon_alone() {
    const PATTERN: &str = "/proc/sys/kernel/core_pattern";
    let before = fs::read_to_string(PATTERN).expect("a pattern");
    let desk = Desk::new();
    let first = script(&desk, "first", &format!("ulimit -c > {}", desk.path("limit").display()));
    let conf = desk.write("a.conf", &format!("global_defs {{\n startup_script {first}\n}}\n"));
    let mut command = Command::new("prlimit");
    command
        .arg("--core=4096:unlimited")
        .arg(crate::PROGRAM)
        .args(["-n", "-l", "-G", "-p", "d.pid"])
        .arg("-f")
        .arg(conf);
    command.arg("-M/tmp/core.of.keepalived-rs").current_dir(desk.path("."));
    let log = fs::File::create(desk.path("log")).expect("a log");
    let child = command.stderr(log).spawn().expect("prlimit");
    let mut daemon = crate::Daemon { child, log: desk.path("log") };
    daemon.until("has no configuration to run");
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.child.id())).expect("the limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("that of core files");
    assert_eq!(core.matches("unlimited").count(), 2, "{core}");
    assert_eq!(desk.read("limit").trim(), "8", "in blocks of 512 bytes");
    assert_eq!(fs::read_to_string(PATTERN).expect("a pattern"), "/tmp/core.of.keepalived-rs\n");
    daemon.send(15);
    assert_eq!(daemon.ended(), Some(0));
    assert_eq!(fs::read_to_string(PATTERN).expect("a pattern"), before);
    assert!(!desk.read("log").contains("no effect yet"));
}
