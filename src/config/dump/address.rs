//! Virtual and static addresses.

use super::writer::word;
use crate::base::name::InterfaceName;
use crate::model::vrrp::VirtualAddress;

/// IFA_F_NODAD, IFA_F_HOMEADDRESS, IFA_F_MANAGETEMPADDR, IFA_F_NOPREFIXROUTE, IFA_F_MCAUTOJOIN (linux/if_addr.h).
const NODAD: u32 = 0x02;
const FLAGS: [(u32, &str); 4] = [(0x10, "home"), (0x100, "mngtmpaddr"), (0x200, "noprefixroute"), (0x400, "autojoin")];

/// An entry of `virtual_ipaddress` or `static_ipaddress`. `own`: the interface that need not be named.
pub fn entry(address: &VirtualAddress, own: Option<&InterfaceName>) -> String {
    let VirtualAddress { cidr, interface, broadcast, label, scope, peer, preferred_lifetime, flags, no_track } =
        address;
    let v4 = cidr.address.is_ipv4();
    // With a peer the prefix length belongs to that one.
    let mut entry = if peer.is_some() { cidr.address.to_string() } else { cidr.to_string() };
    if let Some(interface) = interface.as_ref().filter(|interface| Some(*interface) != own) {
        entry += &format!(" dev {}", word(interface.as_str()));
    }
    if let Some(broadcast) = broadcast {
        entry += &format!(" brd {broadcast}");
    }
    if let Some(label) = label {
        entry += &format!(" label {}", word(label));
    }
    if v4 {
        entry += &format!(" scope {scope}");
    }
    if let Some(peer) = peer {
        entry += &format!(" peer {peer}");
    }
    entry += &match *preferred_lifetime {
        u32::MAX => " preferred_lft forever".to_owned(),
        seconds => format!(" preferred_lft {seconds}"),
    };
    if !v4 && flags & NODAD == 0 {
        entry += " -nodad";
    }
    for (flag, word) in FLAGS {
        if flags & flag != 0 {
            entry += &format!(" {word}");
        }
    }
    if *no_track {
        entry += " no_track";
    }
    entry
}
