//! One `vrrp_instance` with every rule of section 4 applied (VR-93 … VR-112).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::device::Footing;
use super::room::Room;
use super::script::Tracked;
use super::watched::Watched;
use crate::base::name::{InstanceName, InterfaceName, Priority, ScriptName, Vrid, Weight};
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::config::block::address::Address;
use crate::config::block::track;
use crate::config::block::value;
use crate::config::block::vrrp_instance::{AuthType, State, VrrpInstance, family as declared_family};
use crate::config::resolve::Resolver;
use crate::diagnostic::Code;
use crate::model::notify::StateScripts;
use crate::model::track::{TrackEffect, TrackedInterface, TrackedScript};
use crate::model::vrrp::{
    Announce, Authentication, Instance, OldChecksum, Transport, UnicastPeer, Version, VirtualAddress,
};

impl Resolver<'_> {
    /// An instance, or nothing when it cannot run; why was said.
    pub(super) fn instance(
        &mut self,
        block: &VrrpInstance,
        scripts: &[Tracked],
        watched: &Watched,
    ) -> Option<Instance> {
        let instance = self.usable(block, scripts, watched);
        if instance.is_none() {
            // Script security asks for every script of the file (CL-118).
            self.state_scripts(block);
        }
        instance
    }

    fn usable(&mut self, block: &VrrpInstance, scripts: &[Tracked], watched: &Watched) -> Option<Instance> {
        let global = &self.config.global;
        let name = &block.name;
        let strict = value(&block.strict_mode).or(value(&global.vrrp_strict)).unwrap_or(false);
        let family = family(block);
        self.same_family(block, family);
        let loopback = block
            .interface
            .as_ref()
            .filter(|interface| self.host.interface(&interface.value.0).is_some_and(|interface| interface.loopback));
        if let Some(interface) = loopback {
            let words = format!("({name}) cannot use a loopback interface ({}) for vrrp - ignoring", interface.value.0);
            self.report(Code::InvalidValue, interface.span, words);
        }
        let interface_there = match &block.interface {
            None => true,
            Some(interface) => {
                let words =
                    || format!("WARNING - interface {} for vrrp_instance {name} doesn't exist", interface.value.0);
                self.interface_there(&interface.value.0, interface.span, words)
            }
        };
        let Some(vrid) = value(&block.virtual_router_id).and_then(|vrid| Vrid::new(vrid.0 as u8)) else {
            self.late(Code::BlockRefused, block.span, format!("({name}) the virtual router id must be set"));
            return None;
        };
        if loopback.is_some() || block.interface.is_none() && (block.source.is_none() || block.unicast_peers.is_empty())
        {
            self.late(Code::BlockRefused, block.span, format!("({name}) Unknown interface!"));
            return None;
        }
        let version = self.version(block, family, strict);
        let (virtual_addresses, mut excluded) = self.addresses(block, family);
        if !self.has_addresses(block, version, strict, virtual_addresses.is_empty() && excluded.is_empty()) {
            return None;
        }
        let (priority, wants_master) = self.start(block, strict);
        let authentication = self.authentication(block, version, family, strict);
        let interval = self.interval(block, version);
        let auth_hmac = self.auth_hmac(block, interval, strict);
        let authentication = self.one_authentication(block, authentication, auth_hmac.is_some());
        let transport = self.transport(block, family);
        let unicast = matches!(transport, Transport::Unicast { .. });
        if !self.strict_about_peers(block, unicast, strict) || !self.source_of_no_link(block, family) {
            return None;
        }
        let unreachable = self.unreachable(block, &transport);
        if !unicast {
            self.link_local_first(block, virtual_addresses.first(), strict);
        }
        let room = Room { version, family, ah: authentication.is_ah(), trailer: auth_hmac.is_some() };
        let (virtual_addresses, moved) = self.fitting(block, &room, virtual_addresses);
        excluded.extend(moved);
        let wants_master = wants_master && !self.ah_excludes_master(block, authentication, priority);
        let (preempt, preempt_delay) = self.preemption(block, wants_master, priority, strict);
        let down_timer_adverts = self.down_timer_adverts(block, strict);
        let footing = self.footing(block, (family, vrid), unicast, strict);
        let vrf = self.vrf(block, unicast);
        let smtp_alert = self.vrrp_smtp_alert(value(&block.smtp_alert));
        self.strict_about_adverts(block, strict);
        let owner_ignore = self.owner_ignore_adverts(block, priority, strict);
        let lower_prio_no_advert = value(&block.lower_prio_no_advert).or(value(&global.vrrp_lower_prio_no_advert));
        let higher_prio = value(&block.higher_prio_send_advert).or(value(&global.vrrp_higher_prio_send_advert));
        let track_interfaces = self.own_tracked_interfaces(block, interface_there);
        Some(Instance {
            name: InstanceName::new(name),
            vrid,
            family,
            version,
            interface: block.interface.as_ref().map(|interface| InterfaceName::new(&interface.value.0)),
            device: footing.device.clone(),
            xmit_base: footing.xmit_base,
            vrf,
            disabled: footing.disabled || unreachable,
            wants_master,
            priority,
            advert_interval: interval,
            down_timer_adverts,
            preempt,
            preempt_delay,
            authentication,
            auth_hmac,
            transport,
            source: source(block, family),
            virtual_addresses: self.placed(block, &footing, virtual_addresses),
            excluded_addresses: self.placed(block, &footing, excluded),
            routes: block.virtual_routes.iter().filter_map(|entry| self.route(entry)).collect(),
            rules: block.virtual_rules.iter().filter_map(|entry| self.rule(entry)).collect(),
            promote_secondaries: self.promote_secondaries(block, &footing),
            static_interfaces: Vec::new(),
            announce: {
                self.repeats_above_zero(block);
                self.announce(block, strict)
            },
            lower_prio_no_advert: strict || lower_prio_no_advert.unwrap_or(false),
            higher_prio_send_advert: !strict && higher_prio.unwrap_or(false),
            timer_expired_backup: self.timer_expired_backup(block, preempt),
            owner_ignore_adverts: owner_ignore,
            // QUIRK kept: any valid boolean at this level switches it on (VR-88).
            skip_check_adv_addr: block.skip_check_adv_addr.is_some()
                || value(&global.vrrp_skip_check_adv_addr).unwrap_or(false),
            receive_buffer: value(&block.kernel_rx_buf_size).map(|size| size.0 as u32).filter(|size| *size > 0),
            v3_checksum_as_v2: value(&block.v3_checksum_as_v2).unwrap_or(global.v3_checksum_as_v2.is_some()),
            old_unicast_checksum: match block.old_unicast_checksum.as_ref().filter(|_| unicast) {
                None => OldChecksum::Auto,
                Some(given) if given.value.0.is_some() => OldChecksum::Never,
                Some(_) => OldChecksum::Always,
            },
            multicast_group4: match value(&global.vrrp_mcast_group4) {
                Some(IpAddr::V4(group)) => group,
                Some(IpAddr::V6(_)) | None => Ipv4Addr::new(224, 0, 0, 18),
            },
            accept: self.accept(block, version, priority, strict),
            bar_by_name: block.dont_track_primary.is_some() && global.nftables_ifindex.is_none(),
            strict,
            dont_track_primary: block.dont_track_primary.is_some(),
            track_interfaces,
            track_scripts: self.tracked_scripts(&block.name, &block.track_scripts, scripts),
            track_bfds: self.own_tracked_bfds(&block.name, &block.track_bfds, block.span, priority),
            track_files: self.tracked_files(&block.track_files),
            track_processes: watched.tracked_processes(&block.track_processes),
            notify: self.state_scripts(block),
            notify_deleted: block.deleted.is_some(),
            notify_priority_changes: self.notify_priority_changes(block),
            smtp_alert,
        })
    }

    fn state_scripts(&mut self, block: &VrrpInstance) -> Arc<StateScripts> {
        let scripts = StateScripts {
            master: self.notify(&block.notify_master),
            backup: self.notify(&block.notify_backup),
            fault: self.notify(&block.notify_fault),
            stop: self.notify(&block.notify_stop),
            deleted: self.notify(&block.notify_deleted),
            master_rx_lower_pri: self.notify(&block.notify_master_rx_lower_pri),
            any: self.notify(&block.notify),
        };
        if scripts == *self.no_state_scripts { self.no_state_scripts.clone() } else { Arc::new(scripts) }
    }

    /// Addresses and peers of the other family are left out.
    fn same_family(&mut self, block: &VrrpInstance, family: Family) {
        let name = &block.name;
        for peer in block.unicast_peers.iter().filter(|peer| Family::of(peer.address) != family) {
            let words = format!(
                "Configuration error: VRRP instance[{name}] and unicast peer address[{}] MUST be of the same family !!! Skipping...",
                peer.address
            );
            self.report(Code::InvalidValue, peer.span, words);
        }
        if let Some(source) = block.source.as_ref().filter(|source| Family::of(source.value) != family) {
            let words = format!(
                "Configuration error: VRRP instance[{name}] and src address[{}] MUST be of the same family !!! Skipping...",
                source.value
            );
            self.report(Code::InvalidValue, source.span, words);
        }
    }

    /// VR-14, VR-15, VR-93.
    fn version(&mut self, block: &VrrpInstance, family: Family, strict: bool) -> Version {
        let global = value(&self.config.global.vrrp_version);
        let own = block.version.map(|version| (version.value.0, version.span));
        match (own, family) {
            (Some((2, span)), Family::V6) => {
                let name = &block.name;
                let deduced = block.native_ipv6.is_some_and(|native| native.span.lo < span.lo);
                if deduced || block.virtual_addresses.first().is_some_and(|first| span.lo > first.span.lo) {
                    let deduced = if deduced { 3 } else { 0 };
                    let words = format!(
                        "({name}) vrrp_version 2 conflicts with configured or deduced version {deduced}; ignoring."
                    );
                    self.report(Code::InvalidValue, span, words);
                } else if strict {
                    let words = format!("({name}) cannot use IPv6 with VRRP version 2; setting version 3");
                    self.late(Code::Adjusted, span, words);
                } else {
                    return Version::V2;
                }
                Version::V3
            }
            (Some((2, _)), Family::V4) => Version::V2,
            (Some(_), _) | (None, Family::V6) => Version::V3,
            (None, Family::V4) => {
                if global.is_some_and(|version| version.0 == 3) {
                    Version::V3
                } else {
                    Version::V2
                }
            }
        }
    }

    /// The addresses of the family, and the excluded ones; doubles are refused (VR-10).
    fn addresses<'b>(&mut self, block: &'b VrrpInstance, family: Family) -> (Vec<&'b Address>, Vec<&'b Address>) {
        let name = &block.name;
        let mut kept: Vec<&Address> = Vec::new();
        for address in &block.virtual_addresses {
            let shown = address.cidr.address;
            if Family::of(shown) != family {
                let written = address.text.as_str();
                let words = format!("({name}): address family must match VRRP instance [{written}] - ignoring");
                self.report(Code::InvalidValue, address.span, words);
            } else if kept
                .iter()
                .any(|other| other.cidr.address == shown && other.device_name() == address.device_name())
            {
                let words = format!("({name}): VIP duplicates a VIP {shown} - ignoring");
                self.report(Code::Duplicate, address.span, words);
            } else if self.device_there(address) {
                kept.push(address);
            }
        }
        let mut excluded: Vec<&Address> = Vec::new();
        for address in &block.excluded_addresses {
            let shown = address.cidr.address;
            let same = |other: &&Address| other.cidr.address == shown && other.device_name() == address.device_name();
            let (among, excludes) = (kept.iter().any(same), excluded.iter().any(same));
            if among || excludes {
                let which = if among { "a VIP" } else { "an excluded VIP" };
                let words = format!("({name}): Excluded VIP duplicates {which} {shown} - ignoring");
                self.report(Code::Duplicate, address.span, words);
            } else if self.device_there(address) {
                excluded.push(address);
            }
        }
        (kept, excluded)
    }

    pub(super) fn device_there(&mut self, address: &Address) -> bool {
        let Some((device, span)) = &address.device else { return true };
        let words = || format!("WARNING - interface {device} for ip address {} doesn't exist", address.text);
        self.interface_there(device, *span, words)
    }

    /// VR-103, VR-104: an instance without addresses.
    fn has_addresses(&mut self, block: &VrrpInstance, version: Version, strict: bool, none: bool) -> bool {
        if !none || (block.no_virtual_ipaddress.is_some() && !strict) {
            return true;
        }
        if let Some(given) = block.no_virtual_ipaddress {
            let words = format!("({}) no_virtual_ipaddress cannot be used in strict mode - clearing", block.name);
            self.late(Code::Warning, given.span, words);
        }
        let required = strict || version == Version::V3;
        let (code, word) = if required { (Code::BlockRefused, "required") } else { (Code::Warning, "sensible") };
        let words = format!("({}) No VIP specified; at least one is {word}", block.name);
        self.late(code, block.span, words);
        !required
    }

    /// VR-8: what does not fit an advert is kept as excluded.
    fn fitting<'b>(
        &mut self,
        block: &VrrpInstance,
        room: &Room,
        mut addresses: Vec<&'b Address>,
    ) -> (Vec<&'b Address>, Vec<&'b Address>) {
        let interface = block.interface.as_ref().and_then(|interface| self.host.interface(&interface.value.0));
        let mtu = interface.map_or(1500, |interface| interface.mtu as usize);
        let most = room.addresses(mtu);
        if addresses.len() <= most {
            return (addresses, Vec::new());
        }
        let moved = addresses.split_off(most);
        let words = format!(
            "({}) Number of VIPs ({}) exceeds maximum/space available in packet (max {most} addresses) - excess moved to eVIPs",
            block.name,
            most + moved.len()
        );
        self.late(Code::Adjusted, block.span, words);
        (addresses, moved)
    }

    /// VR-12, VR-94: base priority, and whether `state MASTER` counts.
    fn start(&mut self, block: &VrrpInstance, strict: bool) -> (Priority, bool) {
        let state = value(&block.state);
        let priority = match value(&block.priority) {
            Some(priority) => Priority(priority.0 as u8),
            None if state == Some(State::Master) => Priority::OWNER,
            None => Priority::DEFAULT,
        };
        let wants_master = match state {
            Some(state) => state == State::Master,
            None => priority.is_owner(),
        };
        if strict && wants_master != priority.is_owner() {
            let words = format!("({}) State MASTER must match being address owner", block.name);
            self.late(Code::Adjusted, block.state.map_or(block.span, |state| state.span), words);
            return (priority, priority.is_owner());
        }
        (priority, wants_master)
    }

    /// VR-13: whole seconds in version 2, steps of 10 ms in version 3.
    fn interval(&mut self, block: &VrrpInstance, version: Version) -> Interval {
        let Some(given) = block.advert_int else { return Interval::from_secs(1) };
        let (micros, name) = (given.value.0, &block.name);
        let seconds = micros as f64 / 1e6;
        match version {
            Version::V2 if !micros.is_multiple_of(1_000_000) => {
                let words =
                    format!("({name}) VRRPv2 advertisement interval {seconds:.6}s must be an integer. rounding");
                self.late(Code::Adjusted, given.span, words);
                Interval::from_secs(((micros + 500_000) / 1_000_000).clamp(1, 255))
            }
            Version::V2 => Interval::from_micros(micros),
            Version::V3 if micros > 40_950_000 => {
                let words = format!(
                    "({name}) VRRPv3 advertisement interval {seconds:.2}s is out of range. Must be less than 40.96s. Setting to 40.95s"
                );
                self.late(Code::Adjusted, given.span, words);
                Interval::from_millis(40_950)
            }
            Version::V3 if !micros.is_multiple_of(10_000) => {
                let words =
                    format!("({name}) VRRPv3 advertisement interval {seconds:.6}s must be in units of 10ms - rounding");
                self.late(Code::Adjusted, given.span, words);
                Interval::from_millis(((micros + 5_000) / 10_000).max(1) * 10)
            }
            Version::V3 => Interval::from_micros(micros),
        }
    }

    /// VR-97, VR-108.
    fn preemption(&mut self, block: &VrrpInstance, master: bool, priority: Priority, strict: bool) -> (bool, Interval) {
        let name = &block.name;
        let mut preempt = block.nopreempt.is_none();
        if let Some(given) = block.nopreempt {
            let words = if priority.is_owner() {
                Some(format!("({name}) nopreempt is incompatible with priority 255. resetting nopreempt"))
            } else {
                master
                    .then(|| format!("({name}) Warning - nopreempt will not work with initial state MASTER - clearing"))
            };
            if let Some(words) = words {
                self.late(Code::Adjusted, given.span, words);
                preempt = true;
            }
        }
        let mut delay = value(&block.preempt_delay).map_or(Interval::ZERO, |delay| Interval::from_micros(delay.0));
        if !delay.is_zero() {
            let name = &block.name;
            let start = master.then(|| {
                format!("({name}) Warning - preempt delay will not work with initial state MASTER - clearing")
            });
            let modes = [(strict, "strict"), (!preempt, "nopreempt")];
            let modes = modes.into_iter().filter(|(set, _)| !master && *set);
            let modes =
                modes.map(|(_, mode)| format!("({name}) preempt_delay is incompatible with {mode} mode - resetting"));
            for words in start.into_iter().chain(modes) {
                self.late(Code::Adjusted, block.preempt_delay.map_or(block.span, |given| given.span), words);
                delay = Interval::ZERO;
            }
        }
        (preempt, delay)
    }

    /// VR-27, VR-106, VR-111: to peers when there are any, else to the group.
    fn transport(&mut self, block: &VrrpInstance, family: Family) -> Transport {
        let name = &block.name;
        let same = block.unicast_peers.iter().filter(|peer| Family::of(peer.address) == family);
        let peers: Vec<UnicastPeer> = same
            .map(|peer| UnicastPeer {
                address: peer.address,
                min_ttl: peer.min_ttl.unwrap_or(0),
                max_ttl: peer.max_ttl.unwrap_or(255),
            })
            .collect();
        if !peers.is_empty() {
            if let Some(given) = block.mcast_dst_ip {
                let words = format!("({name}) multicast destination specified with unicast - ignoring");
                self.late(Code::InvalidValue, given.span, words);
            }
            let limited = block.unicast_peers.iter().any(|peer| peer.min_ttl.is_some() || peer.max_ttl.is_some());
            return Transport::Unicast {
                peers,
                ttl: value(&block.unicast_ttl).map(|ttl| ttl.0 as u8),
                check_source: limited
                    || block.check_unicast_src.is_some()
                    || self.config.global.vrrp_check_unicast_src.is_some(),
            };
        }
        if let Some(span) = block.unicast.filter(|_| block.unicast_fault_no_peer.is_none()) {
            let words = format!(
                "({name}) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration."
            );
            self.late(Code::Deprecated, span, words);
        }
        if let Some(given) = block.unicast_ttl {
            let words = format!("({name}): Cannot use unicast_ttl without unicast peers - resetting");
            self.at_end(Code::InvalidValue, block.end, given.span, words);
        }
        let global = &self.config.global;
        let own = value(&block.mcast_dst_ip).filter(|group| Family::of(*group) == family);
        let group = own.unwrap_or(match family {
            Family::V4 => value(&global.vrrp_mcast_group4).unwrap_or(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18))),
            Family::V6 => {
                value(&global.vrrp_mcast_group6).unwrap_or(IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)))
            }
        });
        Transport::Multicast { group }
    }

    /// VR-106, VR-107: whether it can speak to nobody until the file or the host is another one.
    fn unreachable(&mut self, block: &VrrpInstance, transport: &Transport) -> bool {
        let Transport::Multicast { .. } = transport else { return false };
        let name = &block.name;
        if let Some(given) = block.unicast_fault_no_peer {
            let words = format!("({name}) Cannot use unicast without any peers - going to fault state");
            self.late(Code::Logged, given.span, words);
            return true;
        }
        let Some(interface) = &block.interface else { return false };
        if self.host.interface(&interface.value.0).is_some_and(|found| !found.multicast) {
            let words = format!(
                "({name}) interface {} does not support multicast, specify unicast peers - disabling",
                interface.value.0
            );
            self.late(Code::InvalidValue, interface.span, words);
            return true;
        }
        false
    }

    /// VR-42, VR-95: only version 2 without strict mode has any.
    fn authentication(
        &mut self,
        block: &VrrpInstance,
        version: Version,
        family: Family,
        strict: bool,
    ) -> Authentication {
        let given = &block.authentication;
        let Some(kind) = value(&given.auth_type) else { return Authentication::None };
        let name = &block.name;
        let why = if strict {
            Some("Strict mode does not support authentication. Ignoring.")
        } else if version == Version::V3 {
            Some("VRRP version 3 does not support authentication. Ignoring.")
        } else if kind == AuthType::Ah && family == Family::V6 {
            Some("Cannot use AH authentication with VRRPv2 and IPv6 - ignoring")
        } else if given.auth_pass.as_ref().is_none_or(|password| password.value.is_empty()) {
            Some("Authentication specified but no password given. Ignoring")
        } else {
            None
        };
        if let Some(why) = why {
            self.late(Code::Adjusted, given.span, format!("({name}) {why}"));
            return Authentication::None;
        }
        let mut password = [0; 8];
        let text = given.auth_pass.as_ref().map_or(&[][..], |password| &password.value);
        for (to, from) in password.iter_mut().zip(text) {
            *to = *from;
        }
        match kind {
            AuthType::Pass => Authentication::Pass(password),
            AuthType::Ah => Authentication::Ah(password),
        }
    }

    /// Its own word, else that of the group that it is in, else everyone's.
    fn notify_priority_changes(&self, block: &VrrpInstance) -> bool {
        let config = self.config;
        let in_group = config.sync_groups.iter().find(|group| group.members.iter().any(|one| one.value == block.name));
        let of_group = in_group.and_then(|group| value(&group.notify_priority_changes));
        let own = value(&block.notify_priority_changes).or(of_group);
        own.or(value(&config.global.vrrp_notify_priority_changes)).unwrap_or(false)
    }

    /// VR-42: AH starts as backup unless it owns the addresses.
    fn ah_excludes_master(&mut self, block: &VrrpInstance, authentication: Authentication, priority: Priority) -> bool {
        let master = value(&block.state) == Some(State::Master);
        if !master || priority.is_owner() || !matches!(authentication, Authentication::Ah(_)) {
            return false;
        }
        let words = format!("({}) Initial state master is incompatible with AH authentication - clearing", block.name);
        self.late(Code::Adjusted, block.authentication.span, words);
        true
    }

    /// VR-110.
    fn timer_expired_backup(&mut self, block: &VrrpInstance, preempt: bool) -> Option<Priority> {
        let given = block.timer_expired_backup?;
        if preempt {
            let words = format!("({}) expired_timer_backup requires nopreempt - resetting", block.name);
            self.late(Code::Adjusted, given.span, words);
            return None;
        }
        Some(Priority(given.value.0 as u8))
    }

    /// VR-102, VR-109.
    fn owner_ignore_adverts(&mut self, block: &VrrpInstance, priority: Priority, strict: bool) -> bool {
        let global = value(&self.config.global.vrrp_owner_ignore_adverts);
        let wanted = value(&block.owner_ignore_adverts).unwrap_or(strict || global.unwrap_or(false));
        let own = block.owner_ignore_adverts;
        match (own, priority.is_owner()) {
            (Some(own), false) if own.value => {
                let words = format!("({}) ignoring owner_ignore_adverts since priority is not 255", block.name);
                self.late(Code::Adjusted, own.span, words);
                false
            }
            (Some(own), true) if !own.value => {
                let words = format!("({}) strict_mode with priority 255 requires owner_ignore_adverts", block.name);
                self.late(Code::Adjusted, own.span, words);
                true
            }
            (_, owner) => wanted && owner,
        }
    }

    /// VR-175.
    fn repeats_above_zero(&mut self, block: &VrrpInstance) {
        let repeats = [
            ("garp_master_repeat", block.garp_master_repeat),
            ("garp_master_refresh_repeat", block.garp_master_refresh_repeat),
        ];
        for (keyword, given) in repeats {
            if let Some(given) = given.filter(|given| given.value.0 == 0) {
                let words = format!("({}): {keyword} must be greater than 0, setting to 1", block.name);
                self.report(Code::Adjusted, given.span, words);
            }
        }
    }

    /// VR-169 … VR-176, VR-101: its own numbers, else the global ones, else the defaults.
    fn announce(&self, block: &VrrpInstance, strict: bool) -> Announce {
        let global = &self.config.global;
        let least = value(&global.vrrp_min_garp).unwrap_or(false);
        let count = |own: Option<i64>, all: Option<i64>, usual: i64, min_garp: i64| {
            own.or(all).unwrap_or(if least { min_garp } else { usual }).max(0) as u64
        };
        let get = |given: Option<i64>| given;
        let master_delay = count(
            value(&block.garp_master_delay).map(|n| n.0),
            value(&global.vrrp_garp_master_delay).map(|n| n.0),
            5,
            0,
        );
        let master_repeat = count(
            value(&block.garp_master_repeat).map(|n| n.0),
            value(&global.vrrp_garp_master_repeat).map(|n| n.0),
            5,
            1,
        );
        let refresh = count(
            value(&block.garp_master_refresh).map(|n| n.0),
            value(&global.vrrp_garp_master_refresh).map(|n| n.0),
            0,
            0,
        );
        let refresh_repeat = count(
            value(&block.garp_master_refresh_repeat).map(|n| n.0),
            value(&global.vrrp_garp_master_refresh_repeat).map(|n| n.0),
            1,
            0,
        );
        let global_delay = value(&global.vrrp_garp_master_delay).map_or(if least { 0 } else { 5 }, |n| n.0);
        let global_repeat = value(&global.vrrp_garp_master_repeat).map_or(if least { 1 } else { 5 }, |n| n.0);
        let lower_delay = get(value(&block.garp_lower_prio_delay).map(|n| n.0))
            .or(value(&global.vrrp_garp_lower_prio_delay).map(|n| n.0))
            .unwrap_or(global_delay);
        let lower_repeat = get(value(&block.garp_lower_prio_repeat).map(|n| n.0))
            .or(value(&global.vrrp_garp_lower_prio_repeat).map(|n| n.0))
            .unwrap_or(global_repeat);
        let extra = value(&block.garp_extra_if).or(value(&global.vrrp_garp_extra_if));
        Announce {
            master_delay: Interval::from_secs(master_delay),
            master_repeat: (master_repeat as u32).max(1),
            master_refresh: Interval::from_secs(refresh),
            master_refresh_repeat: (refresh_repeat as u32).max(1),
            lower_prio_delay: if strict { Interval::ZERO } else { Interval::from_secs(lower_delay as u64) },
            lower_prio_repeat: if strict { 0 } else { lower_repeat as u32 },
            garp_interval: Interval::from_micros(value(&global.vrrp_garp_interval).map_or(0, |gap| gap.0)),
            gna_interval: Interval::from_micros(value(&global.vrrp_gna_interval).map_or(0, |gap| gap.0)),
            extra_interval: Interval::from_secs(extra.map_or(0, |extra| u64::from(extra.seconds))),
            extra_all: extra.is_some_and(|extra| extra.all),
        }
    }

    /// Addresses on their interfaces.
    fn placed(
        &mut self,
        block: &VrrpInstance,
        footing: &Footing,
        addresses: Vec<&Address>,
    ) -> Vec<Arc<VirtualAddress>> {
        let own = block.interface.as_ref().map(|interface| InterfaceName::new(&interface.value.0));
        let mut placed = Vec::new();
        for address in addresses {
            let device = self.device_of_address(block, footing, address);
            let named =
                || address.device.as_ref().map(|(device, _)| InterfaceName::new(device)).or_else(|| own.clone());
            placed.push(Arc::new(VirtualAddress {
                cidr: address.cidr,
                interface: device.or_else(named),
                broadcast: address.broadcast,
                label: address.label.clone(),
                scope: address.scope,
                peer: address.peer,
                preferred_lifetime: address.preferred_lifetime,
                flags: address.flags,
                no_track: address.no_track,
            }));
        }
        placed
    }

    /// `vrf`: of a unicast instance without interface.
    fn vrf(&mut self, block: &VrrpInstance, unicast: bool) -> Option<InterfaceName> {
        let given = block.vrf.as_ref()?;
        let (name, vrf) = (&block.name, &given.value);
        if !unicast || block.interface.is_some() {
            let why = if unicast { "out an interface" } else { " unicast" };
            self.late(Code::Adjusted, given.span, format!("({name}) vrf can only be specified with{why} - clearing"));
            return None;
        }
        if self.host.interface(vrf).is_some_and(|interface| interface.loopback) {
            let words = format!("({name}) cannot use a loopback interface ({vrf}) for VRF - ignoring");
            self.report(Code::InvalidValue, given.span, words);
            return None;
        }
        let there =
            self.interface_there(vrf, given.span, || format!("({name}) WARNING - VRF interface {vrf} doesn't exist"));
        there.then(|| InterfaceName::new(vrf))
    }

    /// VR-100, VR-264.
    fn accept(&mut self, block: &VrrpInstance, version: Version, priority: Priority, strict: bool) -> bool {
        if block.no_accept.is_some() {
            return false;
        }
        if !strict || priority.is_owner() {
            return true;
        }
        if let Some(given) = block.accept.filter(|_| version == Version::V2) {
            let words = format!(
                "({}) warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting",
                block.name
            );
            self.late(Code::Adjusted, given.span, words);
        }
        block.accept.is_some() && version == Version::V3
    }

    fn own_tracked_interfaces(&mut self, block: &VrrpInstance, interface_there: bool) -> Vec<TrackedInterface> {
        let mut tracked = self.tracked_interfaces(&block.name, &block.track_interfaces);
        let Some(own) = block.interface.as_ref().filter(|_| interface_there) else { return tracked };
        if let Some(at) = tracked.iter().position(|one| one.interface.as_str() == own.value.0)
            && block.dont_track_primary.is_none()
        {
            let words = format!("({}) Ignoring track_interface {} since own interface", block.name, own.value.0);
            let span =
                block.track_interfaces.iter().find(|one| one.name == own.value.0).map_or(block.span, |one| one.span);
            self.late(Code::Warning, span, words);
            tracked.remove(at);
        }
        tracked
    }

    /// Interfaces of a `track_interface` list that are there or may come.
    pub(super) fn tracked_interfaces(&mut self, owner: &str, list: &[track::Tracked]) -> Vec<TrackedInterface> {
        let mut tracked = Vec::new();
        for one in list {
            if self.interface_there(&one.name, one.span, || {
                format!("({owner}) tracked interface {} doesn't exist", one.name)
            }) {
                let weight = Weight(one.weight.unwrap_or(0));
                let effect = TrackEffect { weight, reverse: one.reverse.unwrap_or(false) };
                tracked.push(TrackedInterface { interface: InterfaceName::new(&one.name), effect });
            }
        }
        tracked
    }

    /// Scripts of a `track_script` list that can run.
    pub(super) fn tracked_scripts(
        &mut self,
        owner: &str,
        list: &[track::Tracked],
        scripts: &[Tracked],
    ) -> Vec<TrackedScript> {
        let mut tracked = Vec::new();
        for one in list {
            if let Some(script) = scripts.iter().find(|script| script.model.name.as_str() == one.name) {
                let weight = Weight(one.weight.unwrap_or(script.weight.weight));
                let reverse = one.reverse.unwrap_or(script.weight.reverse);
                let effect = TrackEffect { weight, reverse };
                tracked.push(TrackedScript { script: ScriptName::new(&one.name), effect });
            } else if self.scripts.removed.contains(&one.name) {
                let words = format!("({owner}) track script {} not found, ignoring...", one.name);
                self.report(Code::NotFound, one.span, words);
            }
        }
        tracked
    }
}

impl Address {
    fn device_name(&self) -> Option<&str> {
        self.device.as_ref().map(|(device, _)| device.as_str())
    }
}

/// The family of an instance: said outright, else that of the first address in the file.
fn family(block: &VrrpInstance) -> Family {
    if block.native_ipv6.is_some() {
        return Family::V6;
    }
    declared_family(block).unwrap_or(Family::V4)
}

/// Where adverts are sent from, if that is configured: an ipvlan's address does it too (VR-206).
fn source(block: &VrrpInstance, family: Family) -> Option<IpAddr> {
    let ipvlan = block.use_ipvlan.as_ref().and_then(|ipvlan| value(&ipvlan.address)).map(|address| address.address);
    let own = value(&block.source).filter(|source| Family::of(*source) == family);
    own.or(ipvlan.filter(|address| Family::of(*address) == family))
}
