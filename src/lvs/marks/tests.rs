//! Which group has which mark, at the start and over reloads; what is marked; and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::base::net::Family;
use crate::base::time::Time;
use crate::lvs::fixture::{Draft, group, lvs, mark, show};
use crate::lvs::service::Table;
use crate::lvs::{Effect, Input};
use crate::model::change::marks::{Given, assign, kept};
use crate::model::ipvs::Command;
use crate::model::lvs::{GroupMarks, Timeouts};

fn tcp(name: &str, nth: usize) -> Draft {
    group(name, nth, Protocol::Tcp, Family::V4, &["10.1.1.1:80"])
}

fn udp(name: &str, nth: usize) -> Draft {
    group(name, nth, Protocol::Udp, Family::V4, &["10.1.1.1:80"])
}

fn marked<const N: usize>(first: u32, drafts: [Draft; N]) -> Lvs {
    let marks = Some(GroupMarks { table: "t".to_owned(), priority: 7, counters: true, first });
    let mut lvs = Lvs { marks, ..lvs(drafts) };
    assign(&mut lvs, &Given::new());
    lvs
}

fn marks(lvs: &Lvs) -> Vec<Option<u32>> {
    let mark = |address: &VirtualAddress| match address {
        VirtualAddress::Group { mark, .. } => *mark,
        VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) => None,
    };
    lvs.virtual_servers.iter().map(|server| mark(&server.address)).collect()
}

/// LV-46: one for each group and protocol, in file order from the first one on; virtual servers of one protocol share it.
#[test]
fn each_group_and_protocol_has_a_mark() {
    let all = marked(1000, [tcp("a", 0), udp("a", 1), tcp("b", 0), tcp("a", 2)]);
    assert_eq!(marks(&all), [Some(1000), Some(1001), Some(1002), Some(1000)]);
}

/// LV-46: a group with a mark of its own has no other. A mark that the file names is given to nobody.
#[test]
fn marks_of_the_file_are_left_alone() {
    let own = group("own", 0, Protocol::Tcp, Family::V4, &["10.1.1.9:80", "1001"]);
    let all = marked(1000, [mark(1000, Family::V6), own, tcp("a", 0)]);
    assert_eq!(marks(&all), [None, None, Some(1002)]);
}

/// Behind the last mark there is none.
#[test]
fn a_group_without_a_mark_is_its_addresses() {
    assert_eq!(marks(&marked(u32::MAX, [tcp("a", 0), tcp("b", 0)])), [Some(u32::MAX), None]);
}

/// What is in both configurations keeps its mark wherever it stands now, and a new group gets one that nobody has or had.
#[test]
fn a_reload_keeps_the_marks() {
    let old = marked(1000, [tcp("a", 0), tcp("gone", 0), tcp("b", 0)]);
    let new = Arc::new(marked(1000, [tcp("new", 0), tcp("b", 0), udp("b", 1), tcp("a", 0)]));
    assert_eq!(marks(&kept(&old, new)), [Some(1003), Some(1002), Some(1004), Some(1000)]);
}

/// A mark that the new file names for something else is given up.
#[test]
fn a_mark_that_the_file_takes_is_given_up() {
    let old = marked(1000, [tcp("a", 0), tcp("b", 0)]);
    let new = Arc::new(marked(1000, [mark(1000, Family::V4), tcp("a", 0), tcp("b", 0)]));
    let now = marks(&kept(&old, new));
    assert_eq!(now, [None, Some(1002), Some(1001)]);
    assert_eq!(now.iter().flatten().collect::<BTreeSet<_>>().len(), 2);
}

fn ranges(lvs: &Lvs) -> Vec<String> {
    let show = |one: &Marked| format!("{} {}-{} {}: {}", one.protocol, one.first, one.last, one.port, one.mark);
    marking(lvs).expect("a table").ranges.iter().map(show).collect()
}

/// LV-46: neighbours are one range; each protocol and family has its own.
#[test]
fn neighbours_are_one_range() {
    let entries = ["10.1.1.1:80", "10.1.1.2:80", "10.1.1.3:80", "10.1.1.4:81", "10.1.1.6:80", "[fd00::1]:80"];
    let b = group("b", 0, Protocol::Tcp, Family::V4, &entries);
    let model = marked(1000, [udp("a", 0), b]);
    let wanted = [
        "tcp 10.1.1.1-10.1.1.3 80: 1001",
        "tcp 10.1.1.6-10.1.1.6 80: 1001",
        "tcp fd00::1-fd00::1 80: 1001",
        "tcp 10.1.1.4-10.1.1.4 81: 1001",
        "udp 10.1.1.1-10.1.1.1 80: 1000",
    ];
    assert_eq!(ranges(&model), wanted);
    let table = marking(&model).expect("a table");
    assert_eq!((table.table.as_str(), table.priority, table.counters), ("t", 7, true));
}

/// The kernel takes no range twice: an address that two groups have is the first one's, and what is for any port comes
/// behind what is for one.
#[test]
fn the_first_of_two_groups_has_an_address() {
    let of = |name: &str, entries: &[&str]| group(name, 0, Protocol::Tcp, Family::V4, entries);
    let b = of("b", &["10.1.1.1:80", "10.1.1.2:80", "10.1.1.3:80"]);
    let model = marked(1000, [of("any", &["10.1.1.2:0"]), of("a", &["10.1.1.2:80"]), b]);
    let wanted = [
        "tcp 10.1.1.1-10.1.1.1 80: 1002",
        "tcp 10.1.1.2-10.1.1.2 80: 1001",
        "tcp 10.1.1.3-10.1.1.3 80: 1002",
        "tcp 10.1.1.2-10.1.1.2 0: 1000",
    ];
    assert_eq!(ranges(&model), wanted);
}

/// Without a group of addresses alone there is no table.
#[test]
fn no_address_no_table() {
    assert_eq!(marking(&marked(1000, [group("m", 0, Protocol::Tcp, Family::V4, &["10.1.1.1:80", "7"])])), None);
    assert_eq!(marking(&Lvs { marks: None, ..marked(1000, [tcp("a", 0)]) }), None);
}

/// The machine with what it asked for, a word for each effect.
struct Played {
    machine: Table,
    said: Vec<String>,
}

impl Played {
    fn start(model: Lvs) -> Played {
        let mut played = Played { machine: Table::new(Arc::new(model), 1), said: Vec::new() };
        played.input(Input::Start { present: Vec::new(), timeouts: Timeouts { tcp: 1, tcp_fin: 1, udp: 1 } });
        played
    }

    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.handle(Time::ZERO, input, &mut effects);
        self.said = effects
            .iter()
            .flat_map(|effect| match effect {
                Effect::Mark(Some(marking)) => vec![format!("mark {}", marking.ranges.len())],
                Effect::Mark(None) => vec!["unmark".to_owned()],
                Effect::Commands(commands) => commands.iter().map(command).collect(),
                Effect::Report(_) | Effect::Notify(_) | Effect::ReadTable => Vec::new(),
            })
            .collect();
    }

    fn reload(&mut self, model: Lvs) {
        self.input(Input::Reload { model: Arc::new(model), generation: 2, known: Vec::new() });
    }
}

fn command(command: &Command) -> String {
    let service = command.service().map(|service| service.key.to_string()).unwrap_or_default();
    let server = command.destination().map(|one| format!(" {}", one.endpoint.port)).unwrap_or_default();
    format!("{:?} {service}{server}", command.name())
}

/// LV-46, LV-43: a group is one service for each family, in which directly routed servers have no port; its packets are
/// marked before it comes and until it is gone.
#[test]
fn packets_are_marked_as_long_as_there_is_a_service() {
    let direct = crate::model::lvs::Forwarding::DirectRouting;
    let both = group("g", 0, Protocol::Tcp, Family::V4, &["10.1.1.1:80", "10.1.1.2:80", "[fd00::1]:81"]);
    let drafts = [both.unchecked("10.1.0.11:8080", 1).unchecked("10.1.0.12:80", 1).forwarding(direct)];
    let mut played = Played::start(marked(1000, drafts.clone()));
    let wanted = [
        "mark 2",
        "Add Fwm 1000",
        "AddDestination Fwm 1000 8080",
        "AddDestination Fwm 1000 0",
        "Add Fwm 1000 inet6",
        "AddDestination Fwm 1000 inet6 8080",
        "AddDestination Fwm 1000 inet6 0",
    ];
    assert_eq!(played.said, wanted);
    assert_eq!(show(&played.machine.wanted()).matches("-A -f 1000").count(), 2);
    played.reload(marked(1000, drafts));
    assert!(played.said.is_empty(), "nothing changed: {:?}", played.said);
    played.input(Input::Stop);
    assert_eq!(played.said, ["Delete Fwm 1000", "Delete Fwm 1000 inet6", "unmark"]);
}

/// LV-46, LV-97: an entry that comes or goes changes what is marked and no service; a group that comes before another
/// one leaves that one's service alone.
#[test]
fn a_reload_changes_what_is_marked() {
    let of =
        |name: &str, entries: &[&str]| group(name, 0, Protocol::Tcp, Family::V4, entries).unchecked("10.1.0.11:80", 1);
    let mut played = Played::start(marked(1000, [of("g", &["10.1.1.1:80"])]));
    played.reload(marked(1000, [of("g", &["10.1.1.1:80", "10.1.1.9:80"])]));
    assert_eq!(played.said, ["mark 2"]);
    played.reload(marked(1000, [of("f", &["10.1.2.1:80"]), of("g", &["10.1.1.1:80", "10.1.1.9:80"])]));
    assert_eq!(played.said, ["mark 3", "Add Fwm 1001", "AddDestination Fwm 1001 80"]);
    let plain = Lvs { marks: None, ..lvs([of("g", &["10.1.1.1:80"])]) };
    played.reload(plain);
    let mut said = played.said.clone();
    assert_eq!(said.pop().as_deref(), Some("unmark"));
    said.sort();
    let services = ["Add 10.1.1.1:tcp:80", "AddDestination 10.1.1.1:tcp:80 80", "Delete Fwm 1000", "Delete Fwm 1001"];
    assert_eq!(said, services);
}
