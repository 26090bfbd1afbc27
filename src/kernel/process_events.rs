//! Processes that fork, run a command, take a name or end: the kernel's process connector (linux/cn_proc.h).

use std::io;

use netlink_sys::{Socket, SocketAddr};
use nix::libc::{ENOBUFS, MSG_DONTWAIT};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::netlink;
use crate::model::upkeep::Room;

/// NETLINK_CONNECTOR (linux/netlink.h).
const CONNECTOR: isize = 11;
/// CN_IDX_PROC and CN_VAL_PROC (linux/connector.h); the group has the number of the index.
const PROC: u32 = 1;
const NLMSG_DONE: u16 = 3;
const NETLINK_HEADER: usize = 16;
const CONNECTOR_HEADER: usize = 20;
/// PROC_CN_MCAST_LISTEN.
const LISTEN: u32 = 1;
/// `what`, processor and time of a struct proc_event.
const EVENT_HEADER: usize = 16;
const NONE: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const COMM: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;
const DATAGRAM: usize = 4096;

/// What happened to a process; threads are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The kernel heard that we listen; or an errno why not.
    Listening(u32),
    Forked {
        parent: u32,
        child: u32,
    },
    /// It runs another command now.
    Executed {
        pid: u32,
    },
    /// It shows another name, at most 15 bytes.
    Named {
        pid: u32,
        name: Vec<u8>,
    },
    Exited {
        pid: u32,
    },
}

/// What reading gave.
#[derive(Debug)]
pub enum Heard {
    Event(Event),
    /// The kernel had more to tell than there was room for.
    Lost,
}

/// A socket that hears of all processes.
#[derive(Debug)]
pub struct ProcessEvents {
    socket: AsyncFd<Socket>,
    datagram: Vec<u8>,
}

impl ProcessEvents {
    /// Asks to be told; whether the kernel does so shows by `Event::Listening`. Must be called inside a runtime.
    ///
    /// # Errors
    /// Outside the initial network namespace, without CAP_NET_ADMIN, or without CONFIG_PROC_EVENTS.
    pub fn open() -> io::Result<ProcessEvents> {
        let mut socket = Socket::new(CONNECTOR)?;
        socket.set_non_blocking(true)?;
        socket.bind(&SocketAddr::new(0, PROC))?;
        socket.send(&listen(), 0)?;
        // SAFETY: the socket owns its descriptor, which stays the same and open for as long as the socket lives.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?;
        Ok(ProcessEvents { socket, datagram: Vec::with_capacity(DATAGRAM) })
    }

    /// Another receive buffer.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub fn set_room(&self, room: Room) -> io::Result<()> {
        netlink::set_room(self.socket.get_ref(), Some(room))
    }

    /// A receive buffer of twice the size, as far as the system lets us (VR-233).
    ///
    /// # Errors
    /// As getsockopt(2) and setsockopt(2) have them.
    pub fn double_room(&self) -> io::Result<()> {
        // The kernel says twice what it was asked for: to ask for what it says is to double.
        let bytes = u32::try_from(netlink::room_of(self.socket.get_ref())?).unwrap_or(u32::MAX);
        let doubled = |force| self.set_room(Room { bytes, force });
        doubled(true).or_else(|_| doubled(false))
    }

    /// What happens next. Can be dropped at any moment without losing anything.
    ///
    /// # Errors
    /// As recv(2) has them.
    pub async fn next(&mut self) -> io::Result<Heard> {
        loop {
            let mut ready = self.socket.readable().await?;
            self.datagram.clear();
            let datagram = &mut self.datagram;
            match ready.try_io(|socket| socket.get_ref().recv(datagram, MSG_DONTWAIT)) {
                Ok(Ok(_)) => {
                    if let Some(event) = parse(&self.datagram) {
                        return Ok(Heard::Event(event));
                    }
                }
                Ok(Err(error)) if error.raw_os_error() == Some(ENOBUFS) => return Ok(Heard::Lost),
                Ok(Err(error)) => return Err(error),
                // Nothing there after all: wait on.
                Err(_) => {}
            }
        }
    }
}

/// The message that subscribes.
fn listen() -> Vec<u8> {
    let length = NETLINK_HEADER + CONNECTOR_HEADER + 4;
    let mut message = Vec::with_capacity(length);
    message.extend((length as u32).to_ne_bytes());
    message.extend(NLMSG_DONE.to_ne_bytes());
    // No flags; sequence and port are the kernel's matter.
    message.extend([0; 10]);
    message.extend(PROC.to_ne_bytes());
    message.extend(PROC.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(4_u16.to_ne_bytes());
    message.extend([0; 2]);
    message.extend(LISTEN.to_ne_bytes());
    message
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A datagram holds one event. `None` for what is of no interest here.
pub fn parse(datagram: &[u8]) -> Option<Event> {
    let connector = datagram.get(NETLINK_HEADER..)?;
    if word(connector, 0)? != PROC || word(connector, 4)? != PROC {
        return None;
    }
    let event = connector.get(CONNECTOR_HEADER..)?;
    let about = event.get(EVENT_HEADER..)?;
    // Of a thread that leads its process both numbers are equal.
    let process = |at| word(about, at).filter(|pid| word(about, at + 4) == Some(*pid));
    match word(event, 0)? {
        NONE => Some(Event::Listening(word(about, 0)?)),
        FORK => Some(Event::Forked { parent: word(about, 4)?, child: process(8)? }),
        EXEC => Some(Event::Executed { pid: process(0)? }),
        COMM => {
            let name = about.get(8..24)?;
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
            Some(Event::Named { pid: process(0)?, name })
        }
        EXIT => Some(Event::Exited { pid: process(0)? }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
