//! Checkers with what they inherit from their real and virtual server (LV-30, CK-1 … CK-4, CK-42, CK-43).

use std::net::IpAddr;
use std::sync::Arc;

use super::Resolver;
use super::scripts::Found;
use crate::base::name::{BfdName, InterfaceName};
use crate::base::net::Endpoint;
use crate::base::time::Interval;
use crate::config::block::checker::{Checker as Declared, Kind, LONGEST_REPLY};
use crate::config::block::url::Url as DeclaredUrl;
use crate::config::block::virtual_server::{RealServer, VirtualServer};
use crate::config::block::{text, value};
use crate::config::bytes;
use crate::diagnostic::Code;
use crate::model::check::{
    Check, Checker, ClientCertificate, Connect, DnsCheck, DnsRecord, FileCheck, HttpCheck, HttpProtocol, MiscCheck,
    Pattern, Regex, SmtpCheck, Timing, Tls, UdpCheck, UdpReply, Url, filler,
};
use crate::model::lvs::{RealServerId, VirtualServerId};
use crate::model::vrrp::Secret;

/// CK-70.
const HELO_NAME: &str = "smtpchecker.keepalived.org";
/// Bytes that a UDP_CHECK sends which was told nothing else (CK-90).
const UDP_PAYLOAD: usize = 32;

impl Resolver<'_> {
    /// Appends the checkers of one real server.
    pub(super) fn checkers(
        &mut self,
        server: &VirtualServer,
        real: &RealServer,
        endpoint: Endpoint,
        place: (VirtualServerId, RealServerId),
        names: (Arc<str>, Arc<str>),
        into: &mut Vec<Arc<Checker>>,
    ) {
        for declared in &real.checkers {
            let check = match declared.kind {
                Kind::Tcp => self.connect(declared, endpoint).map(Check::Tcp),
                Kind::Ping => self.connect(declared, endpoint).map(Check::Ping),
                Kind::Http | Kind::Ssl => {
                    self.connect(declared, endpoint).map(|connect| Check::Http(http(server, real, declared, connect)))
                }
                Kind::Smtp => {
                    for connection in smtp_connections(declared) {
                        let timing = timing(server, real, declared, connection);
                        let check = self.connect(connection, endpoint).map(|connect| smtp(declared, connect, endpoint));
                        into.extend(check.map(|check| {
                            self.checker(server, real, [connection, declared], check, timing, place, &names)
                        }));
                    }
                    continue;
                }
                Kind::Dns => self.connect(declared, endpoint).map(|connect| dns(declared, connect)),
                Kind::Udp => self.connect(declared, endpoint).map(|connect| udp(declared, connect)),
                Kind::Misc => self.misc(server, declared),
                Kind::Bfd => declared.name.as_ref().map(|name| Check::Bfd(BfdName::new(&name.value))),
                Kind::File => self.file(declared).map(Check::File),
            };
            let timing = timing(server, real, declared, declared);
            into.extend(check.map(|check| self.checker(server, real, [declared; 2], check, timing, place, &names)));
        }
    }

    /// What a checker has beside its check; its connection says it first.
    #[allow(clippy::too_many_arguments, reason = "the three blocks that it inherits from, and what was worked out")]
    fn checker(
        &self,
        server: &VirtualServer,
        real: &RealServer,
        [connection, declared]: [&Declared; 2],
        check: Check,
        timing: Timing,
        place: (VirtualServerId, RealServerId),
        names: &(Arc<str>, Arc<str>),
    ) -> Arc<Checker> {
        let log_all = value(&connection.log_all_failures).or(value(&declared.log_all_failures));
        let alpha = value(&connection.alpha).or(value(&declared.alpha));
        Arc::new(Checker {
            virtual_server: place.0,
            real_server: place.1,
            real_server_name: names.0.clone(),
            virtual_server_name: names.1.clone(),
            check,
            timing,
            // What a file says is known at once (LV-50).
            alpha: declared.kind != Kind::File && alpha.or(value(&real.alpha)).unwrap_or(server.alpha.is_some()),
            log_all_failures: log_all.or(value(&self.config.global.checker_log_all_failures)).unwrap_or(false),
        })
    }

    /// CK-2: the real server's address and port unless the checker says otherwise.
    fn connect(&mut self, declared: &Declared, endpoint: Endpoint) -> Option<Connect> {
        let address = value(&declared.connect_ip).unwrap_or(endpoint.address);
        let port = value(&declared.connect_port).map_or(endpoint.port, |port| port.0 as u16);
        let link_local = matches!(address, IpAddr::V6(address) if address.segments()[0] & 0xffc0 == 0xfe80);
        if link_local && declared.bind_if.is_none() {
            let words = format!("Checker link local address {address} requires a bind_if");
            self.at_end(Code::BlockRefused, declared.end, declared.span, words);
            return None;
        }
        let unspecified = match address {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let bind_address = declared.bindto.as_ref().filter(|bind| {
            let same = bind.value.is_ipv4() == address.is_ipv4();
            if !same {
                let words =
                    format!("Checker bindto address {} is not of the family of {address} - ignoring", bind.value);
                self.found.push(crate::diagnostic::Diagnostic::late(Code::InvalidValue, bind.span, words));
            }
            same
        });
        let bind_port = value(&declared.bind_port).map(|port| port.0 as u16);
        let bind = (bind_address.is_some() || bind_port.is_some()).then(|| Endpoint {
            address: bind_address.map_or(unspecified, |bind| bind.value),
            port: bind_port.unwrap_or(0),
        });
        Some(Connect {
            destination: Endpoint { address, port },
            bind,
            interface: declared.bind_if.as_ref().map(|interface| InterfaceName::new(&interface.value.0)),
            fwmark: value(&declared.fwmark).map_or(0, |mark| mark.0 as u32),
        })
    }

    pub(super) fn client_certificate(&self) -> Option<ClientCertificate> {
        let ssl = self.config.ssl.as_ref()?;
        Some(ClientCertificate {
            certificate: text(&ssl.value.certificate),
            key: text(&ssl.value.key),
            password: text(&ssl.value.password).map(|password| Secret(bytes::from_text(&password))),
            ca: text(&ssl.value.ca),
        })
    }

    /// CK-120: the weight of the file's own block unless the checker has one.
    fn file(&self, declared: &Declared) -> Option<FileCheck> {
        let (file, usual) = self.files.get(declared.name.as_ref()?.value.as_str())?;
        let own = value(&declared.file_weight);
        Some(FileCheck {
            file: file.clone(),
            weight: own.map_or(i32::from(usual.weight), |own| own.weight),
            reverse: own.and_then(|own| own.reverse).unwrap_or(usual.reverse),
        })
    }

    /// CK-115: without `misc_timeout` a script has the delay_loop of the virtual server.
    fn misc(&mut self, server: &VirtualServer, declared: &Declared) -> Option<Check> {
        let path = declared.misc_path.as_ref()?;
        let user = declared.user.as_ref().map(|user| &user.value);
        let shown = path.value.argv.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let words = match self.program(&path.value, user) {
            Found::Good(script) => {
                return Some(Check::Misc(MiscCheck {
                    script,
                    timeout: Interval::from_secs(match value(&declared.misc_timeout) {
                        Some(seconds) if seconds.0 > 0 => seconds.0 as u64,
                        // Whole seconds, as it would be written.
                        _ => value(&server.timing.delay_loop).map_or(60, |micros| micros.0.div_ceil(1_000_000)),
                    }),
                    dynamic: declared.misc_dynamic.is_some(),
                }));
            }
            Found::NoUser => {
                if let Some(user) = &declared.user {
                    let words = format!("Failed to set uid/gid for misc checker script {shown} - removing");
                    self.report(Code::NotFound, user.span, words);
                } else {
                    self.no_default_user(declared.end);
                    let words = format!("Unable to set default user for misc script {shown} - removing");
                    self.at_end(Code::NotFound, declared.end, declared.span, words);
                }
                return None;
            }
            Found::Missing => format!("Disabling misc script {shown} since not found/accessible"),
            Found::Insecure => format!("Disabling misc script {shown} due to insecure"),
        };
        self.late(Code::Logged, path.span, words);
        None
    }
}

/// CK-75: the connections of an SMTP_CHECK, one a checker. The outer block has one of its own if it says anything of
/// it, or if there is no `host`.
fn smtp_connections(declared: &Declared) -> impl Iterator<Item = &Declared> {
    let own = declared.connects() || declared.hosts.is_empty();
    own.then_some(declared).into_iter().chain(&declared.hosts)
}

fn smtp(declared: &Declared, connect: Connect, real_server: Endpoint) -> Check {
    let helo_name = text(&declared.helo_name).unwrap_or_else(|| HELO_NAME.to_owned());
    Check::Smtp(SmtpCheck { connect, helo_name, real_server })
}

fn dns(declared: &Declared, connect: Connect) -> Check {
    Check::Dns(DnsCheck {
        connect,
        record: value(&declared.record).map_or(DnsRecord::Soa, |record| record.0),
        name: text(&declared.domain).unwrap_or_else(|| ".".to_owned()),
    })
}

/// The lengths count only together with a pattern (CK-93).
fn udp(declared: &Declared, connect: Connect) -> Check {
    let length = |given: i64| usize::try_from(given).unwrap_or(0);
    let reply = match &declared.require_reply {
        None => UdpReply::NotNeeded,
        Some(None) => UdpReply::Any,
        Some(Some((pattern, mask))) => UdpReply::Pattern {
            pattern: pattern.clone(),
            mask: mask.clone(),
            shortest: length(value(&declared.min_reply_length).map_or(0, |length| length.0)),
            longest: length(value(&declared.max_reply_length).map_or(LONGEST_REPLY, |length| length.0)),
        },
    };
    Check::Udp(UdpCheck { connect, payload: declared.payload.clone().unwrap_or_else(|| filler(UDP_PAYLOAD)), reply })
}

/// That of its connection, else the checker's own, else the real server's, else the virtual server's, else the kind's
/// (CK-4). The time to connect is that of `connection`.
fn timing(server: &VirtualServer, real: &RealServer, declared: &Declared, connection: &Declared) -> Timing {
    let own = [&connection.timing, &declared.timing, &real.timing, &server.timing];
    let delay_loop = own.iter().find_map(|timing| value(&timing.delay_loop)).map_or(60_000_000, |seconds| seconds.0);
    let (retry, before_retry) = match declared.kind {
        Kind::Http | Kind::Ssl => (1, 3_000_000),
        Kind::Dns => (3, delay_loop),
        Kind::Misc => (0, 1_000_000),
        Kind::Tcp | Kind::Udp | Kind::Ping | Kind::Smtp | Kind::File | Kind::Bfd => (1, 1_000_000),
    };
    let given = |value: Option<u64>, usual: u64| Interval::from_micros(value.unwrap_or(usual));
    Timing {
        delay_loop: Interval::from_micros(delay_loop),
        retry: own.iter().find_map(|timing| value(&timing.retry)).map_or(retry, |retry| retry.0 as u32),
        delay_before_retry: given(
            own.iter().find_map(|timing| value(&timing.delay_before_retry)).map(|seconds| seconds.0),
            before_retry,
        ),
        warmup: given(own.iter().find_map(|timing| value(&timing.warmup)).map(|seconds| seconds.0), delay_loop),
        connect_timeout: given(
            [&connection.timing, &real.timing, &server.timing]
                .iter()
                .find_map(|timing| value(&timing.connect_timeout))
                .map(|seconds| seconds.0),
            5_000_000,
        ),
    }
}

fn http(server: &VirtualServer, real: &RealServer, declared: &Declared, connect: Connect) -> HttpCheck {
    let tls = (declared.kind == Kind::Ssl).then(|| Tls {
        enable_sni: value(&declared.enable_sni).unwrap_or(false) || declared.sni_name.is_some(),
        sni_name: declared.sni_name.as_ref().and_then(|name| name.value.0.clone()),
    });
    let urls = declared.urls.iter().map(|one| url(server, real, declared, tls.as_ref(), one)).collect();
    HttpCheck {
        connect,
        protocol: value(&declared.http_protocol).map_or(HttpProtocol::V1_0, |protocol| protocol.0),
        urls,
        fast_recovery: value(&declared.fast_recovery).unwrap_or(false),
        tls,
    }
}

fn url(server: &VirtualServer, real: &RealServer, declared: &Declared, tls: Option<&Tls>, one: &DeclaredUrl) -> Url {
    let own = text(&one.virtualhost).or_else(|| text(&declared.virtualhost));
    // The real server's host name counts for the Host header but not for the server name (CK-43).
    let server_name = tls
        .filter(|tls| tls.enable_sni)
        .and_then(|tls| tls.sni_name.clone().or_else(|| own.clone()).or_else(|| text(&server.virtualhost)));
    Url {
        path: text(&one.path).unwrap_or_default(),
        server_name,
        virtual_host: own.or_else(|| text(&real.virtualhost)).or_else(|| text(&server.virtualhost)),
        digest: value(&one.digest).map(|digest| digest.0),
        status_codes: if one.status_codes.is_empty() { vec![(200, 299)] } else { one.status_codes.clone() },
        tls_compliant: value(&one.tls_compliant).or(value(&declared.tls_compliant)).unwrap_or(false),
        regex: text(&one.regex).map(|text| Regex {
            pattern: Pattern { text, options: one.regex_options.clone() },
            no_match: one.regex_no_match.is_some(),
            min_offset: one.regex_min_offset,
            max_offset: one.regex_max_offset,
            stack: one.regex_stack,
        }),
    }
}
