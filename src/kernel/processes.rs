//! The processes that run, as /proc shows them (proc(5)).

use std::fs::File;
use std::io::{self, Read};

/// Bytes of /proc/PID/stat that hold all that is wanted.
const STAT: u64 = 256;

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// What the kernel calls it, at most 15 bytes.
    pub name: Vec<u8>,
    /// The words of its command line, each with a NUL behind it; empty unless it was asked for.
    pub command_line: Vec<u8>,
}

/// All processes that have not ended; the first `command_line` bytes of their command lines, none if that is 0: it
/// stands in the memory of the process, which may be swapped out.
///
/// # Errors
/// When /proc cannot be read; a process that ends meanwhile is left out.
pub fn all(command_line: usize) -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        found.extend(one(pid, command_line));
    }
    Ok(found)
}

/// One process, if it is there and has not ended.
pub fn one(pid: u32, command_line: usize) -> Option<Process> {
    let stat = beginning(&format!("/proc/{pid}/stat"), STAT).ok()?;
    let (parent, name) = parse(&stat)?;
    let command_line = match command_line {
        0 => Vec::new(),
        most => beginning(&format!("/proc/{pid}/cmdline"), most as u64).ok()?,
    };
    Some(Process { pid, parent, name, command_line })
}

fn beginning(path: &str, most: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// Parent and name of `PID (NAME) STATE PARENT …`; the name may hold anything. `None`: it has ended.
fn parse(stat: &[u8]) -> Option<(u32, Vec<u8>)> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    let name = stat.get(open + 1..close)?.to_vec();
    let mut words = stat.get(close + 1..)?.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let state = words.next()?;
    if matches!(state, b"Z" | b"X" | b"x") {
        return None;
    }
    let parent = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    Some((parent, name))
}

#[cfg(test)]
mod tests;
