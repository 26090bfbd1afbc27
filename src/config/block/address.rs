//! One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use super::root::Config;
use crate::base::net::Cidr;
use crate::config::lower::{Reader, Stop};
use crate::config::tree::Line;
use crate::diagnostic::{Code, Span};

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
    pub cidr: Cidr,
    pub device: Option<(String, Span)>,
    pub broadcast: Option<Ipv4Addr>,
    pub label: Option<String>,
    pub scope: u8,
    pub peer: Option<Cidr>,
    pub preferred_lifetime: u32,
    pub flags: u32,
    pub no_track: bool,
}

/// What an instance keeps of a line; `None`: the entry is dropped, which was said.
pub fn read(line: &Line<'_>, reader: &mut Reader<'_>) -> Result<Option<Address>, Stop> {
    let first = line.keyword();
    let Some((cidr, explicit)) = prefixed(line, 0, reader) else {
        reader.report(Code::InvalidValue, line.span(0), format!("VRRP parsed invalid IP {first}. skipping IP..."));
        return Ok(None);
    };
    let v4 = cidr.address.is_ipv4();
    let mut entry = Address {
        span: line.span(0),
        cidr,
        device: None,
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        // IPv6: a full-length address is never chosen as a source (VR-252).
        preferred_lifetime: if !v4 && cidr.prefix == 128 { 0 } else { u32::MAX },
        flags: if v4 { 0 } else { NODAD },
        no_track: false,
    };
    let mut at = 1;
    while let Some(word) = line.word(at) {
        at += 1;
        match word {
            "dev" => {
                if entry.device.is_some() {
                    reader.report(Code::Duplicate, line.span(at), format!("{first}: dev given twice - skipping"));
                    return Ok(None);
                }
                entry.device = Some((reader.need(line, at)?.to_owned(), line.span(at)));
                at += 1;
            }
            "scope" => {
                let name = reader.need(line, at)?;
                match scope(name) {
                    Some(_) if !v4 => {
                        let words = format!("Cannot specify scope for IPv6 addresses ({first}) - ignoring scope");
                        reader.report(Code::InvalidValue, line.span(at), words);
                    }
                    Some(scope) => entry.scope = scope,
                    None => reader.report(Code::InvalidValue, line.span(at), format!("Invalid scope '{name}'")),
                }
                at += 1;
            }
            "broadcast" | "brd" => {
                let text = reader.need(line, at)?;
                match broadcast(cidr, text) {
                    Ok(address) => entry.broadcast = Some(address),
                    Err(fatal) => {
                        let words = format!("VRRP is trying to assign invalid broadcast {text}. skipping VIP...");
                        reader.report(Code::InvalidValue, line.span(at), words);
                        if fatal {
                            return Ok(None);
                        }
                    }
                }
                at += 1;
            }
            "label" => {
                let text = reader.need(line, at)?;
                if text.len() > 15 {
                    let words = format!("Label '{text}' too long - ignoring address {first}");
                    reader.report(Code::InvalidValue, line.span(at), words);
                    return Ok(None);
                }
                if v4 {
                    entry.label = Some(text.to_owned());
                } else {
                    let words = format!("Cannot specify label for IPv6 addresses ({first}) - ignoring label");
                    reader.report(Code::InvalidValue, line.span(at), words);
                }
                at += 1;
            }
            "peer" => {
                reader.need(line, at)?;
                match prefixed(line, at, reader) {
                    Some((peer, _)) if peer.address.is_ipv4() == v4 => {
                        if explicit {
                            let words = format!("Cannot specify address prefix when specifying peer address ({first})");
                            reader.report(Code::InvalidValue, line.span(0), words);
                            entry.cidr.prefix = if v4 { 32 } else { 128 };
                        }
                        entry.peer = Some(peer);
                    }
                    _ => {
                        let text = line.word(at).unwrap_or_default();
                        reader.report(Code::InvalidValue, line.span(at), format!("Invalid peer address {text}"));
                    }
                }
                at += 1;
            }
            "home" => entry.flags |= HOMEADDRESS,
            "-nodad" => entry.flags &= !NODAD,
            "mngtmpaddr" => entry.flags |= MANAGETEMPADDR,
            "noprefixroute" => entry.flags |= NOPREFIXROUTE,
            "autojoin" => entry.flags |= MCAUTOJOIN,
            "no_track" => entry.no_track = true,
            "use_vmac" => {
                reader.report(Code::NotActedOn, line.span(at - 1), "`use_vmac` is read but not yet acted on");
            }
            "track_group" => at += 1,
            "preferred_lft" => {
                let text = reader.need(line, at)?;
                match text {
                    "forever" => entry.preferred_lifetime = u32::MAX,
                    _ => match text.parse() {
                        Ok(seconds) => entry.preferred_lifetime = seconds,
                        Err(_) => {
                            reader.report(Code::InvalidNumber, line.span(at), format!("Invalid preferred_lft {text}"));
                        }
                    },
                }
                at += 1;
            }
            other => {
                let words = format!("Unknown configuration entry '{other}' for ip address - ignoring");
                reader.report(Code::InvalidValue, line.span(at - 1), words);
            }
        }
    }
    if entry.broadcast.is_some() && entry.peer.is_some() {
        reader.report(
            Code::InvalidValue,
            line.span(0),
            format!("Cannot specify broadcast and peer addresses ({first}) - ignoring broadcast"),
        );
        entry.broadcast = None;
    }
    Ok(Some(entry))
}

/// `ADDR[/PREFIX]` and whether the prefix was given; a bad prefix becomes the full length.
fn prefixed(line: &Line<'_>, at: usize, reader: &mut Reader<'_>) -> Option<(Cidr, bool)> {
    let text = line.word(at)?;
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let full = if address.contains(':') { 128 } else { 32 };
    let length = prefix.map(|prefix| prefix.parse::<u8>().ok().filter(|length| *length <= full));
    if let Some(None) = length {
        let prefix = prefix.unwrap_or_default();
        let words = format!("Invalid address prefix len {prefix} for address {text} - using {full}");
        reader.report(Code::InvalidValue, line.span(at), words);
    }
    let address: IpAddr = address.parse().ok()?;
    Some((Cidr { address, prefix: length.flatten().unwrap_or(full) }, prefix.is_some()))
}

/// A broadcast address; the error says whether the whole entry is lost.
fn broadcast(cidr: Cidr, text: &str) -> Result<Ipv4Addr, bool> {
    let IpAddr::V4(address) = cidr.address else { return Err(true) };
    let hosts = u32::MAX.checked_shr(u32::from(cidr.prefix)).unwrap_or(0);
    match text {
        "+" | "-" if cidr.prefix > 30 => Err(false),
        "+" => Ok(Ipv4Addr::from_bits(address.to_bits() | hosts)),
        "-" => Ok(Ipv4Addr::from_bits(address.to_bits() & !hosts)),
        _ => text.parse().map_err(|_| true),
    }
}

/// RT_SCOPE_* by the names that every iproute2 has, or a number.
fn scope(text: &str) -> Option<u8> {
    match text {
        "global" | "universe" => Some(0),
        "nowhere" => Some(255),
        "host" => Some(254),
        "link" => Some(253),
        "site" => Some(200),
        _ => text.parse().ok(),
    }
}

/// `static_ipaddress`: checked, not yet set.
pub fn static_entry(_: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    read(line, reader).map(|_| ())
}
