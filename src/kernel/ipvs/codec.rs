//! Attributes and messages (linux/ip_vs.h): bytes <-> values, pure.
