//! One virtual router alone: every pair of state and event, and what entering and leaving a state does.

use super::*;
use crate::base::name::Priority;
use crate::vrrp::fixture::*;

/// What a test hands in with each event.
struct Bench {
    router: VirtualRouter,
    host: Host,
    queues: Queues,
    now: Time,
    release: Release,
}

impl Bench {
    fn new(model: Instance) -> Bench {
        let mut host = Host::default();
        host.link_told(link(ETH0, "eth0", true));
        host.address_told(&host_address(ETH0, "10.0.0.1/24"));
        let mut router = VirtualRouter::new(Arc::new(model), InstanceId(0));
        router.source = Some(ip("10.0.0.1"));
        router.socket = Some(SocketKey {
            family: crate::base::net::Family::V4,
            ah: false,
            interface: Some(ETH0),
            local: crate::model::vrrp::SocketAddress::Group(ip("224.0.0.18")),
        });
        let release = Release { always_addresses: false, vrrp: true };
        Bench { router, host, queues: Queues::default(), now: Time::from_micros(10_000_000), release }
    }

    fn tell(&mut self, event: Event) -> Vec<String> {
        let mut out = Vec::new();
        let mut turn = Turn {
            now: self.now,
            wall: Default::default(),
            origin: self.now,
            generation: 1,
            release: self.release,
            host: &self.host,
            garp_groups: &[],
            queues: &mut self.queues,
            out: &mut out,
        };
        self.router.handle(event, &mut turn);
        acts(lines(&out))
    }

    /// Brought into `state` by the shortest way.
    fn in_state(state: State, model: Instance) -> Bench {
        let mut bench = Bench::new(model);
        match state {
            State::Initialize => {}
            State::Backup => {
                bench.tell(Event::Ready);
            }
            State::Master => {
                bench.tell(Event::Ready);
                bench.tell(Event::MasterDown);
            }
            State::Fault => {
                bench.tell(Event::Fault { releases: 2, silent: false });
            }
        }
        assert_eq!(bench.router.state, state);
        bench
    }

    fn wait(&self) -> Option<u64> {
        self.router.timers.master_down.map(|at| at.since(self.now).as_micros())
    }
}

fn heard(priority: u8, from: &str) -> Event {
    Event::Heard(Heard { source: ip(from), priority: Priority(priority), interval: SECOND, sequence: None })
}

const ADVERT: &str = "send 51 priority 100 to 224.0.0.18";
const RELEASE: &str = "send 51 priority 0 to 224.0.0.18";
const ADD: &str = "add 0 10.0.0.100/24";
const REMOVE: &str = "remove 0 10.0.0.100/24";
const GARP: &str = "announce 10.0.0.100";

/// VR-68, VR-123, VR-134, VR-135, VR-136, VR-141, VR-142, VR-145, VR-146, VR-148, VR-151, VR-152, VR-155, VR-159,
/// VR-242, VR-243, VR-244, VR-280: the whole machine, each pair of state and event: next state and acts, in order.
#[test]
fn every_pair_of_state_and_event() {
    use State::{Backup, Fault, Initialize, Master};
    let fault = || Event::Fault { releases: 2, silent: false };
    let followed_fault = || Event::Fault { releases: 1, silent: false };
    let silent = || Event::Fault { releases: 0, silent: true };
    let (higher, lower) = (|| heard(150, "10.0.0.2"), || heard(50, "10.0.0.2"));
    let (equal_above, equal_below) = (|| heard(100, "10.0.0.2"), || heard(100, "10.0.0.0"));
    let release = || heard(0, "10.0.0.2");
    let (to_backup, to_fault, to_stop) = ("notify VI_1 Backup 100", "notify VI_1 Fault 100", "notify VI_1 Stop 100");
    let to_lower = "notify VI_1 MasterRxLowerPri 100";
    let table: Vec<(State, Event, State, Vec<&str>)> = vec![
        (Initialize, Event::Ready, Backup, vec![to_backup]),
        (Initialize, fault(), Fault, vec![to_fault]),
        (Initialize, followed_fault(), Fault, vec![to_fault]),
        (Initialize, silent(), Fault, vec![]),
        (Initialize, Event::MasterDown, Initialize, vec![]),
        (Initialize, Event::AdvertDue, Initialize, vec![]),
        (Initialize, higher(), Initialize, vec![]),
        (Initialize, equal_above(), Initialize, vec![]),
        (Initialize, equal_below(), Initialize, vec![]),
        (Initialize, lower(), Initialize, vec![]),
        (Initialize, release(), Initialize, vec![]),
        (Initialize, Event::AddressTaken, Initialize, vec![]),
        (Initialize, Event::StepDown, Initialize, vec![]),
        (Initialize, Event::Delete, Initialize, vec![to_fault]),
        (Initialize, Event::Stop, Initialize, vec![to_stop]),
        (Backup, Event::Ready, Backup, vec![]),
        (Backup, fault(), Fault, vec![to_fault]),
        (Backup, followed_fault(), Fault, vec![to_fault]),
        (Backup, silent(), Fault, vec![]),
        (Backup, Event::MasterDown, Master, vec![ADVERT, ADD, GARP, "notify VI_1 Master 100"]),
        (Backup, Event::AdvertDue, Backup, vec![]),
        (Backup, higher(), Backup, vec![]),
        (Backup, equal_above(), Backup, vec![]),
        (Backup, equal_below(), Backup, vec![]),
        (Backup, lower(), Backup, vec![]),
        (Backup, release(), Backup, vec![]),
        (Backup, Event::AddressTaken, Backup, vec![]),
        (Backup, Event::StepDown, Backup, vec![]),
        (Backup, Event::Delete, Initialize, vec![to_fault]),
        (Backup, Event::Stop, Initialize, vec![to_stop]),
        (Master, Event::Ready, Master, vec![]),
        (Master, fault(), Fault, vec![RELEASE, RELEASE, REMOVE, to_fault]),
        (Master, followed_fault(), Fault, vec![RELEASE, REMOVE, to_fault]),
        (Master, silent(), Fault, vec![REMOVE]),
        (Master, Event::MasterDown, Master, vec![]),
        (Master, Event::AdvertDue, Master, vec![ADVERT]),
        (Master, higher(), Backup, vec![REMOVE, to_backup]),
        (Master, equal_above(), Backup, vec![REMOVE, to_backup]),
        (Master, equal_below(), Master, vec![ADVERT, GARP, to_lower]),
        (Master, lower(), Master, vec![ADVERT, GARP, to_lower]),
        (Master, release(), Master, vec![ADVERT]),
        (Master, Event::AddressTaken, Backup, vec![RELEASE, REMOVE, to_backup]),
        (Master, Event::StepDown, Backup, vec![REMOVE, to_backup]),
        (Master, Event::Delete, Initialize, vec![RELEASE, REMOVE, to_fault]),
        (Master, Event::Stop, Initialize, vec![RELEASE, REMOVE, to_stop]),
        (Fault, Event::Ready, Backup, vec![to_backup]),
        (Fault, fault(), Fault, vec![]),
        (Fault, followed_fault(), Fault, vec![]),
        (Fault, silent(), Fault, vec![]),
        (Fault, Event::MasterDown, Fault, vec![]),
        (Fault, Event::AdvertDue, Fault, vec![]),
        (Fault, higher(), Fault, vec![]),
        (Fault, equal_above(), Fault, vec![]),
        (Fault, equal_below(), Fault, vec![]),
        (Fault, lower(), Fault, vec![]),
        (Fault, release(), Fault, vec![]),
        (Fault, Event::AddressTaken, Fault, vec![]),
        (Fault, Event::StepDown, Fault, vec![]),
        (Fault, Event::Delete, Initialize, vec![]),
        (Fault, Event::Stop, Initialize, vec![to_stop]),
    ];
    assert_eq!(table.len(), 4 * 15);
    for (state, event, next, acts) in table {
        let mut bench = Bench::in_state(state, instance("VI_1", 51, 100));
        let told = bench.tell(event.clone());
        assert_eq!(
            (bench.router.state, told),
            (next, acts.iter().map(|act| act.to_string()).collect()),
            "{state:?}, {event:?}"
        );
    }
}

/// VR-115, VR-116, VR-134, VR-148, VR-155, VR-159: how long a Backup waits, by how it came to be one.
#[test]
fn the_down_timer_depends_on_how_backup_was_entered() {
    let waits = |state, event: Event| {
        let mut bench = Bench::in_state(state, instance("VI_1", 51, 100));
        bench.tell(event);
        bench.wait()
    };
    let full = Some(3_609_375);
    let skew = Some(609_375);
    assert_eq!(waits(State::Initialize, Event::Ready), full);
    assert_eq!(waits(State::Fault, Event::Ready), full);
    assert_eq!(waits(State::Backup, heard(0, "10.0.0.2")), skew);
    assert_eq!(waits(State::Backup, heard(150, "10.0.0.2")), full);
    assert_eq!(waits(State::Master, heard(150, "10.0.0.2")), full);
    assert_eq!(waits(State::Master, Event::StepDown), full);
    assert_eq!(waits(State::Master, Event::AddressTaken), skew);
    assert_eq!(waits(State::Master, heard(50, "10.0.0.2")), None);
}

/// VR-127, VR-155: an owner takes over at once at the start, but waits in full after a fault.
#[test]
fn an_owner_waits_after_a_fault_only() {
    let mut bench = Bench::new(instance("VI_1", 51, 255));
    bench.router.owner_at_start = true;
    bench.tell(Event::Ready);
    assert_eq!(bench.wait(), Some(1));
    bench.tell(Event::Fault { releases: 2, silent: false });
    bench.tell(Event::Ready);
    assert_eq!(bench.wait(), Some(3_003_906));
}

/// VR-132: what is only waited for is not told; once it is a fault, it is.
#[test]
fn a_silent_fault_is_told_when_it_becomes_one() {
    let mut bench = Bench::new(instance("VI_1", 51, 100));
    assert!(bench.tell(Event::Fault { releases: 0, silent: true }).is_empty());
    assert_eq!(bench.tell(Event::Fault { releases: 2, silent: false }), ["notify VI_1 Fault 100"]);
    assert!(bench.tell(Event::Fault { releases: 2, silent: false }).is_empty());
    assert_eq!(bench.tell(Event::Ready), ["notify VI_1 Backup 100"]);
}

/// VR-120: the next advert is due an interval after the last was due, however late that was handled.
#[test]
fn adverts_do_not_drift() {
    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    let first = bench.router.timers.advert.unwrap();
    assert_eq!(first, bench.now + SECOND);
    bench.now = first + Interval::from_micros(300);
    bench.tell(Event::AdvertDue);
    assert_eq!(bench.router.timers.advert, Some(first + SECOND));
    // Nothing is caught up after a long sleep.
    bench.now = first + Interval::from_secs(7);
    assert_eq!(bench.tell(Event::AdvertDue), [ADVERT]);
    assert_eq!(bench.router.timers.advert, Some(bench.now + SECOND));
}

/// VR-145, VR-147: an advert out of turn moves the next; with `lower_prio_no_advert` none is sent and none moves.
#[test]
fn an_immediate_advert_restarts_the_timer() {
    for (quiet, event, acts_expected, moved) in [
        (false, heard(0, "10.0.0.2"), vec![ADVERT], true),
        (false, heard(50, "10.0.0.2"), vec![ADVERT, GARP, "notify VI_1 MasterRxLowerPri 100"], true),
        (true, heard(50, "10.0.0.2"), vec![GARP, "notify VI_1 MasterRxLowerPri 100"], false),
    ] {
        let model = Instance { lower_prio_no_advert: quiet, ..instance("VI_1", 51, 100) };
        let mut bench = Bench::in_state(State::Master, model);
        let due = bench.router.timers.advert;
        bench.now += Interval::from_millis(400);
        assert_eq!(bench.tell(event), acts_expected);
        let expected = if moved { Some(bench.now + SECOND) } else { due };
        assert_eq!(bench.router.timers.advert, expected);
    }
}

/// VR-148: with `higher_prio_send_advert` a last word of our own priority goes before.
#[test]
fn a_yielding_master_may_speak_once_more() {
    let model = Instance { higher_prio_send_advert: true, ..instance("VI_1", 51, 100) };
    let mut bench = Bench::in_state(State::Master, model);
    assert_eq!(bench.tell(heard(150, "10.0.0.2")), [ADVERT, REMOVE, "notify VI_1 Backup 100"]);
}

/// VR-138, VR-139: the delay begins with the first lower advert; while it runs lower adverts are accepted.
#[test]
fn preempt_delay_holds_back() {
    let model = Instance { preempt_delay: Interval::from_secs(5), ..instance("VI_1", 51, 150) };
    let mut bench = Bench::in_state(State::Backup, model);
    bench.now += SECOND;
    bench.tell(heard(100, "10.0.0.2"));
    assert_eq!(bench.router.preempt_delay, PreemptDelay::Running(bench.now + Interval::from_secs(5)));
    assert_eq!(bench.wait(), Some(3_414_062), "a lower advert restarts the down timer");
    // One that is not lower ends it.
    bench.tell(heard(150, "10.0.0.2"));
    assert_eq!(bench.router.preempt_delay, PreemptDelay::Idle);
    // A silent Master is not waited for any longer.
    bench.tell(heard(100, "10.0.0.2"));
    bench.tell(heard(0, "10.0.0.2"));
    assert_eq!(bench.wait(), Some(414_062));
    assert_ne!(bench.router.preempt_delay, PreemptDelay::Idle, "priority 0 does not touch the delay");
}

/// VR-117, VR-118, VR-343: version 3 learns the Master's interval, and forgets it on becoming Master. VR-119, VR-348: an
/// interval of 0 says nothing, so it does not make us take over at once.
#[test]
fn the_masters_interval_is_learned_and_forgotten() {
    let model = Instance { version: Version::V3, ..instance("VI_1", 51, 100) };
    let advert = |centiseconds: u64| {
        Event::Heard(Heard {
            source: ip("10.0.0.2"),
            priority: Priority(150),
            interval: Interval::from_millis(centiseconds * 10),
            sequence: None,
        })
    };
    let mut bench = Bench::in_state(State::Backup, model);
    bench.tell(advert(30));
    assert_eq!(bench.wait(), Some(1_082_812));
    bench.tell(advert(0));
    assert_eq!(bench.wait(), Some(3_609_375));
    bench.tell(advert(30));
    bench.tell(Event::MasterDown);
    assert_eq!(bench.router.master_interval, SECOND);
    bench.tell(Event::AddressTaken);
    assert_eq!(bench.wait(), Some(609_375), "the skew of our own interval");
    bench.tell(advert(30));
    bench.tell(Event::MasterDown);
    bench.tell(advert(30));
    assert_eq!(bench.wait(), Some(1_082_812), "who made us leave Master is learned from");
    bench.tell(Event::Fault { releases: 2, silent: false });
    bench.tell(Event::Ready);
    assert_eq!(bench.wait(), Some(3_609_375), "and forgotten after a fault");
}

/// VR-117: version 2 never learns.
#[test]
fn version_2_counts_with_its_own_interval() {
    let mut bench = Bench::in_state(State::Backup, instance("VI_1", 51, 100));
    let other =
        Heard { source: ip("10.0.0.2"), priority: Priority(150), interval: Interval::from_secs(9), sequence: None };
    bench.tell(Event::Heard(other));
    assert_eq!(bench.wait(), Some(3_609_375));
}

/// VR-122: a running down timer moves by the difference of old and new.
#[test]
fn a_change_of_priority_moves_the_down_timer() {
    let told = Instance { notify_priority_changes: true, ..instance("VI_1", 51, 100) };
    let mut bench = Bench::in_state(State::Backup, told);
    bench.now += SECOND;
    let mut out = Vec::new();
    let mut turn = Turn {
        now: bench.now,
        wall: Default::default(),
        origin: bench.now,
        generation: 1,
        release: bench.release,
        host: &bench.host,
        garp_groups: &[],
        queues: &mut bench.queues,
        out: &mut out,
    };
    bench.router.set_priority(Priority(200), &mut turn);
    bench.router.set_priority(Priority(200), &mut turn);
    assert_eq!(acts(lines(&out)), ["notify VI_1 BackupPriority 200"], "once");
    // 3 s + 218.750 ms from the beginning, of which 1 s has passed.
    assert_eq!(bench.wait(), Some(2_218_750));
}

/// VR-150, VR-144: the owner with the lower address gives way at once; the other says so twice, waits 1.2 intervals,
/// and then gives way with 254; becoming Master again restores 255.
#[test]
fn two_owners() {
    let owner = || Instance { priority: Priority(255), ..instance("VI_1", 51, 255) };
    let mut bench = Bench::in_state(State::Master, owner());
    bench.tell(heard(255, "10.0.0.2"));
    assert_eq!((bench.router.state, bench.router.priority()), (State::Backup, Priority(255)));

    let mut bench = Bench::in_state(State::Master, owner());
    let told = bench.tell(heard(255, "10.0.0.0"));
    assert_eq!(told, vec!["send 51 priority 255 to 224.0.0.18"; 2]);
    assert_eq!(bench.router.timers.rivalry, Some(bench.now + Interval::from_millis(1_200)));
    assert_eq!(bench.router.state, State::Master);
    bench.tell(heard(255, "10.0.0.0"));
    assert_eq!((bench.router.state, bench.router.priority()), (State::Backup, Priority(254)));
    bench.tell(heard(255, "10.0.0.0"));
    assert_eq!(bench.router.priority(), Priority(254), "as long as the other one speaks");
    bench.tell(Event::MasterDown);
    assert_eq!(bench.router.priority(), Priority(255));

    // The other one stops: nothing more happens.
    let mut bench = Bench::in_state(State::Master, owner());
    bench.tell(heard(255, "10.0.0.0"));
    bench.now += Interval::from_millis(1_200);
    let mut out = Vec::new();
    let mut turn = Turn {
        now: bench.now,
        wall: Default::default(),
        origin: bench.now,
        generation: 1,
        release: bench.release,
        host: &bench.host,
        garp_groups: &[],
        queues: &mut bench.queues,
        out: &mut out,
    };
    bench.router.minor_timers(&mut turn);
    assert_eq!(lines(&out), ["[VI_1 RogueOwnerGone]"]);
    bench.tell(heard(255, "10.0.0.0"));
    assert_eq!(bench.router.state, State::Master, "the next one begins a new wait");
}

/// VR-92: an equal advert from our own address is told, and changes nothing.
#[test]
fn our_own_address_does_not_unseat_us() {
    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    assert!(bench.tell(heard(100, "10.0.0.1")).is_empty());
    assert_eq!(bench.router.state, State::Master);
}

/// VR-158: with -V a stop says nothing and leaves all; with -X addresses are removed also when not known to be set.
#[test]
fn release_options() {
    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    bench.release.vrrp = false;
    assert_eq!(bench.tell(Event::Stop), ["notify VI_1 Stop 100"]);

    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    bench.release.always_addresses = true;
    bench.router.placed.clear();
    let told = bench.tell(heard(150, "10.0.0.2"));
    assert_eq!(told, ["remove 0 10.0.0.100/24 forced", "notify VI_1 Backup 100"]);
}

/// VR-153, VR-287, VR-288, VR-289: what is counted.
#[test]
fn statistics_count_adverts_and_changes() {
    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    bench.tell(Event::AdvertDue);
    bench.tell(Event::Fault { releases: 2, silent: false });
    let statistics = bench.router.tally.statistics;
    assert_eq!(statistics.adverts_sent, 4, "two, and two of priority 0");
    assert_eq!(statistics.priority_zero_sent, 1, "only one of them counts");
    assert_eq!((statistics.became_master, statistics.released_master), (1, 1));
    bench.tell(Event::Ready);
    bench.tell(Event::MasterDown);
    bench.tell(Event::Stop);
    let statistics = bench.router.tally.statistics;
    assert_eq!((statistics.became_master, statistics.released_master), (2, 1), "a stop is no release");
    assert_eq!(statistics.priority_zero_sent, 2);
}

/// VR-25: the identification begins with 1, grows by one an advert, never is 0, and is the same to all peers.
#[test]
fn identification_counts_adverts() {
    let mut bench = Bench::in_state(State::Backup, unicast("VI_1", 51, 100, &["10.0.0.2", "10.0.0.3"]));
    let ids = |bench: &mut Bench| -> Vec<u16> {
        let sent = bench.router.advert(Priority(100), Default::default());
        sent.iter().map(|sent| u16::from_be_bytes([sent.bytes[4], sent.bytes[5]])).collect()
    };
    assert_eq!(ids(&mut bench), [1, 1]);
    assert_eq!(ids(&mut bench), [2, 2]);
    bench.router.tally.identification = u16::MAX;
    assert_eq!(ids(&mut bench), [1, 1]);
}

/// VR-154: without an address to send from no advert leaves, and none is counted.
#[test]
fn without_a_source_nothing_is_sent() {
    let mut bench = Bench::in_state(State::Master, instance("VI_1", 51, 100));
    let before = bench.router.tally.statistics.adverts_sent;
    bench.router.source = None;
    assert_eq!(bench.tell(Event::Fault { releases: 2, silent: false }), [REMOVE, "notify VI_1 Fault 100"]);
    assert_eq!(bench.router.tally.statistics.adverts_sent, before);
}
