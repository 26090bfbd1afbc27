//! By what the tasks name virtual servers, real servers and checkers: positions in the model.

use std::fmt;

/// Position in `Lvs::virtual_servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualServerId(pub usize);

/// Position in `VirtualServer::real_servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealServerId(pub usize);

/// Position in `Lvs::checkers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckerId(pub usize);

/// Checkers that follow each other in `Lvs::checkers`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckerIds {
    first: u32,
    end: u32,
}

impl CheckerIds {
    /// From the position `first` on, up to the one before `end`. More than a u32 counts find no room in memory.
    pub const fn between(first: usize, end: usize) -> CheckerIds {
        CheckerIds { first: first as u32, end: end as u32 }
    }

    pub fn iter(self) -> impl Iterator<Item = CheckerId> + Clone {
        (self.first..self.end).map(|at| CheckerId(at as usize))
    }
}

impl fmt::Debug for CheckerIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
