//! `max_auto_priority`: who wakes up late is given more real-time priority, step by step.

use crate::base::time::Interval;
use crate::daemon::message::Reporter;
use crate::kernel::scheduling;
use crate::model::event::daemon::{Event, Part};
use crate::model::global::Global;

pub(super) struct Urgency {
    settings: Option<crate::model::upkeep::Urgency>,
    /// The priority that we have; 0: none.
    priority: u8,
}

impl Urgency {
    pub fn new(global: &Global) -> Urgency {
        Urgency { settings: global.upkeep.urgency, priority: global.vrrp_process.rt_priority.unwrap_or(0) }
    }

    /// The configuration is another one; what was reached stays.
    pub fn set(&mut self, global: &Global) {
        self.settings = global.upkeep.urgency;
    }

    /// The thread woke up so late.
    pub fn woke(&mut self, late: Interval, reporter: &Reporter) {
        let Some(settings) = self.settings.filter(|settings| late >= settings.late) else { return };
        reporter.report(Event::WokeLate { by: late });
        if self.priority >= settings.most {
            return;
        }
        self.priority += 1;
        match scheduling::set_real_time(self.priority) {
            Ok(()) => reporter.report(Event::MoreUrgent { part: Part::Vrrp, priority: self.priority }),
            Err(error) => {
                let (part, what, error) = (Part::Vrrp, "real-time priority", error.to_string());
                reporter.report(Event::SchedulingRefused { part, what, error });
                // It would be refused each time.
                self.settings = None;
            }
        }
    }
}
