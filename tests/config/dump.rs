//! The printed configuration: what is read from it is what was printed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use keepalived_rs::config::Loaded;
use keepalived_rs::config::dump::{Secrets, dump};
use keepalived_rs::diagnostic::{Severity, render};
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::{folder, read};

/// Prints the model of what was loaded and reads what was printed; `Err` says how it differs, or which mistake is in
/// it that the first text did not have. `Ok(false)`: there was no model.
fn printed_and_read(first: &Loaded) -> Result<bool, String> {
    let Some(model) = &first.model else { return Ok(false) };
    let text = dump(model, Secrets::Shown);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("printed.conf");
    std::fs::write(&file, &text).unwrap();
    let Loaded { model: again, diagnostics, sources, .. } = read(&file, None);
    let mistakes: Vec<String> = diagnostics
        .iter()
        .filter(|one| one.severity() == Severity::Error)
        .filter(|one| first.diagnostics.iter().all(|other| other.message != one.message))
        .map(|one| render::line(one, &sources))
        .collect();
    if !mistakes.is_empty() {
        return Err(format!("mistakes in what was printed:\n{}\n{text}", mistakes.join("\n")));
    }
    let Some(again) = again else { return Err(format!("no model:\n{text}")) };
    if again == *model {
        return Ok(true);
    }
    let (before, after) = (format!("{model:#?}"), format!("{again:#?}"));
    let mut differ = String::new();
    for (one, other) in before.lines().zip(after.lines()).filter(|(one, other)| one != other).take(5) {
        let _ = writeln!(differ, "- {one}\n+ {other}");
    }
    Err(format!("read back it is another:\n{differ}{text}"))
}

/// Every case of the folder and the sample.
#[test]
fn every_case_printed_and_read_again_is_the_same() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.push(folder().join("../../conf/keepalived.conf"));
    cases.sort();
    let mut wrong = Vec::new();
    let mut models = 0;
    for case in cases.iter().filter(|path| path.extension().is_some_and(|ext| ext == "conf")) {
        let bytes = std::fs::read(case).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().find_map(|line| line.strip_prefix("# id ").map(str::trim));
        match printed_and_read(&read(case, id)) {
            Ok(there) => models += usize::from(there),
            Err(why) => wrong.push(format!("{}: {why}", case.display())),
        }
    }
    assert!(wrong.is_empty(), "{} of {models}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(models >= 40, "{models} models");
}

/// Some of the lines, in their order: where order matters the list has it right.
fn some(lines: &'static [&'static str]) -> impl Strategy<Value = String> {
    subsequence(lines, 0..=lines.len()).prop_map(|lines| lines.iter().map(|line| format!("    {line}\n")).collect())
}

const GLOBAL: &[&str] = &[
    "router_id \"a {b} #1\"",
    "notification_email {\n a@example.org\n \"b c@example.org\"\n}",
    "notification_email_from \"me <x@example.org>\"",
    "smtp_server mail.example 2525",
    "smtp_server 192.0.2.25",
    "smtp_helo_name helo.example",
    "smtp_connect_timeout 7",
    "smtp_alert false",
    "smtp_alert_checker on",
    "checker_log_all_failures",
    "no_checker_emails",
    "no_shared_probes",
    "no_tls_resumption on",
    "dynamic_interfaces",
    "v3_checksum_as_v2",
    "lvs_timeouts tcp 7200 udp 30",
    "lvs_flush",
    "lvs_table_interval 0",
    "lvs_flush_on_stop VS",
    "lvs_flush_on_stop",
    "lvs_sync_daemon eth1 V id 7 maxlen 1400 port 8849 ttl 3 group 224.0.0.82",
    "vrrp_mcast_group4 224.0.0.99",
    "vrrp_mcast_group6 ff02::99",
    "vrrp_garp_master_delay 2",
    "vrrp_garp_master_repeat 3",
    "vrrp_garp_master_refresh 60",
    "vrrp_garp_lower_prio_repeat 2",
    "vrrp_garp_interval 0.005",
    "vrrp_gna_interval 0.000001",
    "vrrp_min_garp",
    "vrrp_lower_prio_no_advert true",
    "vrrp_higher_prio_send_advert true",
    "vrrp_version 3",
    "vrrp_check_unicast_src",
    "vrrp_skip_check_adv_addr",
    "vrrp_strict",
    "vrrp_owner_ignore_adverts",
    "vrrp_startup_delay 5.5",
    "vrrp_notify_priority_changes true",
    "log_unknown_vrids",
    "vrrp_priority -5",
    "checker_rt_priority 50",
    "vrrp_cpu_affinity 0 1",
    "checker_no_swap",
    "script_user www adm",
    "script_user www :adm",
    "enable_script_security",
    "notify_fifo \"/run/a b\" www",
    "notify_fifo_script \"/bin/true 'a b' \\\"\" root",
    "vrrp_notify_fifo /run/v",
    "lvs_notify_fifo /run/l root adm",
    "lvs_notify_fifo_script /bin/true",
    "rs_init_notifies",
    "umask 077",
];

const INSTANCE: &[&str] = &[
    "native_ipv6",
    "version 2",
    "version 3",
    "state MASTER",
    "priority 255",
    "priority 150",
    "advert_int 0.5",
    "advert_int 3",
    "strict_mode",
    "strict_mode off",
    "nopreempt",
    "preempt_delay 10.25",
    "authentication {\n auth_type PASS\n auth_pass \"a b#{\"\n}",
    "authentication {\n auth_type AH\n auth_pass secret12\n}",
    "unicast_peer {\n 10.0.0.2\n 10.0.0.3 min_ttl 250 max_ttl 254\n fe80::3\n}",
    "unicast_ttl 64",
    "check_unicast_src",
    "old_unicast_checksum never",
    "old_unicast_checksum",
    "mcast_src_ip 10.0.0.1",
    "unicast_src_ip fe80::1",
    "mcast_dst_ip 224.0.0.55",
    "virtual_ipaddress {\n 10.9.0.1\n 10.9.0.1 dev eth0\n 10.9.0.2/24 brd + label eth0:1 scope link no_track\n 10.9.0.3 peer 10.9.0.4/24\n fe80::5/64 -nodad home autojoin\n 2001:db8::1/128\n}",
    "virtual_ipaddress_excluded {\n 2001:db8::9/64 dev eth1 preferred_lft 30 noprefixroute mngtmpaddr\n 10.8.0.1/24 preferred_lft 0\n}",
    "virtual_ipaddress {\n fe80::7/64\n 2001:db8::7/64 preferred_lft forever\n}",
    "no_virtual_ipaddress",
    "garp_master_delay 1",
    "garp_master_repeat 0",
    "garp_master_refresh 30",
    "garp_master_refresh_repeat 2",
    "garp_lower_prio_delay 3",
    "garp_lower_prio_repeat 4",
    "down_timer_adverts 4",
    "lower_prio_no_advert",
    "higher_prio_send_advert",
    "owner_ignore_adverts",
    "owner_ignore_adverts false",
    "skip_check_adv_addr false",
    "v3_checksum_as_v2",
    "no_accept",
    "accept",
    "dont_track_primary",
    "track_interface {\n eth0\n eth1 weight -20 reverse\n}",
    "track_script {\n s1\n s2 weight 5 reverse\n \"s 3\" weight 0 noreverse\n}",
    "notify_master \"/bin/true '' \\\\x23 it\\\\'s $x\" www",
    "notify_backup /bin/ping",
    "notify_fault /bin/true root adm",
    "notify_stop \"true 1\"",
    "notify_deleted",
    "notify_deleted /bin/true",
    "notify /bin/true www :adm",
    "notify_master_rx_lower_pri /bin/true",
    "smtp_alert",
    "promote_secondaries",
    "track_bfd {\n b1\n b2 weight 5 reverse\n b3 weight 0\n}",
    "auth_hmac {\n key 1 abcdefghijklmnopqrstuvwxyz0123456789\n key 2 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n active_key 2\n mode permissive\n}",
    "auth_hmac {\n key 7 \"abcdefghijklm# {opqrstuvwxyz012345\"\n active_key 7\n anti_replay monotonic\n}",
    "virtual_routes {\n 10.3.0.0/24 via 10.9.0.9 dev eth0 metric 5 table 100 scope link tos 0x10 realms 3/4\n      default via 10.9.0.8 onlink mtu lock 1400 rtt 500ms rto_min lock 2s congctl lock cubic hoplimit 9 features ecn no_track protocol 99\n      add blackhole 10.4.0.0/16\n append 2001:db8:5::/64 from 2001:db8:6::/64 pref high expires 30 dev eth1 encap ip6 id 4 dst 2001:db8::4 hoplimit 3\n      10.5.0.0/16 nexthop via 10.9.0.7 dev eth0 weight 3 nexthop dev eth1 onlink encap mpls 16/17\n      10.6.0.0/16 via 10.9.0.1 or 10.9.0.2\n 10.7.0.0/16 src 10.9.0.1 dev eth0 ttl-propagate disabled encap ip dst 10.1.1.1 tos 8 ttl 9 flags 4\n      2001:db8:7::/64 encap ila 1:22:333:4444 dev eth0\n}",
    "virtual_rules {\n from 10.0.0.0/8 to 10.1.0.0/16 table 100 priority 500\n iif eth0 lookup 7\n inet6 x from all table 9 fwmark 0x10/0xff\n      not from 10.2.0.0/16 uidrange 1-2 sport 5-6 dport 80-81 ipproto 6 tos 4 l3mdev\n to 10.3.0.0/16 goto 900 priority 800\n      from 10.4.0.0/16 blackhole no_track protocol 4\n oif eth1 table 3 suppress_prefixlength 0 suppress_ifgroup 7 realms 5 tunnel-id 8\n}",
];

const SCRIPT: &[&str] = &[
    "interval 0.25",
    "interval 0",
    "timeout 3",
    "weight -10",
    "weight 20 reverse",
    "rise 2",
    "fall 3",
    "user www :adm",
    "init_fail",
];

const GROUP: &[&str] = &[
    "track_interface {\n eth1 weight 3\n}",
    "track_script {\n s2\n}",
    "notify_master /bin/true",
    "notify /bin/true www",
    "smtp_alert",
    "sync_group_tracking_weight",
    "track_bfd {\n b2 weight 3\n}",
];

const SERVER: &[&str] = &[
    "ip_family inet6",
    "delay_loop 7.5",
    "retry 4",
    "warmup 0",
    "connect_timeout 2.5",
    "delay_before_retry 1",
    "inhibit_on_failure",
    "lb_algo sh",
    "lb_algo mh",
    "sh-port",
    "mh-fallback",
    "flag-3",
    "ops",
    "lb_kind DR",
    "lb_kind TUN type gue port 6080 remcsum",
    "persistence_timeout 100",
    "persistence_granularity 255.255.255.0",
    "persistence_granularity 64",
    "persistence_engine sip",
    "protocol TCP",
    "protocol sctp",
    "ha_suspend",
    "smtp_alert",
    "virtualhost vs.example",
    "alpha",
    "omega",
    "slow_start 9",
    "drain_timeout 5",
    "quorum 3",
    "hysteresis 1",
    "weight 2",
    "quorum_up \"/bin/true up\"",
    "quorum_down /bin/true www",
    "sorry_server 10.0.2.1 80",
    "sorry_server_inhibit",
    "sorry_server_lvs_method TUN type gre csum",
];

const REAL: &[&str] = &[
    "weight 0",
    "weight 5",
    "lvs_method NAT",
    "lvs_method TUN",
    "slow_start 30",
    "drain_timeout 2.5",
    "uthreshold 100",
    "lthreshold 50",
    "inhibit_on_failure",
    "notify_up /bin/true",
    "notify_down \"/bin/true a\" root",
    "alpha",
    "retry 2",
    "delay_loop 3",
    "connect_timeout 1",
    "smtp_alert false",
    "virtualhost rs.example",
    "TCP_CHECK {\n retry 0\n bindto 10.0.0.9\n bind_port 1024\n fwmark 5\n}",
    "TCP_CHECK {\n connect_ip fe80::1\n connect_port 8080\n bind_if eth1\n}",
    "HTTP_GET {\n url {\n path /\n status_code 200 301-303\n digest 0123456789abcdef0123456789abcdef\n}\n url {\n path \"/a b?c=#\"\n virtualhost u.example\n}\n http_protocol 1.1\n fast_recovery\n}",
    "SSL_GET {\n enable_sni\n url {\n path /s\n tls_compliant\n}\n}",
    "SSL_GET {\n sni_name n.example\n http_protocol 1.0c\n url {\n path /s\n virtualhost h.example\n}\n}",
    "MISC_CHECK {\n misc_path \"/bin/true 'x y'\"\n misc_timeout 3\n misc_dynamic\n user www\n log_all_failures\n}",
    "SMTP_CHECK {\n helo_name \"h e\"\n retry 0\n host {\n connect_ip 10.0.0.99\n connect_timeout 9\n}\n}",
    "DNS_CHECK {\n type aaaa\n name www.example.\n}",
    "UDP_CHECK {\n payload 00 1 fF 2a3\n require_reply 1x x2 x 0\n min_reply_length 9\n}",
    "UDP_CHECK {\n require_reply\n}",
    "PING_CHECK {\n connect_ip fe80::1\n bind_if eth0\n}",
    "BFD_CHECK {\n name b1\n alpha\n}",
    "BFD_CHECK {\n name b3\n}",
    "FILE_CHECK {\n track_file f1\n}",
    "FILE_CHECK {\n track_file f1\n weight -2147483647 noreverse\n}",
    "MISC_CHECK {\n misc_path /bin/ping\n warmup 0.5\n}",
];

fn instances() -> impl Strategy<Value = String> {
    proptest::collection::vec(some(INSTANCE), 0..4).prop_map(|bodies| {
        let mut text = String::new();
        for (at, body) in bodies.iter().enumerate() {
            let name = ["V", "\"W 1\"", "X", "Y"][at];
            let _ = write!(text, "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {}\n{body}}}\n", at + 1);
        }
        text
    })
}

fn servers() -> impl Strategy<Value = String> {
    let header = prop_oneof![
        Just("10.0.0.1 80"),
        Just("10.0.0.1 0"),
        Just("2001:db8::80 443"),
        Just("fwmark 7"),
        Just("fwmark 0"),
        Just("group g"),
        Just("group \"m 1\""),
    ];
    let reals = proptest::collection::vec(
        (
            prop_oneof![Just("10.1.0.1 80"), Just("10.1.0.2"), Just("10.1.0.3 8080"), Just("2001:db8::1 443")],
            some(REAL),
        ),
        0..4,
    );
    let server = (header, some(SERVER), reals).prop_map(|(header, body, reals)| {
        let reals: String = reals.iter().map(|(at, body)| format!("  real_server {at} {{\n{body}  }}\n")).collect();
        format!("virtual_server {header} {{\n{body}{reals}}}\n")
    });
    let groups = "virtual_server_group g {\n 10.2.0.1-9 80\n 10.2.1.0/30 80\n 10.2.0.1 81\n fwmark 3\n fwmark 4 inet6\n}\n\
                  virtual_server_group \"m 1\" {\n fwmark 11\n}\n";
    proptest::collection::vec(server, 0..4).prop_map(move |servers| groups.to_owned() + &servers.concat())
}

fn configuration() -> impl Strategy<Value = String> {
    let scripts = (some(SCRIPT), some(SCRIPT), some(SCRIPT)).prop_map(|(one, two, three)| {
        format!(
            "vrrp_script s1 {{\n script \"/bin/ping -c 1 10.0.0.9\"\n{one}}}\nvrrp_script s2 {{\n script true\n{two}}}\n\
             vrrp_script \"s 3\" {{\n script \"/bin/true \\\\x41\" www adm\n{three}}}\n"
        )
    });
    let group = some(GROUP).prop_map(|body| format!("vrrp_sync_group \"G 1\" {{\n group {{\n X\n V\n}}\n{body}}}\n"));
    let top = some(&[
        "instance two",
        "net_namespace there",
        "net_namespace_ipvs other",
        "child_wait_time 9",
        "bfd_instance b1 {\n neighbor_ip 10.0.0.9\n source_ip 10.0.0.1\n min_rx 12.5\n multiplier 3\n passive\n max_hops -1\n}",
        "bfd_instance b2 {\n neighbor_ip 2001:db8::9\n idle_tx 2000\n ttl 9\n max_hops 5\n multihop\n weight 7 reverse\n vrrp\n}",
        "track_file f1 {\n file /tmp/f1\n weight -3 reverse\n init_file 5\n}",
        "SSL {\n certificate /etc/c.pem\n key \"/etc/k {.pem\"\n password \"a b#{\"\n ca /etc/ca.pem\n}",
        "bfd_instance b3 {\n weight 4\n}",
        "track_group tg {\n group {\n V\n X\n}\n}",
        "static_ipaddress {\n 10.7.0.1/24 dev eth1 track_group tg\n 2001:db8:9::1/64 no_track\n}",
        "static_routes {\n 10.8.0.0/24 dev eth1 track_group tg\n default6 via fe80::1 dev eth0\n}",
        "static_rules {\n iif eth1 table 9 track_group tg\n}",
    ]);
    (top, some(GLOBAL), scripts, instances(), group, servers()).prop_map(
        |(top, global, scripts, instances, group, servers)| {
            format!("{top}global_defs {{\n{global}}}\n{scripts}{instances}{group}{servers}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// What is printed of any configuration reads as the same model, without a mistake to tell of.
    #[test]
    fn printed_and_read_again_it_is_the_same(text in configuration()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.conf");
        std::fs::write(&file, &text).unwrap();
        printed_and_read(&read(&file, None)).map_err(|why| TestCaseError::fail(format!("{why}\nfrom:\n{text}")))?;
    }
}

/// A password is shown to who may read the file, and not to who may read the log.
#[test]
fn passwords_are_not_for_the_log() {
    let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 1\n authentication {\n auth_type PASS\n \
                auth_pass hunter2\n}\n virtual_ipaddress {\n 10.0.0.1\n}\n}\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    std::fs::write(&file, text).unwrap();
    let model = read(Path::new(&file), None).model.unwrap();
    assert!(dump(&model, Secrets::Shown).contains("auth_pass hunter2\n"));
    let hidden = dump(&model, Secrets::Hidden);
    assert!(hidden.contains("auth_pass ********\n") && !hidden.contains("hunter2"), "{hidden}");
}
