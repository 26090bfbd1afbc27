//! `track_group`, `static_routes` and `static_rules`, and the routes and rules of an instance.

use super::root::Config;
use super::vrrp_instance::VrrpInstance;
use super::{route, rule};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Row, keywords};
use crate::config::tree::Line;
use crate::diagnostic::{Code, Span, Spanned};

/// `track_group NAME { group { … } }`.
#[derive(Debug, Default)]
pub struct TrackGroup {
    pub name: String,
    pub span: Span,
    pub members: Vec<Spanned<String>>,
}

keywords! {
    pub static TRACK_GROUP: TrackGroup {
        call "group" (group, Lines, "{ <instance name>… }", "") "Instances in fault while an interface of the group's static items is down.";
    }
}

fn group(block: &mut TrackGroup, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    if !block.members.is_empty() {
        let words = format!("Group list already specified for sync group {}", block.name);
        reader.report(Code::Duplicate, line.whole(), words);
        reader.skip_block();
        return Ok(());
    }
    reader.entries(line, row, |entry, _| {
        let words = (0..entry.len()).filter_map(|at| Some(Spanned::new(entry.word(at)?.to_owned(), entry.span(at))));
        block.members.extend(words);
        Ok(())
    })?;
    if block.members.is_empty() {
        let words = format!("Warning - track group {} has empty group block", block.name);
        reader.at_end(Code::InvalidValue, line.whole(), words);
    }
    Ok(())
}

pub fn static_route(config: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    config.static_routes.extend(route::read(line, true, reader)?);
    Ok(())
}

pub fn static_rule(config: &mut Config, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    config.static_rules.extend(rule::read(line, true, reader)?);
    Ok(())
}

pub fn virtual_route(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    block.virtual_routes.extend(route::read(line, false, reader)?);
    Ok(())
}

pub fn virtual_rule(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    block.virtual_rules.extend(rule::read(line, false, reader)?);
    Ok(())
}
