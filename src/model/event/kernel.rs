//! What the kernel would not do for the VRRP task, or lost on the way to it.

use std::net::IpAddr;

use crate::base::name::{InstanceName, InterfaceName};
use crate::base::net::{Cidr, InterfaceIndex};
use crate::model::route::Item;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An address was not set or not removed (VR-255).
    AddressRefused {
        address: Cidr,
        index: InterfaceIndex,
        adding: bool,
        errno: i32,
    },
    /// A route, a rule or a static address was not set or not removed.
    ItemRefused {
        item: Item,
        adding: bool,
        errno: i32,
    },
    /// The sysctl promote_secondaries could not be written.
    CannotPromote {
        index: InterfaceIndex,
        error: String,
    },
    /// Answers to requests about addresses were lost; what is there is read back.
    AnswersLost {
        error: String,
    },
    /// Notifications of links and addresses cannot be read; it is tried again.
    MonitorFailed {
        error: String,
    },
    /// Adverts do not leave; told once, until one leaves again.
    CannotSend {
        destination: IpAddr,
        error: String,
    },
    /// They leave again.
    SendsAgain {
        destination: IpAddr,
    },
    /// Gratuitous ARPs or neighbour advertisements do not leave; told once for each burst.
    CannotAnnounce {
        address: IpAddr,
        index: InterfaceIndex,
        error: String,
    },
    /// Reading adverts fails; told once, until one is read again.
    CannotReceive {
        error: String,
    },
    /// A virtual interface was made, or one that was there was put right.
    DeviceMade {
        owner: InstanceName,
        name: InterfaceName,
        ipvlan: bool,
        adjusted: bool,
    },
    /// It could not be made; tried again when its base changes.
    DeviceRefused {
        owner: InstanceName,
        name: InterfaceName,
        ipvlan: bool,
        error: String,
    },
    /// One of that name was in the way.
    DeviceReplaced {
        owner: InstanceName,
        name: InterfaceName,
    },
    DeviceRemoved {
        owner: InstanceName,
        name: InterfaceName,
    },
    DeviceNotRemoved {
        owner: InstanceName,
        name: InterfaceName,
        error: String,
    },
    /// A setting of the system was changed for as long as we run, or put back.
    SettingMoved {
        key: String,
        from: String,
        to: String,
        back: bool,
    },
    SettingRefused {
        key: String,
        error: String,
    },
    /// Our table of the packet filter is not as it should be.
    FirewallRefused {
        table: String,
        error: String,
    },
    /// Packets from or to an address are not dropped, or still are.
    BarRefused {
        table: String,
        adding: bool,
        error: String,
    },
    /// What makes virtual interfaces could not be started.
    KeeperFailed {
        error: String,
    },
}
