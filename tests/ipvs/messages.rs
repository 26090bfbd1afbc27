//! Bytes <-> messages <-> commands.

use std::sync::Arc;

use keepalived_rs::base::name::InterfaceName;
use keepalived_rs::base::net::{Endpoint, Family};
use keepalived_rs::kernel::ipvs::codec::{Message, Operation};
use keepalived_rs::kernel::ipvs::value;
use keepalived_rs::model::ipvs::{Command, Daemon, DaemonState, Destination, Method, Service, ServiceKey};
use keepalived_rs::model::lvs::{Granularity, Persistence, Protocol, Scheduler, Timeouts, Tunnel, TunnelKind};
use netlink_packet_core::{Emitable, ParseableParametrized};
use netlink_packet_generic::{GenlHeader, GenlMessage};
use proptest::prelude::*;

const COMMANDS: &str = include_str!("commands.txt");
const ANSWERS: &str = include_str!("answers.txt");

fn encode(message: Message) -> Vec<u8> {
    let message = GenlMessage::from_payload(message);
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Message> {
    let (header, payload) = bytes.split_at_checked(4)?;
    let header = GenlHeader { cmd: header[0], version: header[1] };
    Message::parse_with_param(payload, header).ok()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Pairs of lines: the bytes, then what they say.
fn records(text: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines.len() % 2, 0, "bytes and meaning come in pairs");
    lines.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

/// LV-109, LV-110, LV-111, LV-112, LV-113, LV-114, LV-115: what the original sent, byte for byte, is what we send for the same command.
#[test]
#[cfg(target_endian = "little")]
fn recorded_commands_are_ours_byte_for_byte() {
    let records = records(COMMANDS);
    assert!(records.len() >= 20);
    let mut wrong = Vec::new();
    for (hex, meaning) in records {
        let message = decode(&from_hex(hex)).unwrap_or_else(|| panic!("unreadable: {hex}"));
        assert_eq!(to_hex(&encode(message.clone())), hex, "attributes -> bytes");
        match &value::command(&message) {
            Some(command) => {
                assert_eq!(to_hex(&encode(value::request(command))), hex, "{command:?}");
                wrong.extend(differs(hex, &format!("{command:?}"), meaning));
            }
            None => wrong.extend(differs(hex, &format!("{:?}", message.operation), meaning)),
        }
    }
    assert!(wrong.is_empty(), "understood otherwise than written down:\n{}", wrong.join("\n"));
}

fn differs(hex: &str, found: &str, meaning: &str) -> Option<String> {
    (found != meaning).then(|| format!("{hex}\n{found}\n"))
}

/// LV-116: answers of a 6.1 kernel (services, destinations, timeouts, version).
#[test]
#[cfg(target_endian = "little")]
fn recorded_answers_are_understood() {
    let records = records(ANSWERS);
    assert!(records.len() >= 8);
    let mut wrong = Vec::new();
    for (hex, meaning) in records {
        let message = decode(&from_hex(hex)).unwrap_or_else(|| panic!("unreadable: {hex}"));
        let found = match message.operation {
            Operation::NewService => format!("{:?}", value::service(&message)),
            Operation::NewDestination => format!("{:?}", value::destination_of(&message, Family::V4)),
            Operation::SetConfig => format!("{:?}", value::timeouts(&message)),
            other => format!("{other:?} {:?}", message.attributes),
        };
        wrong.extend(differs(hex, &found, meaning));
    }
    assert!(wrong.is_empty(), "understood otherwise than written down:\n{}", wrong.join("\n"));
}

fn endpoint(family: Family) -> BoxedStrategy<Endpoint> {
    match family {
        Family::V4 => (any::<[u8; 4]>(), any::<u16>())
            .prop_map(|(address, port)| Endpoint { address: address.into(), port })
            .boxed(),
        Family::V6 => (any::<[u8; 16]>(), any::<u16>())
            .prop_map(|(address, port)| Endpoint { address: address.into(), port })
            .boxed(),
    }
}

fn families() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

prop_compose! {
    fn persistence(family: Family)(
        timeout in 1..=2_678_400_u32,
        mask in any::<[u8; 4]>(),
        prefix in 1..=128_u8,
        engine in proptest::option::of("[a-z]{1,15}"),
    ) -> Persistence {
        let granularity = match family {
            Family::V4 => Granularity::V4(mask.into()),
            Family::V6 => Granularity::V6(prefix),
        };
        Persistence { timeout, granularity, engine }
    }
}

fn services() -> impl Strategy<Value = Arc<Service>> {
    let protocols = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)];
    families().prop_flat_map(move |family| {
        let key = prop_oneof![
            (protocols.clone(), endpoint(family)).prop_map(|(protocol, at)| ServiceKey::Address { protocol, at }),
            (1..=u32::MAX).prop_map(move |mark| ServiceKey::Fwmark { mark, family }),
        ];
        let scheduler = proptest::sample::select(Scheduler::ALL.to_vec());
        (key, scheduler, 0..16_u32, proptest::option::of(persistence(family))).prop_map(
            |(key, scheduler, flags, persistence)| {
                Arc::new(Service { key, scheduler: scheduler.name().to_owned(), flags: flags << 2, persistence })
            },
        )
    })
}

fn destinations() -> impl Strategy<Value = Destination> {
    let tunnel = (0..3_u8, 1..=u16::MAX, 0..3_u16).prop_map(|(kind, port, checksum)| match kind {
        0 => Tunnel { kind: TunnelKind::Ipip, port: 0, checksum: 0 },
        1 => Tunnel { kind: TunnelKind::Gue, port, checksum },
        _ => Tunnel { kind: TunnelKind::Gre, port: 0, checksum },
    });
    let method = prop_oneof![Just(Method::Masquerade), Just(Method::Route), tunnel.prop_map(Method::Tunnel)];
    (families().prop_flat_map(endpoint), method, 0..=i32::MAX as u32, any::<u32>(), any::<u32>()).prop_map(
        |(endpoint, method, weight, upper_threshold, lower_threshold)| Destination {
            endpoint,
            method,
            weight,
            upper_threshold,
            lower_threshold,
        },
    )
}

fn daemons() -> impl Strategy<Value = Daemon> {
    use proptest::option::of;
    (
        "[a-z]{1,15}",
        any::<u8>(),
        of(1..u16::MAX),
        of(1..u16::MAX),
        of(1..u8::MAX),
        of(families().prop_flat_map(endpoint)),
    )
        .prop_map(|(interface, id, max_length, port, ttl, group)| Daemon {
            interface: InterfaceName::new(&interface),
            id,
            max_length,
            port,
            ttl,
            group: group.map(|at| at.address),
        })
}

/// A service as destination commands name it: without its persistence (LV-112).
fn bare(service: &Arc<Service>) -> Arc<Service> {
    Arc::new(Service { persistence: None, ..(**service).clone() })
}

fn commands() -> impl Strategy<Value = Command> {
    let state = prop_oneof![Just(DaemonState::Master), Just(DaemonState::Backup)];
    prop_oneof![
        services().prop_map(Command::AddService),
        services().prop_map(Command::SetService),
        services().prop_map(Command::DeleteService),
        (services(), destinations()).prop_map(|(s, d)| Command::AddDestination(bare(&s), d)),
        (services(), destinations()).prop_map(|(s, d)| Command::SetDestination(bare(&s), d)),
        (services(), destinations()).prop_map(|(s, d)| Command::DeleteDestination(bare(&s), d)),
        Just(Command::Flush),
        any::<[u32; 3]>().prop_map(|[tcp, tcp_fin, udp]| Command::SetTimeouts(Timeouts { tcp, tcp_fin, udp })),
        (state.clone(), daemons()).prop_map(|(state, daemon)| Command::StartDaemon(state, Arc::new(daemon))),
        (state, any::<u8>()).prop_map(|(state, id)| Command::StopDaemon(state, id)),
    ]
}

proptest! {
    /// LV-110, LV-111, LV-112, LV-114, LV-115: every command comes back from its bytes.
    #[test]
    fn commands_come_back_from_their_bytes(command in commands()) {
        let message = value::request(&command);
        let read = decode(&encode(message.clone()));
        prop_assert_eq!(read.as_ref(), Some(&message));
        prop_assert_eq!(value::command(&message), Some(command));
    }

    /// Any bytes are refused or read, and what was read is written again without loss.
    #[test]
    fn any_bytes_are_no_accident(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        any_bytes(&bytes)?;
    }

    /// The same for messages with a few bytes changed.
    #[test]
    fn damaged_messages_are_no_accident(
        command in commands(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = encode(value::request(&command));
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        any_bytes(&bytes)?;
        bytes.truncate(cut.index(bytes.len()));
        any_bytes(&bytes)?;
    }
}

fn any_bytes(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Some(message) = decode(bytes) {
        // Understanding it may fail; it must not panic.
        let _meaning = (value::command(&message), value::service(&message), value::timeouts(&message));
        let again = decode(&encode(message.clone()));
        prop_assert_eq!(again, Some(message));
    }
    Ok(())
}
