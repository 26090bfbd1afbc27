//! One TLS handshake over a connection, with any certificate: SSL_GET asks whether the server answers, not who it is.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How we open TLS connections; made once.
#[derive(Clone)]
pub struct Tls {
    named: TlsConnector,
    unnamed: TlsConnector,
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
    /// # Errors
    /// When the cryptographic library has none of the protocol versions, which a build cannot lack.
    pub fn new() -> Result<Tls, rustls::Error> {
        let connector = |named: bool| -> Result<TlsConnector, rustls::Error> {
            let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(rustls::ALL_VERSIONS)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate))
                .with_no_client_auth();
            config.enable_sni = named;
            // Each check is a whole handshake, and thousands of servers leave nothing behind.
            config.resumption = Resumption::disabled();
            Ok(TlsConnector::from(Arc::new(config)))
        };
        Ok(Tls { named: connector(true)?, unnamed: connector(false)? })
    }

    /// Shakes hands until `deadline`. `name` goes out as server name, if it can be one (RFC 6066 section 3).
    ///
    /// # Errors
    /// See `HandshakeError`.
    pub async fn handshake(
        &self,
        stream: TcpStream,
        name: Option<&str>,
        address: IpAddr,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, HandshakeError> {
        let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let (connector, name) = match name {
            Some(name) => (&self.named, name),
            None => (&self.unnamed, ServerName::from(address)),
        };
        match tokio::time::timeout_at(deadline, connector.connect(name, stream)).await {
            Err(_late) => Err(HandshakeError::Timeout),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(HandshakeError::Protocol(error)),
            Ok(Err(error)) => Err(HandshakeError::Connection(error)),
        }
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
