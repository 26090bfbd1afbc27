//! journald's own protocol: one layer for each ident, so that `journalctl -t Keepalived_vrrp` finds its lines, and
//! the facts of each line as fields `KEEPALIVED_INSTANCE`, `KEEPALIVED_STATE` ...

use std::io;

use tracing::Subscriber;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::ident;
use super::line::ALERT;
use crate::observe::wording::Ident;

/// Layers for the four idents, alerts apart: tracing has no level for them.
///
/// # Errors
/// When journald's socket is not there.
pub(super) fn layers<S>(suffix: &str, facility: u8) -> io::Result<Vec<Box<dyn Layer<S> + Send + Sync>>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut layers: Vec<Box<dyn Layer<S> + Send + Sync>> = Vec::new();
    for kind in [Ident::Keepalived, Ident::KeepalivedVrrp, Ident::KeepalivedHealthcheckers, Ident::KeepalivedBfd] {
        for alert in [false, true] {
            let name = ident(kind);
            let error = if alert { Priority::Alert } else { Priority::Error };
            let layer = tracing_journald::layer()?
                .with_syslog_identifier(format!("{name}{suffix}"))
                .with_field_prefix(Some("KEEPALIVED".to_owned()))
                .with_custom_fields([("SYSLOG_FACILITY", facility.to_string())])
                .with_priority_mappings(PriorityMappings {
                    error,
                    warn: Priority::Warning,
                    info: Priority::Informational,
                    debug: Priority::Debug,
                    trace: Priority::Notice,
                });
            let ours = filter_fn(move |about| {
                about.target().trim_end_matches(ALERT) == name && about.target().ends_with(ALERT) == alert
            });
            layers.push(layer.with_filter(ours).boxed());
        }
    }
    Ok(layers)
}
