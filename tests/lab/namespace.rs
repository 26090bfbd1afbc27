//! A network namespace of the lab, and what its kernel tables say: addresses, routes, neighbours, IPVS.
//!
//! A socket belongs to the namespace in which it was opened, and so does an open file of `/proc/net`: both are opened
//! once, so that looking costs a system call or two and not a process.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sched::{CloneFlags, setns, unshare};

/// What a lab step could not do or did not see.
pub type Outcome<T> = Result<T, String>;

/// Adds what was being done to an error.
pub fn doing<T, E: fmt::Display>(what: impl fmt::Display, result: Result<T, E>) -> Outcome<T> {
    result.map_err(|error| format!("{what}: {error}"))
}

pub struct Namespace {
    pub name: &'static str,
    handle: File,
    route: Mutex<Socket>,
    table: Option<File>,
    totals: Option<File>,
}

/// One destination of the kernel's IPVS table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    pub service: String,
    pub address: Ipv4Addr,
    pub weight: u32,
}

impl Namespace {
    /// A new namespace with loopback up, named in /run/netns while the lab runs.
    pub fn new(name: &'static str) -> Outcome<Namespace> {
        let (handle, route, table, totals) = std::thread::scope(|scope| {
            let made = scope.spawn(move || -> Outcome<_> {
                doing("a network namespace", unshare(CloneFlags::CLONE_NEWNET))?;
                let place = format!("/run/netns/{name}");
                doing(&place, File::create(&place))?;
                let own = "/proc/thread-self/ns/net";
                let flags = nix::mount::MsFlags::MS_BIND;
                doing(&place, nix::mount::mount(Some(own), place.as_str(), None::<&str>, flags, None::<&str>))?;
                let handle = doing(own, File::open(own))?;
                let mut route = doing("rtnetlink", Socket::new(NETLINK_ROUTE))?;
                doing("rtnetlink", route.bind_auto())?;
                doing("rtnetlink", route.connect(&SocketAddr::new(0, 0)))?;
                let table = File::open("/proc/thread-self/net/ip_vs").ok();
                let totals = File::open("/proc/thread-self/net/ip_vs_stats").ok();
                Ok((handle, route, table, totals))
            });
            made.join().map_err(|_| "the thread that makes a namespace died".to_owned())?
        })?;
        let made = Namespace { name, handle, route: Mutex::new(route), table, totals };
        made.ip(&["link set lo up"])?;
        Ok(made)
    }

    /// Runs something on a thread that lives in this namespace; processes that it starts live there too.
    pub fn inside<T: Send>(&self, what: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter()?;
                what()
            });
            thread.join().map_err(|_| format!("a thread in {} died", self.name))?
        })
    }

    /// Moves the calling thread here.
    pub fn enter(&self) -> Outcome<()> {
        doing(self.name, setns(self.handle.as_fd(), CloneFlags::CLONE_NEWNET))
    }

    /// For a thread that lives longer than the borrow: calling it moves that thread here.
    pub fn entrance(&self) -> Outcome<impl FnOnce() -> Outcome<()> + Send + 'static> {
        let (handle, name) = (doing(self.name, self.handle.try_clone())?, self.name);
        Ok(move || doing(name, setns(handle.as_fd(), CloneFlags::CLONE_NEWNET)))
    }

    /// One `ip -batch` with these lines.
    pub fn ip(&self, lines: &[&str]) -> Outcome<()> {
        let lines = lines.join("\n") + "\n";
        self.inside(move || {
            let mut batch = Command::new("ip");
            batch.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut running = doing("ip", batch.spawn())?;
            if let Some(mut input) = running.stdin.take() {
                doing("ip", input.write_all(lines.as_bytes()))?;
            }
            let ended = doing("ip", running.wait_with_output())?;
            match ended.status.success() {
                true => Ok(()),
                false => Err(format!("ip -batch: {}\n{lines}", String::from_utf8_lossy(&ended.stderr).trim())),
            }
        })
    }

    fn dump(&self, question: RouteNetlinkMessage) -> Outcome<Vec<RouteNetlinkMessage>> {
        let socket = self.route.lock().map_err(|_| "a reader of rtnetlink died")?;
        let mut message = NetlinkMessage::new(NetlinkHeader::default(), NetlinkPayload::from(question));
        message.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        doing("rtnetlink", socket.send(&bytes, 0))?;
        let mut found = Vec::new();
        loop {
            let (answer, _) = doing("rtnetlink", socket.recv_from_full())?;
            let mut rest = &answer[..];
            while !rest.is_empty() {
                let part = doing("rtnetlink", NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest))?;
                match part.payload {
                    NetlinkPayload::Done(_) => return Ok(found),
                    NetlinkPayload::Error(error) => return Err(format!("rtnetlink: {error}")),
                    NetlinkPayload::InnerMessage(inner) => found.push(inner),
                    _ => {}
                }
                rest = &rest[(part.header.length as usize).next_multiple_of(4).min(rest.len())..];
            }
        }
    }

    /// All addresses, link-local ones excepted.
    pub fn addresses(&self) -> Outcome<Vec<IpAddr>> {
        let mut found = Vec::new();
        for message in self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))? {
            let RouteNetlinkMessage::NewAddress(address) = message else { continue };
            let own = address.attributes.iter().find_map(|attribute| match attribute {
                AddressAttribute::Local(own) => Some(*own),
                _ => None,
            });
            let any = address.attributes.iter().find_map(|attribute| match attribute {
                AddressAttribute::Address(any) => Some(*any),
                _ => None,
            });
            match own.or(any) {
                Some(IpAddr::V6(six)) if six.is_unicast_link_local() => {}
                Some(address) => found.push(address),
                None => {}
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    pub fn holds(&self, address: Ipv4Addr) -> Outcome<bool> {
        Ok(self.addresses()?.contains(&IpAddr::V4(address)))
    }

    /// IPv4 routes of all tables, each as one line of text to compare.
    pub fn routes(&self) -> Outcome<Vec<String>> {
        let mut question = RouteMessage::default();
        question.header.address_family = AddressFamily::Inet;
        let found = self.dump(RouteNetlinkMessage::GetRoute(question))?;
        let mut lines: Vec<String> = found
            .iter()
            .filter_map(|message| match message {
                RouteNetlinkMessage::NewRoute(route) => Some(format!("{:?} {:?}", route.header, route.attributes)),
                _ => None,
            })
            .collect();
        lines.sort_unstable();
        Ok(lines)
    }

    /// The hardware address of the interface.
    pub fn hardware(&self, interface: &str) -> Outcome<Vec<u8>> {
        for message in self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))? {
            let RouteNetlinkMessage::NewLink(link) = message else { continue };
            let named = |a: &LinkAttribute| matches!(a, LinkAttribute::IfName(name) if name == interface);
            if link.attributes.iter().any(named) {
                let address = link.attributes.iter().find_map(|attribute| match attribute {
                    LinkAttribute::Address(address) => Some(address.clone()),
                    _ => None,
                });
                return address.ok_or_else(|| format!("{interface} has no hardware address"));
            }
        }
        Err(format!("{}: no interface {interface}", self.name))
    }

    /// Whom ARP says the address belongs to.
    pub fn neighbour(&self, address: Ipv4Addr) -> Outcome<Option<Vec<u8>>> {
        for message in self.dump(RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default()))? {
            let RouteNetlinkMessage::NewNeighbour(entry) = message else { continue };
            let ours = NeighbourAttribute::Destination(NeighbourAddress::Inet(address));
            if entry.attributes.contains(&ours) {
                return Ok(entry.attributes.iter().find_map(|attribute| match attribute {
                    NeighbourAttribute::LinkLayerAddress(at) => Some(at.clone()),
                    _ => None,
                }));
            }
        }
        Ok(None)
    }

    fn ipvs_text(&self, file: &Option<File>) -> Outcome<String> {
        let file = file.as_ref().ok_or("this kernel has no IPVS")?;
        let (mut text, mut block) = (Vec::new(), vec![0; 65536]);
        loop {
            match doing("/proc/net/ip_vs", file.read_at(&mut block, text.len() as u64))? {
                0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
                read => text.extend_from_slice(&block[..read]),
            }
        }
    }

    /// Services of the table, as the kernel writes them.
    pub fn services(&self) -> Outcome<Vec<String>> {
        let text = self.ipvs_text(&self.table)?;
        Ok(text.lines().skip(3).filter(|line| !line.starts_with("  ")).map(|line| line.trim().to_owned()).collect())
    }

    /// Destinations of the table, sorted.
    pub fn destinations(&self) -> Outcome<Vec<Destination>> {
        let text = self.ipvs_text(&self.table)?;
        let (mut service, mut found) = (String::new(), Vec::new());
        for line in text.lines().skip(3) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["->", at, _, weight, ..] => {
                    let address = at.split(':').next().and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    let (Some(address), Ok(weight)) = (address, weight.parse()) else {
                        return Err(format!("/proc/net/ip_vs: {line}"));
                    };
                    found.push(Destination { service: service.clone(), address: address.into(), weight });
                }
                _ => line.trim().clone_into(&mut service),
            }
        }
        found.sort();
        Ok(found)
    }

    /// How many connections this kernel's IPVS has ever scheduled.
    pub fn connections(&self) -> Outcome<u64> {
        let text = self.ipvs_text(&self.totals)?;
        let first = text.lines().nth(2).and_then(|line| line.split_whitespace().next());
        let count = first.and_then(|hex| u64::from_str_radix(hex, 16).ok());
        count.ok_or_else(|| format!("/proc/net/ip_vs_stats: {text}"))
    }
}
