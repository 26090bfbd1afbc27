//! FRR's daemons (Debian's package `frr`) on a host of the lab: zebra, and beside it bfdd or vrrpd, with files and sockets
//! of their own.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{Group, User, chown};
use serde_json::Value;

use crate::net::{Lan, Program, eventually};

const PATIENCE: Duration = Duration::from_secs(10);
/// FRR's daemons give up root for this one.
const NAME: &str = "frr";

/// Two daemons; killed when dropped.
pub struct Frr {
    /// bfdd or vrrpd.
    name: &'static str,
    daemon: Program,
    zebra: Program,
    folder: tempfile::TempDir,
}

impl Frr {
    /// Starts zebra and `daemon`, and waits until both answer.
    pub fn start(lan: &Lan, host: u8, daemon: &'static str, configuration: &str) -> Frr {
        let folder = tempfile::tempdir().expect("a folder");
        own(folder.path());
        let zebra = start(lan, host, folder.path(), "zebra", "");
        answers(folder.path(), "zebra");
        let program = start(lan, host, folder.path(), daemon, configuration);
        answers(folder.path(), daemon);
        Frr { name: daemon, daemon: program, zebra, folder }
    }

    /// Commands as an administrator gives them in vtysh, one after the other.
    pub fn configure(&self, commands: &[&str]) {
        let all: Vec<&str> = ["configure terminal"].iter().chain(commands).copied().collect();
        vtysh(self.folder.path(), self.name, &all).unwrap_or_else(|error| panic!("{all:?}: {error}"));
    }

    /// What it shows, as JSON.
    pub fn show(&self, what: &str) -> Value {
        let asked = vtysh(self.folder.path(), self.name, &[&format!("show {what} json")]);
        let text = asked.unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// SIGKILL: both end without a word.
    pub fn crash(self) -> String {
        self.daemon.signal(Signal::SIGKILL);
        self.zebra.signal(Signal::SIGKILL);
        self.log()
    }

    /// SIGTERM, in order.
    pub fn stop(mut self) -> String {
        self.daemon.stop();
        self.zebra.stop();
        self.log()
    }
}

fn own(path: &Path) {
    let user = User::from_name(NAME).expect("the list of users").expect("the user of the package frr");
    let group = Group::from_name(NAME).expect("the list of groups").expect("the group of the package frr");
    chown(path, Some(user.uid), Some(group.gid)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn start(lan: &Lan, host: u8, folder: &Path, daemon: &str, configuration: &str) -> Program {
    let path = |name: &str| folder.join(name).display().to_string();
    let conf = path(&format!("{daemon}.conf"));
    std::fs::write(&conf, configuration).expect("a configuration file");
    own(Path::new(&conf));
    let (program, pid, zserv) = (format!("/usr/lib/frr/{daemon}"), path(&format!("{daemon}.pid")), path("zserv.api"));
    let folder_name = folder.display().to_string();
    let control = path("bfdd.sock");
    let mut words = vec![&*program, "-u", NAME, "-g", NAME, "-f", &conf, "-i", &pid, "-z", &zserv];
    // Port 0: no telnet.
    words.extend(["--vty_socket", &folder_name, "-A", "127.0.0.1", "-P", "0", "--log", "stdout"]);
    if daemon == "bfdd" {
        words.extend(["--bfdctl", &control]);
    }
    lan.start(host, &folder.join(format!("{daemon}.log")), &words)
}

/// Gives commands to one daemon, by name.
fn vtysh(folder: &Path, daemon: &str, commands: &[&str]) -> Result<String, String> {
    let mut command = Command::new("vtysh");
    command.arg("--vty_socket").arg(folder).args(["-d", daemon]);
    for one in commands {
        command.args(["-c", one]);
    }
    let output = command.output().expect("the program vtysh");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn answers(folder: &Path, daemon: &str) {
    eventually(daemon, PATIENCE, || vtysh(folder, daemon, &["show version"]).map(drop));
}
