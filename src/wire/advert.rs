//! advert.
