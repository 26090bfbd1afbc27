//! The trailer of a signed advert, 28 bytes behind the VRRP packet: bytes <-> `Trailer` (VR-43 … VR-45).
//!
//! ```text
//! |   Type = 1    |    Key id     |          Reserved = 0         |
//! |                            seconds                            |
//! |    1/65536 of a second        |            counter            |
//! |       the first 16 bytes of HMAC-SHA256                       |
//! ```
//! An extension of keepalived 2.4, in no RFC. Signed are who sends (address, version, VRID), the packet with its
//! checksum as zero, and the trailer up to the signature; so one signature serves every peer.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::net::Family;
use crate::base::time::WallTime;

/// Bytes of a trailer.
pub const TRAILER: usize = 28;
/// The only type there is: HMAC-SHA256, cut to 128 bits.
const HMAC_SHA256_128: u8 = 1;
const SIGNATURE: usize = 16;
/// Bytes before the signature.
const HEAD: usize = TRAILER - SIGNATURE;

/// When an advert was signed, and which of that moment: 32 bits of seconds, 16 of their parts, 16 of a counter. Each
/// advert of a router has a later one (VR-47).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The first stamp of a moment. After 2106 the seconds begin anew, as the wire has 32 bits for them.
    pub const fn of(time: WallTime) -> Stamp {
        let (seconds, micros) = (time.as_micros() / 1_000_000, time.as_micros() % 1_000_000);
        let parts = (micros << 16) / 1_000_000;
        Stamp((seconds << 32) | (parts << 16))
    }

    /// Later in serial arithmetic (RFC 1982): stamps half the range apart have no order.
    pub const fn is_later_than(self, other: Stamp) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        ahead != 0 && ahead < 1 << 63
    }

    pub const fn next(self) -> Stamp {
        Stamp(self.0.wrapping_add(1))
    }

    /// Whole seconds that this one is later than `other`; negative when it is earlier.
    pub const fn seconds_after(self, other: Stamp) -> i64 {
        ((self.0 >> 32) as u32).wrapping_sub((other.0 >> 32) as u32) as i32 as i64
    }
}

/// What stands in a trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// 0..=255; 0 is no key's number.
    pub key: u8,
    pub stamp: Stamp,
    pub signature: [u8; SIGNATURE],
}

/// What a signature covers beside the trailer.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub source: IpAddr,
    /// From the VRRP header to the end of its addresses, in version 2 over IPv4 with the authentication data. What the
    /// checksum field holds does not matter. At least 8 bytes.
    pub packet: &'a [u8],
}

impl Trailer {
    /// Signs with key number `key`; `secret` may have any length.
    pub fn sign(key: u8, secret: &[u8], stamp: Stamp, signed: &Signed<'_>) -> Trailer {
        let bare = Trailer { key, stamp, signature: [0; SIGNATURE] };
        Trailer { signature: bare.signature_by(secret, signed), ..bare }
    }

    /// Whether who signed this knows the secret. Compares in a time that does not tell where the first difference is.
    pub fn is_genuine(&self, secret: &[u8], signed: &Signed<'_>) -> bool {
        let right = self.signature_by(secret, signed);
        right.iter().zip(self.signature).fold(0, |found, (a, b)| found | (a ^ b)) == 0
    }

    fn signature_by(&self, secret: &[u8], signed: &Signed<'_>) -> [u8; SIGNATURE] {
        // invariant: HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
        mac.update(&pseudo_header(signed));
        let (before, after) = signed.packet.split_at(signed.packet.len().min(6));
        mac.update(before);
        mac.update(&[0, 0]);
        mac.update(after.get(2..).unwrap_or_default());
        mac.update(&self.head());
        mac.update(&[0; SIGNATURE]);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(&whole[..SIGNATURE]);
        signature
    }

    fn head(&self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[..2].copy_from_slice(&[HMAC_SHA256_128, self.key]);
        head[4..].copy_from_slice(&self.stamp.0.to_be_bytes());
        head
    }

    pub fn to_wire(&self) -> [u8; TRAILER] {
        let mut out = [0; TRAILER];
        out[..HEAD].copy_from_slice(&self.head());
        out[HEAD..].copy_from_slice(&self.signature);
        out
    }

    /// `None`: of another type, or the reserved bytes are not zero.
    pub fn from_wire(bytes: &[u8; TRAILER]) -> Option<Trailer> {
        let [HMAC_SHA256_128, key, 0, 0, rest @ ..] = bytes else { return None };
        let (stamp, rest) = rest.split_first_chunk()?;
        Some(Trailer { key: *key, stamp: Stamp(u64::from_be_bytes(*stamp)), signature: *rest.first_chunk()? })
    }
}

/// VR-45: family, VRRP version, VRID, zero, and the sender in 16 bytes.
fn pseudo_header(signed: &Signed<'_>) -> [u8; 20] {
    let mut header = [0; 20];
    header[0] = match Family::of(signed.source) {
        Family::V4 => 4,
        Family::V6 => 6,
    };
    header[1] = signed.packet.first().map_or(0, |byte| byte >> 4);
    header[2] = signed.packet.get(1).copied().unwrap_or(0);
    match signed.source {
        IpAddr::V4(source) => header[4..8].copy_from_slice(&source.octets()),
        IpAddr::V6(source) => header[4..].copy_from_slice(&source.octets()),
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    /// VR-47: the fields of a stamp, and their order, also where the seconds begin anew.
    #[test]
    fn stamps_have_an_order() {
        let stamp = Stamp::of(WallTime::from_micros(1_795_418_442_666_700));
        assert_eq!(stamp, Stamp(0x6b03_e94a_aaac_0000));
        assert_eq!(stamp.next(), Stamp(0x6b03_e94a_aaac_0001));
        assert_eq!(Stamp(0x1_ffff_ffff).next(), Stamp(0x2_0000_0000), "the carry runs into the time");
        assert!(stamp.next().is_later_than(stamp) && !stamp.is_later_than(stamp.next()));
        assert!(!stamp.is_later_than(stamp));
        assert!(Stamp(5).is_later_than(Stamp(u64::MAX)) && !Stamp(u64::MAX).is_later_than(Stamp(5)));
        assert_eq!(Stamp(7 << 32).seconds_after(Stamp(0xffff_ffff << 32)), 8);
        assert_eq!(Stamp(7 << 32).seconds_after(Stamp(9 << 32)), -2);
    }

    /// VR-43, VR-45: each bit that is covered changes the signature, the checksum does not.
    #[test]
    fn what_is_signed() {
        let packet = [0x31, 20, 150, 1, 0, 100, 0x43, 0x80, 10, 9, 0, 100];
        let source = "10.9.0.1".parse().unwrap();
        let signed = Signed { source, packet: &packet };
        let trailer = Trailer::sign(7, SECRET, Stamp(9), &signed);
        assert_eq!(Trailer::from_wire(&trailer.to_wire()), Some(trailer));
        assert!(trailer.is_genuine(SECRET, &signed));
        assert!(!trailer.is_genuine(&SECRET[1..], &signed));
        assert!(!trailer.is_genuine(SECRET, &Signed { source: "10.9.0.3".parse().unwrap(), ..signed }));
        assert!(!Trailer { stamp: Stamp(10), ..trailer }.is_genuine(SECRET, &signed));
        assert!(!Trailer { key: 8, ..trailer }.is_genuine(SECRET, &signed));
        for place in 0..packet.len() {
            let mut other = packet;
            other[place] ^= 1;
            let same = trailer.is_genuine(SECRET, &Signed { packet: &other, ..signed });
            assert_eq!(same, matches!(place, 6 | 7), "byte {place}");
        }
    }

    /// VR-51: another type or a reserved bit is no trailer that we could judge.
    #[test]
    fn what_is_malformed() {
        let good = Trailer { key: 1, stamp: Stamp(3), signature: [4; 16] }.to_wire();
        for place in [0, 2, 3] {
            let mut bad = good;
            bad[place] ^= 4;
            assert_eq!(Trailer::from_wire(&bad), None, "byte {place}");
        }
    }
}
