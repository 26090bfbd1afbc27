//! A real server that follows a BFD session: the whole daemon, ours and the original, with a neighbour in another network
//! namespace.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::guest::expect_empty;
use crate::task::{expect_table, run};

const OURS: &str = env!("CARGO_BIN_EXE_keepalived-rs");
const NEIGHBOUR: &str = "bfd-neighbour";

const SERVERS: &str = "virtual_server 10.1.0.1 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.1.0.11 80 {
    weight 5
    BFD_CHECK {
      name b1
    }
  }
  real_server 10.1.0.12 80 {
    weight 1
  }
}
";

fn session(own: u8, other: u8) -> String {
    format!(
        "bfd_instance b1 {{\n  source_ip 10.9.0.{own}\n  neighbor_ip 10.9.0.{other}\n  min_rx 300\n  min_tx 300\n  \
         multiplier 3\n}}\n"
    )
}

/// A daemon with files of its own; killed when dropped.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn start(program: &str, folder: &Path, name: &str, text: &str) -> Daemon {
        let path = |what: &str| folder.join(format!("{name}.{what}"));
        std::fs::write(path("conf"), text).expect("a configuration file");
        let log = path("log");
        let out = File::create(&log).expect("a log file");
        let mut command = match name {
            "neighbour" => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", NEIGHBOUR, program]);
                command
            }
            _ => Command::new(program),
        };
        command.args(["-n", "-l", "-D"]);
        for (option, what) in [("-f", "conf"), ("-p", "pid"), ("-r", "vrrp"), ("-c", "checkers"), ("-b", "bfd")] {
            command.arg(option).arg(path(what));
        }
        let err = out.try_clone().expect("a log file");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect(program);
        Daemon { child, log }
    }

    fn stop(mut self) -> String {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).expect("the daemon lives");
        self.child.wait().expect("its end");
        std::fs::read_to_string(&self.log).expect("its log")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What is said of the session and the real server, without the time.
fn said(log: &str) -> Vec<String> {
    let words = ["BFD check of", "ing service"];
    let lines = log.lines().filter(|line| words.iter().any(|word| line.contains(word)));
    lines.map(|line| line.split_once(": ").map_or(line, |(_, rest)| rest).to_owned()).collect()
}

/// VR-315, CK-131, CK-132: with the session's neighbour the server leaves the table and comes back, and the daemon says of
/// it what the original says.
pub fn a_server_follows_a_session() {
    for line in [
        &*format!("netns add {NEIGHBOUR}"),
        &*format!("link add eth0 type veth peer name eth0 netns {NEIGHBOUR}"),
        "address add 10.9.0.1/24 dev eth0",
        "link set eth0 up",
        &*format!("-n {NEIGHBOUR} address add 10.9.0.2/24 dev eth0"),
        &*format!("-n {NEIGHBOUR} link set lo up"),
        &*format!("-n {NEIGHBOUR} link set eth0 up"),
    ] {
        run("ip", line);
    }
    let without = "-A -t 10.1.0.1:80 -s rr\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 1\n";
    let with = format!("{without}-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 5\n");
    let play = |program: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let neighbour = || Daemon::start(OURS, folder.path(), "neighbour", &session(2, 1));
        let daemon = Daemon::start(program, folder.path(), "daemon", &(session(1, 2) + SERVERS));
        expect_table(without);
        let first = neighbour();
        expect_table(&with);
        first.stop();
        expect_table(without);
        let second = neighbour();
        expect_table(&with);
        let log = daemon.stop();
        second.stop();
        expect_empty();
        said(&log)
    };
    let ours = play(OURS);
    let checks = ours.iter().filter(|line| line.contains("BFD check of"));
    let changes: Vec<&str> = checks.filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(changes, ["DOWN", "UP", "DOWN", "UP"], "{ours:#?}");
    assert_eq!(ours, play("keepalived"));
}
