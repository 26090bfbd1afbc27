//! The rows of `model::event::vrrp`.

use super::Wording;
use crate::model::event::vrrp::Event;

pub(super) fn wording(event: &Event) -> Wording {
    match *event {}
}
