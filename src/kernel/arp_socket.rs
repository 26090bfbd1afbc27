//! The socket that gratuitous ARPs and unsolicited neighbour advertisements leave through: whole Ethernet frames, and
//! nothing comes in.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use nix::libc;
use socket2::{Domain, Socket, Type};

use crate::base::net::{Hardware, InterfaceIndex};
use crate::wire::arp::{self, GratuitousArp};
use crate::wire::infiniband;
use crate::wire::ndisc::{self, NeighbourAdvertisement};

/// An AF_PACKET socket of no protocol: it receives nothing (packet(7)).
#[derive(Debug)]
pub struct AnnounceSocket {
    socket: Socket,
    frame: Vec<u8>,
}

impl AnnounceSocket {
    /// Errors: EPERM without CAP_NET_RAW.
    pub fn open() -> io::Result<AnnounceSocket> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        Ok(AnnounceSocket { socket, frame: Vec::with_capacity(ndisc::FRAME) })
    }

    /// Says on the link `index` that `address` is at `hardware`. `router`: IPv6 only.
    ///
    /// Errors: ENETDOWN, ENXIO or ENODEV when the link cannot send just now, ENOBUFS when its queue is full.
    pub fn announce(
        &mut self,
        index: InterfaceIndex,
        hardware: Hardware,
        address: IpAddr,
        router: bool,
    ) -> io::Result<()> {
        self.frame.clear();
        let frame = &mut self.frame;
        let ethertype = match address {
            IpAddr::V4(address) => {
                match hardware {
                    Hardware::Ethernet(mac) => GratuitousArp { mac, address }.to_wire(frame),
                    Hardware::Infiniband(port) => infiniband::arp(port, address, frame),
                }
                arp::ETHERTYPE
            }
            IpAddr::V6(address) => {
                match hardware {
                    Hardware::Ethernet(mac) => NeighbourAdvertisement { mac, address, router }.to_wire(frame),
                    Hardware::Infiniband(port) => infiniband::advertisement(port, address, router, frame),
                }
                ndisc::ETHERTYPE
            }
        };
        // SAFETY: all-zero bytes are a valid sockaddr_ll.
        let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        to.sll_family = libc::AF_PACKET as libc::sa_family_t;
        to.sll_protocol = ethertype.to_be();
        to.sll_ifindex = i32::try_from(index.0).map_err(io::Error::other)?;
        // The frame says whom it is for; 20 bytes of InfiniBand would not fit here.
        if let Hardware::Ethernet(_) = hardware {
            to.sll_halen = 6;
            to.sll_addr[..6].copy_from_slice(&self.frame[..6]);
        }
        // SAFETY: the descriptor is open; frame and address are valid for the lengths given and live through the call.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                self.frame.as_ptr().cast(),
                self.frame.len(),
                libc::MSG_DONTWAIT,
                (&raw const to).cast(),
                size_of_val(&to) as libc::socklen_t,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
