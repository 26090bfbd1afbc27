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

    /// `2026-11-23 07:16:10`.
    pub fn numbers(&self) -> String {
        format!("{:04}-{:02}-{:02} {}", self.year, self.month, self.day, self.clock())
    }

    /// `Mon, 23 Nov 2026 07:16:10 +0000` (RFC 5322 section 3.3, IF-211).
    pub fn mail(&self) -> String {
        let (sign, offset) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        let (hours, minutes) = (offset / 60, offset % 60);
        let (day, month, clock) = (self.day_name(), self.month_name(), self.clock());
        format!("{day}, {:02} {month} {} {clock} {sign}{hours:02}{minutes:02}", self.day, self.year)
    }
}

/// A moment to come, as `reload_time_file` names it (IF-93).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// Year, month, day; `None`: today, or tomorrow if that is over.
    pub date: Option<(i32, u8, u8)>,
    /// Hour, minute, second.
    pub clock: (u8, u8, u8),
    /// Of Greenwich and not of here.
    pub utc: bool,
}

impl Appointment {
    /// `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, with a `Z` behind it for Greenwich. `None` when it is
    /// none of them, or no day of a calendar.
    pub fn from_text(text: &str) -> Option<Appointment> {
        let (text, utc) = text.strip_suffix('Z').map_or((text, false), |text| (text, true));
        let (date, clock) = text.split_once(' ').map_or((None, text), |(date, clock)| (Some(date), clock));
        let [hour, minute, second] = numbers(clock, ':', &[2])?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let date = match date {
            None => None,
            Some(date) => {
                let [year, month, day] = numbers(date, '-', &[2, 4])?;
                // As strptime(3) has it: 69 is 1969, 68 is 2068.
                let year = match (date.find('-'), year) {
                    (Some(2), 69..) => 1900 + year,
                    (Some(2), _) => 2000 + year,
                    _ => year,
                };
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let days = match month {
                    2 if leap => 29,
                    2 => 28,
                    4 | 6 | 9 | 11 => 30,
                    1..=12 => 31,
                    _ => return None,
                };
                if day == 0 || day > days {
                    return None;
                }
                Some((i32::from(year), month as u8, day as u8))
            }
        };
        Some(Appointment { date, clock: (hour as u8, minute as u8, second as u8), utc })
    }

    /// Its date and time, `today` being the day it is read.
    pub fn on(&self, today: &LocalTime) -> LocalTime {
        let (year, month, day) = self.date.unwrap_or((today.year, today.month, today.day));
        let (hour, minute, second) = self.clock;
        LocalTime { year, month, day, hour, minute, second, ..*today }
    }
}

/// Three numbers: the first of one of these lengths, the others of two digits.
fn numbers(text: &str, between: char, first: &[usize]) -> Option<[u16; 3]> {
    let words: Vec<&str> = text.split(between).collect();
    let [a, b, c] = words[..] else { return None };
    let fits = first.contains(&a.len()) && b.len() == 2 && c.len() == 2;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    if fits { Some([number(a)?, number(b)?, number(c)?]) } else { None }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.console())
    }
}

#[cfg(test)]
mod tests;
