//! Text -> model.

use std::path::Path;

use crate::diagnostic::{Class, Diagnostic, SourceMap};
use crate::model::Model;

pub mod host;

pub use host::Host;

/// What to read and how.
pub struct Request<'a> {
    /// The main file; a glob pattern is allowed (CL-93).
    pub file: &'a Path,
    /// `-i`: what `@ID` lines are compared with; by default the host name up to its first dot (CL-80).
    pub config_id: Option<&'a str>,
    /// `-a`: every include must be found (CL-91).
    pub all_config: bool,
    /// `-t`: numbers with trailing text are refused (CL-99).
    pub test: bool,
    pub host: &'a dyn Host,
}

/// What came of a file.
#[derive(Debug)]
pub struct Loaded {
    /// There whenever the original would start with this file.
    pub model: Option<Model>,
    /// In the order of their finding.
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
    /// Exit status of `-t`: 0, 2, 4, 5 or 6 (CL-109).
    pub exit: u8,
}

/// Reads a configuration. Never stops at the first mistake.
pub fn load(request: &Request<'_>) -> Loaded {
    let mut diagnostics = Vec::new();
    let sources = SourceMap::default();
    if !request.file.exists() {
        let message = format!("Config files missing '{}'.", request.file.display());
        diagnostics.push(Diagnostic::new(crate::diagnostic::Code::FileMissing, message));
    }
    let exit = diagnostics.iter().map(|one| one.code.class()).max().unwrap_or(Class::Logged).exit();
    Loaded { model: None, diagnostics, sources, exit }
}
