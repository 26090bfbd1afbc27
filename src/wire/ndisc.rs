//! Unsolicited neighbour advertisements: the Ethernet frame that tells a LAN where an IPv6 address is now
//! (RFC 4861 sections 4.4 and 7.2.6).

use std::net::Ipv6Addr;

use super::ip::Checksum;
use crate::base::net::MacAddress;

/// Bytes of the frame.
pub const FRAME: usize = 86;
/// ETH_P_IPV6 (linux/if_ether.h).
pub const ETHERTYPE: u16 = 0x86dd;
/// All nodes of the link, and the multicast hardware address that belongs to it (RFC 2464 section 7).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ICMPV6: u8 = 58;
/// ICMPv6 header, flags, target and one option of 8 bytes.
const PAYLOAD: u8 = 32;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const OVERRIDE: u8 = 0x20;
const ROUTER: u8 = 0x80;
/// Option type target link-layer address, length in units of 8 bytes.
const TARGET_LINK_LAYER_ADDRESS: [u8; 2] = [2, 1];

/// From the IPv6 header on: `address` is where the `option` says, a whole option of at most 255 bytes.
pub(super) fn datagram(address: Ipv6Addr, router: bool, option: &[u8], out: &mut Vec<u8>) {
    let mut icmp = Vec::with_capacity(usize::from(PAYLOAD));
    let flags = if router { OVERRIDE | ROUTER } else { OVERRIDE };
    icmp.extend([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0]);
    icmp.extend(address.octets());
    icmp.extend(option);
    let sum = Checksum::default().pseudo_header(address.into(), ALL_NODES.into(), ICMPV6, icmp.len());
    let sum = sum.over(&icmp).finish();
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    let [high, low] = u16::try_from(icmp.len()).unwrap_or(u16::MAX).to_be_bytes();
    out.extend([0x60, 0, 0, 0, high, low, ICMPV6, 255]);
    out.extend(address.octets());
    out.extend(ALL_NODES.octets());
    out.extend(icmp);
}

/// `address` is at `mac`; sent from the address itself (VR-166).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighbourAdvertisement {
    pub mac: MacAddress,
    pub address: Ipv6Addr,
    /// The sender forwards packets.
    pub router: bool,
}

impl NeighbourAdvertisement {
    /// The whole frame.
    pub fn to_wire(&self, out: &mut Vec<u8>) {
        out.extend(ALL_NODES_MAC);
        out.extend(self.mac.0);
        out.extend(ETHERTYPE.to_be_bytes());
        let [a, b] = TARGET_LINK_LAYER_ADDRESS;
        let [c, d, e, f, g, h] = self.mac.0;
        datagram(self.address, self.router, &[a, b, c, d, e, f, g, h], out);
    }

    /// Reads a frame; `None` when it is anything else.
    pub fn from_wire(frame: &[u8]) -> Option<NeighbourAdvertisement> {
        let frame = frame.first_chunk::<FRAME>()?;
        let address = Ipv6Addr::from(*frame[62..].first_chunk::<16>()?);
        let mac = MacAddress(*frame[80..].first_chunk::<6>()?);
        let found = NeighbourAdvertisement { mac, address, router: frame[58] & ROUTER != 0 };
        let mut same = Vec::with_capacity(FRAME);
        found.to_wire(&mut same);
        (same == frame).then_some(found)
    }
}
