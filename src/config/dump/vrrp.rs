//! Virtual routers and sync groups.

use std::sync::Arc;

use super::writer::{Writer, boolean, word};
use super::{address, device, notify, route, track};
use crate::base::name::Authentication;
use crate::base::net::Family;
use crate::model::vrrp::{
    Announce, AntiReplay, AuthHmac, GarpGroup, HmacKey, HmacMode, Instance, LinkDelay, OldChecksum, PollMethod,
    PolledLink, ReceiveBuffers, Secret, SyncGroup, Transport, UnicastPeer, VirtualAddress, Vrrp,
};

/// What of it stands in `global_defs`.
pub fn settings(out: &mut Writer, vrrp: &Vrrp) {
    let Vrrp {
        instances,
        // Blocks of their own.
        sync_groups: _,
        scripts: _,
        files: _,
        processes: _,
        statics: _,
        // Of the instances and addresses that need them.
        devices: _,
        vmac_addr_prefix,
        firewall,
        disable_local_igmp,
        // Blocks of their own.
        garp_groups: _,
        startup_delay,
        delay_after_boot,
        log_unknown_vrids,
        // Of the command line.
        tells_addresses: _,
        // Blocks of their own.
        link_delays: _,
        polled_links: _,
        receive_buffers,
        tells_states_on_reload,
    } = vrrp;
    if !startup_delay.is_zero() {
        out.value("vrrp_startup_delay", startup_delay);
    }
    if !delay_after_boot.is_zero() {
        out.value("vrrp_delay_after_boot", delay_after_boot);
    }
    out.flag("log_unknown_vrids", *log_unknown_vrids);
    match receive_buffers {
        None => {}
        Some(ReceiveBuffers::Bytes(bytes)) => out.value("vrrp_rx_bufs_policy", bytes),
        Some(ReceiveBuffers::Mtus(times)) => {
            out.value("vrrp_rx_bufs_policy", "MTU");
            out.value("vrrp_rx_bufs_multiplier", times);
        }
        Some(ReceiveBuffers::Adverts(times)) => {
            out.value("vrrp_rx_bufs_policy", "ADVERT");
            out.value("vrrp_rx_bufs_multiplier", times);
        }
    }
    out.flag("fifo_write_vrrp_states_on_reload", *tells_states_on_reload);
    out.flag("disable_local_igmp", *disable_local_igmp);
    out.value("vmac_addr_prefix", word(vmac_addr_prefix));
    if let Some(firewall) = firewall {
        device::firewall(out, firewall);
    }
    // Who does not track its own interface matches by name, unless told not to.
    out.flag("nftables_ifindex", instances.iter().any(|one| one.dont_track_primary && !one.bar_by_name));
    // Every instance holds these, and all the same.
    if let Some(instance) = instances.first() {
        out.value("vrrp_mcast_group4", instance.multicast_group4);
        let Announce { garp_interval, gna_interval, .. } = instance.announce;
        for (keyword, gap) in [("vrrp_garp_interval", garp_interval), ("vrrp_gna_interval", gna_interval)] {
            if !gap.is_zero() {
                out.value(keyword, gap);
            }
        }
    }
}

/// Scripts first, then instances, then groups: each names only what stands above it.
pub fn blocks(out: &mut Writer, vrrp: &Vrrp) {
    vrrp.scripts.iter().for_each(|script| track::script(out, script));
    vrrp.files.iter().for_each(|file| track::file(out, file));
    vrrp.processes.iter().for_each(|process| track::process(out, process));
    vrrp.garp_groups.iter().for_each(|group| garp_group(out, group));
    out.entries("interface_up_down_delays", vrrp.link_delays.iter().map(link_delay));
    out.entries("linkbeat_interfaces", vrrp.polled_links.iter().map(polled_link));
    route::statics(out, &vrrp.statics, &vrrp.instances);
    vrrp.instances.iter().for_each(|one| instance(out, one, vrrp));
    vrrp.sync_groups.iter().for_each(|group| sync_group(out, group, &vrrp.instances));
}

fn link_delay(delay: &LinkDelay) -> String {
    let LinkDelay { interface, down, up } = delay;
    format!("{} {down} {up}", word(interface.as_str()))
}

fn polled_link(link: &PolledLink) -> String {
    let PolledLink { interface, method } = link;
    let method = method.map_or("", |method| match method {
        PollMethod::Mii => " MII",
        PollMethod::Ethtool => " ETHTOOL",
        PollMethod::Ioctl => " IOCTL",
    });
    format!("{}{method}", word(interface.as_str()))
}

fn garp_group(out: &mut Writer, group: &GarpGroup) {
    let GarpGroup { garp_interval, gna_interval, interfaces } = group;
    out.open("garp_group");
    out.value("garp_interval", garp_interval);
    out.value("gna_interval", gna_interval);
    out.entries("interfaces", interfaces.iter().map(|name| word(name.as_str()).to_string()));
    out.close();
}

/// One `vrrp_instance`. What decides the family and the version comes before the addresses.
fn instance(out: &mut Writer, instance: &Instance, vrrp: &Vrrp) {
    let Instance {
        name,
        vrid,
        family,
        version,
        interface,
        device,
        xmit_base,
        vrf,
        // Follows from the rest.
        disabled,
        wants_master,
        priority,
        advert_interval,
        down_timer_adverts,
        preempt,
        preempt_delay,
        authentication,
        auth_hmac,
        transport,
        source,
        virtual_addresses,
        excluded_addresses,
        routes,
        rules,
        promote_secondaries,
        // Of the track groups.
        static_interfaces: _,
        announce: times,
        lower_prio_no_advert,
        higher_prio_send_advert,
        owner_ignore_adverts,
        timer_expired_backup,
        skip_check_adv_addr,
        receive_buffer,
        v3_checksum_as_v2,
        old_unicast_checksum,
        // Of `global_defs`.
        multicast_group4: _,
        accept,
        strict,
        // Of `global_defs`.
        bar_by_name: _,
        dont_track_primary,
        track_interfaces,
        track_scripts,
        track_bfds,
        track_files,
        track_processes,
        notify: scripts,
        notify_deleted,
        notify_priority_changes,
        smtp_alert,
    } = instance;
    out.open(format_args!("vrrp_instance {}", word(name.as_str())));
    out.value("version", version);
    out.flag("native_ipv6", *family == Family::V6);
    out.value("strict_mode", boolean(*strict));
    out.value("state", if *wants_master { "MASTER" } else { "BACKUP" });
    out.given("interface", interface.as_ref().map(|interface| word(interface.as_str())));
    out.given("vrf", vrf.as_ref().map(|vrf| word(vrf.as_str())));
    out.value("virtual_router_id", vrid);
    if let Some(device) = vrrp.devices.iter().find(|one| Some(&one.name) == device.as_ref()) {
        device::own(out, device, instance);
    }
    out.flag("vmac_xmit_base", *xmit_base);
    out.value("priority", priority);
    out.value("advert_int", advert_interval);
    out.value("down_timer_adverts", down_timer_adverts);
    out.line(if *preempt { "preempt" } else { "nopreempt" });
    out.value("preempt_delay", preempt_delay);
    self::authentication(out, authentication);
    if let Some(signed) = auth_hmac {
        self::auth_hmac(out, signed);
    }
    self::transport(out, transport, old_unicast_checksum);
    // One of the reasons to be disabled, and the one that needs nothing of the host.
    out.flag("unicast_fault_no_peer", *disabled && matches!(transport, Transport::Multicast { .. }));
    out.given("mcast_src_ip", *source);
    addresses(out, "virtual_ipaddress", virtual_addresses, instance, vrrp);
    addresses(out, "virtual_ipaddress_excluded", excluded_addresses, instance, vrrp);
    out.flag("no_virtual_ipaddress", virtual_addresses.is_empty() && excluded_addresses.is_empty());
    out.entries("virtual_routes", routes.iter().map(|one| route::route(one, None)));
    out.entries("virtual_rules", rules.iter().map(|one| route::rule(one, None)));
    out.flag("promote_secondaries", *promote_secondaries);
    announce(out, times);
    out.value("lower_prio_no_advert", boolean(*lower_prio_no_advert));
    out.value("higher_prio_send_advert", boolean(*higher_prio_send_advert));
    // Only said of an owner, and given at all it is on.
    out.flag("owner_ignore_adverts", *owner_ignore_adverts);
    if let Some(priority) = timer_expired_backup {
        out.value("timer_expired_backup", priority);
    }
    out.flag("skip_check_adv_addr", *skip_check_adv_addr);
    out.given("kernel_rx_buf_size", *receive_buffer);
    out.value("v3_checksum_as_v2", boolean(*v3_checksum_as_v2));
    out.line(if *accept { "accept" } else { "no_accept" });
    out.flag("dont_track_primary", *dont_track_primary);
    track::interfaces(out, track_interfaces);
    track::scripts(out, track_scripts);
    track::bfds(out, track_bfds);
    track::files(out, track_files);
    track::processes(out, track_processes);
    notify::state_scripts(out, scripts);
    out.flag("notify_deleted", *notify_deleted && scripts.deleted.is_none());
    out.value("notify_priority_changes", boolean(*notify_priority_changes));
    notify::smtp_alert(out, *smtp_alert);
    out.close();
}

fn authentication(out: &mut Writer, authentication: &Authentication) {
    let (kind, password) = match authentication {
        Authentication::None => return,
        Authentication::Pass(password) => ("PASS", password),
        Authentication::Ah(password) => ("AH", password),
    };
    out.open("authentication");
    out.value("auth_type", kind);
    out.secret("auth_pass", password);
    out.close();
}

/// The window is worked out where the file does not give it.
fn auth_hmac(out: &mut Writer, signed: &AuthHmac) {
    let AuthHmac { keys, active, mode, anti_replay } = signed;
    out.open("auth_hmac");
    keys.iter().for_each(|HmacKey { id, secret: Secret(bytes) }| out.key(*id, bytes));
    out.value("active_key", active);
    out.value(
        "mode",
        match mode {
            HmacMode::Enforce => "enforce",
            HmacMode::Permissive => "permissive",
            HmacMode::ReceiveOnly => "receive-only",
        },
    );
    match anti_replay {
        AntiReplay::Time { window } => {
            out.value("anti_replay", "time");
            out.value("time_window", window);
        }
        AntiReplay::Monotonic => out.value("anti_replay", "monotonic"),
    }
    out.close();
}

fn transport(out: &mut Writer, transport: &Transport, checksum: &OldChecksum) {
    match transport {
        Transport::Multicast { group } => out.value("mcast_dst_ip", group),
        Transport::Unicast { peers, ttl, check_source } => {
            let peer = |UnicastPeer { address, min_ttl, max_ttl }: &_| match (min_ttl, max_ttl) {
                (0, 255) => address.to_string(),
                _ => format!("{address} min_ttl {min_ttl} max_ttl {max_ttl}"),
            };
            out.entries("unicast_peer", peers.iter().map(peer));
            out.given("unicast_ttl", *ttl);
            out.flag("check_unicast_src", *check_source);
            match checksum {
                OldChecksum::Auto => {}
                OldChecksum::Always => out.line("old_unicast_checksum"),
                OldChecksum::Never => out.line("old_unicast_checksum never"),
            }
        }
    }
}

/// Entries of `virtual_ipaddress`. The instance's own interface goes without saying, unless the same address stands
/// in the list already: the two differ in that word alone.
fn addresses(out: &mut Writer, keyword: &str, addresses: &[Arc<VirtualAddress>], instance: &Instance, vrrp: &Vrrp) {
    let own = instance.interface.as_ref();
    let entry = |(at, one): (usize, &Arc<VirtualAddress>)| {
        let again = addresses.iter().take(at).any(|before| before.cidr.address == one.cidr.address);
        let own = if again { None } else { own };
        // On a virtual interface it is written as on the one below.
        match device::below(one, instance, vrrp) {
            Some((plain, word)) => address::entry(&plain, own) + word,
            None => address::entry(one, own),
        }
    };
    out.entries(keyword, addresses.iter().enumerate().map(entry));
}

fn announce(out: &mut Writer, announce: &Announce) {
    let Announce {
        master_delay,
        master_repeat,
        master_refresh,
        master_refresh_repeat,
        lower_prio_delay,
        lower_prio_repeat,
        // Of `global_defs`.
        garp_interval: _,
        gna_interval: _,
        extra_interval,
        extra_all,
    } = announce;
    out.value("garp_master_delay", master_delay);
    out.value("garp_master_repeat", master_repeat);
    out.value("garp_master_refresh", master_refresh);
    out.value("garp_master_refresh_repeat", master_refresh_repeat);
    out.value("garp_lower_prio_delay", lower_prio_delay);
    out.value("garp_lower_prio_repeat", lower_prio_repeat);
    let all = if *extra_all { "all " } else { "" };
    out.value("garp_extra_if", format_args!("{all}{extra_interval}"));
}

fn sync_group(out: &mut Writer, group: &SyncGroup, instances: &[Arc<Instance>]) {
    let SyncGroup {
        name,
        members,
        track_interfaces,
        track_scripts,
        track_bfds,
        track_files,
        track_processes,
        tracking_weight,
        notify: scripts,
        smtp_alert,
    } = group;
    out.open(format_args!("vrrp_sync_group {}", word(name.as_str())));
    let names = members.iter().filter_map(|id| instances.get(id.0)).map(|instance| word(instance.name.as_str()));
    out.entries("group", names);
    out.flag("sync_group_tracking_weight", *tracking_weight);
    track::interfaces(out, track_interfaces);
    track::scripts(out, track_scripts);
    track::bfds(out, track_bfds);
    track::files(out, track_files);
    track::processes(out, track_processes);
    notify::state_scripts(out, scripts);
    notify::smtp_alert(out, *smtp_alert);
    out.close();
}
