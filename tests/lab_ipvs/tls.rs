//! A web server that speaks TLS, with a certificate that nobody vouches for.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the server ends a connection.
#[derive(Clone, Copy, PartialEq)]
pub enum End {
    /// With close_notify.
    InOrder,
    /// FIN alone.
    Rude,
}

const PATIENCE: Duration = Duration::from_secs(5);

fn config() -> Arc<ServerConfig> {
    static CONFIG: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    let make = || {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["elsewhere.example".to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a configuration");
        Arc::new(config)
    };
    CONFIG.get_or_init(make).clone()
}

/// Answers one request, and notes it in `asked`: the port, the name that was asked for, request line and host, and whether
/// the client said good-bye. `None`: the client broke off.
pub fn talk(stream: TcpStream, answer: &str, end: End, asked: &Path) -> Option<()> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let port = stream.local_addr().ok()?.port();
    let mut stream = StreamOwned::new(ServerConnection::new(config()).ok()?, stream);
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    stream.write_all(answer.as_bytes()).ok()?;
    if end == End::InOrder {
        stream.conn.send_close_notify();
    }
    stream.flush().ok()?;
    stream.sock.shutdown(Shutdown::Write).ok()?;
    let farewell = if stream.read_to_end(&mut Vec::new()).is_ok() { "good-bye" } else { "no good-bye" };
    let name = stream.conn.server_name().unwrap_or("-").to_owned();
    let request = String::from_utf8_lossy(&request).into_owned();
    let first = request.lines().next().unwrap_or_default();
    let host = request.lines().find(|line| line.starts_with("Host: ")).unwrap_or_default();
    let line = format!("{port} name {name} {first} {host} {farewell}\n");
    OpenOptions::new().create(true).append(true).open(asked).ok()?.write_all(line.as_bytes()).ok()
}
