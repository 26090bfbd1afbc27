//! Our table of the packet filter, by netlink: what replaces it is one batch, which the kernel takes whole or not at
//! all, and so is each change of its elements. No program is run: an element costs the VRRP thread as little as an
//! address, so it can be set before the address is (VR-266).

mod codec;
mod marks;
mod rules;

use std::io;

use netlink_sys::protocols::NETLINK_NETFILTER;
use nix::libc::{ENOENT, MSG_DONTWAIT};
use nix::sys::socket::{setsockopt, sockopt};

use self::codec::{Batch, DELSETELEM, GETRULE, NEWRULE, NEWSETELEM, NLM_F_ACK, NLM_F_DUMP};
pub use self::rules::Speaker;
use super::netlink::{Failure, frames};
use crate::base::net::Family;
use crate::model::device::{Barred, Firewall};
use crate::model::ipvs::Marking;

const DATAGRAM: usize = 64 << 10;
/// What every socket has room to send (net.core.wmem_default is more).
const SENT: usize = 64 << 10;
const NLMSG_DONE: u16 = 3;
const SUBSYSTEM: u16 = 10;
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// A socket to nf_tables.
#[derive(Debug)]
pub struct Nftables {
    socket: netlink_sys::Socket,
    sequence: u32,
    datagram: Vec<u8>,
}

impl Nftables {
    /// Errors: EPROTONOSUPPORT when the kernel has no nfnetlink.
    pub fn open() -> io::Result<Nftables> {
        let mut socket = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
        socket.bind_auto()?;
        socket.connect(&netlink_sys::SocketAddr::new(0, 0))?;
        Ok(Nftables { socket, sequence: 1, datagram: Vec::with_capacity(DATAGRAM) })
    }

    /// Replaces our table of both families in one step and sees that all rules are there. A table of that name which
    /// someone else left is gone (VR-266).
    ///
    /// Errors: EPERM without CAP_NET_ADMIN; ENOENT or EOPNOTSUPP when the kernel lacks a part of nf_tables.
    pub fn replace(&mut self, firewall: &Firewall, speakers: &[Speaker], barred: &[Barred]) -> Result<(), Failure> {
        let mut batch = Batch::begin(self.sequence);
        let wanted = FAMILIES.map(|family| rules::replace(&mut batch, family, firewall, speakers, barred));
        self.commit(batch)?;
        self.verify(&firewall.table, wanted)
    }

    /// Replaces our table of both families that marks packets for groups of virtual servers (LV-46) in one step; the
    /// one of another name that it follows goes in the same step.
    ///
    /// Errors: as for `replace`.
    pub fn mark(&mut self, marking: &Marking, before: Option<&str>) -> Result<(), Failure> {
        let mut batch = Batch::begin(self.sequence);
        for family in FAMILIES {
            if let Some(table) = before.filter(|table| **table != marking.table) {
                rules::remove(&mut batch, family, table);
            }
        }
        let wanted = FAMILIES.map(|family| marks::replace(&mut batch, family, marking));
        self.commit(batch)?;
        self.verify(&marking.table, wanted)
    }

    /// Sees that the rules of a new table are there.
    fn verify(&mut self, table: &str, wanted: [usize; 2]) -> Result<(), Failure> {
        for (family, wanted) in FAMILIES.into_iter().zip(wanted) {
            let found = self.count(family, table)?;
            if found != wanted {
                return Err(Failure::Garbled(format!("{found} of {wanted} rules are there")));
            }
        }
        Ok(())
    }

    /// Removes our table of both families; one that is not there is no error.
    pub fn remove(&mut self, table: &str) -> Result<(), Failure> {
        let mut batch = Batch::begin(self.sequence);
        for family in FAMILIES {
            rules::remove(&mut batch, family, table);
        }
        self.commit(batch)
    }

    /// Packets from and to these are dropped from now on.
    pub fn bar(&mut self, table: &str, barred: &[Barred]) -> Result<(), Failure> {
        self.elements(NEWSETELEM, table, barred)
    }

    /// No longer. One that is not there is no error.
    pub fn unbar(&mut self, table: &str, barred: &[Barred]) -> Result<(), Failure> {
        match self.elements(DELSETELEM, table, barred) {
            // The kernel took none of them back: each for itself.
            Err(Failure::Refused(ENOENT)) => {
                for one in barred {
                    match self.elements(DELSETELEM, table, std::slice::from_ref(one)) {
                        Ok(()) | Err(Failure::Refused(ENOENT)) => {}
                        Err(failure) => return Err(failure),
                    }
                }
                Ok(())
            }
            other => other,
        }
    }

    fn elements(&mut self, kind: u16, table: &str, barred: &[Barred]) -> Result<(), Failure> {
        if barred.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::begin(self.sequence);
        for (family, set, key) in barred.iter().map(rules::element) {
            batch.elements(kind, family, table, set, &[(key, Vec::new())]);
        }
        self.commit(batch)
    }

    /// Sends a batch; the first refusal of a message is the error, and nothing of the batch is then in force.
    fn commit(&mut self, mut batch: Batch) -> Result<(), Failure> {
        batch.end();
        let (first, next) = (batch.first, batch.next);
        self.sequence = next;
        if batch.bytes.len() > SENT {
            // A batch goes out whole, so the socket must have room for it.
            setsockopt(&self.socket, sockopt::SndBufForce, &(2 * batch.bytes.len())).map_err(io::Error::from)?;
        }
        self.socket.send(&batch.bytes, 0)?;
        // The kernel answers inside send(), and only what it refuses.
        loop {
            self.datagram.clear();
            match self.socket.recv(&mut self.datagram, MSG_DONTWAIT) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let refusal = frames(&self.datagram).find_map(|frame| {
                let ours = frame.sequence.wrapping_sub(first) < next.wrapping_sub(first);
                frame.status().filter(|errno| *errno != 0 && ours)
            });
            if let Some(errno) = refusal {
                self.drain();
                return Err(Failure::Refused(errno));
            }
        }
    }

    /// Throws away further answers to a batch that failed.
    fn drain(&mut self) {
        loop {
            self.datagram.clear();
            if self.socket.recv(&mut self.datagram, MSG_DONTWAIT).is_err() {
                return;
            }
        }
    }

    /// The rules of a table.
    fn count(&mut self, family: Family, table: &str) -> Result<usize, Failure> {
        let mut question = Batch { first: self.sequence, next: self.sequence, ..Batch::default() };
        question.message(GETRULE, NLM_F_DUMP | NLM_F_ACK, family, |to| {
            to.text(1, table);
        });
        self.sequence = question.next;
        self.socket.send(&question.bytes, 0)?;
        let mut rules = 0;
        loop {
            self.datagram.clear();
            self.socket.recv(&mut self.datagram, MSG_DONTWAIT)?;
            for frame in frames(&self.datagram).filter(|frame| frame.sequence == question.first) {
                match (frame.kind, frame.status()) {
                    (NLMSG_DONE, _) | (_, Some(0)) => return Ok(rules),
                    // Without a table it has none.
                    (_, Some(ENOENT)) => return Ok(0),
                    (_, Some(errno)) => return Err(Failure::Refused(errno)),
                    (kind, None) => rules += usize::from(kind == SUBSYSTEM << 8 | NEWRULE),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
