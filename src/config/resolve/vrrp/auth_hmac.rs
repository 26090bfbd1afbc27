//! Signed adverts: what `auth_hmac` comes to.

use std::sync::Arc;

use crate::base::time::Interval;
use crate::config::block::auth_hmac::{AntiReplay as Declared, Mode};
use crate::config::block::value;
use crate::config::block::vrrp_instance::VrrpInstance;
use crate::config::resolve::Resolver;
use crate::diagnostic::Code;
use crate::model::vrrp::{AntiReplay, AuthHmac, Authentication, HmacMode};

/// Bounds of the window that is worked out, in seconds (VR-50).
const LEAST_WINDOW: u64 = 5;
const MOST_WINDOW: u64 = 300;

impl Resolver<'_> {
    /// VR-48 … VR-50, VR-95. Without a key that signs there is none of it, which is said.
    pub(super) fn auth_hmac(
        &mut self,
        block: &VrrpInstance,
        interval: Interval,
        strict: bool,
    ) -> Option<Arc<AuthHmac>> {
        let given = &block.auth_hmac;
        let span = given.span?;
        let name = &block.name;
        let active = value(&given.active_key).map_or(0, |key| key.0 as u8);
        if !given.keys.iter().any(|key| key.id == active) {
            let words = format!("({name}) auth_hmac active_key {active} is not defined, disabling extension");
            self.late(Code::Adjusted, given.active_key.map_or(span, |key| key.span), words);
            return None;
        }
        let mode = match value(&given.mode) {
            None | Some(Mode::Enforce) => HmacMode::Enforce,
            Some(Mode::Permissive | Mode::ReceiveOnly) if strict => {
                let words = format!("({name}) auth_hmac mode must be enforce in strict mode - changing");
                self.late(Code::Adjusted, given.mode.map_or(span, |mode| mode.span), words);
                HmacMode::Enforce
            }
            Some(Mode::Permissive) => HmacMode::Permissive,
            Some(Mode::ReceiveOnly) => HmacMode::ReceiveOnly,
        };
        let window = match value(&given.time_window) {
            Some(window) => window.0 as u32,
            // At most 300.
            None => (3 * interval.as_micros() / 1_000_000).clamp(LEAST_WINDOW, MOST_WINDOW) as u32,
        };
        let anti_replay = match value(&given.anti_replay) {
            None | Some(Declared::Time) => AntiReplay::Time { window },
            Some(Declared::Monotonic) => AntiReplay::Monotonic,
        };
        Some(Arc::new(AuthHmac { keys: given.keys.clone(), active, mode, anti_replay }))
    }

    /// VR-49: signed adverts need no password.
    pub(super) fn one_authentication(
        &mut self,
        block: &VrrpInstance,
        authentication: Authentication,
        signed: bool,
    ) -> Authentication {
        if !signed || authentication == Authentication::None {
            return authentication;
        }
        let words = format!("({}) authentication is not used with auth_hmac - ignoring", block.name);
        self.late(Code::Adjusted, block.authentication.span, words);
        Authentication::None
    }
}
