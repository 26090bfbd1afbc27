use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::lvs::fixture::at;
use crate::model::lvs::{Protocol, Tunnel, TunnelKind};

fn key(n: u16) -> ServiceKey {
    let protocol = if n.is_multiple_of(2) { Protocol::Tcp } else { Protocol::Udp };
    ServiceKey::Address { protocol, at: Endpoint { port: n, ..at("10.1.0.1:0") } }
}

fn place(n: u16) -> Endpoint {
    Endpoint { port: n, ..at("10.1.0.11:0") }
}

fn service_of(key: ServiceKey, scheduler: &str) -> Arc<Service> {
    Arc::new(Service { key, scheduler: scheduler.to_owned(), flags: 0, persistence: None })
}

fn to(n: u16, method: Method, weight: u32) -> Destination {
    Destination { endpoint: place(n), method, weight, upper_threshold: 0, lower_threshold: 0 }
}

fn methods() -> impl Strategy<Value = Method> {
    let gue = Tunnel { kind: TunnelKind::Gue, port: 6080, checksum: 1 };
    prop_oneof![Just(Method::Masquerade), Just(Method::Route), Just(Method::Tunnel(gue))]
}

/// Destinations by number, with method and weight.
type Places = BTreeMap<u16, (Method, u32)>;
/// Services by number, each with a scheduler and its destinations.
type Sketch = BTreeMap<u16, (u8, Places)>;

fn sketches() -> impl Strategy<Value = Sketch> {
    btree_map(0..6_u16, (0..2_u8, btree_map(0..8_u16, (methods(), 0..3_u32), 0..8)), 0..6)
}

fn draw(sketch: &Sketch) -> Vec<(Arc<Service>, Vec<Destination>)> {
    let schedulers = ["rr", "wlc"];
    let draw = |(n, (scheduler, places)): (&u16, &(u8, Places))| {
        let list = places.iter().map(|(n, (method, weight))| to(*n, *method, *weight)).collect();
        (service_of(key(*n), schedulers[usize::from(*scheduler)]), list)
    };
    sketch.iter().map(draw).collect()
}

fn table(sketch: &Sketch) -> Table {
    let present = draw(sketch).into_iter().map(|(service, destinations)| Present { service, destinations }).collect();
    read(present)
}

fn plan(wanted: &[(Arc<Service>, Vec<Destination>)], table: &Table) -> Vec<Command> {
    let mut out = Vec::new();
    for (wanted, destinations) in wanted {
        service(wanted, destinations, table.get(&wanted.key), &mut out);
    }
    out
}

proptest! {
    /// Applying a plan leaves nothing to plan, whatever was there, in whatever order the services are planned, and
    /// what nobody asked about stays.
    #[test]
    fn an_applied_plan_leaves_nothing_to_do(wanted in sketches(), present in sketches()) {
        let (wanted, mut held) = (draw(&wanted), table(&present));
        let before = held.clone();
        for command in plan(&wanted, &held) {
            apply(&command, &mut held);
        }
        prop_assert_eq!(plan(&wanted, &held), vec![]);
        for (key, held) in &held {
            match wanted.iter().find(|(service, _)| service.key == *key) {
                Some((_, destinations)) => {
                    let found: Vec<Destination> = held.destinations.values().copied().collect();
                    prop_assert_eq!(&found, destinations);
                }
                None => prop_assert_eq!(Some(held), before.get(key)),
            }
        }
    }

    /// A plan of one destination at a time does the same as a plan of the whole service.
    #[test]
    fn destinations_can_be_planned_one_by_one(
        wanted in sketches(),
        present in sketches(),
        order in vec(0..8_u16, 0..20),
    ) {
        let mut held = table(&present);
        for (service, destinations) in draw(&wanted) {
            if held.contains_key(&service.key) {
                for n in order.iter().copied().chain(0..8) {
                    let found = destinations.iter().find(|one| one.endpoint == place(n)).copied();
                    let mut out = Vec::new();
                    destination(&service, place(n), found, held.get(&service.key), &mut out);
                    out.iter().for_each(|command| apply(command, &mut held));
                }
                let mut rest = Vec::new();
                super::service(&service, &destinations, held.get(&service.key), &mut rest);
                let sets_service = rest.iter().all(|command| matches!(command, Command::SetService(_)));
                prop_assert!(sets_service, "{rest:?}");
            }
        }
    }
}

/// LV-68: what goes, goes before what comes.
#[test]
fn deletions_come_first() {
    let service = service_of(key(80), "rr");
    let present =
        Present { service: service.clone(), destinations: vec![to(1, Method::Route, 1), to(2, Method::Route, 1)] };
    let held = read(vec![present]);
    let mut out = Vec::new();
    super::service(&service, &[to(3, Method::Route, 1), to(2, Method::Route, 5)], held.get(&service.key), &mut out);
    assert_eq!(
        out,
        [
            Command::DeleteDestination(service.clone(), to(1, Method::Route, 1)),
            Command::AddDestination(service.clone(), to(3, Method::Route, 1)),
            Command::SetDestination(service.clone(), to(2, Method::Route, 5)),
        ]
    );
}

/// The kernel shows its own addresses as `Local`: no reason to set them again and again.
#[test]
fn local_stands_for_any_method() {
    let service = service_of(key(80), "rr");
    let present = Present { service: service.clone(), destinations: vec![to(1, Method::Local, 1)] };
    let held = read(vec![present]);
    for (wanted, commands) in [(to(1, Method::Route, 1), 0), (to(1, Method::Route, 2), 1)] {
        let mut out = Vec::new();
        destination(&service, place(1), Some(wanted), held.get(&service.key), &mut out);
        assert_eq!(out.len(), commands, "{out:?}");
    }
}
