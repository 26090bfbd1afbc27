//! Requests to the byte, and answers of every kind, cut in every way.

use super::*;
use crate::model::check::Connect;

fn url(path: &str) -> Url {
    Url {
        path: path.to_owned(),
        virtual_host: None,
        server_name: None,
        digest: None,
        status_codes: vec![(200, 299)],
        tls_compliant: false,
        regex: None,
    }
}

fn check(address: &str, protocol: HttpProtocol) -> HttpCheck {
    let connect = Connect::to(address.parse().expect("an address"), 80);
    HttpCheck { connect, tls: None, protocol, urls: vec![url("/p")], fast_recovery: false }
}

fn asked(check: &HttpCheck, url: &Url) -> String {
    String::from_utf8(request(check, url)).expect("text")
}

/// What an answer is worth that comes in pieces of a certain size.
fn judged(url: &Url, text: &[u8], piece: usize) -> Judgement {
    let mut answer = Answer::to(url, None);
    for bytes in text.chunks(piece) {
        if answer.take(bytes).is_err() {
            break;
        }
    }
    answer.judge()
}

/// The same however it is cut.
#[track_caller]
fn whole(url: &Url, text: &[u8]) -> Judgement {
    let one = judged(url, text, text.len().max(1));
    for piece in [1, 2, 3, 7, 100] {
        assert_eq!(judged(url, text, piece), one, "in pieces of {piece}");
    }
    one
}

fn digest_of(body: &[u8]) -> [u8; 16] {
    Md5::digest(body).into()
}

const GOOD: Result<Tested, HttpFailure> = Ok(Tested::Status);

/// CK-41: the bytes that the original's servers recorded.
#[test]
fn requests_are_the_originals_to_the_byte() {
    let plain = check("10.1.0.11", HttpProtocol::V1_0);
    assert_eq!(
        asked(&plain, &url("/p")),
        "GET /p HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.1.0.11:80\r\n\r\n"
    );
    let named = Url { virtual_host: Some("rs.example".to_owned()), ..url("/p10C") };
    assert_eq!(
        asked(&check("10.1.0.11", HttpProtocol::V1_0Close), &named),
        "GET /p10C HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: rs.example\r\n\r\n"
    );
    assert_eq!(
        asked(&check("10.1.0.11", HttpProtocol::V1_1), &url("/p11")),
        "GET /p11 HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.1.0.11:80\r\n\r\n"
    );
}

/// CK-41: nothing is escaped, and what is too long is cut.
#[test]
fn a_path_goes_out_as_written_and_is_cut() {
    let plain = check("10.1.0.11", HttpProtocol::V1_0);
    assert!(asked(&plain, &url("a b#c?d=%zz")).starts_with("GET a b#c?d=%zz HTTP/1.0\r\n"));
    let long = format!("/{}", "x".repeat(5000));
    let asked = asked(&plain, &url(&long));
    assert_eq!(asked.len(), 2047);
    assert!(asked.ends_with("xxx"));
}

/// CK-42: the destination of the connection, with its port; a virtual host without.
#[test]
fn the_host_names_the_destination() {
    assert!(asked(&check("fd00:1::11", HttpProtocol::V1_0), &url("/v6")).contains("\r\nHost: [fd00:1::11]:80\r\n"));
    let named = Url { virtual_host: Some("vs.example".to_owned()), ..url("/") };
    assert!(asked(&check("fd00:1::11", HttpProtocol::V1_0), &named).contains("\r\nHost: vs.example\r\n"));
}

/// CK-48: three digits between two blanks; the version is not looked at.
#[test]
fn the_status_is_what_stands_between_two_blanks() {
    for (line, wanted) in [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.1 200 ", 200),
        ("ICY 204 whatever", 204),
        ("garbage 200 ", 200),
        ("HTTP/1.1 200", 0),
        ("HTTP/1.1  200 OK", 0),
        ("HTTP/1.1 20 OK", 0),
        ("HTTP/1.1 2000 OK", 0),
        ("HTTP/1.1 +20 OK", 0),
        ("HTTP/1.1 2x0 OK", 0),
        ("HTTP/1.1", 0),
        ("HTTP/1.1\r\nX: 200 ", 0),
        ("", 0),
    ] {
        assert_eq!(status(format!("{line}\r\n\r\n").as_bytes()), wanted, "{line:?}");
    }
}

/// CK-48, CK-49, CK-54: ranges add up, redirects are not followed, nothing is good by default but 2xx.
#[test]
fn status_codes_are_ranges() {
    let fetched = |codes: &[(u16, u16)], status: u16| {
        let url = Url { status_codes: codes.to_vec(), ..url("/") };
        whole(&url, format!("HTTP/1.0 {status} X\r\nLocation: /\r\n\r\n").as_bytes()).result
    };
    assert_eq!(fetched(&[(200, 299)], 299), GOOD);
    assert_eq!(fetched(&[(200, 299)], 302), Err(HttpFailure::Status));
    assert_eq!(fetched(&[(200, 200), (400, 404)], 404), GOOD);
    assert_eq!(fetched(&[(200, 200), (400, 404)], 201), Err(HttpFailure::Status));
    assert_eq!(whole(&url("/"), b"HTTP/1.1 200\r\n\r\n").result, Err(HttpFailure::Status));
}

/// CK-47: without the end of a header nothing was received, however much came.
#[test]
fn a_header_must_end() {
    for text in [&b""[..], b"garbage", b"HTTP/1.0 200 OK\r\nX: y\r\n", b"HTTP/1.0 200 OK\n\nhello"] {
        assert_eq!(whole(&url("/"), text).result, Err(HttpFailure::NoHeader), "{text:?}");
    }
}

/// CK-47: the header's end must be within 4095 bytes, and no more than that is ever kept.
#[test]
fn a_header_must_end_soon() {
    let of = |length: usize| {
        let mut text = b"HTTP/1.0 200 OK\r\nX: ".to_vec();
        text.resize(length - 4, b'x');
        text.extend_from_slice(b"\r\n\r\nbody");
        text
    };
    assert_eq!(whole(&url("/"), &of(4095)).result, GOOD);
    assert_eq!(whole(&url("/"), &of(4096)).result, Err(HttpFailure::NoHeader));
    let url = url("/");
    let mut answer = Answer::to(&url, None);
    assert_eq!(answer.take(&[b'x'; 4000]), Ok(()));
    assert_eq!(answer.take(&[b'x'; 100_000]), Err(TooLong));
    assert!(answer.header.capacity() <= 3 * MOST_HEADER, "{}", answer.header.capacity());
}

/// CK-50: a length that is not true is told and is no failure; the header's name is searched as it is written.
#[test]
fn lengths_are_told_not_judged() {
    let differs = |header: &str| {
        let judged = whole(&url("/"), format!("HTTP/1.0 200 OK\r\n{header}\r\n\r\nhello world\n").as_bytes());
        assert_eq!(judged.result, GOOD);
        judged.length_differs
    };
    assert_eq!(differs("Content-Length: 5"), Some((5, 12)));
    assert_eq!(differs("Content-Length:99"), Some((99, 12)));
    assert_eq!(differs("Content-Length: 12"), None);
    assert_eq!(differs("content-length: 5"), None);
    assert_eq!(differs("X-Content-Length: 5"), Some((5, 12)));
    assert_eq!(differs("Content-Length: many"), None);
    assert_eq!(differs("Content-Length: 99999999999999999999999"), None);
}

/// CK-51, CK-54: the raw bytes of the body, up to the length announced; the status comes first.
#[test]
fn digests_are_of_the_raw_body() {
    let fetched = |digest: [u8; 16], text: &str| {
        let url = Url { digest: Some(digest), ..url("/") };
        whole(&url, text.as_bytes()).result
    };
    let hello = "HTTP/1.0 200 OK\r\n\r\nhello world\n";
    // The sum that the original's run was configured with.
    let known = [0x6f, 0x59, 0x02, 0xac, 0x23, 0x70, 0x24, 0xbd, 0xd0, 0xc1, 0x76, 0xcb, 0x93, 0x06, 0x3d, 0xc4];
    assert_eq!(fetched(known, hello), Ok(Tested::Digest));
    assert_eq!(fetched([0; 16], hello), Err(HttpFailure::Digest));
    assert_eq!(
        fetched(digest_of(b"hello"), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello world\n"),
        Ok(Tested::Digest)
    );
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(fetched(digest_of(b"5\r\nhello\r\n0\r\n\r\n"), chunked), Ok(Tested::Digest));
    assert_eq!(fetched(digest_of(b"hello"), chunked), Err(HttpFailure::Digest));
    assert_eq!(fetched(known, "HTTP/1.0 500 No\r\n\r\nhello world\n"), Err(HttpFailure::Status));
    assert_eq!(fetched(digest_of(b""), "HTTP/1.0 200 OK\r\n\r\n"), Ok(Tested::Digest));
}

proptest::proptest! {
    /// CK-47: any bytes, cut anywhere, are judged without a panic and alike.
    #[test]
    fn any_bytes_are_judged(
        text in proptest::collection::vec(
            proptest::prop_oneof![proptest::num::u8::ANY, proptest::sample::select(b"HTP/1. 20\r\nContent-Length:".to_vec())],
            0..6000,
        ),
        piece in 1usize..5000,
    ) {
        let url = Url { digest: Some([7; 16]), ..url("/") };
        proptest::prop_assert_eq!(judged(&url, &text, piece), judged(&url, &text, text.len().max(1)));
    }
}
