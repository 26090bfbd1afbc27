//! SSL_GET of servers that ask for a client's certificate (`SSL { }`).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use keepalived_rs::kernel::identity::Identity;
use keepalived_rs::model::check::ClientCertificate;
use keepalived_rs::model::lvs::Lvs;
use keepalived_rs::model::vrrp::Secret;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::answers::{checked, expect_success};
use crate::rig::{Rig, quick};
use crate::server::Server;
use crate::simulated::{ssl, tuned};
use crate::tls::{NEW, OLD, Versions, certificate};

/// Of authority.pem are certificate.pem and its key, which is key.pem, and locked-key.pem with a password.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkers/client").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

fn files(certificate: Option<&str>, key: &str, password: Option<&str>) -> ClientCertificate {
    ClientCertificate {
        certificate: certificate.map(file),
        key: Some(file(key)),
        password: password.map(|password| Secret(password.as_bytes().to_vec())),
        ca: None,
    }
}

/// Answers only clients whose certificate the authority vouches for; which they were.
fn demanding(versions: Versions) -> (Server, Arc<Mutex<Vec<CertificateDer<'static>>>>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("authority.pem")).expect("a certificate")).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let (own, key) = certificate();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("the versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(vec![own], key)
        .expect("a configuration");
    let config = Arc::new(config);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = seen.clone();
    let server = Server::start(move |peer| {
        let connection = ServerConnection::new(config.clone()).expect("a connection");
        let mut stream = StreamOwned::new(connection, peer.stream.try_clone().expect("a stream"));
        let mut request = [0; 16];
        if stream.read_exact(&mut request).is_ok() {
            let shown = stream.conn.peer_certificates().expect("one").first().cloned();
            book.lock().expect("whole").extend(shown.map(CertificateDer::into_owned));
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello\n").unwrap_or(());
            stream.conn.send_close_notify();
            stream.flush().unwrap_or(());
        }
    });
    (server, seen)
}

fn get(server: &Server, client_certificate: Option<ClientCertificate>) -> Lvs {
    Lvs { client_certificate, ..checked(ssl(&server.address(), &["/s"])) }
}

/// CK-44: the certificate is shown to a server that asks, by key alone, by key with a password, or from one file with
/// the key; without it there is no answer.
#[test]
fn a_certificate_is_shown_to_servers_that_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let both: PathBuf = folder.path().join("both.pem");
    let text = ["key.pem", "certificate.pem"].map(|name| std::fs::read_to_string(file(name)).expect("a file"));
    std::fs::write(&both, text.concat()).expect("a file");
    let in_one = ClientCertificate { key: both.to_str().map(str::to_owned), ..ClientCertificate::default() };
    let mine = CertificateDer::from_pem_file(file("certificate.pem")).expect("a certificate");
    for versions in [NEW, OLD] {
        let with_ca =
            ClientCertificate { ca: Some(file("authority.pem")), ..files(Some("certificate.pem"), "key.pem", None) };
        let locked = files(Some("certificate.pem"), "locked-key.pem", Some("a pass#word"));
        for identity in [with_ca, locked, in_one.clone()] {
            let (server, seen) = demanding(versions);
            expect_success(get(&server, Some(identity)));
            assert_eq!(seen.lock().expect("whole").first(), Some(&mine));
        }
        let (server, _) = demanding(versions);
        let mut rig = Rig::start(tuned(get(&server, None), quick));
        assert!(!rig.verdict().up, "{:#?}", rig.log());
        rig.stop();
    }
}

/// CK-44: files that cannot be used, in the original's words and with the reason; no word of a password.
#[test]
fn files_that_cannot_be_used() {
    let good = || files(Some("certificate.pem"), "key.pem", None);
    let missing = || Some("/nonexistent/f.pem".to_owned());
    let table = [
        (
            ClientCertificate { certificate: missing(), ..good() },
            "certificate file... (/nonexistent/f.pem: No such file",
        ),
        (ClientCertificate { key: missing(), ..good() }, "key file... (/nonexistent/f.pem: No such file"),
        (ClientCertificate { ca: missing(), ..good() }, "CA file... (/nonexistent/f.pem: No such file"),
        (ClientCertificate { ca: Some(file("key.pem")), ..good() }, "no certificate is in it"),
        (files(Some("key.pem"), "key.pem", None), "certificate file... "),
        (files(Some("certificate.pem"), "certificate.pem", None), "no key that we can read is in it"),
        (files(Some("certificate.pem"), "locked-key.pem", None), "the key has a password, which is not given"),
        (files(Some("certificate.pem"), "locked-key.pem", Some("wrong")), "the password does not open the key"),
        (files(Some("authority.pem"), "key.pem", None), "it is the key of another certificate"),
        (ClientCertificate { certificate: Some("/dev/zero".to_owned()), ..good() }, "no certificate is in it"),
    ];
    for (of, words) in table {
        let error = Identity::load(&of).expect_err(words).to_string();
        assert!(error.starts_with("SSL error : Cant load ") && error.contains(words), "{error}");
        assert!(!error.contains("wrong"), "{error}");
    }
    assert!(Identity::load(&ClientCertificate::default()).expect("nothing to load").is_none());
}

/// CK-44: a daemon whose files cannot be used does not start, unless nothing would use them; a running one goes on as
/// before and says so.
#[test]
fn unusable_files_stop_the_start() {
    let (server, seen) = demanding(NEW);
    let good = Some(files(Some("certificate.pem"), "key.pem", None));
    let bad = Some(ClientCertificate { key: Some("/nonexistent/k.pem".to_owned()), ..ClientCertificate::default() });
    let (why, lines) = Rig::refused(get(&server, bad.clone()));
    assert!(why.starts_with("Error Initialize SSL, ctx Instance: SSL error : Cant load certificate file..."), "{why}");
    assert!(lines.iter().any(|line| line.starts_with("SSL error : Cant load certificate file...")), "{lines:#?}");
    Rig::start(Lvs { client_certificate: bad.clone(), ..Lvs::default() }).stop();

    let mut rig = Rig::start(tuned(get(&server, good), quick));
    assert!(rig.verdict().up, "{:#?}", rig.log());
    let before = seen.lock().expect("whole").len();
    rig.reload(tuned(get(&server, bad), quick));
    rig.wait_for("SSL error : Cant load certificate file...");
    crate::rig::poll("more checks", || (seen.lock().expect("whole").len() > before + 2).then_some(()));
    assert!(rig.try_verdict().is_none(), "{:#?}", rig.log());
    rig.stop();
}
