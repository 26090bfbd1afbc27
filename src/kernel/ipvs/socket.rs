//! One generic netlink socket to IPVS: single questions, dumps, and batches with one answer for all.
//!
//! Many messages go out in one send, which the kernel runs in order; only the last asks for an answer, and a
//! message that fails answers unasked. So what has no answer once the last one's answer is there has been done.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkBuffer, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlMessage};
use netlink_sys::protocols::NETLINK_GENERIC;
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use super::codec::{FAMILY_NAME, Message};
pub use crate::kernel::netlink::Failure;
use crate::kernel::netlink::set_room;
use crate::model::upkeep::Room;

/// Messages in one send. The default receive buffer holds the answers to 256 even if every one fails.
const BATCH: usize = 128;
/// The longest wait for any one answer. The kernel runs a batch inside send(), so an answer that is not there
/// after this is lost.
const PATIENCE_SECONDS: i64 = 5;
/// Room for one datagram: the kernel fills at most 32 KiB of a dump into one (netlink(7)).
const DATAGRAM: usize = 64 << 10;
/// NLMSG_ALIGNTO.
const ALIGN: usize = 4;

/// What one answer says.
enum Answer<T> {
    Value(T),
    /// 0: done, else errno.
    Status(i32),
    /// The end of a dump.
    End,
}

#[derive(Debug)]
pub struct Socket {
    socket: netlink_sys::Socket,
    sequence: u32,
    /// The number that the kernel gave the family IPVS when it was loaded.
    family: u16,
    datagram: Vec<u8>,
}

impl Socket {
    /// Opens the socket and asks for the family's number; `Failure::Refused(ENOENT)` when it is not loaded.
    pub fn open() -> Result<Socket, Failure> {
        let mut socket = netlink_sys::Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
        socket.set_cap_ack(true)?;
        // SAFETY: the descriptor is open and `socket`, which owns it, outlives the borrow.
        let descriptor = unsafe { BorrowedFd::borrow_raw(socket.as_raw_fd()) };
        setsockopt(&descriptor, sockopt::ReceiveTimeout, &TimeVal::seconds(PATIENCE_SECONDS))
            .map_err(io::Error::from)?;
        let mut socket = Socket { socket, sequence: 0, family: 0, datagram: Vec::with_capacity(DATAGRAM) };
        socket.set_room(None)?;
        socket.family = socket.resolve()?;
        Ok(socket)
    }

    /// Another receive buffer; see [`set_room`].
    pub fn set_room(&self, room: Option<Room>) -> io::Result<()> {
        set_room(&self.socket, room)
    }

    fn resolve(&mut self) -> Result<u16, Failure> {
        let ask = GenlMessage::from_payload(GenlCtrl {
            cmd: GenlCtrlCmd::GetFamily,
            nlas: vec![GenlCtrlAttrs::FamilyName(FAMILY_NAME.to_owned())],
        });
        let answers: Vec<GenlCtrl> = self.ask(ask, 0)?;
        answers
            .iter()
            .flat_map(|answer| &answer.nlas)
            .find_map(|attribute| match attribute {
                GenlCtrlAttrs::FamilyId(number) => Some(*number),
                _ => None,
            })
            .ok_or_else(|| Failure::Garbled("no family number".to_owned()))
    }

    /// One question, its answer and its status.
    pub fn question(&mut self, message: Message) -> Result<Vec<Message>, Failure> {
        self.ask(self.addressed(message), 0)
    }

    /// All that the kernel lists.
    pub fn dump(&mut self, message: Message) -> Result<Vec<Message>, Failure> {
        self.ask(self.addressed(message), NLM_F_DUMP)
    }

    fn addressed(&self, message: Message) -> GenlMessage<Message> {
        let mut message = GenlMessage::from_payload(message);
        message.set_resolved_family_id(self.family);
        message
    }

    fn ask<F>(&mut self, message: GenlMessage<F>, flags: u16) -> Result<Vec<F>, Failure>
    where
        F: GenlFamily + std::fmt::Debug,
        GenlMessage<F>: NetlinkSerializable + NetlinkDeserializable,
    {
        let mut bytes = Vec::new();
        let sequence = self.append(message, NLM_F_REQUEST | NLM_F_ACK | flags, &mut bytes);
        self.socket.send(&bytes, 0)?;
        let mut values = Vec::new();
        loop {
            for (number, answer) in self.receive::<F>()? {
                match answer {
                    _ if number != sequence => {}
                    Answer::Value(value) => values.push(value),
                    Answer::Status(0) | Answer::End => return Ok(values),
                    Answer::Status(errno) => return Err(Failure::Refused(errno)),
                }
            }
        }
    }

    /// Sends all messages, `BATCH` in a send, and says which were refused: place and errno.
    pub fn batch(&mut self, messages: impl Iterator<Item = Message>) -> Result<Vec<(usize, i32)>, Failure> {
        let mut refused = Vec::new();
        let mut messages = messages.peekable();
        let (mut place, mut bytes) = (0, Vec::with_capacity(BATCH * 256));
        while messages.peek().is_some() {
            bytes.clear();
            let first = self.sequence.wrapping_add(1);
            let mut count = 0;
            while let Some(message) = messages.next() {
                count += 1;
                let last = count == BATCH || messages.peek().is_none();
                let flags = if last { NLM_F_REQUEST | NLM_F_ACK } else { NLM_F_REQUEST };
                self.append(self.addressed(message), flags, &mut bytes);
                if last {
                    break;
                }
            }
            self.socket.send(&bytes, 0)?;
            self.answers(first, count, place, &mut refused)?;
            place += count;
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
            for (number, answer) in self.receive::<Message>()? {
                let nth = number.wrapping_sub(first) as usize;
                // A late answer to something we gave up on has a number outside this batch.
                if nth >= count {
                    continue;
                }
                match answer {
                    Answer::Value(_) | Answer::End | Answer::Status(0) => {}
                    Answer::Status(errno) => refused.push((place + nth, errno)),
                }
                if nth + 1 == count {
                    return Ok(());
                }
            }
        }
    }

    /// Appends one message; returns its sequence number.
    fn append<F>(&mut self, message: GenlMessage<F>, flags: u16, bytes: &mut Vec<u8>) -> u32
    where
        F: std::fmt::Debug,
        GenlMessage<F>: NetlinkSerializable,
    {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
        message.finalize();
        let start = bytes.len();
        bytes.resize(start + message.buffer_len().next_multiple_of(ALIGN), 0);
        message.serialize(&mut bytes[start..]);
        self.sequence
    }

    /// One datagram's messages.
    fn receive<F>(&mut self) -> Result<Vec<(u32, Answer<F>)>, Failure>
    where
        GenlMessage<F>: NetlinkDeserializable,
        F: std::fmt::Debug,
    {
        self.datagram.clear();
        self.socket.recv(&mut self.datagram, 0)?;
        let mut rest = self.datagram.as_slice();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let length = NetlinkBuffer::new_checked(rest)
                .map(|buffer| buffer.length() as usize)
                .map_err(|error| Failure::Garbled(error.to_string()))?;
            let (one, after) = rest
                .split_at_checked(length.max(ALIGN))
                .ok_or_else(|| Failure::Garbled("a message longer than its datagram".to_owned()))?;
            rest = after.get(length.next_multiple_of(ALIGN) - length..).unwrap_or_default();
            let message = NetlinkMessage::<GenlMessage<F>>::deserialize(one)
                .map_err(|error| Failure::Garbled(error.to_string()))?;
            let answer = match message.payload {
                NetlinkPayload::InnerMessage(message) => Answer::Value(message.into_parts().1),
                NetlinkPayload::Error(error) => Answer::Status(error.code.map_or(0, |code| -code.get())),
                NetlinkPayload::Done(_) => Answer::End,
                NetlinkPayload::Overrun(_) => return Err(io::Error::from_raw_os_error(nix::libc::ENOBUFS).into()),
                _ => continue,
            };
            found.push((message.header.sequence_number, answer));
        }
        Ok(found)
    }
}
