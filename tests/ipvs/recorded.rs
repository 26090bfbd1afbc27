//! Runs of the original, recorded with its log and the kernel's table, replayed on the machine: the same inputs must
//! give the same lines in the same order, and the same table.

use keepalived_rs::base::net::Family;
use keepalived_rs::model::ipvs::Command;
use keepalived_rs::model::lvs::{Forwarding, Lvs, Protocol, Scheduler, Tunnel, TunnelKind};

use crate::fixture::{group, lvs, mark, script, tcp, udp};
use crate::replay::{Replay, expect_log, expect_table, expect_told};

fn ipip() -> Forwarding {
    Forwarding::Tunnel(Tunnel { kind: TunnelKind::Ipip, port: 0, checksum: 0 })
}

/// s07: checkers 0 and 1 watch the servers of :80, 2 and 3 those of :81.
fn sorry_servers() -> Lvs {
    lvs([
        tcp("10.1.0.1:80").sorry("10.1.0.14:80", false).real("10.1.0.11:80", 2).real("10.1.0.12:80", 3),
        tcp("10.1.0.1:81")
            .quorum(3, 0)
            .sorry("10.1.0.14:80", true)
            .real("10.1.0.11:80", 2)
            .inhibit()
            .real("10.1.0.12:80", 3)
            .inhibit(),
    ])
}

/// LV-48, LV-57, LV-58, LV-63, LV-64, LV-66, LV-68, LV-69, LV-71, LV-79: sorry servers, plain and inhibited.
#[test]
fn sorry_servers_stand_in() {
    let mut replay = Replay::start(sorry_servers());
    expect_log(
        &mut replay,
        "Gained quorum 1+0=1 <= 5 for VS [10.1.0.1]:tcp:80
         Gained quorum 3+0=3 <= 5 for VS [10.1.0.1]:tcp:81",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 2
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 3
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 2
         -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w 3
         -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w 0",
    );
    replay.verdicts(&[(0, true, 0), (1, true, 0), (2, true, 0), (3, true, 0)]);
    expect_log(&mut replay, "");

    replay.verdict(1, false);
    replay.verdict(3, false);
    expect_log(
        &mut replay,
        "Removing service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:80
         Disabling service [10.1.0.12]:tcp:80 of VS [10.1.0.1]:tcp:81
         Lost quorum 3-0=3 > 2 for VS [10.1.0.1]:tcp:81
         Enabling sorry server [10.1.0.14]:tcp:80 to VS [10.1.0.1]:tcp:81
         Removing alive servers from the pool for VS [10.1.0.1]:tcp:81",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 2
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w 1",
    );

    // Both in one batch: the log is the same as one by one.
    replay.verdicts(&[(0, false, 0), (2, false, 0)]);
    expect_log(
        &mut replay,
        "Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:80
         Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:80
         Adding sorry server [10.1.0.14]:tcp:80 to VS [10.1.0.1]:tcp:80
         Removing alive servers from the pool for VS [10.1.0.1]:tcp:80
         Disabling service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:81",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.14:80 -m -w 1
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w 1",
    );

    replay.verdicts(&[(0, true, 0), (2, true, 0)]);
    expect_log(
        &mut replay,
        "Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:80
         Gained quorum 1+0=1 <= 2 for VS [10.1.0.1]:tcp:80
         Removing sorry server [10.1.0.14]:tcp:80 from VS [10.1.0.1]:tcp:80
         Adding alive servers to the pool for VS [10.1.0.1]:tcp:80
         Enabling service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:81",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 2
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w 0
         -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w 1",
    );

    replay.verdicts(&[(1, true, 0), (3, true, 0)]);
    expect_log(
        &mut replay,
        "Adding service [10.1.0.12]:tcp:80 to VS [10.1.0.1]:tcp:80
         Enabling service [10.1.0.12]:tcp:80 of VS [10.1.0.1]:tcp:81
         Gained quorum 3+0=3 <= 5 for VS [10.1.0.1]:tcp:81
         Disabling sorry server [10.1.0.14]:tcp:80 from VS [10.1.0.1]:tcp:81
         Adding alive servers to the pool for VS [10.1.0.1]:tcp:81",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 2
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 3
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 2
         -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w 3
         -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w 0",
    );

    replay.verdicts(&[(1, false, 0), (3, false, 0), (0, false, 0), (2, false, 0)]);
    let _lost = (replay.log(), replay.commands());
    replay.stop();
    expect_log(
        &mut replay,
        "Shutting down service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:80
         Shutting down service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:80
         Shutting down (inhibited) service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:81
         Shutting down (inhibited) service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:81",
    );
    assert_eq!(replay.commands().len(), 2, "one command a service is enough");
    expect_table(&replay, "");
}

/// LV-60, LV-64, LV-66, LV-70, LV-75: s09, quorum 3 with hysteresis 1; the FIFO gets the real server before the virtual one.
#[test]
fn quorum_has_hysteresis() {
    let mut draft = tcp("10.1.0.1:80").quorum(3, 1);
    for last in 11..=14 {
        draft = draft.real(&format!("10.1.0.{last}:80"), 1);
    }
    let mut replay = Replay::start(lvs([draft]));
    expect_log(&mut replay, "Gained quorum 3+1=4 <= 4 for VS [10.1.0.1]:tcp:80");
    expect_told(&mut replay, "VS [10.1.0.1]:tcp:80 UP");
    for checker in 0..3 {
        replay.verdict(checker, true);
        replay.verdict(checker, false);
    }
    // LV-70: quorum is lost, but there is no sorry server.
    expect_table(&replay, "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.14:80 -m -w 1");
    replay.verdict(3, false);
    expect_log(
        &mut replay,
        "Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:80
         Removing service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:80
         Removing service [10.1.0.13]:tcp:80 from VS [10.1.0.1]:tcp:80
         Lost quorum 3-1=2 > 1 for VS [10.1.0.1]:tcp:80
         Removing service [10.1.0.14]:tcp:80 from VS [10.1.0.1]:tcp:80",
    );
    expect_table(&replay, "-A -t 10.1.0.1:80 -s wrr");
    for checker in 0..4 {
        replay.verdict(checker, true);
    }
    expect_log(
        &mut replay,
        "Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:80
         Adding service [10.1.0.12]:tcp:80 to VS [10.1.0.1]:tcp:80
         Adding service [10.1.0.13]:tcp:80 to VS [10.1.0.1]:tcp:80
         Adding service [10.1.0.14]:tcp:80 to VS [10.1.0.1]:tcp:80
         Gained quorum 3+1=4 <= 4 for VS [10.1.0.1]:tcp:80",
    );
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         RS [10.1.0.12]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         RS [10.1.0.13]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         VS [10.1.0.1]:tcp:80 DOWN
         RS [10.1.0.14]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         RS [10.1.0.12]:tcp:80 [10.1.0.1]:tcp:80 UP
         RS [10.1.0.13]:tcp:80 [10.1.0.1]:tcp:80 UP
         RS [10.1.0.14]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP",
    );
}

/// LV-49, LV-58: s08, inhibit with and without alpha; an inhibited alpha server is there with weight 0.
#[test]
fn inhibited_servers_stay_with_weight_zero() {
    let mut replay = Replay::start(lvs([
        tcp("10.1.0.1:80").real("10.1.0.11:80", 2).inhibit().real("10.1.0.12:80", 3),
        tcp("10.1.0.1:81").real("10.1.0.11:80", 2).inhibit().real("10.1.0.12:80", 3).all_alpha(),
    ]));
    expect_log(&mut replay, "Gained quorum 1+0=1 <= 5 for VS [10.1.0.1]:tcp:80");
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 2
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 3
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 0",
    );
    replay.verdicts(&[(0, false, 0), (3, false, 0), (1, false, 0), (2, false, 0)]);
    expect_log(
        &mut replay,
        "Disabling service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:80
         Removing service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:80
         Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:80",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 0
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 0",
    );
    replay.verdicts(&[(2, true, 0), (0, true, 0), (3, true, 0), (1, true, 0)]);
    expect_log(
        &mut replay,
        "Enabling service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:81
         Gained quorum 1+0=1 <= 2 for VS [10.1.0.1]:tcp:81
         Enabling service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:80
         Gained quorum 1+0=1 <= 2 for VS [10.1.0.1]:tcp:80
         Adding service [10.1.0.12]:tcp:80 to VS [10.1.0.1]:tcp:81
         Adding service [10.1.0.12]:tcp:80 to VS [10.1.0.1]:tcp:80",
    );
    replay.stop();
    assert!(replay.log().iter().all(|line| line.starts_with("Shutting down service")));
}

/// s10: five virtual servers with servers .11 (good) and .12 (bad): alpha, alpha and omega, omega, plain, alpha with a
/// sorry server. Checker 2n is .11, 2n+1 is .12.
fn alpha_omega() -> Lvs {
    let server = |port: u16| {
        let draft = tcp(&format!("10.1.0.1:{port}")).real("10.1.0.11:80", 1).real("10.1.0.12:81", 1);
        draft.with(|server| server.quorum_up = Some(script("up")))
    };
    lvs([
        server(80).all_alpha(),
        server(81).all_alpha().with(|server| server.omega = true),
        server(82).with(|server| server.omega = true),
        server(83),
        server(84).all_alpha().sorry("10.1.0.14:80", false),
    ])
}

/// LV-50, LV-53, LV-55, LV-65, LV-67, LV-80: alpha, omega and what is told at start and stop.
#[test]
fn alpha_waits_and_omega_tells_at_stop() {
    let mut replay = Replay::start(alpha_omega());
    expect_log(
        &mut replay,
        "Gained quorum 1+0=1 <= 2 for VS [10.1.0.1]:tcp:82
         Gained quorum 1+0=1 <= 2 for VS [10.1.0.1]:tcp:83
         Starting with quorum down 1-0=1 > 0 for VS [10.1.0.1]:tcp:84
         Adding sorry server [10.1.0.14]:tcp:80 to VS [10.1.0.1]:tcp:84
         Removing alive servers from the pool for VS [10.1.0.1]:tcp:84",
    );
    expect_told(
        &mut replay,
        "VS [10.1.0.1]:tcp:82 UP
         VS [10.1.0.1]:tcp:83 UP
         VS [10.1.0.1]:tcp:84 DOWN",
    );
    replay.verdicts(&[(7, false, 0), (8, true, 0), (5, false, 0), (9, false, 0), (1, false, 0)]);
    replay.verdicts(&[(4, true, 0), (3, false, 0), (0, true, 0), (2, true, 0), (6, true, 0)]);
    expect_log(
        &mut replay,
        "Removing service [10.1.0.12]:tcp:81 from VS [10.1.0.1]:tcp:83
         Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:84
         Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:84
         Removing sorry server [10.1.0.14]:tcp:80 from VS [10.1.0.1]:tcp:84
         Adding alive servers to the pool for VS [10.1.0.1]:tcp:84
         Removing service [10.1.0.12]:tcp:81 from VS [10.1.0.1]:tcp:82
         Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:80
         Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:80
         Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:81
         Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:81",
    );
    expect_told(
        &mut replay,
        "RS [10.1.0.12]:tcp:81 [10.1.0.1]:tcp:83 DOWN
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:84 UP
         VS [10.1.0.1]:tcp:84 UP
         RS [10.1.0.12]:tcp:81 [10.1.0.1]:tcp:82 DOWN
         RS [10.1.0.12]:tcp:81 [10.1.0.1]:tcp:84 DOWN
         RS [10.1.0.12]:tcp:81 [10.1.0.1]:tcp:80 DOWN
         RS [10.1.0.12]:tcp:81 [10.1.0.1]:tcp:81 DOWN
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:81 UP
         VS [10.1.0.1]:tcp:81 UP",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:82 -s wrr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:83 -s wrr
         -a -t 10.1.0.1:83 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:84 -s wrr
         -a -t 10.1.0.1:84 -r 10.1.0.11:80 -m -w 1",
    );
    replay.stop();
    let log = replay.log();
    assert_eq!(log.len(), 10, "every real server, in the table or not: {log:?}");
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:81 DOWN
         VS [10.1.0.1]:tcp:81 DOWN
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:82 DOWN
         VS [10.1.0.1]:tcp:82 DOWN",
    );
}

/// LV-53: told at start of servers that nothing holds back.
#[test]
fn rs_init_notifies_tells_of_the_first_adding() {
    let mut model = lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1).real("10.1.0.12:80", 1).alpha()]);
    model.rs_init_notifies = true;
    let mut replay = Replay::start(model);
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP",
    );
}

/// LV-12, LV-51, LV-82, LV-117, LV-118, LV-119: s01's `twos` and what is said of it.
#[test]
fn a_scheduler_that_the_kernel_lacks_is_reported() {
    let mut replay = Replay::start(lvs([
        tcp("10.1.0.1:8014").scheduler(Scheduler::Twos).unchecked("10.1.0.11:80", 3),
        tcp("10.1.0.1:8101").unchecked("10.1.0.11:80", 1),
    ]));
    let log = replay.log();
    assert_eq!(
        log[2..],
        [
            "IPVS cmd IP_VS_SO_SET_ADD(1154) error: Scheduler or persistence engine not found(2) (10.1.0.1:tcp:8014)",
            "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: No such file or directory(2) (10.1.0.1:tcp:8014 -> 10.1.0.11:80)"
        ]
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:8101 -s wrr
         -a -t 10.1.0.1:8101 -r 10.1.0.11:80 -m -w 1",
    );
    replay.stop();
    assert!(replay.log().iter().all(|line| line.starts_with("Shutting down service")));
    expect_table(&replay, "");
}

/// s11: reloads; checkers of :80 first.
fn reloads(step: u8) -> Lvs {
    let eighty = tcp("10.1.0.1:80").scheduler(if step == 1 { Scheduler::Rr } else { Scheduler::Wrr });
    let other = |port: u16| tcp(&format!("10.1.0.1:{port}")).scheduler(Scheduler::Rr).real("10.1.0.11:80", 1);
    match step {
        1 => {
            let eighty = eighty.real("10.1.0.11:80", 1).real("10.1.0.12:80", 2).real("10.1.0.13:80", 3);
            lvs([eighty, other(81)])
        }
        2 => {
            let eighty = eighty.persistent(30).real("10.1.0.11:80", 10).real("10.1.0.12:80", 2);
            lvs([eighty.last(|real| real.upper_threshold = 5).real("10.1.0.13:80", 3), other(82)])
        }
        3 => {
            let eighty = eighty.persistent(30).real("10.1.0.11:80", 10).forwarding(ipip()).real("10.1.0.14:80", 2);
            lvs([eighty.real("10.1.0.13:80", 3).inhibit(), other(82)])
        }
        4 => {
            let eighty = eighty.sorry("10.1.0.99:80", false).real("10.1.0.11:80", 10).real("10.1.0.12:80", 2);
            let eighty = eighty.real("10.1.0.14:80", 2).real("10.1.0.13:80", 3).all_alpha();
            lvs([eighty, other(82).real("10.1.0.12:80", 1)])
        }
        5 | 6 => {
            let eighty = eighty.quorum(20, 0).real("10.1.0.11:80", 10).real("10.1.0.12:80", 2);
            let eighty = eighty.real("10.1.0.14:80", 12);
            let eighty = if step == 5 { eighty.sorry("10.1.0.99:80", false) } else { eighty };
            lvs([eighty, other(82).real("10.1.0.12:80", 1)])
        }
        _ => panic!("no such step"),
    }
}

/// LV-86, LV-87, LV-88, LV-89, LV-90, LV-91, LV-95, LV-96: s11's six configurations.
#[test]
fn reloads_change_only_what_differs() {
    let mut replay = Replay::start(reloads(1));
    replay.verdicts(&[(0, true, 0), (2, false, 0), (1, true, 0), (3, true, 0)]);
    let _start = (replay.log(), replay.told(), replay.commands());

    replay.reload(reloads(2));
    expect_log(
        &mut replay,
        "Removing Virtual Server [10.1.0.1]:tcp:81
         Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:81
         Changing weight from 1 to 10 for active service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:80
         Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:82",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr -p 30
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 10
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2
         -A -t 10.1.0.1:82 -s rr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1",
    );
    let commands = replay.commands();
    assert_eq!(commands.len(), 6, "delete :81, set :80 and its two servers, add :82 with one: {commands:?}");

    replay.reload(reloads(3));
    expect_log(
        &mut replay,
        "service [10.1.0.12]:tcp:80 no longer exist
         Removing service [10.1.0.12]:tcp:80 from VS [10.1.0.1]:tcp:80",
    );
    // Checkers: 0 .11, 1 .14, 2 .13, 3 :82.
    replay.verdict(1, false);
    expect_log(&mut replay, "Removing service [10.1.0.14]:tcp:80 from VS [10.1.0.1]:tcp:80");
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr -p 30
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -i -w 10 --tun-type ipip
         -a -t 10.1.0.1:80 -r 10.1.0.13:80 -m -w 0
         -A -t 10.1.0.1:82 -s rr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1",
    );

    replay.reload(reloads(4));
    expect_log(&mut replay, "");
    // Checkers: 0 .11, 1 .12, 2 .14, 3 .13, 4 and 5 :82.
    replay.verdicts(&[(5, true, 0), (1, true, 0)]);
    expect_log(&mut replay, "Adding service [10.1.0.12]:tcp:80 to VS [10.1.0.1]:tcp:80");
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 10
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2
         -A -t 10.1.0.1:82 -s rr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:82 -r 10.1.0.12:80 -m -w 1",
    );

    replay.reload(reloads(5));
    expect_log(
        &mut replay,
        "service [10.1.0.13]:tcp:80 no longer exist
         Changing weight from 2 to 12 for inactive service [10.1.0.14]:tcp:80 of VS [10.1.0.1]:tcp:80
         Starting with quorum down 20-0=20 > 12 for VS [10.1.0.1]:tcp:80
         Adding sorry server [10.1.0.99]:tcp:80 to VS [10.1.0.1]:tcp:80
         Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.99:80 -m -w 1
         -A -t 10.1.0.1:82 -s rr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:82 -r 10.1.0.12:80 -m -w 1",
    );

    replay.reload(reloads(6));
    expect_log(
        &mut replay,
        "Removing sorry server [10.1.0.99]:tcp:80 from VS [10.1.0.1]:tcp:80
         Adding alive servers to the pool for VS [10.1.0.1]:tcp:80",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 10
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2
         -A -t 10.1.0.1:82 -s rr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:82 -r 10.1.0.12:80 -m -w 1",
    );

    let _before = replay.commands();
    replay.reload(reloads(6));
    expect_log(&mut replay, "");
    assert_eq!(replay.commands(), [], "the same configuration again changes nothing");
    replay.stop();
    expect_table(&replay, "");
}

/// LV-92, LV-93: a dead server whose checker changed is up again; with alpha it stays down (s26).
#[test]
fn a_changed_checker_forgets_the_failure() {
    let dead = |alpha: bool, timeout: u64| {
        let draft = tcp("10.1.0.1:80").real("10.1.0.11:80", 1);
        let mut model = lvs([if alpha { draft.all_alpha() } else { draft }]);
        let checker = std::sync::Arc::make_mut(&mut model.checkers[0]);
        checker.timing.connect_timeout = keepalived_rs::base::time::Interval::from_secs(timeout);
        model
    };
    let mut replay = Replay::start(dead(false, 1));
    replay.verdict(0, false);
    let _down = (replay.log(), replay.told());
    replay.reload(dead(false, 1));
    expect_log(&mut replay, "");
    replay.reload(dead(true, 2));
    expect_log(&mut replay, "");
    replay.reload(dead(false, 3));
    expect_log(
        &mut replay,
        "Adding service [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:80
         Gained quorum 1+0=1 <= 1 for VS [10.1.0.1]:tcp:80",
    );
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP",
    );
    // A new alpha checker on a server that serves does not interrupt it.
    replay.reload(dead(true, 4));
    expect_log(&mut replay, "");
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1",
    );
}

fn groups(first: &[&str]) -> Lvs {
    let v4 = Family::V4;
    let name = |nth, protocol, entries: &[&str]| group("g1", nth, protocol, v4, entries);
    lvs([
        name(0, Protocol::Tcp, first)
            .scheduler(Scheduler::Rr)
            .unchecked("10.1.0.11:80", 1)
            .unchecked("10.1.0.12:8080", 1),
        name(1, Protocol::Udp, first).scheduler(Scheduler::Wlc).unchecked("10.1.0.13:53", 1),
        group("g2", 0, Protocol::None, v4, &["7", "8"])
            .scheduler(Scheduler::Wlc)
            .unchecked("10.1.0.13:0", 1)
            .forwarding(Forwarding::DirectRouting),
    ])
}

/// LV-27, LV-43, LV-44, LV-97: s05, a group used by tcp and by udp, and entries that change.
#[test]
fn groups_are_a_service_for_each_entry() {
    let mut replay = Replay::start(groups(&["10.1.1.1:80", "10.1.1.2:80", "10.1.3.1:82"]));
    expect_log(
        &mut replay,
        "Gained quorum 1+0=1 <= 2 for VS [g1]:0
         Gained quorum 1+0=1 <= 1 for VS [g1]:1
         Gained quorum 1+0=1 <= 1 for VS [g2]:0",
    );
    let table = replay.table();
    assert_eq!(table.lines().filter(|line| line.starts_with("-A")).count(), 8, "{table}");
    for line in [
        "-A -t 10.1.3.1:82 -s rr",
        "-a -t 10.1.3.1:82 -r 10.1.0.12:8080 -m -w 1",
        "-A -u 10.1.1.2:80 -s wlc",
        "-a -u 10.1.1.2:80 -r 10.1.0.13:53 -m -w 1",
        "-a -f 8 -r 10.1.0.13:0 -g -w 1",
    ] {
        assert!(table.lines().any(|found| found == line), "{line} is not in\n{table}");
    }
    let _start = replay.commands();
    replay.reload(groups(&["10.1.1.1:80", "10.1.1.2:80", "10.1.4.1:84", "10.1.4.2:84"]));
    expect_log(
        &mut replay,
        "VS [[10.1.3.1]:tcp:82] in group g1 no longer exists
         VS [[10.1.3.1]:udp:82] in group g1 no longer exists
         VS [[10.1.4.1]:tcp:84-10.1.4.2] added into group g1
         VS [[10.1.4.1]:udp:84-10.1.4.2] added into group g1",
    );
    let commands = replay.commands();
    assert_eq!(commands.len(), 2 + 2 * 3 + 2 * 2, "two services go, four come with their servers: {commands:?}");
    replay.stop();
    expect_table(&replay, "");
}

/// LV-27: directly routed servers of a group take the port of each entry.
#[test]
fn direct_routing_in_a_group_keeps_the_port() {
    let draft = group("g", 0, Protocol::Tcp, Family::V4, &["10.1.1.1:80", "10.1.1.1:443", "5"]);
    let draft = draft.real("10.1.0.11:0", 1).forwarding(Forwarding::DirectRouting).sorry("10.1.0.14:80", false);
    let mut replay = Replay::start(lvs([draft.with(|server| {
        if let Some(sorry) = server.sorry_server.as_mut() {
            sorry.forwarding = Forwarding::DirectRouting;
        }
    })]));
    let with = |last: u8| {
        format!(
            "-A -t 10.1.1.1:80 -s wrr
             -a -t 10.1.1.1:80 -r 10.1.0.{last}:80 -g -w 1
             -A -t 10.1.1.1:443 -s wrr
             -a -t 10.1.1.1:443 -r 10.1.0.{last}:443 -g -w 1
             -A -f 5 -s wrr
             -a -f 5 -r 10.1.0.{last}:0 -g -w 1"
        )
    };
    expect_table(&replay, &with(11));
    replay.verdict(0, false);
    expect_table(&replay, &with(14));
    replay.verdict(0, true);
    expect_table(&replay, &with(11));
}

/// LV-44, LV-124: two virtual servers of one protocol share a group; the services go when the last one goes.
#[test]
fn shared_groups_leave_nothing_behind() {
    let user = |nth: usize, real: &str| group("g", nth, Protocol::Tcp, Family::V4, &["10.1.1.1:80"]).real(real, 1);
    let both = || [user(0, "10.1.0.11:80").scheduler(Scheduler::Rr), user(1, "10.1.0.12:80")];
    let mut replay = Replay::start(lvs(both()));
    expect_table(
        &replay,
        "-A -t 10.1.1.1:80 -s rr
         -a -t 10.1.1.1:80 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.1.1:80 -r 10.1.0.12:80 -m -w 1",
    );
    let _start = replay.log();
    let [first, _] = both();
    replay.reload(lvs([first]));
    expect_log(
        &mut replay,
        "Removing Virtual Server Group [g]
         Removing service [10.1.0.12]:tcp:80 from VS [g]:1",
    );
    expect_table(
        &replay,
        "-A -t 10.1.1.1:80 -s rr
         -a -t 10.1.1.1:80 -r 10.1.0.11:80 -m -w 1",
    );
    replay.stop();
    expect_table(&replay, "");
}

/// LV-54, LV-62: weights that checkers add (s22, :82: two dynamic checkers on one server).
#[test]
fn checkers_add_to_the_weight() {
    let draft = tcp("10.1.0.1:82").real("10.1.0.11:82", 5);
    let check = draft.checks[0][0].0.clone();
    let mut replay = Replay::start(lvs([draft.check(check)]));
    let _start = replay.log();
    replay.verdict(0, true);
    replay.verdict(1, true);
    replay.verdicts(&[(0, true, 3)]);
    replay.verdicts(&[(1, true, 13)]);
    expect_log(
        &mut replay,
        "Changing weight from 5 to 8 for active service [10.1.0.11]:tcp:82 of VS [10.1.0.1]:tcp:82
         Changing weight from 8 to 21 for active service [10.1.0.11]:tcp:82 of VS [10.1.0.1]:tcp:82",
    );
    expect_table(
        &replay,
        "-A -t 10.1.0.1:82 -s wrr
         -a -t 10.1.0.1:82 -r 10.1.0.11:82 -m -w 21",
    );
    replay.verdicts(&[(0, false, 0)]);
    expect_log(
        &mut replay,
        "Removing service [10.1.0.11]:tcp:82 from VS [10.1.0.1]:tcp:82
         Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:82",
    );
    replay.verdicts(&[(1, true, 0)]);
    expect_log(
        &mut replay,
        "Changing weight from 18 to 5 for inactive service [10.1.0.11]:tcp:82 of VS [10.1.0.1]:tcp:82",
    );
    replay.verdicts(&[(0, true, 0)]);
    expect_log(
        &mut replay,
        "Adding service [10.1.0.11]:tcp:82 to VS [10.1.0.1]:tcp:82
         Gained quorum 1+0=1 <= 5 for VS [10.1.0.1]:tcp:82",
    );
}

/// LV-56, LV-61: a server is up exactly when all its checkers are; the same server elsewhere is another one.
#[test]
fn all_checkers_must_be_up() {
    let twice = tcp("10.1.0.1:80").sorry("10.1.0.11:80", false).real("10.1.0.11:80", 1);
    let check = twice.checks[0][0].0.clone();
    let mut replay = Replay::start(lvs([twice.check(check), tcp("10.1.0.1:81").real("10.1.0.11:80", 1)]));
    let _start = replay.log();
    replay.verdicts(&[(0, false, 0), (1, false, 0), (0, true, 0)]);
    // LV-72: the server is its own sorry server.
    expect_log(
        &mut replay,
        "Removing service [10.1.0.11]:tcp:80 from VS [10.1.0.1]:tcp:80
         Lost quorum 1-0=1 > 0 for VS [10.1.0.1]:tcp:80
         Adding sorry server [10.1.0.11]:tcp:80 to VS [10.1.0.1]:tcp:80
         Removing alive servers from the pool for VS [10.1.0.1]:tcp:80",
    );
    let both = "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:81 -s wrr
         -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w 1";
    expect_table(&replay, both);
    replay.verdict(1, true);
    assert_eq!(replay.log().len(), 4, "up, quorum, sorry server out, alive servers in");
    expect_table(&replay, both);
}

/// LV-73, LV-77, LV-78: mails; the checker's goes after what it caused, with the state of the real server.
#[test]
fn mails_follow_what_caused_them() {
    let draft = tcp("10.1.0.1:80").real("10.1.0.11:80", 1).last(|real| real.smtp_alert = true);
    let check = draft.checks[0][0].0.clone();
    let draft = draft.check(check).with(|server| (server.smtp_alert, server.quorum) = (true, 1));
    let mut replay = Replay::start(lvs([draft]));
    expect_told(&mut replay, "VS [10.1.0.1]:tcp:80 UP and mail => Starting with quorum up 1+0=1 <= 1 <=");
    replay.verdicts(&[(0, true, 0), (0, false, 0), (1, false, 0), (0, true, 0), (1, true, 0)]);
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         VS [10.1.0.1]:tcp:80 DOWN and mail => Lost quorum 1+0=1 <= 0 <=
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN: => checker 0 <=
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN: => checker 1 <=
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN: => checker 0 <=
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP and mail => Gained quorum 1+0=1 <= 1 <=
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP: => checker 1 <=",
    );
}

/// LV-78, IF-217: with `no_checker_emails` only the checker that changes its real server mails.
#[test]
fn checkers_mail_only_what_changes_their_server() {
    let draft = tcp("10.1.0.1:80").real("10.1.0.11:80", 1).last(|real| real.smtp_alert = true);
    let check = draft.checks[0][0].0.clone();
    let mut model = lvs([draft.check(check)]);
    model.no_checker_emails = true;
    let mut replay = Replay::start(model);
    expect_told(&mut replay, "VS [10.1.0.1]:tcp:80 UP");
    replay.verdicts(&[(0, false, 0), (1, false, 0), (0, true, 0), (1, true, 0)]);
    expect_told(
        &mut replay,
        "RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN
         VS [10.1.0.1]:tcp:80 DOWN
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 DOWN: => checker 0 <=
         RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP
         VS [10.1.0.1]:tcp:80 UP
         mail RS [10.1.0.11]:tcp:80 [10.1.0.1]:tcp:80 UP: => checker 1 <=",
    );
}

/// LV-29, LV-90 (ours): a threshold that changes alone is sent, too.
#[test]
fn a_changed_threshold_is_sent() {
    let model = |most| lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1).last(|real| real.upper_threshold = most)]);
    let mut replay = Replay::start(model(0));
    let _start = replay.commands();
    replay.reload(model(5));
    match &replay.commands()[..] {
        [Command::SetDestination(_, destination)] => assert_eq!(destination.upper_threshold, 5),
        other => panic!("{other:?}"),
    }
}

/// LV-4, LV-23, LV-43: keys and settings of each kind of virtual server.
#[test]
fn every_kind_of_virtual_server_has_its_service() {
    let gue = Forwarding::Tunnel(Tunnel { kind: TunnelKind::Gue, port: 7000, checksum: 1 });
    let replay = Replay::start(lvs([
        tcp("[fd00:1::1]:80").scheduler(Scheduler::Rr).unchecked("[fd00:1::11]:80", 2).persistent(360),
        mark(4, Family::V4)
            .unchecked("[fd00:1::11]:0", 1)
            .forwarding(ipip())
            .unchecked("10.1.0.12:0", 1)
            .forwarding(ipip()),
        mark(4, Family::V6).unchecked("[fd00:1::11]:80", 1),
        udp("10.1.0.1:53").scheduler(Scheduler::Sh).with(|server| server.flags = 0x14).unchecked("10.1.0.11:53", 1),
        tcp("10.1.0.1:83").unchecked("10.1.0.11:83", 1).forwarding(gue),
    ]));
    expect_table(
        &replay,
        "-A -t [fd00:1::1]:80 -s rr -p 360
         -a -t [fd00:1::1]:80 -r [fd00:1::11]:80 -m -w 2
         -A -f 4 -s wrr
         -a -f 4 -r [fd00:1::11]:0 -i -w 1 --tun-type ipip
         -a -f 4 -r 10.1.0.12:0 -i -w 1 --tun-type ipip
         -A -f 4 -6 -s wrr
         -a -f 4 -6 -r [fd00:1::11]:80 -m -w 1
         -A -u 10.1.0.1:53 -s sh -o -b sh-port
         -a -u 10.1.0.1:53 -r 10.1.0.11:53 -m -w 1
         -A -t 10.1.0.1:83 -s wrr
         -a -t 10.1.0.1:83 -r 10.1.0.11:83 -i -w 1 --tun-type gue --tun-port 7000 --tun-csum",
    );
}
