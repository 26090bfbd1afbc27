//! Which tables the packet filter needs (VR-264 … VR-268).

use std::net::IpAddr;

use crate::base::net::Family;
use crate::config::block::value;
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::device::{DeviceKind, Families, Firewall, LinkLocalMatch};
use crate::model::vrrp::Instance;

/// The table without `nftables NAME`.
const TABLE: &str = "keepalived";
/// Of its chains: before those of the administrator's own filter.
const PRIORITY: i32 = -1;

impl Resolver<'_> {
    /// `None` when no instance drops packets and no macvlan speaks for itself.
    pub(super) fn firewall(&mut self, instances: &[Instance]) -> Option<Firewall> {
        let global = &self.config.global;
        let (mut drops, mut link_local) = (Families::default(), LinkLocalMatch::default());
        for instance in instances.iter().filter(|instance| !instance.accept) {
            for address in instance.virtual_addresses.iter().chain(&instance.excluded_addresses) {
                match address.cidr.address {
                    IpAddr::V4(_) => drops.v4 = true,
                    IpAddr::V6(address) => {
                        drops.v6 = true;
                        let local = address.is_unicast_link_local();
                        link_local.name |= local && instance.bar_by_name;
                        link_local.index |= local && !instance.bar_by_name;
                    }
                }
            }
        }
        let mut reports = Families::default();
        for device in self.devices.all.iter().filter(|device| matches!(device.kind, DeviceKind::Macvlan { .. })) {
            reports.v4 |= device.family == Family::V4 && global.disable_local_igmp.is_none();
            reports.v6 |= device.has_ipv6();
        }
        if !drops.any() && !reports.any() {
            return None;
        }
        if global.nftables.is_none() && global.vrrp_iptables.is_none() {
            let words = "use_vmac or no_accept/strict specified, but no firewall configured - using nftables";
            self.found.push(Diagnostic::new(Code::Logged, words));
        }
        Some(Firewall {
            table: global.nftables.as_ref().map_or(TABLE, |table| &table.value).to_owned(),
            priority: value(&global.nftables_priority).map_or(PRIORITY, |priority| priority.0 as i32),
            counters: global.nftables_counters.is_some(),
            drops,
            reports,
            link_local,
        })
    }
}
