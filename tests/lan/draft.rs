//! Models in a line or two: what a configuration file would have become.

use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::{
    BfdName, FilePath, InterfaceName, Priority, ScriptName, SyncGroupName, TrackFileName, TrackProcessName, Vrid,
    Weight,
};
use keepalived_rs::base::net::{Cidr, Family};
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::notify::{Script, ScriptIdentity, StateScripts};
use keepalived_rs::model::track::{
    ProcessPattern, TrackEffect, TrackFile, TrackProcess, TrackScript, TrackedBfd, TrackedFile, TrackedInterface,
    TrackedProcess, TrackedScript,
};
use keepalived_rs::model::vrrp::{
    AntiReplay, AuthHmac, HmacKey, HmacMode, Instance, InstanceId, Secret, SyncGroup, Transport, UnicastPeer,
    VirtualAddress, Vrrp,
};

use super::packet::{GROUP4, GROUP6};

/// Version 2 for IPv4 and 3 for IPv6, multicast, one second, no address yet.
pub fn instance(name: &str, vrid: u8, interface: &str, priority: u8, family: Family) -> Instance {
    Instance {
        priority: Priority(priority),
        ..Instance::plain(name, Vrid::new(vrid).expect("a VRID is not 0"), interface, family)
    }
}

pub fn group(family: Family) -> IpAddr {
    match family {
        Family::V4 => GROUP4.into(),
        Family::V6 => GROUP6.into(),
    }
}

/// An address as one line of `virtual_ipaddress` gives it, on `interface`; the prefix is 24 or 64.
pub fn address(address: IpAddr, interface: &str) -> Arc<VirtualAddress> {
    Arc::new(VirtualAddress {
        cidr: Cidr { address, prefix: if address.is_ipv4() { 24 } else { 64 } },
        interface: Some(InterfaceName::new(interface)),
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: u32::MAX,
        flags: if address.is_ipv4() { 0 } else { 0x02 },
        no_track: false,
    })
}

pub fn unicast(peers: &[IpAddr]) -> Transport {
    let peers = peers.iter().map(|address| UnicastPeer { address: *address, min_ttl: 0, max_ttl: 255 }).collect();
    Transport::Unicast { peers, ttl: None, check_source: false }
}

/// Signed adverts; a sender's clock may be 5 s off.
pub fn signed() -> Arc<AuthHmac> {
    let secret = Secret(b"0123456789abcdef0123456789abcdef".to_vec());
    let keys = vec![HmacKey { id: 1, secret }];
    Arc::new(AuthHmac { keys, active: 1, mode: HmacMode::Enforce, anti_replay: AntiReplay::Time { window: 5 } })
}

pub fn sync_group(name: &str, members: Vec<InstanceId>) -> SyncGroup {
    SyncGroup {
        name: SyncGroupName::new(name),
        members,
        track_interfaces: Vec::new(),
        track_scripts: Vec::new(),
        track_bfds: Vec::new(),
        track_files: Vec::new(),
        track_processes: Vec::new(),
        tracking_weight: false,
        notify: StateScripts::default(),
        smtp_alert: false,
    }
}

pub fn script(name: &str, rise: u32, fall: u32) -> TrackScript {
    TrackScript {
        name: ScriptName::new(name),
        script: Script { argv: vec![format!("/usr/local/bin/{name}")], identity: ScriptIdentity::ROOT },
        interval: Interval::from_secs(1),
        timeout: Interval::from_secs(1),
        rise,
        fall,
        init_fail: false,
    }
}

pub fn track_script(name: &str, weight: i16, reverse: bool) -> TrackedScript {
    TrackedScript { script: ScriptName::new(name), effect: TrackEffect { weight: Weight(weight), reverse } }
}

/// A file that holds a number.
pub fn track_file(name: &str) -> TrackFile {
    TrackFile { name: TrackFileName::new(name), path: FilePath::new(&format!("/run/{name}")), init: None }
}

pub fn tracked_file(name: &str, weight: i16) -> TrackedFile {
    TrackedFile { file: TrackFileName::new(name), effect: TrackEffect { weight: Weight(weight), reverse: false } }
}

/// At least one must run.
pub fn track_process(name: &str, delay: Interval) -> TrackProcess {
    let pattern =
        ProcessPattern { path: name.to_owned(), arguments: Vec::new(), full_command: false, arguments_match: None };
    TrackProcess {
        name: TrackProcessName::new(name),
        pattern: Arc::new(pattern),
        quorum: 1,
        quorum_max: u32::MAX,
        terminate_delay: delay,
        fork_delay: delay,
    }
}

pub fn tracked_process(name: &str, weight: i16) -> TrackedProcess {
    let effect = TrackEffect { weight: Weight(weight), reverse: false };
    TrackedProcess { process: TrackProcessName::new(name), effect }
}

pub fn tracked_bfd(name: &str, weight: i16) -> TrackedBfd {
    TrackedBfd { session: BfdName::new(name), effect: TrackEffect { weight: Weight(weight), reverse: false } }
}

pub fn track_interface(name: &str, weight: i16, reverse: bool) -> TrackedInterface {
    TrackedInterface { interface: InterfaceName::new(name), effect: TrackEffect { weight: Weight(weight), reverse } }
}

pub fn model(instances: Vec<Instance>, groups: Vec<SyncGroup>, scripts: Vec<TrackScript>) -> Vrrp {
    Vrrp {
        instances: instances.into_iter().map(Arc::new).collect(),
        sync_groups: groups.into_iter().map(Arc::new).collect(),
        scripts: scripts.into_iter().map(Arc::new).collect(),
        ..Vrrp::default()
    }
}
