//! The rows of `model::event::lvs`.

use super::Wording;
use crate::model::event::lvs::Event;

pub(super) fn wording(event: &Event) -> Wording {
    match *event {}
}
