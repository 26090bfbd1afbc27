//! all instances of this host: dispatch, one deadline.
