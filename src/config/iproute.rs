//! Names that iproute2 gives to numbers: tables, protocols, scopes, realms, types of service, groups (CL-104).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::host::Host;

/// One of iproute2's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    Tables,
    Services,
    Realms,
    Protocols,
    Scopes,
    Groups,
}

impl List {
    const fn file(self) -> &'static str {
        match self {
            List::Tables => "rt_tables",
            List::Services => "rt_dsfield",
            List::Realms => "rt_realms",
            List::Protocols => "rt_protos",
            List::Scopes => "rt_scopes",
            List::Groups => "group",
        }
    }

    /// Names that count where no file gives their number one.
    const fn built_in(self) -> &'static [(&'static str, u32)] {
        match self {
            List::Tables => &[("default", 253), ("main", 254), ("local", 255)],
            List::Protocols => &[
                ("none", 0),
                ("redirect", 1),
                ("kernel", 2),
                ("boot", 3),
                ("static", 4),
                ("gated", 8),
                ("ra", 9),
                ("mrt", 10),
                ("zebra", 11),
                ("bird", 12),
                ("babel", 42),
                ("dnrouted", 13),
                ("xorp", 14),
                ("ntk", 15),
                ("dhcp", 16),
            ],
            List::Scopes => &[("global", 0), ("nowhere", 255), ("host", 254), ("link", 253), ("site", 200)],
            List::Services | List::Realms | List::Groups => &[],
        }
    }

    const fn most(self) -> u32 {
        match self {
            List::Tables => u32::MAX,
            List::Groups => i32::MAX as u32,
            List::Services | List::Realms | List::Protocols | List::Scopes => 255,
        }
    }
}

/// The lists, each read when it is first asked.
#[derive(Debug)]
pub struct Names {
    /// `iproute_etc_dir`: what the administrator says.
    pub etc: PathBuf,
    /// `iproute_usr_dir`: what the distribution says.
    pub usr: PathBuf,
    read: BTreeMap<List, Vec<(String, u32)>>,
}

impl Default for Names {
    fn default() -> Names {
        Names { etc: PathBuf::from("/etc/iproute2"), usr: PathBuf::from("/usr/share/iproute2"), read: BTreeMap::new() }
    }
}

impl Names {
    /// The number of a name, or a number itself when it is in bounds.
    pub fn number(&mut self, list: List, word: &str, host: &dyn Host) -> Option<u32> {
        if let Some(number) = c_number(word) {
            // The original cuts to 32 bits before it looks.
            return Some(number as u32).filter(|number| *number <= list.most());
        }
        let (etc, usr) = (&self.etc, &self.usr);
        let entries = self.read.entry(list).or_insert_with(|| read_list(list, etc, usr, host));
        entries.iter().find(|(name, _)| name == word).map(|(_, number)| *number)
    }
}

/// The file of `etc`, else that of `usr`; then the `*.conf` of both folders, where one of `etc` hides its namesake.
fn read_list(list: List, etc: &Path, usr: &Path, host: &dyn Host) -> Vec<(String, u32)> {
    let file = list.file();
    let mut entries = Vec::new();
    let mut take = |text: Option<String>| {
        let lines = text.as_deref().unwrap_or_default().lines();
        entries.extend(lines.filter_map(|line| entry(line, list.most())));
    };
    take(host.text(&etc.join(file)).or_else(|| host.text(&usr.join(file))));
    let folder = format!("{file}.d");
    let listed = |root: &Path| {
        let mut names = host.listing(&root.join(&folder));
        names.retain(|name| !name.starts_with('.') && name.len() > 5 && name.ends_with(".conf"));
        names.sort();
        names
    };
    let own = listed(etc);
    for name in listed(usr).iter().filter(|name| !own.contains(name)) {
        take(host.text(&usr.join(&folder).join(name)));
    }
    for name in &own {
        take(host.text(&etc.join(&folder).join(name)));
    }
    for (name, number) in list.built_in() {
        if !entries.iter().any(|(_, other)| other == number) {
            entries.push(((*name).to_owned(), *number));
        }
    }
    entries
}

/// `NUMBER NAME`, with a comment after `#`.
fn entry(line: &str, most: u32) -> Option<(String, u32)> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let (Some(number), Some(name), None) = (words.next(), words.next(), words.next()) else { return None };
    let number = c_number(number).filter(|_| !number.starts_with('-'))?;
    let number = u32::try_from(number).ok().filter(|number| *number <= most)?;
    Some((name.to_owned(), number))
}

/// A whole word as C's `strtoul` reads it: `0x` and `0` prefixes, a minus sign wraps round.
pub fn c_number(text: &str) -> Option<u64> {
    let trimmed = text.trim_start();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests;
