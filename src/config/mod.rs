//! Text -> model, and back.

use std::path::Path;

use crate::diagnostic::{Class, Code, Diagnostic, Findings, SourceMap};
use crate::model::Model;

pub mod block;
mod bytes;
pub mod dump;
mod expand;
pub mod host;
mod include;
pub mod limits;
pub mod lint;
mod iproute;
mod lower;
pub mod regular;
mod replicate;
mod resolve;
pub mod schema;
mod script;
mod suggest;
pub mod table;
mod tree;
pub mod value;

pub use host::Host;
pub use limits::Limits;
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
    load_within(request, &Limits::USUAL)
}

/// Reads a configuration that may only be so large.
pub fn load_within(request: &Request<'_>, limits: &Limits) -> Loaded {
    read(request, limits).0
}

/// What came of a file, and what it declares.
fn read(request: &Request<'_>, limits: &Limits) -> (Loaded, block::root::Config) {
    let mut expander = expand::Expander::new(request.host, request.config_id, request.all_config, limits);
    let there = expander.main(&request.file.to_string_lossy());
    let expand::Expander { sources, mut found, include_failed, too_large, .. } = expander;
    let mut config = block::root::Config::default();
    let refused = |found: Findings, sources, config, exit, refusal| {
        (Loaded { model: None, diagnostics: found.finish(), sources, exit, refusal }, config)
    };
    if too_large {
        return refused(found, sources, config, Class::Fatal.exit(), 2);
    }
    if !there {
        // `-t` of the original is satisfied with a file that is not there; a start is not (CL-94).
        return refused(found, sources, config, 0, 6);
    }
    let Some(tree) = tree::Tree::read(&sources, limits, &mut found) else {
        return refused(found, sources, config, Class::Fatal.exit(), 2);
    };
    let mut reader = lower::Reader::new(&tree, &sources, request.host, request.test, found, limits);
    reader.top(block::root::ROOT, &mut config);
    let lower::Reader { mut found, stopped, too_large, .. } = reader;
    if too_large {
        return refused(found, sources, config, Class::Fatal.exit(), 2);
    }
    if let Some(namespace) = config.net_namespace.as_ref().filter(|name| !request.host.namespace(&name.value)) {
        // `-t` of the original ends here without a verdict (CL-115).
        let words = format!("Unable to open network namespace {}", namespace.value);
        found.push(Diagnostic::late(Code::Logged, namespace.span, words));
        return refused(found, sources, config, 0, 1);
    }
    if include_failed || stopped {
        let exit = if include_failed { 6 } else { 2 };
        return refused(found, sources, config, exit, exit);
    }
    // What was declared holds all that is needed now; the tree of a large file would only stand beside the model.
    drop(tree);
    let (model, found) = resolve::resolve(&mut config, request.host, found);
    let diagnostics = found.finish();
    let exit = diagnostics.iter().map(|one| one.code.class()).max().unwrap_or(Class::Logged).exit();
    (Loaded { model, diagnostics, sources, exit, refusal: 2 }, config)
}
