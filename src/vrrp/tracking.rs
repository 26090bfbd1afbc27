//! weights and faults -> effective priority.
