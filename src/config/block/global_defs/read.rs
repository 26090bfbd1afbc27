//! The keywords of `global_defs` that take more than one plain value.

use std::net::IpAddr;

use super::value::RxBuffers;
use super::{Fifo, Global, LvsTimeouts, SmtpServer, SyncDaemon};
use crate::config::block::Given;
use crate::config::block::track::User;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::Row;
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Number, Value, integer};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};

type Read = Result<(), Stop>;

/// Folders of names that come later in the file are not asked for what came before.
pub fn iproute_dir(_: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let Some(path) = line.word(1).filter(|_| line.len() == 2) else {
        let words = format!("{} requires path", row.name);
        reader.report(Code::InvalidValue, line.whole(), words);
        return Ok(());
    };
    let names = &mut reader.names;
    let folder = if row.name == "iproute_usr_dir" { &mut names.usr } else { &mut names.etc };
    *folder = path.into();
    Ok(())
}

pub fn smtp_server(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let host = reader.need(line, 1)?.to_owned();
    let mut port = 25;
    if let Some(text) = line.word(2) {
        match integer(text, 1, 65535, false) {
            crate::config::value::Parsed { value: Some(value), .. } => port = value as u16,
            parsed => {
                if let Some(Fault::Number(words)) = parsed.fault {
                    reader.report(Code::InvalidNumber, line.span(2), words);
                }
                reader.report(Code::InvalidValue, line.span(2), format!("Invalid smtp server {host} {text}"));
                return Ok(());
            }
        }
    }
    if host.parse::<IpAddr>().is_err() && reader.host.resolve(&host).is_none() {
        reader.report(Code::InvalidValue, line.span(1), format!("Invalid smtp server {host} {port}"));
    }
    block.smtp_server = Some(Spanned::new(SmtpServer { host, port }, line.span(1)));
    Ok(())
}

pub fn smtp_connect_timeout(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(mut value) = reader.value::<Number<0, 4294>>(line, row)? {
        if value.value.0 == 0 {
            let words = "smtp_conect_timeout must be greater than 0, setting to 1";
            reader.report(Code::Adjusted, line.span(1), words);
            value.value.0 = 1;
        }
        block.smtp_connect_timeout = Some(value);
    }
    Ok(())
}

pub fn notification_email(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let before = block.notification_email.len();
    reader.entries(line, row, |entry, _| {
        let words = (0..entry.len()).filter_map(|at| Some(Spanned::new(entry.word(at)?.to_owned(), entry.span(at))));
        block.notification_email.extend(words);
        Ok(())
    })?;
    if block.notification_email.len() == before {
        reader.at_end(Code::Warning, line.whole(), "Warning - empty notification_email block");
    }
    Ok(())
}

/// Without a number it is the highest there is.
pub fn max_auto_priority(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = match line.len() {
        1 => Some(Spanned::new(Number(99), line.span(0))),
        _ => reader.value::<Number<-1, 99>>(line, row)?,
    };
    block.max_auto_priority = value.or(block.max_auto_priority);
    Ok(())
}

pub fn dynamic_interfaces(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.dynamic_interfaces = Some(Spanned::new(Flag, line.whole()));
    match line.word(1) {
        None => {}
        Some("allow_if_changes") => block.allow_if_changes = Some(Spanned::new(Flag, line.span(1))),
        Some(word) => {
            let words = format!("Unknown dynamic_interfaces option '{word}'");
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

pub fn lvs_timeouts(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if line.len() < 3 {
        reader.report(Code::InvalidValue, line.whole(), "lvs_timeouts requires at least one option");
        return Ok(());
    }
    let mut timeouts = LvsTimeouts::default();
    let mut at = 1;
    while let Some(option) = line.word(at) {
        let parsed = line.word(at + 1).map(|text| integer(text, 0, 2_678_400, !reader.test));
        let (value, fault) = parsed.map_or((None, None), |parsed| (parsed.value, parsed.fault));
        let seconds = value.map(|value| value as u32);
        match (option, seconds) {
            ("tcp", Some(seconds)) => timeouts.tcp = Some(seconds),
            ("tcpfin", Some(seconds)) => timeouts.tcp_fin = Some(seconds),
            ("udp", Some(seconds)) => timeouts.udp = Some(seconds),
            ("tcp" | "tcpfin" | "udp", None) => {
                if let Some(Fault::Number(words)) = fault {
                    reader.report(Code::InvalidNumber, line.span(at + 1), words);
                }
                let words = match line.word(at + 1) {
                    Some(text) => format!("Invalid lvs_timeout {option} ({text}) - ignoring"),
                    None => format!("No value specified for lvs_timeout {option} - ignoring"),
                };
                reader.report(Code::InvalidValue, line.span(at), words);
            }
            _ => {
                let words = format!("Unknown option {option} specified for lvs_timeouts");
                reader.report(Code::InvalidValue, line.span(at), words);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    block.lvs_timeouts = Some(Spanned::new(timeouts, line.whole()));
    Ok(())
}

pub fn lvs_sync_daemon(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(before) = &block.lvs_sync_daemon {
        let before = &before.value;
        let name = before.instance.as_deref().unwrap_or_default();
        let words = format!("lvs_sync_daemon has already been specified as {} {name} - ignoring", before.interface);
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    let Some(interface) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "lvs_sync_daemon requires interface");
        return Ok(());
    };
    if interface.len() > 15 {
        let words = format!("lvs_sync_daemon interface name '{interface}' too long - ignoring");
        reader.report(Code::InvalidValue, line.span(1), words);
        return Ok(());
    }
    let mut daemon = SyncDaemon { interface: interface.to_owned(), ..SyncDaemon::default() };
    const OPTIONS: [&str; 6] = ["inst", "id", "maxlen", "port", "ttl", "group"];
    let mut at = 2;
    if let Some(word) = line.word(2).filter(|word| !OPTIONS.contains(word)) {
        daemon.instance = Some(word.to_owned());
        at = 3;
        if let Some(id) = line.word(3).filter(|word| !OPTIONS.contains(word)) {
            daemon.id = sync_number("id", (0, 255), id, line.span(3), reader).map(|id| id as u8);
            if daemon.id.is_some() {
                let words = "Please use keyword \"id\" before lvs_sync_daemon SYNCID";
                reader.report(Code::Deprecated, line.span(3), words);
            }
            at = 4;
        }
    }
    while let Some(option) = line.word(at) {
        if !OPTIONS.contains(&option) {
            let words = format!("Unknown option {option} specified for lvs_sync_daemon");
            reader.report(Code::InvalidValue, line.span(at), words);
            at += 1;
            continue;
        }
        if option == "inst" {
            reader.need(line, at + 1)?;
        }
        let Some(text) = line.word(at + 1) else {
            let left = if option == "id" { ", defaulting to vrid" } else { " - ignoring" };
            let words = format!("No value specified for lvs_sync_daemon {option}{left}");
            reader.report(Code::InvalidValue, line.span(at), words);
            break;
        };
        let mut number = |min, max| sync_number(option, (min, max), text, line.span(at + 1), reader);
        match option {
            "inst" => match &daemon.instance {
                Some(first) => {
                    let words =
                        format!("lvs_sync_daemon vrrp instance has already been specified as {first} - ignoring");
                    reader.report(Code::Duplicate, line.span(at + 1), words);
                }
                None => daemon.instance = Some(text.to_owned()),
            },
            "id" => daemon.id = number(0, 255).map(|value| value as u8),
            "maxlen" => daemon.max_length = number(1, 65507).map(|value| value as u16),
            "port" => daemon.port = number(1, 65535).map(|value| value as u16),
            "ttl" => daemon.ttl = number(1, 255).map(|value| value as u8),
            _ => match text.parse::<IpAddr>() {
                Ok(group) if group.is_multicast() => daemon.group = Some(group),
                Ok(group) => {
                    let words = format!("lvs_sync_daemon group address {group} is not multicast - ignoring");
                    reader.report(Code::InvalidValue, line.span(at + 1), words);
                }
                Err(_) => {
                    let words = format!("Invalid lvs_sync_daemon group ({text}) - ignoring");
                    reader.report(Code::InvalidValue, line.span(at + 1), words);
                }
            },
        }
        at += 2;
    }
    block.lvs_sync_daemon = Some(Spanned::new(daemon, line.whole()));
    Ok(())
}

/// A number of `lvs_sync_daemon`; why it is none is said.
fn sync_number(option: &str, (min, max): (i64, i64), text: &str, span: Span, reader: &mut Reader<'_>) -> Option<i64> {
    let parsed = integer(text, min, max, false);
    if let Some(Fault::Number(words)) = parsed.fault {
        reader.report(Code::InvalidNumber, span, words);
        let words = match option {
            "id" => format!("Invalid syncid ({text}) - defaulting to vrid"),
            _ => format!("Invalid lvs_sync_daemon {option} ({text}) - ignoring"),
        };
        reader.report(Code::InvalidValue, span, words);
    }
    parsed.value
}

/// A multicast address of one family; why it is none is said.
fn mcast_group(line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>, v4: bool) -> Result<Given<IpAddr>, Stop> {
    let text = reader.need(line, 1)?;
    let name = row.name;
    let words = match IpAddr::parse(text, false).value {
        None => format!("Can't parse {name} [{text}]. Skipping"),
        Some(address) if address.is_ipv4() != v4 => {
            format!("{name} [{text}] is not {}. Skipping", if v4 { "IPv4" } else { "IPv6" })
        }
        Some(address) if !address.is_multicast() => format!("{name} [{text}] is not multicast. Skipping"),
        Some(address) => return Ok(Some(Spanned::new(address, line.span(1)))),
    };
    reader.report(Code::InvalidValue, line.span(1), words);
    Ok(None)
}

pub fn mcast_group4(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.vrrp_mcast_group4 = mcast_group(line, row, reader, true)?.or(block.vrrp_mcast_group4);
    Ok(())
}

pub fn mcast_group6(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(group) = mcast_group(line, row, reader, false)? else { return Ok(()) };
    if let IpAddr::V6(address) = group.value
        && address.segments()[0] & 0xff0f != 0xff02
    {
        let words = format!("{} [{address}] should be link-local multicast.", row.name);
        reader.report(Code::Warning, group.span, words);
    }
    block.vrrp_mcast_group6 = Some(group);
    Ok(())
}

/// A count of at least 1; 0 is reported and becomes 1.
pub fn at_least_one(
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<Given<Number<0, 4_294_967_295>>, Stop> {
    let mut value = reader.value::<Number<0, 4_294_967_295>>(line, row)?;
    if let Some(value) = value.as_mut().filter(|value| value.value.0 == 0) {
        let words = format!("{} must be greater than 0, setting to 1", row.name);
        reader.report(Code::Adjusted, line.span(1), words);
        value.value.0 = 1;
    }
    Ok(value)
}

pub fn garp_master_repeat(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = at_least_one(line, row, reader)?;
    block.vrrp_garp_master_repeat = value.or(block.vrrp_garp_master_repeat);
    Ok(())
}

pub fn garp_master_refresh_repeat(
    block: &mut Global,
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    let value = at_least_one(line, row, reader)?;
    block.vrrp_garp_master_refresh_repeat = value.or(block.vrrp_garp_master_refresh_repeat);
    Ok(())
}

fn affinity(line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Vec<u16> {
    let what = row.name.split('_').next().unwrap_or_default();
    if line.len() < 2 {
        reader.report(Code::InvalidValue, line.whole(), format!("No {what} cpu_id set specified"));
        return Vec::new();
    }
    let last = i64::from(reader.host.processors()) - 1;
    let mut set = Vec::new();
    for at in 1..line.len() {
        let text = line.word(at).unwrap_or_default();
        let parsed = integer(text, -1, last, false);
        let Some(value) = parsed.value.and_then(|value| u16::try_from(value).ok()) else {
            let words = match parsed.fault {
                Some(Fault::Number(words)) if words.starts_with("invalid") => words,
                _ => format!("number '{text}' outside range [0, {last}]"),
            };
            reader.report(Code::InvalidNumber, line.span(at), words);
            let words = format!("Invalid cpu_id:{text} specified for {what} process");
            reader.report(Code::InvalidValue, line.span(at), words);
            return Vec::new();
        };
        set.push(value);
    }
    set
}

pub fn bfd_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.bfd_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

/// Only the first word counts; the others are told of.
pub fn notification_email_from(
    block: &mut Global,
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    let Some(address) = line.word(1) else {
        reader.lacking(line, row);
        return Ok(());
    };
    if let Some(extra) = line.word(2) {
        let words = format!("emailfrom - ignoring extra entries '{extra}' ...");
        reader.report(Code::InvalidValue, line.span(2), words);
    }
    block.notification_email_from = Some(Spanned::new(address.to_owned(), line.span(1)));
    Ok(())
}

pub fn snmp_socket(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    match line.word(1) {
        None => reader.lacking(line, row),
        Some(_) if line.len() > 2 => {
            let words = "Too many parameters specified for snmp_socket - ignoring";
            reader.report(Code::InvalidValue, line.span(2), words);
        }
        Some(socket) => match &block.snmp_socket {
            Some(first) => {
                let words = format!("SNMP socket already set to {} - ignoring", first.value);
                let finding = Diagnostic::at(Code::Duplicate, line.span(1), words);
                reader.found.push(finding.also(first.span, "the first one, which stays"));
            }
            None => block.snmp_socket = Some(Spanned::new(socket.to_owned(), line.span(1))),
        },
    }
    Ok(())
}

pub fn vrrp_rx_bufs_policy(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(text) = line.word(1) else {
        reader.lacking(line, row);
        return Ok(());
    };
    let named = |text: &str| match text {
        _ if text.eq_ignore_ascii_case("MTU") => Some(RxBuffers::Mtu),
        _ if text.eq_ignore_ascii_case("ADVERT") => Some(RxBuffers::Advert),
        _ => None,
    };
    let policy = match named(text) {
        Some(policy) => policy,
        None => {
            let parsed = integer(text, 0, i64::from(u32::MAX), row.lax && !reader.test);
            let Some(bytes) = parsed.value else {
                if let Some(Fault::Number(words)) = parsed.fault {
                    reader.report(Code::InvalidNumber, line.span(1), words);
                }
                let words = format!("Invalid vrrp_rx_bufs_policy {text}");
                reader.report(Code::InvalidValue, line.span(1), words);
                return Ok(());
            };
            RxBuffers::Bytes(bytes as u32)
        }
    };
    // A number counts more than a policy, and MTU more than ADVERT, in whichever order they come.
    let before = block.vrrp_rx_bufs_policy.as_ref().map(|before| before.value);
    let further = line.words(2).map(|word| named(word).ok_or(word));
    let mut policy = policy;
    for other in before.map(Ok).into_iter().chain(further) {
        let words = match (policy, other) {
            (_, Err(word)) => format!("Invalid vrrp_rx_bufs_policy {word}"),
            (RxBuffers::Bytes(_), Ok(RxBuffers::Bytes(_))) => continue,
            (RxBuffers::Bytes(_), Ok(_)) => {
                "Cannot set vrrp_rx_bufs_policy size and policy, ignoring policy".to_owned()
            }
            (_, Ok(bytes @ RxBuffers::Bytes(_))) => {
                policy = bytes;
                "Cannot set vrrp_rx_bufs_policy size and policy, ignoring policy".to_owned()
            }
            (policy, Ok(other)) if policy == other => continue,
            (_, Ok(_)) => {
                policy = RxBuffers::Mtu;
                "Cannot set both vrrp_rx_bufs_policy MTU and ADVERT, ignoring ADVERT".to_owned()
            }
        };
        reader.report(Code::InvalidValue, line.span(1), words);
    }
    block.vrrp_rx_bufs_policy = Some(Spanned::new(policy, line.span(1)));
    Ok(())
}

pub fn vrrp_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.vrrp_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

pub fn checker_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.checker_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

fn fifo(fifo: &mut Given<Fifo>, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(path) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), format!("No {} name specified", row.name));
        return Ok(());
    };
    if fifo.is_some() {
        reader.report(Code::Duplicate, line.whole(), format!("{} already specified - ignoring {path}", row.name));
        return Ok(());
    }
    let owner = line.word(2).map(|name| User { name: name.to_owned(), group: line.word(3).map(str::to_owned) });
    *fifo = Some(Spanned::new(Fifo { path: path.to_owned(), owner }, line.span(1)));
    Ok(())
}

pub fn notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.notify_fifo, line, row, reader)
}

pub fn vrrp_notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.vrrp_notify_fifo, line, row, reader)
}

pub fn lvs_notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.lvs_notify_fifo, line, row, reader)
}

pub fn script_user(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(name) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "No script username specified");
        return Ok(());
    };
    let user = User { name: name.to_owned(), group: line.word(2).map(str::to_owned) };
    let known = reader.host.user(name).is_some()
        && user.group.as_deref().is_none_or(|group| reader.host.group(group.trim_start_matches(':')).is_some());
    if !known {
        reader.report(Code::NotFound, line.span(1), "Error setting global script uid/gid");
    }
    block.script_user = Some(Spanned::new(user, line.span(1)));
    Ok(())
}

pub fn umask(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let first = reader.need(line, 1)?;
    let numeric = first.starts_with(|c: char| c.is_ascii_digit());
    let value = if numeric {
        let (digits, radix) = match first.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None if first.len() > 1 && first.starts_with('0') => (first, 8),
            None => (first, 10),
        };
        u32::from_str_radix(digits, radix).ok().filter(|value| *value <= 0o777)
    } else {
        let text: Vec<&str> = line.words(1).collect();
        let joined = text.join(" ");
        let mut bits = joined.split('|').map(|name| bit(name.trim()));
        bits.try_fold(0, |all, bit| Some(all | bit?))
    };
    match value {
        Some(value) => block.umask = Some(Spanned::new(value, line.span(1))),
        None if numeric => reader.report(Code::InvalidValue, line.span(1), format!("invalid umask value {first}")),
        None => {
            let mut names = line.words(1).flat_map(|word| word.split('|')).filter(|name| !name.is_empty());
            let unknown = names.find(|name| bit(name).is_none());
            let words = match unknown {
                Some(name) => format!("Unknown umask bit {name}"),
                None if line.words(1).last().is_some_and(|word| word.ends_with('|')) => {
                    "umask missing bit value".to_owned()
                }
                None => format!("Invalid umask syntax {}", line.word(2).unwrap_or(first)),
            };
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

/// The bits of a name of sys/stat.h without its `S_`.
fn bit(name: &str) -> Option<u32> {
    let shift = match name.get(name.len().checked_sub(3)?..)? {
        "USR" => 6,
        "GRP" => 3,
        "OTH" => 0,
        _ => {
            return match name {
                "IRWXU" => Some(0o700),
                "IRWXG" => Some(0o070),
                "IRWXO" => Some(0o007),
                _ => None,
            };
        }
    };
    let bits = match name.get(..name.len() - 3)? {
        "IR" => 4,
        "IW" => 2,
        "IX" => 1,
        _ => return None,
    };
    Some(bits << shift)
}

/// What the words do is done while files are read; here they are only checked.
pub fn include_check(_: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut plain = false;
    for at in 1..line.len() {
        let word = line.word(at).unwrap_or_default();
        let signed = word.starts_with(['+', '-']);
        if !signed && std::mem::replace(&mut plain, true) {
            let words = format!("Duplicate include_check '{word}' specified - ignoring");
            reader.report(Code::Duplicate, line.span(at), words);
        } else if !matches!(word.trim_start_matches(['+', '-']), "read" | "match" | "wildcard_match" | "brace_match") {
            let name = word.trim_start_matches(['+', '-']);
            let words = format!("Unknown include_check type '{name}' - ignoring");
            reader.report(Code::InvalidValue, line.span(at), words);
        }
    }
    Ok(())
}
