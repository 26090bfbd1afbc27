//! Routes, rules and static addresses in the kernel: set and taken away in batches.

use std::io;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use nix::libc::{EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT, ENXIO, ESRCH};

use super::address::Refused;
use super::netlink::{Failure, Request, Socket};
use super::{address, link, route, rule};
use crate::base::net::InterfaceIndex;
use crate::model::route::Item;
use crate::model::upkeep::Room;

/// Sets items and takes them away.
#[derive(Debug)]
pub struct Items {
    socket: Socket,
}

impl Items {
    pub fn open() -> io::Result<Items> {
        Ok(Items { socket: Socket::open()? })
    }

    /// A fresh socket, after answers were lost on the old one.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.socket.reopen()
    }

    /// Another receive buffer, now and after `reopen`.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        self.socket.set_room(room)
    }

    /// The port that the kernel names as the doer of what is done here.
    pub fn port(&self) -> io::Result<u32> {
        self.socket.port()
    }

    /// Sets all, in order. One that is there already is where it is wanted.
    pub fn set(&mut self, items: &[Item]) -> Result<Vec<Refused>, Failure> {
        let requests: Vec<Request> = items.iter().map(addition).collect();
        let mut refused = self.socket.requests(&requests)?;
        refused.retain(|(_, errno)| *errno != EEXIST);
        Ok(refused)
    }

    /// Takes all away, in order. One that is not there, or whose interface is not, is gone as wanted.
    pub fn unset(&mut self, items: &[Item]) -> Result<Vec<Refused>, Failure> {
        let requests: Vec<Request> = items.iter().map(removal).collect();
        let mut refused = self.socket.requests(&requests)?;
        refused.retain(|(_, errno)| !matches!(*errno, EADDRNOTAVAIL | ENODEV | ENOENT | ENXIO | ESRCH));
        Ok(refused)
    }

    /// Sets net.ipv4.conf.IF.promote_secondaries.
    pub fn promote_secondaries(&mut self, index: InterfaceIndex, on: bool) -> Result<(), Failure> {
        match self.socket.batch(&[link::promotion(index, on)])?.first() {
            Some((_, errno)) => Err(Failure::Refused(*errno)),
            None => Ok(()),
        }
    }
}

fn addition(item: &Item) -> Request {
    match item {
        Item::Address(place) => Request::plain(RouteNetlinkMessage::NewAddress(address::addition(place))),
        Item::Route(place) => Request {
            message: RouteNetlinkMessage::NewRoute(route::addition(place)),
            flags: route::flags(&place.route),
        },
        // VR-259.
        Item::Rule(rule) => {
            Request { message: RouteNetlinkMessage::NewRule(rule::message(rule)), flags: NLM_F_CREATE | NLM_F_EXCL }
        }
    }
}

fn removal(item: &Item) -> Request {
    Request::plain(match item {
        Item::Address(place) => RouteNetlinkMessage::DelAddress(address::removal(place)),
        Item::Route(place) => RouteNetlinkMessage::DelRoute(route::removal(place)),
        Item::Rule(rule) => RouteNetlinkMessage::DelRule(rule::message(rule)),
    })
}

#[cfg(test)]
mod tests;
