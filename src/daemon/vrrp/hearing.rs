//! Packets on their way from the sockets to the machine: read several at a time, handed in one by one.

use std::task::{Context, Poll};

use super::Station;
use crate::base::net::Family;
use crate::base::time::Time;
use crate::daemon::message::Reporter;
use crate::kernel::basket::{Basket, Received};
use crate::kernel::clock;
use crate::kernel::vrrp_socket::VrrpSocket;
use crate::model::event::kernel;
use crate::model::vrrp::{SocketAddress, SocketKey};
use crate::vrrp::Packet;

/// Basketfuls of one socket that are heard in turn with the others' before a Backup takes over, and how many such turns: a
/// socket is that of up to 255 virtual routers.
const IN_TURN: usize = 8;
const WAITING: usize = 16;

/// What was read and is not handed in yet.
pub(super) struct Hearing {
    basket: Basket,
    /// The one that is handed in; the socket is that of all in the basket.
    packet: Packet,
}

impl Hearing {
    pub fn new() -> Hearing {
        let nowhere = std::net::Ipv4Addr::UNSPECIFIED.into();
        let socket =
            SocketKey { family: Family::V4, ah: false, interface: None, local: SocketAddress::Unicast(nowhere) };
        let packet = Packet { socket, source: nowhere, destination: nowhere, hop_limit: None, bytes: Vec::new() };
        Hearing { basket: Basket::default(), packet }
    }

    /// The next packet, and when the kernel got it.
    fn next(&mut self) -> Option<(&Packet, Time)> {
        let Received { source, destination, hop_limit, at, bytes } = self.basket.take()?;
        let packet = &mut self.packet;
        (packet.source, packet.destination, packet.hop_limit) = (source, destination, hop_limit);
        packet.bytes.clear();
        packet.bytes.extend_from_slice(bytes);
        Some((packet, at))
    }
}

/// One socket of the machine's.
pub(super) struct Ear {
    pub key: SocketKey,
    pub socket: VrrpSocket,
    /// Reading failed, which has been told.
    deaf: bool,
}

impl Ear {
    pub fn new(key: SocketKey, socket: VrrpSocket) -> Ear {
        Ear { key, socket, deaf: false }
    }

    /// Takes in packets that are there already; false: none are. Errors are told when they are waited for.
    fn take_waiting(&mut self, hearing: &mut Hearing) -> bool {
        hearing.packet.socket = self.key.clone();
        self.socket.receive_waiting(&mut hearing.basket).unwrap_or(false)
    }

    /// Ready when there is something to hand in.
    pub fn poll(&mut self, context: &mut Context<'_>, hearing: &mut Hearing, reporter: &Reporter) -> Poll<()> {
        loop {
            match self.socket.poll_receive(context, &mut hearing.basket) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {
                    self.deaf = false;
                    hearing.packet.socket = self.key.clone();
                    return Poll::Ready(());
                }
                // A link that went down says so to its sockets, once each time.
                Poll::Ready(Err(error)) => {
                    if !self.deaf {
                        reporter.report(kernel::Event::CannotReceive { error: error.to_string() });
                    }
                    self.deaf = true;
                }
            }
        }
    }
}

impl Station {
    /// Hands in what was read, each as of when the kernel got it: the Master's next advert is awaited from when its last one
    /// was here, not from when we woke up for it.
    pub(super) fn hear(&mut self) {
        self.machine.set_wall_time(clock::wall());
        while self.hear_next() {
            // Mostly nothing comes of an advert.
            if !self.pending.is_empty() {
                self.settle();
            }
        }
    }

    /// What comes of it is pending then. False: there is none.
    fn hear_next(&mut self) -> bool {
        let Some((packet, at)) = self.hearing.next() else { return false };
        let mut effects = Vec::new();
        self.machine.hear(at, packet, &mut effects);
        self.pending.extend(effects);
        true
    }

    /// Hands in what waits in the sockets, before a Backup takes over: it may be that only we did not run, or had long
    /// lists to carry out. What comes of it is carried out after what is pending. A flood is heard only so far.
    pub(super) fn hear_waiting(&mut self) {
        self.machine.set_wall_time(clock::wall());
        for _ in 0..WAITING {
            // It may be that we are amid a basketful.
            let mut any = self.hear_next();
            while self.hear_next() {}
            for place in 0..self.sockets.len() {
                for _ in 0..IN_TURN {
                    let Some(ear) = self.sockets.get_mut(place) else { break };
                    if !ear.take_waiting(&mut self.hearing) {
                        break;
                    }
                    any = true;
                    while self.hear_next() {}
                }
            }
            if !any || !self.machine.listens_first(clock::now()) {
                break;
            }
        }
    }
}
