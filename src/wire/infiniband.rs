//! Announcements on InfiniBand (VR-165): the same messages behind another header, with hardware addresses of 20 bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{arp, ndisc};
use crate::base::net::Infiniband;

/// Hardware InfiniBand, protocol IPv4, their address lengths, operation request (RFC 4391 section 9.1.2).
const REQUEST: [u8; 8] = [0, 32, 0x08, 0x00, 20, 4, 0, 1];
/// Option type target link-layer address, length in units of 8 bytes, two reserved bytes (RFC 4391 section 9.3).
const TARGET_LINK_LAYER_ADDRESS: [u8; 4] = [2, 3, 0, 0];

/// To whom, as the kernel takes it before a frame, and the header of RFC 4391 section 6.
fn header(to: [u8; 20], ethertype: u16, out: &mut Vec<u8>) {
    out.extend(to);
    out.extend(ethertype.to_be_bytes());
    out.extend([0, 0]);
}

/// The group of ff02::1 (RFC 4391 section 4): scope and partition key are those of the port's own broadcast group.
fn all_nodes(port: Infiniband) -> [u8; 20] {
    let (scope, key) = (port.everybody[5] & 0x0f, [port.everybody[8], port.everybody[9]]);
    let mut group = [0; 20];
    group[1..5].fill(0xff);
    group[5] = 0x10 | scope;
    group[6..8].copy_from_slice(&[0x60, 0x1b]);
    group[8..10].copy_from_slice(&key);
    group[19] = 1;
    group
}

/// A gratuitous ARP: `address` is at this port.
pub fn arp(port: Infiniband, address: Ipv4Addr, out: &mut Vec<u8>) {
    header(port.everybody, arp::ETHERTYPE, out);
    out.extend(REQUEST);
    out.extend(port.own);
    out.extend(address.octets());
    out.extend(port.everybody);
    out.extend(address.octets());
}

/// An unsolicited neighbour advertisement: `address` is at this port.
pub fn advertisement(port: Infiniband, address: Ipv6Addr, router: bool, out: &mut Vec<u8>) {
    header(all_nodes(port), ndisc::ETHERTYPE, out);
    let mut option = TARGET_LINK_LAYER_ADDRESS.to_vec();
    option.extend(port.own);
    ndisc::datagram(address, router, &option, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: Infiniband = Infiniband {
        own: [0x80, 0, 0x00, 0x48, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x02, 0xc9, 0x03, 0, 0x0a, 0x0b, 0x0c],
        everybody: [0, 0xff, 0xff, 0xff, 0xff, 0x12, 0x40, 0x1b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
    };

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    /// VR-165: written down by hand after RFC 4391: 20 bytes of everybody's address, 4 of header, then ARP with hardware
    /// type 32 and addresses of 20 bytes.
    #[test]
    fn a_gratuitous_arp() {
        let mut frame = Vec::new();
        arp(PORT, Ipv4Addr::new(10, 0, 0, 100), &mut frame);
        let golden = bytes(
            "00ffffff ff12401b ffff0000 00000000 ffffffff 0806 0000
             0020 0800 14 04 0001
             80000048 fe800000 00000000 0002c903 000a0b0c 0a000064
             00ffffff ff12401b ffff0000 00000000 ffffffff 0a000064",
        );
        assert_eq!(frame, golden);
    }

    /// VR-165: to the group of all nodes; an option of three times 8 bytes, two of them reserved; the checksum covers it.
    #[test]
    fn a_neighbour_advertisement() {
        let mut frame = Vec::new();
        advertisement(PORT, "fe80::100".parse().unwrap(), true, &mut frame);
        let golden = bytes(
            "00ffffff ff12601b ffff0000 00000000 00000001 86dd 0000
             60000000 0030 3a ff
             fe800000 00000000 00000000 00000100
             ff020000 00000000 00000000 00000001",
        );
        assert_eq!(frame[..golden.len()], golden);
        let icmp = &frame[golden.len()..];
        assert_eq!((icmp.len(), icmp[..2].to_vec(), icmp[4..8].to_vec()), (48, vec![136, 0], vec![0xa0, 0, 0, 0]));
        assert_eq!(icmp[24..28], [2, 3, 0, 0]);
        assert_eq!(icmp[28..], PORT.own);
        let sum = crate::wire::ip::Checksum::default();
        let sum = sum.pseudo_header("fe80::100".parse().unwrap(), "ff02::1".parse().unwrap(), 58, icmp.len());
        assert_eq!(sum.over(icmp).finish(), 0, "what is right sums up to nothing");
    }
}
