//! VRRP advertisements, versions 2 and 3, over IPv4 and IPv6: bytes <-> `Advert`.
//!
//! ```text
//! 0                   1                   2                   3
//! |Version| Type  | Virtual Rtr ID|   Priority    |  Count Addrs  |
//! | v2: Auth Type | v2: seconds   |           Checksum            |     v3: 4 bits reserved,
//! |                  addresses, 4 or 16 bytes each                |     12 bits centiseconds
//! |          v2 over IPv4: 8 bytes of authentication data         |
//! ```
//! RFC 9568 section 5.2, RFC 3768 section 5.3, RFC 2338 section 5.3.6 (authentication), RFC 2402 (AH).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::ip::{self, Datagram};
use super::trailer::{Signed, TRAILER};
use crate::base::name::{Authentication, Priority, Version, Vrid};
use crate::base::net::Family;
use crate::base::time::{Centiseconds, Interval};

/// Bytes before the addresses.
pub const HEADER: usize = 8;
/// Bytes of VRRPv2's authentication data.
pub const AUTHENTICATION_DATA: usize = 8;
/// Bytes of the IP authentication header: 12 and a 96-bit value.
pub const AH_HEADER: usize = 24;
/// The only type there is.
const ADVERTISEMENT: u8 = 1;
const AH_ICV: usize = 12;
/// Below this an Ethernet frame is padded (VR-72).
const LEAST_ETHERNET_PAYLOAD: usize = 46;

/// One advertisement.
#[derive(Clone, Debug, PartialEq)]
pub struct Advert {
    pub version: Version,
    pub vrid: Vrid,
    /// 0..=255; 0: the sender is leaving.
    pub priority: Priority,
    /// Version 2: 0..=255 s, whole; version 3: 0..=40.95 s in steps of 10 ms. What does not fit is cut.
    pub interval: Interval,
    /// Version 2 only; version 3 has no room for it.
    pub authentication: Authentication,
    /// At most 255, all of the envelope's family.
    pub addresses: Vec<IpAddr>,
}

/// How an advert leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// IPv4 only: it stands in the header that we write.
    pub ttl: u8,
    /// IPv4 only: identification (VR-25).
    pub id: u16,
    pub checksum: ChecksumForm,
    /// AH only: the sequence number (VR-37).
    pub sequence: u32,
}

/// Over what a version 3 checksum runs on IPv4. (Version 2 has no pseudo header; on IPv6 the kernel sums.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumForm {
    /// RFC 9568 section 5.2.8: the pseudo header with the real destination (VR-18).
    PseudoHeader,
    /// `v3_checksum_as_v2`: none is sent, and on receipt no checksum is wrong (VR-20).
    AsVersion2,
    /// As `PseudoHeader`; on receipt also the form of `Group`, which `Received::old_checksum` then tells (VR-22).
    PseudoHeaderOrGroup(Ipv4Addr),
    /// `old_unicast_checksum`: the pseudo header's destination is this group (VR-21); no other form is right (VR-23).
    Group(Ipv4Addr),
}

/// What a received advert is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    pub version: Version,
    pub authentication: Authentication,
    pub interval: Interval,
    /// The instance has unicast peers.
    pub unicast: bool,
    pub checksum: ChecksumForm,
    /// AH only: the counter; only greater numbers are new (VR-39).
    pub sequence: u32,
    /// `auth_hmac`: a trailer may follow (VR-51).
    pub trailer: bool,
}

/// A datagram as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// `None` when the kernel did not tell; then it is not checked (VR-90).
    pub hop_limit: Option<u8>,
    /// IPv4: with the IP header; IPv6: from the VRRP header on, checksum already checked by the kernel.
    pub bytes: &'a [u8],
}

/// An advert that passed every check of its form.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub advert: Advert,
    /// AH only: its sequence number, greater than `Expected::sequence`.
    pub sequence: Option<u32>,
    /// It passed only with the group as pseudo-header destination (VR-22).
    pub old_checksum: bool,
}

/// Why a datagram is no advert for us, in the order in which it is looked at (VR-65 … VR-84). Lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Ends before the VRRP header does (VR-65).
    TooShort { length: usize },
    /// VRID 0.
    Vrid,
    /// IPv6: multicast for a unicast instance, or the other way round (VR-69).
    Destination6,
    /// An AH header that is not configured, or none where one is (VR-70).
    AuthenticationHeader { present: bool },
    /// VR-71.
    Length { received: usize, expected: usize },
    /// TTL or hop limit is not 255 (VR-73).
    HopLimit { received: u8 },
    /// VR-74.
    Version { received: u8 },
    /// Not 0, 1 or 2 (VR-76).
    AuthenticationType { received: u8 },
    /// A known type that is not ours (VR-76).
    AuthenticationMismatch { received: u8, expected: u8 },
    /// VR-77.
    Password,
    /// What follows the AH header is not VRRP: dropped silently (VR-78).
    NextHeader { received: u8 },
    /// The AH integrity check value is wrong (VR-36).
    Integrity,
    /// The AH security parameters index is not the source address (VR-41).
    SecurityParametersIndex { received: u32 },
    /// An AH sequence number that is not greater than the counter (VR-39).
    Sequence { received: u32, counter: u32 },
    /// Version 2: not our own interval (VR-79).
    Interval { received: Interval },
    /// Not an advertisement (VR-80).
    Type { received: u8 },
    /// The IP header's length is not what came in (VR-81).
    TotalLength { stated: usize, received: usize },
    /// VR-83.
    Checksum,
    /// IPv4: multicast for a unicast instance, or the other way round (VR-84).
    Destination4,
}

/// What stands in the first bytes, before any check but of the length: whose advert it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// 0 is nobody's.
    pub vrid: u8,
    pub priority: u8,
}

/// Reads VRID and priority of a datagram; fails with `Reject::TooShort`.
pub fn glance(family: Family, bytes: &[u8]) -> Result<Glance, Reject> {
    let parts = Parts::of(family, bytes)?;
    Ok(Glance { vrid: parts.vrrp[1], priority: parts.vrrp[2] })
}

/// Bytes of an advert that carries `count` addresses, from the VRRP header on (VR-5, VR-6).
pub const fn length(family: Family, version: u8, count: usize) -> usize {
    match family {
        Family::V4 if version == 2 => HEADER + 4 * count + AUTHENTICATION_DATA,
        Family::V4 => HEADER + 4 * count,
        Family::V6 => HEADER + 16 * count,
    }
}

/// A datagram whose length, hop limit and version are right, before anything else in it is believed (VR-75).
#[derive(Debug)]
pub struct Opened<'a> {
    incoming: Incoming<'a>,
    parts: Parts<'a>,
    vrid: Vrid,
    /// From the VRRP header on, without what follows the packet.
    vrrp: &'a [u8],
    trailer: Option<&'a [u8; TRAILER]>,
}

/// A datagram, cut where its headers end.
#[derive(Debug)]
struct Parts<'a> {
    /// IPv4 only.
    ip: Option<Datagram<'a>>,
    /// The AH header, if the datagram is of that protocol.
    ah: Option<&'a [u8; AH_HEADER]>,
    /// At least `HEADER` bytes.
    vrrp: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(family: Family, bytes: &'a [u8]) -> Result<Parts<'a>, Reject> {
        let too_short = Reject::TooShort { length: bytes.len() };
        let (ip, mut vrrp) = match family {
            Family::V4 => {
                let ip = Datagram::from_wire(bytes).ok_or(too_short)?;
                (Some(ip), ip.payload)
            }
            Family::V6 => (None, bytes),
        };
        let mut ah = None;
        if ip.is_some_and(|ip| ip.protocol() == ip::PROTOCOL_AH) {
            let (header, rest) = vrrp.split_first_chunk().ok_or(too_short)?;
            (ah, vrrp) = (Some(header), rest);
        }
        if vrrp.len() < HEADER { Err(too_short) } else { Ok(Parts { ip, ah, vrrp }) }
    }

    /// Bytes before the VRRP header.
    fn headers(&self) -> usize {
        self.ip.map_or(0, |ip| ip.header().len()) + self.ah.map_or(0, |ah| ah.len())
    }
}

impl Advert {
    /// Appends the datagram. IPv4: with IP header (its checksum left to the kernel) and, where configured, AH
    /// header; IPv6: from the VRRP header on, checksum left to the kernel (VR-19).
    ///
    /// Addresses of the other family than the envelope's are not sent.
    pub fn to_wire(&self, envelope: &Envelope, out: &mut Vec<u8>) {
        self.to_wire_with(envelope, &[], out);
    }

    /// As `to_wire`, with a trailer behind the packet: empty, or made by `trailer` from `packet`.
    pub fn to_wire_with(&self, envelope: &Envelope, trailer: &[u8], out: &mut Vec<u8>) {
        match (envelope.source, envelope.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.to_wire4(source, destination, envelope, trailer, out);
            }
            _ => {
                self.body(Family::V6, out);
                out.extend(trailer);
            }
        }
    }

    /// What a trailer signs: from the VRRP header on, checksum zero.
    pub fn packet(&self, family: Family) -> Vec<u8> {
        let mut packet = Vec::with_capacity(length(Family::V6, 2, self.addresses.len()));
        self.body(family, &mut packet);
        packet
    }

    fn to_wire4(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        envelope: &Envelope,
        trailer: &[u8],
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        let mut vrrp = Vec::with_capacity(length(Family::V4, 2, self.addresses.len()));
        self.body(Family::V4, &mut vrrp);
        let sum = checksum4(self.version, envelope.checksum, source, destination, &vrrp);
        vrrp[6..8].copy_from_slice(&sum.to_be_bytes());
        let ah = match self.authentication {
            Authentication::Ah(key) if self.version == Version::V2 => Some(key),
            _ => None,
        };
        let protocol = if ah.is_some() { ip::PROTOCOL_AH } else { ip::PROTOCOL_VRRP };
        let header = ip::Header { id: envelope.id, ttl: envelope.ttl, protocol, source, destination };
        header.to_wire(vrrp.len() + trailer.len() + if ah.is_some() { AH_HEADER } else { 0 }, out);
        if let Some(key) = ah {
            let mut ah = [0; AH_HEADER];
            ah[..2].copy_from_slice(&[ip::PROTOCOL_VRRP, 4]);
            ah[4..8].copy_from_slice(&source.octets());
            ah[8..12].copy_from_slice(&envelope.sequence.to_be_bytes());
            let icv = integrity(&key, &out[start..], &ah, &vrrp);
            ah[12..].copy_from_slice(&icv);
            out.extend(ah);
        }
        out.extend(vrrp);
        out.extend(trailer);
    }

    /// From the VRRP header on, checksum zero.
    fn body(&self, family: Family, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([self.version.number() << 4 | ADVERTISEMENT, self.vrid.get(), self.priority.0, 0]);
        match self.version {
            Version::V2 => {
                let seconds = (self.interval.as_micros() / 1_000_000).min(255);
                // invariant: at most 255.
                out.extend([self.authentication.number(), seconds as u8]);
            }
            Version::V3 => out.extend(self.interval.as_centiseconds().0.to_be_bytes()),
        }
        out.extend([0, 0]);
        let mut count = 0;
        for address in self.addresses.iter().filter(|address| Family::of(**address) == family).take(255) {
            match address {
                IpAddr::V4(address) => out.extend(address.octets()),
                IpAddr::V6(address) => out.extend(address.octets()),
            }
            count += 1;
        }
        out[start + 3] = count;
        if (self.version, family) == (Version::V2, Family::V4) {
            out.extend(match self.authentication {
                Authentication::Pass(password) => password,
                Authentication::None | Authentication::Ah(_) => [0; AUTHENTICATION_DATA],
            });
        }
    }

    /// Reads a datagram of protocol 112 or 51, checking in the original's order. A trailer is not judged: for that
    /// there are `open` and `Opened::read`.
    pub fn from_wire(incoming: &Incoming<'_>, expected: &Expected) -> Result<Received, Reject> {
        Advert::open(incoming, expected)?.read(expected)
    }

    /// The first checks: VR-65 … VR-74.
    pub fn open<'a>(incoming: &Incoming<'a>, expected: &Expected) -> Result<Opened<'a>, Reject> {
        let family = Family::of(incoming.source);
        let parts = Parts::of(family, incoming.bytes)?;
        let vrrp = parts.vrrp;
        let vrid = Vrid::new(vrrp[1]).ok_or(Reject::Vrid)?;
        if family == Family::V6 && incoming.destination.is_multicast() == expected.unicast {
            return Err(Reject::Destination6);
        }
        if parts.ah.is_some() != expected.authentication.is_ah() {
            return Err(Reject::AuthenticationHeader { present: parts.ah.is_some() });
        }
        let (version, count) = (vrrp[0] >> 4, usize::from(vrrp[3]));
        let body = length(family, version, count);
        let (mut wanted, received) = (parts.headers() + body, incoming.bytes.len());
        let mut trailer = None;
        if expected.trailer && received == wanted + TRAILER {
            wanted += TRAILER;
            trailer = vrrp.last_chunk();
        }
        if received != wanted && !is_padding(received, wanted) {
            return Err(Reject::Length { received, expected: wanted });
        }
        match incoming.hop_limit {
            Some(received) if !expected.unicast && received != ip::TTL => return Err(Reject::HopLimit { received }),
            _ => {}
        }
        if version != expected.version.number() {
            return Err(Reject::Version { received: version });
        }
        // invariant: received >= wanted, so the body is there in full.
        Ok(Opened { incoming: *incoming, vrid, vrrp: &vrrp[..body], trailer, parts })
    }
}

impl<'a> Opened<'a> {
    /// The trailer as it came, if there is one.
    pub fn trailer(&self) -> Option<&'a [u8; TRAILER]> {
        self.trailer
    }

    /// What the trailer must have signed.
    pub fn signed(&self) -> Signed<'a> {
        Signed { source: self.incoming.source, packet: self.vrrp }
    }

    /// The other checks: VR-76 … VR-84.
    pub fn read(&self, expected: &Expected) -> Result<Received, Reject> {
        let Opened { incoming, parts, vrrp, .. } = self;
        let (family, received) = (Family::of(incoming.source), incoming.bytes.len());
        let mut sequence = None;
        let interval = match expected.version {
            Version::V2 => {
                sequence = check_authentication(incoming, parts, vrrp, expected)?;
                let interval = Interval::from_secs(u64::from(vrrp[5]));
                if interval != expected.interval {
                    return Err(Reject::Interval { received: interval });
                }
                interval
            }
            // The upper four bits are reserved and ignored (VR-3).
            Version::V3 => Centiseconds(u16::from_be_bytes([vrrp[4], vrrp[5]]) & 0x0fff).as_interval(),
        };
        let kind = vrrp[0] & 0x0f;
        if kind != ADVERTISEMENT {
            return Err(Reject::Type { received: kind });
        }
        let mut old_checksum = false;
        if let Some(ip) = parts.ip {
            let stated = ip.total_length();
            if stated != received && !is_padding(received, stated) {
                return Err(Reject::TotalLength { stated, received });
            }
            old_checksum = check_sum(&ip, vrrp, expected)?;
            if incoming.destination.is_multicast() == expected.unicast {
                return Err(Reject::Destination4);
            }
        }
        let advert = Advert {
            version: expected.version,
            vrid: self.vrid,
            priority: Priority(vrrp[2]),
            interval,
            authentication: expected.authentication,
            addresses: addresses(family, &vrrp[HEADER..], usize::from(vrrp[3])),
        };
        Ok(Received { advert, sequence, old_checksum })
    }
}

fn addresses(family: Family, bytes: &[u8], count: usize) -> Vec<IpAddr> {
    match family {
        Family::V4 => {
            bytes.as_chunks::<4>().0.iter().take(count).map(|octets| Ipv4Addr::from(*octets).into()).collect()
        }
        Family::V6 => {
            bytes.as_chunks::<16>().0.iter().take(count).map(|octets| Ipv6Addr::from(*octets).into()).collect()
        }
    }
}

/// Trailing bytes that the original takes for Ethernet padding (VR-72).
const fn is_padding(received: usize, wanted: usize) -> bool {
    wanted < LEAST_ETHERNET_PAYLOAD && received > wanted && (received - wanted) % 4 == 2
}

/// VR-76 … VR-78. Returns the AH sequence number.
fn check_authentication(
    incoming: &Incoming<'_>,
    parts: &Parts<'_>,
    vrrp: &[u8],
    expected: &Expected,
) -> Result<Option<u32>, Reject> {
    let received = vrrp[4];
    if received > 2 {
        return Err(Reject::AuthenticationType { received });
    }
    if received != expected.authentication.number() {
        return Err(Reject::AuthenticationMismatch { received, expected: expected.authentication.number() });
    }
    match (expected.authentication, parts.ip, parts.ah) {
        (Authentication::Pass(password), Some(_), _) => {
            let given = vrrp.last_chunk::<AUTHENTICATION_DATA>();
            if given.is_some_and(|given| is_same(given, &password)) { Ok(None) } else { Err(Reject::Password) }
        }
        (Authentication::Ah(key), Some(ip), Some(ah)) => {
            if ah[0] != ip::PROTOCOL_VRRP {
                return Err(Reject::NextHeader { received: ah[0] });
            }
            let spi = u32::from_be_bytes([ah[4], ah[5], ah[6], ah[7]]);
            let number = u32::from_be_bytes([ah[8], ah[9], ah[10], ah[11]]);
            let mut bare = *ah;
            bare[12..].fill(0);
            let after = &incoming.bytes[ip.header().len() + AH_HEADER..];
            if !is_same(&integrity_of(&key, expected.unicast, ip.header(), &bare, after), &ah[12..]) {
                return Err(Reject::Integrity);
            }
            if spi != u32::from(ip.source()) {
                return Err(Reject::SecurityParametersIndex { received: spi });
            }
            if number <= expected.sequence {
                return Err(Reject::Sequence { received: number, counter: expected.sequence });
            }
            Ok(Some(number))
        }
        _ => Ok(None),
    }
}

/// Compares in a time that does not tell where the first difference is.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}

/// The first 96 bits of HMAC-MD5 over IP header, AH header (value zero) and VRRP, with the IP header's mutable
/// fields as zero: TOS, fragment field, checksum; the TTL only between unicast peers (VR-36).
fn integrity_of(key: &[u8; 8], unicast: bool, ip: &[u8], ah: &[u8; AH_HEADER], vrrp: &[u8]) -> [u8; AH_ICV] {
    let mut ip = ip.to_vec();
    for (place, byte) in ip.iter_mut().enumerate() {
        if matches!(place, 1 | 6 | 7 | 10 | 11) || (place == 8 && unicast) {
            *byte = 0;
        }
    }
    // invariant: HMAC takes a key of any length.
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("a key of 8 bytes");
    for part in [&ip, ah.as_slice(), vrrp] {
        mac.update(part);
    }
    let whole: [u8; 16] = mac.finalize().into_bytes().into();
    let mut icv = [0; AH_ICV];
    icv.copy_from_slice(&whole[..AH_ICV]);
    icv
}

/// As `integrity_of`, for a header that we wrote: the destination says whether it goes to a peer.
fn integrity(key: &[u8; 8], ip: &[u8], ah: &[u8; AH_HEADER], vrrp: &[u8]) -> [u8; AH_ICV] {
    let unicast = Datagram::from_wire(ip).is_some_and(|ip| !ip.destination().is_multicast());
    integrity_of(key, unicast, ip, ah, vrrp)
}

/// The checksum of VRRP bytes over IPv4; what the checksum field holds is left out (VR-17, VR-18).
fn checksum4(version: Version, form: ChecksumForm, source: Ipv4Addr, destination: Ipv4Addr, vrrp: &[u8]) -> u16 {
    let sum = ip::Checksum::default().over(&vrrp[..6]).over(&vrrp[8..]);
    let destination = match (version, form) {
        (Version::V2, _) | (Version::V3, ChecksumForm::AsVersion2) => return sum.finish(),
        (Version::V3, ChecksumForm::PseudoHeader | ChecksumForm::PseudoHeaderOrGroup(_)) => destination,
        (Version::V3, ChecksumForm::Group(group)) => group,
    };
    sum.pseudo_header(source.into(), destination.into(), ip::PROTOCOL_VRRP, vrrp.len()).finish()
}

/// VR-83. True: only the old form fits.
fn check_sum(ip: &Datagram<'_>, vrrp: &[u8], expected: &Expected) -> Result<bool, Reject> {
    let stated = u16::from_be_bytes([vrrp[6], vrrp[7]]);
    let fits = |form| checksum4(expected.version, form, ip.source(), ip.destination(), vrrp) == stated;
    match (expected.version, expected.checksum) {
        (Version::V3, ChecksumForm::AsVersion2) => Ok(false),
        (_, form) if fits(form) => Ok(false),
        (Version::V3, ChecksumForm::PseudoHeaderOrGroup(group))
            if expected.unicast && fits(ChecksumForm::Group(group)) =>
        {
            Ok(true)
        }
        _ => Err(Reject::Checksum),
    }
}

#[cfg(test)]
mod tests;
