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

fn wires() {
    for line in [
        "netns add client",
        "netns add servers",
        "link add outside type veth peer name eth0 netns client",
        "link add inside type veth peer name eth0 netns servers",
        "address add 192.168.1.1/24 dev outside",
        "address add 192.168.1.100/32 dev outside",
        "address add 10.0.0.1/24 dev inside",
        "link set outside up",
        "link set inside up",
        "-n client address add 192.168.1.2/24 dev eth0",
        "-n client link set eth0 up",
        "-n servers address add 10.0.0.11/24 dev eth0",
        "-n servers address add 10.0.0.12/24 dev eth0",
        "-n servers link set lo up",
        "-n servers link set eth0 up",
        "-n servers route add default via 10.0.0.1",
    ] {
        run("ip", line);
    }
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("root in the guest");
}

/// Answers each line with the server's last octet, for as long as a client talks.
fn serve(address: &'static str, last: u8) {
    let (ready, listening) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        enter("servers");
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
    wires();
    serve("10.0.0.11:80", 11);
    serve("10.0.0.12:80", 12);
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
