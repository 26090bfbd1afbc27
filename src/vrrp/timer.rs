//! Skew_Time, Master_Down_Interval: arithmetic.
