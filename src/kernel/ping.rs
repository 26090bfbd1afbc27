//! ICMP echo over a datagram socket, which a user whose group is in `net.ipv4.ping_group_range` may open.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::tcp::{ConnectError, prepare, socket_address};
use crate::base::net::{Endpoint, Family};
use crate::model::check::Connect;

const GROUP_RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";
/// The longest message that is looked at.
const MOST_MESSAGE: usize = 256;
/// So many late replies are dropped before a request.
const MOST_LATE: u32 = 64;

/// A socket that keeps its ICMP identifier as long as it is open (CK-100).
#[derive(Debug)]
pub struct Pinger {
    socket: AsyncFd<Socket>,
    family: Family,
    sequence: u16,
}

impl Pinger {
    /// Must be called inside a tokio runtime with I/O.
    ///
    /// # Errors
    /// `Create` or `Bind`.
    pub fn open(to: &Connect) -> Result<Pinger, ConnectError> {
        let family = Family::of(to.destination.address);
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(protocol)).map_err(ConnectError::Create)?;
        // A port would be the identifier.
        let bind = to.bind.map(|bind| Endpoint { port: 0, ..bind });
        prepare(&socket, &Connect { bind, ..to.clone() }).map_err(ConnectError::Bind)?;
        // SAFETY: the socket owns its descriptor and is never exchanged for another.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }
            .map_err(|error| ConnectError::Create(error.into()))?;
        Ok(Pinger { socket, family, sequence: 0 })
    }

    /// The number of the next request: 1 for the first of a socket.
    pub fn next_sequence(&mut self) -> u16 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    pub fn family(&self) -> Family {
        self.family
    }

    /// Sends a message after dropping whatever came late.
    ///
    /// # Errors
    /// As sendto(2).
    pub fn send(&self, message: &[u8], to: &Connect) -> io::Result<()> {
        let socket = self.socket.get_ref();
        let mut late = [0; MOST_MESSAGE];
        let mut left = MOST_LATE;
        while left > 0 && recv(socket.as_raw_fd(), &mut late, MsgFlags::empty()).is_ok() {
            left -= 1;
        }
        let destination = Endpoint { port: 0, ..to.destination };
        socket.send_to(message, &socket_address(destination).into()).map(|_| ())
    }

    /// The next message to this socket's identifier.
    ///
    /// # Errors
    /// As recv(2).
    pub async fn hear(&self) -> io::Result<Vec<u8>> {
        let mut message = vec![0; MOST_MESSAGE];
        loop {
            let mut ready = self.socket.readable().await?;
            let taken = ready.try_io(|socket| Ok(recv(socket.get_ref().as_raw_fd(), &mut message, MsgFlags::empty())?));
            if let Ok(length) = taken {
                message.truncate(length?);
                return Ok(message);
            }
        }
    }
}

/// The range of groups as it was; put back when dropped (CK-101).
#[derive(Debug)]
pub struct GroupRange {
    before: Option<String>,
}

impl GroupRange {
    /// Lowers the lower bound to 0 where it is not.
    ///
    /// # Errors
    /// As reading and writing the sysctl; a text that is no range is `InvalidData`.
    pub fn lower() -> io::Result<GroupRange> {
        let before = fs::read_to_string(GROUP_RANGE)?;
        let mut bounds = before.split_whitespace();
        let (Some(low), Some(high), None) = (bounds.next(), bounds.next(), bounds.next()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        if low == "0" {
            return Ok(GroupRange { before: None });
        }
        fs::write(GROUP_RANGE, format!("0\t{high}\n"))?;
        Ok(GroupRange { before: Some(before) })
    }
}

impl Drop for GroupRange {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // It was ours to write a while ago; at the stop nobody is left to tell.
            fs::write(GROUP_RANGE, before).unwrap_or(());
        }
    }
}
