//! The daemon under a real systemd: a small Debian is booted in user-mode-linux, where the unit is started, reloaded,
//! broken, killed and stopped as an operator does it (`lab_systemd/guest` has the steps).

use std::process::Command;

/// Every check of the guest, so that none goes missing unseen.
const CHECKS: usize = 28;

/// The unit does what `systemctl` and `journalctl` users expect (IF-14x has the original's unit).
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn systemd_starts_reloads_restarts_and_stops_the_daemon() {
    let here = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(format!("{here}/tests/uml/systemd-boot"))
        .arg(format!("{here}/tests/lab_systemd/guest"))
        .arg(format!("{}=/usr/sbin/keepalived-rs", env!("CARGO_BIN_EXE_keepalived-rs")))
        .arg(format!("{here}/systemd/keepalived-rs.service=/etc/systemd/system/keepalived-rs.service"))
        .output()
        .expect("tests/uml/systemd-boot");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{}\n{text}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().filter(|line| line.starts_with("ok ")).count(), CHECKS, "{text}");
}
