//! Routes, rules and static addresses: what the file says, what the model holds, what the kernel is told.

use std::net::IpAddr;
use std::path::Path;

use keepalived_rs::base::net::InterfaceIndex;
use keepalived_rs::config::host::{Host, Interface, Program, User};
use keepalived_rs::config::{Loaded, Request, load};
use keepalived_rs::diagnostic::{Code, Diagnostic};
use keepalived_rs::model::notify::ScriptIdentity;
use keepalived_rs::model::route::{Follow, static_address};

#[path = "routes/messages.rs"]
mod messages;

/// A host with eth0, eth1, a VRF, and a few names.
struct Bench;

impl Host for Bench {
    fn name(&self) -> String {
        "bench".to_owned()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let index = ["eth0", "eth1", "blue"].iter().position(|other| *other == name)?;
        Some(Interface { index: InterfaceIndex(index as u32 + 1), mtu: 1500, loopback: false, multicast: true })
    }

    fn user(&self, _: &str) -> Option<User> {
        Some(User { uid: 0, gid: 0 })
    }

    fn group(&self, _: &str) -> Option<u32> {
        None
    }

    fn program(&self, _: &Path, _: &ScriptIdentity) -> Program {
        Program::Good
    }

    fn resolve(&self, _: &str) -> Option<IpAddr> {
        None
    }

    fn environment(&self, _: &str) -> Option<String> {
        None
    }

    fn random(&self) -> u64 {
        7
    }

    fn processors(&self) -> u32 {
        2
    }

    fn namespace(&self, _: &str) -> bool {
        true
    }

    fn text(&self, path: &Path) -> Option<String> {
        let text = match path.to_str()? {
            "/etc/iproute2/rt_tables" => "100 lan\n",
            "/etc/iproute2/rt_dsfield" => "0x28 AF11\n",
            "/etc/iproute2/rt_realms" => "3 cosmos\n",
            "/etc/iproute2/group" => "9 servers\n",
            "/vendor/rt_tables" => "200 lan\n",
            "/etc/protocols" => "tcp 6 TCP # transmission control\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn vrf_table(&self, name: &str) -> Option<u32> {
        (name == "blue").then_some(1001)
    }
}

fn read(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    std::fs::write(&file, text).unwrap();
    load(&Request { file: &file, config_id: None, all_config: false, test: true, host: &Bench })
}

/// A file with one entry in one block.
fn file(block: &str, entry: &str) -> String {
    let head = "global_defs {\n default_interface eth1\n}\ntrack_group g {\n group {\n  V\n }\n}\n";
    let instance = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n  10.99.9.9\n }\n";
    if block.starts_with("virtual") {
        format!("{head}{instance} {block} {{\n  {entry}\n }}\n}}\n")
    } else {
        format!("{head}{instance}}}\n{block} {{\n  {entry}\n}}\n")
    }
}

/// What is complained of, in order.
fn complaints(loaded: &Loaded) -> Vec<&str> {
    let noted = |one: &&Diagnostic| one.code != Code::NotActedOn;
    loaded.diagnostics.iter().filter(noted).map(|one| one.message.as_str()).collect()
}

/// What the model makes of the entry, in words.
fn shown(loaded: &Loaded, block: &str) -> Vec<String> {
    let Some(model) = &loaded.model else { return vec!["no model".to_owned()] };
    let (instance, statics) = (&model.vrrp.instances[0], &model.vrrp.statics);
    let grouped = |words: String, group: Option<&str>| match group {
        Some(name) => format!("{words} track_group {name}"),
        None => words,
    };
    match block {
        "virtual_routes" => instance.routes.iter().map(ToString::to_string).collect(),
        "virtual_rules" => instance.rules.iter().map(ToString::to_string).collect(),
        "static_routes" => {
            let show = |one: &keepalived_rs::model::route::Static<keepalived_rs::model::route::Route>| {
                grouped(one.item.to_string(), one.track_group.as_ref().map(|name| name.as_str()))
            };
            statics.routes.iter().map(show).collect()
        }
        "static_rules" => {
            let show = |one: &keepalived_rs::model::route::Static<keepalived_rs::model::route::Rule>| {
                grouped(one.item.to_string(), one.track_group.as_ref().map(|name| name.as_str()))
            };
            statics.rules.iter().map(show).collect()
        }
        _ => statics.addresses.iter().map(|one| static_address(&one.item, one.track_group.as_ref())).collect(),
    }
}

/// VR-251, VR-252, VR-253, VR-254, VR-259, VR-260, CL-104, CL-105: every word of the three grammars, good and bad, with
/// the original's complaints.
#[test]
fn every_line_reads_as_the_original_reads_it() {
    let (mut block, mut entry) = ("", "");
    let mut wanted: Vec<(&str, &str, Vec<&str>, Vec<&str>)> = Vec::new();
    for line in include_str!("routes/lines.txt").lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            block = name;
        } else if let (Some(shown), Some(last)) = (line.strip_prefix("= "), wanted.last_mut()) {
            last.2.push(shown);
        } else if let (Some(complaint), Some(last)) = (line.strip_prefix("! "), wanted.last_mut()) {
            last.3.push(complaint);
        } else {
            entry = line;
            wanted.push((block, entry, Vec::new(), Vec::new()));
        }
    }
    assert!(!entry.is_empty());
    let mut wrong = String::new();
    for (block, entry, model, told) in &wanted {
        let loaded = read(&file(block, entry));
        let found = complaints(&loaded);
        if found != *told || shown(&loaded, block) != *model {
            wrong += &format!("{block}: {entry}\n  found {found:#?}\n  {:#?}\n", shown(&loaded, block));
        }
    }
    assert!(wanted.len() > 190 && wrong.is_empty(), "{} entries\n{wrong}", wanted.len());
}

/// CL-111: a word that wants a value and has none ends the reading.
#[test]
fn a_missing_value_ends_the_reading() {
    for (block, entry) in [
        ("virtual_routes", "10.0.0.0/8 dev eth0 mtu"),
        ("virtual_routes", "10.0.0.0/8 via"),
        ("virtual_routes", "10.0.0.0/8 via inet"),
        ("virtual_routes", "10.0.0.0/8 nexthop via"),
        ("virtual_routes", "blackhole"),
        ("virtual_rules", "from"),
        ("virtual_rules", "from any lookup"),
        ("static_rules", "iif eth0 nop track_group"),
    ] {
        let loaded = read(&file(block, entry));
        assert_eq!((loaded.exit, loaded.model.is_none()), (2, true), "{block}: {entry}");
        let last = &loaded.diagnostics.last().unwrap().message;
        assert!(last.starts_with("*** Configuration line starting `"), "{last}");
    }
}

/// VR-259: rules without a preference count down through the whole file, each family for itself.
#[test]
fn preferences_count_down_through_the_file() {
    let text = "static_rules {\n from 10.0.0.0/8 lookup 100\n from 2001:db8::/32 lookup 100\n}\n";
    let instance = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n virtual_ipaddress {{\n  10.99.9.{vrid}\n }}\n \
             virtual_rules {{\n  from 10.1.0.0/16 lookup 100\n  from 10.2.0.0/16 lookup 100 preference 7\n  from 10.3.0.0/16 lookup 100\n }}\n}}\n"
        )
    };
    let loaded = read(&(text.to_owned() + &instance("A", 1) + &instance("B", 2)));
    let vrrp = loaded.model.unwrap().vrrp;
    let statics: Vec<u32> = vrrp.statics.rules.iter().map(|rule| rule.item.priority).collect();
    let of = |at: usize| vrrp.instances[at].rules.iter().map(|rule| rule.priority).collect::<Vec<u32>>();
    assert_eq!((statics, of(0), of(1)), (vec![16384, 16384], vec![16383, 7, 16382], vec![16381, 7, 16380]));
}

/// VR-236: who is in a track group watches the interfaces of its items, and only those that may be tracked.
#[test]
fn track_groups_watch_the_interfaces_of_their_items() {
    let text = "track_group g {\n group {\n  A nobody\n }\n}\ntrack_group h {\n group {\n  nobody\n }\n}\n\
        static_ipaddress {\n 10.1.1.1/24 dev eth1 track_group g\n 10.1.1.2/24 dev eth0 track_group g no_track\n}\n\
        static_routes {\n 10.2.0.0/16 dev blue track_group g\n 10.3.0.0/16 dev eth0 track_group h\n}\n\
        vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n  10.99.9.1\n }\n}\n\
        vrrp_instance B {\n interface eth0\n virtual_router_id 2\n virtual_ipaddress {\n  10.99.9.2\n }\n}\n";
    let loaded = read(text);
    assert_eq!(
        complaints(&loaded),
        [
            "vrrp instance nobody specified in track group g doesn't exist - ignoring",
            "vrrp instance nobody specified in track group h doesn't exist - ignoring",
            "Static track group h has no VRRP instance(s)",
            "Static track group h init fails - removing",
            "Static address has both track_group and no_track set - not tracking",
        ]
    );
    let vrrp = loaded.model.unwrap().vrrp;
    let watched = |at: usize| vrrp.instances[at].static_interfaces.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((watched(0), watched(1)), (vec!["eth1".to_owned(), "blue".to_owned()], vec![]));
    assert!(vrrp.statics.routes[1].track_group.is_none());
}

/// CL-103: an interface that is not there, in each of the three grammars, and where it may come later.
#[test]
fn interfaces_must_be_there() {
    for (block, entry, complaint) in [
        ("virtual_routes", "10.0.0.0/8 dev nope", "WARNING - interface nope for VROUTE nexthop doesn't exist"),
        ("virtual_routes", "10.0.0.0/8 nexthop dev nope", "WARNING - interface nope for VROUTE nexthop doesn't exist"),
        ("virtual_rules", "iif nope nop preference 5", "WARNING - interface nope for rule doesn't exist"),
        ("static_rules", "oif nope nop preference 5", "WARNING - interface nope for rule doesn't exist"),
        ("static_ipaddress", "10.0.0.1/8 dev nope", "WARNING - interface nope for ip address 10.0.0.1/8 doesn't exist"),
    ] {
        let loaded = read(&file(block, entry));
        assert_eq!(
            complaints(&loaded),
            [complaint, "Non-existent interface specified in configuration"],
            "{block}: {entry}"
        );
        assert_eq!((loaded.exit, loaded.model.is_none()), (5, true));
        let dynamic = format!("global_defs {{\n dynamic_interfaces\n}}\n{}", file(block, entry));
        assert_eq!(shown(&read(&dynamic), block).len(), 1, "{block}: {entry}");
    }
    let loaded = read(&file("static_ipaddress", "10.0.0.1").replace("eth1", "nope"));
    let words = "Static address 10.0.0.1 requires either an interface or default interface must exist";
    assert_eq!(complaints(&loaded)[0], words);
    assert!(loaded.model.is_none());
}

/// CL-104: the folders of names that the file gives count from there on.
#[test]
fn folders_of_names() {
    let folders = "global_defs {\n iproute_etc_dir /nowhere\n iproute_usr_dir /vendor\n iproute_usr_dir\n}\n";
    let loaded = read(&format!("{folders}{}", file("virtual_routes", "10.0.0.0/8 dev eth0 table lan")));
    assert_eq!(shown(&loaded, "virtual_routes"), ["prepend 10.0.0.0/8 dev eth0 table 200 proto 18"]);
    assert_eq!(complaints(&loaded)[0], "iproute_usr_dir requires path");
}

/// VR-262: the kernel is asked to tell of routes or rules of a family only where one of them is watched.
#[test]
fn only_what_is_watched_is_followed() {
    let follow = |block: &str, entry: &str| {
        let Follow { routes4, routes6, rules4, rules6 } = Follow::of(&read(&file(block, entry)).model.unwrap().vrrp);
        [routes4, routes6, rules4, rules6]
    };
    for block in ["virtual_routes", "static_routes"] {
        assert_eq!(follow(block, "10.0.0.0/8 dev eth0"), [true, false, false, false]);
        assert_eq!(follow(block, "2001:db8::/32 dev eth0"), [false, true, false, false]);
        assert_eq!(follow(block, "10.0.0.0/8 dev eth0 no_track"), [false; 4]);
    }
    for block in ["virtual_rules", "static_rules"] {
        assert_eq!(follow(block, "from 10.0.0.0/8 lookup 100 preference 5"), [false, false, true, false]);
        assert_eq!(follow(block, "from 2001:db8::/32 lookup 100 preference 5"), [false, false, false, true]);
        assert_eq!(follow(block, "from 10.0.0.0/8 lookup 100 preference 5 no_track"), [false; 4]);
    }
    assert_eq!(follow("static_ipaddress", "10.0.0.1/8 dev eth0"), [false; 4]);
}
