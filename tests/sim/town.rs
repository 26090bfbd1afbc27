//! Routers, LANs and configurations, drawn from a seed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use keepalived_rs::base::name::{InterfaceName, Priority, TrackGroupName, Version, Weight};
use keepalived_rs::base::net::{Cidr, Family};
use keepalived_rs::base::random::Random;
use keepalived_rs::base::time::Interval;
use keepalived_rs::model::route::Static;
use keepalived_rs::model::vrrp::{Authentication, Instance, InstanceId, Vrrp};

use crate::lan::host::{Host, Interface};
use crate::lan::{draft, items};

/// One in `count`.
pub fn one_in(random: &mut Random, count: u64) -> bool {
    random.up_to(count - 1) == 0
}

pub fn own4(segment: usize, router: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, segment as u8, router as u8 + 1).into()
}

fn own6(segment: usize, router: usize) -> IpAddr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, segment as u16, router as u16 + 1).into()
}

fn virtual4(segment: usize, vrid: u8, at: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, segment as u8, 100 + vrid + 20 * at).into()
}

fn virtual6(segment: usize, vrid: u8, at: u8) -> IpAddr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 1, u16::from(vrid), segment as u16, u16::from(at) + 1).into()
}

/// Network `at` of the virtual router, for its routes and rules.
fn net(vrid: u8, at: u8) -> Cidr {
    Cidr { address: Ipv4Addr::new(10, 100 + vrid, at, 0).into(), prefix: 24 }
}

pub fn draw(random: &mut Random) -> Vec<Host> {
    let routers = 2 + random.up_to(2) as usize;
    let kind = random.up_to(6);
    let v6 = kind == 2;
    let unicast = kind == 5;
    let grouped = kind == 4 || kind == 6;
    let segments = if grouped || one_in(random, 4) { 2 } else { 1 };
    let virtual_routers = if grouped || kind == 3 { 2 } else { 1 };
    let v3 = v6 || kind == 1 || kind == 6;
    let pass = (!v3 && one_in(random, 3)).then_some(*b"secret\0\0");
    let ah = !v3 && one_in(random, 6);
    let signed = pass.is_none() && !ah && one_in(random, 4);
    let addresses = 1 + random.up_to(2) as u8;
    let common_interval = [1000, 1000, 2000][random.up_to(2) as usize];
    let owner = one_in(random, 6).then(|| random.up_to(routers as u64 - 1) as usize);
    let startup_delay = if one_in(random, 5) { Interval::from_secs(4) } else { Interval::ZERO };
    (0..routers)
        .map(|router| {
            let mut interfaces = Vec::new();
            for segment in 0..segments {
                let mut own = vec![own4(segment, router)];
                if v6 {
                    own.push(own6(segment, router));
                }
                interfaces.push(Interface::new(segment as u32 + 2, &format!("eth{segment}"), segment, own));
            }
            // Members of a sync group share a priority that no other router has, so that the group can agree.
            let rank = if grouped { 60 + 40 * ((router as u8 * 7 + 3) % 4) } else { 0 };
            let mut instances = Vec::new();
            for at in 0..virtual_routers {
                let segment = if grouped { at } else { 0 };
                let family = if v6 { Family::V6 } else { Family::V4 };
                let priority = match owner {
                    Some(owner) if owner == router => 255,
                    _ if grouped => rank,
                    _ => [50, 100, 100, 150, 200, 1 + random.up_to(253) as u8][random.up_to(5) as usize],
                };
                let vrid = 11 + at as u8;
                let mut instance =
                    draft::instance(&format!("VI_{}", at + 1), vrid, &format!("eth{segment}"), priority, family);
                if v3 {
                    instance.version = Version::V3;
                    instance.advert_interval = Interval::from_millis([100, 500, 1000, 1500][random.up_to(3) as usize]);
                } else {
                    instance.advert_interval = Interval::from_millis(common_interval);
                    instance.authentication = match pass {
                        _ if ah => Authentication::Ah(*b"secret\0\0"),
                        Some(pass) => Authentication::Pass(pass),
                        None => Authentication::None,
                    };
                }
                if signed {
                    instance.auth_hmac = Some(draft::signed());
                }
                if unicast {
                    let peers: Vec<IpAddr> =
                        (0..routers).filter(|other| *other != router).map(|other| own4(segment, other)).collect();
                    instance.transport = draft::unicast(&peers);
                }
                let vip = |at: u8| if v6 { virtual6(segment, vrid, at) } else { virtual4(segment, vrid, at) };
                instance.virtual_addresses =
                    (0..addresses).map(|at| draft::address(vip(at), &format!("eth{segment}"))).collect();
                options(random, &mut instance, grouped);
                if kind.is_multiple_of(2) {
                    let via = format!("eth{}", if at == 0 { segments - 1 } else { segment });
                    instance.routes =
                        vec![items::route(net(vrid, 0), &via, false), items::route(net(vrid, 1), &via, true)];
                    instance.rules = vec![items::rule(net(vrid, 0), false), items::rule(net(vrid, 1), true)];
                }
                instances.push(instance);
            }
            let tracked = !grouped && one_in(random, 3);
            let mut scripts = Vec::new();
            if tracked {
                scripts.push(draft::script("chk", 1 + random.up_to(2) as u32, 1 + random.up_to(2) as u32));
                let weight = [0, 0, -60, 40][random.up_to(3) as usize];
                instances[0].track_scripts.push(draft::track_script("chk", weight, false));
            }
            let mut groups = match grouped {
                true => vec![draft::sync_group("G1", (0..instances.len()).map(InstanceId).collect())],
                false => Vec::new(),
            };
            let (mut files, mut processes) = (Vec::new(), Vec::new());
            if let Some(group) = groups.first_mut() {
                let weight = [0, -30][random.up_to(1) as usize];
                match random.up_to(9) {
                    0 => group.track_scripts.push(draft::track_script("chk", weight, false)),
                    1 => group.track_files.push(draft::tracked_file("number", i16::from(weight != 0))),
                    2 => group.track_processes.push(draft::tracked_process("daemon", weight)),
                    3 => group.track_interfaces.push(draft::track_interface("eth1", weight, false)),
                    // One member's own weight would part the group: it has none (VR-245).
                    4 => instances[1].track_scripts.push(draft::track_script("chk", -60, false)),
                    5 => instances[1].track_scripts.push(draft::track_script("chk", 0, false)),
                    _ => {}
                }
                if !group.track_scripts.is_empty() || !instances[1].track_scripts.is_empty() {
                    scripts.push(draft::script("chk", 1 + random.up_to(2) as u32, 1));
                }
                if !group.track_files.is_empty() {
                    files.push(Arc::new(draft::track_file("number")));
                }
                if !group.track_processes.is_empty() {
                    processes.push(Arc::new(draft::track_process("daemon", Interval::from_millis(500))));
                }
            }
            if !grouped && owner.is_none() && one_in(random, 3) {
                files.push(Arc::new(draft::track_file("number")));
                instances[0].track_files.push(draft::tracked_file("number", [0, 1, 2][random.up_to(2) as usize]));
            }
            if !grouped && owner.is_none() && one_in(random, 3) {
                processes.push(Arc::new(draft::track_process("daemon", Interval::from_millis(500 * random.up_to(3)))));
                let weight = [0, -70, 30][random.up_to(2) as usize];
                instances[0].track_processes.push(draft::tracked_process("daemon", weight));
            }
            if groups.is_empty() && segments > 1 && one_in(random, 2) {
                let weight = [0, -80][random.up_to(1) as usize];
                instances[0].track_interfaces.push(draft::track_interface("eth1", weight, false));
            }
            let mut model = draft::model(instances, groups, scripts);
            model.startup_delay = startup_delay;
            (model.files, model.processes) = (files, processes);
            if kind.is_multiple_of(3) {
                let own = draft::address(Ipv4Addr::new(10, 7, 7, router as u8 + 1).into(), "eth0");
                model.statics.addresses.push(Static { item: own, track_group: None });
                let last = format!("eth{}", segments - 1);
                let mut route = Static { item: items::route(net(99, 0), &last, false), track_group: None };
                if one_in(random, 2) {
                    // The first instance stands in its track group, and so follows its interface.
                    route.track_group = Some(TrackGroupName::new("TG"));
                    Arc::make_mut(&mut model.instances[0]).static_interfaces.push(InterfaceName::new(&last));
                }
                model.statics.routes.push(route);
                model.statics.rules.push(Static { item: items::rule(net(99, 0), false), track_group: None });
            }
            let name = ["A", "B", "C", "D"][router];
            let mut host = Host::new(name, interfaces, Arc::new(model));
            host.late = one_in(random, 2);
            host.ahead = Interval::from_millis(random.up_to(2_000));
            host
        })
        .collect()
}

fn options(random: &mut Random, instance: &mut Instance, grouped: bool) {
    let owner = instance.priority.is_owner();
    if !owner && one_in(random, 4) {
        instance.preempt = false;
    } else if !owner && one_in(random, 4) {
        instance.preempt_delay = Interval::from_millis(500 + 1000 * random.up_to(9));
    }
    instance.lower_prio_no_advert = one_in(random, 8);
    instance.higher_prio_send_advert = one_in(random, 8);
    if one_in(random, 4) {
        instance.announce.master_delay = Interval::ZERO;
    }
    if one_in(random, 4) {
        instance.announce.master_refresh = Interval::from_secs(3);
    }
    if one_in(random, 6) {
        instance.announce.garp_interval = Interval::from_millis(50);
    }
    if one_in(random, 5) {
        instance.down_timer_adverts = 1 + random.up_to(4) as u8;
    }
    if !grouped && one_in(random, 5) {
        let name = instance.interface.as_ref().map_or(String::new(), |name| name.to_string());
        instance.excluded_addresses.push(draft::address(Ipv4Addr::new(10, 9, 9, instance.vrid.get()).into(), &name));
    }
}

/// What an administrator may have done to the file since `base` was written.
pub fn edited(random: &mut Random, base: &Vrrp, now: &Vrrp) -> Vrrp {
    let mut model = now.clone();
    if model.instances.is_empty() {
        return base.clone();
    }
    let at = random.up_to(model.instances.len() as u64 - 1) as usize;
    let grouped = !base.sync_groups.is_empty();
    let mut instance = (*model.instances[at]).clone();
    let interface = instance.interface.as_ref().map_or(String::new(), |name| name.to_string());
    match random.up_to(18) {
        0 | 1 => return base.clone(),
        2 if !grouped && !instance.priority.is_owner() => instance.priority = Priority(1 + random.up_to(253) as u8),
        3 => {
            let more = match instance.family {
                Family::V4 => virtual4(at, instance.vrid.get(), 4),
                Family::V6 => virtual6(at, instance.vrid.get(), 4),
            };
            if !instance.virtual_addresses.iter().any(|known| known.cidr.address == more) {
                instance.virtual_addresses.insert(0, draft::address(more, &interface));
            }
        }
        4 if instance.virtual_addresses.len() > 1 => {
            instance.virtual_addresses.pop();
        }
        5 if !instance.priority.is_owner() => {
            instance.preempt = !instance.preempt;
            if instance.routes.pop().is_none() {
                instance.routes.push(items::route(net(instance.vrid.get(), 2), &interface, false));
            }
            if let Some(rule) = instance.rules.pop() {
                model.statics.rules.retain(|known| known.item != rule);
                model.statics.rules.push(Static { item: rule, track_group: None });
            } else {
                model.statics = base.statics.clone();
            }
        }
        6 if instance.virtual_addresses.len() > 1 => {
            // From one list to the other: the kernel must not see a change.
            instance.excluded_addresses.extend(instance.virtual_addresses.pop());
        }
        7 if !grouped => {
            model.instances.remove(at);
            return model;
        }
        8 if !grouped && model.instances.len() < 3 => {
            let vrid = 15 + at as u8;
            if model.instances.iter().any(|known| known.vrid.get() == vrid) {
                return model;
            }
            let mut new = instance.clone();
            new.name = keepalived_rs::base::name::InstanceName::new(&format!("VI_{vrid}"));
            new.vrid = keepalived_rs::base::name::Vrid::new(vrid).expect("15 or more");
            let address = if new.family == Family::V4 { virtual4(0, vrid, 0) } else { virtual6(0, vrid, 0) };
            new.virtual_addresses = vec![draft::address(address, &interface)];
            new.excluded_addresses.clear();
            new.routes.clear();
            new.rules.clear();
            model.instances.insert(0, Arc::new(new));
            return model;
        }
        9 if grouped && model.sync_groups.is_empty() => return base.clone(),
        9 if grouped => {
            model.sync_groups.clear();
            return model;
        }
        10 | 11 if !grouped => retrack(random, &mut instance, base),
        10 | 11 => {
            if let (Some(group), Some(first)) = (model.sync_groups.first_mut(), base.sync_groups.first()) {
                let nothing = draft::sync_group(first.name.as_str(), first.members.clone());
                let other = if **group == **first { nothing } else { (**first).clone() };
                *group = Arc::new(other);
            }
            return model;
        }
        12 => {
            if let Some(script) = model.scripts.first_mut() {
                let script = Arc::make_mut(script);
                (script.rise, script.fall) = (script.fall, script.rise + 1);
            }
            return model;
        }
        13 if instance.version == Version::V3 => {
            instance.advert_interval = Interval::from_millis([200, 700, 1000][random.up_to(2) as usize]);
        }
        14 => instance.down_timer_adverts = 1 + random.up_to(4) as u8,
        15 if !grouped => {
            // Another virtual router of the same name: known to the others only when they do the same.
            let vrid = if instance.vrid.get() < 20 { instance.vrid.get() + 10 } else { instance.vrid.get() - 10 };
            if !model.instances.iter().any(|known| known.vrid.get() == vrid) {
                instance.vrid = keepalived_rs::base::name::Vrid::new(vrid).expect("1 or more");
            }
        }
        16 => {
            let moved = if model.startup_delay.is_zero() { Interval::from_secs(3) } else { Interval::ZERO };
            model.startup_delay = moved;
            return model;
        }
        17 if instance.preempt && !instance.priority.is_owner() => {
            instance.preempt_delay = Interval::from_millis(1500 * random.up_to(2));
        }
        _ => instance.announce.master_repeat = 1 + random.up_to(5) as u32,
    }
    model.instances[at] = Arc::new(instance);
    model
}

/// Trackers go, get another weight, or come back as they were first written.
fn retrack(random: &mut Random, instance: &mut Instance, base: &Vrrp) {
    let Some(first) = base.instances.iter().find(|first| first.name == instance.name) else { return };
    match random.up_to(2) {
        0 => {
            instance.track_scripts.clear();
            instance.track_interfaces.clear();
            instance.track_files.clear();
            instance.track_processes.clear();
            instance.track_bfds.clear();
        }
        1 => {
            let scripts = instance.track_scripts.iter_mut().map(|tracked| &mut tracked.effect);
            let interfaces = instance.track_interfaces.iter_mut().map(|tracked| &mut tracked.effect);
            let processes = instance.track_processes.iter_mut().map(|tracked| &mut tracked.effect);
            let bfds = instance.track_bfds.iter_mut().map(|tracked| &mut tracked.effect);
            for effect in scripts.chain(interfaces).chain(processes).chain(bfds) {
                effect.weight = Weight([0, -45, 25][random.up_to(2) as usize]);
            }
        }
        _ => {
            instance.track_scripts.clone_from(&first.track_scripts);
            instance.track_interfaces.clone_from(&first.track_interfaces);
            instance.track_files.clone_from(&first.track_files);
            instance.track_processes.clone_from(&first.track_processes);
            instance.track_bfds.clone_from(&first.track_bfds);
        }
    }
}
