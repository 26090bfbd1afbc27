//! A hundred reloads of the program that ships, each with another file, while one virtual router stays as it is: on the
//! wire, in the kernel and in its scripts nobody may notice.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use keepalived_rs::base::random::Random;
use nix::sys::signal::Signal;

use crate::becomes_master;
use crate::net::{Lan, eventually, now};
use crate::router::{Daemon, Make};

const RELOADS: usize = 100;
const INTERVAL: Duration = Duration::from_millis(50);
const STAYING: u8 = 51;
const PATIENCE: Duration = Duration::from_secs(5);

/// The router that no file changes; what the global settings of the others would change it says itself.
fn staying(script: &Path) -> String {
    let script = script.display();
    format!(
        "vrrp_script chk {{\nscript \"{script} track\"\ninterval 3600\n}}\nvrrp_instance STAY {{\nversion 3\ninterface \
         eth0\nvirtual_router_id {STAYING}\npriority 150\nadvert_int {}\ngarp_master_delay 5\n\
         garp_lower_prio_delay 5\nlower_prio_no_advert false\nvirtual_ipaddress {{\n10.9.6.1/32\n10.9.6.2/32\n}}\nvirtual_ipaddress_excluded {{\n10.9.6.3/32\n}}\ntrack_script {{\nchk\n}}\n\
         notify \"{script} notify\"\n}}\n",
        INTERVAL.as_secs_f64()
    )
}

/// Other routers and settings, drawn anew; the order of the blocks as well.
fn file(random: &mut Random, script: &Path) -> String {
    let mut chance = |out_of: u64| random.up_to(out_of - 1) == 0;
    let mut text = "global_defs {\nrouter_id lab\n".to_owned();
    for (line, out_of) in
        [("vrrp_garp_master_delay 1", 2), ("vrrp_lower_prio_no_advert", 3), ("vrrp_notify_priority_changes true", 2)]
    {
        if chance(out_of) {
            let _ = writeln!(text, "{line}");
        }
    }
    text += "}\n";
    let mut blocks = vec![staying(script)];
    let mut members = Vec::new();
    for vrid in 60..66u8 {
        if chance(3) {
            continue;
        }
        let (version, interval) = if chance(2) { (2, "1") } else { (3, "0.1") };
        let mut block = format!(
            "vrrp_instance V{vrid} {{\nversion {version}\ninterface eth0\nvirtual_router_id {vrid}\nadvert_int \
             {interval}\npriority {}\n",
            if chance(4) { 255 } else { 100 }
        );
        for (line, out_of) in [
            ("nopreempt", 4),
            ("garp_master_repeat 2", 3),
            ("accept", 3),
            ("preempt_delay 1", 4),
            ("higher_prio_send_advert true", 3),
        ] {
            if chance(out_of) {
                let _ = writeln!(block, "{line}");
            }
        }
        block += "virtual_ipaddress {\n";
        let _ = writeln!(block, "10.9.7.{vrid}/32");
        if chance(2) {
            let _ = writeln!(block, "10.9.8.{vrid}/32");
        }
        block += "}\n}\n";
        if chance(3) {
            members.push(format!("V{vrid}"));
        }
        match chance(2) {
            true => blocks.insert(0, block),
            false => blocks.push(block),
        }
    }
    if members.len() > 1 {
        blocks.push(format!("vrrp_sync_group G {{\ngroup {{\n{}\n}}\n}}\n", members.join("\n")));
    }
    text + &blocks.concat()
}

/// IP ids of the adverts of the router that stays.
fn ids(frames: &[Vec<u8>]) -> Vec<u16> {
    let id = |frame: &Vec<u8>| {
        let advert = frame.get(12..14)? == [8, 0] && frame.get(23) == Some(&112) && frame.get(35) == Some(&STAYING);
        let id = [*frame.get(18)?, *frame.get(19)?];
        advert.then(|| u16::from_be_bytes(id))
    };
    frames.iter().filter_map(id).collect()
}

/// VR-25, VR-271, VR-273, VR-275, VR-277, VR-282: the router that no file changes misses no advert and sends none out of
/// turn, the kernel hears nothing of its addresses, none of its scripts starts.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_hundred_reloads_are_not_noticed() {
    let lan = Lan::new(2);
    let folder = tempfile::tempdir().expect("a folder");
    let (script, runs) = (folder.path().join("script"), folder.path().join("runs"));
    std::fs::write(&script, format!("#!/bin/sh\necho \"$@\" >>{}\n", runs.display())).expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("an executable script");
    let mut random = Random::from_seed(20_268);

    let text = format!("global_defs {{\nrouter_id lab\n}}\n{}", staying(&script));
    let daemon = Daemon::start_with(&lan, 1, &text, Make::Ours);
    becomes_master(&lan, 1, "10.9.6.3", PATIENCE);
    let runs = || std::fs::read_to_string(&runs).unwrap_or_default();
    eventually("the scripts of the start", PATIENCE, || {
        let all = runs();
        if all.contains("track") && all.contains("MASTER") { Ok(()) } else { Err(all) }
    });
    let before = runs();
    let monitor = lan.start(1, &folder.path().join("monitor"), &["ip", "-o", "monitor", "address"]);
    // What it writes first shows that it listens.
    eventually("the monitor", PATIENCE, || {
        lan.ip(1, "addr add 192.0.2.1/32 dev lo");
        lan.ip(1, "addr del 192.0.2.1/32 dev lo");
        let log = monitor.log();
        if log.contains("192.0.2.1") { Ok(()) } else { Err(log) }
    });

    let ears = lan.listen(2);
    let mut heard = Vec::new();
    let begun = now();
    let mut edits: BTreeMap<String, usize> = BTreeMap::new();
    for done in 1..=RELOADS {
        let text = file(&mut random, &script);
        for line in text.lines().filter(|line| line.starts_with("vrrp_instance")) {
            *edits.entry(line.to_owned()).or_default() += 1;
        }
        daemon.configure(&text);
        daemon.reload();
        let so_far = heard.len();
        eventually("a reload, and an advert", PATIENCE, || {
            heard.extend(ids(&ears.frames()));
            let log = daemon.log();
            let complete = log.matches("Reload complete").count();
            let good = complete == done && heard.len() > so_far;
            if good { Ok(()) } else { Err(format!("{complete} of {done}, {} adverts\n{log}", heard.len())) }
        });
    }
    let elapsed = begun.elapsed();
    heard.extend(ids(&ears.frames()));
    monitor.signal(Signal::SIGTERM);

    assert!(edits.len() == 7 && edits.values().all(|times| (20..=100).contains(times)), "{edits:?}");
    for pair in heard.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "an advert is missing, or there was one more: {heard:?}");
    }
    let due = elapsed.as_millis() / INTERVAL.as_millis();
    assert!(heard.len().abs_diff(due as usize) <= 2, "{} adverts in {elapsed:?}, {due} were due", heard.len());
    let told = monitor.log();
    assert!(told.contains("10.9.7.6"), "the others' addresses came and went: {told}");
    assert!(!told.contains("10.9.6."), "{told}");
    // Only the notifications of the others differ: those of the one that stays are all that use the script.
    assert_eq!(runs(), before);
    let log = daemon.stop();
    assert_eq!(log.matches("(STAY) Entering").count(), 2, "{log}");
    println!("{RELOADS} reloads in {elapsed:?}, {} adverts", heard.len());
}

/// A reload with what is no configuration at all, or one without end, is refused at once, and the router advertises as
/// if nothing had been.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn reloads_of_hostile_files_are_not_noticed() {
    let lan = Lan::new(2);
    let text = "vrrp_instance STAY {\nversion 3\ninterface eth0\nvirtual_router_id 51\nadvert_int 0.05\nvirtual_ipaddress {\n10.9.6.1/32\n}\n}\n";
    let daemon = Daemon::start_with(&lan, 1, text, Make::Ours);
    becomes_master(&lan, 1, "10.9.6.1", PATIENCE);
    let ears = lan.listen(2);
    let mut heard = Vec::new();
    let file = daemon.folder().join("keepalived.conf");
    let linked = |to: &str| std::os::unix::fs::symlink(to, &file).expect("a link");
    let written = |text: &str| std::fs::write(&file, text).expect("a file");
    type Hostile<'a> = (&'a str, &'a dyn Fn());
    let hostile: [Hostile<'_>; 8] = [
        ("is not a regular", &|| nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO")),
        ("is not a regular", &|| linked("/dev/zero")),
        ("Unable to open", &|| linked("/proc/kmsg")),
        ("is a directory", &|| std::fs::create_dir(&file).expect("a folder")),
        ("has more than", &|| {
            std::fs::File::create(&file).and_then(|file| file.set_len(1 << 40)).expect("a large file");
        }),
        ("within each other", &|| written(&"~SEQ(a,1,9) ".repeat(80))),
        // The longest: adverts go out meanwhile.
        ("there are more than", &|| written("~SEQ(a,1,999999) ~SEQ(b,1,999999) zz\n")),
        ("would be gone by a mistake", &|| written("include keepalived.conf\ninclude keepalived.conf\n")),
    ];
    for (done, (words, make)) in (1..).zip(hostile) {
        match file.is_dir() {
            true => std::fs::remove_dir(&file).expect("no folder"),
            false => std::fs::remove_file(&file).expect("no file"),
        }
        make();
        daemon.reload();
        let so_far = heard.len();
        eventually("a refusal, and an advert", 6 * PATIENCE, || {
            heard.extend(ids(&ears.frames()));
            let log = daemon.log();
            let refusals: Vec<&str> = log.lines().filter(|line| line.contains("keeping the running one")).collect();
            let good = refusals.len() == done && refusals[done - 1].contains(words) && heard.len() > so_far;
            if good { Ok(()) } else { Err(format!("{words}\n{log}")) }
        });
    }
    for pair in heard.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "an advert is missing, or there was one more: {heard:?}");
    }
    std::fs::remove_file(&file).expect("no file");
    daemon.configure(text);
    daemon.reload();
    eventually("a good reload", PATIENCE, || {
        let log = daemon.log();
        if log.contains("Reload complete") { Ok(()) } else { Err(log) }
    });
    let log = daemon.stop();
    assert_eq!(log.matches("(STAY) Entering").count(), 2, "{log}");
}
