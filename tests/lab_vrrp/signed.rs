//! Signed adverts between two programs, from key files: the key is changed while adverts go, and a stranger is not heard.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::net::{Lan, eventually};
use crate::router::{Daemon, Make};
use crate::{becomes_master, lets_go};

const PATIENCE: Duration = Duration::from_secs(5);
const ADDRESS: &str = "10.9.0.100";

fn text(priority: u8, hmac: &str) -> String {
    format!(
        "vrrp_instance VI_1 {{\nversion 3\ninterface eth0\nvirtual_router_id 51\npriority {priority}\nadvert_int 0.1\n\
         virtual_ipaddress {{\n{ADDRESS}/24\n}}\n{hmac}}}\n"
    )
}

fn keys(folder: &Path, ids: &[u8], active: u8) -> String {
    let lines: Vec<String> = ids.iter().map(|id| format!("key {id} file:{}/key{id}\n", folder.display())).collect();
    format!("auth_hmac {{\n{}active_key {active}\n}}\n", lines.concat())
}

/// A line of `keepalived.stats`, asked for now.
pub fn counted(daemon: &Daemon, line: &str) -> u64 {
    let file = daemon.folder().join("keepalived.stats");
    std::fs::remove_file(&file).unwrap_or(());
    daemon.signal(Signal::SIGUSR2);
    let text = eventually("keepalived.stats", PATIENCE, || std::fs::read_to_string(&file).map_err(|e| e.to_string()));
    let found = text.lines().find_map(|one| one.trim().strip_prefix(line)?.strip_prefix(": ")?.parse().ok());
    found.unwrap_or_else(|| panic!("no {line} in\n{text}"))
}

/// VR-48, VR-49, VR-54, VR-55, VR-287, VR-290, IF-71, IF-72: a reload at a time brings the new key to both, then both use it,
/// then the old one goes: the Master stays, no advert is refused. Who does not sign is not heard.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn keys_change_while_adverts_go() {
    let lan = Lan::new(2);
    let folder = tempfile::tempdir().expect("a folder");
    for (id, key) in [
        (1, "hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"),
        (2, "the second key is plain text, long enough\n"),
    ] {
        let file = folder.path().join(format!("key{id}"));
        std::fs::write(&file, key).expect("a key");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("for the owner only");
    }
    let priority = |host: usize| if host == 0 { 150 } else { 100 };
    let with = |host, ids: &[u8], active| text(priority(host), &keys(folder.path(), ids, active));
    let pair = [1, 2].map(|host| Daemon::start_with(&lan, host, &with(usize::from(host) - 1, &[1], 1), Make::Ours));
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    lets_go(&lan, 2, ADDRESS);
    let masters = |daemon: &Daemon| daemon.log().matches("Entering MASTER STATE").count();
    let before = pair.each_ref().map(masters);
    let steps = [(&[1, 2][..], 1), (&[1, 2], 2), (&[2], 2)];
    for (before, (ids, active)) in steps.into_iter().enumerate() {
        for (host, daemon) in pair.iter().enumerate() {
            daemon.configure(&with(host, ids, active));
            daemon.reload();
            eventually("a reload", PATIENCE, || {
                let log = daemon.log();
                if log.matches("Reload complete").count() == before + 1 { Ok(()) } else { Err(log) }
            });
            let heard = counted(&pair[1], "Received");
            eventually("three more adverts", PATIENCE, || match counted(&pair[1], "Received") {
                now if now >= heard + 3 => Ok(()),
                now => Err(format!("{now}, before {heard}")),
            });
        }
    }
    assert_eq!(pair.each_ref().map(masters), before, "nobody took over");
    for line in ["Missing", "Malformed", "Unknown Key", "Invalid HMAC", "Stale", "Replay"] {
        assert_eq!(counted(&pair[1], line), 0, "{line}");
    }

    let [first, second] = pair;
    // Written once more, and from zero on.
    second.clear_statistics();
    eventually("statistics from zero on", PATIENCE, || match counted(&second, "Became master") {
        0 => Ok(()),
        count => Err(count.to_string()),
    });
    first.stop();
    becomes_master(&lan, 2, ADDRESS, PATIENCE);
    let unsigned = Daemon::start_with(&lan, 1, &text(150, ""), Make::Ours);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    assert!(lan.holds(2, ADDRESS), "who does not sign is not heard");
    second.says("missing authentication trailer from 10.9.0.1");
    second.says("does not sign its adverts and this router wants it");
    unsigned.says("too long, length 60 and expect 32");
    unsigned.says("seems to sign its adverts and this router does not");
    assert!(counted(&second, "Missing") > 0);
    second.stop();
    unsigned.stop();
}
