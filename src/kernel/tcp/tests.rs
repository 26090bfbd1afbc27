//! What an attempt asks of the kernel, read back from its socket.

use std::net::TcpListener;
use std::time::Duration;

use socket2::SockRef;

use super::*;
use crate::base::name::InterfaceName;
use crate::kernel::clock;

fn attempt(to: &Connect) -> Result<TcpStream, ConnectError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(connect(to, clock::instant() + Duration::from_secs(10)))
}

fn listener() -> (TcpListener, Connect) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("its address");
    (listener, Connect::to(at.ip(), at.port()))
}

/// CK-13: what connect(2) refuses at once is the failure of the other side, not ours.
#[test]
fn no_way_is_known_at_once() {
    let broadcast = Connect::to(Ipv4Addr::BROADCAST.into(), 80);
    let error = attempt(&broadcast).expect_err("no TCP to all");
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    for errno in NO_WAY {
        assert!(is(&io::Error::from_raw_os_error(*errno as i32), NO_WAY), "{errno}");
    }
}

/// CK-12: what it refuses because of our source is ours.
#[test]
fn a_source_that_cannot_reach_is_ours() {
    let from = Endpoint { address: Ipv4Addr::LOCALHOST.into(), port: 0 };
    let to = Connect { bind: Some(from), ..Connect::to("192.0.2.1".parse().expect("an address"), 80) };
    let error = attempt(&to).expect_err("loopback does not leave");
    assert!(matches!(error, ConnectError::Bind(_)), "{error}");
}

/// CK-1: bindto, bind_port and bind_if are those of the connection.
#[test]
fn the_source_is_as_configured() {
    let (_listener, to) = listener();
    let port = TcpListener::bind("127.0.0.7:0").expect("a port").local_addr().expect("its address").port();
    let from = Endpoint { address: "127.0.0.7".parse().expect("an address"), port };
    let stream =
        attempt(&Connect { bind: Some(from), interface: Some(InterfaceName::new("lo")), ..to }).expect("a connection");
    assert_eq!(stream.local_addr().expect("its address"), socket_address(from));
    assert_eq!(SockRef::from(&stream).device().expect("its device"), Some(b"lo".to_vec()));
}

/// CK-1: fwmark is the mark of the socket.
#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn the_mark_is_as_configured() {
    let (_listener, to) = listener();
    let stream = attempt(&Connect { fwmark: 0x42, ..to }).expect("a connection with a mark");
    assert_eq!(SockRef::from(&stream).mark().expect("its mark"), 0x42);
}
