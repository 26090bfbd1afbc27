//! the sequence number of the IP authentication header.

/// One counter for sending and receiving (VR-38).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sequence {
    value: u32,
    /// The numbers are used up: they begin anew with the next stay as Master (VR-39).
    cycle: bool,
    /// The last to use `value` were we ourselves.
    ours: bool,
}

/// The counter stops here (VR-39).
const LAST: u32 = 0xffff_fffd;

impl Sequence {
    pub fn value(self) -> u32 {
        self.value
    }

    /// What a received number must be greater than. Our own last number may come once from another Master: two that
    /// advertise in step count alike, and would otherwise refuse each other for ever (VR-39).
    pub fn floor(self) -> u32 {
        if self.ours { self.value.saturating_sub(1) } else { self.value }
    }

    /// One more advert is sent (VR-37).
    pub fn sent(&mut self) {
        self.ours = true;
        if self.value > LAST {
            self.cycle = true;
        } else {
            self.value += 1;
        }
    }

    /// A good advert came with this number.
    pub fn received(&mut self, number: u32) {
        self.ours &= number < self.value;
        self.value = self.value.max(number);
    }

    /// A Master heard a lower-priority advert with this number (VR-40).
    pub fn overtake(&mut self, number: u32) {
        self.ours = false;
        self.value = number.saturating_add(1);
    }

    pub fn become_master(&mut self) {
        if std::mem::take(&mut self.cycle) {
            self.value = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VR-37, VR-38, VR-40: from 1 on, going on from what others sent.
    #[test]
    fn one_counter_serves_both_ways() {
        let mut sequence = Sequence::default();
        sequence.sent();
        assert_eq!(sequence.value(), 1);
        sequence.received(5);
        sequence.received(3);
        sequence.sent();
        assert_eq!(sequence.value(), 6);
        sequence.overtake(9);
        assert_eq!(sequence.value(), 10);
    }

    /// VR-39: the number that we sent last is taken from another one, once; one that was received is not.
    #[test]
    fn masters_in_step_hear_each_other() {
        let mut sequence = Sequence::default();
        sequence.sent();
        sequence.sent();
        assert_eq!(sequence.floor(), 1);
        sequence.received(2);
        assert_eq!(sequence.floor(), 2);
        sequence.received(7);
        assert_eq!(sequence.floor(), 7);
    }

    /// VR-39: it stops near the end, and begins anew with the next stay as Master.
    #[test]
    fn used_up_numbers_begin_anew_with_the_next_master() {
        let mut sequence = Sequence::default();
        sequence.received(0xffff_fffd);
        sequence.sent();
        sequence.sent();
        sequence.sent();
        assert_eq!(sequence.value(), 0xffff_fffe);
        sequence.become_master();
        assert_eq!(sequence.value(), 0);
        sequence.sent();
        sequence.become_master();
        assert_eq!(sequence.value(), 1);
    }
}
