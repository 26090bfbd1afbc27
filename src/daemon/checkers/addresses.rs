//! The addresses of this host, for virtual servers with `ha_suspend` (LV-103).

use std::future::{pending, poll_fn};
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::check::Input;
use crate::check::presence::Place;
use crate::kernel::clock;
use crate::kernel::monitor::{Change, Monitor};
use crate::kernel::netlink::Failure;
use crate::model::host::HostAddress;
use crate::model::route::Follow;
use crate::model::upkeep::Room;

/// After reading failed, until the next try.
const LATER: Duration = Duration::from_secs(1);

/// Who tells of them, once somebody asked.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    monitor: Option<Monitor>,
    /// Reading failed: another socket is needed, not before this moment.
    broken: Option<Instant>,
    room: Option<Room>,
}

impl Addresses {
    /// All that are here, when nobody had asked before. Must be called inside a runtime.
    ///
    /// # Errors
    /// When the kernel does not tell of them.
    pub(super) fn open(&mut self) -> Result<Vec<Input>, Failure> {
        if self.monitor.is_some() {
            return Ok(Vec::new());
        }
        let opened = Monitor::open(Follow::default());
        self.broken = opened.is_err().then(|| clock::instant() + LATER);
        let (mut monitor, present) = opened?;
        // Whether the kernel gives that much is said when it is asked for.
        monitor.set_room(self.room).unwrap_or(());
        self.monitor = Some(monitor);
        Ok(inputs(present))
    }

    /// Another receive buffer, for what tells of them now and later.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub(super) fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        self.room = room;
        self.monitor.as_mut().map_or(Ok(()), |monitor| monitor.set_room(room))
    }

    /// What became different; waits until something did. Can be dropped at any moment without losing anything.
    ///
    /// # Errors
    /// When the kernel does not tell of them; the next call tries again, a second later.
    pub(super) async fn changed(&mut self) -> Result<Vec<Input>, Failure> {
        let Some(monitor) = &mut self.monitor else {
            let Some(again) = self.broken else { return pending().await };
            sleep_until(again).await;
            return self.open();
        };
        if let Some(again) = self.broken {
            sleep_until(again).await;
            self.broken = Some(clock::instant() + LATER);
            let changes = monitor.reopen()?;
            self.broken = None;
            return Ok(inputs(changes));
        }
        let changes = poll_fn(|context| monitor.poll(context)).await;
        self.broken = changes.is_err().then(|| clock::instant() + LATER);
        changes.map(inputs)
    }
}

fn inputs(changes: Vec<Change>) -> Vec<Input> {
    let input = |HostAddress { index, cidr, .. }: HostAddress, here| Input::Address {
        address: cidr.address,
        place: Place { interface: index, prefix: cidr.prefix },
        here,
    };
    let input = |change| match change {
        Change::Address(address) => Some(input(address, true)),
        Change::AddressGone(address) => Some(input(address, false)),
        Change::Link(_) | Change::LinkGone(_) | Change::RouteGone(_) | Change::RuleGone(_) => None,
    };
    changes.into_iter().filter_map(input).collect()
}
