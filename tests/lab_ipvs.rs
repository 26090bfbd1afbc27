//! The IPVS task against a real kernel: the test boots user-mode-linux, runs itself in it, and there lets the task
//! program tables that `ipvsadm -Sn` must show; and whole daemons in the scenarios of `lab_ipvs/scenarios`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use keepalived_rs::{base, model};

#[path = "../src/lvs/fixture.rs"]
mod fixture;
#[path = "lab_ipvs/bfd.rs"]
mod bfd;
#[path = "lab_ipvs/guest.rs"]
mod guest;
#[path = "lab_ipvs/scenario.rs"]
mod scenario;
#[path = "lab_ipvs/stage.rs"]
mod stage;
#[path = "lab_ipvs/task.rs"]
mod task;
#[path = "lab_ipvs/tls.rs"]
mod tls;
#[path = "lab_ipvs/traffic.rs"]
mod traffic;

/// LV-11 to LV-126 as far as they show in the kernel's table; the guest's checks are named in `lab_ipvs/guest.rs`.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn the_task_programs_a_real_kernel() {
    if std::env::var_os("KA_GUEST").is_some() {
        return guest::run();
    }
    in_a_guest("the_task_programs_a_real_kernel");
}

/// The statements are named in the scenarios.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn the_daemon_plays_the_scenarios() {
    if std::env::var_os("KA_GUEST").is_some() {
        return play_all();
    }
    in_a_guest("the_daemon_plays_the_scenarios");
}

/// Guests that run at the same time would wait for each other's processor.
static ONE_GUEST: Mutex<()> = Mutex::new(());

/// Boots a kernel in which this test program runs one of its tests.
fn in_a_guest(test: &str) {
    let _turn = ONE_GUEST.lock().unwrap_or_else(PoisonError::into_inner);
    let boot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uml/ipvs-boot");
    let itself = std::env::current_exe().expect("this test's program");
    let output = std::process::Command::new(boot)
        .arg(itself)
        .args(["--ignored", "--exact", "--nocapture", test])
        .output()
        .unwrap_or_else(|error| panic!("{boot}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "in the guest: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the guest ran no test");
}

/// Scenarios that are played at the same time: they mostly wait.
const TOGETHER: usize = 10;

/// All of `lab_ipvs/scenarios`, or those whose name contains `KA_SCENARIOS`.
fn play_all() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab_ipvs/scenarios");
    let wanted = std::env::var("KA_SCENARIOS").unwrap_or_default();
    let mut scenarios = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of scenarios").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.ends_with(".scenario") && name.contains(&wanted) {
            let text = std::fs::read_to_string(path).expect("a scenario");
            scenarios.push(scenario::Scenario::read(&name, &text).unwrap_or_else(|error| panic!("{error}")));
        }
    }
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!scenarios.is_empty(), "no scenario of this name");
    // IPv6 is a module of the guest's kernel.
    task::run("modprobe", "ipv6");
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = scenarios.get(nth) else { return };
                    let started = task::now();
                    let outcome = stage::play(nth, scenario);
                    println!("{:>6} ms  {}", (task::now() - started).as_millis(), scenario.name);
                    if let Err(why) = outcome {
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(why);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "{} of {} went another way:\n{}", failed.len(), scenarios.len(), failed.join("\n\n"));
}
