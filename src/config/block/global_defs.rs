//! `global_defs`: settings of the whole router.

use std::net::IpAddr;

use super::track::User;
use super::vrrp_instance::Extra;
use super::{Given, minor, virtual_router};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Invalid, Missing, Repeat, Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Number, OptionalText, Seconds, Value, integer};
use crate::diagnostic::{Code, Spanned};

/// `global_defs { … }`; several blocks add up.
#[derive(Debug, Default)]
pub struct Global {
    pub router_id: Given<String>,
    pub notification_email_from: Given<String>,
    pub notification_email: Vec<Spanned<String>>,
    pub smtp_server: Given<SmtpServer>,
    pub smtp_helo_name: Given<OptionalText>,
    pub smtp_connect_timeout: Given<Number<0, 4294>>,
    pub smtp_alert: Given<bool>,
    pub smtp_alert_vrrp: Given<bool>,
    pub smtp_alert_checker: Given<bool>,
    pub checker_log_all_failures: Given<bool>,
    pub startup_script: Given<Script>,
    pub shutdown_script: Given<Script>,
    pub dynamic_interfaces: Given<Flag>,
    pub default_interface: Given<String>,
    pub no_email_faults: Given<Flag>,
    pub v3_checksum_as_v2: Given<Flag>,
    pub lvs_timeouts: Given<LvsTimeouts>,
    pub lvs_flush: Given<Flag>,
    pub lvs_flush_on_stop: Given<OptionalText>,
    pub lvs_sync_daemon: Given<SyncDaemon>,
    pub vrrp_mcast_group4: Given<IpAddr>,
    pub vrrp_mcast_group6: Given<IpAddr>,
    pub vrrp_garp_master_delay: Given<Number<0, 4294>>,
    pub vrrp_garp_master_repeat: Given<Number<0, 4_294_967_295>>,
    pub vrrp_garp_master_refresh: Given<Number<0, 4_294_967_295>>,
    pub vrrp_garp_master_refresh_repeat: Given<Number<0, 4_294_967_295>>,
    pub vrrp_garp_lower_prio_delay: Given<Number<0, 4294>>,
    pub vrrp_garp_lower_prio_repeat: Given<Number<0, 2_147_483_647>>,
    pub vrrp_down_timer_adverts: Given<Number<1, 100>>,
    pub vrrp_garp_interval: Given<Seconds<1, 4_294_967_295>>,
    pub vrrp_gna_interval: Given<Seconds<1, 4_294_967_295>>,
    pub vrrp_min_garp: Given<bool>,
    pub vrrp_lower_prio_no_advert: Given<bool>,
    pub vrrp_higher_prio_send_advert: Given<bool>,
    pub vrrp_version: Given<Number<2, 3>>,
    pub vrrp_check_unicast_src: Given<Flag>,
    pub vrrp_skip_check_adv_addr: Given<bool>,
    pub vrrp_strict: Given<bool>,
    pub vrrp_owner_ignore_adverts: Given<bool>,
    pub vrrp_startup_delay: Given<Seconds<1_000, 4_294_967_295>>,
    pub vrrp_delay_after_boot: Given<Seconds<1_000, 4_294_967_295>>,
    pub vrrp_notify_priority_changes: Given<bool>,
    pub log_unknown_vrids: Given<Flag>,
    pub vrrp_priority: Given<Number<-20, 19>>,
    pub checker_priority: Given<Number<-20, 19>>,
    pub vrrp_rt_priority: Given<RealTime>,
    pub checker_rt_priority: Given<RealTime>,
    pub vrrp_cpu_affinity: Vec<u16>,
    pub checker_cpu_affinity: Vec<u16>,
    pub vrrp_no_swap: Given<Flag>,
    pub bfd_priority: Given<Number<-20, 19>>,
    pub bfd_rt_priority: Given<RealTime>,
    pub bfd_cpu_affinity: Vec<u16>,
    pub bfd_no_swap: Given<Flag>,
    pub checker_no_swap: Given<Flag>,
    pub notify_fifo: Given<Fifo>,
    pub notify_fifo_script: Given<Script>,
    pub vrrp_notify_fifo: Given<Fifo>,
    pub vrrp_notify_fifo_script: Given<Script>,
    pub lvs_notify_fifo: Given<Fifo>,
    pub lvs_notify_fifo_script: Given<Script>,
    pub script_user: Given<User>,
    pub enable_script_security: Given<Flag>,
    pub rs_init_notifies: Given<bool>,
    pub vrrp_iptables: Given<String>,
    pub vrrp_ipsets: Given<Flag>,
    pub nftables: Given<String>,
    pub nftables_priority: Given<Number<{ -2_147_483_648 }, 2_147_483_647>>,
    pub nftables_ifindex: Given<Flag>,
    pub nftables_counters: Given<Flag>,
    pub vmac_prefix: Given<String>,
    pub vmac_addr_prefix: Given<String>,
    pub disable_local_igmp: Given<Flag>,
    pub vrrp_garp_extra_if: Given<Extra>,
    pub umask: Given<u32>,
}

/// `smtp_server HOST [PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpServer {
    pub host: String,
    pub port: u16,
}

/// `lvs_timeouts`, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LvsTimeouts {
    pub tcp: Option<u32>,
    pub tcp_fin: Option<u32>,
    pub udp: Option<u32>,
}

/// `lvs_sync_daemon`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncDaemon {
    pub interface: String,
    pub instance: Option<String>,
    pub id: Option<u8>,
    pub max_length: Option<u16>,
    pub port: Option<u16>,
    pub ttl: Option<u8>,
    pub group: Option<IpAddr>,
}

/// A FIFO and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fifo {
    pub path: String,
    pub owner: Option<User>,
}

/// A real-time priority, 1..=99; others are brought within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealTime(pub u8);

impl std::fmt::Display for RealTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Value for RealTime {
    const HINT: &'static str = "<int>";
    const MISSING: Missing = Missing::Report;

    fn parse(text: &str, lax: bool) -> crate::config::value::Parsed<RealTime> {
        let parsed = integer(text, i64::from(i32::MIN), i64::from(i32::MAX), lax);
        let fault = match parsed.value {
            Some(value) if value > 99 => Some(Fault::Tolerated(format!(
                "process real-time priority {value} greater than maximum 99 - setting to maximum"
            ))),
            Some(value) if value < 1 => Some(Fault::Tolerated(format!(
                "process real-time priority {value} less than minimum 1 - setting to minimum"
            ))),
            _ => parsed.fault,
        };
        crate::config::value::Parsed { value: parsed.value.map(|value| RealTime(value.clamp(1, 99) as u8)), fault }
    }
}

keywords! {
    pub static GLOBAL_DEFS: Global {
        read "process_names" (Flag = "") "Set the names of the processes.";
        read "process_name" (String = "") "Name of the process." { complaint: "Process name {} more than 15 characters, truncating" };
        read "vrrp_process_name" (String = "") "Name of the VRRP thread." { complaint: "Process name {} more than 15 characters, truncating" };
        read "checker_process_name" (String = "") "Name of the checker thread." { complaint: "Process name {} more than 15 characters, truncating" };
        read "lvs_process_name" (String = "") "Old name of checker_process_name." { complaint: "Process name {} more than 15 characters, truncating" };
        read "bfd_process_name" (String = "") "Name of the BFD thread." { complaint: "Process name {} more than 15 characters, truncating" };
        read "use_symlink_paths" (bool = "false") "Run scripts by the path as written." { since: "2.3.0", complaint: "Invalid value '{}' for global use_symlink_path specified" };
        read "set_supplementary_groups" (bool = "false") "Scripts get the further groups of their user." { since: "2.4.4", complaint: "Invalid set_supplementary_groups parameter {}" };
        set "router_id" (router_id: String = "") "Name of this router in mails." { missing: Missing::Report, complaint: "", lack: "routerid name missing - ignoring" };
        set "notification_email_from" (notification_email_from: String = "") "Sender of mails." { missing: Missing::Report, lack: "emailfrom missing - ignoring" };
        call "smtp_server" (smtp_server, Words, "<ipaddr|hostname> [<port>]", "") "Mail relay.";
        set "smtp_helo_name" (smtp_helo_name: OptionalText = "") "Name used in HELO.";
        call "smtp_connect_timeout" (smtp_connect_timeout, Value, "<uint>", "30") "Seconds to wait for the mail relay." { complaint: "smtp_connect_timeout '{}' must be in [0, 4294] - ignoring" };
        call "notification_email" (notification_email, Lines, "{ <addr>… }", "") "Who gets mails.";
        set "smtp_alert" (smtp_alert: bool = "") "Default of every smtp_alert." { complaint: "Invalid value '{}' for global smtp_alert specified" };
        script "startup_script" (startup_script) "Run before anything starts." { acted: false, missing: Missing::Report, lack: "startup script missing", again: "startup script already specified" };
        read "startup_script_timeout" (Number<1, 1000> = "10") "Seconds for startup_script." { missing: Missing::Report, complaint: "startup_script_timeout '{}' must be in [1, 1000] - ignoring", lack: "startup_script_timeout requires value" };
        script "shutdown_script" (shutdown_script) "Run after everything stopped." { acted: false, missing: Missing::Report, lack: "shutdown script missing", again: "shutdown script already specified" };
        read "shutdown_script_timeout" (Number<1, 1000> = "10") "Seconds for shutdown_script." { missing: Missing::Report, complaint: "shutdown_script_timeout '{}' must be in [1, 1000] - ignoring", lack: "shutdown_script_timeout requires value" };
        call "max_auto_priority" (max_auto_priority, Value, "[<int>]", "0") "Highest real-time priority to raise to." { acted: false, complaint: "max_auto_priority '{}' must be in [0, 99] (or -1 to disable) - ignoring" };
        read "min_auto_priority_delay" (Number<1, 10_000_000> = "1000000") "Delay that raises the priority, in microseconds." { missing: Missing::Report, complaint: "min_auto_priority_delay '{}' must be in [1, 10000000] - ignoring", lack: "min_auto_priority_delay requires delay time" };
        set "smtp_alert_vrrp" (smtp_alert_vrrp: bool = "") "Default of smtp_alert in VRRP." { complaint: "Invalid value '{}' for global smtp_alert_vrrp specified" };
        set "smtp_alert_checker" (smtp_alert_checker: bool = "") "Default of smtp_alert in virtual and real servers." { complaint: "Invalid value '{}' for global smtp_alert_checker specified" };
        set "checker_log_all_failures" (checker_log_all_failures: bool = "false") "Log each failure of a checker." { complaint: "Invalid value for checker_log_all_failures specified" };
        call "dynamic_interfaces" (dynamic_interfaces, Value, "[allow_if_changes]", "") "Interfaces may come and go.";
        read "no_email_faults" (Flag = "") "No mail about faults.";
        set "default_interface" (default_interface: String = "eth0") "Interface of static addresses." { missing: Missing::Report, lack: "default_interface requires interface name" };
        set "disable_local_igmp" (disable_local_igmp: Flag = "") "No IGMP reports for 224.0.0.0/24.";
        set "v3_checksum_as_v2" (v3_checksum_as_v2: Flag = "") "Default of v3_checksum_as_v2." { since: "2.2.8" };
        call "lvs_timeouts" (lvs_timeouts, Words, "[tcp <uint>] [tcpfin <uint>] [udp <uint>]", "") "Timeouts of IPVS connections.";
        set "lvs_flush" (lvs_flush: Flag = "") "Empty the IPVS table at start.";
        set "lvs_flush_on_stop" (lvs_flush_on_stop: OptionalText = "") "Empty the IPVS table at stop." { complaint: "Unknown lvs_flush_on_stop type {}" };
        set "lvs_flush_onstop" (lvs_flush_on_stop: OptionalText = "") "Old name of lvs_flush_on_stop." { complaint: "Unknown lvs_flush_on_stop type {}" };
        call "lvs_sync_daemon" (lvs_sync_daemon, Words, "<interface> [inst] <vrrp_instance> [id <uint>] [maxlen <uint>] [port <uint>] [ttl <uint>] [group <ipaddr>]", "") "IPVS connection synchronisation.";
        call "vrrp_mcast_group4" (mcast_group4, Value, "<ipv4 multicast>", "224.0.0.18") "Group of IPv4 adverts.";
        call "vrrp_mcast_group6" (mcast_group6, Value, "<ipv6 multicast>", "ff02::12") "Group of IPv6 adverts.";
        set "vrrp_garp_master_delay" (vrrp_garp_master_delay: Number<0, 4294> = "5") "Default of garp_master_delay.";
        call "vrrp_garp_master_repeat" (garp_master_repeat, Value, "<uint>", "5") "Default of garp_master_repeat.";
        set "vrrp_garp_master_refresh" (vrrp_garp_master_refresh: Number<0, 4_294_967_295> = "0") "Default of garp_master_refresh." { invalid: Invalid::Default, complaint: "Invalid vrrp_garp_master_refresh '{}' - ignoring" };
        call "vrrp_garp_master_refresh_repeat" (garp_master_refresh_repeat, Value, "<uint>", "1") "Default of garp_master_refresh_repeat.";
        set "vrrp_garp_lower_prio_delay" (vrrp_garp_lower_prio_delay: Number<0, 4294> = "") "Default of garp_lower_prio_delay.";
        set "vrrp_garp_lower_prio_repeat" (vrrp_garp_lower_prio_repeat: Number<0, 2_147_483_647> = "") "Default of garp_lower_prio_repeat." { complaint: "Invalid vrrp_garp_lower_prio_repeat '{}'" };
        set "vrrp_down_timer_adverts" (vrrp_down_timer_adverts: Number<1, 100> = "3") "Default of down_timer_adverts." { complaint: "Invalid vrrp_down_timer_adverts [1:100] '{}'" };
        set "vrrp_garp_interval" (vrrp_garp_interval: Seconds<1, 4_294_967_295> = "") "Least gap between gratuitous ARPs of an interface." { complaint: "vrrp_garp_interval '{}' is invalid" };
        set "vrrp_gna_interval" (vrrp_gna_interval: Seconds<1, 4_294_967_295> = "") "Least gap between unsolicited advertisements of an interface." { complaint: "vrrp_gna_interval '{}' is invalid" };
        set "vrrp_min_garp" (vrrp_min_garp: bool = "false") "One gratuitous ARP only." { complaint: "Invalid value for vrrp_min_garp specified" };
        call "vrrp_garp_extra_if" (virtual_router::garp_extra_if, Words, "[all] <uint>", "0") "Default of garp_extra_if.";
        call "vrrp_vmac_garp_intvl" (virtual_router::garp_extra_if, Words, "[all] <uint>", "0") "Old name of vrrp_garp_extra_if." { deprecated: "Keyword \"vrrp_vmac_garp_intvl\" is deprecated - please use \"vrrp_garp_extra_if\"" };
        set "vrrp_lower_prio_no_advert" (vrrp_lower_prio_no_advert: bool = "false") "Default of lower_prio_no_advert." { complaint: "Invalid value for vrrp_lower_prio_no_advert specified" };
        set "vrrp_higher_prio_send_advert" (vrrp_higher_prio_send_advert: bool = "false") "Default of higher_prio_send_advert." { complaint: "Invalid value for vrrp_higher_prio_send_advert specified" };
        set "vrrp_version" (vrrp_version: Number<2, 3> = "2") "Default of version." { complaint: "VRRP Error: Version must be either 2 or 3" };
        call "vrrp_iptables" (virtual_router::vrrp_iptables, Words, "[<chain> [<chain>]]", "") "Firewall rules, served by nftables." { repeat: Repeat::Refuse };
        call "vrrp_ipsets" (virtual_router::vrrp_ipsets, Words, "[<set>…]", "") "Names of ipsets; nftables has sets of its own.";
        call "nftables" (virtual_router::nftables, Value, "[<table>]", "keepalived") "Firewall rules by nftables." { repeat: Repeat::Refuse };
        call "nftables_priority" (virtual_router::nftables_priority, Value, "<int>", "-1") "Priority of the chains." { lax: false, complaint: "invalid nftables chain priority '{}'" };
        set "nftables_ifindex" (nftables_ifindex: Flag = "") "Match interfaces by number.";
        set "vrrp_check_unicast_src" (vrrp_check_unicast_src: Flag = "") "Default of check_unicast_src.";
        set "vrrp_skip_check_adv_addr" (vrrp_skip_check_adv_addr: bool = "false") "Default of skip_check_adv_addr." { complaint: "Invalid value '{}' for global vrrp_check_adv_addr specified" };
        set "vrrp_strict" (vrrp_strict: bool = "false") "Default of strict_mode." { complaint: "Invalid value '{}' for global vrrp_strict specified" };
        set "vrrp_priority" (vrrp_priority: Number<{ -20 }, 19> = "0") "Nice level of the VRRP thread." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid vrrp process priority specified", lack: "No vrrp process priority specified" };
        set "vrrp_no_swap" (vrrp_no_swap: Flag = "") "Lock memory.";
        set "vrrp_rt_priority" (vrrp_rt_priority: RealTime = "") "Real-time priority of the VRRP thread." { complaint: "vrrp process real-time priority '{}' invalid", missing: Missing::Report, lack: "No vrrp process real-time priority specified" };
        call "vrrp_cpu_affinity" (vrrp_cpu_affinity, Words, "<uint>…", "") "Processors of the VRRP thread.";
        read "vrrp_rlimit_rttime" (Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { complaint: "Invalid vrrp real-time limit - {}" };
        read "vrrp_rlimit_rtime" (Number<1, 4_294_967_295> = "10000") "Old name of vrrp_rlimit_rttime." { complaint: "Invalid vrrp real-time limit - {}" };
        read "nftables_ipvs" (OptionalText = "") "Firewall marks for groups of virtual servers." { again: "ipvs nftables already specified - ignoring", repeat: Repeat::Refuse };
        read "nftables_ipvs_priority" (Number<{ -2_147_483_648 }, 2_147_483_647> = "-1") "Priority of its chain." { complaint: "invalid ipvs nftables chain priority '{}'" };
        read "nftables_ipvs_start_fwmark" (Number<1, 4_294_967_295> = "1000") "First mark." { complaint: "invalid ipvs nftables start_fwmark priority '{}'" };
        set "nftables_counters" (nftables_counters: Flag = "") "Count packets in rules.";
        call "notify_fifo" (notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of everything.";
        script "notify_fifo_script" (notify_fifo_script) "Program that reads notify_fifo." { missing: Missing::Report, lack: "No notify_fifo_script specified", again: "notify_fifo_script already specified - ignoring {}" };
        call "vrrp_notify_fifo" (vrrp_notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of VRRP.";
        script "vrrp_notify_fifo_script" (vrrp_notify_fifo_script) "Program that reads vrrp_notify_fifo." { missing: Missing::Report, lack: "No vrrp_notify_fifo_script specified", again: "vrrp_notify_fifo_script already specified - ignoring {}" };
        set "vrrp_notify_priority_changes" (vrrp_notify_priority_changes: bool = "false") "Tell of priority changes." { complaint: "Invalid value '{}' for global vrrp_notify_priority_changes specified" };
        read "fifo_write_vrrp_states_on_reload" (Flag = "") "Tell all states after a reload.";
        call "lvs_notify_fifo" (lvs_notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of virtual and real servers.";
        script "lvs_notify_fifo_script" (lvs_notify_fifo_script) "Program that reads lvs_notify_fifo." { missing: Missing::Report, lack: "No lvs_notify_fifo_script specified", again: "lvs_notify_fifo_script already specified - ignoring {}" };
        set "checker_priority" (checker_priority: Number<{ -20 }, 19> = "0") "Nice level of the checker thread." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid checker process priority specified", lack: "No checker process priority specified" };
        set "checker_no_swap" (checker_no_swap: Flag = "") "Lock memory.";
        set "checker_rt_priority" (checker_rt_priority: RealTime = "") "Real-time priority of the checker thread." { complaint: "checker process real-time priority '{}' invalid", missing: Missing::Report, lack: "No checker process real-time priority specified" };
        call "checker_cpu_affinity" (checker_cpu_affinity, Words, "<uint>…", "") "Processors of the checker thread.";
        read "checker_rlimit_rttime" (Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { complaint: "Invalid checker real-time limit - {}" };
        read "checker_rlimit_rtime" (Number<1, 4_294_967_295> = "10000") "Old name of checker_rlimit_rttime." { complaint: "Invalid checker real-time limit - {}" };
        set "bfd_priority" (bfd_priority: Number<{ -20 }, 19> = "0") "Nice level of BFD, which runs on the VRRP thread." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid bfd process priority specified", lack: "No bfd process priority specified" };
        set "bfd_no_swap" (bfd_no_swap: Flag = "") "Lock memory.";
        set "bfd_rt_priority" (bfd_rt_priority: RealTime = "") "Real-time priority of BFD, which runs on the VRRP thread." { complaint: "bfd process real-time priority '{}' invalid", missing: Missing::Report, lack: "No bfd process real-time priority specified" };
        call "bfd_cpu_affinity" (bfd_cpu_affinity, Words, "<uint>…", "") "Processors of BFD, which runs on the VRRP thread.";
        read "bfd_rlimit_rttime" (Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { complaint: "Invalid bfd real-time limit - {}" };
        read "bfd_rlimit_rtime" (Number<1, 4_294_967_295> = "10000") "Old name of bfd_rlimit_rttime." { complaint: "Invalid bfd real-time limit - {}" };
        read "snmp_socket" (String = "") "Socket of the SNMP master." { missing: Missing::Report, lack: "SNMP error : snmp socket name missing" };
        read "enable_traps" (Flag = "") "Send SNMP traps.";
        read "enable_snmp_vrrp" (Flag = "") "SNMP for VRRP.";
        read "enable_snmp_keepalived" (Flag = "") "Old name of enable_snmp_vrrp.";
        read "enable_snmp_rfc" (Flag = "") "SNMP by both RFCs.";
        read "enable_snmp_rfcv2" (Flag = "") "SNMP by RFC 2787.";
        read "enable_snmp_rfcv3" (Flag = "") "SNMP by RFC 6527.";
        read "enable_snmp_checker" (Flag = "") "SNMP for checkers.";
        read "snmp_vs_stats_update_interval" (Seconds<1_000, 30_000_000> = "5") "Age of statistics of virtual servers." { since: "2.3.0" };
        read "snmp_rs_stats_update_interval" (Seconds<1_000, 30_000_000> = "5") "Age of statistics of real servers." { since: "2.3.0" };
        read "enable_dbus" (Flag = "") "The D-Bus interface.";
        read "dbus_service_name" (String = "org.keepalived.Vrrp1") "Its name on the bus." { missing: Missing::Report, lack: "dbus_service_name missing - ignoring" };
        read "dbus_no_interface_name" (String = "") "Its name for instances without interface." { missing: Missing::Report, since: "2.3.0" };
        call "script_user" (script_user, Words, "<user> [<group>]", "keepalived_script") "Who scripts run as.";
        set "enable_script_security" (enable_script_security: Flag = "") "Refuse scripts that others could change.";
        read "vrrp_netlink_cmd_rcv_bufs" (Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "vrrp_netlink_cmd_rcv_bufs size ({}) invalid", lack: "vrrp_netlink_cmd_rcv_bufs size missing" };
        read "vrrp_netlink_cmd_rcv_bufs_force" (bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global vrrp_netlink_cmd_rcv_bufs_force specified" };
        read "vrrp_netlink_monitor_rcv_bufs" (Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "vrrp_netlink_monitor_rcv_bufs size ({}) invalid", lack: "vrrp_netlink_monitor_rcv_bufs size missing" };
        read "vrrp_netlink_monitor_rcv_bufs_force" (bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global vrrp_netlink_monitor_rcv_bufs_force specified" };
        read "process_monitor_rcv_bufs" (Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "process_monitor_rcv_bufs size ({}) invalid", lack: "process_monitor_rcv_bufs size missing" };
        read "process_monitor_rcv_bufs_force" (bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global process_monitor_rcv_bufs_force specified" };
        read "lvs_netlink_cmd_rcv_bufs" (Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "lvs_netlink_cmd_rcv_bufs size ({}) invalid", lack: "lvs_netlink_cmd_rcv_bufs size missing" };
        read "lvs_netlink_cmd_rcv_bufs_force" (bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global lvs_netlink_cmd_rcv_bufs_force specified" };
        read "lvs_netlink_monitor_rcv_bufs" (Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "lvs_netlink_monitor_rcv_bufs size ({}) invalid", lack: "lvs_netlink_monitor_rcv_bufs size missing" };
        read "lvs_netlink_monitor_rcv_bufs_force" (bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global lvs_netlink_monitor_rcv_bufs_force specified" };
        set "rs_init_notifies" (rs_init_notifies: bool = "false") "Run notify scripts for the first state of real servers." { complaint: "Invalid value '{}' for global rs_init_notifies specified" };
        read "no_checker_emails" (bool = "false") "Mail only when a real server changes." { complaint: "Invalid value '{}' for global no_checker_emails specified" };
        call "vrrp_rx_bufs_policy" (minor::reported_words, Words, "MTU|ADVERT|<uint>", "") "Size of receive buffers." { acted: false, complaint: "Invalid vrrp_rx_bufs_policy {}", lack: "vrrp_rx_bufs_policy missing" };
        read "vrrp_rx_bufs_multiplier" (Number<1, 4_294_967_295> = "3") "Factor of that size." { missing: Missing::Report, complaint: "Invalid vrrp_rx_bufs_multiplier {}", lack: "Invalid vrrp_rx_bufs_multiplier" };
        set "vrrp_startup_delay" (vrrp_startup_delay: Seconds<1_000, 4_294_967_295> = "") "Seconds before VRRP starts." { complaint: "vrrp_startup_delay '{}' is invalid" };
        set "vrrp_delay_after_boot" (vrrp_delay_after_boot: Seconds<1_000, 4_294_967_295> = "") "Seconds of uptime before VRRP starts." { since: "2.4.0", complaint: "vrrp_delay_after_boot '{}' is invalid" };
        set "log_unknown_vrids" (log_unknown_vrids: Flag = "") "Log adverts of other virtual routers.";
        set "vrrp_owner_ignore_adverts" (vrrp_owner_ignore_adverts: bool = "false") "Default of owner_ignore_adverts." { since: "2.3.3", complaint: "Invalid value 'vrrp_owner_ignore_adverts' for global {} specified" };
        call "vmac_prefix" (virtual_router::vmac_prefix, Value, "<string>", "vrrp") "Prefix of virtual MAC interfaces.";
        call "vmac_addr_prefix" (virtual_router::vmac_addr_prefix, Value, "<string>", "vrrp") "The same for addresses on other interfaces.";
        call "umask" (umask, Words, "<number>|<BIT>{|<BIT>}…", "0177") "Mask of files made.";
        read "random_seed" (Number<0, 4_294_967_295> = "") "Without effect in the original." { complaint: "random_seed {} invalid" };
        read "reload_check_config" (OptionalText = "") "Test a configuration before a reload.";
        read "reload_time_file" (String = "") "File with the time of a reload." { missing: Missing::Report, lack: "reload_time_file invalid" };
        read "reload_repeat" (Flag = "") "Repeat that reload each day.";
        read "reload_file" (OptionalText = "") "File that is there while a reload runs.";
        call "include_check" (include_check, Words, "[[+|-]{read|match|wildcard_match|brace_match}]…", "") "Which problems of includes stop a start.";
        read "config_save_dir" (String = "") "Directory for a copy of each configuration." { complaint: "Unable to create config_save_dir {} (error 2 - No such file or directory)" };
        read "tmp_config_directory" (String = "") "Without effect here: the file is read once." { missing: Missing::Report, repeat: Repeat::Refuse, lack: "tmp_config_directory missing directory name" };
        read "data_use_instance" (bool = "false") "Names of dump files hold the instance." { complaint: "Invalid value '{}' for global date_use_instance specified" };
        read "json_version" (Number<1, 2> = "1") "Layout of the JSON dump." { missing: Missing::Report, since: "2.2.8", complaint: "Invalid JSON version", lack: "json_version requires version" };
        call "iproute_usr_dir" (iproute_dir, Value, "<path>", "/usr/share/iproute2") "Name tables of iproute2 as the distribution has them." { since: "2.3.2" };
        call "iproute_etc_dir" (iproute_dir, Value, "<path>", "/etc/iproute2") "Name tables of iproute2 as the administrator has them." { since: "2.3.2" };
        read "state_dump_file" (String = "") "File of the dump." { missing: Missing::Report, since: "2.3.3", lack: "state_dump_file requires a non-empty path" };
        read "stats_dump_file" (String = "") "File of the statistics." { missing: Missing::Report, since: "2.3.3", lack: "stats_dump_file requires a non-empty path" };
        read "json_dump_file" (String = "") "File of the JSON dump." { missing: Missing::Report, since: "2.3.3", lack: "json_dump_file requires a non-empty path" };
    }
}

type Read = Result<(), Stop>;

/// Folders of names that come later in the file are not asked for what came before.
fn iproute_dir(_: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let Some(path) = line.word(1).filter(|_| line.len() == 2) else {
        let words = format!("{} requires path", row.name);
        reader.report(Code::InvalidValue, line.whole(), words);
        return Ok(());
    };
    let names = &mut reader.names;
    let folder = if row.name == "iproute_usr_dir" { &mut names.usr } else { &mut names.etc };
    *folder = path.into();
    Ok(())
}

fn smtp_server(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let host = reader.need(line, 1)?.to_owned();
    let mut port = 25;
    if let Some(text) = line.word(2) {
        match integer(text, 1, 65535, false) {
            crate::config::value::Parsed { value: Some(value), .. } => port = value as u16,
            parsed => {
                if let Some(Fault::Number(words)) = parsed.fault {
                    reader.report(Code::InvalidNumber, line.span(2), words);
                }
                reader.report(Code::InvalidValue, line.span(2), format!("Invalid smtp server {host} {text}"));
                return Ok(());
            }
        }
    }
    if host.parse::<IpAddr>().is_err() && reader.host.resolve(&host).is_none() {
        reader.report(Code::InvalidValue, line.span(1), format!("Invalid smtp server {host} {port}"));
    }
    block.smtp_server = Some(Spanned::new(SmtpServer { host, port }, line.span(1)));
    Ok(())
}

fn smtp_connect_timeout(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(mut value) = reader.value::<Number<0, 4294>>(line, row)? {
        if value.value.0 == 0 {
            let words = "smtp_conect_timeout must be greater than 0, setting to 1";
            reader.report(Code::Adjusted, line.span(1), words);
            value.value.0 = 1;
        }
        block.smtp_connect_timeout = Some(value);
    }
    Ok(())
}

fn notification_email(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let before = block.notification_email.len();
    reader.entries(line, row, |entry, _| {
        let words = (0..entry.len()).filter_map(|at| Some(Spanned::new(entry.word(at)?.to_owned(), entry.span(at))));
        block.notification_email.extend(words);
        Ok(())
    })?;
    if block.notification_email.len() == before {
        reader.at_end(Code::Warning, line.whole(), "Warning - empty notification_email block");
    }
    Ok(())
}

fn max_auto_priority(_: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if line.len() > 1 {
        reader.value::<Number<-1, 99>>(line, row)?;
    }
    Ok(())
}

fn dynamic_interfaces(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.dynamic_interfaces = Some(Spanned::new(Flag, line.whole()));
    if let Some(word) = line.word(1).filter(|word| *word != "allow_if_changes") {
        reader.report(Code::InvalidValue, line.span(1), format!("Unknown dynamic_interfaces option '{word}'"));
    }
    Ok(())
}

fn lvs_timeouts(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if line.len() < 3 {
        reader.report(Code::InvalidValue, line.whole(), "lvs_timeouts requires at least one option");
        return Ok(());
    }
    let mut timeouts = LvsTimeouts::default();
    let mut at = 1;
    while let Some(option) = line.word(at) {
        let parsed = line.word(at + 1).map(|text| integer(text, 0, 2_678_400, !reader.test).value);
        let seconds = parsed.flatten().map(|value| value as u32);
        match (option, seconds) {
            ("tcp", Some(seconds)) => timeouts.tcp = Some(seconds),
            ("tcpfin", Some(seconds)) => timeouts.tcp_fin = Some(seconds),
            ("udp", Some(seconds)) => timeouts.udp = Some(seconds),
            ("tcp" | "tcpfin" | "udp", None) => {
                let words =
                    format!("Invalid lvs_timeouts {option} ({}) - ignoring", line.word(at + 1).unwrap_or_default());
                reader.report(Code::InvalidNumber, line.span(at), words);
            }
            _ => {
                let words = format!("Unknown option {option} specified for lvs_timeouts");
                reader.report(Code::InvalidValue, line.span(at), words);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    block.lvs_timeouts = Some(Spanned::new(timeouts, line.whole()));
    Ok(())
}

fn lvs_sync_daemon(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(before) = &block.lvs_sync_daemon {
        let before = &before.value;
        let name = before.instance.as_deref().unwrap_or_default();
        let words = format!("lvs_sync_daemon has already been specified as {} {name} - ignoring", before.interface);
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    let Some(interface) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "No lvs_sync_daemon interface specified - ignoring");
        return Ok(());
    };
    if interface.len() > 15 {
        let words = format!("lvs_sync_daemon interface name '{interface}' too long - ignoring");
        reader.report(Code::InvalidValue, line.span(1), words);
        return Ok(());
    }
    let mut daemon = SyncDaemon { interface: interface.to_owned(), ..SyncDaemon::default() };
    const OPTIONS: [&str; 6] = ["inst", "id", "maxlen", "port", "ttl", "group"];
    let mut at = 2;
    if let Some(word) = line.word(2).filter(|word| !OPTIONS.contains(word)) {
        daemon.instance = Some(word.to_owned());
        at = 3;
        if let Some(id) = line.word(3).filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            reader.report(Code::Deprecated, line.span(3), "Please use keyword \"id\" before lvs_sync_daemon SYNCID");
            daemon.id = id.parse().ok();
            at = 4;
        }
    }
    while let Some(option) = line.word(at) {
        if !OPTIONS.contains(&option) {
            let words = format!("Unknown option {option} specified for lvs_sync_daemon");
            reader.report(Code::InvalidValue, line.span(at), words);
            at += 1;
            continue;
        }
        let Some(text) = line.word(at + 1) else {
            let words = format!("No value specified for lvs_sync_daemon {option} - ignoring");
            reader.report(Code::InvalidValue, line.span(at), words);
            break;
        };
        let mut number = |min, max| {
            let parsed = integer(text, min, max, false);
            if let Some(Fault::Number(words)) = parsed.fault {
                reader.report(Code::InvalidNumber, line.span(at + 1), words);
                let words = format!("Invalid lvs_sync_daemon {option} ({text}) - ignoring");
                reader.report(Code::InvalidValue, line.span(at + 1), words);
            }
            parsed.value
        };
        match option {
            "inst" => daemon.instance = Some(text.to_owned()),
            "id" => daemon.id = number(0, 255).map(|value| value as u8),
            "maxlen" => daemon.max_length = number(1, 65507).map(|value| value as u16),
            "port" => daemon.port = number(1, 65535).map(|value| value as u16),
            "ttl" => daemon.ttl = number(1, 255).map(|value| value as u8),
            _ => match text.parse::<IpAddr>().ok().filter(IpAddr::is_multicast) {
                Some(group) => daemon.group = Some(group),
                None => {
                    let words = format!("Invalid lvs_sync_daemon group ({text}) - ignoring");
                    reader.report(Code::InvalidValue, line.span(at + 1), words);
                }
            },
        }
        at += 2;
    }
    block.lvs_sync_daemon = Some(Spanned::new(daemon, line.whole()));
    Ok(())
}

fn mcast_group4(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value::<IpAddr>(line, row)?;
    match value {
        Some(value) if value.value.is_ipv4() && value.value.is_multicast() => block.vrrp_mcast_group4 = Some(value),
        Some(value) => {
            let words = format!("Configuration error: Cannot parse mcast_group4 [{}]", value.value);
            reader.report(Code::InvalidValue, value.span, words);
        }
        None => {}
    }
    Ok(())
}

fn mcast_group6(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value::<IpAddr>(line, row)?;
    match value {
        Some(value) if value.value.is_ipv6() && value.value.is_multicast() => {
            let IpAddr::V6(address) = value.value else { return Ok(()) };
            if address.segments()[0] & 0xff0f != 0xff02 {
                let words = format!("Configuration error: {address} is not a link-local multicast address");
                reader.report(Code::Warning, value.span, words);
            }
            block.vrrp_mcast_group6 = Some(value);
        }
        Some(value) => {
            let words = format!("Configuration error: Cannot parse mcast_group6 [{}]", value.value);
            reader.report(Code::InvalidValue, value.span, words);
        }
        None => {}
    }
    Ok(())
}

/// A count of at least 1; 0 is reported and becomes 1.
pub fn at_least_one(
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<Given<Number<0, 4_294_967_295>>, Stop> {
    let mut value = reader.value::<Number<0, 4_294_967_295>>(line, row)?;
    if let Some(value) = value.as_mut().filter(|value| value.value.0 == 0) {
        let words = format!("{} must be greater than 0, setting to 1", row.name);
        reader.report(Code::Adjusted, line.span(1), words);
        value.value.0 = 1;
    }
    Ok(value)
}

fn garp_master_repeat(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = at_least_one(line, row, reader)?;
    block.vrrp_garp_master_repeat = value.or(block.vrrp_garp_master_repeat);
    Ok(())
}

fn garp_master_refresh_repeat(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = at_least_one(line, row, reader)?;
    block.vrrp_garp_master_refresh_repeat = value.or(block.vrrp_garp_master_refresh_repeat);
    Ok(())
}

fn affinity(line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Vec<u16> {
    let what = row.name.split('_').next().unwrap_or_default();
    if line.len() < 2 {
        reader.report(Code::InvalidValue, line.whole(), format!("No {what} CPU affinity specified"));
        return Vec::new();
    }
    let last = i64::from(reader.host.processors()) - 1;
    let mut set = Vec::new();
    for at in 1..line.len() {
        let text = line.word(at).unwrap_or_default();
        let parsed = integer(text, 0, last, false);
        let Some(value) = parsed.value else {
            if let Some(Fault::Number(words)) = parsed.fault {
                reader.report(Code::InvalidNumber, line.span(at), words);
            }
            let words = format!("Invalid cpu_id:{text} specified for {what} process");
            reader.report(Code::InvalidValue, line.span(at), words);
            return Vec::new();
        };
        set.push(value as u16);
    }
    set
}

fn vrrp_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.vrrp_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

fn checker_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.checker_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

fn bfd_cpu_affinity(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.bfd_cpu_affinity = affinity(line, row, reader);
    Ok(())
}

fn fifo(fifo: &mut Given<Fifo>, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(path) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), format!("No {} name specified", row.name));
        return Ok(());
    };
    if fifo.is_some() {
        reader.report(Code::Duplicate, line.whole(), format!("{} already specified - ignoring {path}", row.name));
        return Ok(());
    }
    let owner = line.word(2).map(|name| User { name: name.to_owned(), group: line.word(3).map(str::to_owned) });
    *fifo = Some(Spanned::new(Fifo { path: path.to_owned(), owner }, line.span(1)));
    Ok(())
}

fn notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.notify_fifo, line, row, reader)
}

fn vrrp_notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.vrrp_notify_fifo, line, row, reader)
}

fn lvs_notify_fifo(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    fifo(&mut block.lvs_notify_fifo, line, row, reader)
}

fn script_user(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(name) = line.word(1) else {
        reader.report(Code::InvalidValue, line.whole(), "No script username specified");
        return Ok(());
    };
    let user = User { name: name.to_owned(), group: line.word(2).map(str::to_owned) };
    let known = reader.host.user(name).is_some()
        && user.group.as_deref().is_none_or(|group| reader.host.group(group.trim_start_matches(':')).is_some());
    if !known {
        reader.report(Code::NotFound, line.span(1), "Error setting global script uid/gid");
    }
    block.script_user = Some(Spanned::new(user, line.span(1)));
    Ok(())
}

fn umask(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let first = reader.need(line, 1)?;
    let numeric = first.starts_with(|c: char| c.is_ascii_digit());
    let value = if numeric {
        let (digits, radix) = match first.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None if first.len() > 1 && first.starts_with('0') => (first, 8),
            None => (first, 10),
        };
        u32::from_str_radix(digits, radix).ok().filter(|value| *value <= 0o777)
    } else {
        let text: Vec<&str> = line.words(1).collect();
        let joined = text.join(" ");
        let mut bits = joined.split('|').map(|name| bit(name.trim()));
        bits.try_fold(0, |all, bit| Some(all | bit?))
    };
    match value {
        Some(value) => block.umask = Some(Spanned::new(value, line.span(1))),
        None if numeric => reader.report(Code::InvalidValue, line.span(1), format!("invalid umask value {first}")),
        None => {
            let wrong =
                line.words(1).flat_map(|word| word.split('|')).find(|name| !name.is_empty() && bit(name).is_none());
            let words = format!("Invalid umask syntax {}", wrong.or(line.words(2).next()).unwrap_or(first));
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

/// The bits of a name of sys/stat.h without its `S_`.
fn bit(name: &str) -> Option<u32> {
    let shift = match name.get(name.len().checked_sub(3)?..)? {
        "USR" => 6,
        "GRP" => 3,
        "OTH" => 0,
        _ => {
            return match name {
                "IRWXU" => Some(0o700),
                "IRWXG" => Some(0o070),
                "IRWXO" => Some(0o007),
                _ => None,
            };
        }
    };
    let bits = match name.get(..name.len() - 3)? {
        "IR" => 4,
        "IW" => 2,
        "IX" => 1,
        _ => return None,
    };
    Some(bits << shift)
}

/// What the words do is done while files are read; here they are only checked.
fn include_check(_: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut plain = false;
    for at in 1..line.len() {
        let word = line.word(at).unwrap_or_default();
        let signed = word.starts_with(['+', '-']);
        if !signed && std::mem::replace(&mut plain, true) {
            let words = format!("Duplicate include_check '{word}' specified - ignoring");
            reader.report(Code::Duplicate, line.span(at), words);
        } else if !matches!(word.trim_start_matches(['+', '-']), "read" | "match" | "wildcard_match" | "brace_match") {
            reader.report(Code::InvalidValue, line.span(at), format!("Unknown include_check '{word}' - ignoring"));
        }
    }
    Ok(())
}
