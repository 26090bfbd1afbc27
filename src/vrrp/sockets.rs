//! which sockets the virtual routers need: opened with the first that uses one, closed with the last.

use super::Effect;
use super::instance::VirtualRouter;
use super::router::Router;
use crate::base::net::Family;
use crate::model::vrrp::{Instance, InstanceId, ReceiveBuffers, SocketAddress, SocketKey, Transport, Version};
use crate::wire::advert;

const IP_HEADER: usize = 20;
const AH_HEADER: usize = 24;

impl Router {
    /// The socket that an instance sends and hears through, if it can have one (VR-56).
    fn socket(&self, instance: &VirtualRouter) -> Option<SocketKey> {
        let model = &instance.model;
        let interface = match model.advert_interface().or(model.vrf.as_ref()) {
            Some(name) => Some(self.host.index(name)?),
            None => None,
        };
        let local = match &model.transport {
            Transport::Multicast { group } => {
                interface?;
                SocketAddress::Group(*group)
            }
            Transport::Unicast { .. } => SocketAddress::Unicast(instance.source?),
        };
        Some(SocketKey { family: model.family, ah: model.authentication.is_ah(), interface, local })
    }

    /// Opens the socket of an instance and closes one that nobody uses any more.
    pub(super) fn attach(&mut self, id: InstanceId, out: &mut Vec<Effect>) {
        let wanted = self.socket(&self.instances[id.0]);
        let instance = &mut self.instances[id.0];
        let old = std::mem::replace(&mut instance.socket, wanted.clone());
        let vrid = instance.model.vrid.get();
        if old != wanted
            && let Some(old) = old
            && self.index.unsubscribe(&old, vrid, id)
        {
            out.push(Effect::CloseSocket(old));
        }
        if let Some(socket) = wanted
            && !instance.socket_refused
        {
            if self.index.subscribe(&socket, vrid, id) {
                out.push(Effect::OpenSocket(socket.clone()));
            }
            self.widen(id, socket, out);
        }
    }

    /// Bytes that an instance wants for packets that wait: its own setting, else the policy of all.
    fn receive_buffer(&self, id: InstanceId) -> Option<u32> {
        let model = &self.instances[id.0].model;
        let of_policy = || match self.model.receive_buffers? {
            ReceiveBuffers::Bytes(bytes) => Some(bytes),
            ReceiveBuffers::Adverts(times) => Some(times.saturating_mul(datagram_length(model))),
            ReceiveBuffers::Mtus(times) => {
                let interface = model.device.as_ref().or(model.interface.as_ref())?;
                let link = self.host.index(interface).and_then(|index| self.host.link(index))?;
                Some(times.saturating_mul(link.mtu))
            }
        };
        model.receive_buffer.or_else(of_policy)
    }

    /// VR-60: the sizes of those who share a socket add up.
    fn widen(&mut self, id: InstanceId, socket: SocketKey, out: &mut Vec<Effect>) {
        if self.receive_buffer(id).is_none() {
            return;
        }
        let users = self.index.users(&socket);
        let bytes = users.iter().filter_map(|id| self.receive_buffer(*id)).fold(0, u32::saturating_add);
        if self.index.wants_buffer(&socket, bytes) {
            out.push(Effect::ReceiveBuffer { socket, bytes });
        }
    }
}

/// Bytes of an advert as the original counts them: over IPv4 with the IP header and AH.
fn datagram_length(model: &Instance) -> u32 {
    let version = match model.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    let headers = match model.family {
        Family::V4 if model.authentication.is_ah() => IP_HEADER + AH_HEADER,
        Family::V4 => IP_HEADER,
        Family::V6 => 0,
    };
    let length = headers + advert::length(model.family, version, model.virtual_addresses.len());
    u32::try_from(length).unwrap_or(u32::MAX)
}
