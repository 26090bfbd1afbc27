//! FRR's vrrpd in the matrix: its virtual routers live on macvlan devices that the administrator makes, with the virtual MAC
//! and all addresses; who is not Master takes the carrier of the device away (`protodown`).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

use crate::frr::Frr;
use crate::matrix::{Kind, priority};
use crate::net::Lan;

/// The RFC gives a virtual router's number to both families; here each kind has one.
fn device(vrid: usize) -> String {
    format!("mac{vrid}")
}

/// Makes the devices, once for each host: they stay when FRR is gone.
pub fn make_devices(lan: &Lan, host: u8, kinds: &[Kind]) {
    for kind in kinds {
        let (vrid, name) = (kind.vrid, device(kind.vrid));
        let family = if kind.is_ipv6() { 2 } else { 1 };
        lan.ip(
            host,
            &format!("link add {name} link eth0 address 00:00:5e:00:0{family}:{vrid:02x} type macvlan mode bridge"),
        );
        // All hosts have the same hardware address there, and must not have the same link-local one.
        lan.ip(host, &format!("link set {name} addrgenmode random"));
        for address in kind.addresses() {
            let flags = if kind.is_ipv6() { " nodad" } else { "" };
            lan.ip(host, &format!("addr add {address} dev {name}{flags}"));
        }
    }
}

pub fn start(lan: &Lan, host: u8, kinds: &[Kind]) -> Frr {
    let mut text = "interface eth0\n".to_owned();
    for kind in kinds {
        lan.ip(host, &format!("link set {} up", device(kind.vrid)));
        let vrrp = format!(" vrrp {}", kind.vrid);
        let _ = writeln!(text, "{vrrp} version {}", kind.version);
        let _ = writeln!(text, "{vrrp} priority {}", priority(host));
        let _ = writeln!(text, "{vrrp} advertisement-interval {}", kind.interval().as_millis());
        if !kind.preempts {
            let _ = writeln!(text, " no vrrp {} preempt", kind.vrid);
        }
        for address in kind.addresses() {
            let family = if kind.is_ipv6() { "ipv6" } else { "ip" };
            let bare = address.split('/').next().unwrap_or(&address);
            let _ = writeln!(text, "{vrrp} {family} {bare}");
        }
    }
    Frr::start(lan, host, "vrrpd", &text)
}

/// Those whose device has a carrier.
pub fn held(lan: &Lan, host: u8, kinds: &[Kind]) -> BTreeSet<usize> {
    let output = Command::new("ip").args(["-n", &lan.host(host), "-br", "link", "show", "type", "macvlan"]).output();
    let text = String::from_utf8_lossy(&output.expect("the program ip").stdout).into_owned();
    let up = |kind: &Kind| {
        let name = device(kind.vrid) + "@";
        text.lines().any(|line| line.starts_with(&name) && line.split_whitespace().nth(1) == Some("UP"))
    };
    kinds.iter().enumerate().filter(|(_, kind)| up(kind)).map(|(at, _)| at).collect()
}
