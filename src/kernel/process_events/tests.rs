use super::*;

fn datagram(what: u32, about: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0; NETLINK_HEADER];
    bytes.extend(PROC.to_ne_bytes());
    bytes.extend(PROC.to_ne_bytes());
    bytes.extend([0; 12]);
    bytes.extend(what.to_ne_bytes());
    bytes.extend([0; 12]);
    bytes.extend(about.iter().flat_map(|word| word.to_ne_bytes()));
    bytes
}

/// VR-228: fork, exec, name and exit are heard of; threads and all else are not.
#[test]
fn events_are_understood() {
    assert_eq!(parse(&datagram(NONE, &[1])), Some(Event::Listening(1)));
    assert_eq!(parse(&datagram(FORK, &[10, 9, 20, 20])), Some(Event::Forked { parent: 9, child: 20 }));
    assert_eq!(parse(&datagram(FORK, &[10, 10, 21, 10])), None, "a thread");
    assert_eq!(parse(&datagram(EXEC, &[20, 20])), Some(Event::Executed { pid: 20 }));
    let name = [u32::from_ne_bytes(*b"sshd"), 0, 0, 0];
    let named = datagram(COMM, &[20, 20, name[0], name[1], name[2], name[3]]);
    assert_eq!(parse(&named), Some(Event::Named { pid: 20, name: b"sshd".to_vec() }));
    assert_eq!(parse(&datagram(EXIT, &[20, 20, 0, 17])), Some(Event::Exited { pid: 20 }));
    assert_eq!(parse(&datagram(EXIT, &[22, 20, 0, 17])), None, "a thread");
    assert_eq!(parse(&datagram(4, &[20, 20, 0, 0])), None);
}

/// Whatever comes, nothing is read beyond its end.
#[test]
fn short_datagrams_say_nothing() {
    let whole = datagram(FORK, &[10, 9, 20, 20]);
    for length in 0..whole.len() {
        assert_eq!(parse(&whole[..length]), None, "{length}");
    }
    let mut other = whole.clone();
    other[NETLINK_HEADER] = 7;
    assert_eq!(parse(&other), None);
}

/// VR-233: the receive buffer grows to twice its size each time; the one that is asked for is set.
#[tokio::test]
async fn the_buffer_is_doubled() {
    // A socket of any protocol will do: the connector is not to be had in every namespace.
    let socket = Socket::new(netlink_sys::protocols::NETLINK_ROUTE).unwrap();
    // SAFETY: the socket owns its descriptor, which stays the same and open for as long as the socket lives.
    let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }.unwrap();
    let events = ProcessEvents { socket, datagram: Vec::new() };
    let room = || netlink::room_of(events.socket.get_ref()).unwrap();
    events.set_room(Room { bytes: 8192, force: false }).unwrap();
    assert_eq!(room(), 16384);
    events.double_room().unwrap();
    assert_eq!(room(), 32768);
    events.double_room().unwrap();
    assert_eq!(room(), 65536);
}
