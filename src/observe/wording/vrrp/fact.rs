//! The rows of what happens to one virtual router.

use super::{Level, Row, always, detail, flaw, mismatch, shown};
use crate::base::name::InstanceName;
use crate::base::net::Family;
use crate::base::time::Interval;
use crate::model::event::vrrp::{Fact, FaultCause, OldWords};

pub(super) fn row(name: &InstanceName, fact: &Fact) -> Row {
    let mut row = match fact {
        Fact::Entering { state, previous, initial, priority } => always(
            "vrrp_entering",
            format!("({name}) Entering {} STATE{}", shown(*state), if *initial { " (init)" } else { "" }),
            vec![
                ("state", shown(*state).to_owned()),
                ("previous", shown(*previous).to_owned()),
                ("priority", priority.to_string()),
            ],
        ),
        Fact::AdvertTimeout => detail("vrrp_advert_timeout", format!("({name}) Receive advertisement timeout"), vec![]),
        Fact::SettingAddresses => detail("vrrp_setting_addresses", format!("({name}) setting VIPs."), vec![]),
        Fact::SettingRoutes => detail("vrrp_setting_routes", format!("({name}) setting Virtual Routes"), vec![]),
        Fact::SettingRules => detail("vrrp_setting_rules", format!("({name}) setting Virtual Rules"), vec![]),
        Fact::RemovingRoutes => detail("vrrp_removing_routes", format!("({name}) removing Virtual Routes"), vec![]),
        Fact::RemovingRules => detail("vrrp_removing_rules", format!("({name}) removing Virtual Rules"), vec![]),
        Fact::SettingExcludedAddresses => {
            detail("vrrp_setting_excluded_addresses", format!("({name}) setting E-VIPs."), vec![])
        }
        Fact::RemovingAddresses => detail("vrrp_removing_addresses", format!("({name}) removing VIPs."), vec![]),
        Fact::RemovingExcludedAddresses => {
            detail("vrrp_removing_excluded_addresses", format!("({name}) removing E-VIPs."), vec![])
        }
        Fact::BarringAddresses => {
            detail("vrrp_barring_addresses", format!("({name}) setting firewall drop rule"), vec![])
        }
        Fact::UnbarringAddresses => {
            detail("vrrp_unbarring_addresses", format!("({name}) removing firewall drop rule"), vec![])
        }
        Fact::AddressNoLonger { address, interface } => {
            let interface = interface.as_ref().map_or("-", |interface| interface.as_str());
            always(
                "vrrp_address_no_longer",
                format!("({name}) ip address {address} dev {interface}, no longer exist"),
                vec![("address", address.to_string()), ("interface", interface.to_owned())],
            )
        }
        Fact::SentPriorityZero => detail("vrrp_sent_priority_zero", format!("({name}) sent 0 priority"), vec![]),
        Fact::BackupReceivedPriorityZero => detail(
            "vrrp_backup_received_priority_zero",
            format!("({name}) Backup received priority 0 advertisement"),
            vec![],
        ),
        Fact::MasterReceivedPriorityZero => {
            detail("vrrp_master_received_priority_zero", format!("({name}) Master received priority 0 message"), vec![])
        }
        Fact::LowerPriority { from, theirs, ours, forcing } => always(
            "vrrp_lower_priority",
            format!(
                "({name}) Received advert from {from} with lower priority {theirs}, ours {ours}{}",
                if *forcing { ", forcing new election" } else { "" }
            ),
            vec![("peer", from.to_string()), ("theirs", theirs.to_string()), ("priority", ours.to_string())],
        ),
        Fact::LowerPriorityDiscarded { from, theirs } => always(
            "vrrp_lower_priority_discarded",
            format!("({name}) received lower priority ({theirs}) advert from {from} - discarding"),
            vec![("peer", from.to_string()), ("theirs", theirs.to_string())],
        ),
        Fact::HigherPriority { from, theirs, ours } => always(
            "vrrp_higher_priority",
            format!("({name}) Master received advert from {from} with higher priority {theirs}, ours {ours}"),
            vec![("peer", from.to_string()), ("theirs", theirs.to_string()), ("priority", ours.to_string())],
        ),
        Fact::HigherAddress { from, priority } => always(
            "vrrp_higher_address",
            format!(
                "({name}) Master received advert from {from} with same priority {priority} but higher IP address \
                 than ours"
            ),
            vec![("peer", from.to_string()), ("priority", priority.to_string())],
        ),
        Fact::OurAddress => always(
            "vrrp_our_address",
            format!("({name}) WARNING - equal priority advert received from remote host with our IP address."),
            vec![],
        ),
        Fact::MasterSet { master } => {
            detail("vrrp_master_set", format!("({name}) master set to {master}"), vec![("peer", master.to_string())])
        }
        Fact::MasterChanged { from, to } => detail(
            "vrrp_master_changed",
            format!("({name}) master changed from {from} to {to}"),
            vec![("peer", to.to_string()), ("previous", from.to_string())],
        ),
        Fact::PreemptDelayStarted { delay } => detail(
            "vrrp_preempt_delay_started",
            format!(
                "({name}) start preempt delay ({}.{:06})",
                delay.as_micros() / 1_000_000,
                delay.as_micros() % 1_000_000
            ),
            vec![("delay", delay.to_string())],
        ),
        Fact::PreemptDelayStopped => {
            detail("vrrp_preempt_delay_stopped", format!("({name}) stop preempt delay"), vec![])
        }
        Fact::IntervalLearned { from, to } => always(
            "vrrp_interval_learned",
            format!(
                "({name}) advertisement interval updated from {}ms to {}ms by master",
                milliseconds(*from),
                milliseconds(*to)
            ),
            vec![("previous", from.to_string()), ("interval", to.to_string())],
        ),
        Fact::IntervalReset { from, to } => detail(
            "vrrp_interval_reset",
            format!(
                "({name}) changing advert interval from {}ms to locally configured {}ms",
                milliseconds(*from),
                milliseconds(*to)
            ),
            vec![("previous", from.to_string()), ("interval", to.to_string())],
        ),
        Fact::OwnerConflict { with } => always(
            "vrrp_owner_conflict",
            format!(
                "({name}) CONFIGURATION ERROR: local instance and {with} are both configured as address owner, \
                 please resolve"
            ),
            vec![("peer", with.to_string())],
        ),
        Fact::OwnerYields { to } => always(
            "vrrp_owner_yields",
            format!("({name}) {to} is still advertising as address owner, please resolve - reducing our priority"),
            vec![("peer", to.to_string())],
        ),
        Fact::RogueOwnerGone => always(
            "vrrp_rogue_owner_gone",
            format!("({name}): rogue address owner appears to have stopped advertising"),
            vec![],
        ),
        Fact::PriorityRestored { priority } => always(
            "vrrp_priority_restored",
            format!("({name}) Restoring our priority to {priority} since other address owner has disappeared"),
            vec![("priority", priority.to_string())],
        ),
        Fact::BfdTracked { session, up } => always(
            "vrrp_bfd_tracked",
            format!("VRRP_Instance({name}) Tracked BFD instance {session} is {}", if *up { "UP" } else { "DOWN" }),
            vec![("session", session.to_string())],
        ),
        Fact::PriorityChanged { from, to } => always(
            "vrrp_priority_changed",
            format!("({name}) Changing effective priority from {from} to {to}"),
            vec![("previous", from.to_string()), ("priority", to.to_string())],
        ),
        Fact::FileFault { file } => detail(
            "vrrp_file_fault",
            format!("({name}): tracked file {file} now FAULT state"),
            vec![("file", file.to_string())],
        ),
        Fact::FileFaultOver { file } => detail(
            "vrrp_file_fault_over",
            format!("({name}): tracked file {file} leaving FAULT state"),
            vec![("file", file.to_string())],
        ),
        Fact::PrioritySet { priority } => detail(
            "vrrp_priority_set",
            format!("({name}) Setting effective priority to {priority}"),
            vec![("priority", priority.to_string())],
        ),
        Fact::Stalled { late, wait } => Row {
            level: Level::Warn,
            ..always(
                "vrrp_stalled",
                format!("({name}) did not run for {late} seconds - listening for {wait} seconds before sending"),
                vec![("delay", late.to_string())],
            )
        },
        Fact::StallOver => {
            always("vrrp_stall_over", format!("({name}) nobody else is master - going on after the stall"), vec![])
        }
        Fact::TakenOver { by, theirs } => always(
            "vrrp_taken_over",
            format!("({name}) {by} with priority {theirs} has become master while we did not run"),
            vec![("peer", by.to_string()), ("theirs", theirs.to_string())],
        ),
        Fact::TimerExpired { late } => always(
            "vrrp_timer_expired",
            format!(
                "VRRP thread timer expired {}.{:06} seconds ago",
                late.as_micros() / 1_000_000,
                late.as_micros() % 1_000_000
            ),
            vec![("delay", late.to_string())],
        ),
        Fact::Fault(cause) => fault(name, cause),
        Fact::Packet { from, flaw } => flaw::row(name, *from, flaw),
        Fact::Mismatch { with, flaw } => mismatch::row(name, *with, flaw),
        Fact::OldWords(words) => old_words(name, words),
        Fact::Announcing { interface, address } => detail(
            "vrrp_announcing",
            match Family::of(*address) {
                Family::V4 => format!("({name}) Sending/queueing gratuitous ARPs on {interface} for {address}"),
                Family::V6 => {
                    format!("({name}) Sending/queueing Unsolicited Neighbour Adverts on {interface} for {address}")
                }
            },
            vec![("interface", interface.to_string()), ("address", address.to_string())],
        ),
    };
    row.fields.insert(0, ("instance", name.to_string()));
    row
}

/// As versions 1.x wrote it, letter by letter; what is wrong stands in the line before.
fn old_words(name: &InstanceName, words: &OldWords) -> Row {
    let line = match words {
        OldWords::AddressCount => "receive an invalid ip number count associated with VRID!".to_owned(),
        OldWords::Bogus { interface } => {
            let interface = interface.as_ref().map_or("-", |interface| interface.as_str());
            format!("bogus VRRP packet received on {interface} !!!")
        }
        OldWords::Ignoring => format!("VRRP_Instance({name}) ignoring received advertisment..."),
    };
    detail("vrrp_old_words", line, vec![])
}

fn fault(name: &InstanceName, cause: &FaultCause) -> Row {
    match cause {
        FaultCause::Interface(interface) => always(
            "vrrp_fault_interface",
            format!("({name}): entering FAULT state (interface {interface} down)"),
            vec![("interface", interface.to_string())],
        ),
        FaultCause::NoAddress(family) => always(
            "vrrp_fault_no_address",
            format!("({name}) entering FAULT state (no {family} address for interface)"),
            vec![],
        ),
        FaultCause::Script(script) => always(
            "vrrp_fault_script",
            format!("({name}): entering FAULT state due to script {script}"),
            vec![("script", script.to_string())],
        ),
        FaultCause::File { file, status } => always(
            "vrrp_fault_file",
            format!("({name}): entering FAULT state (tracked file {file} has status {status})"),
            vec![("file", file.to_string()), ("status", status.to_string())],
        ),
        FaultCause::Process(process) => always(
            "vrrp_fault_process",
            format!("({name}) entering FAULT state (tracked process {process} quorum not achieved)"),
            vec![("process", process.to_string())],
        ),
        FaultCause::Bfd(session) => always(
            "vrrp_fault_bfd",
            format!("({name}) entering FAULT state (BFD instance {session} down)"),
            vec![("session", session.to_string())],
        ),
        FaultCause::Socket => {
            always("vrrp_fault_socket", format!("({name}): entering FAULT state (src address not configured)"), vec![])
        }
        FaultCause::Configuration => {
            always("vrrp_fault_configuration", format!("({name}): entering FAULT state (configuration fault)"), vec![])
        }
    }
}

fn milliseconds(interval: Interval) -> u64 {
    interval.as_micros() / 1_000
}
