use super::*;

/// VR-115: the figures measured on the original.
#[test]
fn skew_time_follows_the_version() {
    let skew =
        |version, priority, millis| skew_time(version, Priority(priority), Interval::from_millis(millis)).as_micros();
    assert_eq!(skew(Version::V2, 100, 1_000), 609_375);
    assert_eq!(skew(Version::V2, 100, 5_000), 609_375, "version 2 scales by one second whatever the interval");
    assert_eq!(skew(Version::V2, 254, 1_000), 7_812);
    assert_eq!(skew(Version::V2, 255, 1_000), 3_906);
    assert_eq!(skew(Version::V3, 100, 300), 182_812);
    assert_eq!(skew(Version::V3, 100, 1_000), 609_375);
    assert_eq!(skew(Version::V3, 1, 40_950), 40_790_039);
}

/// VR-116: the figures measured on the original.
#[test]
fn master_down_interval_adds_the_skew() {
    let down = |version, priority, millis, adverts| {
        master_down_interval(version, Priority(priority), Interval::from_millis(millis), adverts).as_micros()
    };
    assert_eq!(down(Version::V2, 100, 1_000, 3), 3_609_375);
    assert_eq!(down(Version::V3, 100, 300, 3), 1_082_812);
    assert_eq!(down(Version::V2, 255, 1_000, 3), 3_003_906);
    assert_eq!(down(Version::V2, 100, 1_000, 1), 1_609_375);
    assert_eq!(down(Version::V3, 200, 10, 100), 1_002_187);
}

/// VR-126: 1.004 s for an interval of one second.
#[test]
fn short_start_is_one_interval_and_the_owners_skew() {
    assert_eq!(short_start(Version::V2, Interval::from_secs(1)).as_micros(), 1_003_906);
}
