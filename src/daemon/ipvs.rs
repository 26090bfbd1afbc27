//! ipvs.
