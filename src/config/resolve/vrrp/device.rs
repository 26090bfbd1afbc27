//! Virtual interfaces: which are needed, what they are called, and what goes on them (VR-193 … VR-206).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::base::name::{InstanceName, InterfaceName, Vrid};
use crate::base::net::{Family, InterfaceIndex, MacAddress};
use crate::config::block::address::Address;
use crate::config::block::vmac::{Ipvlan, Vmac};
use crate::config::block::vrrp_instance::VrrpInstance;
use crate::config::block::{text, value};
use crate::config::resolve::Resolver;
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::device::{Device, DeviceKind, LinkLocal, virtual_mac};
use crate::model::host::{LinkKind, LinkNature};

/// The longest name of an interface.
const NAME: usize = 15;
/// What the names of devices begin with.
const PREFIX: &str = "vrrp";

/// Devices found so far, and the links of this host.
#[derive(Default)]
pub struct Devices {
    pub all: Vec<Device>,
    links: Vec<LinkNature>,
    /// Names that instances ask for, by where their block begins.
    names: BTreeMap<u32, String>,
}

/// What an instance runs on.
pub struct Footing {
    pub device: Option<InterfaceName>,
    pub xmit_base: bool,
    /// It can never run (VR-107).
    pub disabled: bool,
    /// The device is an ipvlan, which has only its own address: the virtual router's stand on the interface below.
    ipvlan: bool,
    family: Family,
    /// Of the devices made for its addresses; `None`: the virtual router's own.
    mac: Option<MacAddress>,
    vrid: Vrid,
}

impl Devices {
    fn link(&self, name: &str) -> Option<&LinkNature> {
        self.links.iter().find(|one| one.link.name.as_str() == name)
    }

    /// The interface that a macvlan or ipvlan of somebody else's stands on, as far as it is one of this host; else itself.
    pub(super) fn below(&self, name: &InterfaceName) -> InterfaceName {
        let link = self.link(name.as_str());
        let virtual_link = link.filter(|one| matches!(one.kind, LinkKind::Macvlan { .. } | LinkKind::Ipvlan { .. }));
        let base = virtual_link.and_then(|one| self.links.iter().find(|base| Some(base.link.index) == one.base));
        base.map_or_else(|| name.clone(), |base| base.link.name.clone())
    }

    fn index(&self, name: &str) -> Option<InterfaceIndex> {
        self.link(name).map(|one| one.link.index)
    }

    fn taken(&self, name: &str) -> bool {
        self.all.iter().any(|device| device.name.as_str() == name) || self.names.values().any(|other| other == name)
    }

    /// VR-194: PREFIX.VRID, then with a number behind the prefix; cut so that it fits.
    fn free_name(&self, prefix: &str, family: Family, vrid: Vrid, usable: impl Fn(&str) -> bool) -> String {
        let first = if family == Family::V6 { &["", "6"][..] } else { &[""] };
        let first = first.iter().map(|number| (*number).to_owned());
        let mut numbers = first.chain((1..).map(|number: u32| number.to_string()));
        let name = |number: String| {
            let end = format!("{number}.{vrid}");
            let mut length = prefix.len().min(NAME - end.len().min(NAME));
            while !prefix.is_char_boundary(length) {
                length -= 1;
            }
            format!("{}{end}", &prefix[..length])
        };
        numbers
            .find_map(|number| {
                let name = name(number);
                (!self.taken(&name) && usable(&name)).then_some(name)
            })
            .unwrap_or_default()
    }
}

impl Resolver<'_> {
    /// Takes in the names that instances give, so that none is made up that another asks for.
    pub(super) fn device_names(&mut self) {
        self.devices.links = self.host.links();
        let config = self.config;
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for block in &config.instances {
            let vmac = block.use_vmac.as_ref().and_then(|vmac| vmac.name.as_ref());
            let ipvlan = block.use_ipvlan.as_ref().and_then(|ipvlan| ipvlan.name.as_ref());
            // Of both kinds the ipvlan is made.
            let Some(name) = ipvlan.or(vmac) else { continue };
            let (owner, text) = (&block.name, &name.value);
            let existing = self.devices.link(text).map(|one| one.kind);
            let there = existing.is_some() || self.host.interface(text).is_some();
            let (fits, what) = match (ipvlan.is_some(), existing) {
                (false, Some(LinkKind::Macvlan { private: true }))
                | (true, Some(LinkKind::Ipvlan { l2: true, .. })) => (true, ""),
                (false, _) => (!there, "a private macvlan; ignoring vmac if_name"),
                (true, _) => (!there, "an l2 ipvlan; ignoring ipvlan if_name"),
            };
            if let Some(other) = owners.get(text.as_str()) {
                let words = format!("({owner}) VRRP instance {other} is already using {text} - ignoring name");
                self.report(Code::Duplicate, name.span, words);
            } else if fits {
                owners.insert(text, owner);
                self.devices.names.insert(block.span.lo, text.clone());
            } else {
                let words = format!("({owner}) interface {text} already exists and is not {what}");
                self.report(Code::InvalidValue, name.span, words);
            }
        }
    }

    /// What an instance runs on; its device is noted.
    pub(super) fn footing(
        &mut self,
        block: &VrrpInstance,
        (family, vrid): (Family, Vrid),
        unicast: bool,
        strict: bool,
    ) -> Footing {
        let name = &block.name;
        let mut footing = Footing {
            device: None,
            xmit_base: block.vmac_xmit_base.is_some(),
            disabled: false,
            ipvlan: false,
            family,
            mac: None,
            vrid,
        };
        let given = block.use_vmac.as_ref().map(|vmac| vmac.span);
        let given = block.use_ipvlan.as_ref().map(|ipvlan| ipvlan.span).or(given);
        let (Some(span), Some(base)) = (given, &block.interface) else {
            if let Some(span) = given {
                let words =
                    format!("({name}): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac");
                self.report(Code::Adjusted, span, words);
            }
            if let Some(xmit) = block.vmac_xmit_base {
                let words = format!("({name}) vmac_xmit_base is only valid with a vmac");
                self.late(Code::Adjusted, xmit.span, words);
            }
            footing.xmit_base = false;
            return footing;
        };
        let base = InterfaceName::new(&base.value.0);
        if self.devices.link(base.as_str()).is_some_and(|one| !one.ethernet) {
            let words = format!("({name}): vmacs are only supported on Ethernet type interfaces");
            self.late(Code::InvalidValue, span, words);
            footing.disabled = true;
        }
        match &block.use_ipvlan {
            Some(ipvlan) => self.on_ipvlan(block, ipvlan, &base, &mut footing),
            None => {
                let vmac = block.use_vmac.as_ref();
                self.on_macvlan(block, vmac.unwrap_or(&Vmac::default()), &base, (unicast, strict), &mut footing);
            }
        }
        footing
    }

    /// VR-207: of the interface itself; virtual ones have it always.
    pub(super) fn promote_secondaries(&mut self, block: &VrrpInstance, footing: &Footing) -> bool {
        let Some(given) = &block.promote_secondaries else { return false };
        if footing.device.is_some() {
            let words = format!("({}) promote_secondaries is automatically set for vmacs - ignoring", block.name);
            self.late(Code::Adjusted, given.span, words);
        }
        footing.device.is_none()
    }

    fn on_macvlan(
        &mut self,
        block: &VrrpInstance,
        vmac: &Vmac,
        base: &InterfaceName,
        (unicast, strict): (bool, bool),
        footing: &mut Footing,
    ) {
        let name = &block.name;
        if let Some(given) = vmac.mac {
            if strict {
                let words = format!("({name}): cannot specify MAC address with strict mode - clearing");
                self.late(Code::Adjusted, given.span, words);
            } else {
                footing.mac = Some(given.value.with(footing.vrid));
            }
        }
        // Any keyword of unicast counts, with peers or without.
        if (unicast || block.unicast.is_some()) && !footing.xmit_base {
            let words = format!("({name}) unicast with use_vmac requires vmac_xmit_base - setting");
            self.at_end(Code::Adjusted, block.end, vmac.span, words);
            footing.xmit_base = true;
        } else if strict && footing.xmit_base && !unicast {
            let words = format!("({name}) xmit_base is incompatible with strict mode - resetting");
            self.late(Code::Adjusted, vmac.span, words);
            footing.xmit_base = false;
        }
        let link_local = match (footing.family, footing.xmit_base, block.source) {
            (Family::V6, false, Some(Spanned { value: IpAddr::V6(source), .. })) => LinkLocal::Configured(source),
            (Family::V6, false, _) => LinkLocal::OfBase,
            (Family::V6, true, _) | (Family::V4, _, _) => LinkLocal::Unused,
        };
        let device = Device {
            name: base.clone(),
            base: base.clone(),
            kind: DeviceKind::Macvlan { mac: footing.mac.unwrap_or(virtual_mac(footing.family, footing.vrid)) },
            family: footing.family,
            ipv6: block.excluded_addresses.iter().any(|address| address.cidr.address.is_ipv6()),
            link_local,
            group: vmac.group,
            notify: vmac.notify,
            owner: InstanceName::new(name),
        };
        let wanted = self.devices.names.get(&block.span.lo).cloned();
        let prefix = text(&self.config.global.vmac_prefix).unwrap_or_else(|| PREFIX.to_owned());
        footing.device = Some(self.device(device, wanted, &prefix, footing.vrid, vmac.span));
    }

    fn on_ipvlan(&mut self, block: &VrrpInstance, ipvlan: &Ipvlan, base: &InterfaceName, footing: &mut Footing) {
        let name = &block.name;
        let mut address = ipvlan.address;
        if let Some(given) = address.filter(|given| Family::of(given.value.address) != footing.family) {
            let shown = given.value;
            let words = format!("({name}) ipvlan address[{shown}] MUST match vrrp instance family !!! Skipping...");
            self.report(Code::InvalidValue, given.span, words);
            address = None;
        }
        if let Some(xmit) = block.vmac_xmit_base {
            let words = format!("({name}) vmac_xmit_base is only valid with a vmac");
            self.late(Code::Adjusted, xmit.span, words);
            footing.xmit_base = false;
        }
        if footing.family == Family::V4 && address.is_none() {
            let words = format!(
                "({name}) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state"
            );
            self.late(Code::InvalidValue, ipvlan.span, words);
            footing.disabled = true;
        }
        let flag = value(&ipvlan.flag).unwrap_or_default();
        let device = Device {
            name: base.clone(),
            base: base.clone(),
            kind: DeviceKind::Ipvlan { flag, address: address.map(|address| address.value) },
            family: footing.family,
            ipv6: block.excluded_addresses.iter().any(|address| address.cidr.address.is_ipv6()),
            link_local: LinkLocal::Unused,
            group: ipvlan.group,
            notify: false,
            owner: InstanceName::new(name),
        };
        let wanted = self.devices.names.get(&block.span.lo).cloned();
        let prefix = text(&self.config.global.vmac_prefix).unwrap_or_else(|| PREFIX.to_owned());
        footing.device = Some(self.device(device, wanted, &prefix, footing.vrid, ipvlan.span));
        footing.ipvlan = true;
    }

    /// Notes a device under its name: that of a macvlan which is there already (VR-195), the one wanted, or a new one.
    fn device(
        &mut self,
        device: Device,
        wanted: Option<String>,
        prefix: &str,
        vrid: Vrid,
        span: Span,
    ) -> InterfaceName {
        let devices = &self.devices;
        let base = devices.index(device.base.as_str());
        let same = |one: &&LinkNature| match (one.kind, device.kind) {
            (LinkKind::Macvlan { private: true }, DeviceKind::Macvlan { mac }) => one.link.mac == Some(mac),
            (LinkKind::Ipvlan { l2: true, .. }, DeviceKind::Ipvlan { .. }) => {
                wanted.as_deref().is_none_or(|wanted| one.link.name.as_str() == wanted)
            }
            _ => false,
        };
        let free = |one: &&LinkNature| {
            let name = one.link.name.as_str();
            wanted.as_deref() == Some(name) || !devices.taken(name)
        };
        let found = devices.links.iter().filter(|one| base.is_some() && one.base == base).filter(same).find(free);
        let (owner, found) = (&device.owner, found.map(|one| one.link.name.clone()));
        let mut logged = Vec::new();
        let name = match (found, wanted) {
            (Some(found), wanted) => {
                logged.push(format!("({owner}) Found matching interface {found}"));
                if let Some(wanted) = wanted.filter(|wanted| wanted != found.as_str()) {
                    logged.push(format!("({owner}) vmac name mismatch {wanted} <=> {found}. changing to {found}."));
                }
                found
            }
            (None, Some(wanted)) => InterfaceName::new(&wanted),
            (None, None) => {
                let usable = |name: &str| devices.link(name).is_none() && self.host.interface(name).is_none();
                InterfaceName::new(&devices.free_name(prefix, device.family, vrid, usable))
            }
        };
        for words in logged {
            self.late(Code::Logged, span, words);
        }
        self.devices.all.push(Device { name: name.clone(), ..device });
        name
    }

    /// Where an address of an instance goes (VR-201); `None`: as its interface says.
    pub(super) fn device_of_address(
        &mut self,
        block: &VrrpInstance,
        footing: &Footing,
        address: &Address,
    ) -> Option<InterfaceName> {
        let own = block.interface.as_ref().map(|interface| interface.value.0.as_str());
        let place = address.device.as_ref().map(|(device, _)| device.as_str()).or(own)?;
        let (family, shown, name) = (Family::of(address.cidr.address), address.cidr.address, &block.name);
        let (home, kin) = (Some(place) == own, family == footing.family);
        if home && kin && footing.device.is_some() && !footing.ipvlan {
            if address.use_vmac {
                let words = format!("({name}) use_vmac specified for VIP/eVIP {shown} and vrrp instance");
                self.late(Code::Warning, address.span, words);
            }
            return footing.device.clone();
        }
        let all = block.use_vmac_addr.is_some() && !(home && kin);
        if all && address.use_vmac {
            let words = format!("({name}) use_vmac_addr specified and use_vmac specified for VIP/eVIP {shown}");
            self.late(Code::Warning, address.span, words);
        }
        if !all && !address.use_vmac {
            return None;
        }
        let mac = footing.mac.unwrap_or(virtual_mac(family, footing.vrid));
        let base = InterfaceName::new(place);
        let same = |device: &&mut Device| device.base == base && device.mac() == Some(mac);
        if let Some(device) = self.devices.all.iter_mut().find(same) {
            device.ipv6 |= family == Family::V6;
            return Some(device.name.clone());
        }
        let device = Device {
            name: base.clone(),
            base,
            kind: DeviceKind::Macvlan { mac },
            family,
            ipv6: false,
            // As the device of an instance of IPv6: the original makes both in one way.
            link_local: if family == Family::V6 { LinkLocal::OfBase } else { LinkLocal::Unused },
            group: None,
            notify: false,
            owner: InstanceName::new(name),
        };
        Some(self.device(device, None, &self.address_prefix(), footing.vrid, address.span))
    }

    pub(super) fn address_prefix(&self) -> String {
        let global = &self.config.global;
        let given = text(&global.vmac_addr_prefix).or_else(|| text(&global.vmac_prefix));
        given.unwrap_or_else(|| PREFIX.to_owned())
    }
}
