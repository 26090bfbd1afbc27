//! The steps (a) to (i), each an action, what must follow, and until when.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::network::{
    INSIDE, Network, OUTSIDE, ROUTERS, WEBS, Web, configuration, master_down_interval, until_in, until_out,
    web_address, weight,
};
use super::story::{Story, seconds};
use crate::daemon::{Daemon, shown, until};
use crate::namespace::Outcome;
use crate::traffic::{Request, Traffic};

const SECOND: Duration = Duration::from_secs(1);
/// One request is begun each time this is over.
const PACE: Duration = Duration::from_millis(40);
/// While the addresses move from one living router to another, what is under way may be cut.
const MOVE: Duration = SECOND;

struct Demo {
    network: Network,
    daemons: [Daemon; 2],
    webs: Vec<Web>,
    traffic: Traffic,
    story: Story,
    /// Requests told of so far.
    told: usize,
    /// All so far: a request under way at the end of one step may fail in the next.
    excuses: Vec<Excuse>,
    /// The pool as it should be: servers in it.
    pool: Vec<usize>,
}

/// When requests may fail.
#[derive(Clone, Copy)]
struct Excuse {
    from: Instant,
    to: Instant,
}

/// What a router leaves behind when it stops, if it leaves anything.
type Snapshot = (Vec<IpAddr>, Vec<String>, Vec<String>);

pub fn run(program: &Path, place: &Path) -> Outcome<bool> {
    let mut story = Story::new();
    story.line("building: client, public LAN, two routers, private LAN, four web servers");
    let network = Network::build()?;
    let mut webs = Vec::new();
    for (name, namespace) in WEBS.iter().zip(&network.webs) {
        let mut web = Web::new(place, name)?;
        web.start(namespace)?;
        webs.push(web);
    }
    let before = [snapshot(&network, 0)?, snapshot(&network, 1)?];
    let mut daemons = [Daemon::new(program, place.join(ROUTERS[0]))?, Daemon::new(program, place.join(ROUTERS[1]))?];
    story.step("0", "both routers start; three servers are configured");
    for (number, (daemon, namespace)) in daemons.iter_mut().zip(&network.routers).enumerate() {
        daemon.configure(&configuration(number, 3))?;
        daemon.start(namespace)?;
    }
    let bound = master_down_interval(0) + 2 * SECOND;
    let entered = until(bound + 5 * SECOND, || {
        running(&mut daemons)?;
        owns(&network, 0)?;
        without(&network, 1)?;
        pool_is(&network, 0, &[0, 1, 2])?;
        pool_is(&network, 1, &[0, 1, 2])
    });
    let began = story.timed("router1 holds both addresses, both pools are full", bound, entered.map(|(_, took)| took));
    let handle =
        std::fs::File::open("/run/netns/client").map_err(|error| format!("the client's namespace: {error}"))?;
    let traffic = Traffic::start((OUTSIDE, 80), PACE, move || {
        // A thread in the wrong namespace reaches nobody, which every expectation shows.
        let _ = nix::sched::setns(handle, nix::sched::CloneFlags::CLONE_NEWNET);
    });
    let mut demo = Demo { network, daemons, webs, traffic, story, told: 0, excuses: Vec::new(), pool: vec![0, 1, 2] };
    let answered = demo.settled();
    demo.story.held("the client is answered through 192.0.2.100", answered);
    if !began {
        demo.show_logs();
    }
    demo.status(&[]);
    let steps: [fn(&mut Demo) -> Outcome<()>; 8] = [
        stop_a_server,
        break_a_server,
        bring_both_back,
        kill_the_master,
        restart_it,
        cut_the_power,
        cut_the_public_link,
        add_a_server,
    ];
    for step in steps {
        step(&mut demo)?;
    }
    stop_all(demo, before)
}

/// (a)
fn stop_a_server(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("a", "web2 is stopped");
    let from = Instant::now();
    demo.webs[1].stop()?;
    demo.leaves_the_pool("web2 is out of both pools", 1, from)
}

/// (b)
fn break_a_server(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("b", "web3 answers 500");
    let from = Instant::now();
    demo.webs[2].broken(true)?;
    demo.leaves_the_pool("web3 is out of both pools", 2, from)
}

/// (c)
fn bring_both_back(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("c", "web2 is started, web3 is mended");
    let from = Instant::now();
    demo.webs[2].broken(false)?;
    demo.webs[1].start(&demo.network.webs[1])?;
    demo.pool = vec![0, 1, 2];
    demo.pools_become("both are in both pools again", until_in(), from);
    demo.well(Vec::new(), "no request failed", &["web1", "web2", "web3"])
}

/// (d)
fn kill_the_master(demo: &mut Demo) -> Outcome<()> {
    demo.story.step(
        "d",
        "router1's process is killed (SIGKILL); its kernel keeps addresses and table and goes on forwarding",
    );
    let connections = demo.network.routers[1].connections()?;
    let from = Instant::now();
    demo.daemons[0].kill()?;
    let moved =
        demo.clients_move_to("the client's ARP entry points to router2", 1, master_down_interval(1) + SECOND, from);
    let network = &demo.network;
    let counted = until(5 * SECOND, || match network.routers[1].connections()? - connections {
        few @ 0..10 => Err(format!("{few} connections counted by router2")),
        _ => Ok(()),
    });
    let counted = counted.map(|_| ());
    demo.story.held("connections are counted in router2's table", counted);
    let kept = demo.network.routers[0].holds(OUTSIDE)? && !demo.network.routers[0].services()?.is_empty();
    demo.story
        .held("router1's kernel still has address and table", if kept { Ok(()) } else { Err("it has not".to_owned()) });
    demo.well(around(moved), "no request failed but those under way at the move", &["web1", "web2", "web3"])
}

/// (e)
fn restart_it(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("e", "router1's process is started again");
    let from = Instant::now();
    demo.daemons[0].start(&demo.network.routers[0])?;
    demo.takes_over_again(2 * SECOND, from, "no request failed but those under way at the move")
}

/// (f)
fn cut_the_power(demo: &mut Demo) -> Outcome<()> {
    let cables = ["public", "private"];
    demo.story.step("f", "router1 loses its power: all its links are down");
    demo.moves_on_cut(&cables)?;
    demo.story.line("    router1 has its links again");
    let from = Instant::now();
    demo.network.plug(0, &cables, true)?;
    demo.takes_over_again(SECOND, from, "no request failed at the return but those under way at the move")
}

/// (g)
fn cut_the_public_link(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("g", "router1's public link alone is down");
    demo.moves_on_cut(&["public"])?;
    demo.story.line("    router1 has its public link again");
    let from = Instant::now();
    demo.network.plug(0, &["public"], true)?;
    demo.takes_over_again(SECOND, from, "no request failed at the return but those under way at the move")
}

/// (h)
fn add_a_server(demo: &mut Demo) -> Outcome<()> {
    demo.story.step("h", "web4 is added to both keepalived.conf, SIGHUP");
    let from = Instant::now();
    for router in 0..2 {
        demo.daemons[router].configure(&configuration(router, 4))?;
        demo.daemons[router].signal(Signal::SIGHUP)?;
    }
    demo.pool = vec![0, 1, 2, 3];
    demo.pools_become("web4 is in both pools", until_in(), from);
    demo.well(Vec::new(), "no request failed", &WEBS)?;
    let kept = owns(&demo.network, 0).and_then(|()| without(&demo.network, 1));
    demo.story.held("router1 stayed master", kept);
    Ok(())
}

/// (i)
fn stop_all(mut demo: Demo, before: [Snapshot; 2]) -> Outcome<bool> {
    demo.story.step("i", "all is stopped (SIGTERM)");
    let all = demo.traffic.stop();
    let failed = all.iter().filter(|request| request.outcome.is_err()).count();
    demo.story.line(&format!("    {} requests made in all, {failed} of them failed", all.len()));
    let limit = 5 * SECOND;
    // The backup goes first, so that nobody takes over from the master.
    for router in [1, 0] {
        let ended = demo.daemons[router].stop(limit);
        let (name, status) = (ROUTERS[router], ended.as_ref().map(|(status, _)| *status));
        demo.story.timed(&format!("{name} has ended"), limit, ended.clone().map(|(_, took)| took));
        if let Ok(status) = status {
            let clean = if status.success() { Ok(()) } else { Err(shown(status)) };
            demo.story.held(&format!("{name} ended with exit status 0"), clean);
        }
        let left = snapshot(&demo.network, router)?;
        let same = |what: &str, then: &dyn std::fmt::Debug, now: &dyn std::fmt::Debug| match format!("{then:?}")
            == format!("{now:?}")
        {
            true => Ok(()),
            false => Err(format!("{what}: before {then:?}, now {now:?}")),
        };
        let clean = same("addresses", &before[router].0, &left.0)
            .and_then(|()| same("routes", &before[router].1, &left.1))
            .and_then(|()| same("IPVS", &before[router].2, &left.2));
        demo.story.held(&format!("{name} left no address, route or IPVS service"), clean);
        let processes = demo.daemons[router].processes();
        let pids: Vec<String> = std::fs::read_dir(&demo.daemons[router].place)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".pid"))
            .collect();
        let clean = match processes.is_empty() && pids.is_empty() {
            true => Ok(()),
            false => Err(format!("processes {processes:?}, pid files {pids:?}")),
        };
        demo.story.held(&format!("{name} left no process and no pid file"), clean);
    }
    for web in &mut demo.webs {
        web.stop()?;
    }
    let held = demo.story.verdict();
    if !held {
        for (name, daemon) in ROUTERS.iter().zip(&demo.daemons) {
            let log = daemon.log();
            let lines: Vec<&str> = log.lines().collect();
            println!("\nthe end of {name}'s log:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
    Ok(held)
}

/// The time around a move of the addresses that was seen at `moved`.
fn around(moved: Option<Instant>) -> Vec<Excuse> {
    moved.map(|at| Excuse { from: at - MOVE / 2, to: at + MOVE / 2 }).into_iter().collect()
}

impl Demo {
    fn leaves_the_pool(&mut self, what: &str, web: usize, from: Instant) -> Outcome<()> {
        self.pool.retain(|in_pool| *in_pool != web);
        self.pools_become(what, until_out(), from);
        let excuse = Excuse { from, to: from + until_out() };
        let within = format!("requests failed only within {} of it", seconds(until_out()));
        let names: Vec<&str> = self.pool.iter().map(|web| WEBS[*web]).collect();
        self.well(vec![excuse], &within, &names)
    }

    fn pools_become(&mut self, what: &str, bound: Duration, from: Instant) {
        let (network, pool) = (&self.network, &self.pool);
        let seen = until(bound + SECOND, || {
            pool_is(network, 0, pool)?;
            pool_is(network, 1, pool)
        });
        self.story.timed(what, bound, seen.map(|_| from.elapsed()));
    }

    /// Waits until the client's ARP entry for the outer address is the router's; when that was.
    fn clients_move_to(&mut self, what: &str, router: usize, bound: Duration, from: Instant) -> Option<Instant> {
        let network = &self.network;
        let seen = until(bound + 2 * SECOND, || {
            let wanted = network.routers[router].hardware("public")?;
            match network.client.neighbour(OUTSIDE)? {
                Some(at) if at == wanted => Ok(Instant::now()),
                other => Err(format!("it points to {other:x?}, not to {wanted:x?}")),
            }
        });
        let at = seen.as_ref().ok().map(|(at, _)| *at);
        self.story.timed(what, bound, seen.map(|(at, _)| at - from));
        at
    }

    /// The active router loses links; the other one takes over, and requests fail only until then.
    fn moves_on_cut(&mut self, interfaces: &[&str]) -> Outcome<()> {
        let bound = master_down_interval(1) + SECOND;
        let from = Instant::now();
        self.network.plug(0, interfaces, false)?;
        let cut = Instant::now();
        let network = &self.network;
        let seen = until(bound + 2 * SECOND, || {
            owns(network, 1)?;
            without(network, 0)
        });
        self.story.timed("router2 holds both addresses, router1 none", bound, seen.map(|_| from.elapsed()));
        self.settled_or_said();
        let answered =
            self.untold().iter().filter(|one| one.outcome.is_ok() && one.begun >= cut).map(|one| one.ended).min();
        let outage = answered.map(|at| at - from).ok_or_else(|| "none is answered".to_owned());
        self.story.timed("requests are answered again", bound, outage);
        self.well(
            vec![Excuse { from, to: from + bound }],
            "no request failed but in that time",
            &["web1", "web2", "web3"],
        )
    }

    fn takes_over_again(&mut self, extra: Duration, from: Instant, failures: &str) -> Outcome<()> {
        let bound = master_down_interval(0) + SECOND + extra;
        let moved = self.clients_move_to("router1 takes over again, the client's ARP entry follows", 0, bound, from);
        let network = &self.network;
        let seen = until(2 * SECOND, || {
            owns(network, 0)?;
            without(network, 1)
        });
        self.story.held("router1 holds both addresses, router2 none", seen.map(|_| ()));
        self.well(around(moved), failures, &["web1", "web2", "web3"])
    }

    fn untold(&self) -> Vec<Request> {
        self.traffic.since(self.told)
    }

    /// Twenty requests in a row are answered that were begun after this call.
    fn settled(&self) -> Outcome<()> {
        let (first, from) = (self.traffic.count(), Instant::now());
        until(8 * SECOND, || {
            let fresh: Vec<Request> = self.traffic.since(first).into_iter().filter(|one| one.begun >= from).collect();
            let run = fresh.iter().rev().take_while(|one| one.outcome.is_ok()).count();
            let last = fresh.iter().rev().find_map(|one| one.outcome.as_ref().err());
            if run >= 20 { Ok(()) } else { Err(format!("{run} answered in a row, the last failure {last:?}")) }
        })
        .map(|_| ())
    }

    fn settled_or_said(&mut self) {
        if let Err(why) = self.settled() {
            self.story.held("requests are answered again", Err(why));
        }
    }

    /// Closes a step: requests are answered, by all of `webs` and nobody else, failures have their excuse, the pools are right.
    fn well(&mut self, excuses: Vec<Excuse>, what: &str, webs: &[&str]) -> Outcome<()> {
        self.excuses.extend(excuses);
        self.settled_or_said();
        let first = self.traffic.count();
        let from = Instant::now();
        let by_all = until(5 * SECOND, || {
            let mut who: Vec<String> = Vec::new();
            for one in self.traffic.since(first).into_iter().filter(|one| one.begun >= from) {
                who.extend(one.outcome);
            }
            let enough = who.len() >= 12;
            who.sort_unstable();
            who.dedup();
            if enough && who == webs { Ok(()) } else { Err(format!("answered by {who:?}, wanted {webs:?}")) }
        });
        self.story.held(&format!("answers come from {}", webs.join(", ")), by_all.map(|_| ()));
        let excused =
            |one: &&Request| self.excuses.iter().any(|excuse| one.begun <= excuse.to && one.ended >= excuse.from);
        let untold = self.untold();
        let wrong: Vec<&Request> =
            untold.iter().filter(|one| one.outcome.is_err()).filter(|one| !excused(one)).collect();
        let outcome = match wrong.first() {
            None => Ok(()),
            Some(first) => {
                let ago = first.begun.elapsed();
                Err(format!("{} failed, the first begun {} ago: {:?}", wrong.len(), seconds(ago), first.outcome))
            }
        };
        let held = self.story.held(what, outcome);
        self.status(&untold);
        if !held {
            self.show_logs();
        }
        running(&mut self.daemons)
    }

    /// Who is master, which servers are in the pool, what became of the requests since the last such line.
    fn status(&mut self, untold: &[Request]) {
        let failed = untold.iter().filter(|one| one.outcome.is_err()).count();
        self.told += untold.len();
        let holders: Vec<String> = (0..2)
            .filter(|router| owns(&self.network, *router).is_ok())
            .map(|router| match self.daemons[router].pid() {
                Some(_) => ROUTERS[router].to_owned(),
                None => format!("{} (kernel only)", ROUTERS[router]),
            })
            .collect();
        let pool = |router: usize| match self.network.routers[router].destinations() {
            Ok(found) => {
                let show =
                    |one: &crate::namespace::Destination| format!("web{}*{}", one.address.octets()[3] - 10, one.weight);
                found.iter().map(show).collect::<Vec<_>>().join(" ")
            }
            Err(why) => why,
        };
        self.story.line(&format!(
            "    = addresses: {} | pools: {} / {} | {} answered, {failed} failed",
            holders.join(", "),
            pool(0),
            pool(1),
            untold.len() - failed,
        ));
    }

    fn show_logs(&self) {
        for (name, daemon) in ROUTERS.iter().zip(&self.daemons) {
            let log = daemon.log();
            let lines: Vec<&str> = log.lines().collect();
            for line in &lines[lines.len().saturating_sub(12)..] {
                self.story.line(&format!("    {name}: {line}"));
            }
        }
    }
}

/// Both routers' processes are there, if they were started.
fn running(daemons: &mut [Daemon; 2]) -> Outcome<()> {
    for (name, daemon) in ROUTERS.iter().zip(daemons) {
        if daemon.pid().is_some()
            && let Ok((status, _)) = daemon.ended(Duration::ZERO)
        {
            return Err(format!("{name}'s process has ended: {}\n{}", shown(status), daemon.log()));
        }
    }
    Ok(())
}

fn owns(network: &Network, router: usize) -> Outcome<()> {
    let held = network.routers[router].addresses()?;
    match [OUTSIDE, INSIDE].into_iter().find(|address| !held.contains(&IpAddr::V4(*address))) {
        Some(missing) => Err(format!("{} does not hold {missing}", ROUTERS[router])),
        None => Ok(()),
    }
}

fn without(network: &Network, router: usize) -> Outcome<()> {
    let held = network.routers[router].addresses()?;
    match [OUTSIDE, INSIDE].into_iter().find(|address| held.contains(&IpAddr::V4(*address))) {
        Some(left) => Err(format!("{} still holds {left}", ROUTERS[router])),
        None => Ok(()),
    }
}

fn pool_is(network: &Network, router: usize, webs: &[usize]) -> Outcome<()> {
    let found: Vec<_> =
        network.routers[router].destinations()?.into_iter().map(|one| (one.address, one.weight)).collect();
    let wanted: Vec<_> = webs.iter().map(|web| (web_address(*web), weight(*web))).collect();
    if found == wanted { Ok(()) } else { Err(format!("{}'s pool is {found:?}, not {wanted:?}", ROUTERS[router])) }
}

fn snapshot(network: &Network, router: usize) -> Outcome<Snapshot> {
    let namespace = &network.routers[router];
    Ok((namespace.addresses()?, namespace.routes()?, namespace.services()?))
}
