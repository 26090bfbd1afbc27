//! Checkers whose probes are the same share them: one server in several virtual servers is asked once.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::check::{Check, Checker};
use crate::model::lvs::{CheckerId, Lvs};

/// For each checker the first one whose probes may stand for its own; `None`: it probes for itself alone.
///
/// They ask the same question of the same place at the same pace. What follows from an answer may differ: `alpha`,
/// logging, the real server and its virtual server. Scripts are not shared, since each run is a deed of its own.
pub fn leaders(model: &Lvs) -> Vec<Option<CheckerId>> {
    let mut leaders = vec![None; model.checkers.len()];
    if model.no_shared_probes {
        return leaders;
    }
    let mut first: BTreeMap<u64, Vec<CheckerId>> = BTreeMap::new();
    for (at, checker) in model.checkers.iter().enumerate() {
        if !may_share(checker) {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        (&checker.check, checker.timing).hash(&mut hasher);
        let alike = first.entry(hasher.finish()).or_default();
        match alike.iter().find(|leader| is_same(&model.checkers[leader.0], checker)) {
            Some(leader) => {
                leaders[leader.0] = Some(*leader);
                leaders[at] = Some(*leader);
            }
            None => alike.push(CheckerId(at)),
        }
    }
    leaders
}

fn may_share(checker: &Checker) -> bool {
    match checker.check {
        Check::Tcp(_) | Check::Http(_) | Check::Smtp(_) | Check::Dns(_) | Check::Udp(_) | Check::Ping(_) => true,
        Check::Misc(_) | Check::Bfd(_) | Check::File(_) => false,
    }
}

fn is_same(one: &Checker, other: &Checker) -> bool {
    one.timing == other.timing && one.check == other.check
}
