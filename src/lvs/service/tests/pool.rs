//! The pool against a second, plain description of it: weight and presence of every server follow from the configuration
//! and the last results alone, whatever happened before.

use super::*;
use crate::lvs::fixture::{script, udp};
use crate::model::check::{Check, MiscCheck};
use crate::model::lvs::{GroupEntry, VirtualAddress, VirtualServer};

/// A checker by its server's names and its kind, since positions change with each reload.
type Checker = (String, Endpoint, bool);

/// What the rules say in their plainest form. Nothing here looks at the machine.
#[derive(Default)]
struct Rules {
    up: BTreeMap<Checker, bool>,
    added: BTreeMap<Checker, i64>,
    alive: BTreeMap<(String, Endpoint), bool>,
    quorum: BTreeMap<String, bool>,
}

fn kind(check: &Check) -> bool {
    matches!(check, Check::Misc(_))
}

impl Rules {
    /// LV-49, LV-89, LV-92, LV-93, LV-95: a start is a reload from nothing.
    fn reload(&mut self, model: &Lvs) {
        let old = std::mem::take(self);
        for server in &model.virtual_servers {
            let name = server.show();
            for real in &server.real_servers {
                let before = old.alive.get(&(name.clone(), real.endpoint)).copied();
                for checker in real.checkers.iter().map(|at| &model.checkers[at.0]) {
                    let key = (name.clone(), real.endpoint, kind(&checker.check));
                    let kept = before.and_then(|_| Some((*old.up.get(&key)?, *old.added.get(&key)?)));
                    let (up, added) = kept.unwrap_or((!checker.alpha, 0));
                    // A server that serves goes on serving, whatever new checkers it gets.
                    self.up.insert(key.clone(), up || before == Some(true));
                    self.added.insert(key, added);
                }
                let alive = before == Some(true) || self.all_up(&name, real.endpoint);
                self.alive.insert((name.clone(), real.endpoint), alive);
            }
            self.quorum.insert(name.clone(), old.quorum.get(&name).copied().unwrap_or(false));
            self.evaluate(server);
        }
    }

    fn all_up(&self, name: &str, at: Endpoint) -> bool {
        let mut own = self.up.iter().filter(|((server, real, _), _)| server == name && *real == at);
        own.all(|(_, up)| *up)
    }

    fn weight(&self, server: &VirtualServer, at: Endpoint) -> u32 {
        let name = server.show();
        let configured = server.real_servers.iter().find(|real| real.endpoint == at).map_or(0, |real| real.weight);
        let own = self.added.iter().filter(|((server, real, _), _)| *server == name && *real == at);
        let sum = i64::from(configured) + own.map(|(_, added)| added).sum::<i64>();
        sum.clamp(0, i64::from(i32::MAX)) as u32
    }

    /// LV-64.
    fn evaluate(&mut self, server: &VirtualServer) {
        let name = server.show();
        let alive = server.real_servers.iter().filter(|real| self.alive[&(name.clone(), real.endpoint)]);
        let sum: u64 = alive.map(|real| u64::from(self.weight(server, real.endpoint))).sum();
        let (quorum, hysteresis) = (u64::from(server.quorum), u64::from(server.hysteresis));
        let now = match self.quorum[&name] {
            false => sum >= quorum + hysteresis,
            true => sum > 0 && sum + hysteresis >= quorum,
        };
        self.quorum.insert(name, now);
    }

    fn verdict(&mut self, model: &Lvs, checker: usize, up: bool, weight: i64) {
        let Some(checker) = model.checkers.get(checker) else { return };
        let server = &model.virtual_servers[checker.virtual_server.0];
        let (name, at) = (server.show(), server.real_servers[checker.real_server.0].endpoint);
        let key = (name.clone(), at, kind(&checker.check));
        self.added.insert(key.clone(), weight);
        self.up.insert(key, up);
        let alive = self.all_up(&name, at);
        self.alive.insert((name, at), alive);
        self.evaluate(server);
    }

    /// Each service, each server in it, and its weight.
    fn table(&self, model: &Lvs) -> BTreeMap<ServiceKey, BTreeMap<Endpoint, u32>> {
        let mut table = BTreeMap::new();
        for server in &model.virtual_servers {
            let name = server.show();
            let mut pool = BTreeMap::new();
            let stands_in = server.sorry_server.is_some() && !self.quorum[&name];
            for real in &server.real_servers {
                let serves = self.alive[&(name.clone(), real.endpoint)] && !stands_in;
                if serves || real.inhibit_on_failure {
                    pool.insert(real.endpoint, if serves { self.weight(server, real.endpoint) } else { 0 });
                }
            }
            if let Some(sorry) = &server.sorry_server
                && (stands_in || sorry.inhibit)
            {
                pool.insert(sorry.endpoint, u32::from(stands_in));
            }
            for key in services(server) {
                table.insert(key, pool.clone());
            }
        }
        table
    }
}

fn services(server: &VirtualServer) -> Vec<ServiceKey> {
    let at = |at: &Endpoint| ServiceKey::Address { protocol: server.protocol, at: *at };
    match &server.address {
        VirtualAddress::Address(address) => vec![at(address)],
        VirtualAddress::Fwmark(mark) => vec![ServiceKey::Fwmark { mark: *mark, family: server.family }],
        VirtualAddress::Group { entries, .. } => entries
            .iter()
            .map(|entry| match entry {
                GroupEntry::Address(address) => at(address),
                GroupEntry::Fwmark { mark, family } => ServiceKey::Fwmark { mark: *mark, family: *family },
            })
            .collect(),
    }
}

/// What one virtual server may be like: which one, its servers (`None`: not there; else weight, two flags, whether a
/// script checks it, too), quorum, hysteresis, sorry server (inhibited or not).
type Shape = (u8, Vec<Option<(u32, bool, bool, bool)>>, u32, u32, Option<bool>);

fn shaped((which, servers, quorum, hysteresis, sorry): Shape) -> Draft {
    let mut draft = match which {
        0 => tcp("10.1.0.1:80"),
        1 => udp("10.1.0.1:80"),
        2 => mark(7, Family::V4),
        _ => group("g", 0, Protocol::Tcp, Family::V4, &["10.1.1.1:80", "10.1.1.2:80", "9"]),
    };
    draft = draft.quorum(quorum, hysteresis);
    if let Some(inhibit) = sorry {
        draft = draft.sorry("10.1.0.99:80", inhibit);
    }
    for (last, server) in servers.into_iter().enumerate() {
        let Some((weight, inhibit, alpha, scripted)) = server else { continue };
        draft = draft.real(&format!("10.1.0.{}:80", 11 + last), weight);
        if scripted {
            let timeout = crate::base::time::Interval::from_secs(9);
            draft = draft.check(Check::Misc(MiscCheck { script: script("check"), timeout, dynamic: true }));
        }
        if inhibit {
            draft = draft.inhibit();
        }
        if alpha {
            draft = draft.alpha();
        }
    }
    draft
}

fn shapes() -> impl Strategy<Value = Lvs> {
    let server = proptest::option::weighted(0.8, (0..6_u32, any::<bool>(), any::<bool>(), any::<bool>()));
    let sorry = proptest::option::of(any::<bool>());
    let one = (vec(server, 1..5), 1..9_u32, 0..4_u32, sorry);
    vec(proptest::option::weighted(0.8, one), 4).prop_map(|all| {
        let which = all.into_iter().zip(0..).filter_map(|(one, which)| {
            let (servers, quorum, hysteresis, sorry) = one?;
            Some(shaped((which, servers, quorum, hysteresis, sorry)))
        });
        lvs(which)
    })
}

#[derive(Clone, Debug)]
enum Happens {
    Verdicts(Vec<(usize, bool, i64)>),
    Reload(Box<Lvs>),
}

proptest! {
    /// LV-48, LV-49, LV-56, LV-58, LV-62, LV-63, LV-64, LV-68, LV-69, LV-71, LV-89, LV-91, LV-92, LV-93, LV-95, LV-96: after
    /// any history the kernel holds what the rules say, by configuration and last results alone.
    #[test]
    fn the_pool_follows_the_rules(
        model in shapes(),
        history in vec(
            prop_oneof![
                6 => vec((0..24_usize, any::<bool>(), -4..5_i64), 1..8).prop_map(Happens::Verdicts),
                1 => shapes().prop_map(|next| Happens::Reload(Box::new(next))),
            ],
            0..30,
        ),
    ) {
        let mut rules = Rules::default();
        rules.reload(&model);
        let (mut machine, mut kernel) = start(model.clone());
        let (mut model, mut generation) = (model, 1);
        let held = |kernel: &Kernel| -> BTreeMap<ServiceKey, BTreeMap<Endpoint, u32>> {
            let pool = |held: &plan::Held| held.destinations.iter().map(|(at, one)| (*at, one.weight)).collect();
            kernel.table.iter().map(|(key, held)| (*key, pool(held))).collect()
        };
        prop_assert_eq!(held(&kernel), rules.table(&model));
        for one in history {
            match one {
                Happens::Verdicts(verdicts) => {
                    for (checker, up, weight) in &verdicts {
                        rules.verdict(&model, *checker, *up, *weight);
                    }
                    let said = |(checker, up, weight)| Verdict { weight, ..verdict(checker, up) };
                    kernel.turn(&mut machine, Input::Verdicts(verdicts.into_iter().map(said).collect()));
                }
                Happens::Reload(next) => {
                    generation += 1;
                    rules.reload(&next);
                    let input = Input::Reload { model: Arc::new(Lvs::clone(&next)), generation, known: Vec::new() };
                    kernel.turn(&mut machine, input);
                    model = *next;
                }
            }
            prop_assert_eq!(held(&kernel), rules.table(&model));
        }
    }
}
