use super::*;

/// VR-225: the number times the weight; from -254 down a fault, 253 at most; weight 0: any number but 0 is a fault.
#[test]
fn what_a_number_does() {
    let by = |weight, reverse, number| weigh(TrackEffect { weight: Weight(weight), reverse }, number);
    assert_eq!([by(2, false, 3), by(2, true, 3), by(-3, false, 7)], [Ok(6), Ok(-6), Ok(-21)]);
    assert_eq!([by(2, false, -126), by(2, false, -127), by(2, true, 127)], [Ok(-252), Err(-254), Err(-254)]);
    assert_eq!([by(1, false, -253), by(1, false, -254), by(1, false, -2_000)], [Ok(-253), Err(-254), Err(-2_000)]);
    assert_eq!([by(2, false, 126), by(2, false, 127), by(2, false, 200)], [Ok(252), Ok(253), Ok(253)]);
    assert_eq!([by(0, false, 0), by(0, false, 1), by(0, false, -1)], [Ok(0), Err(-254), Err(-254)]);
    assert_eq!([by(0, true, 0), by(0, true, 1), by(0, true, -1)], [Err(-254), Ok(0), Ok(0)]);
    assert_eq!(by(254, false, i64::MAX), Ok(253));
    assert!(by(254, false, i64::MIN).is_err());
}
