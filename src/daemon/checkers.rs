//! checkers.
