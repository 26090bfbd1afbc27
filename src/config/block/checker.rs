//! The checkers of a real server.

use std::net::IpAddr;

use super::Seldom;
use super::track::User;
use super::url::{HTTP_URL, SSL_URL, Url};
use super::virtual_server::Timing;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Missing, Repeat, Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Interface, Number, OptionalText, Parsed, Seconds, Value, integer};
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::check::{DnsRecord, HttpProtocol};

/// What kind of check a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http,
    Ssl,
    Tcp,
    Udp,
    Ping,
    Smtp,
    Dns,
    Misc,
    File,
    Bfd,
}

/// A checker of any kind; each kind's table sets only what it has.
#[derive(Debug)]
pub struct Checker {
    pub kind: Kind,
    pub span: Span,
    /// Its closing brace.
    pub end: Span,
    pub connect_ip: Seldom<IpAddr>,
    pub connect_port: Seldom<Number<1, 65535>>,
    pub bindto: Seldom<IpAddr>,
    pub bind_port: Seldom<Number<1, 65535>>,
    pub bind_if: Seldom<Interface>,
    pub fwmark: Seldom<Number<0, 4_294_967_295>>,
    pub timing: Timing,
    pub alpha: Seldom<bool>,
    pub log_all_failures: Seldom<bool>,
    pub virtualhost: Seldom<String>,
    pub http_protocol: Seldom<Protocol>,
    pub enable_sni: Seldom<bool>,
    pub sni_name: Seldom<OptionalText>,
    pub fast_recovery: Seldom<bool>,
    pub tls_compliant: Seldom<bool>,
    pub urls: Vec<Url>,
    pub misc_path: Seldom<Script>,
    pub misc_timeout: Seldom<Number<0, 4294>>,
    pub misc_dynamic: Seldom<Flag>,
    pub user: Seldom<User>,
    pub name: Seldom<String>,
    /// Something that has been told is wrong with it.
    pub refused: bool,
    pub helo_name: Seldom<String>,
    /// `host { … }` of SMTP_CHECK, each with the connection of one more checker.
    pub hosts: Vec<Checker>,
    pub record: Seldom<Record>,
    pub domain: Seldom<String>,
    pub payload: Option<Vec<u8>>,
    /// `require_reply`, with the bytes and the mask of its pattern, if it has one.
    pub require_reply: Option<Option<(Vec<u8>, Vec<u8>)>>,
    pub min_reply_length: Seldom<Number<0, 65535>>,
    pub max_reply_length: Seldom<Number<0, 65535>>,
    pub file_weight: Seldom<FileWeight>,
}

/// `weight` of FILE_CHECK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileWeight {
    pub weight: i32,
    pub reverse: Option<bool>,
}

/// `http_protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol(pub HttpProtocol);

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            HttpProtocol::V1_0 => "1.0",
            HttpProtocol::V1_0Close => "1.0C",
            HttpProtocol::V1_1 => "1.1",
        })
    }
}

impl Value for Protocol {
    const HINT: &'static str = "1.0|1.1|1.0C|1.0c";
    const MISSING: Missing = Missing::Report;

    fn parse(text: &str, _: bool) -> Parsed<Protocol> {
        Parsed::or_bad(match text {
            "1.0" => Some(Protocol(HttpProtocol::V1_0)),
            "1.0C" | "1.0c" => Some(Protocol(HttpProtocol::V1_0Close)),
            "1.1" => Some(Protocol(HttpProtocol::V1_1)),
            _ => None,
        })
    }
}

/// `type` of DNS_CHECK, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record(pub DnsRecord);

const RECORDS: &[(&str, DnsRecord)] = &[
    ("A", DnsRecord::A),
    ("NS", DnsRecord::Ns),
    ("CNAME", DnsRecord::Cname),
    ("SOA", DnsRecord::Soa),
    ("MX", DnsRecord::Mx),
    ("TXT", DnsRecord::Txt),
    ("AAAA", DnsRecord::Aaaa),
    ("RRSIG", DnsRecord::Rrsig),
    ("DNSKEY", DnsRecord::Dnskey),
];

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(RECORDS.iter().find(|(_, record)| *record == self.0).map_or("", |(name, _)| name))
    }
}

impl Value for Record {
    const HINT: &'static str = "A|NS|CNAME|SOA|MX|TXT|AAAA|RRSIG|DNSKEY";

    fn parse(text: &str, _: bool) -> Parsed<Record> {
        let found = RECORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        Parsed::or_bad(found.map(|(_, record)| Record(*record)))
    }
}

/// `max_reply_length` unless given.
pub const LONGEST_REPLY: i64 = 255;

impl Checker {
    pub fn new(kind: Kind, span: Span) -> Checker {
        Checker {
            kind,
            span,
            end: span,
            connect_ip: None,
            connect_port: None,
            bindto: None,
            bind_port: None,
            bind_if: None,
            fwmark: None,
            timing: Timing::default(),
            alpha: None,
            log_all_failures: None,
            virtualhost: None,
            http_protocol: None,
            enable_sni: None,
            sni_name: None,
            fast_recovery: None,
            tls_compliant: None,
            urls: Vec::new(),
            misc_path: None,
            misc_timeout: None,
            misc_dynamic: None,
            user: None,
            name: None,
            refused: false,
            helo_name: None,
            hosts: Vec::new(),
            record: None,
            domain: None,
            payload: None,
            require_reply: None,
            min_reply_length: None,
            max_reply_length: None,
            file_weight: None,
        }
    }

    /// Whether it has what its kind needs; says so when not.
    pub fn usable(&self, reader: &mut Reader<'_>) -> bool {
        if self.refused {
            return false;
        }
        let lacks = match self.kind {
            Kind::Http if self.urls.is_empty() => "HTTP/SSL_GET checker has no urls specified - ignoring",
            Kind::Ssl if self.urls.is_empty() => "HTTP/SSL_GET checker has no urls specified - ignoring",
            Kind::Misc if self.misc_path.is_none() => "No script path has been specified for MISC_CHECKER - skipping",
            Kind::File if self.name.is_none() => "FILE_CHECK has no track_file specified - ignoring",
            Kind::Bfd if self.name.is_none() => {
                let words = format!("({}) No name has been specified for BFD_CHECKER - skipping", reader.block_name);
                reader.at_end(Code::BlockRefused, self.span, words);
                return false;
            }
            Kind::Http
            | Kind::Ssl
            | Kind::Misc
            | Kind::File
            | Kind::Bfd
            | Kind::Tcp
            | Kind::Udp
            | Kind::Ping
            | Kind::Smtp
            | Kind::Dns => {
                self.contradictions(reader);
                return true;
            }
        };
        reader.at_end(Code::BlockRefused, self.span, lacks);
        false
    }

    /// What is no mistake of one line.
    fn contradictions(&self, reader: &mut Reader<'_>) {
        let least = self.min_reply_length.as_ref().map_or(0, |length| length.value.0);
        let most = self.max_reply_length.as_ref().map_or(LONGEST_REPLY, |length| length.value.0);
        if least > most {
            let words = format!("UDP_CHECK min_reply length {least} > max_reply_length {most} - will always fail");
            reader.at_end(Code::InvalidValue, self.span, words);
        }
        if !self.hosts.is_empty() {
            let words = "The SMTP_CHECK host block is deprecated. Please define additional checkers.";
            reader.at_end(Code::Logged, self.span, words);
        }
    }

    /// Something of its connection is given.
    pub fn connects(&self) -> bool {
        self.connect_ip.is_some()
            || self.connect_port.is_some()
            || self.bindto.is_some()
            || self.bind_port.is_some()
            || self.bind_if.is_some()
            || self.fwmark.is_some()
            || self.timing.connect_timeout.is_some()
    }
}

/// The keywords of every check, before those of one kind.
macro_rules! timed {
    ($vis:vis static $TABLE:ident { $($rest:tt)* }) => {
        keywords! { $vis static $TABLE: Checker {
            call "retry" (retry, Value, "<uint>", "") "Further attempts before a failure counts." { complaint: "Invalid retry connection value '{}'" };
            call "delay_before_retry" (delay_before_retry, Value, "<seconds>", "") "Seconds between attempts." { complaint: "Invalid delay_before_retry connection value '{}'" };
            call "warmup" (warmup, Value, "<seconds>", "") "Most seconds before the first check." { complaint: "Invalid warmup connection value '{}'" };
            call "delay_loop" (delay_loop, Value, "<seconds>", "") "Seconds between checks." { complaint: "delay_loop '{}' is invalid - ignoring" };
            set "alpha" (alpha: bool = "") "Counts as failed until checked." { complaint: "Invalid alpha parameter {}" };
            set "log_all_failures" (log_all_failures: bool = "") "Log each failure." { complaint: "Invalid log_all_failures parameter {}" };
            $($rest)*
        } }
    };
}

/// The keywords of every check over the network.
macro_rules! network {
    ($vis:vis static $TABLE:ident { $($rest:tt)* }) => {
        timed! { $vis static $TABLE {
            set "connect_ip" (connect_ip: IpAddr = "") "Address to check." { complaint: "Invalid connect_ip address {} - ignoring" };
            set "connect_port" (connect_port: Number<1, 65535> = "") "Port to check." { complaint: "Invalid checker connect_port '{}'" };
            set "bindto" (bindto: IpAddr = "") "Local address." { complaint: "Invalid bindto address {} - ignoring" };
            set "bind_port" (bind_port: Number<1, 65535> = "") "Local port." { complaint: "Invalid checker bind_port '{}'" };
            set "bind_if" (bind_if: Interface = "") "Local interface." { complaint: "Interface name {} is too long - ignoring" };
            call "connect_timeout" (connect_timeout, Value, "<seconds>", "") "Seconds to connect." { complaint: "connect_timeout {} invalid - ignoring" };
            set "fwmark" (fwmark: Number<0, 4_294_967_295> = "0") "Mark of what is sent." { complaint: "Invalid fwmark connection value '{}'" };
            $($rest)*
        } }
    };
}

/// The keywords of HTTP_GET and SSL_GET.
macro_rules! http {
    ($vis:vis static $TABLE:ident url $url:ident { $($rest:tt)* }) => {
        network! { $vis static $TABLE {
            call "nb_get_retry" (retry, Value, "<uint>", "") "Old name of retry." { deprecated: "nb_get_retry is deprecated - please use 'retry'", complaint: "Invalid nb_get_retry value '{}'" };
            set "virtualhost" (virtualhost: String = "") "Host header." { missing: Missing::Report, repeat: Repeat::Replace, lack: "HTTP_GET virtualhost name missing", again: "Duplicate virtualhost - overwriting {old} with {}" };
            set "http_protocol" (http_protocol: Protocol = "1.0") "Version of HTTP." { complaint: "Invalid http_protocol version {}", missing: Missing::Report, lack: "Missing http_protocol version" };
            set "enable_sni" (enable_sni: bool = "false") "Send the server's name." { complaint: "Invalid enable_sni parameter {}" };
            set "sni_name" (sni_name: OptionalText = "") "The name to send." { since: "2.4.4", again: "Duplicate sni_name - overwriting {old} with {}", repeat: Repeat::Replace };
            set "fast_recovery" (fast_recovery: bool = "false") "Check the other urls at once after a recovery." { complaint: "Invalid fast_recovery parameter {}" };
            block "url" ($url) "One page; all must be good.";
            $($rest)*
        } }
    };
}

network! { pub static TCP_CHECK {} }

network! { pub static UDP_CHECK {
    call "payload" (payload, Words, "<hex>…", "") "What is sent." { missing: Missing::Report, lack: "UDP_CHECK payload requires a payload", complaint: "Invalid hex string for UDP_CHECK payload" };
    call "require_reply" (require_reply, Words, "[<hex>…]", "") "What must come back." { missing: Missing::Allowed };
    set "min_reply_length" (min_reply_length: Number<0, 65535> = "0") "Shortest answer." { complaint: "UDP_CHECK min length {} not valid - must be between 0 & 65535", lax: false };
    set "max_reply_length" (max_reply_length: Number<0, 65535> = "255") "Longest answer." { complaint: "UDP_CHECK max length {} not valid - must be between 0 & 65535", lax: false };
} }

network! { pub static SMTP_CHECK {
    set "helo_name" (helo_name: String = "smtpchecker.keepalived.org") "Name used in HELO." { missing: Missing::Report, repeat: Repeat::Replace, lack: "SMTP_CHECK helo name missing", again: "SMTP_CHECK helo name already specified" };
    block "host" (host) "A further target.";
} }

network! { pub static SMTP_HOST {} }

network! { pub static DNS_CHECK {
    set "type" (record: Record = "SOA") "Type of the question." { complaint: "Unknown DNS check type {} - ignoring" };
    call "name" (domain, Value, "<domain>", ".") "Name that is asked for." { repeat: Repeat::Refuse };
} }

http! { pub static HTTP_GET url http_url {} }

http! { pub static SSL_GET url ssl_url {
    set "tls_compliant" (tls_compliant: bool = "false") "Close TLS properly." { since: "2.2.8", complaint: "Invalid tls_compliant option {}" };
} }

timed! { pub static MISC_CHECK {
    script "misc_path" (misc_path) "The script." { missing: Missing::Allowed, repeat: Repeat::LastWins };
    set "misc_timeout" (misc_timeout: Number<0, 4294> = "0") "Seconds it may take." { complaint: "Invalid misc_timeout value '{}'" };
    set "misc_dynamic" (misc_dynamic: Flag = "") "Its exit status sets the weight.";
    call "user" (user, Words, "<user> [<group>]", "") "Who it runs as.";
} }

keywords! {
    pub static FILE_CHECK: Checker {
        call "track_file" (track_file, Value, "<name>", "") "The tracked file.";
        call "weight" (file_weight, Words, "<int> [reverse|noreverse]", "") "Factor for its number; 0: a number other than 0 is a failure.";
    }
}

keywords! {
    pub static BFD_CHECK: Checker {
        call "name" (bfd_name, Value, "<name>", "") "The session.";
        set "alpha" (alpha: bool = "") "Counts as failed until it is up." { complaint: "Invalid alpha parameter {}" };
    }
}

type Read = Result<(), Stop>;

fn retry(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value(line, row)?;
    block.timing.retry = value.map(Into::into).or(block.timing.retry.take());
    Ok(())
}

fn delay_before_retry(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value(line, row)?;
    block.timing.delay_before_retry = value.map(Into::into).or(block.timing.delay_before_retry.take());
    Ok(())
}

fn warmup(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value(line, row)?;
    block.timing.warmup = value.map(Into::into).or(block.timing.warmup.take());
    Ok(())
}

fn delay_loop(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value(line, row)?;
    block.timing.delay_loop = value.map(Into::into).or(block.timing.delay_loop.take());
    Ok(())
}

fn connect_timeout(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value::<Seconds<1, 4_294_967_295>>(line, row)?;
    block.timing.connect_timeout = value.or(block.timing.connect_timeout.take());
    Ok(())
}

fn host(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut host = Checker::new(Kind::Smtp, line.span(0));
    reader.block("virtual_server.real_server.SMTP_CHECK.host", line, SMTP_HOST, &mut host)?;
    block.hosts.push(host);
    Ok(())
}

fn domain(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = reader.need(line, 1)?;
    let labels = name.strip_suffix('.').unwrap_or(name);
    let wrong = if block.domain.is_some() {
        Some((Code::Duplicate, "DNS_CHECK name already specified - ignoring".to_owned()))
    } else if name != "." && labels.split('.').any(str::is_empty) {
        Some((Code::InvalidValue, format!("DNS_CHECK name '{name}' has empty label - ignoring")))
    } else if labels.len() > MOST_NAME || labels.split('.').any(|label| label.len() > MOST_LABEL) {
        Some((Code::InvalidValue, format!("DNS_CHECK name '{name}' is too long - ignoring")))
    } else {
        None
    };
    match wrong {
        Some((code, words)) => reader.report(code, line.span(1), words),
        None => block.domain = Some(Spanned::new(name.to_owned(), line.span(1)).into()),
    }
    Ok(())
}

/// Bytes of a domain name and of one label (RFC 1035 section 2.3.4), dots counted, without length of the root.
const MOST_NAME: usize = 253;
const MOST_LABEL: usize = 63;

fn payload(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if line.len() < 2 {
        reader.report(Code::InvalidValue, line.whole(), "UDP_CHECK payload requires a payload");
        return Ok(());
    }
    match hexadecimal(line, false) {
        Some((bytes, _)) => block.payload = Some(bytes),
        None => reader.report(Code::InvalidValue, line.span(1), "Invalid hex string for UDP_CHECK payload"),
    }
    Ok(())
}

fn require_reply(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let before = block.require_reply.take().flatten();
    block.require_reply = Some(before);
    if line.len() < 2 {
        return Ok(());
    }
    match hexadecimal(line, true) {
        Some(pattern) => block.require_reply = Some(Some(pattern)),
        None => reader.report(Code::InvalidValue, line.span(1), "Invalid hex string for UDP_CHECK reply"),
    }
    Ok(())
}

/// The words of a line as bytes and the mask of what stands for anything: digits in pairs, or one alone before a
/// blank; with `any`, `x` is any digit.
fn hexadecimal(line: &Line<'_>, any: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    let digit = |byte: u8| match (byte as char).to_digit(16) {
        Some(value) => Some((value as u8, 0)),
        None if any && byte.eq_ignore_ascii_case(&b'x') => Some((0, 0x0f)),
        None => None,
    };
    let mut found = (Vec::new(), Vec::new());
    for word in line.words(1) {
        for pair in word.as_bytes().split_inclusive(|byte| *byte == b' ').flat_map(|part| part.trim_ascii().chunks(2)) {
            let mut both = (0, 0);
            for byte in pair {
                let (value, mask) = digit(*byte)?;
                both = (both.0 << 4 | value, both.1 << 4 | mask);
            }
            found.0.push(both.0);
            found.1.push(both.1);
        }
    }
    (!found.0.is_empty()).then_some(found)
}

fn url(block: &mut Checker, line: &Line<'_>, reader: &mut Reader<'_>, mut url: Url) {
    if url.path.is_none() {
        reader.at_end(Code::BlockRefused, line.whole(), "HTTP/SSL_GET checker url has no path - ignoring");
    } else {
        url.settle(line.whole(), reader);
        block.urls.push(url);
    }
}

fn http_url(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut one = Url::default();
    reader.block("virtual_server.real_server.HTTP_GET.url", line, HTTP_URL, &mut one)?;
    url(block, line, reader, one);
    Ok(())
}

fn ssl_url(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut one = Url::default();
    reader.block("virtual_server.real_server.SSL_GET.url", line, SSL_URL, &mut one)?;
    url(block, line, reader, one);
    Ok(())
}

fn user(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    match line.word(1) {
        Some(name) => {
            let user = User { name: name.to_owned(), group: line.word(2).map(str::to_owned) };
            block.user = Some(Spanned::new(user, line.span(1)).into());
        }
        None => reader.report(Code::InvalidValue, line.whole(), "Must specify user for misc_check - ignoring"),
    }
    Ok(())
}

fn track_file(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = reader.need(line, 1)?;
    if reader.declared.files.contains_key(name) {
        block.name = Some(Spanned::new(name.to_owned(), line.span(1)).into());
    } else {
        reader.report(Code::NotFound, line.span(1), format!("track_file {name} not found"));
    }
    Ok(())
}

fn file_weight(block: &mut Checker, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(text) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "track file weight missing");
        return Ok(());
    };
    let parsed = integer(text, -2_147_483_647, 2_147_483_647, row.lax && !reader.test);
    if let Some(Fault::Number(words)) = parsed.fault {
        reader.report(Code::InvalidNumber, line.span(1), words);
        let words = "weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...";
        reader.report(Code::InvalidValue, line.span(1), words);
    }
    let reverse = match line.word(2) {
        None => None,
        Some("reverse") => Some(true),
        Some("noreverse") => Some(false),
        Some(word) => {
            let words = format!("unknown track file weight option {word} - ignoring");
            reader.report(Code::InvalidValue, line.span(2), words);
            return Ok(());
        }
    };
    if let Some(weight) = parsed.value {
        let given = FileWeight { weight: weight as i32, reverse };
        block.file_weight = Some(Spanned::new(given, line.span(1)).into());
    }
    Ok(())
}

/// CK-130: exactly one name, of a session declared before that checkers may follow.
fn bfd_name(block: &mut Checker, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let server = reader.block_name.clone();
    let name = line.word(1).filter(|_| line.len() == 2);
    let complaint = match (name, &block.name) {
        (None, _) => Some((Code::InvalidValue, "No or too many names specified - skipping checker".to_owned())),
        (Some(name), Some(first)) => {
            // The first stays.
            let words = format!("({server}) BFD_CHECK - BFD {name} already specified as {}", first.value);
            reader.report(Code::Duplicate, line.span(1), words);
            return Ok(());
        }
        (Some(name), None) if !reader.declared.bfd_for_checkers.contains_key(name) => {
            Some((Code::NotFound, format!("BFD {name} not configured")))
        }
        (Some(name), None) => {
            block.name = Some(Spanned::new(name.to_owned(), line.span(1)).into());
            None
        }
    };
    if let Some((code, words)) = complaint {
        block.refused = true;
        reader.report(code, line.whole(), format!("({server}) BFD_CHECK - {words}"));
    }
    Ok(())
}
