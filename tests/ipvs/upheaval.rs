//! What is not an ordinary day: a table that others left or change, refused commands, flushing, timeouts and daemons.

use keepalived_rs::model::event::Notification;
use keepalived_rs::model::ipvs::Command;
use keepalived_rs::model::lvs::{FlushOnStop, Lvs, Scheduler, SyncDaemon, Timeouts};

use crate::fixture::{Draft, at, lvs, sorted, tcp, udp};
use crate::replay::{Replay, expect_log, expect_table, expect_told};

/// LV-51 (ours): the table is read at start, and only what differs is changed; foreign services are left alone (s13).
#[test]
fn what_a_killed_predecessor_left_is_taken_over() {
    let ours = || tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 1).sorry("10.1.0.14:80", false);
    let left = |replay: &mut Replay, drafts: Vec<Draft>| {
        let other = Replay::start(lvs(drafts));
        for command in &other.commands {
            assert_eq!(replay.execute(command), None);
        }
    };
    let mut replay = Replay::new(lvs([ours()]));
    left(&mut replay, vec![ours(), tcp("10.9.9.9:80").unchecked("10.1.0.11:80", 1)]);
    replay.begin();
    assert_eq!(replay.commands(), [], "nothing differs, so nothing is touched");
    assert_eq!(replay.log()[0], "Taking over 1 services with 2 destinations found in the ipvs table");
    replay.stop();
    expect_table(
        &replay,
        "-A -t 10.9.9.9:80 -s wrr
         -a -t 10.9.9.9:80 -r 10.1.0.11:80 -m -w 1",
    );

    let mut replay = Replay::new(lvs([ours()]));
    let stale = tcp("10.1.0.1:80").scheduler(Scheduler::Lc).persistent(99);
    left(&mut replay, vec![stale.unchecked("10.1.0.11:80", 77).unchecked("10.1.0.77:80", 7)]);
    replay.begin();
    assert_eq!(replay.commands().len(), 4, "set the service, delete .77, set .11, add .12");
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 1",
    );

    // Servers that an alpha checker holds back keep their connections, but get no new ones until it has spoken.
    let mut replay = Replay::new(lvs([ours().all_alpha().with(|server| server.sorry_server = None)]));
    left(&mut replay, vec![ours()]);
    replay.begin();
    let table = |eleven: u8, more: &str| {
        format!(
            "-A -t 10.1.0.1:80 -s wrr
             -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w {eleven}{more}"
        )
    };
    expect_table(&replay, &table(0, "\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 0"));
    replay.verdicts(&[(0, true, 0), (1, false, 0)]);
    expect_table(&replay, &table(1, ""));
}

/// LV-52, LV-81: the flushing options.
#[test]
fn flushing_at_start_and_stop() {
    let foreign = || lvs([tcp("10.9.9.9:80").unchecked("10.1.0.11:80", 1)]);
    let ours = |flush: bool, on_stop: FlushOnStop| {
        let draft = tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1).with(|server| server.omega = true);
        Lvs { flush, flush_on_stop: on_stop, ..lvs([draft]) }
    };
    let begin = |model: Lvs| {
        let mut replay = Replay::new(model);
        for command in Replay::start(foreign()).commands {
            assert_eq!(replay.execute(&command), None);
        }
        replay.begin();
        let _start = (replay.log(), replay.told(), replay.commands());
        replay
    };
    let table = |address: &str| format!("-A -t {address} -s wrr\n-a -t {address} -r 10.1.0.11:80 -m -w 1");
    let replay = begin(ours(true, FlushOnStop::No));
    expect_table(&replay, &table("10.1.0.1:80"));

    let mut replay = begin(ours(false, FlushOnStop::VirtualServers));
    replay.stop();
    expect_log(&mut replay, "");
    expect_told(&mut replay, "VS [10.1.0.1]:tcp:80 DOWN");
    expect_table(&replay, &table("10.9.9.9:80"));

    let mut replay = begin(ours(false, FlushOnStop::Table));
    replay.stop();
    assert_eq!(replay.commands(), [Command::Flush]);
    expect_table(&replay, "");
}

/// LV-47, LV-84, LV-98, LV-100, LV-102, LV-123: timeouts and both sync daemons, at start, reload and stop.
#[test]
fn timeouts_and_sync_daemons() {
    let daemon = |id: u8| SyncDaemon {
        interface: keepalived_rs::base::name::InterfaceName::new("v0"),
        instance: None,
        id,
        max_length: Some(1400),
        port: None,
        ttl: None,
        group: None,
    };
    let plain = || lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1)]);
    let with = |id| Lvs {
        timeouts: Some(Timeouts { tcp: 500, tcp_fin: 0, udp: 200 }),
        sync_daemon: Some(daemon(id)),
        ..plain()
    };
    let kinds = |replay: &mut Replay| {
        let kind = |command: Command| match command {
            Command::SetTimeouts(Timeouts { tcp, tcp_fin, udp }) => format!("timeouts {tcp} {tcp_fin} {udp}"),
            Command::StartDaemon(state, daemon) => format!("start {state:?} {}", daemon.id),
            Command::StopDaemon(state, id) => format!("stop {state:?} {id}"),
            Command::AddService(_) | Command::AddDestination(..) | Command::DeleteService(_) => "table".to_owned(),
            other => format!("{other:?}"),
        };
        let mut kinds: Vec<String> = replay.commands().into_iter().map(kind).collect();
        kinds.dedup();
        kinds
    };
    let mut replay = Replay::start(with(9));
    assert_eq!(
        kinds(&mut replay),
        ["timeouts 500 120 200", "stop Master 0", "stop Backup 0", "start Master 9", "start Backup 9", "table"]
    );
    replay.reload(with(9));
    assert_eq!(kinds(&mut replay), Vec::<String>::new());
    replay.reload(with(8));
    assert_eq!(kinds(&mut replay), ["stop Master 0", "stop Backup 0", "start Master 8", "start Backup 8"]);
    replay.reload(plain());
    assert_eq!(kinds(&mut replay), ["timeouts 900 120 300", "stop Master 0", "stop Backup 0"]);
    replay.reload(with(8));
    let _again = replay.commands();
    replay.stop();
    assert_eq!(kinds(&mut replay), ["table", "stop Master 0", "stop Backup 0", "timeouts 900 120 300"]);
}

/// What another program did to our services is found out when a command is refused, and put right.
#[test]
fn a_table_changed_behind_our_back_is_read_again() {
    let model = || {
        lvs([
            tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 1),
            udp("10.1.0.1:53").real("10.1.0.11:53", 1),
        ])
    };
    let good = Replay::start(model()).table();
    let mut replay = Replay::start(model());
    // All gone.
    let _flushed = replay.execute(&Command::Flush);
    replay.verdict(0, false);
    replay.verdict(0, true);
    assert_eq!(sorted(&replay.table()), sorted(&good));

    // LV-82: a destination that is gone is added instead of set.
    let mut replay = Replay::start(model());
    let gone = replay.commands.iter().find_map(|command| match command {
        Command::AddDestination(service, destination) => {
            Some(Command::DeleteDestination(service.clone(), *destination))
        }
        _ => None,
    });
    assert_eq!(replay.execute(&gone.unwrap()), None);
    let _start = replay.log();
    replay.verdicts(&[(0, true, 4)]);
    expect_log(
        &mut replay,
        "Changing weight from 1 to 5 for active service [10.1.0.11]:tcp:80 of VS [10.1.0.1]:tcp:80
         IPVS cmd IP_VS_SO_SET_EDITDEST(1161) error: No such destination(2) (10.1.0.1:tcp:80 -> 10.1.0.11:80)",
    );
    assert!(replay.table().contains("-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 5"), "{}", replay.table());
}

/// LV-59: a command that the kernel refused is given again with the next result about that virtual server.
#[test]
fn refused_commands_are_tried_again() {
    let model = lvs([tcp("10.1.0.1:80").scheduler(Scheduler::Mh).real("10.1.0.11:80", 1)]);
    let mut replay = Replay::new(model);
    replay.lacks = "mh";
    replay.begin();
    expect_table(&replay, "");
    replay.lacks = "twos";
    replay.verdict(0, true);
    expect_table(
        &replay,
        "-A -t 10.1.0.1:80 -s mh
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1",
    );
}

/// LV-87: what goes by a reload is told as down, even without omega, as the old configuration knows it.
#[test]
fn what_a_reload_removes_is_told() {
    let mut model = lvs([
        tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 1),
        tcp("10.1.0.1:81").real("10.1.0.11:80", 1),
    ]);
    std::sync::Arc::make_mut(&mut model.virtual_servers[0]).smtp_alert = true;
    let mut replay = Replay::start(model);
    replay.verdict(1, false);
    let _before = replay.told();
    replay.reload(lvs([tcp("10.1.0.1:81").real("10.1.0.11:80", 1)]));
    let generations: Vec<u64> = replay
        .notifications
        .iter()
        .map(|told| match told {
            Notification::RealServer { generation, .. } | Notification::VirtualServer { generation, .. } => *generation,
            Notification::Instance { .. } | Notification::SyncGroup { .. } | Notification::StillInState { .. } => 0,
        })
        .collect();
    assert_eq!(generations, [1, 1], "{:?}", replay.notifications);
    match &replay.notifications[..] {
        [
            Notification::RealServer { up: false, scripts: true, endpoint, .. },
            Notification::VirtualServer { up: false, mail, .. },
        ] => {
            assert_eq!((*endpoint, mail.as_deref()), (at("10.1.0.11:80"), Some("=> Removing <=")));
        }
        other => panic!("{other:?}"),
    }
}
