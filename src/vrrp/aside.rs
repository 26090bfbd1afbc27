//! values that decide nothing: counters, derived indexes, and the model that the generation already names.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A value in which two routers may differ and still be in the same state: equal to any other, hashed as nothing.
/// So an explorer that stores states does not tell them apart by what was merely counted.
#[derive(Clone, Debug, Default)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Aside<T>) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> Hash for Aside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> Deref for Aside<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Aside<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
