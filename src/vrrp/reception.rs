//! which received packets are adverts for us: the checks in the original's order (VR-68 … VR-91).

use super::Packet;
use super::instance::{Heard, Turn, VirtualRouter};
use super::send::expected_checksum;
use super::signing::Refusal;
use crate::base::name::{Priority, Version};
use crate::model::event::vrrp::Flaw;
use crate::model::vrrp::{Instance, State, Transport};
use crate::wire::advert::{Advert, Expected, Incoming, Received, Reject};

impl VirtualRouter {
    /// Checks one packet that carries our VRID; `None` when it changes nothing but counters.
    pub fn receive(&mut self, packet: &Packet, turn: &mut Turn<'_>) -> Option<Heard> {
        match self.state {
            // VR-68.
            State::Initialize | State::Fault => return None,
            State::Backup | State::Master => {}
        }
        let model = self.model.0.clone();
        let incoming = Incoming {
            source: packet.source,
            destination: packet.destination,
            hop_limit: packet.hop_limit,
            bytes: &packet.bytes,
        };
        let expected = Expected {
            version: model.version,
            authentication: model.authentication,
            interval: model.advert_interval,
            unicast: matches!(model.transport, Transport::Unicast { .. }),
            checksum: expected_checksum(&model),
            sequence: self.sequence.floor(),
            trailer: model.auth_hmac.is_some(),
        };
        let received = match self.read(&incoming, &expected, packet, turn) {
            Ok(received) => received?,
            Err(reject) => {
                self.refuse(reject, packet, turn);
                return None;
            }
        };
        let advert = received.advert;
        self.note_checksum(packet, received.old_checksum, turn);
        if let Some(number) = received.sequence {
            self.sequence.received(number);
        }
        if model.version == Version::V3 && advert.interval != model.advert_interval {
            let differs = Flaw::IntervalDiffers { ours: model.advert_interval, received: advert.interval };
            self.flaw(packet, differs, turn);
        }
        if model.owner_ignore_adverts && self.priority().is_owner() {
            self.flaw(packet, Flaw::WeAreOwner, turn);
            return None;
        }
        self.tally.statistics.adverts_received += 1;
        self.compare_addresses(&model, packet, &advert, turn);
        if !self.is_from_peer(&model, packet, turn) {
            return None;
        }
        if advert.priority == Priority::RELEASE {
            self.tally.statistics.priority_zero_received += 1;
        }
        Some(Heard {
            source: packet.source,
            priority: advert.priority,
            interval: advert.interval,
            sequence: received.sequence,
        })
    }

    /// The form of the packet, with its trailer judged at its place; `None`: the trailer was refused, which was told.
    fn read(
        &mut self,
        incoming: &Incoming<'_>,
        expected: &Expected,
        packet: &Packet,
        turn: &mut Turn<'_>,
    ) -> Result<Option<Received>, Reject> {
        let opened = Advert::open(incoming, expected)?;
        match self.judge_trailer(&opened, turn.wall) {
            Ok(None) => {}
            Ok(Some(odd)) => self.flaw(packet, odd, turn),
            Err(refusal) => {
                let flaw = match refusal {
                    Refusal::Trailer(flaw) => Flaw::Trailer(flaw),
                    Refusal::Stranger => Flaw::NotAPeer,
                };
                self.flaw(packet, flaw, turn);
                return Ok(None);
            }
        }
        opened.read(expected).map(Some)
    }

    /// VR-22, for each peer alone: one old peer must not lock out the others, nor itself once it is updated.
    fn note_checksum(&mut self, packet: &Packet, old: bool, turn: &mut Turn<'_>) {
        let known = self.old_checksums.contains(&packet.source);
        let is_peer = match &self.model.transport {
            Transport::Unicast { peers, .. } => peers.iter().any(|peer| peer.address == packet.source),
            Transport::Multicast { .. } => false,
        };
        if old == known || !is_peer {
            return;
        }
        if old {
            self.old_checksums.insert(packet.source);
            self.changed(packet, Flaw::OldChecksum, turn);
        } else {
            self.old_checksums.remove(&packet.source);
            self.changed(packet, Flaw::NewChecksum, turn);
        }
    }

    /// VR-87, VR-88: told and counted, but accepted.
    fn compare_addresses(&mut self, model: &Instance, packet: &Packet, advert: &Advert, turn: &mut Turn<'_>) {
        let (received, expected) = (advert.addresses.len(), model.virtual_addresses.len());
        let known = self.state == State::Backup && self.master == Some(packet.source);
        let flaw = if received != expected {
            Flaw::AddressCount { received, expected }
        } else if model.skip_check_adv_addr && known {
            return;
        } else {
            let own = model.virtual_addresses.iter().map(|address| address.cidr.address);
            let Some(address) = own.into_iter().find(|own| !advert.addresses.contains(own)) else { return };
            Flaw::AddressMissing { vrid: model.vrid.get(), address }
        };
        self.tally.statistics.address_list_errors += 1;
        self.flaw(packet, flaw, turn);
    }

    /// VR-89.
    fn is_from_peer(&mut self, model: &Instance, packet: &Packet, turn: &mut Turn<'_>) -> bool {
        let Transport::Unicast { peers, check_source: true, .. } = &model.transport else { return true };
        let Some(peer) = peers.iter().find(|peer| peer.address == packet.source) else {
            self.flaw(packet, Flaw::NotAPeer, turn);
            return false;
        };
        match packet.hop_limit {
            Some(received) if !(peer.min_ttl..=peer.max_ttl).contains(&received) => {
                self.tally.statistics.ttl_errors += 1;
                self.flaw(packet, Flaw::PeerHopLimit { received, least: peer.min_ttl, most: peer.max_ttl }, turn);
                false
            }
            // VR-90.
            Some(_) | None => true,
        }
    }

    fn refuse(&mut self, reject: Reject, packet: &Packet, turn: &mut Turn<'_>) {
        let version = match self.model.version {
            Version::V2 => 2,
            Version::V3 => 3,
        };
        let statistics = &mut self.tally.statistics;
        let flaw = match reject {
            // The router looked at the length and the VRID before it found us.
            Reject::TooShort { .. } | Reject::Vrid => return,
            // VR-78: silently.
            Reject::NextHeader { .. } => return,
            Reject::Destination6 => Flaw::Destination { multicast: packet.destination.is_multicast() },
            Reject::Destination4 => {
                statistics.address_list_errors += 1;
                Flaw::Destination { multicast: packet.destination.is_multicast() }
            }
            Reject::AuthenticationHeader { present } => {
                statistics.authentication_mismatches += 1;
                Flaw::AuthenticationHeader { present }
            }
            Reject::Length { received, expected } => {
                statistics.length_errors += 1;
                Flaw::Length { received, expected }
            }
            Reject::TotalLength { stated, received } => {
                statistics.length_errors += 1;
                Flaw::TotalLength { stated, received }
            }
            Reject::HopLimit { received } => {
                statistics.ttl_errors += 1;
                Flaw::HopLimit { received }
            }
            Reject::Version { received } => {
                statistics.version_errors += 1;
                Flaw::Version { received, expected: version }
            }
            Reject::AuthenticationType { received } => {
                statistics.authentication_type_errors += 1;
                Flaw::AuthenticationType { received }
            }
            Reject::AuthenticationMismatch { received, expected } => {
                statistics.authentication_mismatches += 1;
                Flaw::AuthenticationMismatch { received, expected }
            }
            Reject::Password => {
                statistics.authentication_failures += 1;
                Flaw::Password
            }
            Reject::Integrity => {
                statistics.authentication_failures += 1;
                Flaw::Integrity
            }
            Reject::SecurityParametersIndex { .. } => {
                statistics.authentication_failures += 1;
                Flaw::SecurityParametersIndex
            }
            Reject::Sequence { received, counter } => {
                statistics.authentication_failures += 1;
                Flaw::Sequence { received, counter }
            }
            // VR-79: no counter.
            Reject::Interval { received } => Flaw::Interval { ours: self.model.advert_interval, received },
            Reject::Type { received } => {
                statistics.type_errors += 1;
                Flaw::Type { received }
            }
            Reject::Checksum => {
                statistics.checksum_errors += 1;
                Flaw::Checksum { version }
            }
        };
        self.flaw(packet, flaw, turn);
    }
}

#[cfg(test)]
mod tests;
