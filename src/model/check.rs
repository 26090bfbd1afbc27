//! Health checks of real servers.

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::{BfdName, InterfaceName};
use crate::base::net::Endpoint;
use crate::base::time::Interval;
use crate::model::id::{RealServerId, VirtualServerId};
use crate::model::notify::Script;
use crate::model::track::TrackFile;
use crate::model::vrrp::Secret;

/// One checker of one real server, with every default and inheritance worked out (CK-4).
#[derive(Clone, Debug, PartialEq)]
pub struct Checker {
    pub virtual_server: VirtualServerId,
    pub real_server: RealServerId,
    /// `[ADDR]:PROTO:PORT` of the real server and the virtual server, for log lines.
    pub real_server_name: Arc<str>,
    pub virtual_server_name: Arc<str>,
    pub check: Check,
    pub timing: Timing,
    /// `alpha`: counts as failed until its first success.
    pub alpha: bool,
    pub log_all_failures: bool,
}

/// The timing law's numbers (CK-3 … CK-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// From the end of a check to the next start; more than zero.
    pub delay_loop: Interval,
    /// Further attempts before a failure counts.
    pub retry: u32,
    pub delay_before_retry: Interval,
    /// The first check starts 1 s plus up to this after start.
    pub warmup: Interval,
    /// Bounds the connect and each wait for data; more than zero.
    pub connect_timeout: Interval,
}

/// Where a network check connects to and from (CK-1, CK-2).
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Connect {
    pub destination: Endpoint,
    /// `bindto` and `bind_port`; address unspecified if only a port is given.
    pub bind: Option<Endpoint>,
    /// `bind_if`.
    pub interface: Option<InterfaceName>,
    /// SO_MARK, 0 = none.
    pub fwmark: u32,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Check {
    Tcp(Connect),
    Http(HttpCheck),
    Smtp(SmtpCheck),
    Dns(DnsCheck),
    Udp(UdpCheck),
    /// `PING_CHECK`: its port means nothing.
    Ping(Connect),
    /// `MISC_CHECK`.
    Misc(MiscCheck),
    /// `BFD_CHECK`: the state of this session. Nothing is probed.
    Bfd(BfdName),
    /// `FILE_CHECK`: the number in a file. Nothing is probed.
    File(FileCheck),
}

/// `HTTP_GET` and `SSL_GET`.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct HttpCheck {
    pub connect: Connect,
    pub tls: Option<Tls>,
    pub protocol: HttpProtocol,
    /// Never empty.
    pub urls: Vec<Url>,
    pub fast_recovery: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpProtocol {
    /// `1.0`: no Connection header.
    V1_0,
    /// `1.0C`: HTTP/1.0 with `Connection: close`.
    V1_0Close,
    V1_1,
}

/// The files of `SSL { }`: by whom SSL_GET says that it is sent, to servers that ask (CK-44).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientCertificate {
    /// A chain in PEM; `None`: it is in the file of the key.
    pub certificate: Option<String>,
    /// In PEM; `None`: no certificate is sent.
    pub key: Option<String>,
    /// Of the key.
    pub password: Option<Secret>,
    /// Authorities in PEM. Nothing is verified by them, but the file must be readable.
    pub ca: Option<String>,
}

/// What `SSL_GET` adds. Certificates are not verified (CK-44).
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Tls {
    pub enable_sni: bool,
    /// `sni_name`.
    pub sni_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Url {
    pub path: String,
    /// Host header without port, precedence worked out (CK-42); `None`: the destination.
    pub virtual_host: Option<String>,
    /// Server name to send, precedence worked out (CK-43); only for TLS with SNI enabled.
    pub server_name: Option<String>,
    /// MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// Good status codes, inclusive ranges; never empty (default 200-299).
    pub status_codes: Vec<(u16, u16)>,
    /// `tls_compliant`: send close_notify.
    pub tls_compliant: bool,
    pub regex: Option<Regex>,
}

/// What an answer must, or must not, match (CK-52, CK-53).
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Regex {
    pub pattern: Pattern,
    /// `regex_no_match`.
    pub no_match: bool,
    /// Bytes before the first place where a match may start.
    pub min_offset: usize,
    /// Bytes before the last such place.
    pub max_offset: Option<usize>,
    /// Bytes of stack to begin with and at most; the library's own if not given.
    pub stack: Option<(usize, usize)>,
}

/// A regular expression of PCRE2.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    pub text: String,
    /// In order, each once.
    pub options: Vec<RegexOption>,
}

/// The words of `regex_options`.
macro_rules! regex_options {
    ($($Name:ident $word:literal)*) => {
        /// A compile option of PCRE2 (pcre2api(3)).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RegexOption { $($Name),* }

        impl RegexOption {
            pub const ALL: &[(&str, RegexOption)] = &[$(($word, RegexOption::$Name)),*];
        }
    };
}

regex_options! {
    AllowEmptyClass "allow_empty_class"
    AltBsux "alt_bsux"
    AutoCallout "auto_callout"
    Caseless "caseless"
    DollarEndonly "dollar_endonly"
    Dotall "dotall"
    Dupnames "dupnames"
    Extended "extended"
    Firstline "firstline"
    MatchUnsetBackref "match_unset_backref"
    Multiline "multiline"
    NeverUcp "never_ucp"
    NeverUtf "never_utf"
    NoAutoCapture "no_auto_capture"
    NoAutoPossess "no_auto_possess"
    NoDotstarAnchor "no_dotstar_anchor"
    NoStartOptimize "no_start_optimize"
    Ucp "ucp"
    Ungreedy "ungreedy"
    Utf "utf"
    NeverBackslashC "never_backslash_c"
    AltCircumflex "alt_circumflex"
    AltVerbnames "alt_verbnames"
    UseOffsetLimit "use_offset_limit"
}

/// `SMTP_CHECK`.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct SmtpCheck {
    pub connect: Connect,
    pub helo_name: String,
    /// Of the real server, which some log lines show beside the destination (CK-73).
    pub real_server: Endpoint,
}

/// `DNS_CHECK`: one question over UDP.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct DnsCheck {
    pub connect: Connect,
    pub record: DnsRecord,
    /// Labels and dots as written, no label empty or longer than 63 bytes, 253 bytes in all; `.` is the root.
    pub name: String,
}

/// `type` of a `DNS_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DnsRecord {
    A,
    Ns,
    Cname,
    Soa,
    Mx,
    Txt,
    Aaaa,
    Rrsig,
    Dnskey,
}

/// `UDP_CHECK`.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct UdpCheck {
    pub connect: Connect,
    /// What is sent.
    pub payload: Vec<u8>,
    pub reply: UdpReply,
}

/// What a `UDP_CHECK` wants to hear.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum UdpReply {
    /// No ICMP error is enough.
    NotNeeded,
    /// `require_reply` alone: any datagram.
    Any,
    /// `require_reply HEX`. `mask` is as long as `pattern`; its set bits match anything.
    Pattern { pattern: Vec<u8>, mask: Vec<u8>, shortest: usize, longest: usize },
}

/// What a check sends that was told nothing else (CK-90, CK-100).
pub fn filler(length: usize) -> Vec<u8> {
    b"keepalived check - ".iter().copied().cycle().take(length).collect()
}

/// `MISC_CHECK`: a script whose exit status is the verdict.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct MiscCheck {
    pub script: Script,
    /// `misc_timeout`, else delay_loop of the virtual server; whole seconds, never zero.
    pub timeout: Interval,
    /// `misc_dynamic`: exit status 2..=255 sets the weight to status - 2.
    pub dynamic: bool,
}

/// `FILE_CHECK`.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct FileCheck {
    pub file: Arc<TrackFile>,
    /// Factor for its number; 0: a number other than 0 is a fault.
    pub weight: i32,
    /// Turns the sign of the factor round; with factor 0, which numbers are a fault.
    pub reverse: bool,
}

impl Check {
    /// Whether it runs by the clock; a session's state and a file's number are told when they change.
    pub fn is_probed(&self) -> bool {
        !matches!(self, Check::Bfd(_) | Check::File(_))
    }

    /// The destination of a network check.
    pub fn connect(&self) -> Option<&Connect> {
        match self {
            Check::Tcp(connect) | Check::Ping(connect) => Some(connect),
            Check::Http(http) => Some(&http.connect),
            Check::Smtp(smtp) => Some(&smtp.connect),
            Check::Dns(dns) => Some(&dns.connect),
            Check::Udp(udp) => Some(&udp.connect),
            Check::Misc(_) | Check::Bfd(_) | Check::File(_) => None,
        }
    }
}

impl From<HttpCheck> for Check {
    fn from(check: HttpCheck) -> Check {
        Check::Http(check)
    }
}

impl From<SmtpCheck> for Check {
    fn from(check: SmtpCheck) -> Check {
        Check::Smtp(check)
    }
}

impl From<DnsCheck> for Check {
    fn from(check: DnsCheck) -> Check {
        Check::Dns(check)
    }
}

impl From<UdpCheck> for Check {
    fn from(check: UdpCheck) -> Check {
        Check::Udp(check)
    }
}

impl From<MiscCheck> for Check {
    fn from(check: MiscCheck) -> Check {
        Check::Misc(check)
    }
}

impl Connect {
    pub fn to(address: IpAddr, port: u16) -> Connect {
        Connect { destination: Endpoint { address, port }, bind: None, interface: None, fwmark: 0 }
    }
}
