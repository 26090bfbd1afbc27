//! The IPv4 header of adverts, and the Internet checksum (RFC 791, RFC 1071).

use std::net::{IpAddr, Ipv4Addr};

/// Bytes of a header without options.
pub const HEADER: usize = 20;
/// VRRP (RFC 9568 section 5.1.1.4).
pub const PROTOCOL_VRRP: u8 = 112;
/// IP authentication header (RFC 2402).
pub const PROTOCOL_AH: u8 = 51;
/// Internetwork control, DSCP CS6 (VR-24, VR-31).
pub const TOS: u8 = 0xc0;
/// What every multicast advert leaves with and must arrive with (RFC 9568 section 5.1.1.3).
pub const TTL: u8 = 255;

/// The header that the daemon writes itself (IP_HDRINCL, VR-24): no options, never fragmented, DF not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub id: u16,
    pub ttl: u8,
    pub protocol: u8,
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
}

impl Header {
    /// Appends the header of a datagram that carries `payload` bytes. The checksum is left zero: the kernel fills
    /// it in on sending.
    pub fn to_wire(&self, payload: usize, out: &mut Vec<u8>) {
        // A longer datagram than the field can say is refused by the kernel; adverts have at most 1 kB.
        let total = u16::try_from(HEADER + payload).unwrap_or(u16::MAX);
        out.extend([0x45, TOS]);
        out.extend(total.to_be_bytes());
        out.extend(self.id.to_be_bytes());
        out.extend([0, 0, self.ttl, self.protocol, 0, 0]);
        out.extend(self.source.octets());
        out.extend(self.destination.octets());
    }
}

/// A received IPv4 datagram, cut at the end of its header. The kernel has checked version and header checksum.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    header: &'a [u8],
    /// What follows the header, to the last byte received.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// `None` when the bytes end before the header does.
    pub fn from_wire(bytes: &'a [u8]) -> Option<Datagram<'a>> {
        let length = usize::from(bytes.first()? & 0x0f) * 4;
        if length < HEADER {
            return None;
        }
        let (header, payload) = bytes.split_at_checked(length)?;
        Some(Datagram { header, payload })
    }

    /// With its options.
    pub fn header(&self) -> &'a [u8] {
        self.header
    }

    /// The length that the header itself states, header included.
    pub fn total_length(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    pub fn ttl(&self) -> u8 {
        self.header[8]
    }

    pub fn protocol(&self) -> u8 {
        self.header[9]
    }

    pub fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.header[12], self.header[13], self.header[14], self.header[15])
    }

    pub fn destination(&self) -> Ipv4Addr {
        Ipv4Addr::new(self.header[16], self.header[17], self.header[18], self.header[19])
    }
}

/// The sum under the Internet checksum: lay it over the parts of a packet, then `finish`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksum(u64);

impl Checksum {
    /// A part; every part but the last has an even number of bytes.
    #[must_use]
    pub fn over(mut self, part: &[u8]) -> Checksum {
        for pair in part.chunks(2) {
            self.0 += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
        self
    }

    /// The pseudo header of RFC 9568 section 5.2.8 (IPv4, as UDP's) or RFC 8200 section 8.1 (IPv6). `length`: bytes
    /// of the upper-layer packet. Addresses of two families are no pseudo header; they add what they hold.
    #[must_use]
    pub fn pseudo_header(self, source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Checksum {
        let mut sum = self;
        for address in [source, destination] {
            sum = match address {
                IpAddr::V4(address) => sum.over(&address.octets()),
                IpAddr::V6(address) => sum.over(&address.octets()),
            };
        }
        sum.0 += u64::from(protocol) + length as u64;
        sum
    }

    /// The complement of the one's complement sum; zero stays zero (VR-16). Over a packet with its checksum in
    /// place this is 0 when the packet is whole.
    pub fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        // invariant: the loop leaves 16 bits.
        !(sum as u16)
    }
}

#[cfg(test)]
mod tests;
