//! Routes and rules, by numbers where iproute2 has names. What could take the words behind it for its own comes last.

use std::fmt::Display;
use std::net::IpAddr;

use super::writer::{Writer, word};
use crate::base::name::{InterfaceName, TrackGroupName};
use crate::base::net::{Cidr, Family};
use crate::model::route::{
    Action, CONGESTION_CONTROL, Encap, Insertion, KINDS, Metric, Metrics, NextHop, Realms, Route, Rule, Static,
    Statics, TrackGroup, Tunnel,
};
use crate::model::vrrp::Instance;
use std::sync::Arc;

/// Metrics by their words; only the first may be locked.
const LOCKABLE: [(Metric, &str); 9] = [
    (Metric::Mtu, "mtu"),
    (Metric::AdvertisedMss, "advmss"),
    (Metric::Reordering, "reordering"),
    (Metric::CongestionWindow, "cwnd"),
    (Metric::SlowStartThreshold, "ssthresh"),
    (Metric::Rtt, "rtt"),
    (Metric::RttVariance, "rttvar"),
    (Metric::MinimumRto, "rto_min"),
    (Metric::Window, "window"),
];
const PLAIN: [(Metric, &str); 5] = [
    (Metric::HopLimit, "hoplimit"),
    (Metric::InitialCongestionWindow, "initcwnd"),
    (Metric::InitialReceiveWindow, "initrwnd"),
    (Metric::QuickAck, "quickack"),
    (Metric::FastOpenNoCookie, "fastopen_no_cookie"),
];

/// The words of an entry.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn add(&mut self, text: impl Display) {
        self.0.push(text.to_string());
    }

    fn given(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(format_args!("{name} {value}"));
        }
    }

    fn device(&mut self, name: &str, interface: &Option<InterfaceName>) {
        self.given(name, interface.as_ref().map(|interface| word(interface.as_str())));
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.add(name);
        }
    }

    fn text(self) -> String {
        self.0.join(" ")
    }
}

/// Groups first: items name them.
pub fn statics(out: &mut Writer, statics: &Statics, instances: &[Arc<Instance>]) {
    let Statics { addresses, routes, rules, groups } = statics;
    for TrackGroup { name, instances: members } in groups {
        out.open(format_args!("track_group {}", word(name.as_str())));
        let names = members.iter().filter_map(|id| instances.get(id.0)).map(|instance| word(instance.name.as_str()));
        out.entries("group", names);
        out.close();
    }
    let address = |Static { item, track_group }: &Static<_>| {
        let mut words = Words::default();
        words.add(super::address::entry(item, None));
        words.given("track_group", group(track_group));
        words.text()
    };
    out.entries("static_ipaddress", addresses.iter().map(address));
    out.entries("static_routes", routes.iter().map(|Static { item, track_group }| route(item, track_group.as_ref())));
    out.entries("static_rules", rules.iter().map(|Static { item, track_group }| rule(item, track_group.as_ref())));
}

fn group(name: &Option<TrackGroupName>) -> Option<String> {
    name.as_ref().map(|name| word(name.as_str()))
}

/// One entry of `virtual_routes` or `static_routes`.
pub fn route(route: &Route, track_group: Option<&TrackGroupName>) -> String {
    let Route {
        destination,
        kind,
        kind_given,
        source,
        preferred_source,
        tos,
        table,
        protocol,
        scope,
        metric,
        gateway,
        interface,
        onlink,
        encap,
        expires,
        realms,
        metrics: values,
        preference,
        ttl_propagate,
        nexthops,
        insertion,
        no_track,
    } = route;
    let mut words = Words::default();
    words.add(match insertion {
        Insertion::Add => "add",
        Insertion::Prepend => "prepend",
        Insertion::Append => "append",
    });
    if *kind_given {
        let named = KINDS.iter().find(|(_, number)| number == kind);
        words.add(named.map_or_else(|| kind.to_string(), |(name, _)| (*name).to_owned()));
    }
    words.add(destination);
    words.given("from", *source);
    words.given("src", *preferred_source);
    words.given("tos", Some(tos).filter(|tos| **tos != 0).map(|tos| format!("{tos:#x}")));
    words.given("table", Some(table));
    words.given("protocol", Some(protocol));
    words.given("scope", *scope);
    words.given("metric", *metric);
    words.given("via", *gateway);
    words.device("dev", interface);
    words.flag("onlink", *onlink);
    words.given("expires", *expires);
    self::realms(&mut words, realms);
    metrics(&mut words, values);
    words.given(
        "pref",
        preference.map(|preference| match preference {
            0 => "medium".to_owned(),
            1 => "high".to_owned(),
            3 => "low".to_owned(),
            number => number.to_string(),
        }),
    );
    words.given("ttl-propagate", ttl_propagate.map(|on| if on { "enabled" } else { "disabled" }));
    words.flag("no_track", *no_track);
    words.given("track_group", track_group.map(|name| word(name.as_str())));
    match alternatives(nexthops) {
        // Of two families, which only the old form of a second gateway allows.
        Some((first, second)) if Family::of(first) != Family::of(second) => {
            words.add(format_args!("via {first} or {second}"));
            self::encap(&mut words, encap);
        }
        _ => {
            self::encap(&mut words, encap);
            nexthops.iter().for_each(|hop| nexthop(&mut words, hop));
        }
    }
    words.text()
}

/// The two gateways of a route that has nothing but these.
fn alternatives(hops: &[NextHop]) -> Option<(IpAddr, IpAddr)> {
    match hops {
        [NextHop { gateway: Some(first), .. }, NextHop { gateway: Some(second), .. }] => Some((*first, *second)),
        _ => None,
    }
}

fn nexthop(words: &mut Words, hop: &NextHop) {
    let NextHop { gateway, interface, weight, onlink, encap, realms } = hop;
    words.add("nexthop");
    words.given("via", *gateway);
    words.device("dev", interface);
    words.given("weight", *weight);
    words.flag("onlink", *onlink);
    self::realms(words, realms);
    self::encap(words, encap);
}

fn realms(words: &mut Words, realms: &Option<Realms>) {
    if let Some(Realms { source, destination }) = realms {
        match source {
            0 => words.add(format_args!("realms {destination}")),
            _ => words.add(format_args!("realms {source}/{destination}")),
        }
    }
}

fn encap(words: &mut Words, encap: &Option<Encap>) {
    match encap {
        None => {}
        Some(Encap::Ip(tunnel)) => self::tunnel(words, tunnel, ["ip", "tos", "ttl"]),
        Some(Encap::Ip6(tunnel)) => self::tunnel(words, tunnel, ["ip6", "tc", "hoplimit"]),
        Some(Encap::Mpls(labels)) => {
            let labels: Vec<String> = labels.iter().map(u32::to_string).collect();
            words.add(format_args!("encap mpls {}", labels.join("/")));
        }
        Some(Encap::Ila(locator)) => {
            let number = u64::from_be_bytes(*locator);
            let groups = [48, 32, 16, 0].map(|shift| format!("{:x}", number >> shift & 0xffff));
            words.add(format_args!("encap ila {}", groups.join(":")));
        }
    }
}

fn tunnel<Address: Display>(words: &mut Words, tunnel: &Tunnel<Address>, names: [&str; 3]) {
    let Tunnel { id, destination, source, tos, ttl, flags } = tunnel;
    let [kind, tos_name, ttl_name] = names;
    words.add(format_args!("encap {kind}"));
    words.given("id", *id);
    words.given("dst", destination.as_ref());
    words.given("src", source.as_ref());
    words.given(tos_name, tos.map(|tos| format!("{tos:#x}")));
    words.given(ttl_name, *ttl);
    words.given("flags", *flags);
}

/// Times as the kernel's own numbers, which are read without a unit.
fn metrics(words: &mut Words, metrics: &Metrics) {
    let Metrics { values, congestion_control, locked: _ } = metrics;
    let lock = |number: u8| if metrics.is_locked(number) { "lock " } else { "" };
    if let Some(name) = congestion_control {
        words.add(format_args!("congctl {}{}", lock(CONGESTION_CONTROL), word(name)));
    }
    for (metric, name) in LOCKABLE {
        words.given(name, values.get(&metric).map(|value| format!("{}{value}", lock(metric as u8))));
    }
    for (metric, name) in PLAIN {
        words.given(name, values.get(&metric));
    }
    words.flag("features ecn", values.contains_key(&Metric::Features));
}

/// One entry of `virtual_rules` or `static_rules`.
pub fn rule(rule: &Rule, track_group: Option<&TrackGroupName>) -> String {
    let Rule {
        family,
        invert,
        from,
        to,
        priority,
        tos,
        mark,
        mask,
        realms,
        suppress_prefix_length,
        suppress_group,
        input,
        output,
        tunnel,
        users,
        protocol,
        ip_protocol,
        source_ports,
        destination_ports,
        action,
        no_track,
    } = rule;
    let mut words = Words::default();
    words.flag("not", *invert);
    let anywhere = match family {
        Family::V4 => "0.0.0.0/0",
        Family::V6 => "::/0",
    };
    let end = |end: &Option<Cidr>| end.map_or_else(|| anywhere.to_owned(), |end| end.to_string());
    words.given("from", Some(end(from)));
    words.given("to", Some(end(to)));
    words.given("priority", Some(priority));
    words.given("tos", Some(tos).filter(|tos| **tos != 0).map(|tos| format!("{tos:#x}")));
    if let Some(mark) = mark {
        let mask = mask.map_or_else(String::new, |mask| format!("/{mask:#x}"));
        words.add(format_args!("fwmark {mark:#x}{mask}"));
    }
    self::realms(&mut words, realms);
    words.given("suppress_prefixlength", *suppress_prefix_length);
    words.given("suppress_ifgroup", *suppress_group);
    words.device("iif", input);
    words.device("oif", output);
    words.given("tunnel-id", *tunnel);
    words.given("uidrange", users.map(|(first, last)| format!("{first}-{last}")));
    words.given("protocol", *protocol);
    words.given("ipproto", *ip_protocol);
    words.given("sport", source_ports.map(|(first, last)| format!("{first}-{last}")));
    words.given("dport", destination_ports.map(|(first, last)| format!("{first}-{last}")));
    match action {
        Action::Table(table) => words.add(format_args!("table {table}")),
        Action::L3mdev => words.add("l3mdev"),
        Action::Goto(target) => words.add(format_args!("goto {target}")),
        Action::Nop => words.add("nop"),
        Action::Blackhole => words.add("blackhole"),
        Action::Unreachable => words.add("unreachable"),
        Action::Prohibit => words.add("prohibit"),
    }
    words.flag("no_track", *no_track);
    words.given("track_group", track_group.map(|name| word(name.as_str())));
    words.text()
}
