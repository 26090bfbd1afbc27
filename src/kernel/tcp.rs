//! One TCP connection attempt: where from, where to, until when.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::errno::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::base::net::Endpoint;
use crate::model::check::Connect;

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// socket(2) failed: we are out of descriptors or memory.
    Create(io::Error),
    /// The source of the connection is refused, or there is none left: SO_BINDTODEVICE, SO_MARK, bind(2), and what
    /// connect(2) says of our side alone.
    Bind(io::Error),
    /// connect(2) knew at once that there is no way (CK-13).
    Unreachable(io::Error),
    /// The other side, or something on the way, refused.
    Failed(io::Error),
    /// No answer came in time.
    Timeout,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Create(error) => write!(f, "cannot create a socket: {error}"),
            ConnectError::Bind(error) => write!(f, "cannot bind the socket: {error}"),
            ConnectError::Unreachable(error) => write!(f, "unreachable: {error}"),
            ConnectError::Failed(error) => write!(f, "connection failed: {error}"),
            ConnectError::Timeout => f.write_str("connection timed out"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectError::Create(error)
            | ConnectError::Bind(error)
            | ConnectError::Unreachable(error)
            | ConnectError::Failed(error) => Some(error),
            ConnectError::Timeout => None,
        }
    }
}

/// Connects as `to` says, until `deadline`. Must be called inside a tokio runtime with I/O and time.
///
/// # Errors
/// See `ConnectError`.
pub async fn connect(to: &Connect, deadline: Instant) -> Result<TcpStream, ConnectError> {
    let (socket, pending) = begin(to)?;
    let stream = TcpStream::from_std(socket.into()).map_err(ConnectError::Create)?;
    if pending {
        let ready = tokio::time::timeout_at(deadline, stream.ready(Interest::WRITABLE | Interest::ERROR))
            .await
            .map_err(|_late| ConnectError::Timeout)?
            .map_err(ConnectError::Failed)?;
        if ready.is_error() || ready.is_write_closed() {
            failure(SockRef::from(&stream))?;
        }
    }
    Ok(stream)
}

/// Begins to connect; whether the end of it is yet to come.
///
/// # Errors
/// Never `Timeout`, and `Failed` not yet.
pub(super) fn begin(to: &Connect) -> Result<(Socket, bool), ConnectError> {
    let destination = socket_address(to.destination);
    let domain = Domain::for_address(destination);
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP)).map_err(ConnectError::Create)?;
    prepare(&socket, to).map_err(ConnectError::Bind)?;
    match socket.connect(&destination.into()) {
        Ok(()) => Ok((socket, false)),
        Err(error) if is(&error, &[Errno::EINPROGRESS]) => Ok((socket, true)),
        Err(error) if is(&error, NO_WAY) => Err(ConnectError::Unreachable(error)),
        Err(error) => Err(ConnectError::Bind(error)),
    }
}

/// What the kernel says of a connection that it calls broken.
pub(super) fn failure(socket: SockRef<'_>) -> Result<(), ConnectError> {
    match socket.take_error() {
        Ok(None) => Ok(()),
        // The kernel gave up before we did.
        Ok(Some(error)) | Err(error) if is(&error, &[Errno::ETIMEDOUT]) => Err(ConnectError::Timeout),
        Ok(Some(error)) | Err(error) => Err(ConnectError::Failed(error)),
    }
}

/// What connect(2) may say at once of the other side or of the way to it (CK-13).
pub(super) const NO_WAY: &[Errno] = &[
    Errno::ENETUNREACH,
    Errno::EHOSTUNREACH,
    Errno::ECONNREFUSED,
    Errno::EHOSTDOWN,
    Errno::ENETDOWN,
    Errno::ECONNRESET,
    Errno::ECONNABORTED,
    Errno::ETIMEDOUT,
];

pub(super) fn is(error: &io::Error, among: &[Errno]) -> bool {
    error.raw_os_error().is_some_and(|errno| among.contains(&Errno::from_raw(errno)))
}

/// Where it comes from: bind_if, fwmark, bindto, bind_port.
pub(super) fn prepare(socket: &Socket, to: &Connect) -> io::Result<()> {
    if let Some(interface) = &to.interface {
        socket.bind_device(Some(interface.as_str().as_bytes()))?;
    }
    if to.fwmark != 0 {
        socket.set_mark(to.fwmark)?;
    }
    if let Some(mut bind) = to.bind {
        // Only a port is given: any address of the destination's family.
        if bind.address.is_unspecified() {
            bind.address = match to.destination.address {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
        }
        // The port of the check before may still be in TIME_WAIT.
        socket.set_reuse_address(bind.port != 0)?;
        socket.bind(&socket_address(bind).into())?;
    }
    Ok(())
}

pub(super) fn socket_address(at: Endpoint) -> SocketAddr {
    SocketAddr::new(at.address, at.port)
}

#[cfg(test)]
mod tests;
