//! Settings of the system that virtual MACs need, and what they were before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::name::InterfaceName;
use crate::base::net::Family;
use crate::daemon::message::Reporter;
use crate::kernel::sysctl;
use crate::model::device::Device;
use crate::model::event::kernel::Event;

/// Reports to 224.0.0.0/24 (VR-270).
const LOCAL_REPORTS: &str = "ipv4/igmp_link_local_mcast_reports";
const ALL: &str = "ipv4/conf/all/rp_filter";

/// One that we changed: what it was and what we wrote.
struct Changed {
    before: String,
    ours: String,
}

/// What we changed, by key. What is put back is what was read before the first change, and only where our value still
/// stands (unlike the original, which puts its own value back: VR-198).
pub struct Settings {
    reporter: Reporter,
    changed: BTreeMap<String, Changed>,
}

impl Settings {
    pub fn new(reporter: Reporter) -> Settings {
        Settings { reporter, changed: BTreeMap::new() }
    }

    /// What a macvlan and its base need (VR-197 … VR-199). The macvlan's own end with it.
    pub fn for_device(&mut self, device: &Device) {
        let name = device.name.as_str();
        let v4 = |key: &str| format!("ipv4/conf/{name}/{key}");
        self.once(&v4("arp_ignore"), "1");
        if device.family == Family::V4 {
            self.base(&device.base);
            self.reverse_path();
            for (key, value) in [("accept_local", "1"), ("rp_filter", "0"), ("promote_secondaries", "1")] {
                self.once(&v4(key), value);
            }
        }
        self.ipv6_of(device);
    }

    /// VR-197, VR-206: IPv6 only where it is used.
    pub fn ipv6_of(&mut self, device: &Device) {
        let name = device.name.as_str();
        let off = if device.has_ipv6() { "0" } else { "1" };
        let key = format!("ipv6/conf/{name}/disable_ipv6");
        if sysctl::read(&key).is_ok_and(|value| value != off) {
            self.once(&key, off);
        }
    }

    fn base(&mut self, base: &InterfaceName) {
        for key in ["arp_ignore", "arp_filter"] {
            self.change(format!("ipv4/conf/{base}/{key}"), "1");
        }
    }

    /// VR-199: what `all` demands is demanded of each interface, so that the macvlans can be free of it.
    fn reverse_path(&mut self) {
        let Ok(all) = sysctl::read(ALL) else { return };
        if all == "0" || self.changed.contains_key(ALL) {
            return;
        }
        let strictness = |value: &str| value.parse::<u8>().unwrap_or(0);
        for name in sysctl::names("ipv4/conf").unwrap_or_default() {
            let key = format!("ipv4/conf/{name}/rp_filter");
            let Ok(own) = sysctl::read(&key) else { continue };
            if name != "all" && strictness(&own) < strictness(&all) {
                if name == "default" {
                    self.told(&key, &own, &all, false);
                }
                self.change(key, &all);
            }
        }
        self.told(ALL, &all, "0", false);
        self.change(ALL.to_owned(), "0");
    }

    /// Put back to 1 whatever was found, as the original does: a killed predecessor left 0.
    pub fn local_igmp(&mut self, disabled: bool) {
        if !disabled {
            return self.put_back(LOCAL_REPORTS);
        }
        self.change(LOCAL_REPORTS.to_owned(), "0");
        let standard = Changed { before: "1".to_owned(), ours: "0".to_owned() };
        self.changed.insert(LOCAL_REPORTS.to_owned(), standard);
    }

    /// Bases that no device needs any more get back what they had.
    pub fn for_bases(&mut self, devices: &[Arc<Device>]) {
        let needed = |key: &str| {
            let base = key.strip_prefix("ipv4/conf/").and_then(|rest| rest.rsplit_once('/'));
            base.is_none_or(|(base, setting)| {
                !setting.starts_with("arp_") || devices.iter().any(|device| device.base.as_str() == base)
            })
        };
        let gone: Vec<String> = self.changed.keys().filter(|key| !needed(key)).cloned().collect();
        for key in gone {
            self.put_back(&key);
        }
    }

    /// Everything gets back what it had.
    pub fn restore(&mut self) {
        let all: Vec<String> = self.changed.keys().cloned().collect();
        for key in all {
            self.put_back(&key);
        }
    }

    fn put_back(&mut self, key: &str) {
        let Some(Changed { before, ours }) = self.changed.remove(key) else { return };
        // An interface that is gone has no settings; one that another program set since is not ours to put back.
        if !sysctl::read(key).is_ok_and(|value| value == ours) {
            return;
        }
        match sysctl::write(key, &before) {
            Ok(()) if key == ALL || key == "ipv4/conf/default/rp_filter" => self.told(key, &ours, &before, true),
            Ok(()) => {}
            Err(error) => self.refused(key, &error),
        }
    }

    /// Remembers what was there and writes.
    fn change(&mut self, key: String, value: &str) {
        let Ok(before) = sysctl::read(&key) else { return };
        if before == value {
            return;
        }
        match sysctl::write(&key, value) {
            Ok(()) => {
                let ours = value.to_owned();
                self.changed
                    .entry(key)
                    .and_modify(|changed| changed.ours.clone_from(&ours))
                    .or_insert(Changed { before, ours });
            }
            Err(error) => self.refused(&key, &error),
        }
    }

    /// Writes what ends with its interface.
    fn once(&mut self, key: &str, value: &str) {
        if let Err(error) = sysctl::write(key, value) {
            self.refused(key, &error);
        }
    }

    fn told(&self, key: &str, from: &str, to: &str, back: bool) {
        let (key, from, to) = (key.to_owned(), from.to_owned(), to.to_owned());
        self.reporter.report(Event::SettingMoved { key, from, to, back });
    }

    fn refused(&self, key: &str, error: &std::io::Error) {
        self.reporter.report(Event::SettingRefused { key: key.to_owned(), error: error.to_string() });
    }
}
