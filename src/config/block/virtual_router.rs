//! Keywords of `global_defs` about virtual interfaces and the firewall.

use super::Given;
use super::global_defs::Global;
use super::vrrp_instance::extra;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::Row;
use crate::config::tree::Line;
use crate::config::value::{Flag, Number};
use crate::diagnostic::{Code, Spanned};

/// The longest names of a chain of iptables, of an ipset and of a table of nftables that the original takes.
const CHAIN: usize = 27;
const SET: usize = 30;
const TABLE: usize = 31;

type Read = Result<(), Stop>;

pub fn vmac_prefix(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    prefix(&mut block.vmac_prefix, "vmac", line, reader)
}

pub fn vmac_addr_prefix(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    prefix(&mut block.vmac_addr_prefix, "vmac_addr", line, reader)
}

fn prefix(given: &mut Given<String>, what: &str, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    let name = reader.need(line, 1)?;
    if given.is_some() {
        let words = format!("{what} prefix has already been specified - ignoring {name}");
        reader.report(Code::Duplicate, line.whole(), words);
        return Ok(());
    }
    *given = Some(Spanned::new(name.to_owned(), line.span(1)));
    Ok(())
}

pub fn garp_extra_if(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(extra) = extra("", 1, line, row, reader) {
        block.vrrp_garp_extra_if = Some(extra);
    }
    Ok(())
}

/// The chains' names are checked, but the rules stand in a table of our own.
pub fn vrrp_iptables(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if reader.refuse_second(block.vrrp_iptables.clone(), line, row) {
        return Ok(());
    }
    for (at, way) in [(1, "in"), (2, "out")] {
        if line.word(at).is_some_and(|chain| chain.len() > CHAIN) {
            let words = format!("VRRP Error : iptables {way} chain name too long - ignored");
            reader.report(Code::InvalidValue, line.span(at), words);
            return Ok(());
        }
    }
    if line.word(1).is_some() && line.word(1) == line.word(2) {
        let words = "VRRP Error : iptables in and out chain names are the same - ignored";
        reader.report(Code::InvalidValue, line.span(2), words);
        return Ok(());
    }
    let chains: Vec<&str> = line.words(1).collect();
    block.vrrp_iptables = Some(Spanned::new(chains.join(" "), line.whole()));
    Ok(())
}

pub fn vrrp_ipsets(block: &mut Global, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    for at in 1..line.len().min(7) {
        let name = line.word(at).unwrap_or_default();
        if name.len() > SET {
            reader.report(
                Code::InvalidValue,
                line.span(at),
                format!("VRRP Error : ipset name {name} too long - ignored"),
            );
        } else if line.words(1).take(at - 1).any(|other| other == name) {
            reader.report(
                Code::Duplicate,
                line.span(at),
                format!("VRRP Error : ipset name {name} used twice - ignored"),
            );
        }
    }
    block.vrrp_ipsets = Some(Spanned::new(Flag, line.whole()));
    Ok(())
}

/// Also sets the priority back (as the original does).
pub fn nftables(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if reader.refuse_second(block.nftables.clone(), line, row) {
        return Ok(());
    }
    let name = line.word(1).unwrap_or(row.default);
    if name.len() > TABLE {
        reader.report(Code::InvalidValue, line.span(1), "nftables table name too long - ignoring");
        return Ok(());
    }
    block.nftables = Some(Spanned::new(name.to_owned(), line.whole()));
    block.nftables_priority = None;
    Ok(())
}

/// Also sets priority and first mark back (as the original does).
pub fn nftables_ipvs(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if reader.refuse_second(block.nftables_ipvs.clone(), line, row) {
        return Ok(());
    }
    let name = line.word(1).filter(|name| !name.is_empty()).unwrap_or(row.default);
    if name.len() > TABLE {
        reader.report(Code::InvalidValue, line.span(1), "ipvs nftables table name too long - ignoring");
        return Ok(());
    }
    block.nftables_ipvs = Some(Spanned::new(name.to_owned(), line.whole()));
    block.nftables_ipvs_priority = None;
    block.nftables_ipvs_start_fwmark = None;
    Ok(())
}

pub fn nftables_priority(block: &mut Global, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let value = reader.value::<Number<{ -2_147_483_648 }, 2_147_483_647>>(line, row)?;
    block.nftables_priority = value.or(block.nftables_priority);
    Ok(())
}
