//! The wall clock as people read it: local date and time, in the forms of log lines and mail.

use std::fmt;

/// A moment in the local time zone. The kernel adapters read it; nothing is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    pub year: i32,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// East of Greenwich, minutes.
    pub offset: i32,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl LocalTime {
    fn month_name(&self) -> &'static str {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or("???")
    }

    fn day_name(&self) -> &'static str {
        DAYS.get(usize::from(self.weekday)).copied().unwrap_or("???")
    }

    fn clock(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `Nov 23 07:16:10`, as syslog datagrams carry it (RFC 3164 section 4.1.2).
    pub fn syslog(&self) -> String {
        format!("{} {:2} {}", self.month_name(), self.day, self.clock())
    }

    /// `Mon Nov 23 07:16:57 2026`, strftime's `%c` in the C locale (IF-223).
    pub fn console(&self) -> String {
        format!("{} {} {:2} {} {}", self.day_name(), self.month_name(), self.day, self.clock(), self.year)
    }

    /// `Mon, 23 Nov 2026 07:16:10 +0000` (RFC 5322 section 3.3, IF-211).
    pub fn mail(&self) -> String {
        let (sign, offset) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        let (hours, minutes) = (offset / 60, offset % 60);
        let (day, month, clock) = (self.day_name(), self.month_name(), self.clock());
        format!("{day}, {:02} {month} {} {clock} {sign}{hours:02}{minutes:02}", self.day, self.year)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.console())
    }
}

#[cfg(test)]
mod tests;
