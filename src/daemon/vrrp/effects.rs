//! What the machine asks for, carried out in its order; long lists in parts, with a look at the clock between.

use super::Station;
use super::hearing::Ear;
use crate::base::net::Cidr;
use crate::daemon::message::ToSupervisor;
use crate::kernel::address::{BATCH, Refused};
use crate::kernel::clock;
use crate::kernel::items::Items;
use crate::kernel::netlink::Failure;
use crate::kernel::vrrp_socket::VrrpSocket;
use crate::model::event::kernel::Event;
use crate::model::host::Placement;
use crate::model::route::{Item, Owner};
use crate::model::vrrp::{InstanceId, SocketKey};
use crate::vrrp::{Announcement, Effect, Input, Transmission};

/// Announcements between two looks at the clock.
const ANNOUNCEMENTS: usize = 64;
/// Lines for the log, or for scripts, between two looks at the clock: each is quickly done.
const LINES: usize = 16;
/// Effects that there is always room for.
const USUAL: usize = 256;

impl Station {
    /// Until nothing is pending. What comes of it waits in `inputs`.
    pub(super) fn carry_out(&mut self) {
        let mut lines = 0;
        while let Some(next) = self.pending.front() {
            match next {
                Effect::Report(_) | Effect::Notify(_) if lines < LINES => lines += 1,
                _ => {
                    lines = 0;
                    // What is next stays in its place meanwhile: it may be what an advert waits for.
                    self.keep_time();
                }
            }
            let Some(effect) = self.pending.pop_front() else { break };
            match effect {
                Effect::Send(transmission) => self.send(&transmission),
                Effect::AddAddresses { instance, addresses } => {
                    self.in_parts(&addresses, BATCH, |station, part| station.add(instance, part));
                }
                Effect::RemoveAddresses { instance: _, addresses, forced } => {
                    self.in_parts(&addresses, BATCH, |station, part| station.remove(part, forced));
                }
                Effect::Set { owner, items } => {
                    self.in_parts(&items, BATCH, |station, part| station.set(owner, part));
                }
                Effect::Unset { owner: _, items } => self.in_parts(&items, BATCH, Station::unset),
                Effect::PromoteSecondaries { index, on } => {
                    if let Err(failure) = self.items.promote_secondaries(index, on) {
                        self.reporter.report(Event::CannotPromote { index, error: failure.to_string() });
                    }
                }
                Effect::Announce(announcements) => self.in_parts(&announcements, ANNOUNCEMENTS, Station::announce),
                Effect::Bar(fresh) => self.keeping.bar(fresh),
                Effect::Unbar(gone) => self.keeping.unbar(&gone),
                Effect::OpenSocket(key) => self.open_socket(key),
                Effect::ReceiveBuffer { socket, bytes } => self.widen(&socket, bytes),
                Effect::CloseSocket(key) => self.sockets.retain(|ear| ear.key != key),
                Effect::Report(event) => self.reporter.report(event),
                Effect::Notify(notification) => self.outbox.push_back(ToSupervisor::Notify(notification)),
            }
        }
        // A thousand routers that become Master at once are tens of thousands of effects, once.
        self.pending.shrink_to(USUAL);
    }

    /// A long list a few at a time, with a look at the clock before each part.
    fn in_parts<Entry>(&mut self, all: &[Entry], most: usize, mut act: impl FnMut(&mut Station, &[Entry])) {
        for part in all.chunks(most) {
            self.keep_time();
            act(self, part);
        }
    }

    /// Adverts that have become due meanwhile go before anything else: the kernel works for milliseconds on a long list
    /// of addresses, and a burst of announcements is as many lines for the log.
    pub(super) fn keep_time(&mut self) {
        self.bfd.keep_time();
        if self.machine.deadline().is_none_or(|deadline| deadline > clock::now()) {
            return;
        }
        if self.machine.listens_first(clock::now()) {
            self.hear_waiting();
            if self.machine.deadline().is_none_or(|deadline| deadline > clock::now()) {
                return;
            }
        }
        let mut effects = Vec::new();
        self.machine.set_wall_time(clock::wall());
        self.machine.handle(clock::now(), Input::Deadline, &mut effects);
        for effect in effects {
            match effect {
                Effect::Send(transmission) => {
                    self.open_first(&transmission.socket);
                    self.send(&transmission);
                }
                later => self.pending.push_back(later),
            }
        }
    }

    /// Opens a socket that is still to be opened: an address owner advertises in the moment it starts, and what is sent
    /// ahead of everything else is not to be lost for that.
    fn open_first(&mut self, wanted: &SocketKey) {
        if self.sockets.iter().any(|ear| ear.key == *wanted) {
            return;
        }
        let opens = |effect: &Effect| matches!(effect, Effect::OpenSocket(key) if key == wanted);
        let Some(at) = self.pending.iter().position(opens) else { return };
        if let Some(Effect::OpenSocket(key)) = self.pending.remove(at) {
            self.open_socket(key);
        }
    }

    fn send(&mut self, transmission: &Transmission) {
        let Transmission { socket, source, destination, hop_limit, bytes } = transmission;
        let Some(ear) = self.sockets.iter().find(|ear| ear.key == *socket) else { return };
        match ear.socket.send(*source, *destination, *hop_limit, bytes) {
            Ok(()) => {
                if self.unreachable.remove(destination) {
                    self.reporter.report(Event::SendsAgain { destination: *destination });
                }
            }
            Err(error) => {
                if self.unreachable.insert(*destination) {
                    self.reporter.report(Event::CannotSend { destination: *destination, error: error.to_string() });
                }
            }
        }
    }

    fn add(&mut self, instance: InstanceId, addresses: &[Placement]) {
        let refused = match self.addresses.add(addresses) {
            Ok(refused) => {
                refused.into_iter().filter_map(|(place, errno)| Some((addresses.get(place)?, errno))).collect()
            }
            Err(failure) => self.missing(addresses, &failure),
        };
        for (placement, errno) in refused {
            self.refused(placement, true, errno);
            self.inputs.push_back(Input::AddressRefused { instance, address: placement.address.clone() });
        }
    }

    /// Those that are not there after answers were lost, with the errno of what failed.
    fn missing<'a>(&mut self, wanted: &'a [Placement], failure: &Failure) -> Vec<(&'a Placement, i32)> {
        let errno = errno(failure);
        let present = self.read_back(failure);
        let there = |placement: &&Placement| present.contains(&(placement.index.0, placement.address.cidr));
        wanted.iter().filter(|placement| !there(placement)).map(|placement| (placement, errno)).collect()
    }

    fn remove(&mut self, addresses: &[Placement], forced: bool) {
        match self.addresses.remove(addresses, forced) {
            Ok(refused) => {
                for (place, errno) in refused {
                    if let Some(placement) = addresses.get(place) {
                        self.refused(placement, false, errno);
                    }
                }
            }
            Err(failure) => {
                let present = self.read_back(&failure);
                let there = |placement: &&Placement| present.contains(&(placement.index.0, placement.address.cidr));
                for placement in addresses.iter().filter(there) {
                    // Once more, alone: an address that stays would answer for us while another holds it.
                    match self.addresses.remove(std::slice::from_ref(placement), forced) {
                        Ok(refused) if refused.is_empty() => {}
                        Ok(_) | Err(_) => self.refused(placement, false, errno(&failure)),
                    }
                }
            }
        }
    }

    fn set(&mut self, owner: Owner, items: &[Item]) {
        let refused = match self.items.set(items) {
            Ok(refused) => refused,
            Err(failure) => self.one_by_one(items, &failure, Items::set),
        };
        for (place, errno) in refused {
            let Some(item) = items.get(place) else { continue };
            self.reporter.report(Event::ItemRefused { item: item.clone(), adding: true, errno });
            self.inputs.push_back(Input::ItemRefused { owner, item: item.clone() });
        }
    }

    fn unset(&mut self, items: &[Item]) {
        let refused = match self.items.unset(items) {
            Ok(refused) => refused,
            Err(failure) => self.one_by_one(items, &failure, Items::unset),
        };
        for (place, errno) in refused {
            let Some(item) = items.get(place) else { continue };
            self.reporter.report(Event::ItemRefused { item: item.clone(), adding: false, errno });
        }
    }

    /// After answers were lost: each once more, alone, which does no harm to those that are done.
    fn one_by_one(
        &mut self,
        items: &[Item],
        failure: &Failure,
        act: impl Fn(&mut Items, &[Item]) -> Result<Vec<Refused>, Failure>,
    ) -> Vec<Refused> {
        self.reporter.report(Event::AnswersLost { error: failure.to_string() });
        let mut refused = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let again = self.fresh_items().and_then(|()| act(&mut self.items, std::slice::from_ref(item)));
            match again {
                Ok(answers) => refused.extend(answers.first().map(|(_, errno)| (place, *errno))),
                Err(failure) => refused.push((place, errno(&failure))),
            }
        }
        refused
    }

    /// A new socket is a new doer to the kernel.
    fn fresh_items(&mut self) -> Result<(), Failure> {
        self.items.reopen()?;
        self.monitor.set_doer(self.items.port()?);
        Ok(())
    }

    fn refused(&self, placement: &Placement, adding: bool, errno: i32) {
        let (address, index) = (placement.address.cidr, placement.index);
        self.reporter.report(Event::AddressRefused { address, index, adding, errno });
    }

    /// The addresses that are there, after answers were lost; none when they cannot be read either.
    fn read_back(&mut self, failure: &Failure) -> Vec<(u32, Cidr)> {
        self.reporter.report(Event::AnswersLost { error: failure.to_string() });
        let read = self.addresses.reopen().map_err(Failure::from).and_then(|()| self.addresses.present());
        match read {
            Ok(present) => present.iter().map(|address| (address.index.0, address.cidr)).collect(),
            Err(failure) => {
                self.reporter.report(Event::AnswersLost { error: failure.to_string() });
                Vec::new()
            }
        }
    }

    fn announce(&mut self, announcements: &[Announcement]) {
        let mut told = false;
        for Announcement { index, hardware, address, router } in announcements {
            if let Err(error) = self.announcer.announce(*index, *hardware, *address, *router)
                && !told
            {
                told = true;
                let error = error.to_string();
                self.reporter.report(Event::CannotAnnounce { address: *address, index: *index, error });
            }
        }
    }

    fn widen(&self, key: &SocketKey, bytes: u32) {
        let Some(ear) = self.sockets.iter().find(|ear| ear.key == *key) else { return };
        if let Err(error) = ear.socket.set_receive_buffer(bytes) {
            self.reporter.report(Event::CannotReceive { error: format!("receive buffer of {bytes} bytes: {error}") });
        }
    }

    fn open_socket(&mut self, key: SocketKey) {
        if self.sockets.iter().any(|ear| ear.key == key) {
            return;
        }
        match VrrpSocket::open(&key) {
            Ok(socket) => self.sockets.push(Ear::new(key, socket)),
            Err(error) => self.inputs.push_back(Input::SocketRefused { socket: key, error: error.to_string() }),
        }
    }
}

/// The number for the log line: what failed, or EIO when the failure has none.
fn errno(failure: &Failure) -> i32 {
    match failure {
        Failure::Socket(error) => error.raw_os_error().unwrap_or(nix::libc::EIO),
        Failure::Refused(errno) => *errno,
        Failure::Garbled(_) => nix::libc::EIO,
    }
}
