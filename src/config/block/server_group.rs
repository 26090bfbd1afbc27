//! `virtual_server_group`: addresses and marks that virtual servers share (LV-38 … LV-40).

use std::net::IpAddr;

use super::root::Config;
use crate::base::net::Family;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::Row;
use crate::config::tree::Line;
use crate::config::value::{Fault, integer};
use crate::diagnostic::{Code, Span};

/// `virtual_server_group NAME { … }`.
#[derive(Debug)]
pub struct ServerGroup {
    pub name: String,
    pub span: Span,
    pub entries: Vec<GroupEntry>,
}

/// One line of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupEntry {
    /// `first..=last`, walked on the last bits.
    Range {
        first: IpAddr,
        count: u32,
        port: u16,
    },
    Fwmark {
        mark: u32,
        family: Option<Family>,
    },
}

type Read = Result<(), Stop>;

pub fn virtual_server_group(config: &mut Config, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = reader.need(line, 1)?.to_owned();
    let mut group = ServerGroup { name: name.clone(), span: line.span(1), entries: Vec::new() };
    reader.entries(line, row, |entry, reader| group_entry(&mut group, entry, reader))?;
    if group.entries.is_empty() {
        let words = format!("virtual server group {name} has no entries - removing");
        reader.at_end(Code::BlockRefused, group.span, words);
        return Ok(());
    }
    let has = |test: fn(&GroupEntry) -> bool| group.entries.iter().any(test);
    let v4 = has(|entry| matches!(entry, GroupEntry::Range { first: IpAddr::V4(_), .. }));
    let v6 = has(|entry| matches!(entry, GroupEntry::Range { first: IpAddr::V6(_), .. }));
    let mark = has(|entry| matches!(entry, GroupEntry::Fwmark { family: None, .. }));
    if v4 && v6 && mark {
        let words = format!("virtual server group {name} cannot have IPv4, IPv6 and fwmark without family - removing");
        reader.at_end(Code::BlockRefused, group.span, words);
        return Ok(());
    }
    config.server_groups.push(group);
    Ok(())
}

fn group_entry(group: &mut ServerGroup, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    let text = line.keyword();
    if text == "fwmark" {
        let mark = reader.need(line, 1)?;
        let parsed = integer(mark, 0, i64::from(u32::MAX), !reader.test);
        let family = match line.word(2) {
            None => Some(None),
            Some("inet") => Some(Some(Family::V4)),
            Some("inet6") => Some(Some(Family::V6)),
            Some(_) => None,
        };
        match (parsed.value, family) {
            (Some(mark), Some(family)) => group.entries.push(GroupEntry::Fwmark { mark: mark as u32, family }),
            (None, _) => {
                if let Some(Fault::Number(words)) = parsed.fault {
                    reader.report(Code::InvalidNumber, line.span(1), words);
                }
                let words = format!("({}): fwmark '{mark}' must be in [0, 4294967295] - ignoring", group.name);
                reader.report(Code::InvalidValue, line.span(1), words);
            }
            (_, None) => {
                let word = line.word(2).unwrap_or_default();
                let words = format!("({}): fwmark '{mark}' family {word} unknown - ignoring", group.name);
                reader.report(Code::InvalidValue, line.span(2), words);
            }
        }
        return Ok(());
    }
    let port_text = line.word(1).unwrap_or_default();
    let range = range(text);
    let port = if range.is_ok() { super::virtual_server::port(port_text, line.span(1), reader) } else { Some(0) };
    match (range, port) {
        (Ok((first, count)), Some(port)) => group.entries.push(GroupEntry::Range { first, count, port }),
        (Err(Some(words)), _) => reader.report(Code::InvalidValue, line.span(0), words),
        _ => {
            let port = if port_text.is_empty() { String::new() } else { format!("/port/{port_text}") };
            let words = format!("Invalid virtual server group IP address {text} {port} - skipping");
            reader.report(Code::InvalidValue, line.span(0), words);
        }
    }
    Ok(())
}

/// First address and how many: `A`, `A-N`, `A-B` or `A/P` (LV-39, LV-40). The error may say what is wrong.
fn range(text: &str) -> Result<(IpAddr, u32), Option<String>> {
    let skipping = |words: &str| Some(format!("{words} - {text} - skipping"));
    if let Some((address, prefix)) = text.split_once('/') {
        let address: IpAddr = address.parse().map_err(|_| None)?;
        let bits = Family::of(address).bits();
        let prefix = integer(prefix, 1, i64::from(bits), false).value.ok_or_else(|| skipping("Invalid netmask"))?;
        let host_bits = u32::from(bits) - prefix as u32;
        let mask = 1u128.checked_shl(host_bits).map_or(u128::MAX, |size| size - 1);
        if number(address) & mask != 0 {
            return Err(skipping("Address mask bits not empty"));
        }
        return u32::try_from(mask.saturating_add(1)).map(|count| (address, count)).map_err(|_| None);
    }
    let Some((first, last)) = text.split_once('-') else {
        return text.parse().map(|address| (address, 1)).map_err(|_| None);
    };
    let first: IpAddr = first.parse().map_err(|_| None)?;
    if let Ok(last) = last.parse::<IpAddr>() {
        if last.is_ipv4() != first.is_ipv4() {
            return Err(None);
        }
        let Some(more) = number(last).checked_sub(number(first)) else {
            return Err(skipping("Address range end is less than address range start"));
        };
        return u32::try_from(more.saturating_add(1)).map(|count| (first, count)).map_err(|_| None);
    }
    let (own, radix, most) = match first {
        IpAddr::V4(first) => (u32::from(first.octets()[3]), 10, 255),
        IpAddr::V6(first) => (u32::from(first.segments()[7]), 16, 0xffff),
    };
    let length = last.find(|c: char| !c.is_digit(radix)).unwrap_or(last.len());
    if let Some(extra) = last.get(length..).filter(|extra| !extra.is_empty()) {
        return Err(Some(format!("Virtual server group range '{text}' has extra characters at end '{extra}'")));
    }
    let end = u32::from_str_radix(last, radix).ok().filter(|end| *end <= most);
    let end = end.ok_or_else(|| Some(format!("Virtual server group range '{text}' end '{last}' too large")))?;
    if end <= own {
        return Err(skipping("Address range end is not greater than address range start"));
    }
    Ok((first, end - own + 1))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
