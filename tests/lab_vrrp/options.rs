//! Options of the command line that show on the network, ours beside Debian's keepalived 2.2.7.

use std::process::Command;
use std::time::Duration;

use crate::adverts;
use crate::net::{Lan, eventually};
use crate::router::{Daemon, Make};

const PATIENCE: Duration = Duration::from_secs(8);

/// A virtual MAC, addresses of the interface itself, a route and a rule.
const CONFIGURATION: &str = "\
vrrp_instance A {
  version 3
  interface eth0
  virtual_router_id 51
  priority 200
  advert_int 0.2
  use_vmac
  virtual_ipaddress {
    10.9.5.1
  }
}
vrrp_instance B {
  version 3
  interface eth0
  virtual_router_id 52
  priority 200
  advert_int 0.2
  virtual_ipaddress {
    10.9.5.2
  }
  virtual_routes {
    10.60.0.0/16 dev eth0
  }
  virtual_rules {
    from 10.60.0.0/16 lookup 100 preference 300
  }
}
";

/// What of it is there, as `ip` shows it.
fn there(lan: &Lan) -> Vec<&'static str> {
    let name = lan.host(1);
    let said = |words: &str| {
        let output = Command::new("ip").args(["-n", &name]).args(words.split(' ')).output().expect("the program ip");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let looks = [
        ("virtual MAC", "-o link show type macvlan", "vrrp.51"),
        ("its address", "-o addr show dev vrrp.51", "10.9.5.1"),
        ("address", "-o addr show dev eth0", "10.9.5.2"),
        ("route", "route show", "10.60.0.0/16"),
        ("rule", "rule", "10.60.0.0/16"),
    ];
    looks.into_iter().filter(|(_, words, wanted)| said(words).contains(wanted)).map(|(what, ..)| what).collect()
}

/// VR-157, VR-158, VR-205, IF-22: with `--dont-release-vrrp` a stop says nothing and leaves all where it is; the next start
/// takes it over, and its stop without the option takes all away and says priority 0. IF-28: the pid file that
/// `--vrrp_pid` names is there as long as the program, and names a living process.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn a_stop_may_leave_everything() {
    let all = ["virtual MAC", "its address", "address", "route", "rule"];
    for make in [Make::Original, Make::Ours] {
        let lan = Lan::new(2);
        let complete = |daemon: &Daemon| {
            eventually("all is there", PATIENCE, || {
                let there = there(&lan);
                if there == all { Ok(()) } else { Err(format!("{there:?}\n{}", daemon.log())) }
            });
        };
        let daemon = Daemon::start_as(&lan, 1, CONFIGURATION, make, &["-V"]);
        complete(&daemon);
        let file = daemon.folder().join("vrrp.pid");
        let pid = std::fs::read_to_string(&file).expect("the pid file");
        assert!(std::path::Path::new(&format!("/proc/{}", pid.trim())).exists(), "{make:?}: {pid}");
        let ears = lan.listen(2);
        let log = daemon.stop();
        assert!(!log.contains("sent 0 priority"), "{log}");
        assert!(adverts(&ears.frames()).iter().all(|(priority, _)| *priority != 0), "{make:?}");
        assert_eq!(there(&lan), all, "{make:?}");

        let daemon = Daemon::start_as(&lan, 1, CONFIGURATION, make, &[]);
        complete(&daemon);
        let file = daemon.folder().join("vrrp.pid");
        assert!(file.exists());
        let ears = lan.listen(2);
        daemon.stop();
        assert!(!file.exists(), "{make:?}");
        assert_eq!(there(&lan), [""; 0], "{make:?}");
        let last: Vec<u8> = adverts(&ears.frames()).iter().map(|(priority, _)| *priority).collect();
        assert_eq!(last.iter().filter(|priority| **priority == 0).count(), 2, "{make:?}: one of each: {last:?}");
    }
}
