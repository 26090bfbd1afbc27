//! The rows of `model::event::check`. The original writes all of them at level info.

use super::{Ident, Level, Wording};
use crate::model::event::check::{Event, HttpFailure, Kind, Obstacle, Retry, ScriptEnd, TcpFailure, Tested};

pub(super) fn wording(event: &Event) -> Wording {
    let (id, level, message, fields) = match event {
        Event::Activated { real_server, virtual_server } => (
            "checker_activated",
            Level::Info,
            format!("Activating healthchecker for service {real_server} for VS {virtual_server}"),
            about(real_server, virtual_server),
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
        Event::Crashed { real_server, virtual_server, error } => (
            "checker_crashed",
            Level::Error,
            format!("The check of {real_server} of VS {virtual_server} broke off by a defect of ours: {error}"),
            about(real_server, virtual_server),
        ),
    };
    let detail = matches!(event, Event::OpenFilesRaised { .. });
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
        (Kind::Misc, Obstacle::Create { error } | Obstacle::Bind { error }) => {
            ("Misc check fail to create process. Rescheduling.", error)
        }
    };
    let fields = with(fields, "error", error.clone());
    ("checker_rescheduled", Level::Info, format!("{what} ({server}: {error})"), fields)
}

fn why(failure: HttpFailure) -> &'static str {
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
