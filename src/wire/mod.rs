//! Bytes <-> values: the packet formats. Imports base only.

pub mod advert;
pub mod arp;
pub mod bfd;
pub mod icmp;
pub mod infiniband;
pub mod ip;
pub mod ndisc;
pub mod trailer;
