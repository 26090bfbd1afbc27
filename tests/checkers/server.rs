//! A TCP server on loopback that does to each connection what a test says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::SockRef;

/// Stops when it is dropped.
pub struct Server {
    pub at: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
}

/// One connection.
pub struct Peer {
    pub stream: TcpStream,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// `act` is called for each connection on a thread of its own; the connection ends when it returns.
    pub fn start(act: impl Fn(&mut Peer) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let (connections, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let act = Arc::new(act);
        let server = Server { at, connections: connections.clone(), requests: requests.clone(), stop: stop.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                // No descriptor is left for it: a test may want that for a while.
                let Ok(stream) = stream else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                connections.fetch_add(1, Ordering::SeqCst);
                let act = act.clone();
                let mut peer = Peer { stream, requests: requests.clone(), stop: stop.clone() };
                std::thread::spawn(move || act(&mut peer));
            }
        });
        server
    }

    /// Reads the request, answers with these bytes, and closes in order.
    pub fn answering(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::start(move |peer| {
            peer.request();
            peer.say(&answer);
        })
    }

    pub fn address(&self) -> String {
        self.at.to_string()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("no test thread broke off");
        requests.iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener; if it is gone, so much the better.
        drop(TcpStream::connect_timeout(&self.at, Duration::from_secs(1)));
    }
}

impl Peer {
    /// Reads up to the blank line.
    pub fn request(&mut self) {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => request.push(byte[0]),
                _ => break,
            }
        }
        self.requests.lock().expect("no test thread broke off").push(request);
    }

    /// False once the other side does not listen any more.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The connection will end with a reset.
    pub fn reset(&mut self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).expect("SO_LINGER");
    }

    /// Sends FIN and keeps reading.
    pub fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap_or(());
        self.hold();
    }

    /// Keeps the connection open until the other side or the test ends.
    pub fn hold(&mut self) {
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let mut bytes = [0; 1024];
        while self.goes_on() {
            match self.stream.read(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    pub fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }
}
