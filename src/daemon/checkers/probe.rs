//! One probe of one checker: connect, ask, read; every wait has its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::script::Script;
use crate::check::http::{Answer, Judgement, request};
use crate::check::{Fetched, Outcome, ScriptResult};
use crate::daemon::message::Reporter;
use crate::kernel::clock;
use crate::kernel::tcp::{ConnectError, connect};
use crate::kernel::tls::{HandshakeError, Tls};
use crate::model::check::{Check, Checker, Connect, HttpCheck, MiscCheck, Url};
use crate::model::event::check::{Event, HttpFailure, Obstacle, TcpFailure};
use crate::model::track::ScriptOutcome;

/// One answer may take this many times `connect_timeout` in all, however diligently its bytes trickle in.
const MOST_WAITS: u32 = 10;
/// Bytes taken from the socket at once.
const PIECE: usize = 4096;

/// Why a URL could not be fetched.
enum Trouble {
    Failure(HttpFailure),
    Hindered(Obstacle),
}

/// Runs the probe to its end. Dropping it closes its connection; a script is left to `Script`.
pub(super) async fn probe(checker: Arc<Checker>, url: usize, tls: Arc<Tls>, reporter: Reporter) -> Outcome {
    let patience = checker.timing.connect_timeout.as_duration();
    match &checker.check {
        Check::Tcp(to) => tcp(to, patience).await,
        Check::Http(http) => match http.urls.get(url) {
            // Aside, so that the many that only connect stay small.
            Some(url) => Box::pin(web(http, url, patience, &tls)).await,
            None => Outcome::Hindered(Obstacle::Create { error: format!("there is no URL {url}") }),
        },
        // The machine asks for none.
        Check::Bfd(_) => Outcome::Hindered(Obstacle::Create { error: "nothing to probe".to_owned() }),
        Check::Misc(misc) => Box::pin(misc_check(&checker, misc, &reporter)).await,
    }
}

/// CK-30: connected is good; not a byte is sent.
async fn tcp(to: &Connect, patience: Duration) -> Outcome {
    match connect(to, clock::instant() + patience).await {
        Ok(_closed_at_once) => Outcome::Tcp(Ok(())),
        Err(ConnectError::Timeout) => Outcome::Tcp(Err(TcpFailure::Timeout)),
        Err(ConnectError::Unreachable(_) | ConnectError::Failed(_)) => Outcome::Tcp(Err(TcpFailure::Failed)),
        Err(ConnectError::Create(error)) => Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
        Err(ConnectError::Bind(error)) => Outcome::Hindered(Obstacle::Bind { error: reason(&error) }),
    }
}

async fn web(http: &HttpCheck, url: &Url, patience: Duration, tls: &Tls) -> Outcome {
    match fetch(http, url, patience, tls).await {
        Ok(fetched) => Outcome::Http(fetched),
        Err(Trouble::Failure(failure)) => {
            Outcome::Http(Fetched { result: Err(failure), length_differs: None, ended_without_close: false })
        }
        Err(Trouble::Hindered(obstacle)) => Outcome::Hindered(obstacle),
    }
}

/// CK-11: the connect has `patience`, with the handshake in the time that is left of it; then each wait for data.
async fn fetch(http: &HttpCheck, url: &Url, patience: Duration, tls: &Tls) -> Result<Fetched, Trouble> {
    let started = clock::instant();
    let deadline = started + patience;
    let end = started + patience * MOST_WAITS;
    let mut stream = connect(&http.connect, deadline).await.map_err(|error| match error {
        ConnectError::Timeout => Trouble::Failure(HttpFailure::ConnectTimeout),
        ConnectError::Unreachable(_) => Trouble::Failure(HttpFailure::Unreachable),
        ConnectError::Failed(_) => Trouble::Failure(HttpFailure::ConnectFailed),
        ConnectError::Create(error) => Trouble::Hindered(Obstacle::Create { error: reason(&error) }),
        ConnectError::Bind(error) => Trouble::Hindered(Obstacle::Bind { error: reason(&error) }),
    })?;
    let waits = Waits { each: patience, end };
    let exchange = if http.tls.is_none() {
        exchange(&mut stream, http, url, waits).await?
    } else {
        let name = url.server_name.as_deref();
        let address = http.connect.destination.address;
        let mut stream = tls.handshake(stream, name, address, deadline).await.map_err(|error| match error {
            HandshakeError::Timeout => Trouble::Failure(HttpFailure::ConnectTimeout),
            HandshakeError::Connection(_) => Trouble::Failure(HttpFailure::ConnectFailed),
            HandshakeError::Protocol(_) => Trouble::Failure(HttpFailure::Handshake),
        })?;
        let exchange = exchange(&mut stream, http, url, waits).await?;
        // Otherwise the client leaves without a word (CK-45). Whether the server hears it does not matter.
        if url.tls_compliant {
            timeout_at(waits.next(), stream.shutdown()).await.unwrap_or(Ok(())).unwrap_or(());
        }
        exchange
    };
    let Judgement { result, length_differs } = exchange.answer.judge(url);
    Ok(Fetched { result, length_differs, ended_without_close: exchange.ended_without_close })
}

/// How long to wait for data.
#[derive(Clone, Copy)]
struct Waits {
    each: Duration,
    end: Instant,
}

impl Waits {
    fn next(self) -> Instant {
        (clock::instant() + self.each).min(self.end)
    }
}

struct Exchange {
    answer: Answer,
    ended_without_close: bool,
}

/// Asks and reads until the server ends the connection (CK-47).
async fn exchange<Stream: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream,
    http: &HttpCheck,
    url: &Url,
    waits: Waits,
) -> Result<Exchange, Trouble> {
    let tls = http.tls.is_some();
    let failed = |failure| Trouble::Failure(failure);
    let asked = async {
        stream.write_all(&request(http, url)).await?;
        stream.flush().await
    };
    match timeout_at(waits.next(), asked).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return Err(failed(HttpFailure::Send)),
    }
    let mut answer = Answer::to(url);
    let mut piece = [0; PIECE];
    loop {
        let read = match timeout_at(waits.next(), stream.read(&mut piece)).await {
            Err(_late) if answer.is_empty() => return Err(failed(HttpFailure::FirstByteTimeout)),
            Err(_late) => return Err(failed(HttpFailure::ReadTimeout { tls })),
            Ok(read) => read,
        };
        match read {
            Ok(0) => return Ok(Exchange { answer, ended_without_close: false }),
            // A header that does not end is judged as it is: no more of it is read (CK-47).
            Ok(length) if answer.take(&piece[..length]).is_err() => {
                return Ok(Exchange { answer, ended_without_close: false });
            }
            // A server that sends and sends is always ready, so that no wait would ever end.
            Ok(_) if clock::instant() >= waits.end => return Err(failed(HttpFailure::ReadTimeout { tls })),
            Ok(_) => {}
            // The server ended the connection and TLS was not told: the answer is taken as complete (CK-46).
            Err(error) if tls && error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Exchange { answer, ended_without_close: true });
            }
            Err(_) => return Err(failed(HttpFailure::Read { tls })),
        }
    }
}

/// The words of an error without the number behind them.
fn reason(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |errno| Errno::from_raw(errno).desc().to_owned())
}

/// CK-110, CK-111, CK-115.
async fn misc_check(checker: &Checker, misc: &MiscCheck, reporter: &Reporter) -> Outcome {
    let mut script = match Script::start(misc) {
        Ok(script) => script,
        Err(error) => return not_started(&error),
    };
    let limit = if misc.timeout.is_zero() { checker.timing.delay_loop } else { misc.timeout };
    let lingers = |pid| {
        reporter.report(Event::MiscLingers {
            real_server: checker.real_server_name.clone(),
            virtual_server: checker.virtual_server_name.clone(),
            script: misc.script.argv.first().cloned().unwrap_or_default(),
            pid,
        });
    };
    match script.ended_within(limit.as_duration(), lingers).await {
        Ok(ScriptOutcome::Exited(status)) => {
            Outcome::Misc(ScriptResult::Exited(u8::try_from(status).unwrap_or(u8::MAX)))
        }
        Ok(ScriptOutcome::Signalled(signal)) => Outcome::Misc(ScriptResult::Signalled(signal)),
        Ok(ScriptOutcome::TimedOut) => Outcome::Misc(ScriptResult::TimedOut),
        Err(error) => Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
    }
}

/// Statuses of a shell for a command that it cannot find or may not run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// A lack of ours says nothing of the real server; a script that is not there does.
fn not_started(error: &io::Error) -> Outcome {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE) => {
            Outcome::Hindered(Obstacle::Create { error: reason(error) })
        }
        Some(Errno::ENOENT) => Outcome::Misc(ScriptResult::Exited(NOT_FOUND)),
        Some(_) | None => Outcome::Misc(ScriptResult::Exited(NOT_RUN)),
    }
}
