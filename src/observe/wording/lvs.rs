//! The rows of `model::event::lvs`. The original writes all of them at level info, but for the first, which is debug.

use super::{Ident, Level, Wording};
use crate::model::event::lvs::{Event, Meddled};
use crate::model::ipvs::CommandName;

pub(super) fn wording(event: &Event) -> Wording {
    let (id, level, message, fields) = match event {
        Event::Initializing { again } => (
            "ipvs_initializing",
            Level::Debug,
            format!("{} ipvs", if *again { "Reinitializing" } else { "Initializing" }),
            vec![],
        ),
        Event::CannotInitialize { error, advice } => (
            "ipvs_cannot_initialize",
            Level::Error,
            format!("IPVS: Can't initialize ipvs: {error} - {advice}"),
            vec![("error", error.clone())],
        ),
        Event::Adopted { services, destinations } => (
            "ipvs_adopted",
            Level::Info,
            format!("Taking over {services} services with {destinations} destinations found in the ipvs table"),
            vec![("services", services.to_string()), ("destinations", destinations.to_string())],
        ),
        Event::RealServerUp { real_server, virtual_server, inhibit } => (
            "real_server_up",
            Level::Info,
            match inhibit {
                false => format!("Adding service {real_server} to VS {virtual_server}"),
                true => format!("Enabling service {real_server} of VS {virtual_server}"),
            },
            both(real_server, virtual_server),
        ),
        Event::RealServerDown { real_server, virtual_server, inhibit } => (
            "real_server_down",
            Level::Info,
            match inhibit {
                false => format!("Removing service {real_server} from VS {virtual_server}"),
                true => format!("Disabling service {real_server} of VS {virtual_server}"),
            },
            both(real_server, virtual_server),
        ),
        Event::WeightChanged { real_server, virtual_server, from, to, active } => (
            "real_server_weight",
            Level::Info,
            format!(
                "Changing weight from {from} to {to} for {}active service {real_server} of VS {virtual_server}",
                if *active { "" } else { "in" }
            ),
            with(both(real_server, virtual_server), vec![("previous", from.to_string()), ("weight", to.to_string())]),
        ),
        Event::QuorumGained { virtual_server, quorum, hysteresis, sum } => (
            "quorum_gained",
            Level::Info,
            format!(
                "Gained quorum {quorum}+{hysteresis}={} <= {sum} for VS {virtual_server}",
                u64::from(*quorum) + u64::from(*hysteresis)
            ),
            quorum_fields(virtual_server, *quorum, *hysteresis, *sum),
        ),
        Event::QuorumLost { virtual_server, quorum, hysteresis, sum } => (
            "quorum_lost",
            Level::Info,
            format!(
                "Lost quorum {quorum}-{hysteresis}={} > {sum} for VS {virtual_server}",
                i64::from(*quorum) - i64::from(*hysteresis)
            ),
            quorum_fields(virtual_server, *quorum, *hysteresis, *sum),
        ),
        Event::QuorumDownAtStart { virtual_server, quorum, hysteresis, sum } => (
            "quorum_down_at_start",
            Level::Info,
            format!(
                "Starting with quorum down {quorum}-{hysteresis}={} > {sum} for VS {virtual_server}",
                u64::from(*quorum) + u64::from(*hysteresis)
            ),
            quorum_fields(virtual_server, *quorum, *hysteresis, *sum),
        ),
        Event::SorryServerIn { sorry_server, virtual_server, inhibit } => (
            "sorry_server_in",
            Level::Info,
            format!(
                "{} sorry server {sorry_server} to VS {virtual_server}",
                if *inhibit { "Enabling" } else { "Adding" }
            ),
            both(sorry_server, virtual_server),
        ),
        Event::SorryServerOut { sorry_server, virtual_server, inhibit } => (
            "sorry_server_out",
            Level::Info,
            format!(
                "{} sorry server {sorry_server} from VS {virtual_server}",
                if *inhibit { "Disabling" } else { "Removing" }
            ),
            both(sorry_server, virtual_server),
        ),
        Event::AliveServersOut { virtual_server } => (
            "alive_servers_out",
            Level::Info,
            format!("Removing alive servers from the pool for VS {virtual_server}"),
            vec![("virtual_server", virtual_server.clone())],
        ),
        Event::AliveServersIn { virtual_server } => (
            "alive_servers_in",
            Level::Info,
            format!("Adding alive servers to the pool for VS {virtual_server}"),
            vec![("virtual_server", virtual_server.clone())],
        ),
        Event::ShuttingDown { real_server, virtual_server, inhibited } => (
            "real_server_shutdown",
            Level::Info,
            format!("Shutting down {}service {real_server} from VS {virtual_server}", word(*inhibited)),
            both(real_server, virtual_server),
        ),
        Event::Removing { real_server, virtual_server, inhibited } => (
            "real_server_removed",
            Level::Info,
            format!("Removing {}service {real_server} from VS {virtual_server}", word(*inhibited)),
            both(real_server, virtual_server),
        ),
        Event::VirtualServerRemoved { virtual_server, group } => (
            "virtual_server_removed",
            Level::Info,
            match group {
                None => format!("Removing Virtual Server {virtual_server}"),
                Some(group) => format!("Removing Virtual Server Group [{group}]"),
            },
            vec![("virtual_server", virtual_server.clone())],
        ),
        Event::RealServerGone { real_server, virtual_server } => (
            "real_server_gone",
            Level::Info,
            format!("service {real_server} no longer exist"),
            both(real_server, virtual_server),
        ),
        Event::GroupEntryGone { entry, group } => (
            "group_entry_gone",
            Level::Info,
            format!("VS [{entry}] in group {group} no longer exists"),
            vec![("entry", entry.clone()), ("group", group.clone())],
        ),
        Event::GroupEntryAdded { entry, group } => (
            "group_entry_added",
            Level::Info,
            format!("VS [{entry}] added into group {group}"),
            vec![("entry", entry.clone()), ("group", group.clone())],
        ),
        Event::Drained { real_server, virtual_server } => (
            "real_server_drained",
            Level::Info,
            format!("Removing drained service {real_server} from VS {virtual_server}"),
            both(real_server, virtual_server),
        ),
        Event::PutRight { what, service, destination } => {
            let (did, does) = match what {
                Meddled::Removed => ("removed", "added again"),
                Meddled::Changed => ("changed", "set back"),
                Meddled::Added => ("added", "removed"),
            };
            let to = destination.map(|at| format!(" -> {}:{}", at.address, at.port)).unwrap_or_default();
            (
                "ipvs_put_right",
                Level::Warn,
                format!("Putting right the ipvs table: {service}{to} was {did} by another program, it is {does}"),
                vec![("service", service.to_string())],
            )
        }
        Event::PutRightMore { entries } => (
            "ipvs_put_right_more",
            Level::Warn,
            format!("Putting right the ipvs table: and {entries} more entries"),
            vec![("entries", entries.to_string())],
        ),
        Event::Refused { command, errno, service, destination } => {
            let object = match (service, destination) {
                (Some(service), Some(destination)) => {
                    format!(" ({service} -> {}:{})", destination.address, destination.port)
                }
                (Some(service), None) => format!(" ({service})"),
                (None, _) => String::new(),
            };
            (
                "ipvs_refused",
                Level::Info,
                format!("IPVS cmd {command} error: {}({errno}){object}", refusal(*command, *errno)),
                vec![("command", command.to_string()), ("errno", errno.to_string())],
            )
        }
        Event::MarksRefused { table, error } => (
            "ipvs_marks_refused",
            Level::Error,
            format!("Cannot set up the nftables table {table} - {error}; its groups of virtual servers get no packets"),
            vec![("table", table.clone()), ("error", error.clone())],
        ),
        Event::RoomRefused { setting, error } => (
            "ipvs_room_refused",
            Level::Warn,
            format!("{setting}: {error}"),
            vec![("key", (*setting).to_owned()), ("error", error.clone())],
        ),
        Event::AnswersLost { error } => (
            "ipvs_answers_lost",
            Level::Warn,
            format!("Answers of ipvs were lost ({error}), reading the table again"),
            vec![("error", error.clone())],
        ),
    };
    Wording { id, level, ident: Ident::KeepalivedHealthcheckers, detail: false, message, fields }
}

fn word(inhibited: bool) -> &'static str {
    if inhibited { "(inhibited) " } else { "" }
}

fn both(real_server: &str, virtual_server: &str) -> Vec<(&'static str, String)> {
    vec![("real_server", real_server.to_owned()), ("virtual_server", virtual_server.to_owned())]
}

fn with(mut fields: Vec<(&'static str, String)>, more: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    fields.extend(more);
    fields
}

fn quorum_fields(virtual_server: &str, quorum: u32, hysteresis: u32, sum: u64) -> Vec<(&'static str, String)> {
    vec![
        ("virtual_server", virtual_server.to_owned()),
        ("quorum", quorum.to_string()),
        ("hysteresis", hysteresis.to_string()),
        ("weight", sum.to_string()),
    ]
}

/// What the kernel's answer means (LV-119); errno numbers of asm-generic/errno.h.
fn refusal(command: CommandName, errno: i32) -> String {
    const EPERM: i32 = 1;
    const ENOENT: i32 = 2;
    const ESRCH: i32 = 3;
    const ENOMEM: i32 = 12;
    const EEXIST: i32 = 17;
    const EINVAL: i32 = 22;
    const EMSGSIZE: i32 = 90;
    const ENOPROTOOPT: i32 = 92;
    const EOPNOTSUPP: i32 = 95;
    const EAFNOSUPPORT: i32 = 97;
    let text = match (command, errno) {
        (CommandName::Add, EEXIST) => "Service already exists",
        (CommandName::Add | CommandName::Edit, ENOENT) => "Scheduler or persistence engine not found",
        (CommandName::AddDestination, EEXIST) => "Destination already exists",
        (CommandName::EditDestination | CommandName::DeleteDestination, ENOENT) => "No such destination",
        (CommandName::StartDaemon, EEXIST) => "Daemon has already run",
        (CommandName::StopDaemon, ESRCH) => "No daemon is running",
        (_, ESRCH) => "No such service",
        (_, EPERM) => "Permission denied (you must be root)",
        (_, EINVAL) => "Invalid operation.  Possibly wrong module version, address not unicast, ...",
        (_, ENOPROTOOPT) => "Protocol not available",
        (_, ENOMEM) => "Memory allocation problem",
        (_, EOPNOTSUPP) => "Operation not supported with IPv6",
        (_, EAFNOSUPPORT) => "Operation not supported with specified address family",
        (_, EMSGSIZE) => "Module is wrong version",
        (_, other) => {
            let text = std::io::Error::from_raw_os_error(other).to_string();
            return text.split(" (os error").next().unwrap_or_default().to_owned();
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LV-118, LV-119, LV-120: the original's words for what it knows; any other number is shown as it is.
    #[test]
    fn what_the_kernel_refuses_has_its_own_words() {
        let said = |errno| {
            let command = CommandName::Flush;
            wording(&Event::Refused { command, errno, service: None, destination: None }).message
        };
        assert_eq!(said(12), "IPVS cmd IP_VS_SO_SET_FLUSH(1157) error: Memory allocation problem(12)");
        assert_eq!(said(71), "IPVS cmd IP_VS_SO_SET_FLUSH(1157) error: Protocol error(71)");
    }
}
