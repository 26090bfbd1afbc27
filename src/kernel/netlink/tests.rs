use super::*;

/// A receive buffer of another size is that of the socket at hand, stays when this is replaced, and can be given back.
#[test]
fn room_stays_with_the_socket() {
    let mut socket = Socket::open().unwrap();
    let room = |socket: &Socket| room_of(&socket.socket).unwrap();
    let (usual, port) = (room(&socket), socket.port().unwrap());
    socket.set_room(Some(Room { bytes: 16_384, force: false })).unwrap();
    assert_eq!((room(&socket), socket.port().unwrap()), (32_768, port));
    socket.reopen().unwrap();
    assert_eq!(room(&socket), 32_768);
    socket.set_room(None).unwrap();
    assert_eq!(room(&socket), usual);
    socket.reopen().unwrap();
    assert_eq!(room(&socket), usual);
}
