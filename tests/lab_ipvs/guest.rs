//! What is checked inside the guest kernel. Each check has a network namespace, and so an IPVS table, of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;

use keepalived_rs::base::net::{Endpoint, Family};
use keepalived_rs::kernel::ipvs::Ipvs;
use keepalived_rs::lvs::service::Table;
use keepalived_rs::model::ipvs::{Command, Destination, Method, Service, ServiceKey};
use keepalived_rs::model::lvs::{
    FlushOnStop, Forwarding, Granularity, Lvs, Protocol, Scheduler, SyncDaemon, Timeouts, Tunnel, TunnelKind,
};
use keepalived_rs::model::upkeep::Room;
use nix::sched::{CloneFlags, unshare};

use crate::fixture::{Draft, group, lvs, mark, show, sorted, tcp, udp};
use crate::task::{Director, expect_table, ipvsadm, now, run as command, table};

pub fn run() {
    let checks: &[(&str, fn())] = &[
        ("a kernel without IPVS is told of in one line; its module is loaded when there is one", the_module),
        ("schedulers and their flags", schedulers),
        ("forwarding methods and tunnels", forwarding),
        ("persistence, its masks and engines", persistence),
        ("firewall marks and IPv6", marks_and_families),
        ("groups", groups),
        ("sorry server, quorum, inhibit", sorry_server),
        ("reloads", reloads),
        ("taking over what a killed predecessor left", taking_over),
        ("flushing", flushing),
        ("a table that others change", changed_by_others),
        ("timeouts and sync daemons", timeouts_and_daemons),
        ("the adapter reads what it wrote", reads_what_it_wrote),
        ("errors in a batch are those of the right commands", errors_find_their_command),
        ("connections through a table that changes", crate::traffic::connections_go_on),
        ("a real server that follows a BFD session", crate::bfd::a_server_follows_a_session),
        ("connections through a hundred reloads", crate::traffic::connections_outlive_a_hundred_reloads),
        ("10,000 destinations", many),
    ];
    for (name, check) in checks {
        let started = now();
        let outcome = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("CAP_SYS_ADMIN in the guest");
            // A namespace without any address takes every destination for a broadcast address.
            command("ip", "link set lo up");
            check();
        })
        .join();
        println!("{:>6} ms  {name}", (now() - started).as_millis());
        assert!(outcome.is_ok(), "failed: {name}");
    }
}

pub fn expect_empty() {
    assert_eq!(table(), "", "something was left in the table");
}

/// LV-107, LV-108.
fn the_module() {
    let helper = "/proc/sys/kernel/modprobe";
    let usual = std::fs::read_to_string(helper).expect("modprobe's path");
    std::fs::write(helper, "/bin/false").expect("root in the guest");

    let idle = Director::start(Lvs::default());
    assert_eq!(idle.failure, None, "with no virtual server IPVS is not touched");
    idle.stop();

    let mut refused = Director::start(lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1)]));
    let line = "IPVS: Can't initialize ipvs: No such file or directory - load the kernel module ip_vs, or use a kernel that has it";
    assert_eq!(refused.failure, Some((1, line.to_owned())));
    assert_eq!(refused.log(), ["Initializing ipvs", line]);
    refused.stop();

    std::fs::write(helper, usual.trim()).expect("root in the guest");
    let loaded = Director::start(lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1)]));
    assert_eq!(loaded.failure, None, "the module is there now");
    loaded.stop();
    expect_empty();
}

/// LV-11, LV-12, LV-13, LV-16: s01.
fn schedulers() {
    let flags = |port: u16, scheduler, flags| {
        let draft = tcp(&format!("10.1.0.1:{port}")).scheduler(scheduler).unchecked("10.1.0.11:80", 1);
        draft.with(|server| server.flags = flags)
    };
    let each = Scheduler::ALL.iter().zip(8001..).map(|(scheduler, port)| flags(port, *scheduler, 0));
    let mut director = Director::start(lvs(each.chain([
        flags(8101, Scheduler::Sh, 0x18),
        flags(8102, Scheduler::Mh, 0x18),
        flags(8103, Scheduler::Wlc, 0x38),
        udp("10.1.0.1:8106").scheduler(Scheduler::Rr).with(|s| s.flags = 4).unchecked("10.1.0.11:80", 1),
    ])));
    let mut expected = String::new();
    for (scheduler, port) in Scheduler::ALL.iter().zip(8001..) {
        if *scheduler != Scheduler::Twos {
            let name = format!("-t 10.1.0.1:{port}");
            expected.push_str(&format!("-A {name} -s {}\n-a {name} -r 10.1.0.11:80 -m -w 1\n", scheduler.name()));
        }
    }
    expected.push_str(
        "-A -t 10.1.0.1:8101 -s sh -b sh-fallback,sh-port
         -a -t 10.1.0.1:8101 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:8102 -s mh -b mh-fallback,mh-port
         -a -t 10.1.0.1:8102 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:8103 -s wlc -b flag-1,flag-2,flag-3
         -a -t 10.1.0.1:8103 -r 10.1.0.11:80 -m -w 1
         -A -u 10.1.0.1:8106 -s rr -o
         -a -u 10.1.0.1:8106 -r 10.1.0.11:80 -m -w 1",
    );
    expect_table(&expected);
    let log = director.log();
    let errors: Vec<&String> = log.iter().filter(|line| line.starts_with("IPVS cmd")).collect();
    assert_eq!(
        errors,
        [
            "IPVS cmd IP_VS_SO_SET_ADD(1154) error: Scheduler or persistence engine not found(2) (10.1.0.1:tcp:8014)",
            "IPVS cmd IP_VS_SO_SET_ADDDEST(1159) error: No such file or directory(2) (10.1.0.1:tcp:8014 -> 10.1.0.11:80)"
        ],
        "this kernel lacks `twos`"
    );
    director.stop();
    expect_empty();
}

fn tunnel(kind: TunnelKind, port: u16, checksum: u16) -> Forwarding {
    Forwarding::Tunnel(Tunnel { kind, port, checksum })
}

/// LV-17, LV-18, LV-21, LV-28, LV-29: s02.
fn forwarding() {
    let thresholds = |draft: Draft| draft.last(|real| (real.upper_threshold, real.lower_threshold) = (100, 50));
    let director = Director::start(lvs([
        thresholds(tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).forwarding(Forwarding::DirectRouting))
            .unchecked("10.1.0.12:80", 0)
            .forwarding(Forwarding::DirectRouting)
            .unchecked("10.1.0.13:80", 1)
            .unchecked("10.1.0.14:80", 65535)
            .forwarding(tunnel(TunnelKind::Ipip, 0, 0)),
        tcp("10.1.0.1:81")
            .scheduler(Scheduler::Rr)
            .unchecked("10.1.0.11:81", 7)
            .forwarding(tunnel(TunnelKind::Gue, 6080, 0))
            .unchecked("10.1.0.12:81", 7)
            .forwarding(tunnel(TunnelKind::Gue, 6080, 1))
            .unchecked("10.1.0.13:81", 7)
            .forwarding(tunnel(TunnelKind::Gre, 0, 1))
            .unchecked("10.1.0.14:81", 7)
            .forwarding(tunnel(TunnelKind::Gue, 6081, 2))
            .unchecked("10.1.0.15:81", 7)
            .forwarding(tunnel(TunnelKind::Gre, 0, 0)),
        tcp("10.1.0.1:82").scheduler(Scheduler::Wlc).unchecked("10.1.0.11:82", 65536),
        tcp("10.1.0.1:83").unchecked("10.1.0.11:83", 2_147_483_647),
    ]));
    expect_table(
        "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -g -w 5
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -g -w 0
         -a -t 10.1.0.1:80 -r 10.1.0.13:80 -m -w 1
         -a -t 10.1.0.1:80 -r 10.1.0.14:80 -i -w 65535 --tun-type ipip
         -A -t 10.1.0.1:81 -s rr
         -a -t 10.1.0.1:81 -r 10.1.0.11:81 -i -w 7 --tun-type gue --tun-port 6080 --tun-nocsum
         -a -t 10.1.0.1:81 -r 10.1.0.12:81 -i -w 7 --tun-type gue --tun-port 6080 --tun-csum
         -a -t 10.1.0.1:81 -r 10.1.0.13:81 -i -w 7 --tun-type gre --tun-csum
         -a -t 10.1.0.1:81 -r 10.1.0.14:81 -i -w 7 --tun-type gue --tun-port 6081 --tun-remcsum
         -a -t 10.1.0.1:81 -r 10.1.0.15:81 -i -w 7 --tun-type gre --tun-nocsum
         -A -t 10.1.0.1:82 -s wlc
         -a -t 10.1.0.1:82 -r 10.1.0.11:82 -m -w 65536
         -A -t 10.1.0.1:83 -s wrr
         -a -t 10.1.0.1:83 -r 10.1.0.11:83 -m -w 2147483647",
    );
    let shown = std::process::Command::new("ipvsadm").args(["-Ln", "--thresholds"]).output().expect("ipvsadm");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.lines().any(|line| line.contains("10.1.0.11:80") && line.contains("100") && line.contains("50")),
        "{shown}"
    );
    director.stop();
    expect_empty();
}

/// LV-22, LV-23, LV-25, LV-112: s03.
fn persistence() {
    let masked = |draft: Draft, granularity| {
        draft.with(|server| {
            if let Some(persistence) = server.persistence.as_mut() {
                persistence.granularity = granularity;
            }
        })
    };
    let rr = |draft: Draft| draft.scheduler(Scheduler::Rr);
    let director = Director::start(lvs([
        rr(tcp("10.1.0.1:80").persistent(360)).unchecked("10.1.0.11:80", 1),
        masked(rr(tcp("10.1.0.1:81").persistent(120)), Granularity::V4(Ipv4Addr::new(255, 255, 255, 0)))
            .unchecked("10.1.0.11:81", 1),
        masked(rr(tcp("[fd00:1::1]:82").persistent(360)), Granularity::V6(64)).unchecked("[fd00:1::11]:82", 1),
        rr(udp("10.1.0.1:5060").persistent(60))
            .with(|server| {
                server.flags = 4;
                if let Some(persistence) = server.persistence.as_mut() {
                    persistence.engine = Some("sip".to_owned());
                }
            })
            .unchecked("10.1.0.11:5060", 1),
        rr(tcp("10.1.0.1:0").persistent(360)).unchecked("10.1.0.11:0", 1).forwarding(Forwarding::DirectRouting),
        rr(udp("10.1.0.1:0").persistent(77)).unchecked("10.1.0.11:0", 1).unchecked("10.1.0.12:53", 1),
    ]));
    expect_table(
        "-A -t 10.1.0.1:0 -s rr -p 360
         -a -t 10.1.0.1:0 -r 10.1.0.11:0 -g -w 1
         -A -t 10.1.0.1:80 -s rr -p 360
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -A -t 10.1.0.1:81 -s rr -p 120 -M 255.255.255.0
         -a -t 10.1.0.1:81 -r 10.1.0.11:81 -m -w 1
         -A -u 10.1.0.1:0 -s rr -p 77
         -a -u 10.1.0.1:0 -r 10.1.0.11:0 -m -w 1
         -a -u 10.1.0.1:0 -r 10.1.0.12:53 -m -w 1
         -A -u 10.1.0.1:5060 -s rr -p 60 --pe sip -o
         -a -u 10.1.0.1:5060 -r 10.1.0.11:5060 -m -w 1
         -A -t [fd00:1::1]:82 -s rr -p 360 -M 64
         -a -t [fd00:1::1]:82 -r [fd00:1::11]:82 -m -w 1",
    );
    director.stop();
    expect_empty();
}

/// LV-1, LV-4, LV-6: s04 and s06.
fn marks_and_families() {
    let ipip = || tunnel(TunnelKind::Ipip, 0, 0);
    let director = Director::start(lvs([
        mark(1, Family::V4).unchecked("10.1.0.11:0", 1).forwarding(Forwarding::DirectRouting),
        mark(2, Family::V4).unchecked("10.1.0.11:8080", 1).unchecked("10.1.0.12:0", 1),
        mark(3, Family::V6).persistent(50).unchecked("[fd00:1::11]:80", 1),
        mark(3, Family::V4).with(|server| server.flags = 4).unchecked("10.1.0.13:80", 1),
        mark(4, Family::V4)
            .unchecked("[fd00:1::11]:0", 1)
            .forwarding(ipip())
            .unchecked("10.1.0.12:0", 1)
            .forwarding(ipip()),
        tcp("[fd00:1::1]:80").unchecked("[fd00:1::11]:80", 2),
        tcp("[fd00:1::1]:81")
            .unchecked("10.1.0.12:81", 1)
            .forwarding(ipip())
            .unchecked("[fd00:1::12]:81", 1)
            .forwarding(ipip()),
    ]));
    expect_table(
        "-A -f 1 -s wrr
         -a -f 1 -r 10.1.0.11:0 -g -w 1
         -A -f 2 -s wrr
         -a -f 2 -r 10.1.0.11:8080 -m -w 1
         -a -f 2 -r 10.1.0.12:0 -m -w 1
         -A -f 3 -s wrr -o
         -a -f 3 -r 10.1.0.13:80 -m -w 1
         -A -f 3 -6 -s wrr -p 50
         -a -f 3 -6 -r [fd00:1::11]:80 -m -w 1
         -A -f 4 -s wrr
         -a -f 4 -r [fd00:1::11]:0 -i -w 1 --tun-type ipip
         -a -f 4 -r 10.1.0.12:0 -i -w 1 --tun-type ipip
         -A -t [fd00:1::1]:80 -s wrr
         -a -t [fd00:1::1]:80 -r [fd00:1::11]:80 -m -w 2
         -A -t [fd00:1::1]:81 -s wrr
         -a -t [fd00:1::1]:81 -r [fd00:1::12]:81 -i -w 1 --tun-type ipip
         -a -t [fd00:1::1]:81 -r 10.1.0.12:81 -i -w 1 --tun-type ipip",
    );
    director.stop();
    expect_empty();
}

/// LV-43, LV-44, LV-97: s05.
fn groups() {
    let model = |entries: &[&str]| {
        lvs([
            group("g1", 0, Protocol::Tcp, Family::V4, entries)
                .scheduler(Scheduler::Rr)
                .unchecked("10.1.0.11:80", 1)
                .unchecked("10.1.0.12:8080", 1),
            group("g1", 1, Protocol::Udp, Family::V4, entries).scheduler(Scheduler::Wlc).unchecked("10.1.0.13:53", 1),
            group("g6", 0, Protocol::Tcp, Family::V6, &["[fd00:2::1]:80", "9"]).unchecked("[fd00:1::13]:80", 1),
        ])
    };
    let expected = |entries: &[&str]| {
        let mut text = "-A -t [fd00:2::1]:80 -s wrr
             -a -t [fd00:2::1]:80 -r [fd00:1::13]:80 -m -w 1
             -A -f 9 -6 -s wrr
             -a -f 9 -6 -r [fd00:1::13]:80 -m -w 1\n"
            .to_owned();
        for at in entries {
            text.push_str(&format!(
                "-A -t {at} -s rr\n-a -t {at} -r 10.1.0.11:80 -m -w 1\n-a -t {at} -r 10.1.0.12:8080 -m -w 1
                 -A -u {at} -s wlc\n-a -u {at} -r 10.1.0.13:53 -m -w 1\n"
            ));
        }
        text
    };
    let (before, after) = (["10.1.1.1:80", "10.1.1.2:80", "10.1.3.1:82"], ["10.1.1.1:80", "10.1.4.1:84"]);
    let mut director = Director::start(model(&before));
    expect_table(&expected(&before));
    director.reload(model(&after));
    expect_table(&expected(&after));
    director.stop();
    expect_empty();
}

/// LV-57, LV-58, LV-63, LV-66, LV-68, LV-69, LV-71: s07.
fn sorry_server() {
    let mut director = Director::start(lvs([
        tcp("10.1.0.1:80").sorry("10.1.0.14:80", false).real("10.1.0.11:80", 2).real("10.1.0.12:80", 3),
        tcp("10.1.0.1:81")
            .quorum(3, 0)
            .sorry("10.1.0.14:80", true)
            .real("10.1.0.11:80", 2)
            .inhibit()
            .real("10.1.0.12:80", 3)
            .inhibit(),
    ]));
    let inhibited = |eleven: u8, twelve: u8, sorry: u8| {
        format!(
            "-A -t 10.1.0.1:81 -s wrr
             -a -t 10.1.0.1:81 -r 10.1.0.11:80 -m -w {eleven}
             -a -t 10.1.0.1:81 -r 10.1.0.12:80 -m -w {twelve}
             -a -t 10.1.0.1:81 -r 10.1.0.14:80 -m -w {sorry}\n"
        )
    };
    let plain = |servers: &[(u8, u8)]| {
        let mut text = "-A -t 10.1.0.1:80 -s wrr\n".to_owned();
        for (last, weight) in servers {
            text.push_str(&format!("-a -t 10.1.0.1:80 -r 10.1.0.{last}:80 -m -w {weight}\n"));
        }
        text
    };
    expect_table(&(plain(&[(11, 2), (12, 3)]) + &inhibited(2, 3, 0)));
    director.verdicts([(1, false), (3, false)]);
    expect_table(&(plain(&[(11, 2)]) + &inhibited(0, 0, 1)));
    director.verdicts([(0, false), (2, false)]);
    expect_table(&(plain(&[(14, 1)]) + &inhibited(0, 0, 1)));
    director.verdicts([(0, true), (2, true)]);
    expect_table(&(plain(&[(11, 2)]) + &inhibited(0, 0, 1)));
    director.verdicts([(1, true), (3, true)]);
    expect_table(&(plain(&[(11, 2), (12, 3)]) + &inhibited(2, 3, 0)));
    let log = director.log();
    assert!(!log.iter().any(|line| line.starts_with("IPVS cmd")), "{log:#?}");
    director.stop();
    expect_empty();
}

/// LV-86, LV-87, LV-88, LV-89, LV-90: what differs changes, the rest keeps its connections (the kernel would show new entries).
fn reloads() {
    let eighty = || tcp("10.1.0.1:80");
    let mut director = Director::start(lvs([
        eighty().scheduler(Scheduler::Rr).real("10.1.0.11:80", 1).real("10.1.0.12:80", 2),
        tcp("10.1.0.1:81").unchecked("10.1.0.11:80", 1),
    ]));
    director.reload(lvs([
        eighty()
            .persistent(30)
            .real("10.1.0.11:80", 10)
            .forwarding(tunnel(TunnelKind::Ipip, 0, 0))
            .real("10.1.0.14:80", 2),
        tcp("10.1.0.1:82").unchecked("10.1.0.11:80", 1),
    ]));
    expect_table(
        "-A -t 10.1.0.1:80 -s wrr -p 30
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -i -w 10 --tun-type ipip
         -a -t 10.1.0.1:80 -r 10.1.0.14:80 -m -w 2
         -A -t 10.1.0.1:82 -s wrr
         -a -t 10.1.0.1:82 -r 10.1.0.11:80 -m -w 1",
    );
    director.reload(Lvs::default());
    expect_table("");
    director.reload(lvs([eighty().unchecked("10.1.0.11:80", 1)]));
    expect_table("-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1");
    let log = director.log();
    assert!(!log.iter().any(|line| line.starts_with("IPVS cmd")), "{log:#?}");
    director.stop();
    expect_empty();
}

/// LV-51 (ours): s13.
fn taking_over() {
    ipvsadm("-A -t 10.1.0.1:80 -s lc -p 99");
    ipvsadm("-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 77");
    ipvsadm("-a -t 10.1.0.1:80 -r 10.1.0.77:80 -m -w 7");
    ipvsadm("-A -t 10.9.9.9:80 -s rr");
    ipvsadm("-a -t 10.9.9.9:80 -r 10.1.0.11:80 -m -w 1");
    let foreign = "-A -t 10.9.9.9:80 -s rr\n-a -t 10.9.9.9:80 -r 10.1.0.11:80 -m -w 1\n";
    let ours = "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 1\n";
    let model = || lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1).unchecked("10.1.0.12:80", 1)]);
    let mut first = Director::start(model());
    expect_table(&(foreign.to_owned() + ours));
    assert_eq!(first.log()[1], "Taking over 1 services with 2 destinations found in the ipvs table");
    first.kill();
    let mut second = Director::start(model());
    expect_table(&(foreign.to_owned() + ours));
    let log = second.log();
    assert!(!log.iter().any(|line| line.starts_with("IPVS cmd")), "{log:#?}");
    second.stop();
    expect_table(foreign);
}

/// LV-52, LV-81.
fn flushing() {
    ipvsadm("-A -t 10.9.9.9:80 -s rr");
    let model = |flush, on_stop| {
        let ours = lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 1)]);
        Lvs { flush, flush_on_stop: on_stop, ..ours }
    };
    let ours = "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1";
    let director = Director::start(model(true, FlushOnStop::VirtualServers));
    expect_table(ours);
    ipvsadm("-A -t 10.9.9.9:80 -s rr");
    ipvsadm("-a -t 10.1.0.1:80 -r 10.1.0.99:80 -m");
    director.stop();
    expect_table("-A -t 10.9.9.9:80 -s rr");
    let director = Director::start(model(false, FlushOnStop::Table));
    director.stop();
    expect_empty();
}

/// LV-82, and reading the table again.
fn changed_by_others() {
    let model = lvs([tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 2)]);
    let whole = "-A -t 10.1.0.1:80 -s wrr
         -a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 1
         -a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2";
    let mut director = Director::start(model);
    expect_table(whole);
    // Verdicts that wait together are one batch: the table shows when each has been acted on.
    let without = "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 2";
    ipvsadm("-C");
    director.verdicts([(0, false)]);
    expect_table(without);
    director.verdicts([(0, true)]);
    expect_table(whole);
    ipvsadm("-d -t 10.1.0.1:80 -r 10.1.0.11:80");
    ipvsadm("-e -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 9");
    director.verdicts([(0, false)]);
    expect_table(without);
    ipvsadm("-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w 7");
    director.verdicts([(0, true)]);
    expect_table(whole);
    director.stop();
    expect_empty();
}

/// LV-84, LV-98, LV-100, LV-102.
fn timeouts_and_daemons() {
    command("ip", "link add v0 type veth peer name v1");
    command("ip", "link set v0 up");
    command("ip", "link set v1 up");
    command("ip", "address add 10.0.0.1/24 dev v0");
    let shown = |what: &str| {
        let output = std::process::Command::new("ipvsadm").args(["-Ln", what]).output().expect("ipvsadm");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let before = shown("--timeout");
    let model = Lvs {
        timeouts: Some(Timeouts { tcp: 500, tcp_fin: 0, udp: 200 }),
        sync_daemon: Some(SyncDaemon {
            interface: keepalived_rs::base::name::InterfaceName::new("v0"),
            instance: None,
            id: 9,
            max_length: Some(1400),
            port: Some(8849),
            ttl: Some(3),
            group: Some([224, 0, 0, 99].into()),
        }),
        ..Lvs::default()
    };
    let mut director = Director::start(model);
    assert_eq!(shown("--timeout"), "Timeout (tcp tcpfin udp): 500 120 200");
    let daemons = shown("--daemon");
    for wanted in ["master sync daemon (mcast=v0, syncid=9", "backup sync daemon (mcast=v0, syncid=9", "224.0.0.99"] {
        assert!(daemons.contains(wanted), "{wanted} is not in\n{daemons}\n{:#?}", director.log());
    }
    let log = director.stop();
    assert!(!log.iter().any(|line| line.starts_with("IPVS cmd")), "{log:#?}");
    assert_eq!(shown("--timeout"), before);
    assert_eq!(shown("--daemon"), "");
}

/// What the adapter dumps is what the machine wanted: nothing is planned again.
fn reads_what_it_wrote() {
    let model = || {
        lvs([
            tcp("10.1.0.1:80").persistent(60).unchecked("10.1.0.11:80", 1).unchecked("10.1.0.12:81", 0),
            tcp("[fd00:1::1]:80")
                .scheduler(Scheduler::Sh)
                .with(|server| server.flags = 0x10)
                .unchecked("[fd00:1::11]:80", 2),
            mark(4, Family::V6).persistent(7).unchecked("[fd00:1::11]:80", 1),
            udp("10.1.0.1:81").unchecked("10.1.0.11:81", 7).forwarding(tunnel(TunnelKind::Gue, 6080, 1)),
            // An address of the kernel's own: it shows the method as local.
            udp("10.1.0.1:82").unchecked("127.0.0.1:82", 7),
        ])
    };
    let director = Director::start(model());
    let wanted = Table::new(Arc::new(model()), 1);
    let mut kernel = Ipvs::open().expect("IPVS is there");
    let found = kernel.present(|key| wanted.is_ours(key)).expect("the table");
    assert_eq!(sorted(&show(&found)), sorted(&table()), "dump and ipvsadm");
    director.kill();
    let mut again = Director::start(model());
    assert_eq!(again.log().len(), 2 + 5, "initializing, taking over, five times quorum: nothing refused");
    again.stop();
    expect_empty();
}

/// 1,000 commands in batches, every third of which must fail; the others must not.
fn errors_find_their_command() {
    let mut kernel = Ipvs::open().expect("IPVS is there");
    let at = |text: &str| text.parse().map(|at: std::net::SocketAddr| Endpoint { address: at.ip(), port: at.port() });
    let service = Arc::new(Service {
        key: ServiceKey::Address { protocol: Protocol::Tcp, at: at("10.1.0.1:80").expect("an address") },
        scheduler: "rr".to_owned(),
        flags: 0,
        persistence: None,
    });
    let to = |port: u16| Destination {
        endpoint: at(&format!("10.1.0.11:{port}")).expect("an address"),
        method: Method::Masquerade,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    };
    let mut commands = vec![Command::AddService(service.clone())];
    for port in 1..=333 {
        commands.push(Command::AddDestination(service.clone(), to(port)));
        commands.push(match port % 2 {
            0 => Command::AddDestination(service.clone(), to(port)),
            _ => Command::DeleteDestination(service.clone(), to(port + 1000)),
        });
        commands.push(Command::SetDestination(service.clone(), Destination { weight: 7, ..to(port) }));
    }
    let refused = kernel.execute(&commands).expect("no answer is lost");
    assert_eq!(refused.len(), 333);
    for (refused, port) in refused.iter().zip(1..) {
        let (wanted, errno) = if port % 2 == 0 { (port, 17) } else { (port + 1000, 2) };
        assert_eq!((refused.command.destination(), refused.errno), (Some(&to(wanted)), errno));
    }
    assert_eq!(table().lines().filter(|line| line.trim_end().ends_with("-m -w 7")).count(), 333);
    // None of them can be done: as many answers as commands, and none is lost.
    let vain: Vec<Command> =
        (1..=5000).map(|port| Command::DeleteDestination(service.clone(), to(port + 10_000))).collect();
    assert_eq!(kernel.execute(&vain).expect("no answer is lost").len(), 5000);
    // `lvs_netlink_cmd_rcv_bufs`: room for a few answers only, and again for all.
    kernel.set_room(Some(Room { bytes: 4096, force: false })).expect("less is always possible");
    assert!(kernel.execute(&vain).is_err(), "answers are lost");
    kernel.reopen().expect("IPVS is there");
    assert!(kernel.execute(&vain).is_err(), "answers are lost on a fresh socket, too");
    kernel.set_room(None).expect("room");
    kernel.reopen().expect("IPVS is there");
    assert_eq!(kernel.execute(&vain).expect("no answer is lost").len(), 5000);
    let gone = kernel.execute(&[Command::DeleteService(service)]).expect("no answer is lost");
    assert_eq!(gone, []);
    expect_empty();
}

/// Time for 10,000 destinations in one service: start, all weights by one sorry server swap, stop.
fn many() {
    let mut draft = tcp("10.1.0.1:80").sorry("10.1.0.14:80", false);
    for n in 0..10_000_u32 {
        let address = Ipv4Addr::from(0x0a02_0000 + n);
        draft = draft.unchecked(&format!("{address}:80"), 1 + n % 100);
    }
    draft = draft.real("10.1.0.11:80", 1).quorum(505_001, 0);
    let started = now();
    let mut director = Director::start(lvs([draft]));
    let running = now();
    assert_eq!(director.failure, None);
    assert_eq!(table().lines().count(), 1 + 10_001);
    let mut kernel = Ipvs::open().expect("IPVS is there");
    let looking = now();
    let found = kernel.present(|_| true).expect("the table");
    let looked = now();
    assert_eq!(found.iter().map(|service| service.destinations.len()).sum::<usize>(), 10_001);
    let asked = now();
    director.verdicts([(0, false)]);
    expect_table("-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.14:80 -m -w 1");
    let swapped = now();
    director.verdicts([(0, true)]);
    let until = now() + std::time::Duration::from_secs(60);
    while table().lines().count() != 1 + 10_001 {
        assert!(now() < until, "the servers do not come back");
    }
    let stopping = now();
    let log = director.stop();
    let stopped = now();
    expect_empty();
    assert!(!log.iter().any(|line| line.starts_with("IPVS cmd") || line.starts_with("Answers")), "errors in the log");
    println!(
        "           10,001 destinations: {} ms to start, {} ms to look at, {} ms to swap for the sorry server, {} ms to stop",
        (running - started).as_millis(),
        (looked - looking).as_millis(),
        (swapped - asked).as_millis(),
        (stopped - stopping).as_millis()
    );
}
