//! Gratuitous ARP: the Ethernet frame that tells a LAN where an IPv4 address is now (RFC 826, RFC 5227 section 3).

use std::net::Ipv4Addr;

use crate::base::net::MacAddress;

/// Bytes of the frame; the kernel or the card pads it.
pub const FRAME: usize = 42;
/// ETH_P_ARP (linux/if_ether.h).
pub const ETHERTYPE: u16 = 0x0806;
/// Hardware Ethernet, protocol IPv4, their address lengths, operation request.
const REQUEST: [u8; 8] = [0, 1, 0x08, 0x00, 6, 4, 0, 1];

/// `address` is at `mac`: a request for the address by its owner, to everybody, whose target hardware address is
/// broadcast, too (VR-164).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GratuitousArp {
    pub mac: MacAddress,
    pub address: Ipv4Addr,
}

impl GratuitousArp {
    /// The whole frame.
    pub fn to_wire(&self, out: &mut Vec<u8>) {
        out.extend(MacAddress::BROADCAST.0);
        out.extend(self.mac.0);
        out.extend(ETHERTYPE.to_be_bytes());
        out.extend(REQUEST);
        out.extend(self.mac.0);
        out.extend(self.address.octets());
        out.extend(MacAddress::BROADCAST.0);
        out.extend(self.address.octets());
    }

    /// Reads a frame, padded or not; `None` when it is anything else.
    pub fn from_wire(frame: &[u8]) -> Option<GratuitousArp> {
        let frame = frame.first_chunk::<FRAME>()?;
        let mac = MacAddress([frame[22], frame[23], frame[24], frame[25], frame[26], frame[27]]);
        let address = Ipv4Addr::new(frame[28], frame[29], frame[30], frame[31]);
        let found = GratuitousArp { mac, address };
        let mut same = Vec::with_capacity(FRAME);
        found.to_wire(&mut same);
        (same == frame).then_some(found)
    }
}
