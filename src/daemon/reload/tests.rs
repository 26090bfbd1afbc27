use std::path::Path;

use super::*;

fn read(directory: &Path, text: &str) -> Reading {
    let file = directory.join("keepalived.conf");
    std::fs::write(&file, text).expect("a temporary file");
    Source { file, config_id: None, all_config: false, bfd: true, tells_addresses: false }.read()
}

const INSTANCES: &str = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n  10.0.0.1\n }\n}\n\
                         vrrp_instance B {\n interface eth0\n virtual_router_id 52\n virtual_ipaddress {\n  10.0.0.2\n }\n}\n";
const POOL: &str = "virtual_server 10.0.0.1 80 {\n lb_algo rr\n protocol TCP\n real_server 10.0.1.1 80 {\n }\n real_server 10.0.1.2 80 {\n }\n}\n";

const SESSION: &str = "bfd_instance S {\n neighbor_ip 10.0.0.9\n}\n";

/// IF-12: with `--no_bfd` sessions are read, and none runs.
#[test]
fn sessions_may_be_left_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sessions = |reading: Reading| reading.model.expect("a good file").bfd.sessions.len();
    let with = read(directory.path(), SESSION);
    assert_eq!(with.mistake, None);
    assert_eq!(sessions(with), 1);
    let file = directory.path().join("keepalived.conf");
    assert_eq!(
        sessions(Source { file, config_id: None, all_config: false, bfd: false, tells_addresses: false }.read()),
        0
    );
}

/// VR-286, CL-112: what a slip would take away is found; what is taken out on purpose is not complained of.
#[test]
fn a_mistake_that_takes_something_away_is_found() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let whole = format!("{INSTANCES}{SESSION}{POOL}");
    let running = read(directory.path(), &whole);
    assert_eq!(running.mistake, None, "{:?}", running.findings);
    let running = running.model.expect("a good file");
    for (what, from, to, gone) in [
        ("a VRID out of bounds", "virtual_router_id 52", "virtual_router_id 0", Some("vrrp_instance B")),
        ("a brace too few", "  10.0.0.1\n }\n", "  10.0.0.1\n", Some("vrrp_instance B")),
        ("a neighbour's address", "neighbor_ip 10.0.0.9", "neighbor_ip 10.0.0.9.9", Some("bfd_instance S")),
        (
            "a virtual server's address",
            "virtual_server 10.0.0.1 80",
            "virtual_server 10.0.0.1.7 80",
            Some("virtual_server [10.0.0.1]:tcp:80"),
        ),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{what}");
        let new = read(directory.path(), &changed);
        let model = new.model.expect("the original would start with it");
        assert!(new.mistake.is_some(), "{what}: {:?}", new.findings);
        assert_eq!(lost(&running, &model).as_deref(), gone, "{what}: {:?}", new.findings);
    }
    let fewer = read(directory.path(), POOL);
    assert_eq!(fewer.mistake, None);
    assert_eq!(lost(&running, &fewer.model.expect("a good file")).as_deref(), Some("vrrp_instance A"));
    let misspelt = read(directory.path(), &whole.replacen("lb_algo", "lb_allgo", 1));
    assert_eq!(misspelt.mistake, None, "an unknown word costs its line only");
    assert_eq!(lost(&running, &misspelt.model.expect("a usable file")), None);
}
