//! the adverts that a virtual router sends.

use std::net::IpAddr;

use super::Transmission;
use super::instance::VirtualRouter;
use crate::base::name::Priority;
use crate::base::net::Family;
use crate::base::time::WallTime;
use crate::model::vrrp::{Instance, OldChecksum, Transport};
use crate::wire::advert::{Advert, ChecksumForm, Envelope};
use crate::wire::ip::TTL;

/// Over what this instance's version 3 checksums run on sending.
/// `old`: to a peer that was seen to use the old form (VR-22).
fn checksum(instance: &Instance, old: bool) -> ChecksumForm {
    if instance.v3_checksum_as_v2 {
        return ChecksumForm::AsVersion2;
    }
    match (&instance.transport, instance.old_unicast_checksum) {
        (Transport::Unicast { .. }, OldChecksum::Always) => ChecksumForm::Group(instance.multicast_group4),
        (Transport::Unicast { .. }, OldChecksum::Auto) if old => ChecksumForm::Group(instance.multicast_group4),
        (Transport::Unicast { .. } | Transport::Multicast { .. }, _) => ChecksumForm::PseudoHeader,
    }
}

/// As `checksum`, for what is received: unless the file decides it, both forms are right.
pub fn expected_checksum(instance: &Instance) -> ChecksumForm {
    match (&instance.transport, instance.old_unicast_checksum, checksum(instance, false)) {
        (Transport::Unicast { .. }, OldChecksum::Auto, ChecksumForm::PseudoHeader) => {
            ChecksumForm::PseudoHeaderOrGroup(instance.multicast_group4)
        }
        (_, _, form) => form,
    }
}

impl VirtualRouter {
    /// One advert: a datagram to the group, or one to each peer. Empty without an address to send from (VR-154) or
    /// without a socket. All copies carry the same identification, sequence number and trailer (VR-25, VR-37, VR-46).
    pub(super) fn advert(&mut self, priority: Priority, wall: WallTime) -> Vec<Transmission> {
        let (Some(source), Some(socket)) = (self.source, self.socket.clone()) else { return Vec::new() };
        let model = self.model.0.clone();
        if model.authentication.is_ah() {
            self.sequence.sent();
        }
        // VR-25: the first is 1, and 0 is left out.
        self.tally.identification = self.tally.identification.checked_add(1).unwrap_or(1);
        let advert = Advert {
            version: model.version,
            vrid: model.vrid,
            priority,
            interval: model.advert_interval,
            authentication: model.authentication,
            addresses: model.virtual_addresses.iter().map(|address| address.cidr.address).collect(),
        };
        let trailer = self.trailer(source, &advert.packet(Family::of(source)), wall);
        let (destinations, ttl): (Vec<IpAddr>, Option<u8>) = match &model.transport {
            Transport::Multicast { group } => (vec![*group], None),
            Transport::Unicast { peers, ttl, .. } => (peers.iter().map(|peer| peer.address).collect(), *ttl),
        };
        let transmission = |destination: IpAddr| {
            let envelope = Envelope {
                source,
                destination,
                ttl: ttl.unwrap_or(TTL),
                id: self.tally.identification,
                checksum: checksum(&model, self.old_checksums.contains(&destination)),
                sequence: self.sequence.value(),
            };
            let mut bytes = Vec::new();
            advert.to_wire_with(&envelope, trailer.as_ref().map_or(&[], |trailer| trailer), &mut bytes);
            let hop_limit = if source.is_ipv6() { ttl } else { None };
            Transmission { socket: socket.clone(), source, destination, hop_limit, bytes }
        };
        destinations.into_iter().map(transmission).collect()
    }
}
