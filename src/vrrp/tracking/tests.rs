use super::*;
use crate::vrrp::fixture::*;

/// No file and no process is watched.
fn known<'a>(host: &'a Host, scripts: &'a Scripts) -> Known<'a> {
    static FILES: std::sync::LazyLock<Files> = std::sync::LazyLock::new(Files::default);
    static PROCESSES: std::sync::LazyLock<Processes> = std::sync::LazyLock::new(Processes::default);
    static BFD_UP: BTreeSet<BfdName> = BTreeSet::new();
    Known { host, scripts, files: &FILES, processes: &PROCESSES, bfd_up: &BFD_UP }
}

fn ended(standing: &mut Standing, statuses: &[i32]) -> Vec<Option<bool>> {
    statuses
        .iter()
        .map(|status| {
            standing.ended(&ScriptName::new("chk"), ScriptOutcome::Exited(*status), &mut Vec::new());
            standing.is_up()
        })
        .collect()
}

/// VR-219, VR-220: `rise` successes up, `fall` failures down, an opposite result begins anew; the first result alone
/// decides at the beginning.
#[test]
fn rise_and_fall() {
    const UP: Option<bool> = Some(true);
    const DOWN: Option<bool> = Some(false);
    let mut standing = Standing::new(&script("chk", 2, 3), true);
    assert_eq!(standing.is_up(), None);
    assert_eq!(ended(&mut standing, &[0]), [UP]);
    assert_eq!(ended(&mut standing, &[1, 1, 0, 1, 1, 1]), [UP, UP, UP, UP, UP, DOWN]);
    assert_eq!(ended(&mut standing, &[0, 1, 0, 0]), [DOWN, DOWN, DOWN, UP]);
    let mut standing = Standing::new(&script("chk", 3, 3), true);
    assert_eq!(ended(&mut standing, &[1]), [DOWN]);
    assert_eq!(ended(&mut standing, &[0, 0, 0]), [DOWN, DOWN, UP]);
    let failing = TrackScript { init_fail: true, ..script("chk", 2, 2) };
    let mut standing = Standing::new(&failing, true);
    assert_eq!(standing.is_up(), DOWN);
    assert_eq!(ended(&mut standing, &[0, 0]), [DOWN, UP]);
}

/// VR-218, VR-221: a run that timed out or died is a failure; an exit status is told when it is another one.
#[test]
fn outcomes_are_told() {
    let name = ScriptName::new("chk");
    let mut standing = Standing::new(&script("chk", 1, 1), true);
    let told = |standing: &mut Standing, outcome| {
        let mut out = Vec::new();
        standing.ended(&name, outcome, &mut out);
        out
    };
    assert_eq!(told(&mut standing, ScriptOutcome::Exited(0)), [Event::ScriptSucceeded { script: name.clone() }]);
    assert!(told(&mut standing, ScriptOutcome::Exited(0)).is_empty());
    assert_eq!(
        told(&mut standing, ScriptOutcome::Exited(2)),
        [
            Event::ScriptStatus { script: name.clone(), status: 2 },
            Event::ScriptFailed { script: name.clone(), outcome: ScriptOutcome::Exited(2) }
        ]
    );
    assert_eq!(
        told(&mut standing, ScriptOutcome::Exited(3)),
        [Event::ScriptStatus { script: name.clone(), status: 3 }],
        "down already"
    );
    for outcome in [ScriptOutcome::TimedOut, ScriptOutcome::Signalled(9)] {
        standing.ended(&name, ScriptOutcome::Exited(0), &mut Vec::new());
        assert_eq!(told(&mut standing, outcome), [Event::ScriptFailed { script: name.clone(), outcome }]);
    }
}

/// VR-212: weight and reverse, by whether the object is up.
#[test]
fn weights() {
    let weigh = |weight, reverse, up| super::weigh(TrackEffect { weight: Weight(weight), reverse }, up);
    assert_eq!([weigh(10, false, true), weigh(10, false, false)], [Some(10), Some(0)]);
    assert_eq!([weigh(-10, false, true), weigh(-10, false, false)], [Some(0), Some(-10)]);
    assert_eq!([weigh(10, true, true), weigh(10, true, false)], [Some(-10), Some(0)]);
    assert_eq!([weigh(-10, true, true), weigh(-10, true, false)], [Some(0), Some(10)]);
    assert_eq!([weigh(0, false, true), weigh(0, false, false)], [Some(0), None]);
    assert_eq!([weigh(0, true, true), weigh(0, true, false)], [None, Some(0)]);
}

/// VR-211: the effective priority stays within 1..=254, and that of an owner is 255 whatever is tracked.
#[test]
fn the_effective_priority_is_clamped() {
    let mut host = Host::default();
    host.link_told(link(ETH0, "eth0", true));
    let priority = |base: u8, weight: i16| {
        let effect = TrackEffect { weight: Weight(weight), reverse: false };
        let watched = Watched {
            interfaces: vec![(eth("eth0"), effect), (eth("gone"), effect)],
            scripts: vec![],
            ..Watched::default()
        };
        judge(Priority(base), &watched, known(&host, &Scripts::default())).priority.0
    };
    assert_eq!(priority(100, 253), 254);
    assert_eq!(priority(100, -253), 1);
    assert_eq!(priority(100, -30), 70);
    assert_eq!(priority(100, 30), 130);
    assert_eq!(priority(255, -30), 255);
}

/// VR-211: weighted trackers of an owner are removed; unweighted ones still fault.
#[test]
fn an_owner_has_no_weights() {
    let model =
        Instance { track_scripts: vec![tracked("weighted", -10), tracked("plain", 0)], ..instance("VI_1", 51, 255) };
    let watched = Watched::new(&model, None, false);
    assert_eq!(watched.scripts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["plain"]);
}

/// VR-223: a weighted script without a result counts nothing, and nobody waits for it.
#[test]
fn a_weighted_script_without_result_counts_nothing() {
    let model = Vrrp { scripts: vec![Arc::new(script("chk", 1, 1))], ..vrrp(vec![]) };
    let scripts = Scripts::new(&model);
    for weight in [-20, 20, 0] {
        let effect = TrackEffect { weight: Weight(weight), reverse: false };
        let watched =
            Watched { interfaces: vec![], scripts: vec![(ScriptName::new("chk"), effect)], ..Watched::default() };
        let condition = judge(Priority(100), &watched, known(&Host::default(), &scripts));
        assert_eq!((condition.priority.0, condition.pending), (100, weight == 0));
    }
}
