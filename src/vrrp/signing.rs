//! signed adverts: stamps to send, and what was received (`auth_hmac`, VR-46 … VR-55).

use std::net::IpAddr;

use super::instance::VirtualRouter;
use crate::base::time::WallTime;
use crate::model::event::vrrp::{Flaw, TrailerFlaw};
use crate::model::vrrp::{AntiReplay, AuthHmac, HmacMode, Transport};
use crate::wire::advert::Opened;
use crate::wire::trailer::{Signed, Stamp, TRAILER, Trailer};

/// Senders that are remembered on a LAN, where anybody may send (VR-52).
const SENDERS: usize = 4;

/// What must be remembered between signed adverts. A reload keeps it: what was sent before it is no news after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Signing {
    /// Of the last advert that we signed.
    sent: Option<Stamp>,
    /// Of the last good advert of each sender, the one that was heard last at the end.
    heard: Vec<(IpAddr, Stamp)>,
}

/// Why a trailer, or its absence, keeps an advert out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Trailer(TrailerFlaw),
    /// Signed well, but by nobody in `unicast_peer` (VR-52).
    Stranger,
}

impl Signing {
    /// The stamp of the next advert: of now, or the one after the last where the clock has not gone on (VR-47).
    fn stamp(&mut self, settings: &AuthHmac, wall: WallTime) -> Stamp {
        let now = Stamp::of(wall);
        let next = match self.sent {
            None => now,
            Some(last) if now.is_later_than(last) => now,
            Some(last) => match settings.anti_replay {
                // The clock was set back: nobody would believe the old stamps.
                AntiReplay::Time { window } if last.seconds_after(now) > i64::from(window) => now,
                AntiReplay::Time { .. } | AntiReplay::Monotonic => last.next(),
            },
        };
        self.sent = Some(next);
        next
    }

    /// VR-51. `None`: nothing to say; else a good advert from a clock that is far from ours.
    fn judge(
        &mut self,
        settings: &AuthHmac,
        peers: Option<&[IpAddr]>,
        opened: &Opened<'_>,
        wall: WallTime,
    ) -> Result<Option<Flaw>, Refusal> {
        let refused = |flaw| Err(Refusal::Trailer(flaw));
        let Some(bytes) = opened.trailer() else {
            return match settings.mode {
                HmacMode::Enforce => refused(TrailerFlaw::Missing),
                HmacMode::Permissive | HmacMode::ReceiveOnly => Ok(None),
            };
        };
        let Some(trailer) = Trailer::from_wire(bytes) else { return refused(TrailerFlaw::Malformed) };
        let now = Stamp::of(wall);
        let ahead = now.seconds_after(trailer.stamp);
        let window = match settings.anti_replay {
            AntiReplay::Time { window } => Some(window),
            AntiReplay::Monotonic => None,
        };
        if let Some(window) = window.filter(|window| ahead.unsigned_abs() > u64::from(*window)) {
            return refused(TrailerFlaw::Stale { ahead, window });
        }
        let Some(key) = settings.key(trailer.key) else {
            return refused(TrailerFlaw::UnknownKey { id: trailer.key });
        };
        let signed = opened.signed();
        if !trailer.is_genuine(&key.secret.0, &signed) {
            return refused(TrailerFlaw::Invalid);
        }
        if peers.is_some_and(|peers| !peers.contains(&signed.source)) {
            return Err(Refusal::Stranger);
        }
        let far = |mark: Stamp| window.is_some_and(|window| mark.seconds_after(now).unsigned_abs() > u64::from(window));
        let known = self.heard.iter().position(|(sender, _)| *sender == signed.source);
        if let Some(at) = known {
            let (_, mark) = self.heard.remove(at);
            if !far(mark) && !trailer.stamp.is_later_than(mark) {
                self.heard.insert(at, (signed.source, mark));
                return refused(TrailerFlaw::Replayed);
            }
        } else if peers.is_none() && self.heard.len() == SENDERS {
            self.heard.remove(0);
        }
        self.heard.push((signed.source, trailer.stamp));
        let skewed = window.filter(|window| ahead.unsigned_abs() > u64::from(*window) / 2);
        Ok(skewed.map(|window| Flaw::ClockSkew { ahead, window }))
    }
}

impl VirtualRouter {
    /// Signs once for all peers (VR-46); `None` where nothing is signed.
    pub(super) fn trailer(&mut self, source: IpAddr, packet: &[u8], wall: WallTime) -> Option<[u8; TRAILER]> {
        let settings = self.model.auth_hmac.clone().filter(|settings| settings.mode != HmacMode::ReceiveOnly)?;
        let key = settings.key(settings.active)?;
        let stamp = self.signing.stamp(&settings, wall);
        Some(Trailer::sign(key.id, &key.secret.0, stamp, &Signed { source, packet }).to_wire())
    }

    /// VR-75. What is to be said of an advert that passes.
    pub(super) fn judge_trailer(&mut self, opened: &Opened<'_>, wall: WallTime) -> Result<Option<Flaw>, Refusal> {
        let model = self.model.0.clone();
        let Some(settings) = &model.auth_hmac else { return Ok(None) };
        let peers: Option<Vec<IpAddr>> = match &model.transport {
            Transport::Multicast { .. } => None,
            Transport::Unicast { peers, .. } => Some(peers.iter().map(|peer| peer.address).collect()),
        };
        let judged = self.signing.judge(settings, peers.as_deref(), opened, wall);
        let statistics = &mut self.tally.statistics;
        if let Err(Refusal::Trailer(flaw)) = judged {
            *match flaw {
                TrailerFlaw::Missing => &mut statistics.hmac_missing,
                TrailerFlaw::Malformed => &mut statistics.hmac_malformed,
                TrailerFlaw::Stale { .. } => &mut statistics.hmac_stale,
                TrailerFlaw::UnknownKey { .. } => &mut statistics.hmac_unknown_key,
                TrailerFlaw::Invalid => &mut statistics.hmac_invalid,
                TrailerFlaw::Replayed => &mut statistics.hmac_replayed,
            } += 1;
        }
        judged
    }
}

#[cfg(test)]
mod tests;
