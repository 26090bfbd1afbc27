//! The adapters against a real kernel: every form of an address, links and addresses followed through a flood, and the
//! packet filter's table for groups of virtual servers.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::net::{Cidr, InterfaceIndex};
use keepalived_rs::kernel::address::Addresses;
use keepalived_rs::kernel::monitor::{Change, Monitor};
use keepalived_rs::kernel::nftables::Nftables;
use keepalived_rs::model::host::Placement;
use keepalived_rs::model::ipvs::{Marked, Marking};
use keepalived_rs::model::lvs::Protocol;
use keepalived_rs::model::vrrp::VirtualAddress;

use crate::net::Lan;

const IFA_F_NOPREFIXROUTE: u32 = 0x200;
/// Far more notifications than the monitor's socket can hold unread.
const FLOOD: u32 = 6000;

fn plain(address: IpAddr, prefix: u8) -> VirtualAddress {
    VirtualAddress {
        cidr: Cidr { address, prefix },
        interface: None,
        broadcast: None,
        label: None,
        scope: 0,
        peer: None,
        preferred_lifetime: u32::MAX,
        flags: 0,
        no_track: false,
    }
}

fn eth0() -> InterfaceIndex {
    InterfaceIndex(nix::net::if_::if_nametoindex("eth0").expect("eth0"))
}

fn at(index: InterfaceIndex, address: VirtualAddress) -> Placement {
    Placement { index, address: Arc::new(address) }
}

/// VR-248, VR-249, VR-250, VR-253, VR-254: broadcast, label, scope, flags and peer are set as given, and each is removed
/// again, the one with a peer too; what is there already or gone already is no error.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn addresses_of_every_form() {
    let lan = Lan::new(1);
    let before = lan.addresses(1);
    let ten = |last: u8| IpAddr::from([10, 9, 5, last]);
    let placements = lan.inside(1, || {
        let index = eth0();
        let peer = Some(Cidr { address: [10, 9, 6, 1].into(), prefix: 32 });
        let placements = vec![
            at(index, VirtualAddress { broadcast: Some([10, 9, 5, 255].into()), ..plain(ten(1), 24) }),
            at(index, VirtualAddress { label: Some("eth0:v".to_owned()), ..plain(ten(2), 32) }),
            at(index, VirtualAddress { scope: 253, ..plain(ten(3), 32) }),
            at(index, VirtualAddress { flags: IFA_F_NOPREFIXROUTE, ..plain([10, 9, 7, 1].into(), 24) }),
            at(index, VirtualAddress { peer, ..plain(ten(5), 32) }),
        ];
        let mut addresses = Addresses::open().expect("an rtnetlink socket");
        assert_eq!(addresses.add(&placements).expect("answers"), []);
        assert_eq!(addresses.add(&placements).expect("answers"), [], "they are there: no error");
        placements
    });
    let held = lan.addresses(1);
    for wanted in [
        "10.9.5.1/24 brd 10.9.5.255 scope global eth0",
        "10.9.5.2/32 scope global eth0:v",
        "10.9.5.3/32 scope link eth0",
        "10.9.7.1/24 scope global noprefixroute eth0",
        "10.9.5.5 peer 10.9.6.1/32 scope global eth0",
    ] {
        assert!(held.iter().any(|line| line == wanted), "{wanted} is not in {held:#?}");
    }
    lan.inside(1, || {
        let mut addresses = Addresses::open().expect("an rtnetlink socket");
        let present = addresses.present().expect("answers");
        let place = |p: &Placement| present.iter().any(|a| a.index == p.index && a.cidr == p.address.cidr);
        assert!(placements.iter().all(place), "{present:?}");
        assert_eq!(addresses.remove(&placements, false).expect("answers"), []);
        assert_eq!(addresses.remove(&placements, false).expect("answers"), [], "they are gone: no error");
        let elsewhere: Vec<_> =
            placements.iter().map(|placement| Placement { index: InterfaceIndex(9999), ..placement.clone() }).collect();
        assert_eq!(addresses.remove(&elsewhere, true).expect("answers"), [], "no such interface, but forced");
        let refused = addresses.remove(&elsewhere, false).expect("answers");
        assert_eq!(refused.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    });
    assert_eq!(lan.addresses(1), before);
}

/// VR-181: more changes than the socket holds are lost, which is noticed: what is told in the end is what is
/// there, and what is told after it is complete again.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_flood_of_changes_is_survived() {
    let lan = Lan::new(1);
    lan.inside(1, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (mut monitor, first) =
                Monitor::open(keepalived_rs::model::route::Follow::default()).expect("a monitor");
            let told = |changes: &[Change], address: IpAddr| {
                changes.iter().any(|change| matches!(change, Change::Address(told) if told.cidr.address == address))
            };
            assert!(told(&first, [10, 9, 0, 1].into()), "{first:?}");
            let index = eth0();
            let all: Vec<Placement> =
                (0..FLOOD).map(|n| at(index, plain(IpAddr::from((0x0a0a_0000 + n).to_be_bytes()), 32))).collect();
            let mut addresses = Addresses::open().expect("an rtnetlink socket");
            assert_eq!(addresses.add(&all).expect("answers"), []);
            assert_eq!(addresses.remove(&all[..FLOOD as usize / 2], false).expect("answers"), []);
            assert_eq!(addresses.add(&[at(index, plain([10, 9, 8, 1].into(), 32))]).expect("answers"), []);

            let mut present = std::collections::BTreeSet::new();
            while !present.contains(&IpAddr::from([10, 9, 8, 1])) || present.len() != FLOOD as usize / 2 + 1 {
                let wait = poll_fn(|context| monitor.poll(context));
                let changes = tokio::time::timeout(std::time::Duration::from_secs(5), wait).await;
                let changes = changes.unwrap_or_else(|_| panic!("silence with {} known", present.len()));
                for change in changes.expect("the monitor goes on") {
                    match change {
                        Change::Address(address) => drop(present.insert(address.cidr.address)),
                        Change::AddressGone(address) => drop(present.remove(&address.cidr.address)),
                        _ => {}
                    }
                }
            }
            addresses.add(&[at(index, plain([10, 9, 8, 2].into(), 32))]).expect("answers");
            let after = poll_fn(|context| monitor.poll(context)).await.expect("the monitor goes on");
            assert!(told(&after, [10, 9, 8, 2].into()), "{after:?}");
        });
    });
}

/// What version 2.2.7 makes of two groups with TCP and UDP, one of them of IPv6 (`nft list ruleset`), blanks aside.
const MARKS: &str = "
table ip keepalived_ipvs {
 map tcp_map {
  type ipv4_addr . inet_service : mark
  flags interval
  elements = { 10.1.1.1-10.1.1.3 . 80 : 0x000003e8,
   10.1.2.0/30 . 81 : 0x000003e8,
   10.9.0.1 . 82 : 0x000003e8 }
 }
 map udp_map {
  type ipv4_addr . inet_service : mark
  flags interval
  elements = { 10.1.1.1-10.1.1.3 . 80 : 0x000003e9,
   10.1.2.0/30 . 81 : 0x000003e9,
   10.9.0.1 . 82 : 0x000003e9 }
 }
 chain in {
  type filter hook input priority filter - 1; policy accept;
  meta mark set ip daddr . tcp dport map @tcp_map return
  meta mark set ip daddr . udp dport map @udp_map return
 }
}
table ip6 keepalived_ipvs {
 map tcp_map {
  type ipv6_addr . inet_service : mark
  flags interval
  elements = { fd00::1 . 80 : 0x000003ea,
   fd00::5-fd00::9 . 81 : 0x000003ea }
 }
 chain in {
  type filter hook input priority filter - 1; policy accept;
  meta mark set ip6 daddr . tcp dport map @tcp_map return
 }
}";

fn run(program: &str, arguments: &str) -> String {
    let output = std::process::Command::new(program).args(arguments.split_whitespace()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// LV-46, IF-477: the table of groups is that of the original. It is replaced by another one, with another name too, in
/// one step, and nothing is left in the end; packets are counted where they are marked, and a port of 0 is any.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn packets_for_groups_are_marked() {
    let range = |protocol, first: &str, last: &str, port, mark| Marked {
        protocol,
        first: first.parse().expect("an address"),
        last: last.parse().expect("an address"),
        port,
        mark,
    };
    let table =
        |name: &str, ranges: Vec<Marked>| Marking { table: name.to_owned(), priority: -1, counters: false, ranges };
    let four = |protocol, mark| {
        [("10.1.1.1", "10.1.1.3", 80), ("10.1.2.0", "10.1.2.3", 81), ("10.9.0.1", "10.9.0.1", 82)]
            .map(|(first, last, port)| range(protocol, first, last, port, mark))
    };
    let six =
        [range(Protocol::Tcp, "fd00::1", "fd00::1", 80, 1002), range(Protocol::Tcp, "fd00::5", "fd00::9", 81, 1002)];
    let all = [&four(Protocol::Tcp, 1000)[..], &six[..], &four(Protocol::Udp, 1001)[..]].concat();
    let lan = Lan::new(1);
    lan.inside(1, || {
        let mut filter = Nftables::open().expect("a socket to nf_tables");
        filter.mark(&table("keepalived_ipvs", all), None).expect("answers");
        assert_eq!(words(&run("nft", "list ruleset")), words(MARKS));

        // Ranges that do not join: more than one message, and more than a socket has room for unasked.
        let apart = (0..20_000u32).map(|n| std::net::Ipv4Addr::from(0x0a20_0000 + 2 * n).to_string());
        let many = apart.map(|address| range(Protocol::Sctp, &address, &address, 80, 7)).collect();
        filter.mark(&table("many", many), Some("keepalived_ipvs")).expect("answers");
        assert_eq!(run("nft", "list tables").trim(), "table ip many");
        assert_eq!(run("nft", "list map ip many sctp_map").matches("0x00000007").count(), 20_000);

        run("ip", "address add 10.1.1.2/32 dev lo");
        run("ip", "link set lo up");
        let counted = Marking {
            counters: true,
            ..table(
                "many",
                vec![
                    range(Protocol::Udp, "10.1.1.1", "10.1.1.2", 80, 7),
                    range(Protocol::Udp, "10.1.1.2", "10.1.1.2", 0, 8),
                ],
            )
        };
        filter.mark(&counted, Some("many")).expect("answers");
        let sender = std::net::UdpSocket::bind("10.1.1.2:0").expect("a socket");
        for (port, times) in [(80, 1), (81, 2), (65535, 1)] {
            for _ in 0..times {
                sender.send_to(b"x", ("10.1.1.2", port)).expect("to itself");
            }
        }
        let shown = words(&run("nft", "list map ip many udp_map")).join(" ");
        assert!(shown.contains("10.1.1.1-10.1.1.2 . 80 counter packets 1 bytes 29 : 0x00000007"), "{shown}");
        assert!(shown.contains("10.1.1.2 . 0-65535 counter packets 3 bytes 87 : 0x00000008"), "{shown}");

        filter.remove("many").expect("answers");
        assert_eq!(run("nft", "list ruleset"), "");
    });
}
