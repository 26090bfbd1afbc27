//! Wanted minus present: the commands that make the kernel's table what it should be. Pure; applying the commands
//! of a plan and planning again gives none.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::net::Endpoint;
use crate::model::ipvs::{Command, Destination, Method, Present, Service, ServiceKey};

/// A service that the kernel holds, as far as we know.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    pub service: Arc<Service>,
    pub destinations: BTreeMap<Endpoint, Destination>,
}

/// The part of the kernel's table that is ours, as far as we know.
pub type Table = BTreeMap<ServiceKey, Held>;

/// The table as the kernel listed it.
pub fn read(present: Vec<Present>) -> Table {
    let held = |found: Present| Held {
        destinations: found.destinations.into_iter().map(|one| (one.endpoint, one)).collect(),
        service: found.service,
    };
    present.into_iter().map(|found| (found.service.key, held(found))).collect()
}

/// Brings one whole service to what is wanted: the service first, then what must go, then what changes or comes,
/// in file order (LV-48, LV-68).
pub fn service(wanted: &Arc<Service>, destinations: &[Destination], held: Option<&Held>, out: &mut Vec<Command>) {
    let Some(held) = held else {
        out.reserve(destinations.len() + 1);
        out.push(Command::AddService(wanted.clone()));
        out.extend(destinations.iter().map(|one| Command::AddDestination(wanted.clone(), *one)));
        return;
    };
    if *held.service != **wanted {
        out.push(Command::SetService(wanted.clone()));
    }
    let kept: BTreeMap<Endpoint, ()> = destinations.iter().map(|one| (one.endpoint, ())).collect();
    for (at, gone) in &held.destinations {
        if !kept.contains_key(at) {
            out.push(Command::DeleteDestination(wanted.clone(), *gone));
        }
    }
    for one in destinations {
        destination(wanted, one.endpoint, Some(*one), Some(held), out);
    }
}

/// Brings one destination of a service that the kernel holds to what is wanted.
pub fn destination(
    service: &Arc<Service>,
    at: Endpoint,
    wanted: Option<Destination>,
    held: Option<&Held>,
    out: &mut Vec<Command>,
) {
    match (wanted, held.and_then(|held| held.destinations.get(&at))) {
        (None, None) => {}
        (None, Some(gone)) => out.push(Command::DeleteDestination(service.clone(), *gone)),
        (Some(wanted), None) => out.push(Command::AddDestination(service.clone(), wanted)),
        (Some(wanted), Some(found)) => {
            if !same(&wanted, found) {
                out.push(Command::SetDestination(service.clone(), wanted));
            }
        }
    }
}

/// The kernel shows `Local` for its own addresses, whatever method it was given.
fn same(wanted: &Destination, found: &Destination) -> bool {
    let found =
        Destination { method: if found.method == Method::Local { wanted.method } else { found.method }, ..*found };
    *wanted == found
}

/// What the table is after a command that the kernel carried out.
pub fn apply(command: &Command, table: &mut Table) {
    match command {
        Command::AddService(service) => {
            table.insert(service.key, Held { service: service.clone(), destinations: BTreeMap::new() });
        }
        Command::SetService(service) => {
            if let Some(held) = table.get_mut(&service.key) {
                held.service = service.clone();
            }
        }
        Command::DeleteService(service) => {
            table.remove(&service.key);
        }
        Command::AddDestination(service, destination) | Command::SetDestination(service, destination) => {
            if let Some(held) = table.get_mut(&service.key) {
                held.destinations.insert(destination.endpoint, *destination);
            }
        }
        Command::DeleteDestination(service, destination) => {
            if let Some(held) = table.get_mut(&service.key) {
                held.destinations.remove(&destination.endpoint);
            }
        }
        Command::Flush => table.clear(),
        Command::SetTimeouts(_) | Command::StartDaemon(..) | Command::StopDaemon(..) => {}
    }
}

#[cfg(test)]
mod tests;
