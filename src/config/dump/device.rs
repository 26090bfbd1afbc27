//! Virtual interfaces and the packet filter.

use super::writer::{Writer, word};
use crate::model::device::{Device, DeviceKind, Firewall, IpvlanFlag, virtual_mac};
use crate::model::vrrp::{Instance, VirtualAddress, Vrrp};

/// `use_vmac` or `use_ipvlan` of an instance. A MAC address stands there only if it is not the virtual router's own,
/// which the file may not name.
pub fn own(out: &mut Writer, device: &Device, instance: &Instance) {
    let Device { name, kind, group, notify, .. } = device;
    let mut words = match kind {
        DeviceKind::Macvlan { mac } if *mac == virtual_mac(instance.family, instance.vrid) => {
            format!("use_vmac {}", word(name.as_str()))
        }
        DeviceKind::Macvlan { mac } => format!("use_vmac {} {mac}", word(name.as_str())),
        DeviceKind::Ipvlan { flag, address } => {
            let flag = match flag {
                IpvlanFlag::Bridge => "bridge",
                IpvlanFlag::Private => "private",
                IpvlanFlag::Vepa => "vepa",
            };
            let address = address.map_or(String::new(), |address| format!(" {address}"));
            format!("use_ipvlan {}{address} {flag}", word(name.as_str()))
        }
    };
    if *notify {
        words += " netlink_notify_msg";
    }
    if let Some(group) = group {
        words += &format!(" group {group}");
    }
    out.line(&words);
}

/// An address of a virtual interface as one of the interface below, and the word that puts it back.
pub fn below(address: &VirtualAddress, instance: &Instance, vrrp: &Vrrp) -> Option<(VirtualAddress, &'static str)> {
    let device = vrrp.devices.iter().find(|device| Some(&device.name) == address.interface.as_ref())?;
    let of = |one: &Instance| one.device.as_ref() == Some(&device.name);
    if !of(instance) && vrrp.instances.iter().any(|other| of(other)) {
        // The device of another instance is an interface like any other.
        return None;
    }
    let plain = VirtualAddress { interface: Some(device.base.clone()), ..address.clone() };
    Some((plain, if of(instance) { "" } else { " use_vmac" }))
}

pub fn firewall(out: &mut Writer, firewall: &Firewall) {
    // What it has to do follows from the instances.
    let Firewall { table, priority, counters, drops: _, reports: _, link_local: _ } = firewall;
    out.value("nftables", word(table));
    out.value("nftables_priority", priority);
    out.flag("nftables_counters", *counters);
}
