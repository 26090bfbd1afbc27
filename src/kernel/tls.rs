//! One TLS handshake over a connection, with any certificate: SSL_GET asks whether the server answers, not who it is.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, NamedGroup, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::identity::Identity;

/// After so many handshakes that took an earlier session up again, one is made in full.
const MOST_RESUMED: u32 = 9;

/// How we open TLS connections; made once.
#[derive(Clone)]
pub struct Tls {
    named: Arc<ClientConfig>,
    unnamed: Arc<ClientConfig>,
}

/// What is left of earlier connections for one question to one server. Clones share it.
#[derive(Clone, Debug)]
pub struct Session {
    config: Arc<ClientConfig>,
    kept: Arc<Kept>,
}

/// Why there is no TLS connection.
#[derive(Debug)]
pub enum HandshakeError {
    /// The connection broke or was ended.
    Connection(io::Error),
    /// What the server says is no TLS that we speak.
    Protocol(io::Error),
    Timeout,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Connection(error) => write!(f, "the connection broke in the TLS handshake: {error}"),
            HandshakeError::Protocol(error) => write!(f, "TLS handshake: {error}"),
            HandshakeError::Timeout => f.write_str("the TLS handshake timed out"),
        }
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            HandshakeError::Connection(error) | HandshakeError::Protocol(error) => Some(error),
            HandshakeError::Timeout => None,
        }
    }
}

impl Tls {
    /// `identity`: by whom we say that we are sent, to servers that ask.
    ///
    /// # Errors
    /// When the cryptographic library has none of the protocol versions, which a build cannot lack.
    pub fn new(identity: Option<Identity>) -> Result<Tls, rustls::Error> {
        let config = |named: bool| -> Result<Arc<ClientConfig>, rustls::Error> {
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(rustls::ALL_VERSIONS)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate));
            let mut config = match &identity {
                Some(identity) => builder.with_client_cert_resolver(Arc::new(identity.clone())),
                None => builder.with_no_client_auth(),
            };
            config.enable_sni = named;
            config.resumption = Resumption::disabled();
            Ok(Arc::new(config))
        };
        Ok(Tls { named: config(true)?, unnamed: config(false)? })
    }

    /// Nothing is left of earlier connections; `name` as for `handshake`.
    pub fn session(&self, name: Option<&str>) -> Session {
        let kept = Arc::<Kept>::default();
        let config = if name.is_some_and(|name| server_name(name).is_some()) { &self.named } else { &self.unnamed };
        let mut config = ClientConfig::clone(config);
        config.resumption = Resumption::store(kept.clone());
        Session { config: Arc::new(config), kept }
    }

    /// Shakes hands until `deadline`. `name` goes out as server name, if it can be one (RFC 6066 section 3). With a
    /// session, which the attempt has begun, the handshake is a short one if the server agrees.
    ///
    /// # Errors
    /// See `HandshakeError`.
    pub async fn handshake(
        &self,
        stream: TcpStream,
        name: Option<&str>,
        address: IpAddr,
        session: Option<&Session>,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, HandshakeError> {
        let (config, name) = match name.and_then(server_name) {
            Some(name) => (&self.named, name),
            None => (&self.unnamed, ServerName::from(address)),
        };
        let connector = TlsConnector::from(session.map_or(config, |session| &session.config).clone());
        match tokio::time::timeout_at(deadline, connector.connect(name, stream)).await {
            Err(_late) => Err(HandshakeError::Timeout),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(HandshakeError::Protocol(error)),
            Ok(Err(error)) => Err(HandshakeError::Connection(error)),
        }
    }
}

fn server_name(name: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).ok()
}

impl Session {
    /// An attempt begins, which may yet fail to connect: so far nothing was offered in it, and nothing will be if it
    /// is time for a full handshake.
    pub fn begin(&self) {
        let mut state = self.kept.lock();
        if state.times >= MOST_RESUMED {
            *state = State { group: state.group, ..State::default() };
        }
        state.offered = false;
    }

    /// Whether a handshake of this attempt offered to take an earlier session up again.
    pub fn was_offered(&self) -> bool {
        self.kept.lock().offered
    }

    /// The next handshake is a full one.
    pub fn forget(&self) {
        *self.kept.lock() = State::default();
    }
}

/// The library asks for what it kept while a handshake is made, on the thread that makes it: nobody ever waits.
#[derive(Debug, Default)]
struct Kept(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    group: Option<NamedGroup>,
    /// Of TLS 1.2.
    session: Option<Tls12ClientSessionValue>,
    /// Of TLS 1.3: the last one that the server gave.
    ticket: Option<Tls13ClientSessionValue>,
    offered: bool,
    /// How often in a row.
    times: u32,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn offer(&mut self) {
        if !std::mem::replace(&mut self.offered, true) {
            self.times += 1;
        }
    }
}

impl ClientSessionStore for Kept {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.lock().group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.lock().group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.lock().session = Some(value);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let mut state = self.lock();
        let session = state.session.clone()?;
        state.offer();
        Some(session)
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.lock().session = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.lock().ticket = Some(value);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut state = self.lock();
        let ticket = state.ticket.take()?;
        state.offer();
        Some(ticket)
    }
}

/// Accepts whatever the server shows, as the original does (CK-44).
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// All that servers use: nothing is verified with them.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
        ]
    }
}
