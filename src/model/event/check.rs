//! Events of the checkers. Real and virtual servers are given by the names that log lines show.

use std::net::IpAddr;

use crate::base::name::{BfdName, TrackFileName};
use crate::base::net::Endpoint;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A checker that has not run yet waits for its first run (LV-94).
    Activated {
        real_server: String,
        virtual_server: String,
    },
    /// The address of its virtual server is not here at the start (LV-103).
    Deactivated {
        real_server: String,
        virtual_server: String,
    },
    /// The address of its virtual server has gone (LV-103).
    Suspended {
        real_server: String,
        virtual_server: String,
    },
    /// An address of a virtual server with `ha_suspend` came or went.
    AddressChanged {
        address: IpAddr,
        here: bool,
    },
    /// Nobody tells of addresses any more (LV-103).
    AddressesUnknown {
        error: String,
    },
    /// Something of ours is in the way: not the real server's fault, so nothing follows from it (CK-12).
    Rescheduled {
        real_server: String,
        virtual_server: String,
        kind: Kind,
        obstacle: Obstacle,
    },
    /// The first success of a checker, or the one that brings it up.
    TcpSucceeded {
        real_server: String,
        virtual_server: String,
    },
    /// With `log_all_failures`: one attempt of a checker that is up (CK-16).
    TcpAttemptFailed {
        real_server: String,
        virtual_server: String,
        failure: TcpFailure,
    },
    /// `retries` were made before; `None`: the first run, or none configured (CK-31).
    TcpFailed {
        real_server: String,
        virtual_server: String,
        retries: Option<u32>,
    },
    /// CK-94.
    UdpSucceeded {
        real_server: String,
        virtual_server: String,
    },
    UdpAttemptFailed {
        real_server: String,
        virtual_server: String,
        failure: UdpFailure,
    },
    UdpFailed {
        real_server: String,
        virtual_server: String,
        retries: Option<u32>,
    },
    /// CK-103.
    PingSucceeded {
        real_server: String,
        virtual_server: String,
    },
    PingAttemptFailed {
        real_server: String,
        virtual_server: String,
        failure: PingFailure,
    },
    PingFailed {
        real_server: String,
        virtual_server: String,
        retries: Option<u32>,
    },
    /// What exactly is wrong with a reply, or with sending (CK-102).
    PingOdd {
        real_server: String,
        virtual_server: String,
        failure: PingFailure,
    },
    /// CK-73.
    SmtpSucceeded {
        real_server: String,
        virtual_server: String,
    },
    /// CK-73: the last attempt, or each with `log_all_failures`.
    SmtpFailed {
        real_server: String,
        virtual_server: String,
        peer: SmtpPeer,
        failure: SmtpFailure,
    },
    /// CK-82; `retries` as the line shows them.
    DnsFailed {
        real_server: String,
        virtual_server: String,
        failure: DnsFailure,
        retries: Option<u32>,
    },
    /// CK-16, CK-55.
    HttpAttemptFailed {
        real_server: String,
        virtual_server: String,
        failure: HttpFailure,
    },
    /// One good answer while the checker is down (CK-56).
    UrlSucceeded {
        real_server: String,
        virtual_server: String,
        path: String,
        tested: Tested,
    },
    /// All are good.
    HttpSucceeded {
        real_server: String,
        virtual_server: String,
    },
    /// CK-57; `None`: none configured.
    HttpFailed {
        real_server: String,
        virtual_server: String,
        tls: bool,
        retries: Option<u32>,
    },
    /// CK-50: `url` is the virtual host, if any, and the path.
    LengthDiffers {
        real_server: String,
        virtual_server: String,
        url: String,
        announced: u64,
        received: u64,
    },
    /// CK-46: a TLS connection ended without a close_notify.
    EndedWithoutClose {
        real_server: String,
        virtual_server: String,
        path: String,
    },
    /// CK-117.
    MiscSucceeded {
        real_server: String,
        virtual_server: String,
        script: String,
    },
    /// CK-117.
    MiscFailed {
        real_server: String,
        virtual_server: String,
        script: String,
        end: ScriptEnd,
        retry: Retry,
    },
    /// A script was killed and has not ended yet.
    MiscLingers {
        real_server: String,
        virtual_server: String,
        script: String,
        pid: i32,
    },
    /// From now on BFD sessions are followed, if any (CK-132).
    BfdActivated,
    /// A BFD session told its state (CK-132).
    BfdState {
        real_server: String,
        virtual_server: String,
        session: BfdName,
        up: bool,
    },
    /// The number in a file became, or is no longer, a failure (CK-122).
    FileState {
        real_server: String,
        virtual_server: String,
        file: TrackFileName,
        up: bool,
    },
    /// The limit of open files was raised so that every checker can have its socket.
    OpenFilesRaised {
        soft: u64,
        hard: u64,
    },
    /// It could not be raised: at times a checker will have to wait for its socket.
    OpenFilesTooFew {
        wanted: u64,
        limit: u64,
        error: String,
    },
    /// `net.ipv4.ping_group_range` could not be read or widened (CK-101).
    PingGroupRange {
        error: String,
    },
    /// A text that is no regular expression: its URL is judged without it.
    BadRegex {
        pattern: String,
        offset: usize,
        error: String,
    },
    /// The files of `SSL { }` cannot be used: at the start nothing runs, after a reload TLS goes on as before.
    TlsNotReady {
        why: String,
    },
    /// A mistake of ours ended one attempt; the checker runs again.
    Crashed {
        real_server: String,
        virtual_server: String,
        error: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    /// `HTTP_GET` and `SSL_GET`.
    Web,
    Smtp,
    Dns,
    Udp,
    Ping {
        v6: bool,
    },
    Misc,
}

/// What of ours is in the way of an attempt (CK-12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No socket, or no process, could be made: `error` says why.
    Create { error: String },
    /// bindto, bind_port, bind_if or fwmark are refused, or there is no local port or no permission to connect.
    Bind { error: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpFailure {
    Timeout,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpFailure {
    /// ICMP said that nobody is there, nothing came in time, or nothing could be sent.
    Failed,
    /// What came is not what was wanted.
    Mismatch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingFailure {
    Timeout,
    /// The kernel would not send.
    Send {
        v6: bool,
        errno: i32,
    },
    Receive {
        v6: bool,
    },
    /// Too short to be a reply.
    Short {
        v6: bool,
        length: usize,
    },
    /// Another ICMP message.
    Type {
        v6: bool,
        found: u8,
    },
    Sequence {
        expected: u16,
        received: u16,
    },
}

/// Where an SMTP check went, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpPeer {
    pub destination: Endpoint,
    pub real_server: Endpoint,
}

/// CK-73.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpFailure {
    Unreachable,
    Refused,
    ConnectTimeout,
    ReadTimeout,
    /// The connection broke or ended.
    Read,
    WriteTimeout,
    Write,
    Banner,
    Helo,
}

impl SmtpFailure {
    /// The words of the log line behind its prefix, and of the mail (CK-73, CK-74).
    pub fn words(self, peer: SmtpPeer) -> String {
        let SmtpPeer { destination, real_server } = peer;
        let what = match self {
            SmtpFailure::Unreachable => {
                return format!("Network unreachable for server {} - real server {real_server}", destination.address);
            }
            SmtpFailure::Refused => "Could not connect to server",
            SmtpFailure::ConnectTimeout => "Connection timeout to server",
            SmtpFailure::ReadTimeout => "Read timeout from server",
            SmtpFailure::Read => "Read failure from server",
            SmtpFailure::WriteTimeout => "Write timeout to server",
            SmtpFailure::Write => "Write failure to server",
            SmtpFailure::Banner => "Bad greeting banner from server",
            SmtpFailure::Helo => "Bad HELO response from server",
        };
        format!("{what} {destination}")
    }
}

/// CK-82.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsFailure {
    /// connect(2) knew at once that there is no way to there.
    Unreachable(Endpoint),
    Write,
    Timeout,
    /// As recv(2) has it: a port that nobody listens on gives 111.
    Read {
        errno: i32,
        words: String,
    },
    Rcode(u8),
}

/// Why one URL is not good (CK-55).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// connect(2) knew at once that there is no way (CK-13).
    Unreachable,
    ConnectTimeout,
    ConnectFailed,
    Handshake,
    Send,
    /// Not one byte came.
    FirstByteTimeout,
    ReadTimeout {
        tls: bool,
    },
    Read {
        tls: bool,
    },
    /// The answer ended, or grew too long, before its header was complete.
    NoHeader,
    Status,
    Digest,
    Regex,
}

/// The last thing that was asked of a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    Status,
    Digest,
    Regex,
}

/// How a script ended that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    Exited(u8),
    Signalled(i32),
    TimedOut,
}

/// Where a failure stands in the row of attempts (CK-117).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// `retry` is 0.
    Disabled,
    /// The first of several.
    First {
        retries: u32,
    },
    Next {
        retry: u32,
        retries: u32,
    },
    Last {
        retries: u32,
    },
}
