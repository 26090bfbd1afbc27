//! BFD sessions (RFC 5880): is the way to a neighbour alive?

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::BfdName;
use crate::base::time::Interval;

/// All sessions of this router.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bfd {
    /// In file order, each name once.
    pub sessions: Vec<Arc<Session>>,
}

/// One `bfd_instance` (VR-296).
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub name: BfdName,
    pub neighbor: IpAddr,
    /// `source_ip`, of the neighbour's family; `None`: the kernel chooses.
    pub source: Option<IpAddr>,
    /// Required Min RX Interval, 1 ms ..= 4294967 ms, default 10 ms.
    pub min_rx: Interval,
    /// Desired Min TX Interval while Up, same bounds and default.
    pub min_tx: Interval,
    /// Desired Min TX Interval while not Up, 1 s ..= 4294967 ms, default 1 s (RFC 5880 section 6.8.3).
    pub idle_tx: Interval,
    /// Detect Mult, 1..=255, default 5.
    pub multiplier: u8,
    /// Waits for the neighbour's first packet.
    pub passive: bool,
    /// TTL or hop limit of what is sent, 1..=255 (VR-295).
    pub ttl: u8,
    /// How many hops a received packet may have made, 0..=254; `None`: any number (VR-300).
    pub max_hops: Option<u8>,
    /// Port 4784 of RFC 5883 instead of 3784.
    pub multihop: bool,
    /// Who is told of its state (VR-313).
    pub for_vrrp: bool,
    pub for_checkers: bool,
}
