//! What the demonstration prints: the timeline, and the table of expectations at its end.

use std::io::Write;
use std::time::{Duration, Instant};

/// Something that must hold, and whether it did.
struct Expectation {
    step: String,
    what: String,
    /// How long it took, of how long it may.
    took: Option<Duration>,
    bound: Option<Duration>,
    failed: Option<String>,
}

pub struct Story {
    begun: Instant,
    step: String,
    expectations: Vec<Expectation>,
}

impl Story {
    pub fn new() -> Story {
        Story { begun: Instant::now(), step: String::new(), expectations: Vec::new() }
    }

    pub fn step(&mut self, letter: &str, what: &str) {
        self.step = letter.to_owned();
        self.line(&format!("({letter}) {what}"));
    }

    /// A line of the timeline; an output that is gone does not end the demonstration.
    pub fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{:7.1} s  {text}", self.begun.elapsed().as_secs_f32());
        let _ = out.flush();
    }

    /// Something that took its time: held if it came within `bound`.
    pub fn timed(&mut self, what: &str, bound: Duration, result: Result<Duration, String>) -> bool {
        let (took, failed) = match result {
            Ok(took) if took <= bound => (Some(took), None),
            Ok(took) => (Some(took), Some("too late".to_owned())),
            Err(why) => (None, Some(why)),
        };
        match (&took, &failed) {
            (Some(took), None) => {
                self.line(&format!("    {what}: after {} (at most {})", seconds(*took), seconds(bound)))
            }
            (_, Some(why)) => self.line(&format!("    NOT: {what} within {}: {why}", seconds(bound))),
            (None, None) => {}
        }
        self.record(what, took, Some(bound), failed)
    }

    pub fn held(&mut self, what: &str, failed: Result<(), String>) -> bool {
        match &failed {
            Ok(()) => self.line(&format!("    {what}")),
            Err(why) => self.line(&format!("    NOT: {what}: {why}")),
        }
        self.record(what, None, None, failed.err())
    }

    fn record(&mut self, what: &str, took: Option<Duration>, bound: Option<Duration>, failed: Option<String>) -> bool {
        let held = failed.is_none();
        self.expectations.push(Expectation { step: self.step.clone(), what: what.to_owned(), took, bound, failed });
        held
    }

    /// The closing table; true if every expectation held.
    pub fn verdict(&self) -> bool {
        let mut out = std::io::stdout().lock();
        let show = |time: Option<Duration>| time.map_or_else(String::new, seconds);
        let _ = writeln!(out, "\n{:4} {:74} {:>8} {:>8}  verdict", "step", "expectation", "took", "at most");
        for one in &self.expectations {
            let verdict = if one.failed.is_none() { "ok" } else { "FAILED" };
            let (took, bound) = (show(one.took), show(one.bound));
            let _ = writeln!(out, "({})  {:74} {took:>8} {bound:>8}  {verdict}", one.step, one.what);
        }
        let failed: Vec<&Expectation> = self.expectations.iter().filter(|one| one.failed.is_some()).collect();
        for one in &failed {
            let _ =
                writeln!(out, "\nfailed: ({}) {}: {}", one.step, one.what, one.failed.as_deref().unwrap_or_default());
        }
        let (all, bad) = (self.expectations.len(), failed.len());
        let _ = writeln!(out, "\n{} of {all} expectations held, in {}", all - bad, seconds(self.begun.elapsed()));
        let _ = out.flush();
        bad == 0 && all > 0
    }
}

pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f32())
}
