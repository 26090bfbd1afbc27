//! `global_defs`: settings of the whole router.

mod read;
pub mod value;

use std::net::IpAddr;

use super::track::User;
use super::vrrp_instance::Extra;
use super::{Given, virtual_router};
use crate::config::schema::{Invalid, Missing, Repeat, keywords};
use crate::config::script::Script;
use crate::config::value::{Flag, Number, OptionalText, Seconds};
use crate::diagnostic::Spanned;
use value::{BFD, CHECKER, FilePath, FlushOnStop, ProcessName, RealTime, RxBuffers, VRRP};

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
    /// A virtual interface may come again on another base.
    pub allow_if_changes: Given<Flag>,
    pub default_interface: Given<String>,
    pub no_email_faults: Given<Flag>,
    pub v3_checksum_as_v2: Given<Flag>,
    pub lvs_timeouts: Given<LvsTimeouts>,
    pub lvs_table_interval: Given<Number<0, 86_400>>,
    pub lvs_flush: Given<Flag>,
    pub lvs_flush_on_stop: Given<FlushOnStop>,
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
    pub vrrp_rt_priority: Given<RealTime<VRRP>>,
    pub checker_rt_priority: Given<RealTime<CHECKER>>,
    pub vrrp_cpu_affinity: Vec<u16>,
    pub checker_cpu_affinity: Vec<u16>,
    pub vrrp_no_swap: Given<Flag>,
    pub bfd_priority: Given<Number<-20, 19>>,
    pub bfd_rt_priority: Given<RealTime<BFD>>,
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
    pub nftables_ipvs: Given<String>,
    pub nftables_ipvs_priority: Given<Number<{ -2_147_483_648 }, 2_147_483_647>>,
    pub nftables_ipvs_start_fwmark: Given<Number<1, 4_294_967_295>>,
    pub nftables_ifindex: Given<Flag>,
    pub nftables_counters: Given<Flag>,
    pub vmac_prefix: Given<String>,
    pub vmac_addr_prefix: Given<String>,
    pub disable_local_igmp: Given<Flag>,
    pub vrrp_garp_extra_if: Given<Extra>,
    pub umask: Given<u32>,
    // Read and checked; nothing acts on them yet.
    pub process_names: Given<Flag>,
    pub process_name: Given<ProcessName>,
    pub vrrp_process_name: Given<ProcessName>,
    pub checker_process_name: Given<ProcessName>,
    pub bfd_process_name: Given<ProcessName>,
    pub use_symlink_paths: Given<bool>,
    pub set_supplementary_groups: Given<bool>,
    pub startup_script_timeout: Given<Number<1, 1000>>,
    pub shutdown_script_timeout: Given<Number<1, 1000>>,
    pub min_auto_priority_delay: Given<Number<1, 10_000_000>>,
    pub vrrp_rlimit_rttime: Given<Number<1, 4_294_967_295>>,
    pub fifo_write_vrrp_states_on_reload: Given<Flag>,
    pub checker_rlimit_rttime: Given<Number<1, 4_294_967_295>>,
    pub bfd_rlimit_rttime: Given<Number<1, 4_294_967_295>>,
    pub snmp_socket: Given<String>,
    pub enable_traps: Given<Flag>,
    pub enable_snmp_vrrp: Given<Flag>,
    pub enable_snmp_rfc: Given<Flag>,
    pub enable_snmp_rfcv2: Given<Flag>,
    pub enable_snmp_rfcv3: Given<Flag>,
    pub enable_snmp_checker: Given<Flag>,
    pub snmp_vs_stats_update_interval: Given<Seconds<1_000, 30_000_000>>,
    pub snmp_rs_stats_update_interval: Given<Seconds<1_000, 30_000_000>>,
    pub enable_dbus: Given<Flag>,
    pub dbus_service_name: Given<String>,
    pub dbus_no_interface_name: Given<String>,
    pub vrrp_netlink_cmd_rcv_bufs: Given<Number<0, 4_294_967_295>>,
    pub vrrp_netlink_cmd_rcv_bufs_force: Given<bool>,
    pub vrrp_netlink_monitor_rcv_bufs: Given<Number<0, 4_294_967_295>>,
    pub vrrp_netlink_monitor_rcv_bufs_force: Given<bool>,
    pub process_monitor_rcv_bufs: Given<Number<0, 4_294_967_295>>,
    pub process_monitor_rcv_bufs_force: Given<bool>,
    pub lvs_netlink_cmd_rcv_bufs: Given<Number<0, 4_294_967_295>>,
    pub lvs_netlink_cmd_rcv_bufs_force: Given<bool>,
    pub lvs_netlink_monitor_rcv_bufs: Given<Number<0, 4_294_967_295>>,
    pub lvs_netlink_monitor_rcv_bufs_force: Given<bool>,
    pub no_checker_emails: Given<bool>,
    pub no_shared_probes: Given<bool>,
    pub no_tls_resumption: Given<bool>,
    pub vrrp_rx_bufs_multiplier: Given<Number<1, 4_294_967_295>>,
    pub reload_check_config: Given<OptionalText>,
    pub reload_time_file: Given<String>,
    pub reload_repeat: Given<Flag>,
    pub reload_file: Given<OptionalText>,
    pub config_save_dir: Given<String>,
    pub tmp_config_directory: Given<String>,
    pub data_use_instance: Given<bool>,
    pub json_version: Given<Number<1, 2>>,
    pub state_dump_file: Given<FilePath>,
    pub stats_dump_file: Given<FilePath>,
    pub json_dump_file: Given<FilePath>,
    pub max_auto_priority: Given<Number<-1, 99>>,
    pub vrrp_rx_bufs_policy: Given<RxBuffers>,
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

keywords! {
    pub static GLOBAL_DEFS: Global {
        set "process_names" (process_names: Flag = "") "Name the threads, which is always done.";
        set "process_name" (process_name: ProcessName = "") "Name of the process.";
        set "vrrp_process_name" (vrrp_process_name: ProcessName = "") "Name of the VRRP thread.";
        set "checker_process_name" (checker_process_name: ProcessName = "") "Name of the checker thread.";
        set "lvs_process_name" (checker_process_name: ProcessName = "") "Old name of checker_process_name.";
        set "bfd_process_name" (bfd_process_name: ProcessName = "") "Name of the BFD thread." { acted: false };
        set "use_symlink_paths" (use_symlink_paths: bool = "false") "Run scripts by the path as written." { acted: false, since: "2.3.0", complaint: "Invalid value '{}' for global use_symlink_path specified" };
        set "set_supplementary_groups" (set_supplementary_groups: bool = "false") "Scripts get the further groups of their user." { since: "2.4.4", complaint: "Invalid set_supplementary_groups parameter {}" };
        set "router_id" (router_id: String = "") "Name of this router in mails." { missing: Missing::Report, complaint: "", lack: "routerid name missing - ignoring" };
        call "notification_email_from" (read::notification_email_from, Value, "<string>", "") "Sender of mails." { lack: "emailfrom missing - ignoring" };
        call "smtp_server" (read::smtp_server, Words, "<ipaddr|hostname> [<port>]", "") "Mail relay.";
        set "smtp_helo_name" (smtp_helo_name: OptionalText = "") "Name used in HELO.";
        call "smtp_connect_timeout" (read::smtp_connect_timeout, Value, "<uint>", "30") "Seconds to wait for the mail relay." { complaint: "smtp_connect_timeout '{}' must be in [0, 4294] - ignoring" };
        call "notification_email" (read::notification_email, Lines, "{ <addr>… }", "") "Who gets mails.";
        set "smtp_alert" (smtp_alert: bool = "") "Default of every smtp_alert." { complaint: "Invalid value '{}' for global smtp_alert specified" };
        script "startup_script" (startup_script) "Run before anything starts." { missing: Missing::Report, lack: "startup script missing", again: "startup script already specified" };
        set "startup_script_timeout" (startup_script_timeout: Number<1, 1000> = "10") "Seconds for startup_script." { missing: Missing::Report, complaint: "startup_script_timeout '{}' must be in [1, 1000] - ignoring", lack: "startup_script_timeout requires value" };
        script "shutdown_script" (shutdown_script) "Run after everything stopped." { missing: Missing::Report, lack: "shutdown script missing", again: "shutdown script already specified" };
        set "shutdown_script_timeout" (shutdown_script_timeout: Number<1, 1000> = "10") "Seconds for shutdown_script." { missing: Missing::Report, complaint: "shutdown_script_timeout '{}' must be in [1, 1000] - ignoring", lack: "shutdown_script_timeout requires value" };
        call "max_auto_priority" (read::max_auto_priority, Value, "[<int>]", "0") "Highest real-time priority to raise to." { complaint: "max_auto_priority '{}' must be in [0, 99] (or -1 to disable) - ignoring" };
        set "min_auto_priority_delay" (min_auto_priority_delay: Number<1, 10_000_000> = "1000000") "Delay that raises the priority, in microseconds." { missing: Missing::Report, complaint: "min_auto_priority_delay '{}' must be in [1, 10000000] - ignoring", lack: "min_auto_priority_delay requires delay time" };
        set "smtp_alert_vrrp" (smtp_alert_vrrp: bool = "") "Default of smtp_alert in VRRP." { complaint: "Invalid value '{}' for global smtp_alert_vrrp specified" };
        set "smtp_alert_checker" (smtp_alert_checker: bool = "") "Default of smtp_alert in virtual and real servers." { complaint: "Invalid value '{}' for global smtp_alert_checker specified" };
        set "checker_log_all_failures" (checker_log_all_failures: bool = "false") "Log each failure of a checker." { complaint: "Invalid value for checker_log_all_failures specified" };
        call "dynamic_interfaces" (read::dynamic_interfaces, Value, "[allow_if_changes]", "") "Interfaces may come and go.";
        set "no_email_faults" (no_email_faults: Flag = "") "No mail about faults.";
        set "default_interface" (default_interface: String = "eth0") "Interface of static addresses." { missing: Missing::Report, lack: "default_interface requires interface name" };
        set "disable_local_igmp" (disable_local_igmp: Flag = "") "No IGMP reports for 224.0.0.0/24.";
        set "v3_checksum_as_v2" (v3_checksum_as_v2: Flag = "") "Default of v3_checksum_as_v2." { since: "2.2.8" };
        call "lvs_timeouts" (read::lvs_timeouts, Words, "[tcp <uint>] [tcpfin <uint>] [udp <uint>]", "") "Timeouts of IPVS connections.";
        set "lvs_table_interval" (lvs_table_interval: Number<0, 86_400> = "60") "Seconds between two looks at the IPVS table, 0 for none; not in keepalived." { complaint: "Invalid lvs_table_interval '{}' - ignoring" };
        set "lvs_flush" (lvs_flush: Flag = "") "Empty the IPVS table at start.";
        set "lvs_flush_on_stop" (lvs_flush_on_stop: FlushOnStop = "") "Empty the IPVS table at stop." { complaint: "Unknown lvs_flush_on_stop type {}" };
        set "lvs_flush_onstop" (lvs_flush_on_stop: FlushOnStop = "") "Old name of lvs_flush_on_stop." { complaint: "Unknown lvs_flush_on_stop type {}" };
        call "lvs_sync_daemon" (read::lvs_sync_daemon, Words, "<interface> [inst] <vrrp_instance> [id <uint>] [maxlen <uint>] [port <uint>] [ttl <uint>] [group <ipaddr>]", "") "IPVS connection synchronisation.";
        call "vrrp_mcast_group4" (read::mcast_group4, Value, "<ipv4 multicast>", "224.0.0.18") "Group of IPv4 adverts.";
        call "vrrp_mcast_group6" (read::mcast_group6, Value, "<ipv6 multicast>", "ff02::12") "Group of IPv6 adverts.";
        set "vrrp_garp_master_delay" (vrrp_garp_master_delay: Number<0, 4294> = "5") "Default of garp_master_delay.";
        call "vrrp_garp_master_repeat" (read::garp_master_repeat, Value, "<uint>", "5") "Default of garp_master_repeat.";
        set "vrrp_garp_master_refresh" (vrrp_garp_master_refresh: Number<0, 4_294_967_295> = "0") "Default of garp_master_refresh." { invalid: Invalid::Default, complaint: "Invalid vrrp_garp_master_refresh '{}' - ignoring" };
        call "vrrp_garp_master_refresh_repeat" (read::garp_master_refresh_repeat, Value, "<uint>", "1") "Default of garp_master_refresh_repeat.";
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
        set "vrrp_priority" (vrrp_priority: Number<{ -20 }, 19> = "0") "Nice level of the VRRP thread; where neither it nor a real-time priority is given, -10." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid vrrp process priority specified", lack: "No vrrp process priority specified" };
        set "vrrp_no_swap" (vrrp_no_swap: Flag = "") "Lock memory.";
        set "vrrp_rt_priority" (vrrp_rt_priority: RealTime<VRRP> = "") "Real-time priority of the VRRP thread." { complaint: "vrrp process real-time priority '{}' invalid", missing: Missing::Report, lack: "No vrrp process real-time priority specified" };
        call "vrrp_cpu_affinity" (read::vrrp_cpu_affinity, Words, "<uint>…", "") "Processors of the VRRP thread.";
        set "vrrp_rlimit_rttime" (vrrp_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { acted: false, complaint: "Invalid vrrp real-time limit - {}" };
        set "vrrp_rlimit_rtime" (vrrp_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Old name of vrrp_rlimit_rttime." { acted: false, complaint: "Invalid vrrp real-time limit - {}" };
        call "nftables_ipvs" (virtual_router::nftables_ipvs, Value, "[<table>]", "keepalived_ipvs") "One firewall mark for each group of virtual servers, by nftables." { again: "ipvs nftables already specified - ignoring", repeat: Repeat::Refuse };
        set "nftables_ipvs_priority" (nftables_ipvs_priority: Number<{ -2_147_483_648 }, 2_147_483_647> = "-1") "Priority of its chain." { complaint: "invalid ipvs nftables chain priority '{}'" };
        set "nftables_ipvs_start_fwmark" (nftables_ipvs_start_fwmark: Number<1, 4_294_967_295> = "1000") "First mark." { complaint: "invalid ipvs nftables start_fwmark priority '{}'" };
        set "nftables_counters" (nftables_counters: Flag = "") "Count packets in rules.";
        call "notify_fifo" (read::notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of everything.";
        script "notify_fifo_script" (notify_fifo_script) "Program that reads notify_fifo." { missing: Missing::Report, lack: "No notify_fifo_script specified", again: "notify_fifo_script already specified - ignoring {}" };
        call "vrrp_notify_fifo" (read::vrrp_notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of VRRP.";
        script "vrrp_notify_fifo_script" (vrrp_notify_fifo_script) "Program that reads vrrp_notify_fifo." { missing: Missing::Report, lack: "No vrrp_notify_fifo_script specified", again: "vrrp_notify_fifo_script already specified - ignoring {}" };
        set "vrrp_notify_priority_changes" (vrrp_notify_priority_changes: bool = "false") "Tell of priority changes." { complaint: "Invalid value '{}' for global vrrp_notify_priority_changes specified" };
        set "fifo_write_vrrp_states_on_reload" (fifo_write_vrrp_states_on_reload: Flag = "") "Tell all states after a reload.";
        call "lvs_notify_fifo" (read::lvs_notify_fifo, Words, "<path> [<user> [<group>]]", "") "FIFO that hears of virtual and real servers.";
        script "lvs_notify_fifo_script" (lvs_notify_fifo_script) "Program that reads lvs_notify_fifo." { missing: Missing::Report, lack: "No lvs_notify_fifo_script specified", again: "lvs_notify_fifo_script already specified - ignoring {}" };
        set "checker_priority" (checker_priority: Number<{ -20 }, 19> = "0") "Nice level of the checker thread." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid checker process priority specified", lack: "No checker process priority specified" };
        set "checker_no_swap" (checker_no_swap: Flag = "") "Lock memory.";
        set "checker_rt_priority" (checker_rt_priority: RealTime<CHECKER> = "") "Real-time priority of the checker thread." { complaint: "checker process real-time priority '{}' invalid", missing: Missing::Report, lack: "No checker process real-time priority specified" };
        call "checker_cpu_affinity" (read::checker_cpu_affinity, Words, "<uint>…", "") "Processors of the checker thread.";
        set "checker_rlimit_rttime" (checker_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { acted: false, complaint: "Invalid checker real-time limit - {}" };
        set "checker_rlimit_rtime" (checker_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Old name of checker_rlimit_rttime." { acted: false, complaint: "Invalid checker real-time limit - {}" };
        set "bfd_priority" (bfd_priority: Number<{ -20 }, 19> = "0") "Nice level of BFD, which runs on the VRRP thread: the more urgent of it and vrrp_priority counts." { missing: Missing::Report, invalid: Invalid::Default, complaint: "Invalid bfd process priority specified", lack: "No bfd process priority specified" };
        set "bfd_no_swap" (bfd_no_swap: Flag = "") "Lock memory.";
        set "bfd_rt_priority" (bfd_rt_priority: RealTime<BFD> = "") "Real-time priority of BFD, which runs on the VRRP thread." { complaint: "bfd process real-time priority '{}' invalid", missing: Missing::Report, lack: "No bfd process real-time priority specified" };
        call "bfd_cpu_affinity" (read::bfd_cpu_affinity, Words, "<uint>…", "") "Processors of BFD, which runs on the VRRP thread.";
        set "bfd_rlimit_rttime" (bfd_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Processor time between sleeps, in microseconds." { acted: false, complaint: "Invalid bfd real-time limit - {}" };
        set "bfd_rlimit_rtime" (bfd_rlimit_rttime: Number<1, 4_294_967_295> = "10000") "Old name of bfd_rlimit_rttime." { acted: false, complaint: "Invalid bfd real-time limit - {}" };
        call "snmp_socket" (read::snmp_socket, Value, "<string>", "") "Socket of the SNMP master." { acted: false, lack: "SNMP error : snmp socket name missing" };
        set "enable_traps" (enable_traps: Flag = "") "Send SNMP traps." { acted: false };
        set "enable_snmp_vrrp" (enable_snmp_vrrp: Flag = "") "SNMP for VRRP." { acted: false };
        set "enable_snmp_keepalived" (enable_snmp_vrrp: Flag = "") "Old name of enable_snmp_vrrp." { acted: false };
        set "enable_snmp_rfc" (enable_snmp_rfc: Flag = "") "SNMP by both RFCs." { acted: false };
        set "enable_snmp_rfcv2" (enable_snmp_rfcv2: Flag = "") "SNMP by RFC 2787." { acted: false };
        set "enable_snmp_rfcv3" (enable_snmp_rfcv3: Flag = "") "SNMP by RFC 6527." { acted: false };
        set "enable_snmp_checker" (enable_snmp_checker: Flag = "") "SNMP for checkers." { acted: false };
        set "snmp_vs_stats_update_interval" (snmp_vs_stats_update_interval: Seconds<1_000, 30_000_000> = "5") "Age of statistics of virtual servers." { acted: false, since: "2.3.0" };
        set "snmp_rs_stats_update_interval" (snmp_rs_stats_update_interval: Seconds<1_000, 30_000_000> = "5") "Age of statistics of real servers." { acted: false, since: "2.3.0" };
        set "enable_dbus" (enable_dbus: Flag = "") "The D-Bus interface." { acted: false };
        set "dbus_service_name" (dbus_service_name: String = "org.keepalived.Vrrp1") "Its name on the bus." { acted: false, missing: Missing::Report, lack: "dbus_service_name missing - ignoring" };
        set "dbus_no_interface_name" (dbus_no_interface_name: String = "") "Its name for instances without interface." { acted: false, missing: Missing::Report, since: "2.3.0" };
        call "script_user" (read::script_user, Words, "<user> [<group>]", "keepalived_script") "Who scripts run as.";
        set "enable_script_security" (enable_script_security: Flag = "") "Refuse scripts that others could change.";
        set "vrrp_netlink_cmd_rcv_bufs" (vrrp_netlink_cmd_rcv_bufs: Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "vrrp_netlink_cmd_rcv_bufs size ({}) invalid", lack: "vrrp_netlink_cmd_rcv_bufs size missing" };
        set "vrrp_netlink_cmd_rcv_bufs_force" (vrrp_netlink_cmd_rcv_bufs_force: bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global vrrp_netlink_cmd_rcv_bufs_force specified" };
        set "vrrp_netlink_monitor_rcv_bufs" (vrrp_netlink_monitor_rcv_bufs: Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "vrrp_netlink_monitor_rcv_bufs size ({}) invalid", lack: "vrrp_netlink_monitor_rcv_bufs size missing" };
        set "vrrp_netlink_monitor_rcv_bufs_force" (vrrp_netlink_monitor_rcv_bufs_force: bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global vrrp_netlink_monitor_rcv_bufs_force specified" };
        set "process_monitor_rcv_bufs" (process_monitor_rcv_bufs: Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "process_monitor_rcv_bufs size ({}) invalid", lack: "process_monitor_rcv_bufs size missing" };
        set "process_monitor_rcv_bufs_force" (process_monitor_rcv_bufs_force: bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global process_monitor_rcv_bufs_force specified" };
        set "lvs_netlink_cmd_rcv_bufs" (lvs_netlink_cmd_rcv_bufs: Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "lvs_netlink_cmd_rcv_bufs size ({}) invalid", lack: "lvs_netlink_cmd_rcv_bufs size missing" };
        set "lvs_netlink_cmd_rcv_bufs_force" (lvs_netlink_cmd_rcv_bufs_force: bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global lvs_netlink_cmd_rcv_bufs_force specified" };
        set "lvs_netlink_monitor_rcv_bufs" (lvs_netlink_monitor_rcv_bufs: Number<0, 4_294_967_295> = "") "Receive buffer." { missing: Missing::Report, complaint: "lvs_netlink_monitor_rcv_bufs size ({}) invalid", lack: "lvs_netlink_monitor_rcv_bufs size missing" };
        set "lvs_netlink_monitor_rcv_bufs_force" (lvs_netlink_monitor_rcv_bufs_force: bool = "false") "Beyond the system's limit." { complaint: "Invalid value '{}' for global lvs_netlink_monitor_rcv_bufs_force specified" };
        set "rs_init_notifies" (rs_init_notifies: bool = "false") "Run notify scripts for the first state of real servers." { complaint: "Invalid value '{}' for global rs_init_notifies specified" };
        set "no_checker_emails" (no_checker_emails: bool = "false") "Mail only when a real server changes." { complaint: "Invalid value '{}' for global no_checker_emails specified" };
        set "no_shared_probes" (no_shared_probes: bool = "false") "Checkers that ask the same of the same server each ask for themselves; not in keepalived." { complaint: "Invalid value '{}' for global no_shared_probes specified" };
        set "no_tls_resumption" (no_tls_resumption: bool = "false") "SSL_GET makes every TLS handshake in full; not in keepalived." { complaint: "Invalid value '{}' for global no_tls_resumption specified" };
        call "vrrp_rx_bufs_policy" (read::vrrp_rx_bufs_policy, Words, "MTU|ADVERT|<uint>", "") "Size of receive buffers." { lack: "vrrp_rx_bufs_policy missing" };
        set "vrrp_rx_bufs_multiplier" (vrrp_rx_bufs_multiplier: Number<1, 4_294_967_295> = "3") "Factor of that size." { missing: Missing::Report, alone: true, complaint: "Invalid vrrp_rx_bufs_multiplier {}", lack: "Invalid vrrp_rx_bufs_multiplier" };
        set "vrrp_startup_delay" (vrrp_startup_delay: Seconds<1_000, 4_294_967_295> = "") "Seconds before VRRP starts." { complaint: "vrrp_startup_delay '{}' is invalid" };
        set "vrrp_delay_after_boot" (vrrp_delay_after_boot: Seconds<1_000, 4_294_967_295> = "") "Seconds of uptime before VRRP starts." { since: "2.4.0", complaint: "vrrp_delay_after_boot '{}' is invalid" };
        set "log_unknown_vrids" (log_unknown_vrids: Flag = "") "Log adverts of other virtual routers.";
        set "vrrp_owner_ignore_adverts" (vrrp_owner_ignore_adverts: bool = "false") "Default of owner_ignore_adverts." { since: "2.3.3", complaint: "Invalid value 'vrrp_owner_ignore_adverts' for global {} specified" };
        call "vmac_prefix" (virtual_router::vmac_prefix, Value, "<string>", "vrrp") "Prefix of virtual MAC interfaces.";
        call "vmac_addr_prefix" (virtual_router::vmac_addr_prefix, Value, "<string>", "vrrp") "The same for addresses on other interfaces.";
        call "umask" (read::umask, Words, "<number>|<BIT>{|<BIT>}…", "0177") "Mask of files made.";
        unused "random_seed" (Number<0, 4_294_967_295> = "") "Without effect, as in the original." { complaint: "random_seed {} invalid" };
        set "reload_check_config" (reload_check_config: OptionalText = "") "Test a configuration before a reload.";
        set "reload_time_file" (reload_time_file: String = "") "File with the time of a reload." { missing: Missing::Report, alone: true, lack: "reload_time_file invalid" };
        set "reload_repeat" (reload_repeat: Flag = "") "Repeat that reload each day.";
        set "reload_file" (reload_file: OptionalText = "") "File that is there while a reload runs.";
        call "include_check" (read::include_check, Words, "[[+|-]{read|match|wildcard_match|brace_match}]…", "") "Which problems of includes stop a start.";
        set "config_save_dir" (config_save_dir: String = "") "Directory for a copy of each configuration." { complaint: "Unable to create config_save_dir {} (error 2 - No such file or directory)" };
        set "tmp_config_directory" (tmp_config_directory: String = "") "Without effect here: the file is read once." { missing: Missing::Report, repeat: Repeat::Refuse, lack: "tmp_config_directory missing directory name" };
        set "data_use_instance" (data_use_instance: bool = "false") "Names of dump files hold the instance." { acted: false, complaint: "Invalid value '{}' for global date_use_instance specified" };
        set "json_version" (json_version: Number<1, 2> = "1") "Layout of the JSON dump." { acted: false, missing: Missing::Report, since: "2.2.8", complaint: "Invalid JSON version", lack: "json_version requires version" };
        call "iproute_usr_dir" (read::iproute_dir, Value, "<path>", "/usr/share/iproute2") "Name tables of iproute2 as the distribution has them." { since: "2.3.2" };
        call "iproute_etc_dir" (read::iproute_dir, Value, "<path>", "/etc/iproute2") "Name tables of iproute2 as the administrator has them." { since: "2.3.2" };
        set "state_dump_file" (state_dump_file: FilePath = "") "File of the dump." { acted: false, missing: Missing::Report, since: "2.3.3", alone: true, complaint: "state_dump_file requires a non-empty path", lack: "state_dump_file requires a non-empty path" };
        set "stats_dump_file" (stats_dump_file: FilePath = "") "File of the statistics." { missing: Missing::Report, since: "2.3.3", alone: true, complaint: "stats_dump_file requires a non-empty path", lack: "stats_dump_file requires a non-empty path" };
        set "json_dump_file" (json_dump_file: FilePath = "") "File of the JSON dump." { acted: false, missing: Missing::Report, since: "2.3.3", alone: true, complaint: "json_dump_file requires a non-empty path", lack: "json_dump_file requires a non-empty path" };
    }
}
