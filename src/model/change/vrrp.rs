//! Which virtual routers of a new configuration are those of the old one (VR-272).

use std::sync::Arc;

use crate::model::vrrp::{Instance, InstanceId, Transport, Vrrp};

/// VR-272: same VRID, family, interface and way of sending; the name does not matter.
pub fn same_instance(one: &Instance, other: &Instance) -> bool {
    one.vrid == other.vrid
        && one.family == other.family
        && one.interface == other.interface
        && match (&one.transport, &other.transport) {
            (Transport::Multicast { group: a }, Transport::Multicast { group: b }) => {
                a == b && one.device.is_some() == other.device.is_some() && one.xmit_base == other.xmit_base
            }
            (Transport::Unicast { .. }, Transport::Unicast { .. }) => one.source == other.source,
            (Transport::Multicast { .. } | Transport::Unicast { .. }, _) => false,
        }
}

/// Equal in all that the machine acts on: a difference in whom to tell, or in the name, is none.
pub fn same_but_for_notify(one: &Instance, other: &Instance) -> bool {
    let bare = |instance: &Instance| Instance {
        name: one.name.clone(),
        notify: Arc::default(),
        notify_deleted: false,
        notify_priority_changes: false,
        smtp_alert: false,
        wants_master: false,
        ..instance.clone()
    };
    bare(one) == bare(other)
}

/// For each instance of `new` its place in `old`. Each old one is given away once, to its namesake if it has one.
pub fn kept_instances(old: &Vrrp, new: &Vrrp) -> Vec<Option<InstanceId>> {
    let mut free: std::collections::BTreeMap<(u8, Option<String>), Vec<usize>> = Default::default();
    let key =
        |instance: &Instance| (instance.vrid.get(), instance.interface.as_ref().map(|name| name.as_str().to_owned()));
    for (at, instance) in old.instances.iter().enumerate() {
        free.entry(key(instance)).or_default().push(at);
    }
    let mut kept = vec![None; new.instances.len()];
    for by_name in [true, false] {
        for (at, instance) in new.instances.iter().enumerate() {
            let Some(candidates) = free.get_mut(&key(instance)).filter(|_| kept[at].is_none()) else { continue };
            let found = candidates.iter().position(|candidate| {
                let before = &old.instances[*candidate];
                same_instance(before, instance) && (!by_name || before.name == instance.name)
            });
            kept[at] = found.map(|place| InstanceId(candidates.remove(place)));
        }
    }
    kept
}

#[cfg(test)]
mod tests;
