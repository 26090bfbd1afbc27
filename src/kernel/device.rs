//! Macvlans and ipvlans through rtnetlink: made, adjusted and removed one request at a time. Each may take the kernel
//! milliseconds, so none of this runs on the VRRP thread.

use std::io;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoIpVlan, InfoKind, InfoMacVlan, IpVlanFlags, IpVlanMode,
    LinkAttribute, LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};

use super::link::nature;
use super::netlink::{Failure, Socket};
use crate::base::net::{InterfaceIndex, MacAddress};
use crate::model::device::{Device, DeviceKind, IpvlanFlag};
use crate::model::host::LinkNature;

/// All links of the calling thread's network namespace.
pub fn links() -> Result<Vec<LinkNature>, Failure> {
    let mut socket = Socket::open()?;
    listed(&mut socket)
}

fn listed(socket: &mut Socket) -> Result<Vec<LinkNature>, Failure> {
    let found = socket.dump(&RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
    Ok(found.iter().filter_map(|(_, payload)| nature(payload)).collect())
}

/// Makes, adjusts and removes links.
#[derive(Debug)]
pub struct Devices {
    socket: Socket,
}

impl Devices {
    pub fn open() -> io::Result<Devices> {
        Ok(Devices { socket: Socket::open()? })
    }

    pub fn links(&mut self) -> Result<Vec<LinkNature>, Failure> {
        listed(&mut self.socket)
    }

    /// Makes the device on `base`, down, in the interface group `group`.
    ///
    /// Errors: EEXIST when the name is taken, EOPNOTSUPP when the kernel has no such kind, EBUSY or EINVAL when the base
    /// takes none.
    pub fn create(&mut self, device: &Device, base: InterfaceIndex, group: u32) -> Result<(), Failure> {
        let mut message = LinkMessage::default();
        let attributes = &mut message.attributes;
        attributes.push(LinkAttribute::IfName(device.name.as_str().to_owned()));
        attributes.push(LinkAttribute::Link(base.0));
        if let DeviceKind::Macvlan { mac } = device.kind {
            attributes.push(LinkAttribute::Address(mac.0.to_vec()));
        }
        attributes.push(LinkAttribute::Group(group));
        attributes.push(LinkAttribute::LinkInfo(info(device)));
        self.socket.request(&RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Gives an existing device the MAC address and mode that it should have.
    pub fn adjust(&mut self, index: InterfaceIndex, device: &Device) -> Result<(), Failure> {
        if let DeviceKind::Macvlan { mac } = device.kind {
            self.set_mac(index, mac)?;
        }
        self.change(index, vec![LinkAttribute::LinkInfo(info(device))])
    }

    fn set_mac(&mut self, index: InterfaceIndex, mac: MacAddress) -> Result<(), Failure> {
        self.change(index, vec![LinkAttribute::Address(mac.0.to_vec())])
    }

    /// The kernel makes no link-local address on it (addr_gen_mode none).
    pub fn no_own_link_local(&mut self, index: InterfaceIndex) -> Result<(), Failure> {
        let mode = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
        self.change(index, vec![LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![mode])])])
    }

    /// Puts it under `master`, a VRF.
    pub fn set_master(&mut self, index: InterfaceIndex, master: InterfaceIndex) -> Result<(), Failure> {
        self.change(index, vec![LinkAttribute::Controller(master.0)])
    }

    /// Sets the group; to what it is already, the kernel tells everyone of the link once more.
    pub fn set_group(&mut self, index: InterfaceIndex, group: u32) -> Result<(), Failure> {
        self.change(index, vec![LinkAttribute::Group(group)])
    }

    pub fn set_up(&mut self, index: InterfaceIndex) -> Result<(), Failure> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.socket.request(&RouteNetlinkMessage::NewLink(message), 0)
    }

    pub fn remove(&mut self, index: InterfaceIndex) -> Result<(), Failure> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        self.socket.request(&RouteNetlinkMessage::DelLink(message), 0)
    }

    fn change(&mut self, index: InterfaceIndex, attributes: Vec<LinkAttribute>) -> Result<(), Failure> {
        let mut message = LinkMessage::default();
        message.header.index = index.0;
        message.attributes = attributes;
        self.socket.request(&RouteNetlinkMessage::NewLink(message), 0)
    }
}

fn info(device: &Device) -> Vec<LinkInfo> {
    match device.kind {
        DeviceKind::Macvlan { .. } => vec![
            LinkInfo::Kind(InfoKind::MacVlan),
            LinkInfo::Data(InfoData::MacVlan(vec![InfoMacVlan::Mode(MacVlanMode::Private)])),
        ],
        DeviceKind::Ipvlan { flag, .. } => {
            let flags = match flag {
                IpvlanFlag::Bridge => IpVlanFlags::empty(),
                IpvlanFlag::Private => IpVlanFlags::Private,
                IpvlanFlag::Vepa => IpVlanFlags::Vepa,
            };
            let detail = vec![InfoIpVlan::Mode(IpVlanMode::L2), InfoIpVlan::Flags(flags)];
            vec![LinkInfo::Kind(InfoKind::IpVlan), LinkInfo::Data(InfoData::IpVlan(detail))]
        }
    }
}
