//! Settings of `global_defs` that are read and checked and that nothing acts on yet: `docs/conformance.md` lists them.
//! What is to act takes its field from here to where it belongs.

use crate::base::time::Interval;

/// One field for each keyword, named like it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Later {
    /// Name of the BFD thread.
    pub bfd_process_name: Option<String>,
    /// Run scripts by the path as written.
    pub use_symlink_paths: bool,
    /// Processor time between sleeps, in microseconds.
    pub vrrp_rlimit_rttime: Option<u32>,
    /// Processor time between sleeps, in microseconds.
    pub checker_rlimit_rttime: Option<u32>,
    /// Processor time between sleeps, in microseconds.
    pub bfd_rlimit_rttime: Option<u32>,
    /// Socket of the SNMP master.
    pub snmp_socket: Option<String>,
    /// Send SNMP traps.
    pub enable_traps: bool,
    /// SNMP for VRRP.
    pub enable_snmp_vrrp: bool,
    /// SNMP by both RFCs.
    pub enable_snmp_rfc: bool,
    /// SNMP by RFC 2787.
    pub enable_snmp_rfcv2: bool,
    /// SNMP by RFC 6527.
    pub enable_snmp_rfcv3: bool,
    /// SNMP for checkers.
    pub enable_snmp_checker: bool,
    /// Age of statistics of virtual servers.
    pub snmp_vs_stats_update_interval: Interval,
    /// Age of statistics of real servers.
    pub snmp_rs_stats_update_interval: Interval,
    /// The D-Bus interface.
    pub enable_dbus: bool,
    /// Its name on the bus.
    pub dbus_service_name: String,
    /// Its name for instances without interface.
    pub dbus_no_interface_name: Option<String>,
    /// Names of dump files hold the instance.
    pub data_use_instance: bool,
    /// Layout of the JSON dump.
    pub json_version: u32,
    /// File of the dump.
    pub state_dump_file: Option<String>,
    /// File of the JSON dump.
    pub json_dump_file: Option<String>,
}
