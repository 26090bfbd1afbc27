//! One virtual router as a test wants it, once as keepalived.conf and once as our model.

use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::{InstanceName, InterfaceName, Priority, Vrid};
use keepalived_rs::base::net::{Cidr, Family};
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::Model;
use keepalived_rs::model::global::Global;
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::model::notify::StateScripts;
use keepalived_rs::model::vrrp::{
    Announce, Authentication, Instance, OldChecksum, Transport, UnicastPeer, Version, VirtualAddress, Vrrp,
};

#[derive(Clone, Debug)]
pub struct Draft {
    pub version: Version,
    pub vrid: u8,
    pub priority: u8,
    /// Milliseconds; whole seconds with version 2.
    pub interval: u64,
    /// With version 2 only.
    pub password: Option<&'static str>,
    /// This router's and the other's address, for unicast.
    pub unicast: Option<(&'static str, &'static str)>,
    /// With prefix; all of one family.
    pub addresses: Vec<&'static str>,
    pub excluded: Vec<&'static str>,
}

impl Draft {
    fn family(&self) -> Family {
        Family::of(cidr(self.addresses[0]).address)
    }

    /// The configuration file of the original.
    pub fn text(&self) -> String {
        let Draft { vrid, priority, interval, .. } = self;
        let version = self.version.number();
        let mut body = format!(
            "  version {version}\n  state BACKUP\n  interface eth0\n  virtual_router_id {vrid}\n  priority {priority}\n  \
             advert_int {}\n",
            *interval as f64 / 1000.0
        );
        if let Some(password) = self.password {
            body += &format!("  authentication {{\n    auth_type PASS\n    auth_pass {password}\n  }}\n");
        }
        if let Some((own, peer)) = self.unicast {
            body += &format!("  unicast_src_ip {own}\n  unicast_peer {{\n    {peer}\n  }}\n");
        }
        let block = |name, lines: &[&str]| format!("  {name} {{\n    {}\n  }}\n", lines.join("\n    "));
        body += &block("virtual_ipaddress", &self.addresses);
        if !self.excluded.is_empty() {
            body += &block("virtual_ipaddress_excluded", &self.excluded);
        }
        format!("global_defs {{\n  router_id lab\n}}\nvrrp_instance VI_1 {{\n{body}}}\n")
    }

    /// What that file means.
    pub fn model(&self) -> Arc<Model> {
        let family = self.family();
        let group4 = [224, 0, 0, 18].into();
        let placed = |list: &[&str]| list.iter().map(|text| Arc::new(virtual_address(text))).collect();
        let instance = Instance {
            name: InstanceName::new("VI_1"),
            vrid: Vrid::new(self.vrid).expect("a VRID is not 0"),
            family,
            version: self.version,
            interface: Some(InterfaceName::new("eth0")),
            wants_master: false,
            priority: Priority(self.priority),
            advert_interval: Interval::from_millis(self.interval),
            down_timer_adverts: 3,
            preempt: true,
            preempt_delay: Interval::ZERO,
            authentication: self.password.map_or(Authentication::None, |password| {
                let mut bytes = [0; 8];
                bytes[..password.len()].copy_from_slice(password.as_bytes());
                Authentication::Pass(bytes)
            }),
            auth_hmac: None,
            transport: match self.unicast {
                Some((_, peer)) => {
                    let address = peer.parse().expect("an address");
                    let peers = vec![UnicastPeer { address, min_ttl: 0, max_ttl: 255 }];
                    Transport::Unicast { peers, ttl: None, check_source: false }
                }
                None => Transport::Multicast {
                    group: match family {
                        Family::V4 => IpAddr::V4(group4),
                        Family::V6 => "ff02::12".parse().expect("an address"),
                    },
                },
            },
            source: self.unicast.map(|(own, _)| own.parse().expect("an address")),
            virtual_addresses: placed(&self.addresses),
            excluded_addresses: placed(&self.excluded),
            routes: Vec::new(),
            rules: Vec::new(),
            promote_secondaries: false,
            static_interfaces: Vec::new(),
            announce: Announce {
                master_delay: Interval::from_secs(5),
                master_repeat: 5,
                master_refresh: Interval::ZERO,
                master_refresh_repeat: 1,
                lower_prio_delay: Interval::from_secs(5),
                lower_prio_repeat: 5,
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
            multicast_group4: group4,
            accept: true,
            bar_by_name: false,
            device: None,
            xmit_base: false,
            vrf: None,
            disabled: false,
            strict: false,
            dont_track_primary: false,
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            track_bfds: Vec::new(),
            track_files: Vec::new(),
            track_processes: Vec::new(),
            notify: StateScripts::default(),
            notify_deleted: false,
            notify_priority_changes: false,
            smtp_alert: false,
        };
        let vrrp = Vrrp { instances: vec![Arc::new(instance)], ..Vrrp::default() };
        Arc::new(Model { global: global(), vrrp, lvs: Lvs::default(), bfd: Default::default() })
    }
}

fn global() -> Global {
    Global::named("lab")
}

fn cidr(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').expect("an address with its prefix");
    Cidr { address: address.parse().expect("an address"), prefix: prefix.parse().expect("a prefix") }
}

/// As the configuration makes it: no duplicate address detection, and deprecated when it is a whole IPv6 prefix.
fn virtual_address(text: &str) -> VirtualAddress {
    let cidr = cidr(text);
    let six = cidr.address.is_ipv6();
    VirtualAddress {
        cidr,
        interface: Some(InterfaceName::new("eth0")),
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: if six && cidr.prefix == 128 { 0 } else { u32::MAX },
        flags: if six { 0x02 } else { 0 },
        no_track: false,
    }
}
