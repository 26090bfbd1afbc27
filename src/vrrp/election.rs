//! who wins: priority, address, preemption.
