//! One line of `virtual_routes` or `static_routes`.

mod encap;
mod nexthop;

use std::net::IpAddr;

use super::words::{Bad, Prefix, Step, Words, kept};
use crate::base::name::{InterfaceName, TrackGroupName};
use crate::base::net::Family;
use crate::config::iproute::{List, c_number};
use crate::config::lower::{Reader, Stop};
use crate::config::tree::Line;
use crate::config::value::{Decimal, Fault, Parsed, Value};
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::route::{
    CONGESTION_CONTROL, Insertion, KINDS, MAIN_TABLE, Metric, Metrics, NextHop, PROTOCOL, Route, UNICAST,
};

/// A route as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    pub span: Span,
    pub route: Route,
    /// The interfaces that it names: each must be there.
    pub devices: Vec<Spanned<String>>,
    pub track_group: Option<TrackGroupName>,
}

const MIXED: &str = "Cannot mix IPv4 and IPv6 addresses for route";
/// RTAX_FEATURE_ECN.
const ECN: u32 = 1;
/// Bounds of times, in milliseconds: what the kernel's TCP allows (TCP_RTO_MIN, TCP_RTO_MAX).
const SHORTEST: u32 = 200;
const LONGEST: u32 = 120_000;

/// The route of a line; `None`: it is dropped, which was said. Only static routes may have a `track_group`.
pub fn read(line: &Line<'_>, may_track: bool, reader: &mut Reader<'_>) -> Result<Option<RouteEntry>, Stop> {
    let words = Words { line, reader, at: 0 };
    let read = Reading { words, may_track, parts: Parts::default() }.read();
    kept(read)
}

/// What has been read of a line.
#[derive(Default)]
struct Parts {
    family: Option<Family>,
    destination: Option<Prefix>,
    kind: Option<u8>,
    source: Option<Prefix>,
    preferred_source: Option<IpAddr>,
    tos: u8,
    table: Option<u32>,
    protocol: Option<u8>,
    scope: Option<u8>,
    metric: Option<u32>,
    gateway: Option<IpAddr>,
    device: Option<Spanned<String>>,
    onlink: bool,
    encap: Option<crate::model::route::Encap>,
    expires: Option<u32>,
    realms: Option<crate::model::route::Realms>,
    metrics: Metrics,
    preference: Option<u8>,
    ttl_propagate: Option<bool>,
    nexthops: Vec<NextHop>,
    hop_devices: Vec<Spanned<String>>,
    insertion: Insertion,
    no_track: bool,
    track_group: Option<TrackGroupName>,
}

struct Reading<'w, 'l, 't> {
    words: Words<'w, 'l, 't>,
    may_track: bool,
    parts: Parts,
}

impl Reading<'_, '_, '_> {
    fn read(mut self) -> Step<RouteEntry> {
        while let Some(word) = self.words.next() {
            match word {
                "nexthop" => {
                    if !self.parts.nexthops.is_empty() {
                        self.words.complain("Cannot specify nexthops with \"or\" route");
                        let rest = "Route has trailing nonsense - nexthop";
                        return self.words.refuse(rest);
                    }
                    self.words.at -= 1;
                    self.nexthops()?;
                    break;
                }
                _ => self.word(word)?,
            }
        }
        self.finish()
    }

    fn word(&mut self, word: &str) -> Step<()> {
        let words = &mut self.words;
        match word {
            "inet" | "inet6" => {
                let (family, other) = if word == "inet" { (Family::V4, "IPv6") } else { (Family::V6, "IPv4") };
                if self.parts.family.is_some_and(|given| given != family) {
                    return words.refuse(format!("{word} specified for {other} route"));
                }
                self.parts.family = Some(family);
                // QUIRK kept: the word behind it is not looked at.
                words.at += 1;
            }
            "src" => {
                let text = words.value()?;
                let Some(address) = words.address(text) else {
                    return words.refuse(format!("invalid route src address {text}"));
                };
                self.of_family(Some(Family::of(address)), MIXED)?;
                self.parts.preferred_source = Some(address);
            }
            "as" => {
                if words.value()? == "to" {
                    words.at += 1;
                }
                words.complain("\"as to\" for MPLS only - ignoring");
            }
            "via" | "gw" => self.gateway(word)?,
            "from" => self.source()?,
            "tos" | "dsfield" => self.parts.tos = words.named(List::Services, "TOS value {} is invalid")? as u8,
            "table" => {
                self.parts.table = Some(words.named(List::Tables, "Routing table {} not found for route")?);
            }
            "protocol" => {
                let complaint = "Protocol {} not found or invalid for route";
                self.parts.protocol = Some(words.named(List::Protocols, complaint)? as u8);
            }
            "scope" => {
                self.parts.scope = Some(words.named(List::Scopes, "Scope {} not found or invalid for route")? as u8);
            }
            "metric" | "priority" | "preference" => {
                self.parts.metric = Some(words.number(u32::MAX, "Invalid metric {} specified for route")?);
            }
            "dev" | "oif" => {
                let name = words.value()?.to_owned();
                self.parts.device = Some(Spanned::new(name, words.span()));
            }
            "onlink" => self.parts.onlink = true,
            "encap" => {
                if let Some(encap) = encap::read(words)? {
                    self.parts.encap = Some(encap);
                }
            }
            "expires" => {
                words.value()?;
                words.at -= 1;
                self.only_ipv6("expires is only valid for IPv6")?;
                let complaint = "Invalid expires time {} specified for route";
                self.parts.expires = Some(self.words.number(u32::MAX, complaint)?);
            }
            "realms" => {
                let realms = words.realms("Invalid realms {} for route")?;
                if self.parts.family == Some(Family::V6) {
                    return words.refuse("realms are only valid for IPv4");
                }
                self.parts.family = Some(Family::V4);
                self.parts.realms = realms;
            }
            "pref" => self.preference()?,
            "ttl-propagate" => {
                let text = words.value()?;
                self.parts.ttl_propagate = Some(text == "enabled");
                if text != "enabled" && text != "disabled" {
                    words.complain(format!("ttl-propagate value {text} not recognised"));
                }
            }
            "add" => self.parts.insertion = Insertion::Add,
            "prepend" => self.parts.insertion = Insertion::Prepend,
            "append" => self.parts.insertion = Insertion::Append,
            "or" => self.or()?,
            "no_track" => self.parts.no_track = true,
            "track_group" if self.may_track => self.track_group()?,
            "vrf" => self.vrf()?,
            _ if self.metric(word)? => {}
            _ => self.destination(word)?,
        }
        Ok(())
    }

    /// What this word says of the family must not contradict what others said.
    fn of_family(&mut self, family: Option<Family>, complaint: &str) -> Step<()> {
        match (self.parts.family, family) {
            (Some(given), Some(now)) if given != now => self.words.refuse(complaint),
            (given, now) => {
                self.parts.family = given.or(now);
                Ok(())
            }
        }
    }

    fn only_ipv6(&mut self, complaint: &str) -> Step<()> {
        if self.parts.family == Some(Family::V4) {
            return self.words.refuse(complaint);
        }
        self.parts.family = Some(Family::V6);
        Ok(())
    }

    fn gateway(&mut self, word: &str) -> Step<()> {
        let words = &mut self.words;
        if word == "gw" {
            let span = words.span();
            words.reader.report(Code::Deprecated, span, "\"gw\" for routes is deprecated. Please use \"via\"");
        }
        let mut text = words.value()?;
        let family = match text {
            "inet" => Some(Family::V4),
            "inet6" => Some(Family::V6),
            _ => None,
        };
        if family.is_some() {
            text = words.value()?;
            self.of_family(family, MIXED)?;
        }
        let Some(address) = self.words.address(text) else {
            return self.words.refuse(format!("invalid route via address {text}"));
        };
        self.of_family(Some(Family::of(address)), MIXED)?;
        self.parts.gateway = Some(address);
        Ok(())
    }

    fn source(&mut self) -> Step<()> {
        let words = &mut self.words;
        let text = words.value()?;
        let Some(prefix) = words.prefix(text) else {
            return words.refuse(format!("invalid route from address {text}"));
        };
        if prefix.family() != Some(Family::V6) {
            return words.refuse(format!("route from address only supported with IPv6 ({text})"));
        }
        self.parts.source = Some(prefix);
        self.of_family(Some(Family::V6), MIXED)
    }

    fn preference(&mut self) -> Step<()> {
        self.words.value()?;
        self.words.at -= 1;
        self.only_ipv6("pref is only valid for IPv6")?;
        let text = self.words.value()?;
        self.parts.preference = Some(match text {
            "low" => 3,
            "medium" => 0,
            "high" => 1,
            _ => self.words.number_in(text, 255, "Invalid pref value {} specified for route")? as u8,
        });
        Ok(())
    }

    /// Words of RTA_METRICS; false when it is none of them.
    fn metric(&mut self, word: &str) -> Step<bool> {
        let (metric, most, complaint, lockable) = match word {
            "mtu" => (Metric::Mtu, u32::MAX, "Invalid MTU {} specified for route", true),
            "hoplimit" => (Metric::HopLimit, 255, "Invalid hoplimit {} specified for route", false),
            "advmss" => (Metric::AdvertisedMss, u32::MAX, "Invalid advmss {} specified for route", true),
            "reordering" => (Metric::Reordering, u32::MAX, "Invalid reordering value {} specified for route", true),
            "window" => (Metric::Window, u32::MAX, "Invalid window value {} specified for route", false),
            "cwnd" => (Metric::CongestionWindow, u32::MAX, "Invalid cwnd value {} specified for route", true),
            "ssthresh" => (Metric::SlowStartThreshold, u32::MAX, "Invalid ssthresh value {} specified for route", true),
            "initcwnd" => {
                (Metric::InitialCongestionWindow, u32::MAX, "Invalid initcwnd value {} specified for route", false)
            }
            "initrwnd" => {
                (Metric::InitialReceiveWindow, u32::MAX, "Invalid initrwnd value {} specified for route", false)
            }
            "quickack" => (Metric::QuickAck, 1, "Invalid quickack value {} specified for route", false),
            "fastopen_no_cookie" => {
                (Metric::FastOpenNoCookie, 1, "Invalid fastopen_no_cookie value {} specified for route", false)
            }
            "rtt" => return self.time(Metric::Rtt, 8, "rtt", "Invalid rtt {} for route"),
            "rttvar" => return self.time(Metric::RttVariance, 4, "rtt", "Invalid rttvar {} for route"),
            "rto_min" => {
                return self.time(Metric::MinimumRto, 1, "rto", "Invalid rto_min value {} specified for route");
            }
            "features" => {
                let text = self.words.value()?;
                if text == "ecn" {
                    self.parts.metrics.values.insert(Metric::Features, ECN);
                } else {
                    self.words.complain(format!("feature {text} not supported"));
                }
                return Ok(true);
            }
            "congctl" => {
                self.lock(CONGESTION_CONTROL)?;
                self.parts.metrics.congestion_control = Some(self.words.value()?.to_owned());
                return Ok(true);
            }
            _ => return Ok(false),
        };
        if lockable {
            self.lock(metric as u8)?;
        }
        let value = self.words.number(most, complaint)?;
        self.parts.metrics.values.insert(metric, value);
        Ok(true)
    }

    /// `lock` before the value.
    fn lock(&mut self, number: u8) -> Step<()> {
        if self.words.value()? == "lock" {
            self.parts.metrics.locked |= 1 << number;
        } else {
            self.words.at -= 1;
        }
        Ok(())
    }

    /// A time in seconds or milliseconds, or a bare number of the kernel's units.
    fn time(&mut self, metric: Metric, per_milli: u32, what: &str, complaint: &str) -> Step<bool> {
        self.lock(metric as u8)?;
        let text = self.words.value()?;
        match self.units(text, per_milli, what) {
            Some(value) => {
                self.parts.metrics.values.insert(metric, value);
                Ok(true)
            }
            None => self.words.refuse(complaint.replace("{}", text)),
        }
    }

    fn units(&mut self, text: &str, per_milli: u32, what: &str) -> Option<u32> {
        let text = text.trim_start();
        let (digits, scale, raw) = match text.find(['s', 'S']) {
            None => (text, 0, true),
            Some(at) => {
                let (before, unit) = text.split_at_checked(at)?;
                if !["s", "sec", "secs"].iter().any(|known| unit.eq_ignore_ascii_case(known)) {
                    return None;
                }
                let (digits, scale) = match before.strip_suffix(['m', 'M']) {
                    Some(digits) => (digits, 0),
                    None => (before, 3),
                };
                if digits.is_empty() {
                    return None;
                }
                (digits, scale, false)
            }
        };
        if digits.contains(['e', 'E']) {
            self.words.complain(format!("{what} value exponential form {text} no longer supported"));
            return None;
        }
        let parsed = decimal(digits, scale, u64::from(LONGEST * per_milli));
        let found = self.words.judge(parsed)?;
        let value = if raw { found } else { found.saturating_mul(u64::from(per_milli)) };
        let (least, most) = (SHORTEST * per_milli, LONGEST * per_milli);
        if value > u64::from(most) {
            let seconds = LONGEST / 1000;
            self.words.complain(format!("{what} value {text} exceeds maximum {seconds}s, resetting"));
            return Some(most);
        }
        if value < u64::from(least) {
            self.words.complain(format!("{what} value {text} below minimum {SHORTEST}ms, resetting"));
            return Some(least);
        }
        // invariant: not above `most`.
        Some(value as u32)
    }

    /// `or`: the old form of a second gateway.
    fn or(&mut self) -> Step<()> {
        let words = &mut self.words;
        let span = words.span();
        words.reader.report(Code::Deprecated, span, "\"or\" for routes is deprecated. Please use \"nexthop\"");
        if !self.parts.nexthops.is_empty() {
            words.complain("\"or\" route already specified - ignoring subsequent");
            words.at += 1;
            return Ok(());
        }
        let text = words.value()?;
        let Some(second) = words.address(text) else {
            return words.refuse(format!("Invalid \"or\" address {text}"));
        };
        let first = self.parts.gateway.take();
        self.parts.nexthops.push(NextHop { gateway: first, ..NextHop::default() });
        self.parts.nexthops.push(NextHop { gateway: Some(second), ..NextHop::default() });
        Ok(())
    }

    fn track_group(&mut self) -> Step<()> {
        let words = &mut self.words;
        if self.parts.track_group.is_some() {
            let name = words.value()?;
            words.complain(format!("track_group {name} is a duplicate"));
            return words.refuse(format!("Route has trailing nonsense - {name}"));
        }
        self.parts.track_group = words.track_group()?.map(|name| TrackGroupName::new(&name));
        Ok(())
    }

    fn vrf(&mut self) -> Step<()> {
        let words = &mut self.words;
        let name = words.value()?;
        if words.reader.host.interface(name).is_none() {
            return words.refuse(format!("VRF {name} not found for route"));
        }
        let Some(table) = words.reader.host.vrf_table(name) else {
            return words.refuse(format!("Route specified VRF {name} is not a VRF"));
        };
        self.parts.table = Some(table);
        Ok(())
    }

    /// Anything else is `[to] [KIND] DESTINATION`.
    fn destination(&mut self, word: &str) -> Step<()> {
        let mut text = word;
        if word == "to" {
            // QUIRK kept: the kind is looked for in the word `to`.
            text = self.words.value()?;
        } else if let Some(kind) = kind(word) {
            self.parts.kind = Some(kind);
            text = self.words.value()?;
        }
        let Some(prefix) = self.words.prefix(text) else {
            return self.words.refuse(format!("unknown route keyword {text}"));
        };
        // QUIRK kept: `default` fits no family that was given before.
        if self.parts.family.is_some() && prefix.family() != self.parts.family {
            return self.words.refuse(format!("{MIXED} ({text})"));
        }
        self.parts.family = prefix.family();
        self.parts.destination = Some(prefix);
        Ok(())
    }

    fn finish(mut self) -> Step<RouteEntry> {
        let Some(destination) = self.parts.destination else {
            return self.words.refuse("Route must have a destination");
        };
        let parts = &mut self.parts;
        let words = &mut self.words;
        if !parts.no_track {
            if parts.protocol.is_some_and(|protocol| protocol != PROTOCOL) {
                words.complain(format!(
                    "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED({PROTOCOL}), resetting protocol"
                ));
            }
            parts.protocol = Some(PROTOCOL);
        }
        if parts.track_group.is_some() && parts.device.is_none() {
            words.complain("Static route cannot have track group if no oif specified");
            parts.track_group = None;
        }
        let family = parts.family.unwrap_or(Family::V4);
        let name = |device: &Spanned<String>| InterfaceName::new(&device.value);
        let parts = self.parts;
        let route = Route {
            destination: destination.in_family(family),
            kind: parts.kind.unwrap_or(UNICAST),
            kind_given: parts.kind.is_some(),
            source: parts.source.map(|source| source.in_family(family)),
            preferred_source: parts.preferred_source,
            tos: parts.tos,
            table: parts.table.unwrap_or(MAIN_TABLE),
            protocol: parts.protocol.unwrap_or(PROTOCOL),
            scope: parts.scope,
            metric: parts.metric,
            gateway: parts.gateway,
            interface: parts.device.as_ref().map(name),
            onlink: parts.onlink,
            encap: parts.encap,
            expires: parts.expires,
            realms: parts.realms,
            metrics: parts.metrics,
            preference: parts.preference,
            ttl_propagate: parts.ttl_propagate,
            nexthops: parts.nexthops,
            insertion: parts.insertion,
            no_track: parts.no_track,
        };
        let devices = parts.device.into_iter().chain(parts.hop_devices).collect();
        Ok(RouteEntry { span: self.words.line.whole(), route, devices, track_group: parts.track_group })
    }
}

/// A kind of route by name or number.
fn kind(word: &str) -> Option<u8> {
    let named = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    named.or_else(|| c_number(word).filter(|_| !word.starts_with('-')).and_then(|number| u8::try_from(number).ok()))
}

/// A decimal number of `scale` places, as a number of the last place.
fn decimal(text: &str, scale: u32, most: u64) -> Parsed<u64> {
    let parsed = match scale {
        0 => Decimal::<0, { u64::MAX }, 0>::parse(text, false).map(|number| number.0),
        _ => Decimal::<0, { u64::MAX }, 3>::parse(text, false).map(|number| number.0),
    };
    match parsed.value {
        Some(value) if value > most => {
            let show = |value: u64| match scale {
                0 => format!("{value}."),
                _ => format!("{}.{:03}", value / 1000, value % 1000),
            };
            let (zero, most) = (if scale == 0 { "0.".to_owned() } else { show(0) }, show(most));
            Parsed::bad(Fault::Number(format!("number '{text}' outside range [{zero}, {most}]")))
        }
        _ => parsed,
    }
}

impl Reading<'_, '_, '_> {
    /// `nexthop …` to the end of the line. A bad one and what follows it is left out; the route stays.
    fn nexthops(&mut self) -> Step<()> {
        let mut hops = nexthop::Hops { words: &mut self.words, family: &mut self.parts.family, found: Vec::new() };
        match hops.read() {
            Ok(()) | Err(Bad::Dropped) => {}
            Err(Bad::Stop) => return Err(Bad::Stop),
        }
        for (hop, device) in hops.found {
            self.parts.nexthops.push(hop);
            self.parts.hop_devices.extend(device);
        }
        self.words.at = self.words.line.len();
        Ok(())
    }
}
