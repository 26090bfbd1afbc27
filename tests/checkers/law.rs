//! The timing law, in simulated time.

use keepalived_rs::base::time::Interval;
use keepalived_rs::check::Outcome;
use keepalived_rs::model::check::{Check, HttpCheck};
use keepalived_rs::model::event::check::{HttpFailure, Obstacle};

use crate::fixture::{at, lvs, tcp};
use crate::simulated::{GOOD, LATE, REFUSED, Simulated, failed, fetched, http, one, ssl, timing, tuned};

const ACTIVATING: &str = "0 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.1]:tcp:80";

fn to() -> Check {
    let at = at("10.1.0.11:80");
    Check::Tcp(keepalived_rs::model::check::Connect::to(at.address, at.port))
}

fn tcp_checker(retry: u32, alpha: bool, log_all: bool) -> Simulated {
    let draft = if alpha { one(to()).alpha() } else { one(to()) };
    Simulated::new(tuned(lvs([draft]), |checker| {
        checker.timing = timing(10, retry, 3);
        checker.log_all_failures = log_all;
    }))
}

/// CK-6: without warm-up exactly one second after the start; LV-94: the line of one that has not run.
#[test]
fn the_first_run_is_one_second_after_the_start() {
    let mut host = tcp_checker(1, false, false);
    host.sleep();
    host.expect(&[ACTIVATING, "1 probe 0 0"]);
}

/// CK-6: a warm-up is drawn for each checker, evenly between nothing and all of it.
#[test]
fn warm_ups_are_spread_evenly() {
    let mut draft = tcp("10.1.0.1:80");
    for port in 1..=2000 {
        draft = draft.real(&format!("10.1.0.11:{port}"), 1);
    }
    let lvs = tuned(lvs([draft]), |checker| checker.timing.warmup = Interval::from_secs(4));
    let mut host = Simulated::new(lvs);
    let mut begun = Vec::new();
    while host.machine.deadline().is_some() {
        let before = host.open.len();
        host.sleep();
        begun.extend(std::iter::repeat_n(host.now.as_micros(), host.open.len() - before));
    }
    assert_eq!(begun.len(), 2000);
    assert!(begun.iter().all(|at| (1_000_000..=5_000_000).contains(at)));
    for quarter in 0..4 {
        let share = begun.iter().filter(|at| (**at - 1_000_000) / 1_000_001 == quarter).count();
        assert!((400..600).contains(&share), "{share} of 2000 in quarter {quarter}");
    }
}

/// CK-7, CK-31: one failure is enough at first, and its line speaks of no retries.
#[test]
fn the_first_failure_counts_at_once() {
    let mut host = tcp_checker(3, false, false);
    host.play([REFUSED]);
    host.expect(&[
        ACTIVATING,
        "1 probe 0 0",
        "1 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "1 0 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// CK-8, CK-10, CK-15, CK-31, CK-32: retries apart by delay_before_retry, and what is written and mailed.
#[test]
fn later_failures_are_retried() {
    let mut host = tcp_checker(2, false, false);
    host.play([GOOD, GOOD, REFUSED, LATE, GOOD, REFUSED, REFUSED, REFUSED]);
    host.expect(&[
        ACTIVATING,
        "1 probe 0 0",
        "1 TCP connection to [10.1.0.11]:tcp:80 success.",
        "1 0 UP => TCP CHECK succeed on service <=",
        "11 probe 0 0",
        "21 probe 0 0",
        "24 probe 0 0",
        "27 probe 0 0",
        "37 probe 0 0",
        "40 probe 0 0",
        "43 probe 0 0",
        "43 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.",
        "43 0 DOWN => TCP CHECK failed on service <=",
    ]);
}

/// CK-9: while down every delay_loop, without retries and without a word; one success is enough.
#[test]
fn a_server_that_is_down_is_tried_each_delay_loop() {
    let mut host = tcp_checker(2, false, true);
    host.play([REFUSED]);
    host.log.clear();
    host.play([REFUSED, LATE, REFUSED, REFUSED, GOOD, REFUSED]);
    host.expect(&[
        "11 probe 0 0",
        "21 probe 0 0",
        "31 probe 0 0",
        "41 probe 0 0",
        "51 probe 0 0",
        "51 TCP connection to [10.1.0.11]:tcp:80 success.",
        "51 0 UP => TCP CHECK succeed on service <=",
        "61 probe 0 0",
        "61 TCP connection to [10.1.0.11]:tcp:80 failed.",
    ]);
}

/// CK-8, CK-10: waits begin at the end of a check.
#[test]
fn waits_begin_when_a_check_ends() {
    let mut host = tcp_checker(1, false, false);
    host.play([GOOD]);
    for (took, outcome) in [(2, GOOD), (5, LATE), (4, REFUSED)] {
        host.sleep();
        host.answer(Interval::from_secs(took), outcome);
    }
    host.sleep();
    let probes: Vec<String> = host.log.drain(..).filter(|line| line.contains("probe")).collect();
    assert_eq!(probes, ["1 probe 0 0", "11 probe 0 0", "23 probe 0 0", "31 probe 0 0", "45 probe 0 0"]);
}

/// CK-14, LV-55: an alpha checker says "down" at its first failure although it was never up, once.
#[test]
fn an_alpha_checker_speaks_at_its_first_failure() {
    let mut host = tcp_checker(1, true, true);
    host.play([REFUSED, REFUSED, GOOD, GOOD]);
    host.expect(&[
        ACTIVATING,
        "1 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "1 0 DOWN => TCP CHECK failed on service <=",
        "21 TCP connection to [10.1.0.11]:tcp:80 success.",
        "21 0 UP => TCP CHECK succeed on service <=",
    ]);
}

/// CK-16, CK-31: each attempt while up, with its reason; by the checker's word or the global one.
#[test]
fn all_failures_are_told_on_demand() {
    let lines = [
        "11 TCP connection to [10.1.0.11]:tcp:80 timeout.",
        "14 TCP connection to [10.1.0.11]:tcp:80 failed.",
        "14 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries.",
        "14 0 DOWN => TCP CHECK failed on service <=",
    ];
    let mut host = tcp_checker(1, false, true);
    host.play([GOOD]);
    host.log.clear();
    host.play([LATE, REFUSED, REFUSED]);
    host.expect(&lines);

    let mut lvs = tuned(lvs([one(to())]), |checker| checker.timing = timing(10, 1, 3));
    lvs.log_all_failures = true;
    let mut host = Simulated::new(lvs);
    host.play([GOOD]);
    host.log.clear();
    host.play([LATE, REFUSED, REFUSED]);
    host.expect(&lines);
}

/// CK-31: without retries no word of them.
#[test]
fn without_retries_each_failure_counts() {
    let mut host = tcp_checker(0, false, false);
    host.play([GOOD]);
    host.log.clear();
    host.play([REFUSED]);
    host.expect(&["11 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.", "11 0 DOWN => TCP CHECK failed on service <="]);
}

/// CK-12: what is our own fault changes nothing: neither the state nor the retries; it runs again after delay_loop.
#[test]
fn our_own_troubles_are_no_failures() {
    let bind = Outcome::Hindered(Obstacle::Bind { error: "Cannot assign requested address".to_owned() });
    let create = Outcome::Hindered(Obstacle::Create { error: "Too many open files".to_owned() });
    let mut host = tcp_checker(1, false, false);
    host.play([GOOD]);
    host.log.clear();
    host.play([bind.clone(), REFUSED, create.clone(), REFUSED]);
    host.expect(&[
        "11 probe 0 0",
        "11 TCP socket bind failed. Rescheduling. ([10.1.0.11]:tcp:80: Cannot assign requested address)",
        "21 probe 0 0",
        "24 probe 0 0",
        "24 TCP connect fail to create socket. Rescheduling. ([10.1.0.11]:tcp:80: Too many open files)",
        "34 probe 0 0",
        "34 TCP_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries.",
        "34 0 DOWN => TCP CHECK failed on service <=",
    ]);

    let mut host = Simulated::new(tuned(lvs([one(http("10.1.0.11:80", &["/"]))]), |_| {}));
    host.play([bind, create]);
    host.expect(&[
        ACTIVATING,
        "1 WEB socket bind failed. Rescheduling ([10.1.0.11]:tcp:80: Cannot assign requested address)",
        "3 WEB connection fail to create socket. Rescheduling. ([10.1.0.11]:tcp:80: Too many open files)",
    ]);
}

/// A probe that broke off, or that nobody asked for, changes nothing.
#[test]
fn strange_answers_change_nothing() {
    let mut host = tcp_checker(1, false, false);
    host.play([Outcome::Crashed, fetched()]);
    host.handle(keepalived_rs::check::Input::Finished {
        checker: keepalived_rs::model::lvs::CheckerId(0),
        outcome: REFUSED,
    });
    host.handle(keepalived_rs::check::Input::Finished {
        checker: keepalived_rs::model::lvs::CheckerId(99),
        outcome: REFUSED,
    });
    host.sleep();
    host.expect(&[ACTIVATING, "1 probe 0 0", "11 probe 0 0", "21 probe 0 0"]);
    assert_eq!(host.machine.verdict(keepalived_rs::model::lvs::CheckerId(0)), Some((true, false)));
}

fn web(check: HttpCheck, alpha: bool) -> Simulated {
    let draft = if alpha { one(check).alpha() } else { one(check) };
    Simulated::new(tuned(lvs([draft]), |checker| checker.timing = timing(4, 2, 1)))
}

const URL_ERROR: HttpFailure = HttpFailure::Status;

/// CK-8, CK-57, CK-58, CK-59, CK-61: the recorded run of two URLs of which the second fails and recovers: one URL a step,
/// delay_loop apart; only the failed one is polled; its success is not enough.
#[test]
fn urls_are_fetched_one_a_step() {
    let mut host = web(http("10.1.0.11:80", &["/u1", "/u2"]), false);
    let bad = || failed(URL_ERROR);
    host.play([fetched(), fetched(), fetched(), bad(), bad(), bad(), bad(), bad(), fetched(), fetched(), fetched()]);
    host.expect(&[
        ACTIVATING,
        "1 probe 0 0",
        "5 probe 0 1",
        "5 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
        "5 0 UP => CHECK succeed on service <=",
        "9 probe 0 0",
        "13 probe 0 1",
        "14 probe 0 1",
        "15 probe 0 1",
        "15 HTTP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.",
        "15 0 DOWN => CHECK failed on service : HTTP/SSL request failed <=",
        "19 probe 0 1",
        "23 probe 0 1",
        "27 probe 0 1",
        "27 HTTP status code success to [10.1.0.11]:tcp:80 url(/u2)",
        "31 probe 0 0",
        "31 HTTP status code success to [10.1.0.11]:tcp:80 url(/u1)",
        "35 probe 0 1",
        "35 HTTP status code success to [10.1.0.11]:tcp:80 url(/u2)",
        "35 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
        "35 0 UP => CHECK succeed on service <=",
    ]);
}

/// CK-59: one URL, too, must be good twice.
#[test]
fn a_single_url_must_be_good_twice() {
    let mut host = web(http("10.1.0.11:80", &["/"]), false);
    host.play([failed(URL_ERROR)]);
    host.log.clear();
    host.play([fetched(), fetched()]);
    host.expect(&[
        "5 HTTP status code success to [10.1.0.11]:tcp:80 url(/)",
        "9 HTTP status code success to [10.1.0.11]:tcp:80 url(/)",
        "9 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
        "9 0 UP => CHECK succeed on service <=",
    ]);
}

/// CK-14, CK-56, CK-58: an alpha checker is up when all URLs were good in a row.
#[test]
fn alpha_needs_all_urls() {
    let mut host = web(http("10.1.0.11:80", &["/u1", "/u2"]), true);
    host.play([fetched(), fetched()]);
    host.expect(&[
        ACTIVATING,
        "1 HTTP status code success to [10.1.0.11]:tcp:80 url(/u1)",
        "5 HTTP status code success to [10.1.0.11]:tcp:80 url(/u2)",
        "5 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
        "5 0 UP => CHECK succeed on service <=",
    ]);
}

/// CK-60: fast recovery fetches the first row, and the row after a recovery, without a pause.
#[test]
fn fast_recovery_does_not_pause() {
    let mut host = web(HttpCheck { fast_recovery: true, ..http("10.1.0.11:80", &["/u1", "/u2"]) }, false);
    let probes = |host: &mut Simulated| -> Vec<String> {
        let log: Vec<String> = host.log.drain(..).collect();
        log.into_iter().filter(|line| !line.contains("success") && !line.contains("Activating")).collect()
    };
    host.play([fetched(), fetched(), fetched()]);
    assert_eq!(
        probes(&mut host),
        [
            "1 probe 0 0",
            "1 probe 0 1",
            "1 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
            "1 0 UP => CHECK succeed on service <=",
            "5 probe 0 0",
        ]
    );
    let bad = || failed(URL_ERROR);
    host.play([bad(), bad(), bad(), bad(), fetched(), fetched(), fetched()]);
    assert_eq!(
        probes(&mut host),
        [
            "9 probe 0 1",
            "10 probe 0 1",
            "11 probe 0 1",
            "11 HTTP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.",
            "11 0 DOWN => CHECK failed on service : HTTP/SSL request failed <=",
            "15 probe 0 1",
            "19 probe 0 1",
            "19 probe 0 0",
            "19 probe 0 1",
            "19 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
            "19 0 UP => CHECK succeed on service <=",
        ]
    );
}

/// CK-7, CK-57: the first failure counts at once, but its line speaks of retries all the same; SSL_GET has its word;
/// without retries there is no word of them.
#[test]
fn the_words_of_a_failed_web_check() {
    let last = |check: HttpCheck, retry: u32| {
        let lvs = tuned(lvs([one(check)]), |checker| checker.timing = timing(4, retry, 1));
        let mut host = Simulated::new(lvs);
        host.play([failed(URL_ERROR)]);
        host.log.into_iter().find(|line| line.contains("_CHECK")).expect("a line")
    };
    let (plain, tls) = (http("10.1.0.11:80", &["/"]), ssl("10.1.0.11:80", &["/"]));
    assert_eq!(last(plain.clone(), 2), "1 HTTP_CHECK on service [10.1.0.11]:tcp:80 failed after 2 retries.");
    assert_eq!(last(plain, 0), "1 HTTP_CHECK on service [10.1.0.11]:tcp:80 failed.");
    assert_eq!(last(tls, 1), "1 SSL_CHECK on service [10.1.0.11]:tcp:80 failed after 1 retries.");
}

/// CK-9: while down after the longer of delay_loop and delay_before_retry.
#[test]
fn a_web_server_that_is_down_is_tried_after_the_longer_delay() {
    let lvs = tuned(lvs([one(http("10.1.0.11:80", &["/"]))]), |checker| checker.timing = timing(2, 1, 7));
    let mut host = Simulated::new(lvs);
    let bad = || failed(URL_ERROR);
    host.play([bad(), bad(), bad()]);
    let probes: Vec<String> = host.log.drain(..).filter(|line| line.contains("probe")).collect();
    assert_eq!(probes, ["1 probe 0 0", "8 probe 0 0", "15 probe 0 0"]);
}

/// CK-55: the words of each failure, with the original's two blanks.
#[test]
fn the_words_of_each_failure() {
    use HttpFailure::{
        ConnectFailed, ConnectTimeout, Digest, FirstByteTimeout, Handshake, NoHeader, Read, ReadTimeout, Send, Status,
        Unreachable,
    };
    for (failure, words) in [
        (Unreachable, "HTTP/SSL_CHECK - network unreachable"),
        (ConnectTimeout, "Timeout connecting"),
        (ConnectFailed, "Connection failed"),
        (Handshake, "SSL handshake/communication error connecting to"),
        (Send, "Cannot send get request to"),
        (FirstByteTimeout, "Timeout WEB read"),
        (ReadTimeout { tls: false }, "Timeout HTTP read"),
        (ReadTimeout { tls: true }, "Timeout SSL read"),
        (Read { tls: false }, "Read error with"),
        (Read { tls: true }, "SSL read error from"),
        (NoHeader, "Read, no data received from "),
        (Status, "HTTP status code error to"),
        (Digest, "MD5 digest error to"),
    ] {
        let mut lvs = lvs([one(http("10.1.0.11:80", &["/"]))]);
        lvs.log_all_failures = true;
        let mut host = Simulated::new(lvs);
        host.play([failed(failure)]);
        assert_eq!(host.log[2], format!("1 {words} server [10.1.0.11]:tcp:80."));
    }
}

/// CK-46, CK-50: oddities are told once for each URL, until they change.
#[test]
fn oddities_are_told_once() {
    use keepalived_rs::check::Fetched;
    use keepalived_rs::model::event::check::Tested;
    let odd = |length_differs, ended_without_close| {
        Outcome::Http(Fetched { result: Ok(Tested::Digest), length_differs, ended_without_close })
    };
    let mut check = ssl("10.1.0.11:80", &["/a"]);
    check.urls[0].virtual_host = Some("www.example".to_owned());
    let mut host = web(check, false);
    host.play([odd(Some((5, 12)), true), odd(Some((5, 12)), true), odd(Some((5, 13)), true), odd(None, false)]);
    host.expect(&[
        ACTIVATING,
        "1 SSL error 'unexpected eof while reading' from [10.1.0.11]:tcp:80 url(/a)",
        "1 http_check for RS [10.1.0.11]:tcp:80 VS [10.1.0.1]:tcp:80 url www.example/a: content_length (5) does not \
         match received bytes (12)",
        "1 Remote Web server [10.1.0.11]:tcp:80 succeed on service.",
        "1 0 UP => CHECK succeed on service <=",
        "9 http_check for RS [10.1.0.11]:tcp:80 VS [10.1.0.1]:tcp:80 url www.example/a: content_length (5) does not \
         match received bytes (13)",
    ]);
}

/// CK-56: the words name what was tested last.
#[test]
fn a_good_digest_is_named() {
    use keepalived_rs::check::Fetched;
    use keepalived_rs::model::event::check::Tested;
    let mut host = web(http("10.1.0.11:80", &["/d"]), true);
    host.play([Outcome::Http(Fetched {
        result: Ok(Tested::Digest),
        length_differs: None,
        ended_without_close: false,
    })]);
    assert_eq!(host.log[2], "1 MD5 digest success to [10.1.0.11]:tcp:80 url(/d)");
}
