//! what is told of packets that are refused or odd, so that no number of them fills the log.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Packet;
use super::instance::{Turn, VirtualRouter};
use crate::base::time::{Interval, Time};
use crate::model::event::vrrp::{Fact, Flaw, OldWords, TrailerFlaw};

/// Routers to which advice is remembered; more than a LAN has of one virtual router. Others get none.
const ROUTERS: usize = 32;
/// Two routers that both advertise as Master change places with each advert; that makes nothing news sooner than this.
const PAUSE: Interval = Interval::from_secs(10);

/// What was told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Kinds of flaws since the state or the Master changed, a bit each (IF-226).
    kinds: u32,
    /// Kinds of which each router was told, a bit each; until a reload changes the instance.
    routers: BTreeMap<IpAddr, u32>,
    /// When another Master made all kinds news again.
    renewed: Option<Time>,
}

impl Told {
    /// All kinds are news again: the state changed.
    pub fn forget(&mut self) {
        self.kinds = 0;
    }

    /// As `forget`, for another Master.
    pub fn forget_for_master(&mut self, now: Time) {
        if self.renewed.is_none_or(|last| now.since(last) >= PAUSE) {
            self.renewed = Some(now);
            self.kinds = 0;
        }
    }

    fn is_news(&mut self, bit: u32) -> bool {
        let news = self.kinds & bit == 0;
        self.kinds |= bit;
        news
    }

    fn is_news_of(&mut self, router: IpAddr, bit: u32) -> bool {
        if self.routers.len() >= ROUTERS && !self.routers.contains_key(&router) {
            return false;
        }
        let told = self.routers.entry(router).or_default();
        let news = *told & bit == 0;
        *told |= bit;
        news
    }
}

impl VirtualRouter {
    /// The original's line once for each kind until the state or the Master changes, with the words of the 1.x versions
    /// behind it; and once for each router what differs between it and us.
    pub(super) fn flaw(&mut self, packet: &Packet, flaw: Flaw, turn: &mut Turn<'_>) {
        let bit = 1 << kind(&flaw);
        let from = packet.source;
        let (news, advice) = (self.told.is_news(bit), flaw.is_mismatch() && self.told.is_news_of(from, bit));
        if news {
            self.report(Fact::Packet { from, flaw: flaw.clone() }, turn);
            self.say_in_old_words(&flaw, turn);
        }
        if advice {
            self.report(Fact::Mismatch { with: from, flaw }, turn);
        }
    }

    /// Something that a peer changed: told once for each peer and way.
    pub(super) fn changed(&mut self, packet: &Packet, flaw: Flaw, turn: &mut Turn<'_>) {
        let from = packet.source;
        if self.told.is_news_of(from, 1 << kind(&flaw)) {
            self.report(Fact::Packet { from, flaw }, turn);
        }
    }

    fn say_in_old_words(&mut self, flaw: &Flaw, turn: &mut Turn<'_>) {
        let bogus = match flaw {
            Flaw::AddressCount { .. } => {
                self.report(Fact::OldWords(OldWords::AddressCount), turn);
                true
            }
            // Nothing was wrong with these in 1.x, or nothing is wrong with them at all.
            Flaw::IntervalDiffers { .. } | Flaw::ClockSkew { .. } | Flaw::WeAreOwner => false,
            _ => true,
        };
        if bogus {
            let interface = self.model.interface.clone();
            self.report(Fact::OldWords(OldWords::Bogus { interface }), turn);
            self.report(Fact::OldWords(OldWords::Ignoring), turn);
        }
    }
}

/// The place of its bit.
fn kind(flaw: &Flaw) -> u32 {
    match flaw {
        Flaw::Destination { .. } => 0,
        Flaw::AuthenticationHeader { .. } => 1,
        Flaw::Length { .. } => 2,
        Flaw::HopLimit { .. } => 3,
        Flaw::Version { .. } => 4,
        Flaw::AuthenticationType { .. } => 5,
        Flaw::AuthenticationMismatch { .. } => 6,
        Flaw::Password => 7,
        Flaw::Integrity => 8,
        Flaw::SecurityParametersIndex => 9,
        Flaw::Sequence { .. } => 10,
        Flaw::Interval { .. } => 11,
        Flaw::IntervalDiffers { .. } => 12,
        Flaw::Type { .. } => 13,
        Flaw::TotalLength { .. } => 14,
        Flaw::Checksum { .. } => 15,
        Flaw::WeAreOwner => 16,
        Flaw::AddressCount { .. } => 17,
        Flaw::AddressMissing { .. } => 18,
        Flaw::NotAPeer => 19,
        Flaw::PeerHopLimit { .. } => 20,
        Flaw::OldChecksum => 21,
        Flaw::Trailer(TrailerFlaw::Missing) => 22,
        Flaw::Trailer(TrailerFlaw::Malformed) => 23,
        Flaw::Trailer(TrailerFlaw::Stale { .. }) => 24,
        Flaw::Trailer(TrailerFlaw::UnknownKey { .. }) => 25,
        Flaw::Trailer(TrailerFlaw::Invalid) => 26,
        Flaw::Trailer(TrailerFlaw::Replayed) => 27,
        Flaw::ClockSkew { .. } => 28,
        Flaw::NewChecksum => 29,
    }
}
