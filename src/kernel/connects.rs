//! Many connection attempts that are over when they succeed: what a TCP_CHECK is.
//!
//! They wait together on an epoll instance of their own, so that each costs four system calls: socket, connect, one to
//! wait for it, close. A runtime's own streams are taken from its epoll again one by one, and are tasks with timers.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{SockRef, Socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use super::tcp::{ConnectError, begin, failure};
use crate::model::check::Connect;

/// Events taken from the kernel at once.
const EVENTS: usize = 256;

/// Attempts under way, each with what the caller knows it by.
#[derive(Debug)]
pub struct Connects<Key> {
    ready: AsyncFd<Descriptor>,
    pending: HashMap<u64, Pending<Key>>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Known already, not yet told.
    ended: VecDeque<(Key, Result<(), ConnectError>)>,
    /// Numbers are not used again: an event of a descriptor that is closed may come late, while a child that has not
    /// yet begun its program holds it open.
    next: u64,
    /// Room for what the kernel tells; kept, since it is waited for again after whatever else happens.
    events: Box<[EpollEvent]>,
}

#[derive(Debug)]
struct Pending<Key> {
    key: Key,
    socket: Socket,
    deadline: Instant,
}

#[derive(Debug)]
struct Descriptor(Epoll);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

impl<Key> Connects<Key> {
    /// Must be called inside a tokio runtime with I/O.
    ///
    /// # Errors
    /// As epoll_create1(2) has them.
    pub fn new() -> io::Result<Connects<Key>> {
        let epoll = Descriptor(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
        // SAFETY: `Descriptor` owns the descriptor, and it stays the same until `AsyncFd` drops both.
        let ready = unsafe { AsyncFd::register_with_interest(epoll, Interest::READABLE)? };
        Ok(Connects {
            ready,
            pending: HashMap::new(),
            deadlines: BTreeSet::new(),
            ended: VecDeque::new(),
            next: 0,
            events: vec![EpollEvent::empty(); EVENTS].into(),
        })
    }

    /// Begins one; its end, which may be known already, comes from `ended` or `overdue`.
    pub fn begin(&mut self, to: &Connect, key: Key, deadline: Instant) {
        match self.wait(to) {
            Ok(Some(socket)) => {
                self.deadlines.insert((deadline, self.next));
                self.pending.insert(self.next, Pending { key, socket, deadline });
                self.next += 1;
            }
            Ok(None) => self.ended.push_back((key, Ok(()))),
            Err(error) => self.ended.push_back((key, Err(error))),
        }
    }

    fn wait(&self, to: &Connect) -> Result<Option<Socket>, ConnectError> {
        let (socket, pending) = begin(to)?;
        if !pending {
            return Ok(None);
        }
        let event = EpollEvent::new(EpollFlags::EPOLLOUT | EpollFlags::EPOLLONESHOT, self.next);
        let added = self.ready.get_ref().0.add(&socket, event);
        added.map_err(|errno| ConnectError::Create(errno.into()))?;
        Ok(Some(socket))
    }

    /// All are given up.
    pub fn clear(&mut self) {
        self.pending.clear();
        self.deadlines.clear();
        self.ended.clear();
    }

    /// When the first one has waited long enough.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Waits until some have ended; nothing is lost when the wait is given up.
    pub async fn wait_for_some(&mut self) {
        while self.ended.is_empty() {
            let found = match events(&self.ready, &mut self.events).await {
                Ok(found) => found,
                Err(error) => return self.give_up(&error),
            };
            for event in self.events.iter().take(found) {
                let Some(Pending { key, socket, deadline }) = self.pending.remove(&event.data()) else { continue };
                self.deadlines.remove(&(deadline, event.data()));
                let broken = event.events().intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
                self.ended.push_back((key, if broken { failure(SockRef::from(&socket)) } else { Ok(()) }));
            }
        }
    }

    /// Nothing can be learnt of any of them.
    fn give_up(&mut self, error: &io::Error) {
        self.deadlines.clear();
        for (_, Pending { key, .. }) in self.pending.drain() {
            let error = io::Error::new(error.kind(), error.to_string());
            self.ended.push_back((key, Err(ConnectError::Create(error))));
        }
    }

    /// One that has ended.
    pub fn next_ended(&mut self) -> Option<(Key, Result<(), ConnectError>)> {
        self.ended.pop_front()
    }

    /// One whose time is up.
    pub fn next_overdue(&mut self, now: Instant) -> Option<Key> {
        let (at, number) = *self.deadlines.first().filter(|(at, _)| *at <= now)?;
        self.deadlines.remove(&(at, number));
        self.pending.remove(&number).map(|pending| pending.key)
    }
}

/// What the kernel tells next: how many events.
async fn events(ready: &AsyncFd<Descriptor>, events: &mut [EpollEvent]) -> io::Result<usize> {
    loop {
        let mut guard = ready.readable().await?;
        match guard.get_inner().0.wait(events, EpollTimeout::ZERO) {
            // There may be more.
            Ok(found) if found == events.len() => return Ok(found),
            Ok(found) => {
                guard.clear_ready();
                return Ok(found);
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests;
