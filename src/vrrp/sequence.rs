//! the sequence number of the IP authentication header.

/// One counter for sending and receiving (VR-38).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sequence {
    value: u32,
    /// The numbers are used up: they begin anew with the next stay as Master (VR-39).
    cycle: bool,
}

/// The counter stops here (VR-39).
const LAST: u32 = 0xffff_fffd;

impl Sequence {
    pub fn value(self) -> u32 {
        self.value
    }

    /// One more advert is sent (VR-37).
    pub fn sent(&mut self) {
        if self.value > LAST {
            self.cycle = true;
        } else {
            self.value += 1;
        }
    }

    /// A good advert came with this number.
    pub fn received(&mut self, number: u32) {
        self.value = self.value.max(number);
    }

    /// A Master heard a lower-priority advert with this number (VR-40).
    pub fn overtake(&mut self, number: u32) {
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
