use super::*;

/// VR-224: the base is found by the prefix; what follows the number does not matter, nor does a text without one.
#[test]
fn bases_signs_and_rubbish() {
    let cases: &[(&str, i64)] = &[
        ("", 0),
        ("up", 0),
        ("7", 7),
        (" \t\n-12\n", -12),
        ("+3 of 4", 3),
        ("0x1F", 31),
        ("-0X1f", -31),
        ("0x", 0),
        ("0xg", 0),
        ("010", 8),
        ("089", 0),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ];
    for (text, number) in cases {
        assert_eq!(leading_integer(text.as_bytes()), Ok(*number), "{text:?}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_the_nearest_number() {
    assert_eq!(leading_integer(b"9223372036854775808"), Err(i64::MAX));
    assert_eq!(leading_integer(b"-0xffffffffffffffffff"), Err(i64::MIN));
}
