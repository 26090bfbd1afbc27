//! Virtual routers, sync groups and their addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub use crate::base::name::{Authentication, Version};
use crate::base::name::{InstanceName, InterfaceName, Priority, SyncGroupName, Vrid};
use crate::base::net::{Cidr, Family, InterfaceIndex};
use crate::base::time::Interval;
use crate::model::device::{Device, Firewall};
use crate::model::notify::StateScripts;
use crate::model::route::{Route, Rule, Statics};
use crate::model::track::{
    TrackFile, TrackProcess, TrackScript, TrackedBfd, TrackedFile, TrackedInterface, TrackedProcess, TrackedScript,
};

/// Where adverts go by multicast (RFC 9568 5.1.1.2, 5.1.2.2).
pub const GROUP4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
pub const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// Everything the VRRP task runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vrrp {
    /// In file order; an effect's or input's `InstanceId` is the position here.
    pub instances: Vec<Arc<Instance>>,
    pub sync_groups: Vec<Arc<SyncGroup>>,
    /// Only those that an instance or group tracks.
    pub scripts: Vec<Arc<TrackScript>>,
    /// What stands whatever the instances do.
    pub statics: Statics,
    /// Only those that an instance or group tracks.
    pub files: Vec<Arc<TrackFile>>,
    /// Only those that an instance or group tracks.
    pub processes: Vec<Arc<TrackProcess>>,
    /// Virtual interfaces that instances and addresses need; they are there before the instances begin.
    pub devices: Vec<Arc<Device>>,
    /// `vmac_addr_prefix`: what the names of devices of single addresses begin with.
    pub vmac_addr_prefix: String,
    /// `None`: nothing needs one (VR-268).
    pub firewall: Option<Firewall>,
    /// `disable_local_igmp` (VR-270).
    pub disable_local_igmp: bool,
    pub garp_groups: Vec<GarpGroup>,
    /// `vrrp_startup_delay` (VR-130).
    pub startup_delay: Interval,
    /// `vrrp_delay_after_boot`: no sooner than so long after the machine's start (VR-130).
    pub delay_after_boot: Interval,
    /// `log_unknown_vrids` (VR-66).
    pub log_unknown_vrids: bool,
    /// `--address-monitoring`: each address that comes or goes is told (IF-31).
    pub tells_addresses: bool,
    /// `interface_up_down_delays`; no interface twice.
    pub link_delays: Vec<LinkDelay>,
    /// `linkbeat_interfaces`, `linkbeat_use_polling`: links that are asked for their state (VR-186); none twice.
    pub polled_links: Vec<PolledLink>,
    /// `vrrp_rx_bufs_policy`; `None`: the kernel's own size (VR-60).
    pub receive_buffers: Option<ReceiveBuffers>,
    /// `fifo_write_vrrp_states_on_reload`: all states are told to the FIFOs after a reload (VR-273).
    pub tells_states_on_reload: bool,
}

/// How long a link must be down, or up again, before that counts (VR-185); 0..=255 s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDelay {
    pub interface: InterfaceName,
    pub down: Interval,
    pub up: Interval,
}

/// A link whose state is asked for each second, whatever rtnetlink tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolledLink {
    pub interface: InterfaceName,
    /// `None`: the first of them that the link answers.
    pub method: Option<PollMethod>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollMethod {
    /// The status register of the transceiver.
    Mii,
    Ethtool,
    /// IFF_UP and IFF_RUNNING, which the other two look at as well.
    Ioctl,
}

/// The room for packets that wait, of an instance without `kernel_rx_buf_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveBuffers {
    /// So many times the MTU of its interface.
    Mtus(u32),
    /// So many adverts of its own.
    Adverts(u32),
    Bytes(u32),
}

/// Position of an instance in `Vrrp::instances`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub usize);

/// The states of RFC 9568 section 6.4, and keepalived's Fault: this router cannot take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Initialize,
    Backup,
    Master,
    Fault,
}

/// What one virtual router has counted since the start (VR-287). Errors count packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub adverts_received: u64,
    /// One for each advert, however many peers it went to; with those of priority 0 (VR-288).
    pub adverts_sent: u64,
    pub became_master: u64,
    pub released_master: u64,
    pub length_errors: u64,
    pub ttl_errors: u64,
    pub type_errors: u64,
    pub address_list_errors: u64,
    pub authentication_type_errors: u64,
    pub authentication_mismatches: u64,
    pub authentication_failures: u64,
    /// `auth_hmac`: no trailer where one must be (VR-53).
    pub hmac_missing: u64,
    pub hmac_malformed: u64,
    pub hmac_unknown_key: u64,
    pub hmac_invalid: u64,
    pub hmac_stale: u64,
    pub hmac_replayed: u64,
    pub priority_zero_received: u64,
    pub priority_zero_sent: u64,
    /// SNMP only.
    pub checksum_errors: u64,
    /// SNMP only.
    pub version_errors: u64,
}

/// One `vrrp_instance`: a virtual router as this router takes part in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub name: InstanceName,
    pub vrid: Vrid,
    pub family: Family,
    pub version: Version,
    /// `interface`; absent only for unicast with `unicast_src_ip` (VR-105).
    pub interface: Option<InterfaceName>,
    /// `use_vmac` or `use_ipvlan`: the virtual interface on `interface` that carries the addresses (VR-201).
    pub device: Option<InterfaceName>,
    /// `vmac_xmit_base`: adverts go over `interface` although there is a device (VR-202).
    pub xmit_base: bool,
    /// `vrf`: where the sockets of a unicast instance without interface are bound (VR-56).
    pub vrf: Option<InterfaceName>,
    /// The configuration has a fault that keeps it out of work for ever (VR-106, VR-107, VR-113).
    pub disabled: bool,
    /// `state MASTER`: only clears `nopreempt` and `preempt_delay`; no faster start (VR-125).
    pub wants_master: bool,
    /// `priority`, 1..=255 (VR-12).
    pub priority: Priority,
    /// `advert_int`: v2 1..=255 s, whole; v3 0.01..=40.95 s in steps of 10 ms (VR-13).
    pub advert_interval: Interval,
    /// `down_timer_adverts`, 1..=100, default 3 (VR-116).
    pub down_timer_adverts: u8,
    /// False with `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`, 0..=1000 s (VR-138).
    pub preempt_delay: Interval,
    pub authentication: Authentication,
    /// `auth_hmac`; `None`: adverts carry no trailer, and one that does is too long (VR-54).
    pub auth_hmac: Option<Arc<AuthHmac>>,
    pub transport: Transport,
    /// `mcast_src_ip` or `unicast_src_ip`; otherwise the interface's address is used (VR-26, VR-33).
    pub source: Option<IpAddr>,
    /// `virtual_ipaddress`, in order: these are advertised. All of `family`.
    pub virtual_addresses: Vec<Arc<VirtualAddress>>,
    /// `virtual_ipaddress_excluded`: set and announced, never advertised; any family.
    pub excluded_addresses: Vec<Arc<VirtualAddress>>,
    /// `virtual_routes`, in order.
    pub routes: Vec<Arc<Route>>,
    /// `virtual_rules`, in order.
    pub rules: Vec<Arc<Rule>>,
    /// `promote_secondaries` (VR-207).
    pub promote_secondaries: bool,
    /// Interfaces of static items whose track group it belongs to (VR-236).
    pub static_interfaces: Vec<InterfaceName>,
    pub announce: Announce,
    /// `lower_prio_no_advert` (VR-146).
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert` (VR-148).
    pub higher_prio_send_advert: bool,
    /// `timer_expired_backup`: the highest priority of other routers, 1..=254; a Master that was silent for as long as
    /// that one waits becomes Backup (VR-110). Only with `nopreempt`.
    pub timer_expired_backup: Option<Priority>,
    /// `owner_ignore_adverts` (VR-85).
    pub owner_ignore_adverts: bool,
    /// `skip_check_adv_addr` (VR-88).
    pub skip_check_adv_addr: bool,
    /// `kernel_rx_buf_size` in bytes; `None`: the kernel's own size (VR-60).
    pub receive_buffer: Option<u32>,
    /// `v3_checksum_as_v2` (VR-20).
    pub v3_checksum_as_v2: bool,
    /// `old_unicast_checksum` (VR-22).
    pub old_unicast_checksum: OldChecksum,
    /// The group used as pseudo-header destination by the old unicast checksum (VR-21): `vrrp_mcast_group4`.
    pub multicast_group4: Ipv4Addr,
    /// `accept` (VR-264); false: packets to the addresses are dropped while Master.
    pub accept: bool,
    pub strict: bool,
    /// Barred link-local addresses are matched by the interface's name and not by its index (VR-265).
    pub bar_by_name: bool,
    /// `dont_track_primary` (VR-183).
    pub dont_track_primary: bool,
    pub track_interfaces: Vec<TrackedInterface>,
    pub track_scripts: Vec<TrackedScript>,
    pub track_bfds: Vec<TrackedBfd>,
    pub track_files: Vec<TrackedFile>,
    pub track_processes: Vec<TrackedProcess>,
    /// Mostly none, and one value for all that have none: they are larger than half of the rest.
    pub notify: Arc<StateScripts>,
    /// `notify_deleted` (IF-188).
    pub notify_deleted: bool,
    /// `notify_priority_changes`: its own, else its sync group's, else `vrrp_notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
}

impl Instance {
    /// A virtual router of which a file says no more than this: multicast by version 2 (IPv6: 3), priority 100, one advert
    /// a second, and no address yet. Everything else is the original's default.
    pub fn plain(name: &str, vrid: Vrid, interface: &str, family: Family) -> Instance {
        Instance {
            name: InstanceName::new(name),
            vrid,
            family,
            version: if family == Family::V4 { Version::V2 } else { Version::V3 },
            interface: Some(InterfaceName::new(interface)),
            wants_master: false,
            priority: Priority(100),
            advert_interval: Interval::from_secs(1),
            down_timer_adverts: 3,
            preempt: true,
            preempt_delay: Interval::ZERO,
            authentication: Authentication::None,
            auth_hmac: None,
            transport: Transport::Multicast {
                group: match family {
                    Family::V4 => GROUP4.into(),
                    Family::V6 => GROUP6.into(),
                },
            },
            source: None,
            virtual_addresses: Vec::new(),
            excluded_addresses: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            promote_secondaries: false,
            static_interfaces: Vec::new(),
            announce: Announce::USUAL,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            timer_expired_backup: None,
            owner_ignore_adverts: false,
            skip_check_adv_addr: false,
            receive_buffer: None,
            v3_checksum_as_v2: false,
            old_unicast_checksum: OldChecksum::Auto,
            multicast_group4: GROUP4,
            accept: true,
            bar_by_name: false,
            device: None,
            xmit_base: false,
            vrf: None,
            disabled: false,
            strict: false,
            dont_track_primary: false,
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            track_bfds: Vec::new(),
            track_files: Vec::new(),
            track_processes: Vec::new(),
            notify: Arc::default(),
            notify_deleted: false,
            notify_priority_changes: false,
            smtp_alert: false,
        }
    }

    /// Where adverts leave and come in (VR-202).
    pub fn advert_interface(&self) -> Option<&InterfaceName> {
        self.device.as_ref().filter(|_| !self.xmit_base).or(self.interface.as_ref())
    }

    /// VR-185: the longest that its link may be down unnoticed, when adverts come each `interval`: a Backup must not
    /// have taken over by then. `None`: with `down_timer_adverts 1` nothing may be delayed.
    pub fn longest_down_delay(&self, interval: Interval) -> Option<Interval> {
        let times = self.down_timer_adverts.checked_sub(1).filter(|times| *times > 0)?;
        let margin = Interval::from_micros(interval.as_micros() / 256);
        Some(interval.times(u64::from(times)) - margin)
    }

    /// Whose address adverts are sent from where none is configured: over IPv4 that of the base, over IPv6 the
    /// link-local one of the interface itself (VR-26, VR-33).
    pub fn source_interface(&self) -> Option<&InterfaceName> {
        match self.family {
            Family::V4 => self.interface.as_ref(),
            Family::V6 => self.advert_interface(),
        }
    }
}

/// `auth_hmac`: how adverts are signed and judged (VR-48 … VR-52).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthHmac {
    /// With distinct numbers; `active` is one of them.
    pub keys: Vec<HmacKey>,
    /// Number of the key that signs.
    pub active: u8,
    pub mode: HmacMode,
    pub anti_replay: AntiReplay,
}

impl AuthHmac {
    pub fn key(&self, id: u8) -> Option<&HmacKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HmacKey {
    /// 1..=255.
    pub id: u8,
    pub secret: Secret,
}

/// The bytes of a key or a password; no log and no dump shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// `mode` (VR-49).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacMode {
    /// Sign, and take signed adverts only.
    Enforce,
    /// Sign, and take unsigned adverts too.
    Permissive,
    /// Do not sign, take unsigned adverts too; a signature that is there must be good.
    ReceiveOnly,
}

/// `anti_replay` (VR-50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AntiReplay {
    /// The clocks of the routers agree to within `window` seconds, 1..=300.
    Time { window: u32 },
    /// Each advert has a later stamp than the one before; clocks may differ.
    Monotonic,
}

impl Instance {
    /// VR-184: the interfaces of its routes and rules, unless they are not to be tracked, and of the static items of its
    /// track groups.
    pub fn followed_interfaces(&self) -> impl Iterator<Item = &InterfaceName> {
        let routes = self.routes.iter().filter(|route| !route.no_track).filter_map(|route| route.interface.as_ref());
        let rules = self.rules.iter().filter(|rule| !rule.no_track);
        routes.chain(rules.flat_map(|rule| rule.input.iter().chain(&rule.output))).chain(&self.static_interfaces)
    }
}

/// How adverts travel.
#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    /// To a group on the interface (VR-27).
    Multicast { group: IpAddr },
    /// To each peer by normal routing.
    Unicast {
        /// Never empty.
        peers: Vec<UnicastPeer>,
        /// `unicast_ttl`, 0..=255; `None`: 255 for IPv4, the kernel's default for IPv6 (VR-29, VR-32).
        ttl: Option<u8>,
        /// `check_unicast_src` (VR-89).
        check_source: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnicastPeer {
    pub address: IpAddr,
    /// 0..=255, default 0.
    pub min_ttl: u8,
    /// 0..=255, default 255.
    pub max_ttl: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldChecksum {
    /// Switch when a peer is seen to use it.
    Auto,
    Always,
    Never,
}

/// One line of `virtual_ipaddress` (VR-248 … VR-254).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualAddress {
    pub cidr: Cidr,
    /// `dev`, else the instance's interface; `None` where neither is given (unicast without interface).
    pub interface: Option<InterfaceName>,
    /// `brd ADDR`, `+` and `-` worked out. IPv4 only.
    pub broadcast: Option<Ipv4Addr>,
    /// `label`, at most 15 bytes. IPv4 only.
    pub label: Option<String>,
    /// `scope` as rtnetlink's number (RT_SCOPE_*): 0 global, 253 link, 254 host ...
    pub scope: u8,
    /// `peer`.
    pub peer: Option<Cidr>,
    /// `preferred_lft` in seconds, worked out (VR-252): `u32::MAX` is forever. IPv6 only.
    pub preferred_lifetime: u32,
    /// IFA_F_* bits (linux/if_addr.h): NODAD, HOMEADDRESS, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN (VR-251).
    pub flags: u32,
    /// `no_track` (VR-184): its interface and its removal by others are not watched.
    pub no_track: bool,
}

/// Gratuitous ARP and unsolicited neighbour advertisements (section 6 of RFC 9568's Master rules, VR-169 … VR-176).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// `garp_master_delay`, default 5 s; zero: no second burst.
    pub master_delay: Interval,
    /// `garp_master_repeat`, at least 1, default 5.
    pub master_repeat: u32,
    /// `garp_master_refresh`; zero: off.
    pub master_refresh: Interval,
    /// `garp_master_refresh_repeat`, at least 1.
    pub master_refresh_repeat: u32,
    /// `garp_lower_prio_delay`.
    pub lower_prio_delay: Interval,
    /// `garp_lower_prio_repeat`; zero: none.
    pub lower_prio_repeat: u32,
    /// `vrrp_garp_interval`: least gap between two gratuitous ARPs on one interface (VR-177).
    pub garp_interval: Interval,
    /// `vrrp_gna_interval`.
    pub gna_interval: Interval,
    /// `garp_extra_if`: how often addresses on other interfaces are announced; zero: never (VR-179).
    pub extra_interval: Interval,
    /// `garp_extra_if all`: on all of them, not on virtual interfaces only.
    pub extra_all: bool,
}

impl Announce {
    /// What is announced where no option says otherwise: five times at once, and five times again after five seconds.
    pub const USUAL: Announce = Announce {
        master_delay: Interval::from_secs(5),
        master_repeat: 5,
        master_refresh: Interval::ZERO,
        master_refresh_repeat: 1,
        lower_prio_delay: Interval::from_secs(5),
        lower_prio_repeat: 5,
        garp_interval: Interval::ZERO,
        gna_interval: Interval::ZERO,
        extra_interval: Interval::ZERO,
        extra_all: false,
    };
}

/// A `garp_group`: interfaces that announce through one queue (VR-177). No interface is in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GarpGroup {
    /// Least gap between two gratuitous ARPs; zero: none.
    pub garp_interval: Interval,
    pub gna_interval: Interval,
    /// Never empty.
    pub interfaces: Vec<InterfaceName>,
}

/// One `vrrp_sync_group`: members move together.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroup {
    pub name: SyncGroupName,
    /// Members in the group's order; never empty.
    pub members: Vec<InstanceId>,
    pub track_interfaces: Vec<TrackedInterface>,
    pub track_scripts: Vec<TrackedScript>,
    pub track_bfds: Vec<TrackedBfd>,
    pub track_files: Vec<TrackedFile>,
    pub track_processes: Vec<TrackedProcess>,
    /// `sync_group_tracking_weight` / `global_tracking`: members keep weighted trackers (VR-245).
    pub tracking_weight: bool,
    pub notify: StateScripts,
    pub smtp_alert: bool,
}

/// One socket pair serves every instance with the same key (VR-56).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey {
    pub family: Family,
    /// True: IP protocol 51 (AH), else 112.
    pub ah: bool,
    pub interface: Option<InterfaceIndex>,
    pub local: SocketAddress,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketAddress {
    Group(IpAddr),
    Unicast(IpAddr),
}
