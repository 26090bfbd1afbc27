//! The set-up: client, public LAN, two routers, private LAN, four web servers; and the routers' keepalived.conf.
//!
//! ```text
//!   client .10 ──┬── public LAN 192.0.2.0/24 ──┬──  VIP 192.0.2.100
//!                │                             │
//!            router1 .1                    router2 .2          (one sync group, NAT)
//!                │                             │
//!                └── private LAN 10.0.0.0/24 ──┘     VIP 10.0.0.254 = default route of the servers
//!                     │       │       │       │
//!                   web1    web2    web3    web4     .11 .12 .13 .14
//! ```

use std::fmt::Write;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::namespace::{Namespace, Outcome, doing};

pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
pub const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
pub const PRIORITY: [u8; 2] = [150, 100];
pub const ROUTERS: [&str; 2] = ["router1", "router2"];
pub const WEBS: [&str; 4] = ["web1", "web2", "web3", "web4"];

/// Timers of the configuration below.
pub const ADVERT_INT: Duration = Duration::from_secs(1);
const DELAY_LOOP: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const DELAY_BEFORE_RETRY: Duration = Duration::from_secs(1);
const SECOND: Duration = Duration::from_secs(1);

/// RFC 3768 section 6.1: three advertisements missed and the skew of the router's priority.
pub fn master_down_interval(router: usize) -> Duration {
    3 * ADVERT_INT + Duration::from_secs(256 - u64::from(PRIORITY[router])) / 256
}

/// A check that has just succeeded, the failing one, its one retry; and a second.
pub fn until_out() -> Duration {
    DELAY_LOOP + CONNECT_TIMEOUT + DELAY_BEFORE_RETRY + CONNECT_TIMEOUT + SECOND
}

/// A failing check under way with its retry, then the one that succeeds; and a second.
pub fn until_in() -> Duration {
    CONNECT_TIMEOUT + DELAY_LOOP.max(DELAY_BEFORE_RETRY) + CONNECT_TIMEOUT + SECOND
}

pub fn web_address(web: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 11 + web as u8)
}

/// keepalived.conf of a router with the first `webs` servers in the pool.
pub fn configuration(router: usize, webs: usize) -> String {
    let (name, priority) = (ROUTERS[router], PRIORITY[router]);
    let state = if router == 0 { "MASTER" } else { "BACKUP" };
    let mut text = format!(
        "global_defs {{
    router_id {name}
}}
vrrp_sync_group gateway {{
    group {{
        outside
        inside
    }}
}}
"
    );
    for (instance, interface, vrid, address) in [("outside", "public", 51, OUTSIDE), ("inside", "private", 52, INSIDE)]
    {
        let _ = writeln!(
            text,
            "vrrp_instance {instance} {{
    state {state}
    interface {interface}
    virtual_router_id {vrid}
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        {address}/24
    }}
}}"
        );
    }
    let _ = writeln!(
        text,
        "virtual_server {OUTSIDE} 80 {{
    delay_loop 1
    lb_algo wrr
    lb_kind NAT
    protocol TCP"
    );
    for web in 0..webs {
        let _ = writeln!(
            text,
            "    real_server {} 80 {{
        weight {}
        HTTP_GET {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 1
            retry 1
            delay_before_retry 1
        }}
    }}",
            web_address(web),
            weight(web)
        );
    }
    text + "}\n"
}

/// The first server is a bigger machine.
pub fn weight(web: usize) -> u32 {
    if web == 0 { 2 } else { 1 }
}

pub struct Network {
    /// Both LANs: two bridges.
    pub lans: Namespace,
    pub client: Namespace,
    pub routers: [Namespace; 2],
    pub webs: [Namespace; 4],
}

impl Network {
    pub fn build() -> Outcome<Network> {
        let lans = Namespace::new("lans")?;
        let client = Namespace::new("client")?;
        let routers = [Namespace::new(ROUTERS[0])?, Namespace::new(ROUTERS[1])?];
        let webs =
            [Namespace::new(WEBS[0])?, Namespace::new(WEBS[1])?, Namespace::new(WEBS[2])?, Namespace::new(WEBS[3])?];
        let mut lines = Vec::new();
        for bridge in ["public", "private"] {
            lines.push(format!("link add {bridge} type bridge forward_delay 0 mcast_snooping 0"));
            lines.push(format!("link set {bridge} up"));
        }
        let mut plug = |node: &str, interface: &str, bridge: &str| {
            let port = port(node, interface);
            lines.push(format!("link add {port} type veth peer name {interface} netns {node}"));
            lines.push(format!("link set {port} master {bridge} up"));
        };
        plug("client", "eth0", "public");
        for router in ROUTERS {
            plug(router, "public", "public");
            plug(router, "private", "private");
        }
        for web in WEBS {
            plug(web, "eth0", "private");
        }
        lans.ip(&lines.iter().map(String::as_str).collect::<Vec<_>>())?;
        client.ip(&["address add 192.0.2.10/24 dev eth0", "link set eth0 up"])?;
        for (router, number) in routers.iter().zip(1..) {
            router.ip(&[
                &format!("address add 192.0.2.{number}/24 dev public"),
                &format!("address add 10.0.0.{number}/24 dev private"),
                "link set public up",
                "link set private up",
            ])?;
            router.inside(|| doing("ip_forward", std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")))?;
        }
        for (web, number) in webs.iter().zip(0..) {
            web.ip(&[
                &format!("address add {}/24 dev eth0", web_address(number)),
                "link set eth0 up",
                &format!("route add default via {INSIDE}"),
            ])?;
        }
        Ok(Network { lans, client, routers, webs })
    }

    /// Plugs a router's interface in or out: the other end of its cable goes up or down.
    pub fn plug(&self, router: usize, interfaces: &[&str], up: bool) -> Outcome<()> {
        let state = if up { "up" } else { "down" };
        let lines: Vec<String> = interfaces
            .iter()
            .map(|interface| format!("link set {} {state}", port(ROUTERS[router], interface)))
            .collect();
        self.lans.ip(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The bridge's end of a cable.
fn port(node: &str, interface: &str) -> String {
    format!("{node}-{}", &interface[..2])
}

/// One nginx.
pub struct Web {
    place: PathBuf,
    child: Option<Child>,
}

impl Web {
    pub fn new(place: &Path, name: &str) -> Outcome<Web> {
        let place = place.join(name);
        doing(place.display(), std::fs::create_dir_all(&place))?;
        let at = place.display();
        let scratch: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("    {kind}_temp_path {at}/{kind};\n"))
            .collect();
        let text = format!(
            "daemon off;
user root;
worker_processes 1;
pid {at}/pid;
error_log {at}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
{scratch}    server {{
        listen 80;
        default_type text/plain;
        location / {{
            if (-f {at}/broken) {{ return 500; }}
            return 200 \"{name}\\n\";
        }}
    }}
}}
"
        );
        let file = place.join("nginx.conf");
        doing(file.display(), std::fs::write(&file, text))?;
        Ok(Web { place, child: None })
    }

    pub fn start(&mut self, namespace: &Namespace) -> Outcome<()> {
        let mut command = Command::new("nginx");
        command.arg("-e").arg(self.place.join("error.log")).arg("-c").arg(self.place.join("nginx.conf"));
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(namespace.inside(move || doing("nginx", command.spawn()))?);
        Ok(())
    }

    pub fn stop(&mut self) -> Outcome<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        doing("nginx", kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM))?;
        doing("nginx", child.wait()).map(|_| ())
    }

    /// Answers everything with status 500, or no longer.
    pub fn broken(&self, broken: bool) -> Outcome<()> {
        let file = self.place.join("broken");
        doing(file.display(), if broken { std::fs::write(&file, "") } else { std::fs::remove_file(&file) })
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
            let _ = child.wait();
        }
    }
}
