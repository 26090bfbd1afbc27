use std::net::IpAddr;
use std::sync::Arc;

use super::*;
use crate::base::net::{Endpoint, Family};
use crate::base::time::Interval;
use crate::model::check::{Check, Checker, Connect, Timing};
use crate::model::lvs::{
    CheckerIds, Forwarding, Protocol, RealServer, RealServerId, Scheduler, VirtualAddress, VirtualServer,
    VirtualServerId,
};

/// One virtual server with these real servers, one TCP check each.
fn model(servers: &[u8]) -> Lvs {
    let at = |last: u8| Endpoint { address: IpAddr::from([10, 1, 0, last]), port: 80 };
    let real = |(place, last): (usize, &u8)| RealServer {
        endpoint: at(*last),
        forwarding: Forwarding::Nat,
        weight: 1,
        inhibit_on_failure: false,
        upper_threshold: 0,
        lower_threshold: 0,
        slow_start: None,
        drain_timeout: None,
        notify_up: None,
        notify_down: None,
        smtp_alert: false,
        checkers: CheckerIds::between(place, place + 1),
    };
    let server = VirtualServer {
        address: VirtualAddress::Address(at(1)),
        protocol: Protocol::Tcp,
        family: Family::V4,
        scheduler: Scheduler::Rr,
        flags: 0,
        persistence: None,
        real_servers: servers.iter().enumerate().map(real).collect(),
        sorry_server: None,
        quorum: 1,
        hysteresis: 0,
        quorum_up: None,
        quorum_down: None,
        omega: false,
        ha_suspend: false,
        smtp_alert: false,
    };
    let second = Interval::from_secs(1);
    let timing =
        Timing { delay_loop: second, retry: 0, delay_before_retry: second, warmup: second, connect_timeout: second };
    let checker = |(place, last): (usize, &u8)| {
        Arc::new(Checker {
            virtual_server: VirtualServerId(0),
            real_server: RealServerId(place),
            real_server_name: "".into(),
            virtual_server_name: "".into(),
            check: Check::Tcp(Connect::to(at(*last).address, 80)),
            timing,
            alpha: false,
            log_all_failures: false,
        })
    };
    Lvs {
        checkers: servers.iter().enumerate().map(checker).collect(),
        virtual_servers: vec![Arc::new(server)],
        ..Lvs::default()
    }
}

fn verdict(generation: u64, checker: usize) -> Verdict {
    Verdict { generation, checker: CheckerId(checker), up: false, weight: 0, mail: String::new() }
}

fn place(generations: &mut Generations, verdict: Verdict) -> Option<(u64, usize)> {
    generations.place(verdict).map(|verdict| (verdict.generation, verdict.checker.0))
}

/// LV-92: what a kept checker said before one or two reloads still counts; what a gone one said does not.
#[test]
fn late_verdicts_follow_their_checker() {
    let mut generations = Generations::new(1);
    let (one, two, three) = (model(&[11, 12, 13]), model(&[12, 11]), model(&[14, 12]));
    assert_eq!(place(&mut generations, verdict(1, 2)), Some((1, 2)));
    generations.advance(&one, &two, 2);
    assert_eq!(place(&mut generations, verdict(1, 0)), Some((2, 1)));
    assert_eq!(place(&mut generations, verdict(1, 1)), Some((2, 0)));
    assert_eq!(place(&mut generations, verdict(1, 2)), None);
    generations.advance(&two, &three, 5);
    assert_eq!(place(&mut generations, verdict(1, 1)), Some((5, 1)));
    assert_eq!(place(&mut generations, verdict(1, 0)), None);
    assert_eq!(place(&mut generations, verdict(2, 0)), Some((5, 1)));
    assert_eq!(place(&mut generations, verdict(0, 0)), None, "from before the start");
}

/// A verdict about a model that has not come yet waits for it.
#[test]
fn early_verdicts_wait() {
    let mut generations = Generations::new(1);
    let (one, two) = (model(&[11]), model(&[12]));
    assert_eq!(place(&mut generations, verdict(2, 0)), None);
    assert_eq!(generations.advance(&one, &two, 2), [verdict(2, 0)]);
    assert_eq!(generations.advance(&two, &one, 3), []);
}
