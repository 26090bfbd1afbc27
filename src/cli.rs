//! The command line: keepalived's options, one for one.
//!
//! clap holds the table of options and their values; `getopt` brings what getopt_long(3) accepts into the one form
//! that clap is then given, and finds the errors that the original words itself.

pub mod genhash;
mod getopt;
mod text;
pub mod tool;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

pub use self::text::{VERSION, help, version};

/// What the command line asks for.
#[derive(Clone, Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true, no_binary_name = true, args_override_self = true)]
pub struct Options {
    /// Use the specified configuration file
    #[arg(short = 'f', long = "use-file", value_name = "FILE", default_value = "/etc/keepalived/keepalived.conf")]
    pub file: PathBuf,
    /// Run only the VRRP part
    #[arg(short = 'P', long = "vrrp", overrides_with = "all")]
    pub only_vrrp: bool,
    /// Run only the health checkers
    #[arg(short = 'C', long = "check", overrides_with = "all")]
    pub only_check: bool,
    /// Don't run the BFD part
    #[arg(short = 'B', long = "no_bfd")]
    pub no_bfd: bool,
    /// Run every part, even one without configuration
    #[arg(long = "all", overrides_with_all = ["only_vrrp", "only_check"])]
    pub all: bool,
    /// Write log lines to the terminal as well
    #[arg(short = 'l', long = "log-console")]
    pub log_console: bool,
    /// Write detailed log lines
    #[arg(short = 'D', long = "log-detail", action = ArgAction::Count)]
    pub log_detail: u8,
    /// Syslog facility: local0 to local7, user or daemon (default)
    #[arg(short = 'S', long = "log-facility", value_name = "([0-7]|local[0-7]|user|daemon)")]
    pub log_facility: Option<String>,
    /// Write nothing to syslog or the journal
    #[arg(short = 'G', long = "no-syslog")]
    pub no_syslog: bool,
    /// File creation mask, as a number
    #[arg(short = 'u', long = "umask", value_name = "MASK")]
    pub umask: Option<String>,
    /// Remove addresses on leaving MASTER even if they are not known to be set
    #[arg(short = 'X', long = "release-vips")]
    pub release_vips: bool,
    /// Leave addresses and routes in place on stop
    #[arg(short = 'V', long = "dont-release-vrrp")]
    pub keep_vrrp: bool,
    /// Leave the IPVS table in place on stop
    #[arg(short = 'I', long = "dont-release-ipvs")]
    pub keep_ipvs: bool,
    /// Accepted; the daemon always stops when a part fails
    #[arg(short = 'R', long = "dont-respawn")]
    pub dont_respawn: bool,
    /// Stay in the foreground
    #[arg(short = 'n', long = "dont-fork")]
    pub dont_fork: bool,
    /// Write the effective configuration to the log, with -t to standard output
    #[arg(short = 'd', long = "dump-conf")]
    pub dump_conf: bool,
    /// Pid file of the daemon
    #[arg(short = 'p', long = "pid", value_name = "FILE")]
    pub pid: Option<PathBuf>,
    /// Pid file of the VRRP part
    #[arg(short = 'r', long = "vrrp_pid", value_name = "FILE")]
    pub vrrp_pid: Option<PathBuf>,
    /// Act as genhash with the options that follow
    #[arg(short = 'T', long = "genhash")]
    pub genhash: bool,
    /// Pid file of the health checkers
    #[arg(short = 'c', long = "checkers_pid", value_name = "FILE")]
    pub checkers_pid: Option<PathBuf>,
    /// Report every address that netlink adds or removes
    #[arg(short = 'a', long = "address-monitoring")]
    pub address_monitoring: bool,
    /// Accepted, without effect: BFD is part of the VRRP thread
    #[arg(short = 'b', long = "bfd_pid", value_name = "FILE")]
    pub bfd_pid: Option<PathBuf>,
    /// Offer the state to an SNMP agent (no effect yet)
    #[arg(short = 'x', long = "snmp")]
    pub snmp: bool,
    /// Address of the SNMP master agent (no effect yet)
    #[arg(short = 'A', long = "snmp-agent-socket", value_name = "FILE")]
    pub snmp_agent_socket: Option<String>,
    /// Run in this network namespace (goes before net_namespace)
    #[arg(short = 's', long = "namespace", value_name = "NAME")]
    pub namespace: Option<String>,
    /// Leave a core file on a crash
    #[arg(short = 'm', long = "core-dump")]
    pub core_dump: bool,
    /// Also write PATN to kernel.core_pattern (default 'core'), until the stop
    #[arg(short = 'M', long = "core-dump-pattern", value_name = "PATN",
        num_args = 0..=1, require_equals = true, default_missing_value = "core")]
    pub core_dump_pattern: Option<String>,
    /// A missing configuration file is an error (as with includea)
    #[arg(short = 'e', long = "all-config")]
    pub all_config: bool,
    /// Read @ID lines for this id, and not @^ID lines; default: the node name
    #[arg(short = 'i', long = "config-id", value_name = "ID")]
    pub config_id: Option<String>,
    /// SIGINT does not stop the daemon
    #[arg(long = "ignore-sigint")]
    pub ignore_sigint: bool,
    /// Print the number of the signal for STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON
    #[arg(long = "signum", value_name = "SIGFUNC")]
    pub signum: Option<String>,
    /// Check the configuration; findings go to standard error or to this file
    #[arg(short = 't', long = "config-test", value_name = "LOG_FILE",
        num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub config_test: Option<String>,
    /// How findings are shown: full (default on a terminal), line or json
    #[arg(long = "diagnostics", value_name = "FORM")]
    pub diagnostics: Option<Diagnostics>,
    /// Print the version
    #[arg(short = 'v', long = "version")]
    pub version: bool,
    /// Print this text
    #[arg(short = 'h', long = "help")]
    pub help: bool,
    /// Descriptor with the configuration, for the original's own use
    #[arg(long = "config-fd", value_name = "N", hide = true)]
    pub config_fd: Option<String>,
    /// File for the log in builds that have it
    #[arg(short = 'g', long = "log-file", value_name = "FILE", hide = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub log_file: Option<String>,
    /// What follows the options
    #[arg(skip)]
    pub operands: Vec<String>,
}

/// How findings about a configuration are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Diagnostics {
    /// With the lines they are about.
    Full,
    /// One line each, as in the log.
    Line,
    /// One JSON object each, on a line of its own.
    Json,
}

/// Reads the words after the program's name.
///
/// # Errors
/// One line for each mistake, in the original's words; the program then exits with status 1 (IF-2, IF-3).
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Options, Vec<String>> {
    let command = Options::command();
    let words = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let read = getopt::normalise(&command, words)?;
    let matches = command.try_get_matches_from(read.words).map_err(|error| vec![error.to_string()])?;
    let mut options = Options::from_arg_matches(&matches).map_err(|error| vec![error.to_string()])?;
    options.operands = read.operands;
    Ok(options)
}

impl Options {
    /// Which parts may run: VRRP, health checkers. Of -P, -C and --all the later one wins (IF-10, IF-11, IF-13).
    pub fn parts(&self) -> (bool, bool) {
        (!self.only_check, !self.only_vrrp)
    }

    /// The syslog facility's number (IF-16); `None`: no such facility, the option is then ignored.
    pub fn facility(&self) -> Option<u8> {
        match self.log_facility.as_deref() {
            None | Some("daemon") => Some(3),
            Some("user") => Some(1),
            Some(text) => match text.strip_prefix("local").unwrap_or(text).as_bytes() {
                [digit @ b'0'..=b'7'] => Some(16 + (digit - b'0')),
                _ => None,
            },
        }
    }

    /// `--umask` as strtoul(3) reads it, at most 0777 (IF-20). `Some(Err)`: not such a number, the option is ignored.
    pub fn umask(&self) -> Option<Result<u32, &str>> {
        let text = self.umask.as_deref()?;
        let (digits, base) = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&text[2..], 16),
            [b'0', _, ..] => (&text[1..], 8),
            _ => (text, 10),
        };
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = u32::from_str_radix(digits, base).ok().filter(|&mask| plain && mask <= 0o777);
        Some(read.ok_or(text))
    }

    /// Accepted, but without effect yet.
    pub fn not_yet(&self) -> Vec<&'static str> {
        [
            (self.snmp, "--snmp"),
            (self.snmp_agent_socket.is_some(), "--snmp-agent-socket"),
            (self.bfd_pid.is_some(), "--bfd_pid"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect()
    }
}

/// The number of a signal by its meaning (IF-49). Case matters.
pub fn signal_number(name: &str) -> Option<i32> {
    match name {
        "STOP" => Some(15),
        "RELOAD" => Some(1),
        "DATA" => Some(10),
        "STATS" => Some(12),
        // glibc's SIGRTMAX - 1 and SIGRTMIN + 2, whatever we are built with: programs in the field send these.
        "STATS_CLEAR" => Some(63),
        "JSON" => Some(36),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
