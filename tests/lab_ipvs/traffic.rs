//! Connections through the table: client - director - two servers, NAT, while the table changes.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use keepalived_rs::model::lvs::{Lvs, Scheduler};
use nix::sched::{CloneFlags, setns};

use crate::fixture::{lvs, tcp};
use crate::task::{Director, expect_table, run};

const SERVICE: &str = "192.168.1.100:80";
const PATIENCE: Duration = Duration::from_secs(20);

fn enter(namespace: &str) {
    let file = File::open(format!("/run/netns/{namespace}")).expect("the namespace");
    setns(file, CloneFlags::CLONE_NEWNET).expect("CAP_SYS_ADMIN in the guest");
}

/// Two namespaces behind the director, by the names of their ends.
fn wires(client: &str, servers: &str) {
    for line in [
        format!("netns add {client}"),
        format!("netns add {servers}"),
        format!("link add outside type veth peer name eth0 netns {client}"),
        format!("link add inside type veth peer name eth0 netns {servers}"),
        "address add 192.168.1.1/24 dev outside".to_owned(),
        "address add 192.168.1.100/32 dev outside".to_owned(),
        "address add 10.0.0.1/24 dev inside".to_owned(),
        "link set outside up".to_owned(),
        "link set inside up".to_owned(),
        format!("-n {client} address add 192.168.1.2/24 dev eth0"),
        format!("-n {client} link set eth0 up"),
        format!("-n {servers} address add 10.0.0.11/24 dev eth0"),
        format!("-n {servers} address add 10.0.0.12/24 dev eth0"),
        format!("-n {servers} link set lo up"),
        format!("-n {servers} link set eth0 up"),
        format!("-n {servers} route add default via 10.0.0.1"),
    ] {
        run("ip", &line);
    }
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("root in the guest");
}

/// Answers each line with the server's last octet, for as long as a client talks.
fn serve(namespace: &'static str, address: &'static str, last: u8) {
    let (ready, listening) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        enter(namespace);
        let listener = TcpListener::bind(address).expect("the server's address");
        ready.send(()).expect("somebody waits");
        for connection in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(connection.try_clone().expect("a descriptor"));
                let (mut connection, mut line) = (connection, String::new());
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if writeln!(connection, "{last}").is_err() {
                        return;
                    }
                }
            });
        }
    });
    listening.recv_timeout(PATIENCE).expect("the server listens");
}

/// A connection through the director that stays open.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open() -> Connection {
        let at: SocketAddr = SERVICE.parse().expect("an address");
        let stream = TcpStream::connect_timeout(&at, PATIENCE).expect("a server answers");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        Connection(BufReader::new(stream))
    }

    /// Which server answers.
    fn ask(&mut self) -> u8 {
        let mut line = String::new();
        writeln!(self.0.get_mut(), "?").expect("the connection is open");
        self.0.read_line(&mut line).expect("an answer in time");
        line.trim().parse().expect("a server's number")
    }
}

fn model(inhibit: bool) -> Lvs {
    let draft = tcp(SERVICE).scheduler(Scheduler::Rr).real("10.0.0.11:80", 1).real("10.0.0.12:80", 1);
    lvs([if inhibit { draft.inhibit() } else { draft }])
}

fn expect_weights(servers: &[(u8, u8)]) {
    let mut text = format!("-A -t {SERVICE} -s rr\n");
    for (last, weight) in servers {
        text.push_str(&format!("-a -t {SERVICE} -r 10.0.0.{last}:80 -m -w {weight}\n"));
    }
    expect_table(&text);
}

/// LV-51 (ours), LV-58: connections outlive a killed predecessor, a reload, and their server's weight 0.
pub fn connections_go_on() {
    wires("client", "servers");
    serve("servers", "10.0.0.11:80", 11);
    serve("servers", "10.0.0.12:80", 12);
    let (asked, questions) = std::sync::mpsc::channel::<()>();
    let (answers, answered) = std::sync::mpsc::channel::<(Vec<u8>, Vec<u8>)>();
    let first = Director::start(model(true));
    expect_weights(&[(11, 1), (12, 1)]);
    // The client: four connections that stay, and on each question one answer of each, then four fresh connections.
    std::thread::spawn(move || {
        enter("client");
        let mut kept: Vec<Connection> = (0..4).map(|_| Connection::open()).collect();
        while questions.recv().is_ok() {
            let old = kept.iter_mut().map(Connection::ask).collect();
            let fresh = (0..4).map(|_| Connection::open().ask()).collect();
            if answers.send((old, fresh)).is_err() {
                return;
            }
        }
    });
    let ask = || {
        asked.send(()).expect("the client runs");
        let (mut old, mut fresh) = answered.recv_timeout(PATIENCE * 2).expect("the client gets its answers");
        old.sort_unstable();
        fresh.sort_unstable();
        (old, fresh)
    };
    let both = || vec![11, 11, 12, 12];
    assert_eq!(ask(), (both(), both()));

    first.kill();
    let mut second = Director::start(model(true));
    assert_eq!(ask(), (both(), both()), "after taking over");

    second.verdicts([(1, false)]);
    expect_weights(&[(11, 1), (12, 0)]);
    assert_eq!(ask(), (both(), vec![11; 4]), "an inhibited server keeps its connections");

    second.reload(model(true));
    expect_weights(&[(11, 1), (12, 0)]);
    second.verdicts([(1, true)]);
    expect_weights(&[(11, 1), (12, 1)]);
    assert_eq!(ask(), (both(), both()), "up again after a reload");

    second.stop();
    crate::guest::expect_empty();
}

/// A number below `end`; the same ones in every run.
fn any(seed: &mut u64, end: u64) -> u64 {
    // Constants of Knuth's MMIX.
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % end
}

/// Whatever an edit may change around two servers that stay: their weights and thresholds, how they are chosen, other
/// servers and virtual servers that come and go, a sorry server, quorum.
fn edited(seed: &mut u64) -> Lvs {
    let schedulers = [Scheduler::Rr, Scheduler::Wrr, Scheduler::Lc, Scheduler::Wlc, Scheduler::Sh, Scheduler::Mh];
    let scheduler = schedulers[any(seed, 6) as usize];
    let mut draft = tcp(SERVICE).scheduler(scheduler).quorum(1 + any(seed, 3) as u32, 0);
    let mut others: Vec<u64> = (13..30).filter(|_| any(seed, 3) == 0).collect();
    others.insert(any(seed, others.len() as u64 + 1) as usize, 11);
    others.insert(any(seed, others.len() as u64 + 1) as usize, 12);
    for last in others {
        let weight = any(seed, 5) as u32;
        let at = format!("10.0.0.{last}:80");
        draft = if last < 13 { draft.real(&at, weight).inhibit() } else { draft.unchecked(&at, weight) };
        let most = any(seed, 2) as u32 * 1000;
        draft = draft.last(|real| (real.upper_threshold, real.lower_threshold) = (most, most / 2));
    }
    if any(seed, 3) == 0 {
        draft = draft.persistent(60);
    }
    if any(seed, 2) == 0 {
        draft = draft.sorry("10.0.0.40:80", any(seed, 2) == 0);
    }
    let more = (0..any(seed, 4)).map(|n| tcp(&format!("192.168.1.100:{}", 81 + n)).unchecked("10.0.0.11:80", 1));
    let mut all: Vec<_> = more.collect();
    all.insert(any(seed, all.len() as u64 + 1) as usize, draft);
    lvs(all)
}

/// `ActiveConn` of each of the two servers: an entry that was removed and added again would begin with none.
fn active() -> Vec<String> {
    let output = std::process::Command::new("ipvsadm").args(["-Ln", "-t", SERVICE]).output().expect("ipvsadm");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows = text.lines().map(words).filter(|row| row.first().is_some_and(|first| first == "->"));
    let ours = rows.filter(|row| row[1] == "10.0.0.11:80" || row[1] == "10.0.0.12:80");
    let mut counts: Vec<String> = ours.map(|row| format!("{} {}", row[1], row[4])).collect();
    counts.sort_unstable();
    counts
}

/// LV-86, LV-88, LV-90, LV-95: connections that stay open through a hundred reloads with any edits but those of their own
/// server's address, method or port; in between the servers fail and come back, which weight 0 is for.
pub fn connections_outlive_a_hundred_reloads() {
    const RELOADS: usize = 100;
    wires("caller", "callees");
    serve("callees", "10.0.0.11:80", 11);
    serve("callees", "10.0.0.12:80", 12);
    let mut director = Director::start(model(true));
    expect_weights(&[(11, 1), (12, 1)]);
    let (asked, questions) = std::sync::mpsc::channel::<()>();
    let (answers, answered) = std::sync::mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        enter("caller");
        let mut kept: Vec<Connection> = (0..4).map(|_| Connection::open()).collect();
        while questions.recv().is_ok() && answers.send(kept.iter_mut().map(Connection::ask).collect()).is_ok() {}
    });
    let ask = || {
        asked.send(()).expect("the client runs");
        answered.recv_timeout(PATIENCE * 2).expect("every connection answers")
    };
    let first = ask();
    let before = active();
    assert_eq!(before, ["10.0.0.11:80 2", "10.0.0.12:80 2"]);
    let mut seed = 11;
    for nth in 0..RELOADS {
        director.reload(edited(&mut seed));
        let log = director.log();
        assert!(!log.iter().any(|line| line.starts_with("IPVS cmd")), "reload {nth}: {log:#?}");
        // The checkers of the two servers are the only ones.
        director.verdicts([(any(&mut seed, 2) as usize, any(&mut seed, 2) == 0)]);
        if nth % 5 == 0 {
            assert_eq!(ask(), first, "after reload {nth}");
            assert_eq!(active(), before, "after reload {nth}");
        }
    }
    assert_eq!(ask(), first, "after the last reload");
    assert_eq!(active(), before, "after the last reload");
    director.stop();
    crate::guest::expect_empty();
}
