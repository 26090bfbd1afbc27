//! What is said of interfaces beside the virtual routers: delays of link changes, polled links, shared ARP rates.

use super::Given;
use super::root::Config;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Seconds, Value};
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::vrrp::PollMethod;

/// One line of `linkbeat_interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linkbeat {
    pub interface: Spanned<String>,
    /// `None`: the best that works.
    pub method: Option<PollMethod>,
}

/// One line of `interface_up_down_delays`; microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpDownDelay {
    pub interface: Spanned<String>,
    pub down: u64,
    pub up: u64,
}

/// `garp_group { … }`.
#[derive(Debug, Default)]
pub struct GarpGroup {
    /// As the original counts them: by their `interfaces` blocks.
    pub number: u32,
    pub garp_interval: Given<Seconds<0, 4_294_967_295>>,
    pub gna_interval: Given<Seconds<0, 4_294_967_295>>,
    pub interfaces: Vec<Spanned<String>>,
    /// It has no interval; its interfaces must be there all the same.
    pub removed: bool,
}

keywords! {
    pub static GARP_GROUP: GarpGroup {
        set "garp_interval" (garp_interval: Seconds<0, 4_294_967_295> = "0") "Least gap between gratuitous ARPs of the group." { complaint: "garp_group garp_interval '{}' invalid" };
        set "gna_interval" (gna_interval: Seconds<0, 4_294_967_295> = "0") "Least gap between unsolicited advertisements of the group." { complaint: "garp_group gna_interval '{}' invalid" };
        call "interface" (interface, Value, "<interface>", "") "An interface of the group.";
        call "interfaces" (interfaces, Lines, "{ <interface>… }", "") "Interfaces of the group.";
    }
}

fn interface(block: &mut GarpGroup, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    block.interfaces.push(Spanned::new(name, line.span(1)));
    Ok(())
}

fn interfaces(block: &mut GarpGroup, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let before = block.interfaces.len();
    reader.entries(line, row, |entry, _| {
        let words = (0..entry.len()).filter_map(|at| Some(Spanned::new(entry.word(at)?.to_owned(), entry.span(at))));
        block.interfaces.extend(words);
        Ok(())
    })?;
    if block.interfaces.len() == before {
        reader.at_end(Code::InvalidValue, line.whole(), "Warning - empty garp_group interfaces block");
    } else {
        block.number += 1;
    }
    Ok(())
}

/// One line of `linkbeat_interfaces`.
pub fn linkbeat(config: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = line.keyword();
    if !is_known(config, name, line.span(0), reader, "linkbeat interface") {
        return Ok(());
    }
    let method = line.word(1).and_then(poll_method);
    if let Some(word) = line.word(1).filter(|_| method.is_none() || line.len() > 2) {
        let words = format!("extra characters {word} in linkbeat interface");
        reader.report(Code::InvalidValue, line.span(1), words);
    }
    config.linkbeat_interfaces.retain(|other| other.interface.value != name);
    config.linkbeat_interfaces.push(Linkbeat { interface: Spanned::new(name.to_owned(), line.span(0)), method });
    Ok(())
}

fn poll_method(word: &str) -> Option<PollMethod> {
    match word {
        "MII" => Some(PollMethod::Mii),
        "ETHTOOL" => Some(PollMethod::Ethtool),
        "IOCTL" => Some(PollMethod::Ioctl),
        _ => None,
    }
}

/// One line of `interface_up_down_delays`.
pub fn up_down_delay(config: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = line.keyword();
    if !is_known(config, name, line.span(0), reader, "up/down delay") {
        return Ok(());
    }
    if line.len() < 2 {
        let words = format!("No timeouts specified for {name} up/down delays");
        reader.report(Code::Logged, line.whole(), words);
        return Ok(());
    }
    if line.len() > 3 {
        let words = format!("Too many parameters for {name} up/down delays");
        reader.report(Code::Logged, line.span(3), words);
    }
    let mut delays = [0, 0];
    for (at, which) in [(1, "down"), (2, "up")] {
        let Some(text) = line.word(at) else { continue };
        let parsed = Seconds::<0, 255_000_000>::parse(text, !reader.test);
        if let Some(crate::config::value::Fault::Number(words) | crate::config::value::Fault::Tolerated(words)) =
            parsed.fault
        {
            reader.report(Code::InvalidNumber, line.span(at), words);
        }
        let Some(value) = parsed.value else {
            let words = format!("Invalid {which} delay {text} for {name}");
            reader.report(Code::Logged, line.span(at), words);
            return Ok(());
        };
        delays[at - 1] = value.0;
    }
    let [down, up] = delays;
    config.up_down_delays.retain(|other| other.interface.value != name);
    config.up_down_delays.push(UpDownDelay { interface: Spanned::new(name.to_owned(), line.span(0)), down, up });
    Ok(())
}

/// Whether the interface is there or may come; anything else is fatal.
fn is_known(config: &Config, name: &str, span: Span, reader: &mut Reader<'_>, what: &str) -> bool {
    if reader.host.interface(name).is_some() || config.global.dynamic_interfaces.is_some() {
        return true;
    }
    reader.report(Code::Fatal, span, format!("unknown interface {name} specified for {what}"));
    false
}
