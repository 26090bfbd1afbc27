//! The law of one checker: what the end of a probe means, and when the next one starts (CK-6 to CK-16, CK-56 to
//! CK-60, CK-70 to CK-74, CK-82, CK-94, CK-103, CK-111 to CK-118).

use std::collections::{BTreeMap, BTreeSet};

use super::{Effect, Fetched, Outcome, ScriptResult, Verdict, file};
use crate::base::name::BfdName;
use crate::base::net::Family;
use crate::base::time::{Interval, Time};
use crate::model::check::{Check, Checker, FileCheck, HttpCheck, MiscCheck, SmtpCheck};
use crate::model::event::check::{
    DnsFailure, Event, HttpFailure, Kind, Obstacle, PingFailure, Retry, SmtpFailure, SmtpPeer, TcpFailure, Tested,
    UdpFailure,
};
use crate::model::lvs::CheckerId;

/// What is known of one checker.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The last verdict; before the first one, what the configuration assumes (CK-14).
    pub up: bool,
    /// A first verdict was reached.
    pub has_run: bool,
    /// Failures in a row. It starts as if all retries had been made: one failure is enough at first (CK-7).
    pub failures: u32,
    /// Added to the configured weight (CK-112).
    weight: i64,
    /// The whole weight, when a script said one.
    said: Option<i64>,
    /// The URL to fetch next.
    pub url: usize,
    /// Only this URL is polled until it is good once (CK-59).
    failed_url: Option<usize>,
    /// Per URL the lengths that were reported to differ (CK-50).
    lengths: BTreeMap<usize, (u64, u64)>,
    /// URLs whose end without a close_notify was reported (CK-46).
    unclosed: BTreeSet<usize>,
}

/// A checker, its configuration and where its effects go, for the time of one outcome.
struct Turn<'a> {
    id: CheckerId,
    checker: &'a Checker,
    log_all: bool,
    state: &'a mut State,
    out: &'a mut Vec<Effect>,
}

impl State {
    /// Before the first run.
    pub fn new(checker: &Checker) -> State {
        State {
            up: !checker.alpha,
            has_run: false,
            failures: State::first_failures(checker),
            weight: 0,
            said: None,
            url: 0,
            failed_url: None,
            lengths: BTreeMap::new(),
            unclosed: BTreeSet::new(),
        }
    }

    /// CK-7: one failure is enough at first, except for SMTP_CHECK.
    fn first_failures(checker: &Checker) -> u32 {
        if matches!(checker.check, Check::Smtp(_)) { 0 } else { checker.timing.retry }
    }

    /// LV-92, CK-21: what a checker that stays takes over. A row of good URLs begins anew, and so do the attempts of
    /// an SMTP_CHECK. What a script said is the weight still when another one is configured.
    pub fn kept(&self, checker: &Checker, configured_weight: u32) -> State {
        let failures = if matches!(checker.check, Check::Smtp(_)) { 0 } else { self.failures };
        let weight = self.said.map_or(self.weight, |said| said - i64::from(configured_weight));
        State { url: self.failed_url.unwrap_or(0), failures, weight, ..self.clone() }
    }

    /// The last verdict again, with the weight as it is now; none for one that has not run.
    pub fn again(&self, checker: CheckerId) -> Option<Verdict> {
        let verdict = Verdict { checker, up: self.up, weight: self.weight, mail: String::new() };
        self.has_run.then_some(verdict)
    }

    /// Whether it adds another weight than `before`.
    pub fn weighs_other_than(&self, before: &State) -> bool {
        self.weight != before.weight
    }

    /// Judges the end of a probe that began at `started`; returns when the next one begins.
    ///
    /// `configured_weight` is that of the real server; `log_all` the global `checker_log_all_failures`.
    #[allow(clippy::too_many_arguments, reason = "the facts of one outcome, each of another origin")]
    pub fn finish(
        &mut self,
        id: CheckerId,
        checker: &Checker,
        configured_weight: u32,
        log_all: bool,
        started: Time,
        now: Time,
        outcome: Outcome,
        out: &mut Vec<Effect>,
    ) -> Time {
        let mut turn = Turn { id, checker, log_all: log_all || checker.log_all_failures, state: self, out };
        match (&checker.check, outcome) {
            (_, Outcome::Hindered(obstacle)) => now + turn.hindered(obstacle),
            (_, Outcome::Crashed) => now + checker.timing.delay_loop,
            (Check::Tcp(_), Outcome::Tcp(result)) => now + turn.plain(result.err(), &TCP),
            (Check::Udp(_), Outcome::Udp(result)) => now + turn.plain(result.err(), &UDP),
            (Check::Ping(_), Outcome::Ping(result)) => now + turn.ping(result.err()),
            (Check::Smtp(smtp), Outcome::Smtp(result)) => now + turn.smtp(smtp, result),
            (Check::Dns(_), Outcome::Dns(result)) => now + turn.dns(result),
            (Check::Http(http), Outcome::Http(fetched)) => now + turn.http(http, fetched),
            // From the start of the last run, at once if that is past (CK-116).
            (Check::Misc(misc), Outcome::Misc(result)) => {
                (started + turn.misc(misc, result, i64::from(configured_weight))).max(now)
            }
            // A probe is answered in kind: anything else says nothing of the real server.
            (
                Check::Tcp(_)
                | Check::Http(_)
                | Check::Smtp(_)
                | Check::Dns(_)
                | Check::Udp(_)
                | Check::Ping(_)
                | Check::Misc(_)
                | Check::Bfd(_)
                | Check::File(_),
                Outcome::Tcp(_)
                | Outcome::Http(_)
                | Outcome::Smtp(_)
                | Outcome::Dns(_)
                | Outcome::Udp(_)
                | Outcome::Ping(_)
                | Outcome::Misc(_),
            ) => now + checker.timing.delay_loop,
        }
    }
}

/// Reports an event under the names of the checker.
macro_rules! tell {
    ($turn:ident, $variant:ident { $($field:tt)* }) => {
        $turn.report(Event::$variant {
            real_server: $turn.checker.real_server_name.to_string(),
            virtual_server: $turn.checker.virtual_server_name.to_string(),
            $($field)*
        })
    };
}

impl State {
    /// CK-131: a session tells its state; the first word always counts, and there are no retries.
    pub fn session(&mut self, id: CheckerId, checker: &Checker, session: &BfdName, up: bool, out: &mut Vec<Effect>) {
        let mut turn = Turn { id, checker, log_all: false, state: self, out };
        if up == turn.state.up && turn.state.has_run {
            return;
        }
        tell!(turn, BfdState { session: session.clone(), up });
        let end = if up { "succeeded" } else { "failed" };
        turn.verdict(up, &format!("=> BFD CHECK {session} {end} on service <="));
    }

    /// CK-121, CK-122, CK-124: the number in the file; of a first one that is as it should be nothing is told.
    pub fn number(&mut self, id: CheckerId, checker: &Checker, check: &FileCheck, number: i64, out: &mut Vec<Effect>) {
        let found = file::weigh(check, number);
        let (up, weight) = (found.is_some(), found.unwrap_or(0));
        if (up, weight) == (self.up, self.weight) && self.has_run {
            return;
        }
        let mut turn = Turn { id, checker, log_all: false, state: self, out };
        if up != turn.state.up && turn.state.has_run {
            tell!(turn, FileState { file: check.file.name.clone(), up });
        }
        turn.state.weight = weight;
        turn.verdict(up, "");
    }
}

impl Turn<'_> {
    fn report(&mut self, event: Event) {
        self.out.push(Effect::Report(event));
    }

    /// CK-12: the state stays.
    fn hindered(&mut self, obstacle: Obstacle) -> Interval {
        let kind = match &self.checker.check {
            Check::Tcp(_) => Kind::Tcp,
            Check::Http(_) => Kind::Web,
            Check::Smtp(_) => {
                // A new row of attempts follows.
                self.state.failures = 0;
                Kind::Smtp
            }
            Check::Dns(_) => Kind::Dns,
            Check::Udp(_) => Kind::Udp,
            Check::Ping(connect) => Kind::Ping { v6: Family::of(connect.destination.address) == Family::V6 },
            Check::Misc(_) => Kind::Misc,
            // Nothing is probed, so nothing can be in its way.
            Check::Bfd(_) | Check::File(_) => return self.checker.timing.delay_loop,
        };
        tell!(self, Rescheduled { kind, obstacle });
        self.checker.timing.delay_loop
    }

    /// Does a verdict "up" change anything?
    fn comes_up(&self) -> bool {
        !self.state.up || !self.state.has_run
    }

    /// Does a failure count? One of a checker that is down changes nothing.
    fn counts(&self) -> bool {
        self.state.up || !self.state.has_run
    }

    fn is_last(&self) -> bool {
        self.state.failures >= self.checker.timing.retry
    }

    fn verdict(&mut self, up: bool, mail: &str) {
        self.state.up = up;
        self.state.has_run = true;
        self.state.failures = 0;
        let verdict = Verdict { checker: self.id, up, weight: self.state.weight, mail: mail.to_owned() };
        self.out.push(Effect::Verdict(verdict));
    }

    /// One attempt of a checker that is up is told only on demand (CK-16).
    fn tells_attempts(&self) -> bool {
        self.log_all && self.state.up
    }

    fn retry_later(&mut self) -> Interval {
        self.state.failures += 1;
        self.checker.timing.delay_before_retry
    }

    /// The law that TCP, UDP and PING share.
    fn plain<Failure>(&mut self, failure: Option<Failure>, words: &Plain<Failure>) -> Interval {
        let timing = self.checker.timing;
        let names = |checker: &Checker| (checker.real_server_name.to_string(), checker.virtual_server_name.to_string());
        let Some(failure) = failure else {
            self.state.failures = 0;
            if self.comes_up() {
                self.report((words.succeeded)(names(self.checker)));
                self.verdict(true, words.mails.0);
            }
            return timing.delay_loop;
        };
        if self.tells_attempts() {
            self.report((words.attempt_failed)(names(self.checker), failure));
        }
        if !self.counts() {
            return timing.delay_loop;
        }
        if !self.is_last() {
            return self.retry_later();
        }
        let retries = (timing.retry > 0 && self.state.has_run).then_some(timing.retry);
        self.report((words.failed)(names(self.checker), retries));
        self.verdict(false, words.mails.1);
        timing.delay_loop
    }

    /// What is odd about a reply is told whenever it counts, whatever `log_all_failures` says.
    fn ping(&mut self, failure: Option<PingFailure>) -> Interval {
        if let Some(failure) = failure.filter(|failure| *failure != PingFailure::Timeout && self.counts()) {
            tell!(self, PingOdd { failure });
        }
        self.plain(failure, &PING)
    }

    /// CK-7, CK-9: each row of attempts has all its retries, up or down.
    fn smtp(&mut self, smtp: &SmtpCheck, result: Result<(), SmtpFailure>) -> Interval {
        let timing = self.checker.timing;
        let Err(failure) = result else {
            self.state.failures = 0;
            if self.comes_up() {
                tell!(self, SmtpSucceeded {});
                self.verdict(true, "=> CHECK succeed on service <=");
            }
            return timing.delay_loop;
        };
        let peer = SmtpPeer { destination: smtp.connect.destination, real_server: smtp.real_server };
        if self.counts() && (self.log_all || self.is_last()) {
            tell!(self, SmtpFailed { peer, failure });
        }
        if !self.is_last() {
            return self.retry_later();
        }
        self.state.failures = 0;
        if self.counts() {
            self.verdict(false, &format!("=> CHECK failed on service : {} <=", failure.words(peer)));
        }
        timing.delay_loop
    }

    /// CK-82, CK-83.
    fn dns(&mut self, result: Result<(), DnsFailure>) -> Interval {
        let timing = self.checker.timing;
        let Err(failure) = result else {
            self.state.failures = 0;
            if self.comes_up() {
                self.verdict(true, "=> DNS_CHECK: succeed on service <=");
            }
            return timing.delay_loop;
        };
        if !self.counts() {
            return timing.delay_loop;
        }
        let last = self.is_last();
        if self.log_all || last {
            let retries = (last && self.state.has_run).then_some(timing.retry);
            tell!(self, DnsFailed { failure, retries });
        }
        if !last {
            return self.retry_later();
        }
        self.verdict(false, "=> DNS_CHECK: failed on service <=");
        timing.delay_loop
    }

    fn http(&mut self, http: &HttpCheck, fetched: Fetched) -> Interval {
        self.tell_oddities(http, &fetched);
        match fetched.result {
            Ok(tested) => self.good_url(http, tested),
            Err(failure) => self.bad_url(http, failure),
        }
    }

    /// What is odd but no failure, once.
    fn tell_oddities(&mut self, http: &HttpCheck, fetched: &Fetched) {
        let at = self.state.url;
        let Some(url) = http.urls.get(at) else { return };
        if fetched.ended_without_close && self.state.unclosed.insert(at) {
            tell!(self, EndedWithoutClose { path: url.path.clone() });
        }
        if let Some(lengths) = fetched.length_differs
            && self.state.lengths.insert(at, lengths) != Some(lengths)
        {
            let url = format!("{}{}", url.virtual_host.as_deref().unwrap_or_default(), url.path);
            tell!(self, LengthDiffers { url, announced: lengths.0, received: lengths.1 });
        }
    }

    /// CK-58 to CK-60.
    fn good_url(&mut self, http: &HttpCheck, tested: Tested) -> Interval {
        let timing = self.checker.timing;
        self.state.failures = 0;
        let at = self.state.url;
        if let (false, Some(url)) = (self.state.up, http.urls.get(at)) {
            tell!(self, UrlSucceeded { path: url.path.clone(), tested });
        }
        let recovered = self.state.failed_url.take().is_some();
        if !recovered && at + 1 >= http.urls.len() {
            self.state.url = 0;
            if self.comes_up() {
                tell!(self, HttpSucceeded {});
                self.verdict(true, "=> CHECK succeed on service <=");
            }
            return timing.delay_loop;
        }
        // That one good answer does not count: all are fetched from the first on.
        self.state.url = if recovered { 0 } else { at + 1 };
        if http.fast_recovery && self.comes_up() { Interval::ZERO } else { timing.delay_loop }
    }

    fn bad_url(&mut self, http: &HttpCheck, failure: HttpFailure) -> Interval {
        let timing = self.checker.timing;
        if self.tells_attempts() {
            tell!(self, HttpAttemptFailed { failure });
        }
        if self.state.failed_url.is_some() {
            return timing.delay_loop.max(timing.delay_before_retry);
        }
        if !self.is_last() {
            return self.retry_later();
        }
        self.state.failed_url = Some(self.state.url);
        self.state.failures = 0;
        if self.counts() {
            let retries = (timing.retry > 0).then_some(timing.retry);
            tell!(self, HttpFailed { tls: http.tls.is_some(), retries });
            self.verdict(false, "=> CHECK failed on service : HTTP/SSL request failed <=");
        }
        timing.delay_loop.max(timing.delay_before_retry)
    }

    /// From the start of this run to the next.
    fn misc(&mut self, misc: &MiscCheck, result: ScriptResult, configured_weight: i64) -> Interval {
        let timing = self.checker.timing;
        let script = || misc.script.argv.first().cloned().unwrap_or_default();
        if let Some(said) = good_exit(misc, result) {
            self.state.failures = 0;
            self.state.said = said;
            let weight = said.map_or(0, |said| said - configured_weight);
            let changed = std::mem::replace(&mut self.state.weight, weight) != weight;
            if self.comes_up() {
                tell!(self, MiscSucceeded { script: script() });
                self.verdict(true, "=> MISC CHECK succeeded on service <=");
            } else if changed {
                self.verdict(true, "");
            }
            return timing.delay_loop;
        }
        if !self.counts() {
            return timing.delay_loop;
        }
        if !self.is_last() {
            if self.tells_attempts() {
                let (made, retries) = (self.state.failures, timing.retry);
                let retry = if made == 0 { Retry::First { retries } } else { Retry::Next { retry: made, retries } };
                tell!(self, MiscFailed { script: script(), end: result.end(), retry });
            }
            return self.retry_later();
        }
        let retry = if timing.retry == 0 { Retry::Disabled } else { Retry::Last { retries: timing.retry } };
        tell!(self, MiscFailed { script: script(), end: result.end(), retry });
        // What it added to the weight goes with it (CK-114).
        self.state.weight = 0;
        self.state.said = None;
        self.verdict(
            false,
            match result {
                ScriptResult::TimedOut => "=> MISC CHECK timed out on service <=",
                ScriptResult::Exited(_) | ScriptResult::Signalled(_) => "=> MISC CHECK failed on service <=",
            },
        );
        timing.delay_loop
    }
}

/// The words of a kind of check that follows the plain law.
struct Plain<Failure> {
    succeeded: fn((String, String)) -> Event,
    attempt_failed: fn((String, String), Failure) -> Event,
    failed: fn((String, String), Option<u32>) -> Event,
    /// Of success and of failure.
    mails: (&'static str, &'static str),
}

/// CK-31, CK-32.
const TCP: Plain<TcpFailure> = Plain {
    succeeded: |(real_server, virtual_server)| Event::TcpSucceeded { real_server, virtual_server },
    attempt_failed: |(real_server, virtual_server), failure| Event::TcpAttemptFailed {
        real_server,
        virtual_server,
        failure,
    },
    failed: |(real_server, virtual_server), retries| Event::TcpFailed { real_server, virtual_server, retries },
    mails: ("=> TCP CHECK succeed on service <=", "=> TCP CHECK failed on service <="),
};

/// CK-94.
const UDP: Plain<UdpFailure> = Plain {
    succeeded: |(real_server, virtual_server)| Event::UdpSucceeded { real_server, virtual_server },
    attempt_failed: |(real_server, virtual_server), failure| Event::UdpAttemptFailed {
        real_server,
        virtual_server,
        failure,
    },
    failed: |(real_server, virtual_server), retries| Event::UdpFailed { real_server, virtual_server, retries },
    mails: ("=> UDP CHECK succeed on service <=", "=> UDP CHECK failed on service <="),
};

/// CK-103.
const PING: Plain<PingFailure> = Plain {
    succeeded: |(real_server, virtual_server)| Event::PingSucceeded { real_server, virtual_server },
    attempt_failed: |(real_server, virtual_server), failure| Event::PingAttemptFailed {
        real_server,
        virtual_server,
        failure,
    },
    failed: |(real_server, virtual_server), retries| Event::PingFailed { real_server, virtual_server, retries },
    mails: ("=> ICMP CHECK succeed on service <=", "=> ICMP CHECK failed on service <="),
};

/// The weight that a good run says, if it says one; `None`: it is not good (CK-111, CK-112).
fn good_exit(misc: &MiscCheck, result: ScriptResult) -> Option<Option<i64>> {
    match result {
        ScriptResult::Exited(0) => Some(None),
        ScriptResult::Exited(status @ 2..) if misc.dynamic => Some(Some(i64::from(status) - 2)),
        ScriptResult::Exited(_) | ScriptResult::Signalled(_) | ScriptResult::TimedOut => None,
    }
}
