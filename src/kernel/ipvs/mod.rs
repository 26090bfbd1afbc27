//! The IPVS family of generic netlink.

pub mod codec;
