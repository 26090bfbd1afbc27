//! `keepalived-rs check`: each lint finds its mistake and nothing else does. `KA_UPDATE=1` writes how they are shown.

use std::path::Path;

use keepalived_rs::diagnostic::Code;
use keepalived_rs::diagnostic::render::Form;
use keepalived_rs::tool::{Answer, Wanted, check};

use super::{Bench, folder};

/// A sound router of two: what is to be replaced stands in it once.
const SOUND: &str = "vrrp_instance A {
    interface eth0
    state BACKUP
    virtual_router_id 51
    priority 150
    advert_int 1
    version 2
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        10.0.0.100/24
        10.0.0.101
    }
}
vrrp_instance B {
    interface eth1
    virtual_router_id 52
    priority 150
    virtual_ipaddress {
        10.1.0.100/24
    }
}
vrrp_sync_group G {
    group {
        A
        B
    }
}
";

/// The other one.
fn other() -> String {
    SOUND.replace("priority 150", "priority 100")
}

/// Writes the files and checks them.
fn checked(own: &str, peer: Option<&str>, strict: bool, form: Form) -> Answer {
    let place = tempfile::tempdir().unwrap();
    let (file, theirs) = (place.path().join("own.conf"), place.path().join("peer.conf"));
    std::fs::write(&file, own).unwrap();
    std::fs::write(&theirs, peer.unwrap_or_default()).unwrap();
    let peer = peer.map(|_| theirs.as_path());
    let wanted = Wanted { file: &file, config_id: None, peer, peer_id: None, strict };
    let mut answer = check(&wanted, &Bench, form);
    answer.out = answer.out.replace(&format!("{}/", place.path().display()), "");
    answer
}

/// The code that is to be found, what is replaced in the own file, and in the other one.
type Case = (Code, [&'static str; 2], Option<[&'static str; 2]>);

const CASES: &[Case] = &[
    (
        Code::SameVirtualRouter,
        [
            "interface eth1\n    virtual_router_id 52",
            "interface eth0\n    virtual_router_id 51\n    mcast_dst_ip 224.0.0.99",
        ],
        None,
    ),
    (Code::GroupTiming, ["advert_int 1\n", "advert_int 2\n"], None),
    (Code::GroupTiming, ["interface eth1\n", "interface eth1\n    version 3\n"], None),
    (Code::MasterNopreempt, ["state BACKUP\n", "state MASTER\n    nopreempt\n"], None),
    (Code::HostRoute, ["10.0.0.101\n", "10.9.0.101\n"], None),
    (Code::StrictAddress, ["interface eth1\n", "interface eth1\n    strict_mode\n"], None),
    (
        Code::PeerMissing,
        ["", ""],
        Some([
            "vrrp_instance B {\n    interface eth1\n    virtual_router_id 52",
            "vrrp_instance C {\n    interface eth1\n    virtual_router_id 60",
        ]),
    ),
    (Code::PeerVersion, ["", ""], Some(["version 2", "version 3"])),
    (Code::PeerVrid, ["", ""], Some(["virtual_router_id 52", "virtual_router_id 53"])),
    (Code::PeerAddresses, ["", ""], Some(["        10.0.0.101\n", ""])),
    (Code::PeerInterval, ["", ""], Some(["advert_int 1\n", "advert_int 3\n"])),
    (Code::PeerAuthentication, ["", ""], Some(["auth_pass secret", "auth_pass Secret"])),
    (Code::PeerPriority, ["", ""], Some(["priority 100\n    virtual", "priority 150\n    virtual"])),
    (Code::PeerGroups, ["", ""], Some(["        B\n    }\n}\n", "    }\n}\n"])),
    (Code::PeerTransport, ["", ""], Some(["interface eth1\n", "interface eth1\n    unicast_peer {\n 10.1.0.9\n }\n"])),
];

/// Nothing is found in a sound pair.
#[test]
fn a_sound_pair_is_silent() {
    let answer = checked(SOUND, Some(&other()), true, Form::Line);
    assert_eq!(answer, Answer::default());
}

/// Each mistake is found by its lint, with labels in both files where there are two, and exits with 1 only in strict
/// mode.
#[test]
fn each_mistake_is_found() {
    let mut shown = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for (code, [from, to], peer) in CASES {
        let own = SOUND.replacen(from, to, usize::from(!from.is_empty()));
        assert_eq!(own == SOUND, from.is_empty(), "{code:?}");
        let theirs = peer.map(|[from, to]| {
            let theirs = other().replacen(from, to, 1);
            assert_ne!(theirs, other(), "{code:?}");
            theirs
        });
        let json = checked(&own, theirs.as_deref(), true, Form::Json);
        let found: Vec<serde_json::Value> =
            json.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let ours: Vec<_> = found.iter().filter(|one| one["code"] == code.id()).collect();
        assert!(!ours.is_empty(), "{code:?}: {}", json.out);
        for one in &ours {
            let files: Vec<_> = one["labels"].as_array().unwrap().iter().map(|label| &label["file"]).collect();
            assert!(files.contains(&&"own.conf".into()) || *code == Code::PeerMissing, "{one}");
            assert_eq!(
                files.contains(&&"peer.conf".into()),
                peer.is_some() && *code != Code::PeerMissing || files.len() == 1 && files[0] == "peer.conf",
                "{one}"
            );
        }
        // What -t finds has its own exit status.
        let tested = found.iter().any(|one| one["severity"] == "error" || one["code"] == "KA0122");
        assert_eq!(json.exit, if tested { 5 } else { 1 }, "{}", json.out);
        let relaxed = checked(&own, theirs.as_deref(), false, Form::Json);
        assert_eq!((relaxed.exit, &relaxed.out), (if tested { 5 } else { 0 }, &json.out));
        seen.insert(*code);
        let full = checked(&own, theirs.as_deref(), false, Form::Full { colour: false });
        shown += &format!("===== {} {code:?}\n{}\n", code.id(), full.out);
    }
    let lints: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.id() >= "KA0301").collect();
    assert!(lints.iter().all(|code| seen.contains(code)), "a lint without a case: {lints:?}");
    let golden = folder().join("lints.txt");
    if std::env::var_os("KA_UPDATE").is_some() {
        std::fs::write(&golden, &shown).unwrap();
    }
    let recorded = std::fs::read_to_string(&golden).unwrap_or_default();
    let differs = recorded.lines().zip(shown.lines()).find(|(one, other)| one != other);
    assert!(recorded == shown, "differs from {}: {differs:?}; KA_UPDATE=1 writes it anew", golden.display());
}

/// A file that is not there, or that cannot be compared, is no success.
#[test]
fn a_file_that_cannot_be_checked() {
    let wanted =
        Wanted { file: Path::new("/nonexistent/a.conf"), config_id: None, peer: None, peer_id: None, strict: false };
    let answer = check(&wanted, &Bench, Form::Line);
    assert_eq!(answer.exit, 1);
    assert!(answer.out.contains("Config files missing"), "{answer:?}");
    let broken = "vrrp_instance A {\n interface\n}\n";
    let answer = checked(SOUND, Some(broken), false, Form::Line);
    assert_eq!(answer.exit, 1);
    assert!(answer.err.contains("peer.conf cannot be run and is not compared"), "{answer:?}");
}
