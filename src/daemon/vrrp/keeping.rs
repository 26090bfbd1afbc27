//! What the VRRP task has the keeper do, and the packet filter's elements, which it sets itself: they must be there
//! before the addresses are (VR-266), and cost no more than these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::base::name::InterfaceName;
use crate::base::net::InterfaceIndex;
use crate::daemon::keeper::{Done, Keeper, needed};
use crate::daemon::message::Reporter;
use crate::kernel::monitor::Change;
use crate::kernel::netlink::Failure;
use crate::kernel::nftables::Nftables;
use crate::model::device::Barred;
use crate::model::event::kernel::Event;
use crate::model::vrrp::Vrrp;

pub(super) struct Keeping {
    reporter: Reporter,
    keeper: Option<Keeper>,
    /// Devices and their bases, and those of them that are there.
    names: BTreeSet<InterfaceName>,
    present: BTreeMap<InterfaceIndex, InterfaceName>,
    nftables: Option<Nftables>,
    /// The table of the model in force.
    table: Option<String>,
    /// What packets are dropped from and to.
    barred: BTreeSet<Barred>,
    /// What the keeper was told that is barred, when it may not have acted on it yet.
    told: BTreeSet<Barred>,
}

impl Keeping {
    pub fn new(reporter: Reporter) -> Keeping {
        Keeping {
            reporter,
            keeper: None,
            names: BTreeSet::new(),
            present: BTreeMap::new(),
            nftables: None,
            table: None,
            barred: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// Before anything runs: the host is prepared when this returns.
    pub async fn begin(&mut self, model: &Arc<Vrrp>) {
        if self.prepare(model) {
            while let Some(keeper) = &mut self.keeper {
                match keeper.done.recv().await {
                    Some(Done::Prepared) => break,
                    Some(Done::Replaced | Done::Closed) => {}
                    None => self.lost(),
                }
            }
        }
        self.take_up(model);
    }

    /// Has the host prepared for a model; true when it is to be waited for.
    pub fn prepare(&mut self, model: &Arc<Vrrp>) -> bool {
        if self.keeper.is_none() && !needed(model) {
            return false;
        }
        if self.keeper.is_none() {
            match Keeper::start(self.reporter.clone()) {
                Ok(keeper) => self.keeper = Some(keeper),
                Err(error) => self.reporter.report(Event::KeeperFailed { error: error.to_string() }),
            }
        }
        self.told.extend(self.barred.iter().cloned());
        let barred = self.barred.iter().cloned().collect();
        self.keeper.as_ref().is_some_and(|keeper| keeper.prepare(model.clone(), barred))
    }

    /// The model is in force from now on.
    pub fn take_up(&mut self, model: &Vrrp) {
        let both = model.devices.iter().flat_map(|device| [device.name.clone(), device.base.clone()]);
        self.names = both.collect();
        self.table = model.firewall.as_ref().map(|firewall| firewall.table.clone());
        if self.table.is_some() && self.nftables.is_none() {
            match Nftables::open() {
                Ok(nftables) => self.nftables = Some(nftables),
                Err(error) => self.refused(true, &Failure::Socket(error)),
            }
        }
        self.resynchronise();
    }

    /// The machine runs the model: what only earlier ones needed may go.
    pub fn settle(&self) {
        if let Some(keeper) = &self.keeper {
            // A keeper without room has other orders before it, after which it settles at the next reload or at the end.
            keeper.settle();
        }
    }

    /// After the stop: everything away.
    pub async fn close(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        if !keeper.close() {
            return;
        }
        while let Some(done) = keeper.done.recv().await {
            if done == Done::Closed {
                return;
            }
        }
    }

    /// Ready when a model is prepared.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(keeper) = &mut self.keeper else { return Poll::Pending };
            match keeper.done.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Done::Prepared)) => return Poll::Ready(()),
                Poll::Ready(Some(Done::Replaced)) => self.resynchronise(),
                Poll::Ready(Some(Done::Closed)) => {}
                // What it was to prepare goes on without it.
                Poll::Ready(None) => {
                    self.lost();
                    return Poll::Ready(());
                }
            }
        }
    }

    fn lost(&mut self) {
        self.keeper = None;
        self.reporter.report(Event::KeeperFailed { error: "it has ended".to_owned() });
    }

    /// Has the keeper look after what was deleted, or came back.
    pub fn noticed(&mut self, change: &Change) {
        let matters = match change {
            Change::Link(link) if self.names.contains(&link.name) => {
                self.present.insert(link.index, link.name.clone()).is_none()
            }
            Change::Link(link) => self.present.remove(&link.index).is_some(),
            Change::LinkGone(index) => self.present.remove(index).is_some(),
            Change::Address(_) | Change::AddressGone(_) | Change::RouteGone(_) | Change::RuleGone(_) => false,
        };
        if let Some(keeper) = self.keeper.as_ref().filter(|_| matters) {
            self.told.extend(self.barred.iter().cloned());
            keeper.look(self.barred.iter().cloned().collect());
        }
    }

    pub fn bar(&mut self, fresh: Vec<Barred>) {
        let result = self.elements(true, &fresh);
        self.barred.extend(fresh);
        if let Err(failure) = result {
            self.refused(true, &failure);
        }
    }

    pub fn unbar(&mut self, gone: &[Barred]) {
        self.barred.retain(|one| !gone.contains(one));
        if let Err(failure) = self.elements(false, gone) {
            self.refused(false, &failure);
        }
    }

    fn elements(&mut self, adding: bool, elements: &[Barred]) -> Result<(), Failure> {
        let (Some(nftables), Some(table)) = (&mut self.nftables, &self.table) else { return Ok(()) };
        if adding { nftables.bar(table, elements) } else { nftables.unbar(table, elements) }
    }

    /// A new table holds what was barred when it was ordered: what came since is added, what went is removed.
    fn resynchronise(&mut self) {
        let told = std::mem::take(&mut self.told);
        let gone: Vec<Barred> = told.difference(&self.barred).cloned().collect();
        let all: Vec<Barred> = self.barred.iter().cloned().collect();
        if let Err(failure) = self.elements(true, &all) {
            self.refused(true, &failure);
        }
        if let Err(failure) = self.elements(false, &gone) {
            self.refused(false, &failure);
        }
    }

    fn refused(&self, adding: bool, failure: &Failure) {
        let table = self.table.clone().unwrap_or_default();
        self.reporter.report(Event::BarRefused { table, adding, error: failure.to_string() });
    }
}
