//! FILE_CHECK: what the number in a file makes of a real server.

use crate::model::check::FileCheck;

/// What a number adds to the weight; `None`: the real server has failed (CK-121).
pub fn weigh(check: &FileCheck, number: i64) -> Option<i64> {
    if check.weight == 0 {
        return ((number == 0) != check.reverse).then_some(0);
    }
    let factor = if check.reverse { -i64::from(check.weight) } else { i64::from(check.weight) };
    let product = number.saturating_mul(factor);
    (product > i64::from(i32::MIN)).then_some(product.min(i64::from(i32::MAX)))
}

#[cfg(test)]
mod tests;
