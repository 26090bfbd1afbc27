//! The BFD control packet (RFC 5880 section 4.1): bytes and value.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//! |                       My Discriminator                        |
//! |                      Your Discriminator                       |
//! |                    Desired Min TX Interval                    |
//! |                   Required Min RX Interval                    |
//! |                 Required Min Echo RX Interval                 |
//! ```

use crate::base::bfd::{Diagnostic, State};
use crate::base::time::Interval;

/// Bytes of a packet without authentication, which is all that we send.
pub const LENGTH: usize = 24;
const VERSION: u8 = 1;

const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const INDEPENDENT: u8 = 0x08;
const AUTHENTICATED: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;

/// A packet that may be looked at (VR-291).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    pub diagnostic: Diagnostic,
    pub state: State,
    /// P and F: never both.
    pub poll: bool,
    pub last: bool,
    /// C: the sender's BFD does not share the fate of its control plane.
    pub independent: bool,
    /// A: an authentication section follows, which is not read here.
    pub authenticated: bool,
    /// D: the sender asks for no periodic packets.
    pub demand: bool,
    /// Detect Mult, at least 1.
    pub multiplier: u8,
    /// Not 0.
    pub my_discriminator: u32,
    /// 0 only while Down or AdminDown.
    pub your_discriminator: u32,
    /// Whole microseconds, at most `u32::MAX`, these three.
    pub desired_min_tx: Interval,
    pub required_min_rx: Interval,
    pub required_min_echo_rx: Interval,
}

/// Why a packet is not looked at (VR-298).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Bytes received.
    TooShort {
        length: usize,
    },
    Version {
        received: u8,
    },
    /// The length field is not that of the datagram.
    Length {
        stated: u8,
        received: usize,
    },
    Diagnostic {
        received: u8,
    },
    Multiplier,
    Multipoint,
    MyDiscriminator,
    /// 0 although the sender is Init or Up.
    YourDiscriminator,
    PollAndFinal,
}

impl Control {
    /// Reads a datagram; VR-298 in its order.
    ///
    /// # Errors
    /// What the packet may not be.
    pub fn from_wire(bytes: &[u8]) -> Result<Control, Reject> {
        let length = bytes.len();
        let Some(header) = bytes.first_chunk::<LENGTH>() else { return Err(Reject::TooShort { length }) };
        let [first, flags, multiplier, stated, words @ ..] = *header;
        let word = |at: usize| {
            let octets = [words[at * 4], words[at * 4 + 1], words[at * 4 + 2], words[at * 4 + 3]];
            u32::from_be_bytes(octets)
        };
        let interval = |at: usize| Interval::from_micros(u64::from(word(at)));
        if usize::from(stated) != length {
            return Err(Reject::Length { stated, received: length });
        }
        if first >> 5 != VERSION {
            return Err(Reject::Version { received: first >> 5 });
        }
        if multiplier == 0 {
            return Err(Reject::Multiplier);
        }
        let flag = |bit: u8| flags & bit != 0;
        if flag(MULTIPOINT) {
            return Err(Reject::Multipoint);
        }
        let (my_discriminator, your_discriminator) = (word(0), word(1));
        if my_discriminator == 0 {
            return Err(Reject::MyDiscriminator);
        }
        let state = State::from_number(flags >> 6);
        if your_discriminator == 0 && !matches!(state, State::Down | State::AdminDown) {
            return Err(Reject::YourDiscriminator);
        }
        if flag(POLL) && flag(FINAL) {
            return Err(Reject::PollAndFinal);
        }
        let Some(diagnostic) = Diagnostic::from_number(first & 0x1f) else {
            return Err(Reject::Diagnostic { received: first & 0x1f });
        };
        Ok(Control {
            diagnostic,
            state,
            poll: flag(POLL),
            last: flag(FINAL),
            independent: flag(INDEPENDENT),
            authenticated: flag(AUTHENTICATED),
            demand: flag(DEMAND),
            multiplier,
            my_discriminator,
            your_discriminator,
            desired_min_tx: interval(2),
            required_min_rx: interval(3),
            required_min_echo_rx: interval(4),
        })
    }

    /// The packet, without an authentication section.
    pub fn to_wire(&self) -> [u8; LENGTH] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = (self.state.number() << 6)
            | flag(self.poll, POLL)
            | flag(self.last, FINAL)
            | flag(self.independent, INDEPENDENT)
            | flag(self.authenticated, AUTHENTICATED)
            | flag(self.demand, DEMAND);
        let micros = |interval: Interval| u32::try_from(interval.as_micros()).unwrap_or(u32::MAX);
        let words = [
            self.my_discriminator,
            self.your_discriminator,
            micros(self.desired_min_tx),
            micros(self.required_min_rx),
            micros(self.required_min_echo_rx),
        ];
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&[(VERSION << 5) | self.diagnostic.number(), flags, self.multiplier, LENGTH as u8]);
        for (place, word) in bytes[4..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
