//! What the kernel would not do for the VRRP task, or lost on the way to it.

use std::net::IpAddr;

use crate::base::net::{Cidr, InterfaceIndex};

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An address was not set or not removed (VR-255).
    AddressRefused { address: Cidr, index: InterfaceIndex, adding: bool, errno: i32 },
    /// Answers to requests about addresses were lost; what is there is read back.
    AnswersLost { error: String },
    /// Notifications of links and addresses cannot be read; it is tried again.
    MonitorFailed { error: String },
    /// Adverts do not leave; told once, until one leaves again.
    CannotSend { destination: IpAddr, error: String },
    /// They leave again.
    SendsAgain { destination: IpAddr },
    /// Gratuitous ARPs or neighbour advertisements do not leave; told once for each burst.
    CannotAnnounce { address: IpAddr, index: InterfaceIndex, error: String },
    /// Reading adverts fails; told once, until one is read again.
    CannotReceive { error: String },
}
