//! Commands beside the daemon's: the first word of the command line says which. The original knows no such words, so
//! nothing that it accepts changes its meaning but a lone operand of that name, which it would only complain of.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use super::Diagnostics;

#[derive(Debug, Parser)]
#[command(name = "keepalived-rs", disable_help_subcommand = true)]
struct Line {
    #[command(subcommand)]
    tool: Tool,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Tool {
    /// Check a configuration more strictly than -t does
    ///
    /// Everything that -t finds, and what is accepted but hardly meant; with --peer also what must not differ between
    /// the two routers. The exit status is that of -t (4, 5 or 6) when it finds a mistake; else 1 with --strict when
    /// anything was found, and 0.
    Check {
        /// The configuration file
        file: PathBuf,
        /// Exit with 1 when anything was found
        #[arg(long)]
        strict: bool,
        /// The configuration of the other router, to compare with
        #[arg(long, value_name = "FILE")]
        peer: Option<PathBuf>,
        /// Read @ID lines for this id
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// The same for the other router's file
        #[arg(long, value_name = "ID")]
        peer_id: Option<String>,
        /// How findings are shown; by default full on a terminal, else line
        #[arg(long, value_name = "FORM")]
        diagnostics: Option<Diagnostics>,
    },
    /// Print the digest of a page, for HTTP_GET and SSL_GET
    ///
    /// The options are those of genhash(1): -s ADDRESS -p PORT -u URL, with -S by TLS; -h lists them all.
    #[command(disable_help_flag = true)]
    Genhash {
        /// Options of genhash
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        words: Vec<OsString>,
    },
    /// Explain a keyword of the configuration, or the code of a finding
    ///
    /// The exit status is 1 when there is no such keyword or code.
    Explain {
        /// As in priority or KA0102
        word: String,
    },
}

/// The table of the commands, for manual pages and completions.
pub fn command() -> clap::Command {
    Line::command()
}

/// Reads the words after the program's name; `None`: they are for the daemon. An error is a text for the terminal
/// with the exit status; help is one, with 0.
pub fn read(words: &[OsString]) -> Option<Result<Tool, (String, u8)>> {
    let first = words.first()?.to_str()?;
    let known = Line::command().get_subcommands().any(|command| command.get_name() == first);
    known.then(|| {
        let line = std::iter::once(OsString::from("keepalived-rs")).chain(words.iter().cloned());
        Line::try_parse_from(line).map(|line| line.tool).map_err(|error| {
            let exit = if error.use_stderr() { 1 } else { 0 };
            (error.to_string(), exit)
        })
    })
}
