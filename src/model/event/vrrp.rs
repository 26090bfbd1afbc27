//! Events of the VRRP task.

use std::net::IpAddr;

use crate::base::name::{
    BfdName, InstanceName, InterfaceName, Priority, ScriptName, SyncGroupName, TrackFileName, TrackGroupName,
    TrackProcessName,
};
use crate::base::net::{Cidr, Family};
use crate::base::time::Interval;
use crate::model::route::Item;
use crate::model::track::ScriptOutcome;
use crate::model::vrrp::{PollMethod, SocketKey, State};

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Something of one virtual router.
    Instance {
        name: InstanceName,
        fact: Fact,
    },
    /// The members of a sync group follow one of them (VR-247).
    Syncing {
        group: SyncGroupName,
        state: State,
    },
    /// `vrrp_startup_delay` (VR-130).
    StartupDelayed {
        delay: Interval,
    },
    StartupDelayOver,
    /// The exit status of a track script is another one than before (VR-221).
    ScriptStatus {
        script: ScriptName,
        status: i32,
    },
    ScriptSucceeded {
        script: ScriptName,
    },
    ScriptFailed {
        script: ScriptName,
        outcome: ScriptOutcome,
    },
    /// A script that is the same as before a reload keeps its result (VR-282).
    ScriptConsidered {
        script: ScriptName,
        up: bool,
    },
    /// Enough processes run, or no longer (VR-232).
    ProcessQuorum {
        process: TrackProcessName,
        gained: bool,
    },
    LinkAppeared {
        interface: InterfaceName,
    },
    LinkGone {
        interface: InterfaceName,
    },
    LinkRenamed {
        from: InterfaceName,
        to: InterfaceName,
    },
    /// `polled`: it was asked (VR-186).
    LinkUp {
        interface: InterfaceName,
        polled: bool,
    },
    LinkDown {
        interface: InterfaceName,
        polled: bool,
    },
    /// Links are asked for their state (VR-186).
    LinksPolled,
    LinksNotPolled {
        error: String,
    },
    /// A link that is asked does not answer by the method configured.
    PollMethodRefused {
        interface: InterfaceName,
        wanted: PollMethod,
        used: PollMethod,
    },
    /// A change of a link that counts when it has lasted for `delay` (VR-185); flags are IFF_*.
    LinkDelayed {
        interface: InterfaceName,
        from: u32,
        to: u32,
        delay: Interval,
    },
    /// An interface has an address to send adverts from (VR-209).
    SourceAssigned {
        address: IpAddr,
        interface: InterfaceName,
    },
    SourceGone {
        address: IpAddr,
        interface: InterfaceName,
    },
    /// `--address-monitoring` (IF-31).
    AddressSeen {
        address: IpAddr,
        interface: InterfaceName,
        gone: bool,
    },
    /// One of our addresses was removed by someone else (VR-159).
    AddressTaken {
        address: Cidr,
        interface: InterfaceName,
    },
    /// A route or rule of ours was removed by someone else (VR-261).
    ItemTaken {
        item: Item,
    },
    /// A static item that someone else removed, or that went with its interface, is put back (VR-236).
    StaticRestored {
        item: Item,
        track_group: Option<TrackGroupName>,
    },
    /// A static address whose interface is not there (yet).
    StaticWaits {
        address: Cidr,
        interface: InterfaceName,
    },
    /// A reload takes it away (VR-279).
    ItemNoLonger {
        item: Item,
    },
    /// A reload takes all routes, or all rules, of a block away.
    BlockRemoved {
        rules: bool,
    },
    /// `log_unknown_vrids` (VR-66).
    UnknownVrid {
        vrid: u8,
        interface: Option<InterfaceName>,
        from: IpAddr,
    },
    /// Too short to say whose it is (VR-65). Lengths in bytes.
    PacketTooShort {
        family: Family,
        ah: bool,
        length: usize,
    },
    /// One gratuitous ARP or neighbour advertisement leaves.
    Announced {
        interface: InterfaceName,
        address: IpAddr,
    },
    /// A socket could not be opened.
    SocketRefused {
        socket: SocketKey,
        error: String,
    },
}

/// What happened to one virtual router.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// `initial`: the first state after the start or after the instance was added.
    Entering {
        state: State,
        previous: State,
        initial: bool,
        priority: Priority,
    },
    AdvertTimeout,
    SettingAddresses,
    SettingRoutes,
    SettingRules,
    RemovingRoutes,
    RemovingRules,
    SettingExcludedAddresses,
    RemovingAddresses,
    RemovingExcludedAddresses,
    /// Packets to the addresses are dropped from now on (VR-264).
    BarringAddresses,
    UnbarringAddresses,
    /// A reload removed this address (VR-277).
    AddressNoLonger {
        address: Cidr,
        interface: Option<InterfaceName>,
    },
    SentPriorityZero,
    BackupReceivedPriorityZero,
    MasterReceivedPriorityZero,
    /// Master: `forcing` unless `lower_prio_no_advert`.
    LowerPriority {
        from: IpAddr,
        theirs: Priority,
        ours: Priority,
        forcing: bool,
    },
    /// Backup.
    LowerPriorityDiscarded {
        from: IpAddr,
        theirs: Priority,
    },
    HigherPriority {
        from: IpAddr,
        theirs: Priority,
        ours: Priority,
    },
    HigherAddress {
        from: IpAddr,
        priority: Priority,
    },
    /// An equal advert from our own address.
    OurAddress,
    MasterSet {
        master: IpAddr,
    },
    MasterChanged {
        from: IpAddr,
        to: IpAddr,
    },
    PreemptDelayStarted {
        delay: Interval,
    },
    PreemptDelayStopped,
    IntervalLearned {
        from: Interval,
        to: Interval,
    },
    IntervalReset {
        from: Interval,
        to: Interval,
    },
    /// Two owners (VR-150).
    OwnerConflict {
        with: IpAddr,
    },
    OwnerYields {
        to: IpAddr,
    },
    RogueOwnerGone,
    PriorityRestored {
        priority: Priority,
    },
    /// A tracked BFD session came up or went down (VR-314).
    BfdTracked {
        session: BfdName,
        up: bool,
    },
    PriorityChanged {
        from: Priority,
        to: Priority,
    },
    /// A tracked file says that the instance cannot work, or no longer (VR-227).
    FileFault {
        file: TrackFileName,
    },
    FileFaultOver {
        file: TrackFileName,
    },
    /// The effective priority after a tracked file's fault (VR-227).
    PrioritySet {
        priority: Priority,
    },
    /// We did not run: what was due came so much later. Nothing is sent for a time, to hear who is Master.
    Stalled {
        late: Interval,
        wait: Interval,
    },
    /// Nobody else spoke after a stall: we are Master still.
    StallOver,
    /// Another one has become Master while we did not run.
    TakenOver {
        by: IpAddr,
        theirs: Priority,
    },
    /// `timer_expired_backup`: adverts came so much too late that another must have taken over.
    TimerExpired {
        late: Interval,
    },
    /// Why an instance is in Fault from its first moment.
    Fault(FaultCause),
    /// A received packet was refused or is odd; once for each kind until the state changes (IF-226).
    Packet {
        from: IpAddr,
        flaw: Flaw,
    },
    /// The settings of another router differ from ours; once for each router and kind.
    Mismatch {
        with: IpAddr,
        flaw: Flaw,
    },
    /// What versions 1.x wrote behind such a packet, for those who search for it.
    OldWords(OldWords),
    /// Gratuitous ARPs or neighbour advertisements for an address are sent or queued.
    Announcing {
        interface: InterfaceName,
        address: IpAddr,
    },
}

/// Why a virtual router cannot work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCause {
    /// The interface is down or not there.
    Interface(InterfaceName),
    /// No address to send from.
    NoAddress(Family),
    Script(ScriptName),
    /// A tracked file; its number times the weight.
    File {
        file: TrackFileName,
        status: i64,
    },
    /// Too few or too many processes run.
    Process(TrackProcessName),
    /// A tracked BFD session is down.
    Bfd(BfdName),
    /// The socket could not be opened.
    Socket,
    /// Something in the file keeps it out of work for ever (VR-107, VR-113).
    Configuration,
}

/// What is wrong with a received packet. Lengths in bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// IPv6 (VR-69).
    Destination {
        multicast: bool,
    },
    /// An AH header that should not be there (`present`), or none where one should be (VR-70).
    AuthenticationHeader {
        present: bool,
    },
    Length {
        received: usize,
        expected: usize,
    },
    HopLimit {
        received: u8,
    },
    Version {
        received: u8,
        expected: u8,
    },
    AuthenticationType {
        received: u8,
    },
    AuthenticationMismatch {
        received: u8,
        expected: u8,
    },
    Password,
    Integrity,
    SecurityParametersIndex,
    Sequence {
        received: u32,
        counter: u32,
    },
    /// `auth_hmac` (VR-51).
    Trailer(TrailerFlaw),
    /// A good trailer, but the clocks differ by more than half of what is allowed (VR-53). Whole seconds that ours is
    /// ahead.
    ClockSkew {
        ahead: i64,
        window: u32,
    },
    /// Version 2: dropped (VR-79).
    Interval {
        ours: Interval,
        received: Interval,
    },
    /// Version 3: accepted (VR-82).
    IntervalDiffers {
        ours: Interval,
        received: Interval,
    },
    Type {
        received: u8,
    },
    TotalLength {
        stated: usize,
        received: usize,
    },
    Checksum {
        version: u8,
    },
    /// The owner listens to nobody (VR-85).
    WeAreOwner,
    /// Accepted (VR-87).
    AddressCount {
        received: usize,
        expected: usize,
    },
    /// Accepted (VR-87).
    AddressMissing {
        vrid: u8,
        address: IpAddr,
    },
    NotAPeer,
    PeerHopLimit {
        received: u8,
        least: u8,
        most: u8,
    },
    /// A peer that sums as version 1.3.6 and older did; from now on so do we for it (VR-22).
    OldChecksum,
    /// Such a peer sums as the RFC says now, and so do we for it.
    NewChecksum,
}

impl Flaw {
    /// Whether a setting that differs between the routers explains it.
    pub const fn is_mismatch(&self) -> bool {
        match self {
            Flaw::Destination { .. }
            | Flaw::AuthenticationHeader { .. }
            | Flaw::Length { .. }
            | Flaw::HopLimit { .. }
            | Flaw::Version { .. }
            | Flaw::AuthenticationType { .. }
            | Flaw::AuthenticationMismatch { .. }
            | Flaw::Password
            | Flaw::Integrity
            | Flaw::Interval { .. }
            | Flaw::IntervalDiffers { .. }
            | Flaw::Checksum { version: 3 }
            | Flaw::AddressCount { .. }
            | Flaw::AddressMissing { .. }
            | Flaw::NotAPeer
            | Flaw::PeerHopLimit { .. }
            | Flaw::Trailer(
                TrailerFlaw::Missing
                | TrailerFlaw::UnknownKey { .. }
                | TrailerFlaw::Invalid
                | TrailerFlaw::Stale { .. },
            )
            | Flaw::ClockSkew { .. } => true,
            Flaw::Trailer(TrailerFlaw::Malformed | TrailerFlaw::Replayed)
            | Flaw::SecurityParametersIndex
            | Flaw::Sequence { .. }
            | Flaw::Type { .. }
            | Flaw::TotalLength { .. }
            | Flaw::Checksum { .. }
            | Flaw::WeAreOwner
            | Flaw::OldChecksum
            | Flaw::NewChecksum => false,
        }
    }
}

/// Lines of versions 1.x that vendors' guides quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OldWords {
    AddressCount,
    Bogus { interface: Option<InterfaceName> },
    Ignoring,
}

/// What is wrong with the trailer of a signed advert, in the order in which it is looked at (VR-51).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailerFlaw {
    /// There is none.
    Missing,
    Malformed,
    /// Whole seconds that our clock is ahead of the sender's.
    Stale {
        ahead: i64,
        window: u32,
    },
    UnknownKey {
        id: u8,
    },
    Invalid,
    /// Its stamp is not later than the last one.
    Replayed,
}
