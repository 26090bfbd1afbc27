//! Adverts as bytes, written and read here without the daemon's own codec: a second opinion on the wire format.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keepalived_rs::base::net::Family;

pub const GROUP4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
pub const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// What a stranger on the LAN says. Every field may be wrong on purpose.
#[derive(Clone, Debug)]
pub struct Advert {
    pub source: IpAddr,
    /// `None`: to the group.
    pub destination: Option<IpAddr>,
    pub version: u8,
    pub kind: u8,
    pub vrid: u8,
    pub priority: u8,
    /// Hundredths of a second; version 2 sends whole seconds of it.
    pub interval: u16,
    pub pass: Option<[u8; 8]>,
    /// Overrides the authentication type that follows from `pass`.
    pub auth_type: Option<u8>,
    pub addresses: Vec<IpAddr>,
    pub ttl: u8,
    pub wrong_checksum: bool,
    /// The pseudo header of 1.3.6 and older: the group as destination also for unicast.
    pub old_checksum: bool,
    /// Bytes to cut from the end.
    pub cut: usize,
    /// Bytes to add at the end, counted in the IP length.
    pub padding: usize,
}

impl Advert {
    pub fn new(source: IpAddr, vrid: u8, priority: u8) -> Advert {
        Advert {
            source,
            destination: None,
            version: if source.is_ipv4() { 2 } else { 3 },
            kind: 1,
            vrid,
            priority,
            interval: 100,
            pass: None,
            auth_type: None,
            addresses: Vec::new(),
            ttl: 255,
            wrong_checksum: false,
            old_checksum: false,
            cut: 0,
            padding: 0,
        }
    }

    pub fn destination(&self) -> IpAddr {
        self.destination.unwrap_or(match self.source {
            IpAddr::V4(_) => GROUP4.into(),
            IpAddr::V6(_) => GROUP6.into(),
        })
    }

    /// IPv4: with the IP header; IPv6: the payload, as a raw socket hands it on.
    pub fn bytes(&self) -> Vec<u8> {
        let mut vrrp =
            vec![self.version << 4 | self.kind, self.vrid, self.priority, self.addresses.len() as u8, 0, 0, 0, 0];
        if self.version == 2 {
            vrrp[4] = self.auth_type.unwrap_or(if self.pass.is_some() { 1 } else { 0 });
            vrrp[5] = (self.interval / 100) as u8;
        } else {
            vrrp[4..6].copy_from_slice(&self.interval.to_be_bytes());
        }
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => vrrp.extend(address.octets()),
                IpAddr::V6(address) => vrrp.extend(address.octets()),
            }
        }
        if self.version == 2 && self.source.is_ipv4() {
            vrrp.extend(self.pass.unwrap_or_default());
        }
        let mut summed = Vec::new();
        if let (3, IpAddr::V4(source), IpAddr::V4(destination)) = (self.version, self.source, self.destination()) {
            summed.extend(source.octets());
            summed.extend(if self.old_checksum { GROUP4.octets() } else { destination.octets() });
            summed.extend([0, 112]);
            summed.extend((vrrp.len() as u16).to_be_bytes());
        }
        summed.extend(&vrrp);
        let sum = checksum(&summed) ^ if self.wrong_checksum { 0x0101 } else { 0 };
        vrrp[6..8].copy_from_slice(&sum.to_be_bytes());
        vrrp.truncate(vrrp.len().saturating_sub(self.cut));
        vrrp.extend(std::iter::repeat_n(0, self.padding));
        match (self.source, self.destination()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut bytes = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, self.ttl, 112, 0, 0];
                bytes.extend(source.octets());
                bytes.extend(destination.octets());
                bytes.extend(vrrp);
                fill_ip_header(&mut bytes);
                bytes
            }
            _ => vrrp,
        }
    }
}

/// RFC 1071.
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What the kernel writes into a header of ours (IP_HDRINCL): total length and checksum.
pub fn fill_ip_header(bytes: &mut [u8]) {
    let length = bytes.len() as u16;
    if bytes.len() < 20 {
        return;
    }
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes[10..12].fill(0);
    let sum = checksum(&bytes[..20]);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// VRID and priority of what a router sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub vrid: u8,
    pub priority: u8,
    pub version: u8,
    /// Hundredths of a second.
    pub interval: u16,
    pub ttl: Option<u8>,
}

pub fn read(family: Family, bytes: &[u8]) -> Option<Seen> {
    let (ttl, vrrp) = match family {
        Family::V6 => (None, bytes),
        Family::V4 => {
            let header = usize::from(bytes.first()? & 15) * 4;
            let ah = if *bytes.get(9)? == 51 { 24 } else { 0 };
            (Some(*bytes.get(8)?), bytes.get(header + ah..)?)
        }
    };
    let version = vrrp.first()? >> 4;
    let interval = match version {
        2 => u16::from(*vrrp.get(5)?) * 100,
        _ => u16::from_be_bytes([*vrrp.get(4)?, *vrrp.get(5)?]) & 0x0fff,
    };
    Some(Seen { vrid: *vrrp.get(1)?, priority: *vrrp.get(2)?, version, interval, ttl })
}
