//! `ha_suspend`: checkers run while the address of their virtual server is here.

use keepalived_rs::base::net::{Family, InterfaceIndex};
use keepalived_rs::check::Input;
use keepalived_rs::check::presence::Place;
use keepalived_rs::model::lvs::{Lvs, Protocol};

use crate::fixture::{Draft, group, lvs, tcp};
use crate::rig::{Rig, poll, quick};
use crate::server::Server;
use crate::simulated::{GOOD, REFUSED, Simulated, timing, tuned};

fn suspended(draft: Draft) -> Draft {
    draft.with(|server| server.ha_suspend = true)
}

/// Checks each 10 s; the second virtual server does not care where its address is.
fn model() -> Lvs {
    let servers =
        [suspended(tcp("10.1.0.100:80")).real("10.1.0.11:80", 1), tcp("10.1.0.200:80").real("10.1.0.12:80", 1)];
    tuned(lvs(servers), |checker| checker.timing = timing(10, 1, 3))
}

fn address(text: &str, interface: u32, here: bool) -> Input {
    let address = text.parse().expect("an address");
    Input::Address { address, place: Place { interface: InterfaceIndex(interface), prefix: 24 }, here }
}

/// CK-5, LV-103, LV-104, LV-105: without the address nothing is asked and nothing decided, while the timer goes on; the
/// words; what was known stays; an address on two interfaces is there until both have lost it.
#[test]
fn checkers_run_while_the_address_is_here() {
    let mut host = Simulated::new(model());
    host.play([GOOD]);
    host.expect(&[
        "0 Deactivating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80",
        "0 Activating healthchecker for service [10.1.0.12]:tcp:80 for VS [10.1.0.200]:tcp:80",
        "1 probe 1 0",
        "1 TCP connection to [10.1.0.12]:tcp:80 success.",
        "1 1 UP => TCP CHECK succeed on service <=",
    ]);
    host.handle(address("10.1.0.99", 2, true));
    host.handle(address("10.1.0.200", 2, true));
    host.handle(address("10.1.0.100", 2, true));
    host.handle(address("10.1.0.100", 3, true));
    host.expect(&[
        "1 Netlink reflector reports IP 10.1.0.100 added",
        "1 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80",
    ]);
    host.sleep();
    assert_eq!(host.open.len(), 2, "its timer had gone on");
    host.answer(keepalived_rs::base::time::Interval::ZERO, REFUSED);
    host.answer(keepalived_rs::base::time::Interval::ZERO, GOOD);
    host.expect(&[
        "11 probe 0 0",
        "11 probe 1 0",
        "11 TCP_CHECK on service [10.1.0.11]:tcp:80 failed.",
        "11 0 DOWN => TCP CHECK failed on service <=",
    ]);
    host.handle(address("10.1.0.100", 2, false));
    host.expect(&[]);
    host.handle(address("10.1.0.100", 3, false));
    host.expect(&[
        "11 Netlink reflector reports IP 10.1.0.100 removed",
        "11 Suspending healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80",
    ]);
    host.play([GOOD]);
    host.expect(&["21 probe 1 0"]);
}

/// LV-94, LV-103: a reload speaks of those that do not run, whether they have run or not.
#[test]
fn a_reload_tells_who_does_not_run() {
    let mut host = Simulated::new(model());
    host.log.clear();
    host.reload(model());
    host.expect(&[
        "0 Deactivating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80",
        "0 Activating healthchecker for service [10.1.0.12]:tcp:80 for VS [10.1.0.200]:tcp:80",
    ]);
    host.handle(address("10.1.0.100", 2, true));
    host.sleep();
    host.log.clear();
    host.reload(model());
    host.expect(&[
        "1 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [10.1.0.100]:tcp:80",
        "1 Activating healthchecker for service [10.1.0.12]:tcp:80 for VS [10.1.0.200]:tcp:80",
    ]);
}

/// LV-106 (ours): of a group any address does.
#[test]
fn any_address_of_a_group_does() {
    let draft = group("g", 0, Protocol::Tcp, Family::V4, &["10.1.0.100:80", "10.1.0.101:80", "7"]);
    let model = lvs([suspended(draft).real("10.1.0.11:80", 1)]);
    let mut host = Simulated::new(model);
    host.handle(address("10.1.0.101", 2, true));
    host.handle(address("10.1.0.100", 2, true));
    host.handle(address("10.1.0.101", 2, false));
    host.handle(address("10.1.0.100", 2, false));
    host.expect(&[
        "0 Deactivating healthchecker for service [10.1.0.11]:tcp:80 for VS [g]:0",
        "0 Netlink reflector reports IP 10.1.0.101 added",
        "0 Activating healthchecker for service [10.1.0.11]:tcp:80 for VS [g]:0",
        "0 Netlink reflector reports IP 10.1.0.100 added",
        "0 Netlink reflector reports IP 10.1.0.101 removed",
        "0 Netlink reflector reports IP 10.1.0.100 removed",
        "0 Suspending healthchecker for service [10.1.0.11]:tcp:80 for VS [g]:0",
    ]);
}

/// LV-103: on the task that runs; 127.0.0.1 is here, 198.51.100.1 is not.
#[test]
fn the_task_knows_the_addresses_of_this_host() {
    let server = Server::start(|_| {});
    let servers = ["198.51.100.1:80", "127.0.0.1:80"];
    let servers = servers.map(|address| suspended(tcp(address)).real(&server.address(), 1));
    let mut model = tuned(lvs(servers), quick);
    model.no_shared_probes = true;
    let mut rig = Rig::start(model);
    let verdict = rig.verdict();
    assert_eq!((verdict.checker.0, verdict.up), (1, true), "{:#?}", rig.log());
    poll("more checks", || (server.connections() > 5).then_some(()));
    assert!(rig.try_verdict().is_none());
    let lines = rig.stop();
    let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!((count("Deactivating"), count("Activating healthchecker")), (1, 1), "{lines:#?}");
}
