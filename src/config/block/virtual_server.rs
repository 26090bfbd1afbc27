//! `virtual_server` and `real_server`.

use super::checker::{self, Checker, Kind};
use super::root::Config;
use super::{Given, Seldom, bfd};
use crate::base::net::{Endpoint, Family};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Invalid, Missing, Repeat, Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Number, Parsed, Seconds, Value, integer};
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::lvs::{Forwarding, Granularity, Protocol, Scheduler, Tunnel, TunnelKind, show};

/// What a virtual server listens on, as its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    Address(Endpoint),
    Fwmark(u32),
    Group(String),
}

/// Times that virtual server, real server and checker all may give (LV-30).
#[derive(Clone, Debug, Default)]
pub struct Timing {
    pub retry: Seldom<Number<0, 4_294_967_295>>,
    pub delay_before_retry: Seldom<Seconds<0, 4_294_967_295_000_000>>,
    pub warmup: Seldom<Seconds<0, 4_294_967_295_000_000>>,
    pub connect_timeout: Given<Seconds<1, 4_294_967_295>>,
    pub delay_loop: Seldom<Seconds<1, 4_294_967_295_000_000>>,
}

/// `slow_start` and `drain_timeout`: seconds, at most a day.
pub type Gradual = Seconds<0, 86_400_000_000>;

/// `virtual_server … { … }`.
#[derive(Debug)]
pub struct VirtualServer {
    pub header: Header,
    pub span: Span,
    /// Its closing brace.
    pub end: Span,
    pub family: Option<Family>,
    pub timing: Timing,
    pub inhibit_on_failure: Given<Flag>,
    pub scheduler: Given<Scheduler>,
    pub flags: u32,
    pub forwarding: Given<Forwarding>,
    pub persistence_engine: Given<EngineName>,
    pub persistence_timeout: Option<u32>,
    pub granularity: Option<Granularity>,
    pub protocol: Given<Protocol>,
    pub ha_suspend: Given<Flag>,
    pub smtp_alert: Given<bool>,
    pub virtualhost: Given<String>,
    pub alpha: Given<Flag>,
    pub omega: Given<Flag>,
    pub quorum_up: Given<Script>,
    pub quorum_down: Given<Script>,
    pub quorum: Given<Number<1, 4_294_967_295>>,
    pub hysteresis: Given<Number<0, 4_294_967_295>>,
    pub weight: Given<Number<1, 2_147_483_647>>,
    pub slow_start: Seldom<Gradual>,
    pub drain_timeout: Seldom<Gradual>,
    pub sorry_server: Option<Sorry>,
    pub real_servers: Vec<RealServer>,
}

/// `sorry_server` and the keywords that must follow it.
#[derive(Clone, Debug)]
pub struct Sorry {
    pub endpoint: Endpoint,
    pub span: Span,
    pub forwarding: Option<Forwarding>,
    pub inhibit: bool,
}

/// `real_server ADDR [PORT] { … }`.
#[derive(Debug)]
pub struct RealServer {
    pub endpoint: Endpoint,
    pub span: Span,
    pub timing: Timing,
    pub forwarding: Option<Forwarding>,
    pub weight: Given<Number<0, 2_147_483_647>>,
    pub uthreshold: Seldom<Number<0, 4_294_967_295>>,
    pub lthreshold: Seldom<Number<0, 4_294_967_295>>,
    pub inhibit_on_failure: Seldom<bool>,
    pub slow_start: Seldom<Gradual>,
    pub drain_timeout: Seldom<Gradual>,
    pub notify_up: Seldom<Script>,
    pub notify_down: Seldom<Script>,
    pub alpha: Seldom<bool>,
    pub smtp_alert: Seldom<bool>,
    pub virtualhost: Seldom<String>,
    pub checkers: Vec<Checker>,
}

impl RealServer {
    /// Adds a checker. Most servers have one, and one is large: there is no room for more until there are more.
    pub fn check(&mut self, checker: Checker) {
        self.checkers.reserve_exact(1);
        self.checkers.push(checker);
    }
}

/// The name of a persistence engine: its first 16 bytes count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineName(pub String);

impl std::fmt::Display for EngineName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for EngineName {
    const HINT: &'static str = "<string>";

    fn parse(text: &str, _: bool) -> Parsed<EngineName> {
        let end = (0..=16).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let name = text.get(..end).unwrap_or(text);
        let cut = (name.len() < text.len())
            .then(|| Fault::Tolerated(format!("persistence_name too long, truncating - {text}")));
        Parsed { value: Some(EngineName(name.to_owned())), fault: cut }
    }
}

keywords! {
    pub static VIRTUAL_SERVER: VirtualServer {
        call "ip_family" (ip_family, Value, "inet|inet6", "") "Family of a service by mark.";
        call "retry" (retry, Value, "<uint>", "") "Further attempts before a failure counts." { lax: false, complaint: "retry value invalid - {}" };
        call "delay_before_retry" (delay_before_retry, Value, "<seconds>", "") "Seconds between attempts." { complaint: "virtual server delay before retry '{}' invalid - ignoring" };
        call "warmup" (warmup, Value, "<seconds>", "") "Most seconds before the first check." { complaint: "virtual server warmup '{}' invalid - ignoring" };
        call "connect_timeout" (connect_timeout, Value, "<seconds>", "5") "Seconds to connect." { complaint: "virtual server connect_timeout {} invalid - ignoring" };
        call "delay_loop" (delay_loop, Value, "<seconds>", "60") "Seconds between checks." { complaint: "virtual server delay loop '{}' invalid - ignoring" };
        set "inhibit_on_failure" (inhibit_on_failure: Flag = "") "Failed servers get weight 0.";
        call "lb_algo" (scheduler, Value, "rr|wrr|lc|wlc|lblc|sh|mh|dh|fo|ovf|lblcr|sed|nq|twos", "wlc") "Scheduler.";
        call "lvs_sched" (scheduler, Value, "rr|wrr|lc|wlc|lblc|sh|mh|dh|fo|ovf|lblcr|sed|nq|twos", "wlc") "Scheduler.";
        call "hashed" (hashed, Flag, "", "") "Obsolete.";
        call "ops" (ops, Flag, "", "") "One packet scheduling.";
        call "flag-1" (flag_1, Flag, "", "") "First flag of the scheduler.";
        call "flag-2" (flag_2, Flag, "", "") "Second flag of the scheduler.";
        call "flag-3" (flag_3, Flag, "", "") "Third flag of the scheduler.";
        call "sh-port" (sh_port, Flag, "", "") "sh: hash the port too.";
        call "sh-fallback" (sh_fallback, Flag, "", "") "sh: another server when one is down.";
        call "mh-port" (mh_port, Flag, "", "") "mh: hash the port too.";
        call "mh-fallback" (mh_fallback, Flag, "", "") "mh: another server when one is down.";
        call "lb_kind" (lb_kind, Words, "NAT|DR|TUN [type ipip|gue|gre] [port <uint>] [nocsum|csum|remcsum]", "NAT") "How packets reach the real servers that follow.";
        call "lvs_method" (lb_kind, Words, "NAT|DR|TUN [type ipip|gue|gre] [port <uint>] [nocsum|csum|remcsum]", "NAT") "How packets reach the real servers that follow.";
        set "persistence_engine" (persistence_engine: EngineName = "") "Persistence engine of IPVS.";
        call "persistence_timeout" (persistence_timeout, Value, "[<uint>]", "") "Seconds that a client keeps its server.";
        call "persistence_granularity" (persistence_granularity, Value, "<netmask>|<prefix>", "") "Which clients count as one.";
        call "protocol" (protocol, Value, "TCP|UDP|SCTP", "UDP") "Transport.";
        set "ha_suspend" (ha_suspend: Flag = "") "Check only while the address is here.";
        set "smtp_alert" (smtp_alert: bool = "") "Mail on changes of quorum." { complaint: "Invalid virtual_server smtp_alert parameter {}" };
        set "virtualhost" (virtualhost: String = "") "Host header of HTTP checks." { missing: Missing::Report, repeat: Repeat::Replace, lack: "virtual server virtualhost missing", again: "Duplicate vs virtualhost - overwriting {old} with {}" };
        read "snmp_name" (String = "") "Name in SNMP." { missing: Missing::Report, alone: true, lack: "virtual server snmp_name missing or extra parameters" };
        set "alpha" (alpha: Flag = "") "Servers count as failed until checked.";
        set "omega" (omega: Flag = "") "Tell of servers going down at stop.";
        script "quorum_up" (quorum_up) "Run when quorum is gained." { again: "quorum_up script already specified - ignoring {}" };
        script "quorum_down" (quorum_down) "Run when quorum is lost." { again: "quorum_down script already specified - ignoring {}" };
        set "quorum" (quorum: Number<1, 4_294_967_295> = "1") "Sum of weights that is needed." { invalid: Invalid::Default, complaint: "Quorum {} must be in [1, 4294967295]. Setting to 1." };
        set "hysteresis" (hysteresis: Number<0, 4_294_967_295> = "0") "Margin of quorum." { complaint: "Hysteresis {} must be in [0, 4294967295] - ignoring" };
        set "weight" (weight: Number<1, 2_147_483_647> = "1") "Default weight of real servers." { complaint: "Virtual server weight {} is outside range 1-2147483647" };
        set "slow_start" (slow_start: Gradual = "0") "Seconds in which the weight of a server that comes up grows from 1 to its full value; not in keepalived." { complaint: "virtual server slow_start '{}' invalid - ignoring" };
        set "drain_timeout" (drain_timeout: Gradual = "0") "Seconds that a server which goes stays in the table with weight 0; not in keepalived." { complaint: "virtual server drain_timeout '{}' invalid - ignoring" };
        call "sorry_server" (sorry_server, Words, "<ipaddr> [<port>]", "") "Server of last resort.";
        call "sorry_server_inhibit" (sorry_server_inhibit, Flag, "", "") "It stays in the table with weight 0.";
        call "sorry_server_lvs_method" (sorry_server_lvs_method, Words, "NAT|DR|TUN …", "") "How packets reach it.";
        block "real_server" (real_server) "One real server.";
    }
}

keywords! {
    pub static REAL_SERVER: RealServer {
        set "weight" (weight: Number<0, 2_147_483_647> = "1") "Weight in the table." { complaint: "Real server weight {} is outside range 0-2147483647" };
        call "lvs_method" (rs_lvs_method, Words, "NAT|DR|TUN …", "") "How packets reach it.";
        set "uthreshold" (uthreshold: Number<0, 4_294_967_295> = "0") "Most connections." { complaint: "Invalid real_server uthreshold '{}' - ignoring" };
        set "lthreshold" (lthreshold: Number<0, 4_294_967_295> = "0") "Connections below which it is used again." { complaint: "Invalid real_server lthreshold '{}' - ignoring" };
        set "inhibit_on_failure" (inhibit_on_failure: bool = "") "Weight 0 when it fails." { complaint: "Invalid inhibit_on_failure parameter {}" };
        set "slow_start" (slow_start: Gradual = "0") "Seconds in which its weight grows from 1 to its full value after it comes up; not in keepalived." { complaint: "real server slow_start '{}' invalid - ignoring" };
        set "drain_timeout" (drain_timeout: Gradual = "0") "Seconds that it stays in the table with weight 0 after it goes; not in keepalived." { complaint: "real server drain_timeout '{}' invalid - ignoring" };
        script "notify_up" (notify_up) "Run when it comes up." { again: "notify_up script already specified - ignoring {}" };
        script "notify_down" (notify_down) "Run when it goes down." { again: "notify_down script already specified - ignoring {}" };
        set "alpha" (alpha: bool = "") "Counts as failed until checked." { complaint: "Invalid alpha parameter {}" };
        call "retry" (rs_retry, Value, "<uint>", "") "Further attempts before a failure counts." { lax: false, complaint: "retry value invalid - {}" };
        call "delay_before_retry" (rs_delay_before_retry, Value, "<seconds>", "") "Seconds between attempts." { complaint: "real server delay_before_retry '{}' invalid - ignoring" };
        call "warmup" (rs_warmup, Value, "<seconds>", "") "Most seconds before the first check." { complaint: "real server warmup '{}' invalid - ignoring" };
        call "connect_timeout" (rs_connect_timeout, Value, "<seconds>", "") "Seconds to connect." { complaint: "real server connect_timeout {} invalid - ignoring" };
        call "delay_loop" (rs_delay_loop, Value, "<seconds>", "") "Seconds between checks." { complaint: "real server delay_loop '{}' invalid - ignoring" };
        set "smtp_alert" (smtp_alert: bool = "") "Mail on its changes." { complaint: "Invalid real_server smtp_alert parameter {}" };
        set "virtualhost" (virtualhost: String = "") "Host header of HTTP checks." { missing: Missing::Report, repeat: Repeat::Replace, lack: "real server virtualhost missing", again: "Duplicate rs virtualhost - overwriting {old} with {}" };
        read "snmp_name" (String = "") "Name in SNMP." { missing: Missing::Report, alone: true, lack: "real server snmp_name missing or extra parameters" };
        block "HTTP_GET" (http_get) "HTTP check.";
        block "SSL_GET" (ssl_get) "HTTPS check.";
        block "TCP_CHECK" (tcp_check) "TCP connect check.";
        block "UDP_CHECK" (udp_check) "UDP check.";
        block "PING_CHECK" (ping_check) "ICMP check.";
        block "SMTP_CHECK" (smtp_check) "SMTP check.";
        block "DNS_CHECK" (dns_check) "DNS check.";
        block "MISC_CHECK" (misc_check) "Check by script.";
        block "FILE_CHECK" (file_check) "Weight from a tracked file.";
        block "BFD_CHECK" (bfd::bfd_check) "State of a BFD session.";
    }
}

type Read = Result<(), Stop>;

/// Reads one of the shared times into a field of `timing`.
macro_rules! timing {
    ($($name:ident $rs_name:ident $field:ident: $V:ty;)*) => { $(
        fn $name(block: &mut VirtualServer, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
            if let Some(value) = reader.value::<$V>(line, row)? {
                block.timing.$field = Some(value.into());
            }
            Ok(())
        }

        fn $rs_name(block: &mut RealServer, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
            if let Some(value) = reader.value::<$V>(line, row)? {
                block.timing.$field = Some(value.into());
            }
            Ok(())
        }
    )* };
}

timing! {
    delay_before_retry rs_delay_before_retry delay_before_retry: Seconds<0, 4_294_967_295_000_000>;
    warmup rs_warmup warmup: Seconds<0, 4_294_967_295_000_000>;
    connect_timeout rs_connect_timeout connect_timeout: Seconds<1, 4_294_967_295>;
    delay_loop rs_delay_loop delay_loop: Seconds<1, 4_294_967_295_000_000>;
}

/// At this level 0 is refused; a checker may have it.
fn retry_value(
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<Given<Number<0, 4_294_967_295>>, Stop> {
    let value = reader.value::<Number<1, 4_294_967_295>>(line, row)?;
    Ok(value.map(|value| Spanned::new(Number(value.value.0), value.span)))
}

fn retry(block: &mut VirtualServer, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.timing.retry = retry_value(line, row, reader)?.map(Into::into).or(block.timing.retry.take());
    Ok(())
}

fn rs_retry(block: &mut RealServer, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.timing.retry = retry_value(line, row, reader)?.map(Into::into).or(block.timing.retry.take());
    Ok(())
}

/// `ADDR [PORT]` from word `at`; a port of zeros only is none (CL-102). The error is what the original shows; what is
/// wrong with the number was said.
fn endpoint(line: &Line<'_>, at: usize, reader: &mut Reader<'_>) -> Result<Endpoint, String> {
    let text = line.word(at).unwrap_or_default();
    let port_text = line.word(at + 1).unwrap_or_default();
    let shown = || if port_text.is_empty() { text.to_owned() } else { format!("{text}/{port_text}") };
    let Ok(address) = text.parse() else { return Err(shown()) };
    port(port_text, line.span(at + 1), reader).map(|port| Endpoint { address, port }).ok_or_else(shown)
}

/// 1..=65535, or 0 for a word of zeros or none; what is wrong with the number is said.
pub fn port(text: &str, span: Span, reader: &mut Reader<'_>) -> Option<u16> {
    if text.bytes().all(|byte| byte == b'0') {
        return Some(0);
    }
    let parsed = integer(text, 1, 65535, false);
    if let Some(Fault::Number(words)) = parsed.fault {
        reader.report(Code::InvalidNumber, span, words);
    }
    parsed.value.map(|port| port as u16)
}

pub fn virtual_server(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let header = match reader.need(line, 1)? {
        "fwmark" => {
            let text = reader.need(line, 2)?;
            let parsed = integer(text, 0, i64::from(u32::MAX), !reader.test);
            match parsed.value {
                Some(mark) => Some(Header::Fwmark(mark as u32)),
                None => {
                    if let Some(Fault::Number(words)) = parsed.fault {
                        reader.report(Code::InvalidNumber, line.span(2), words);
                    }
                    let words = format!("virtual server fwmark '{text}' must be in [0, 4294967295] - ignoring");
                    reader.report(Code::BlockRefused, line.span(2), words);
                    None
                }
            }
        }
        "group" => match line.word(2) {
            Some(name) => Some(Header::Group(name.to_owned())),
            None => {
                reader.report(Code::BlockRefused, line.whole(), "virtual server group name missing - skipping");
                None
            }
        },
        _ => match endpoint(line, 1, reader) {
            Ok(endpoint) => Some(Header::Address(endpoint)),
            Err(shown) => {
                let port = if line.len() > 2 { "/port" } else { "" };
                let words = format!("Invalid virtual server IP address{port} {shown} - skipping");
                reader.report(Code::BlockRefused, line.span(1), words);
                None
            }
        },
    };
    let Some(header) = header else {
        reader.skip_block();
        return Ok(());
    };
    let family = match &header {
        Header::Address(at) => Some(Family::of(at.address)),
        Header::Fwmark(_) | Header::Group(_) => None,
    };
    let mut block = VirtualServer {
        header,
        span: line.whole(),
        end: line.whole(),
        family,
        timing: Timing::default(),
        inhibit_on_failure: None,
        scheduler: None,
        flags: 0,
        forwarding: None,
        persistence_engine: None,
        persistence_timeout: None,
        granularity: None,
        protocol: None,
        ha_suspend: None,
        smtp_alert: None,
        virtualhost: None,
        alpha: None,
        omega: None,
        quorum_up: None,
        quorum_down: None,
        quorum: None,
        hysteresis: None,
        weight: None,
        slow_start: None,
        drain_timeout: None,
        sorry_server: None,
        real_servers: Vec::new(),
    };
    let read = reader.block("virtual_server", line, VIRTUAL_SERVER, &mut block);
    block.end = reader.closed;
    block.real_servers.shrink_to_fit();
    config.virtual_servers.push(block);
    read
}

fn ip_family(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    let family = match text {
        "inet" => Family::V4,
        "inet6" => Family::V6,
        _ => {
            reader.report(Code::InvalidValue, line.span(1), format!("unknown address family {text}"));
            return Ok(());
        }
    };
    match block.family {
        Some(before) if before != family => {
            let words = format!("Virtual server specified family {text} conflicts with server family");
            reader.report(Code::InvalidValue, line.span(1), words);
        }
        _ => block.family = Some(family),
    }
    Ok(())
}

fn scheduler(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    match Scheduler::ALL.into_iter().find(|scheduler| scheduler.name() == text) {
        Some(scheduler) => block.scheduler = Some(Spanned::new(scheduler, line.span(1))),
        None => {
            let near = crate::config::suggest::near(text, Scheduler::ALL.into_iter().map(Scheduler::name));
            let words = format!("Invalid lvs_scheduler '{text}' - ignoring");
            let mut finding = crate::diagnostic::Diagnostic::at(Code::InvalidValue, line.span(1), words);
            if let Some(near) = near {
                finding = finding.help(format!("did you mean `{near}`?"));
            }
            reader.found.push(finding);
        }
    }
    Ok(())
}

/// A flag that belongs to one scheduler, which must be set before (LV-13, LV-14).
fn flag_of(block: &mut VirtualServer, line: &Line<'_>, reader: &mut Reader<'_>, wanted: Scheduler, bit: u32) {
    let hashing = [Scheduler::Sh, Scheduler::Mh];
    match super::value(&block.scheduler) {
        Some(scheduler) if scheduler == wanted => block.flags |= bit,
        Some(scheduler) if hashing.contains(&scheduler) => {}
        _ => {
            let words = format!("{} only applies to sh scheduler - ignoring", line.keyword());
            reader.report(Code::InvalidValue, line.whole(), words);
        }
    }
}

fn hashed(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    flag_of(block, line, reader, Scheduler::Sh, 0);
    Ok(())
}

fn ops(block: &mut VirtualServer, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.flags |= 0x04;
    Ok(())
}

fn flag_1(block: &mut VirtualServer, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.flags |= 0x08;
    Ok(())
}

fn flag_2(block: &mut VirtualServer, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.flags |= 0x10;
    Ok(())
}

fn flag_3(block: &mut VirtualServer, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.flags |= 0x20;
    Ok(())
}

fn sh_port(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    flag_of(block, line, reader, Scheduler::Sh, 0x10);
    Ok(())
}

fn sh_fallback(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    flag_of(block, line, reader, Scheduler::Sh, 0x08);
    Ok(())
}

fn mh_port(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    flag_of(block, line, reader, Scheduler::Mh, 0x10);
    Ok(())
}

fn mh_fallback(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    flag_of(block, line, reader, Scheduler::Mh, 0x08);
    Ok(())
}

/// A forwarding method and its tunnel options; of bad options only the method is kept (LV-17 … LV-19).
fn forwarding(
    line: &Line<'_>,
    reader: &mut Reader<'_>,
    whose: &str,
    before: Option<Forwarding>,
) -> Result<Option<Forwarding>, Stop> {
    let method = reader.need(line, 1)?;
    let plain = match before {
        Some(Forwarding::Tunnel(tunnel)) => tunnel,
        _ => Tunnel { kind: TunnelKind::Ipip, port: 0, checksum: 0 },
    };
    let tunnel = tunnel(line, reader, whose).and_then(|tunnel| consistent(tunnel).map(|()| tunnel));
    if let Err(words) = &tunnel {
        reader.report(Code::InvalidValue, line.whole(), words.clone());
    }
    Ok(match method {
        "NAT" => Some(Forwarding::Nat),
        "DR" => Some(Forwarding::DirectRouting),
        "TUN" => Some(Forwarding::Tunnel(tunnel.unwrap_or(plain))),
        _ => {
            let words = format!("PARSER : unknown [{method}] routing method for {whose} server.");
            let finding = crate::diagnostic::Diagnostic::at(Code::InvalidValue, line.span(1), words);
            reader.found.push(finding.label("wanted: NAT|DR|TUN"));
            None
        }
    })
}

/// The options behind the method; the error is in the original's words.
fn tunnel(line: &Line<'_>, reader: &mut Reader<'_>, whose: &str) -> Result<Tunnel, String> {
    let mut tunnel = Tunnel { kind: TunnelKind::Ipip, port: 0, checksum: 0 };
    let mut at = 2;
    while let Some(option) = line.word(at) {
        at += 1;
        match option {
            "type" => {
                tunnel.kind = match line.word(at) {
                    Some("ipip") => TunnelKind::Ipip,
                    Some("gue") => TunnelKind::Gue,
                    Some("gre") => TunnelKind::Gre,
                    Some(other) => return Err(format!("Unknown tunnel type {other} for {whose} server.")),
                    None => return Err(format!("Missing tunnel type for {whose} server.")),
                };
                at += 1;
            }
            "port" => {
                let Some(text) = line.word(at) else {
                    return Err(format!("Missing port for {whose} server gue tunnel."));
                };
                let parsed = integer(text, 1, 65535, false);
                let Some(port) = parsed.value else {
                    if let Some(Fault::Number(words)) = parsed.fault {
                        reader.report(Code::InvalidNumber, line.span(at), words);
                    }
                    return Err(format!("Invalid gue tunnel port {text} for {whose} server."));
                };
                tunnel.port = port as u16;
                at += 1;
            }
            "nocsum" => tunnel.checksum = 0,
            "csum" => tunnel.checksum = 1,
            "remcsum" => tunnel.checksum = 2,
            other => return Err(format!("Invalid tunnel option {other} for {whose} server.")),
        }
    }
    Ok(tunnel)
}

/// LV-18, LV-19: what a kind of tunnel needs and what it cannot have.
fn consistent(tunnel: Tunnel) -> Result<(), String> {
    let gue = tunnel.kind == TunnelKind::Gue;
    let wrong = if gue != (tunnel.port != 0) {
        "gue tunnels require port, otherwise cannot have port."
    } else if tunnel.kind == TunnelKind::Ipip && tunnel.checksum != 0 {
        "ipip tunnels do not support checksum option."
    } else if tunnel.kind == TunnelKind::Gre && tunnel.checksum == 2 {
        "gre tunnels do not support remote checksum option."
    } else {
        return Ok(());
    };
    Err(wrong.to_owned())
}

fn lb_kind(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(method) = forwarding(line, reader, "virtual", super::value(&block.forwarding))? {
        block.forwarding = Some(Spanned::new(method, line.span(1)));
    }
    Ok(())
}

fn persistence_timeout(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(text) = line.word(1) else {
        block.persistence_timeout = Some(360);
        return Ok(());
    };
    let parsed = integer(text, 1, 2_678_400, false);
    match parsed.value {
        Some(seconds) => block.persistence_timeout = Some(seconds as u32),
        None => {
            if let Some(Fault::Number(words)) = parsed.fault {
                reader.report(Code::InvalidNumber, line.span(1), words);
            }
            reader.report(Code::InvalidValue, line.span(1), "persistence_timeout invalid");
        }
    }
    Ok(())
}

fn persistence_granularity(
    block: &mut VirtualServer,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    let text = reader.need(line, 1)?;
    let dotted = text.contains('.');
    let family = if dotted { Family::V4 } else { Family::V6 };
    let granularity = if dotted {
        text.parse().ok().map(Granularity::V4)
    } else {
        integer(text, 1, 128, false).value.map(|prefix| Granularity::V6(prefix as u8))
    };
    match granularity.filter(|_| block.family.is_none_or(|known| known == family)) {
        Some(granularity) => {
            block.granularity = Some(granularity);
            block.family = Some(family);
            block.persistence_timeout.get_or_insert(360);
        }
        None => {
            let words = format!("Invalid IPv4 persistence_granularity specified - {text}");
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

fn protocol(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    let protocol = match text.to_ascii_uppercase().as_str() {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => {
            reader.report(Code::InvalidValue, line.span(1), format!("Unknown protocol {text} - ignoring"));
            return Ok(());
        }
    };
    block.protocol = Some(Spanned::new(protocol, line.span(1)));
    Ok(())
}

fn sorry_server(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    reader.need(line, 1)?;
    match endpoint(line, 1, reader) {
        Ok(endpoint) => {
            let forwarding = super::value(&block.forwarding);
            block.sorry_server = Some(Sorry { endpoint, span: line.span(1), forwarding, inhibit: false });
        }
        Err(_) => {
            let address = line.word(1).unwrap_or_default();
            let words = format!("Invalid sorry server IP address {address} - skipping");
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

fn sorry_server_inhibit(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    match &mut block.sorry_server {
        Some(sorry) => sorry.inhibit = true,
        None => {
            let words = "Ignoring sorry_server inhibit used before or without sorry_server";
            reader.report(Code::InvalidValue, line.whole(), words);
        }
    }
    Ok(())
}

fn sorry_server_lvs_method(
    block: &mut VirtualServer,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    let Some(before) = block.sorry_server.as_ref().map(|sorry| sorry.forwarding) else {
        reader.report(Code::InvalidValue, line.whole(), "sorry_server forwarding used without sorry_server");
        return Ok(());
    };
    let method = forwarding(line, reader, "sorry", before)?;
    if let Some(sorry) = &mut block.sorry_server {
        sorry.forwarding = method.or(before);
    }
    Ok(())
}

fn real_server(block: &mut VirtualServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    reader.need(line, 1)?;
    let endpoint = match endpoint(line, 1, reader) {
        Ok(endpoint) => endpoint,
        Err(shown) => {
            let words = format!("Invalid real server ip address/port {shown} - skipping");
            reader.report(Code::BlockRefused, line.span(1), words);
            reader.skip_block();
            return Ok(());
        }
    };
    let mut server = RealServer {
        endpoint,
        span: line.whole(),
        timing: Timing::default(),
        forwarding: super::value(&block.forwarding),
        weight: None,
        uthreshold: None,
        lthreshold: None,
        inhibit_on_failure: None,
        slow_start: None,
        drain_timeout: None,
        notify_up: None,
        notify_down: None,
        alpha: None,
        smtp_alert: None,
        virtualhost: None,
        checkers: Vec::new(),
    };
    let protocol = super::value(&block.protocol).unwrap_or(Protocol::None);
    reader.block_name = show(endpoint, protocol);
    let read = reader.block("virtual_server.real_server", line, REAL_SERVER, &mut server);
    let tunnelled = matches!(server.forwarding, Some(Forwarding::Tunnel(_)));
    let family = Family::of(endpoint.address);
    if !tunnelled && block.family.is_some_and(|known| known != family) {
        let words = format!(
            "Address family of virtual server and real server {} don't match - skipping real server.",
            endpoint.address
        );
        reader.at_end(Code::BlockRefused, server.span, words);
        return read;
    }
    if !tunnelled {
        block.family.get_or_insert(family);
    }
    block.real_servers.push(server);
    read
}

fn rs_lvs_method(block: &mut RealServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(method) = forwarding(line, reader, "real", block.forwarding)? {
        block.forwarding = Some(method);
    }
    Ok(())
}

/// A checker's block: its kind, its context and its keywords.
macro_rules! checkers {
    ($($name:ident $kind:ident $context:literal $table:ident;)*) => { $(
        fn $name(block: &mut RealServer, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
            let mut checker = Checker::new(Kind::$kind, line.whole());
            reader.block($context, line, checker::$table, &mut checker)?;
            if checker.usable(reader) {
                checker.end = reader.closed;
                block.check(checker);
            }
            Ok(())
        }
    )* };
}

checkers! {
    http_get Http "virtual_server.real_server.HTTP_GET" HTTP_GET;
    ssl_get Ssl "virtual_server.real_server.SSL_GET" SSL_GET;
    tcp_check Tcp "virtual_server.real_server.TCP_CHECK" TCP_CHECK;
    udp_check Udp "virtual_server.real_server.UDP_CHECK" UDP_CHECK;
    ping_check Ping "virtual_server.real_server.PING_CHECK" TCP_CHECK;
    smtp_check Smtp "virtual_server.real_server.SMTP_CHECK" SMTP_CHECK;
    dns_check Dns "virtual_server.real_server.DNS_CHECK" DNS_CHECK;
    misc_check Misc "virtual_server.real_server.MISC_CHECK" MISC_CHECK;
    file_check File "virtual_server.real_server.FILE_CHECK" FILE_CHECK;
}
