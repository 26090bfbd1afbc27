//! The rows of `model::event::vrrp`. The original writes all of them at level info (IF-224).

mod fact;
mod flaw;
mod mismatch;

use super::{Ident, Level, Wording};
use crate::base::name::TrackGroupName;
use crate::base::net::Family;
use crate::model::event::vrrp::Event;
use crate::model::route::{Item, host_or_net, static_address};
use crate::model::track::ScriptOutcome;
use crate::model::vrrp::{PollMethod, SocketAddress, State};

pub(super) fn wording(event: &Event) -> Wording {
    let row = match event {
        Event::Instance { name, fact } => fact::row(name, fact),
        Event::Syncing { group, state } => always(
            "vrrp_group_syncing",
            format!("VRRP_Group({group}) Syncing instances to {} state", shown(*state)),
            vec![("group", group.to_string()), ("state", shown(*state).to_owned())],
        ),
        Event::StartupDelayed { delay } => always(
            "vrrp_startup_delay",
            format!("Delaying startup for {delay} seconds"),
            vec![("delay", delay.to_string())],
        ),
        Event::StartupDelayOver => always("vrrp_startup_delay_over", "Delayed start completed".to_owned(), vec![]),
        Event::ScriptStatus { script, status } => always(
            "script_status",
            format!("Script `{script}` now returning {status}"),
            vec![("script", script.to_string()), ("status", status.to_string())],
        ),
        Event::ScriptSucceeded { script } => {
            always("script_succeeded", format!("VRRP_Script({script}) succeeded"), vec![("script", script.to_string())])
        }
        Event::ScriptFailed { script, outcome } => always(
            "script_failed",
            match outcome {
                ScriptOutcome::Exited(status) => format!("VRRP_Script({script}) failed (exited with status {status})"),
                ScriptOutcome::Signalled(signal) => {
                    format!("VRRP_Script({script}) failed (due to signal {signal})")
                }
                ScriptOutcome::TimedOut => format!("VRRP_Script({script}) timed_out"),
            },
            vec![("script", script.to_string())],
        ),
        Event::ScriptConsidered { script, up } => always(
            "script_considered",
            format!("VRRP_Script({script}) considered {}successful on reload", if *up { "" } else { "un" }),
            vec![("script", script.to_string())],
        ),
        Event::ProcessQuorum { process, gained } => always(
            if *gained { "process_quorum_gained" } else { "process_quorum_lost" },
            format!("Quorum {} for tracked process {process}", if *gained { "gained" } else { "lost" }),
            vec![("process", process.to_string())],
        ),
        Event::LinkAppeared { interface } => {
            always("link_appeared", format!("Interface {interface} added"), vec![("interface", interface.to_string())])
        }
        Event::LinkGone { interface } => {
            always("link_gone", format!("Interface {interface} deleted"), vec![("interface", interface.to_string())])
        }
        Event::LinkRenamed { from, to } => always(
            "link_renamed",
            format!("Interface name has changed from {from} to {to}"),
            vec![("interface", to.to_string()), ("previous", from.to_string())],
        ),
        Event::LinkUp { interface, polled } => always(
            "link_up",
            format!("{} reports {interface} up", reporter(*polled)),
            vec![("interface", interface.to_string())],
        ),
        Event::LinkDown { interface, polled } => always(
            "link_down",
            format!("{} reports {interface} down", reporter(*polled)),
            vec![("interface", interface.to_string())],
        ),
        Event::LinksPolled => {
            always("links_polled", "Using MII-BMSR/ETHTOOL NIC polling thread(s)...".to_owned(), vec![])
        }
        Event::LinksNotPolled { error } => Row {
            level: Level::Error,
            ..always(
                "links_not_polled",
                format!("open linkbeat init socket failed - {error}: the states that the kernel tells count"),
                vec![("error", error.clone())],
            )
        },
        Event::PollMethodRefused { interface, wanted, used } => always(
            "poll_method_refused",
            format!(
                "({interface}): Configured linkbeat type {} not supported, using {}",
                method(*wanted),
                method(*used)
            ),
            vec![("interface", interface.to_string())],
        ),
        Event::LinkDelayed { interface, from, to, delay } => always(
            "link_delayed",
            format!("{interface}: Adding flags change from 0x{from:x} to 0x{to:x} delay by {}", delay.as_micros()),
            vec![("interface", interface.to_string()), ("delay", delay.to_string())],
        ),
        Event::SourceAssigned { address, interface } => detail(
            "source_assigned",
            format!("Assigned address {address} for interface {interface}"),
            vec![("address", address.to_string()), ("interface", interface.to_string())],
        ),
        Event::SourceGone { address, interface } => detail(
            "source_gone",
            format!("Deassigned address {address} from interface {interface}"),
            vec![("address", address.to_string()), ("interface", interface.to_string())],
        ),
        Event::AddressSeen { address, interface, gone } => always(
            "address_seen",
            format!(
                "Netlink reflector reports IP {address} {} {interface}",
                if *gone { "removed from" } else { "added to" }
            ),
            vec![("address", address.to_string()), ("interface", interface.to_string())],
        ),
        Event::AddressTaken { address, interface } => always(
            "address_taken",
            format!("Netlink reflector reports IP {} removed from {interface}", address.address),
            vec![("address", address.to_string()), ("interface", interface.to_string())],
        ),
        Event::ItemTaken { item } => {
            let (what, words) = item_words(item, None);
            always("item_taken", format!("Netlink reflector reports {what} {words} removed"), vec![(what, words)])
        }
        Event::StaticRestored { item, track_group } => {
            let (what, words) = item_words(item, track_group.as_ref());
            always("static_restored", format!("Restoring deleted static {what} {words}"), vec![(what, words)])
        }
        Event::StaticWaits { address, interface } => always(
            "static_waits",
            format!("Not adding address {} to {interface} since interface doesn't exist", host_or_net(*address)),
            vec![("address", address.to_string()), ("interface", interface.to_string())],
        ),
        Event::ItemNoLonger { item } => {
            let (what, words) = item_words(item, None);
            let message = match item {
                Item::Address(place) => {
                    let interface = place.address.interface.as_ref().map_or("-", |name| name.as_str());
                    format!("(static) ip address {} dev {interface}, no longer exist", place.address.cidr)
                }
                Item::Route(place) => format!("Removing route {}", host_or_net(place.route.destination)),
                Item::Rule(rule) => {
                    let from = rule.from.map_or_else(|| "all".to_owned(), host_or_net);
                    let to = rule.to.map_or_else(String::new, |to| format!(" to {}", host_or_net(to)));
                    format!("ip rule from {from}{to} removed")
                }
            };
            detail("item_no_longer", message, vec![(what, words)])
        }
        Event::BlockRemoved { rules: true } => {
            always("rules_removed", "Removing a VirtualRule block".to_owned(), vec![])
        }
        Event::BlockRemoved { rules: false } => {
            detail("routes_removed", "Removing a VirtualRoute block".to_owned(), vec![])
        }
        Event::UnknownVrid { vrid, interface, from } => {
            let interface = interface.as_ref().map_or("-", |name| name.as_str());
            always(
                "vrrp_unknown_vrid",
                format!("Unknown VRID({vrid}) received on interface({interface}) from {from}. ignoring..."),
                vec![("vrid", vrid.to_string()), ("interface", interface.to_owned()), ("peer", from.to_string())],
            )
        }
        Event::PacketTooShort { family, ah, length } => always(
            "vrrp_packet_too_short",
            match (family, ah) {
                (Family::V4, false) => format!("IPv4 VRRP packet too short - {length} bytes"),
                (Family::V4, true) => format!("IPv4 VRRP packet with AH too short - {length} bytes"),
                (Family::V6, _) => format!("IPv6 VRRP packet too short - {length} bytes"),
            },
            vec![("length", length.to_string())],
        ),
        Event::Announced { interface, address } => detail(
            "announced",
            match Family::of(*address) {
                Family::V4 => format!("Sending gratuitous ARP on {interface} for {address}"),
                Family::V6 => format!("Sending unsolicited Neighbour Advert on {interface} for {address}"),
            },
            vec![("interface", interface.to_string()), ("address", address.to_string())],
        ),
        Event::SocketRefused { socket, error } => {
            let address = match socket.local {
                SocketAddress::Group(address) | SocketAddress::Unicast(address) => address,
            };
            let protocol = if socket.ah { 51 } else { 112 };
            let index = socket.interface.map_or(0, |index| index.0);
            Row {
                level: Level::Error,
                ..always(
                    "vrrp_socket_refused",
                    format!(
                        "VRRP sockpool: cannot open socket [ifindex({index:3}), family({}), proto({protocol}), \
                         address({address})]: {error}",
                        socket.family
                    ),
                    vec![("address", address.to_string()), ("error", error.clone())],
                )
            }
        }
    };
    Wording {
        id: row.id,
        level: row.level,
        ident: Ident::KeepalivedVrrp,
        detail: row.detail,
        message: row.message,
        fields: row.fields,
    }
}

/// A wording but for its ident.
struct Row {
    id: &'static str,
    level: Level,
    detail: bool,
    message: String,
    fields: Vec<(&'static str, String)>,
}

fn always(id: &'static str, message: String, fields: Vec<(&'static str, String)>) -> Row {
    Row { id, level: Level::Info, detail: false, message, fields }
}

fn detail(id: &'static str, message: String, fields: Vec<(&'static str, String)>) -> Row {
    Row { detail: true, ..always(id, message, fields) }
}

const fn method(method: PollMethod) -> &'static str {
    match method {
        PollMethod::Mii => "MII",
        PollMethod::Ethtool => "ETHTOOL",
        PollMethod::Ioctl => "IOCTL",
    }
}

/// Who says how a link is.
const fn reporter(polled: bool) -> &'static str {
    if polled { "Linkbeat" } else { "Netlink" }
}

/// What kind of thing it is, and the thing itself.
fn item_words(item: &Item, track_group: Option<&TrackGroupName>) -> (&'static str, String) {
    let group = track_group.map_or_else(String::new, |name| format!(" track_group {name}"));
    match item {
        Item::Address(place) => ("address", static_address(&place.address, track_group)),
        Item::Route(place) => ("route", format!("{}{group}", place.route)),
        Item::Rule(rule) => ("rule", format!("{rule}{group}")),
    }
}

/// As logs, scripts and SNMP spell it.
fn shown(state: State) -> &'static str {
    match state {
        State::Initialize => "INIT",
        State::Backup => "BACKUP",
        State::Master => "MASTER",
        State::Fault => "FAULT",
    }
}

#[cfg(test)]
mod tests;
