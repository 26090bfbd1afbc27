mod pool;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::base::net::Family;
use crate::lvs::fixture::{Draft, at, group, lvs, mark, show, tcp};
use crate::model::check::Connect;
use crate::model::ipvs::{Refused, Service};
use crate::model::lvs::{CheckerId, Protocol};

const NO_TIMEOUTS: Timeouts = Timeouts { tcp: 900, tcp_fin: 120, udp: 300 };

/// A kernel that does what it is told, unless it is told to change what is not there or to add what is.
#[derive(Clone, Default)]
struct Kernel {
    table: plan::Table,
    /// The next command that would be carried out is refused with ENOMEM.
    fails: bool,
    now: Time,
}

impl Kernel {
    fn execute(&mut self, command: &Command) -> Option<Refused> {
        let refused = |errno| Some(Refused { command: command.clone(), errno });
        let there = command.service().map(|service| self.table.get(&service.key));
        let held = |held: &plan::Held| command.destination().map(|one| held.destinations.contains_key(&one.endpoint));
        let answer = match (command, there) {
            (Command::AddService(_), Some(Some(_))) => refused(17),
            (Command::AddService(_), Some(None)) => None,
            (_, Some(None)) => refused(2),
            (Command::AddDestination(..), Some(Some(there))) if held(there) == Some(true) => refused(17),
            (Command::SetDestination(..) | Command::DeleteDestination(..), Some(Some(there)))
                if held(there) == Some(false) =>
            {
                refused(2)
            }
            _ => None,
        };
        if answer.is_none() && std::mem::take(&mut self.fails) {
            return refused(12);
        }
        if answer.is_none() {
            plan::apply(command, &mut self.table);
        }
        answer
    }

    fn present(&self) -> Vec<Present> {
        let read = |held: &plan::Held| Present {
            service: held.service.clone(),
            destinations: held.destinations.values().copied().collect(),
        };
        self.table.values().map(read).collect()
    }

    /// Hands the machine an input and does what it asks for; returns everything it asked for.
    fn turn(&mut self, machine: &mut Table, input: Input) -> Vec<Effect> {
        let mut inputs = std::collections::VecDeque::from([input]);
        let mut all = Vec::new();
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            machine.handle(self.now, input, &mut effects);
            for effect in &effects {
                match effect {
                    Effect::Commands(commands) => {
                        let refused: Vec<Refused> =
                            commands.iter().filter_map(|command| self.execute(command)).collect();
                        if !refused.is_empty() {
                            inputs.push_back(Input::Refused(refused));
                        }
                    }
                    Effect::ReadTable => inputs.push_back(Input::Present(self.present())),
                    Effect::Report(_) | Effect::Notify(_) | Effect::Mark(_) => {}
                }
            }
            all.extend(effects);
            assert!(all.len() < 10_000, "the machine does not come to rest");
        }
        all
    }

    /// Ours of the table, as text.
    fn ours(&self, machine: &Table) -> String {
        let mut ours = self.present();
        ours.retain(|present| machine.is_ours(&present.service.key));
        crate::lvs::fixture::sorted(&show(&ours))
    }
}

fn start(model: Lvs) -> (Table, Kernel) {
    let (mut machine, mut kernel) = (Table::new(Arc::new(model), 1), Kernel::default());
    kernel.turn(&mut machine, Input::Start { present: Vec::new(), timeouts: NO_TIMEOUTS });
    (machine, kernel)
}

fn verdict(checker: usize, up: bool) -> Verdict {
    Verdict { checker: CheckerId(checker), up, weight: 0, mail: String::new() }
}

fn small() -> Lvs {
    lvs([tcp("10.1.0.1:80").real("10.1.0.11:80", 1).real("10.1.0.12:80", 1)])
}

/// Every phase and every input: what begins, what runs, and what is let pass.
#[test]
fn every_phase_and_input() {
    let inputs = || {
        let (machine, _) = start(small());
        let refused = Refused { command: Command::Flush, errno: 1 };
        [
            ("start", Input::Start { present: machine.wanted(), timeouts: NO_TIMEOUTS }),
            ("verdicts", Input::Verdicts(vec![verdict(0, false)])),
            ("refused", Input::Refused(vec![refused])),
            ("present", Input::Present(Vec::new())),
            ("look", Input::Look(Vec::new())),
            ("deadline", Input::Deadline),
            ("reload", Input::Reload { model: Arc::new(Lvs::default()), generation: 2, known: Vec::new() }),
            ("stop", Input::Stop),
        ]
    };
    let mut outcomes = Vec::new();
    for phase in [Phase::Initialize, Phase::Running, Phase::Stopped] {
        for (name, input) in inputs() {
            let mut machine = match phase {
                Phase::Initialize => Table::new(Arc::new(small()), 1),
                Phase::Running => start(small()).0,
                Phase::Stopped => {
                    let (mut machine, mut kernel) = start(small());
                    kernel.turn(&mut machine, Input::Stop);
                    machine
                }
            };
            assert_eq!(machine.phase, phase);
            let mut effects = Vec::new();
            machine.handle(Time::ZERO, input, &mut effects);
            let kinds: String = effects
                .iter()
                .map(|effect| match effect {
                    Effect::Report(_) => 'r',
                    Effect::Commands(_) => 'c',
                    Effect::ReadTable => 't',
                    Effect::Notify(_) => 'n',
                    Effect::Mark(_) => 'm',
                })
                .collect();
            outcomes.push(format!("{phase:?} {name} -> {:?} {kinds}", machine.phase));
        }
    }
    assert_eq!(
        outcomes,
        [
            // Taking over and quorum are reported; the table is as it should be.
            "Initialize start -> Running rrn",
            "Initialize verdicts -> Initialize ",
            "Initialize refused -> Initialize ",
            "Initialize present -> Initialize ",
            "Initialize look -> Initialize ",
            "Initialize deadline -> Initialize ",
            "Initialize reload -> Initialize ",
            "Initialize stop -> Stopped ",
            "Running start -> Running ",
            "Running verdicts -> Running rcn",
            "Running refused -> Running rt",
            "Running present -> Running c",
            // One line for the service that is gone.
            "Running look -> Running rc",
            "Running deadline -> Running ",
            "Running reload -> Running rrrcnnn",
            "Running stop -> Stopped rrc",
            "Stopped start -> Stopped ",
            "Stopped verdicts -> Stopped ",
            "Stopped refused -> Stopped r",
            "Stopped present -> Stopped ",
            "Stopped look -> Stopped ",
            "Stopped deadline -> Stopped ",
            "Stopped reload -> Stopped ",
            "Stopped stop -> Stopped ",
        ]
    );
}

/// LV-49, CK-120: what files say is known before the first table is made, and before a reload's: a server that they hold
/// back is never in it, weights are right from the start, and nothing is told.
#[test]
fn what_is_known_before_the_start_is_not_told() {
    let model = lvs([tcp("10.1.0.1:80").real("10.1.0.11:80", 2).real("10.1.0.12:80", 2)]);
    let known = |checker, up, weight| Verdict { weight, ..verdict(checker, up) };
    let (mut machine, mut kernel) = (Table::new(Arc::new(model), 1), Kernel::default());
    kernel.turn(&mut machine, Input::Verdicts(vec![known(0, false, 0), known(1, true, 5)]));
    let told = |effects: &[Effect]| {
        let mut told: Vec<String> = Vec::new();
        for effect in effects {
            match effect {
                Effect::Report(event) => told.push(format!("{event:?}")),
                Effect::Notify(Notification::RealServer { .. }) => told.push("real server".to_owned()),
                Effect::Notify(_) | Effect::Commands(_) | Effect::ReadTable | Effect::Mark(_) => {}
            }
        }
        told
    };
    let effects = kernel.turn(&mut machine, Input::Start { present: Vec::new(), timeouts: NO_TIMEOUTS });
    assert_eq!(told(&effects).len(), 1, "quorum: {:?}", told(&effects));
    assert_eq!(kernel.ours(&machine), "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 7");
    let wider = lvs([tcp("10.1.0.1:80").real("10.1.0.11:80", 2).real("10.1.0.12:80", 2).real("10.1.0.13:80", 2)]);
    let reload = Input::Reload { model: Arc::new(wider), generation: 2, known: vec![known(2, false, 0)] };
    let effects = kernel.turn(&mut machine, reload);
    assert_eq!(told(&effects), Vec::<String>::new());
    assert_eq!(kernel.ours(&machine), "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.12:80 -m -w 7");
    kernel.turn(&mut machine, Input::Verdicts(vec![verdict(2, true)]));
    assert!(kernel.ours(&machine).contains("10.1.0.13:80"));
}

/// A verdict about a checker that is not there is let pass.
#[test]
fn unknown_checkers_are_let_pass() {
    let (mut machine, mut kernel) = start(small());
    assert_eq!(kernel.turn(&mut machine, Input::Verdicts(vec![verdict(99, false)])), []);
}

/// LV-84: when the answers to a stop are lost, what is still there goes after the table is read.
#[test]
fn a_stop_is_finished_after_lost_answers() {
    let (mut machine, mut kernel) = start(small());
    let before = kernel.clone();
    kernel.turn(&mut machine, Input::Stop);
    let mut kernel = before;
    let present = kernel.present();
    kernel.turn(&mut machine, Input::Present(present));
    assert_eq!(kernel.present(), []);
}

/// Another program that undoes what we do is not fought without end.
#[test]
fn reading_again_has_an_end() {
    let (mut machine, _) = start(small());
    let mut reads = 0;
    let mut effects = Vec::new();
    machine.handle(Time::ZERO, Input::Verdicts(vec![verdict(0, false)]), &mut effects);
    while let Some(Effect::Commands(commands)) =
        effects.iter().find(|effect| matches!(effect, Effect::Commands(_))).cloned()
    {
        let refused = commands.into_iter().map(|command| Refused { command, errno: 17 }).collect();
        effects.clear();
        machine.handle(Time::ZERO, Input::Refused(refused), &mut effects);
        if effects.contains(&Effect::ReadTable) {
            reads += 1;
            effects.clear();
            machine.handle(Time::ZERO, Input::Present(Vec::new()), &mut effects);
        }
        assert!(reads < 100, "no end");
    }
    assert_eq!(reads, MOST_READS);
}

/// The virtual servers that random configurations are made of. Quorum 0 comes with a hysteresis out of reach (LV-34).
fn draft(kind: u8, size: u8, quorum: u32) -> Draft {
    let base = match kind % 5 {
        0 => tcp("10.1.0.1:80"),
        1 => tcp("10.1.0.1:81").sorry("10.1.0.12:80", false),
        2 => group("g", 0, Protocol::Tcp, Family::V4, &["10.1.1.1:80", "10.1.1.2:80"]).sorry("10.1.0.99:80", true),
        3 => group("g", 1, Protocol::Tcp, Family::V4, &["10.1.1.2:80", "7"]),
        _ => mark(7, Family::V4),
    };
    let mut draft = base.quorum(quorum, quorum / 2);
    for last in 0..size {
        draft = draft.real(&format!("10.1.0.{}:80", 11 + last), u32::from(last) + 1);
        draft = match last % 3 {
            0 => draft,
            1 => draft.inhibit(),
            _ => draft.alpha(),
        };
    }
    draft
}

fn models() -> impl Strategy<Value = Lvs> {
    vec((0..5_u8, 0..5_u8, 1..4_u32), 0..5).prop_map(|mut kinds| {
        kinds.sort_unstable();
        kinds.dedup_by_key(|(kind, ..)| *kind);
        lvs(kinds.into_iter().map(|(kind, size, quorum)| draft(kind, size, quorum)))
    })
}

#[derive(Clone, Debug)]
enum Action {
    Verdicts(Vec<(usize, bool, i64)>),
    Reload(Box<Lvs>),
    /// The kernel is out of memory for one command.
    Fail,
    /// Another program empties the table, or adds to it.
    Flush,
    Meddle(u8),
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => vec((0..20_usize, any::<bool>(), -2..3_i64), 1..6).prop_map(Action::Verdicts),
        2 => models().prop_map(|model| Action::Reload(Box::new(model))),
        1 => Just(Action::Fail),
        1 => Just(Action::Flush),
        2 => any::<u8>().prop_map(Action::Meddle),
    ]
}

proptest! {
    /// Without interference the kernel's table is always what configuration and results ask for, the same model again
    /// changes nothing, and a stop leaves nothing.
    #[test]
    fn the_table_follows(model in models(), actions in vec(actions(), 0..20)) {
        let (mut machine, mut kernel) = start(model);
        let mut generation = 1;
        for action in actions {
            match action {
                Action::Verdicts(verdicts) => {
                    let verdicts = verdicts
                        .into_iter()
                        .map(|(checker, up, weight)| Verdict { weight, ..verdict(checker, up) })
                        .collect();
                    kernel.turn(&mut machine, Input::Verdicts(verdicts));
                }
                Action::Reload(model) => {
                    generation += 1;
                    kernel.turn(&mut machine, Input::Reload { model: Arc::new(*model), generation, known: Vec::new() });
                }
                Action::Fail | Action::Flush | Action::Meddle(_) => {}
            }
            prop_assert_eq!(kernel.ours(&machine), crate::lvs::fixture::sorted(&show(&machine.wanted())));
        }
        let model = machine.facts.model.clone();
        let effects = kernel.turn(&mut machine, Input::Reload { model, generation: generation + 1, known: Vec::new() });
        prop_assert_eq!(effects, vec![]);
        kernel.turn(&mut machine, Input::Stop);
        prop_assert_eq!(kernel.present(), vec![]);
    }

    /// Whatever others do to our services, one reading of the table puts it right; foreign ones are left alone.
    #[test]
    fn one_reading_puts_the_table_right(model in models(), actions in vec(actions(), 0..20)) {
        let (mut machine, mut kernel) = start(model);
        let foreign = start(lvs([tcp("10.9.9.9:9").unchecked("10.1.0.11:80", 1)])).1;
        let mut generation = 1;
        for action in actions {
            match action {
                Action::Verdicts(verdicts) => {
                    let verdicts = verdicts.into_iter().map(|(checker, up, _)| verdict(checker, up)).collect();
                    kernel.turn(&mut machine, Input::Verdicts(verdicts));
                }
                Action::Reload(model) => {
                    generation += 1;
                    kernel.turn(&mut machine, Input::Reload { model: Arc::new(*model), generation, known: Vec::new() });
                }
                Action::Fail => kernel.fails = true,
                Action::Flush => kernel.table.clear(),
                Action::Meddle(n) => {
                    kernel.table.extend(foreign.table.clone());
                    if let Some(held) = kernel.table.values_mut().nth(usize::from(n) % 7) {
                        if let Some(one) = held.destinations.values_mut().nth(usize::from(n) % 3) {
                            one.weight = 77;
                        }
                        held.service = Arc::new(Service { scheduler: "nq".to_owned(), ..(*held.service).clone() });
                    }
                }
            }
        }
        kernel.fails = false;
        let others = |kernel: &Kernel, machine: &Table| {
            kernel.table.iter().filter(|(key, _)| !machine.is_ours(key)).map(|(_, held)| held.clone()).collect::<Vec<_>>()
        };
        let before = others(&kernel, &machine);
        let present = kernel.present();
        kernel.turn(&mut machine, Input::Present(present));
        prop_assert_eq!(kernel.ours(&machine), crate::lvs::fixture::sorted(&show(&machine.wanted())));
        prop_assert_eq!(others(&kernel, &machine), before);
    }
}

/// LV-49, CK-14, and the difference that docs/differences.md names: what a killed predecessor left of a server with two
/// alpha checkers keeps its connections until both are good, and goes when one is bad.
#[test]
fn an_adopted_server_waits_for_all_of_its_checkers() {
    let both = |server: Draft| server.check(Check::Tcp(Connect::to(at("10.1.0.11:81").address, 81))).all_alpha();
    let model = lvs([both(tcp("10.1.0.1:80").real("10.1.0.11:80", 3))]);
    let left = Table::new(Arc::new(lvs([tcp("10.1.0.1:80").unchecked("10.1.0.11:80", 3)])), 1);
    let adopted = "-A -t 10.1.0.1:80 -s wrr\n-a -t 10.1.0.1:80 -r 10.1.0.11:80 -m -w";
    for (second, table) in [(true, format!("{adopted} 3")), (false, "-A -t 10.1.0.1:80 -s wrr".to_owned())] {
        let (mut machine, mut kernel) = (Table::new(Arc::new(model.clone()), 1), Kernel::default());
        let mut before = left.clone();
        kernel.turn(&mut before, Input::Start { present: Vec::new(), timeouts: NO_TIMEOUTS });
        let present = kernel.present();
        kernel.turn(&mut machine, Input::Start { present, timeouts: NO_TIMEOUTS });
        assert_eq!(kernel.ours(&machine), format!("{adopted} 0"));
        let effects = kernel.turn(&mut machine, Input::Verdicts(vec![verdict(0, true)]));
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Commands(_))), "{effects:?}");
        kernel.turn(&mut machine, Input::Verdicts(vec![verdict(1, second)]));
        assert_eq!(kernel.ours(&machine), table);
    }
}
