//! Commands and table entries <-> messages: which attributes, in which order (LV-111 to LV-115).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::codec::{
    Attribute, CommandAttribute, DaemonAttribute, DestinationAttribute, Message, NetworkOrder, Operation,
    ServiceAttribute, ServiceFlags,
};
use crate::base::net::{Endpoint, Family};
use crate::model::ipvs::{Command, Daemon, DaemonState, Destination, Method, Service, ServiceKey};
use crate::model::lvs::{Granularity, Persistence, Protocol, Timeouts, Tunnel, TunnelKind};

/// AF_INET and AF_INET6.
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
/// IP_VS_SVC_F_PERSISTENT and IP_VS_SVC_F_HASHED.
const PERSISTENT: u32 = 1;
const HASHED: u32 = 2;
/// IP_VS_CONN_F_FWD_MASK.
const METHOD_MASK: u32 = 7;

/// The message that carries a command out.
pub fn request(command: &Command) -> Message {
    let (operation, attributes) = match command {
        Command::AddService(service) => (Operation::NewService, vec![whole(service)]),
        Command::SetService(service) => (Operation::SetService, vec![whole(service)]),
        Command::DeleteService(service) => (Operation::DeleteService, vec![whole(service)]),
        Command::AddDestination(service, to) => (Operation::NewDestination, vec![bare(service), destination(to)]),
        Command::SetDestination(service, to) => (Operation::SetDestination, vec![bare(service), destination(to)]),
        Command::DeleteDestination(service, to) => (Operation::DeleteDestination, vec![bare(service), destination(to)]),
        Command::Flush => (Operation::Flush, vec![]),
        Command::SetTimeouts(timeouts) => (
            Operation::SetConfig,
            vec![
                Attribute::Command(CommandAttribute::TimeoutTcp(timeouts.tcp)),
                Attribute::Command(CommandAttribute::TimeoutTcpFin(timeouts.tcp_fin)),
                Attribute::Command(CommandAttribute::TimeoutUdp(timeouts.udp)),
            ],
        ),
        Command::StartDaemon(state, daemon) => (Operation::NewDaemon, vec![start_daemon(*state, daemon)]),
        Command::StopDaemon(state, id) => (
            Operation::DeleteDaemon,
            vec![Attribute::Command(CommandAttribute::Daemon(vec![
                DaemonAttribute::State(daemon_number(*state)),
                DaemonAttribute::SyncId(i32::from(*id)),
            ]))],
        ),
    };
    Message::new(operation, attributes)
}

/// Asks for all destinations of a service.
pub fn ask_destinations(service: &Service) -> Message {
    Message::new(Operation::GetDestination, vec![bare(service)])
}

/// The complete service, as the service commands send it (LV-111, LV-113).
fn whole(service: &Service) -> Attribute {
    let persistent = if service.persistence.is_some() { PERSISTENT } else { 0 };
    Attribute::Command(CommandAttribute::Service(attributes(
        service,
        service.persistence.as_ref(),
        service.flags | persistent,
    )))
}

/// The service part of destination commands: no persistence (LV-112).
fn bare(service: &Service) -> Attribute {
    Attribute::Command(CommandAttribute::Service(attributes(service, None, service.flags)))
}

fn attributes(service: &Service, persistence: Option<&Persistence>, flags: u32) -> Vec<ServiceAttribute> {
    let family = service.key.family();
    let mut list = vec![ServiceAttribute::Family(family_number(family))];
    match service.key {
        ServiceKey::Fwmark { mark, .. } => list.push(ServiceAttribute::Fwmark(mark)),
        ServiceKey::Address { protocol, at } => list.extend([
            ServiceAttribute::Protocol(protocol.number()),
            ServiceAttribute::Address(sixteen(at.address)),
            ServiceAttribute::Port(NetworkOrder(at.port)),
        ]),
    }
    list.push(ServiceAttribute::Scheduler(service.scheduler.clone()));
    if let Some(engine) = persistence.and_then(|persistence| persistence.engine.as_ref()) {
        list.push(ServiceAttribute::Engine(engine.clone()));
    }
    let netmask = match (persistence.map(|persistence| persistence.granularity), family) {
        (Some(Granularity::V4(mask)), _) => mask.octets(),
        (Some(Granularity::V6(prefix)), _) => u32::from(prefix).to_ne_bytes(),
        (None, Family::V4) => [0xff; 4],
        (None, Family::V6) => 128_u32.to_ne_bytes(),
    };
    list.extend([
        ServiceAttribute::Flags(ServiceFlags { flags, mask: u32::MAX }),
        ServiceAttribute::Timeout(persistence.map_or(0, |persistence| persistence.timeout)),
        ServiceAttribute::Netmask(netmask),
    ]);
    list
}

/// LV-114.
fn destination(to: &Destination) -> Attribute {
    let method = match to.method {
        Method::Masquerade => 0,
        Method::Local => 1,
        Method::Tunnel(_) => 2,
        Method::Route => 3,
        Method::Bypass => 4,
    };
    let mut list = vec![
        DestinationAttribute::Family(family_number(Family::of(to.endpoint.address))),
        DestinationAttribute::Address(sixteen(to.endpoint.address)),
        DestinationAttribute::Port(NetworkOrder(to.endpoint.port)),
        DestinationAttribute::Method(method),
        DestinationAttribute::Weight(to.weight),
    ];
    if let Method::Tunnel(tunnel) = to.method {
        list.push(DestinationAttribute::TunnelType(tunnel_number(tunnel.kind)));
        if tunnel.kind == TunnelKind::Gue {
            list.push(DestinationAttribute::TunnelPort(NetworkOrder(tunnel.port)));
        }
        if tunnel.kind != TunnelKind::Ipip {
            list.push(DestinationAttribute::TunnelFlags(tunnel.checksum));
        }
    }
    list.push(DestinationAttribute::UpperThreshold(to.upper_threshold));
    list.push(DestinationAttribute::LowerThreshold(to.lower_threshold));
    Attribute::Command(CommandAttribute::Destination(list))
}

/// LV-115.
fn start_daemon(state: DaemonState, daemon: &Daemon) -> Attribute {
    let mut list = vec![
        DaemonAttribute::State(daemon_number(state)),
        DaemonAttribute::Interface(daemon.interface.as_str().to_owned()),
        DaemonAttribute::SyncId(i32::from(daemon.id)),
    ];
    list.extend(daemon.max_length.map(DaemonAttribute::MaxLength));
    list.extend(daemon.port.map(DaemonAttribute::Port));
    list.extend(daemon.ttl.map(DaemonAttribute::Ttl));
    list.extend(daemon.group.map(|group| match group {
        IpAddr::V4(group) => DaemonAttribute::Group(group.octets()),
        IpAddr::V6(group) => DaemonAttribute::Group6(group.octets()),
    }));
    Attribute::Command(CommandAttribute::Daemon(list))
}

/// A service from a dump; `None` when the message holds none that we understand.
pub fn service(message: &Message) -> Option<Service> {
    let list = message.attributes.iter().find_map(|attribute| match attribute {
        Attribute::Command(CommandAttribute::Service(list)) => Some(list),
        Attribute::Command(_) | Attribute::Info(_) => None,
    })?;
    let (mut family, mut protocol, mut address, mut port, mut mark) = (Family::V4, None, None, 0, 0);
    let (mut scheduler, mut engine, mut flags, mut timeout, mut netmask) = (String::new(), None, 0, 0, [0xff; 4]);
    for attribute in list {
        match attribute {
            ServiceAttribute::Family(number) => family = family_from(*number)?,
            ServiceAttribute::Protocol(number) => protocol = Some(protocol_from(*number)?),
            ServiceAttribute::Address(bytes) => address = Some(*bytes),
            ServiceAttribute::Port(number) => port = number.0,
            ServiceAttribute::Fwmark(number) => mark = *number,
            ServiceAttribute::Scheduler(name) => scheduler = name.clone(),
            ServiceAttribute::Flags(found) => flags = found.flags & found.mask,
            ServiceAttribute::Timeout(seconds) => timeout = *seconds,
            ServiceAttribute::Netmask(bytes) => netmask = *bytes,
            ServiceAttribute::Engine(name) => engine = Some(name.clone()),
            ServiceAttribute::Other(_) => {}
        }
    }
    let key = match (mark, protocol, address) {
        (0, Some(protocol), Some(bytes)) => {
            ServiceKey::Address { protocol, at: Endpoint { address: address_from(family, bytes), port } }
        }
        (0, _, _) => return None,
        (mark, _, _) => ServiceKey::Fwmark { mark, family },
    };
    let persistence = (flags & PERSISTENT != 0).then(|| Persistence {
        timeout,
        granularity: match family {
            Family::V4 => Granularity::V4(Ipv4Addr::from(netmask)),
            Family::V6 => Granularity::V6(u8::try_from(u32::from_ne_bytes(netmask)).unwrap_or(128)),
        },
        engine,
    });
    Some(Service { key, scheduler, flags: flags & !(PERSISTENT | HASHED), persistence })
}

/// A destination from a dump of a service of this family (LV-116).
pub fn destination_of(message: &Message, service: Family) -> Option<Destination> {
    let list = message.attributes.iter().find_map(|attribute| match attribute {
        Attribute::Command(CommandAttribute::Destination(list)) => Some(list),
        Attribute::Command(_) | Attribute::Info(_) => None,
    })?;
    let (mut family, mut address, mut port, mut method, mut weight) = (service, None, 0, 0, 0);
    let (mut upper_threshold, mut lower_threshold) = (0, 0);
    let mut tunnel = Tunnel { kind: TunnelKind::Ipip, port: 0, checksum: 0 };
    for attribute in list {
        match attribute {
            DestinationAttribute::Family(number) => family = family_from(*number)?,
            DestinationAttribute::Address(bytes) => address = Some(*bytes),
            DestinationAttribute::Port(number) => port = number.0,
            DestinationAttribute::Method(number) => method = number & METHOD_MASK,
            DestinationAttribute::Weight(number) => weight = *number,
            DestinationAttribute::UpperThreshold(number) => upper_threshold = *number,
            DestinationAttribute::LowerThreshold(number) => lower_threshold = *number,
            DestinationAttribute::TunnelType(number) => tunnel.kind = tunnel_from(*number)?,
            DestinationAttribute::TunnelPort(number) => tunnel.port = number.0,
            DestinationAttribute::TunnelFlags(number) => tunnel.checksum = *number,
            DestinationAttribute::Other(_) => {}
        }
    }
    let method = match method {
        0 => Method::Masquerade,
        1 => Method::Local,
        2 => Method::Tunnel(tunnel),
        3 => Method::Route,
        4 => Method::Bypass,
        _ => return None,
    };
    let endpoint = Endpoint { address: address_from(family, address?), port };
    Some(Destination { endpoint, method, weight, upper_threshold, lower_threshold })
}

/// The answer to GetConfig.
pub fn timeouts(message: &Message) -> Option<Timeouts> {
    let mut found = (None, None, None);
    for attribute in &message.attributes {
        match attribute {
            Attribute::Command(CommandAttribute::TimeoutTcp(seconds)) => found.0 = Some(*seconds),
            Attribute::Command(CommandAttribute::TimeoutTcpFin(seconds)) => found.1 = Some(*seconds),
            Attribute::Command(CommandAttribute::TimeoutUdp(seconds)) => found.2 = Some(*seconds),
            Attribute::Command(_) | Attribute::Info(_) => {}
        }
    }
    Some(Timeouts { tcp: found.0?, tcp_fin: found.1?, udp: found.2? })
}

/// The command a request stands for: the way back from `request`, for tests and for reading recordings.
pub fn command(message: &Message) -> Option<Command> {
    let about = || service(message).map(Arc::new);
    let to = |service: &Service| destination_of(message, service.key.family());
    Some(match message.operation {
        Operation::NewService => Command::AddService(about()?),
        Operation::SetService => Command::SetService(about()?),
        Operation::DeleteService => Command::DeleteService(about()?),
        Operation::NewDestination => about().and_then(|s| to(&s).map(|d| Command::AddDestination(s, d)))?,
        Operation::SetDestination => about().and_then(|s| to(&s).map(|d| Command::SetDestination(s, d)))?,
        Operation::DeleteDestination => about().and_then(|s| to(&s).map(|d| Command::DeleteDestination(s, d)))?,
        Operation::Flush => Command::Flush,
        Operation::SetConfig => Command::SetTimeouts(timeouts(message)?),
        Operation::NewDaemon => {
            let (state, daemon) = daemon(message)?;
            Command::StartDaemon(state, Arc::new(daemon))
        }
        Operation::DeleteDaemon => {
            let (state, daemon) = daemon(message)?;
            Command::StopDaemon(state, daemon.id)
        }
        Operation::GetService
        | Operation::GetDestination
        | Operation::GetDaemon
        | Operation::GetConfig
        | Operation::SetInfo
        | Operation::GetInfo
        | Operation::Zero => return None,
    })
}

fn daemon(message: &Message) -> Option<(DaemonState, Daemon)> {
    let list = message.attributes.iter().find_map(|attribute| match attribute {
        Attribute::Command(CommandAttribute::Daemon(list)) => Some(list),
        Attribute::Command(_) | Attribute::Info(_) => None,
    })?;
    let mut state = None;
    let mut daemon = Daemon {
        interface: crate::base::name::InterfaceName::new(""),
        id: 0,
        max_length: None,
        port: None,
        ttl: None,
        group: None,
    };
    for attribute in list {
        match attribute {
            DaemonAttribute::State(1) => state = Some(DaemonState::Master),
            DaemonAttribute::State(2) => state = Some(DaemonState::Backup),
            DaemonAttribute::State(_) => return None,
            DaemonAttribute::Interface(name) => daemon.interface = crate::base::name::InterfaceName::new(name),
            DaemonAttribute::SyncId(id) => daemon.id = u8::try_from(*id).ok()?,
            DaemonAttribute::MaxLength(length) => daemon.max_length = Some(*length),
            DaemonAttribute::Port(port) => daemon.port = Some(*port),
            DaemonAttribute::Ttl(ttl) => daemon.ttl = Some(*ttl),
            DaemonAttribute::Group(bytes) => daemon.group = Some(IpAddr::from(*bytes)),
            DaemonAttribute::Group6(bytes) => daemon.group = Some(IpAddr::from(*bytes)),
            DaemonAttribute::Other(_) => {}
        }
    }
    Some((state?, daemon))
}

const fn family_number(family: Family) -> u16 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

const fn family_from(number: u16) -> Option<Family> {
    match number {
        AF_INET => Some(Family::V4),
        AF_INET6 => Some(Family::V6),
        _ => None,
    }
}

const fn protocol_from(number: u16) -> Option<Protocol> {
    match number {
        0 => Some(Protocol::None),
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        132 => Some(Protocol::Sctp),
        _ => None,
    }
}

/// LV-21: IP_VS_CONN_F_TUNNEL_TYPE_*.
const fn tunnel_number(kind: TunnelKind) -> u8 {
    match kind {
        TunnelKind::Ipip => 0,
        TunnelKind::Gue => 1,
        TunnelKind::Gre => 2,
    }
}

const fn tunnel_from(number: u8) -> Option<TunnelKind> {
    match number {
        0 => Some(TunnelKind::Ipip),
        1 => Some(TunnelKind::Gue),
        2 => Some(TunnelKind::Gre),
        _ => None,
    }
}

/// IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP.
const fn daemon_number(state: DaemonState) -> i32 {
    match state {
        DaemonState::Master => 1,
        DaemonState::Backup => 2,
    }
}

/// `union nf_inet_addr`: an IPv4 address stands in the first four bytes.
fn sixteen(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&address.octets());
            bytes
        }
        IpAddr::V6(address) => address.octets(),
    }
}

fn address_from(family: Family, bytes: [u8; 16]) -> IpAddr {
    match family {
        Family::V4 => {
            let [a, b, c, d, ..] = bytes;
            IpAddr::from([a, b, c, d])
        }
        Family::V6 => IpAddr::V6(Ipv6Addr::from(bytes)),
    }
}
