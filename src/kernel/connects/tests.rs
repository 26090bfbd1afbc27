//! Attempts that succeed, are refused, wait, and are given up.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use super::*;
use crate::kernel::clock;

const LONG: Duration = Duration::from_secs(10);

fn inside(test: impl AsyncFnOnce(Connects<u8>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { test(Connects::new().expect("an epoll instance")).await });
}

fn listener() -> (TcpListener, Connect) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("its address");
    (listener, Connect::to(at.ip(), at.port()))
}

async fn next(connects: &mut Connects<u8>) -> (u8, Result<(), ConnectError>) {
    tokio::time::timeout(LONG, connects.wait_for_some()).await.expect("an end in time");
    connects.next_ended().expect("it has ended")
}

/// CK-30, CK-13: each ends as what it is, and nothing is left of it.
#[test]
fn they_end_as_they_should() {
    inside(async |mut connects| {
        let (_listener, open) = listener();
        let (gone, refused) = listener();
        drop(gone);
        let deadline = clock::instant() + LONG;
        connects.begin(&open, 1, deadline);
        assert_eq!(connects.deadline(), Some(deadline));
        let (key, result) = next(&mut connects).await;
        assert!(key == 1 && result.is_ok(), "{key} {result:?}");
        connects.begin(&refused, 2, deadline);
        let (key, result) = next(&mut connects).await;
        assert!(key == 2 && matches!(result, Err(ConnectError::Failed(_))), "{key} {result:?}");
        connects.begin(&Connect::to(IpAddr::V4(Ipv4Addr::BROADCAST), 80), 3, deadline);
        let (key, result) = next(&mut connects).await;
        assert!(key == 3 && matches!(result, Err(ConnectError::Unreachable(_))), "{key} {result:?}");
        assert!(connects.next_ended().is_none() && connects.deadline().is_none() && connects.pending.is_empty());
    });
}

/// More than the kernel tells at once: none is forgotten, though the kernel tells of new ones alone.
#[test]
fn many_end_at_once() {
    inside(async |mut connects| {
        let (gone, refused) = listener();
        drop(gone);
        for _ in 0..2 * EVENTS + 1 {
            connects.begin(&refused, 0, clock::instant() + LONG);
        }
        for _ in 0..2 * EVENTS + 1 {
            let (_, result) = next(&mut connects).await;
            assert!(matches!(result, Err(ConnectError::Failed(_))), "{result:?}");
        }
        assert!(connects.pending.is_empty());
    });
}

/// CK-11: whose time is up is told once, in the order of the deadlines; one that is given up never.
#[test]
fn time_ends_them() {
    inside(async |mut connects| {
        let (_listener, open) = listener();
        let now = clock::instant();
        connects.begin(&open, 1, now + LONG * 2);
        connects.begin(&open, 2, now + LONG);
        assert_eq!(connects.next_overdue(now), None);
        assert_eq!(connects.next_overdue(now + LONG * 3), Some(2));
        assert_eq!(connects.next_overdue(now + LONG * 3), Some(1));
        assert_eq!(connects.next_overdue(now + LONG * 3), None);
        connects.begin(&open, 3, now + LONG);
        connects.clear();
        assert_eq!(connects.next_overdue(now + LONG * 3), None);
        let waited = tokio::time::timeout(Duration::from_millis(50), connects.wait_for_some()).await;
        assert!(waited.is_err() && connects.next_ended().is_none());
    });
}
