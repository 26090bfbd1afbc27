//! A simulated LAN: whole routers, cables, and a clock that jumps. Shared by the test programs that need it.

#![allow(dead_code, reason = "each test program uses a part")]

pub mod deed;
pub mod draft;
pub mod host;
pub mod items;
pub mod packet;
pub mod rule;

use std::net::IpAddr;

use keepalived_rs::base::net::Family;
use keepalived_rs::base::time::Time;
use keepalived_rs::model::vrrp::{SocketAddress, SocketKey};
use keepalived_rs::vrrp::{Packet, Transmission};

use host::Host;

/// A datagram on its way.
#[derive(Clone, Debug)]
pub struct Flight<Load = Packet> {
    pub due: Time,
    pub to: usize,
    pub packet: Load,
}

/// Who gets what `from` sends now, and as what: nobody when a cable on the way is out.
pub fn deliveries(hosts: &[Host], from: usize, sent: &Transmission) -> Vec<(usize, Packet)> {
    let sender = &hosts[from];
    let leaving = sender.interfaces.iter().find(|interface| match sent.socket.interface {
        Some(index) => interface.index == index,
        None => interface.addresses.contains(&sent.source),
    });
    let Some(leaving) = leaving.filter(|interface| interface.carries()) else { return Vec::new() };
    let mut bytes = sent.bytes.clone();
    if sent.socket.family == Family::V4 {
        packet::fill_ip_header(&mut bytes);
    }
    let read = packet::read(sent.socket.family, &sent.bytes);
    if sender.planted.mute {
        return Vec::new();
    }
    if read.is_some_and(|seen| sender.planted.no_release && seen.priority == 0) {
        return Vec::new();
    }
    let ttl = match sent.socket.family {
        Family::V4 => read.and_then(|seen| seen.ttl),
        Family::V6 if sent.destination.is_multicast() => Some(255),
        Family::V6 => sent.hop_limit.or(Some(64)),
    };
    reached(hosts, Some(from), leaving.segment, sent.source, sent.destination, sent.socket.ah, ttl, &bytes)
}

/// Who on `segment` has a socket for this datagram.
#[allow(clippy::too_many_arguments, reason = "a datagram has that many properties")]
pub fn reached(
    hosts: &[Host],
    from: Option<usize>,
    segment: usize,
    source: IpAddr,
    destination: IpAddr,
    ah: bool,
    hop_limit: Option<u8>,
    bytes: &[u8],
) -> Vec<(usize, Packet)> {
    let mut found = Vec::new();
    for (at, host) in hosts.iter().enumerate() {
        if Some(at) == from || host.router.is_none() || host.planted.deaf {
            continue;
        }
        for interface in host.interfaces.iter().filter(|interface| interface.segment == segment && interface.carries())
        {
            let fits = |key: &&SocketKey| {
                let local = match key.local {
                    SocketAddress::Group(group) => group == destination,
                    SocketAddress::Unicast(address) => {
                        address == destination && interface.addresses.contains(&destination)
                    }
                };
                let family = Family::of(destination);
                local
                    && key.family == family
                    && key.ah == ah
                    && key.interface.is_none_or(|index| index == interface.index)
            };
            if let Some(socket) = host.sockets.iter().find(fits) {
                let socket = socket.clone();
                found.push((at, Packet { socket, source, destination, hop_limit, bytes: bytes.to_vec() }));
            }
        }
    }
    found
}
