//! Values that only `global_defs` has.

use crate::config::schema::Missing;
use crate::config::value::{Fault, Parsed, Value, integer};

/// A real-time priority, 1..=99, of the process of that number in [`PROCESSES`]; others are brought within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealTime<const PROCESS: usize>(pub u8);

const PROCESSES: [&str; 3] = ["vrrp", "checker", "bfd"];
pub const VRRP: usize = 0;
pub const CHECKER: usize = 1;
pub const BFD: usize = 2;

impl<const PROCESS: usize> std::fmt::Display for RealTime<PROCESS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<const PROCESS: usize> Value for RealTime<PROCESS> {
    const HINT: &'static str = "<int>";
    const MISSING: Missing = Missing::Report;

    fn parse(text: &str, lax: bool) -> Parsed<Self> {
        let what = PROCESSES.get(PROCESS).copied().unwrap_or_default();
        let parsed = integer(text, i64::from(i32::MIN), i64::from(i32::MAX), lax);
        let fault = match parsed.value {
            Some(value) if value > 99 => Some(Fault::Tolerated(format!(
                "{what} process real-time priority {value} greater than maximum 99 - setting to maximum"
            ))),
            Some(value) if value < 1 => Some(Fault::Tolerated(format!(
                "{what} process real-time priority {value} less than minimum 1 - setting to minimum"
            ))),
            _ => parsed.fault,
        };
        Parsed { value: parsed.value.map(|value| RealTime(value.clamp(1, 99) as u8)), fault }
    }
}

/// The name of a process: its first 15 bytes count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessName(pub String);

impl std::fmt::Display for ProcessName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for ProcessName {
    const HINT: &'static str = "<string>";

    fn parse(text: &str, _: bool) -> Parsed<Self> {
        let end = (0..=15).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let name = text.get(..end).unwrap_or(text);
        let cut = (name.len() < text.len())
            .then(|| Fault::Tolerated(format!("Process name {text} more than 15 characters, truncating")));
        Parsed { value: Some(ProcessName(name.to_owned())), fault: cut }
    }
}

/// `lvs_flush_on_stop [VS]`: the virtual servers of the file only, else the whole table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushOnStop(pub bool);

impl std::fmt::Display for FlushOnStop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0 { "VS" } else { "" })
    }
}

impl Value for FlushOnStop {
    const HINT: &'static str = "[VS]";
    const MISSING: Missing = Missing::Allowed;

    fn parse(text: &str, _: bool) -> Parsed<Self> {
        Parsed::or_bad((text == "VS").then_some(FlushOnStop(true)))
    }

    fn absent() -> Option<Self> {
        Some(FlushOnStop(false))
    }
}

/// The path of a file: at least a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(pub String);

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for FilePath {
    const HINT: &'static str = "<path>";

    fn parse(text: &str, _: bool) -> Parsed<Self> {
        Parsed::or_bad((!text.is_empty()).then(|| FilePath(text.to_owned())))
    }
}

/// `vrrp_rx_bufs_policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RxBuffers {
    Mtu,
    Advert,
    Bytes(u32),
}
