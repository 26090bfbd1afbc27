//! Old model + new model -> what a reload must do: which of the new things are the old ones.

pub mod lvs;
pub mod marks;
pub mod vrrp;
