//! Links that are asked for their state each second, and their answers to the VRRP task (VR-186).

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::base::name::InterfaceName;
use crate::daemon::message::{Reporter, ToVrrp};
use crate::kernel::link_state::LinkState;
use crate::model::event::vrrp::Event;
use crate::model::vrrp::{PollMethod, PolledLink};

const PAUSE: Duration = Duration::from_secs(1);
/// In this order they are tried.
const METHODS: [PollMethod; 3] = [PollMethod::Mii, PollMethod::Ethtool, PollMethod::Ioctl];

/// All links that are asked.
pub struct PolledLinks {
    reporter: Reporter,
    links: Vec<PolledLink>,
    waiting: Option<Poller>,
    task: Option<JoinHandle<()>>,
}

struct Poller {
    state: LinkState,
    links: Vec<PolledLink>,
    /// By which method each answers.
    methods: BTreeMap<InterfaceName, PollMethod>,
    reporter: Reporter,
}

impl PolledLinks {
    pub fn new(reporter: Reporter) -> PolledLinks {
        PolledLinks { reporter, links: Vec::new(), waiting: None, task: None }
    }

    /// From now on these are asked: their first answers. Nothing more is told until `follow`.
    pub fn set(&mut self, wanted: &[PolledLink]) -> Vec<ToVrrp> {
        if self.links == wanted && (self.task.is_some() || wanted.is_empty()) {
            return Vec::new();
        }
        self.stop();
        self.links = wanted.to_vec();
        if wanted.is_empty() {
            return Vec::new();
        }
        let reporter = self.reporter.clone();
        match LinkState::open() {
            Ok(state) => {
                let mut poller = Poller { state, links: wanted.to_vec(), methods: BTreeMap::new(), reporter };
                let answers = poller.ask();
                self.reporter.report(Event::LinksPolled);
                self.waiting = Some(poller);
                answers
            }
            Err(error) => {
                self.reporter.report(Event::LinksNotPolled { error: error.to_string() });
                Vec::new()
            }
        }
    }

    /// Answers go there from now on.
    pub fn follow(&mut self, vrrp: &mpsc::Sender<ToVrrp>) {
        if let Some(poller) = self.waiting.take() {
            self.task = Some(tokio::spawn(poller.poll(vrrp.clone())));
        }
    }

    pub fn stop(&mut self) {
        self.links.clear();
        self.waiting = None;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Poller {
    /// Each second, until the VRRP task has ended.
    async fn poll(mut self, vrrp: mpsc::Sender<ToVrrp>) {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first comes at once, and was asked for.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            for answer in self.ask() {
                if vrrp.send(answer).await.is_err() {
                    return;
                }
            }
        }
    }

    fn ask(&mut self) -> Vec<ToVrrp> {
        let links = std::mem::take(&mut self.links);
        let answers = links.iter().map(|link| {
            let (interface, up) = (link.interface.clone(), self.is_up(link));
            ToVrrp::LinkAnswered { interface, up }
        });
        let answers = answers.collect();
        self.links = links;
        answers
    }

    /// By the method that it last answered by; else by what is configured, else by the first that it answers.
    fn is_up(&mut self, link: &PolledLink) -> bool {
        let name = &link.interface;
        if let Some(method) = self.methods.get(name)
            && let Ok(up) = self.state.ask(name, *method)
        {
            return up;
        }
        self.methods.remove(name);
        for method in link.method.into_iter().chain(METHODS) {
            let Ok(up) = self.state.ask(name, method) else { continue };
            self.methods.insert(name.clone(), method);
            if let Some(wanted) = link.method.filter(|wanted| *wanted != method) {
                self.reporter.report(Event::PollMethodRefused { interface: name.clone(), wanted, used: method });
            }
            return up;
        }
        // It is not there.
        false
    }
}
