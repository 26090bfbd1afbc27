//! `encap ip|ip6|mpls|ila …`: a light tunnel.

use std::net::IpAddr;

use super::super::words::{Bad, Step, Words};
use crate::base::net::Family;
use crate::config::iproute::{List, c_number};
use crate::model::route::{Encap, Tunnel};

/// The most labels that the original keeps.
const LABELS: usize = 2;

/// The tunnel; `None` when there is something wrong with it, which was said: the route goes without.
pub fn read(words: &mut Words<'_, '_, '_>) -> Step<Option<Encap>> {
    let Some(kind) = words.next() else {
        words.complain("Missing encap type");
        return Ok(None);
    };
    let read = match kind {
        "ip" => ip(words),
        "ip6" => ip6(words),
        "mpls" => mpls(words),
        "ila" => ila(words),
        _ => {
            words.complain(format!("Unknown encap type - {kind}"));
            // QUIRK kept: the word behind it is not looked at.
            words.at += 1;
            return Ok(None);
        }
    };
    match read {
        Ok(encap) => Ok(Some(encap)),
        Err(Bad::Dropped) => Ok(None),
        Err(Bad::Stop) => Err(Bad::Stop),
    }
}

/// Words that differ between the two IP tunnels.
struct Dialect {
    family: Family,
    id: &'static str,
    tos: (&'static str, &'static str),
    ttl: (&'static str, &'static str),
    name: &'static str,
    other: &'static str,
}

const IP: Dialect = Dialect {
    family: Family::V4,
    id: "encap id {} value is invalid",
    tos: ("tos", "dsfield {} not valid for ip encapsulation"),
    ttl: ("ttl", "ttl {} is not valid for ip encapsulation"),
    name: "ip",
    other: "IPv6",
};

const IP6: Dialect = Dialect {
    family: Family::V6,
    id: "id {} value invalid for IPv6 encapsulation",
    tos: ("tc", "tc value tc is invalid for ip6 encapsulation"),
    ttl: ("hoplimit", "Invalid hoplimit {} specified for ip6 encapsulation"),
    name: "ip6",
    other: "IPv4",
};

fn tunnel(words: &mut Words<'_, '_, '_>, dialect: &Dialect) -> Step<Tunnel<IpAddr>> {
    let mut tunnel = Tunnel::default();
    // A word without a value behind it is not one of the tunnel's.
    while let (Some(word), Some(_)) = (words.peek(), words.line.word(words.at + 1)) {
        let at = words.at;
        words.at += 1;
        match option(words, word, dialect, &mut tunnel) {
            Ok(true) => {}
            Ok(false) => {
                words.at = at;
                break;
            }
            Err(bad) => {
                // QUIRK kept: the word whose value is wrong is read again as one of the route's.
                words.at = at;
                return Err(bad);
            }
        }
    }
    if tunnel.destination.is_none() && tunnel.id.is_none() {
        return words.refuse(format!("address or id missing for {} encapsulation", dialect.name));
    }
    Ok(tunnel)
}

/// False when the word is none of a tunnel's.
fn option(words: &mut Words<'_, '_, '_>, word: &str, dialect: &Dialect, tunnel: &mut Tunnel<IpAddr>) -> Step<bool> {
    if word == "id" {
        tunnel.id = Some(words.number64(dialect.id)?);
    } else if word == "dst" {
        tunnel.destination = Some(end(words, "dst", dialect)?);
    } else if word == "src" {
        tunnel.source = Some(end(words, "src", dialect)?);
    } else if word == dialect.tos.0 {
        tunnel.tos = Some(words.named(List::Services, dialect.tos.1)? as u8);
    } else if word == dialect.ttl.0 {
        tunnel.ttl = Some(words.number(255, dialect.ttl.1)? as u8);
    } else if word == "flags" {
        tunnel.flags = Some(words.number(0xffff, "flags {} is not valid for ip encapsulation")? as u16);
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn end(words: &mut Words<'_, '_, '_>, which: &str, dialect: &Dialect) -> Step<IpAddr> {
    let text = words.value()?;
    let Some(address) = words.address(text) else {
        return words.refuse(format!("Invalid encap {} {which} {text}", dialect.name));
    };
    if Family::of(address) != dialect.family {
        let Dialect { other, name, .. } = dialect;
        return words.refuse(format!("{other} address {text} not valid for {name} encapsulation"));
    }
    Ok(address)
}

fn ip(words: &mut Words<'_, '_, '_>) -> Step<Encap> {
    let Tunnel { id, destination, source, tos, ttl, flags } = tunnel(words, &IP)?;
    let v4 = |address: Option<IpAddr>| match address {
        Some(IpAddr::V4(address)) => Some(address),
        Some(IpAddr::V6(_)) | None => None,
    };
    Ok(Encap::Ip(Tunnel { id, destination: v4(destination), source: v4(source), tos, ttl, flags }))
}

fn ip6(words: &mut Words<'_, '_, '_>) -> Step<Encap> {
    let Tunnel { id, destination, source, tos, ttl, flags } = tunnel(words, &IP6)?;
    let v6 = |address: Option<IpAddr>| match address {
        Some(IpAddr::V6(address)) => Some(address),
        Some(IpAddr::V4(_)) | None => None,
    };
    Ok(Encap::Ip6(Tunnel { id, destination: v6(destination), source: v6(source), tos, ttl, flags }))
}

fn mpls(words: &mut Words<'_, '_, '_>) -> Step<Encap> {
    let Some(text) = words.next() else {
        return words.refuse("missing address for MPLS encapsulation");
    };
    let label = |text: &str| {
        let number = c_number(text).filter(|_| text.starts_with(|first: char| first.is_ascii_digit()))?;
        u32::try_from(number).ok().filter(|label| *label < 1 << 20)
    };
    let labels: Option<Vec<u32>> = text.trim_start().split('/').map(label).collect();
    match labels.filter(|labels| labels.len() <= LABELS) {
        Some(labels) => Ok(Encap::Mpls(labels)),
        None => words.refuse(format!("invalid mpls address {text} for encapsulation")),
    }
}

fn ila(words: &mut Words<'_, '_, '_>) -> Step<Encap> {
    let Some(text) = words.next() else {
        return words.refuse("missing locator for ILA encapsulation");
    };
    let group = |group: &str| u16::from_str_radix(group, 16).ok().filter(|_| !group.starts_with('+'));
    let groups: Option<Vec<u16>> = text.trim_start().split(':').map(group).collect();
    match groups.as_deref() {
        Some([a, b, c, d]) => {
            let mut locator = [0; 8];
            for (place, group) in locator.chunks_mut(2).zip([a, b, c, d]) {
                place.copy_from_slice(&group.to_be_bytes());
            }
            Ok(Encap::Ila(locator))
        }
        _ => words.refuse(format!("invalid locator {text} for ila encapsulation")),
    }
}
