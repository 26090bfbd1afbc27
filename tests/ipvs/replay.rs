//! The machine with a kernel made of a map: for replaying recorded runs of the original.

use std::collections::BTreeMap;
use std::sync::Arc;

use keepalived_rs::base::time::Time;
use keepalived_rs::lvs::service::Table;
use keepalived_rs::lvs::{Effect, Input, Verdict, plan};
use keepalived_rs::model::event::{Event, Notification, lvs};
use keepalived_rs::model::ipvs::{Command, Present, Refused, ServiceKey};
use keepalived_rs::model::lvs::{CheckerId, Lvs, Timeouts};
use keepalived_rs::observe::wording::wording;

use crate::fixture::{show, sorted};

const ENOENT: i32 = 2;
const EEXIST: i32 = 17;

pub struct Replay {
    pub machine: Table,
    /// The kernel: its services in the order in which they came.
    pub kernel: plan::Table,
    order: Vec<ServiceKey>,
    /// The scheduler that it lacks, as the 6.1 kernel lacks `twos`.
    pub lacks: &'static str,
    lines: Vec<String>,
    pub notifications: Vec<Notification>,
    pub commands: Vec<Command>,
    model: Lvs,
    generation: u64,
    pub original: Timeouts,
    pub now: Time,
}

impl Replay {
    pub fn new(model: Lvs) -> Replay {
        Replay {
            machine: Table::new(Arc::new(model.clone()), 1),
            kernel: BTreeMap::new(),
            order: Vec::new(),
            lacks: "twos",
            lines: Vec::new(),
            notifications: Vec::new(),
            commands: Vec::new(),
            model,
            generation: 1,
            original: Timeouts { tcp: 900, tcp_fin: 120, udp: 300 },
            now: Time::ZERO,
        }
    }

    pub fn start(model: Lvs) -> Replay {
        let mut replay = Replay::new(model);
        replay.begin();
        replay
    }

    pub fn begin(&mut self) {
        let present = self.present();
        let timeouts = self.original;
        self.input(Input::Start { present, timeouts });
    }

    fn present(&self) -> Vec<Present> {
        let read = |key: &ServiceKey| {
            let held = &self.kernel[key];
            Present { service: held.service.clone(), destinations: held.destinations.values().copied().collect() }
        };
        self.order.iter().map(read).collect()
    }

    /// What `ipvsadm -Sn` would show, in the order in which the services came.
    pub fn table(&self) -> String {
        show(&self.present())
    }

    pub fn input(&mut self, input: Input) {
        let mut waiting = vec![input];
        while let Some(input) = waiting.pop() {
            let mut effects = Vec::new();
            self.machine.handle(self.now, input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Report(event) => self.report(event),
                    Effect::Notify(notification) => self.notifications.push(notification),
                    Effect::Mark(_) => {}
                    Effect::ReadTable => {
                        let present = self.present();
                        waiting.push(Input::Present(present));
                    }
                    Effect::Commands(commands) => {
                        let refused: Vec<Refused> =
                            commands.iter().filter_map(|command| self.execute(command)).collect();
                        self.commands.extend(commands);
                        if !refused.is_empty() {
                            waiting.push(Input::Refused(refused));
                        }
                    }
                }
            }
        }
    }

    fn report(&mut self, event: lvs::Event) {
        self.lines.push(wording(&Event::Lvs(event)).message);
    }

    /// As the kernel answers.
    pub fn execute(&mut self, command: &Command) -> Option<Refused> {
        let refused = |errno| Some(Refused { command: command.clone(), errno });
        if let Some(service) = command.service() {
            let held = self.kernel.get(&service.key);
            let adds = matches!(command, Command::AddService(_));
            match (held, adds) {
                (None, false) => return refused(ENOENT),
                (Some(_), true) => return refused(EEXIST),
                (None, true) | (Some(_), false) => {}
            }
            if matches!(command, Command::AddService(_) | Command::SetService(_)) && service.scheduler == self.lacks {
                return refused(ENOENT);
            }
            let there = |held: &plan::Held| {
                command.destination().is_some_and(|one| held.destinations.contains_key(&one.endpoint))
            };
            match (command, held.is_some_and(there)) {
                (Command::AddDestination(..), true) => return refused(EEXIST),
                (Command::SetDestination(..) | Command::DeleteDestination(..), false) => return refused(ENOENT),
                _ => {}
            }
        }
        plan::apply(command, &mut self.kernel);
        self.order.retain(|key| self.kernel.contains_key(key));
        for key in self.kernel.keys() {
            if !self.order.contains(key) {
                self.order.push(*key);
            }
        }
        None
    }

    /// A verdict of the nth checker in file order, with the checker's number as its mail.
    pub fn verdict(&mut self, checker: usize, up: bool) {
        self.verdicts(&[(checker, up, 0)]);
    }

    pub fn verdicts(&mut self, verdicts: &[(usize, bool, i64)]) {
        let verdict = |(checker, up, weight): &(usize, bool, i64)| Verdict {
            checker: CheckerId(*checker),
            up: *up,
            weight: *weight,
            mail: format!("=> checker {checker} <="),
        };
        self.input(Input::Verdicts(verdicts.iter().map(verdict).collect()));
    }

    pub fn reload(&mut self, model: Lvs) {
        self.generation += 1;
        self.model = model.clone();
        self.input(Input::Reload { model: Arc::new(model), generation: self.generation, known: Vec::new() });
    }

    pub fn stop(&mut self) {
        self.input(Input::Stop);
    }

    /// The log lines since the last call.
    pub fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    pub fn commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// The notifications since the last call: FIFO lines, `script` words, mails.
    pub fn told(&mut self) -> Vec<String> {
        let model = self.model.clone();
        let told = |notification| match notification {
            Notification::RealServer { virtual_server, endpoint, up, scripts, mail, .. } => {
                let server = &model.virtual_servers[virtual_server.0];
                let state = if up { "UP" } else { "DOWN" };
                let name = format!("RS {} {} {state}", server.show_real(endpoint), server.show());
                match (scripts, mail) {
                    (true, None) => name,
                    (true, Some(mail)) => format!("{name} and mail {mail}"),
                    (false, mail) => format!("mail {name}: {}", mail.unwrap_or_default()),
                }
            }
            Notification::VirtualServer { virtual_server, up, mail, .. } => {
                let server = &model.virtual_servers[virtual_server.0];
                let state = if up { "UP" } else { "DOWN" };
                let mail = mail.map(|mail| format!(" and mail {mail}")).unwrap_or_default();
                format!("VS {} {state}{mail}", server.show())
            }
            Notification::Instance { .. } | Notification::SyncGroup { .. } | Notification::StillInState { .. } => {
                panic!("not of this task")
            }
        };
        std::mem::take(&mut self.notifications).into_iter().map(told).collect()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[track_caller]
pub fn expect_log(replay: &mut Replay, text: &str) {
    assert_eq!(replay.log(), lines(text));
}

#[track_caller]
pub fn expect_told(replay: &mut Replay, text: &str) {
    assert_eq!(replay.told(), lines(text));
}

#[track_caller]
pub fn expect_table(replay: &Replay, text: &str) {
    assert_eq!(sorted(&replay.table()), sorted(&lines(text).join("\n")));
}
