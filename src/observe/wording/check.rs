//! The rows of `model::event::check`. The original writes all of them at level info.

use super::{Ident, Level, Wording};
use crate::model::event::check::{
    DnsFailure, Event, HttpFailure, Kind, Obstacle, PingFailure, Retry, ScriptEnd, TcpFailure, Tested, UdpFailure,
};

pub(super) fn wording(event: &Event) -> Wording {
    let (id, level, message, fields) = match event {
        Event::Activated { real_server, virtual_server } => (
            "checker_activated",
            Level::Info,
            format!("Activating healthchecker for service {real_server} for VS {virtual_server}"),
            about(real_server, virtual_server),
        ),
        Event::Deactivated { real_server, virtual_server } => (
            "checker_deactivated",
            Level::Info,
            format!("Deactivating healthchecker for service {real_server} for VS {virtual_server}"),
            about(real_server, virtual_server),
        ),
        Event::Suspended { real_server, virtual_server } => (
            "checker_suspended",
            Level::Info,
            format!("Suspending healthchecker for service {real_server} for VS {virtual_server}"),
            about(real_server, virtual_server),
        ),
        Event::AddressChanged { address, here } => (
            "checker_address_changed",
            Level::Info,
            format!("Netlink reflector reports IP {address} {}", if *here { "added" } else { "removed" }),
            vec![("address", address.to_string())],
        ),
        Event::AddressesUnknown { error } => (
            "checker_addresses_unknown",
            Level::Warn,
            format!("The kernel does not tell the checkers of addresses, so ha_suspend stays as it is: {error}"),
            vec![("error", error.clone())],
        ),
        Event::Rescheduled { real_server, virtual_server, kind, obstacle } => {
            rescheduled(*kind, obstacle, real_server, about(real_server, virtual_server))
        }
        Event::TcpSucceeded { real_server, virtual_server } => (
            "tcp_check_succeeded",
            Level::Info,
            format!("TCP connection to {real_server} success."),
            about(real_server, virtual_server),
        ),
        Event::TcpAttemptFailed { real_server, virtual_server, failure } => (
            "tcp_check_attempt_failed",
            Level::Info,
            match failure {
                TcpFailure::Timeout => format!("TCP connection to {real_server} timeout."),
                TcpFailure::Failed => format!("TCP connection to {real_server} failed."),
            },
            about(real_server, virtual_server),
        ),
        Event::TcpFailed { real_server, virtual_server, retries } => (
            "tcp_check_failed",
            Level::Info,
            format!("TCP_CHECK on service {real_server} failed{}.", after(*retries)),
            about(real_server, virtual_server),
        ),
        Event::UdpSucceeded { real_server, virtual_server } => (
            "udp_check_succeeded",
            Level::Info,
            format!("UDP connection to {real_server} success."),
            about(real_server, virtual_server),
        ),
        Event::UdpAttemptFailed { real_server, virtual_server, failure } => (
            "udp_check_attempt_failed",
            Level::Info,
            match failure {
                UdpFailure::Failed => format!("UDP connection to {real_server} failed."),
                UdpFailure::Mismatch => format!("UDP check to {real_server} reply data mismatch."),
            },
            about(real_server, virtual_server),
        ),
        Event::UdpFailed { real_server, virtual_server, retries } => (
            "udp_check_failed",
            Level::Info,
            format!("UDP_CHECK on service {real_server} failed{}.", after(*retries)),
            about(real_server, virtual_server),
        ),
        Event::PingSucceeded { real_server, virtual_server } => (
            "ping_check_succeeded",
            Level::Info,
            format!("ICMP connection to {real_server} success."),
            about(real_server, virtual_server),
        ),
        Event::PingAttemptFailed { real_server, virtual_server, failure } => (
            "ping_check_attempt_failed",
            Level::Info,
            match failure {
                PingFailure::Timeout => format!("ICMP connection to address {real_server} timeout."),
                _ => format!("ICMP connection to {real_server} of {virtual_server} failed."),
            },
            about(real_server, virtual_server),
        ),
        Event::PingFailed { real_server, virtual_server, retries } => (
            "ping_check_failed",
            Level::Info,
            match retries {
                None => format!("ICMP CHECK on service {real_server} failed."),
                Some(_) => {
                    format!("ICMP CHECK on service {real_server} of {virtual_server} failed{}.", after(*retries))
                }
            },
            about(real_server, virtual_server),
        ),
        Event::PingOdd { real_server, virtual_server, failure } => {
            ("ping_check_odd", Level::Info, ping_oddity(*failure), about(real_server, virtual_server))
        }
        Event::SmtpSucceeded { real_server, virtual_server } => (
            "smtp_check_succeeded",
            Level::Info,
            format!("Remote SMTP server {real_server} succeed on service."),
            about(real_server, virtual_server),
        ),
        Event::SmtpFailed { real_server, virtual_server, peer, failure } => (
            "smtp_check_failed",
            Level::Info,
            format!("SMTP_CHECK {}", failure.words(*peer)),
            with(about(real_server, virtual_server), "to", peer.destination.to_string()),
        ),
        Event::DnsFailed { real_server, virtual_server, failure, retries } => (
            "dns_check_failed",
            Level::Info,
            format!(
                "DNS_CHECK ({real_server}) {}{}",
                match failure {
                    DnsFailure::Unreachable(destination) => format!("network unreachable for {destination}"),
                    DnsFailure::Write => "failed to write socket.".to_owned(),
                    DnsFailure::Timeout => "read timeout from socket".to_owned(),
                    DnsFailure::Read { errno, words } => format!("failed to read socket; errno {errno} ({words})"),
                    DnsFailure::Rcode(code) => format!("read error occurred. (rcode = {code})"),
                },
                after(*retries)
            ),
            about(real_server, virtual_server),
        ),
        Event::HttpAttemptFailed { real_server, virtual_server, failure } => (
            "http_check_attempt_failed",
            Level::Info,
            format!("{} server {real_server}.", why(*failure)),
            about(real_server, virtual_server),
        ),
        Event::UrlSucceeded { real_server, virtual_server, path, tested } => (
            "http_check_url_succeeded",
            Level::Info,
            format!(
                "{} success to {real_server} url({path})",
                match tested {
                    Tested::Status => "HTTP status code",
                    Tested::Digest => "MD5 digest",
                    Tested::Regex => "Regex match",
                }
            ),
            with(about(real_server, virtual_server), "url", path.clone()),
        ),
        Event::HttpSucceeded { real_server, virtual_server } => (
            "http_check_succeeded",
            Level::Info,
            format!("Remote Web server {real_server} succeed on service."),
            about(real_server, virtual_server),
        ),
        Event::HttpFailed { real_server, virtual_server, tls, retries } => (
            "http_check_failed",
            Level::Info,
            format!("{}_CHECK on service {real_server} failed{}.", if *tls { "SSL" } else { "HTTP" }, after(*retries)),
            about(real_server, virtual_server),
        ),
        Event::LengthDiffers { real_server, virtual_server, url, announced, received } => (
            "http_check_length",
            Level::Info,
            format!(
                "http_check for RS {real_server} VS {virtual_server} url {url}: content_length ({announced}) does not \
                 match received bytes ({received})"
            ),
            with(about(real_server, virtual_server), "url", url.clone()),
        ),
        Event::EndedWithoutClose { real_server, virtual_server, path } => (
            "ssl_check_ended_without_close",
            Level::Info,
            format!("SSL error 'unexpected eof while reading' from {real_server} url({path})"),
            with(about(real_server, virtual_server), "url", path.clone()),
        ),
        Event::MiscSucceeded { real_server, virtual_server, script } => (
            "misc_check_succeeded",
            Level::Info,
            format!("Misc check for [{real_server} VS {virtual_server}] by [{script}] succeeded."),
            with(about(real_server, virtual_server), "script", script.clone()),
        ),
        Event::MiscFailed { real_server, virtual_server, script, end, retry } => (
            "misc_check_failed",
            Level::Info,
            format!("Misc check for [{real_server} VS {virtual_server}] by [{script}] {}.", misc_end(*end, *retry)),
            with(about(real_server, virtual_server), "script", script.clone()),
        ),
        Event::MiscLingers { real_server, virtual_server, script, pid } => (
            "misc_check_lingers",
            Level::Warn,
            format!(
                "Misc check for [{real_server} VS {virtual_server}] by [{script}]: process {pid} was killed and does \
                 not end"
            ),
            with(about(real_server, virtual_server), "script", script.clone()),
        ),
        Event::BfdActivated => {
            ("bfd_check_activated", Level::Info, "Activating BFD healthchecker".to_owned(), Vec::new())
        }
        Event::BfdState { real_server, virtual_server, session, up } => (
            "bfd_check_state",
            Level::Info,
            format!("BFD check of [{session}] RS({real_server}) is {}", if *up { "UP" } else { "DOWN" }),
            with(about(real_server, virtual_server), "session", session.to_string()),
        ),
        Event::FileState { real_server, virtual_server, file, up } => (
            "file_check_state",
            Level::Info,
            format!("({real_server}): tracked file {file} {} FAULT state", if *up { "leaving" } else { "now" }),
            with(about(real_server, virtual_server), "file", file.to_string()),
        ),
        Event::OpenFilesRaised { soft, hard } => (
            "open_files_raised",
            Level::Info,
            format!("Set open file limit to {soft}:{hard}."),
            vec![("limit", soft.to_string())],
        ),
        Event::OpenFilesTooFew { wanted, limit, error } => (
            "open_files_too_few",
            Level::Warn,
            format!(
                "The checkers may need {wanted} open files and have {limit}, which cannot be raised ({error}): \
                 raise LimitNOFILE of the service"
            ),
            vec![("wanted", wanted.to_string()), ("limit", limit.to_string())],
        ),
        Event::BadRegex { pattern, offset, error } => (
            "bad_regex",
            Level::Info,
            format!("Invalid regex: '{pattern}' at offset {offset}: {error}"),
            vec![("error", error.clone())],
        ),
        Event::PingGroupRange { error } => (
            "ping_group_range",
            Level::Warn,
            format!("PING_CHECK may not work: net.ipv4.ping_group_range cannot be widened to group 0 ({error})"),
            vec![("error", error.clone())],
        ),
        Event::TlsNotReady { why } => ("tls_not_ready", Level::Error, why.clone(), Vec::new()),
        Event::Crashed { real_server, virtual_server, error } => (
            "checker_crashed",
            Level::Error,
            format!("The check of {real_server} of VS {virtual_server} broke off by a defect of ours: {error}"),
            about(real_server, virtual_server),
        ),
    };
    let detail =
        matches!(event, Event::OpenFilesRaised { .. } | Event::FileState { .. } | Event::AddressChanged { .. });
    Wording { id, level, ident: Ident::KeepalivedHealthcheckers, detail, message, fields }
}

type Row = (&'static str, Level, String, Vec<(&'static str, String)>);

/// The original's words, and the reason, which it writes on a line of its own.
fn rescheduled(kind: Kind, obstacle: &Obstacle, server: &str, fields: Vec<(&'static str, String)>) -> Row {
    let (what, error) = match (kind, obstacle) {
        (Kind::Tcp, Obstacle::Create { error }) => ("TCP connect fail to create socket. Rescheduling.", error),
        (Kind::Tcp, Obstacle::Bind { error }) => ("TCP socket bind failed. Rescheduling.", error),
        (Kind::Web, Obstacle::Create { error }) => ("WEB connection fail to create socket. Rescheduling.", error),
        (Kind::Web, Obstacle::Bind { error }) => ("WEB socket bind failed. Rescheduling", error),
        (Kind::Smtp, Obstacle::Create { error }) => {
            ("SMTP_CHECK connection failed to create socket. Rescheduling.", error)
        }
        (Kind::Smtp, Obstacle::Bind { error }) => ("SMTP_CHECK socket bind failed. Rescheduling.", error),
        (Kind::Dns, Obstacle::Create { error } | Obstacle::Bind { error }) => {
            let what = match obstacle {
                Obstacle::Create { .. } => "failed to create socket. Rescheduling.",
                Obstacle::Bind { .. } => "UDP socket bind failed. Rescheduling.",
            };
            let message = format!("DNS_CHECK ({server}) {what} ({error})");
            return ("checker_rescheduled", Level::Info, message, with(fields, "error", error.clone()));
        }
        (Kind::Udp, Obstacle::Create { error }) => ("UDP connect fail to create socket. Rescheduling.", error),
        (Kind::Udp, Obstacle::Bind { error }) => ("UDP socket bind failed. Rescheduling.", error),
        (Kind::Ping { v6: false }, Obstacle::Create { error }) => {
            ("ICMP connect fail to create socket. Rescheduling.", error)
        }
        (Kind::Ping { v6: true }, Obstacle::Create { error }) => {
            ("ICMPv6 connect fail to create socket. Rescheduling.", error)
        }
        (Kind::Ping { .. }, Obstacle::Bind { error }) => ("ICMP socket bind failed. Rescheduling.", error),
        (Kind::Misc, Obstacle::Create { error } | Obstacle::Bind { error }) => {
            ("Misc check fail to create process. Rescheduling.", error)
        }
    };
    let fields = with(fields, "error", error.clone());
    ("checker_rescheduled", Level::Info, format!("{what} ({server}: {error})"), fields)
}

/// The words of a failure, without the server (CK-55).
pub fn why(failure: HttpFailure) -> &'static str {
    match failure {
        HttpFailure::Unreachable => "HTTP/SSL_CHECK - network unreachable",
        HttpFailure::ConnectTimeout => "Timeout connecting",
        HttpFailure::ConnectFailed => "Connection failed",
        HttpFailure::Handshake => "SSL handshake/communication error connecting to",
        HttpFailure::Send => "Cannot send get request to",
        HttpFailure::FirstByteTimeout => "Timeout WEB read",
        HttpFailure::ReadTimeout { tls: false } => "Timeout HTTP read",
        HttpFailure::ReadTimeout { tls: true } => "Timeout SSL read",
        HttpFailure::Read { tls: false } => "Read error with",
        HttpFailure::Read { tls: true } => "SSL read error from",
        // The blank at the end is the original's.
        HttpFailure::NoHeader => "Read, no data received from ",
        HttpFailure::Status => "HTTP status code error to",
        HttpFailure::Digest => "MD5 digest error to",
        HttpFailure::Regex => "Regex match failed",
    }
}

/// CK-102.
fn ping_oddity(failure: PingFailure) -> String {
    let protocol = |v6| if v6 { "ICMPv6" } else { "ICMP" };
    match failure {
        // Told without more.
        PingFailure::Timeout => "ICMP timeout".to_owned(),
        PingFailure::Send { v6: false, .. } => "send ICMP packet fail".to_owned(),
        PingFailure::Send { v6: true, errno } => format!("send ICMPv6 packet fail - errno {errno}"),
        PingFailure::Receive { v6 } => format!("recv {} packet error", protocol(v6)),
        PingFailure::Short { v6, length } => format!("Error, got short {} packet, {length} bytes", protocol(v6)),
        PingFailure::Type { v6, found } => format!("Got {} packet with type 0x{found:x}", protocol(v6)),
        PingFailure::Sequence { expected, received } => {
            format!("Ping reply expected seq no {expected}, received {received}")
        }
    }
}

fn misc_end(end: ScriptEnd, retry: Retry) -> String {
    let what = if end == ScriptEnd::TimedOut { "timed out" } else { "failed" };
    let how = match retry {
        Retry::Disabled => " with retry disabled".to_owned(),
        Retry::First { retries } => format!(", will do {}", count(retries)),
        Retry::Next { retry, retries } => format!(" on retry {retry}/{retries}"),
        Retry::Last { retries } => format!(" after {}", count(retries)),
    };
    let reason = match end {
        ScriptEnd::Exited(status) => format!(" (exited with status {status})"),
        ScriptEnd::Signalled(signal) => format!(" (due to signal {signal})"),
        ScriptEnd::TimedOut => String::new(),
    };
    format!("{what}{how}{reason}")
}

fn count(retries: u32) -> String {
    if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") }
}

/// `after 1 retries` is the original's, too (CK-31, CK-57).
fn after(retries: Option<u32>) -> String {
    retries.map_or_else(String::new, |retries| format!(" after {retries} retries"))
}

fn about(real_server: &str, virtual_server: &str) -> Vec<(&'static str, String)> {
    vec![("real_server", real_server.to_owned()), ("virtual_server", virtual_server.to_owned())]
}

fn with(mut fields: Vec<(&'static str, String)>, name: &'static str, value: String) -> Vec<(&'static str, String)> {
    fields.push((name, value));
    fields
}
