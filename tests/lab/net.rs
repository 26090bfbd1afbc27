//! Hosts on one LAN: network namespaces, each with an interface `eth0` at a bridge that stands in a namespace of its own,
//! so that a cable can be pulled and every frame at a port be seen. Nothing touches the machine's own network.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use socket2::{Domain, Protocol, Socket, Type};

/// A stopwatch's reading; the tests measure real time.
#[allow(clippy::disallowed_methods, reason = "the labs measure real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Asks again and again until there is an answer; at the end of `patience` the last refusal fails the test.
pub fn eventually<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let end = now() + patience;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(last) if now() >= end => panic!("{what}: not within {patience:?}; last seen: {last}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("the program ip");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {said} (as root? network namespaces need CAP_SYS_ADMIN)");
}

static LANS: AtomicU32 = AtomicU32::new(0);

/// A bridge and its hosts; gone when dropped.
pub struct Lan {
    tag: String,
    hosts: u8,
}

impl Lan {
    /// `hosts` hosts, numbered from 1: host N is 10.9.0.N/24 and has a link-local IPv6 address at once (no duplicate
    /// address detection).
    pub fn new(hosts: u8) -> Lan {
        let tag = format!("ka{}-{}", std::process::id(), LANS.fetch_add(1, Ordering::Relaxed));
        let lan = Lan { tag, hosts };
        let bridge = lan.bridge();
        ip(&format!("netns add {bridge}"));
        ip(&format!("-n {bridge} link add br0 type bridge mcast_snooping 0"));
        ip(&format!("-n {bridge} link set br0 up"));
        for host in 1..=hosts {
            let name = lan.host(host);
            ip(&format!("netns add {name}"));
            lan.inside(host, || {
                std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0").expect("net.ipv6 sysctl");
            });
            ip(&format!("-n {name} link set lo up"));
            ip(&format!("-n {name} link add eth0 type veth peer name port{host} netns {bridge}"));
            ip(&format!("-n {name} addr add 10.9.0.{host}/24 dev eth0"));
            ip(&format!("-n {bridge} link set port{host} master br0 up"));
            ip(&format!("-n {name} link set eth0 up"));
        }
        lan
    }

    fn bridge(&self) -> String {
        format!("{}-br", self.tag)
    }

    /// The namespace's name.
    pub fn host(&self, host: u8) -> String {
        format!("{}-{host}", self.tag)
    }

    /// Pulls the host's cable: its carrier goes.
    pub fn cut(&self, host: u8) {
        ip(&format!("-n {} link set port{host} down", self.bridge()));
    }

    pub fn heal(&self, host: u8) {
        ip(&format!("-n {} link set port{host} up", self.bridge()));
    }

    /// Every host gets an interface `eth1` on a second LAN: host N is 10.8.0.N/24 there.
    pub fn second_cable(&self) {
        let bridge = self.bridge();
        ip(&format!("-n {bridge} link add br1 type bridge mcast_snooping 0"));
        ip(&format!("-n {bridge} link set br1 up"));
        for host in 1..=self.hosts {
            let name = self.host(host);
            ip(&format!("-n {name} link add eth1 type veth peer name side{host} netns {bridge}"));
            ip(&format!("-n {name} addr add 10.8.0.{host}/24 dev eth1"));
            ip(&format!("-n {bridge} link set side{host} master br1 up"));
            ip(&format!("-n {name} link set eth1 up"));
        }
    }

    pub fn cut_second(&self, host: u8) {
        ip(&format!("-n {} link set side{host} down", self.bridge()));
    }

    pub fn heal_second(&self, host: u8) {
        ip(&format!("-n {} link set side{host} up", self.bridge()));
    }

    /// The hosts keep their carriers and hear nothing of each other.
    pub fn part(&self) {
        self.isolate("on");
    }

    pub fn join(&self) {
        self.isolate("off");
    }

    fn isolate(&self, how: &str) {
        for port in (1..=self.hosts).flat_map(|host| [format!("port{host}"), format!("side{host}")]) {
            ip(&format!("-n {} link set {port} type bridge_slave isolated {how}", self.bridge()));
        }
    }

    /// One `ip` command in the host's namespace.
    pub fn ip(&self, host: u8, words: &str) {
        ip(&format!("-n {} {words}", self.host(host)));
    }

    /// The host's addresses on `eth0`, as `ip` writes them: `10.9.0.1/24 scope global eth0`. (Newer ones also
    /// write the protocol, which is left out here.)
    pub fn addresses(&self, host: u8) -> Vec<String> {
        let name = self.host(host);
        let output = Command::new("ip").args(["-n", &name, "-o", "addr", "show", "dev", "eth0"]).output();
        let text = String::from_utf8_lossy(&output.expect("the program ip").stdout).into_owned();
        let line = |line: &str| {
            let mut words: Vec<&str> = line.split("\\").next().unwrap_or(line).split_whitespace().skip(3).collect();
            if let Some(place) = words.iter().position(|word| *word == "proto") {
                words.drain(place..place + 2);
            }
            words.join(" ")
        };
        text.lines().map(line).collect()
    }

    /// Whether the host has the address (without prefix).
    pub fn holds(&self, host: u8, address: &str) -> bool {
        self.addresses(host).iter().any(|line| line.split('/').next() == Some(address))
    }

    /// The host's hardware address.
    pub fn mac(&self, host: u8) -> [u8; 6] {
        let text = self.inside(host, || {
            let output =
                Command::new("ip").args(["-o", "link", "show", "dev", "eth0"]).output().expect("the program ip");
            String::from_utf8_lossy(&output.stdout).into_owned()
        });
        let mut words = text.split_whitespace().skip_while(|word| *word != "link/ether").skip(1);
        let octets = words.next().expect("an Ethernet address").split(':');
        let octets: Vec<u8> = octets.map(|octet| u8::from_str_radix(octet, 16).expect("an octet")).collect();
        octets.try_into().expect("six octets")
    }

    /// Runs something on a thread of its own in the host's namespace; threads and programs started there live there.
    pub fn inside<T: Send>(&self, host: u8, what: impl FnOnce() -> T + Send) -> T {
        let name = self.host(host);
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                enter(&name);
                what()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Every frame at the host's port of the bridge from now on.
    pub fn listen(&self, host: u8) -> Listener {
        let bridge = self.bridge();
        let socket = std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                enter(&bridge);
                // ETH_P_ALL
                let protocol = Protocol::from(i32::from(3u16.to_be()));
                let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).expect("a packet socket");
                bind(&socket, &format!("port{host}"));
                socket.set_nonblocking(true).expect("a socket that does not block");
                socket
            });
            thread.join().expect("a listener")
        });
        Listener { socket }
    }

    /// Starts a program in the host's namespace, what it says going to `log`.
    pub fn start(&self, host: u8, log: &std::path::Path, argv: &[&str]) -> Program {
        let child = self.inside(host, || {
            let out = File::create(log).expect("a log file");
            let err = out.try_clone().expect("a log file");
            let mut command = Command::new(argv[0]);
            command.args(&argv[1..]).stdin(Stdio::null()).stdout(out).stderr(err);
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}", argv[0]))
        });
        Program { child, log: log.to_owned() }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in (1..=self.hosts).map(|host| self.host(host)).chain([self.bridge()]) {
            // One that was never made is no loss.
            drop(Command::new("ip").args(["netns", "del", &name]).stderr(Stdio::null()).status());
        }
    }
}

fn enter(namespace: &str) {
    let path = format!("/run/netns/{namespace}");
    let file = File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    setns(file, CloneFlags::CLONE_NEWNET).unwrap_or_else(|error| panic!("{path}: {error}"));
}

fn bind(socket: &Socket, interface: &str) {
    let index = nix::net::if_::if_nametoindex(interface).expect("an interface");
    // SAFETY: all-zero bytes are a valid sockaddr_ll.
    let mut address: nix::libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = nix::libc::AF_PACKET as u16;
    address.sll_protocol = 3u16.to_be();
    address.sll_ifindex = index as i32;
    let length = size_of_val(&address) as u32;
    // SAFETY: the descriptor is open, and the address is valid for its length and lives through the call.
    let result = unsafe { nix::libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    assert_eq!(result, 0, "bind to {interface}: {}", std::io::Error::last_os_error());
}

/// Frames at a port, as they passed.
pub struct Listener {
    socket: Socket,
}

impl Listener {
    /// For its options and for reading with a time stamp.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Those that are waiting.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut buffer = vec![0; 4096];
        // SAFETY: the buffer is valid for its length and lives through the call.
        loop {
            let read = unsafe {
                nix::libc::recv(
                    self.socket.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    nix::libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(read) {
                Ok(length) => found.push(buffer[..length].to_vec()),
                Err(_) => return found,
            }
        }
    }
}

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    log: std::path::PathBuf,
}

impl Program {
    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the program lives");
    }

    /// SIGTERM, and its end within 5 s.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let (pid, log) = (self.pid(), self.log());
        eventually("the end of a program", Duration::from_secs(5), || match self.child.try_wait() {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("{pid} still runs\n{log}")),
            Err(error) => Err(error.to_string()),
        });
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Its children end with it: keepalived asks the kernel for SIGTERM on its parent's death.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
