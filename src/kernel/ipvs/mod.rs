//! The IPVS family of generic netlink: open it, read the table, carry commands out.

pub mod codec;
mod socket;
pub mod value;

use std::io;
use std::sync::Arc;

use nix::libc::{EACCES, EADDRINUSE, EEXIST, ENOBUFS, ENOENT, ENOMEM, EPERM, ESRCH};

use self::codec::{Message, Operation};
pub use self::socket::Failure;
use self::socket::Socket;
use crate::model::ipvs::{Command, Destination, Present, Refused, Service, ServiceKey};
use crate::model::lvs::Timeouts;
use crate::model::upkeep::Room;

/// IPVS cannot be used (LV-107).
#[derive(Debug)]
pub enum OpenError {
    /// This kernel has no IPVS, nor a module for it.
    Absent,
    /// CAP_NET_ADMIN is missing.
    NotPermitted,
    /// `net_namespace_ipvs` cannot be entered.
    NoNamespace(io::Error),
    Failed(Failure),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::Absent => f.write_str("No such file or directory"),
            OpenError::NotPermitted => f.write_str("Operation not permitted"),
            OpenError::NoNamespace(error) => write!(f, "its network namespace cannot be entered: {error}"),
            OpenError::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Absent | OpenError::NotPermitted => None,
            OpenError::NoNamespace(error) => Some(error),
            OpenError::Failed(failure) => Some(failure),
        }
    }
}

/// The kernel's IPVS table, open for reading and writing.
#[derive(Debug)]
pub struct Ipvs {
    socket: Socket,
    /// Of the socket's receive buffer, when another than ours is asked for.
    room: Option<Room>,
}

impl Ipvs {
    /// Resolves the family, loading the module once if it is not there, and asks the kernel whether we may.
    pub fn open() -> Result<Ipvs, OpenError> {
        let mut socket = match Socket::open() {
            Err(Failure::Refused(ENOENT)) => {
                load_module();
                Socket::open().map_err(OpenError::from)?
            }
            other => other.map_err(OpenError::from)?,
        };
        socket.question(Message::new(Operation::GetInfo, vec![])).map_err(OpenError::from)?;
        Ok(Ipvs { socket, room: None })
    }

    /// A fresh socket, after answers were lost on the old one.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        self.socket = Socket::open().map_err(OpenError::from)?;
        // Whether the kernel gives that much was said when it was asked for; with less there is work to do, too.
        self.socket.set_room(self.room).unwrap_or(());
        Ok(())
    }

    /// Another receive buffer, now and after `reopen`; `None`: enough for every answer.
    ///
    /// # Errors
    /// EPERM when it is to be forced without CAP_NET_ADMIN.
    pub fn set_room(&mut self, room: Option<Room>) -> io::Result<()> {
        if std::mem::replace(&mut self.room, room) == room {
            return Ok(());
        }
        self.socket.set_room(room)
    }

    /// All services of the namespace, foreign ones too, in the kernel's order.
    pub fn services(&mut self) -> Result<Vec<Service>, Failure> {
        let messages = self.socket.dump(Message::new(Operation::GetService, vec![]))?;
        Ok(messages.iter().filter_map(value::service).collect())
    }

    /// The destinations of one service.
    pub fn destinations(&mut self, service: &Service) -> Result<Vec<Destination>, Failure> {
        let messages = self.socket.dump(value::ask_destinations(service))?;
        Ok(messages.iter().filter_map(|message| value::destination_of(message, service.key.family())).collect())
    }

    /// The services that `ours` picks, with their destinations.
    pub fn present(&mut self, ours: impl Fn(&ServiceKey) -> bool) -> Result<Vec<Present>, Failure> {
        let mut found = Vec::new();
        for service in self.services()?.into_iter().filter(|service| ours(&service.key)) {
            let destinations = self.destinations(&service)?;
            found.push(Present { service: Arc::new(service), destinations });
        }
        Ok(found)
    }

    /// Seconds (LV-98).
    pub fn timeouts(&mut self) -> Result<Timeouts, Failure> {
        let answers = self.socket.question(Message::new(Operation::GetConfig, vec![]))?;
        answers.iter().find_map(value::timeouts).ok_or_else(|| Failure::Garbled("no timeouts".to_owned()))
    }

    /// Carries commands out in order, many in one send; an error does not stop the later ones. Returns those that
    /// the kernel refused. `Err`: answers were lost; `reopen`, read the table and plan again.
    pub fn execute(&mut self, commands: &[Command]) -> Result<Vec<Refused>, Failure> {
        let refused = self.socket.batch(commands.iter().map(value::request))?;
        Ok(refused
            .into_iter()
            .filter_map(|(place, errno)| {
                commands.get(place).map(|command| Refused { command: command.clone(), errno: folded(errno) })
            })
            .collect())
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> OpenError {
        match &failure {
            Failure::Refused(ENOENT) => OpenError::Absent,
            Failure::Refused(EPERM | EACCES) => OpenError::NotPermitted,
            Failure::Socket(error) if error.kind() == io::ErrorKind::PermissionDenied => OpenError::NotPermitted,
            Failure::Socket(_) | Failure::Refused(_) | Failure::Garbled(_) => OpenError::Failed(failure),
        }
    }
}

/// The original's netlink library folds some numbers into one (LV-118); its log lines show the folded one.
const fn folded(errno: i32) -> i32 {
    match errno {
        ESRCH => ENOENT,
        EADDRINUSE => EEXIST,
        ENOBUFS => ENOMEM,
        EACCES => EPERM,
        other => other,
    }
}

/// Asks the program that the kernel itself would ask.
fn load_module() {
    let program = std::fs::read_to_string("/proc/sys/kernel/modprobe").unwrap_or_default();
    let program = program.trim();
    if program.is_empty() {
        return;
    }
    let status = std::process::Command::new(program)
        .args(["-q", "--", "ip_vs"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    // Failed or not, the family is looked up again, and that tells.
    drop(status);
}
