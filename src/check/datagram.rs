//! UDP_CHECK and PING_CHECK: what a reply is worth (CK-92, CK-93, CK-102).

use crate::base::net::Family;
use crate::model::check::UdpReply;
use crate::model::event::check::PingFailure;
use crate::wire::icmp;

/// CK-92, CK-93: whether a datagram is what was wanted. One longer than `longest` may be cut behind its next byte.
pub fn is_wanted(reply: &UdpReply, datagram: &[u8]) -> bool {
    match reply {
        UdpReply::NotNeeded | UdpReply::Any => true,
        UdpReply::Pattern { pattern, mask, shortest, longest } => {
            (*shortest..=*longest).contains(&datagram.len())
                && datagram.iter().zip(pattern).zip(mask).all(|((found, wanted), mask)| (found ^ wanted) & !mask == 0)
        }
    }
}

/// How many bytes of a datagram are worth reading.
pub fn most_reply(reply: &UdpReply) -> usize {
    match reply {
        UdpReply::NotNeeded | UdpReply::Any => 1,
        UdpReply::Pattern { longest, .. } => longest + 1,
    }
}

/// CK-102: whether this is the reply to the echo request with this number.
pub fn judge_echo(family: Family, sequence: u16, message: &[u8]) -> Result<(), PingFailure> {
    let v6 = family == Family::V6;
    match icmp::read(message) {
        None => Err(PingFailure::Short { v6, length: message.len() }),
        Some(echo) if echo.kind != icmp::reply(family) => Err(PingFailure::Type { v6, found: echo.kind }),
        Some(echo) if echo.sequence != sequence => {
            Err(PingFailure::Sequence { expected: sequence, received: echo.sequence })
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
