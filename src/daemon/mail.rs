//! Sending mail: each by a connection of its own, a few at a time, never waited for.

use std::collections::VecDeque;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::task::JoinSet;

use crate::daemon::message::Reporter;
use crate::kernel::local_time;
use crate::model::event::daemon::Event;
use crate::model::notify::{MailServer, MailSettings};
use crate::notify::Mail;
use crate::notify::message::{bare_address, message};

/// Connections at the same time.
const MOST_SENDING: usize = 8;
/// Mails that wait for one of those to end.
const MOST_WAITING: usize = 256;

/// The mails that are on their way.
pub struct Mails {
    sending: JoinSet<()>,
    waiting: VecDeque<(MailSettings, String)>,
    given_up: u64,
    reporter: Reporter,
}

impl Mails {
    pub fn new(reporter: Reporter) -> Mails {
        Mails { sending: JoinSet::new(), waiting: VecDeque::new(), given_up: 0, reporter }
    }

    /// Sends it now, or after those that wait.
    pub fn send(&mut self, settings: &MailSettings, mail: &Mail) {
        let text = message(settings, &local_time::now(), mail);
        if self.sending.len() < MOST_SENDING {
            self.start(settings.clone(), text);
        } else if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back((settings.clone(), text));
        } else {
            self.given_up += 1;
        }
    }

    fn start(&mut self, settings: MailSettings, text: String) {
        let reporter = self.reporter.clone();
        self.sending.spawn(async move { reporter.report(deliver(&settings, &text).await) });
    }

    /// Waits until one is done and starts those that wait; never returns while none is on its way. May be dropped
    /// and called again.
    pub async fn one_done(&mut self) {
        if self.sending.is_empty() {
            std::future::pending::<()>().await;
        }
        self.sending.join_next().await;
        while self.sending.len() < MOST_SENDING {
            let Some((settings, text)) = self.waiting.pop_front() else { break };
            self.start(settings, text);
        }
        if self.waiting.is_empty() && self.given_up > 0 {
            self.reporter.report(Event::MailsGivenUp { count: std::mem::take(&mut self.given_up) });
        }
    }

    /// The stop: what is on its way has `grace`; the rest is given up (IF-218).
    pub async fn finish(&mut self, grace: Duration) {
        let all = async {
            while !self.sending.is_empty() {
                self.one_done().await;
            }
        };
        if tokio::time::timeout(grace, all).await.is_err() {
            self.sending.abort_all();
        }
    }
}

/// One connection, one mail; the whole of it takes no longer than `smtp_connect_timeout`.
async fn deliver(settings: &MailSettings, text: &str) -> Event {
    let (host, port) = match &settings.server {
        MailServer::Address(at) => (at.address.to_string(), at.port),
        MailServer::Name { host, port } => (host.clone(), *port),
    };
    let server = format!("[{host}]:{port}");
    let envelope = match envelope(settings) {
        Ok(envelope) => envelope,
        Err(why) => return Event::MailRefused { server, status: why },
    };
    let limit = settings.connect_timeout.as_duration();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .hello_name(ClientId::Domain(settings.helo_name.clone()))
        .timeout(Some(limit))
        .build();
    match tokio::time::timeout(limit, transport.send_raw(&envelope, text.as_bytes())).await {
        Err(_) => Event::MailTimeout { server },
        Ok(Ok(_)) => Event::MailSent { server },
        Ok(Err(error)) => refusal(server, &error),
    }
}

fn refusal(server: String, error: &Error) -> Event {
    match error.status() {
        Some(status) => Event::MailRefused { server, status: status.to_string() },
        None if error.is_timeout() => Event::MailTimeout { server },
        None => Event::MailUnreachable { server, error: error.to_string() },
    }
}

/// # Errors
/// The address that is none.
fn envelope(settings: &MailSettings) -> Result<Envelope, String> {
    let read = |text: &str| {
        bare_address(text).parse::<Address>().map_err(|error| format!("none, '{text}' is not an address: {error}"))
    };
    let to = settings.to.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
    Envelope::new(Some(read(&settings.from)?), to).map_err(|error| error.to_string())
}
