//! The rows of `model::event::kernel`.

use std::io;

use super::{Ident, Level, Wording};
use crate::base::name::{InstanceName, InterfaceName};
use crate::model::event::kernel::Event;
use crate::model::route::{Item, static_address};

pub(super) fn wording(event: &Event) -> Wording {
    let (id, level, message, fields) = match event {
        Event::AddressRefused { address, index, adding, errno } => (
            "netlink_address_refused",
            Level::Info,
            format!(
                "Netlink: error: {}({errno}), type={}, address={address}, ifindex={}",
                text(*errno),
                if *adding { "RTM_NEWADDR(20)" } else { "RTM_DELADDR(21)" },
                index.0
            ),
            vec![("address", address.to_string()), ("errno", errno.to_string())],
        ),
        Event::ItemRefused { item, adding, errno } => {
            let (kind, what) = match (item, adding) {
                (Item::Address(_), true) => ("RTM_NEWADDR(20)", "address"),
                (Item::Address(_), false) => ("RTM_DELADDR(21)", "address"),
                (Item::Route(_), true) => ("RTM_NEWROUTE(24)", "route"),
                (Item::Route(_), false) => ("RTM_DELROUTE(25)", "route"),
                (Item::Rule(_), true) => ("RTM_NEWRULE(32)", "rule"),
                (Item::Rule(_), false) => ("RTM_DELRULE(33)", "rule"),
            };
            let words = match item {
                Item::Address(place) => static_address(&place.address, None),
                Item::Route(place) => place.route.to_string(),
                Item::Rule(rule) => rule.to_string(),
            };
            (
                "netlink_item_refused",
                Level::Info,
                format!("Netlink: error: {}({errno}), type={kind}, {what}={words}", text(*errno)),
                vec![(what, words), ("errno", errno.to_string())],
            )
        }
        Event::CannotPromote { index, error } => (
            "sysctl_refused",
            Level::Warn,
            format!("Cannot set promote_secondaries on interface {} - {error}", index.0),
            vec![("interface", index.0.to_string()), ("error", error.clone())],
        ),
        Event::AnswersLost { error } => (
            "netlink_answers_lost",
            Level::Warn,
            format!("Netlink: answers lost ({error}), reading the addresses back"),
            vec![("error", error.clone())],
        ),
        Event::MonitorFailed { error } => (
            "netlink_monitor_failed",
            Level::Error,
            format!("Netlink: cannot follow links and addresses ({error}), trying again"),
            vec![("error", error.clone())],
        ),
        Event::CannotSend { destination, error } => (
            "advert_not_sent",
            Level::Info,
            format!("Cannot send adverts to {destination} - {error}"),
            vec![("peer", destination.to_string()), ("error", error.clone())],
        ),
        Event::SendsAgain { destination } => (
            "advert_sent_again",
            Level::Info,
            format!("Sending adverts to {destination} works again"),
            vec![("peer", destination.to_string())],
        ),
        Event::CannotAnnounce { address, index, error } => (
            "announcement_not_sent",
            Level::Info,
            format!(
                "Error ({error}) sending {} on interface {} for {address}",
                if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" },
                index.0
            ),
            vec![("address", address.to_string()), ("error", error.clone())],
        ),
        Event::CannotReceive { error } => (
            "advert_not_received",
            Level::Warn,
            format!("Cannot receive adverts - {error}"),
            vec![("error", error.clone())],
        ),
        Event::DeviceMade { owner, name, ipvlan, adjusted } => (
            "device_made",
            Level::Info,
            match (ipvlan, adjusted) {
                (true, _) => format!("({owner}): Success creating ipvlan interface {name}"),
                (false, true) => format!("({owner}): Success updating VMAC interface {name}"),
                (false, false) => format!("({owner}): Success creating VMAC interface {name}"),
            },
            about(owner, name),
        ),
        Event::DeviceRefused { owner, name, ipvlan, error } => (
            "device_refused",
            Level::Error,
            format!(
                "({owner}): Unable to create {} interface {name} - {error}",
                if *ipvlan { "ipvlan" } else { "VMAC" }
            ),
            [about(owner, name), vec![("error", error.clone())]].concat(),
        ),
        Event::DeviceReplaced { owner, name } => (
            "device_replaced",
            Level::Info,
            format!("({owner}) Removing old VMAC interface {name} due to conflicting interface"),
            about(owner, name),
        ),
        Event::DeviceRemoved { owner, name } => (
            "device_removed",
            Level::Info,
            format!("({owner}) Success removing VMAC interface {name}"),
            about(owner, name),
        ),
        Event::DeviceNotRemoved { owner, name, error } => (
            "device_not_removed",
            Level::Error,
            format!("({owner}) Error removing VMAC interface {name} - {error}"),
            [about(owner, name), vec![("error", error.clone())]].concat(),
        ),
        Event::SettingMoved { key, from, to, back } => (
            "setting_moved",
            Level::Info,
            if *back {
                format!("NOTICE: resetting sysctl net.{} to {to}", key.replace('/', "."))
            } else {
                format!("NOTICE: setting sysctl net.{} from {from} to {to}", key.replace('/', "."))
            },
            vec![("key", key.clone()), ("previous", from.clone()), ("value", to.clone())],
        ),
        Event::SettingRefused { key, error } => (
            "setting_refused",
            Level::Error,
            format!("Cannot set net/{key} - {error}; traffic of a virtual MAC may suffer"),
            vec![("key", key.clone()), ("error", error.clone())],
        ),
        Event::FirewallRefused { table, error } => (
            "firewall_refused",
            Level::Error,
            format!("Cannot set up the nftables table {table} - {error}"),
            vec![("table", table.clone()), ("error", error.clone())],
        ),
        Event::BarRefused { table, adding, error } => (
            "bar_refused",
            Level::Error,
            format!(
                "Cannot {} addresses {} the nftables table {table} - {error}",
                if *adding { "add" } else { "remove" },
                if *adding { "to" } else { "from" }
            ),
            vec![("table", table.clone()), ("error", error.clone())],
        ),
        Event::KeeperFailed { error } => (
            "keeper_failed",
            Level::Error,
            format!("Cannot look after virtual interfaces and the firewall - {error}"),
            vec![("error", error.clone())],
        ),
    };
    Wording { id, level, ident: Ident::KeepalivedVrrp, detail: false, message, fields }
}

fn about(owner: &InstanceName, name: &InterfaceName) -> Vec<(&'static str, String)> {
    vec![("instance", owner.to_string()), ("interface", name.to_string())]
}

/// The C library's words for an errno, without the number that Rust adds.
fn text(errno: i32) -> String {
    let whole = io::Error::from_raw_os_error(errno).to_string();
    whole.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::net::{Cidr, InterfaceIndex};

    /// VR-255: the beginning that operators look for.
    #[test]
    fn refused_addresses_are_told_as_the_original_does() {
        let address = Cidr { address: "10.0.0.1".parse().unwrap(), prefix: 24 };
        let event = Event::AddressRefused { address, index: InterfaceIndex(2), adding: true, errno: 22 };
        let message = wording(&event).message;
        assert!(message.starts_with("Netlink: error: Invalid argument(22), type=RTM_NEWADDR(20), "), "{message}");
    }
}
