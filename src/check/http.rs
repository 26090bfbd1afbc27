//! HTTP_GET and SSL_GET: what a request looks like, and what an answer is worth (CK-41, CK-42, CK-47 to CK-54).

use std::net::IpAddr;

use md5::{Digest, Md5};

use super::regex::Stream;
use crate::base::net::Endpoint;
use crate::model::check::{HttpCheck, HttpProtocol, Url};
use crate::model::event::check::{HttpFailure, Tested};

/// A request is cut at this length (CK-41).
const MOST_REQUEST: usize = 2047;
/// The header must end within this many bytes (CK-47).
const MOST_HEADER: usize = 4095;
const HEADER_END: &[u8] = b"\r\n\r\n";
/// Searched as it is written, wherever it stands in the header (CK-50).
const CONTENT_LENGTH: &[u8] = b"Content-Length:";

/// The bytes that ask for a URL, the same to the last one as the original's (CK-41).
pub fn request(check: &HttpCheck, url: &Url) -> Vec<u8> {
    let (version, close) = match check.protocol {
        HttpProtocol::V1_0 => ("1.0", ""),
        HttpProtocol::V1_0Close => ("1.0", "Connection: close\r\n"),
        HttpProtocol::V1_1 => ("1.1", "Connection: close\r\n"),
    };
    let host = url.virtual_host.clone().unwrap_or_else(|| show_destination(check.connect.destination));
    let mut request =
        format!("GET {} HTTP/{version}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n", url.path)
            .into_bytes();
    request.truncate(MOST_REQUEST);
    request
}

/// `ADDR:PORT`, IPv6 in brackets (CK-42).
fn show_destination(at: Endpoint) -> String {
    match at.address {
        IpAddr::V4(address) => format!("{address}:{}", at.port),
        IpAddr::V6(address) => format!("[{address}]:{}", at.port),
    }
}

/// An answer as it comes in. It holds at most one header; of the body only the digest and the length are kept.
pub struct Answer<'u> {
    url: &'u Url,
    /// Until its end is found.
    header: Vec<u8>,
    head: Option<Head>,
    /// Only if a digest is configured (CK-51).
    digest: Option<Md5>,
    /// Only if a regular expression is configured (CK-52).
    regex: Option<Stream>,
    /// Bytes of body.
    received: u64,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    status: u16,
    content_length: Option<u64>,
}

/// The header is too long: no more needs to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What a whole answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub result: Result<Tested, HttpFailure>,
    /// Bytes of body announced and received, where they differ (CK-50).
    pub length_differs: Option<(u64, u64)>,
}

impl<'u> Answer<'u> {
    /// `regex`: what looks for the URL's regular expression.
    pub fn to(url: &'u Url, regex: Option<Stream>) -> Answer<'u> {
        Answer { url, header: Vec::new(), head: None, digest: url.digest.map(|_| Md5::new()), regex, received: 0 }
    }

    /// Nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.head.is_none() && self.header.is_empty()
    }

    /// The whole header has come.
    pub fn has_header(&self) -> bool {
        self.head.is_some()
    }

    /// The digest of the body so far; of nothing if none is configured (CK-142).
    pub fn digest(&self) -> [u8; 16] {
        self.digest.clone().unwrap_or_default().finalize().into()
    }

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.head.is_some() {
            self.take_body(bytes);
            return Ok(());
        }
        // The end may begin in what came before.
        let from = self.header.len().saturating_sub(HEADER_END.len() - 1);
        let known = self.header.len();
        let room = MOST_HEADER - known;
        self.header.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let Some(end) = find(&self.header[from..], HEADER_END).map(|at| from + at + HEADER_END.len()) else {
            return if bytes.len() >= room { Err(TooLong) } else { Ok(()) };
        };
        let header = std::mem::take(&mut self.header);
        if bytes.len() > end - known {
            // QUIRK: the header is matched, too, and counts, if the body begins in the same piece.
            self.search(&header[..end]);
        }
        self.head = Some(Head { status: status(&header[..end]), content_length: content_length(&header[..end]) });
        self.take_body(&bytes[end - known..]);
        Ok(())
    }

    fn search(&mut self, bytes: &[u8]) {
        if let (Some(regex), Some(stream)) = (&self.url.regex, &mut self.regex) {
            stream.take(regex, bytes);
        }
    }

    fn take_body(&mut self, bytes: &[u8]) {
        self.search(bytes);
        if let Some(digest) = &mut self.digest {
            // Up to the length announced, if one is (CK-51).
            let announced = self.head.and_then(|head| head.content_length).unwrap_or(u64::MAX);
            let left = usize::try_from(announced.saturating_sub(self.received)).unwrap_or(usize::MAX);
            digest.update(&bytes[..bytes.len().min(left)]);
        }
        self.received += bytes.len() as u64;
    }

    /// The server has said all (CK-54).
    pub fn judge(self) -> Judgement {
        let url = self.url;
        let Some(head) = self.head else {
            return Judgement { result: Err(HttpFailure::NoHeader), length_differs: None };
        };
        if !url.status_codes.iter().any(|(first, last)| (*first..=*last).contains(&head.status)) {
            return Judgement { result: Err(HttpFailure::Status), length_differs: None };
        }
        let length_differs =
            head.content_length.filter(|length| *length != self.received).map(|length| (length, self.received));
        let found = self.digest.map(Md5::finalize);
        let tested = match url.digest {
            Some(wanted) if found.is_some_and(|found| found[..] == wanted) => Ok(Tested::Digest),
            Some(_) => Err(HttpFailure::Digest),
            None => Ok(Tested::Status),
        };
        let matched = self.regex.as_ref().map(Stream::matched);
        let result = match (tested, &url.regex, matched) {
            (Ok(_), Some(regex), Some(matched)) if matched == regex.no_match => Err(HttpFailure::Regex),
            (Ok(_), Some(_), Some(_)) => Ok(Tested::Regex),
            (tested, _, _) => tested,
        };
        Judgement { result, length_differs }
    }
}

/// Whether a server that is well may have failed so only because an earlier TLS session was taken up again: no answer
/// came, and not for want of time.
pub fn may_be_of_resumption(failure: HttpFailure) -> bool {
    match failure {
        HttpFailure::ConnectFailed
        | HttpFailure::Handshake
        | HttpFailure::Send
        | HttpFailure::Read { .. }
        | HttpFailure::NoHeader => true,
        HttpFailure::Unreachable
        | HttpFailure::ConnectTimeout
        | HttpFailure::FirstByteTimeout
        | HttpFailure::ReadTimeout { .. }
        | HttpFailure::Status
        | HttpFailure::Digest
        | HttpFailure::Regex => false,
    }
}

/// CK-48: behind the first blank of the first line stand three digits and another blank; else 0.
fn status(header: &[u8]) -> u16 {
    let line = header.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let Some(at) = line.iter().position(|byte| *byte == b' ') else { return 0 };
    match header.get(at + 1..at + 5) {
        Some([digits @ .., b' ']) if digits.iter().all(u8::is_ascii_digit) => {
            digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'))
        }
        _ => 0,
    }
}

/// CK-50. A length that is no number announces nothing.
fn content_length(header: &[u8]) -> Option<u64> {
    let value = &header[find(header, CONTENT_LENGTH)? + CONTENT_LENGTH.len()..];
    let value = value.trim_ascii_start();
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&value[..digits]).ok()?.parse().ok()
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests;
