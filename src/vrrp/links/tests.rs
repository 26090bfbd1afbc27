//! Links whose changes count late, and links that are asked.

use crate::base::net::InterfaceIndex;
use crate::base::time::Interval;
use crate::model::vrrp::{Instance, LinkDelay, PolledLink, State, Vrrp};
use crate::vrrp::Input;
use crate::vrrp::fixture::*;

const DOWN: Interval = Interval::from_millis(1_500);
const UP: Interval = Interval::from_millis(700);

/// eth0 with these delays.
fn delayed(down: Interval, up: Interval, instance: Instance) -> Vrrp {
    Vrrp { link_delays: vec![LinkDelay { interface: eth("eth0"), down, up }], ..vrrp(vec![instance]) }
}

fn polled(instance: Instance) -> Vrrp {
    Vrrp { polled_links: vec![PolledLink { interface: eth("eth0"), method: None }], ..vrrp(vec![instance]) }
}

fn master_100() -> Instance {
    instance("VI_1", 51, 100)
}

fn eth0(up: bool) -> Input {
    Input::Link(link(ETH0, "eth0", up))
}

fn answer(up: bool) -> Input {
    Input::LinkAnswered { interface: eth("eth0"), up }
}

/// VR-185: Fault 1.5 s after the loss, Backup 0.7 s after the return; what is to come is told with the flags.
#[test]
fn a_change_counts_when_it_has_lasted() {
    let mut stage = Stage::master(delayed(DOWN, UP, master_100()));
    let told = stage.input(eth0(false));
    let delayed =
        "[LinkDelayed { interface: InterfaceName(\"eth0\"), from: 69699, to: 4099, delay: Interval(1500000) }]";
    assert_eq!(told, [delayed]);
    let lost = stage.pass_only(SECOND.times(3), "[VI_1 Fault");
    assert_eq!(lost, [(1_500_000, "[VI_1 Fault]".to_owned())]);
    stage.input(eth0(true));
    let back = stage.pass_only(SECOND, "[VI_1 Backup");
    assert_eq!(back, [(700_000, "[VI_1 Backup]".to_owned())]);
    assert_eq!(stage.router.deadline().map(|at| at > stage.now), Some(true));
}

/// VR-185: a link that comes back in time was never gone, and one that flaps does not begin to wait anew with each
/// message of the same.
#[test]
fn a_reversal_cancels() {
    let mut stage = Stage::master(delayed(DOWN, UP, master_100()));
    stage.input(eth0(false));
    assert!(stage.pass_only(SECOND, "[VI_1 Fault").is_empty());
    assert!(stage.input(eth0(true)).is_empty());
    assert!(stage.pass_only(SECOND.times(5), "[VI_1 Fault").is_empty());
    stage.input(eth0(false));
    stage.pass(SECOND);
    stage.input(Input::Link(crate::model::host::Link { mtu: 9000, ..link(ETH0, "eth0", false) }));
    let lost = stage.pass_only(SECOND, "[VI_1 Fault");
    assert_eq!(lost, [(500_000, "[VI_1 Fault]".to_owned())]);
}

/// VR-185: others must not take over before we notice: two intervals and a little less, of those that were learned too;
/// with `down_timer_adverts 1` there is no time at all.
#[test]
fn delays_are_shorter_than_others_wait() {
    let long = SECOND.times(60);
    let fault_after = |model: Vrrp, master: bool| {
        let mut stage = if master { Stage::master(model) } else { Stage::started(model) };
        if !master {
            let mut advert = stage.advert_of(0, "10.0.0.2", 200);
            advert.interval = Interval::from_millis(300);
            let packet = stage.packet_of(0, "10.0.0.2", &advert);
            stage.input(Input::Packet(packet));
            assert_eq!(stage.state(), State::Backup);
        }
        let begin = stage.now;
        if stage.input(eth0(false)).iter().any(|line| line == "[VI_1 Fault]") {
            return 0;
        }
        while stage.state() != State::Fault {
            // As others say that they are there.
            stage.now = stage.router.deadline().expect("a deadline");
            stage.input(Input::Deadline);
        }
        stage.now.since(begin).as_micros()
    };
    assert_eq!(fault_after(delayed(long, long, master_100()), true), 1_996_094);
    let third = Instance { version: crate::model::vrrp::Version::V3, ..master_100() };
    assert_eq!(fault_after(delayed(long, long, third), false), 598_829);
    let hasty = Instance { down_timer_adverts: 1, ..master_100() };
    assert_eq!(fault_after(delayed(long, long, hasty), true), 0);
}

/// VR-185: a link that was never up is up as soon as it is told so.
#[test]
fn the_first_time_counts_at_once() {
    let mut stage = Stage::started(delayed(DOWN, UP, master_100()));
    stage.input(Input::LinkGone(ETH0));
    let again = InterfaceIndex(20);
    stage.input(Input::Link(link(again, "eth0", false)));
    stage.input(Input::Address(host_address(again, "10.0.0.1/24")));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::Link(link(again, "eth0", true)));
    assert_eq!(stage.state(), State::Backup);
    stage.input(Input::Link(link(again, "eth0", false)));
    assert_eq!(stage.state(), State::Backup);
}

/// VR-186: of a link that is asked its answers count, and not what the kernel tells; no delay holds them up.
#[test]
fn answers_count_and_not_messages() {
    let model = Vrrp { link_delays: delayed(DOWN, UP, master_100()).link_delays, ..polled(master_100()) };
    let mut stage = Stage::waiting(model);
    stage.input(answer(true));
    stage.input(Input::Start);
    assert!(stage.input(eth0(false)).is_empty());
    assert_eq!(stage.state(), State::Backup);
    let told = stage.input(answer(false));
    assert_eq!(told[0], "[LinkDown { interface: InterfaceName(\"eth0\"), polled: true }]");
    assert_eq!(stage.state(), State::Fault);
    assert!(stage.input(eth0(true)).is_empty());
    assert_eq!(stage.state(), State::Fault);
    assert!(stage.input(answer(false)).is_empty(), "the same answer each second");
    let told = stage.input(answer(true));
    assert_eq!(told[0], "[LinkUp { interface: InterfaceName(\"eth0\"), polled: true }]");
    assert_eq!(stage.state(), State::Backup);
}

/// VR-186: the first answer counts from the start on; a link that is no more asked is as the kernel says; answers about a
/// link that is not to be asked, or of one that was deleted since, are nothing.
#[test]
fn answers_before_the_start_and_after_a_reload() {
    let mut stage = Stage::waiting(polled(master_100()));
    stage.input(answer(false));
    stage.input(Input::Start);
    assert_eq!(stage.state(), State::Fault);
    stage.reload(vrrp(vec![master_100()]));
    assert_eq!(stage.state(), State::Backup);
    assert!(stage.input(answer(false)).is_empty());
    stage.reload(polled(master_100()));
    stage.input(answer(false));
    assert_eq!(stage.state(), State::Fault);
    stage.input(Input::LinkGone(ETH0));
    let again = InterfaceIndex(20);
    stage.input(Input::Link(link(again, "eth0", true)));
    stage.input(Input::Address(host_address(again, "10.0.0.1/24")));
    assert_eq!(stage.state(), State::Backup);
}

/// A reload without delays ends those that run.
#[test]
fn a_reload_ends_a_delay() {
    let mut stage = Stage::master(delayed(DOWN, UP, master_100()));
    stage.input(eth0(false));
    stage.reload(delayed(DOWN, UP, master_100()));
    assert_eq!(stage.state(), State::Master);
    stage.reload(vrrp(vec![master_100()]));
    assert_eq!(stage.state(), State::Fault);
}

/// VR-185: a long delay of the return is nobody's harm; one that is the same as the other is lowered with it.
#[test]
fn the_return_may_take_its_time() {
    let back_after = |down, up| {
        let mut stage = Stage::master(delayed(down, up, master_100()));
        stage.input(eth0(false));
        stage.pass(SECOND.times(5));
        assert_eq!(stage.state(), State::Fault);
        stage.input(eth0(true));
        stage.pass_only(SECOND.times(20), "[VI_1 Backup")[0].0
    };
    assert_eq!(back_after(SECOND.times(10), SECOND.times(12)), 12_000_000);
    assert_eq!(back_after(SECOND.times(10), SECOND.times(10)), 1_996_094);
}
