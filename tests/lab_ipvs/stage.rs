//! Where a scenario is played: a director and real servers, each a network namespace, and the daemon between them.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::libc::O_NONBLOCK;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixture::sorted;
use crate::scenario::{Kind, Scenario, Step};
use crate::task::{now, table};
use crate::tls;

/// How long anything may take in the guest, which has one slow processor.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks at the log, and at what a program must be started for.
const LOOK: Duration = Duration::from_millis(100);
const ASK: Duration = Duration::from_millis(500);
/// How the lines begin that a scenario must list.
const POOL: &[&str] = &[
    "Adding ",
    "Removing ",
    "Enabling ",
    "Disabling ",
    "Gained quorum",
    "Lost quorum",
    "Starting with quorum",
    "Changing weight",
    "Shutting down",
    "IPVS cmd",
    "service [",
    "VS [",
    "Taking over",
    "Putting right",
    "Drained ",
    "Answers of ipvs",
];

struct Stage {
    nth: usize,
    folder: PathBuf,
    director: File,
    servers: File,
    configuration: String,
    daemon: Option<Child>,
    /// Another one beside the real servers.
    peer: Option<Child>,
    listening: BTreeMap<String, Arc<AtomicBool>>,
    /// Bytes of the log, and lines of the scripts' file, that were compared.
    read: usize,
    told: usize,
    /// Where the log stood when something was last done: lines that may be named are looked for from here.
    acted: usize,
    fifo: Option<File>,
}

/// Plays a scenario to its end; says where it went another way.
pub fn play(nth: usize, scenario: &Scenario) -> Result<(), String> {
    let mut stage = Stage::set(nth).map_err(|error| format!("{}: {error}", scenario.name))?;
    let mut outcome = Ok(());
    for (line, step) in &scenario.steps {
        outcome = stage.step(step).map_err(|why| format!("{}:{line}: {why}", scenario.name));
        if outcome.is_err() {
            break;
        }
    }
    let ended = outcome.and_then(|()| stage.end().map_err(|why| format!("{}, at its end: {why}", scenario.name)));
    let log = stage.log();
    for mut left in stage.daemon.take().into_iter().chain(stage.peer.take()) {
        left.kill().and_then(|()| left.wait()).map(drop).unwrap_or(());
    }
    stage.listening.values().for_each(|stopped| stopped.store(true, Ordering::Relaxed));
    ended.map_err(|why| format!("{why}\n--- the whole log\n{log}"))
}

fn on(namespace: &File) {
    setns(namespace, CloneFlags::CLONE_NEWNET).expect("CAP_SYS_ADMIN in the guest");
}

fn command(line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap_or_default()).args(words).output();
    let output = output.map_err(|error| format!("{line}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Looks until something is there; `Err`: what was there instead.
fn wait<T>(pause: Duration, mut look: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let until = now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(instead) if now() > until => return Err(instead),
            Err(_) => std::thread::sleep(pause),
        }
    }
}

fn plain(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

impl Stage {
    fn set(nth: usize) -> Result<Stage, String> {
        // Where the last scenario of this thread was is no place for this one.
        on(&File::open("/proc/self/ns/net").map_err(|error| error.to_string())?);
        let folder = PathBuf::from(format!("/run/scenario{nth}"));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
        let (director, servers) = (format!("director{nth}"), format!("servers{nth}"));
        let mut batch = format!("netns add {director}\nnetns add {servers}\n");
        batch.push_str(&format!("link add v0 netns {director} type veth peer name v0 netns {servers}\n"));
        run_batch(None, &folder, &batch)?;
        let up = "link set lo up\nlink set v0 up\n";
        run_batch(
            Some(&director),
            &folder,
            &format!("address add 10.1.0.1/24 dev v0\naddress add fd00:1::1/64 dev v0 nodad\n{up}"),
        )?;
        let addresses: String = (11..=14)
            .map(|last| format!("address add 10.1.0.{last}/24 dev v0\naddress add fd00:1::{last}/64 dev v0 nodad\n"))
            .collect();
        run_batch(Some(&servers), &folder, &(addresses + up))?;
        let open = |name: &str| File::open(format!("/run/netns/{name}")).map_err(|error| error.to_string());
        let (director, servers) = (open(&director)?, open(&servers)?);
        on(&servers);
        // An ICMP error that is held back would look like a server that is there.
        fs::write("/proc/sys/net/ipv4/icmp_ratelimit", "0").unwrap_or(());
        on(&director);
        Ok(Stage {
            nth,
            folder,
            director,
            servers,
            configuration: String::new(),
            daemon: None,
            peer: None,
            listening: BTreeMap::new(),
            read: 0,
            told: 0,
            acted: 0,
            fifo: None,
        })
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        if step.acts() {
            self.acted = self.log().len();
        }
        match step {
            Step::Configuration(text) => {
                self.configuration.clone_from(text);
                self.write("keepalived.conf", text)
            }
            Step::Edit(edits) => {
                for (old, new) in edits {
                    if !self.configuration.contains(old.as_str()) {
                        return Err(format!("`{old}` is not in the configuration"));
                    }
                    self.configuration = self.configuration.replacen(old, new, 1);
                }
                self.write("keepalived.conf", &self.configuration)
            }
            Step::File { name, text } => self.write(name, text),
            Step::Server { kind, at, comes } => self.server(*kind, at, *comes),
            Step::Start(options) => self.start(options),
            Step::HangUp => self.signal(Signal::SIGHUP),
            Step::Reload => {
                let before = self.log().len();
                self.signal(Signal::SIGHUP)?;
                self.wait_for("Reload complete", before)
            }
            Step::Stop => {
                self.signal(Signal::SIGTERM)?;
                let mut daemon = self.daemon.take().ok_or("no daemon runs")?;
                let status = wait(LOOK, || match daemon.try_wait() {
                    Ok(Some(status)) => Ok(status),
                    Ok(None) => Err("the daemon does not stop".to_owned()),
                    Err(error) => Err(error.to_string()),
                })?;
                if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}")) }
            }
            Step::Kill => {
                let mut daemon = self.daemon.take().ok_or("no daemon runs")?;
                daemon.kill().and_then(|()| daemon.wait()).map(drop).map_err(|error| error.to_string())
            }
            Step::Peer { comes: true } => {
                on(&self.servers);
                let started = self.spawn("peer", &["-D".to_owned()]);
                on(&self.director);
                self.peer = Some(started?);
                Ok(())
            }
            Step::Peer { comes: false } => {
                let mut peer = self.peer.take().ok_or("no peer runs")?;
                peer.kill().and_then(|()| peer.wait()).map(drop).map_err(|error| error.to_string())
            }
            Step::Run(line) => command(&self.placed(line)).map(drop),
            Step::Table(expected) => {
                let expected = sorted(&expected.lines().map(str::trim).collect::<Vec<_>>().join("\n"));
                wait(ASK, || {
                    let found = sorted(&table());
                    if found == expected {
                        Ok(())
                    } else {
                        Err(format!("the table should be\n{expected}\nbut is\n{found}"))
                    }
                })
            }
            Step::Shows { command: line, lines, present } => wait(ASK, || {
                let found = plain(&command(&self.placed(line))?);
                let has = |wanted: &String| found.iter().any(|line| line.contains(&self.placed(wanted)));
                match lines.iter().find(|wanted| has(wanted) != *present) {
                    None => Ok(()),
                    Some(wanted) => {
                        Err(format!("`{wanted}`: should it be there: {present}; found\n{}", found.join("\n")))
                    }
                }
            }),
            Step::Log { lines, ordered } => self.expect_log(lines, *ordered),
            Step::Fifo(expected) => self.expect_fifo(expected),
            Step::Told(expected) => self.expect_told(expected),
        }
    }

    /// Nothing may be left that the scenario does not name.
    fn end(&mut self) -> Result<(), String> {
        if self.daemon.is_some() {
            return Err("the daemon is still running".to_owned());
        }
        self.expect_log(&[], true)?;
        if self.fifo.is_some() { self.expect_fifo(&[]) } else { Ok(()) }
    }

    /// `DIR`, `OTHER` and `GENHASH` in the texts of a scenario.
    fn placed(&self, text: &str) -> String {
        text.replace("DIR", &self.folder.display().to_string())
            .replace("OTHER", &format!("other{}", self.nth))
            .replace("GENHASH", concat!(env!("CARGO_BIN_EXE_keepalived-rs"), " genhash"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::write(&path, self.placed(text))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .map_err(|error| format!("{name}: {error}"))
    }

    fn start(&mut self, options: &[String]) -> Result<(), String> {
        let before = self.log().len();
        let checkers_only = ["-C".to_owned()];
        self.daemon = Some(self.spawn("keepalived", if options.is_empty() { &checkers_only } else { options })?);
        self.wait_for("Startup complete", before)?;
        self.fifo = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(self.folder.join("fifo")).ok();
        Ok(())
    }

    /// A daemon with NAME.conf in the present network namespace.
    fn spawn(&self, name: &str, options: &[String]) -> Result<Child, String> {
        let log = if name == "peer" { "peer.log" } else { "log" };
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join(log));
        let log = log.map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_keepalived-rs"));
        command.args(["-n", "-l", "-D", "-G", "-f"]).arg(self.folder.join(format!("{name}.conf"))).args(options);
        for (option, part) in [("-p", "daemon"), ("-c", "checkers"), ("-r", "vrrp")] {
            command.arg(option).arg(self.folder.join(format!("{name}-{part}.pid")));
        }
        let command = command.stdin(std::process::Stdio::null()).stdout(log).stderr(errors);
        command.spawn().map_err(|error| error.to_string())
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        let daemon = self.daemon.as_ref().ok_or("no daemon runs")?;
        kill(Pid::from_raw(daemon.id() as i32), signal).map_err(|error| error.to_string())
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn wait_for(&self, words: &str, from: usize) -> Result<(), String> {
        wait(LOOK, || match self.log().get(from..) {
            Some(log) if log.contains(words) => Ok(()),
            _ => Err(format!("the log does not say: {words}")),
        })
    }

    /// Lines from some place of the log on, without their time, and where the last one ends.
    fn lines(&self, from: usize) -> (Vec<String>, usize) {
        let log = self.log();
        let end = log.rfind('\n').map_or(0, |at| at + 1);
        let lines = log.get(from..end).unwrap_or_default().lines();
        (lines.map(|line| line.split_once(": ").map_or(line, |(_, said)| said).trim_end().to_owned()).collect(), end)
    }

    fn expect_log(&mut self, expected: &[String], ordered: bool) -> Result<(), String> {
        let order = |lines: &[String]| {
            let mut lines = lines.to_vec();
            if !ordered {
                lines.sort_unstable();
            }
            lines
        };
        let agree = |one: &[String], other: &[String]| by_subject(&order(one)) == by_subject(&order(other));
        let expected: Vec<String> = expected.iter().map(|line| self.placed(line)).collect();
        let (pool, others): (Vec<String>, Vec<String>) = expected.into_iter().partition(|line| is_pool(line));
        wait(LOOK, || {
            let since = self.lines(self.acted).0;
            if let Some(missing) = others.iter().find(|line| !since.contains(line)) {
                return Err(format!("the log does not say: {missing}"));
            }
            let (lines, _) = self.lines(self.read);
            let said: Vec<String> = lines.into_iter().filter(|line| is_pool(line)).collect();
            // What is too much does not go away by waiting.
            let enough = said.len() > pool.len() || agree(&said, &pool);
            if enough { Ok(()) } else { Err(differ("log", &pool, &said)) }
        })?;
        let (lines, end) = self.lines(self.read);
        let said: Vec<String> = lines.into_iter().filter(|line| is_pool(line)).collect();
        if !agree(&said, &pool) {
            return Err(differ("log", &pool, &said));
        }
        self.read = end;
        Ok(())
    }

    fn expect_fifo(&mut self, expected: &[String]) -> Result<(), String> {
        let fifo = self.fifo.as_mut().ok_or("no DIR/fifo is open")?;
        let mut bytes = Vec::new();
        let said = wait(LOOK, || {
            // It ends with "would block" while a writer has it open.
            fifo.read_to_end(&mut bytes).map(drop).unwrap_or(());
            let said: Vec<String> = String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
            if said.len() >= expected.len() { Ok(said) } else { Err(differ("FIFO", expected, &said)) }
        })?;
        if by_subject(&said) == by_subject(expected) { Ok(()) } else { Err(differ("FIFO", expected, &said)) }
    }

    fn expect_told(&mut self, expected: &[String]) -> Result<(), String> {
        let path = self.folder.join("told");
        let already = self.told;
        let said = wait(LOOK, || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let said: Vec<String> = text.lines().skip(already).map(str::to_owned).collect();
            if said.len() >= expected.len() { Ok(said) } else { Err(differ("scripts", expected, &said)) }
        })?;
        self.told += said.len();
        // Scripts run beside each other.
        let ordered = |lines: &[String]| sorted(&lines.join("\n"));
        if ordered(&said) == ordered(expected) { Ok(()) } else { Err(differ("scripts", expected, &said)) }
    }

    fn server(&mut self, kind: Kind, at: &str, comes: bool) -> Result<(), String> {
        if let Some(stopped) = self.listening.remove(at) {
            stopped.store(true, Ordering::Relaxed);
            // The thread holds one count until its socket is closed.
            wait(LOOK, || if Arc::strong_count(&stopped) == 1 { Ok(()) } else { Err(format!("{at} does not end")) })?;
        }
        if !comes {
            return Ok(());
        }
        let address: SocketAddr = at.parse().map_err(|error| format!("{at}: {error}"))?;
        let stopped = Arc::new(AtomicBool::new(false));
        on(&self.servers);
        let answer = self.folder.join(format!("answer-{}", address.port()));
        let served = serve(kind, address, answer, stopped.clone());
        on(&self.director);
        served.map_err(|error| format!("{at}: {error}"))?;
        self.listening.insert(at.to_owned(), stopped);
        Ok(())
    }
}

fn run_batch(namespace: Option<&str>, folder: &Path, lines: &str) -> Result<(), String> {
    let file = folder.join("batch");
    fs::write(&file, lines).map_err(|error| error.to_string())?;
    let place = namespace.map(|name| format!("-n {name} ")).unwrap_or_default();
    command(&format!("ip {place}-batch {}", file.display())).map(drop)
}

fn is_pool(line: &str) -> bool {
    POOL.iter().any(|start| line.starts_with(start))
}

/// Lines about one virtual server keep their order; which virtual server is first does not matter.
fn by_subject(lines: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in lines {
        let told = line.strip_suffix(" UP").or(line.strip_suffix(" DOWN"));
        let subject = match told {
            Some(told) => told.rsplit_once(' ').map_or("", |(_, server)| server),
            None => line.rsplit_once("VS ").map_or("", |(_, server)| server),
        };
        all.entry(subject).or_default().push(line);
    }
    all
}

fn differ(what: &str, expected: &[String], said: &[String]) -> String {
    let shown = |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
    format!("the {what} should say\n{}but says\n{}", shown(expected), shown(said))
}

/// What a web server answers.
fn answered(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or("HTTP/1.0 200 OK\n\nok".to_owned());
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let head = head.trim_end().replace('\n', "\r\n");
    format!("{head}\r\n\r\n{body}")
}

/// A server on a thread of its own until it is stopped.
///
/// `answer`: where an HTTP server finds what it answers; without it, it is 200.
fn serve(kind: Kind, at: SocketAddr, answer: PathBuf, stopped: Arc<AtomicBool>) -> std::io::Result<()> {
    const TURN: Duration = Duration::from_millis(20);
    let ends = move || stopped.load(Ordering::Relaxed);
    match kind {
        Kind::Tcp | Kind::Http | Kind::Tls(_) => {
            let listener = TcpListener::bind(at)?;
            listener.set_nonblocking(true)?;
            std::thread::spawn(move || {
                while !ends() {
                    let Ok((mut connection, _)) = listener.accept() else {
                        std::thread::sleep(TURN);
                        continue;
                    };
                    if let Kind::Tls(end) = kind {
                        let (text, asked) = (answered(&answer), answer.with_file_name("asked"));
                        // Who breaks off has asked nothing.
                        std::thread::spawn(move || tls::talk(connection, &text, end, &asked).unwrap_or(()));
                    } else if let Kind::Http = kind {
                        let mut request = [0; 4096];
                        connection.set_nonblocking(false).unwrap_or(());
                        connection.set_read_timeout(Some(TURN * 50)).unwrap_or(());
                        if connection.read(&mut request).is_ok() {
                            // Who does not want the answer any more is no concern of ours.
                            connection.write_all(answered(&answer).as_bytes()).unwrap_or(());
                        }
                    }
                }
                // Before the count of who holds `stopped` goes down.
                drop(listener);
            });
        }
        Kind::Udp | Kind::Echo => {
            let socket = UdpSocket::bind(at)?;
            socket.set_read_timeout(Some(TURN))?;
            std::thread::spawn(move || {
                let mut datagram = [0; 2048];
                while !ends() {
                    if let (Ok((length, from)), Kind::Echo) = (socket.recv_from(&mut datagram), kind) {
                        socket.send_to(&datagram[..length], from).map(drop).unwrap_or(());
                    }
                }
                drop(socket);
            });
        }
    }
    Ok(())
}
