//! Numbers and what comes of them.

use std::sync::Arc;

use super::weigh;
use crate::base::name::{FilePath, TrackFileName};
use crate::model::check::FileCheck;
use crate::model::track::TrackFile;

/// CK-121: weight 0 asks whether the number is 0, `reverse` whether it is not; another weight is a factor, whose
/// product is a failure from -2147483648 down.
#[test]
fn numbers_are_weighed() {
    let table: &[(i32, bool, i64, Option<i64>)] = &[
        (0, false, 0, Some(0)),
        (0, false, 1, None),
        (0, false, -1, None),
        (0, true, 0, None),
        (0, true, 7, Some(0)),
        (3, false, 5, Some(15)),
        (3, false, -2, Some(-6)),
        (3, true, 5, Some(-15)),
        (-1, false, 5, Some(-5)),
        (-1, true, 5, Some(5)),
        (1, false, 0, Some(0)),
        (1, false, -2_147_483_647, Some(-2_147_483_647)),
        (1, false, -2_147_483_648, None),
        (1, true, 2_147_483_648, None),
        (2, false, -1_073_741_824, None),
        (2, false, 1_073_741_824, Some(2_147_483_647)),
        (2_147_483_647, false, i64::MAX, Some(2_147_483_647)),
        (2_147_483_647, true, i64::MAX, None),
        (-2_147_483_647, false, i64::MIN, Some(2_147_483_647)),
    ];
    let file = TrackFile { name: TrackFileName::new("f"), path: FilePath::new("/tmp/f"), init: None };
    let file = Arc::new(file);
    for (weight, reverse, number, wanted) in table {
        let check = FileCheck { file: file.clone(), weight: *weight, reverse: *reverse };
        assert_eq!(weigh(&check, *number), *wanted, "weight {weight} reverse {reverse} number {number}");
    }
}
