//! By what the tasks name virtual servers, real servers and checkers: positions in the model.

/// Position in `Lvs::virtual_servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualServerId(pub usize);

/// Position in `VirtualServer::real_servers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealServerId(pub usize);

/// Position in `Lvs::checkers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckerId(pub usize);
