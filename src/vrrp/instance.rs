//! one virtual router: input -> effects.
