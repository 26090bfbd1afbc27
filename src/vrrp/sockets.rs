//! which sockets the virtual routers need: opened with the first that uses one, closed with the last.

use super::Effect;
use super::instance::VirtualRouter;
use super::router::Router;
use crate::model::vrrp::{InstanceId, SocketAddress, SocketKey, Transport};

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

    /// VR-60: the sizes of those who share a socket add up.
    fn widen(&mut self, id: InstanceId, socket: SocketKey, out: &mut Vec<Effect>) {
        let size = |id: &InstanceId| self.instances[id.0].model.receive_buffer;
        if size(&id).is_none() {
            return;
        }
        let bytes = self.index.users(&socket).iter().filter_map(size).fold(0, u32::saturating_add);
        if self.index.wants_buffer(&socket, bytes) {
            out.push(Effect::ReceiveBuffer { socket, bytes });
        }
    }
}
