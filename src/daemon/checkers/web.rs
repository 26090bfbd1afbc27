//! HTTP_GET and SSL_GET: connect, ask, read until the server ends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

use super::probe::{PIECE, Tools, Waits, reason};
use crate::check::http::{Answer, Judgement, may_be_of_resumption, request};
use crate::check::{Fetched, Outcome};
use crate::kernel::clock;
use crate::kernel::tcp::{ConnectError, connect};
use crate::kernel::tls::HandshakeError;
use crate::model::check::{HttpCheck, Url};
use crate::model::event::check::{HttpFailure, Obstacle};

/// Why a URL could not be fetched.
enum Trouble {
    Failure(HttpFailure),
    Hindered(Obstacle),
}

/// One attempt. One that took an earlier TLS session up again and broke is made anew in full, in the time that is left
/// for both: what comes of short handshakes alone says nothing of the real server.
pub(super) async fn web(http: &HttpCheck, url: &Url, patience: Duration, tools: &Tools) -> Outcome {
    let waits = Waits::from(clock::instant(), patience);
    if let Some(session) = &tools.session {
        session.begin();
    }
    let mut fetched = fetch(http, url, tools, waits).await;
    if let (Some(session), Some(failure)) = (&tools.session, failure(&fetched)) {
        let resumed = session.was_offered();
        session.forget();
        if resumed && may_be_of_resumption(failure) {
            fetched = fetch(http, url, tools, waits).await;
        }
    }
    match fetched {
        Ok(fetched) => Outcome::Http(fetched),
        Err(Trouble::Failure(failure)) => {
            Outcome::Http(Fetched { result: Err(failure), length_differs: None, ended_without_close: false })
        }
        Err(Trouble::Hindered(obstacle)) => Outcome::Hindered(obstacle),
    }
}

/// `None`: the server is well, or nothing was learnt of it.
fn failure(fetched: &Result<Fetched, Trouble>) -> Option<HttpFailure> {
    match fetched {
        Ok(fetched) => fetched.result.err(),
        Err(Trouble::Failure(failure)) => Some(*failure),
        Err(Trouble::Hindered(_)) => None,
    }
}

/// CK-11: the connect has `patience`, with the handshake in the time that is left of it; then each wait for data.
async fn fetch(http: &HttpCheck, url: &Url, tools: &Tools, waits: Waits) -> Result<Fetched, Trouble> {
    let Tools { tls, regexes, session, .. } = tools;
    let deadline = waits.next();
    let mut stream = connect(&http.connect, deadline).await.map_err(|error| match error {
        ConnectError::Timeout => Trouble::Failure(HttpFailure::ConnectTimeout),
        ConnectError::Unreachable(_) => Trouble::Failure(HttpFailure::Unreachable),
        ConnectError::Failed(_) => Trouble::Failure(HttpFailure::ConnectFailed),
        ConnectError::Create(error) => Trouble::Hindered(Obstacle::Create { error: reason(&error) }),
        ConnectError::Bind(error) => Trouble::Hindered(Obstacle::Bind { error: reason(&error) }),
    })?;
    let exchange = if http.tls.is_none() {
        exchange(&mut stream, http, Answer::to(url, regexes.stream(url)), url, waits).await?
    } else {
        let name = url.server_name.as_deref();
        let address = http.connect.destination.address;
        let shaken = tls.handshake(stream, name, address, session.as_ref(), deadline).await;
        let mut stream = shaken.map_err(|error| match error {
            HandshakeError::Timeout => Trouble::Failure(HttpFailure::ConnectTimeout),
            HandshakeError::Connection(_) => Trouble::Failure(HttpFailure::ConnectFailed),
            HandshakeError::Protocol(_) => Trouble::Failure(HttpFailure::Handshake),
        })?;
        let exchange = exchange(&mut stream, http, Answer::to(url, regexes.stream(url)), url, waits).await?;
        // Otherwise the client leaves without a word (CK-45). Whether the server hears it does not matter.
        if url.tls_compliant {
            timeout_at(waits.next(), stream.shutdown()).await.unwrap_or(Ok(())).unwrap_or(());
        }
        exchange
    };
    let Judgement { result, length_differs } = exchange.answer.judge();
    Ok(Fetched { result, length_differs, ended_without_close: exchange.ended_without_close })
}

struct Exchange<'u> {
    answer: Answer<'u>,
    ended_without_close: bool,
}

/// Asks and reads until the server ends the connection (CK-47).
async fn exchange<'u, Stream: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream,
    http: &HttpCheck,
    mut answer: Answer<'u>,
    url: &'u Url,
    waits: Waits,
) -> Result<Exchange<'u>, Trouble> {
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
