//! DNS_CHECK, UDP_CHECK and PING_CHECK: one datagram out, and what comes back until `connect_timeout`.

use std::time::Duration;

use tokio::time::timeout_at;

use super::probe::{Ended, reason};
use crate::base::net::Family;
use crate::check::Outcome;
use crate::check::datagram::{is_wanted, judge_echo, most_reply};
use crate::check::dns::{Answer, judge, question};
use crate::kernel::clock;
use crate::kernel::ping::Pinger;
use crate::kernel::tcp::ConnectError;
use crate::kernel::udp::{Datagrams, Heard};
use crate::model::check::{Connect, DnsCheck, UdpCheck, UdpReply, filler};
use crate::model::event::check::{DnsFailure, Obstacle, PingFailure, UdpFailure};
use crate::wire::icmp;

/// Of an answer only the header is looked at.
const MOST_ANSWER: usize = 512;
/// Bytes behind the header of an echo request (CK-100).
const ECHO_FILLING: usize = 128;

/// CK-80 to CK-82.
pub(super) async fn dns(check: &DnsCheck, id: u16, patience: Duration) -> Outcome {
    let deadline = clock::instant() + patience;
    let failed = |failure| Outcome::Dns(Err(failure));
    let Some(question) = question(check, id) else {
        return Outcome::Hindered(Obstacle::Create { error: format!("{} is no domain name", check.name) });
    };
    let socket = match Datagrams::connect(&check.connect, false) {
        Ok(socket) => socket,
        Err(ConnectError::Create(error)) => return Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
        Err(ConnectError::Bind(error)) => return Outcome::Hindered(Obstacle::Bind { error: reason(&error) }),
        Err(ConnectError::Unreachable(_) | ConnectError::Failed(_) | ConnectError::Timeout) => {
            return failed(DnsFailure::Unreachable(check.connect.destination));
        }
    };
    if socket.send(&question).is_err() {
        return failed(DnsFailure::Write);
    }
    let mut answer = [0; MOST_ANSWER];
    loop {
        match timeout_at(deadline, socket.hear(&mut answer)).await {
            Err(_late) => return failed(DnsFailure::Timeout),
            Ok(Err(error)) => {
                let errno = error.raw_os_error().unwrap_or(0);
                return failed(DnsFailure::Read { errno, words: reason(&error) });
            }
            Ok(Ok(Heard::Unreachable)) => {}
            Ok(Ok(Heard::Datagram(length))) => match judge(id, &answer[..length]) {
                Answer::Good => return Outcome::Dns(Ok(())),
                Answer::Error(code) => return failed(DnsFailure::Rcode(code)),
                // A flood of them does not end the wait either: it has its end.
                Answer::Stray if clock::instant() >= deadline => return failed(DnsFailure::Timeout),
                Answer::Stray => {}
            },
        }
    }
}

/// CK-90 to CK-93. What is in the way of sending counts as a failure here (CK-12).
pub(super) async fn udp(check: &UdpCheck, patience: Duration) -> Outcome {
    let deadline = clock::instant() + patience;
    let failed = |failure| Outcome::Udp(Err(failure));
    let socket = match Datagrams::connect(&check.connect, true) {
        Ok(socket) => socket,
        Err(ConnectError::Create(error)) => return Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
        Err(_) => return failed(UdpFailure::Failed),
    };
    if socket.send(&check.payload).is_err() {
        return failed(UdpFailure::Failed);
    }
    let mut datagram = vec![0; most_reply(&check.reply)];
    match timeout_at(deadline, socket.hear(&mut datagram)).await {
        Err(_silence) if check.reply == UdpReply::NotNeeded => Outcome::Udp(Ok(())),
        Err(_) | Ok(Err(_) | Ok(Heard::Unreachable)) => failed(UdpFailure::Failed),
        Ok(Ok(Heard::Datagram(length))) if is_wanted(&check.reply, &datagram[..length]) => Outcome::Udp(Ok(())),
        Ok(Ok(Heard::Datagram(_))) => failed(UdpFailure::Mismatch),
    }
}

/// CK-100, CK-102: on the socket of the last success, if there was one.
pub(super) async fn ping(to: &Connect, pinger: Option<Pinger>, patience: Duration) -> Ended {
    let deadline = clock::instant() + patience;
    let mut pinger = match pinger.map_or_else(|| Pinger::open(to), Ok) {
        Ok(pinger) => pinger,
        Err(ConnectError::Bind(error)) => return Outcome::Hindered(Obstacle::Bind { error: reason(&error) }).into(),
        Err(ConnectError::Create(error) | ConnectError::Unreachable(error) | ConnectError::Failed(error)) => {
            return Outcome::Hindered(Obstacle::Create { error: reason(&error) }).into();
        }
        Err(ConnectError::Timeout) => return Outcome::Ping(Err(PingFailure::Timeout)).into(),
    };
    let family = pinger.family();
    let v6 = family == Family::V6;
    let sequence = pinger.next_sequence();
    if let Err(error) = pinger.send(&icmp::request(family, sequence, &filler(ECHO_FILLING)), to) {
        let errno = error.raw_os_error().unwrap_or(0);
        return Outcome::Ping(Err(PingFailure::Send { v6, errno })).into();
    }
    match timeout_at(deadline, pinger.hear()).await {
        Err(_late) => Outcome::Ping(Err(PingFailure::Timeout)).into(),
        Ok(Err(_)) => Outcome::Ping(Err(PingFailure::Receive { v6 })).into(),
        Ok(Ok(message)) => match judge_echo(family, sequence, &message) {
            Ok(()) => Ended { outcome: Outcome::Ping(Ok(())), pinger: Some(pinger) },
            Err(failure) => Outcome::Ping(Err(failure)).into(),
        },
    }
}
