//! What a router did, in the words of the scenarios.

use std::fmt;
use std::net::IpAddr;

use keepalived_rs::model::event::{Event, Notification, NotifyState};
use keepalived_rs::model::host::Placement;
use keepalived_rs::model::route::{Item, Owner};
use keepalived_rs::model::vrrp::InstanceId;
use keepalived_rs::observe::wording::wording;
use keepalived_rs::vrrp::router::Router;
use keepalived_rs::vrrp::{Announcement, Effect};

use super::host::Host;
use super::{items, rule};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// An instance did something: `advert 100`, `add 10.0.0.100`, `remove …`, `clear …`, `announce …`, `notify MASTER`.
    Instance {
        name: String,
        what: String,
    },
    /// A notification: `instance VI_1 MASTER 100`, `group G1 MASTER`.
    Told(String),
    Logged(String),
    /// A datagram: `VI_1 from 10.0.0.1 to 224.0.0.18 ttl 255`.
    Wire(String),
    Socket(String),
    Firewall(String),
}

impl Deed {
    /// What `instance` did by it.
    pub fn of(&self, instance: &str) -> Option<String> {
        match self {
            Deed::Instance { name, what } if name == instance => Some(what.clone()),
            _ => None,
        }
    }

    pub fn logged(&self) -> Option<String> {
        match self {
            Deed::Logged(line) => Some(line.clone()),
            _ => None,
        }
    }

    pub fn wire(&self) -> Option<String> {
        match self {
            Deed::Wire(line) => Some(line.clone()),
            _ => None,
        }
    }

    pub fn told(&self) -> Option<String> {
        match self {
            Deed::Told(line) => Some(line.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Instance { name, what } => write!(f, "{name}: {what}"),
            Deed::Told(line) => write!(f, "tells {line}"),
            Deed::Logged(line) => write!(f, "logs {line}"),
            Deed::Wire(line) => write!(f, "datagram of {line}"),
            Deed::Socket(line) | Deed::Firewall(line) => f.write_str(line),
        }
    }
}

fn state(state: NotifyState) -> &'static str {
    match state {
        NotifyState::Master => "MASTER",
        NotifyState::Backup => "BACKUP",
        NotifyState::Fault => "FAULT",
        NotifyState::Stop => "STOP",
        NotifyState::Deleted => "DELETED",
        NotifyState::MasterRxLowerPri => "MASTER_RX_LOWER_PRI",
        NotifyState::MasterPriority => "MASTER_PRIORITY",
        NotifyState::BackupPriority => "BACKUP_PRIORITY",
    }
}

pub fn deeds(host: &Host, effect: &Effect) -> Vec<Deed> {
    let name =
        |instance: InstanceId| host.model.instances.get(instance.0).map_or("?".to_owned(), |i| i.name.to_string());
    let one = |name: String, what: String| vec![Deed::Instance { name, what }];
    match effect {
        Effect::OpenSocket(key) => vec![Deed::Socket(format!("opens {key:?}"))],
        Effect::ReceiveBuffer { socket, bytes } => vec![Deed::Socket(format!("widens {socket:?} to {bytes}"))],
        Effect::CloseSocket(key) => vec![Deed::Socket(format!("closes {key:?}"))],
        Effect::Send(sent) => {
            let (speaker, priority) = match rule::speaker(host, &host.model, sent) {
                Some((instance, priority)) => (name(instance), priority.to_string()),
                None => ("?".to_owned(), "?".to_owned()),
            };
            let to = if sent.destination.is_multicast() { String::new() } else { format!(" to {}", sent.destination) };
            let ttl = super::packet::read(sent.socket.family, &sent.bytes).and_then(|seen| seen.ttl).or(sent.hop_limit);
            let ttl = ttl.map_or(String::new(), |ttl| format!(" ttl {ttl}"));
            let wire = format!("{speaker} from {} to {}{ttl}", sent.source, sent.destination);
            vec![Deed::Wire(wire), Deed::Instance { name: speaker, what: format!("advert {priority}{to}") }]
        }
        Effect::AddAddresses { instance, addresses } => one(name(*instance), format!("add {}", list(addresses))),
        Effect::RemoveAddresses { instance, addresses, forced } => {
            let verb = if *forced { "clear" } else { "remove" };
            one(name(*instance), format!("{verb} {}", list(addresses)))
        }
        Effect::Bar(barred) => vec![Deed::Firewall(format!("bars {barred:?}"))],
        Effect::Unbar(barred) => vec![Deed::Firewall(format!("lets pass {barred:?}"))],
        Effect::Set { owner, items } => one(whose(host, *owner), format!("set {}", names(items))),
        Effect::Unset { owner, items } => one(whose(host, *owner), format!("unset {}", names(items))),
        Effect::PromoteSecondaries { index, on } => {
            let interface = host.interfaces.iter().find(|interface| interface.index == *index);
            let word = if *on { "promotes" } else { "promotes no more" };
            vec![Deed::Socket(format!("{word} {}", interface.map_or("?", |interface| &interface.name)))]
        }
        Effect::Announce(announcements) => {
            let speaker = announcements.first().and_then(|first| announcer(host, first));
            one(speaker.unwrap_or_else(|| "?".to_owned()), format!("announce {}", rounds(announcements)))
        }
        Effect::Report(event) => vec![Deed::Logged(wording(&Event::from(event.clone())).message)],
        Effect::Notify(notification) => told(notification),
    }
}

/// The instance, or `static`.
fn whose(host: &Host, owner: Owner) -> String {
    match owner {
        Owner::Instance(id) => host.model.instances.get(id.0).map_or("?".to_owned(), |one| one.name.to_string()),
        Owner::Static => "static".to_owned(),
    }
}

fn names(items: &[Item]) -> String {
    items.iter().map(items::name).collect::<Vec<_>>().join(" ")
}

fn told(notification: &Notification) -> Vec<Deed> {
    match notification {
        Notification::Instance { name, state: now, priority, .. } => vec![
            Deed::Instance { name: name.to_string(), what: format!("notify {}", state(*now)) },
            Deed::Told(format!("instance {name} {} {priority}", state(*now))),
        ],
        Notification::SyncGroup { name, state: now, .. } => vec![Deed::Told(format!("group {name} {}", state(*now)))],
        Notification::StillInState { name, state: now, .. } => {
            vec![Deed::Told(format!("{name} still {}", state(*now)))]
        }
        Notification::RealServer { .. } | Notification::VirtualServer { .. } => {
            vec![Deed::Told("of real servers, which is not its business".to_owned())]
        }
    }
}

fn list(addresses: &[Placement]) -> String {
    let shown: Vec<String> = addresses.iter().map(|placement| placement.address.cidr.address.to_string()).collect();
    shown.join(" ")
}

fn announcer(host: &Host, announcement: &Announcement) -> Option<String> {
    let found = host.model.instances.iter().find(|instance| {
        let mut all = instance.virtual_addresses.iter().chain(&instance.excluded_addresses);
        all.any(|address| address.cidr.address == announcement.address)
    });
    Some(found?.name.to_string())
}

/// `A B 5 times` for A B A B A B A B A B.
fn rounds(announcements: &[Announcement]) -> String {
    let all: Vec<IpAddr> = announcements.iter().map(|announcement| announcement.address).collect();
    let period = (1..=all.len())
        .find(|period| all.len().is_multiple_of(*period) && all.chunks(*period).all(|chunk| *chunk == all[..*period]))
        .unwrap_or(all.len());
    let shown: Vec<String> = all.iter().take(period).map(IpAddr::to_string).collect();
    match all.len().checked_div(period) {
        Some(count) if count > 1 => format!("{} {count} times", shown.join(" ")),
        _ => shown.join(" "),
    }
}

/// A counter of `Statistics` by the name that scenarios use.
pub fn counter(router: &Router, instance: InstanceId, name: &str) -> Option<u64> {
    let counted = router.statistics(instance)?;
    Some(match name {
        "received" => counted.adverts_received,
        "sent" => counted.adverts_sent,
        "became_master" => counted.became_master,
        "released_master" => counted.released_master,
        "length_errors" => counted.length_errors,
        "ttl_errors" => counted.ttl_errors,
        "type_errors" => counted.type_errors,
        "address_list_errors" => counted.address_list_errors,
        "authentication_type_errors" => counted.authentication_type_errors,
        "authentication_mismatches" => counted.authentication_mismatches,
        "authentication_failures" => counted.authentication_failures,
        "priority_zero_received" => counted.priority_zero_received,
        "priority_zero_sent" => counted.priority_zero_sent,
        "checksum_errors" => counted.checksum_errors,
        "version_errors" => counted.version_errors,
        _ => return None,
    })
}
