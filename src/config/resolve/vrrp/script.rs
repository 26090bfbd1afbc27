//! `vrrp_script` blocks as they will run.

use crate::base::name::ScriptName;
use crate::base::time::Interval;
use crate::config::block::track::{User, Weight};
use crate::config::block::value;
use crate::config::resolve::Resolver;
use crate::config::resolve::scripts::Found;
use crate::diagnostic::Code;
use crate::model::track::TrackScript;

/// A script and the effect that its block gives it.
pub struct Tracked {
    pub model: TrackScript,
    pub weight: Weight,
}

impl Resolver<'_> {
    /// CL-122, CL-123: scripts that can run; of two with one name the first.
    pub(super) fn track_scripts(&mut self) -> Vec<Tracked> {
        let config = self.config;
        let mut scripts: Vec<Tracked> = Vec::new();
        for block in &config.scripts {
            let Some(script) = &block.script else { continue };
            let name = &block.name;
            if scripts.iter().any(|other| other.model.name.as_str() == name) {
                continue;
            }
            let user: Option<&User> = block.user.as_ref().map(|user| &user.value);
            let script = match self.program(&script.value, user) {
                Found::Good(script) => script,
                Found::Missing => {
                    let words = format!("Disabling track script {name} since not found/accessible");
                    if !config.instances.is_empty() {
                        self.late(Code::NotFound, block.span, words);
                    }
                    continue;
                }
                Found::Insecure => {
                    self.late(Code::BlockRefused, block.span, format!("Disabling track script {name} due to insecure"));
                    continue;
                }
                Found::NoUser => {
                    let command = &script.value.command;
                    if let Some(user) = &block.user {
                        let words = format!("Unable to set uid/gid for script '{command}'");
                        self.report(Code::NotFound, user.span, words);
                    } else {
                        self.no_default_user(block.end);
                        let words = format!("Unable to set default user for vrrp script {name} - removing");
                        self.at_end(Code::NotFound, block.end, block.span, words);
                    }
                    self.scripts.removed.insert(name.clone());
                    continue;
                }
            };
            let millis = |value: Option<u64>| value.map(|millis| Interval::from_millis(millis.max(1)));
            let interval = match value(&block.interval).map(|interval| interval.0) {
                Some(0) => {
                    let words = format!("({name}): vrrp script interval must be greater than 0, setting to 1");
                    self.report(Code::Adjusted, block.interval.map_or(block.span, |given| given.span), words);
                    Interval::from_secs(1)
                }
                given => millis(given).unwrap_or(Interval::from_secs(1)),
            };
            let timeout = match value(&block.timeout).map(|timeout| timeout.0) {
                Some(0) => {
                    let words = format!("({name}): vrrp script timeout must be greater than 0, setting to 1");
                    self.report(Code::Adjusted, block.timeout.map_or(block.span, |given| given.span), words);
                    Interval::from_secs(1)
                }
                given => millis(given).unwrap_or(interval),
            };
            scripts.push(Tracked {
                model: TrackScript {
                    name: ScriptName::new(name),
                    script,
                    interval,
                    timeout,
                    rise: value(&block.rise).map_or(1, |rise| rise.0 as u32),
                    fall: value(&block.fall).map_or(1, |fall| fall.0 as u32),
                    init_fail: block.init_fail.is_some(),
                },
                weight: value(&block.weight).unwrap_or_default(),
            });
        }
        scripts
    }
}
