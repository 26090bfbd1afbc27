//! The `given` part: routers, their interfaces and what their configuration files say.

use std::net::IpAddr;
use std::sync::Arc;

use keepalived_rs::base::name::{Priority, Version};
use keepalived_rs::base::net::Family;
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::notify::{Script, ScriptIdentity};
use keepalived_rs::model::route::{Route, Rule, Static, Statics};
use keepalived_rs::model::vrrp::{Authentication, Instance, InstanceId, OldChecksum, Transport, VirtualAddress, Vrrp};

use crate::lan::host::{Host, Interface};
use crate::lan::{draft, items};
use crate::text::{Line, Words, seconds};

/// Names of the LANs: an interface is plugged into the one of its own name.
#[derive(Default)]
pub struct Segments(Vec<String>);

impl Segments {
    pub fn number(&mut self, name: &str) -> usize {
        match self.0.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.0.push(name.to_owned());
                self.0.len() - 1
            }
        }
    }
}

/// Reads one `given` line.
pub fn given(line: &Line, hosts: &mut Vec<Host>, segments: &mut Segments) -> Result<(), String> {
    let mut words = Words::of(line);
    let what = words.word("`router`, `instance`, `group`, `script` …")?;
    if what == "router" {
        hosts.push(router(&mut words, segments)?);
        return words.end();
    }
    let Some(host) = hosts.last_mut() else { return Err(words.wrong("a `router` must come first")) };
    if what == "leftover" {
        let (address, interface) = (words.parse("an address")?, words.word("an interface")?);
        let Some(interface) = host.interface(interface) else { return Err(words.wrong("no such interface")) };
        let held = (interface.index, draft::address(address, &interface.name).cidr);
        host.kernel.insert(held);
        return words.end();
    }
    let mut model = (*host.model).clone();
    configure(&mut model, what, &mut words)?;
    host.model = Arc::new(model);
    words.end()
}

/// `NAME (INTERFACE ADDRESS…)…`
fn router(words: &mut Words, segments: &mut Segments) -> Result<Host, String> {
    let name = words.word("a name")?;
    let mut interfaces: Vec<Interface> = Vec::new();
    while let Some(word) = words.take() {
        match (word.parse::<IpAddr>(), interfaces.last_mut()) {
            (Ok(address), Some(interface)) => interface.addresses.push(address),
            _ if word == "noarp" => {
                if let Some(interface) = interfaces.last_mut() {
                    interface.no_arp = true;
                }
            }
            _ if word == "down" => {
                if let Some(interface) = interfaces.last_mut() {
                    interface.up = false;
                }
            }
            _ => interfaces.push(Interface::new(interfaces.len() as u32 + 2, word, segments.number(word), Vec::new())),
        }
    }
    Ok(Host::new(name, interfaces, Arc::new(Vrrp::default())))
}

/// Adds to or changes `model`: also what `reloads with` says.
pub fn configure(model: &mut Vrrp, what: &str, words: &mut Words) -> Result<(), String> {
    match what {
        "instance" => {
            let name = words.word("a name")?;
            let known = model.instances.iter().position(|instance| instance.name.as_str() == name);
            let mut instance = match known {
                Some(at) => (*model.instances[at]).clone(),
                None => draft::instance(name, 51, "eth0", 100, Family::V4),
            };
            keywords(&mut instance, words)?;
            match known {
                Some(at) => model.instances[at] = Arc::new(instance),
                None => model.instances.push(Arc::new(instance)),
            }
        }
        "group" => {
            let name = words.word("a name")?;
            let mut group = draft::sync_group(name, Vec::new());
            while let Some(word) = words.take() {
                match word {
                    "tracking_weight" => group.tracking_weight = true,
                    "notify" => group.notify.any = Some(script(name)),
                    "script" => {
                        let (name, weight) = (words.word("a script")?, words.parse("a weight")?);
                        group.track_scripts.push(draft::track_script(name, weight, false));
                    }
                    "track" => {
                        let (name, weight) = (words.word("an interface")?, words.parse("a weight")?);
                        group.track_interfaces.push(draft::track_interface(name, weight, false));
                    }
                    "bfd" => {
                        let (name, weight) = (words.word("a session")?, words.parse("a weight")?);
                        group.track_bfds.push(draft::tracked_bfd(name, weight));
                    }
                    member => match model.instances.iter().position(|instance| instance.name.as_str() == member) {
                        Some(at) => group.members.push(InstanceId(at)),
                        None => return Err(words.wrong(&format!("no instance `{member}`"))),
                    },
                }
            }
            model.sync_groups.retain(|known| known.name != group.name);
            model.sync_groups.push(Arc::new(group));
        }
        "script" => {
            let mut script = draft::script(words.word("a name")?, 1, 1);
            while let Some(word) = words.take() {
                match word {
                    "rise" => script.rise = words.parse("a count")?,
                    "fall" => script.fall = words.parse("a count")?,
                    "init_fail" => script.init_fail = true,
                    _ => return Err(words.wrong(&format!("`{word}` is not a keyword of a script"))),
                }
            }
            model.scripts.retain(|known| known.name != script.name);
            model.scripts.push(Arc::new(script));
        }
        "static" => {
            while let Some(word) = words.unless_and() {
                match word {
                    "address" => {
                        let vip = words.parse("an address")?;
                        let interface = words.word("an interface")?;
                        let plain = (*draft::address(vip, interface)).clone();
                        let item = Arc::new(VirtualAddress { no_track: words.accept("no_track"), ..plain });
                        model.statics.addresses.push(Static { item, track_group: None });
                    }
                    "route" => {
                        let item = route(words)?;
                        model.statics.routes.push(Static { item, track_group: None });
                    }
                    "rule" => {
                        let item = rule(words)?;
                        model.statics.rules.push(Static { item, track_group: None });
                    }
                    "nothing" => model.statics = Statics::default(),
                    _ => return Err(words.wrong(&format!("`{word}` is nothing static"))),
                }
            }
        }
        "startup_delay" => model.startup_delay = Interval::from_micros(seconds(words, "seconds")?),
        "log_unknown_vrids" => model.log_unknown_vrids = true,
        _ => return Err(words.wrong(&format!("`{what}` is not known"))),
    }
    Ok(())
}

fn script(name: &str) -> Script {
    Script { argv: vec![format!("/usr/local/bin/notify-{name}")], identity: ScriptIdentity::ROOT }
}

fn addresses(words: &mut Words) -> Result<Vec<IpAddr>, String> {
    let list = words.word("an address")?;
    list.split(',').map(|text| text.parse().map_err(|_| words.wrong(&format!("`{text}` is no address")))).collect()
}

pub fn password(text: &str) -> [u8; 8] {
    let mut padded = [0; 8];
    for (to, from) in padded.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    padded
}

fn route(words: &mut Words) -> Result<Arc<Route>, String> {
    let destination = items::cidr(words.word("a destination")?).ok_or_else(|| words.wrong("no destination"))?;
    let interface = words.word("an interface")?.to_owned();
    Ok(items::route(destination, &interface, words.accept("no_track")))
}

fn rule(words: &mut Words) -> Result<Arc<Rule>, String> {
    let from = items::cidr(words.word("a source")?).ok_or_else(|| words.wrong("no source"))?;
    Ok(items::rule(from, words.accept("no_track")))
}

fn keywords(instance: &mut Instance, words: &mut Words) -> Result<(), String> {
    let interval = |words: &mut Words| seconds(words, "seconds").map(Interval::from_micros);
    while let Some(word) = words.unless_and() {
        let interface = instance.interface.as_ref().map_or(String::new(), |name| name.to_string());
        match word {
            "vrid" => {
                instance.vrid =
                    words.parse::<u8>("a VRID").map(|vrid| draft::instance("", vrid, "", 1, Family::V4).vrid)?
            }
            "on" => {
                instance.interface = Some(keepalived_rs::base::name::InterfaceName::new(words.word("an interface")?))
            }
            "priority" => instance.priority = Priority(words.parse("a priority")?),
            "state" => instance.wants_master = words.word("MASTER or BACKUP")? == "MASTER",
            "version" => {
                instance.version = if words.parse::<u8>("a version")? == 3 { Version::V3 } else { Version::V2 };
            }
            "interval" => instance.advert_interval = interval(words)?,
            "down_adverts" => instance.down_timer_adverts = words.parse("a count")?,
            "vip" => {
                let list = addresses(words)?;
                let family = Family::of(list[0]);
                if family == Family::V6 && instance.family == Family::V4 {
                    instance.family = family;
                    instance.version = Version::V3;
                    instance.transport = Transport::Multicast { group: draft::group(family) };
                }
                instance.virtual_addresses = list.into_iter().map(|vip| draft::address(vip, &interface)).collect();
            }
            "excluded" => {
                let list = addresses(words)?;
                let dev = if words.accept("dev") { words.word("an interface")?.to_owned() } else { interface };
                instance.excluded_addresses = list.into_iter().map(|vip| draft::address(vip, &dev)).collect();
            }
            "route" => {
                let route = route(words)?;
                instance.routes.push(route);
            }
            "rule" => {
                let rule = rule(words)?;
                instance.rules.push(rule);
            }
            "no" if words.accept("routes") => instance.routes.clear(),
            "no" if words.accept("rules") => instance.rules.clear(),
            "promote" => instance.promote_secondaries = true,
            "follows" => {
                let name = words.word("an interface")?;
                instance.static_interfaces.push(keepalived_rs::base::name::InterfaceName::new(name));
            }
            "nopreempt" => instance.preempt = false,
            "preempt_delay" => instance.preempt_delay = interval(words)?,
            "pass" => instance.authentication = Authentication::Pass(password(words.word("a password")?)),
            "ah" => instance.authentication = Authentication::Ah(password(words.word("a password")?)),
            "unicast" => instance.transport = draft::unicast(&addresses(words)?),
            "check_source" | "unicast_ttl" | "peer_ttl" => unicast(instance, word, words)?,
            "multicast" => instance.transport = Transport::Multicast { group: words.parse("a group")? },
            "source" => instance.source = Some(words.parse("an address")?),
            "garp_delay" => instance.announce.master_delay = interval(words)?,
            "garp_repeat" => instance.announce.master_repeat = words.parse("a count")?,
            "garp_refresh" => instance.announce.master_refresh = interval(words)?,
            "garp_refresh_repeat" => instance.announce.master_refresh_repeat = words.parse("a count")?,
            "lower_prio_delay" => instance.announce.lower_prio_delay = interval(words)?,
            "lower_prio_repeat" => instance.announce.lower_prio_repeat = words.parse("a count")?,
            "garp_interval" => instance.announce.garp_interval = interval(words)?,
            "gna_interval" => instance.announce.gna_interval = interval(words)?,
            "lower_prio_no_advert" => instance.lower_prio_no_advert = true,
            "higher_prio_send_advert" => instance.higher_prio_send_advert = true,
            "owner_ignore_adverts" => instance.owner_ignore_adverts = true,
            "skip_check_adv_addr" => instance.skip_check_adv_addr = true,
            "v3_checksum_as_v2" => instance.v3_checksum_as_v2 = true,
            "old_unicast_checksum" => {
                instance.old_unicast_checksum = match words.word("always, never or auto")? {
                    "always" => OldChecksum::Always,
                    "never" => OldChecksum::Never,
                    _ => OldChecksum::Auto,
                }
            }
            "dont_track_primary" => instance.dont_track_primary = true,
            "track" => {
                let (name, weight) = (words.word("an interface")?, words.parse("a weight")?);
                instance.track_interfaces.push(draft::track_interface(name, weight, words.accept("reverse")));
            }
            "script" => {
                let (name, weight) = (words.word("a script")?, words.parse("a weight")?);
                instance.track_scripts.push(draft::track_script(name, weight, words.accept("reverse")));
            }
            "bfd" => {
                let (name, weight) = (words.word("a session")?, words.parse("a weight")?);
                let mut tracked = draft::tracked_bfd(name, weight);
                tracked.effect.reverse = words.accept("reverse");
                instance.track_bfds.push(tracked);
            }
            "notify_deleted" => instance.notify_deleted = true,
            "notify_priority_changes" => instance.notify_priority_changes = true,
            _ => return Err(words.wrong(&format!("`{word}` is not a keyword of an instance"))),
        }
    }
    Ok(())
}

fn unicast(instance: &mut Instance, keyword: &str, words: &mut Words) -> Result<(), String> {
    let Transport::Unicast { peers, ttl, check_source } = &mut instance.transport else {
        return Err(words.wrong("`unicast` must come first"));
    };
    match keyword {
        "check_source" => *check_source = true,
        "unicast_ttl" => *ttl = Some(words.parse("a TTL")?),
        _ => {
            let (least, most) = (words.parse("a TTL")?, words.parse("a TTL")?);
            for peer in peers {
                (peer.min_ttl, peer.max_ttl) = (least, most);
            }
            *check_source = true;
        }
    }
    Ok(())
}
