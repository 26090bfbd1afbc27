//! What the original accepts and an operator will regret: in one file, and between the files of two routers.
//!
//! Nothing here changes the verdict of `-t`.

mod elsewhere;
mod peer;
mod router;

use std::path::Path;

use super::block::root::Config;
use super::block::vrrp_instance::VrrpInstance;
use super::{Host, Limits, Loaded, Request, read};
use crate::base::net::Cidr;
use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::model::Model;
use crate::model::vrrp::Instance;

/// What was found about a file.
#[derive(Debug)]
pub struct Linted {
    /// Of both files, if there are two.
    pub sources: SourceMap,
    /// What `-t` finds in the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Exit status of `-t`.
    pub exit: u8,
    pub lints: Vec<Diagnostic>,
    /// What kept the other router's file from being compared.
    pub unreadable: Option<String>,
}

/// A router as its file has it.
struct Router<'a> {
    config: &'a Config,
    model: &'a Model,
    host: &'a dyn Host,
    /// Of this file.
    sources: &'a SourceMap,
}

/// One instance, as declared and as it runs.
#[derive(Clone, Copy)]
struct Both<'a> {
    declared: &'a VrrpInstance,
    runs: &'a Instance,
}

impl<'a> Router<'a> {
    /// The instances that run.
    fn instances(&self) -> impl Iterator<Item = Both<'a>> + use<'a> {
        let (config, model) = (self.config, self.model);
        model.vrrp.instances.iter().filter_map(move |runs| {
            let declared = config.instances.iter().find(|one| one.name == runs.name.as_str())?;
            Some(Both { declared, runs })
        })
    }
}

/// Checks a file, alone or with that of the other router.
pub fn lint(request: &Request<'_>, peer: Option<(&Path, Option<&str>)>) -> Linted {
    let (Loaded { model, diagnostics, mut sources, exit, .. }, config) = read(request, &Limits::USUAL);
    let mut lints = Vec::new();
    if let Some(model) = &model {
        let router = Router { config: &config, model, host: request.host, sources: &sources };
        router::LINTS.iter().for_each(|lint| lint(&router, &mut lints));
    }
    let mut unreadable = None;
    if let (Some(model), Some((file, config_id))) = (&model, peer) {
        let host = elsewhere::Elsewhere(request.host);
        let (theirs, declared) = read(&Request { file, config_id, host: &host, ..*request }, &Limits::USUAL);
        match theirs.model {
            None => unreadable = Some(format!("{} cannot be run and is not compared", file.display())),
            Some(other) => {
                let first = Router { config: &config, model, host: request.host, sources: &sources };
                let second = Router { config: &declared, model: &other, host: &host, sources: &theirs.sources };
                let mut found = Vec::new();
                let pair = peer::Pair::new(&first, &second, sources.text().len() as u32);
                peer::LINTS.iter().for_each(|lint| lint(&pair, &mut found));
                lints.append(&mut found);
                sources.absorb(theirs.sources);
            }
        }
    }
    Linted { sources, diagnostics, exit, lints, unreadable }
}

/// Where a keyword was given, else its block's name.
fn place(given: Option<Span>, block: Span) -> Span {
    given.unwrap_or(block)
}

/// Whether an address is in a network.
fn within(address: std::net::IpAddr, network: &Cidr) -> bool {
    use crate::model::route::network as masked;
    address.is_ipv4() == network.address.is_ipv4()
        && masked(Cidr { address, prefix: network.prefix }) == masked(*network)
}
