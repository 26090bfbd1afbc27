//! What `--help` and `--version` print, on standard error as in the original (IF-6).

use clap::CommandFactory;

use super::Options;

/// The version of keepalived whose behaviour this is, and ours. Programs read the second word and want a plain
/// dotted number there (IF-47).
pub const VERSION: &str = concat!("Keepalived v2.4.3 (11/23,2026), keepalived-rs ", env!("CARGO_PKG_VERSION"));

/// What is in this program, in the original's words (IF-47).
const FEATURES: &str = "NFTABLES LVS REGEX VRRP VRRP_AUTH VRRP_VMAC BFD OLD_CHKSUM_COMPAT INIT=systemd SYSTEMD_NOTIFY";

/// Width of the option column.
const COLUMN: usize = 31;

/// The usage text.
pub fn help(program: &str) -> String {
    let mut text = format!("Usage: {program} [OPTION...]\n");
    for arg in Options::command().get_arguments().filter(|arg| !arg.is_hide_set()) {
        let short = arg.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
        let mut left = format!("  {short}--{}", arg.get_long().unwrap_or_default());
        if let Some(names) = arg.get_value_names().filter(|_| arg.get_action().takes_values()) {
            let name = names.first().map_or("VALUE", |name| name.as_str());
            left += &if arg.is_require_equals_set() { format!("[={name}]") } else { format!("={name}") };
        }
        let what = arg.get_help().map(ToString::to_string).unwrap_or_default();
        if left.len() < COLUMN {
            text += &format!("{left:COLUMN$}{what}\n");
        } else {
            text += &format!("{left}\n{:COLUMN$}{what}\n", "");
        }
        if arg.get_id() == "file" {
            text += &format!("{:COLUMN$} default '/etc/keepalived/keepalived.conf'\n", "");
        }
    }
    text += "\nCommands, as the first word (each with --help):\n";
    for command in super::tool::command().get_subcommands() {
        let what = command.get_about().map(ToString::to_string).unwrap_or_default();
        text += &format!("  {:width$}{what}\n", command.get_name(), width = COLUMN - 2);
    }
    text
}

/// The version text: what it is, where it runs, what is in it. `system` is `uname -srv`, `distribution` the pretty
/// name of os-release(5).
pub fn version(system: &str, distribution: Option<&str>) -> String {
    let mut text = format!("{VERSION}\n\n");
    text += "keepalived-rs, free software under the GNU General Public License, version 2 or later\n\n";
    text += "Built with kernel headers for Linux 6.1.0\n";
    text += &format!("Running on {system}\n");
    if let Some(name) = distribution {
        text += &format!("Distro: {name}\n");
    }
    text += "\nconfigure options: --with-init=systemd\n";
    text += &format!("\nConfig options:  {FEATURES}\n");
    text += "\nSystem options:  IPV4_DEVCONF LIBIPVS_NETLINK IPVS_64BIT_STATS IPVS_TUN_TYPE SO_MARK\n";
    text
}
