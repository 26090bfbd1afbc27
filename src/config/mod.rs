//! Text -> model, and back.

use std::path::Path;

use crate::diagnostic::{Class, Code, Diagnostic, SourceMap};
use crate::model::Model;

pub mod block;
mod bytes;
pub mod dump;
mod expand;
pub mod host;
mod include;
pub mod lint;
mod iproute;
mod lower;
mod replicate;
mod resolve;
pub mod schema;
mod script;
mod suggest;
pub mod table;
mod tree;
pub mod value;

pub use host::Host;
pub use suggest::near;

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
    /// Exit status of a start when there is no model: 6 when a file is missing, else 2 (CL-111, CL-114).
    pub refusal: u8,
}

/// Reads a configuration. Never stops at the first mistake.
pub fn load(request: &Request<'_>) -> Loaded {
    read(request).0
}

/// What came of a file, and what it declares.
fn read(request: &Request<'_>) -> (Loaded, block::root::Config) {
    let mut expander = expand::Expander::new(request.host, request.config_id, request.all_config);
    let there = expander.main(&request.file.to_string_lossy());
    let expand::Expander { sources, mut found, include_failed, .. } = expander;
    if !there {
        // `-t` of the original is satisfied with a file that is not there; a start is not (CL-94).
        let loaded = Loaded { model: None, diagnostics: found, sources, exit: 0, refusal: 6 };
        return (loaded, block::root::Config::default());
    }
    let tree = tree::Tree::read(&sources, &mut found);
    let mut reader = lower::Reader::new(&tree, &sources, request.host, request.test);
    reader.found = found;
    let mut config = block::root::Config::default();
    reader.top(block::root::ROOT, &mut config);
    let stopped = reader.stopped;
    let mut diagnostics = std::mem::take(&mut reader.found);
    if let Some(namespace) = config.net_namespace.as_ref().filter(|name| !request.host.namespace(&name.value)) {
        // `-t` of the original ends here without a verdict (CL-115).
        let words = format!("Unable to open network namespace {}", namespace.value);
        diagnostics.push(Diagnostic::late(Code::Logged, namespace.span, words));
        return (Loaded { model: None, diagnostics, sources, exit: 0, refusal: 1 }, config);
    }
    if include_failed || stopped {
        let exit = if include_failed { 6 } else { 2 };
        return (Loaded { model: None, diagnostics, sources, exit, refusal: exit }, config);
    }
    // What was declared holds all that is needed now; the tree of a large file would only stand beside the model.
    drop(tree);
    let (model, found) = resolve::resolve(&mut config, request.host);
    diagnostics.extend(found);
    let exit = diagnostics.iter().map(|one| one.code.class()).max().unwrap_or(Class::Logged).exit();
    (Loaded { model, diagnostics, sources, exit, refusal: 2 }, config)
}
