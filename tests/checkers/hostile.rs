//! Servers that mean harm: every one is a failure in bounded time and memory, and other checks go on beside it.

use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::kernel::clock;
use keepalived_rs::model::check::Check;
use keepalived_rs::model::lvs::{CheckerId, Lvs};

use crate::alone::elsewhere;
use crate::answers::{expect_failure, expect_success, to};
use crate::fixture::{lvs, tcp};
use crate::rig::{PATIENCE, Rig, poll, quick};
use crate::server::Server;
use crate::simulated::{http, tuned};

/// Waits are short: 300 ms each, 3 s in all.
fn get(server: &Server) -> Lvs {
    tuned(crate::answers::checked(http(&server.address(), &["/"])), |checker| {
        checker.timing.connect_timeout = Interval::from_millis(300);
    })
}

/// For servers whose end comes from themselves.
fn patient(server: &Server) -> Lvs {
    crate::answers::checked(http(&server.address(), &["/"]))
}

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("our status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// CK-47: no more than 4095 bytes of a header are read.
#[test]
fn a_header_without_end() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say(b"HTTP/1.0 200 OK\r\n");
        while peer.goes_on() && peer.say(b"X-Again: and again\r\n") {}
    });
    let begun = clock::now();
    expect_failure(patient(&server), "Read, no data received from ");
    assert!(clock::now().since(begun).as_duration() < Duration::from_secs(9), "it need not wait for more");
}

/// CK-11: a body without end is given up when ten times connect_timeout are over, and is not kept in memory.
#[test]
fn a_body_without_end() {
    // In a process of its own: what the other tests hold is not measured.
    if elsewhere(&[], "hostile::a_body_without_end") {
        return;
    }
    let server = Server::start(|peer| {
        peer.request();
        peer.say(b"HTTP/1.0 200 OK\r\n\r\n");
        let piece = vec![b'x'; 1 << 16];
        while peer.goes_on() && peer.say(&piece) {}
    });
    let before = resident();
    expect_failure(get(&server), "Timeout HTTP read");
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

/// CK-11: a byte now and then, each within its wait.
#[test]
fn a_slow_loris() {
    let server = Server::start(|peer| {
        peer.request();
        for byte in b"HTTP/1.0 200 OK\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
            if !peer.goes_on() || !peer.say(&[*byte]) {
                return;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    });
    let begun = clock::now();
    expect_failure(get(&server), "Timeout HTTP read");
    let took = clock::now().since(begun).as_duration();
    assert!((Duration::from_secs(3)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

/// CK-55: connected, and not a byte.
#[test]
fn a_silent_server() {
    let server = Server::start(|peer| peer.hold());
    expect_failure(get(&server), "Timeout WEB read");
}

/// CK-55: a server that reads nothing: the request is small and goes out all the same.
#[test]
fn a_server_that_does_not_read() {
    let server = Server::start(|peer| {
        while peer.goes_on() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    expect_failure(get(&server), "Timeout WEB read");
}

/// CK-55: a reset at each stage.
#[test]
fn resets_at_each_stage() {
    let reset_after = |said: &'static [u8]| {
        Server::start(move |peer| {
            peer.request();
            peer.say(said);
            // What was said must be read before the reset discards it.
            std::thread::sleep(Duration::from_millis(50));
            peer.reset();
        })
    };
    expect_failure(patient(&reset_after(b"")), "Read error with");
    expect_failure(patient(&reset_after(b"HTTP/1.0 200")), "Read error with");
    expect_failure(patient(&reset_after(b"HTTP/1.0 200 OK\r\n\r\n")), "Read error with");
    expect_failure(patient(&reset_after(b"HTTP/1.0 200 OK\r\n\r\nhello")), "Read error with");
    // Before the request is read: whether we notice when writing or when reading is a matter of microseconds.
    let server = Server::start(|peer| peer.reset());
    let mut rig = Rig::start(patient(&server));
    assert!(!rig.verdict().up);
    let lines = rig.stop();
    let told = ["Read error with", "Cannot send get request to", "Connection failed"];
    assert!(lines.iter().any(|line| told.iter().any(|words| line.starts_with(words))), "{lines:#?}");
}

/// A FIN is the end of the answer, even when the server goes on reading.
#[test]
fn a_half_close_ends_the_answer() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say(b"HTTP/1.0 200 OK\r\n\r\nhello");
        peer.half_close();
    });
    expect_success(patient(&server));
    let server = Server::start(|peer| peer.half_close());
    expect_failure(patient(&server), "Read, no data received from ");
}

/// An answer before the question is an answer.
#[test]
fn an_answer_before_the_question() {
    let server = Server::start(|peer| {
        peer.say(b"HTTP/1.0 200 OK\r\n\r\n");
        peer.request();
    });
    expect_success(patient(&server));
}

/// A hostile server holds nobody up: beside it another is checked in time.
#[test]
fn others_are_checked_in_time() {
    let endless = Server::start(|peer| {
        peer.request();
        peer.say(b"HTTP/1.0 200 OK\r\n\r\n");
        let piece = vec![b'x'; 1 << 16];
        while peer.goes_on() && peer.say(&piece) {}
    });
    let silent = Server::start(|peer| peer.hold());
    let good = Server::start(|_| {});
    let lvs = tuned(
        lvs([tcp("10.1.0.1:80")
            .unchecked("10.1.0.11:80", 1)
            .check(Check::Http(http(&endless.address(), &["/"])))
            .unchecked("10.1.0.12:80", 1)
            .check(Check::Http(http(&silent.address(), &["/"])))
            .unchecked("10.1.0.13:80", 1)
            .check(Check::Tcp(to(&good.address())))]),
        |checker| {
            quick(checker);
            checker.timing.connect_timeout = Interval::from_secs(60);
        },
    );
    let rig = Rig::start(lvs);
    poll("twenty checks", || (good.connections() >= 20).then_some(()));
    rig.stop();
}

/// CK-12: without descriptors a check is put off with clear words, and goes on when there are some again.
#[test]
fn out_of_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let good = Server::start(|_| {});
    // In a process of its own: the limit is the process's.
    if elsewhere(&[], "hostile::out_of_descriptors") {
        return;
    }
    let mut rig = Rig::start(crate::answers::checked(Check::Tcp(to(&good.address()))));
    assert!(rig.verdict().up);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit");
    setrlimit(Resource::RLIMIT_NOFILE, 3, hard).expect("fewer");
    rig.wait_for("TCP connect fail to create socket. Rescheduling. ([10.1.0.11]:tcp:80: Too many open files)");
    assert_eq!(rig.try_verdict(), None);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("as before");
    let seen = good.connections();
    poll("checks go on", || (good.connections() > seen + 2).then_some(()));
    assert_eq!(rig.try_verdict(), None);
    rig.stop();
}

/// While the IPVS task has no room, no verdict is lost and none is doubled; the stop does not wait for it.
#[test]
fn verdicts_wait_for_room() {
    let good = Server::start(|_| {});
    let mut draft = tcp("10.1.0.1:80");
    for at in 1..=50 {
        draft = draft.unchecked(&format!("10.1.0.11:{at}"), 1).check(Check::Tcp(to(&good.address())));
    }
    let mut lvs = tuned(lvs([draft]), quick);
    // All ask the same server the same.
    lvs.no_shared_probes = true;
    let mut rig = Rig::with_room(lvs.clone(), 1);
    let mut heard = Vec::new();
    let begun = clock::now();
    while heard.len() < 50 && clock::now().since(begun).as_duration() < PATIENCE {
        heard.extend(rig.try_verdict().map(|verdict| verdict.checker));
        std::thread::sleep(Duration::from_millis(5));
    }
    heard.sort_unstable();
    assert_eq!(heard, (0..50).map(CheckerId).collect::<Vec<_>>());
    assert_eq!(rig.try_verdict(), None);
    rig.stop();

    let full = Rig::with_room(lvs, 1);
    let seen = good.connections();
    poll("probes have ended", || (good.connections() > seen + 10).then_some(()));
    full.stop();
}
