//! The rows of `model::event::daemon`.

use super::{Ident, Level, Wording};
use crate::model::event::daemon::Event;

pub(super) fn wording(event: &Event) -> Wording {
    match event {
        Event::EventsLost { count } => Wording {
            id: "events_lost",
            level: Level::Warn,
            ident: Ident::Keepalived,
            detail: false,
            message: format!("{count} log events were lost because the log could not keep up"),
            fields: vec![("count", count.to_string())],
        },
    }
}
