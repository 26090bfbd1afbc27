//! The command line of `genhash` (CK-140, CK-141).

use std::ffi::OsString;
use std::net::IpAddr;

use clap::{CommandFactory, FromArgMatches, Parser};

use super::getopt;

/// What is to be fetched, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub server: IpAddr,
    pub port: u16,
    pub url: String,
    pub tls: bool,
    /// The virtual host is sent as server name.
    pub sni: bool,
    pub virtual_host: Option<String>,
    pub verbose: bool,
    pub fwmark: u32,
    pub protocol: Protocol,
    /// For the connection and for each wait, in seconds.
    pub timeout: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    V1_0,
    V1_0Close,
    V1_1,
}

/// Seconds unless told otherwise.
const TIMEOUT: u32 = 5;

#[derive(Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true, no_binary_name = true, args_override_self = true)]
struct Options {
    #[arg(short = 'S', long = "use-ssl")]
    tls: bool,
    #[arg(short = 'I', long = "use-sni")]
    sni: bool,
    #[arg(short = 's', long = "server")]
    server: Option<String>,
    #[arg(short = 'p', long = "port")]
    port: Option<String>,
    #[arg(short = 'u', long = "url")]
    url: Option<String>,
    #[arg(short = 'V', long = "use-virtualhost")]
    virtual_host: Option<String>,
    #[arg(short = 'v', long = "verbose")]
    verbose: bool,
    #[arg(short = 'h', long = "help")]
    help: bool,
    #[arg(short = 'm', long = "fwmark")]
    fwmark: Option<String>,
    #[arg(short = 'P', long = "protocol")]
    protocol: Option<String>,
    #[arg(short = 't', long = "timeout")]
    timeout: Option<String>,
}

/// Reads the words behind the program's name, or behind that of the command.
///
/// # Errors
/// The text for the terminal: what is wrong, if anything, and how it is used. The exit status is 1, of `-h` too
/// (CK-144).
pub fn read(program: &str, words: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    request(words).map_err(|wrong| format!("{wrong}{}", usage(program)))
}

fn request(words: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let words = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = Options::command();
    let read = getopt::normalise(&command, words).map_err(|wrong| {
        // Of an unknown option the original says nothing but how it is used.
        let missing = wrong.into_iter().filter(|line| line.starts_with("Missing"));
        missing.map(|line| line + "\n").collect::<String>()
    })?;
    let matches = command.try_get_matches_from(read.words).map_err(|_| String::new())?;
    let options = Options::from_arg_matches(&matches).map_err(|_| String::new())?;
    if options.help {
        return Err(String::new());
    }
    let number = |text: &str, most: u64| text.parse::<u64>().ok().filter(|number| *number <= most);
    let server = options.server.as_deref().map(|text| text.parse().map_err(|_| text)).transpose();
    let server: Option<IpAddr> = server.map_err(|text| format!("server should be an IP, not {text}\n"))?;
    let port = match options.port.as_deref() {
        None => None,
        Some(text) => {
            let port = number(text, u16::MAX.into()).filter(|port| *port > 0);
            Some(port.ok_or_else(|| format!("invalid port number '{text}'\n"))? as u16)
        }
    };
    let protocol = match options.protocol.as_deref() {
        None | Some("1.0") => Protocol::V1_0,
        Some("1.0c" | "1.0C") => Protocol::V1_0Close,
        Some("1.1") => Protocol::V1_1,
        Some(text) => return Err(format!("invalid HTTP protocol version '{text}'\n")),
    };
    let timeout = match options.timeout.as_deref() {
        None => TIMEOUT,
        Some(text) => {
            let seconds = number(text, (u32::MAX / 1000).into()).filter(|seconds| *seconds > 0);
            seconds.ok_or_else(|| format!("invalid timeout '{text}'\n"))? as u32
        }
    };
    let fwmark = match options.fwmark.as_deref() {
        None => 0,
        Some(text) => number(text, u32::MAX.into()).ok_or_else(|| format!("invalid fwmark '{text}'\n"))? as u32,
    };
    if !read.operands.is_empty() {
        return Err(format!("Unexpected argument(s): {}\n", read.operands.join(" ")));
    }
    let (Some(server), Some(port), Some(url)) = (server, port, options.url) else { return Err(String::new()) };
    let Options { tls, sni, virtual_host, verbose, .. } = options;
    Ok(Request { server, port, url, tls, sni, virtual_host, verbose, fwmark, protocol, timeout })
}

fn usage(program: &str) -> String {
    format!(
        "\
Usage: {program} COMMAND [OPTIONS]
Commands:
   -s server-address -p port -u url
   -S -s server-address -p port -u url
   -h

Options:
Either long or short options are allowed.
   --use-ssl         -S       Use SSL connection to remote server.
   --use-sni         -I       Use SNI during SSL handshake (uses virtualhost setting; see -V).
   --server          -s       Use the specified remote server address.
   --port            -p       Use the specified remote server port.
   --url             -u       Use the specified remote server url.
   --use-virtualhost -V       Use the specified virtualhost in GET query.
   --verbose         -v       Use verbose mode output.
   --help            -h       Display this short inlined help screen.
   --fwmark          -m       Use the specified FW mark.
   --protocol        -P       Use the specified HTTP protocol - '1.0', 1.0c', '1.1'.
                                1.0c means 1.0 with 'Connection: close'
   --timeout         -t       Timeout in seconds
"
    )
}
