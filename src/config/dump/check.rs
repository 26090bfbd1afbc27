//! Checkers. Each says itself what it inherited; what has no keyword of its own in a checker is said above it.

use super::notify;
use super::writer::{Writer, boolean, command, word};
use crate::base::net::Endpoint;
use crate::config::block::checker::Record;
use crate::model::check::{
    Check, Checker, Connect, DnsCheck, FileCheck, HttpCheck, HttpProtocol, MiscCheck, Regex, RegexOption, SmtpCheck,
    Timing, Tls, UdpCheck, UdpReply, Url,
};
use crate::model::notify::Script;

/// The `virtualhost` of the virtual server, where a server name shows it: the real server's own one counts for the
/// Host header alone (CK-43).
pub fn server_name_of_all<'m>(checkers: &[&'m Checker]) -> Option<&'m str> {
    let mut inherited = checkers.iter().flat_map(|checker| urls(checker)).filter(|(tls, url)| inherits(*tls, url));
    inherited.find_map(|(_, url)| url.server_name.as_deref())
}

/// What the checkers of a real server take from it.
pub fn inherited(out: &mut Writer, checkers: &[&Checker]) {
    let mut hosts = checkers.iter().flat_map(|checker| urls(checker)).filter(|(tls, url)| inherits(*tls, url));
    out.given("virtualhost", hosts.find_map(|(_, url)| url.virtual_host.as_deref()).map(word));
    // MISC_CHECK has no word for one of its times, BFD_CHECK and FILE_CHECK for none.
    if let Some(checker) = checkers.iter().find(|checker| !checker.check.is_probed()) {
        times(out, &checker.timing);
        out.value("connect_timeout", checker.timing.connect_timeout);
    } else if let Some(checker) = checkers.iter().find(|checker| checker.check.connect().is_none()) {
        out.value("connect_timeout", checker.timing.connect_timeout);
    }
}

fn urls(checker: &Checker) -> impl Iterator<Item = (Option<&Tls>, &Url)> {
    let http = if let Check::Http(http) = &checker.check { Some(http) } else { None };
    http.into_iter().flat_map(|http| http.urls.iter().map(move |url| (http.tls.as_ref(), url)))
}

/// Whether the host name of a url comes from its real server.
fn inherits(tls: Option<&Tls>, url: &Url) -> bool {
    tls.is_some_and(|tls| tls.enable_sni && tls.sni_name.is_none()) && url.server_name != url.virtual_host
}

pub fn checker(out: &mut Writer, checker: &Checker) {
    let Checker {
        check,
        timing,
        alpha,
        log_all_failures,
        // Where it stands.
        virtual_server: _,
        real_server: _,
        real_server_name: _,
        virtual_server_name: _,
    } = checker;
    out.open(match check {
        Check::Tcp(_) => "TCP_CHECK",
        Check::Http(HttpCheck { tls: None, .. }) => "HTTP_GET",
        Check::Http(HttpCheck { tls: Some(_), .. }) => "SSL_GET",
        Check::Smtp(_) => "SMTP_CHECK",
        Check::Dns(_) => "DNS_CHECK",
        Check::Udp(_) => "UDP_CHECK",
        Check::Ping(_) => "PING_CHECK",
        Check::Misc(_) => "MISC_CHECK",
        Check::Bfd(_) => "BFD_CHECK",
        Check::File(_) => "FILE_CHECK",
    });
    if !matches!(check, Check::File(_)) {
        out.value("alpha", boolean(*alpha));
    }
    if check.is_probed() {
        times(out, timing);
        out.value("log_all_failures", boolean(*log_all_failures));
    }
    if let Some(Connect { destination, bind, interface, fwmark }) = check.connect() {
        out.value("connect_timeout", timing.connect_timeout);
        out.value("connect_ip", destination.address);
        out.given("connect_port", Some(destination.port).filter(|port| *port != 0));
        if let Some(Endpoint { address, port }) = bind {
            out.value("bindto", address);
            out.given("bind_port", Some(port).filter(|port| **port != 0));
        }
        out.given("bind_if", interface.as_ref().map(|interface| word(interface.as_str())));
        out.value("fwmark", fwmark);
    }
    match check {
        Check::Tcp(_) | Check::Ping(_) => {}
        Check::Http(http) => self::http(out, http),
        // What it connects to was said, and where it stands.
        Check::Smtp(SmtpCheck { connect: _, helo_name, real_server: _ }) => out.value("helo_name", word(helo_name)),
        Check::Dns(DnsCheck { connect: _, record, name }) => {
            out.value("type", Record(*record));
            out.value("name", word(name));
        }
        Check::Udp(udp) => self::udp(out, udp),
        Check::Misc(misc) => self::misc(out, misc),
        Check::Bfd(name) => out.value("name", word(name.as_str())),
        Check::File(FileCheck { file, weight, reverse }) => {
            out.value("track_file", word(file.name.as_str()));
            out.value("weight", format_args!("{weight} {}", if *reverse { "reverse" } else { "noreverse" }));
        }
    }
    out.close();
}

/// The time to connect is not among them: not every check has it.
fn times(out: &mut Writer, timing: &Timing) {
    let Timing { delay_loop, retry, delay_before_retry, warmup, connect_timeout: _ } = timing;
    out.value("delay_loop", delay_loop);
    out.value("retry", retry);
    out.value("delay_before_retry", delay_before_retry);
    out.value("warmup", warmup);
}

fn http(out: &mut Writer, check: &HttpCheck) {
    // What it connects to was said.
    let HttpCheck { connect: _, tls, protocol, urls, fast_recovery } = check;
    out.value(
        "http_protocol",
        match protocol {
            HttpProtocol::V1_0 => "1.0",
            HttpProtocol::V1_0Close => "1.0C",
            HttpProtocol::V1_1 => "1.1",
        },
    );
    if let Some(Tls { enable_sni, sni_name }) = tls {
        out.value("enable_sni", boolean(*enable_sni));
        out.given("sni_name", sni_name.as_deref().map(word));
    }
    out.value("fast_recovery", boolean(*fast_recovery));
    urls.iter().for_each(|one| url(out, one, tls.as_ref()));
}

fn url(out: &mut Writer, url: &Url, tls: Option<&Tls>) {
    let above = inherits(tls, url);
    // The server name follows from the names.
    let Url { path, virtual_host, server_name: _, digest, status_codes, tls_compliant, regex } = url;
    out.open("url");
    out.value("path", word(path));
    out.given("virtualhost", virtual_host.as_deref().filter(|_| !above).map(word));
    out.given("digest", digest.map(|digest| format!("{:032x}", u128::from_be_bytes(digest))));
    for codes in status_codes.chunks(32) {
        let codes: Vec<String> = codes.iter().map(|(first, last)| format!("{first}-{last}")).collect();
        out.value("status_code", codes.join(" "));
    }
    if tls.is_some() {
        out.value("tls_compliant", boolean(*tls_compliant));
    }
    if let Some(Regex { pattern, no_match, min_offset, max_offset, stack }) = regex {
        let text =
            if pattern.text.is_empty() { "\"\"".to_owned() } else { command(std::slice::from_ref(&pattern.text)) };
        out.value("regex", text);
        let names = RegexOption::ALL.iter().filter(|(_, option)| pattern.options.contains(option));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        out.given("regex_options", Some(names.join(" ")).filter(|names| !names.is_empty()));
        out.flag("regex_no_match", *no_match);
        out.value("regex_min_offset", min_offset);
        out.given("regex_max_offset", *max_offset);
        out.given("regex_stack", stack.map(|(start, most)| format!("{start} {most}")));
    }
    out.close();
}

fn udp(out: &mut Writer, check: &UdpCheck) {
    let UdpCheck { connect: _, payload, reply } = check;
    let digits: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    out.value("payload", digits);
    match reply {
        UdpReply::NotNeeded => {}
        UdpReply::Any => out.line("require_reply"),
        UdpReply::Pattern { pattern, mask, shortest, longest } => {
            let bytes = pattern.iter().zip(mask);
            let digits: String = bytes
                .flat_map(|(byte, mask)| [(byte >> 4, mask >> 4), (byte & 15, mask & 15)])
                .map(|(digit, any)| if any == 0 { format!("{digit:x}") } else { "x".to_owned() })
                .collect();
            out.value("require_reply", digits);
            out.value("min_reply_length", shortest);
            out.value("max_reply_length", longest);
        }
    }
}

fn misc(out: &mut Writer, check: &MiscCheck) {
    let MiscCheck { script: Script { argv, identity }, timeout, dynamic } = check;
    out.value("misc_path", command(argv));
    out.value("user", notify::identity(identity));
    out.value("misc_timeout", timeout);
    out.flag("misc_dynamic", *dynamic);
}
