//! A client's certificate and key from files, for servers that ask who it is.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};

use crate::kernel::file::read_within;
use crate::model::check::ClientCertificate;

/// Bytes of a file at most.
const MOST: u64 = 4 << 20;
/// The label of a key with a password (RFC 7468 section 11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// Who we are.
#[derive(Clone, Debug)]
pub struct Identity(Arc<CertifiedKey>);

/// Which file cannot be used, and why.
#[derive(Debug)]
pub enum IdentityError {
    Certificate { path: String, why: String },
    Key { path: String, why: String },
    Authorities { path: String, why: String },
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, path, why) = match self {
            IdentityError::Certificate { path, why } => ("certificate", path, why),
            IdentityError::Key { path, why } => ("key", path, why),
            IdentityError::Authorities { path, why } => ("CA", path, why),
        };
        write!(f, "SSL error : Cant load {what} file... ({path}: {why})")
    }
}

impl std::error::Error for IdentityError {}

impl Identity {
    /// Reads the files; `None`: there is no key, so that nothing can be shown.
    ///
    /// # Errors
    /// See `IdentityError`. A password, or a key, is never part of the words.
    pub fn load(of: &ClientCertificate) -> Result<Option<Identity>, IdentityError> {
        if let Some(path) = &of.ca {
            let refused = |why| IdentityError::Authorities { path: path.clone(), why };
            read(path).map_err(|error| error.to_string()).and_then(|text| certificates(&text)).map_err(refused)?;
        }
        let Some(key_path) = &of.key else { return Ok(None) };
        let path = of.certificate.as_ref().unwrap_or(key_path);
        let refused = |why| IdentityError::Certificate { path: path.clone(), why };
        let chain = read(path).map_err(|error| error.to_string()).and_then(|text| certificates(&text));
        let chain = chain.map_err(refused)?;
        let refused = |why| IdentityError::Key { path: key_path.clone(), why };
        let text = read(key_path).map_err(|error| refused(error.to_string()))?;
        let password = of.password.as_ref().map(|password| password.0.as_slice());
        let key = private_key(&text, password).map_err(refused)?;
        let provider = ring::default_provider();
        let key = provider.key_provider.load_private_key(key).map_err(|error| refused(error.to_string()))?;
        let identity = CertifiedKey::new(chain, key);
        match identity.keys_match() {
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(refused("it is the key of another certificate".to_owned()))
            }
            // What cannot be compared, as a certificate of version 1, is left to the server to judge.
            Ok(()) | Err(_) => Ok(Some(Identity(Arc::new(identity)))),
        }
    }
}

fn read(path: &str) -> io::Result<Vec<u8>> {
    read_within(Path::new(path), MOST)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() { Err("no certificate is in it".to_owned()) } else { Ok(found) }
}

fn private_key(pem: &[u8], password: Option<&[u8]>) -> Result<PrivateKeyDer<'static>, String> {
    let text = String::from_utf8_lossy(pem);
    let Some(block) = encrypted(&text) else {
        return PrivateKeyDer::from_pem_slice(pem).map_err(|_| "no key that we can read is in it".to_owned());
    };
    let Some(password) = password else { return Err("the key has a password, which is not given".to_owned()) };
    let (_, document) = SecretDocument::from_pem(block).map_err(|error| error.to_string())?;
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|error| error.to_string())?;
    let key = key.decrypt(password).map_err(|_| "the password does not open the key".to_owned())?;
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec())))
}

/// The block of a key with a password.
fn encrypted(text: &str) -> Option<&str> {
    let begin = text.find(&format!("-----BEGIN {ENCRYPTED}-----"))?;
    let end = format!("-----END {ENCRYPTED}-----");
    let length = text[begin..].find(&end)? + end.len();
    Some(&text[begin..begin + length])
}

impl ResolvesClientCert for Identity {
    /// The one there is, whoever is asked for: the server decides whether it will do.
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
