//! The wall clock in the local time zone (localtime(3)).

use nix::libc;

use crate::base::calendar::LocalTime;

/// Now, as people here read it.
pub fn now() -> LocalTime {
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: time(2) with a null pointer only returns; localtime_r(3) writes into the structure that we own, and a
    // zeroed `tm` is a valid one should it fail.
    let local = unsafe {
        let seconds = libc::time(std::ptr::null_mut());
        libc::localtime_r(&raw const seconds, broken_down.as_mut_ptr());
        broken_down.assume_init()
    };
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
