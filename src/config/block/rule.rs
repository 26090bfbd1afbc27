//! One line of `virtual_rules` or `static_rules`.

use std::path::Path;

use super::words::{Prefix, Step, Words, kept};
use crate::base::name::{InterfaceName, TrackGroupName};
use crate::base::net::{Cidr, Family};
use crate::config::host::Host;
use crate::config::iproute::{List, c_number};
use crate::config::lower::{Reader, Stop};
use crate::config::tree::Line;
use crate::config::value::integer;
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::route::{Action, KINDS, PROTOCOL, Realms, Rule};

/// A rule as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEntry {
    pub span: Span,
    pub rule: Rule,
    /// The interfaces that it names: each must be there.
    pub devices: Vec<Spanned<String>>,
    pub track_group: Option<TrackGroupName>,
}

/// Priorities of rules that have none, the next of each family: counted down through the whole file, so that their
/// order is that of the file whoever becomes master first (VR-259).
#[derive(Clone, Copy, Debug)]
pub struct NextPriority {
    v4: u32,
    v6: u32,
}

impl Default for NextPriority {
    fn default() -> NextPriority {
        NextPriority { v4: 16384, v6: 16384 }
    }
}

impl NextPriority {
    fn take(&mut self, family: Family) -> u32 {
        let next = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        std::mem::replace(next, next.wrapping_sub(1))
    }
}

const MIXED: &str = "rule specification has mixed IPv4 and IPv6";
const ONE_ACTION: &str = "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule";
const ONE_ACTION_OF_ALL: &str =
    "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable/l3mdev for rule";

/// The rule of a line; `None`: it is dropped, which was said. Only static rules may have a `track_group`.
pub fn read(line: &Line<'_>, may_track: bool, reader: &mut Reader<'_>) -> Result<Option<RuleEntry>, Stop> {
    let words = Words { line, reader, at: 0 };
    kept(Reading { words, may_track, parts: Parts::default() }.read())
}

/// What has been read of a line.
#[derive(Default)]
struct Parts {
    family: Option<Family>,
    invert: bool,
    from: Option<Prefix>,
    to: Option<Prefix>,
    priority: Option<u32>,
    tos: u8,
    mark: Option<u32>,
    mask: Option<u32>,
    realms: Option<Realms>,
    suppress_prefix_length: Option<u32>,
    suppress_group: Option<u32>,
    input: Option<Spanned<String>>,
    output: Option<Spanned<String>>,
    tunnel: Option<u64>,
    users: Option<(u32, u32)>,
    protocol: Option<u8>,
    ip_protocol: Option<u8>,
    source_ports: Option<(u16, u16)>,
    destination_ports: Option<(u16, u16)>,
    action: Option<Action>,
    l3mdev: bool,
    table: bool,
    /// Something that only a look-up can have was given.
    of_table: bool,
    no_track: bool,
    track_group: Option<TrackGroupName>,
}

struct Reading<'w, 'l, 't> {
    words: Words<'w, 'l, 't>,
    may_track: bool,
    parts: Parts,
}

impl Reading<'_, '_, '_> {
    fn read(mut self) -> Step<RuleEntry> {
        while let Some(word) = self.words.next() {
            if word == "track_group" && self.may_track {
                if self.parts.track_group.is_some() {
                    let name = self.words.value()?;
                    // What follows is not looked at.
                    self.words.complain(format!("track_group {name} is a duplicate"));
                    break;
                }
                self.parts.track_group = self.words.track_group()?.map(|name| TrackGroupName::new(&name));
            } else {
                self.word(word)?;
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
                    return words.refuse(format!("{word} specified for {other} rule"));
                }
                self.parts.family = Some(family);
                // QUIRK kept: the word behind it is not looked at.
                words.at += 1;
            }
            "from" | "to" => {
                let text = words.value()?;
                let Some(prefix) = words.prefix(text) else {
                    return words.refuse(format!("Invalid rule {word} address {text}"));
                };
                self.of_family(prefix)?;
                let end = if word == "from" { &mut self.parts.from } else { &mut self.parts.to };
                *end = Some(prefix);
            }
            "table" | "lookup" => {
                let table = words.named(List::Tables, "Routing table {} not found for rule")?;
                if table == 0 {
                    return words.refuse("Table 0 is not valid");
                }
                self.parts.table = true;
                self.act(Action::Table(table), ONE_ACTION)?;
            }
            "not" => self.parts.invert = true,
            "preference" | "order" | "priority" => {
                let text = words.value()?;
                match words.judge(Words::any_base(text)) {
                    Some(priority) => self.parts.priority = Some(priority),
                    None => return words.refuse(format!("Invalid rule preference {word} specified")),
                }
            }
            "tos" | "dsfield" => self.parts.tos = words.named(List::Services, "TOS value {} is invalid")? as u8,
            "fwmark" => {
                let text = words.value()?;
                let Some((mark, mask)) = mark(text) else {
                    return words.refuse(format!("Invalid rule fwmark {text} specified"));
                };
                (self.parts.mark, self.parts.mask) = (Some(mark), mask);
            }
            "realms" => {
                self.parts.realms = words.realms("invalid realms {} for rule")?;
                self.parts.of_table = true;
                match self.parts.family {
                    Some(Family::V6) => return words.refuse("realms is only valid for IPv4"),
                    Some(Family::V4) | None => self.parts.family = Some(Family::V4),
                }
            }
            "suppress_prefixlength" | "sup_pl" => {
                let complaint = format!("Invalid suppress_prefixlength {word} specified");
                self.parts.suppress_prefix_length = Some(words.number(i32::MAX as u32, &complaint)?);
                self.parts.of_table = true;
            }
            "suppress_ifgroup" | "sup_group" => {
                self.parts.suppress_group = Some(words.named(List::Groups, "suppress_group {} is invalid")?);
                self.parts.of_table = true;
            }
            "dev" | "iif" => {
                let name = words.value()?.to_owned();
                self.parts.input = Some(Spanned::new(name, words.span()));
            }
            "oif" => {
                let name = words.value()?.to_owned();
                self.parts.output = Some(Spanned::new(name, words.span()));
            }
            "tunnel-id" => {
                let tunnel = words.number64(&format!("Invalid tunnel-id {word} specified"))?;
                self.parts.tunnel = Some(tunnel).filter(|tunnel| *tunnel != 0);
            }
            "uidrange" => {
                let text = words.value()?;
                match range(text) {
                    Some(users) => self.parts.users = Some(users),
                    None => return words.refuse(format!("Invalid uidrange {word} specified")),
                }
            }
            "l3mdev" => {
                self.parts.l3mdev = true;
                self.act(Action::L3mdev, "Cannot specify l3mdev with other action")?;
            }
            "protocol" => {
                let text = words.value()?;
                match words.judge(integer(text, 0, 255, false)) {
                    // invariant: 0..=255.
                    Some(protocol) => self.parts.protocol = Some(protocol as u8),
                    None => words.complain(format!("Invalid protocol {text}")),
                }
            }
            "ipproto" => {
                let text = words.value()?;
                match ip_protocol(text, words.reader.host) {
                    Some(protocol) => self.parts.ip_protocol = Some(protocol),
                    None => words.complain(format!("Invalid ipproto {text}")),
                }
            }
            "sport" | "dport" => {
                let text = words.value()?;
                let ports = range(text).map(|(first, last)| (first as u16, last as u16));
                // QUIRK kept: one port alone is none.
                match (ports, word) {
                    (None, _) => words.complain(format!("invalid {word} range {text}")),
                    (ports, "sport") => self.parts.source_ports = ports,
                    (ports, _) => self.parts.destination_ports = ports,
                }
            }
            "no_track" => self.parts.no_track = true,
            _ => self.action(word)?,
        }
        Ok(())
    }

    fn of_family(&mut self, prefix: Prefix) -> Step<()> {
        match (self.parts.family, prefix.family()) {
            (Some(given), now) if now != Some(given) => self.words.refuse(MIXED),
            (given, now) => {
                self.parts.family = given.or(now);
                Ok(())
            }
        }
    }

    fn act(&mut self, action: Action, complaint: &str) -> Step<()> {
        if self.parts.action.is_some() {
            return self.words.refuse(complaint);
        }
        self.parts.action = Some(action);
        Ok(())
    }

    /// `[type] goto N|nop|blackhole|unreachable|prohibit`.
    fn action(&mut self, word: &str) -> Step<()> {
        let words = &mut self.words;
        let word = if word == "type" { words.value()? } else { word };
        let action = match word {
            "goto" => Action::Goto(words.number(u32::MAX, "Invalid target goto specified")?),
            "nop" => Action::Nop,
            _ => {
                let named = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| u64::from(*kind));
                let number = || c_number(word).filter(|number| !word.starts_with('-') && *number <= 255);
                match named.or_else(number) {
                    Some(6) => Action::Blackhole,
                    Some(7) => Action::Unreachable,
                    Some(8) => Action::Prohibit,
                    Some(_) => return words.refuse(format!("Invalid rule action {word}")),
                    None => return words.refuse(format!("Unknown rule option {word}")),
                }
            }
        };
        self.act(action, ONE_ACTION_OF_ALL)
    }

    fn finish(mut self) -> Step<RuleEntry> {
        let (words, parts) = (&mut self.words, &mut self.parts);
        let span = words.line.whole();
        if let Some(Action::Goto(target)) = parts.action {
            match parts.priority {
                Some(priority) if priority >= target => {
                    return words.refuse(format!("Invalid rule - preference {priority} >= goto target {target}"));
                }
                Some(_) => {}
                None => {
                    return words.refuse(format!("Invalid rule - goto target {target} specified without preference"));
                }
            }
        }
        let Some(action) = parts.action else {
            return words.refuse("No action specified for rule - ignoring");
        };
        if parts.of_table && !matches!(action, Action::Table(_) | Action::L3mdev) {
            return words.refuse("suppressor/realm specified for non table action - skipping");
        }
        if parts.table && parts.l3mdev {
            return words.refuse("table cannot be specified for l3mdev rules");
        }
        if !parts.no_track {
            if parts.protocol.is_some_and(|protocol| protocol != PROTOCOL) {
                words.complain(format!(
                    "Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED({PROTOCOL}), resetting protocol"
                ));
            }
            parts.protocol = Some(PROTOCOL);
        }
        if parts.track_group.is_some() && parts.input.is_none() {
            words.complain("Static rule cannot have track_group if dev/iif not specified");
            parts.track_group = None;
        }
        let family = parts.family.unwrap_or(Family::V4);
        let priority = parts.priority.unwrap_or_else(|| {
            let next = words.reader.next_priority.take(family);
            let words_of =
                format!("Rule has no preference specified - setting to {next}. This is probably not what you want.");
            words.reader.report(Code::Adjusted, span, words_of);
            next
        });
        let name = |device: &Spanned<String>| InterfaceName::new(&device.value);
        let parts = self.parts;
        let end = |prefix: Option<Prefix>| -> Option<Cidr> { prefix?.cidr.filter(|cidr| cidr.prefix != 0) };
        let rule = Rule {
            family,
            invert: parts.invert,
            from: end(parts.from),
            to: end(parts.to),
            priority,
            tos: parts.tos,
            mark: parts.mark,
            mask: parts.mask,
            realms: parts.realms,
            suppress_prefix_length: parts.suppress_prefix_length,
            suppress_group: parts.suppress_group,
            input: parts.input.as_ref().map(name),
            output: parts.output.as_ref().map(name),
            tunnel: parts.tunnel,
            users: parts.users,
            protocol: parts.protocol,
            ip_protocol: parts.ip_protocol,
            source_ports: parts.source_ports,
            destination_ports: parts.destination_ports,
            action,
            no_track: parts.no_track,
        };
        let devices = parts.input.into_iter().chain(parts.output).collect();
        Ok(RuleEntry { span, rule, devices, track_group: parts.track_group })
    }
}

/// `MARK[/MASK]`, with C's prefixes.
fn mark(text: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| match text {
        "" => Some(0),
        _ if text.starts_with('-') => None,
        _ => u32::try_from(c_number(text)?).ok(),
    };
    match text.trim_start().split_once('/') {
        Some((mark, mask)) if !mask.starts_with(char::is_whitespace) => Some((number(mark)?, Some(number(mask)?))),
        Some(_) => None,
        None => Some((number(text.trim_start())?, None)),
    }
}

/// `FIRST-LAST`, as `scanf` reads it: what follows is not looked at, what is too large wraps round.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, rest) = leading(text)?;
    let (last, _) = leading(rest.strip_prefix('-')?)?;
    Some((first, last))
}

fn leading(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse::<u64>().ok()? as u32, rest))
}

/// IPPROTO_* by number (at most 127, which is the original's bound) or by a name of /etc/protocols.
fn ip_protocol(text: &str, host: &dyn Host) -> Option<u8> {
    /// Where there is no such file.
    const NAMES: &str = "icmp 1\ntcp 6\nudp 17\ngre 47\nesp 50\nah 51\nipv6-icmp 58\nvrrp 112\nsctp 132\n";
    let text = text.trim_start();
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return text.parse().ok().filter(|number| *number <= 127);
    }
    let file = host.text(Path::new("/etc/protocols")).unwrap_or_else(|| NAMES.to_owned());
    file.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let (name, number) = (words.next()?, words.next()?);
        (name == text || words.any(|alias| alias == text)).then(|| number.parse().ok()).flatten()
    })
}
