//! The top level of the file.

use super::Given;
use super::address::{self, Address};
use super::bfd::{BfdInstance, bfd_instance};
use super::global_defs::{GLOBAL_DEFS, Global};
use super::interfaces::{self, GARP_GROUP, GarpGroup, Linkbeat, UpDownDelay};
use super::minor::{self, SSL};
use super::route::RouteEntry;
use super::rule::RuleEntry;
use super::server_group::{ServerGroup, virtual_server_group};
use super::statics::{self, TRACK_GROUP, TrackGroup};
use super::track::{VRRP_SCRIPT, VrrpScript};
use super::virtual_server::{VirtualServer, virtual_server};
use super::vrrp_instance::{VRRP_INSTANCE, VrrpInstance};
use super::vrrp_sync_group::{SyncGroup, VRRP_SYNC_GROUP};
use super::watched::{self, TRACK_FILE, TRACK_PROCESS, TrackFile, TrackProcess};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Keyword, Missing, Repeat, Row, keywords};
use crate::config::tree::Line;
use crate::config::value::{Flag, Number, OptionalText};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};

/// Everything the file declares, in file order.
#[derive(Debug, Default)]
pub struct Config {
    pub instance: Given<String>,
    pub net_namespace: Given<String>,
    pub net_namespace_ipvs: Given<OptionalText>,
    /// Ipsets in a namespace on kernels before 3.13: there are none here.
    pub namespace_with_ipsets: Given<Flag>,
    pub use_pid_dir: Given<Flag>,
    pub child_wait_time: Given<Number<0, 4_294_967_295>>,
    pub global: Global,
    pub scripts: Vec<VrrpScript>,
    pub instances: Vec<VrrpInstance>,
    pub sync_groups: Vec<SyncGroup>,
    pub virtual_servers: Vec<VirtualServer>,
    pub server_groups: Vec<ServerGroup>,
    pub bfd_instances: Vec<BfdInstance>,
    pub track_groups: Vec<TrackGroup>,
    pub static_addresses: Vec<Address>,
    pub static_routes: Vec<RouteEntry>,
    pub static_rules: Vec<RuleEntry>,
    /// In file order; of two with one name the first is used.
    pub track_files: Vec<TrackFile>,
    pub track_processes: Vec<TrackProcess>,
    pub garp_groups: Vec<GarpGroup>,
    /// How many `interfaces` blocks came so far: the number by which the original calls a group.
    pub garp_group_number: u32,
    pub linkbeat_use_polling: Given<Flag>,
    pub linkbeat_interfaces: Vec<Linkbeat>,
    pub up_down_delays: Vec<UpDownDelay>,
    pub ssl: Option<Spanned<minor::Ssl>>,
}

keywords! {
    pub static ROOT: Config {
        set "linkbeat_use_polling" (linkbeat_use_polling: Flag = "") "Poll link states instead of hearing of them from the kernel.";
        set "net_namespace" (net_namespace: String = "") "Network namespace that everything runs in." { missing: Missing::Report, repeat: Repeat::Refuse, again: "Duplicate net_namespace definition {} - ignoring" };
        set "net_namespace_ipvs" (net_namespace_ipvs: OptionalText = "") "Network namespace of the IPVS table." { repeat: Repeat::Refuse, again: "Duplicate net_namespace_ipvs definition {} - ignoring" };
        set "namespace_with_ipsets" (namespace_with_ipsets: Flag = "") "Without effect: no ipsets are used.";
        set "use_pid_dir" (use_pid_dir: Flag = "") "Put pid files in a directory of their own.";
        set "instance" (instance: String = "") "Name of this daemon among several: part of pid file names." { missing: Missing::Report, repeat: Repeat::Refuse, again: "Duplicate instance definition {} - ignoring" };
        set "child_wait_time" (child_wait_time: Number<0, 4_294_967_295> = "5") "The most seconds a stop may take." { complaint: "Invalid child_wait_time {}" };
        block "global_defs" (global_defs) "Settings of the whole router.";
        block "track_group" (track_group) "Instances that follow the interfaces of static items.";
        lines "static_ipaddress" (address::static_entry, "{ <address entry>… }") "Addresses set at start and removed at stop.";
        lines "static_routes" (statics::static_route, "{ <route entry>… }") "Routes set at start and removed at stop.";
        lines "static_rules" (statics::static_rule, "{ <rule entry>… }") "Rules set at start and removed at stop.";
        block "vrrp_sync_group" (vrrp_sync_group) "Instances that change state together.";
        block "garp_group" (garp_group) "Interfaces that share the spacing of gratuitous ARP.";
        lines "linkbeat_interfaces" (interfaces::linkbeat, "{ <interface> [MII|ETHTOOL|IOCTL]… }") "Interfaces whose link state is polled.";
        block "vrrp_instance" (vrrp_instance) "One virtual router.";
        block "vrrp_script" (vrrp_script) "A script that changes priorities.";
        block "vrrp_track_process" (vrrp_track_process) "A number of processes that changes priorities.";
        lines "interface_up_down_delays" (interfaces::up_down_delay, "{ <interface> <down> [<up>]… }") "Seconds before a link that went down or came up counts.";
        block "SSL" (ssl) "Client certificate of SSL_GET." { repeat: Repeat::Replace };
        call "virtual_server_group" (virtual_server_group, Lines, "<name> { <entry>… }", "") "Addresses and marks shared by virtual servers.";
        call "virtual_server" (virtual_server, Block, "<ipaddr> [<port>] | fwmark <uint> | group <name> { … }", "") "One IPVS service.";
        block "bfd_instance" (bfd_instance) "One BFD session.";
        block "track_file" (track_file) "A file whose number changes priorities.";
        block "vrrp_track_file" (track_file) "Old name of track_file.";
    }
}

fn global_defs(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    reader.block("global_defs", line, GLOBAL_DEFS, &mut config.global)
}

/// The one name of a block, when it is right and new; else the block is left out (CL-39).
fn named(line: &Line<'_>, reader: &mut Reader<'_>, what: &str, words: String, already: Option<Span>) -> Option<String> {
    let name = line.word(1).filter(|_| line.len() == 2);
    let Some(name) = name else {
        reader.report(Code::BlockRefused, line.whole(), words);
        reader.skip_block();
        return None;
    };
    if let Some(first) = already {
        let words = format!("{what} {name} already defined");
        reader.found.push(Diagnostic::at(Code::BlockRefused, line.span(1), words).also(first, "first defined here"));
        reader.skip_block();
        return None;
    }
    Some(name.to_owned())
}

fn vrrp_instance(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let already = config.instances.iter().find(|one| Some(one.name.as_str()) == line.word(1)).map(|one| one.span);
    let words = "vrrp_instance must have a name".to_owned();
    let Some(name) = named(line, reader, "vrrp instance", words, already) else { return Ok(()) };
    let mut block = VrrpInstance { name: name.clone(), span: line.span(1), ..VrrpInstance::default() };
    reader.block_name = name;
    let read = reader.block("vrrp_instance", line, VRRP_INSTANCE, &mut block);
    block.end = reader.closed;
    config.instances.push(block);
    read
}

fn vrrp_sync_group(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let already = config.sync_groups.iter().find(|one| Some(one.name.as_str()) == line.word(1)).map(|one| one.span);
    let words = "vrrp_sync_group must have a name - skipping".to_owned();
    let Some(name) = named(line, reader, "vrrp sync group", words, already) else { return Ok(()) };
    let mut block = SyncGroup { name: name.clone(), span: line.span(1), ..SyncGroup::default() };
    reader.block_name = name;
    reader.block("vrrp_sync_group", line, VRRP_SYNC_GROUP, &mut block)?;
    if block.members.is_empty() {
        let words = format!("Sync group {} has no members - removing", block.name);
        reader.at_end(Code::BlockRefused, block.span, words);
    } else {
        config.sync_groups.push(block);
    }
    Ok(())
}

fn vrrp_script(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    let mut block = VrrpScript { name: name.clone(), span: line.span(1), ..VrrpScript::default() };
    reader.block_name.clone_from(&name);
    reader.block("vrrp_script", line, VRRP_SCRIPT, &mut block)?;
    if block.script.is_none() {
        reader.at_end(Code::BlockRefused, block.span, format!("No script set for vrrp_script {name} - removing"));
    } else {
        // Of two with one name the first is used (CL-123).
        block.end = reader.closed;
        reader.declared.scripts.entry(name).or_insert(block.span);
        config.scripts.push(block);
    }
    Ok(())
}

fn track_group(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let already = line.word(1).and_then(|name| reader.declared.track_groups.get(name).copied());
    let words = "track_group must have a name - skipping".to_owned();
    let Some(name) = named(line, reader, "track_group", words, already) else { return Ok(()) };
    let mut block = TrackGroup { name: name.clone(), span: line.span(1), ..TrackGroup::default() };
    reader.block("track_group", line, TRACK_GROUP, &mut block)?;
    if block.members.is_empty() {
        let words = format!("Static track group {name} has no members - removing");
        reader.report(Code::BlockRefused, block.span, words);
    } else {
        reader.declared.track_groups.insert(name, block.span);
        config.track_groups.push(block);
    }
    Ok(())
}

fn garp_group(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let mut block = GarpGroup { number: config.garp_group_number, ..GarpGroup::default() };
    reader.block("garp_group", line, GARP_GROUP, &mut block)?;
    config.garp_group_number = block.number;
    if block.garp_interval.is_none() && block.gna_interval.is_none() {
        let words = format!("garp group {} does not have any delay set - removing", block.number);
        reader.at_end(Code::BlockRefused, line.whole(), words);
        block.removed = true;
    }
    config.garp_groups.push(block);
    Ok(())
}

fn vrrp_track_process(
    config: &mut Config,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    let mut block = TrackProcess { name: name.clone(), span: line.span(1), ..TrackProcess::default() };
    reader.block_name.clone_from(&name);
    reader.block("vrrp_track_process", line, TRACK_PROCESS, &mut block)?;
    if block.process.is_none() {
        let words = format!("track process '{name}' process name not specified");
        reader.at_end(Code::BlockRefused, block.span, words);
    } else {
        reader.declared.processes.entry(name).or_insert(block.span);
        config.track_processes.push(block);
    }
    Ok(())
}

fn track_file(config: &mut Config, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    let old = row.name == "vrrp_track_file";
    if old {
        let words = "\"vrrp_track_file\" is deprecated, please use \"track_file\"";
        reader.report(Code::Logged, line.span(0), words);
    }
    let mut block = TrackFile { name: name.clone(), span: line.span(1), ..TrackFile::default() };
    reader.block_name.clone_from(&name);
    reader.block(if old { "vrrp_track_file" } else { "track_file" }, line, TRACK_FILE, &mut block)?;
    if watched::usable(&block, reader) {
        reader.declared.files.entry(name).or_insert(block.span);
        config.track_files.push(block);
    }
    Ok(())
}

fn ssl(config: &mut Config, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let mut block = minor::Ssl::default();
    let read = reader.block("SSL", line, SSL, &mut block);
    if let Some(first) = config.ssl.replace(Spanned::new(block, line.whole())) {
        let finding = Diagnostic::at(Code::Duplicate, line.whole(), "SSL context already specified - replacing");
        reader.found.push(finding.also(first.span, "the first one, which it replaces"));
    }
    read
}

/// The table of a block as its rows alone.
pub fn rows<B>(table: &'static [Keyword<B>]) -> Vec<&'static Row> {
    table.iter().map(|keyword| &keyword.row).collect()
}
