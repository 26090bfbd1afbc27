//! One rtnetlink socket: dumps, and batches of requests with one answer for all.
//!
//! Many messages go out in one send, which the kernel runs in order before send() returns; only the last asks for an
//! answer, and a message that fails answers unasked. So what has no answer once the last one's is there has been done.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::libc::{self, MSG_DONTWAIT};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};

use crate::model::upkeep::Room;

/// Messages in one send: the kernel runs them all before send() returns, and nobody else is served meanwhile.
pub const BATCH: usize = 16;
/// Room for answers and for notifications that come in a burst; the kernel doubles it.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Room for one datagram: the kernel fills at most 32 KiB of a dump into one (netlink(7)).
const DATAGRAM: usize = 64 << 10;
/// NLMSG_ALIGNTO.
const ALIGN: usize = 4;
/// Dumps that the kernel says were disturbed by a change, before we take what there is.
const MOST_DISTURBED: u32 = 10;
/// linux/netlink.h.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;

/// Talking to the kernel failed; what became of the requests is not known.
#[derive(Debug)]
pub enum Failure {
    /// send() or recv() failed: ENOBUFS when answers were dropped, EAGAIN when none came in time.
    Socket(io::Error),
    /// The kernel refused the question itself, with this errno.
    Refused(i32),
    /// An answer that cannot be read.
    Garbled(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Socket(error) => error.fmt(f),
            Failure::Refused(errno) => io::Error::from_raw_os_error(*errno).fmt(f),
            Failure::Garbled(why) => write!(f, "unreadable answer: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Socket(error)
    }
}

/// One request of a batch.
#[derive(Clone, Debug)]
pub struct Request {
    pub message: RouteNetlinkMessage,
    /// NLM_F_CREATE and the like; NLM_F_REQUEST goes without saying.
    pub flags: u16,
}

impl Request {
    pub const fn plain(message: RouteNetlinkMessage) -> Request {
        Request { message, flags: 0 }
    }
}

/// A message of a dump: kind and payload.
pub type Listed = (u16, Vec<u8>);

/// One message of a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// RTM_* or NLMSG_*.
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    /// The port of whoever asked for what a notification tells of; 0: the kernel itself.
    pub port: u32,
    pub payload: &'a [u8],
}

/// Cuts a datagram into its messages; ends at the first that does not fit.
pub fn frames(datagram: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let buffer = NetlinkBuffer::new_checked(rest).ok()?;
        // invariant: `new_checked` has found the length between that of a header and that of `rest`.
        let length = (buffer.length() as usize).max(ALIGN).min(rest.len());
        let frame = Frame {
            kind: buffer.message_type(),
            flags: buffer.flags(),
            sequence: buffer.sequence_number(),
            port: buffer.port_number(),
            payload: rest.get(NETLINK_HEADER..length)?,
        };
        rest = rest.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some(frame)
    })
}

/// Bytes of a nlmsghdr.
const NETLINK_HEADER: usize = 16;

impl Frame<'_> {
    /// The errno of an error message, 0 for an acknowledgement; `None` for any other message.
    pub fn status(&self) -> Option<i32> {
        let code = self.payload.first_chunk::<4>().filter(|_| self.kind == NLMSG_ERROR)?;
        Some(i32::from_ne_bytes(*code).saturating_neg())
    }
}

/// A socket that answers questions. Not for notifications: `monitor` has its own.
#[derive(Debug)]
pub struct Socket {
    socket: netlink_sys::Socket,
    sequence: u32,
    datagram: Vec<u8>,
    /// Of its receive buffer, when another than ours is asked for.
    room: Option<Room>,
}

/// Opens a socket with a large receive buffer.
pub(super) fn open() -> io::Result<netlink_sys::Socket> {
    let mut socket = netlink_sys::Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
    set_room(&socket, None)?;
    Ok(socket)
}

/// Gives a socket a receive buffer of this size; `None`: as large as that of every netlink socket of ours.
///
/// # Errors
/// EPERM when it is to be forced without CAP_NET_ADMIN.
pub(super) fn set_room(socket: &netlink_sys::Socket, room: Option<Room>) -> io::Result<()> {
    // SAFETY: the descriptor is open and `socket`, which owns it, outlives the borrow.
    let descriptor = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
    let set = |bytes| setsockopt(&descriptor, sockopt::RcvBuf, &bytes);
    let force = |bytes| setsockopt(&descriptor, sockopt::RcvBufForce, &bytes);
    // A number beyond what the kernel takes is cut by it.
    let bytes = |room: Room| usize::try_from(room.bytes).unwrap_or(usize::MAX);
    match room {
        None => force(RECEIVE_BUFFER).or_else(|_| set(RECEIVE_BUFFER))?,
        Some(room) if room.force => force(bytes(room))?,
        Some(room) => set(bytes(room))?,
    }
    Ok(())
}

/// Bytes of the receive buffer as the kernel counts them: twice what was asked for.
///
/// # Errors
/// As getsockopt(2) has them.
pub(super) fn room_of(socket: &netlink_sys::Socket) -> io::Result<usize> {
    // SAFETY: as above.
    let descriptor = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
    Ok(getsockopt(&descriptor, sockopt::RcvBuf)?)
}

impl Socket {
    pub fn open() -> io::Result<Socket> {
        let socket = open()?;
        socket.set_cap_ack(true)?;
        Ok(Socket { socket, sequence: 0, datagram: Vec::with_capacity(DATAGRAM), room: None })
    }

    /// A fresh socket, after answers were lost on the old one; another port, and what `be_strict` asked for is forgotten.
    pub fn reopen(&mut self) -> io::Result<()> {
        let room = self.room;
        *self = Socket { room, ..Socket::open()? };
        // Whether the kernel gives that much was said when it was asked for; with less there is work to do, too.
        set_room(&self.socket, room).unwrap_or(());
        Ok(())
    }

    /// Another receive buffer, now and after `reopen`; see [`set_room`].
    pub fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        if std::mem::replace(&mut self.room, room) == room {
            return Ok(());
        }
        set_room(&self.socket, room)
    }

    /// Its own port: what others are told of our doing carries it.
    pub fn port(&self) -> io::Result<u32> {
        let mut address = netlink_sys::SocketAddr::new(0, 0);
        self.socket.get_address(&mut address)?;
        Ok(address.port_number())
    }

    /// From now on the kernel looks at the fields of what is asked, so that a dump may be of one protocol's routes.
    pub fn be_strict(&self) -> io::Result<()> {
        self.socket.set_netlink_get_strict_chk(true)
    }

    /// All that the kernel lists: message kind and payload of each. Repeated while the kernel says that the list
    /// changed under its hands.
    pub fn dump(&mut self, message: &RouteNetlinkMessage) -> Result<Vec<Listed>, Failure> {
        let mut disturbed = 0;
        loop {
            let (found, interrupted) = self.dump_once(message)?;
            if !interrupted || disturbed == MOST_DISTURBED {
                return Ok(found);
            }
            disturbed += 1;
        }
    }

    fn dump_once(&mut self, message: &RouteNetlinkMessage) -> Result<(Vec<Listed>, bool), Failure> {
        let mut bytes = Vec::new();
        let sequence = self.append(message, NLM_F_REQUEST | NLM_F_DUMP, &mut bytes);
        self.socket.send(&bytes, 0)?;
        let (mut found, mut interrupted) = (Vec::new(), false);
        loop {
            self.receive()?;
            for frame in frames(&self.datagram).filter(|frame| frame.sequence == sequence) {
                interrupted |= frame.flags & NLM_F_DUMP_INTR != 0;
                match (frame.kind, frame.status()) {
                    (NLMSG_DONE, _) | (_, Some(0)) => return Ok((found, interrupted)),
                    (_, Some(errno)) => return Err(Failure::Refused(errno)),
                    (NLMSG_OVERRUN, _) => return Err(overrun()),
                    (kind, None) => found.push((kind, frame.payload.to_vec())),
                }
            }
        }
    }

    /// One request, with more flags than those of every request, and its answer: `Refused` with the errno.
    pub fn request(&mut self, message: &RouteNetlinkMessage, flags: u16) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        let sequence = self.append(message, NLM_F_REQUEST | NLM_F_ACK | flags, &mut bytes);
        self.socket.send(&bytes, 0)?;
        let mut refused = Vec::new();
        self.answers(sequence, 1, 0, &mut refused)?;
        refused.first().map_or(Ok(()), |(_, errno)| Err(Failure::Refused(*errno)))
    }

    /// Sends at most `BATCH` messages at once and says which were refused: place and errno. An error does not stop
    /// the later ones.
    pub fn batch(&mut self, messages: &[RouteNetlinkMessage]) -> Result<Vec<(usize, i32)>, Failure> {
        let requests: Vec<Request> = messages.iter().cloned().map(Request::plain).collect();
        self.requests(&requests)
    }

    /// The same for messages with flags of their own.
    pub fn requests(&mut self, requests: &[Request]) -> Result<Vec<(usize, i32)>, Failure> {
        let mut refused = Vec::new();
        for (nth, chunk) in requests.chunks(BATCH).enumerate() {
            let mut bytes = Vec::with_capacity(chunk.len() * 96);
            let first = self.sequence.wrapping_add(1);
            for (place, Request { message, flags }) in chunk.iter().enumerate() {
                let answer = if place + 1 == chunk.len() { NLM_F_ACK } else { 0 };
                self.append(message, NLM_F_REQUEST | flags | answer, &mut bytes);
            }
            self.socket.send(&bytes, 0)?;
            self.answers(first, chunk.len(), nth * BATCH, &mut refused)?;
        }
        Ok(refused)
    }

    /// Reads until the last of `count` messages from sequence number `first` on is answered.
    fn answers(
        &mut self,
        first: u32,
        count: usize,
        place: usize,
        refused: &mut Vec<(usize, i32)>,
    ) -> Result<(), Failure> {
        loop {
            self.receive()?;
            for frame in frames(&self.datagram) {
                let nth = frame.sequence.wrapping_sub(first) as usize;
                if frame.kind == NLMSG_OVERRUN {
                    return Err(overrun());
                }
                // A late answer to something we gave up on has a number outside this batch.
                let Some(errno) = frame.status().filter(|_| nth < count) else { continue };
                if errno != 0 {
                    refused.push((place + nth, errno));
                }
                if nth + 1 == count {
                    return Ok(());
                }
            }
        }
    }

    /// Appends one message; returns its sequence number.
    fn append(&mut self, message: &RouteNetlinkMessage, flags: u16, bytes: &mut Vec<u8>) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message.clone()));
        message.finalize();
        let start = bytes.len();
        bytes.resize(start + message.buffer_len().next_multiple_of(ALIGN), 0);
        message.serialize(&mut bytes[start..]);
        self.sequence
    }

    /// One datagram. The kernel answers inside send() and prepares the next part of a dump inside recv(), so what is
    /// not there now will not come: no waiting.
    fn receive(&mut self) -> io::Result<()> {
        self.datagram.clear();
        self.socket.recv(&mut self.datagram, MSG_DONTWAIT).map(drop)
    }
}

fn overrun() -> Failure {
    io::Error::from_raw_os_error(libc::ENOBUFS).into()
}

#[cfg(test)]
mod tests;
