//! What this machine's kernel lacks: ipvlans, VRFs, routes with MPLS labels and ILA locators. The test boots user-mode-linux
//! and runs itself in it, where ours and Debian's keepalived 2.2.7 must make the same of one configuration.

#[path = "lab_uml/guest.rs"]
mod guest;

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_kernel_with_everything() {
    if std::env::var_os("KA_GUEST").is_some() {
        return guest::run();
    }
    let boot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/ipvs-boot");
    let itself = std::env::current_exe().expect("this test's program");
    let output = std::process::Command::new(boot)
        .arg(itself)
        .args(["--ignored", "--exact", "--nocapture", "a_kernel_with_everything"])
        .output()
        .unwrap_or_else(|error| panic!("{boot}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "in the guest: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the guest ran no test");
}
