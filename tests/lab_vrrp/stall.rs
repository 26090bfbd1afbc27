//! A Master whose process stands still for longer than the other one waits, and then runs again.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::net::{Lan, eventually};
use crate::router::{Daemon, Make};
use crate::{adverts, becomes_master, lets_go};

const ADDRESS: &str = "10.9.4.1";
const PATIENCE: Duration = Duration::from_secs(5);

fn text(priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\nversion 3\ninterface eth0\nvirtual_router_id 77\npriority {priority}\nadvert_int 0.1\n\
         nopreempt\nvirtual_ipaddress {{\n{ADDRESS}/32\n}}\n}}\n"
    )
}

/// It does not say a word over the one that took over, and gives up the address that it still holds.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_frozen_master_does_not_shout_over_the_new_one() {
    let lan = Lan::new(2);
    let frozen = Daemon::start_with(&lan, 1, &text(150), Make::Ours);
    becomes_master(&lan, 1, ADDRESS, PATIENCE);
    let other = Daemon::start_with(&lan, 2, &text(100), Make::Ours);
    frozen.signal(Signal::SIGSTOP);
    becomes_master(&lan, 2, ADDRESS, PATIENCE);
    let ears = lan.listen(2);
    frozen.signal(Signal::SIGCONT);
    lets_go(&lan, 1, ADDRESS);
    eventually("adverts of the other one", PATIENCE, || match adverts(&ears.frames()) {
        heard if heard.is_empty() => Err("none".to_owned()),
        heard if heard.iter().all(|(priority, _)| *priority == 100) => Ok(()),
        heard => panic!("it shouts: {heard:?}\n{}", frozen.log()),
    });
    let (frozen, other) = (frozen.stop(), other.stop());
    assert_eq!(frozen.matches("Entering BACKUP STATE").count(), 2, "{frozen}");
    assert_eq!(other.matches("Entering BACKUP STATE").count(), 1, "{other}");
    assert_eq!(other.matches("Entering MASTER STATE").count(), 1, "{other}");
}
