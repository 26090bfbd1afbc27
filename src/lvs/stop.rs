//! Leaving in order, and the two sync daemons, which start and stop with us.

use std::sync::Arc;

use super::service::{Table, Turn};
use crate::base::name::InstanceName;
use crate::model::event::lvs::Event;
use crate::model::ipvs::{Command, Daemon, DaemonState};
use crate::model::lvs::{FlushOnStop, Lvs, RealServerId, SyncDaemon, VirtualServerId};

impl Table {
    /// LV-79 to LV-81, LV-84.
    pub(super) fn stop(&mut self, turn: &mut Turn) {
        turn.marks = true;
        let model = self.facts.model.clone();
        for (at, server) in model.virtual_servers.iter().enumerate() {
            let id = VirtualServerId(at);
            let states = self.facts.servers[at].reals.clone();
            for (place, (real, state)) in server.real_servers.iter().zip(states).enumerate() {
                if model.flush_on_stop != FlushOnStop::No {
                    continue;
                }
                turn.reports.push(Event::ShuttingDown {
                    real_server: server.show_real(real.endpoint),
                    virtual_server: server.show(),
                    inhibited: real.inhibit_on_failure && !state.alive,
                });
                if server.omega && state.alive {
                    self.leave_real(id, RealServerId(place), "=> Shutting down <=", turn);
                }
            }
            if server.omega {
                turn.notifications.push(self.notify_server(id, false, "=> Shutting down <=".to_owned()));
            }
        }
        match model.flush_on_stop {
            FlushOnStop::Table => turn.commands.push(Command::Flush),
            // One message a service: its destinations go with it.
            FlushOnStop::No | FlushOnStop::VirtualServers => {
                let held = self.facts.keys().into_iter().filter_map(|key| self.held.get(&key));
                turn.commands.extend(held.map(|held| Command::DeleteService(held.service.clone())));
            }
        }
        if own_daemon(&model).is_some() {
            turn.commands
                .extend([Command::StopDaemon(DaemonState::Master, 0), Command::StopDaemon(DaemonState::Backup, 0)]);
        }
        self.unfollow(turn);
        if model.timeouts.is_some() {
            turn.commands.push(Command::SetTimeouts(self.original));
        }
    }

    /// LV-101: the backup daemon runs until the instance is Master; then the master daemon does.
    pub(super) fn follow(&mut self, name: &InstanceName, master: bool, turn: &mut Turn) {
        let model = self.facts.model.clone();
        let Some(daemon) = model.sync_daemon.as_ref().filter(|daemon| daemon.instance.as_ref() == Some(name)) else {
            return;
        };
        let wanted = if master { DaemonState::Master } else { DaemonState::Backup };
        if self.following != Some(wanted) {
            // At the first word, too: a predecessor that was killed may have left one running.
            let left = if master { DaemonState::Backup } else { DaemonState::Master };
            turn.commands.push(Command::StopDaemon(self.following.unwrap_or(left), daemon.id));
            turn.commands.push(Command::StartDaemon(wanted, parameters(daemon)));
            self.following = Some(wanted);
        }
    }

    /// Stops the daemon that follows an instance.
    pub(super) fn unfollow(&mut self, turn: &mut Turn) {
        if let (Some(state), Some(daemon)) = (self.following.take(), &self.facts.model.sync_daemon) {
            turn.commands.push(Command::StopDaemon(state, daemon.id));
        }
    }

    /// A real server that is alive leaves for good: it is told as down.
    pub(super) fn leave_real(&mut self, id: VirtualServerId, real: RealServerId, mail: &str, turn: &mut Turn) {
        self.facts.set_alive(id, real, false);
        let mailed = self.facts.server(id).real_servers[real.0].smtp_alert.then(|| mail.to_owned());
        turn.notifications.push(self.notify_real(id, real, true, mailed));
    }
}

/// LV-100: without an instance both daemons are ours, always; with one they follow it elsewhere.
pub(super) fn own_daemon(model: &Lvs) -> Option<&SyncDaemon> {
    model.sync_daemon.as_ref().filter(|daemon| daemon.instance.is_none())
}

fn parameters(configured: &SyncDaemon) -> Arc<Daemon> {
    Arc::new(Daemon {
        interface: configured.interface.clone(),
        id: configured.id,
        max_length: configured.max_length,
        port: configured.port,
        ttl: configured.ttl,
        group: configured.group,
    })
}

pub(super) fn start_daemons(configured: &SyncDaemon) -> [Command; 2] {
    let daemon = parameters(configured);
    [DaemonState::Master, DaemonState::Backup].map(|state| Command::StartDaemon(state, daemon.clone()))
}
