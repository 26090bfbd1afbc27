//! What the packet filter has to mark so that groups of addresses are services of marks (`nftables_ipvs`, LV-46).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use super::wanted::next_address;
use crate::model::ipvs::{Marked, Marking};
use crate::model::lvs::{GroupEntry, Lvs, Protocol, VirtualAddress};

/// `None`: nothing is marked. An address that two groups have is the first one's.
pub fn marking(lvs: &Lvs) -> Option<Marking> {
    let settings = lvs.marks.as_ref()?;
    // Those of one port before those of any port, whose range holds the others.
    let mut places: BTreeMap<(Protocol, bool, u16, IpAddr), u32> = BTreeMap::new();
    for server in &lvs.virtual_servers {
        let VirtualAddress::Group { entries, mark: Some(mark), .. } = &server.address else { continue };
        for entry in entries {
            if let GroupEntry::Address(at) = entry {
                let place = places.entry((server.protocol, at.port == 0, at.port, at.address));
                if let Entry::Vacant(place) = place {
                    place.insert(*mark);
                }
            }
        }
    }
    let mut ranges: Vec<Marked> = Vec::new();
    for ((protocol, _, port, address), mark) in places {
        match ranges.last_mut() {
            Some(last)
                if (last.protocol, last.port, last.mark) == (protocol, port, mark)
                    && next_address(last.last) == Some(address) =>
            {
                last.last = address;
            }
            Some(_) | None => ranges.push(Marked { protocol, first: address, last: address, port, mark }),
        }
    }
    let (table, priority, counters) = (settings.table.clone(), settings.priority, settings.counters);
    (!ranges.is_empty()).then_some(Marking { table, priority, counters, ranges })
}

#[cfg(test)]
mod tests;
