//! A look at the kernel's table now and then: what another program changed of ours is told of and put right.

use super::service::{Table, Turn};
use crate::model::event::lvs::{Event, Meddled};
use crate::model::ipvs::Command;

/// Entries that are told of one by one; the others as a number.
const MOST_LINES: usize = 20;

impl Table {
    /// Plans all of ours anew, but what the kernel refused before: that waits for the next result (LV-59), lest the
    /// same error be told with every look.
    pub(super) fn look(&mut self, turn: &mut Turn) {
        let refused = &self.refused;
        turn.services.extend(self.facts.keys().into_iter().filter(|key| !refused.contains(key)));
        turn.looked = true;
    }
}

/// Without a reason of ours for any command, each undoes what another program did.
pub(super) fn report(commands: &[Command], reports: &mut Vec<Event>) {
    let mut entries = 0;
    let mut added: Option<crate::model::ipvs::ServiceKey> = None;
    for command in commands {
        let what = match command {
            Command::AddService(_) => Meddled::Removed,
            Command::AddDestination(..) => Meddled::Removed,
            Command::SetService(_) | Command::SetDestination(..) => Meddled::Changed,
            Command::DeleteService(_) | Command::DeleteDestination(..) => Meddled::Added,
            Command::Flush | Command::SetTimeouts(_) | Command::StartDaemon(..) | Command::StopDaemon(..) => continue,
        };
        let Some(service) = command.service().map(|service| service.key) else { continue };
        // A service that is gone takes its servers with it: one line tells all.
        match command {
            Command::AddService(_) => added = Some(service),
            Command::AddDestination(..) if added == Some(service) => continue,
            _ => {}
        }
        entries += 1;
        if entries <= MOST_LINES {
            let destination = command.destination().map(|destination| destination.endpoint);
            reports.push(Event::PutRight { what, service, destination });
        }
    }
    if entries > MOST_LINES {
        reports.push(Event::PutRightMore { entries: entries - MOST_LINES });
    }
}
