//! A kernel's IPVS, pretended: it says yes to every command and remembers when a real server was removed. With it the
//! checkers run on a kernel that has no IPVS, at a speed that user-mode-linux does not reach.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept, bind, listen, recv, send, socket,
};

use crate::namespace::{Outcome, doing};

/// linux/netlink.h, linux/genetlink.h.
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_MULTI: u16 = 2;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP: u16 = 0x300;
const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_NEWFAMILY: u8 = 1;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
/// linux/ip_vs.h.
const IPVS_CMD_NEW_DEST: u8 = 5;
const IPVS_CMD_DEL_DEST: u8 = 7;
const IPVS_CMD_SET_CONFIG: u8 = 12;
const IPVS_CMD_GET_CONFIG: u8 = 13;
const IPVS_CMD_SET_INFO: u8 = 14;
const IPVS_CMD_GET_INFO: u8 = 15;
const IPVS_CMD_ATTR_DEST: u16 = 2;
const IPVS_CMD_ATTR_TIMEOUTS: [u16; 3] = [4, 5, 6];
const IPVS_DEST_ATTR_ADDR: u16 = 1;
const IPVS_INFO_ATTR_VERSION: u16 = 1;
const IPVS_INFO_ATTR_CONN_TAB_SIZE: u16 = 2;
/// Any number will do.
const FAMILY: u16 = 0x2a;
const HEADER: usize = 20;

#[derive(Default)]
struct Seen {
    removed: Mutex<BTreeMap<Ipv4Addr, Instant>>,
    added: AtomicUsize,
}

pub struct Ipvs {
    place: PathBuf,
    seen: Arc<Seen>,
}

impl Ipvs {
    /// Answers at this path until the bench ends.
    pub fn start(place: &Path) -> Outcome<Ipvs> {
        let _old = std::fs::remove_file(place);
        let listener =
            doing("unix socket", socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None))?;
        let address = doing("unix socket", UnixAddr::new(place.as_os_str().as_bytes()))?;
        doing(place.display(), bind(listener.as_raw_fd(), &address))?;
        doing("listen", listen(&listener, doing("backlog", Backlog::new(16))?))?;
        let ipvs = Ipvs { place: place.to_owned(), seen: Arc::default() };
        let seen = ipvs.seen.clone();
        std::thread::spawn(move || {
            while let Ok(peer) = accept(listener.as_raw_fd()) {
                let seen = seen.clone();
                // SAFETY: accept(2) gave it to us alone.
                let peer = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(peer) };
                std::thread::spawn(move || serve(&peer, &seen));
            }
        });
        Ok(ipvs)
    }

    /// What a daemon that is to talk to it needs.
    pub fn environment(&self, preload: &Path) -> Vec<(&'static str, PathBuf)> {
        vec![("LD_PRELOAD", preload.to_owned()), ("KA_PRETENDED", self.place.clone())]
    }

    /// How many real servers were put into the table, ever.
    pub fn added(&self) -> usize {
        self.seen.added.load(Ordering::Relaxed)
    }

    /// When the real server was removed last.
    pub fn removed(&self, server: Ipv4Addr) -> Option<Instant> {
        self.seen.removed.lock().unwrap_or_else(PoisonError::into_inner).get(&server).copied()
    }
}

fn serve(peer: &OwnedFd, seen: &Seen) {
    let mut block = vec![0; 1 << 20];
    loop {
        let Ok(length) = recv(peer.as_fd().as_raw_fd(), &mut block, MsgFlags::empty()) else { return };
        if length == 0 {
            return;
        }
        let at = Instant::now();
        let mut rest = &block[..length];
        while let Some(head) = rest.first_chunk::<HEADER>() {
            let size = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let Some(message) = rest.get(..size) else { break };
            for answer in answers(message, head, at, seen) {
                if send(peer.as_raw_fd(), &answer, MsgFlags::MSG_NOSIGNAL).is_err() {
                    return;
                }
            }
            rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// What the kernel would send back for one request, each a datagram.
fn answers(message: &[u8], head: &[u8; HEADER], at: Instant, seen: &Seen) -> Vec<Vec<u8>> {
    let (kind, flags) = (u16::from_ne_bytes([head[4], head[5]]), u16::from_ne_bytes([head[6], head[7]]));
    let command = head[16];
    let word = |value: u32| value.to_ne_bytes().to_vec();
    let attributes = &message[HEADER..];
    let mut all = Vec::new();
    if flags & NLM_F_DUMP == NLM_F_DUMP {
        return vec![framed(NLMSG_DONE, NLM_F_MULTI, head, &word(0))];
    }
    if kind == GENL_ID_CTRL {
        let number = attribute(CTRL_ATTR_FAMILY_ID, &FAMILY.to_ne_bytes());
        let name = attribute(CTRL_ATTR_FAMILY_NAME, b"IPVS\0");
        all.push(generic(kind, CTRL_CMD_NEWFAMILY, head, &[number, name].concat()));
    } else {
        match command {
            IPVS_CMD_GET_INFO => {
                let version = attribute(IPVS_INFO_ATTR_VERSION, &word(0x0001_0201));
                let size = attribute(IPVS_INFO_ATTR_CONN_TAB_SIZE, &word(4096));
                all.push(generic(kind, IPVS_CMD_SET_INFO, head, &[version, size].concat()));
            }
            IPVS_CMD_GET_CONFIG => {
                let timeouts = IPVS_CMD_ATTR_TIMEOUTS.map(|name| attribute(name, &word(300)));
                all.push(generic(kind, IPVS_CMD_SET_CONFIG, head, &timeouts.concat()));
            }
            IPVS_CMD_NEW_DEST => drop(seen.added.fetch_add(1, Ordering::Relaxed)),
            IPVS_CMD_DEL_DEST => {
                let server = find(attributes, IPVS_CMD_ATTR_DEST).and_then(|dest| find(dest, IPVS_DEST_ATTR_ADDR));
                if let Some(address) = server.and_then(|address| address.first_chunk::<4>()) {
                    let mut removed = seen.removed.lock().unwrap_or_else(PoisonError::into_inner);
                    removed.insert(Ipv4Addr::from(*address), at);
                }
            }
            _ => {}
        }
    }
    if flags & NLM_F_ACK != 0 {
        all.push(framed(NLMSG_ERROR, 0, head, &[&word(0)[..], &head[..16]].concat()));
    }
    all
}

fn framed(kind: u16, flags: u16, head: &[u8; HEADER], payload: &[u8]) -> Vec<u8> {
    let mut message = (16 + payload.len() as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // Sequence number and port of who asked.
    message.extend(&head[8..16]);
    message.extend(payload);
    message
}

fn generic(kind: u16, command: u8, head: &[u8; HEADER], attributes: &[u8]) -> Vec<u8> {
    framed(kind, 0, head, &[&[command, 1, 0, 0], attributes].concat())
}

fn attribute(name: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
    bytes.extend(name.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The value of the attribute of this name, its flags aside.
fn find(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let head = rest.first_chunk::<4>()?;
        let (size, name) = (u16::from_ne_bytes([head[0], head[1]]) as usize, u16::from_ne_bytes([head[2], head[3]]));
        if name & 0x3fff == wanted {
            return rest.get(4..size);
        }
        rest = rest.get(size.max(4).next_multiple_of(4)..)?;
    }
}
