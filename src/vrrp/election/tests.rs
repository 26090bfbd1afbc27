use super::*;

fn priorities() -> impl Iterator<Item = Priority> {
    (0..=255).map(Priority)
}

/// VR-134, VR-135, VR-136, VR-137, VR-140: every pair of priorities, with every kind of preemption.
#[test]
fn a_backup_accepts_what_may_be_its_master() {
    for ours in priorities().skip(1) {
        for theirs in priorities() {
            for (preempt, delaying) in [(true, false), (true, true), (false, false)] {
                let judged = as_backup(ours, theirs, preempt, delaying);
                let expected = match theirs.0 {
                    0 => AsBackup::Released,
                    _ if theirs >= ours => AsBackup::Accepted,
                    _ if preempt && !delaying => AsBackup::Discarded,
                    _ => AsBackup::Accepted,
                };
                assert_eq!(judged, expected, "ours {ours}, theirs {theirs}, preempt {preempt}, delaying {delaying}");
            }
        }
    }
}

/// VR-148, VR-149: equal priorities are decided by the addresses as numbers; exactly one of two gives way.
#[test]
fn a_tie_is_decided_by_the_address() {
    let addresses = ["10.0.0.2", "10.0.0.10", "9.255.255.255", "192.168.0.1"].map(|text| text.parse().unwrap());
    for one in addresses {
        for other in addresses {
            let judged = as_master(Priority(100), Some(one), Priority(100), other);
            let expected = match one.cmp(&other) {
                std::cmp::Ordering::Less => AsMaster::HigherAddress,
                std::cmp::Ordering::Equal => AsMaster::OurAddress,
                std::cmp::Ordering::Greater => AsMaster::Lower,
            };
            assert_eq!(judged, expected, "we are {one}, they are {other}");
        }
    }
    let (low, high): (IpAddr, IpAddr) = ("fe80::9".parse().unwrap(), "fe80::10".parse().unwrap());
    assert_eq!(as_master(Priority(1), Some(low), Priority(1), high), AsMaster::HigherAddress);
    assert_eq!(as_master(Priority(1), None, Priority(1), low), AsMaster::HigherAddress);
}

/// VR-146, VR-148: priority decides first, whatever the addresses.
#[test]
fn a_master_yields_to_a_higher_priority_only() {
    let (us, them) = ("10.0.0.2".parse().unwrap(), "10.0.0.1".parse().unwrap());
    for ours in priorities().skip(1) {
        for theirs in priorities() {
            let judged = as_master(ours, Some(us), theirs, them);
            let expected = match theirs.0 {
                0 => AsMaster::Released,
                _ if theirs > ours => AsMaster::Higher,
                255 => AsMaster::OwnerBelow,
                _ => AsMaster::Lower,
            };
            assert_eq!(judged, expected, "ours {ours}, theirs {theirs}");
        }
    }
}

/// VR-150: two owners.
#[test]
fn of_two_owners_the_lower_address_gives_way() {
    let (low, high) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    assert_eq!(as_master(Priority::OWNER, Some(low), Priority::OWNER, high), AsMaster::OwnerAbove);
    assert_eq!(as_master(Priority::OWNER, Some(high), Priority::OWNER, low), AsMaster::OwnerBelow);
    assert_eq!(as_master(Priority::OWNER, Some(high), Priority(254), low), AsMaster::Lower);
}
