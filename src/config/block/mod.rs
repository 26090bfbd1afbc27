//! The declared blocks: what a file says, each with the table of its keywords.

pub mod address;
pub mod auth_hmac;
pub mod bfd;
pub mod checker;
pub mod global_defs;
pub mod interfaces;
pub mod minor;
pub mod root;
pub mod route;
pub mod rule;
pub mod statics;
pub mod server_group;
pub mod track;
pub mod virtual_router;
pub mod url;
pub mod virtual_server;
pub mod vmac;
pub mod vrrp_instance;
pub mod vrrp_sync_group;
pub mod watched;
mod words;

use std::borrow::Borrow;

use crate::diagnostic::Spanned;

/// A value that the file may give.
pub type Given<T> = Option<Spanned<T>>;

/// A value that the file may give and seldom does. Blocks that a file has by ten thousands hold such values apart, so
/// that those not given cost next to nothing.
pub type Seldom<T> = Option<Box<Spanned<T>>>;

/// The value, if given.
pub fn value<T: Copy>(given: &Option<impl Borrow<Spanned<T>>>) -> Option<T> {
    given.as_ref().map(|given| given.borrow().value)
}

/// The value as text for the model, if given.
pub fn text(given: &Option<impl Borrow<Spanned<String>>>) -> Option<String> {
    given.as_ref().map(|given| given.borrow().value.clone())
}
