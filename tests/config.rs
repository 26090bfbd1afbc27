//! Small configuration files with what the original's `-t` makes of them.
//!
//! `tests/config/NAME.conf` starts with `# exit N`, may go on with `# id ID`, and names what it shows. `NAME.diag`
//! holds the findings as the log shows them; each line of `NAME.model` is a part of the model's debug text, or, after
//! `! `, must not be. `KA_UPDATE=1` writes the `.diag` files anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::{Cidr, InterfaceIndex};
use keepalived_rs::base::time::Interval;
use keepalived_rs::config::host::{Directory, Host, Interface, KeyFile, Program, System, User};
use keepalived_rs::config::{Loaded, Request, load};
use keepalived_rs::diagnostic::{Code, render};
use keepalived_rs::kernel::clock;
use keepalived_rs::model::host::{Link, LinkKind, LinkNature};
use keepalived_rs::model::notify::ScriptIdentity;
use proptest::prelude::*;

#[path = "config/dump.rs"]
mod dump;
#[path = "config/explained.rs"]
mod explained;
#[path = "config/lints.rs"]
mod lints;
#[path = "config/rows.rs"]
mod rows;
#[path = "config/shown.rs"]
mod shown;
#[path = "config/cases.rs"]
mod cases;

/// A host with lo, eth0 and eth1, the macvlan mv0 on eth0, the user root, and `/bin/true`.
struct Bench;

impl Host for Bench {
    fn name(&self) -> String {
        "bench.example".to_owned()
    }

    fn interface(&self, name: &str) -> Option<Interface> {
        let index = ["lo", "eth0", "eth1", "tun0", "mv0"].iter().position(|other| *other == name)?;
        let index = InterfaceIndex(index as u32 + 1);
        Some(Interface { index, mtu: 1500, loopback: name == "lo", multicast: name != "tun0" })
    }

    fn links(&self) -> Vec<LinkNature> {
        let link = |index, name: &str, kind, base: Option<u32>| LinkNature {
            link: Link {
                index: InterfaceIndex(index),
                name: InterfaceName::new(name),
                up: true,
                flags: 0x1043,
                multicast: true,
                no_arp: false,
                loopback: false,
                mac: None,
                infiniband: None,
                mtu: 1500,
                promote_secondaries: false,
                forwarding6: false,
            },
            kind,
            base: base.map(InterfaceIndex),
            group: 0,
            master: None,
            ethernet: true,
        };
        vec![link(2, "eth0", LinkKind::Other, None), link(5, "mv0", LinkKind::Macvlan { private: false }, Some(2))]
    }

    fn user(&self, name: &str) -> Option<User> {
        match name {
            "root" | "0" => Some(User { uid: 0, gid: 0 }),
            "www" | "33" => Some(User { uid: 33, gid: 33 }),
            _ => None,
        }
    }

    fn groups(&self, user: &str, gid: u32) -> Vec<u32> {
        if ["www", "33"].contains(&user) { vec![gid, 4, 8] } else { vec![gid] }
    }

    fn group(&self, name: &str) -> Option<u32> {
        if name == "adm" { Some(4) } else { name.parse().ok() }
    }

    fn program(&self, path: &Path, _: &ScriptIdentity) -> Program {
        match path.to_str() {
            Some("/bin/true" | "/usr/bin/true" | "/bin/ping") => Program::Good,
            Some("/tmp/open") => Program::Insecure,
            _ => Program::Missing,
        }
    }

    fn directory(&self, path: &Path) -> Directory {
        match path.to_str() {
            Some("/proc") => Directory::Unwatchable,
            Some("/tmp" | ".") => Directory::Good,
            _ => Directory::Missing { errno: 2, text: "No such file or directory".to_owned() },
        }
    }

    fn is_regular(&self, path: &Path) -> Option<bool> {
        match path.to_str() {
            Some("/tmp/open") => Some(true),
            Some("/tmp/pipe") => Some(false),
            _ => None,
        }
    }

    fn resolve(&self, host: &str) -> Option<IpAddr> {
        (host == "mail.example").then(|| IpAddr::from([192, 0, 2, 25]))
    }

    fn environment(&self, name: &str) -> Option<String> {
        match name {
            "PATH" => Some("/bin:/usr/bin".to_owned()),
            "FOO" => Some("bar".to_owned()),
            _ => None,
        }
    }

    fn random(&self) -> u64 {
        7
    }

    fn processors(&self) -> u32 {
        2
    }

    fn key_file(&self, path: &Path) -> Result<KeyFile, String> {
        let file = |text: &str, exposed| Ok(KeyFile { bytes: text.as_bytes().to_vec(), exposed });
        match path.to_str() {
            Some("/etc/keys/one") => file("a key that has bytes enough, a file\r\n", false),
            Some("/etc/keys/open") => {
                file("hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", true)
            }
            _ => Err("No such file or directory (os error 2)".to_owned()),
        }
    }

    fn addresses(&self, name: &str) -> Vec<Cidr> {
        let network = |address: [u8; 4]| Cidr { address: address.into(), prefix: 24 };
        if name == "eth0" { vec![network([10, 0, 0, 1])] } else { Vec::new() }
    }

    fn namespace(&self, name: &str) -> bool {
        name == "there"
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn read(file: &Path, id: Option<&str>) -> Loaded {
    load(&Request { file, config_id: id, all_config: false, test: true, host: &Bench })
}

/// The findings as lines, with file names as the case's folder has them.
fn findings(loaded: &Loaded) -> String {
    let mut text = String::new();
    let folder = format!("{}/", folder().display());
    for finding in &loaded.diagnostics {
        let _ = writeln!(text, "{} {}", finding.code.id(), render::line(finding, &loaded.sources).replace(&folder, ""));
    }
    text
}

/// Each case gives the original's exit status, the findings in its words, and the model.
#[test]
fn every_case_reads_as_the_original_reads_it() {
    let update = std::env::var_os("KA_UPDATE").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    for case in cases.iter().filter(|path| path.extension().is_some_and(|ext| ext == "conf")) {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(case).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let header = |key: &str| text.lines().find_map(|line| line.strip_prefix(key).map(str::trim));
        let exit: u8 = header("# exit ").unwrap_or_else(|| panic!("{name}: no `# exit`")).parse().unwrap();
        let loaded = read(case, header("# id "));
        count += 1;
        if loaded.exit != exit {
            wrong.push(format!("{name}: exit {} in place of {exit}\n{}", loaded.exit, findings(&loaded)));
        }
        let diag = case.with_extension("diag");
        if update {
            std::fs::write(&diag, findings(&loaded)).unwrap();
        } else if std::fs::read_to_string(&diag).unwrap_or_default() != findings(&loaded) {
            wrong.push(format!("{name}: findings\n{}", findings(&loaded)));
        }
        let model = format!("{:?}", loaded.model);
        for line in std::fs::read_to_string(case.with_extension("model")).unwrap_or_default().lines() {
            let good = match line.strip_prefix("! ") {
                Some(absent) => !model.contains(absent),
                None => model.contains(line),
            };
            if !good {
                wrong.push(format!("{name}: the model: {line}\n{model}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 30, "{count} cases");
}

/// The full look has the line, the place and the advice.
#[test]
fn a_misspelt_keyword_is_shown_with_its_place_and_a_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    std::fs::write(&file, "global_defs {\n  router_idd x\n}\nvirtual_server 10.0.0.1 80 {\n  advert_int 1\n}\n")
        .unwrap();
    let loaded = read(&file, None);
    let shown: Vec<String> = loaded.diagnostics.iter().map(|one| render::full(one, &loaded.sources, false)).collect();
    assert!(shown[0].contains("KA0101") && shown[0].contains("a.conf:2:3"), "{}", shown[0]);
    assert!(shown[0].contains("did you mean `router_id`?"), "{}", shown[0]);
    assert!(shown[1].contains("it is a keyword of `vrrp_instance`"), "{}", shown[1]);
}

/// The documented sample means what its comments say, and nothing is to be said of it.
#[test]
fn the_sample_is_without_findings() {
    let loaded = read(&folder().join("../../conf/keepalived.conf"), None);
    assert_eq!((loaded.exit, findings(&loaded)), (0, String::new()));
    let model = loaded.model.unwrap();
    assert_eq!((model.vrrp.instances.len(), model.vrrp.sync_groups.len(), model.vrrp.scripts.len()), (2, 1, 1));
    assert_eq!((model.lvs.virtual_servers[0].real_servers.len(), model.lvs.checkers.len()), (2, 2));
    assert!(model.lvs.virtual_servers[0].sorry_server.is_some() && model.global.mail.is_some());
}

/// CL-94, CL-114: a file that is not there satisfies `-t`, but nothing starts with it.
#[test]
fn a_missing_file() {
    let loaded = read(Path::new("/nonexistent/keepalived.conf"), None);
    assert_eq!((loaded.exit, loaded.refusal, loaded.model), (0, 6, None));
    assert_eq!(loaded.diagnostics[0].message, "Config files missing '/nonexistent/keepalived.conf'.");
}

/// CL-99: in a normal start the leading digits of an integer are used; `-t` refuses them.
#[test]
fn a_number_with_text_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    std::fs::write(&file, "global_defs {\n vrrp_garp_master_delay 7abc\n}\n").unwrap();
    let start = load(&Request { file: &file, config_id: None, all_config: false, test: false, host: &Bench });
    assert_eq!(start.diagnostics[0].message, "WARNING - invalid number '7abc'");
    assert_eq!(read(&file, None).diagnostics[0].message, "invalid number '7abc'");
}

/// CL-4, CL-6: bytes outside UTF-8 stay what they are, as in a password; a long line is left out.
#[test]
fn bytes_outside_utf8_and_long_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    let mut text = b"vrrp_instance V {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 10.0.0.1 }\n authentication {\n auth_type PASS\n auth_pass ".to_vec();
    text.extend([0xe9, b'a', b'\n']);
    text.extend(b" }\n}\n");
    text.extend(vec![b'z'; 1030]);
    std::fs::write(&file, text).unwrap();
    let loaded = read(&file, None);
    assert!(format!("{:?}", loaded.model).contains("Pass([233, 97, 0, 0, 0, 0, 0, 0])"));
    assert_eq!(loaded.diagnostics[0].message, "line too long - ignoring");
}

/// CL-62: a random number is within its bounds, and another one at each use.
#[test]
fn a_random_number_is_within_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    let drawn = |what: &str| -> BTreeSet<u32> {
        std::fs::write(&file, format!("zz${{_RANDOM{what}}}\n").repeat(300)).unwrap();
        let number = |words: &str| words.trim_start_matches("Unknown keyword 'zz").trim_end_matches('\'').parse();
        read(&file, None).diagnostics.iter().map(|one| number(&one.message).expect("a number")).collect()
    };
    assert_eq!(drawn(" 10 19"), (10..=19).collect());
    assert_eq!(drawn(" 32760"), (32760..=32767).collect());
    let plain = drawn("");
    assert!(plain.len() > 250 && plain.iter().all(|number| *number <= 32767), "{plain:?}");
}

/// CL-37, CL-69: 300,000 lines read in far less than it takes to notice.
#[test]
fn a_large_file_reads_in_linear_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut took = Vec::new();
    for servers in [2_000, 20_000] {
        let mut text = String::from("virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n");
        for at in 0..servers {
            let _ = writeln!(
                text,
                " real_server 10.{}.{}.{} 80 {{\n  weight 1\n  TCP_CHECK {{\n   connect_timeout 3\n  }}\n }}",
                at >> 16,
                at >> 8 & 255,
                at & 255
            );
        }
        text.push_str("}\n");
        let file = folder.path().join("large.conf");
        std::fs::write(&file, text).unwrap();
        let start = clock::now();
        let loaded = read(&file, None);
        took.push(clock::now().since(start));
        assert_eq!(loaded.model.unwrap().lvs.checkers.len(), servers);
    }
    let bound = took[0].times(60) + Interval::from_millis(200);
    assert!(took[1] < bound, "{took:?}: ten times the lines took much more than ten times as long");
}

/// Every file of a folder named by KA_CORPUS loads; the exit statuses are printed.
#[test]
#[ignore = "reads the files of KA_CORPUS"]
fn corpus() {
    let Some(folder) = std::env::var_os("KA_CORPUS") else { return };
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let loaded = load(&Request {
            file: &entry.path(),
            config_id: None,
            all_config: false,
            test: true,
            host: &System::default(),
        });
        println!("{}\t{}\t{}", entry.path().display(), loaded.exit, loaded.diagnostics.len());
    }
}

/// Pieces that mean something, and any text.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("vrrp_instance V {\n".to_owned()),
        Just("virtual_server 10.0.0.1 80 {\n".to_owned()),
        Just("real_server 10.0.0.2 80 {\n".to_owned()),
        Just("virtual_ipaddress {\n10.0.0.1/24 brd +\n}\n".to_owned()),
        Just("global_defs {".to_owned()),
        Just("$A=${A}x\n$B= \\\n{ \\\n}\n$B\n${A}\n".to_owned()),
        Just("~SEQ(i,1,3) interface eth$i\n".to_owned()),
        Just("~LST({a,b},{1,2},{3}) priority ${a}\n".to_owned()),
        Just("@bench track_script {\n".to_owned()),
        Just("}\n".to_owned()),
        Just("\"".to_owned()),
        Just("priority ".to_owned()),
        Just("notify_master \"/bin/true '\\x41".to_owned()),
        Just("\n".to_owned()),
        any::<String>(),
        "[ -~\n]{0,40}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any text loads without a panic, the same text to the same model, and every place is within the text.
    #[test]
    fn any_text_loads(text in any_text()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.conf");
        std::fs::write(&file, &text).unwrap();
        let first = read(&file, None);
        let second = read(&file, None);
        prop_assert_eq!(&first.model, &second.model);
        prop_assert_eq!(&first.diagnostics, &second.diagnostics);
        for finding in &first.diagnostics {
            prop_assert_ne!(finding.message.as_str(), "this part of the configuration cannot be read");
            for label in finding.primary.iter().chain(&finding.secondary) {
                prop_assert!(label.span.lo <= label.span.hi);
                prop_assert!(label.span.hi as usize <= first.sources.len());
            }
            prop_assert!(!render::full(finding, &first.sources, false).is_empty());
        }
    }
}

/// The ids are all different and each has an explanation.
#[test]
fn codes_are_told_apart() {
    let ids: BTreeSet<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    assert_eq!(ids.len(), Code::ALL.len());
    assert!(Code::ALL.iter().all(|code| code.explanation().ends_with('.')));
}
