//! The regular expressions of the configuration, each compiled once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::check::regex::{Found, Matcher, Stream};
use crate::kernel::regex::{Compiled, PatternError, Search};
use crate::model::check::{Check, Pattern, Url};
use crate::model::lvs::Lvs;

#[derive(Debug, Default)]
pub(super) struct Regexes(HashMap<Pattern, Arc<Compiled>>);

impl Matcher for Compiled {
    fn search(&self, subject: &[u8], from: usize, stack: Option<(usize, usize)>) -> Found {
        match Compiled::search(self, subject, from, stack) {
            Search::Nothing => Found::Nothing,
            Search::TooCostly => Found::TooCostly,
            Search::Partial(at) => Found::Partial(at),
            Search::Match(at) => Found::Match(at),
        }
    }

    fn lookbehind(&self) -> usize {
        Compiled::lookbehind(self)
    }
}

impl Regexes {
    /// Compiles all of a configuration; tells of each that is none.
    pub(super) fn of(lvs: &Lvs, mut wrong: impl FnMut(&Pattern, PatternError)) -> Regexes {
        let mut found = HashMap::new();
        let mut bad = std::collections::HashSet::new();
        let urls = lvs.checkers.iter().filter_map(|checker| match &checker.check {
            Check::Http(http) => Some(&http.urls),
            _ => None,
        });
        for pattern in urls.flatten().filter_map(|url| url.regex.as_ref()).map(|regex| &regex.pattern) {
            if found.contains_key(pattern) || bad.contains(pattern) {
                continue;
            }
            match Compiled::new(pattern) {
                Ok(compiled) => drop(found.insert(pattern.clone(), Arc::new(compiled))),
                Err(error) => {
                    wrong(pattern, error);
                    bad.insert(pattern.clone());
                }
            }
        }
        Regexes(found)
    }

    /// What judges the answer of a URL; `None`: there is nothing to match, or it was wrong and told.
    pub(super) fn stream(&self, url: &Url) -> Option<Stream> {
        let matcher = self.0.get(&url.regex.as_ref()?.pattern)?;
        Some(Stream::new(matcher.clone()))
    }
}
