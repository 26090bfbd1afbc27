//! The wall clock in the local time zone (localtime(3)).

use nix::libc;

use crate::base::calendar::LocalTime;

/// Now, as people here read it.
pub fn now() -> LocalTime {
    at(seconds())
}

/// Seconds since 1970.
pub fn seconds() -> i64 {
    // SAFETY: time(2) with a null pointer only returns.
    unsafe { libc::time(std::ptr::null_mut()) }
}

/// So many seconds after 1970 began, as people here read it.
pub fn at(seconds: i64) -> LocalTime {
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: localtime_r(3) writes into the structure that we own, and a zeroed `tm` is a valid one should it fail.
    let local = unsafe {
        libc::localtime_r(&raw const seconds, broken_down.as_mut_ptr());
        broken_down.assume_init()
    };
    shown(&local)
}

/// The same in Greenwich.
pub fn utc(seconds: i64) -> LocalTime {
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: as with localtime_r.
    let there = unsafe {
        libc::gmtime_r(&raw const seconds, broken_down.as_mut_ptr());
        broken_down.assume_init()
    };
    shown(&there)
}

/// The seconds since 1970 of a date and time here, or in Greenwich; its weekday and offset do not count. `None` when
/// there is no such moment. A day too many is the first of the next month.
pub fn to_seconds(time: &LocalTime, utc: bool) -> Option<i64> {
    // SAFETY: all-zero bytes are a valid `tm`.
    let mut broken_down: libc::tm = unsafe { std::mem::zeroed() };
    broken_down.tm_year = time.year - 1900;
    broken_down.tm_mon = i32::from(time.month) - 1;
    broken_down.tm_mday = i32::from(time.day);
    broken_down.tm_hour = i32::from(time.hour);
    broken_down.tm_min = i32::from(time.minute);
    broken_down.tm_sec = i32::from(time.second);
    broken_down.tm_isdst = -1;
    // SAFETY: both read and write the structure that we own.
    let seconds = unsafe { if utc { libc::timegm(&raw mut broken_down) } else { libc::mktime(&raw mut broken_down) } };
    (seconds != -1).then_some(seconds)
}

fn shown(local: &libc::tm) -> LocalTime {
    let small = |value: i32| u8::try_from(value).unwrap_or(0);
    LocalTime {
        year: local.tm_year + 1900,
        month: small(local.tm_mon + 1),
        day: small(local.tm_mday),
        hour: small(local.tm_hour),
        minute: small(local.tm_min),
        second: small(local.tm_sec),
        weekday: small(local.tm_wday),
        offset: i32::try_from(local.tm_gmtoff / 60).unwrap_or(0),
    }
}
