//! What most benches have in common: a LAN of a router and the bench, and one virtual router on it.

use std::net::Ipv4Addr;

use crate::namespace::{Namespace, Outcome};

pub const BENCH: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
pub const VRID: u8 = 51;

/// The router's end and the bench's.
pub fn lan(router: &'static str, bench: &'static str) -> Outcome<(Namespace, Namespace)> {
    let (here, there) = (Namespace::new(router)?, Namespace::new(bench)?);
    here.ip(&[
        &format!("link add lan type veth peer name lan netns {bench}"),
        &format!("address add {ROUTER}/24 dev lan"),
        "link set lan up",
    ])?;
    there.ip(&[&format!("address add {BENCH}/24 dev lan"), "link set lan up"])?;
    Ok((here, there))
}

/// A configuration with one virtual router, whose block is the last.
pub fn instance(state: &str, priority: u8, interval: &str) -> String {
    format!(
        "global_defs {{
    vrrp_version 3
}}
vrrp_instance bench {{
    state {state}
    interface lan
    virtual_router_id {VRID}
    priority {priority}
    advert_int {interval}
    virtual_ipaddress {{
        {VIP}
    }}
}}
"
    )
}
