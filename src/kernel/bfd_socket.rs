//! The sockets of BFD: one for each port that hears everybody, and one for each session to send through (VR-293 …
//! VR-295).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll};

use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::model::bfd::Session;

/// RFC 5881 section 4, RFC 5883 section 5.
const SINGLE_HOP: u16 = 3784;
const MULTIHOP: u16 = 4784;
/// Source ports of RFC 5881 section 4.
const RFC_PORTS: RangeInclusive<u16> = 49152..=65535;
/// Fewer ports in common with the kernel's range are too few to choose from (VR-294).
const ENOUGH: usize = 1024;
/// A control packet is 24 bytes and with authentication at most 52; what is longer is judged by its length.
const LONGEST: usize = 256;

/// A datagram that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub source: IpAddr,
    /// `None` when the kernel did not tell.
    pub destination: Option<IpAddr>,
    /// TTL or hop limit; `None` when the kernel did not tell.
    pub ttl: Option<u8>,
    length: usize,
}

/// Hears one port on all addresses of both families.
#[derive(Debug)]
pub struct BfdListener {
    socket: AsyncFd<Socket>,
    buffer: [u8; LONGEST],
}

impl BfdListener {
    /// Must be called inside a runtime.
    ///
    /// Errors: EADDRINUSE when another BFD daemon runs here.
    pub fn open(multihop: bool) -> io::Result<BfdListener> {
        let port = if multihop { MULTIHOP } else { SINGLE_HOP };
        let socket = match udp(Domain::IPV6) {
            Ok(socket) => {
                socket.set_only_v6(false)?;
                socket.set_recv_hoplimit_v6(true)?;
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
                socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)).into())?;
                socket
            }
            // A kernel without IPv6.
            Err(error) if error.raw_os_error() == Some(libc::EAFNOSUPPORT) => {
                let socket = udp(Domain::IPV4)?;
                socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
                socket
            }
            Err(error) => return Err(error),
        };
        // IPv4 comes through either.
        setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        // SAFETY: the socket owns its descriptor, which stays the same and open for as long as the socket lives.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE)? };
        Ok(BfdListener { socket, buffer: [0; LONGEST] })
    }

    /// Ready with the next datagram; its bytes are `bytes` until the next.
    pub fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Received>> {
        loop {
            let mut ready = match self.socket.poll_read_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Poll::Pending,
            };
            let buffer = &mut self.buffer;
            match ready.try_io(|socket| receive(socket.get_ref(), buffer)) {
                Ok(Ok(Some(received))) => return Poll::Ready(Ok(received)),
                Ok(Ok(None)) | Err(_) => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// The next datagram that has come, without waiting and without asking the runtime; `None`: there is none.
    pub fn receive_now(&mut self) -> Option<Received> {
        // What is wrong is told by `poll_receive`.
        receive(self.socket.get_ref(), &mut self.buffer).ok().flatten()
    }

    pub fn bytes(&self, received: &Received) -> &[u8] {
        self.buffer.get(..received.length).unwrap_or_default()
    }
}

/// One datagram; `None` when it has no sender. One that was cut has the length of the buffer, which no packet has.
fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<Option<Received>> {
    let mut ancillary = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo, libc::c_int, libc::c_int);
    let mut parts = [IoSliceMut::new(buffer)];
    let message =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut ancillary), MsgFlags::MSG_DONTWAIT)?;
    let (mut destination, mut ttl) = (None, None);
    for part in message.cmsgs()? {
        match part {
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                destination = Some(IpAddr::from(info.ipi6_addr.s6_addr).to_canonical());
            }
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                destination = Some(IpAddr::from(info.ipi_addr.s_addr.to_ne_bytes()));
            }
            ControlMessageOwned::Ipv6HopLimit(hops) | ControlMessageOwned::Ipv4Ttl(hops) => {
                ttl = u8::try_from(hops).ok();
            }
            _ => {}
        }
    }
    let source = message.address.as_ref().and_then(|address| {
        let six = address.as_sockaddr_in6().map(SockaddrIn6::ip).map(IpAddr::from);
        six.or_else(|| address.as_sockaddr_in().map(SockaddrIn::ip).map(IpAddr::from))
    });
    let length = message.bytes;
    Ok(source.map(|source| Received { source: source.to_canonical(), destination, ttl, length }))
}

/// What one session sends through.
#[derive(Debug)]
pub struct BfdSender {
    socket: Socket,
    neighbor: SocketAddr,
}

impl BfdSender {
    /// `ports`: from `source_ports`; `first` picks the one to begin with, so that it differs from run to run.
    ///
    /// From a link-local address packets leave by the interface that has it (RFC 4007 section 6): there is no word for
    /// another.
    ///
    /// Errors: EADDRNOTAVAIL when the session's source address is not there (yet), EADDRINUSE when no port is free.
    pub fn open(session: &Session, ports: &RangeInclusive<u16>, first: u64) -> io::Result<BfdSender> {
        let domain = if session.neighbor.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let socket = udp(domain)?;
        // Nothing comes back this way.
        socket.set_recv_buffer_size(0)?;
        match session.neighbor {
            IpAddr::V4(_) => socket.set_ttl_v4(u32::from(session.ttl))?,
            IpAddr::V6(_) => socket.set_unicast_hops_v6(u32::from(session.ttl))?,
        }
        let zone = session.source.map_or(Ok(0), zone)?;
        if let Some(source) = session.source {
            bind(&socket, &|port| within(source, port, zone), ports, first)?;
        }
        let port = if session.multihop { MULTIHOP } else { SINGLE_HOP };
        Ok(BfdSender { socket, neighbor: within(session.neighbor, port, zone) })
    }

    /// Errors: ENETUNREACH, EHOSTUNREACH, ENETDOWN when the neighbour cannot be sent to just now.
    pub fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.socket.send_to(packet, &self.neighbor.into()).map(drop)
    }
}

/// The number of the interface that has this address if it is a link-local one; 0 for any other.
fn zone(address: IpAddr) -> io::Result<u32> {
    let IpAddr::V6(address) = address else { return Ok(0) };
    if !address.is_unicast_link_local() {
        return Ok(0);
    }
    let here = getifaddrs()?.filter_map(|one| one.address).find_map(|held| {
        let held = held.as_sockaddr_in6()?;
        (held.ip() == address).then(|| held.scope_id())
    });
    here.ok_or_else(|| io::Error::from_raw_os_error(libc::EADDRNOTAVAIL))
}

/// The kernel looks at the zone of a link-local address only.
fn within(address: IpAddr, port: u16, zone: u32) -> SocketAddr {
    match address {
        IpAddr::V4(_) => SocketAddr::new(address, port),
        IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, zone).into(),
    }
}

/// The first free port from the chosen one on.
fn bind(
    socket: &Socket,
    source: &dyn Fn(u16) -> SocketAddr,
    ports: &RangeInclusive<u16>,
    first: u64,
) -> io::Result<()> {
    let count = ports.len() as u64;
    let mut last = io::Error::from_raw_os_error(libc::EADDRINUSE);
    for step in 0..count {
        // invariant: less than the number of ports.
        let port = ports.start() + ((first % count + step) % count) as u16;
        match socket.bind(&source(port).into()) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            bound => return bound,
        }
    }
    Err(last)
}

fn udp(domain: Domain) -> io::Result<Socket> {
    // `new` sets close-on-exec.
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The ports that packets may come from: those of the RFC that the kernel gives to programs, or all of the RFC's when
/// these are too few (VR-294).
pub fn source_ports() -> RangeInclusive<u16> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    ports_in_common(&text)
}

fn ports_in_common(text: &str) -> RangeInclusive<u16> {
    let mut numbers = text.split_whitespace().map(str::parse::<u16>);
    let (Some(Ok(low)), Some(Ok(high))) = (numbers.next(), numbers.next()) else { return RFC_PORTS };
    let common = low.max(*RFC_PORTS.start())..=high.min(*RFC_PORTS.end());
    if common.len() < ENOUGH { RFC_PORTS } else { common }
}

#[cfg(test)]
mod tests;
