//! What the kernel refuses: what is tolerated, what is tried again, and what shows that the table is not what we think.

use std::sync::Arc;

use super::service::{Table, Turn};
use super::wanted::keys;
use crate::model::event::lvs::Event;
use crate::model::ipvs::{Command, Refused, Service};
use crate::model::lvs::VirtualServerId;

impl Table {
    /// LV-82, and what shows that the table is not what we think.
    pub(super) fn refused(&mut self, refused: Refused, turn: &mut Turn) {
        let (exists, missing) = (refused.exists(), refused.missing());
        let command = refused.command;
        // LV-100: stopping what may not run is no error.
        if !matches!(command, Command::StopDaemon(..)) {
            turn.reports.push(Event::Refused {
                command: command.name(),
                errno: refused.errno,
                service: command.service().map(|service| service.key),
                destination: command.destination().map(|destination| destination.endpoint),
            });
        }
        match &command {
            Command::AddService(_) if exists => turn.read = true,
            Command::AddService(service) => {
                self.held.remove(&service.key);
                self.refused.insert(service.key);
            }
            Command::SetService(service) => {
                if let Some(held) = self.held.get_mut(&service.key) {
                    // What it is now is not known; no scheduler has this name, so it will be set again.
                    held.service = Arc::new(Service { scheduler: String::new(), ..(**service).clone() });
                }
                self.refused.insert(service.key);
            }
            Command::AddDestination(service, destination) => {
                if let Some(held) = self.held.get_mut(&service.key) {
                    held.destinations.remove(&destination.endpoint);
                    turn.read |= exists || missing;
                }
                self.refused.insert(service.key);
            }
            Command::SetDestination(service, destination) => {
                if let Some(held) = self.held.get_mut(&service.key) {
                    held.destinations.remove(&destination.endpoint);
                }
                if missing {
                    turn.destinations.insert((service.key, destination.endpoint));
                } else {
                    self.refused.insert(service.key);
                    turn.read = true;
                }
            }
            // Somebody else was faster: what else did they do?
            Command::DeleteDestination(..) => turn.read = true,
            Command::DeleteService(_) | Command::Flush => turn.read |= !missing,
            Command::SetTimeouts(_) | Command::StartDaemon(..) | Command::StopDaemon(..) => {}
        }
    }

    /// LV-59: what the kernel refused is tried again with the next result.
    pub(super) fn retry_refused(&mut self, id: VirtualServerId, turn: &mut Turn) {
        if self.refused.is_empty() {
            return;
        }
        for key in keys(self.facts.server(id)) {
            if self.refused.remove(&key) {
                turn.services.insert(key);
            }
        }
    }
}
