//! One virtual router as a test wants it, once as keepalived.conf and once as our model.

use std::sync::Arc;

use keepalived_rs::base::name::{InterfaceName, Priority, Vrid};
use keepalived_rs::base::net::{Cidr, Family};
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::Model;
use keepalived_rs::model::global::Global;
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::model::vrrp::{Authentication, Instance, Transport, UnicastPeer, Version, VirtualAddress, Vrrp};

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
        let placed = |list: &[&str]| list.iter().map(|text| Arc::new(virtual_address(text))).collect();
        let plain = Instance::plain("VI_1", Vrid::new(self.vrid).expect("a VRID is not 0"), "eth0", family);
        let instance = Instance {
            version: self.version,
            priority: Priority(self.priority),
            advert_interval: Interval::from_millis(self.interval),
            authentication: self.password.map_or(Authentication::None, |password| {
                let mut bytes = [0; 8];
                bytes[..password.len()].copy_from_slice(password.as_bytes());
                Authentication::Pass(bytes)
            }),
            transport: self.unicast.map_or(plain.transport.clone(), |(_, peer)| {
                let address = peer.parse().expect("an address");
                let peers = vec![UnicastPeer { address, min_ttl: 0, max_ttl: 255 }];
                Transport::Unicast { peers, ttl: None, check_source: false }
            }),
            source: self.unicast.map(|(own, _)| own.parse().expect("an address")),
            virtual_addresses: placed(&self.addresses),
            excluded_addresses: placed(&self.excluded),
            ..plain
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
