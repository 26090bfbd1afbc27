//! The rows of `model::event::check`.

use super::Wording;
use crate::model::event::check::Event;

pub(super) fn wording(event: &Event) -> Wording {
    match *event {}
}
