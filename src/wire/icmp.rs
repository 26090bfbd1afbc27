//! ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 section 4): eight bytes, then what is to come back.
//!
//! ```text
//!    0       1       2       3
//!   type    code    checksum (the kernel's)
//!   identifier (the kernel's)   sequence number
//! ```

use crate::base::net::Family;

const HEADER: usize = 8;
const ECHO_V4: u8 = 8;
const REPLY_V4: u8 = 0;
const ECHO_V6: u8 = 128;
const REPLY_V6: u8 = 129;

/// What of a message matters to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Type of the message.
    pub kind: u8,
    pub sequence: u16,
}

/// An echo request for a datagram socket of ICMP, where the kernel fills in identifier and checksum.
pub fn request(family: Family, sequence: u16, filling: &[u8]) -> Vec<u8> {
    let kind = match family {
        Family::V4 => ECHO_V4,
        Family::V6 => ECHO_V6,
    };
    let [high, low] = sequence.to_be_bytes();
    let mut message = vec![kind, 0, 0, 0, 0, 0, high, low];
    message.extend_from_slice(filling);
    message
}

/// The type of an echo reply.
pub const fn reply(family: Family) -> u8 {
    match family {
        Family::V4 => REPLY_V4,
        Family::V6 => REPLY_V6,
    }
}

/// `None`: too short to be a message.
pub fn read(message: &[u8]) -> Option<Echo> {
    let header = message.get(..HEADER)?;
    Some(Echo { kind: header[0], sequence: u16::from_be_bytes([header[6], header[7]]) })
}
