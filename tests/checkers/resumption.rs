//! SSL_GET takes TLS sessions up again, makes a full handshake now and then, and no server is the worse for it.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use keepalived_rs::model::lvs::Lvs;
use rustls::{HandshakeKind, ServerConnection, StreamOwned};

use crate::answers::checked;
use crate::rig::{Rig, poll, quick};
use crate::server::Server;
use crate::simulated::{ssl, tuned};
use crate::tls::{NEW, OLD, Versions, config};

/// Notes of each handshake whether it was in full; a short one is not answered if `only_full`.
fn server(versions: Versions, only_full: bool) -> (Server, Arc<Mutex<Vec<bool>>>) {
    let config = config(versions);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = seen.clone();
    let server = Server::start(move |peer| {
        let connection = ServerConnection::new(config.clone()).expect("a connection");
        let mut stream = StreamOwned::new(connection, peer.stream.try_clone().expect("a stream"));
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_exact(&mut byte).is_err() {
                return;
            }
            request.push(byte[0]);
        }
        let full = stream.conn.handshake_kind() != Some(HandshakeKind::Resumed);
        book.lock().expect("whole").push(full);
        if only_full && !full {
            peer.reset();
            return;
        }
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello\n").unwrap_or(());
        stream.conn.send_close_notify();
        stream.flush().unwrap_or(());
    });
    (server, seen)
}

fn get(server: &Server) -> Lvs {
    tuned(checked(ssl(&server.address(), &["/s"])), quick)
}

/// Which handshakes were in full, of the first `count`.
fn handshakes(seen: &Mutex<Vec<bool>>, count: usize) -> String {
    let seen = poll("checks", || {
        let seen = seen.lock().expect("whole").clone();
        (seen.len() >= count).then_some(seen)
    });
    seen[..count].iter().map(|full| if *full { 'F' } else { 'r' }).collect()
}

/// Each tenth handshake is a full one, in both versions of TLS; with `no_tls_resumption` every one is.
#[test]
fn each_tenth_handshake_is_in_full() {
    for versions in [NEW, OLD] {
        let (server, seen) = server(versions, false);
        let rig = Rig::start(get(&server));
        assert_eq!(handshakes(&seen, 22), "FrrrrrrrrrFrrrrrrrrrFr");
        rig.stop();
    }
    let (server, seen) = server(NEW, false);
    let rig = Rig::start(Lvs { no_tls_resumption: true, ..get(&server) });
    assert_eq!(handshakes(&seen, 12), "FFFFFFFFFFFF");
    rig.stop();
}

/// A server that breaks off after a short handshake is asked once more in full before anything is said of it.
#[test]
fn what_breaks_after_a_short_handshake_is_asked_in_full() {
    let (server, seen) = server(NEW, true);
    let mut rig = Rig::start(get(&server));
    assert!(rig.verdict().up);
    assert_eq!(handshakes(&seen, 9), "FrFrFrFrF");
    assert!(rig.try_verdict().is_none());
    let lines = rig.stop();
    assert!(!lines.iter().any(|line| line.contains("error") || line.contains("fail")), "{lines:#?}");
}
