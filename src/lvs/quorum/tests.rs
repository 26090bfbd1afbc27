use super::*;

/// LV-64, LV-65, LV-66: gained at quorum + hysteresis, lost below quorum - hysteresis or with nothing left.
#[test]
fn hysteresis_keeps_the_two_thresholds_apart() {
    // (sum, quorum, hysteresis, gained, lost)
    let table = [
        (0, 1, 0, false, true),
        (1, 1, 0, true, false),
        (4, 3, 1, true, false),
        (3, 3, 1, false, false),
        (2, 3, 1, false, false),
        (1, 3, 1, false, true),
        (0, 3, 2, false, true),
        // Quorum 0 is met by nothing, and lost at once.
        (0, 0, 0, true, true),
        (u64::from(u32::MAX) * 2, u32::MAX, u32::MAX, true, false),
    ];
    for (sum, quorum, hysteresis, is_gained, is_lost) in table {
        assert_eq!(gained(sum, quorum, hysteresis), is_gained, "gained: {sum} {quorum} {hysteresis}");
        assert_eq!(lost(sum, quorum, hysteresis), is_lost, "lost: {sum} {quorum} {hysteresis}");
    }
}

/// LV-34: the original's hysteresis of 4294967295 with quorum 0 can never be reached.
#[test]
fn a_wrapped_hysteresis_is_out_of_reach() {
    assert!(!gained(4_294_967_294, 0, u32::MAX));
    assert!(lost(0, 0, u32::MAX) && !lost(1, 0, u32::MAX));
}

/// LV-54: the weight of a real server never leaves 0..=2147483647.
#[test]
fn effective_weights_are_clamped() {
    assert_eq!(effective_weight(5, [3, 13].into_iter()), 21);
    assert_eq!(effective_weight(5, [-7].into_iter()), 0);
    assert_eq!(effective_weight(2_147_483_647, [1].into_iter()), 2_147_483_647);
    assert_eq!(effective_weight(1, [i64::MAX, i64::MAX].into_iter()), 2_147_483_647);
    assert_eq!(effective_weight(1, [i64::MIN, i64::MIN].into_iter()), 0);
}
