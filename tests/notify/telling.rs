//! A model in which everybody wants to be told of everything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use keepalived_rs::base::net::{Endpoint, Family};
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::Model;
use keepalived_rs::model::global::Global;
use keepalived_rs::model::lvs::{
    CheckerIds, Forwarding, Lvs, Protocol, RealServer, Scheduler, VirtualAddress, VirtualServer,
};
use keepalived_rs::model::notify::{MailServer, MailSettings, Script, ScriptIdentity, StateScripts};
use keepalived_rs::model::vrrp::{Instance, InstanceId, SyncGroup, Vrrp};

use crate::lan::draft;

/// Run as ourselves: tests need not be root.
pub fn script(words: &[&str]) -> Script {
    let identity = ScriptIdentity {
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
        groups: Vec::new(),
    };
    Script { argv: words.iter().map(|&word| word.to_owned()).collect(), identity }
}

pub fn scripts(prefix: &[&str]) -> StateScripts {
    let one = |word: &str| Some(script(&[prefix, &[word][..]].concat()));
    StateScripts {
        master: one("m"),
        backup: one("b"),
        fault: one("f"),
        stop: one("s"),
        deleted: one("d"),
        master_rx_lower_pri: one("l"),
        any: one("n"),
    }
}

pub fn endpoint(last: u8) -> Endpoint {
    Endpoint { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port: 80 }
}

pub fn global(mail: Option<MailSettings>) -> Global {
    Global { mail, ..Global::named("RTR") }
}

pub fn mail(server: Endpoint) -> MailSettings {
    MailSettings {
        from: "keepalived@a.example.com".to_owned(),
        to: ["ops@example.com", "Second Admin <second@example.com>"].map(str::to_owned).to_vec(),
        server: MailServer::Address(server),
        helo_name: "vm".to_owned(),
        connect_timeout: Interval::from_secs(10),
    }
}

/// One instance `VI_1` in the group `G1`, priority 100, and one virtual server with one real server.
pub fn model(prefix: &[&str], global: Global) -> Model {
    let server = RealServer {
        endpoint: endpoint(9),
        forwarding: Forwarding::Nat,
        weight: 1,
        inhibit_on_failure: false,
        upper_threshold: 0,
        lower_threshold: 0,
        slow_start: None,
        drain_timeout: None,
        notify_up: Some(Box::new(script(&[prefix, &["up"][..]].concat()))),
        notify_down: Some(Box::new(script(&[prefix, &["down"][..]].concat()))),
        smtp_alert: true,
        checkers: CheckerIds::default(),
    };
    let service = VirtualServer {
        address: VirtualAddress::Address(endpoint(1)),
        protocol: Protocol::Tcp,
        family: Family::V4,
        scheduler: Scheduler::Rr,
        flags: 0,
        persistence: None,
        real_servers: vec![server],
        sorry_server: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: Some(script(&[prefix, &["quorum-up"][..]].concat())),
        quorum_down: Some(script(&[prefix, &["quorum-down"][..]].concat())),
        omega: false,
        ha_suspend: false,
        smtp_alert: true,
    };
    let fwmark = VirtualServer {
        address: VirtualAddress::Fwmark(7),
        protocol: Protocol::None,
        quorum_up: None,
        quorum_down: None,
        ..service.clone()
    };
    let instance = Instance {
        notify: Arc::new(scripts(&[prefix, &["i"][..]].concat())),
        smtp_alert: true,
        ..draft::instance("VI_1", 51, "eth0", 100, Family::V4)
    };
    let group = SyncGroup {
        notify: scripts(&[prefix, &["g"][..]].concat()),
        smtp_alert: true,
        ..draft::sync_group("G1", vec![InstanceId(0)])
    };
    Model {
        global,
        vrrp: Vrrp { instances: vec![Arc::new(instance)], sync_groups: vec![Arc::new(group)], ..Vrrp::default() },
        lvs: Lvs { virtual_servers: vec![Arc::new(service), Arc::new(fwmark)], ..Lvs::default() },
        bfd: Default::default(),
    }
}
