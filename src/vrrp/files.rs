//! the numbers in watched files, and what they do to a priority.

use std::collections::BTreeMap;

use crate::base::name::{FilePath, TrackFileName, Weight};
use crate::model::track::TrackEffect;
use crate::model::vrrp::Vrrp;

/// The number of each watched file; one without a number has 0 (VR-224).
///
/// By path and not by name: a reload may give a name another file, whose number is told before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Files {
    numbers: BTreeMap<FilePath, i64>,
    paths: BTreeMap<TrackFileName, FilePath>,
}

impl Files {
    pub fn new(model: &Vrrp) -> Files {
        let mut files = Files::default();
        files.reload(model);
        files
    }

    pub fn get(&self, file: &TrackFileName) -> i64 {
        self.paths.get(file).and_then(|path| self.numbers.get(path)).copied().unwrap_or(0)
    }

    pub fn is_at(&self, file: &TrackFileName, path: &FilePath) -> bool {
        self.paths.get(file) == Some(path)
    }

    /// Takes in a number; gives the one before.
    pub fn set(&mut self, path: &FilePath, number: i64) -> i64 {
        self.numbers.insert(path.clone(), number).unwrap_or(0)
    }

    /// These are tracked from now on; the others are forgotten.
    pub fn reload(&mut self, model: &Vrrp) {
        self.paths = model.files.iter().map(|file| (file.name.clone(), file.path.clone())).collect();
        self.numbers.retain(|path, _| model.files.iter().any(|file| file.path == *path));
    }
}

/// VR-225: what a number does. `Err`: a fault, with the product that caused it.
pub fn weigh(effect: TrackEffect, number: i64) -> Result<i32, i64> {
    let sign = if effect.reverse { -1 } else { 1 };
    if effect.weight == Weight(0) {
        return if (number != 0) == effect.reverse { Ok(0) } else { Err(-254) };
    }
    let product = number.saturating_mul(i64::from(effect.weight.0)).saturating_mul(sign);
    // invariant: at most 253 and more than -254.
    if product <= -254 { Err(product) } else { Ok(product.min(253) as i32) }
}

#[cfg(test)]
mod tests;
