//! Thousands of real servers that are one thread: every address of 10.128.0.0/16 is here, and what stands there counts
//! who comes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::namespace::{Namespace, Outcome, doing};

pub const PORT: u16 = 80;
const ANSWER: &[u8] =
    b"HTTP/1.0 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

/// What is done with a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// The peer closes it.
    Silent,
    Http,
    Https,
}

pub struct Servers {
    served: Arc<AtomicU64>,
}

fn backlog(address: SocketAddr) -> Outcome<TcpListener> {
    let socket = doing("socket", TcpSocket::new_v4())?;
    doing("address", socket.set_reuseaddr(true))?;
    doing(address, socket.bind(address))?;
    doing("listen", socket.listen(4096))
}

/// As most servers are: both versions, session tickets, a certificate of an elliptic curve.
fn tls() -> Outcome<TlsAcceptor> {
    let key = doing("key", rcgen::KeyPair::generate())?;
    let parameters = doing("certificate", rcgen::CertificateParams::new(vec!["bench.example".to_owned()]))?;
    let certificate = doing("certificate", parameters.self_signed(&key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = doing("TLS", builder.with_protocol_versions(rustls::ALL_VERSIONS))?.with_no_client_auth();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let mut config = doing("TLS", builder.with_single_cert(vec![certificate.der().clone()], key))?;
    config.ticketer = doing("TLS", rustls::crypto::ring::Ticketer::new())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Servers {
    /// At every address of the namespace.
    pub fn start(namespace: &Namespace, manner: Manner) -> Outcome<Servers> {
        let served = Arc::new(AtomicU64::new(0));
        let counted = served.clone();
        on_a_thread(namespace, async move |ready| {
            let tls = tls()?;
            let listener = backlog(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)))?;
            ready();
            while let Ok((stream, _)) = listener.accept().await {
                let (counted, tls) = (counted.clone(), tls.clone());
                tokio::spawn(async move {
                    let done = match manner {
                        Manner::Silent => silent(stream).await,
                        Manner::Http => answer(stream).await,
                        Manner::Https => match tls.accept(stream).await {
                            Ok(stream) => answer(stream).await,
                            Err(_) => None,
                        },
                    };
                    counted.fetch_add(u64::from(done.is_some()), Ordering::Relaxed);
                });
            }
            Ok(())
        })?;
        Ok(Servers { served })
    }

    /// Connections that went as they should.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

async fn silent(mut stream: TcpStream) -> Option<()> {
    let mut piece = [0; 1];
    (stream.read(&mut piece).await.ok()? == 0).then_some(())
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
    let mut request = [0; 1024];
    let mut known = 0;
    while !request[..known].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[known..]).await.ok()? {
            0 => return None,
            more => known += more,
        }
    }
    stream.write_all(ANSWER).await.ok()?;
    stream.shutdown().await.ok()
}

/// Servers that die one by one: each listens by itself.
pub struct Mortals {
    deaths: BTreeMap<Ipv4Addr, mpsc::Sender<()>>,
    last: Arc<Mutex<BTreeMap<Ipv4Addr, Life>>>,
}

#[derive(Clone, Copy)]
pub struct Life {
    /// When somebody connected last.
    pub asked: Instant,
    pub died: Option<Instant>,
}

impl Mortals {
    pub fn start(namespace: &Namespace, addresses: impl Iterator<Item = Ipv4Addr>) -> Outcome<Mortals> {
        let last: Arc<Mutex<BTreeMap<Ipv4Addr, Life>>> = Arc::default();
        let (mut deaths, mut ends) = (BTreeMap::new(), Vec::new());
        for address in addresses {
            let (death, end) = mpsc::channel(1);
            deaths.insert(address, death);
            ends.push((address, end));
        }
        let noted = last.clone();
        on_a_thread(namespace, async move |ready| {
            let mut tasks = tokio::task::JoinSet::new();
            for (address, mut end) in ends {
                let listener = backlog(SocketAddr::from((address, PORT)))?;
                let noted = noted.clone();
                tasks.spawn(async move {
                    let note = |died: bool| {
                        let now = Instant::now();
                        let mut all = noted.lock().unwrap_or_else(PoisonError::into_inner);
                        let life = all.entry(address).or_insert(Life { asked: now, died: None });
                        if died { life.died = Some(now) } else { life.asked = now }
                    };
                    loop {
                        tokio::select! {
                            Ok((stream, _)) = listener.accept() => {
                                note(false);
                                tokio::spawn(silent(stream));
                            }
                            _ = end.recv() => break,
                        }
                    }
                    drop(listener);
                    note(true);
                });
            }
            ready();
            while tasks.join_next().await.is_some() {}
            Ok(())
        })?;
        Ok(Mortals { deaths, last })
    }

    pub fn kill(&mut self, address: Ipv4Addr) {
        self.deaths.remove(&address);
    }

    pub fn life(&self, address: Ipv4Addr) -> Option<Life> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&address).copied()
    }
}

/// Runs in the namespace until the bench ends; returns once it is ready.
fn on_a_thread<F>(namespace: &Namespace, work: F) -> Outcome<()>
where
    F: AsyncFnOnce(Box<dyn FnOnce()>) -> Outcome<()> + Send + 'static,
{
    let (told, heard) = std::sync::mpsc::channel::<Outcome<()>>();
    let enter = namespace.entrance()?;
    std::thread::spawn(move || {
        let ready = told.clone();
        let run = || -> Outcome<()> {
            enter()?;
            let runtime = doing("runtime", tokio::runtime::Builder::new_current_thread().enable_all().build())?;
            runtime.block_on(work(Box::new(move || drop(ready.send(Ok(()))))))
        };
        if let Err(why) = run() {
            drop(told.send(Err(why)));
        }
    });
    heard.recv().map_err(|_| "a thread of servers died")?
}
