//! Preloaded into a daemon on a kernel without IPVS: what it asks of generic netlink goes to the bench instead
//! (`bench/pretended.rs`), by a Unix socket that keeps datagrams apart. Everything else goes its way.
//!
//! Such a socket has a number near the limit, that no other descriptor reaches, so that the calls of a health check
//! cost a comparison.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{AF_NETLINK, AF_UNIX, SOL_NETLINK, msghdr, sockaddr, sockaddr_nl, sockaddr_un, socklen_t};

const NETLINK_GENERIC: c_int = 16;
/// So many numbers below the limit are ours.
const OURS: c_int = 64;
/// The least of them, once there is one.
static FIRST: AtomicI32 = AtomicI32::new(c_int::MAX);
static ROOM: c_int = 1 << 20;

/// The bench's socket, by its own variable.
fn place() -> Option<sockaddr_un> {
    let path = std::env::var_os("KA_PRETENDED")?;
    // SAFETY: an address is numbers alone, for which zeros are values.
    let mut address: sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = AF_UNIX as u16;
    for (into, from) in address.sun_path.iter_mut().zip(path.as_bytes()) {
        *into = *from as libc::c_char;
    }
    Some(address)
}

fn kernel() -> sockaddr_nl {
    // SAFETY: as above.
    let mut address: sockaddr_nl = unsafe { std::mem::zeroed() };
    address.nl_family = AF_NETLINK as u16;
    address
}

fn is_ours(at: c_int) -> bool {
    at >= FIRST.load(Ordering::Relaxed)
}

fn first() -> c_int {
    let first = FIRST.load(Ordering::Relaxed);
    if first < c_int::MAX {
        return first;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place is ours.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let first = c_int::try_from(limit.rlim_cur).unwrap_or(c_int::MAX) - OURS;
    FIRST.store(first, Ordering::Relaxed);
    first
}

/// # Safety
/// As socket(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int {
    let Some(place) = (family == AF_NETLINK && protocol == NETLINK_GENERIC).then(place).flatten() else {
        // SAFETY: the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_socket, family, kind, protocol) as c_int };
    };
    let flags = kind & (libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
    let length = size_of::<sockaddr_un>() as socklen_t;
    // SAFETY: `place` lives through the call; the descriptors are ours.
    unsafe {
        let low = libc::syscall(libc::SYS_socket, AF_UNIX, libc::SOCK_SEQPACKET | flags, 0) as c_int;
        let connected = libc::syscall(libc::SYS_connect, low, &raw const place, length);
        let high = if connected == 0 { libc::fcntl(low, libc::F_DUPFD_CLOEXEC, first()) } else { -1 };
        libc::close(low);
        if high >= 0 {
            let room = (&raw const ROOM).cast::<c_void>();
            libc::syscall(libc::SYS_setsockopt, high, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, room, size_of::<c_int>());
        }
        high
    }
}

/// # Safety
/// As bind(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bind(at: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    if is_ours(at) {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { libc::syscall(libc::SYS_bind, at, address, length) as c_int }
}

/// # Safety
/// As connect(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn connect(at: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    if is_ours(at) {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { libc::syscall(libc::SYS_connect, at, address, length) as c_int }
}

/// # Safety
/// As setsockopt(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn setsockopt(
    at: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: socklen_t,
) -> c_int {
    if is_ours(at) && level == SOL_NETLINK {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { libc::syscall(libc::SYS_setsockopt, at, level, name, value, length) as c_int }
}

/// # Safety
/// As getsockname(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getsockname(at: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int {
    if !is_ours(at) {
        // SAFETY: the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_getsockname, at, address, length) as c_int };
    }
    let mut own = kernel();
    own.nl_pid = std::process::id();
    // SAFETY: who asks for the name of a netlink socket has room for one.
    unsafe {
        address.cast::<sockaddr_nl>().write_unaligned(own);
        *length = size_of::<sockaddr_nl>() as socklen_t;
    }
    0
}

/// # Safety
/// As recvmsg(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recvmsg(at: c_int, message: *mut msghdr, flags: c_int) -> isize {
    // SAFETY: the caller's arguments.
    let got = unsafe { libc::syscall(libc::SYS_recvmsg, at, message, flags) as isize };
    if is_ours(at) && got >= 0 {
        // SAFETY: the header is the caller's; a name is written where there is room for one.
        unsafe {
            if !(*message).msg_name.is_null() {
                (*message).msg_name.cast::<sockaddr_nl>().write_unaligned(kernel());
                (*message).msg_namelen = size_of::<sockaddr_nl>() as socklen_t;
            }
        }
    }
    got
}
