//! The IPVS task against a real kernel: the test boots user-mode-linux, runs itself in it, and there lets the task
//! program tables that `ipvsadm -Sn` must show.

use keepalived_rs::{base, model};

#[path = "../src/lvs/fixture.rs"]
mod fixture;
#[path = "lab_ipvs/bfd.rs"]
mod bfd;
#[path = "lab_ipvs/guest.rs"]
mod guest;
#[path = "lab_ipvs/task.rs"]
mod task;
#[path = "lab_ipvs/traffic.rs"]
mod traffic;

/// LV-11 to LV-126 as far as they show in the kernel's table; the guest's checks are named in `lab_ipvs/guest.rs`.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn the_task_programs_a_real_kernel() {
    if std::env::var_os("KA_GUEST").is_some() {
        return guest::run();
    }
    let boot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/ipvs-boot");
    let itself = std::env::current_exe().expect("this test's program");
    let output = std::process::Command::new(boot)
        .arg(itself)
        .args(["--ignored", "--exact", "--nocapture", "the_task_programs_a_real_kernel"])
        .output()
        .unwrap_or_else(|error| panic!("{boot}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "in the guest: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the guest ran no test");
}
