//! Datagrams that are read several at a time, into memory that all sockets share (recvmmsg(2)).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::time::TimeSpec;
use socket2::Socket;

use super::clock::{self, Moment};
use crate::base::net::Family;
use crate::base::time::Time;
use crate::wire::ip::Datagram;

/// Datagrams of one system call.
const MANY: usize = 8;
/// Room for one, twice that of the longest advert. What is longer is cut off, and is refused for its length all the same.
const ROOM: usize = 8 << 10;
/// Room for what comes along with one, in words: a time stamp, and with IPv6 its destination and hop limit.
const ANCILLARY: usize = 16;

/// A datagram that came in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Received<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// TTL or hop limit; `None` when the kernel did not tell.
    pub hop_limit: Option<u8>,
    /// When the kernel got it.
    pub at: Time,
    /// IPv4: with the IP header; IPv6: from the VRRP header on.
    pub bytes: &'a [u8],
}

/// Datagrams of one socket, in the order in which they came.
pub struct Basket {
    slots: Box<[Slot]>,
    found: VecDeque<Envelope>,
}

/// Where the kernel puts one datagram and what belongs to it.
#[derive(Clone)]
struct Slot {
    /// Words, for their alignment.
    ancillary: [u64; ANCILLARY],
    sender: libc::sockaddr_in6,
    bytes: [u8; ROOM],
}

/// What is known of a datagram beside its bytes.
struct Envelope {
    slot: usize,
    length: usize,
    source: IpAddr,
    destination: IpAddr,
    hop_limit: Option<u8>,
    at: Time,
}

/// What came along with a datagram.
#[derive(Default)]
struct Companions {
    stamp: Option<TimeSpec>,
    destination: Option<Ipv6Addr>,
    hop_limit: Option<u8>,
}

impl Default for Basket {
    fn default() -> Basket {
        let sender =
            libc::sockaddr_in6 { sin6_family: 0, sin6_port: 0, sin6_flowinfo: 0, sin6_addr: NOBODY, sin6_scope_id: 0 };
        let slot = Slot { ancillary: [0; ANCILLARY], sender, bytes: [0; ROOM] };
        Basket { slots: vec![slot; MANY].into_boxed_slice(), found: VecDeque::with_capacity(MANY) }
    }
}

const NOBODY: libc::in6_addr = libc::in6_addr { s6_addr: [0; 16] };

impl Basket {
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes out the next.
    pub fn take(&mut self) -> Option<Received<'_>> {
        let Envelope { slot, length, source, destination, hop_limit, at } = self.found.pop_front()?;
        let bytes = self.slots.get(slot)?.bytes.get(..length)?;
        Some(Received { source, destination, hop_limit, at, bytes })
    }

    /// Reads what waits in the socket; true: there may be more. What was in the basket is gone. A datagram without sender,
    /// or shorter than an IP header, is dropped here.
    ///
    /// # Errors
    /// EAGAIN when nothing waits; what became of the socket.
    pub fn fill(&mut self, socket: &Socket, family: Family) -> io::Result<bool> {
        self.found.clear();
        let mut parts = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: ROOM }; MANY];
        // SAFETY: an `mmsghdr` is numbers and pointers, for which all zero bits are a value.
        let mut headers: [libc::mmsghdr; MANY] = unsafe { std::mem::zeroed() };
        for ((header, part), slot) in headers.iter_mut().zip(&mut parts).zip(&mut self.slots) {
            part.iov_base = slot.bytes.as_mut_ptr().cast();
            let header = &mut header.msg_hdr;
            (header.msg_iov, header.msg_iovlen) = (part, 1);
            (header.msg_control, header.msg_controllen) =
                (slot.ancillary.as_mut_ptr().cast(), size_of_val(&slot.ancillary) as _);
            if family == Family::V6 {
                header.msg_name = (&raw mut slot.sender).cast();
                header.msg_namelen = size_of::<libc::sockaddr_in6>() as _;
            }
        }
        let (descriptor, none) = (socket.as_raw_fd(), std::ptr::null_mut());
        // SAFETY: each header points to parts of a slot of its own, of the lengths that it says, which outlive the call.
        let count =
            unsafe { libc::recvmmsg(descriptor, headers.as_mut_ptr(), MANY as _, libc::MSG_DONTWAIT as _, none) };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        let moment = clock::moment();
        for (slot, header) in headers.iter().take(count).enumerate() {
            let length = (header.msg_len as usize).min(ROOM);
            let companions = companions(&header.msg_hdr);
            self.found
                .extend(self.slots.get(slot).and_then(|at| at.envelope(slot, length, family, &companions, &moment)));
        }
        Ok(count == MANY)
    }
}

impl Slot {
    fn envelope(
        &self,
        slot: usize,
        length: usize,
        family: Family,
        companions: &Companions,
        moment: &Moment,
    ) -> Option<Envelope> {
        let (source, destination, hop_limit) = match family {
            Family::V4 => {
                let datagram = Datagram::from_wire(self.bytes.get(..length)?)?;
                (datagram.source().into(), datagram.destination().into(), Some(datagram.ttl()))
            }
            Family::V6 if self.sender.sin6_family == libc::AF_INET6 as libc::sa_family_t => {
                let source = Ipv6Addr::from(self.sender.sin6_addr.s6_addr);
                (source.into(), companions.destination?.into(), companions.hop_limit)
            }
            Family::V6 => return None,
        };
        let at = companions.stamp.map_or(moment.now, |stamp| moment.of(stamp));
        Some(Envelope { slot, length, source, destination, hop_limit, at })
    }
}

/// Reads what the kernel wrote beside a datagram.
fn companions(header: &libc::msghdr) -> Companions {
    let mut found = Companions::default();
    // SAFETY: the kernel filled in the header, whose ancillary data lies in a slot that is still there.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: not null, these point to a whole `cmsghdr` in that slot.
    while let Some(part) = unsafe { next.as_ref() } {
        // SAFETY: as above.
        let data = unsafe { libc::CMSG_DATA(part) };
        match (part.cmsg_level, part.cmsg_type) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: with this type there is a `timespec` in the data, at any alignment.
                found.stamp = Some(unsafe { data.cast::<libc::timespec>().read_unaligned() }.into());
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: as above, an `in6_pktinfo`.
                let information = unsafe { data.cast::<libc::in6_pktinfo>().read_unaligned() };
                found.destination = Some(Ipv6Addr::from(information.ipi6_addr.s6_addr));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                // SAFETY: as above, a number.
                let hops = unsafe { data.cast::<libc::c_int>().read_unaligned() };
                found.hop_limit = u8::try_from(hops).ok();
            }
            _ => {}
        }
        // SAFETY: both belong together.
        next = unsafe { libc::CMSG_NXTHDR(header, part) };
    }
    found
}
