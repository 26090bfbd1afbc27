//! The monotonic clock, the only place where time is read, and one timer on it of microsecond grain.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::task::{Context, Poll};

use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Clock, clock_gettime};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::base::time::{Interval, Time, WallTime};

/// Now, on CLOCK_MONOTONIC, since the machine's start.
pub fn now() -> Time {
    // The clock is there on every kernel that Rust runs on; zero would only make deadlines wait.
    let now = clock_gettime(Clock::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
    let (seconds, nanoseconds) = (now.tv_sec().unsigned_abs(), now.tv_nsec().unsigned_abs());
    Time::from_micros(seconds.saturating_mul(1_000_000).saturating_add(nanoseconds / 1_000))
}

/// What the wall clock shows, CLOCK_REALTIME.
pub fn wall() -> WallTime {
    // As above; a clock before 1970 shows zero.
    let now = clock_gettime(Clock::CLOCK_REALTIME).unwrap_or(TimeSpec::new(0, 0));
    let seconds = u64::try_from(now.tv_sec()).unwrap_or(0);
    WallTime::from_micros(seconds.saturating_mul(1_000_000).saturating_add(now.tv_nsec().unsigned_abs() / 1_000))
}

/// Both clocks, read together.
pub struct Moment {
    pub now: Time,
    wall: Option<TimeSpec>,
}

pub fn moment() -> Moment {
    Moment { now: now(), wall: clock_gettime(Clock::CLOCK_REALTIME).ok() }
}

impl Moment {
    /// When the kernel stamped a packet (SO_TIMESTAMPNS, socket(7)), which it does by the wall clock. Now, for a stamp of
    /// the future and for one older than a busy moment explains: then the clock was set, or we did not run.
    pub fn of(&self, stamp: TimeSpec) -> Time {
        self.now - self.wall.map_or(Interval::ZERO, |wall| credible(wall - stamp))
    }
}

fn credible(age: TimeSpec) -> Interval {
    const LONGEST: u64 = 10_000;
    let micros = u64::try_from(age.num_microseconds()).ok().filter(|micros| *micros <= LONGEST);
    micros.map_or(Interval::ZERO, Interval::from_micros)
}

/// Now, for tokio's timers, which have a grain of 1 ms.
pub fn instant() -> tokio::time::Instant {
    #[allow(clippy::disallowed_methods, reason = "this is where the clock is read")]
    tokio::time::Instant::now()
}

/// A `timerfd`: meets a deadline to a tenth of a millisecond, where tokio's own timers are a millisecond late.
#[derive(Debug)]
pub struct Timer {
    descriptor: AsyncFd<Descriptor>,
    set: Option<Time>,
}

#[derive(Debug)]
struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// Unset. Must be called inside a runtime.
    pub fn new() -> io::Result<Timer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        // SAFETY: the timer owns its descriptor, which stays the same and open for as long as the timer lives.
        let descriptor = unsafe { AsyncFd::register_with_interest(Descriptor(timer), Interest::READABLE)? };
        Ok(Timer { descriptor, set: None })
    }

    /// Wakes at `deadline`, at once when it has passed; `None`: never. It may wake once before that, when it was set to
    /// an earlier one: deadlines are put off with every packet, and each time would be a system call.
    pub fn set(&mut self, deadline: Option<Time>) -> io::Result<()> {
        let early_enough = |deadline: Time| self.set.is_some_and(|set| set <= deadline);
        if deadline.map_or(self.set.is_none(), early_enough) {
            return Ok(());
        }
        match deadline {
            Some(deadline) => {
                // Zero would disarm the timer.
                let micros = deadline.as_micros().max(1);
                let at = TimeSpec::new((micros / 1_000_000) as i64, (micros % 1_000_000 * 1_000) as i64);
                self.descriptor.get_ref().0.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
            }
            None => self.descriptor.get_ref().0.unset()?,
        }
        self.set = deadline;
        Ok(())
    }

    /// Ready once the deadline has come; the timer is unset then.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = match self.descriptor.poll_read_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Poll::Pending,
            };
            let read = ready.try_io(|descriptor| {
                let mut count = [0; 8];
                nix::unistd::read(&descriptor.get_ref().0, &mut count).map_err(io::Error::from)
            });
            if let Ok(read) = read {
                self.set = None;
                return Poll::Ready(read.map(drop));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Waits as a task does: sets the timer again whenever it wakes, until the deadline has come.
    async fn wait(timer: &mut Timer, deadline: Time) -> u32 {
        let mut wakes = 0;
        while now() < deadline {
            timer.set(Some(deadline)).unwrap();
            poll_fn(|context| timer.poll(context)).await.unwrap();
            wakes += 1;
        }
        wakes
    }

    /// A deadline that is put off costs one wake-up too many at most, one that comes nearer is met.
    #[tokio::test]
    async fn a_deadline_may_move() {
        let mut timer = Timer::new().unwrap();
        let begun = now();
        timer.set(Some(begun + Interval::from_millis(10))).unwrap();
        let late = begun + Interval::from_millis(30);
        assert!(wait(&mut timer, late).await <= 2);
        assert!(now() >= late);
        timer.set(Some(late + Interval::from_secs(60))).unwrap();
        wait(&mut timer, late + Interval::from_millis(10)).await;
        assert!(now() < late + Interval::from_secs(30));
    }

    #[test]
    fn doubtful_stamps_are_not_believed() {
        let age = |micros| credible(TimeSpec::microseconds(micros)).as_micros();
        assert_eq!([0, 1, 90, 10_000].map(age), [0, 1, 90, 10_000]);
        assert_eq!([10_001, 1_000_000, i64::from(i32::MAX), -1, -1_000_000].map(age), [0; 5]);
    }
}
