//! Routes, rules and static items: what ours makes of a configuration and what Debian's keepalived 2.2.7 makes of it,
//! as `ip` shows it; what others take away; what is left in the end.

use std::process::Command;
use std::time::Duration;

use crate::net::{Lan, eventually};
use crate::router::{Daemon, Make};

const SOON: Duration = Duration::from_secs(8);

/// Every route names its interface: 2.2.7 follows no others. The static items are in a track group for the same reason.
const CONFIGURATION: &str = "\
global_defs {
  router_id lab
}
track_group tg {
  group {
    VI_1
  }
}
static_ipaddress {
  10.9.5.1/24 dev eth0 brd + track_group tg
  10.9.5.7 dev eth0 scope link label eth0:s track_group tg
  2001:db8:5::1/64 dev eth0 noprefixroute track_group tg
}
static_routes {
  10.50.0.0/16 dev eth0 track_group tg
  10.51.0.0/16 via 10.9.0.254 dev eth0 metric 7 track_group tg
  2001:db8:50::/48 dev eth0 track_group tg
}
static_rules {
  from 10.50.0.0/16 iif eth0 lookup 150 preference 150 track_group tg
}
vrrp_instance VI_1 {
  version 3
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 200
  advert_int 0.1
  virtual_ipaddress {
    10.9.0.100/24
  }
  virtual_ipaddress_excluded {
    2001:db8::100/64
    2001:db8::101 preferred_lft 100
    10.9.6.1 peer 10.9.6.2 dev eth0
  }
  virtual_routes {
    10.20.0.0/16 dev eth0
    10.21.0.0/16 via 10.9.0.254 dev eth0 src 10.9.0.100 metric 100 tos 4 scope global
    10.22.0.0/16 via 10.9.0.254 dev eth0 table 1000 onlink mtu lock 1400 advmss 1300 rtt 500ms rttvar 300ms rto_min 400ms window 1000 cwnd lock 10 ssthresh 20 initcwnd 11 initrwnd 12 hoplimit 9 reordering 5 quickack 1 features ecn congctl reno
    blackhole 10.23.0.0/16 no_track
    unreachable 10.24.0.0/16 table 1000 no_track
    prohibit 10.25.0.0/16 no_track
    throw 10.26.0.0/16 no_track
    10.27.0.0/16 no_track nexthop via 10.9.0.251 dev eth0 weight 10 nexthop via 10.9.0.252 dev eth0 weight 256 onlink
    10.28.0.0/16 dev eth0 encap ip id 7 dst 10.99.9.9 src 10.99.9.8 tos 4 ttl 64
    10.29.0.0/16 dev eth0 encap ip6 id 8 dst 2001:db8:9::9 src 2001:db8:9::8 tc 4 hoplimit 64
    10.30.0.0/16 dev eth0 protocol static no_track
    10.31.0.0/16 dev eth0 metric 1
    append 10.31.0.0/16 via 10.9.0.254 dev eth0 metric 1
    2001:db8:20::/48 via fe80::254 dev eth0
    2001:db8:21::/48 dev eth0 metric 7 pref high mtu 1300
    2001:db8:22::/48 dev eth0 table 1000
  }
  virtual_rules {
    from 10.20.0.0/16 lookup 1000 preference 100
    not to 10.21.0.0/16 table 100 preference 101 tos 8
    from 10.22.0.0/16 to 10.23.0.0/16 iif eth0 oif eth0 fwmark 0x10/0xff lookup 100 preference 102
    from 10.24.0.0/16 lookup 100 preference 103 suppress_prefixlength 8 suppress_ifgroup 5
    from 10.25.0.0/16 lookup 100 preference 104 realms 5/6
    from 10.26.0.0/16 blackhole preference 105
    from 10.27.0.0/16 goto 200 preference 106
    from 10.28.0.0/16 nop preference 107
    from 10.29.0.0/16 type prohibit preference 108
    from 10.30.0.0/16 unreachable preference 109
    from 10.31.0.0/16 lookup 100 preference 110 ipproto tcp sport 80-90 dport 443-444 uidrange 1000-2000 tunnel-id 77
    l3mdev preference 111
    from 2001:db8:20::/48 lookup 1000 preference 112
    to 2001:db8:21::/48 lookup 1000
    from 10.32.0.0/16 lookup 100
  }
}
";

/// Everything `ip` shows of a host, without what differs by nature: numbers of interfaces, lifetimes that run down, and
/// the protocol of addresses, which 2.2.7 does not give.
fn shown(lan: &Lan, host: u8) -> Vec<String> {
    let name = lan.host(host);
    let mut lines = Vec::new();
    for words in ["-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule", "-o addr show dev eth0"] {
        let output = Command::new("ip").args(["-n", &name]).args(words.split(' ')).output().expect("the program ip");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            // Link-local addresses come from the hardware address, which differs.
            if line.contains("fe80::") && !line.contains("fe80::254") || line.contains("ff00::/8") {
                continue;
            }
            let mut kept: Vec<&str> = line.split('\\').next().unwrap_or(line).split_whitespace().collect();
            if words.contains("addr") {
                kept.remove(0);
                if let Some(at) = kept.iter().position(|word| *word == "proto") {
                    kept.drain(at..at + 2);
                }
            }
            lines.push(kept.join(" "));
        }
    }
    lines.sort();
    lines
}

fn has(lan: &Lan, words: &str) -> bool {
    shown(lan, 1).iter().any(|line| line.starts_with(words))
}

/// Starts a daemon and lets it become Master.
fn master(lan: &Lan, make: Make) -> Daemon {
    let daemon = Daemon::start_with(lan, 1, CONFIGURATION, make);
    daemon.says("Entering MASTER STATE");
    eventually("the last rule", SOON, || {
        if has(lan, "16384: from 10.32.0.0/16") { Ok(()) } else { Err(format!("{:#?}", shown(lan, 1))) }
    });
    daemon
}

/// Somebody takes it away; the instance steps back and is Master again with all of it.
fn taken(lan: &Lan, daemon: &Daemon, command: &str) {
    let stays = || daemon.log().matches("Entering MASTER STATE").count();
    let before = (stays(), shown(lan, 1));
    lan.ip(1, command);
    eventually(command, SOON, || {
        let now = (stays(), shown(lan, 1));
        if now.0 == before.0 + 1 && now.1 == before.1 {
            Ok(())
        } else {
            Err(format!("{} stays: {}", now.0, daemon.log()))
        }
    });
}

/// Somebody takes it away; it is put back, and nothing else happens.
fn restored(lan: &Lan, daemon: &Daemon, command: &str, words: &str) {
    let before = shown(lan, 1);
    let stays = daemon.log().matches("Entering").count();
    lan.ip(1, command);
    daemon.says(words);
    eventually(command, SOON, || {
        let now = shown(lan, 1);
        if now == before { Ok(()) } else { Err(format!("{now:#?}\n{}", daemon.log())) }
    });
    assert_eq!(daemon.log().matches("Entering").count(), stays, "{command}: {}", daemon.log());
}

/// VR-128, VR-142, VR-151, VR-157, VR-236, VR-248 … VR-254, VR-258 … VR-263: `ip` shows the same of ours as of the
/// original; what others take away ends a stay as Master or is put back; a killed daemon's leftovers go or stay as they
/// should; nothing is left after the stop, not even an address with a peer, which 2.2.7 leaves (VR-340).
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn ip_shows_the_same_of_ours_as_of_the_original() {
    let theirs = std::thread::spawn(|| {
        let lan = Lan::new(1);
        let daemon = master(&lan, Make::Original);
        let shown = shown(&lan, 1);
        (daemon.stop(), shown)
    });
    let lan = Lan::new(1);
    let before = shown(&lan, 1);
    let daemon = master(&lan, Make::Ours);
    let ours = shown(&lan, 1);
    let (log, theirs) = theirs.join().expect("the original's part");
    let missing: Vec<&String> = theirs.iter().filter(|line| !ours.contains(line)).collect();
    let extra: Vec<&String> = ours.iter().filter(|line| !theirs.contains(line)).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "only theirs: {missing:#?}\nonly ours: {extra:#?}\nours says\n{}\ntheirs says\n{log}",
        daemon.log()
    );
    assert!(ours.len() > before.len() + 35, "{ours:#?}");

    taken(&lan, &daemon, "route del 10.20.0.0/16");
    taken(&lan, &daemon, "-6 route del 2001:db8:20::/48");
    taken(&lan, &daemon, "rule del preference 105");
    taken(&lan, &daemon, "-6 rule del preference 112");
    taken(&lan, &daemon, "addr del 10.9.0.100/24 dev eth0");
    restored(&lan, &daemon, "route del 10.50.0.0/16", "Restoring deleted static route prepend 10.50.0.0/16 dev eth0");
    restored(&lan, &daemon, "rule del preference 150", "Restoring deleted static rule from 10.50.0.0/16 priority 150");
    restored(&lan, &daemon, "addr del 10.9.5.7/32 dev eth0", "Restoring deleted static address 10.9.5.7");

    let refusals = daemon.log().lines().filter(|line| line.contains("Netlink: error")).count();
    assert_eq!(daemon.crash().matches("Netlink: error").count(), refusals);
    assert_eq!(shown(&lan, 1), ours, "what was killed leaves all");
    let daemon = Daemon::start_with(&lan, 1, CONFIGURATION, Make::Ours);
    assert!(!has(&lan, "10.20.0.0/16") && !has(&lan, "105:") && has(&lan, "10.50.0.0/16") && has(&lan, "150:"));
    daemon.says("Entering MASTER STATE");
    eventually("all again", SOON, || {
        let now = shown(&lan, 1);
        if now == ours { Ok(()) } else { Err(format!("{now:#?}")) }
    });
    daemon.stop();
    assert_eq!(shown(&lan, 1), before);
}

/// VR-207: the sysctl is on while the daemon runs, and off again after it.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn secondaries_are_promoted_while_it_runs() {
    let lan = Lan::new(1);
    let promoted = || {
        let path = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries";
        lan.inside(1, || std::fs::read_to_string(path).expect("a sysctl").trim().to_owned())
    };
    let text = CONFIGURATION.replace("  priority 200\n", "  priority 200\n  promote_secondaries\n");
    assert_eq!(promoted(), "0");
    let daemon = Daemon::start_with(&lan, 1, &text, Make::Ours);
    assert_eq!(promoted(), "1");
    daemon.stop();
    assert_eq!(promoted(), "0");
}
