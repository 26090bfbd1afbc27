//! The three forms of a date.

use super::{Appointment, LocalTime};

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

/// IF-93: a time, with or without a date of two or four digits, here or in Greenwich; nothing else, and no day that is none.
#[test]
fn appointments() {
    let read = |text| Appointment::from_text(text).map(|one| (one.date, one.clock, one.utc));
    assert_eq!(read("07:16:57"), Some((None, (7, 16, 57), false)));
    assert_eq!(read("23:59:59Z"), Some((None, (23, 59, 59), true)));
    assert_eq!(read("26-11-25 00:00:01"), Some((Some((2026, 11, 25)), (0, 0, 1), false)));
    assert_eq!(read("69-01-01 00:00:00"), Some((Some((1969, 1, 1)), (0, 0, 0), false)));
    assert_eq!(read("2028-02-29 12:00:00Z"), Some((Some((2028, 2, 29)), (12, 0, 0), true)));
    let wrong = [
        "",
        "Z",
        "7:16:57",
        "07:16",
        "24:00:00",
        "07:60:00",
        "07:16:60",
        "07:16:57 ",
        "2027-02-29 12:00:00",
        "2026-13-01 12:00:00",
        "2026-04-31 12:00:00",
        "2026-04-00 12:00:00",
        "226-04-01 12:00:00",
        "+7:16:57",
        "2026-11-25T07:16:57",
        "2026-11-25  07:16:57",
        "07:16:57ZZ",
        "\u{e9}7:16:57",
    ];
    for text in wrong {
        assert_eq!(read(text), None, "{text:?}");
    }
}
