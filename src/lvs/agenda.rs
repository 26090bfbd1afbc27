//! When each of many is due: what is due is found without a look at the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::time::Time;

/// One time for each key.
#[derive(Clone, Debug)]
pub struct Agenda<Key> {
    times: BTreeMap<Key, Time>,
    order: BTreeSet<(Time, Key)>,
}

impl<Key: Copy + Ord> Agenda<Key> {
    pub const fn new() -> Agenda<Key> {
        Agenda { times: BTreeMap::new(), order: BTreeSet::new() }
    }

    /// In place of the time it had.
    pub fn set(&mut self, key: Key, time: Time) {
        if let Some(before) = self.times.insert(key, time) {
            self.order.remove(&(before, key));
        }
        self.order.insert((time, key));
    }

    pub fn remove(&mut self, key: &Key) {
        if let Some(time) = self.times.remove(key) {
            self.order.remove(&(time, *key));
        }
    }

    /// Takes out what is due by now, the earliest first.
    pub fn due(&mut self, now: Time) -> Vec<Key> {
        let mut due = Vec::new();
        while let Some((_, key)) = self.order.first().copied().filter(|(time, _)| *time <= now) {
            self.remove(&key);
            due.push(key);
        }
        due
    }

    /// When the next is due.
    pub fn first(&self) -> Option<Time> {
        self.order.first().map(|(time, _)| *time)
    }

    pub fn clear(&mut self) {
        self.times.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_out_in_order() {
        let at = Time::from_micros;
        let mut agenda = Agenda::new();
        for (key, time) in [(1, 30), (2, 10), (3, 20), (4, 20), (5, 5)] {
            agenda.set(key, at(time));
        }
        agenda.set(1, at(15));
        agenda.remove(&5);
        agenda.remove(&6);
        assert_eq!((agenda.first(), agenda.due(at(9))), (Some(at(10)), vec![]));
        assert_eq!((agenda.due(at(15)), agenda.first()), (vec![2, 1], Some(at(20))));
        assert_eq!((agenda.due(at(100)), agenda.first()), (vec![3, 4], None));
        agenda.set(1, at(1));
        agenda.clear();
        assert_eq!((agenda.first(), agenda.due(at(100))), (None, vec![]));
    }
}
