//! The socket pair that adverts come and go through: raw sockets of IP protocol 112 or 51, one to receive and one to
//! send (VR-56 … VR-59).

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll};

use nix::libc;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, SockaddrIn6, sendmsg, setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, SockFilter, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::basket::Basket;
use crate::base::net::{Family, InterfaceIndex};
use crate::model::vrrp::{SocketAddress, SocketKey};
use crate::wire::ip;

/// Where the kernel puts the checksum on IPv6 (VR-19).
const CHECKSUM_OFFSET: libc::c_int = 6;

#[derive(Debug)]
pub struct VrrpSocket {
    receive: AsyncFd<Socket>,
    send: Socket,
    family: Family,
    interface: Option<InterfaceIndex>,
}

impl VrrpSocket {
    /// Opens both sockets. Must be called inside a runtime.
    ///
    /// Errors: EPERM without CAP_NET_RAW, ENODEV when the interface is gone, EADDRNOTAVAIL when the local address
    /// cannot be bound (VR-58).
    pub fn open(key: &SocketKey) -> io::Result<VrrpSocket> {
        let receive = raw(key)?;
        match &key.local {
            SocketAddress::Group(group) => join(&receive, *group, key.interface)?,
            SocketAddress::Unicast(_) => match key.family {
                Family::V4 => receive.set_freebind_v4(true)?,
                Family::V6 => receive.set_freebind_v6(true)?,
            },
        }
        let (SocketAddress::Group(local) | SocketAddress::Unicast(local)) = &key.local;
        receive.bind(&address_of(*local, key.interface))?;
        setsockopt(&receive, sockopt::ReceiveTimestampns, &true)?;
        if key.family == Family::V6 {
            receive.set_recv_hoplimit_v6(true)?;
            setsockopt(&receive, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        // SAFETY: the socket owns its descriptor, which stays the same and open for as long as the socket lives.
        let receive = unsafe { AsyncFd::register_with_interest(receive, Interest::READABLE)? };
        Ok(VrrpSocket { receive, send: sending(key)?, family: key.family, interface: key.interface })
    }

    /// Room for received datagrams; the kernel doubles the number for its own use (socket(7)). Beyond
    /// `net.core.rmem_max` it needs CAP_NET_ADMIN.
    pub fn set_receive_buffer(&self, bytes: u32) -> io::Result<()> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let socket = self.receive.get_ref();
        Ok(setsockopt(socket, sockopt::RcvBufForce, &bytes).or_else(|_| setsockopt(socket, sockopt::RcvBuf, &bytes))?)
    }

    /// Ready with datagrams in the basket, at least one.
    pub fn poll_receive(&mut self, context: &mut Context<'_>, basket: &mut Basket) -> Poll<io::Result<()>> {
        loop {
            let mut ready = match self.receive.poll_read_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Poll::Pending,
            };
            match basket.fill(self.receive.get_ref(), self.family) {
                // It need not be asked once more to say that there is nothing.
                Ok(false) => ready.clear_ready(),
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) => return Poll::Ready(Err(error)),
            }
            if !basket.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Puts datagrams in the basket that wait already; false: there are none.
    ///
    /// # Errors
    /// What became of the socket.
    pub fn receive_waiting(&mut self, basket: &mut Basket) -> io::Result<bool> {
        loop {
            match basket.fill(self.receive.get_ref(), self.family) {
                Ok(_) if !basket.is_empty() => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one datagram: multicast straight to the link, unicast by the routing table (VR-28).
    ///
    /// `hop_limit`: IPv6 only. Errors: ENETUNREACH, ENETDOWN or ENODEV when the interface cannot send just now.
    pub fn send(&self, source: IpAddr, destination: IpAddr, hop_limit: Option<u8>, bytes: &[u8]) -> io::Result<()> {
        let mut flags = MsgFlags::MSG_DONTWAIT;
        if destination.is_multicast() {
            flags |= MsgFlags::from_bits_retain(libc::MSG_DONTROUTE);
        }
        let descriptor = self.send.as_raw_fd();
        let bytes = [IoSlice::new(bytes)];
        match (source, destination) {
            (_, IpAddr::V4(destination)) => {
                let to = SockaddrIn::from(SocketAddrV4::new(destination, 0));
                sendmsg(descriptor, &bytes, &[], flags, Some(&to))?;
            }
            (source, IpAddr::V6(destination)) => {
                let octets = match source {
                    IpAddr::V6(source) => source.octets(),
                    IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED.octets(),
                };
                let index = self.interface.map_or(0, |index| index.0);
                let scope = if destination.is_multicast() || destination.is_unicast_link_local() { index } else { 0 };
                let to = SockaddrIn6::from(SocketAddrV6::new(destination, 0, 0, scope));
                let from = libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: octets }, ipi6_ifindex: index };
                let hops = libc::c_int::from(hop_limit.unwrap_or(0));
                let ancillary = [ControlMessage::Ipv6PacketInfo(&from), ControlMessage::Ipv6HopLimit(&hops)];
                let ancillary = if hop_limit.is_some() { &ancillary[..] } else { &ancillary[..1] };
                sendmsg(descriptor, &bytes, ancillary, flags, Some(&to))?;
            }
        }
        Ok(())
    }
}

/// A raw socket of the key's protocol that takes only what it has joined, on the key's interface only.
fn raw(key: &SocketKey) -> io::Result<Socket> {
    let protocol = if key.ah { ip::PROTOCOL_AH } else { ip::PROTOCOL_VRRP };
    let domain = match key.family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    // `new` sets close-on-exec.
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(i32::from(protocol))))?;
    socket.set_nonblocking(true)?;
    match key.family {
        Family::V4 => socket.set_multicast_all_v4(false)?,
        Family::V6 => {
            socket.set_multicast_all_v6(false)?;
            set_checksum_offset(&socket)?;
        }
    }
    if let Some(index) = key.interface {
        let name = nix::net::if_::if_indextoname(index.0)?;
        socket.bind_device(Some(name.to_bytes()))?;
    }
    Ok(socket)
}

/// The sending half: never receives, does not hear itself, and marks its packets as network control.
fn sending(key: &SocketKey) -> io::Result<Socket> {
    let socket = raw(key)?;
    socket.set_recv_buffer_size(0)?;
    socket.attach_filter(&[DROP_ALL])?;
    match key.family {
        Family::V4 => {
            socket.set_header_included_v4(true)?;
            socket.set_tos_v4(u32::from(ip::TOS))?;
        }
        Family::V6 => socket.set_tclass_v6(u32::from(ip::TOS))?,
    }
    if let SocketAddress::Group(_) = key.local {
        match (key.family, key.interface) {
            (Family::V4, _) => socket.set_multicast_loop_v4(false)?,
            (Family::V6, index) => {
                socket.set_multicast_loop_v6(false)?;
                socket.set_multicast_hops_v6(u32::from(ip::TTL))?;
                socket.set_multicast_if_v6(index.map_or(0, |index| index.0))?;
            }
        }
    }
    Ok(socket)
}

/// BPF_RET | BPF_K with nothing to keep.
const DROP_ALL: SockFilter = SockFilter::new(libc::BPF_RET as u16 | libc::BPF_K as u16, 0, 0, 0);

fn join(socket: &Socket, group: IpAddr, interface: Option<InterfaceIndex>) -> io::Result<()> {
    let index = interface.map_or(0, |index| index.0);
    match group {
        IpAddr::V4(group) => socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index)),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, index),
    }
}

/// The kernel computes the checksum on sending and checks it on receiving.
fn set_checksum_offset(socket: &Socket) -> io::Result<()> {
    let offset = CHECKSUM_OFFSET;
    let length = size_of_val(&offset) as libc::socklen_t;
    let value = (&raw const offset).cast();
    // SAFETY: the descriptor is open, and `value` points to `length` bytes that live through the call.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, value, length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn address_of(address: IpAddr, interface: Option<InterfaceIndex>) -> SockAddr {
    match address {
        IpAddr::V4(address) => SocketAddrV4::new(address, 0).into(),
        IpAddr::V6(address) => {
            let local = address.is_multicast() || address.is_unicast_link_local();
            let scope = interface.filter(|_| local).map_or(0, |index| index.0);
            SocketAddrV6::new(address, 0, 0, scope).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Interval;
    use crate::kernel::clock;

    /// VR-60: the kernel has twice what was asked for, as socket(7) says.
    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn the_receive_buffer_is_set() {
        let local = SocketAddress::Unicast([127, 0, 0, 1].into());
        let key = SocketKey { family: Family::V4, ah: false, interface: None, local };
        let socket = VrrpSocket::open(&key).unwrap();
        socket.set_receive_buffer(100_000).unwrap();
        assert_eq!(socket.receive.get_ref().recv_buffer_size().unwrap(), 200_000);
    }

    /// The kernel says when a datagram came: some time ago, if we were not kept from looking for long.
    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn a_datagram_has_an_age() {
        let here = std::net::Ipv4Addr::new(127, 0, 0, 2);
        let (mut socket, bytes) = one_that_hears_itself(here);
        let (here, mut basket) = (IpAddr::from(here), Basket::default());
        for _ in 0..100 {
            socket.send(here, here, None, &bytes).unwrap();
            let heard = std::future::poll_fn(|context| socket.poll_receive(context, &mut basket));
            tokio::time::timeout(std::time::Duration::from_secs(5), heard).await.unwrap().unwrap();
            let age = clock::now().since(basket.take().unwrap().at);
            if age > Interval::ZERO {
                assert!(age <= Interval::from_millis(10), "{age}");
                return;
            }
        }
        panic!("no datagram had an age");
    }

    /// More datagrams than one look brings are all heard, in order, and then it waits for the next.
    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn many_datagrams_come_in_order() {
        let here = std::net::Ipv4Addr::new(127, 0, 0, 3);
        let (mut socket, mut bytes) = one_that_hears_itself(here);
        let (here, mut basket) = (IpAddr::from(here), Basket::default());
        for round in 0..3 {
            let vrids = |first: u8| first..first + [1, 8, 30][round];
            for vrid in vrids(1) {
                bytes[21] = vrid;
                socket.send(here, here, None, &bytes).unwrap();
            }
            let mut heard = Vec::new();
            while heard.len() < vrids(1).len() {
                let next = std::future::poll_fn(|context| socket.poll_receive(context, &mut basket));
                tokio::time::timeout(std::time::Duration::from_secs(5), next).await.unwrap().unwrap();
                while let Some(received) = basket.take() {
                    assert_eq!(
                        (received.source, received.destination, received.hop_limit),
                        (here, here, Some(ip::TTL))
                    );
                    assert_eq!(received.bytes.len(), 28);
                    heard.push(received.bytes[21]);
                }
            }
            assert_eq!(heard, vrids(1).collect::<Vec<_>>());
            assert!(!socket.receive_waiting(&mut basket).unwrap());
        }
    }

    /// A socket on the loopback interface, and a datagram that it may send to itself. Each test has an address of its own:
    /// they run side by side.
    fn one_that_hears_itself(here: std::net::Ipv4Addr) -> (VrrpSocket, Vec<u8>) {
        let local = SocketAddress::Unicast(here.into());
        let key = SocketKey { family: Family::V4, ah: false, interface: None, local };
        let mut bytes = Vec::new();
        let header = ip::Header { id: 1, ttl: ip::TTL, protocol: ip::PROTOCOL_VRRP, source: here, destination: here };
        header.to_wire(8, &mut bytes);
        bytes.extend([0x31, 7, 100, 0, 0, 100, 0, 0]);
        (VrrpSocket::open(&key).unwrap(), bytes)
    }
}
