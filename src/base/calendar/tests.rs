//! The three forms of a date.

use super::LocalTime;

const AT: LocalTime =
    LocalTime { year: 2026, month: 11, day: 3, hour: 7, minute: 6, second: 5, weekday: 2, offset: -210 };

/// IF-211: the Date header, with a numeric zone. IF-220, IF-223: the forms of syslog and of the console.
#[test]
fn dates_have_the_forms_of_mail_syslog_and_console() {
    assert_eq!(AT.mail(), "Tue, 03 Nov 2026 07:06:05 -0330");
    assert_eq!(LocalTime { offset: 60, ..AT }.mail(), "Tue, 03 Nov 2026 07:06:05 +0100");
    assert_eq!(AT.syslog(), "Nov  3 07:06:05");
    assert_eq!(AT.console(), "Tue Nov  3 07:06:05 2026");
}
