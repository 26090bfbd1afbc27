//! The client certificate of `SSL_GET`, and words that nothing looks at yet.

use super::Given;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Missing, Repeat, Row, keywords};
use crate::config::tree::Line;
use crate::diagnostic::Code;

/// The `SSL` block.
#[derive(Debug, Default)]
pub struct Ssl {
    pub password: Given<String>,
    pub ca: Given<String>,
    pub certificate: Given<String>,
    pub key: Given<String>,
}

keywords! {
    pub static SSL: Ssl {
        set "password" (password: String = "") "Password of the key." { missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL password missing", again: "SSL password already specified - replacing" };
        set "ca" (ca: String = "") "File of authorities; it must be readable, and nothing is verified by it." { missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL cafile missing", again: "SSL cafile already specified - replacing" };
        set "certificate" (certificate: String = "") "File of the certificate and those that vouch for it." { missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL certfile missing", again: "SSL certfile already specified - replacing" };
        set "key" (key: String = "") "File of the key, and of the certificate if that has no file of its own." { missing: Missing::Report, repeat: Repeat::Replace, lack: "SSL keyfile missing", again: "SSL keyfile already specified - replacing" };
    }
}

/// Several words that nothing looks at yet; at least one.
pub fn some_words<B>(_: &mut B, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    reader.need(line, 1).map(|_| ())
}

/// Any number of words that nothing looks at yet.
pub fn any_words<B>(_: &mut B, _: &Line<'_>, _: &'static Row, _: &mut Reader<'_>) -> Result<(), Stop> {
    Ok(())
}

/// Words that nothing looks at yet; having none is reported.
pub fn reported_words<B>(_: &mut B, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    if line.len() < 2 {
        reader.report(Code::InvalidValue, line.whole(), format!("{} missing value - ignoring", row.name));
    }
    Ok(())
}
