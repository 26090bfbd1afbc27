//! Every row, in the original's words.

use super::*;
use crate::base::name::{InstanceName, InterfaceName, Priority, ScriptName, SyncGroupName};
use crate::base::net::{Cidr, InterfaceIndex};
use crate::base::time::Interval;
use crate::model::event::vrrp::{Fact, FaultCause, Flaw, TrailerFlaw};
use crate::model::vrrp::SocketKey;

fn ip(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}

fn eth0() -> InterfaceName {
    InterfaceName::new("eth0")
}

fn fact(fact: Fact) -> Event {
    Event::Instance { name: InstanceName::new("VI_1"), fact }
}

fn flaw(flaw: Flaw) -> Event {
    fact(Fact::Packet { from: ip("10.7.0.2"), flaw })
}

fn entering(state: State, initial: bool) -> Event {
    fact(Fact::Entering { state, previous: State::Initialize, initial, priority: Priority(100) })
}

/// As written without `-D`, and with it only where `detail` is true.
fn check(rows: Vec<(Event, bool, &str)>) {
    for (event, detail, message) in rows {
        let wording = wording(&event);
        assert_eq!(wording.message, message, "{event:?}");
        assert_eq!(wording.detail, detail, "{message}");
        assert_eq!(wording.ident, Ident::KeepalivedVrrp);
        if let Event::Instance { .. } = event {
            assert_eq!(wording.fields[0], ("instance", "VI_1".to_owned()), "{message}");
        }
    }
}

/// IF-269, IF-270, IF-271, IF-272, IF-273, IF-274, IF-275, IF-276, IF-280, IF-281, IF-282, IF-283, IF-284, IF-285,
/// IF-286, IF-287, IF-288, IF-289, IF-290, IF-291, IF-292, IF-293, IF-294, IF-295, IF-296, IF-298
#[test]
fn states_and_elections() {
    let from = || ip("10.7.0.2");
    let (theirs, ours) = (Priority(50), Priority(100));
    check(vec![
        (entering(State::Backup, true), false, "(VI_1) Entering BACKUP STATE (init)"),
        (entering(State::Fault, true), false, "(VI_1) Entering FAULT STATE (init)"),
        (entering(State::Master, false), false, "(VI_1) Entering MASTER STATE"),
        (entering(State::Backup, false), false, "(VI_1) Entering BACKUP STATE"),
        (entering(State::Fault, false), false, "(VI_1) Entering FAULT STATE"),
        (fact(Fact::AdvertTimeout), true, "(VI_1) Receive advertisement timeout"),
        (fact(Fact::SettingAddresses), true, "(VI_1) setting VIPs."),
        (fact(Fact::SettingExcludedAddresses), true, "(VI_1) setting E-VIPs."),
        (fact(Fact::RemovingAddresses), true, "(VI_1) removing VIPs."),
        (fact(Fact::RemovingExcludedAddresses), true, "(VI_1) removing E-VIPs."),
        (fact(Fact::BarringAddresses), true, "(VI_1) setting firewall drop rule"),
        (fact(Fact::UnbarringAddresses), true, "(VI_1) removing firewall drop rule"),
        (fact(Fact::SentPriorityZero), true, "(VI_1) sent 0 priority"),
        (fact(Fact::BackupReceivedPriorityZero), true, "(VI_1) Backup received priority 0 advertisement"),
        (fact(Fact::MasterReceivedPriorityZero), true, "(VI_1) Master received priority 0 message"),
        (
            fact(Fact::LowerPriority { from: from(), theirs, ours, forcing: true }),
            false,
            "(VI_1) Received advert from 10.7.0.2 with lower priority 50, ours 100, forcing new election",
        ),
        (
            fact(Fact::LowerPriority { from: from(), theirs, ours, forcing: false }),
            false,
            "(VI_1) Received advert from 10.7.0.2 with lower priority 50, ours 100",
        ),
        (
            fact(Fact::LowerPriorityDiscarded { from: from(), theirs }),
            false,
            "(VI_1) received lower priority (50) advert from 10.7.0.2 - discarding",
        ),
        (
            fact(Fact::HigherPriority { from: from(), theirs: ours, ours: Priority(90) }),
            false,
            "(VI_1) Master received advert from 10.7.0.2 with higher priority 100, ours 90",
        ),
        (
            fact(Fact::HigherAddress { from: from(), priority: ours }),
            false,
            "(VI_1) Master received advert from 10.7.0.2 with same priority 100 but higher IP address than ours",
        ),
        (
            fact(Fact::OurAddress),
            false,
            "(VI_1) WARNING - equal priority advert received from remote host with our IP address.",
        ),
        (fact(Fact::MasterSet { master: from() }), true, "(VI_1) master set to 10.7.0.2"),
        (
            fact(Fact::MasterChanged { from: from(), to: ip("10.7.0.3") }),
            true,
            "(VI_1) master changed from 10.7.0.2 to 10.7.0.3",
        ),
        (
            fact(Fact::PreemptDelayStarted { delay: Interval::from_millis(5_500) }),
            true,
            "(VI_1) start preempt delay (5.500000)",
        ),
        (fact(Fact::PreemptDelayStopped), true, "(VI_1) stop preempt delay"),
        (
            fact(Fact::IntervalLearned { from: Interval::from_secs(1), to: Interval::from_millis(300) }),
            false,
            "(VI_1) advertisement interval updated from 1000ms to 300ms by master",
        ),
        (
            fact(Fact::IntervalReset { from: Interval::from_millis(300), to: Interval::from_secs(1) }),
            true,
            "(VI_1) changing advert interval from 300ms to locally configured 1000ms",
        ),
        (
            fact(Fact::OwnerConflict { with: from() }),
            false,
            "(VI_1) CONFIGURATION ERROR: local instance and 10.7.0.2 are both configured as address owner, please \
             resolve",
        ),
        (
            fact(Fact::OwnerYields { to: from() }),
            false,
            "(VI_1) 10.7.0.2 is still advertising as address owner, please resolve - reducing our priority",
        ),
        (fact(Fact::RogueOwnerGone), false, "(VI_1): rogue address owner appears to have stopped advertising"),
        (
            fact(Fact::PriorityRestored { priority: Priority(255) }),
            false,
            "(VI_1) Restoring our priority to 255 since other address owner has disappeared",
        ),
        (
            Event::Syncing { group: SyncGroupName::new("G1"), state: State::Master },
            false,
            "VRRP_Group(G1) Syncing instances to MASTER state",
        ),
        (
            Event::Syncing { group: SyncGroupName::new("G1"), state: State::Fault },
            false,
            "VRRP_Group(G1) Syncing instances to FAULT state",
        ),
        (Event::StartupDelayed { delay: Interval::from_millis(2_500) }, false, "Delaying startup for 2.5 seconds"),
        (Event::StartupDelayOver, false, "Delayed start completed"),
    ]);
}

/// IF-303, IF-304, IF-305, IF-306, IF-309, IF-310, IF-311, IF-312, IF-315, IF-320, IF-321, IF-322, IF-323, IF-324,
/// IF-196, IF-302, IF-355, IF-356, IF-362
#[test]
fn tracking_and_the_host() {
    let script = || ScriptName::new("chk_a");
    let failed = |outcome| Event::ScriptFailed { script: script(), outcome };
    let fault = |cause| fact(Fact::Fault(cause));
    let cidr = Cidr { address: ip("10.7.0.100"), prefix: 24 };
    check(vec![
        (Event::ScriptStatus { script: script(), status: 1 }, false, "Script `chk_a` now returning 1"),
        (Event::ScriptSucceeded { script: script() }, false, "VRRP_Script(chk_a) succeeded"),
        (failed(ScriptOutcome::Exited(1)), false, "VRRP_Script(chk_a) failed (exited with status 1)"),
        (failed(ScriptOutcome::Signalled(9)), false, "VRRP_Script(chk_a) failed (due to signal 9)"),
        (failed(ScriptOutcome::TimedOut), false, "VRRP_Script(chk_a) timed_out"),
        (
            Event::ScriptConsidered { script: script(), up: true },
            false,
            "VRRP_Script(chk_a) considered successful on reload",
        ),
        (
            Event::ScriptConsidered { script: script(), up: false },
            false,
            "VRRP_Script(chk_a) considered unsuccessful on reload",
        ),
        (
            fact(Fact::PriorityChanged { from: Priority(100), to: Priority(90) }),
            false,
            "(VI_1) Changing effective priority from 100 to 90",
        ),
        (fault(FaultCause::Script(script())), false, "(VI_1): entering FAULT state due to script chk_a"),
        (fault(FaultCause::Interface(eth0())), false, "(VI_1): entering FAULT state (interface eth0 down)"),
        (fault(FaultCause::Socket), false, "(VI_1): entering FAULT state (src address not configured)"),
        (
            fault(FaultCause::NoAddress(Family::V6)),
            false,
            "(VI_1) entering FAULT state (no IPv6 address for interface)",
        ),
        (Event::LinkUp { interface: eth0(), polled: false }, false, "Netlink reports eth0 up"),
        (Event::LinkDown { interface: eth0(), polled: false }, false, "Netlink reports eth0 down"),
        (Event::LinkAppeared { interface: eth0() }, false, "Interface eth0 added"),
        (Event::LinkGone { interface: eth0() }, false, "Interface eth0 deleted"),
        (
            Event::LinkRenamed { from: eth0(), to: InterfaceName::new("wan") },
            false,
            "Interface name has changed from eth0 to wan",
        ),
        (
            Event::SourceAssigned { address: ip("10.7.0.1"), interface: eth0() },
            true,
            "Assigned address 10.7.0.1 for interface eth0",
        ),
        (
            Event::SourceGone { address: ip("10.7.0.1"), interface: eth0() },
            true,
            "Deassigned address 10.7.0.1 from interface eth0",
        ),
        (
            Event::AddressTaken { address: cidr, interface: eth0() },
            false,
            "Netlink reflector reports IP 10.7.0.100 removed from eth0",
        ),
        (
            fact(Fact::AddressNoLonger { address: cidr, interface: Some(eth0()) }),
            false,
            "(VI_1) ip address 10.7.0.100/24 dev eth0, no longer exist",
        ),
        (
            fact(Fact::Announcing { interface: eth0(), address: ip("10.7.0.100") }),
            true,
            "(VI_1) Sending/queueing gratuitous ARPs on eth0 for 10.7.0.100",
        ),
        (
            fact(Fact::Announcing { interface: eth0(), address: ip("fe80::52") }),
            true,
            "(VI_1) Sending/queueing Unsolicited Neighbour Adverts on eth0 for fe80::52",
        ),
        (
            Event::Announced { interface: eth0(), address: ip("10.7.0.100") },
            true,
            "Sending gratuitous ARP on eth0 for 10.7.0.100",
        ),
        (
            Event::Announced { interface: eth0(), address: ip("fe80::52") },
            true,
            "Sending unsolicited Neighbour Advert on eth0 for fe80::52",
        ),
    ]);
}

/// IF-328, IF-329, IF-330, IF-331, IF-332, IF-333, IF-334, IF-335, IF-336, IF-337, IF-338, IF-339, IF-340, IF-341, IF-342,
/// IF-343, IF-344, IF-345, IF-346, IF-347, IF-348, IF-350, IF-351
#[test]
fn packets() {
    let (one, five) = (Interval::from_secs(1), Interval::from_secs(5));
    check(vec![
        (
            flaw(Flaw::HopLimit { received: 64 }),
            false,
            "(VI_1) invalid TTL/HL from 10.7.0.2. Received 64 and expect 255",
        ),
        (
            flaw(Flaw::PeerHopLimit { received: 9, least: 10, most: 20 }),
            false,
            "(VI_1) TTL/HL 9 from 10.7.0.2 not in range [10, 20]",
        ),
        (
            flaw(Flaw::Version { received: 3, expected: 2 }),
            false,
            "(VI_1) wrong VRRP version from 10.7.0.2. Received 3 and expect 2",
        ),
        (flaw(Flaw::Type { received: 2 }), false, "(VI_1) Invalid packet type from 10.7.0.2. 2 and expect 1"),
        (
            flaw(Flaw::Length { received: 44, expected: 36 }),
            false,
            "(VI_1) vrrp packet from 10.7.0.2 too long, length 44 and expect 36",
        ),
        (
            flaw(Flaw::Length { received: 28, expected: 36 }),
            false,
            "(VI_1) vrrp packet from 10.7.0.2 too short, length 28 and expect 36",
        ),
        (
            flaw(Flaw::TotalLength { stated: 40, received: 42 }),
            false,
            "(VI_1) ip_tot_len mismatch against received length from 10.7.0.2. 40 and received 42",
        ),
        (
            Event::PacketTooShort { family: Family::V4, ah: false, length: 22 },
            false,
            "IPv4 VRRP packet too short - 22 bytes",
        ),
        (flaw(Flaw::AuthenticationType { received: 9 }), false, "(VI_1) Invalid auth type from 10.7.0.2: 9"),
        (
            flaw(Flaw::AuthenticationMismatch { received: 0, expected: 1 }),
            false,
            "(VI_1) received a 0 auth from 10.7.0.2, expecting 1!",
        ),
        (flaw(Flaw::Password), false, "(VI_1) received an invalid passwd from 10.7.0.2!"),
        (
            flaw(Flaw::AuthenticationHeader { present: true }),
            false,
            "(VI_1) Received AH header but auth type not AH from 10.7.0.2",
        ),
        (
            flaw(Flaw::AuthenticationHeader { present: false }),
            false,
            "(VI_1) No AH header but auth type is AH from 10.7.0.2",
        ),
        (
            flaw(Flaw::Integrity),
            false,
            "(VI_1) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !",
        ),
        (
            flaw(Flaw::Sequence { received: 4, counter: 5 }),
            false,
            "(VI_1) IPSEC-AH : sequence number 4 already processed. Packet dropped. Local(5)",
        ),
        (
            flaw(Flaw::Interval { ours: one, received: five }),
            false,
            "(VI_1) advertisement interval mismatch with 10.7.0.2 mine=1 sec rcv'd=5 sec",
        ),
        (
            flaw(Flaw::IntervalDiffers { ours: one, received: five }),
            false,
            "(VI_1) advertisement interval mismatch ours = 100 centi-sec rcv'd=500 centi-sec",
        ),
        (flaw(Flaw::Checksum { version: 2 }), false, "(VI_1) Invalid VRRPv2 checksum from 10.7.0.2"),
        (flaw(Flaw::OldChecksum), false, "(VI_1) Setting unicast VRRPv3 checksum to old version"),
        (flaw(Flaw::AddressCount { received: 1, expected: 2 }), false, "(VI_1) expected 2 VIPs but received 1"),
        (
            flaw(Flaw::AddressMissing { vrid: 51, address: ip("10.7.0.101") }),
            false,
            "(VI_1) ip address associated with VRID 51 not present in advert from 10.7.0.2: 10.7.0.101",
        ),
        (flaw(Flaw::Trailer(TrailerFlaw::Missing)), false, "(VI_1) missing authentication trailer from 10.7.0.2"),
        (
            flaw(Flaw::Trailer(TrailerFlaw::UnknownKey { id: 9 })),
            false,
            "(VI_1) unknown authentication key id 9 from 10.7.0.2",
        ),
        (flaw(Flaw::Trailer(TrailerFlaw::Invalid)), false, "(VI_1) invalid authentication HMAC from 10.7.0.2"),
        (
            flaw(Flaw::Trailer(TrailerFlaw::Stale { ahead: -40, window: 30 })),
            false,
            "(VI_1) stale authentication trailer from 10.7.0.2, clock skew -40 sec exceeds window 30 sec",
        ),
        (flaw(Flaw::Trailer(TrailerFlaw::Replayed)), false, "(VI_1) replayed authentication trailer from 10.7.0.2"),
        (flaw(Flaw::NotAPeer), false, "(VI_1) unicast source address 10.7.0.2 not a unicast peer"),
        (flaw(Flaw::WeAreOwner), false, "(VI_1) Dropping packet(s) from 10.7.0.2 since we are address owner"),
        (
            Event::UnknownVrid { vrid: 9, interface: Some(eth0()), from: ip("10.7.0.2") },
            false,
            "Unknown VRID(9) received on interface(eth0) from 10.7.0.2. ignoring...",
        ),
    ]);
}

/// A socket that cannot be opened is an error line that says which and why.
#[test]
fn refused_sockets_are_errors() {
    let socket = SocketKey {
        family: Family::V4,
        ah: false,
        interface: Some(InterfaceIndex(2)),
        local: SocketAddress::Group(ip("224.0.0.18")),
    };
    let wording = wording(&Event::SocketRefused { socket, error: "Operation not permitted".to_owned() });
    assert_eq!(wording.level, Level::Error);
    assert!(wording.message.contains("224.0.0.18") && wording.message.contains("Operation not permitted"));
}
