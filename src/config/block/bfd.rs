//! `bfd_instance`, and the lists that name one.

use std::net::IpAddr;

use super::checker::{BFD_CHECK, Checker, Kind};
use super::root::Config;
use super::track::Tracked;
use super::virtual_server::RealServer;
use super::{Given, value};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Decimal, Fault, Flag, Number, Value, integer};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};

/// The longest name (VR-296).
const LONGEST_NAME: usize = 31;
/// Intervals above 10 s are remarked on.
const SENSIBLE: u64 = 10_000_000;

/// `bfd_instance NAME { … }`.
#[derive(Debug, Default)]
pub struct BfdInstance {
    pub name: String,
    pub span: Span,
    pub neighbor_ip: Given<IpAddr>,
    pub source_ip: Given<IpAddr>,
    pub min_rx: Given<Milliseconds<1_000>>,
    pub min_tx: Given<Milliseconds<1_000>>,
    pub idle_tx: Given<Milliseconds<1_000_000>>,
    pub multiplier: Given<Number<1, 255>>,
    pub passive: Given<Flag>,
    pub ttl: Given<Number<1, 255>>,
    pub max_hops: Given<Number<-1, 255>>,
    pub multihop: Given<bool>,
    pub weight: i16,
    pub reverse: bool,
    pub vrrp: Given<Flag>,
    pub checker: Given<Flag>,
    /// Left out: a list may name it, but it never comes up.
    pub disabled: bool,
}

/// Milliseconds with three places, in microseconds.
type Milliseconds<const MIN: u64> = Decimal<MIN, 4_294_967_000, 3>;

impl BfdInstance {
    /// VR-313: none of `vrrp` and `checker` means both.
    pub fn for_vrrp(&self) -> bool {
        self.vrrp.is_some() || self.checker.is_none()
    }

    pub fn for_checkers(&self) -> bool {
        self.checker.is_some() || self.vrrp.is_none()
    }
}

keywords! {
    pub static BFD_INSTANCE: BfdInstance {
        set "source_ip" (source_ip: IpAddr = "") "Local address." { complaint: "Configuration error: BFD instance {block} has malformed source address {}, ignoring" };
        call "neighbor_ip" (neighbor_ip, Value, "<ipaddr>", "") "Address of the peer.";
        call "neighbour_ip" (neighbor_ip, Value, "<ipaddr>", "") "Address of the peer.";
        set "min_rx" (min_rx: Milliseconds<1_000> = "10") "Required receive interval in milliseconds." { complaint: "Configuration error: BFD instance {block} min_rx value {} is not valid (must be in range [1-4294967]), ignoring" };
        set "min_tx" (min_tx: Milliseconds<1_000> = "10") "Desired transmit interval in milliseconds." { complaint: "Configuration error: BFD instance {block} min_tx value {} is not valid (must be in range [1-4294967]), ignoring" };
        set "idle_tx" (idle_tx: Milliseconds<1_000_000> = "1000") "Transmit interval while down in milliseconds." { complaint: "Configuration error: BFD instance {block} idle_tx value {} is not valid (must be in range [1000-4294967]), ignoring" };
        set "multiplier" (multiplier: Number<1, 255> = "5") "Intervals after which the peer counts as down." { lax: false, complaint: "Configuration error: BFD instance {block} multiplier value {} not valid (must be in range [1-255]), ignoring" };
        set "passive" (passive: Flag = "") "Wait for the peer to start.";
        set "ttl" (ttl: Number<1, 255> = "255") "TTL of what is sent." { lax: false, complaint: "Configuration error: BFD instance {block} ttl/hoplimit value {} not valid (must be in range [1-255]), ignoring" };
        set "hoplimit" (ttl: Number<1, 255> = "64") "Hop limit of what is sent." { lax: false, complaint: "Configuration error: BFD instance {block} ttl/hoplimit value {} not valid (must be in range [1-255]), ignoring" };
        set "max_hops" (max_hops: Number<{ -1 }, 255> = "0") "Hops that what is received may have made; -1: any number." { lax: false, complaint: "Configuration error: BFD instance {block} max_hops value {} not valid (must be in range [-1-255]), ignoring" };
        set "multihop" (multihop: bool = "false") "Use the port of multihop sessions." { since: "2.2.8" };
        call "weight" (weight, Words, "<int> [reverse]", "0") "What it adds to the priority; 0: down is a fault." { complaint: "Configuration error: BFD instance {block} weight value {} not valid (must be in range [-253-253]), ignoring" };
        set "vrrp" (vrrp: Flag = "") "Report to VRRP.";
        set "checker" (checker: Flag = "") "Report to checkers.";
    }
}

fn neighbor_ip(block: &mut BfdInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let text = reader.need(line, 1)?;
    match IpAddr::parse(text, false).value {
        Some(address) => block.neighbor_ip = Some(Spanned::new(address, line.span(1))),
        None => {
            block.disabled = true;
            let name = &block.name;
            let words = format!(
                "Configuration error: BFD instance {name} has malformed neighbor address {text}, ignoring instance"
            );
            reader.report(Code::BlockRefused, line.span(1), words);
        }
    }
    Ok(())
}

fn weight(block: &mut BfdInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let text = reader.need(line, 1)?;
    let parsed = integer(text, -253, 253, row.lax && !reader.test);
    reader.judge(parsed.fault, text, line.span(1), row);
    let Some(weight) = parsed.value else { return Ok(()) };
    block.weight = weight as i16;
    block.reverse = match line.word(2) {
        None => false,
        Some("reverse") => true,
        Some(word) => {
            let words = format!("Configuration error: BFD instance {} unknown weight option {word}", block.name);
            reader.report(Code::InvalidValue, line.span(2), words);
            false
        }
    };
    Ok(())
}

/// Reads one session; its name is known to lists behind it even when the session itself cannot be used.
pub fn bfd_instance(
    config: &mut Config,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let Some(name) = line.word(1).map(str::to_owned) else {
        reader.report(Code::BlockRefused, line.whole(), "BFD instance must have a name - skipping");
        reader.skip_block();
        return Ok(());
    };
    let refusal = if name.len() > LONGEST_NAME {
        Some(format!("name too long (maximum length is {LONGEST_NAME} characters) - ignoring"))
    } else {
        config.bfd_instances.iter().any(|one| one.name == name).then(|| "already configured - ignoring".to_owned())
    };
    if let Some(refusal) = refusal {
        let words = format!("Configuration error: BFD instance {name} {refusal}");
        let mut finding = Diagnostic::at(Code::BlockRefused, line.span(1), words);
        if let Some(first) = config.bfd_instances.iter().find(|one| one.name == name) {
            finding = finding.also(first.span, "first defined here");
        }
        reader.found.push(finding);
        reader.skip_block();
        return Ok(());
    }
    let mut block = BfdInstance { name: name.clone(), span: line.span(1), ..BfdInstance::default() };
    reader.block_name.clone_from(&name);
    reader.block("bfd_instance", line, BFD_INSTANCE, &mut block)?;
    complete(&mut block, &config.bfd_instances, reader);
    if block.for_vrrp() {
        reader.declared.bfd_for_vrrp.insert(name.clone(), block.span);
    }
    if block.for_checkers() {
        reader.declared.bfd_for_checkers.insert(name, block.span);
    }
    config.bfd_instances.push(block);
    Ok(())
}

/// The rules at the end of a block.
fn complete(block: &mut BfdInstance, others: &[BfdInstance], reader: &mut Reader<'_>) {
    if block.disabled {
        return;
    }
    let (name, span) = (block.name.clone(), block.span);
    let given =
        [("min_rx", micros(&block.min_rx)), ("min_tx", micros(&block.min_tx)), ("idle_tx", micros(&block.idle_tx))];
    for (what, interval) in given {
        if let Some(interval) = interval.filter(|interval| *interval > SENSIBLE) {
            let words = format!(
                "Configuration warning: BFD instance {name} {what} value {} is larger than max sensible (10000)",
                interval / 1_000
            );
            reader.found.push(Diagnostic::late(Code::Logged, span, words));
        }
    }
    let mut refuse = |why: String| {
        reader.at_end(Code::BlockRefused, span, format!("Configuration error: BFD instance {name} {why}"));
        true
    };
    let source = value(&block.source_ip);
    let Some(neighbor) = value(&block.neighbor_ip) else {
        block.disabled = refuse("has no neighbor address set, disabling instance".to_owned());
        return;
    };
    if let Some(source) = source.filter(|source| source.is_ipv4() != neighbor.is_ipv4()) {
        let words = format!("source address {source} and neighbor address {neighbor} are not of the same family");
        block.disabled = refuse(format!("{words}, disabling instance"));
        return;
    }
    // Packets that do not yet name the session are told apart by their addresses only (VR-299).
    let multihop = |one: &BfdInstance| value(&one.multihop).unwrap_or(false);
    let same = |one: &&BfdInstance| {
        let from = value(&one.source_ip);
        !one.disabled
            && value(&one.neighbor_ip) == Some(neighbor)
            && multihop(one) == multihop(block)
            && (from.is_none() || source.is_none() || from == source)
    };
    if others.iter().any(|one| same(&one)) {
        let what = match source {
            Some(source) => format!("source/neighbor address {source}/{neighbor}"),
            None => format!("neighbor address {neighbor}"),
        };
        block.disabled = refuse(format!("has duplicate {what}, ignoring instance"));
        return;
    }
    let ttl = ttl(block, neighbor);
    if let Some(hops) = block.max_hops.filter(|hops| hops.value.0 > i64::from(ttl)) {
        block.max_hops = Some(Spanned::new(Number(i64::from(ttl)), hops.span));
        let words = format!("BFD instance {name}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit");
        reader.at_end(Code::Adjusted, hops.span, words);
    }
}

/// VR-295: 255 for IPv4, 64 for IPv6 unless given.
pub fn ttl(block: &BfdInstance, neighbor: IpAddr) -> u8 {
    let usual = if neighbor.is_ipv4() { 255 } else { 64 };
    // invariant: read as 1..=255.
    value(&block.ttl).map_or(usual, |ttl| ttl.0 as u8)
}

fn micros<const MIN: u64>(given: &Given<Milliseconds<MIN>>) -> Option<u64> {
    value(given).map(|interval| interval.0)
}

/// One line of a `track_bfd` list: `NAME [weight N [reverse|noreverse]]`.
pub fn tracked(list: &mut Vec<Tracked>, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = line.keyword();
    let owner = reader.block_name.clone();
    if !reader.declared.bfd_for_vrrp.contains_key(name) {
        let words = format!("({owner}) track bfd {name} not found, ignoring...");
        reader.report(Code::NotFound, line.span(0), words);
        return Ok(());
    }
    if list.iter().any(|other| other.name == name) {
        reader.report(Code::Duplicate, line.span(0), format!("({owner}) duplicate track_bfd {name} - ignoring"));
        return Ok(());
    }
    let mut entry = Tracked { name: name.to_owned(), span: line.span(0), weight: None, reverse: None };
    if let Some(word) = line.word(1) {
        if word != "weight" {
            let words = format!("({owner}) unknown track bfd {name} option {word} - ignoring");
            reader.report(Code::InvalidValue, line.span(1), words);
            return Ok(());
        }
        let Some(text) = line.word(2) else {
            let words = format!("({owner}) weight without value specified for track bfd {name} - ignoring");
            reader.report(Code::InvalidValue, line.span(1), words);
            return Ok(());
        };
        let parsed = integer(text, -253, 253, !reader.test);
        match parsed.fault {
            None | Some(Fault::Bad) => {}
            Some(Fault::Tolerated(words)) => reader.report(Code::InvalidNumber, line.span(2), words),
            Some(Fault::Number(words)) => {
                reader.report(Code::InvalidNumber, line.span(2), words);
                let words =
                    format!("({owner}) weight for track bfd {name} must be in [-253..253] inclusive. Ignoring...");
                reader.report(Code::InvalidValue, line.span(2), words);
            }
        }
        entry.weight = parsed.value.map(|weight| weight as i16);
        entry.reverse = match line.word(3) {
            None => None,
            Some("reverse") => Some(true),
            Some("noreverse") => Some(false),
            Some(word) => {
                let words = format!("({owner}) unknown track bfd {name} weight option {word} - ignoring");
                reader.report(Code::InvalidValue, line.span(3), words);
                return Ok(());
            }
        };
    }
    list.push(entry);
    Ok(())
}

/// CK-130: one session counts once for a real server.
pub fn bfd_check(
    block: &mut RealServer,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let mut checker = Checker::new(Kind::Bfd, line.whole());
    reader.block("virtual_server.real_server.BFD_CHECK", line, BFD_CHECK, &mut checker)?;
    let followed = |name: &Spanned<String>| {
        let others = block.checkers.iter().filter(|other| other.kind == Kind::Bfd);
        others.filter_map(|other| other.name.as_ref()).any(|other| other.value == name.value)
    };
    if let Some(name) = checker.name.as_ref().filter(|name| followed(name)) {
        let words = format!("({}) BFD_CHECK - RS already monitoring {}", reader.block_name, name.value);
        reader.report(Code::Duplicate, name.span, words);
    } else if checker.usable(reader) {
        block.check(checker);
    }
    Ok(())
}
