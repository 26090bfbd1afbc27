//! `genhash`: fetches a page as HTTP_GET and SSL_GET do, and prints the digest of its body (CK-142 to CK-144).

use std::io::Write;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::base::net::Endpoint;
use crate::check::http::{Answer, request};
use crate::cli::genhash::{Protocol, Request};
use crate::kernel::clock;
use crate::kernel::tcp::{ConnectError, connect};
use crate::kernel::tls::{HandshakeError, Tls};
use crate::model::check::{Connect, HttpCheck, HttpProtocol, Tls as WithTls, Url};
use crate::model::event::check::HttpFailure;
use crate::observe::wording::http_failure;
use crate::tool::genhash as shown;

/// Bytes taken at once.
const PIECE: usize = 4095;
const HEADER_END: &[u8] = b"\r\n\r\n";

/// Why there is no digest.
enum Trouble {
    Failure(HttpFailure),
    /// Something here is in the way.
    Ours(String),
}

/// Fetches and prints; gives the exit status, which is 0 whatever the server does (CK-144).
pub fn run(request: &Request, out: &mut impl Write, err: &mut impl Write) -> u8 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let fetched = match runtime {
        Ok(runtime) => runtime.block_on(fetch(request, out)),
        Err(error) => Err(Trouble::Ours(error.to_string())),
    };
    // A reader that has gone does not want the rest.
    let (written, exit) = match fetched {
        Ok(()) => (Ok(()), 0),
        Err(Trouble::Failure(HttpFailure::NoHeader)) => (err.write_all(b"no data received from remote webserver\n"), 0),
        Err(Trouble::Failure(failure)) => (writeln!(out, "{}", http_failure(failure)), 0),
        Err(Trouble::Ours(why)) => (writeln!(err, "genhash: {why}"), 1),
    };
    written.unwrap_or(());
    exit
}

fn check(request: &Request) -> HttpCheck {
    let destination = Endpoint { address: request.server, port: request.port };
    let server_name = request.virtual_host.clone().filter(|_| request.sni);
    HttpCheck {
        connect: Connect { destination, bind: None, interface: None, fwmark: request.fwmark },
        tls: request.tls.then_some(WithTls { enable_sni: request.sni, sni_name: None }),
        protocol: match request.protocol {
            Protocol::V1_0 => HttpProtocol::V1_0,
            Protocol::V1_0Close => HttpProtocol::V1_0Close,
            Protocol::V1_1 => HttpProtocol::V1_1,
        },
        urls: vec![Url {
            path: request.url.clone(),
            virtual_host: request.virtual_host.clone(),
            server_name,
            // Whatever it is, one is computed.
            digest: Some([0; 16]),
            status_codes: vec![(100, 599)],
            tls_compliant: true,
            regex: None,
        }],
        fast_recovery: false,
    }
}

async fn fetch(asked: &Request, out: &mut impl Write) -> Result<(), Trouble> {
    let check = check(asked);
    let patience = Duration::from_secs(asked.timeout.into());
    let begun = clock::instant();
    let deadline = begun + patience;
    let mut stream = connect(&check.connect, deadline).await.map_err(|error| match error {
        ConnectError::Timeout => Trouble::Failure(HttpFailure::ConnectTimeout),
        ConnectError::Unreachable(_) | ConnectError::Failed(_) => Trouble::Failure(HttpFailure::ConnectFailed),
        ConnectError::Create(_) | ConnectError::Bind(_) => Trouble::Ours(error.to_string()),
    })?;
    let exchanged = if check.tls.is_none() {
        exchange(&mut stream, &check, asked, patience, out).await
    } else {
        let tls = Tls::new(None).map_err(|error| Trouble::Ours(error.to_string()))?;
        let name = check.urls[0].server_name.as_deref();
        let shaken = tls.handshake(stream, name, asked.server, None, deadline).await;
        let mut stream = shaken.map_err(|error| {
            Trouble::Failure(match error {
                HandshakeError::Timeout => HttpFailure::ConnectTimeout,
                HandshakeError::Connection(_) => HttpFailure::ConnectFailed,
                HandshakeError::Protocol(_) => HttpFailure::Handshake,
            })
        })?;
        let exchanged = exchange(&mut stream, &check, asked, patience, out).await;
        // Whether the server hears the good-bye does not matter.
        timeout(patience, stream.shutdown()).await.unwrap_or(Ok(())).unwrap_or(());
        exchanged
    };
    if asked.verbose && matches!(exchanged, Ok(()) | Err(Trouble::Failure(HttpFailure::NoHeader))) {
        let took = clock::instant().duration_since(begun).as_micros();
        write!(out, "\nGlobal response time for [{}] = {took} usecs\n", asked.url).unwrap_or(());
    }
    exchanged
}

/// Asks, reads until the server ends, and prints.
async fn exchange<Stream: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream,
    check: &HttpCheck,
    asked: &Request,
    patience: Duration,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let url = &check.urls[0];
    let tls = check.tls.is_some();
    let mut say = |text: &str| {
        if asked.verbose {
            out.write_all(text.as_bytes()).unwrap_or(());
        }
    };
    let asking = async {
        stream.write_all(&request(check, url)).await?;
        stream.flush().await
    };
    match timeout(patience, asking).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return Err(Trouble::Failure(HttpFailure::Send)),
    }
    say(shown::HEADER);
    let mut answer = Answer::to(url, None);
    // What came of the header so far, and whether any body did.
    let (mut header, mut has_body) = (Vec::new(), false);
    let mut piece = [0; PIECE];
    loop {
        let length = match timeout(patience, stream.read(&mut piece)).await {
            Err(_late) if answer.is_empty() => return Err(Trouble::Failure(HttpFailure::FirstByteTimeout)),
            Err(_late) => return Err(Trouble::Failure(HttpFailure::ReadTimeout { tls })),
            Ok(Ok(0)) => break,
            Ok(Ok(length)) => length,
            // The server ended the connection and TLS was not told (CK-46).
            Ok(Err(error)) if tls && error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Ok(Err(_)) => return Err(Trouble::Failure(HttpFailure::Read { tls })),
        };
        let known = answer.has_header();
        // A header that does not end is judged as it is.
        if answer.take(&piece[..length]).is_err() {
            break;
        }
        let mut body = &piece[..length];
        if !known {
            header.extend_from_slice(body);
            let Some(end) = header.windows(HEADER_END.len()).position(|window| window == HEADER_END) else { continue };
            let rest = header.split_off(end + HEADER_END.len());
            body = &piece[length - rest.len()..length];
            say(&shown::dump(&header));
            say(shown::HEADER_TEXT);
            say(&String::from_utf8_lossy(&header));
            say("\n");
        }
        if !body.is_empty() {
            if !std::mem::replace(&mut has_body, true) {
                say(shown::BODY);
            }
            say(&shown::dump(body));
        }
    }
    let digest = answer.digest();
    say("\n");
    say(shown::HASH);
    say(&shown::dump(&digest));
    say(shown::RESULT);
    if !answer.has_header() {
        return Err(Trouble::Failure(HttpFailure::NoHeader));
    }
    out.write_all(shown::digits(digest).as_bytes()).unwrap_or(());
    Ok(())
}
