//! One of every event, and more of those with several forms.

use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::bfd::{Diagnostic, State as BfdState};
use keepalived_rs::base::name::{
    BfdName, InstanceName, InterfaceName, Priority, ScriptName, SyncGroupName, TrackFileName, TrackGroupName,
    TrackProcessName,
};
use keepalived_rs::base::net::{Cidr, Endpoint, Family, InterfaceIndex};
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::event::Event;
use keepalived_rs::model::event::bfd::{Event as Bfd, ParameterLine, Parameters};
use keepalived_rs::model::event::check::{
    DnsFailure, Event as Check, HttpFailure, Kind, Obstacle, PingFailure, Retry, ScriptEnd, SmtpFailure, SmtpPeer,
    TcpFailure, Tested, UdpFailure,
};
use keepalived_rs::model::event::daemon::{Edge, Event as Daemon, FifoKind, Part, Weight};
use keepalived_rs::model::event::kernel::Event as Kernel;
use keepalived_rs::model::event::lvs::{Event as Lvs, Meddled};
use keepalived_rs::model::event::vrrp::{Event as Vrrp, Fact, FaultCause, Flaw, OldWords, TrailerFlaw};
use keepalived_rs::model::host::Placement;
use keepalived_rs::model::ipvs::{CommandName, ServiceKey};
use keepalived_rs::model::lvs::Protocol;
use keepalived_rs::model::route::{Action, Insertion, Item, Metrics, Route, RoutePlacement, Rule};
use keepalived_rs::model::track::ScriptOutcome;
use keepalived_rs::model::vrrp::{PollMethod, SocketAddress, SocketKey, State, VirtualAddress};

pub fn events() -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    all.extend(daemon().into_iter().map(Event::from));
    all.extend(vrrp().into_iter().map(Event::from));
    let named = |fact| Event::from(Vrrp::Instance { name: InstanceName::new("VI_1"), fact });
    all.extend(facts().into_iter().map(named));
    all.extend(flaws().into_iter().map(|flaw| named(Fact::Packet { from: address(2), flaw })));
    let mismatches = flaws().into_iter().chain([Flaw::Length { received: 60, expected: 32 }]).filter(Flaw::is_mismatch);
    all.extend(mismatches.map(|flaw| named(Fact::Mismatch { with: address(2), flaw })));
    let interface = Some(interface());
    for words in [OldWords::AddressCount, OldWords::Bogus { interface }, OldWords::Ignoring] {
        all.push(named(Fact::OldWords(words)));
    }
    all.extend(kernel().into_iter().map(Event::Kernel));
    all.extend(lvs().into_iter().map(Event::from));
    all.extend(check().into_iter().map(Event::from));
    all.extend(bfd().into_iter().map(Event::from));
    all
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn cidr(last: u8) -> Cidr {
    Cidr { address: address(last), prefix: 24 }
}

fn interface() -> InterfaceName {
    InterfaceName::new("eth0")
}

fn address_item() -> Item {
    let address = VirtualAddress {
        cidr: cidr(1),
        interface: Some(interface()),
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: u32::MAX,
        flags: 0,
        no_track: false,
    };
    Item::Address(Placement { index: InterfaceIndex(2), address: Arc::new(address) })
}

fn route_item() -> Item {
    let route = Arc::new(Route {
        destination: Cidr { address: address(0), prefix: 8 },
        kind: 1,
        kind_given: false,
        source: None,
        preferred_source: None,
        tos: 0,
        table: 254,
        protocol: 18,
        scope: None,
        metric: None,
        gateway: Some(address(9)),
        interface: Some(interface()),
        onlink: false,
        encap: None,
        expires: None,
        realms: None,
        metrics: Metrics::default(),
        preference: None,
        ttl_propagate: None,
        nexthops: Vec::new(),
        insertion: Insertion::Prepend,
        no_track: false,
    });
    Item::Route(RoutePlacement { route, index: Some(InterfaceIndex(2)), hops: Vec::new() })
}

fn rule_item() -> Item {
    Item::Rule(Arc::new(Rule {
        family: Family::V4,
        invert: false,
        from: Some(Cidr { address: address(0), prefix: 8 }),
        to: Some(Cidr { address: address(1), prefix: 32 }),
        priority: 16384,
        tos: 0,
        mark: None,
        mask: None,
        realms: None,
        suppress_prefix_length: None,
        suppress_group: None,
        input: None,
        output: None,
        tunnel: None,
        users: None,
        protocol: Some(18),
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        action: Action::Table(100),
        no_track: false,
    }))
}

fn daemon() -> Vec<Daemon> {
    let (path, error, server) = (|| text("/p"), || text("No such file"), || text("[10.0.0.9]:25"));
    let failed = |exit| Daemon::PermanentError { part: Part::Checkers, pid: 7, exit, why: text("load ip_vs") };
    vec![
        Daemon::Starting { version: text("Keepalived v1") },
        Daemon::RunningOn { system: text("Linux 6.1") },
        Daemon::CommandLine { words: vec![text("k"), text("-n")] },
        Daemon::OpeningFile { file: path() },
        Daemon::ConfigurationFile { file: path() },
        Daemon::Effective { line: "    priority 100".to_owned() },
        Daemon::Finding { weight: Weight::Error, text: text("(f: Line 1) Unknown keyword 'x'") },
        Daemon::Finding { weight: Weight::Warning, text: text("w") },
        Daemon::Finding { weight: Weight::Note, text: text("n") },
        Daemon::PartStarting { part: Part::Vrrp, pid: 7 },
        Daemon::PartStarting { part: Part::Checkers, pid: 7 },
        Daemon::StartupComplete,
        Daemon::ReloadComplete,
        Daemon::NothingToRun,
        Daemon::PidFileLocked { path: path() },
        Daemon::AlreadyRunning,
        Daemon::PidFileRefused { path: path(), error: error() },
        Daemon::CannotDetach { error: error() },
        Daemon::NoNamespace { name: text("ns"), error: error() },
        Daemon::Reloading,
        Daemon::ReloadQueued,
        Daemon::QueuedReload,
        Daemon::ReloadRefused { file: path(), why: text("(f: Line 1) x") },
        Daemon::CannotChange { what: "instance name" },
        Daemon::Stopping,
        Daemon::PartStopped { part: Part::Vrrp },
        Daemon::PartStopped { part: Part::Checkers },
        Daemon::PartOverdue { part: Part::Vrrp },
        Daemon::PartOverdue { part: Part::Checkers },
        Daemon::PartDied { part: Part::Vrrp, pid: 7 },
        Daemon::Panicked { thread: text("t"), message: text("m"), place: text("a.rs:1") },
        failed(1),
        failed(2),
        failed(4),
        Daemon::ProcessorTime { user: [0.010_865, 0.002], system: [0.005, 0.004] },
        Daemon::Stopped { version: text("Keepalived v1") },
        Daemon::CannotWriteStatistics { error: text("No space left on device (os error 28)") },
        Daemon::CoreFilesRefused { error: text("Read-only file system") },
        Daemon::NotYet { what: text("--snmp") },
        Daemon::SchedulingRefused { part: Part::Vrrp, what: "memory lock", error: error() },
        Daemon::SchedulingRefused { part: Part::Vrrp, what: "nice", error: error() },
        Daemon::ScriptRefused { script: path(), error: error() },
        Daemon::ScriptsWaiting { running: 256 },
        Daemon::ScriptsGivenUp { count: 3 },
        Daemon::TrackScriptBusy { script: text("chk"), timing_out: false },
        Daemon::TrackScriptBusy { script: text("chk"), timing_out: true },
        Daemon::TrackScriptStuck { script: text("chk"), pid: 8 },
        Daemon::FileNotInitialised { file: text("f"), error: text("Permission denied") },
        Daemon::FilesNotWatched { error: text("Too many open files") },
        Daemon::FileNumberInvalid { path: text("/run/f"), number: i64::MAX },
        Daemon::ProcessEventsRefused { error: text("Operation not permitted"), pause: Interval::from_millis(500) },
        Daemon::ProcessRoomRefused { error: text("Operation not permitted") },
        Daemon::ProcessEventsLost,
        Daemon::EdgeScript { edge: Edge::Startup, script: text("/bin/s") },
        Daemon::EdgeScriptTimedOut { edge: Edge::Shutdown },
        Daemon::EdgeScriptStuck { edge: Edge::Startup, pid: 4711 },
        Daemon::EdgeScriptFailed { edge: Edge::Startup, status: 3 },
        Daemon::ReloadCheckFailed { file: text("/tmp/check") },
        Daemon::TraceRefused { file: text("/x/y"), error: text("No such file or directory") },
        Daemon::ReloadScheduled { at: text("2026-11-25 07:16:57") },
        Daemon::ReloadRescheduled { from: text("2026-11-25 07:16:57"), to: text("2026-11-26 07:16:57") },
        Daemon::ReloadCancelled { at: text("2026-11-25 07:16:57") },
        Daemon::ReloadTimeInvalid { text: text("7:16"), past: false },
        Daemon::ReloadTimeInvalid { text: text("2020-11-25 07:16:57"), past: true },
        Daemon::WokeLate { by: Interval::from_millis(1_250) },
        Daemon::MoreUrgent { part: Part::Vrrp, priority: 3 },
        Daemon::FifoRefused { kind: FifoKind::Vrrp, path: path(), error: None },
        Daemon::FifoRefused { kind: FifoKind::Global, path: path(), error: Some(error()) },
        Daemon::FifoTwice { kind: FifoKind::Vrrp, path: path() },
        Daemon::FifoScriptEnded { kind: FifoKind::Lvs },
        Daemon::FifoLinesLost { kind: FifoKind::Global, count: 2 },
        Daemon::MailSent { server: server() },
        Daemon::MailUnreachable { server: server(), error: error() },
        Daemon::MailTimeout { server: server() },
        Daemon::MailRefused { server: server(), status: text("550") },
        Daemon::MailsGivenUp { count: 4 },
        Daemon::EventsLost { count: 5 },
    ]
}

fn vrrp() -> Vec<Vrrp> {
    let script = || ScriptName::new("chk");
    let failed = |outcome| Vrrp::ScriptFailed { script: script(), outcome };
    let socket = |ah, family, local| SocketKey { family, ah, interface: Some(InterfaceIndex(2)), local };
    let short = |family, ah| Vrrp::PacketTooShort { family, ah, length: 7 };
    vec![
        Vrrp::Syncing { group: SyncGroupName::new("G1"), state: State::Master },
        Vrrp::StartupDelayed { delay: Interval::from_millis(2500) },
        Vrrp::StartupDelayOver,
        Vrrp::ScriptStatus { script: script(), status: 1 },
        Vrrp::ScriptSucceeded { script: script() },
        failed(ScriptOutcome::Exited(1)),
        failed(ScriptOutcome::Signalled(9)),
        failed(ScriptOutcome::TimedOut),
        Vrrp::ScriptConsidered { script: script(), up: true },
        Vrrp::ScriptConsidered { script: script(), up: false },
        Vrrp::ProcessQuorum { process: TrackProcessName::new("p"), gained: true },
        Vrrp::ProcessQuorum { process: TrackProcessName::new("p"), gained: false },
        Vrrp::LinkAppeared { interface: interface() },
        Vrrp::LinkGone { interface: interface() },
        Vrrp::LinkRenamed { from: interface(), to: InterfaceName::new("eth1") },
        Vrrp::LinkUp { interface: interface(), polled: false },
        Vrrp::LinkUp { interface: interface(), polled: true },
        Vrrp::LinkDown { interface: interface(), polled: false },
        Vrrp::LinkDown { interface: interface(), polled: true },
        Vrrp::LinksPolled,
        Vrrp::LinksNotPolled { error: text("Too many open files") },
        Vrrp::PollMethodRefused { interface: interface(), wanted: PollMethod::Mii, used: PollMethod::Ethtool },
        Vrrp::LinkDelayed { interface: interface(), from: 0x11043, to: 0x1003, delay: Interval::from_millis(1_500) },
        Vrrp::SourceAssigned { address: address(1), interface: interface() },
        Vrrp::SourceGone { address: address(1), interface: interface() },
        Vrrp::AddressSeen { address: address(3), interface: interface(), gone: false },
        Vrrp::AddressSeen { address: address(3), interface: interface(), gone: true },
        Vrrp::AddressTaken { address: cidr(1), interface: interface() },
        Vrrp::ItemTaken { item: route_item() },
        Vrrp::ItemTaken { item: rule_item() },
        Vrrp::StaticRestored { item: address_item(), track_group: None },
        Vrrp::StaticRestored { item: route_item(), track_group: Some(TrackGroupName::new("TG_1")) },
        Vrrp::StaticRestored { item: rule_item(), track_group: None },
        Vrrp::StaticWaits { address: cidr(1), interface: interface() },
        Vrrp::ItemNoLonger { item: address_item() },
        Vrrp::ItemNoLonger { item: route_item() },
        Vrrp::ItemNoLonger { item: rule_item() },
        Vrrp::BlockRemoved { rules: false },
        Vrrp::BlockRemoved { rules: true },
        Vrrp::UnknownVrid { vrid: 9, interface: Some(interface()), from: address(2) },
        Vrrp::UnknownVrid { vrid: 9, interface: None, from: address(2) },
        short(Family::V4, false),
        short(Family::V4, true),
        short(Family::V6, false),
        Vrrp::Announced { interface: interface(), address: address(1) },
        Vrrp::Announced { interface: interface(), address: IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 1]) },
        Vrrp::SocketRefused {
            socket: socket(false, Family::V4, SocketAddress::Group(IpAddr::from([224, 0, 0, 18]))),
            error: text("Operation not permitted"),
        },
        Vrrp::SocketRefused {
            socket: socket(true, Family::V4, SocketAddress::Unicast(address(1))),
            error: text("Operation not permitted"),
        },
    ]
}

fn facts() -> Vec<Fact> {
    let entering =
        |state, initial| Fact::Entering { state, previous: State::Initialize, initial, priority: Priority(100) };
    let (theirs, ours, from) = (Priority(90), Priority(100), address(2));
    let (one, two) = (Interval::from_secs(1), Interval::from_secs(2));
    vec![
        entering(State::Backup, true),
        entering(State::Backup, false),
        entering(State::Master, false),
        entering(State::Fault, true),
        entering(State::Fault, false),
        Fact::AdvertTimeout,
        Fact::SettingAddresses,
        Fact::SettingExcludedAddresses,
        Fact::SettingRoutes,
        Fact::SettingRules,
        Fact::RemovingRoutes,
        Fact::RemovingRules,
        Fact::RemovingAddresses,
        Fact::RemovingExcludedAddresses,
        Fact::AddressNoLonger { address: cidr(1), interface: Some(interface()) },
        Fact::SentPriorityZero,
        Fact::BackupReceivedPriorityZero,
        Fact::MasterReceivedPriorityZero,
        Fact::LowerPriority { from, theirs, ours, forcing: true },
        Fact::LowerPriority { from, theirs, ours, forcing: false },
        Fact::LowerPriorityDiscarded { from, theirs },
        Fact::HigherPriority { from, theirs: Priority(110), ours },
        Fact::HigherAddress { from, priority: ours },
        Fact::OurAddress,
        Fact::MasterSet { master: from },
        Fact::MasterChanged { from, to: address(3) },
        Fact::PreemptDelayStarted { delay: Interval::from_millis(1500) },
        Fact::PreemptDelayStopped,
        Fact::IntervalLearned { from: one, to: two },
        Fact::IntervalReset { from: two, to: one },
        Fact::OwnerConflict { with: from },
        Fact::OwnerYields { to: from },
        Fact::RogueOwnerGone,
        Fact::PriorityRestored { priority: Priority(255) },
        Fact::PriorityChanged { from: ours, to: theirs },
        Fact::Fault(FaultCause::Interface(interface())),
        Fact::Fault(FaultCause::NoAddress(Family::V6)),
        Fact::Fault(FaultCause::Script(ScriptName::new("chk"))),
        Fact::Fault(FaultCause::Bfd(BfdName::new("b1"))),
        Fact::BfdTracked { session: BfdName::new("b1"), up: true },
        Fact::BfdTracked { session: BfdName::new("b1"), up: false },
        Fact::Fault(FaultCause::Socket),
        Fact::Stalled { late: Interval::from_secs(5), wait: Interval::from_micros(1_414_062) },
        Fact::StallOver,
        Fact::TakenOver { by: IpAddr::from([10, 0, 0, 2]), theirs: Priority(90) },
        Fact::TimerExpired { late: Interval::from_micros(5_000_123) },
        Fact::Fault(FaultCause::File { file: TrackFileName::new("f"), status: -254 }),
        Fact::Fault(FaultCause::Process(TrackProcessName::new("p"))),
        Fact::FileFault { file: TrackFileName::new("f") },
        Fact::FileFaultOver { file: TrackFileName::new("f") },
        Fact::PrioritySet { priority: Priority(90) },
        Fact::Fault(FaultCause::Configuration),
        Fact::BarringAddresses,
        Fact::UnbarringAddresses,
        Fact::Announcing { interface: interface(), address: address(1) },
    ]
}

fn flaws() -> Vec<Flaw> {
    let (ours, received) = (Interval::from_secs(1), Interval::from_secs(2));
    vec![
        Flaw::Destination { multicast: true },
        Flaw::Destination { multicast: false },
        Flaw::AuthenticationHeader { present: true },
        Flaw::AuthenticationHeader { present: false },
        Flaw::Length { received: 7, expected: 20 },
        Flaw::Length { received: 40, expected: 20 },
        Flaw::HopLimit { received: 64 },
        Flaw::Version { received: 3, expected: 2 },
        Flaw::AuthenticationType { received: 9 },
        Flaw::AuthenticationMismatch { received: 1, expected: 0 },
        Flaw::Password,
        Flaw::Integrity,
        Flaw::SecurityParametersIndex,
        Flaw::Sequence { received: 4, counter: 5 },
        Flaw::Interval { ours, received },
        Flaw::IntervalDiffers { ours, received },
        Flaw::Type { received: 2 },
        Flaw::TotalLength { stated: 40, received: 36 },
        Flaw::Checksum { version: 2 },
        Flaw::Checksum { version: 3 },
        Flaw::WeAreOwner,
        Flaw::AddressCount { received: 1, expected: 2 },
        Flaw::AddressMissing { vrid: 51, address: address(7) },
        Flaw::NotAPeer,
        Flaw::PeerHopLimit { received: 9, least: 10, most: 20 },
        Flaw::OldChecksum,
        Flaw::NewChecksum,
        Flaw::Trailer(TrailerFlaw::Missing),
        Flaw::Trailer(TrailerFlaw::Malformed),
        Flaw::Trailer(TrailerFlaw::Stale { ahead: -40, window: 30 }),
        Flaw::Trailer(TrailerFlaw::UnknownKey { id: 9 }),
        Flaw::Trailer(TrailerFlaw::Invalid),
        Flaw::Trailer(TrailerFlaw::Replayed),
        Flaw::ClockSkew { ahead: 16, window: 30 },
    ]
}

fn kernel() -> Vec<Kernel> {
    let (index, error) = (InterfaceIndex(2), || text("No buffer space available"));
    let (owner, vmac) = (|| InstanceName::new("VI_1"), || InterfaceName::new("vrrp.51"));
    let key = || text("ipv4/conf/all/rp_filter");
    vec![
        Kernel::AddressRefused { address: cidr(1), index, adding: true, errno: 1 },
        Kernel::AddressRefused { address: cidr(1), index, adding: false, errno: 99 },
        Kernel::ItemRefused { item: address_item(), adding: true, errno: 22 },
        Kernel::ItemRefused { item: address_item(), adding: false, errno: 22 },
        Kernel::ItemRefused { item: route_item(), adding: true, errno: 101 },
        Kernel::ItemRefused { item: route_item(), adding: false, errno: 22 },
        Kernel::ItemRefused { item: rule_item(), adding: true, errno: 22 },
        Kernel::ItemRefused { item: rule_item(), adding: false, errno: 22 },
        Kernel::CannotPromote { index, error: error() },
        Kernel::AnswersLost { error: error() },
        Kernel::MonitorFailed { error: error() },
        Kernel::CannotSend { destination: address(2), error: error() },
        Kernel::SendsAgain { destination: address(2) },
        Kernel::CannotAnnounce { address: address(1), index, error: error() },
        Kernel::CannotReceive { error: error() },
        Kernel::DeviceMade { owner: owner(), name: vmac(), ipvlan: false, adjusted: false },
        Kernel::DeviceMade { owner: owner(), name: vmac(), ipvlan: false, adjusted: true },
        Kernel::DeviceMade { owner: owner(), name: vmac(), ipvlan: true, adjusted: false },
        Kernel::DeviceRefused { owner: owner(), name: vmac(), ipvlan: false, error: error() },
        Kernel::DeviceRefused { owner: owner(), name: vmac(), ipvlan: true, error: error() },
        Kernel::DeviceReplaced { owner: owner(), name: vmac() },
        Kernel::DeviceRemoved { owner: owner(), name: vmac() },
        Kernel::DeviceNotRemoved { owner: owner(), name: vmac(), error: error() },
        Kernel::SettingMoved { key: key(), from: text("2"), to: text("0"), back: false },
        Kernel::SettingMoved { key: key(), from: text("0"), to: text("2"), back: true },
        Kernel::SettingRefused { key: key(), error: error() },
        Kernel::FirewallRefused { table: text("keepalived"), error: error() },
        Kernel::BarRefused { table: text("keepalived"), adding: true, error: error() },
        Kernel::BarRefused { table: text("keepalived"), adding: false, error: error() },
        Kernel::KeeperFailed { error: error() },
    ]
}

fn lvs() -> Vec<Lvs> {
    let (rs, vs) = (|| text("[10.0.0.9]:tcp:80"), || text("[10.0.0.1]:tcp:80"));
    let (quorum, hysteresis, sum) = (2, 1, 3);
    let at = Endpoint { address: address(1), port: 80 };
    let key = ServiceKey::Address { protocol: Protocol::Tcp, at };
    vec![
        Lvs::Initializing { again: false },
        Lvs::Initializing { again: true },
        Lvs::CannotInitialize { error: text("No such file or directory"), advice: "load ip_vs" },
        Lvs::Adopted { services: 1, destinations: 3 },
        Lvs::RealServerUp { real_server: rs(), virtual_server: vs(), inhibit: false },
        Lvs::RealServerUp { real_server: rs(), virtual_server: vs(), inhibit: true },
        Lvs::RealServerDown { real_server: rs(), virtual_server: vs(), inhibit: false },
        Lvs::RealServerDown { real_server: rs(), virtual_server: vs(), inhibit: true },
        Lvs::WeightChanged { real_server: rs(), virtual_server: vs(), from: 1, to: 2, active: true },
        Lvs::WeightChanged { real_server: rs(), virtual_server: vs(), from: 1, to: 2, active: false },
        Lvs::QuorumGained { virtual_server: vs(), quorum, hysteresis, sum },
        Lvs::QuorumLost { virtual_server: vs(), quorum, hysteresis, sum: 0 },
        Lvs::QuorumDownAtStart { virtual_server: vs(), quorum, hysteresis, sum: 0 },
        Lvs::SorryServerIn { sorry_server: rs(), virtual_server: vs(), inhibit: false },
        Lvs::SorryServerIn { sorry_server: rs(), virtual_server: vs(), inhibit: true },
        Lvs::SorryServerOut { sorry_server: rs(), virtual_server: vs(), inhibit: false },
        Lvs::SorryServerOut { sorry_server: rs(), virtual_server: vs(), inhibit: true },
        Lvs::AliveServersOut { virtual_server: vs() },
        Lvs::AliveServersIn { virtual_server: vs() },
        Lvs::ShuttingDown { real_server: rs(), virtual_server: vs(), inhibited: false },
        Lvs::ShuttingDown { real_server: rs(), virtual_server: vs(), inhibited: true },
        Lvs::Removing { real_server: rs(), virtual_server: vs(), inhibited: false },
        Lvs::VirtualServerRemoved { virtual_server: vs(), group: None },
        Lvs::VirtualServerRemoved { virtual_server: text("[g]:1"), group: Some(text("g")) },
        Lvs::RealServerGone { real_server: rs(), virtual_server: vs() },
        Lvs::GroupEntryGone { entry: vs(), group: text("g") },
        Lvs::GroupEntryAdded { entry: vs(), group: text("g") },
        Lvs::Drained { real_server: rs(), virtual_server: vs() },
        Lvs::PutRight { what: Meddled::Removed, service: key, destination: None },
        Lvs::PutRight { what: Meddled::Changed, service: key, destination: Some(at) },
        Lvs::PutRight { what: Meddled::Added, service: key, destination: Some(at) },
        Lvs::PutRightMore { entries: 9 },
        Lvs::Refused { command: CommandName::Add, errno: 17, service: Some(key), destination: None },
        Lvs::Refused { command: CommandName::AddDestination, errno: 1, service: Some(key), destination: Some(at) },
        Lvs::Refused { command: CommandName::Flush, errno: 12, service: None, destination: None },
        Lvs::MarksRefused { table: text("keepalived_ipvs"), error: text("Operation not supported") },
        Lvs::RoomRefused { setting: "lvs_netlink_cmd_rcv_bufs", error: text("Operation not permitted") },
        Lvs::AnswersLost { error: text("No buffer space available") },
    ]
}

fn check() -> Vec<Check> {
    let (rs, vs) = (|| text("[10.0.0.9]:tcp:80"), || text("[10.0.0.1]:tcp:80"));
    let path = || text("/index");
    let script = || text("/bin/check");
    let mut all = vec![
        Check::Activated { real_server: rs(), virtual_server: vs() },
        Check::TcpSucceeded { real_server: rs(), virtual_server: vs() },
        Check::TcpAttemptFailed { real_server: rs(), virtual_server: vs(), failure: TcpFailure::Timeout },
        Check::TcpAttemptFailed { real_server: rs(), virtual_server: vs(), failure: TcpFailure::Failed },
        Check::TcpFailed { real_server: rs(), virtual_server: vs(), retries: Some(3) },
        Check::TcpFailed { real_server: rs(), virtual_server: vs(), retries: None },
        Check::UrlSucceeded { real_server: rs(), virtual_server: vs(), path: path(), tested: Tested::Status },
        Check::UrlSucceeded { real_server: rs(), virtual_server: vs(), path: path(), tested: Tested::Digest },
        Check::UrlSucceeded { real_server: rs(), virtual_server: vs(), path: path(), tested: Tested::Regex },
        Check::BadRegex { pattern: text("a(b"), offset: 3, error: text("missing closing parenthesis") },
        Check::HttpSucceeded { real_server: rs(), virtual_server: vs() },
        Check::HttpFailed { real_server: rs(), virtual_server: vs(), tls: false, retries: Some(3) },
        Check::HttpFailed { real_server: rs(), virtual_server: vs(), tls: true, retries: None },
        Check::LengthDiffers { real_server: rs(), virtual_server: vs(), url: path(), announced: 5, received: 4 },
        Check::EndedWithoutClose { real_server: rs(), virtual_server: vs(), path: path() },
        Check::MiscSucceeded { real_server: rs(), virtual_server: vs(), script: script() },
        Check::BfdActivated,
        Check::TlsNotReady { why: "SSL error : Cant load key file... (/etc/k.pem: permission denied)".to_owned() },
        Check::Deactivated { real_server: rs(), virtual_server: vs() },
        Check::Suspended { real_server: rs(), virtual_server: vs() },
        Check::AddressChanged { address: [10, 1, 0, 100].into(), here: true },
        Check::AddressChanged { address: [10, 1, 0, 100].into(), here: false },
        Check::AddressesUnknown { error: "No buffer space available (os error 105)".to_owned() },
        Check::BfdState { real_server: rs(), virtual_server: vs(), session: BfdName::new("b1"), up: true },
        Check::BfdState { real_server: rs(), virtual_server: vs(), session: BfdName::new("b1"), up: false },
        Check::FileState { real_server: rs(), virtual_server: vs(), file: TrackFileName::new("f1"), up: true },
        Check::FileState { real_server: rs(), virtual_server: vs(), file: TrackFileName::new("f1"), up: false },
        Check::MiscLingers { real_server: rs(), virtual_server: vs(), script: script(), pid: 8 },
        Check::OpenFilesRaised { soft: 1024, hard: 4096 },
        Check::OpenFilesTooFew { wanted: 9000, limit: 1024, error: text("Operation not permitted") },
        Check::Crashed { real_server: rs(), virtual_server: vs(), error: text("planted") },
    ];
    all.extend(datagram_checks());
    for kind in [
        Kind::Tcp,
        Kind::Web,
        Kind::Smtp,
        Kind::Dns,
        Kind::Udp,
        Kind::Ping { v6: false },
        Kind::Ping { v6: true },
        Kind::Misc,
    ] {
        let error = || text("Permission denied");
        for obstacle in [Obstacle::Create { error: error() }, Obstacle::Bind { error: error() }] {
            all.push(Check::Rescheduled { real_server: rs(), virtual_server: vs(), kind, obstacle });
        }
    }
    let failures = [
        HttpFailure::Unreachable,
        HttpFailure::ConnectTimeout,
        HttpFailure::ConnectFailed,
        HttpFailure::Handshake,
        HttpFailure::Send,
        HttpFailure::FirstByteTimeout,
        HttpFailure::ReadTimeout { tls: false },
        HttpFailure::Read { tls: true },
        HttpFailure::NoHeader,
        HttpFailure::Status,
        HttpFailure::Digest,
        HttpFailure::Regex,
    ];
    for failure in failures {
        all.push(Check::HttpAttemptFailed { real_server: rs(), virtual_server: vs(), failure });
    }
    let failed =
        |end, retry| Check::MiscFailed { real_server: rs(), virtual_server: vs(), script: script(), end, retry };
    for end in [ScriptEnd::Exited(1), ScriptEnd::Signalled(9), ScriptEnd::TimedOut] {
        all.push(failed(end, Retry::Disabled));
    }
    for retry in [Retry::First { retries: 3 }, Retry::Next { retry: 2, retries: 3 }, Retry::Last { retries: 3 }] {
        all.push(failed(ScriptEnd::Exited(1), retry));
    }
    all
}

/// SMTP, DNS, UDP and PING.
fn datagram_checks() -> Vec<Check> {
    let (rs, vs) = (|| text("[10.0.0.9]:tcp:80"), || text("[10.0.0.1]:tcp:80"));
    let destination = Endpoint { address: address(8), port: 53 };
    let mut all = vec![
        Check::UdpSucceeded { real_server: rs(), virtual_server: vs() },
        Check::UdpAttemptFailed { real_server: rs(), virtual_server: vs(), failure: UdpFailure::Failed },
        Check::UdpAttemptFailed { real_server: rs(), virtual_server: vs(), failure: UdpFailure::Mismatch },
        Check::UdpFailed { real_server: rs(), virtual_server: vs(), retries: Some(3) },
        Check::UdpFailed { real_server: rs(), virtual_server: vs(), retries: None },
        Check::PingSucceeded { real_server: rs(), virtual_server: vs() },
        Check::PingAttemptFailed { real_server: rs(), virtual_server: vs(), failure: PingFailure::Timeout },
        Check::PingAttemptFailed {
            real_server: rs(),
            virtual_server: vs(),
            failure: PingFailure::Receive { v6: false },
        },
        Check::PingFailed { real_server: rs(), virtual_server: vs(), retries: Some(3) },
        Check::PingFailed { real_server: rs(), virtual_server: vs(), retries: None },
        Check::PingGroupRange { error: text("Read-only file system") },
        Check::SmtpSucceeded { real_server: rs(), virtual_server: vs() },
    ];
    for failure in [
        PingFailure::Send { v6: false, errno: 101 },
        PingFailure::Send { v6: true, errno: 101 },
        PingFailure::Receive { v6: false },
        PingFailure::Receive { v6: true },
        PingFailure::Short { v6: false, length: 3 },
        PingFailure::Type { v6: true, found: 130 },
        PingFailure::Sequence { expected: 7, received: 8 },
    ] {
        all.push(Check::PingOdd { real_server: rs(), virtual_server: vs(), failure });
    }
    let peer = SmtpPeer { destination, real_server: Endpoint { address: address(9), port: 80 } };
    for failure in [
        SmtpFailure::Unreachable,
        SmtpFailure::Refused,
        SmtpFailure::ConnectTimeout,
        SmtpFailure::ReadTimeout,
        SmtpFailure::Read,
        SmtpFailure::WriteTimeout,
        SmtpFailure::Write,
        SmtpFailure::Banner,
        SmtpFailure::Helo,
    ] {
        all.push(Check::SmtpFailed { real_server: rs(), virtual_server: vs(), peer, failure });
    }
    for (failure, retries) in [
        (DnsFailure::Unreachable(destination), None),
        (DnsFailure::Write, Some(0)),
        (DnsFailure::Timeout, Some(3)),
        (DnsFailure::Read { errno: 111, words: text("Connection refused") }, None),
        (DnsFailure::Rcode(3), None),
    ] {
        all.push(Check::DnsFailed { real_server: rs(), virtual_server: vs(), failure, retries });
    }
    all
}

fn bfd() -> Vec<Bfd> {
    let session = || BfdName::new("b1");
    let from = IpAddr::from([10, 1, 0, 11]);
    let entering = |state| {
        let (local, remote) = (Diagnostic::DetectionTimeExpired, Diagnostic::None);
        Bfd::Entering { session: session(), state, local, remote }
    };
    let parameters = Parameters {
        min_tx: Interval::from_secs(1),
        min_rx: Interval::from_millis(200),
        tx: Interval::from_secs(1),
        multiplier: 5,
        detection: Interval::from_secs(5),
    };
    let mut all: Vec<Bfd> = BfdState::ALL.into_iter().map(entering).collect();
    all.extend([
        Bfd::Expired { session: session(), detection: Interval::from_secs(1), overdue: Interval::from_micros(292) },
        Bfd::PollStarted { session: session() },
        Bfd::Bogus { from },
        Bfd::NoSession { from, discriminator: 0xab12 },
        Bfd::Authenticated { from },
        Bfd::AdministrativelyDown { from },
        Bfd::SocketRefused { session: session(), error: "Cannot assign requested address".to_owned() },
        Bfd::Deaf { multihop: false, error: "Address already in use".to_owned() },
        Bfd::Received { session: session(), up: true, delay: Interval::ZERO },
    ]);
    for line in [
        ParameterLine::Title,
        ParameterLine::Heads,
        ParameterLine::Local(parameters),
        ParameterLine::Remote(Parameters { min_tx: Interval::from_millis(100), ..parameters }),
        ParameterLine::DetectionTime { now: Interval::from_secs(1), before: Interval::from_secs(5) },
    ] {
        all.push(Bfd::Parameters { session: session(), line });
    }
    all
}
