//! The law of SMTP_CHECK, DNS_CHECK, UDP_CHECK and PING_CHECK, in simulated time.

use keepalived_rs::base::time::Interval;
use keepalived_rs::check::Outcome;
use keepalived_rs::model::check::{Check, Connect, DnsCheck, DnsRecord, SmtpCheck, UdpCheck, UdpReply, filler};
use keepalived_rs::model::event::check::{DnsFailure, Obstacle, PingFailure, SmtpFailure, UdpFailure};

use crate::fixture::{at, lvs};
use crate::simulated::{Simulated, one, timing, tuned};

pub fn to(address: &str) -> Connect {
    Connect::to(at(address).address, at(address).port)
}

/// With a destination of its own, which its lines show.
pub fn smtp(address: &str) -> SmtpCheck {
    SmtpCheck { connect: to(address), helo_name: "me.example".to_owned(), real_server: at("10.1.0.11:80") }
}

pub fn dns(address: &str) -> DnsCheck {
    DnsCheck { connect: to(address), record: DnsRecord::A, name: "www.example".to_owned() }
}

pub fn udp(address: &str, reply: UdpReply) -> UdpCheck {
    UdpCheck { connect: to(address), payload: filler(32), reply }
}

/// Checks every 10 s, retries after 3 s; the lines after `Activating`.
fn host(check: impl Into<Check>, retry: u32, log_all: bool) -> Simulated {
    let mut host = Simulated::new(tuned(lvs([one(check)]), |checker| {
        checker.timing = timing(10, retry, 3);
        checker.log_all_failures = log_all;
    }));
    host.log.clear();
    host
}

const BAD_BANNER: Outcome = Outcome::Smtp(Err(SmtpFailure::Banner));
const REFUSED: Outcome = Outcome::Udp(Err(UdpFailure::Failed));
const SILENT: Outcome = Outcome::Ping(Err(PingFailure::Timeout));

fn rcode(code: u8) -> Outcome {
    Outcome::Dns(Err(DnsFailure::Rcode(code)))
}

/// CK-7, CK-9, CK-73, CK-74: an SMTP_CHECK makes all its attempts at first, and while it is down; only the last is
/// told.
#[test]
fn smtp_makes_all_attempts_each_time() {
    let mut host = host(smtp("10.1.0.99:25"), 2, false);
    host.play([BAD_BANNER, BAD_BANNER, BAD_BANNER]);
    host.expect(&[
        "1 probe 0 0",
        "4 probe 0 0",
        "7 probe 0 0",
        "7 SMTP_CHECK Bad greeting banner from server [10.1.0.99]:25",
        "7 0 DOWN => CHECK failed on service : Bad greeting banner from server [10.1.0.99]:25 <=",
    ]);
    host.play([BAD_BANNER, BAD_BANNER, BAD_BANNER, Outcome::Smtp(Ok(()))]);
    host.expect(&[
        "17 probe 0 0",
        "20 probe 0 0",
        "23 probe 0 0",
        "33 probe 0 0",
        "33 Remote SMTP server [10.1.0.11]:tcp:80 succeed on service.",
        "33 0 UP => CHECK succeed on service <=",
    ]);
    host.play([BAD_BANNER, Outcome::Smtp(Ok(())), Outcome::Smtp(Err(SmtpFailure::Unreachable))]);
    host.expect(&[]);
}

/// CK-12, CK-16, CK-73: each attempt with log_all_failures; an obstacle begins a new row of attempts.
#[test]
fn smtp_attempts_and_obstacles() {
    let mut host = host(smtp("10.1.0.99:25"), 1, true);
    let obstacle = || Outcome::Hindered(Obstacle::Bind { error: "planted".to_owned() });
    host.play([BAD_BANNER, obstacle(), BAD_BANNER, Outcome::Smtp(Err(SmtpFailure::Unreachable))]);
    host.expect(&[
        "1 probe 0 0",
        "1 SMTP_CHECK Bad greeting banner from server [10.1.0.99]:25",
        "4 probe 0 0",
        "4 SMTP_CHECK socket bind failed. Rescheduling. ([10.1.0.11]:tcp:80: planted)",
        "14 probe 0 0",
        "14 SMTP_CHECK Bad greeting banner from server [10.1.0.99]:25",
        "17 probe 0 0",
        "17 SMTP_CHECK Network unreachable for server 10.1.0.99 - real server [10.1.0.11]:80",
        "17 0 DOWN => CHECK failed on service : Network unreachable for server 10.1.0.99 - real server [10.1.0.11]:80 <=",
    ]);
}

/// CK-7, CK-9, CK-82, CK-83: a DNS_CHECK says nothing of success; only its last failure speaks of retries.
#[test]
fn dns_failures_and_successes() {
    let mut host = host(dns("10.1.0.99:53"), 1, true);
    host.play([rcode(2), rcode(2), Outcome::Dns(Ok(())), rcode(3), rcode(5), Outcome::Dns(Ok(()))]);
    host.expect(&[
        "1 probe 0 0",
        "1 DNS_CHECK ([10.1.0.11]:tcp:80) read error occurred. (rcode = 2)",
        "1 0 DOWN => DNS_CHECK: failed on service <=",
        "11 probe 0 0",
        "21 probe 0 0",
        "21 0 UP => DNS_CHECK: succeed on service <=",
        "31 probe 0 0",
        "31 DNS_CHECK ([10.1.0.11]:tcp:80) read error occurred. (rcode = 3)",
        "34 probe 0 0",
        "34 DNS_CHECK ([10.1.0.11]:tcp:80) read error occurred. (rcode = 5) after 1 retries",
        "34 0 DOWN => DNS_CHECK: failed on service <=",
        "44 probe 0 0",
        "44 0 UP => DNS_CHECK: succeed on service <=",
    ]);
}

/// CK-7, CK-8, CK-9, CK-94: the law of TCP_CHECK in the words of UDP.
#[test]
fn udp_failures_and_successes() {
    let mut host = host(udp("10.1.0.11:80", UdpReply::NotNeeded), 1, true);
    let good = || Outcome::Udp(Ok(()));
    host.play([REFUSED, REFUSED, good(), good(), Outcome::Udp(Err(UdpFailure::Mismatch)), REFUSED]);
    host.expect(&[
        "1 probe 0 0",
        "1 UDP connection to [10.1.0.11]:tcp:80 failed.",
        "1 UDP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "1 0 DOWN => UDP CHECK failed on service <=",
        "11 probe 0 0",
        "21 probe 0 0",
        "21 UDP connection to [10.1.0.11]:tcp:80 success.",
        "21 0 UP => UDP CHECK succeed on service <=",
        "31 probe 0 0",
        "41 probe 0 0",
        "41 UDP check to [10.1.0.11]:tcp:80 reply data mismatch.",
        "44 probe 0 0",
        "44 UDP connection to [10.1.0.11]:tcp:80 failed.",
        "44 UDP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries.",
        "44 0 DOWN => UDP CHECK failed on service <=",
    ]);
}

/// CK-10: a wait for a reply that does not come is part of the period.
#[test]
fn udp_waits_belong_to_the_period() {
    let mut host = host(udp("10.1.0.11:80", UdpReply::NotNeeded), 1, false);
    for at in ["1", "12", "23"] {
        host.sleep();
        host.expect(&[&format!("{at} probe 0 0")]);
        host.answer(Interval::from_secs(1), Outcome::Udp(Ok(())));
        host.log.clear();
    }
}

/// CK-7, CK-102, CK-103: ping's words; what is odd about a reply is always told.
#[test]
fn ping_failures_and_successes() {
    let mut host = host(Check::Ping(to("10.1.0.11:0")), 1, false);
    let odd = Outcome::Ping(Err(PingFailure::Sequence { expected: 2, received: 1 }));
    host.play([SILENT, Outcome::Ping(Ok(())), odd.clone(), SILENT, odd]);
    host.expect(&[
        "1 probe 0 0",
        "1 ICMP CHECK on service [10.1.0.11]:tcp:80 failed.",
        "1 0 DOWN => ICMP CHECK failed on service <=",
        "11 probe 0 0",
        "11 ICMP connection to [10.1.0.11]:tcp:80 success.",
        "11 0 UP => ICMP CHECK succeed on service <=",
        "21 probe 0 0",
        "21 Ping reply expected seq no 2, received 1",
        "24 probe 0 0",
        "24 ICMP CHECK on service [10.1.0.11]:tcp:80 of [10.1.0.1]:tcp:80 failed after 1 retries.",
        "24 0 DOWN => ICMP CHECK failed on service <=",
        "34 probe 0 0",
    ]);
}

/// CK-16, CK-103: with log_all_failures.
#[test]
fn ping_attempts_are_told_on_demand() {
    let mut host = host(Check::Ping(to("10.1.0.11:0")), 0, true);
    host.play([Outcome::Ping(Ok(())), SILENT]);
    host.log.clear();
    let mut host = self::host(Check::Ping(to("10.1.0.11:0")), 1, true);
    host.play([Outcome::Ping(Ok(())), SILENT, Outcome::Ping(Err(PingFailure::Receive { v6: false }))]);
    host.log.drain(..3);
    host.expect(&[
        "11 probe 0 0",
        "11 ICMP connection to address [10.1.0.11]:tcp:80 timeout.",
        "14 probe 0 0",
        "14 recv ICMP packet error",
        "14 ICMP connection to [10.1.0.11]:tcp:80 of [10.1.0.1]:tcp:80 failed.",
        "14 ICMP CHECK on service [10.1.0.11]:tcp:80 of [10.1.0.1]:tcp:80 failed after 1 retries.",
        "14 0 DOWN => ICMP CHECK failed on service <=",
    ]);
}

/// CK-14: an alpha checker that fails at first is told and mailed as the others; it stays down until it is good.
#[test]
fn alpha_checkers_of_all_kinds() {
    for (check, bad, good) in [
        (Check::Udp(udp("10.1.0.11:80", UdpReply::Any)), REFUSED, Outcome::Udp(Ok(()))),
        (Check::Dns(dns("10.1.0.11:53")), rcode(1), Outcome::Dns(Ok(()))),
        (Check::Ping(to("10.1.0.11:0")), SILENT, Outcome::Ping(Ok(()))),
        (Check::Smtp(smtp("10.1.0.11:25")), BAD_BANNER, Outcome::Smtp(Ok(()))),
    ] {
        let mut host = Simulated::new(tuned(lvs([one(check).alpha()]), |checker| checker.timing = timing(10, 0, 3)));
        host.play([bad, good]);
        let verdicts: Vec<&String> = host.log.iter().filter(|line| line.contains("=>")).collect();
        assert_eq!(verdicts.len(), 2, "{verdicts:#?}");
        assert!(verdicts[0].contains("0 DOWN") && verdicts[1].contains("0 UP"), "{verdicts:#?}");
    }
}
