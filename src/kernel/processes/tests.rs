use super::*;

/// VR-228: zombies are not counted; a name may hold blanks and brackets.
#[test]
fn stat_is_understood() {
    assert_eq!(parse(b"12 (sshd) S 1 12 12 0"), Some((1, b"sshd".to_vec())));
    assert_eq!(parse(b"12 (a) b (c) R 7 12"), Some((7, b"a) b (c".to_vec())));
    assert_eq!(parse(b"12 (sshd) Z 1 12"), None);
    for broken in [&b""[..], b"12", b"12 (", b"12 (x", b") (", b"12 (x)", b"12 (x) S", b"12 (x) S y"] {
        assert_eq!(parse(broken), None, "{broken:?}");
    }
}

#[test]
fn this_process_is_there() {
    let found = one(std::process::id(), 4096).unwrap();
    assert!(found.command_line.ends_with(b"\0") && !found.name.is_empty(), "{found:?}");
    assert!(all(0).unwrap().iter().any(|one| one.pid == found.pid && one.name == found.name));
}
