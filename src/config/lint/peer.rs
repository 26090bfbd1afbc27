//! What must not differ between the two routers, and what must: told here, where the original tells of it packet by
//! packet once both run.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Both, Router, place};
use crate::base::name::Authentication;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::vrrp::{Instance, Transport};

/// Two routers. Spans of the second are shifted to where its text will stand behind the first's.
pub struct Pair<'a> {
    first: &'a Router<'a>,
    second: &'a Router<'a>,
    shift: u32,
    /// Instances that are one virtual router: by name, else by number and family.
    same: Vec<(Both<'a>, Both<'a>)>,
}

type Lint = fn(&Pair<'_>, &mut Vec<Diagnostic>);

pub const LINTS: &[Lint] = &[missing, vrid, version, addresses, interval, authentication, transport, priority, groups];

impl<'a> Pair<'a> {
    pub fn new(first: &'a Router<'a>, second: &'a Router<'a>, shift: u32) -> Pair<'a> {
        let match_of = |one: &Both<'a>| {
            let by_name = second.instances().find(|other| other.runs.name == one.runs.name);
            by_name.or_else(|| {
                let named = |other: &Both<'a>| first.instances().any(|one| one.runs.name == other.runs.name);
                second.instances().find(|other| {
                    other.runs.vrid == one.runs.vrid && other.runs.family == one.runs.family && !named(other)
                })
            })
        };
        let same = first.instances().filter_map(|one| Some((one, match_of(&one)?))).collect();
        Pair { first, second, shift, same }
    }

    fn theirs(&self, span: Span) -> Span {
        span.shifted(self.shift)
    }

    /// A finding with one label in each file.
    fn differs(&self, code: Code, own: (Span, String), theirs: (Span, String), words: String) -> Diagnostic {
        Diagnostic::late(code, own.0, words).label(own.1).also(self.theirs(theirs.0), theirs.1)
    }
}

/// Instances that only one of them has.
fn missing(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for one in pair.first.instances() {
        if !pair.same.iter().any(|(own, _)| own.runs.name == one.runs.name) {
            let words = format!("({}) the other router has no such virtual router", one.runs.name);
            found.push(
                Diagnostic::late(Code::PeerMissing, one.declared.span, words)
                    .label("only here")
                    .help("without a second router nobody takes over its addresses"),
            );
        }
    }
    for other in pair.second.instances() {
        if !pair.same.iter().any(|(_, theirs)| theirs.runs.name == other.runs.name) {
            let words = format!("({}) only the other router has this virtual router", other.runs.name);
            found
                .push(Diagnostic::late(Code::PeerMissing, pair.theirs(other.declared.span), words).label("only there"));
        }
    }
}

fn vrid(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        if own.runs.vrid == theirs.runs.vrid {
            continue;
        }
        let span = |both: &Both<'_>| place(both.declared.virtual_router_id.map(|vrid| vrid.span), both.declared.span);
        let words = format!(
            "({}) virtual_router_id {} here and {} on the other router",
            own.runs.name, own.runs.vrid, theirs.runs.vrid
        );
        let finding = pair.differs(Code::PeerVrid, (span(own), "here".into()), (span(theirs), "there".into()), words);
        found.push(finding.help("give both the same number: with two numbers both become master"));
    }
}

fn version(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        if own.runs.version == theirs.runs.version {
            continue;
        }
        let span = |both: &Both<'_>| place(both.declared.version.map(|version| version.span), both.declared.span);
        let words = format!(
            "({}) version {} here and {} on the other router",
            own.runs.name, own.runs.version, theirs.runs.version
        );
        let finding =
            pair.differs(Code::PeerVersion, (span(own), "here".into()), (span(theirs), "there".into()), words);
        found.push(
            finding
                .note("at run time each drops the other's adverts: `wrong VRRP version`")
                .help("give both the same `version`"),
        );
    }
}

fn advertised(instance: &Instance) -> BTreeSet<IpAddr> {
    instance.virtual_addresses.iter().map(|address| address.cidr.address).collect()
}

fn addresses(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        let (here, there) = (advertised(own.runs), advertised(theirs.runs));
        for (lacking, has, which) in [(&there, *own, "only here"), (&here, *theirs, "only there")] {
            let first = which == "only here";
            for address in advertised(has.runs).difference(lacking) {
                let declared = has.declared.virtual_addresses.iter().find(|one| one.cidr.address == *address);
                let span = declared.map_or(has.declared.span, |one| one.span);
                let (at, other) = if first {
                    (span, pair.theirs(theirs.declared.span))
                } else {
                    (pair.theirs(span), own.declared.span)
                };
                let words = format!("({}) virtual address {address} is {which}", own.runs.name);
                found.push(
                    Diagnostic::late(Code::PeerAddresses, at, words)
                        .label(which)
                        .also(other, "not of this one")
                        .note(format!(
                            "at run time the other one's adverts are dropped: `expected {} VIPs but received {}`",
                            here.len(),
                            there.len()
                        ))
                        .help("list the same addresses on both; those that need not be compared go into `virtual_ipaddress_excluded`"),
                );
            }
        }
    }
}

fn interval(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        if own.runs.advert_interval == theirs.runs.advert_interval {
            continue;
        }
        let span = |both: &Both<'_>| place(both.declared.advert_int.map(|given| given.span), both.declared.span);
        let words = format!(
            "({}) advert_int {} here and {} on the other router",
            own.runs.name, own.runs.advert_interval, theirs.runs.advert_interval
        );
        let finding =
            pair.differs(Code::PeerInterval, (span(own), "here".into()), (span(theirs), "there".into()), words);
        found.push(finding.help("give both the same `advert_int`: with version 2 each drops the other's adverts"));
    }
}

fn authentication(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        let same = own.runs.authentication == theirs.runs.authentication && own.runs.auth_hmac == theirs.runs.auth_hmac;
        if same {
            continue;
        }
        let what = |instance: &Instance| match (&instance.auth_hmac, instance.authentication) {
            (Some(_), _) => "signed adverts",
            (None, Authentication::None) => "no authentication",
            (None, Authentication::Pass(_)) => "a password",
            (None, Authentication::Ah(_)) => "an AH key",
        };
        let span = |both: &Both<'_>| match both.declared.auth_hmac.span {
            Some(span) => span,
            None if both.declared.authentication.auth_type.is_some() => both.declared.authentication.span,
            None => both.declared.span,
        };
        let (here, there) = (what(own.runs), what(theirs.runs));
        let words = if here == there {
            format!("({}) both use {here}, but not the same", own.runs.name)
        } else {
            format!("({}) {here} here and {there} on the other router", own.runs.name)
        };
        let finding =
            pair.differs(Code::PeerAuthentication, (span(own), here.into()), (span(theirs), there.into()), words);
        found.push(finding.help("give both the same authentication: each drops the other's adverts"));
    }
}

fn transport(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        let why = match (&own.runs.transport, &theirs.runs.transport) {
            (Transport::Multicast { group }, Transport::Multicast { group: other }) if group == other => continue,
            (Transport::Multicast { group }, Transport::Multicast { group: other }) => {
                format!("adverts go to {group} here and to {other} on the other router")
            }
            (Transport::Unicast { .. }, Transport::Unicast { .. }) => continue,
            (Transport::Multicast { .. }, Transport::Unicast { .. }) => {
                "multicast here and unicast on the other router".to_owned()
            }
            (Transport::Unicast { .. }, Transport::Multicast { .. }) => {
                "unicast here and multicast on the other router".to_owned()
            }
        };
        let span = |both: &Both<'_>| {
            let group = both.declared.mcast_dst_ip.map(|group| group.span);
            place(group.or(both.declared.unicast_peers.first().map(|peer| peer.span)), both.declared.span)
        };
        let words = format!("({}) {why}", own.runs.name);
        let finding =
            pair.differs(Code::PeerTransport, (span(own), "here".into()), (span(theirs), "there".into()), words);
        found.push(finding.help("let both send in the same way: else neither hears the other"));
    }
}

fn priority(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    for (own, theirs) in &pair.same {
        if own.runs.priority != theirs.runs.priority {
            continue;
        }
        let span = |both: &Both<'_>| place(both.declared.priority.map(|priority| priority.span), both.declared.span);
        let words = format!("({}) both routers have priority {}", own.runs.name, own.runs.priority);
        let finding =
            pair.differs(Code::PeerPriority, (span(own), "here".into()), (span(theirs), "there".into()), words);
        found.push(
            finding.help("give the one that should be master a higher `priority`: now the higher address decides"),
        );
    }
}

/// The members of an instance's group, by name.
fn group<'a>(router: &Router<'a>, instance: &Instance) -> Option<(BTreeSet<&'a str>, Span)> {
    let vrrp = &router.model.vrrp;
    let at = vrrp.instances.iter().position(|one| one.name == instance.name)?;
    let group = vrrp.sync_groups.iter().find(|group| group.members.iter().any(|id| id.0 == at))?;
    let declared = router.config.sync_groups.iter().find(|one| one.name == group.name.as_str())?;
    let members = group.members.iter().filter_map(|id| vrrp.instances.get(id.0)).map(|one| one.name.as_str());
    Some((members.collect(), declared.span))
}

fn groups(pair: &Pair<'_>, found: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for (own, theirs) in &pair.same {
        let (here, there) = (group(pair.first, own.runs), group(pair.second, theirs.runs));
        let members = |group: &Option<(BTreeSet<&str>, Span)>| -> Option<Vec<String>> {
            group.as_ref().map(|(members, _)| members.iter().map(|name| (*name).to_owned()).collect())
        };
        let (with, other) = (members(&here), members(&there));
        if with == other || !told.insert((with.clone(), other.clone())) {
            continue;
        }
        let show = |members: &Option<Vec<String>>| match members {
            Some(members) => format!("in a sync group of {}", members.join(", ")),
            None => "in no sync group".to_owned(),
        };
        let words = format!("({}) is {} here and {} on the other router", own.runs.name, show(&with), show(&other));
        let finding = pair.differs(
            Code::PeerGroups,
            (here.map_or(own.declared.span, |(_, span)| span), "here".into()),
            (there.map_or(theirs.declared.span, |(_, span)| span), "there".into()),
            words,
        );
        found.push(finding.help("group them alike: else they part when one of them changes state"));
    }
}
