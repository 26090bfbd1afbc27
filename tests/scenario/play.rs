//! Plays a story: `when` lines are done at once, `expect` lines are judged on what happened since the last `when`.

use std::net::IpAddr;

use keepalived_rs::base::name::{BfdName, InstanceName, ScriptName};
use keepalived_rs::base::time::{Interval, Time};
use keepalived_rs::model::track::ScriptOutcome;
use keepalived_rs::model::vrrp::{InstanceId, State};
use keepalived_rs::vrrp::{Effect, Input};

use crate::given::{self, Segments};
use crate::lan::deed::{Deed, deeds};
use crate::lan::host::Host;
use crate::lan::packet::Advert;
use crate::lan::{self, Flight};
use crate::text::{Kind, Line, Story, Words, seconds};

/// From one router to the other.
const LATENCY: Interval = Interval::from_micros(50);
/// How far a moment may be from the one that the story tells.
const TOLERANCE: u64 = 1_000;
/// Longest wait for something to become true.
const PATIENCE: Interval = Interval::from_secs(120);

struct Stage {
    now: Time,
    hosts: Vec<Host>,
    segments: Segments,
    flying: Vec<Flight>,
    /// Adverts of strangers that are still to be sent.
    strangers: Vec<(Time, usize, Advert)>,
    /// Everything that was done, by which router, when.
    done: Vec<(Time, usize, Deed)>,
    /// The last `when`: its moment and how much was done before.
    mark: (Time, usize),
    narrate: bool,
}

pub fn play(story: &Story, narrate: bool) -> Result<(), String> {
    let mut stage = Stage {
        now: Time::from_micros(1_000_000_000),
        hosts: Vec::new(),
        segments: Segments::default(),
        flying: Vec::new(),
        strangers: Vec::new(),
        done: Vec::new(),
        mark: (Time::ZERO, 0),
        narrate,
    };
    if narrate {
        println!("== {}: {}", story.file, story.title);
    }
    for line in &story.lines {
        if line.opens && line.kind == Kind::When {
            stage.mark = (stage.now, stage.done.len());
        }
        let outcome = match line.kind {
            Kind::Given => given::given(line, &mut stage.hosts, &mut stage.segments),
            Kind::When => stage.when(line),
            Kind::Expect => stage.expect(line),
        };
        outcome.map_err(|error| match error.starts_with(&story.file) {
            true => format!("{error}\n    in: {}", story.title),
            false => format!("{}: {error}\n    {}\n    in: {}", line.place, line.words.join(" "), story.title),
        })?;
    }
    Ok(())
}

impl Stage {
    fn host(&self, words: &mut Words) -> Result<usize, String> {
        let name = words.word("a router")?;
        let found = self.hosts.iter().position(|host| host.name == name);
        found.ok_or_else(|| words.wrong(&format!("no router `{name}`")))
    }

    fn instance(&self, host: usize, words: &mut Words) -> Result<InstanceId, String> {
        let name = words.word("an instance")?;
        let found = self.hosts[host].model.instances.iter().position(|instance| instance.name.as_str() == name);
        found
            .map(InstanceId)
            .ok_or_else(|| words.wrong(&format!("router {} has no instance `{name}`", self.hosts[host].name)))
    }

    /// Notes what a router did and puts its adverts on their way.
    fn note(&mut self, host: usize, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::Send(sent) = effect {
                let due = self.now + LATENCY;
                let flights = lan::deliveries(&self.hosts, host, sent);
                self.flying.extend(flights.into_iter().map(|(to, packet)| Flight { due, to, packet }));
            }
            for deed in deeds(&self.hosts[host], effect) {
                if self.narrate {
                    let since = self.now.since(Time::from_micros(1_000_000_000)).as_secs_f64();
                    println!("{since:10.6} {} {deed}", self.hosts[host].name);
                }
                self.done.push((self.now, host, deed));
            }
        }
    }

    fn act<F>(&mut self, host: usize, action: F) -> Result<(), String>
    where
        F: FnOnce(&mut Host, Time) -> Result<Vec<Effect>, String>,
    {
        let now = self.now;
        let effects = action(&mut self.hosts[host], now)?;
        self.note(host, effects);
        Ok(())
    }

    fn feed(&mut self, host: usize, input: Input) -> Result<(), String> {
        self.act(host, |host, now| {
            let mut effects = Vec::new();
            host.feed(now, input, &mut effects)?;
            Ok(effects)
        })
    }

    /// Goes on to the next thing that happens, but not past `limit`. False: the limit is reached.
    fn step(&mut self, limit: Time) -> Result<bool, String> {
        let deadline = (0..self.hosts.len()).filter_map(|at| Some((self.hosts[at].deadline()?, at))).min();
        let flight = (0..self.flying.len()).map(|at| (self.flying[at].due, at)).min();
        let stranger = (0..self.strangers.len()).map(|at| (self.strangers[at].0, at)).min();
        let moments = [deadline.map(|d| d.0), flight.map(|f| f.0), stranger.map(|s| s.0)];
        let Some(next) = moments.into_iter().flatten().min().filter(|next| *next <= limit) else {
            self.now = self.now.max(limit);
            return Ok(false);
        };
        self.now = self.now.max(next);
        if let Some((_, at)) = stranger.filter(|stranger| stranger.0 == next) {
            let (_, segment, advert) = self.strangers.remove(at);
            self.hear(segment, &advert)?;
        } else if let Some((_, at)) = flight.filter(|flight| flight.0 == next) {
            let flight = self.flying.remove(at);
            self.feed(flight.to, Input::Packet(flight.packet))?;
        } else if let Some((_, at)) = deadline {
            self.feed(at, Input::Deadline)?;
        }
        Ok(true)
    }

    fn hear(&mut self, segment: usize, advert: &Advert) -> Result<(), String> {
        let (bytes, to) = (advert.bytes(), advert.destination());
        for (host, packet) in
            lan::reached(&self.hosts, None, segment, advert.source, to, false, Some(advert.ttl), &bytes)
        {
            self.feed(host, Input::Packet(packet))?;
        }
        Ok(())
    }

    fn pass(&mut self, micros: u64) -> Result<(), String> {
        let limit = self.now + Interval::from_micros(micros);
        while self.step(limit)? {}
        Ok(())
    }

    fn when(&mut self, line: &Line) -> Result<(), String> {
        let mut words = Words::of(line);
        if words.accept("stranger") {
            return self.stranger(&mut words);
        }
        if line.words.get(1).is_some_and(|word| word.starts_with("second")) {
            let micros = seconds(&mut words, "seconds")?;
            let _ = words.accept("seconds pass") || words.accept("second passes");
            words.end()?;
            return self.pass(micros);
        }
        let host = self.host(&mut words)?;
        let verb = words.word("what it does")?;
        match verb {
            "starts" => self.act(host, Host::start),
            "stops" => self.act(host, Host::stop),
            "crashes" => {
                self.hosts[host].crash();
                Ok(())
            }
            "stalls" => {
                let micros = seconds(&mut words, "seconds")?;
                self.stall(host, micros)
            }
            "reloads" => self.reload(host, &mut words),
            "script" => {
                let name = ScriptName::new(words.word("a script")?);
                let outcome = match words.word("succeeds, fails, `times out`")? {
                    "succeeds" => ScriptOutcome::Exited(0),
                    "fails" => ScriptOutcome::Exited(1),
                    "times" if words.accept("out") => ScriptOutcome::TimedOut,
                    _ => return Err(words.wrong("a script succeeds, fails or times out")),
                };
                self.feed(host, Input::Script { name, outcome })
            }
            "session" => {
                let session = BfdName::new(words.word("a session")?);
                let up = match words.word("`comes up`, `goes down`")? {
                    "comes" if words.accept("up") => true,
                    "goes" if words.accept("down") => false,
                    _ => return Err(words.wrong("a session comes up or goes down")),
                };
                self.feed(host, Input::Bfd { session, up })
            }
            "loses" => {
                let address: IpAddr = words.parse("an address")?;
                self.act(host, |host, now| host.take_away(now, address))
            }
            "misses" => {
                let name = words.word("a route, rule or static address")?.to_owned();
                self.act(host, |host, now| host.take_item_away(now, &name))
            }
            "refuses" => {
                let address = words.parse("an address")?;
                self.hosts[host].denied.insert(address);
                Ok(())
            }
            interface => {
                let known = self.hosts[host].interface(interface).is_some();
                if !known {
                    return Err(words.wrong(&format!("`{interface}` is neither an action nor an interface")));
                }
                self.interface(host, interface, &mut words)
            }
        }?;
        words.end()
    }

    fn interface(&mut self, host: usize, name: &str, words: &mut Words) -> Result<(), String> {
        let plain = |up: bool, by_administrator: bool| {
            move |host: &mut Host, now: Time| host.set_link(now, name, up, by_administrator)
        };
        if words.accept("goes down") {
            self.act(host, plain(false, false))
        } else if words.accept("comes up") {
            self.act(host, plain(true, false))
        } else if words.accept("is set down") {
            self.act(host, plain(false, true))
        } else if words.accept("is set up") {
            self.act(host, plain(true, true))
        } else if words.accept("is deleted") {
            self.act(host, |host, now| host.delete_link(now, name))
        } else if words.accept("is created") {
            self.act(host, |host, now| host.create_link(now, name))
        } else if words.accept("gains") || words.accept("loses") {
            let gains = words.accept("gains");
            let address: IpAddr = words.parse("an address")?;
            let present = gains || !self.hosts[host].interface(name).is_some_and(|i| i.addresses.contains(&address));
            self.act(host, |host, now| host.set_own_address(now, name, address, present))
        } else if words.accept("is cut") || words.accept("is mended") {
            if let Some(interface) = self.hosts[host].interface_mut(name) {
                interface.cut = !interface.cut;
            }
            Ok(())
        } else {
            Err(words.wrong("an interface `goes down`, `comes up`, `is set down`, `is cut`, `gains` …"))
        }
    }

    /// The host sleeps: what was due in between comes late.
    fn stall(&mut self, host: usize, micros: u64) -> Result<(), String> {
        let until = self.now + Interval::from_micros(micros);
        let others: Vec<Flight> = self.flying.extract_if(.., |flight| flight.to == host).collect();
        let mut late: Vec<Flight> = others.into_iter().map(|flight| Flight { due: until, ..flight }).collect();
        let router = self.hosts[host].router.take();
        let mut asleep = Vec::new();
        while {
            // While it sleeps its sockets still take adverts in.
            let more = self.step(until)?;
            asleep.append(&mut self.flying.extract_if(.., |flight| flight.to == host).collect());
            more
        } {}
        self.hosts[host].router = router;
        late.extend(asleep.into_iter().map(|flight| Flight { due: until, ..flight }));
        self.flying.append(&mut late);
        Ok(())
    }

    fn reload(&mut self, host: usize, words: &mut Words) -> Result<(), String> {
        let mut model = (*self.hosts[host].model).clone();
        if words.accept("with") {
            let what = words.word("`instance`, `group`, `script`")?;
            given::configure(&mut model, what, words)?;
            if words.accept("and") {
                let what = words.word("`instance`, `group`, `script`")?;
                given::configure(&mut model, what, words)?;
            }
        } else if words.accept("without instance") {
            let name = words.word("an instance")?;
            model.instances.retain(|instance| instance.name != InstanceName::new(name));
        }
        self.hosts[host].generation += 1;
        let generation = self.hosts[host].generation;
        self.feed(host, Input::Reload { model: model.into(), generation })
    }

    /// `ADDRESS [on INTERFACE] sends KEYWORDS… [N times every S]`
    fn stranger(&mut self, words: &mut Words) -> Result<(), String> {
        let source: IpAddr = words.parse("an address")?;
        let interface = if words.accept("on") { words.word("an interface")? } else { "eth0" };
        let segment = self.segments.number(interface);
        if !words.accept("sends") {
            return Err(words.wrong("a stranger `sends`"));
        }
        let mut advert = Advert::new(source, 51, 100);
        let (mut times, mut every) = (1, 0);
        while let Some(word) = words.take() {
            match word {
                "vrid" => advert.vrid = words.parse("a VRID")?,
                "priority" => advert.priority = words.parse("a priority")?,
                "version" => advert.version = words.parse("a version")?,
                "type" => advert.kind = words.parse("a type")?,
                "interval" => advert.interval = (seconds(words, "seconds")? / 10_000) as u16,
                "vip" => {
                    let list = words.word("addresses")?;
                    advert.addresses = list.split(',').filter_map(|text| text.parse().ok()).collect();
                }
                "pass" => advert.pass = Some(given::password(words.word("a password")?)),
                "auth" => advert.auth_type = Some(words.parse("a type")?),
                "ttl" => advert.ttl = words.parse("a TTL")?,
                "to" => advert.destination = Some(words.parse("an address")?),
                "wrong" if words.accept("checksum") => advert.wrong_checksum = true,
                "old" if words.accept("checksum") => advert.old_checksum = true,
                "cut" => advert.cut = words.parse("bytes")?,
                "padding" => advert.padding = words.parse("bytes")?,
                count if words.accept("times every") => {
                    times = count.parse().map_err(|_| words.wrong("not a count"))?;
                    every = seconds(words, "seconds")?;
                }
                _ => return Err(words.wrong(&format!("`{word}` is not known of an advert"))),
            }
        }
        for turn in 1..times {
            let due = self.now + Interval::from_micros(every).times(turn);
            self.strangers.push((due, segment, advert.clone()));
        }
        self.hear(segment, &advert)
    }

    fn since_mark(&self, host: usize) -> impl Iterator<Item = &Deed> {
        self.done[self.mark.1..].iter().filter(move |(_, at, _)| *at == host).map(|(_, _, deed)| deed)
    }

    fn expect(&mut self, line: &Line) -> Result<(), String> {
        let mut words = Words::of(line);
        let host = self.host(&mut words)?;
        if words.accept("holds") {
            return self.holds(host, &mut words);
        }
        if words.accept("has") {
            let mut wanted: Vec<String> = words.rest().split_whitespace().map(str::to_owned).collect();
            wanted.retain(|word| word != "nothing");
            let mut present: Vec<String> = self.hosts[host].items.iter().map(crate::lan::items::name).collect();
            wanted.sort();
            present.sort();
            return if wanted == present { Ok(()) } else { Err(format!("it has {present:?}")) };
        }
        if words.accept("static does") {
            let wanted = words.rest();
            let all: Vec<String> = self.since_mark(host).filter_map(|deed| deed.of("static")).collect();
            return if all.join("; ") == wanted { Ok(()) } else { Err(format!("it did: {}", all.join("; "))) };
        }
        if words.accept("machine") {
            let wanted = words.rest();
            let socket = |deed: &Deed| match deed {
                Deed::Socket(what) => Some(what.clone()),
                _ => None,
            };
            let all: Vec<String> = self.since_mark(host).filter_map(socket).collect();
            return if all.contains(&wanted) { Ok(()) } else { Err(format!("it did: {}", all.join("; "))) };
        }
        for (phrase, wanted) in [("logs", true), ("never logs", false)] {
            if words.accept(phrase) {
                let text = words.rest();
                let lines: Vec<String> = self.since_mark(host).filter_map(Deed::logged).collect();
                if lines.iter().any(|line| line.contains(&text)) != wanted {
                    return Err(format!("it logged:\n      {}", lines.join("\n      ")));
                }
                return Ok(());
            }
        }
        if words.accept("announces") {
            let wanted = format!("announce {}", words.rest());
            let all: Vec<String> = self.since_mark(host).map(ToString::to_string).collect();
            let found = all.iter().any(|deed| deed.ends_with(&wanted));
            return if found { Ok(()) } else { Err(format!("it did: {}", all.join("; "))) };
        }
        if words.accept("transmits") {
            let wanted = words.rest();
            let all: Vec<String> = self.since_mark(host).filter_map(Deed::wire).collect();
            return if all.contains(&wanted) { Ok(()) } else { Err(format!("it did: {}", all.join("; "))) };
        }
        for (phrase, wanted) in [("tells", true), ("never tells", false)] {
            if words.accept(phrase) {
                let text = words.rest();
                let told: Vec<String> = self.since_mark(host).filter_map(Deed::told).collect();
                if told.contains(&text) != wanted {
                    return Err(format!("it told: {}", told.join("; ")));
                }
                return Ok(());
            }
        }
        let instance = self.instance(host, &mut words)?;
        match words.word("`is`, `becomes`, `stays`, `does`, `sends`, `counts`")? {
            "is" => self.is(host, instance, words.word("a state")?),
            "becomes" => self.becomes(host, instance, &mut words),
            "stays" => {
                let state = words.word("a state")?.to_owned();
                let micros = if words.accept("for") { seconds(&mut words, "seconds")? } else { 0 };
                let limit = self.now + Interval::from_micros(micros);
                self.is(host, instance, &state)?;
                while self.step(limit)? {
                    self.is(host, instance, &state)?;
                }
                words.end()
            }
            "does" => self.does(host, instance, &mut words),
            "sends" => self.sends(host, instance, &mut words),
            "counts" => self.counts(host, instance, &mut words),
            other => Err(words.wrong(&format!("`{other}` is nothing that can be expected"))),
        }
    }

    fn state(&self, host: usize, instance: InstanceId) -> Option<State> {
        self.hosts[host].router.as_ref().map(|router| router.state(instance))
    }

    fn is(&self, host: usize, instance: InstanceId, wanted: &str) -> Result<(), String> {
        let state = self.state(host, instance);
        let found = state.map_or("not running".to_owned(), |state| format!("{state:?}"));
        if found == wanted {
            return Ok(());
        }
        let since = self.now.since(self.mark.0).as_secs_f64();
        Err(format!("after {since:.6} s it is {found}"))
    }

    /// `STATE after S` or `STATE within S`, counted from the last `when`.
    fn becomes(&mut self, host: usize, instance: InstanceId, words: &mut Words) -> Result<(), String> {
        let wanted = words.word("a state")?.to_owned();
        let exact = words.accept("after");
        let within = !exact && words.accept("within");
        let micros = if exact || within { Some(seconds(words, "seconds")?) } else { None };
        words.end()?;
        let limit = self.mark.0 + PATIENCE;
        while self.is(host, instance, &wanted).is_err() {
            if !self.step(limit)? {
                return self.is(host, instance, &wanted);
            }
        }
        let took = self.now.since(self.mark.0).as_micros();
        match micros {
            Some(told) if exact && took.abs_diff(told) > TOLERANCE => {
                Err(format!("it took {:.6} s", took as f64 / 1e6))
            }
            Some(told) if within && took > told => Err(format!("it took {:.6} s", took as f64 / 1e6)),
            _ => Ok(()),
        }
    }

    fn holds(&self, host: usize, words: &mut Words) -> Result<(), String> {
        let mut wanted = Vec::new();
        while let Some(word) = words.take() {
            if word != "nothing" {
                wanted.push(word.parse::<IpAddr>().map_err(|_| words.wrong(&format!("`{word}` is no address")))?);
            }
        }
        wanted.sort_unstable();
        let mut found: Vec<IpAddr> = self.hosts[host].kernel.iter().map(|(_, cidr)| cidr.address).collect();
        found.sort_unstable();
        if found == wanted { Ok(()) } else { Err(format!("it holds {found:?}")) }
    }

    /// `nothing`, `only: A; B; C` or `in order: A; B`: what an instance did since the last `when`.
    fn does(&self, host: usize, instance: InstanceId, words: &mut Words) -> Result<(), String> {
        let name = self.hosts[host].model.instances[instance.0].name.to_string();
        let done: Vec<String> = self.since_mark(host).filter_map(|deed| deed.of(&name)).collect();
        let shown = || format!("it did: {}", done.join("; "));
        if words.accept("nothing") {
            return if done.is_empty() { words.end() } else { Err(shown()) };
        }
        let only = words.accept("only:");
        if !only && !words.accept("in order:") {
            return Err(words.wrong("`does nothing`, `does only: …` or `does in order: …`"));
        }
        let rest = words.rest();
        let wanted: Vec<&str> = rest.split(';').map(str::trim).collect();
        let mut left = done.iter();
        let fits = if only { done == wanted } else { wanted.iter().all(|one| left.any(|deed| deed == one)) };
        if fits { Ok(()) } else { Err(shown()) }
    }

    /// `advert P [N times]`, `no advert [P]`: counted since the last `when`.
    fn sends(&self, host: usize, instance: InstanceId, words: &mut Words) -> Result<(), String> {
        let name = self.hosts[host].model.instances[instance.0].name.to_string();
        let none = words.accept("no");
        if !words.accept("advert") {
            return Err(words.wrong("`sends advert …` or `sends no advert …`"));
        }
        let what = match words.take() {
            Some(priority) => format!("advert {priority}"),
            None => "advert".to_owned(),
        };
        let count: usize = if words.peek().is_some() { words.parse("a count")? } else { 1 };
        let _ = words.accept("times");
        words.end()?;
        let found = self
            .since_mark(host)
            .filter_map(|deed| deed.of(&name))
            .filter(|deed| deed == &what || deed.strip_prefix(&what).is_some_and(|rest| rest.starts_with(' ')));
        let found = found.count();
        if found == if none { 0 } else { count } { Ok(()) } else { Err(format!("it sent {what} {found} times")) }
    }

    fn counts(&self, host: usize, instance: InstanceId, words: &mut Words) -> Result<(), String> {
        let what = words.word("a counter")?;
        let wanted: u64 = words.parse("a number")?;
        let Some(router) = &self.hosts[host].router else { return Err("it does not run".to_owned()) };
        let Some(found) = lan::deed::counter(router, instance, what) else {
            return Err(words.wrong(&format!("no counter `{what}`")));
        };
        if found == wanted { Ok(()) } else { Err(format!("it counts {found}")) }
    }
}
