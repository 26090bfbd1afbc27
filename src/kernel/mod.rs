//! Adapters, one file per kernel interface, no policy. The only place for `unsafe`.

pub mod address;
pub mod arp_socket;
pub mod background;
pub mod clock;
pub mod device;
pub mod fifo;
pub mod inotify;
pub mod ipvs;
pub mod link;
pub mod local_time;
pub mod monitor;
pub mod namespace;
pub mod netlink;
pub mod nftables;
pub mod ping;
pub mod process;
pub mod process_events;
pub mod processes;
pub mod regex;
pub mod resource;
pub mod scheduling;
pub mod sysctl;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod vrrp_socket;
