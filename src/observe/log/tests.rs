//! The form of lines, and that nothing a row says is left behind.

use super::watch::Seen;
use super::{FIELDS, Level, severity, syslog};
use crate::base::calendar::LocalTime;

const AT: Seen = Seen {
    time: LocalTime { year: 2026, month: 11, day: 23, hour: 7, minute: 16, second: 10, weekday: 1, offset: 0 },
    pid: 20501,
};

/// IF-220, IF-221: `<30>` info, `<31>` debug, `<25>` alert, `<27>` error of the daemon facility; ident with suffix and
/// process id.
#[test]
fn a_syslog_datagram_has_the_original_form() {
    let line = syslog::datagram(3, severity(Level::Info), AT, ("Keepalived_vrrp", "_ns_one"), "(VI_1) Entering");
    assert_eq!(line, "<30>Nov 23 07:16:10 Keepalived_vrrp_ns_one[20501]: (VI_1) Entering");
    let priority =
        |level| syslog::datagram(3, severity(level), AT, ("K", ""), "x").split('>').next().map(str::to_owned);
    assert_eq!(priority(Level::Debug).as_deref(), Some("<31"));
    assert_eq!(priority(Level::Alert).as_deref(), Some("<25"));
    assert_eq!(priority(Level::Error).as_deref(), Some("<27"));
}

/// A line end in a name must not begin a line that looks like another daemon's.
#[test]
fn a_message_is_one_line() {
    let line = syslog::datagram(3, 6, AT, ("K", ""), "one\n<0>two");
    assert!(!line.contains('\n'), "{line}");
}

#[test]
fn field_names_are_not_repeated() {
    let mut sorted = FIELDS.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), FIELDS.len());
}
