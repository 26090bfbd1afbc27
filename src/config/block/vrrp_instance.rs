//! `vrrp_instance`: one virtual router.

use std::net::IpAddr;

use super::address::{self, Address};
use super::auth_hmac::{AUTH_HMAC, AuthHmac};
use super::route::RouteEntry;
use super::rule::RuleEntry;
use super::track::{self, Kind, Tracked};
use super::{Given, bfd, statics, vmac};
use crate::base::net::Family;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Invalid, Missing, Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::{Fault, Flag, Interface, Number, OptionalText, Parsed, Seconds, Value, choice, integer};
use crate::diagnostic::{Code, Span, Spanned};

choice! {
    /// `state`.
    pub enum State: "MASTER|BACKUP" { Master = "MASTER", Backup = "BACKUP" }
}

choice! {
    /// `auth_type`.
    pub enum AuthType: "PASS|AH" { Pass = "PASS", Ah = "AH" }
}

/// `vrrp_instance NAME { … }`.
#[derive(Debug, Default)]
pub struct VrrpInstance {
    pub name: String,
    pub span: Span,
    /// Its closing brace.
    pub end: Span,
    pub state: Given<State>,
    pub interface: Given<Interface>,
    pub virtual_router_id: Given<Number<1, 255>>,
    pub priority: Given<Number<1, 255>>,
    pub advert_int: Given<Seconds<10_000, 255_000_000>>,
    pub version: Given<Number<2, 3>>,
    pub native_ipv6: Given<Flag>,
    pub virtual_addresses: Vec<Address>,
    pub excluded_addresses: Vec<Address>,
    pub virtual_routes: Vec<RouteEntry>,
    pub virtual_rules: Vec<RuleEntry>,
    pub no_virtual_ipaddress: Given<Flag>,
    pub promote_secondaries: Given<Flag>,
    pub unicast_peers: Vec<Peer>,
    /// Any `unicast_*` keyword was given (VR-106).
    pub unicast: Option<Span>,
    pub unicast_ttl: Given<Number<0, 255>>,
    pub unicast_fault_no_peer: Given<Flag>,
    pub check_unicast_src: Given<Flag>,
    pub old_unicast_checksum: Given<OptionalText>,
    pub source: Given<IpAddr>,
    pub mcast_dst_ip: Given<IpAddr>,
    pub dont_track_primary: Given<Flag>,
    pub track_interfaces: Vec<Tracked>,
    pub track_scripts: Vec<Tracked>,
    pub track_bfds: Vec<Tracked>,
    pub track_files: Vec<Tracked>,
    pub track_processes: Vec<Tracked>,
    pub nopreempt: Given<Flag>,
    pub preempt_delay: Given<Seconds<0, 1_000_000_000>>,
    pub strict_mode: Given<bool>,
    pub accept: Given<Flag>,
    pub no_accept: Given<Flag>,
    pub skip_check_adv_addr: Given<bool>,
    pub v3_checksum_as_v2: Given<bool>,
    pub authentication: Authentication,
    pub auth_hmac: AuthHmac,
    pub notify_backup: Given<Script>,
    pub notify_master: Given<Script>,
    pub notify_fault: Given<Script>,
    pub notify_stop: Given<Script>,
    pub notify_deleted: Given<Script>,
    pub deleted: Given<Flag>,
    pub notify: Given<Script>,
    pub notify_master_rx_lower_pri: Given<Script>,
    pub smtp_alert: Given<bool>,
    pub notify_priority_changes: Given<bool>,
    pub linkbeat_use_polling: Given<Flag>,
    pub kernel_rx_buf_size: Given<Number<0, 4_294_967_295>>,
    pub garp_master_delay: Given<Number<0, 4294>>,
    pub garp_master_refresh: Given<Number<0, 4_294_967_295>>,
    pub garp_master_repeat: Given<Number<0, 4_294_967_295>>,
    pub garp_master_refresh_repeat: Given<Number<0, 4_294_967_295>>,
    pub garp_lower_prio_delay: Given<Number<0, 4294>>,
    pub garp_lower_prio_repeat: Given<Number<0, 2_147_483_647>>,
    pub down_timer_adverts: Given<Number<1, 100>>,
    pub lower_prio_no_advert: Given<bool>,
    pub higher_prio_send_advert: Given<bool>,
    pub owner_ignore_adverts: Given<bool>,
    pub use_vmac: Option<vmac::Vmac>,
    pub use_vmac_addr: Given<Flag>,
    pub vmac_xmit_base: Given<Flag>,
    pub use_ipvlan: Option<vmac::Ipvlan>,
    pub vrf: Given<String>,
    pub garp_extra_if: Given<Extra>,
    /// The highest priority of other routers.
    pub timer_expired_backup: Given<Number<1, 254>>,
    pub lvs_sync_daemon_interface: Given<Interface>,
}

/// One line of `unicast_peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    pub span: Span,
    pub min_ttl: Option<u8>,
    pub max_ttl: Option<u8>,
}

/// `garp_extra_if [all] SECONDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    pub all: bool,
    /// 0 is off.
    pub seconds: u32,
}

/// `authentication { … }`.
#[derive(Debug, Default)]
pub struct Authentication {
    pub span: Span,
    pub auth_type: Given<AuthType>,
    pub auth_pass: Given<Vec<u8>>,
}

keywords! {
    pub static VRRP_INSTANCE: VrrpInstance {
        call "use_vmac" (vmac::use_vmac, Words, "[[name] <interface>] [<mac>] [netlink_notify_msg] [group <group>]", "") "Use the virtual MAC of the RFC.";
        set "use_vmac_addr" (use_vmac_addr: Flag = "") "Virtual MACs for addresses on other interfaces too.";
        set "vmac_xmit_base" (vmac_xmit_base: Flag = "") "Send adverts from the interface below the virtual MAC's.";
        call "use_ipvlan" (vmac::use_ipvlan, Words, "[[name] <interface>] [<ipaddr>] [bridge|private|vepa] [group <group>]", "") "Run on an ipvlan.";
        call "unicast_peer" (unicast_peer, Lines, "{ <ipaddr> [min_ttl <uint>] [max_ttl <uint>]… }", "") "Routers to send adverts to, in place of the group.";
        call "unicast_fault_no_peer" (unicast_fault_no_peer, Flag, "", "") "Fault when unicast has no peers.";
        call "check_unicast_src" (check_unicast_src, Flag, "", "") "Take adverts from listed peers only.";
        call "old_unicast_checksum" (old_unicast_checksum, Value, "[never]", "") "Checksum of VRRPv3 unicast as before 1.3.6.";
        call "native_ipv6" (native_ipv6, Flag, "", "") "IPv6 even before an address says so.";
        call "state" (state, Value, "MASTER|BACKUP", "BACKUP") "Only says whether a delay is wanted; the election decides.";
        set "interface" (interface: Interface = "") "Interface of the virtual router." { complaint: "Interface name '{}' too long - ignoring" };
        call "vrf" (vrf, Value, "<interface>", "") "VRF of a unicast instance without interface.";
        set "dont_track_primary" (dont_track_primary: Flag = "") "Faults of its own interface do not matter.";
        lines "track_interface" (track_interface, "{ <interface> [weight <int> [reverse]]… }") "Interfaces that matter.";
        lines "track_script" (track_script, "{ <script> [weight <int> [reverse|noreverse]]… }") "Scripts that matter.";
        lines "track_file" (track_file, "{ <name> [weight <int> [reverse|noreverse]]… }") "Files that matter.";
        lines "track_process" (track_process, "{ <name> [weight <int> [reverse|noreverse]]… }") "Processes that matter.";
        lines "track_bfd" (track_bfd, "{ <name> [weight <int> [reverse|noreverse]]… }") "BFD sessions that matter.";
        set "mcast_src_ip" (source: IpAddr = "") "Source address of adverts." { complaint: "Configuration error: VRRP instance[{block}] malformed src address[{}]. Skipping..." };
        call "unicast_src_ip" (unicast_src_ip, Value, "<ipaddr>", "") "Source address of adverts." { complaint: "Configuration error: VRRP instance[{block}] malformed src address[{}]. Skipping..." };
        call "mcast_dst_ip" (mcast_dst_ip, Value, "<ipaddr>", "") "Group of adverts.";
        call "track_src_ip" (track_src_ip, Flag, "", "") "Fault while the source address is absent; has no effect, as in the original.";
        set "virtual_router_id" (virtual_router_id: Number<1, 255> = "") "Number shared by the routers of one virtual router." { lax: false, complaint: "({block}): VRID '{}' not valid - must be between 1 & 255" };
        call "unicast_ttl" (unicast_ttl, Value, "<uint>", "255") "TTL of unicast adverts." { lax: false, complaint: "({block}): TTL '{}' not valid - must be between 0 & 255" };
        call "version" (version, Value, "<uint>", "2") "Version of the protocol." { range: || Some("2 to 3".to_owned()), complaint: "({block}): Version must be either 2 or 3" };
        set "priority" (priority: Number<1, 255> = "100") "Election priority; 255 marks the address owner." { lax: false, invalid: Invalid::Default, complaint: "({block}) Priority not valid! must be between 1 & 255. Using default 100" };
        set "advert_int" (advert_int: Seconds<10_000, 255_000_000> = "1") "Seconds between adverts." { complaint: "({block}) Advert interval ({}) not valid! Must be > 0 - ignoring" };
        lines "virtual_ipaddress" (virtual_ipaddress, "{ <address entry>… }") "Addresses of the master, listed in adverts.";
        lines "virtual_ipaddress_excluded" (virtual_ipaddress_excluded, "{ <address entry>… }") "Addresses of the master, not listed in adverts.";
        set "no_virtual_ipaddress" (no_virtual_ipaddress: Flag = "") "No warning about an instance without addresses." { since: "2.2.8" };
        set "promote_secondaries" (promote_secondaries: Flag = "") "Set the sysctl of that name on the interface.";
        set "linkbeat_use_polling" (linkbeat_use_polling: Flag = "") "Poll the link state of the interface." { deprecated: "({block}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block" };
        set "v3_checksum_as_v2" (v3_checksum_as_v2: bool = "false") "VRRPv3 checksum without the pseudo header." { since: "2.2.8", complaint: "({block}) invalid v3_checksum_as_v2 {} specified" };
        lines "virtual_routes" (statics::virtual_route, "{ <route entry>… }") "Routes of the master.";
        lines "virtual_rules" (statics::virtual_rule, "{ <rule entry>… }") "Rules of the master.";
        set "accept" (accept: Flag = "") "Take packets to the addresses.";
        set "no_accept" (no_accept: Flag = "") "Drop packets to the addresses.";
        set "skip_check_adv_addr" (skip_check_adv_addr: bool = "false") "Do not compare the addresses of each advert." { complaint: "({block}) invalid skip_check_adv_addr {} specified" };
        set "strict_mode" (strict_mode: bool = "false") "Hold to the RFC." { complaint: "({block}) invalid strict_mode {} specified" };
        call "preempt" (preempt, Flag, "", "") "Undo nopreempt.";
        set "nopreempt" (nopreempt: Flag = "") "A master of lower priority is left alone.";
        set "preempt_delay" (preempt_delay: Seconds<0, 1_000_000_000> = "0") "Seconds before a master of lower priority is replaced." { invalid: Invalid::Default, complaint: "({block}) Preempt_delay not valid! must be between 0-1000" };
        unused "debug" (Number<0, 4> = "0") "Accepted, unused, as in the original." { complaint: "({block}) Debug value '{}' not valid; must be between 0-4" };
        script "notify_backup" (notify_backup) "Run on becoming backup." { again: "({block}) notify_backup script already specified - ignoring {}" };
        script "notify_master" (notify_master) "Run on becoming master." { again: "({block}) notify_master script already specified - ignoring {}" };
        script "notify_fault" (notify_fault) "Run on a fault." { again: "({block}) notify_fault script already specified - ignoring {}" };
        script "notify_stop" (notify_stop) "Run when the daemon stops." { again: "({block}) notify_stop script already specified - ignoring {}" };
        call "notify_deleted" (notify_deleted, Words, "[<script> [<user> [<group>]]]", "") "Run, and tell of DELETED, when a reload removes the instance.";
        script "notify" (notify) "Run on every change, with four more words." { again: "({block}) notify script already specified - ignoring {}" };
        script "notify_master_rx_lower_pri" (notify_master_rx_lower_pri) "Run when a master sees an advert of lower priority." { again: "({block}) notify_master_rx_lower_pri script already specified - ignoring {}" };
        set "smtp_alert" (smtp_alert: bool = "") "Mail on changes." { complaint: "Invalid vrrp_instance smtp_alert parameter {}" };
        set "notify_priority_changes" (notify_priority_changes: bool = "") "Tell of priority changes." { complaint: "({block}) Invalid value '{}' for notify_priority_changes specified" };
        call "lvs_sync_daemon_interface" (lvs_sync_daemon_interface, Value, "<interface>", "") "Old way to start the IPVS synchronisation.";
        set "garp_master_delay" (garp_master_delay: Number<0, 4294> = "5") "Seconds to the second burst of gratuitous ARP." { complaint: "({block}): garp_master_delay '{}' invalid - ignoring" };
        set "garp_master_refresh" (garp_master_refresh: Number<0, 4_294_967_295> = "0") "Seconds between gratuitous ARPs of a master." { invalid: Invalid::Default, complaint: "({block}): Invalid garp_master_refresh '{}' - ignoring" };
        call "garp_master_repeat" (garp_master_repeat, Value, "<uint>", "5") "Gratuitous ARPs of a burst." { complaint: "({block}): garp_master_repeat '{}' invalid - ignoring" };
        call "garp_master_refresh_repeat" (garp_master_refresh_repeat, Value, "<uint>", "1") "Gratuitous ARPs of a refresh." { complaint: "({block}): garp_master_refresh_repeat '{}' invalid - ignoring" };
        set "garp_lower_prio_delay" (garp_lower_prio_delay: Number<0, 4294> = "") "Seconds to the second burst after an advert of lower priority." { complaint: "({block}): garp_lower_prio_delay '{}' invalid - ignoring" };
        set "garp_lower_prio_repeat" (garp_lower_prio_repeat: Number<0, 2_147_483_647> = "") "Gratuitous ARPs after an advert of lower priority." { complaint: "({block}): Invalid garp_lower_prio_repeat '{}'" };
        set "down_timer_adverts" (down_timer_adverts: Number<1, 100> = "3") "Missed adverts before a backup takes over." { complaint: "({block}): Invalid down_timer_adverts [1:100] '{}'" };
        call "timer_expired_backup" (timer_expired_backup, Value, "[<uint>]", "") "Back to backup when adverts came too late; the highest priority of the others." { since: "2.2.8", lax: false, complaint: "({block}) timer_expired_backup highest_other_priority not valid! must be between 1 & 254" };
        call "thread_timer_expired" (thread_timer_expired, Value, "[<uint>]", "") "Wrong spelling of timer_expired_backup." { since: "2.3.2", lax: false, complaint: "({block}) timer_expired_backup highest_other_priority not valid! must be between 1 & 254" };
        call "garp_extra_if" (garp_extra_if, Words, "[all] <uint>", "0") "Gratuitous ARP on other interfaces of virtual MACs.";
        call "vmac_garp_intvl" (garp_extra_if, Words, "[all] <uint>", "0") "Old name of garp_extra_if." { deprecated: "Keyword \"vmac_garp_intvl\" is deprecated - please use \"garp_extra_if\"" };
        set "lower_prio_no_advert" (lower_prio_no_advert: bool = "false") "No answer to adverts of lower priority." { complaint: "({block}) invalid lower_prio_no_advert {} specified" };
        set "higher_prio_send_advert" (higher_prio_send_advert: bool = "false") "One advert on seeing a higher priority." { complaint: "({block}) invalid higher_prio_send_advert {} specified" };
        set "owner_ignore_adverts" (owner_ignore_adverts: bool = "false") "The owner ignores adverts." { since: "2.3.3", complaint: "({block}) invalid owner_ignore_adverts {} specified" };
        set "kernel_rx_buf_size" (kernel_rx_buf_size: Number<0, 4_294_967_295> = "") "Receive buffer of the socket." { missing: Missing::Report, alone: true, complaint: "({block}) invalid kernel_rx_buf_size specified", lack: "({block}) invalid kernel_rx_buf_size specified" };
        block "authentication" (authentication) "Authentication of VRRPv2.";
        block "auth_hmac" (auth_hmac) "Signed adverts." { since: "2.4.0" };
    }
}

keywords! {
    pub static AUTHENTICATION: Authentication {
        call "auth_type" (auth_type, Value, "PASS|AH", "") "Kind of authentication.";
        call "auth_pass" (auth_pass, Value, "<string>", "") "Password, at most 8 bytes.";
    }
}

type Read = Result<(), Stop>;

/// A VRF that a unicast instance without interface belongs to.
fn vrf(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = reader.need(line, 1)?;
    let owner = &block.name;
    if name.len() > 15 {
        let words = format!("({owner}) VRF interface name '{name}' too long - ignoring");
        reader.report(Code::InvalidValue, line.span(1), words);
    } else if block.interface.is_some() {
        let words = format!("({owner}) Cannot specify VRF interface and interface - ignoring");
        reader.report(Code::InvalidValue, line.span(1), words);
    } else if let Some(before) = &block.vrf {
        let words = format!("({owner}) VRF interface already specified as '{}' - ignoring {name}", before.value);
        reader.report(Code::Duplicate, line.span(1), words);
    } else {
        block.vrf = Some(Spanned::new(name.to_owned(), line.span(1)));
    }
    Ok(())
}

fn garp_extra_if(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let name = format!("({}): ", block.name);
    if let Some(extra) = extra(&name, 0, line, row, reader) {
        block.garp_extra_if = Some(extra);
    }
    Ok(())
}

/// Words of `garp_extra_if` and `vrrp_garp_extra_if`, in any order; the last number counts.
pub fn extra(
    prefix: &str,
    least: i64,
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Option<Spanned<Extra>> {
    let (mut all, mut seconds) = (false, None);
    for at in 1..line.len() {
        let word = line.word(at).unwrap_or_default();
        if word == "all" {
            all = true;
            continue;
        }
        let parsed = integer(word, least, 86400, row.lax && !reader.test);
        if let Some(Fault::Number(words) | Fault::Tolerated(words)) = parsed.fault {
            reader.report(Code::InvalidNumber, line.span(at), words);
        }
        match parsed.value {
            Some(value) => seconds = Some(value as u32),
            None => {
                let words = format!("{prefix}{} '{word}' invalid - ignoring", row.name);
                reader.report(Code::InvalidValue, line.span(at), words);
                return None;
            }
        }
    }
    let Some(seconds) = seconds else {
        let words = format!("{prefix}{} specified without time - ignoring", row.name);
        reader.report(Code::InvalidValue, line.whole(), words);
        return None;
    };
    Some(Spanned::new(Extra { all, seconds }, line.whole()))
}

fn unicast_peer(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.unicast = Some(line.whole());
    reader.entries(line, row, |entry, reader| {
        peer(block, entry, reader);
        Ok(())
    })
}

fn peer(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) {
    let text = line.keyword();
    let name = &block.name;
    let Ok(address) = text.split(['-', '/']).next().unwrap_or_default().parse::<IpAddr>() else {
        let words =
            format!("Configuration error: VRRP instance[{name}] malformed unicast peer address[{text}]. Skipping...");
        return reader.report(Code::InvalidValue, line.span(0), words);
    };
    if block.unicast_peers.iter().any(|peer| peer.address == address) {
        return reader.report(Code::Duplicate, line.span(0), format!("({name}) {text} - duplicate unicast_peer"));
    }
    let mut peer = Peer { address, span: line.span(0), min_ttl: None, max_ttl: None };
    let mut at = 1;
    while let Some(option) = line.word(at) {
        let Some(value) = line.word(at + 1) else {
            let words = format!("({name}) {text} - {option} is missing a value");
            reader.report(Code::InvalidValue, line.span(at), words);
            break;
        };
        let Parsed { value: parsed, fault } = integer(value, 0, 255, !reader.test);
        match (option, parsed) {
            ("min_ttl", Some(ttl)) => peer.min_ttl = Some(ttl as u8),
            ("max_ttl", Some(ttl)) => peer.max_ttl = Some(ttl as u8),
            ("min_ttl" | "max_ttl", None) => {
                if let Some(Fault::Number(words)) = fault {
                    reader.report(Code::InvalidNumber, line.span(at + 1), words);
                }
            }
            _ => {
                let words = format!("({name}) {text} - unknown unicast_peer option {option}");
                reader.report(Code::InvalidValue, line.span(at), words);
                break;
            }
        }
        at += 2;
    }
    if let (Some(min), Some(max)) = (peer.min_ttl, peer.max_ttl)
        && min > max
    {
        let words = format!("({name}) {text} - min_ttl {min} > max_ttl {max} - all packets will be discarded");
        reader.report(Code::Warning, line.span(0), words);
    }
    block.unicast_peers.push(peer);
}

fn unicast_fault_no_peer(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.unicast_fault_no_peer = Some(Spanned::new(Flag, line.whole()));
    Ok(())
}

fn timer_expired_backup(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    // Without a number the quickest to take over is reckoned with.
    let quickest = Some(Spanned::new(Number(254), line.whole()));
    let given = if line.len() > 1 { reader.value::<Number<1, 254>>(line, row)? } else { quickest };
    block.timer_expired_backup = given.or(block.timer_expired_backup);
    Ok(())
}

fn thread_timer_expired(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let words = format!("({}) thread_timer_expired - please replace with keyword 'timer_expired_backup'", block.name);
    reader.report(Code::Deprecated, line.span(0), words);
    timer_expired_backup(block, line, row, reader)
}

fn check_unicast_src(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.unicast = Some(line.whole());
    block.check_unicast_src = Some(Spanned::new(Flag, line.whole()));
    Ok(())
}

fn old_unicast_checksum(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.unicast = Some(line.whole());
    match line.word(1) {
        None | Some("never") => {
            let value = OptionalText(line.word(1).map(str::to_owned));
            block.old_unicast_checksum = Some(Spanned::new(value, line.whole()));
        }
        Some(word) => {
            let words = format!("({}) Unknown old_unicast_chksum mode {word} - ignoring", block.name);
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

/// The original compares the wrong field and does nothing (VR-162).
fn track_src_ip(_: &mut VrrpInstance, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    Ok(())
}

fn unicast_src_ip(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.unicast = Some(line.whole());
    if let Some(value) = reader.value::<IpAddr>(line, row)? {
        block.source = Some(value);
    }
    Ok(())
}

/// The first one stays.
fn version(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    let Some(given) = reader.value::<Number<2, 3>>(line, row)? else { return Ok(()) };
    match block.version {
        Some(first) if first.value != given.value => {
            let (name, second, first_one) = (&block.name, given.value, first.value);
            let words = format!(
                "({name}) vrrp_version {second} conflicts with configured or deduced version {first_one}; ignoring."
            );
            let finding = crate::diagnostic::Diagnostic::at(Code::Duplicate, given.span, words);
            reader.found.push(finding.also(first.span, "the first one, which stays"));
        }
        _ => block.version = Some(given),
    }
    Ok(())
}

fn unicast_ttl(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    if let Some(value) = reader.value::<Number<0, 255>>(line, row)? {
        block.unicast_ttl = Some(value);
    }
    Ok(())
}

fn mcast_dst_ip(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    let name = &block.name;
    let words = match IpAddr::parse(text, false).value {
        None => format!("({name}) malformed mcast dest address {text}. Skipping..."),
        Some(address) if !address.is_multicast() => format!("({name}) mcast_dst_ip {text} not multicast. Skipping..."),
        Some(address) => {
            block.mcast_dst_ip = Some(Spanned::new(address, line.span(1)));
            return Ok(());
        }
    };
    reader.report(Code::InvalidValue, line.span(1), words);
    Ok(())
}

fn state(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    let given = match text {
        "MASTER" => State::Master,
        "BACKUP" => State::Backup,
        _ => {
            let words = format!("({}) unknown state '{text}', defaulting to BACKUP", block.name);
            let finding = crate::diagnostic::Diagnostic::at(Code::InvalidValue, line.span(1), words);
            reader.found.push(finding.label("wanted: MASTER|BACKUP"));
            State::Backup
        }
    };
    if let Some(before) = block.state
        && before.value == State::Master
        && given == State::Backup
    {
        let words = format!("({}) state previously set as MASTER - ignoring BACKUP", block.name);
        reader.report(Code::Duplicate, line.span(1), words);
        return Ok(());
    }
    block.state = Some(Spanned::new(given, line.span(1)));
    Ok(())
}

/// A count of at least 1; 0 is reported and becomes 1.
fn at_least_one(
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<Given<Number<0, 4_294_967_295>>, Stop> {
    let mut value = reader.value::<Number<0, 4_294_967_295>>(line, row)?;
    if let Some(value) = value.as_mut().filter(|value| value.value.0 == 0) {
        let words = format!("({}): {} must be greater than 0, setting to 1", reader.block_name, row.name);
        reader.report(Code::Adjusted, line.span(1), words);
        value.value.0 = 1;
    }
    Ok(value)
}

fn garp_master_repeat(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.garp_master_repeat = at_least_one(line, row, reader)?.or(block.garp_master_repeat);
    Ok(())
}

fn garp_master_refresh_repeat(
    block: &mut VrrpInstance,
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    block.garp_master_refresh_repeat = at_least_one(line, row, reader)?.or(block.garp_master_refresh_repeat);
    Ok(())
}

/// What the addresses say so far, the first of them in the file.
pub fn family(block: &VrrpInstance) -> Option<Family> {
    let address = block.virtual_addresses.first().map(|one| (one.span, one.cidr.address));
    let peer = block.unicast_peers.first().map(|one| (one.span, one.address));
    let source = block.source.map(|one| (one.span, one.value));
    let group = block.mcast_dst_ip.map(|one| (one.span, one.value));
    let ipvlan = block.use_ipvlan.as_ref().and_then(|one| one.address).map(|one| (one.span, one.value.address));
    let first = [address, peer, source, group, ipvlan].into_iter().flatten().min_by_key(|(span, _)| span.lo);
    let excluded = block.excluded_addresses.first().map(|one| (one.span, one.cidr.address));
    first.or(excluded).map(|(_, address)| Family::of(address))
}

/// An address before it has decided already.
fn native_ipv6(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    if family(block) == Some(Family::V4) {
        let words = format!("({}) Cannot specify native_ipv6 with IPv4 addresses", block.name);
        reader.report(Code::InvalidValue, line.whole(), words);
    } else {
        block.native_ipv6 = Some(Spanned::new(Flag, line.whole()));
    }
    Ok(())
}

fn preempt(block: &mut VrrpInstance, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Read {
    block.nopreempt = None;
    Ok(())
}

fn notify_deleted(block: &mut VrrpInstance, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.deleted = Some(Spanned::new(Flag, line.whole()));
    if line.len() > 1
        && let Some(script) = crate::config::script::read(line, row, reader)?
    {
        if block.notify_deleted.is_some() {
            let words =
                format!("({}) notify_deleted already specified - ignoring {}", block.name, script.value.command);
            reader.report(Code::Duplicate, line.whole(), words);
        } else {
            block.notify_deleted = Some(script);
        }
    }
    Ok(())
}

fn lvs_sync_daemon_interface(
    block: &mut VrrpInstance,
    line: &Line<'_>,
    row: &'static Row,
    reader: &mut Reader<'_>,
) -> Read {
    let value = reader.value::<Interface>(line, row)?;
    let words = format!("({}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.", block.name);
    reader.report(Code::Deprecated, line.whole(), words);
    reader.report(Code::Deprecated, line.whole(), "       Please use global lvs_sync_daemon");
    block.lvs_sync_daemon_interface = value.or(block.lvs_sync_daemon_interface.take());
    Ok(())
}

fn track_interface(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    track::tracked(&mut block.track_interfaces, line, reader, Kind::Interface)
}

fn track_script(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    track::tracked(&mut block.track_scripts, line, reader, Kind::Script)
}

fn track_file(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    track::tracked(&mut block.track_files, line, reader, Kind::File)
}

fn track_process(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    track::tracked(&mut block.track_processes, line, reader, Kind::Process)
}

fn track_bfd(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    bfd::tracked(&mut block.track_bfds, line, reader)
}

fn virtual_ipaddress(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    if let Some(address) = address::read(line, false, reader)? {
        block.virtual_addresses.push(address);
    }
    Ok(())
}

fn virtual_ipaddress_excluded(block: &mut VrrpInstance, line: &Line<'_>, reader: &mut Reader<'_>) -> Read {
    if let Some(address) = address::read(line, false, reader)? {
        block.excluded_addresses.push(address);
    }
    Ok(())
}

fn authentication(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.authentication.span = line.whole();
    reader.block("vrrp_instance.authentication", line, AUTHENTICATION, &mut block.authentication)
}

fn auth_hmac(block: &mut VrrpInstance, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    block.auth_hmac.span = Some(line.whole());
    reader.block("vrrp_instance.auth_hmac", line, AUTH_HMAC, &mut block.auth_hmac)
}

fn auth_type(block: &mut Authentication, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let text = reader.need(line, 1)?;
    match text {
        "AH" => block.auth_type = Some(Spanned::new(AuthType::Ah, line.span(1))),
        "PASS" => block.auth_type = Some(Spanned::new(AuthType::Pass, line.span(1))),
        _ => {
            let words = format!("({}) unknown authentication type '{text}'", reader.block_name);
            reader.report(Code::InvalidValue, line.span(1), words);
        }
    }
    Ok(())
}

fn auth_pass(block: &mut Authentication, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Read {
    let mut password = crate::config::bytes::from_text(reader.need(line, 1)?);
    if password.len() > 8 {
        reader.report(Code::Adjusted, line.span(1), "Truncating auth_pass to 8 characters");
        password.truncate(8);
    }
    block.auth_pass = Some(Spanned::new(password, line.span(1)));
    Ok(())
}
