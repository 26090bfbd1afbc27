//! What the daemon runs: one plain, complete, immutable value. No `Option` that means "default", no text
//! that still has to be read: `config::resolve` has decided everything before a `Model` exists.

pub mod bfd;
pub mod change;
pub mod check;
pub mod device;
pub mod event;
pub mod global;
pub mod host;
pub mod id;
pub mod ipvs;
pub mod later;
pub mod lvs;
pub mod notify;
pub mod route;
pub mod track;
pub mod upkeep;
pub mod vrrp;

/// The whole configuration of one router.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub global: global::Global,
    pub vrrp: vrrp::Vrrp,
    pub lvs: lvs::Lvs,
    pub bfd: bfd::Bfd,
}
