//! The client: real HTTP requests through the virtual address, one begun every few milliseconds whatever became of the
//! ones before, each with a deadline. Keeps when each began and ended and who answered.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, Socket, Type};

/// A request that has ended.
#[derive(Clone, Debug)]
pub struct Request {
    pub begun: Instant,
    pub ended: Instant,
    /// Who answered, or what went wrong.
    pub outcome: Result<String, String>,
}

pub struct Traffic {
    ended: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

struct Open {
    begun: Instant,
    socket: Socket,
    asked: bool,
    answer: Vec<u8>,
}

pub const PATIENCE: Duration = Duration::from_secs(2);

impl Traffic {
    /// Begins a request every `pace`. `enter` is called on the client's thread, before its first socket.
    pub fn start(to: (Ipv4Addr, u16), pace: Duration, enter: impl FnOnce() + Send + 'static) -> Traffic {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (results, stopping) = (ended.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            enter();
            client(SocketAddr::from(to), pace, &results, &stopping);
        });
        Traffic { ended, stop, thread }
    }

    /// Requests that have ended, in the order of their ends, from the `from`th on.
    pub fn since(&self, from: usize) -> Vec<Request> {
        self.ended.lock().map_or_else(|_| Vec::new(), |all| all.get(from..).unwrap_or_default().to_vec())
    }

    pub fn count(&self) -> usize {
        self.ended.lock().map_or(0, |all| all.len())
    }

    /// Waits for what is under way; then all requests ever made.
    pub fn stop(self) -> Vec<Request> {
        self.stop.store(true, Ordering::Relaxed);
        let died = self.thread.join().is_err();
        let all = self.ended.lock().map_or_else(|_| Vec::new(), |all| all.clone());
        if died { Vec::new() } else { all }
    }
}

fn client(to: SocketAddr, pace: Duration, results: &Mutex<Vec<Request>>, stop: &AtomicBool) {
    let mut open: Vec<Open> = Vec::new();
    let mut next = Instant::now();
    loop {
        let now = Instant::now();
        if stop.load(Ordering::Relaxed) {
            if open.is_empty() {
                return;
            }
        } else if now >= next {
            // A machine that was held up does not catch up with a burst.
            next = (next + pace).max(now);
            match begin(to, now) {
                Ok(request) => open.push(request),
                Err(error) => note(results, now, Err(error.to_string())),
            }
        }
        let until = open.first().map_or(next, |oldest| next.min(oldest.begun + PATIENCE));
        wait(&open, until.saturating_duration_since(Instant::now()));
        open.retain_mut(|request| match go_on(request) {
            None if request.begun.elapsed() < PATIENCE => true,
            outcome => {
                note(results, request.begun, outcome.unwrap_or_else(|| Err("no answer in time".to_owned())));
                false
            }
        });
    }
}

fn note(results: &Mutex<Vec<Request>>, begun: Instant, outcome: Result<String, String>) {
    if let Ok(mut all) = results.lock() {
        all.push(Request { begun, ended: Instant::now(), outcome });
    }
}

fn begin(to: SocketAddr, now: Instant) -> std::io::Result<Open> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&to.into()) {
        Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => Err(error),
        _ => Ok(Open { begun: now, socket, asked: false, answer: Vec::new() }),
    }
}

fn wait(open: &[Open], at_most: Duration) {
    let events = |request: &Open| if request.asked { PollFlags::POLLIN } else { PollFlags::POLLOUT };
    let mut waited: Vec<PollFd> = open.iter().map(|one| PollFd::new(one.socket.as_fd(), events(one))).collect();
    let milliseconds = u16::try_from(at_most.as_millis().max(1)).unwrap_or(u16::MAX);
    // An interruption only makes the round shorter.
    let _ = poll(&mut waited, PollTimeout::from(milliseconds));
}

/// What came of the request, or `None` while it is under way.
fn go_on(request: &mut Open) -> Option<Result<String, String>> {
    if !request.asked {
        match request.socket.write(b"GET / HTTP/1.0\r\nHost: demo\r\n\r\n") {
            Ok(_) => request.asked = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::NotConnected => {
                return None;
            }
            Err(error) => return Some(Err(error.to_string())),
        }
    }
    let mut block = [0; 2048];
    loop {
        match request.socket.read(&mut block) {
            Ok(0) => return Some(verdict(&request.answer)),
            Ok(read) => request.answer.extend_from_slice(&block[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => return Some(Err(error.to_string())),
        }
    }
}

fn verdict(answer: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let status = text.lines().next().unwrap_or_default();
    match (status.contains(" 200 "), text.split_once("\r\n\r\n")) {
        (true, Some((_, body))) => Ok(body.trim().to_owned()),
        _ => Err(if status.is_empty() { "closed without an answer".to_owned() } else { status.to_owned() }),
    }
}
