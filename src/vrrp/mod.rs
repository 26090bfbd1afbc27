//! The VRRP machine (RFC 9568 section 6, with keepalived's Fault state): pure, no clock, no socket.
//!
//! `router::Router` holds all virtual routers of this host. It is handed `now` and one `Input` at a time and
//! appends `Effect`s, in the order in which they must be carried out.

mod addresses;
pub mod announce;
mod aside;
pub mod census;
mod condition;
pub mod election;
mod files;
#[cfg(test)]
mod fixture;
pub mod host;
mod index;
pub mod instance;
pub mod items;
mod links;
mod processes;
mod promote;
mod reception;
mod reload;
pub mod router;
mod send;
mod sequence;
mod signing;
mod sockets;
mod stall;
mod statics;
mod surroundings;
pub mod sync_group;
pub mod timer;
mod told;
pub mod tracking;
mod watched;

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::name::{BfdName, FilePath, InterfaceName, ScriptName};
use crate::base::net::{Hardware, InterfaceIndex};
use crate::model::device::Barred;
use crate::model::event::{Notification, vrrp::Event};
use crate::model::host::{HostAddress, Link, Placement};
use crate::model::route::{HostRoute, Item, Owner, Rule};
use crate::model::track::{CountCause, ProcessPattern, ScriptOutcome};
use crate::model::vrrp::{InstanceId, SocketKey, VirtualAddress, Vrrp};

/// What may happen to this host's virtual routers.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// All links and addresses that exist have been told; begin.
    Start,
    /// `deadline()` has come.
    Deadline,
    /// A datagram of protocol 112 or 51 came in.
    Packet(Packet),
    /// A link appeared or changed.
    Link(Link),
    LinkGone(InterfaceIndex),
    /// A link that is asked for its state answered (VR-186); as with `File`.
    LinkAnswered {
        interface: InterfaceName,
        up: bool,
    },
    /// An address appeared or changed.
    Address(HostAddress),
    /// An address is gone. That someone took one of ours away is believed only when the kernel had told of it
    /// (`Address`) after we set it: the echo of an earlier removal of our own may still be under way.
    AddressGone(HostAddress),
    /// A run of a track script ended.
    Script {
        name: ScriptName,
        outcome: ScriptOutcome,
    },
    /// The number in a watched file; 0 when there is none (VR-224). Those known before `Start`, or before the `Reload`
    /// that brings them, count from the first moment.
    File {
        path: FilePath,
        number: i64,
    },
    /// How many processes run that a pattern fits; as with `File`.
    Processes {
        pattern: Arc<ProcessPattern>,
        count: u32,
        cause: CountCause,
    },
    /// A BFD session is up, or is not.
    Bfd {
        session: BfdName,
        up: bool,
    },
    /// The socket could not be opened (error text for the log).
    SocketRefused {
        socket: SocketKey,
        error: String,
    },
    /// A route or a rule of our protocol was taken away, and not by us.
    RouteGone(HostRoute),
    RuleGone(Rule),
    /// The kernel refused to set this one; it counts as not set.
    ItemRefused {
        owner: Owner,
        item: Item,
    },
    /// The kernel refused to add this address; it counts as not set (VR-255).
    AddressRefused {
        instance: InstanceId,
        address: Arc<VirtualAddress>,
    },
    /// A new configuration: everything that is the same in both stays untouched.
    Reload {
        model: Arc<Vrrp>,
        generation: u64,
    },
    /// Leave in order: priority 0, addresses away, notifications.
    Stop,
}

/// What must be done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    OpenSocket(SocketKey),
    CloseSocket(SocketKey),
    /// Room for what was received and is not read yet (VR-60).
    ReceiveBuffer {
        socket: SocketKey,
        bytes: u32,
    },
    /// Send one advert; several in a row for unicast peers.
    Send(Transmission),
    /// Set these addresses, one batch.
    AddAddresses {
        instance: InstanceId,
        addresses: Vec<Placement>,
    },
    /// Remove these addresses, one batch. `forced`: left over from a predecessor, absence is no error.
    RemoveAddresses {
        instance: InstanceId,
        addresses: Vec<Placement>,
        forced: bool,
    },
    /// Packets from and to these are dropped from now on; comes before the addresses are set (VR-266).
    Bar(Vec<Barred>),
    /// No longer; comes after the addresses are gone.
    Unbar(Vec<Barred>),
    /// Set these routes, rules or static addresses, in order, one batch.
    Set {
        owner: Owner,
        items: Vec<Item>,
    },
    /// Take these away, in order, one batch. Absence is no error.
    Unset {
        owner: Owner,
        items: Vec<Item>,
    },
    /// Set net.ipv4.conf.IF.promote_secondaries (VR-207).
    PromoteSecondaries {
        index: InterfaceIndex,
        on: bool,
    },
    /// Gratuitous ARPs and unsolicited neighbour advertisements, in wire order.
    Announce(Vec<Announcement>),
    Report(Event),
    Notify(Notification),
}

/// What leaving does to addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// `--release-vips`: remove addresses on transitions even when not known to be set (VR-158).
    pub always_addresses: bool,
    /// False with `--dont-release-vrrp`: a stop sends no priority 0 and leaves the addresses.
    pub vrrp: bool,
}

/// A received datagram.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    pub socket: SocketKey,
    pub source: IpAddr,
    /// IPv6: from IPV6_PKTINFO; IPv4: from the header, repeated here.
    pub destination: IpAddr,
    /// TTL or hop limit; `None` when the kernel did not tell (VR-90).
    pub hop_limit: Option<u8>,
    /// IPv4: with the IP header; IPv6: from the VRRP header on.
    pub bytes: Vec<u8>,
}

/// One datagram to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Transmission {
    pub socket: SocketKey,
    pub source: IpAddr,
    pub destination: IpAddr,
    /// IPv6 unicast with `unicast_ttl`; otherwise the socket's setting (IPv4: it stands in the header).
    pub hop_limit: Option<u8>,
    /// IPv4: with the IP header (IP_HDRINCL); IPv6: from the VRRP header on, checksum left to the kernel.
    pub bytes: Vec<u8>,
}

/// One gratuitous ARP (IPv4) or unsolicited neighbour advertisement (IPv6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Announcement {
    pub index: InterfaceIndex,
    pub hardware: Hardware,
    pub address: IpAddr,
    /// IPv6 only: the Router flag.
    pub router: bool,
}
