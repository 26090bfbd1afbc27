//! Instances of an old and a new configuration, told apart.

use std::sync::Arc;

use super::*;
use crate::base::name::{InstanceName, Priority, Version, Vrid};
use crate::base::net::Family;
use crate::model::vrrp::UnicastPeer;

fn instance(name: &str, vrid: u8, interface: &str) -> Instance {
    Instance::plain(name, Vrid::new(vrid).unwrap(), interface, Family::V4)
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
