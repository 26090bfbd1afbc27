//! One datagram socket to one destination, and what ICMP says of it.

use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recv, recvmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::tcp::{ConnectError, NO_WAY, is, prepare, socket_address};
use crate::model::check::Connect;

/// Origins and types of struct sock_extended_err (linux/errqueue.h, RFC 792, RFC 4443).
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMP6: u8 = 3;
const UNREACHABLE_V4: u8 = 3;
const UNREACHABLE_V6: u8 = 1;
/// So many errors are looked at before the socket has to wait for its turn again.
const MOST_ERRORS: u32 = 64;

/// A connected socket.
#[derive(Debug)]
pub struct Datagrams {
    socket: AsyncFd<Socket>,
    /// Every ICMP error is told, not only those that end a connection.
    icmp: bool,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So many bytes; what did not fit is gone.
    Datagram(usize),
    /// ICMP: destination unreachable.
    Unreachable,
}

impl Datagrams {
    /// Must be called inside a tokio runtime with I/O. `icmp`: see `Heard::Unreachable`.
    ///
    /// # Errors
    /// See `ConnectError`; never `Failed` or `Timeout`.
    pub fn connect(to: &Connect, icmp: bool) -> Result<Datagrams, ConnectError> {
        let destination = socket_address(to.destination);
        let socket = Socket::new(Domain::for_address(destination), Type::DGRAM.nonblocking(), Some(Protocol::UDP))
            .map_err(ConnectError::Create)?;
        if icmp {
            let asked = if destination.is_ipv4() {
                setsockopt(&socket, sockopt::Ipv4RecvErr, &true)
            } else {
                setsockopt(&socket, sockopt::Ipv6RecvErr, &true)
            };
            asked.map_err(|errno| ConnectError::Create(errno.into()))?;
        }
        prepare(&socket, to).map_err(ConnectError::Bind)?;
        match socket.connect(&destination.into()) {
            Ok(()) => {}
            Err(error) if is(&error, NO_WAY) => return Err(ConnectError::Unreachable(error)),
            Err(error) => return Err(ConnectError::Bind(error)),
        }
        let interest = Interest::READABLE | Interest::ERROR;
        // SAFETY: the socket owns its descriptor and is never exchanged for another.
        let socket = unsafe { AsyncFd::register_with_interest(socket, interest) }
            .map_err(|error| ConnectError::Create(error.into()))?;
        Ok(Datagrams { socket, icmp })
    }

    /// Sends one datagram; a socket without room for it has failed.
    ///
    /// # Errors
    /// As send(2).
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.get_ref().send(bytes).map(|_| ())
    }

    /// The next datagram.
    ///
    /// # Errors
    /// As recv(2); without `icmp`, that nobody listens is one (ECONNREFUSED).
    pub async fn hear(&self, buffer: &mut [u8]) -> io::Result<Heard> {
        loop {
            let mut ready = self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            if let Ok(heard) = ready.try_io(|socket| self.take(socket.get_ref(), buffer)) {
                return heard;
            }
        }
    }

    fn take(&self, socket: &Socket, buffer: &mut [u8]) -> io::Result<Heard> {
        for _ in 0..MOST_ERRORS {
            if self.icmp && icmp_error(socket)? {
                return Ok(Heard::Unreachable);
            }
            match recv(socket.as_raw_fd(), buffer, MsgFlags::empty()) {
                Ok(length) => return Ok(Heard::Datagram(length)),
                // Its ICMP message was judged above: look again.
                Err(errno) if self.icmp && errno != Errno::EAGAIN => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Takes all errors; whether one says that the destination is unreachable.
fn icmp_error(socket: &Socket) -> io::Result<bool> {
    for _ in 0..MOST_ERRORS {
        let mut room = nix::cmsg_space!([u8; 512]);
        let message =
            match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut [], Some(&mut room), MsgFlags::MSG_ERRQUEUE) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => return Ok(false),
                Err(errno) => return Err(errno.into()),
            };
        let unreachable = message.cmsgs()?.any(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _) => {
                error.ee_origin == ORIGIN_ICMP && error.ee_type == UNREACHABLE_V4
            }
            ControlMessageOwned::Ipv6RecvErr(error, _) => {
                error.ee_origin == ORIGIN_ICMP6 && error.ee_type == UNREACHABLE_V6
            }
            _ => false,
        });
        if unreachable {
            return Ok(true);
        }
    }
    Ok(false)
}
