//! Links and addresses of this host as they are now and as they change: rtnetlink's notifications, and a fresh look at
//! everything when some of them were lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::task::{Context, Poll};

use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::{RouteMessage, RouteProtocol};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::libc::{self, ENOBUFS, MSG_DONTWAIT};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::address::parse_address;
use super::link::{self, attributes_of, number};
use super::netlink::{self, Failure, Frame, Socket, frames};
use super::{route, rule};
use crate::base::net::{Cidr, InterfaceIndex};
use crate::model::host::{HostAddress, Link};
use crate::model::route::{Follow, HostRoute, PROTOCOL, Rule};
use crate::model::upkeep::Room;

/// Groups of linux/rtnetlink.h.
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const RTNLGRP_IPV6_NETCONF: u32 = 25;
const RTNLGRP_IPV4_ROUTE: u32 = 7;
const RTNLGRP_IPV4_RULE: u32 = 8;
const RTNLGRP_IPV6_ROUTE: u32 = 11;
const RTNLGRP_IPV6_RULE: u32 = 19;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWNETCONF: u16 = 80;
/// linux/netconf.h; the header is one byte, padded to four.
const NETCONFA_IFINDEX: u16 = 1;
const NETCONFA_FORWARDING: u16 = 2;
const NETCONF_HEADER: usize = 4;
/// Bytes of struct ifaddrmsg, and attributes and flags of linux/if_addr.h.
const DATAGRAM: usize = 64 << 10;

/// What became different.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Appeared, or something of it changed.
    Link(Link),
    LinkGone(InterfaceIndex),
    /// Appeared, or is no longer tentative.
    Address(HostAddress),
    AddressGone(HostAddress),
    /// A route of our protocol was taken away, and not by us.
    RouteGone(HostRoute),
    RuleGone(Rule),
}

/// The groups of notifications that tell of them, and whether each is wanted.
const fn groups(follow: Follow) -> [(u32, bool); 4] {
    [
        (RTNLGRP_IPV4_ROUTE, follow.routes4),
        (RTNLGRP_IPV6_ROUTE, follow.routes6),
        (RTNLGRP_IPV4_RULE, follow.rules4),
        (RTNLGRP_IPV6_RULE, follow.rules6),
    ]
}

/// Links and addresses, by what cannot be twice.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    links: BTreeMap<InterfaceIndex, Link>,
    /// By interface and address: scope, and whether tentative.
    addresses: BTreeMap<(InterfaceIndex, Cidr), (u8, bool)>,
    /// Of our protocol, as far as they are followed.
    routes: BTreeSet<HostRoute>,
    rules: BTreeSet<Rule>,
    /// The port by which we set and take away routes and rules ourselves.
    doer: u32,
}

/// Follows this network namespace's links and addresses.
#[derive(Debug)]
pub struct Monitor {
    socket: AsyncFd<netlink_sys::Socket>,
    datagram: Vec<u8>,
    known: Known,
    follow: Follow,
    /// Of its receive buffer, when another than ours is asked for.
    room: Option<Room>,
}

impl Monitor {
    /// Subscribes first and looks then, so nothing is missed between. Returns all that is there: links, then addresses.
    /// Must be called inside a runtime.
    pub fn open(follow: Follow) -> Result<(Monitor, Vec<Change>), Failure> {
        let socket = subscribe(follow)?;
        let datagram = Vec::with_capacity(DATAGRAM);
        let mut monitor = Monitor { socket, datagram, known: Known::default(), follow, room: None };
        let changes = monitor.look_again()?;
        Ok((monitor, changes))
    }

    /// A fresh socket, after reading the old one failed. Returns what changed meanwhile.
    pub fn reopen(&mut self) -> Result<Vec<Change>, Failure> {
        self.socket = subscribe(self.follow)?;
        // Whether the kernel gives that much was said when it was asked for.
        netlink::set_room(self.socket.get_ref(), self.room).unwrap_or(());
        self.look_again()
    }

    /// What is done by this port is our own doing and not told.
    pub fn set_doer(&mut self, port: u32) {
        self.known.doer = port;
    }

    /// Another receive buffer, now and after `reopen`.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        self.room = room;
        netlink::set_room(self.socket.get_ref(), room)
    }

    /// Follows other routes and rules from now on.
    pub fn follow(&mut self, follow: Follow) -> io::Result<()> {
        for ((group, wanted), (_, is)) in groups(follow).into_iter().zip(groups(self.follow)) {
            match (is, wanted) {
                (false, true) => self.socket.get_ref().add_membership(group)?,
                (true, false) => self.socket.get_ref().drop_membership(group)?,
                (false, false) | (true, true) => {}
            }
        }
        self.follow = follow;
        Ok(())
    }

    /// Ready with what changed; never with nothing. After lost notifications (ENOBUFS) that is the difference between
    /// what was known and what is there.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<Change>, Failure>> {
        loop {
            let mut ready = match self.socket.poll_read_ready(context) {
                Poll::Ready(Ok(ready)) => ready,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return Poll::Pending,
            };
            self.datagram.clear();
            let datagram = &mut self.datagram;
            let received = ready.try_io(|socket| socket.get_ref().recv(datagram, MSG_DONTWAIT));
            let changes = match received {
                Ok(Ok(_)) => {
                    let known = &mut self.known;
                    frames(&self.datagram).flat_map(|frame| known.learn(&frame)).collect()
                }
                Ok(Err(error)) if error.raw_os_error() == Some(ENOBUFS) => {
                    self.discard()?;
                    self.look_again()?
                }
                Ok(Err(error)) => return Poll::Ready(Err(error.into())),
                // Nothing there after all: wait on.
                Err(_) => continue,
            };
            if !changes.is_empty() {
                return Poll::Ready(Ok(changes));
            }
        }
    }

    /// Throws away what still waits: after a gap it tells of things whose end may be among what was lost. (What comes in
    /// between this and the fresh look is told twice, which ends in the same.)
    fn discard(&mut self) -> io::Result<()> {
        loop {
            self.datagram.clear();
            match self.socket.get_ref().recv(&mut self.datagram, MSG_DONTWAIT) {
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(ENOBUFS) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads everything, and says in what it differs from what was known.
    fn look_again(&mut self) -> Result<Vec<Change>, Failure> {
        let mut socket = Socket::open()?;
        let mut found = Known::default();
        let links = socket.dump(&RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
        let addresses = socket.dump(&RouteNetlinkMessage::GetAddress(AddressMessage::default()))?;
        let mut followed = Vec::new();
        let Follow { routes4, routes6, rules4, rules6 } = self.follow;
        for (wanted, family) in [(routes4, AddressFamily::Inet), (routes6, AddressFamily::Inet6)] {
            if wanted {
                let mut ask = RouteMessage::default();
                ask.header.address_family = family;
                ask.header.protocol = RouteProtocol::KeepAlived;
                let mut strict = Socket::open()?;
                strict.be_strict()?;
                followed.extend(strict.dump(&RouteNetlinkMessage::GetRoute(ask))?);
            }
        }
        for (wanted, family) in [(rules4, AddressFamily::Inet), (rules6, AddressFamily::Inet6)] {
            if wanted {
                let mut ask = RuleMessage::default();
                ask.header.family = family;
                followed.extend(socket.dump(&RouteNetlinkMessage::GetRule(ask))?);
            }
        }
        for (kind, payload) in links.iter().chain(&addresses).chain(&followed) {
            drop(found.learn(&Frame { kind: *kind, flags: 0, sequence: 0, port: 0, payload }));
        }
        Ok(self.known.become_as(found))
    }
}

fn subscribe(follow: Follow) -> io::Result<AsyncFd<netlink_sys::Socket>> {
    let socket = netlink::open()?;
    socket.set_non_blocking(true)?;
    let followed = groups(follow).into_iter().filter(|(_, wanted)| *wanted).map(|(group, _)| group);
    let always = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_NETCONF];
    for group in always.into_iter().chain(followed) {
        socket.add_membership(group)?;
    }
    // SAFETY: the socket owns its descriptor, which stays the same and open for as long as the socket lives.
    unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }.map_err(io::Error::from)
}

impl Known {
    fn is_ours(&self, frame: &Frame<'_>) -> bool {
        frame.port != 0 && frame.port == self.doer
    }

    /// Takes a notification in; returns what it changed, as a change may come to several.
    fn learn(&mut self, frame: &Frame<'_>) -> Vec<Change> {
        match frame.kind {
            RTM_NEWLINK => link::parse(frame.payload).map_or_else(Vec::new, |link| self.learn_link(link)),
            RTM_DELLINK => link::parse(frame.payload).map_or_else(Vec::new, |link| self.forget_link(link.index)),
            RTM_NEWADDR => {
                let Some(address) = parse_address(frame.payload) else { return Vec::new() };
                let is = (address.scope, address.tentative);
                let was = self.addresses.insert((address.index, address.cidr), is);
                if was == Some(is) { Vec::new() } else { vec![Change::Address(address)] }
            }
            RTM_DELADDR => {
                let Some(address) = parse_address(frame.payload) else { return Vec::new() };
                match self.addresses.remove(&(address.index, address.cidr)) {
                    Some(_) => vec![Change::AddressGone(address)],
                    None => Vec::new(),
                }
            }
            RTM_NEWNETCONF => self.learn_forwarding(frame.payload),
            RTM_NEWROUTE => {
                let Some(route) = route::parse(frame.payload) else { return Vec::new() };
                self.routes.insert(route);
                Vec::new()
            }
            RTM_DELROUTE => {
                let Some(route) = route::parse(frame.payload) else { return Vec::new() };
                self.routes.remove(&route);
                if self.is_ours(frame) { Vec::new() } else { vec![Change::RouteGone(route)] }
            }
            RTM_NEWRULE => {
                let Some(rule) = rule::parse(frame.payload).filter(ours) else { return Vec::new() };
                self.rules.insert(rule);
                Vec::new()
            }
            RTM_DELRULE => {
                let Some(rule) = rule::parse(frame.payload).filter(ours) else { return Vec::new() };
                self.rules.remove(&rule);
                if self.is_ours(frame) { Vec::new() } else { vec![Change::RuleGone(rule)] }
            }
            _ => Vec::new(),
        }
    }

    fn learn_link(&mut self, link: Link) -> Vec<Change> {
        let was = self.links.insert(link.index, link.clone());
        if was.as_ref() == Some(&link) { Vec::new() } else { vec![Change::Link(link)] }
    }

    /// The kernel tells of the addresses of a link that goes, too, but not always before it.
    fn forget_link(&mut self, index: InterfaceIndex) -> Vec<Change> {
        if self.links.remove(&index).is_none() {
            return Vec::new();
        }
        let mut changes = Vec::new();
        self.addresses.retain(|(place, cidr), (scope, tentative)| {
            if *place == index {
                let address = HostAddress { index, cidr: *cidr, scope: *scope, tentative: *tentative };
                changes.push(Change::AddressGone(address));
            }
            *place != index
        });
        changes.push(Change::LinkGone(index));
        changes
    }

    /// net.ipv6.conf.IF.forwarding was written (VR-166).
    fn learn_forwarding(&mut self, payload: &[u8]) -> Vec<Change> {
        if payload.first().map(|family| i32::from(*family)) != Some(libc::AF_INET6) {
            return Vec::new();
        }
        let attributes = payload.get(NETCONF_HEADER..).unwrap_or_default();
        let value = |kind| {
            attributes_of(attributes).find(|attribute| attribute.kind() == kind).and_then(|it| number(it.value(), 0))
        };
        let (Some(index), Some(forwarding)) = (value(NETCONFA_IFINDEX), value(NETCONFA_FORWARDING)) else {
            return Vec::new();
        };
        match self.links.get(&InterfaceIndex(index)) {
            Some(link) => self.learn_link(Link { forwarding6: forwarding != 0, ..link.clone() }),
            None => Vec::new(),
        }
    }

    /// Takes over what was found; what is gone is told first, then links, then addresses.
    fn become_as(&mut self, found: Known) -> Vec<Change> {
        let gone: BTreeSet<_> = self.links.keys().filter(|index| !found.links.contains_key(index)).copied().collect();
        let mut changes = Vec::new();
        for ((index, cidr), (scope, tentative)) in &self.addresses {
            if !found.addresses.contains_key(&(*index, *cidr)) {
                let address = HostAddress { index: *index, cidr: *cidr, scope: *scope, tentative: *tentative };
                changes.push(Change::AddressGone(address));
            }
        }
        changes.extend(self.routes.difference(&found.routes).cloned().map(Change::RouteGone));
        changes.extend(self.rules.difference(&found.rules).cloned().map(Change::RuleGone));
        changes.extend(gone.into_iter().map(Change::LinkGone));
        for (index, link) in &found.links {
            if self.links.get(index) != Some(link) {
                changes.push(Change::Link(link.clone()));
            }
        }
        for ((index, cidr), (scope, tentative)) in &found.addresses {
            if self.addresses.get(&(*index, *cidr)) != Some(&(*scope, *tentative)) {
                let address = HostAddress { index: *index, cidr: *cidr, scope: *scope, tentative: *tentative };
                changes.push(Change::Address(address));
            }
        }
        *self = Known { doer: self.doer, ..found };
        changes
    }
}

/// Rules of our protocol, and those of kernels that know no protocol of rules.
fn ours(rule: &Rule) -> bool {
    rule.protocol.is_none_or(|protocol| protocol == PROTOCOL)
}

#[cfg(test)]
mod tests;
