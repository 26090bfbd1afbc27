//! Instances of an old and a new configuration, told apart.

use std::sync::Arc;

use super::*;
use crate::base::name::{InstanceName, InterfaceName, Priority, Version, Vrid};
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::model::vrrp::{Announce, Authentication, OldChecksum, UnicastPeer};

fn instance(name: &str, vrid: u8, interface: &str) -> Instance {
    Instance {
        name: InstanceName::new(name),
        vrid: Vrid::new(vrid).unwrap(),
        family: Family::V4,
        version: Version::V2,
        interface: Some(InterfaceName::new(interface)),
        wants_master: false,
        priority: Priority(100),
        advert_interval: Interval::from_secs(1),
        down_timer_adverts: 3,
        preempt: true,
        preempt_delay: Interval::ZERO,
        authentication: Authentication::None,
        auth_hmac: None,
        transport: Transport::Multicast { group: "224.0.0.18".parse().unwrap() },
        source: None,
        virtual_addresses: vec![],
        excluded_addresses: vec![],
        routes: Vec::new(),
        rules: Vec::new(),
        promote_secondaries: false,
        static_interfaces: Vec::new(),
        announce: Announce {
            master_delay: Interval::ZERO,
            master_repeat: 1,
            master_refresh: Interval::ZERO,
            master_refresh_repeat: 1,
            lower_prio_delay: Interval::ZERO,
            lower_prio_repeat: 0,
            garp_interval: Interval::ZERO,
            gna_interval: Interval::ZERO,
            extra_interval: Interval::ZERO,
            extra_all: false,
        },
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        timer_expired_backup: None,
        owner_ignore_adverts: false,
        skip_check_adv_addr: false,
        receive_buffer: None,
        v3_checksum_as_v2: false,
        old_unicast_checksum: OldChecksum::Auto,
        multicast_group4: "224.0.0.18".parse().unwrap(),
        accept: true,
        bar_by_name: false,
        device: None,
        xmit_base: false,
        vrf: None,
        disabled: false,
        strict: false,
        dont_track_primary: false,
        track_interfaces: vec![],
        track_scripts: vec![],
        track_bfds: vec![],
        track_files: vec![],
        track_processes: vec![],
        notify: StateScripts::default(),
        notify_deleted: false,
        notify_priority_changes: false,
        smtp_alert: false,
    }
}

fn unicast(name: &str, source: Option<&str>) -> Instance {
    let peer = UnicastPeer { address: "10.0.0.2".parse().unwrap(), min_ttl: 0, max_ttl: 255 };
    Instance {
        transport: Transport::Unicast { peers: vec![peer], ttl: None, check_source: false },
        source: source.map(|text| text.parse().unwrap()),
        ..instance(name, 51, "eth0")
    }
}

/// VR-272: VRID, family, interface, way of sending; for multicast the group, for unicast the source. Not the name.
#[test]
fn what_makes_an_instance_the_same() {
    let one = instance("A", 51, "eth0");
    assert!(same_instance(&one, &instance("B", 51, "eth0")));
    assert!(same_instance(&one, &Instance { priority: Priority(7), version: Version::V3, ..one.clone() }));
    assert!(!same_instance(&one, &instance("A", 52, "eth0")));
    assert!(!same_instance(&one, &instance("A", 51, "eth1")));
    assert!(!same_instance(&one, &Instance { family: Family::V6, ..one.clone() }));
    assert!(!same_instance(&one, &unicast("A", None)));
    let group = Transport::Multicast { group: "224.0.0.19".parse().unwrap() };
    assert!(!same_instance(&one, &Instance { transport: group, ..one.clone() }));
    assert!(same_instance(&unicast("A", Some("10.0.0.1")), &unicast("B", Some("10.0.0.1"))));
    assert!(!same_instance(&unicast("A", Some("10.0.0.1")), &unicast("A", None)));
}

/// Each old instance is given away once, to its namesake where two would fit.
#[test]
fn old_instances_are_given_away_once() {
    let vrrp =
        |instances: Vec<Instance>| Vrrp { instances: instances.into_iter().map(Arc::new).collect(), ..Vrrp::default() };
    let old = vrrp(vec![unicast("A", None), unicast("B", None), instance("C", 60, "eth0")]);
    let new = vrrp(vec![unicast("X", None), unicast("A", None), unicast("Y", None), instance("Z", 60, "eth0")]);
    assert_eq!(kept_instances(&old, &new), [Some(InstanceId(1)), Some(InstanceId(0)), None, Some(InstanceId(2))]);
}

/// Whom to tell and the name are nothing to the machine; all else is.
#[test]
fn what_the_machine_acts_on() {
    let one = instance("A", 51, "eth0");
    let other = Instance {
        name: InstanceName::new("B"),
        smtp_alert: true,
        notify_deleted: true,
        wants_master: true,
        ..one.clone()
    };
    assert!(same_but_for_notify(&one, &other));
    assert!(!same_but_for_notify(&one, &Instance { priority: Priority(99), ..one.clone() }));
    assert!(!same_but_for_notify(&one, &Instance { accept: false, ..one.clone() }));
}
