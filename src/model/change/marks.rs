//! The marks of groups of addresses (`nftables_ipvs`, LV-46): given away in file order, and kept over a reload, so that
//! a group that comes or goes does not move the services of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::name::GroupName;
use crate::model::lvs::{GroupEntry, Lvs, Protocol, VirtualAddress};

/// The mark of each group with each protocol.
pub type Given = BTreeMap<(GroupName, Protocol), u32>;

/// The marks that are in use.
pub fn given(lvs: &Lvs) -> Given {
    let one = |server: &Arc<crate::model::lvs::VirtualServer>| match &server.address {
        VirtualAddress::Group { name, mark, .. } => Some(((name.clone(), server.protocol), (*mark)?)),
        VirtualAddress::Address(_) | VirtualAddress::Fwmark(_) => None,
    };
    lvs.virtual_servers.iter().filter_map(one).collect()
}

/// Gives each group of addresses alone a mark for each protocol: the one it had, else the first that nobody has. Marks
/// that the file names are somebody else's.
pub fn assign(lvs: &mut Lvs, before: &Given) {
    let Some(settings) = &lvs.marks else { return };
    let mut taken: BTreeSet<u32> = lvs.virtual_servers.iter().flat_map(|server| named(&server.address)).collect();
    let mut marks: Given = before.clone();
    marks.retain(|_, mark| !taken.contains(mark));
    taken.extend(marks.values());
    let mut next = Some(settings.first);
    for server in &mut lvs.virtual_servers {
        let VirtualAddress::Group { name, entries, mark, .. } = &server.address else { continue };
        if entries.iter().any(|entry| matches!(entry, GroupEntry::Fwmark { .. })) {
            continue;
        }
        let key = (name.clone(), server.protocol);
        let wanted = marks.get(&key).copied().or_else(|| {
            while next.is_some_and(|mark| taken.contains(&mark)) {
                next = next.and_then(|mark| mark.checked_add(1));
            }
            // Without one that is free the group is its addresses.
            let mark = next?;
            taken.insert(mark);
            marks.insert(key, mark);
            Some(mark)
        });
        if *mark != wanted
            && let VirtualAddress::Group { mark, .. } = &mut Arc::make_mut(server).address
        {
            *mark = wanted;
        }
    }
}

/// A new configuration in which each group has the mark that it has in the old one.
pub fn kept(old: &Lvs, new: Arc<Lvs>) -> Arc<Lvs> {
    let before = given(old);
    if before.is_empty() || new.marks.is_none() {
        return new;
    }
    let mut kept = Lvs::clone(&new);
    assign(&mut kept, &before);
    Arc::new(kept)
}

/// The marks that a virtual server has in the file.
fn named(address: &VirtualAddress) -> Vec<u32> {
    match address {
        VirtualAddress::Address(_) => Vec::new(),
        VirtualAddress::Fwmark(mark) => vec![*mark],
        VirtualAddress::Group { entries, .. } => entries
            .iter()
            .filter_map(|entry| match entry {
                GroupEntry::Fwmark { mark, .. } => Some(*mark),
                GroupEntry::Address(_) => None,
            })
            .collect(),
    }
}
