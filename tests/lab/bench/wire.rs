//! A router of the bench's own on a LAN: sends adverts, and sees with the kernel's time stamps who sends which.

use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt, socket,
    sockopt,
};
use nix::time::{ClockId, clock_gettime};
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::{Namespace, Outcome, doing};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const VRRP: i32 = 112;

/// An advert seen on the wire: when (the kernel's time since the epoch), who sent it, with which priority.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub at: Duration,
    pub from: Ipv4Addr,
    pub vrid: u8,
    pub priority: u8,
}

/// What the bench looks at.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    Advert(Seen),
    /// A gratuitous ARP.
    Announcement {
        at: Duration,
    },
}

pub struct Wire {
    /// One for each LAN.
    senders: Vec<Socket>,
    watcher: OwnedFd,
    own: Ipv4Addr,
}

/// Room for what comes while the bench sleeps: tens of thousands of frames.
const WATCHER_BUFFER: usize = 256 << 20;

/// A raw VRRP socket on the interface with this address.
pub fn vrrp_socket(own: Ipv4Addr) -> Outcome<Socket> {
    let socket = doing("raw socket", Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(VRRP))))?;
    doing("time to live", socket.set_multicast_ttl_v4(255))?;
    doing("interface", socket.set_multicast_if_v4(&own))?;
    doing("no loop", socket.set_multicast_loop_v4(false))?;
    doing("multicast", socket.join_multicast_v4(&GROUP, &own))?;
    Ok(socket)
}

/// A VRRPv3 advert (RFC 9568 section 5.1) for one address.
pub fn advert(own: Ipv4Addr, vrid: u8, priority: u8, centiseconds: u16, address: Ipv4Addr) -> Vec<u8> {
    let [high, low] = centiseconds.to_be_bytes();
    let mut packet = vec![0x31, vrid, priority, 1, high, low, 0, 0];
    packet.extend(address.octets());
    let mut sum = u32::from(VRRP as u16) + packet.len() as u32;
    let pseudo: Vec<u8> = own.octets().into_iter().chain(GROUP.octets()).collect();
    for pair in pseudo.chunks(2).chain(packet.chunks(2)) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !(sum as u16);
    packet[6..8].copy_from_slice(&checksum.to_be_bytes());
    packet
}

pub fn send(socket: &Socket, packet: &[u8]) -> Outcome<()> {
    let to = SocketAddr::V4(SocketAddrV4::new(GROUP, 0));
    doing("send", socket.send_to(packet, &to.into())).map(|_| ())
}

impl Wire {
    /// `namespace` has one interface besides loopback, with the address `own`.
    pub fn open(namespace: &Namespace, own: Ipv4Addr) -> Outcome<Wire> {
        Wire::open_all(namespace, &[own])
    }

    /// `namespace` has an interface with each of these addresses.
    pub fn open_all(namespace: &Namespace, own: &[Ipv4Addr]) -> Outcome<Wire> {
        namespace.inside(move || {
            let senders = own.iter().map(|own| vrrp_socket(*own)).collect::<Outcome<Vec<_>>>()?;
            for sender in &senders {
                // It only sends: what comes in would be one more copy of each advert.
                doing("receive buffer", sender.set_recv_buffer_size(0))?;
            }
            let protocol = SockProtocol::EthAll;
            let watcher = socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, protocol);
            let watcher = doing("packet socket", watcher)?;
            doing("time stamps", setsockopt(&watcher, sockopt::ReceiveTimestampns, &true))?;
            doing("receive buffer", setsockopt(&watcher, sockopt::RcvBufForce, &WATCHER_BUFFER))?;
            Ok(Wire { senders, watcher, own: own[0] })
        })
    }

    pub fn advertise(&self, vrid: u8, priority: u8, centiseconds: u16, address: Ipv4Addr) -> Outcome<()> {
        self.send(0, &advert(self.own, vrid, priority, centiseconds, address))
    }

    /// Sends a packet to a LAN.
    pub fn send(&self, lan: usize, packet: &[u8]) -> Outcome<()> {
        send(self.senders.get(lan).ok_or("no such LAN")?, packet)
    }

    /// The next advert on the wire, own ones included; `None` if there is none for `limit`.
    pub fn next(&self, limit: Duration) -> Outcome<Option<Seen>> {
        let begun = std::time::Instant::now();
        loop {
            match self.next_frame(limit.saturating_sub(begun.elapsed()))? {
                Some(Frame::Advert(seen)) => return Ok(Some(seen)),
                Some(Frame::Announcement { .. }) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next advert or announcement.
    pub fn next_frame(&self, limit: Duration) -> Outcome<Option<Frame>> {
        use std::os::fd::AsFd;
        let begun = std::time::Instant::now();
        loop {
            // What waits already needs no poll(): there may be thousands.
            match self.read()? {
                Read::Frame(frame) => return Ok(Some(frame)),
                Read::Other => continue,
                Read::Empty => {}
            }
            let left = limit.saturating_sub(begun.elapsed());
            let mut waited = [PollFd::new(self.watcher.as_fd(), PollFlags::POLLIN)];
            let milliseconds = u16::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
            if doing("poll", poll(&mut waited, PollTimeout::from(milliseconds)))? == 0 {
                return Ok(None);
            }
        }
    }

    fn read(&self) -> Outcome<Read> {
        let mut block = [0; 2048];
        let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
        let mut parts = [IoSliceMut::new(&mut block)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<()>(self.watcher.as_raw_fd(), &mut parts, Some(&mut control), flags) {
            Err(nix::Error::EAGAIN) => return Ok(Read::Empty),
            other => doing("recvmsg", other)?,
        };
        let stamp = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|one| match one {
                ControlMessageOwned::ScmTimestampns(at) => Some(Duration::new(at.tv_sec() as u64, at.tv_nsec() as u32)),
                _ => None,
            })
        });
        let length = message.bytes;
        Ok(stamp.and_then(|at| parse(at, &block[..length])).map_or(Read::Other, Read::Frame))
    }

    /// All that has come meanwhile.
    pub fn drain(&self) -> Outcome<Vec<Frame>> {
        let mut found = Vec::new();
        loop {
            match self.read()? {
                Read::Frame(frame) => found.push(frame),
                Read::Other => {}
                Read::Empty => return Ok(found),
            }
        }
    }

    /// Everything that waits is read and forgotten.
    pub fn forget(&self) -> Outcome<()> {
        while self.next_frame(Duration::ZERO)?.is_some() {}
        Ok(())
    }
}

enum Read {
    Frame(Frame),
    /// Nothing that the bench looks at.
    Other,
    Empty,
}

/// The clock of the time stamps.
pub fn now() -> Outcome<Duration> {
    doing("clock", clock_gettime(ClockId::CLOCK_REALTIME)).map(Duration::from)
}

fn parse(at: Duration, packet: &[u8]) -> Option<Frame> {
    // Ethernet, IPv4: an ARP packet; its sender is at 14, its target at 24 (RFC 826).
    if packet.starts_with(&[0, 1, 8, 0, 6, 4]) {
        let gratuitous = packet.get(14..18)? == packet.get(24..28)?;
        return gratuitous.then_some(Frame::Announcement { at });
    }
    let header = usize::from(packet.first()? & 0x0f) * 4;
    if packet.first()? >> 4 != 4 || i32::from(*packet.get(9)?) != VRRP {
        return None;
    }
    let from: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
    let (vrid, priority) = (*packet.get(header + 1)?, *packet.get(header + 2)?);
    Some(Frame::Advert(Seen { at, from: from.into(), vrid, priority }))
}
