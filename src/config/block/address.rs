//! One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use super::root::Config;
use crate::base::name::TrackGroupName;
use crate::base::net::{Cidr, Family};
use crate::config::iproute::List;
use crate::config::lower::{Reader, Stop};
use crate::config::tree::Line;
use crate::config::value::{Fault, integer};
use crate::diagnostic::{Code, Span};

/// IFNAMSIZ - 1.
const LONGEST_LABEL: usize = 15;

/// IFA_F_NODAD, IFA_F_HOMEADDRESS, IFA_F_MANAGETEMPADDR, IFA_F_NOPREFIXROUTE, IFA_F_MCAUTOJOIN (linux/if_addr.h).
const NODAD: u32 = 0x02;
const HOMEADDRESS: u32 = 0x10;
const MANAGETEMPADDR: u32 = 0x100;
const NOPREFIXROUTE: u32 = 0x200;
const MCAUTOJOIN: u32 = 0x400;

/// An address as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub span: Span,
    /// As written, with its prefix length.
    pub text: String,
    pub cidr: Cidr,
    pub device: Option<(String, Span)>,
    pub broadcast: Option<Ipv4Addr>,
    pub label: Option<String>,
    pub scope: u8,
    pub peer: Option<Cidr>,
    pub preferred_lifetime: u32,
    pub flags: u32,
    pub no_track: bool,
    /// Static addresses only.
    pub track_group: Option<TrackGroupName>,
    /// Only of a virtual router's addresses.
    pub use_vmac: bool,
}

/// How the broadcast address was given.
enum Broadcast {
    /// `+`: all host bits set.
    Set,
    /// `-`: all host bits clear.
    Clear,
    Address(Ipv4Addr),
}

/// What an instance keeps of a line, or what is kept of one of `static_ipaddress`; `None`: the entry is dropped, which
/// was said.
pub fn read(line: &Line<'_>, fixed: bool, reader: &mut Reader<'_>) -> Result<Option<Address>, Stop> {
    let first = line.keyword();
    let Some((cidr, _)) = prefixed(first, line.span(0), reader) else { return Ok(None) };
    let entry = Address {
        span: line.span(0),
        text: first.to_owned(),
        cidr,
        device: None,
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: u32::MAX,
        flags: if cidr.address.is_ipv4() { 0 } else { NODAD },
        no_track: false,
        track_group: None,
        use_vmac: false,
    };
    let reading = Reading { line, first, entry, broadcast: None, preferred: None, fixed, at: 1 };
    Ok(reading.read(reader))
}

struct Reading<'a, 'l> {
    line: &'a Line<'l>,
    first: &'l str,
    entry: Address,
    broadcast: Option<Broadcast>,
    preferred: Option<u32>,
    /// Static.
    fixed: bool,
    at: usize,
}

impl<'l> Reading<'_, 'l> {
    fn read(mut self, reader: &mut Reader<'_>) -> Option<Address> {
        while let Some(word) = self.line.word(self.at) {
            self.at += 1;
            if !self.word(word, reader)? {
                break;
            }
        }
        self.finish(reader)
    }

    fn complain(&self, words: String, reader: &mut Reader<'_>) {
        reader.report(Code::InvalidValue, self.line.span(self.at.saturating_sub(1)), words);
    }

    /// The value of a keyword; without one the entry is dropped.
    fn value(&mut self, word: &str, reader: &mut Reader<'_>) -> Option<&'l str> {
        let value = self.line.word(self.at);
        if value.is_none() {
            self.complain(format!("No {word} parameter specified for {}", self.first), reader);
        }
        self.at += 1;
        value
    }

    /// `None`: the entry is dropped; false: the rest is not looked at.
    fn word(&mut self, word: &str, reader: &mut Reader<'_>) -> Option<bool> {
        let first = self.first;
        match word {
            "dev" => {
                let name = self.value(word, reader)?;
                if self.entry.device.is_some() {
                    let words = format!("Cannot specify ipaddress device more than once for {first}");
                    self.complain(words, reader);
                    return None;
                }
                self.entry.device = Some((name.to_owned(), self.line.span(self.at - 1)));
            }
            "scope" => {
                let name = self.value(word, reader)?;
                let host = reader.host;
                match reader.names.number(List::Scopes, name, host) {
                    // invariant: scopes are 0..=255.
                    Some(scope) => self.entry.scope = scope as u8,
                    None => self.complain(format!("Invalid scope '{name}' specified for {first} - ignoring"), reader),
                }
            }
            "broadcast" | "brd" => {
                let text = self.value(word, reader)?;
                if self.entry.cidr.address.is_ipv6() {
                    let words = format!(
                        "VRRP is trying to assign a broadcast {word} to the IPv6 address {first} !!?? WTF... skipping VIP..."
                    );
                    self.complain(words, reader);
                    return None;
                }
                self.broadcast = Some(match (text, text.parse()) {
                    ("+", _) => Broadcast::Set,
                    ("-", _) => Broadcast::Clear,
                    (_, Ok(address)) => Broadcast::Address(address),
                    (_, Err(_)) => {
                        let words = format!("VRRP is trying to assign invalid broadcast {text}. skipping VIP...");
                        self.complain(words, reader);
                        return None;
                    }
                });
            }
            "label" => {
                let text = self.value(word, reader)?;
                if text.len() > LONGEST_LABEL {
                    let words = format!(
                        "Address label {text} is longer than maximum length {LONGEST_LABEL} - removing address"
                    );
                    self.complain(words, reader);
                    return None;
                }
                self.entry.label = Some(text.to_owned());
            }
            "peer" => {
                let text = self.value(word, reader)?;
                self.peer(text, reader);
            }
            "home" => self.entry.flags |= HOMEADDRESS,
            "-nodad" => self.entry.flags &= !NODAD,
            "mngtmpaddr" => self.entry.flags |= MANAGETEMPADDR,
            "noprefixroute" => self.entry.flags |= NOPREFIXROUTE,
            "autojoin" => self.entry.flags |= MCAUTOJOIN,
            "no_track" => self.entry.no_track = true,
            "preferred_lft" => {
                let text = self.value(word, reader)?;
                self.preferred(text, reader);
            }
            "track_group" if self.fixed => {
                let name = self.value(word, reader)?;
                if self.entry.track_group.is_some() {
                    self.complain(format!("track_group {name} is a duplicate"), reader);
                    return Some(false);
                }
                if reader.declared.track_groups.contains_key(name) {
                    self.entry.track_group = Some(TrackGroupName::new(name));
                } else {
                    self.complain(format!("track_group {name} not found"), reader);
                }
            }
            "use_vmac" if !self.fixed => self.entry.use_vmac = true,
            other => {
                self.complain(format!("Unknown configuration entry '{other}' for ip address - ignoring"), reader);
            }
        }
        Some(true)
    }

    fn peer(&mut self, text: &str, reader: &mut Reader<'_>) {
        if self.entry.peer.is_some() {
            self.complain(format!("Peer {text} - another peer has already been specified"), reader);
            // QUIRK kept: the address is read again as a keyword.
            self.at -= 1;
            return;
        }
        let full = Family::of(self.entry.cidr.address).bits();
        match text.parse::<IpAddr>() {
            Err(_) => {
                self.complain(format!("VRRP parsed invalid IP {text}. skipping IP..."), reader);
                self.complain(format!("Invalid peer address {text}"), reader);
            }
            Ok(address) if Family::of(address) != Family::of(self.entry.cidr.address) => {
                self.complain(format!("Peer address {text} does not match address family"), reader);
            }
            Ok(address) => {
                if self.entry.cidr.prefix != full {
                    let words = "Cannot specify address prefix when specifying peer address - ignoring";
                    self.complain(words.to_owned(), reader);
                }
                self.entry.cidr.prefix = full;
                self.entry.peer = Some(Cidr { address, prefix: full });
            }
        }
    }

    fn preferred(&mut self, text: &str, reader: &mut Reader<'_>) {
        if text == "forever" {
            self.preferred = Some(u32::MAX);
            return;
        }
        let parsed = integer(text, 0, i64::from(u32::MAX), !reader.test);
        if let Some(Fault::Number(words) | Fault::Tolerated(words)) = parsed.fault {
            reader.report(Code::InvalidNumber, self.line.span(self.at - 1), words);
        }
        match parsed.value {
            // invariant: 0..=u32::MAX.
            Some(seconds) => self.preferred = Some(seconds as u32),
            None => self.complain(format!("preferred_lft {text} is invalid"), reader),
        }
    }

    fn finish(mut self, reader: &mut Reader<'_>) -> Option<Address> {
        let (first, prefix) = (self.first, self.entry.cidr.prefix);
        match (self.broadcast.take(), self.entry.cidr.address) {
            (None, _) | (Some(_), IpAddr::V6(_)) => {}
            (Some(_), IpAddr::V4(_)) if self.entry.peer.is_some() => {
                let words = "Cannot specify broadcast and peer addresses - ignoring broadcast address";
                self.complain(words.to_owned(), reader);
            }
            (Some(Broadcast::Address(address)), IpAddr::V4(_)) => {
                self.entry.broadcast = Some(address).filter(|address| !address.is_unspecified());
            }
            (Some(_), IpAddr::V4(_)) if prefix > 30 => {
                self.complain(format!("Address prefix length {prefix} too long for broadcast"), reader);
            }
            (Some(which), IpAddr::V4(address)) => {
                let hosts = u32::MAX >> prefix;
                self.entry.broadcast = Some(Ipv4Addr::from_bits(match which {
                    Broadcast::Set => address.to_bits() | hosts,
                    Broadcast::Clear | Broadcast::Address(_) => address.to_bits() & !hosts,
                }));
            }
        }
        if self.entry.cidr.address.is_ipv6() {
            if self.entry.scope != 0 {
                let words = format!("Cannot specify scope for IPv6 addresses ({first}) - ignoring scope");
                self.complain(words, reader);
                self.entry.scope = 0;
            }
            if self.entry.label.take().is_some() {
                let words = format!("Cannot specify label for IPv6 addresses ({first}) - ignoring label");
                self.complain(words, reader);
            }
            // A full-length address is never chosen as a source (VR-252).
            let usual = if self.entry.cidr.prefix == 128 { 0 } else { u32::MAX };
            self.entry.preferred_lifetime = self.preferred.unwrap_or(usual);
        }
        Some(self.entry)
    }
}

/// `ADDR[/PREFIX]` and whether the prefix was given; a bad prefix becomes the full length. `None`: it is no address,
/// which was said.
pub(super) fn prefixed(text: &str, span: Span, reader: &mut Reader<'_>) -> Option<(Cidr, bool)> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let full: u8 = if text.contains(':') { 128 } else { 32 };
    let mut length = full;
    if let Some(prefix) = prefix {
        let parsed = integer(prefix, 0, i64::from(full), !reader.test);
        if let Some(Fault::Number(words) | Fault::Tolerated(words)) = parsed.fault {
            reader.report(Code::InvalidNumber, span, words);
        }
        match parsed.value {
            // invariant: 0..=128.
            Some(given) => length = given as u8,
            None => {
                let words = format!("Invalid address prefix len {prefix} for address {text} - using {full}");
                reader.report(Code::InvalidValue, span, words);
            }
        }
    }
    let Ok(address) = address.parse::<IpAddr>() else {
        reader.report(Code::InvalidValue, span, format!("VRRP parsed invalid IP {text}. skipping IP..."));
        return None;
    };
    Some((Cidr { address, prefix: length }, prefix.is_some()))
}

/// An entry of `static_ipaddress`.
pub fn static_entry(config: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    config.static_addresses.extend(read(line, true, reader)?);
    Ok(())
}
