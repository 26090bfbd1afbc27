//! What is checked inside the guest: each program has a network namespace of its own with the same links.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PATIENCE: Duration = Duration::from_secs(40);
const MODULES: [&str; 6] = ["veth", "vrf", "ipvlan", "mpls_router", "mpls_iptunnel", "ila"];

/// `eth1` has the ipvlans, `eth2` is in the VRF `blue`, whose table is 1001. (This kernel's packet filter has no tables of
/// family ip.)
const CONFIGURATION: &str = "\
global_defs {
  disable_local_igmp
}
vrrp_instance IPVLAN4 {
  version 3
  interface eth1
  virtual_router_id 52
  priority 200
  advert_int 0.2
  use_ipvlan ipv52 10.8.0.51/24 bridge
  virtual_ipaddress {
    10.8.0.100/24
    10.8.0.101/32
  }
}
vrrp_instance IPVLAN6 {
  version 3
  interface eth1
  virtual_router_id 53
  priority 200
  advert_int 0.2
  use_ipvlan ipv53 private
  virtual_ipaddress {
    fe80::53/64
    2001:db8:8::100/64
  }
}
vrrp_instance IN_VRF {
  version 3
  interface eth2
  virtual_router_id 54
  priority 200
  advert_int 0.2
  virtual_ipaddress {
    10.7.0.100/24
  }
  virtual_routes {
    10.60.0.0/16 via 10.7.0.254 dev eth2 vrf blue
    10.61.0.0/16 dev eth2 table 1001
  }
}
vrrp_instance VMAC_IN_VRF {
  version 3
  interface eth2
  virtual_router_id 56
  priority 200
  advert_int 0.2
  use_vmac
  virtual_ipaddress {
    10.7.0.103
  }
}
vrrp_instance ROUTES {
  version 3
  interface eth0
  virtual_router_id 51
  priority 200
  advert_int 0.2
  virtual_ipaddress {
    10.9.0.100/24
  }
  virtual_routes {
    10.20.0.0/16 via 10.9.0.254 dev eth0 encap mpls 100/200
    10.21.0.0/16 via 10.9.0.254 dev eth0 encap mpls 16
    2001:db8:20:0:2000::1/128 via 2001:db8::254 dev eth0 encap ila 2001:db8:0:7
    10.23.0.0/16 dev eth0 encap ip id 7 dst 10.99.9.9 src 10.99.9.8 tos 4 ttl 64
  }
}
";

/// Its socket is bound to the VRF itself, which 2.2.7 does not know yet.
const OF_VRF: &str = "\
vrrp_instance VRF_SOCKET {
  version 3
  virtual_router_id 55
  priority 200
  advert_int 0.2
  vrf blue
  unicast_src_ip 10.7.0.1
  unicast_peer {
    10.7.0.9
  }
  virtual_ipaddress {
    10.7.0.102/32 dev eth2
  }
}
";

#[derive(Clone, Copy, PartialEq)]
enum Make {
    Ours,
    Original,
}

impl Make {
    const fn name(self) -> &'static str {
        match self {
            Make::Ours => "ours",
            Make::Original => "original",
        }
    }
}

/// VR-201, VR-205, VR-206: ipvlans as the original makes them, with their own address only, the virtual router's below.
/// VR-56, VR-196, VR-258: an instance on a member of a VRF and one whose socket is bound to the VRF; routes in its table.
/// VR-258: MPLS and ILA encapsulations. All of it as `ip` shows it, and nothing of it is left at the end.
pub fn run() {
    for module in MODULES {
        said("modprobe", &[module]);
    }
    let (original, ours) = (life(Make::Original), life(Make::Ours));
    for (what, words) in [
        ("an ipvlan", "ipv52@eth1"),
        ("an ipvlan", "ipvlan mode l2 private"),
        ("its address", "ipv52 10.8.0.51/24"),
        ("a virtual MAC in the VRF", "vrrp.56@eth2 master blue"),
        ("an address on the base", "eth1 10.8.0.100/24"),
        ("a route of the VRF", "10.60.0.0/16 via 10.7.0.254 dev eth2 table 1001 proto keepalived"),
        ("MPLS", "10.20.0.0/16 encap mpls 100/200"),
        ("ILA", "encap ila 2001:db8:0:7"),
        ("a tunnel", "10.23.0.0/16 encap ip id 7"),
    ] {
        assert!(ours.iter().any(|line| line.contains(words)), "{what}: no `{words}` in {ours:#?}");
    }
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect::<Vec<_>>();
    let difference = (only(&original, &ours), only(&ours, &original));
    assert_eq!(difference, (vec![], vec![]), "only with the original, only with ours");
}

/// What `ip` shows while it is Master of all.
fn life(make: Make) -> BTreeSet<String> {
    let name = make.name();
    let batch = format!(
        "link set lo up
         link add eth0 type veth peer name p0
         link add eth1 type veth peer name p1
         link add eth2 type veth peer name p2
         link add blue type vrf table 1001
         link set blue up
         link set eth2 master blue
         addr add 10.9.0.1/24 dev eth0
         addr add 2001:db8::1/64 dev eth0
         addr add 10.8.0.1/24 dev eth1
         addr add 10.7.0.1/24 dev eth2
         {}",
        ["p0", "p1", "p2", "eth0", "eth1", "eth2"].map(|link| format!("link set {link} up\n")).concat()
    );
    said("ip", &["netns", "add", name]);
    inside(
        name,
        "sh",
        &["-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 1000 >/proc/sys/net/mpls/platform_labels"],
    );
    let file = format!("/tmp/{name}.ip");
    std::fs::write(&file, batch).expect("a file");
    said("ip", &["-n", name, "-batch", &file]);
    let before = addresses(name);

    let mut daemon = start(make);
    let log = || std::fs::read_to_string(log_of(make)).unwrap_or_default();
    let routers = if make == Make::Ours { 6 } else { 5 };
    eventually("Master of all", || {
        let log = log();
        if log.matches("Entering MASTER STATE").count() == routers { Ok(()) } else { Err(log) }
    });
    let wanted = ["10.7.0.103", "10.9.0.100", "2001:db8:8::100", "10.8.0.101"];
    eventually("all addresses", || {
        let held = addresses(name);
        let all = wanted.iter().all(|one| held.iter().any(|line| line.contains(one)));
        if all { Ok(()) } else { Err(format!("{held:#?}\n{}", log())) }
    });
    let routes = || {
        [
            said("ip", &["-n", name, "-4", "route", "show", "table", "all"]),
            said("ip", &["-n", name, "-6", "route", "show", "table", "all"]),
        ]
        .concat()
    };
    eventually("all routes", || {
        let routes = routes();
        if routes.contains("10.23.0.0/16") && routes.contains("ila") {
            Ok(())
        } else {
            Err(format!("{routes}\n{}", log()))
        }
    });
    let mut shown: BTreeSet<String> = routes().lines().map(squeezed).filter(|line| !by_chance(line)).collect();
    shown.extend(addresses(name));
    let links = said("ip", &["-n", name, "-d", "-o", "link", "show", "type", "ipvlan"]);
    shown.extend(links.lines().map(|line| {
        // Number, hardware address and what this kernel's driver can do differ or do not matter.
        let words = squeezed(line);
        let about = words.split_once(": ").map_or(words.as_str(), |(_, rest)| rest);
        let mode = about.split("ipvlan mode").nth(1).map_or("", |mode| mode.split(" addrgenmode").next().unwrap_or(""));
        format!("{} ipvlan mode{mode}", about.split(": ").next().unwrap_or(about))
    }));
    let links = said("ip", &["-n", name, "-o", "link", "show", "type", "macvlan"]);
    shown.extend(links.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let master = words.iter().skip_while(|word| **word != "master").nth(1).unwrap_or(&"-");
        format!("{} master {master}", words.get(1).map_or("", |link| link.trim_end_matches(':')))
    }));
    let settings =
        ["ipv52", "ipv53"].map(|link| inside(name, "cat", &[&format!("/proc/sys/net/ipv6/conf/{link}/disable_ipv6")]));
    shown.insert(format!("disable_ipv6 {}", settings.map(|one| one.trim().to_owned()).join(" ")));
    if make == Make::Ours {
        let sockets = inside(name, "ss", &["-H", "-w", "-a", "-n"]);
        assert!(sockets.contains("10.7.0.1%blue:112"), "{sockets}");
        let before = shown.len();
        // The address, and what the kernel makes of it.
        shown.retain(|line| !line.contains("10.7.0.102"));
        assert!(before > shown.len(), "{shown:#?}");
    }

    let pid = Pid::from_raw(i32::try_from(daemon.id()).expect("a pid"));
    kill(pid, Signal::SIGTERM).expect("it lives");
    let status = daemon.wait().expect("its end");
    assert!(status.success(), "{status}\n{}", log());
    assert_eq!(addresses(name), before, "{}", log());
    assert!(!routes().contains("proto keepalived"), "{}", routes());
    assert_eq!(said("ip", &["-n", name, "-o", "link", "show", "type", "ipvlan"]), "");
    assert_eq!(said("ip", &["-n", name, "-o", "link", "show", "type", "macvlan"]), "");
    shown
}

fn log_of(make: Make) -> String {
    format!("/tmp/{}.log", make.name())
}

fn start(make: Make) -> Child {
    let text = if make == Make::Ours { [CONFIGURATION, OF_VRF].concat() } else { CONFIGURATION.to_owned() };
    std::fs::write("/tmp/keepalived.conf", text).expect("a file");
    let program = match make {
        Make::Ours => env!("CARGO_BIN_EXE_keepalived-rs"),
        Make::Original => "keepalived",
    };
    let log = File::create(log_of(make)).expect("a log");
    let pid = |what: &str| format!("/tmp/{}.{what}", make.name());
    let (daemon, vrrp) = (pid("pid"), pid("vrrp"));
    let words = ["netns", "exec", make.name(), program, "-n", "-l", "-G", "-D", "-P", "-f", "/tmp/keepalived.conf"];
    Command::new("ip")
        .args(words)
        .args(["-p", &daemon, "-r", &vrrp])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log"))
        .stderr(log)
        .spawn()
        .expect("the program ip")
}

/// `LINK ADDRESS` and what else `ip` says, without lifetimes and what comes from hardware addresses.
fn addresses(name: &str) -> BTreeSet<String> {
    let text = said("ip", &["-n", name, "-o", "addr", "show"]);
    let line = |line: &str| {
        let words = squeezed(line.split('\\').next().unwrap_or(line));
        let words: Vec<&str> = words.split(' ').skip(1).filter(|word| !["inet", "inet6"].contains(word)).collect();
        words.join(" ")
    };
    text.lines().map(line).filter(|line| !by_chance(line)).collect()
}

/// Link-local addresses made of a random hardware address, and the routes to them.
fn by_chance(line: &str) -> bool {
    let known = ["fe80::53/64", "fe80::53 ", "fe80::/64"].iter().any(|known| line.contains(known));
    let own = line.contains("fe80::") && !known;
    own || line.contains("dev p") || line.starts_with('p')
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn inside(name: &str, program: &str, words: &[&str]) -> String {
    said("ip", &[&["netns", "exec", name, program], words].concat())
}

fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {errors}", words.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[allow(clippy::disallowed_methods, reason = "the lab measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn eventually(what: &str, mut look: impl FnMut() -> Result<(), String>) {
    let end = now() + PATIENCE;
    while let Err(last) = look() {
        assert!(now() < end, "{what}: last seen: {last}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
