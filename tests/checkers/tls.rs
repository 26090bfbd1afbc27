//! SSL_GET against real TLS servers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepalived_rs::base::time::Interval;
use keepalived_rs::model::check::HttpCheck;
use keepalived_rs::model::lvs::Lvs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ProtocolVersion, ServerConfig, ServerConnection, StreamOwned};

use crate::answers::{checked, expect_failure, expect_success};
use crate::rig::{Rig, poll};
use crate::server::{Peer, Server};
use crate::simulated::{ssl, tuned};

pub type Versions = &'static [&'static rustls::SupportedProtocolVersion];

pub static NEW: Versions = &[&rustls::version::TLS13];
pub static OLD: Versions = &[&rustls::version::TLS12];

/// A certificate that nobody vouches for, for a name that nobody asked for, out of date, with its key.
pub fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(vec!["elsewhere.example".to_owned()]).expect("a name");
    parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let certificate = parameters.self_signed(&key).expect("a certificate");
    (certificate.der().clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
}

/// A server with such a certificate.
pub fn config(versions: Versions) -> Arc<ServerConfig> {
    let (certificate, key) = certificate();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("the versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    Arc::new(config)
}

/// What a server learnt of its client.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    name: Option<String>,
    version: Option<ProtocolVersion>,
    request: String,
    /// The client said good-bye.
    closed_in_order: bool,
}

struct TlsServer {
    server: Server,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    /// With close_notify.
    InOrder,
    /// FIN alone.
    Rude,
}

fn talk(peer: &mut Peer, config: &Arc<ServerConfig>, end: End) -> Option<Seen> {
    let connection = ServerConnection::new(config.clone()).ok()?;
    let mut stream = StreamOwned::new(connection, peer.stream.try_clone().ok()?);
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello world\n").ok()?;
    if end == End::InOrder {
        stream.conn.send_close_notify();
    }
    stream.flush().ok()?;
    stream.sock.shutdown(std::net::Shutdown::Write).ok()?;
    let mut rest = Vec::new();
    // Ok: a close_notify came before the end.
    let closed_in_order = stream.read_to_end(&mut rest).is_ok();
    Some(Seen {
        name: stream.conn.server_name().map(str::to_owned),
        version: stream.conn.protocol_version(),
        request: String::from_utf8_lossy(&request).into_owned(),
        closed_in_order,
    })
}

impl TlsServer {
    fn start(versions: Versions, end: End) -> TlsServer {
        let config = config(versions);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let book = seen.clone();
        let server = Server::start(move |peer| {
            let found = talk(peer, &config, end);
            book.lock().expect("whole").extend(found);
        });
        TlsServer { server, seen }
    }

    fn first(&self) -> Seen {
        poll("a connection", || self.seen.lock().expect("whole").first().cloned())
    }
}

fn get(server: &Server, change: impl FnOnce(&mut HttpCheck)) -> Lvs {
    let mut check = ssl(&server.address(), &["/s"]);
    change(&mut check);
    checked(check)
}

/// CK-43, CK-44, CK-45: any certificate does, no name is sent unless asked for, no good-bye is said.
#[test]
fn any_certificate_does() {
    for (versions, version) in [(NEW, ProtocolVersion::TLSv1_3), (OLD, ProtocolVersion::TLSv1_2)] {
        let server = TlsServer::start(versions, End::InOrder);
        let lines = expect_success(get(&server.server, |_| {}));
        assert!(!lines.iter().any(|line| line.contains("SSL error")), "{lines:#?}");
        let seen = server.first();
        assert_eq!(seen.name, None);
        assert_eq!(seen.version, Some(version));
        assert_eq!(
            seen.request,
            format!("GET /s HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: {}\r\n\r\n", server.server.at)
        );
        assert!(!seen.closed_in_order);
    }
}

/// CK-43: the name that the configuration worked out; one that cannot be a name is not sent.
#[test]
fn a_server_name_is_sent_on_demand() {
    for (name, sent) in
        [("vs.sni", Some("vs.sni")), ("under_score.example", Some("under_score.example")), ("a b", None)]
    {
        let server = TlsServer::start(rustls::ALL_VERSIONS, End::InOrder);
        expect_success(get(&server.server, |check| check.urls[0].server_name = Some(name.to_owned())));
        assert_eq!(server.first().name.as_deref(), sent);
    }
}

/// CK-45: with tls_compliant the client says good-bye.
#[test]
fn tls_compliant_says_good_bye() {
    let server = TlsServer::start(rustls::ALL_VERSIONS, End::InOrder);
    expect_success(get(&server.server, |check| check.urls[0].tls_compliant = true));
    assert!(server.first().closed_in_order);
}

/// CK-46: an end without close_notify is told once, and the answer is complete.
#[test]
fn a_rude_end_is_told_once() {
    let server = TlsServer::start(rustls::ALL_VERSIONS, End::Rude);
    let mut rig = Rig::start(get(&server.server, |_| {}));
    assert!(rig.verdict().up, "{:#?}", rig.log());
    poll("several checks", || (server.seen.lock().expect("whole").len() >= 3).then_some(()));
    let lines = rig.stop();
    let told: Vec<&String> = lines.iter().filter(|line| line.contains("SSL error")).collect();
    assert_eq!(told, ["SSL error 'unexpected eof while reading' from [10.1.0.11]:tcp:80 url(/s)"]);
}

/// CK-55: what is no TLS.
#[test]
fn what_is_no_tls() {
    let plain = Server::start(|peer| {
        peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.hold();
    });
    expect_failure(get(&plain, |_| {}), "SSL handshake/communication error connecting to");
    let garbage = Server::start(|peer| {
        let noise: Vec<u8> = (0..100_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        peer.say(&noise);
        peer.hold();
    });
    expect_failure(get(&garbage, |_| {}), "SSL handshake/communication error connecting to");
}

/// CK-55: the end of the connection in the handshake, by reset or in order.
#[test]
fn an_end_in_the_handshake() {
    let reset = Server::start(|peer| {
        let mut hello = [0; 16];
        peer.stream.read_exact(&mut hello).unwrap_or(());
        peer.reset();
    });
    expect_failure(get(&reset, |_| {}), "Connection failed");
    let end = Server::start(|peer| peer.half_close());
    expect_failure(get(&end, |_| {}), "Connection failed");
}

/// CK-11: the handshake has what is left of the time for the connection, however its bytes trickle in.
#[test]
fn a_handshake_that_never_ends() {
    let short = |server: &Server| {
        tuned(get(server, |_| {}), |checker| checker.timing.connect_timeout = Interval::from_millis(400))
    };
    let silent = Server::start(|peer| peer.hold());
    expect_failure(short(&silent), "Timeout connecting");
    let trickling = Server::start(|peer| {
        // A record of the longest length, byte by byte.
        for byte in [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2)) {
            if !peer.goes_on() || !peer.say(&[byte]) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    expect_failure(short(&trickling), "Timeout connecting");
}

/// CK-55: after the handshake the words are those of SSL: a reset, silence, noise.
#[test]
fn trouble_after_the_handshake() {
    fn shaken(peer: &mut Peer, config: &Arc<ServerConfig>) -> Option<StreamOwned<ServerConnection, TcpStream>> {
        let connection = ServerConnection::new(config.clone()).ok()?;
        let mut stream = StreamOwned::new(connection, peer.stream.try_clone().ok()?);
        let mut request = [0; 16];
        stream.read_exact(&mut request).ok()?;
        Some(stream)
    }
    let config = config(rustls::ALL_VERSIONS);
    let short = |server: &Server| {
        tuned(get(server, |_| {}), |checker| checker.timing.connect_timeout = Interval::from_millis(500))
    };
    let of = config.clone();
    let noise = Server::start(move |peer| {
        let stream = shaken(peer, &of);
        peer.say(&[0xee; 64]);
        peer.hold();
        drop(stream);
    });
    expect_failure(short(&noise), "SSL read error from");
    let of = config.clone();
    let silent = Server::start(move |peer| {
        let stream = shaken(peer, &of);
        peer.hold();
        drop(stream);
    });
    expect_failure(short(&silent), "Timeout WEB read");
    let stalls = Server::start(move |peer| {
        if let Some(mut stream) = shaken(peer, &config) {
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap_or(());
            stream.flush().unwrap_or(());
            peer.hold();
        }
    });
    expect_failure(short(&stalls), "Timeout SSL read");
}
