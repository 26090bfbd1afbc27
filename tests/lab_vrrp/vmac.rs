//! Virtual MACs and the packet filter: what is made is what the original makes, adverts carry the virtual MAC and both
//! programs hear each other with it and without, and nothing is left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::SOON;
use crate::interop::assert_clean;
use crate::net::{Lan, eventually};
use crate::router::{Daemon, Make};

const PATIENCE: Duration = Duration::from_secs(8);

/// What a program says in the host's namespace.
fn said(lan: &Lan, host: u8, words: &[&str]) -> String {
    let name = lan.host(host);
    let whole = [&["ip", "netns", "exec", &name], words].concat();
    let output = Command::new(whole[0]).args(&whole[1..]).output().expect("a program");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Macvlans by name: base, MAC address, mode and who makes link-local addresses.
fn macvlans(lan: &Lan, host: u8) -> BTreeMap<String, String> {
    let text = said(lan, host, &["ip", "-d", "-o", "link", "show", "type", "macvlan"]);
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |word: &str| words.iter().skip_while(|one| **one != word).nth(1).copied().unwrap_or("-");
        let (name, base) = words.get(1)?.trim_end_matches(':').split_once('@')?;
        let up = words.get(2)?.contains("LOWER_UP");
        let about = [base, after("link/ether"), after("mode"), after("addrgenmode"), after("group")].join(" ");
        Some((name.to_owned(), format!("{about} {up}")))
    };
    // `mode` stands twice: of the link and, after `macvlan`, of the macvlan.
    text.lines().map(|line| line.replace(" mode DEFAULT", "")).filter_map(|text| line(&text)).collect()
}

/// `DEVICE ADDRESS` of all addresses but those of every host.
fn addresses(lan: &Lan, host: u8) -> BTreeSet<String> {
    let text = said(lan, host, &["ip", "-o", "addr", "show"]);
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (device, address) = (*words.get(1)?, *words.get(3)?);
        let own = ["127.", "::1/", "10.9.0.1/", "10.9.0.2/", "10.8.0.1/", "10.8.0.2/"];
        let own =
            own.iter().any(|own| address.starts_with(own)) || address.starts_with("fe80::") && address.ends_with("/64");
        (!own).then(|| format!("{device} {address}"))
    };
    text.lines().filter_map(line).collect()
}

fn settings(lan: &Lan, host: u8, devices: &[&str]) -> BTreeMap<String, String> {
    let keys = |device: &&str| {
        let v4 = ["arp_ignore", "arp_filter", "accept_local", "rp_filter", "promote_secondaries"];
        let v4 = v4.map(|key| format!("ipv4/conf/{device}/{key}"));
        v4.into_iter().chain([format!("ipv6/conf/{device}/disable_ipv6")]).collect::<Vec<_>>()
    };
    let keys: Vec<String> = devices.iter().flat_map(keys).collect();
    lan.inside(host, || {
        let value = |key: String| {
            let value = std::fs::read_to_string(format!("/proc/sys/net/{key}")).unwrap_or_default();
            (key, value.trim().to_owned())
        };
        keys.into_iter().map(value).collect()
    })
}

fn ruleset(lan: &Lan, host: u8, family: &str) -> String {
    said(lan, host, &["nft", "list", "table", family, "keepalived"])
}

fn is(lan: &Lan, host: u8, what: &str, wanted: &[&str]) {
    let wanted: BTreeSet<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
    eventually(what, PATIENCE, || {
        let found = addresses(lan, host);
        if found == wanted { Ok(()) } else { Err(format!("{found:?}\n{}", said(lan, host, &["ip", "-br", "link"]))) }
    });
}

const GOLDEN: &str = "
vrrp_instance A {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.2
  use_vmac
  virtual_ipaddress {
    10.9.5.1
    10.8.5.1 dev eth1 use_vmac
    10.8.5.2 dev eth1
  }
  virtual_ipaddress_excluded {
    2001:db8::1
    2001:db8::2 dev eth1 use_vmac
  }
}
vrrp_instance B {
  interface eth0
  virtual_router_id 52
  version 3
  advert_int 0.2
  use_vmac_addr
  virtual_ipaddress {
    10.9.5.3
    10.8.5.3 dev eth1
  }
}
vrrp_instance C {
  interface eth0
  virtual_router_id 51
  advert_int 0.2
  use_vmac
  virtual_ipaddress {
    fe80::33
    2001:db8::33
  }
}
vrrp_instance D {
  interface eth0
  virtual_router_id 54
  advert_int 0.2
  no_accept
  virtual_ipaddress {
    fe80::34
    2001:db8::34
  }
  virtual_ipaddress_excluded {
    10.9.5.4
  }
}
vrrp_instance E {
  interface eth0
  virtual_router_id 55
  version 3
  advert_int 0.2
  use_vmac mine 02:00:00:00:05:
  vmac_xmit_base
  virtual_ipaddress {
    10.9.5.5
  }
}
";
const ALL: [&str; 13] = [
    "eth0 10.9.5.3/32",
    "eth0 10.9.5.4/32",
    "eth0 2001:db8::1/128",
    "eth0 2001:db8::34/128",
    "eth0 fe80::34/128",
    "eth1 10.8.5.2/32",
    "mine 10.9.5.5/32",
    "vrrp.51 10.9.5.1/32",
    "vrrp.52 10.8.5.3/32",
    "vrrp1.51 10.8.5.1/32",
    "vrrp2.51 2001:db8::33/128",
    "vrrp2.51 fe80::33/128",
    "vrrp6.51 2001:db8::2/128",
];

/// VR-193, VR-194, VR-195, VR-196, VR-197, VR-198, VR-200, VR-201, VR-205, VR-264, VR-265, VR-267, VR-268, VR-346: the same
/// interfaces with the same attributes, settings, addresses and rules as the original makes of the same file; after
/// the stop nothing of it is left, and the settings of the bases are what they were.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn ours_makes_what_the_original_makes() {
    let lan = Lan::new(2);
    lan.second_cable();
    // Each alone, so that both become Master of everything.
    lan.part();
    let before = settings(&lan, 2, &["eth0", "eth1"]);
    let theirs = Daemon::start_with(&lan, 1, GOLDEN, Make::Original);
    let ours = Daemon::start_with(&lan, 2, GOLDEN, Make::Ours);
    eventually("all addresses", PATIENCE, || {
        let (one, other) = (addresses(&lan, 1), addresses(&lan, 2));
        let wanted = |found: &BTreeSet<String>| found.iter().map(String::as_str).eq(ALL);
        if wanted(&one) && wanted(&other) { Ok(()) } else { Err(format!("{one:#?}\n{other:#?}")) }
    });
    let made = macvlans(&lan, 2);
    assert_eq!(macvlans(&lan, 1), made);
    let names: Vec<&str> = made.keys().map(String::as_str).chain(["eth0", "eth1"]).collect();
    let (mut their_settings, our_settings) = (settings(&lan, 1, &names), settings(&lan, 2, &names));
    // 2.4.3 sets this on macvlans of IPv6 too.
    for (name, about) in &made {
        if about.contains("00:00:5e:00:02:") {
            their_settings.insert(format!("ipv4/conf/{name}/arp_ignore"), "1".to_owned());
        }
    }
    assert_eq!(their_settings, our_settings);
    assert_eq!(ruleset(&lan, 1, "ip"), ruleset(&lan, 2, "ip"));
    let v6 = ruleset(&lan, 2, "ip6");
    for line in ruleset(&lan, 1, "ip6").lines().filter(|line| !line.contains("mld2-listener-report")) {
        assert!(v6.contains(line), "`{line}` is not in\n{v6}");
    }
    // What 2.4.3 has beside.
    for line in [
        "icmpv6 type nd-neighbor-advert meta oifkind \"macvlan\" ip6 saddr . oifname @parent_link_local drop",
        "icmpv6 type @mld-report meta oifkind \"macvlan\" dup to ip6 daddr device oif map @vmac_map drop",
    ] {
        assert!(v6.contains(line), "`{line}` is not in\n{v6}");
    }
    ours.says("(A): Success creating VMAC interface vrrp.51");
    ours.says("use_vmac or no_accept/strict specified, but no firewall configured - using nftables");
    for log in [ours.stop(), theirs.stop()] {
        assert!(log.contains("(A) Success removing VMAC interface vrrp.51"), "{log}");
        assert!(!log.contains("Unable to"), "{log}");
    }
    assert_eq!((addresses(&lan, 2), macvlans(&lan, 2)), (BTreeSet::new(), BTreeMap::new()));
    assert_eq!(said(&lan, 2, &["nft", "list", "ruleset"]), "");
    assert_eq!(settings(&lan, 2, &["eth0", "eth1"]), before);
}

/// One kind of virtual router: what stands in its block on host 1 and on host 2, and where the address is.
const KINDS: [(&str, &str, &str, &str); 5] = [
    ("61", "use_vmac", "use_vmac", "10.9.5.61"),
    ("62", "", "use_vmac", "10.9.5.62"),
    ("63", "use_vmac", "", "10.9.5.63"),
    ("64", "use_vmac", "use_vmac", "fe80::64"),
    ("65", "use_vmac\nvmac_xmit_base", "use_vmac", "10.9.5.65"),
];

fn configuration(host: usize, better: bool) -> String {
    let mut text = "global_defs {\nrouter_id lab\n}\n".to_owned();
    for (vrid, one, other, address) in &KINDS {
        let body = if host == 1 { one } else { other };
        let priority = if better { 150 } else { 100 };
        text += &format!(
            "vrrp_instance I{vrid} {{\ninterface eth0\nversion 3\nvirtual_router_id {vrid}\nadvert_int 0.2\npriority \
             {priority}\n{body}\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        );
    }
    text
}

/// Adverts and announcements among the frames: what, of which virtual router or address, from which MAC address.
fn sources(frames: &[Vec<u8>]) -> BTreeSet<(String, String)> {
    let mac = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":");
    let what = |frame: &Vec<u8>| {
        let what = match frame.get(12..14)? {
            [0x08, 0x00] if frame.get(23) == Some(&112) => format!("advert {}", frame.get(35)?),
            [0x08, 0x00] if frame.get(23) == Some(&2) => "igmp".to_owned(),
            [0x86, 0xdd] if frame.get(20) == Some(&112) => format!("advert {}", frame.get(55)?),
            // Behind a hop-by-hop header with the router alert.
            [0x86, 0xdd] if frame.get(20) == Some(&0) && matches!(frame.get(62), Some(131 | 143)) => "mld".to_owned(),
            [0x08, 0x06] if frame.get(28..32) == frame.get(38..42) => format!("arp {}", frame.get(31)?),
            _ => return None,
        };
        Some((what, mac(frame.get(6..12)?)))
    };
    frames.iter().filter_map(what).collect()
}

/// VR-193, VR-202, VR-203, VR-267: on every router that is Master adverts and gratuitous ARP come from the virtual MAC
/// (adverts from the base's own with `vmac_xmit_base`), reports of membership never do; the two programs hear each
/// other with it and without, in both roles.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn both_hear_each_other_over_virtual_macs() {
    let device = |body: &str, vrid: &str| if body.is_empty() { "eth0".to_owned() } else { format!("vrrp.{vrid}") };
    let held = |host: usize| -> Vec<String> {
        let all = KINDS.iter().map(|(vrid, one, other, address)| {
            let prefix = if address.contains(':') { 128 } else { 32 };
            format!("{} {address}/{prefix}", device(if host == 1 { one } else { other }, vrid))
        });
        all.collect()
    };
    for makes in [[Make::Original, Make::Ours], [Make::Ours, Make::Original], [Make::Ours, Make::Ours]] {
        let lan = Lan::new(2);
        let listeners = [lan.listen(1), lan.listen(2)];
        let first = Daemon::start_with(&lan, 1, &configuration(1, true), makes[0]);
        let second = Daemon::start_with(&lan, 2, &configuration(2, false), makes[1]);
        let (one, two) = (held(1), held(2));
        let both = |host: u8, wanted: &[String]| {
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            is(&lan, host, &format!("{makes:?}: addresses of host {host}"), &wanted);
        };
        both(1, &one);
        both(2, &[]);
        let log = first.stop();
        assert_clean(&log);
        both(2, &two);
        let first = Daemon::start_with(&lan, 1, &configuration(1, true), makes[0]);
        both(1, &one);
        both(2, &[]);
        for (host, listener) in [(1usize, &listeners[0]), (2, &listeners[1])] {
            let own = lan.mac(host as u8).map(|octet| format!("{octet:02x}")).join(":");
            let seen = sources(&listener.frames());
            for (vrid, one, other, address) in &KINDS {
                let body = if host == 1 { one } else { other };
                let number: u8 = vrid.parse().expect("a VRID");
                let family = if address.contains(':') { 2 } else { 1 };
                let virtual_mac = format!("00:00:5e:00:0{family}:{number:02x}");
                let of_advert = if body.is_empty() || body.contains("xmit_base") { &own } else { &virtual_mac };
                let of_address = if body.is_empty() { &own } else { &virtual_mac };
                let other_mac = if of_advert == &own { &virtual_mac } else { &own };
                assert!(
                    seen.contains(&(format!("advert {vrid}"), of_advert.clone())),
                    "{makes:?} {host} {vrid} {seen:?}"
                );
                // The other host's adverts pass this port, too; they come from the virtual MAC or from its own.
                if body.is_empty() || host == 2 {
                    assert!(
                        !seen.contains(&(format!("advert {vrid}"), other_mac.clone())) || one != other,
                        "{makes:?} {host} {vrid} {seen:?}"
                    );
                }
                if family == 1 {
                    assert!(seen.contains(&(format!("arp {vrid}"), of_address.clone())), "{makes:?} {host} {seen:?}");
                }
            }
            let reports: BTreeSet<&String> =
                seen.iter().filter(|(what, _)| what == "igmp" || what == "mld").map(|(_, mac)| mac).collect();
            assert!(reports.contains(&own), "{seen:?}");
            // The rules of 2.2.7 let reports of the first version of MLD through.
            let leaks = |mac: &&&String| mac.starts_with("00:00:5e:00:01") || makes[0] == makes[1];
            let virtual_macs = reports.iter().filter(|mac| mac.starts_with("00:00:5e"));
            assert_eq!(virtual_macs.filter(leaks).count(), 0, "{makes:?} {host} {seen:?}");
        }
        for log in [first.stop(), second.stop()] {
            assert_clean(&log);
        }
        assert_eq!((macvlans(&lan, 1), macvlans(&lan, 2)), (BTreeMap::new(), BTreeMap::new()));
    }
}

const LIFE: &str = "
global_defs {
  disable_local_igmp
}
vrrp_instance A {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.2
  use_vmac
  virtual_ipaddress {
    10.9.5.1
  }
}
";

fn one_is(lan: &Lan, name: &str, there: bool) {
    eventually(&format!("{name} there: {there}"), SOON, || {
        let found = macvlans(lan, 1);
        if found.contains_key(name) == there { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

/// VR-189, VR-190, VR-195, VR-198, VR-199, VR-205, VR-270: what another program deletes is made again, what a killed
/// predecessor left is taken over under its own name, what a reload no longer wants goes and what it wants comes;
/// settings move with it and return at the stop.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_virtual_mac_lives_through_what_happens_to_it() {
    let lan = Lan::new(1);
    let set = |key: &str, value: &str| lan.inside(1, || std::fs::write(format!("/proc/sys/net/{key}"), value).unwrap());
    let get = |key: &str| {
        lan.inside(1, || std::fs::read_to_string(format!("/proc/sys/net/{key}")).unwrap()).trim().to_owned()
    };
    set("ipv4/conf/all/rp_filter", "2");
    let on = ["vrrp.51 10.9.5.1/32"];
    let daemon = Daemon::start_with(&lan, 1, LIFE, Make::Ours);
    is(&lan, 1, "Master", &on);
    assert_eq!(get("ipv4/igmp_link_local_mcast_reports"), "0");
    assert_eq!((get("ipv4/conf/all/rp_filter"), get("ipv4/conf/eth0/rp_filter")), ("0".to_owned(), "2".to_owned()));
    assert_eq!(get("ipv4/conf/vrrp.51/rp_filter"), "0");
    // With disable_local_igmp there are no reports to turn round.
    assert_eq!(said(&lan, 1, &["nft", "list", "ruleset"]), "");

    lan.ip(1, "link del vrrp.51");
    daemon.says("Interface vrrp.51 deleted");
    is(&lan, 1, "Master again", &on);
    lan.cut(1);
    is(&lan, 1, "without a cable", &[]);
    lan.heal(1);
    is(&lan, 1, "Master with a cable", &on);
    lan.ip(1, "link set eth0 down");
    is(&lan, 1, "the base is down", &[]);
    lan.ip(1, "link set eth0 up");
    is(&lan, 1, "the base is up", &on);

    daemon.stop();
    assert_eq!(get("ipv4/igmp_link_local_mcast_reports"), "1");
    assert_eq!((get("ipv4/conf/all/rp_filter"), get("ipv4/conf/eth0/rp_filter")), ("2".to_owned(), "0".to_owned()));

    let daemon = Daemon::start_with(&lan, 1, LIFE, Make::Ours);
    is(&lan, 1, "Master once more", &on);
    drop(daemon.crash());
    is(&lan, 1, "left behind", &on);
    lan.ip(1, "link set vrrp.51 down");
    lan.ip(1, "link set vrrp.51 name other");
    let daemon = Daemon::start_with(&lan, 1, LIFE, Make::Ours);
    daemon.says("(A) Found matching interface other");
    is(&lan, 1, "taken over", &["other 10.9.5.1/32"]);
    let text = LIFE.replace("use_vmac", "use_vmac\nno_accept").replace("10.9.5.1\n", "10.9.5.1\n10.9.5.2\n");
    daemon.configure(&text);
    daemon.reload();
    is(&lan, 1, "one address more", &["other 10.9.5.1/32", "other 10.9.5.2/32"]);
    let rules = ruleset(&lan, 1, "ip");
    assert!(rules.contains("elements = { 10.9.5.1, 10.9.5.2 }"), "{rules}");
    daemon.configure(&LIFE.replace("use_vmac\n", "\n"));
    daemon.reload();
    one_is(&lan, "other", false);
    is(&lan, 1, "on the interface itself", &["eth0 10.9.5.1/32"]);
    assert_eq!(said(&lan, 1, &["nft", "list", "ruleset"]), "");
    daemon.configure(LIFE);
    daemon.reload();
    one_is(&lan, "vrrp.51", true);
    is(&lan, 1, "on a virtual MAC again", &on);

    let log = daemon.stop();
    assert!(!log.contains("Cannot"), "{log}");
    assert_eq!((addresses(&lan, 1), macvlans(&lan, 1)), (BTreeSet::new(), BTreeMap::new()));
    assert_eq!(get("ipv4/igmp_link_local_mcast_reports"), "1");
}

/// What comes of a connection from host 2: refused at once, or nothing at all.
fn answers(lan: &Lan, address: &str) -> bool {
    let to: SocketAddr = address.parse().expect("an address with a port");
    lan.inside(2, || match TcpStream::connect_timeout(&to, Duration::from_millis(700)) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
    })
}

/// VR-264, VR-266: with `no_accept` nothing of what is sent to the addresses is answered, but neighbours find them;
/// after a reload without it everything is.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn no_accept_drops_what_is_sent_to_the_addresses() {
    let lan = Lan::new(2);
    lan.ip(2, "addr add 2001:db8::2/64 dev eth0 nodad");
    lan.ip(1, "addr add 2001:db8::a/64 dev eth0 nodad");
    let block = |name: &str, vrid: u8, addresses: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nadvert_int 1\npriority 255\nstate MASTER\n\
             no_accept\nvirtual_ipaddress {{\n{addresses}\n}}\n}}\n"
        )
    };
    let text = block("A", 51, "10.9.0.100/24") + &block("B", 52, "fe80::100/64\n2001:db8::100/64");
    let daemon = Daemon::start_with(&lan, 1, &text, Make::Ours);
    let held = ["eth0 10.9.0.100/24", "eth0 2001:db8::100/64"];
    eventually("all addresses", PATIENCE, || {
        let found = addresses(&lan, 1);
        if held.iter().all(|one| found.contains(*one)) { Ok(()) } else { Err(format!("{found:?}")) }
    });
    for barred in ["10.9.0.100:9", "[2001:db8::100]:9"] {
        assert!(!answers(&lan, barred), "{barred} answers in spite of no_accept");
    }
    for open in ["10.9.0.1:9", "[2001:db8::a]:9"] {
        assert!(answers(&lan, open), "{open} does not answer");
    }
    let neighbours = said(&lan, 2, &["ip", "neigh"]);
    for found in ["10.9.0.100 dev eth0 lladdr", "2001:db8::100 dev eth0 lladdr"] {
        assert!(neighbours.contains(found), "{neighbours}");
    }
    daemon.says("(A) setting firewall drop rule");
    daemon.configure(&text.replace("no_accept\n", ""));
    daemon.reload();
    for open in ["10.9.0.100:9", "[2001:db8::100]:9"] {
        eventually(open, SOON, || if answers(&lan, open) { Ok(()) } else { Err("no answer".to_owned()) });
    }
    daemon.stop();
    assert_eq!(said(&lan, 1, &["nft", "list", "ruleset"]), "");
}
