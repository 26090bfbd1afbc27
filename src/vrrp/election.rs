//! who wins: priority, address, preemption.

use std::net::IpAddr;

use crate::base::name::Priority;

/// What a Backup makes of an advert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsBackup {
    /// The Master leaves (priority 0): take over after the skew time (VR-134).
    Released,
    /// This is our Master: the down timer begins anew (VR-135, VR-137).
    Accepted,
    /// Lower than ours, and we preempt: the down timer runs on (VR-136).
    Discarded,
}

/// `delaying`: a preempt delay is configured and not over.
pub fn as_backup(ours: Priority, theirs: Priority, preempt: bool, delaying: bool) -> AsBackup {
    if theirs == Priority::RELEASE {
        AsBackup::Released
    } else if !preempt || theirs >= ours || delaying {
        AsBackup::Accepted
    } else {
        AsBackup::Discarded
    }
}

/// What a Master makes of an advert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsMaster {
    /// Another one leaves: say that we are here (VR-145).
    Released,
    /// Lower priority, or the same from a lower address (VR-146).
    Lower,
    /// VR-148.
    Higher,
    /// The same priority from a higher address (VR-148).
    HigherAddress,
    /// The same priority from our own address: an echo or a duplicate (VR-92).
    OurAddress,
    /// Both own the addresses, theirs is the higher one (VR-150).
    OwnerAbove,
    /// Both own the addresses, ours is the higher one (VR-150).
    OwnerBelow,
}

/// `our_address` is what our adverts are sent from; a Master without one loses every tie.
pub fn as_master(ours: Priority, our_address: Option<IpAddr>, theirs: Priority, their_address: IpAddr) -> AsMaster {
    if theirs == Priority::RELEASE {
        return AsMaster::Released;
    }
    if theirs != ours {
        return if theirs > ours { AsMaster::Higher } else { AsMaster::Lower };
    }
    // Numeric in network order (VR-149): `IpAddr` of one family compares by octets.
    let below = our_address.is_none_or(|our_address| our_address < their_address);
    match (our_address == Some(their_address), ours.is_owner(), below) {
        (true, _, _) => AsMaster::OurAddress,
        (false, true, true) => AsMaster::OwnerAbove,
        (false, true, false) => AsMaster::OwnerBelow,
        (false, false, true) => AsMaster::HigherAddress,
        (false, false, false) => AsMaster::Lower,
    }
}

#[cfg(test)]
mod tests;
