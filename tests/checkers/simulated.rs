//! The machine in simulated time: every line says when, in seconds since the start.

use std::collections::VecDeque;
use std::sync::Arc;

use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::check::checkers::Checkers;
use keepalived_rs::check::{Effect, Fetched, Input, Outcome, ScriptResult};
use keepalived_rs::model::check::{Check, Checker, HttpCheck, HttpProtocol, MiscCheck, Timing, Tls, Url};
use keepalived_rs::model::event::Event;
use keepalived_rs::model::event::check::{HttpFailure, TcpFailure, Tested};
use keepalived_rs::model::lvs::{CheckerId, Lvs};
use keepalived_rs::observe::wording::wording;

use crate::fixture::{Draft, at, script, tcp};

pub const GOOD: Outcome = Outcome::Tcp(Ok(()));
pub const REFUSED: Outcome = Outcome::Tcp(Err(TcpFailure::Failed));
pub const LATE: Outcome = Outcome::Tcp(Err(TcpFailure::Timeout));

pub fn fetched() -> Outcome {
    Outcome::Http(Fetched { result: Ok(Tested::Status), length_differs: None, ended_without_close: false })
}

pub fn failed(failure: HttpFailure) -> Outcome {
    Outcome::Http(Fetched { result: Err(failure), length_differs: None, ended_without_close: false })
}

pub fn exited(status: u8) -> Outcome {
    Outcome::Misc(ScriptResult::Exited(status))
}

/// Whole seconds but for the warm-up, which is none.
pub fn timing(delay_loop: u64, retry: u32, delay_before_retry: u64) -> Timing {
    Timing {
        delay_loop: Interval::from_secs(delay_loop),
        retry,
        delay_before_retry: Interval::from_secs(delay_before_retry),
        warmup: Interval::ZERO,
        connect_timeout: Interval::from_secs(5),
    }
}

pub fn url(path: &str) -> Url {
    Url {
        path: path.to_owned(),
        virtual_host: None,
        server_name: None,
        digest: None,
        status_codes: vec![(200, 299)],
        tls_compliant: false,
        regex: None,
    }
}

/// HTTP_GET of these paths.
pub fn http(address: &str, paths: &[&str]) -> HttpCheck {
    let destination = at(address);
    HttpCheck {
        connect: keepalived_rs::model::check::Connect::to(destination.address, destination.port),
        tls: None,
        protocol: HttpProtocol::V1_0,
        urls: paths.iter().map(|path| url(path)).collect(),
        fast_recovery: false,
    }
}

/// SSL_GET of these paths, without a server name.
pub fn ssl(address: &str, paths: &[&str]) -> HttpCheck {
    HttpCheck { tls: Some(Tls { enable_sni: false, sni_name: None }), ..http(address, paths) }
}

pub fn misc(words: &[&str], dynamic: bool) -> MiscCheck {
    let mut script = script("");
    script.argv = words.iter().map(|word| (*word).to_owned()).collect();
    MiscCheck { script, timeout: Interval::ZERO, dynamic }
}

/// One real server, weight 5, with one check.
pub fn one(check: impl Into<Check>) -> Draft {
    tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 5).check(check.into())
}

/// Changes every checker.
pub fn tuned(mut lvs: Lvs, change: impl Fn(&mut Checker)) -> Lvs {
    for checker in &mut lvs.checkers {
        change(Arc::make_mut(checker));
    }
    lvs
}

pub struct Simulated {
    pub machine: Checkers,
    pub now: Time,
    /// `1.5 words`, since the start.
    pub log: VecDeque<String>,
    /// Probes that have not been answered.
    pub open: VecDeque<(CheckerId, usize)>,
}

impl Simulated {
    pub fn new(lvs: Lvs) -> Simulated {
        Simulated::seeded(lvs, 7)
    }

    pub fn seeded(lvs: Lvs, seed: u64) -> Simulated {
        let machine = Checkers::new(Arc::new(lvs), Random::from_seed(seed));
        let mut simulated = Simulated { machine, now: Time::ZERO, log: VecDeque::new(), open: VecDeque::new() };
        simulated.handle(Input::Start);
        simulated
    }

    pub fn reload(&mut self, lvs: Lvs) {
        self.open.clear();
        self.handle(Input::Reload { model: Arc::new(lvs) });
    }

    pub fn handle(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.handle(self.now, input, &mut effects);
        let now = Interval::from_micros(self.now.as_micros());
        for effect in effects {
            let words = match effect {
                Effect::Report(event) => wording(&Event::Check(event)).message,
                Effect::Probe { checker, url } => {
                    self.open.push_back((checker, url));
                    format!("probe {} {url}", checker.0)
                }
                Effect::Verdict(verdict) => format!(
                    "{} {}{} {}",
                    verdict.checker.0,
                    if verdict.up { "UP" } else { "DOWN" },
                    if verdict.weight == 0 { String::new() } else { format!(" {:+}", verdict.weight) },
                    verdict.mail
                )
                .trim_end()
                .to_owned(),
            };
            self.log.push_back(format!("{now} {words}"));
        }
    }

    /// To the next deadline.
    #[track_caller]
    pub fn sleep(&mut self) {
        let deadline = self.machine.deadline().expect("somebody waits");
        assert!(deadline >= self.now, "a deadline in the past");
        self.now = deadline;
        self.handle(Input::Deadline);
        assert!(self.machine.deadline().is_none_or(|deadline| deadline > self.now), "spinning");
    }

    /// Answers the oldest probe, which took this long.
    #[track_caller]
    pub fn answer(&mut self, took: Interval, outcome: Outcome) {
        let (checker, _) = self.open.pop_front().expect("a probe is under way");
        self.now += took;
        self.handle(Input::Finished { checker, outcome });
    }

    /// One checker: each outcome answers its next probe at once.
    #[track_caller]
    pub fn play(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            self.sleep();
            self.answer(Interval::ZERO, outcome);
        }
    }

    /// What happened since the last call must be this; lines of probes are left out unless asked for.
    #[track_caller]
    pub fn expect(&mut self, lines: &[&str]) {
        let probes = lines.iter().any(|line| line.contains(" probe "));
        let found: Vec<String> = self.log.drain(..).filter(|line| probes || !line.contains(" probe ")).collect();
        assert_eq!(found, lines);
    }
}
