//! The keeper: makes, looks after and removes the virtual interfaces, settings and packet filter of the VRRP task.
//!
//! ```text
//!            Order                        Done
//!   vrrp ────────────▶ keeper (a thread) ──────▶ vrrp
//! ```
//! It has a thread of its own because the kernel may take many milliseconds for an interface, and no advert may wait
//! for that. The VRRP task takes up a model when the keeper has prepared the host for it, and the keeper removes what a
//! model needs no more after that. What others delete is made again.

mod settings;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::mpsc;

use self::settings::Settings;
use crate::base::name::InterfaceName;
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::daemon::message::Reporter;
use crate::kernel::address::Addresses;
use crate::kernel::device::Devices;
use crate::kernel::netlink::Failure;
use crate::kernel::nftables::{Nftables, Speaker};
use crate::model::device::{Barred, Device, DeviceKind, Firewall, LinkLocal, modified_eui64};
use crate::model::event::kernel::Event;
use crate::model::host::{LinkKind, LinkNature, Placement};
use crate::model::vrrp::{VirtualAddress, Vrrp};

/// Orders that may wait.
const ROOM: usize = 64;
/// Bits of linux/if_addr.h and a scope of linux/rtnetlink.h.
const IFA_F_NODAD: u32 = 0x02;
const RT_SCOPE_LINK: u8 = 253;
const LINK_LOCAL_PREFIX: u8 = 64;

/// To the keeper.
enum Order {
    /// Make what this model needs, beside what is there. `barred`: elements that the packet filter's table is to hold.
    Prepare { model: Arc<Vrrp>, barred: Vec<Barred> },
    /// The model prepared last is in force: remove what only earlier ones needed.
    Settle,
    /// An interface that matters came or went.
    Look { barred: Vec<Barred> },
    /// Remove everything, and end.
    Close,
}

/// From the keeper.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    Prepared,
    /// The packet filter has a new table, with the elements that were ordered with it.
    Replaced,
    Closed,
}

/// Where the VRRP task hands its orders.
#[derive(Debug)]
pub struct Keeper {
    orders: SyncSender<Order>,
    pub done: mpsc::Receiver<Done>,
}

/// Whether a model needs a keeper at all.
pub fn needed(model: &Vrrp) -> bool {
    !model.devices.is_empty() || model.firewall.is_some() || model.disable_local_igmp
}

impl Keeper {
    pub fn start(reporter: Reporter) -> io::Result<Keeper> {
        let (orders, inbox) = sync_channel(ROOM);
        let (to, done) = mpsc::channel(ROOM);
        let work = move || match Work::open(reporter.clone()) {
            Ok(mut work) => work.serve(&inbox, &to),
            Err(error) => reporter.report(Event::KeeperFailed { error: error.to_string() }),
        };
        std::thread::Builder::new().name("keepalived_dev".to_owned()).stack_size(512 << 10).spawn(work)?;
        Ok(Keeper { orders, done })
    }

    /// `Done::Prepared` follows; false when it cannot.
    pub fn prepare(&self, model: Arc<Vrrp>, barred: Vec<Barred>) -> bool {
        self.order(Order::Prepare { model, barred })
    }

    pub fn settle(&self) -> bool {
        self.order(Order::Settle)
    }

    /// One that does not fit is no loss: then others wait that look too.
    pub fn look(&self, barred: Vec<Barred>) -> bool {
        self.order(Order::Look { barred })
    }

    /// `Done::Closed` follows; false when it cannot.
    pub fn close(&self) -> bool {
        self.order(Order::Close)
    }

    fn order(&self, order: Order) -> bool {
        match self.orders.try_send(order) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

/// A device of ours, as it was last seen.
struct Kept {
    device: Arc<Device>,
    index: InterfaceIndex,
    base: InterfaceIndex,
}

struct Work {
    reporter: Reporter,
    devices: Devices,
    addresses: Addresses,
    nftables: Option<Nftables>,
    settings: Settings,
    model: Arc<Vrrp>,
    /// By name; those of an earlier model too until `Order::Settle`.
    kept: BTreeMap<InterfaceName, Kept>,
    /// Devices whose refusal was told.
    refused: BTreeMap<InterfaceName, String>,
    /// The table that is there, and what its rules speak of.
    table: Option<(Firewall, Vec<Speaker>)>,
    barred: Vec<Barred>,
    /// Devices with their bases that are made and not up yet: a link says hello to the LAN as soon as it is up, and the
    /// rules must be there before, lest a virtual MAC be learnt where nobody is Master (VR-267).
    down: Vec<(Arc<Device>, InterfaceIndex, LinkNature)>,
}

impl Work {
    fn open(reporter: Reporter) -> io::Result<Work> {
        Ok(Work {
            devices: Devices::open()?,
            addresses: Addresses::open()?,
            nftables: None,
            settings: Settings::new(reporter.clone()),
            reporter,
            model: Arc::default(),
            kept: BTreeMap::new(),
            refused: BTreeMap::new(),
            table: None,
            barred: Vec::new(),
            down: Vec::new(),
        })
    }

    fn serve(&mut self, orders: &Receiver<Order>, to: &mpsc::Sender<Done>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Prepare { model, barred } => {
                    (self.model, self.barred) = (model, barred);
                    self.refused.clear();
                    self.settings.local_igmp(self.model.disable_local_igmp);
                    self.make();
                    self.firewall();
                    self.raise();
                    if to.blocking_send(Done::Prepared).is_err() {
                        return;
                    }
                }
                Order::Settle => self.drop_unneeded(),
                Order::Look { barred } => {
                    self.barred = barred;
                    let replaced = self.make() && self.firewall();
                    self.raise();
                    if replaced && to.blocking_send(Done::Replaced).is_err() {
                        return;
                    }
                }
                Order::Close => {
                    self.close();
                    // The VRRP task may have waited long enough.
                    to.blocking_send(Done::Closed).unwrap_or(());
                    return;
                }
            }
        }
    }

    /// Every device of the model is there and as it should be, if its base is there. True when one is new.
    fn make(&mut self) -> bool {
        let links = match self.devices.links() {
            Ok(links) => links,
            Err(failure) => {
                self.reporter.report(Event::KeeperFailed { error: failure.to_string() });
                return false;
            }
        };
        let mut any = false;
        for device in self.model.devices.clone() {
            let named = |name: &InterfaceName| links.iter().find(|one| one.link.name == *name);
            let Some(base) = named(&device.base) else {
                self.kept.remove(&device.name);
                continue;
            };
            let existing = named(&device.name);
            let known = self
                .kept
                .get(&device.name)
                .filter(|kept| kept.device == device && existing.is_some_and(|one| one.link.index == kept.index));
            if known.is_some() && existing.is_some_and(|one| stays(one, &device, base)) {
                continue;
            }
            match self.one(&device, base, existing) {
                Ok(index) => {
                    any = true;
                    self.refused.remove(&device.name);
                    self.down.push((device.clone(), index, base.clone()));
                    let kept = Kept { device: device.clone(), index, base: base.link.index };
                    self.kept.insert(device.name.clone(), kept);
                }
                Err(failure) => self.refused(&device, &failure),
            }
        }
        any
    }

    /// What was made goes up and gets its addresses.
    fn raise(&mut self) {
        for (device, index, base) in std::mem::take(&mut self.down) {
            match self.devices.set_up(index) {
                Ok(()) => self.own_address(&device, index, &base),
                Err(failure) => self.refused(&device, &failure),
            }
        }
    }

    /// Told once as long as the reason is the same.
    fn refused(&mut self, device: &Device, failure: &Failure) {
        let error = failure.to_string();
        self.kept.remove(&device.name);
        if self.refused.insert(device.name.clone(), error.clone()).as_ref() != Some(&error) {
            let (owner, name) = (device.owner.clone(), device.name.clone());
            let ipvlan = device.mac().is_none();
            self.reporter.report(Event::DeviceRefused { owner, name, ipvlan, error });
        }
    }

    /// One device: taken over, put right, replaced or made; then its settings. It goes up in `raise`.
    fn one(
        &mut self,
        device: &Device,
        base: &LinkNature,
        mut existing: Option<&LinkNature>,
    ) -> Result<InterfaceIndex, Failure> {
        let (owner, name) = (device.owner.clone(), device.name.clone());
        let ipvlan = device.mac().is_none();
        let group = device.group.unwrap_or(base.group);
        if let Some(one) = existing {
            let ours = matches!(
                (one.kind, device.kind),
                (LinkKind::Macvlan { .. }, DeviceKind::Macvlan { .. })
                    | (LinkKind::Ipvlan { .. }, DeviceKind::Ipvlan { .. })
            );
            if !ours {
                return Err(Failure::Garbled("an interface of that name and of another kind exists".to_owned()));
            }
            if one.base != Some(base.link.index) {
                self.reporter.report(Event::DeviceReplaced { owner: owner.clone(), name: name.clone() });
                self.devices.remove(one.link.index)?;
                existing = None;
            }
        }
        let index = match existing {
            Some(one) => {
                if !fits(one, device, base) {
                    self.devices.adjust(one.link.index, device)?;
                    let adjusted = true;
                    self.reporter.report(Event::DeviceMade { owner, name, ipvlan, adjusted });
                }
                if one.group != group {
                    self.devices.set_group(one.link.index, group)?;
                }
                one.link.index
            }
            None => {
                self.devices.create(device, base.link.index, group)?;
                let made = self.devices.links()?;
                let made = made.iter().find(|one| one.link.name == device.name);
                let index = made.map(|one| one.link.index);
                let index = index.ok_or_else(|| Failure::Garbled("it is gone again".to_owned()))?;
                self.reporter.report(Event::DeviceMade { owner, name, ipvlan, adjusted: false });
                index
            }
        };
        // A VRF that the base belongs to.
        if let Some(master) = base.master
            && self.is_vrf(master)
            && existing.is_none_or(|one| one.master != Some(master))
        {
            self.devices.set_master(index, master)?;
        }
        if device.notify {
            self.devices.set_group(base.link.index, base.group)?;
        }
        if ipvlan {
            self.settings.ipv6_of(device);
        } else {
            self.settings.for_device(device);
            // Kernels without IPv6 have no such mode.
            self.devices.no_own_link_local(index).unwrap_or(());
        }
        Ok(index)
    }

    fn is_vrf(&mut self, index: InterfaceIndex) -> bool {
        let links = self.devices.links().unwrap_or_default();
        links.iter().any(|one| one.link.index == index && matches!(one.kind, LinkKind::Vrf { .. }))
    }

    /// The link-local address of a macvlan (VR-200), or what `use_ipvlan` names (VR-206).
    fn own_address(&mut self, device: &Device, index: InterfaceIndex, base: &LinkNature) {
        let cidr = match (device.kind, device.link_local) {
            (DeviceKind::Ipvlan { address, .. }, _) => address,
            (DeviceKind::Macvlan { .. }, LinkLocal::Unused) => None,
            (DeviceKind::Macvlan { .. }, LinkLocal::Configured(address)) => Some(local(address)),
            (DeviceKind::Macvlan { .. }, LinkLocal::OfBase) => {
                let made = base.link.mac.map(modified_eui64);
                self.link_local_of(base.link.index).or(made).map(local)
            }
        };
        let Some(cidr) = cidr else { return };
        let v6 = cidr.address.is_ipv6();
        let address = VirtualAddress {
            cidr,
            interface: Some(device.name.clone()),
            broadcast: None,
            label: None,
            scope: if v6 { RT_SCOPE_LINK } else { 0 },
            peer: None,
            preferred_lifetime: if v6 { 0 } else { u32::MAX },
            flags: if v6 { IFA_F_NODAD } else { 0 },
            no_track: false,
        };
        let placement = Placement { index, address: Arc::new(address) };
        let refused = match self.addresses.add(std::slice::from_ref(&placement)) {
            Ok(refused) => refused.first().map(|(_, errno)| *errno),
            Err(Failure::Refused(errno)) => Some(errno),
            Err(Failure::Socket(error)) => Some(error.raw_os_error().unwrap_or(nix::libc::EIO)),
            Err(Failure::Garbled(_)) => Some(nix::libc::EIO),
        };
        if let Some(errno) = refused {
            self.reporter.report(Event::AddressRefused { address: cidr, index, adding: true, errno });
        }
    }

    fn link_local_of(&mut self, index: InterfaceIndex) -> Option<Ipv6Addr> {
        let present = self.addresses.present().ok()?;
        present.iter().filter(|one| one.index == index).find_map(|one| match one.cidr.address {
            // Not one that a predecessor left behind, which has its full length.
            IpAddr::V6(address) if address.is_unicast_link_local() && one.cidr.prefix != 128 => Some(address),
            IpAddr::V6(_) | IpAddr::V4(_) => None,
        })
    }

    /// The table is as the model wants it, its rules name the interfaces that are there. True when it is a new one.
    fn firewall(&mut self) -> bool {
        let Some(wanted) = self.model.firewall.clone() else { return false };
        let speakers = self.speakers();
        if self.table.as_ref().is_some_and(|(firewall, named)| *firewall == wanted && *named == speakers) {
            return false;
        }
        let barred = self.barred.clone();
        let old = self.table.take().filter(|(firewall, _)| firewall.table != wanted.table);
        let result = self.with_nftables(|nftables| {
            if let Some((firewall, _)) = &old {
                nftables.remove(&firewall.table)?;
            }
            nftables.replace(&wanted, &speakers, &barred)
        });
        match result {
            Ok(()) => {
                self.table = Some((wanted, speakers));
                true
            }
            Err(failure) => {
                let (table, error) = (wanted.table, failure.to_string());
                self.reporter.report(Event::FirewallRefused { table, error });
                false
            }
        }
    }

    fn speakers(&mut self) -> Vec<Speaker> {
        let mut speakers = Vec::new();
        let kept: Vec<(Arc<Device>, InterfaceIndex, InterfaceIndex)> =
            self.kept.values().map(|kept| (kept.device.clone(), kept.index, kept.base)).collect();
        for (device, index, base) in kept {
            if device.mac().is_none() {
                continue;
            }
            let shared = device.link_local == LinkLocal::OfBase;
            let shared_link_local = if shared { self.link_local_of(base) } else { None };
            let (v4, v6) = (device.family == Family::V4, device.has_ipv6());
            speakers.push(Speaker { name: device.name.clone(), index, base, v4, v6, shared_link_local });
        }
        speakers
    }

    fn with_nftables(&mut self, act: impl FnOnce(&mut Nftables) -> Result<(), Failure>) -> Result<(), Failure> {
        let nftables = match self.nftables.take() {
            Some(nftables) => nftables,
            None => Nftables::open()?,
        };
        act(self.nftables.insert(nftables))
    }

    /// Devices and tables of earlier models go.
    fn drop_unneeded(&mut self) {
        let wanted: Vec<InterfaceName> = self.model.devices.iter().map(|device| device.name.clone()).collect();
        let gone: Vec<InterfaceName> = self.kept.keys().filter(|name| !wanted.contains(name)).cloned().collect();
        for name in gone {
            if let Some(kept) = self.kept.remove(&name) {
                self.remove(&kept);
            }
        }
        self.settings.for_bases(&self.model.devices);
        if self.model.firewall.is_none() {
            self.drop_table();
        }
    }

    fn remove(&mut self, kept: &Kept) {
        let (owner, name) = (kept.device.owner.clone(), kept.device.name.clone());
        match self.devices.remove(kept.index) {
            Ok(()) => self.reporter.report(Event::DeviceRemoved { owner, name }),
            // Someone else did.
            Err(Failure::Refused(nix::libc::ENODEV)) => {}
            Err(failure) => {
                self.reporter.report(Event::DeviceNotRemoved { owner, name, error: failure.to_string() });
            }
        }
    }

    fn drop_table(&mut self) {
        let Some((firewall, _)) = self.table.take() else { return };
        if let Err(failure) = self.with_nftables(|nftables| nftables.remove(&firewall.table)) {
            let error = failure.to_string();
            self.reporter.report(Event::FirewallRefused { table: firewall.table, error });
        }
    }

    fn close(&mut self) {
        self.model = Arc::default();
        self.drop_unneeded();
        self.settings.restore();
    }
}

fn local(address: Ipv6Addr) -> Cidr {
    Cidr { address: address.into(), prefix: LINK_LOCAL_PREFIX }
}

/// Whether what was made for the device is still it. All ipvlans of a base have the flag that was set last, so that one
/// of them may not set it again for itself.
fn stays(existing: &LinkNature, device: &Device, base: &LinkNature) -> bool {
    match (existing.kind, device.kind) {
        (LinkKind::Ipvlan { l2, .. }, DeviceKind::Ipvlan { .. }) => l2 && existing.base == Some(base.link.index),
        _ => fits(existing, device, base),
    }
}

/// Whether an existing link is what the device should be.
fn fits(existing: &LinkNature, device: &Device, base: &LinkNature) -> bool {
    let kind = match (existing.kind, device.kind) {
        (LinkKind::Macvlan { private }, DeviceKind::Macvlan { mac }) => private && existing.link.mac == Some(mac),
        (LinkKind::Ipvlan { l2, flag }, DeviceKind::Ipvlan { flag: wanted, .. }) => l2 && flag == wanted,
        _ => false,
    };
    kind && existing.base == Some(base.link.index)
}
