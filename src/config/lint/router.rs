//! What one file alone shows.

use super::{Both, Router, place, within};
use crate::config::block::value;
use crate::config::block::vrrp_instance::State;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::vrrp::Version;

type Lint = fn(&Router<'_>, &mut Vec<Diagnostic>);

pub const LINTS: &[Lint] =
    &[same_virtual_router, group_timing, master_nopreempt, address_without_prefix, strict_address];

/// Two instances with one VRID on one interface. Those that cannot run together at all were refused before.
fn same_virtual_router(router: &Router<'_>, found: &mut Vec<Diagnostic>) {
    let all: Vec<Both<'_>> = router.instances().collect();
    for (at, one) in all.iter().enumerate() {
        let same = |other: &&Both<'_>| {
            other.runs.vrid == one.runs.vrid
                && other.runs.family == one.runs.family
                && other.runs.interface == one.runs.interface
                && one.runs.interface.is_some()
        };
        for other in all.iter().skip(at + 1).filter(same) {
            let interface = one.runs.interface.as_ref().map_or("", |interface| interface.as_str());
            let words = format!(
                "({}) and ({}) both use virtual_router_id {} on {interface}",
                one.runs.name, other.runs.name, one.runs.vrid
            );
            let vrid =
                |both: &Both<'_>| place(both.declared.virtual_router_id.map(|vrid| vrid.span), both.declared.span);
            let finding = Diagnostic::late(Code::SameVirtualRouter, vrid(other), words).label("the second one");
            found.push(
                finding
                    .also(vrid(one), "the first one")
                    .help("routers that hear both cannot tell them apart: give one of them another number"),
            );
        }
    }
}

/// Members of a group move together, so they must notice a dead master at the same time.
fn group_timing(router: &Router<'_>, found: &mut Vec<Diagnostic>) {
    for group in &router.model.vrrp.sync_groups {
        let members: Vec<Both<'_>> = router
            .instances()
            .filter(|both| {
                let at = router.model.vrrp.instances.iter().position(|one| one.name == both.runs.name);
                group.members.iter().any(|id| Some(id.0) == at)
            })
            .collect();
        let Some((first, rest)) = members.split_first() else { continue };
        for other in rest {
            if other.runs.version != first.runs.version {
                let words = format!(
                    "sync group {}: ({}) speaks version {} and ({}) version {}",
                    group.name, first.runs.name, first.runs.version, other.runs.name, other.runs.version
                );
                let span =
                    |both: &Both<'_>| place(both.declared.version.map(|version| version.span), both.declared.span);
                found.push(
                    Diagnostic::late(Code::GroupTiming, span(other), words)
                        .also(span(first), "differs from this one")
                        .help("give all members of the group one `version`"),
                );
            }
            if other.runs.advert_interval != first.runs.advert_interval {
                let words = format!(
                    "sync group {}: ({}) advertises every {}s and ({}) every {}s",
                    group.name,
                    first.runs.name,
                    first.runs.advert_interval,
                    other.runs.name,
                    other.runs.advert_interval
                );
                let span =
                    |both: &Both<'_>| place(both.declared.advert_int.map(|given| given.span), both.declared.span);
                found.push(
                    Diagnostic::late(Code::GroupTiming, span(other), words)
                        .also(span(first), "differs from this one")
                        .help("give all members of the group one `advert_int`: they change state together"),
                );
            }
        }
    }
}

/// The original clears nopreempt then, and the router takes over from a living master after all.
fn master_nopreempt(router: &Router<'_>, found: &mut Vec<Diagnostic>) {
    for both in router.instances() {
        let (Some(nopreempt), Some(State::Master)) = (both.declared.nopreempt, value(&both.declared.state)) else {
            continue;
        };
        let words = format!("({}) nopreempt has no effect together with state MASTER", both.runs.name);
        let state = place(both.declared.state.map(|state| state.span), both.declared.span);
        found.push(
            Diagnostic::late(Code::MasterNopreempt, nopreempt.span, words)
                .label("is cleared")
                .also(state, "because of this")
                .help("write `state BACKUP` on both routers"),
        );
    }
}

/// An address without mask is a host route: nobody reaches it unless a network of the interface holds it.
fn address_without_prefix(router: &Router<'_>, found: &mut Vec<Diagnostic>) {
    for both in router.instances() {
        for declared in &both.declared.virtual_addresses {
            let set = both.runs.virtual_addresses.iter().find(|one| one.cidr.address == declared.cidr.address);
            let Some(interface) = set.and_then(|one| one.interface.as_ref()) else { continue };
            if declared.peer.is_some() || router.sources.slice(declared.span).contains('/') {
                continue;
            }
            let networks = router.host.addresses(interface.as_str());
            let address = declared.cidr.address;
            let same_family = networks.iter().any(|network| network.address.is_ipv4() == address.is_ipv4());
            if !same_family || networks.iter().any(|network| within(address, network)) {
                continue;
            }
            let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
            let words = format!("({}) {address} has no mask and is in no network of {interface}", both.runs.name);
            found.push(
                Diagnostic::late(Code::HostRoute, declared.span, words)
                    .label("becomes an address with a full-length prefix")
                    .note(format!("{interface} has {}", shown.join(", ")))
                    .help(format!("write its prefix length, as in `{address}/24`, unless a router routes it here")),
            );
        }
    }
}

/// RFC 3768 and RFC 9568 without Accept_Mode: the master forwards for the addresses and does not answer on them.
fn strict_address(router: &Router<'_>, found: &mut Vec<Diagnostic>) {
    for both in router.instances() {
        let runs = both.runs;
        if !runs.strict || runs.accept || runs.virtual_addresses.is_empty() {
            continue;
        }
        let global = router.config.global.vrrp_strict.map(|strict| strict.span);
        let strict = both.declared.strict_mode.map(|strict| strict.span).or(global);
        let words = format!("({}) in strict mode nobody reaches anything at the virtual addresses", runs.name);
        let help = match runs.version {
            Version::V3 => "add `accept`, or leave strict mode off",
            Version::V2 => "leave strict mode off, or use `version 3` with `accept`",
        };
        let mut finding = Diagnostic::late(Code::StrictAddress, place(strict, both.declared.span), words)
            .label("drops every packet to them while master, ping included");
        if let Some(first) = both.declared.virtual_addresses.first() {
            finding = finding.also(first.span, "to this one, say");
        }
        found.push(finding.help(help));
    }
}
