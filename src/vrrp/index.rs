//! who watches what, who listens where, whose deadline is next: derived from model and states, for speed alone.

use std::collections::{BTreeMap, BTreeSet};

use super::tracking::Watched;
use crate::base::name::{BfdName, FilePath, InterfaceName, ScriptName, TrackProcessName};
use crate::base::time::Time;
use crate::model::vrrp::{InstanceId, SocketKey, Vrrp};

/// Instances whose timers are seen to in one go: the adverts of these leave before those of the next are made.
const AT_ONCE: usize = 64;

#[derive(Clone, Debug, Default)]
pub struct Index {
    due: BTreeSet<(Time, InstanceId)>,
    deadlines: Vec<Option<Time>>,
    watched: Vec<Watched>,
    groups: Vec<Option<usize>>,
    own_interfaces: BTreeSet<InterfaceName>,
    interfaces: BTreeMap<InterfaceName, Vec<InstanceId>>,
    scripts: BTreeMap<ScriptName, Vec<InstanceId>>,
    files: BTreeMap<FilePath, Vec<InstanceId>>,
    processes: BTreeMap<TrackProcessName, Vec<InstanceId>>,
    bfds: BTreeMap<BfdName, Vec<InstanceId>>,
    sockets: BTreeMap<SocketKey, Socket>,
}

#[derive(Clone, Debug, Default)]
struct Socket {
    open: bool,
    /// In order: those of one VRID are neighbours, and of many hundreds few lines of memory are read.
    listeners: Vec<(u8, InstanceId)>,
    /// Bytes of its receive buffer as asked for; 0: the kernel's own.
    buffer: u32,
}

impl Index {
    pub fn new(model: &Vrrp) -> Index {
        let mut index = Index {
            deadlines: vec![None; model.instances.len()],
            groups: vec![None; model.instances.len()],
            ..Index::default()
        };
        for (at, group) in model.sync_groups.iter().enumerate() {
            for member in &group.members {
                index.groups[member.0] = Some(at);
            }
        }
        let owner = |id: &InstanceId| model.instances[id.0].priority.is_owner();
        let owners: Vec<bool> = model.sync_groups.iter().map(|group| group.members.iter().any(owner)).collect();
        for (at, instance) in model.instances.iter().enumerate() {
            let group = index.groups[at];
            let watched = Watched::new(
                instance,
                group.map(|group| &*model.sync_groups[group]),
                group.is_some_and(|group| owners[group]),
            );
            let addresses = instance.virtual_addresses.iter().chain(&instance.excluded_addresses);
            let names: BTreeSet<&InterfaceName> = addresses
                .filter_map(|address| address.interface.as_ref())
                .chain(&instance.interface)
                .chain(&instance.device)
                .chain(&instance.vrf)
                .chain(watched.interfaces.iter().map(|(name, _)| name))
                .collect();
            for name in names {
                index.interfaces.entry(name.clone()).or_default().push(InstanceId(at));
            }
            for (name, _) in &watched.scripts {
                index.scripts.entry(name.clone()).or_default().push(InstanceId(at));
            }
            for (name, _) in &watched.files {
                let file = model.files.iter().find(|file| file.name == *name);
                let Some(watchers) = file.map(|file| index.files.entry(file.path.clone()).or_default()) else {
                    continue;
                };
                // Two names may stand for one file.
                if watchers.last() != Some(&InstanceId(at)) {
                    watchers.push(InstanceId(at));
                }
            }
            for (name, _) in &watched.processes {
                index.processes.entry(name.clone()).or_default().push(InstanceId(at));
            }
            for (name, _) in &watched.bfds {
                index.bfds.entry(name.clone()).or_default().push(InstanceId(at));
            }
            index.own_interfaces.extend(instance.interface.iter().chain(&instance.device).cloned());
            index.watched.push(watched);
        }
        index
    }

    pub fn watched(&self, id: InstanceId) -> &Watched {
        &self.watched[id.0]
    }

    pub fn group_of(&self, id: InstanceId) -> Option<usize> {
        self.groups.get(id.0).copied().flatten()
    }

    pub fn own_interfaces(&self) -> Vec<InterfaceName> {
        self.own_interfaces.iter().cloned().collect()
    }

    /// Those that have something to do with this interface: it is theirs, carries an address of theirs or is tracked.
    pub fn by_interface(&self, name: &InterfaceName) -> Vec<InstanceId> {
        self.interfaces.get(name).cloned().unwrap_or_default()
    }

    pub fn by_script(&self, name: &ScriptName) -> Vec<InstanceId> {
        self.scripts.get(name).cloned().unwrap_or_default()
    }

    pub fn by_file(&self, path: &FilePath) -> Vec<InstanceId> {
        self.files.get(path).cloned().unwrap_or_default()
    }

    pub fn by_process(&self, name: &TrackProcessName) -> Vec<InstanceId> {
        self.processes.get(name).cloned().unwrap_or_default()
    }

    pub fn by_bfd(&self, name: &BfdName) -> Vec<InstanceId> {
        self.bfds.get(name).cloned().unwrap_or_default()
    }

    // ---- deadlines ----

    pub fn first(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// In order of time.
    pub fn due(&self, now: Time) -> impl Iterator<Item = InstanceId> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| *id)
    }

    /// The first of them.
    pub fn due_first(&self, now: Time) -> Vec<InstanceId> {
        self.due(now).take(AT_ONCE).collect()
    }

    pub fn set_deadline(&mut self, id: InstanceId, at: Option<Time>) {
        let old = std::mem::replace(&mut self.deadlines[id.0], at);
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.due.remove(&(old, id));
        }
        if let Some(at) = at {
            self.due.insert((at, id));
        }
    }

    // ---- sockets ----

    /// Each with the VRID.
    pub fn listeners(&self, socket: &SocketKey, vrid: u8) -> &[(u8, InstanceId)] {
        let Some(socket) = self.sockets.get(socket) else { return &[] };
        let from = socket.listeners.partition_point(|(other, _)| *other < vrid);
        let listeners = &socket.listeners[from..];
        &listeners[..listeners.iter().take_while(|(other, _)| *other == vrid).count()]
    }

    pub fn users(&self, socket: &SocketKey) -> Vec<InstanceId> {
        let listeners = self.sockets.get(socket).map_or(&[][..], |socket| &socket.listeners);
        let mut users: Vec<InstanceId> = listeners.iter().map(|(_, id)| *id).collect();
        users.sort_unstable();
        users
    }

    /// True: the socket must be opened.
    pub fn subscribe(&mut self, socket: &SocketKey, vrid: u8, id: InstanceId) -> bool {
        if !self.sockets.contains_key(socket) {
            self.sockets.insert(socket.clone(), Socket::default());
        }
        let Some(entry) = self.sockets.get_mut(socket) else { return false };
        if let Err(place) = entry.listeners.binary_search(&(vrid, id)) {
            entry.listeners.insert(place, (vrid, id));
        }
        !std::mem::replace(&mut entry.open, true)
    }

    /// True: nobody is left, and the socket is open.
    pub fn unsubscribe(&mut self, socket: &SocketKey, vrid: u8, id: InstanceId) -> bool {
        let Some(entry) = self.sockets.get_mut(socket) else { return false };
        entry.listeners.retain(|listener| *listener != (vrid, id));
        if !entry.listeners.is_empty() {
            return false;
        }
        self.sockets.remove(socket).is_some_and(|socket| socket.open)
    }

    /// It could not be opened.
    pub fn closed(&mut self, socket: &SocketKey) {
        if let Some(entry) = self.sockets.get_mut(socket) {
            (entry.open, entry.buffer) = (false, 0);
        }
    }

    /// True: the socket has no receive buffer of that size yet. It never shrinks while the socket is open.
    pub fn wants_buffer(&mut self, socket: &SocketKey, bytes: u32) -> bool {
        let Some(entry) = self.sockets.get_mut(socket).filter(|entry| entry.open) else { return false };
        let before = entry.buffer;
        entry.buffer = before.max(bytes);
        bytes > before
    }

    /// Forgets all sockets; those that were open.
    pub fn close_all(&mut self) -> Vec<SocketKey> {
        let all = std::mem::take(&mut self.sockets);
        all.into_iter().filter(|(_, socket)| socket.open).map(|(key, _)| key).collect()
    }

    /// The sockets of the old index are still open.
    pub fn inherit(&mut self, old: &Index) {
        for (key, socket) in &old.sockets {
            self.sockets
                .insert(key.clone(), Socket { open: socket.open, listeners: Vec::new(), buffer: socket.buffer });
        }
    }

    /// Sockets that nobody took over after a reload.
    pub fn close_unused(&mut self) -> Vec<SocketKey> {
        let unused: Vec<SocketKey> =
            self.sockets.iter().filter(|(_, socket)| socket.listeners.is_empty()).map(|(key, _)| key.clone()).collect();
        unused.into_iter().filter(|key| self.sockets.remove(key).is_some_and(|socket| socket.open)).collect()
    }
}
