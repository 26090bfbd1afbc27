use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use super::*;
use crate::base::name::GroupName;
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::model::check::{
    Connect, DnsCheck, DnsRecord, HttpProtocol, SmtpCheck, Timing, Tls, UdpCheck, UdpReply, Url,
};
use crate::model::lvs::{CheckerIds, Forwarding, Protocol, Scheduler};

fn at(last: u8, port: u16) -> Endpoint {
    Endpoint { address: IpAddr::from([10, 1, 0, last]), port }
}

fn real(last: u8, checkers: Range<usize>) -> RealServer {
    RealServer {
        endpoint: at(last, 80),
        forwarding: Forwarding::Nat,
        weight: 1,
        inhibit_on_failure: false,
        upper_threshold: 0,
        lower_threshold: 0,
        slow_start: None,
        drain_timeout: None,
        notify_up: None,
        notify_down: None,
        smtp_alert: false,
        checkers: CheckerIds::between(checkers.start, checkers.end),
    }
}

fn server(address: VirtualAddress, real_servers: Vec<RealServer>) -> VirtualServer {
    VirtualServer {
        address,
        protocol: Protocol::Tcp,
        family: Family::V4,
        scheduler: Scheduler::Wlc,
        flags: 0,
        persistence: None,
        real_servers,
        sorry_server: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        omega: false,
        ha_suspend: false,
        smtp_alert: false,
    }
}

fn group(nth: usize) -> VirtualAddress {
    VirtualAddress::Group { name: GroupName::new("g"), nth, entries: Vec::new(), mark: None }
}

fn checker(check: Check) -> Checker {
    Checker {
        virtual_server: VirtualServerId(0),
        real_server: RealServerId(0),
        real_server_name: "".into(),
        virtual_server_name: "".into(),
        check,
        timing: Timing {
            delay_loop: Interval::from_secs(2),
            retry: 1,
            delay_before_retry: Interval::from_secs(1),
            warmup: Interval::ZERO,
            connect_timeout: Interval::from_secs(5),
        },
        alpha: false,
        log_all_failures: false,
    }
}

fn http(path: &str, tls: Option<Tls>) -> Check {
    Check::Http(HttpCheck {
        connect: Connect::to(at(11, 80).address, 80),
        tls,
        protocol: HttpProtocol::V1_0,
        urls: vec![Url {
            path: path.to_owned(),
            virtual_host: None,
            server_name: None,
            digest: None,
            status_codes: vec![(200, 299)],
            tls_compliant: false,
            regex: None,
        }],
        fast_recovery: false,
    })
}

fn tcp(last: u8) -> Check {
    Check::Tcp(Connect::to(at(last, 80).address, 80))
}

/// LV-45, LV-86: what makes a virtual server the same one.
#[test]
fn virtual_servers_are_known_by_address_mark_or_group() {
    let plain = server(VirtualAddress::Address(at(1, 80)), vec![]);
    let mut other = plain.clone();
    other.quorum = 7;
    other.scheduler = Scheduler::Rr;
    assert!(same_virtual_server(&plain, &other));
    other.protocol = Protocol::Udp;
    assert!(!same_virtual_server(&plain, &other));
    assert!(!same_virtual_server(&plain, &server(VirtualAddress::Address(at(1, 81)), vec![])));

    let mark = server(VirtualAddress::Fwmark(3), vec![]);
    let mut six = mark.clone();
    six.family = Family::V6;
    assert!(same_virtual_server(&mark, &mark.clone()) && !same_virtual_server(&mark, &six));
    assert!(!same_virtual_server(&mark, &plain));

    assert!(same_virtual_server(&server(group(0), vec![]), &server(group(0), vec![])));
    assert!(!same_virtual_server(&server(group(0), vec![]), &server(group(1), vec![])));
}

/// CK-20: kinds, connection, connect_timeout and what each kind asks for; timing and alpha do not matter.
#[test]
fn checkers_match_by_kind_and_connection() {
    let one = checker(tcp(11));
    let mut other = one.clone();
    other.alpha = true;
    other.timing.delay_loop = Interval::from_secs(60);
    other.timing.retry = 9;
    assert!(same_checker(&one, &other));
    other.timing.connect_timeout = Interval::from_secs(1);
    assert!(!same_checker(&one, &other));
    assert!(!same_checker(&one, &checker(tcp(12))));
    assert!(!same_checker(&one, &checker(http("/", None))));

    let plain = checker(http("/", None));
    assert!(same_checker(&plain, &checker(http("/", Some(Tls { enable_sni: true, sni_name: None })))));
    let named = Tls { enable_sni: true, sni_name: Some("a".to_owned()) };
    assert!(!same_checker(&plain, &checker(http("/", Some(named)))));
    assert!(!same_checker(&plain, &checker(http("/x", None))));
}

/// CK-20: what each kind asks for beside its connection.
#[test]
fn checkers_match_by_what_their_kind_asks_for() {
    let connect = |last| Connect::to(at(last, 80).address, 80);
    let same = |one: &Check, other: &Check| same_checker(&checker(one.clone()), &checker(other.clone()));
    let smtp = |last, name: &str| {
        Check::Smtp(SmtpCheck { connect: connect(last), helo_name: name.to_owned(), real_server: at(last, 80) })
    };
    assert!(same(&smtp(11, "a"), &smtp(11, "a")));
    assert!(!same(&smtp(11, "a"), &smtp(11, "b")) && !same(&smtp(11, "a"), &smtp(12, "a")));
    let dns = |record, name: &str| Check::Dns(DnsCheck { connect: connect(11), record, name: name.to_owned() });
    assert!(same(&dns(DnsRecord::A, "a"), &dns(DnsRecord::A, "a")));
    assert!(!same(&dns(DnsRecord::A, "a"), &dns(DnsRecord::Ns, "a")));
    assert!(!same(&dns(DnsRecord::A, "a"), &dns(DnsRecord::A, "b")));
    let udp =
        |last, payload: &[u8], reply| Check::Udp(UdpCheck { connect: connect(last), payload: payload.to_vec(), reply });
    assert!(same(&udp(11, b"a", UdpReply::Any), &udp(11, b"b", UdpReply::NotNeeded)));
    assert!(!same(&udp(11, b"a", UdpReply::Any), &udp(12, b"a", UdpReply::Any)));
    assert!(same(&Check::Ping(connect(11)), &Check::Ping(connect(11))));
    assert!(!same(&Check::Ping(connect(11)), &Check::Ping(connect(12))));
    assert!(!same(&Check::Ping(connect(11)), &Check::Tcp(connect(11))));
}

/// LV-92: a checker keeps its state only within the same real server of the same virtual server, one for one.
#[test]
fn checkers_are_kept_within_their_real_server() {
    let old = Lvs {
        virtual_servers: vec![
            Arc::new(server(VirtualAddress::Address(at(1, 80)), vec![real(11, 0..2), real(12, 2..3)])),
            Arc::new(server(VirtualAddress::Address(at(1, 81)), vec![real(11, 3..4)])),
        ],
        checkers: [tcp(11), http("/", None), tcp(12), tcp(11)].map(|check| Arc::new(checker(check))).to_vec(),
        ..Lvs::default()
    };
    let new = Lvs {
        virtual_servers: vec![
            Arc::new(server(VirtualAddress::Address(at(1, 81)), vec![real(11, 0..1)])),
            Arc::new(server(VirtualAddress::Address(at(1, 80)), vec![real(13, 1..2), real(11, 2..5)])),
        ],
        checkers: [tcp(11), tcp(11), http("/", None), tcp(11), tcp(11)].map(|check| Arc::new(checker(check))).to_vec(),
        ..Lvs::default()
    };
    assert_eq!(kept_virtual_servers(&old, &new), [Some(VirtualServerId(1)), Some(VirtualServerId(0))]);
    assert_eq!(kept_checkers(&old, &new), [Some(CheckerId(3)), None, Some(CheckerId(1)), Some(CheckerId(0)), None]);
}
