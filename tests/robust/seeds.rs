//! What the fuzz targets start from: written by `KA_UPDATE=1`, compared otherwise, so that seeds and code stay together.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use keepalived_rs::base::bfd::{Diagnostic as BfdDiagnostic, State};
use keepalived_rs::base::name::{Authentication, Priority, Version, Vrid};
use keepalived_rs::base::net::MacAddress;
use keepalived_rs::wire::advert::{Advert, ChecksumForm, Envelope};
use keepalived_rs::wire::arp::GratuitousArp;
use keepalived_rs::wire::bfd::Control;
use keepalived_rs::wire::ndisc::NeighbourAdvertisement;

use super::*;

/// One packet for each kind of router: the first byte says which (`fuzz_targets/advert.rs`).
fn adverts() -> Vec<(String, Vec<u8>)> {
    let secret = *b"secret\0\0";
    let (v4, v6) = (Ipv4Addr::new(10, 0, 0, 1), Ipv6Addr::LOCALHOST);
    let kinds = [
        ("v3", 0b0000_0000_u8, Version::V3, Authentication::None, false),
        ("v3-over-6", 0b0000_0001, Version::V3, Authentication::None, true),
        ("v2", 0b0000_0010, Version::V2, Authentication::None, false),
        ("v2-pass", 0b0100_0010, Version::V2, Authentication::Pass(secret), false),
        ("v2-ah", 0b1000_0010, Version::V2, Authentication::Ah(secret), false),
        ("v3-signed", 0b0010_0000, Version::V3, Authentication::None, false),
    ];
    let packet = |(name, first, version, authentication, six): (&str, u8, Version, Authentication, bool)| {
        let (source, destination, address): (IpAddr, IpAddr, IpAddr) = match six {
            false => (v4.into(), Ipv4Addr::new(224, 0, 0, 18).into(), Ipv4Addr::new(10, 0, 0, 100).into()),
            true => (v6.into(), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).into(), v6.into()),
        };
        let advert = Advert {
            version,
            vrid: Vrid::new(51).expect("a number"),
            priority: Priority(150),
            interval: Interval::from_secs(1),
            authentication,
            addresses: vec![address],
        };
        let envelope =
            Envelope { source, destination, ttl: 255, id: 1, checksum: ChecksumForm::PseudoHeader, sequence: 2 };
        let mut bytes = vec![first];
        let trailer: &[u8] = if name == "v3-signed" { &[0x4b; 28] } else { &[] };
        advert.to_wire_with(&envelope, trailer, &mut bytes);
        (name.to_owned(), bytes)
    };
    let mut all: Vec<(String, Vec<u8>)> = kinds.into_iter().map(packet).collect();
    let mac = MacAddress([2, 0, 0, 0, 0, 1]);
    let mut arp = vec![0];
    GratuitousArp { mac, address: v4 }.to_wire(&mut arp);
    let mut advertisement = vec![0];
    NeighbourAdvertisement { mac, address: v6, router: true }.to_wire(&mut advertisement);
    all.extend([("arp".to_owned(), arp), ("neighbour".to_owned(), advertisement)]);
    all
}

/// A session that comes up and goes down again.
fn conversation() -> Vec<u8> {
    let packet = |state, yours, poll| {
        let control = Control {
            diagnostic: BfdDiagnostic::None,
            state,
            poll,
            last: false,
            independent: true,
            authenticated: false,
            demand: false,
            multiplier: 3,
            my_discriminator: 9,
            your_discriminator: yours,
            desired_min_tx: Interval::from_millis(10),
            required_min_rx: Interval::from_millis(10),
            required_min_echo_rx: Interval::ZERO,
        };
        [&[4_u8][..], &control.to_wire()].concat()
    };
    [
        packet(State::Down, 0, false),
        packet(State::Init, 1, false),
        packet(State::Up, 1, true),
        packet(State::AdminDown, 1, false),
    ]
    .concat()
}

/// Folder of the targets, file name, contents.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut all = Vec::new();
    all.extend(adverts().into_iter().map(|(name, bytes)| ("advert", name, bytes)));
    let mut add = |target, name: &str, bytes: &[u8]| all.push((target, name.to_owned(), bytes.to_vec()));
    add("datagrams", "bfd", &conversation());
    add("datagrams", "dns", b"\x00\x07\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01");
    add("datagrams", "echo", b"\x00\x00\x00\x00\x00\x01\x00\x07payload");
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\na good word";
    for (name, first) in [("plain", 0xff_u8), ("good", 0x40), ("behind", 1), ("anchors", 2), ("word", 3), ("utf", 11)] {
        add("http", name, &[&[first & 0x7f, 0, 0][..], answer].concat());
    }
    add("http", "none", b"\xff\x00\x00\r\n\r\n");
    add("smtp", "good", b"\x40220 mail\r\n250 mail\r\n221 bye\r\n");
    add("smtp", "pieces", b"\x0a220 mail \n250 mail \n221 bye   \n");
    add("smtp", "bad", b"\x40554 go away\r\n");
    add("netlink", "frames", b"\x14\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x03\x00\x02\x00\x02\x00\x00\x00\x00\x00\x00\x00");
    // A service and a server as the kernel lists them.
    add("netlink", "service", b"\x01\x3c\x00\x01\x80\x06\x00\x01\x00\x02\x00\x00\x00\x06\x00\x02\x00\x06\x00\x00\x00\x14\x00\x03\x00\x0a\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x04\x00\x00\x50\x00\x00\x07\x00\x06\x00rr\x00\x00");
    add("netlink", "server", b"\x05\x34\x00\x02\x80\x14\x00\x01\x00\x0a\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x02\x00\x00\x50\x00\x00\x08\x00\x03\x00\x00\x00\x00\x00\x08\x00\x04\x00\x01\x00\x00\x00");
    let event = |what: u32, about: [u32; 4]| {
        let mut bytes = vec![0; 16];
        bytes.extend([1_u32, 1, 0, 0, 0, what, 0, 0, 0].into_iter().chain(about).flat_map(u32::to_le_bytes));
        bytes
    };
    add("netlink", "fork", &event(1, [1, 1, 2, 2]));
    add("netlink", "exec", &event(2, [2, 2, 0, 0]));
    add("track", "decimal", b"42\n");
    add("track", "hexadecimal", b" -0x7fffffffffffffff");
    add("track", "processes", b"\x11a\0b\0\0\0\0\x20a\0b\0c\0\0\0\x10\x02      \x24       ");
    all
}

/// The seeds are there, small, and what the code of today writes.
#[test]
fn the_seeds_of_the_fuzz_targets_are_those_of_this_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for (target, name, bytes) in seeds() {
        let path = folder.join(target).join(name);
        assert!(bytes.len() < 32 << 10, "{}", path.display());
        if std::env::var_os("KA_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, bytes).expect("a seed");
        } else {
            let there = std::fs::read(&path).unwrap_or_default();
            assert!(there == bytes, "{} is stale: KA_UPDATE=1 cargo test --test robust seeds", path.display());
        }
    }
}
