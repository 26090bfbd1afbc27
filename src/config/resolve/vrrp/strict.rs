//! What strict mode takes away or refuses, and says so.

use std::net::IpAddr;

use crate::base::net::Family;
use crate::config::block::address::Address;
use crate::config::block::vrrp_instance::VrrpInstance;
use crate::config::resolve::Resolver;
use crate::diagnostic::Code;

/// Adverts missed before a backup takes over, as the RFCs have it.
pub const DOWN_TIMER_ADVERTS: u8 = 3;

impl Resolver<'_> {
    /// VR-96: peers, where the interface could speak to the group.
    pub(super) fn strict_about_peers(&mut self, block: &VrrpInstance, unicast: bool, strict: bool) -> bool {
        let Some(interface) = block.interface.as_ref().filter(|_| strict && unicast) else { return true };
        if !self.host.interface(&interface.value.0).is_some_and(|found| found.multicast) {
            return true;
        }
        let words = format!("({}) Unicast peers are not supported in strict mode", block.name);
        self.late(Code::BlockRefused, interface.span, words);
        false
    }

    /// VR-105: without an interface, a link-local address is on no link.
    pub(super) fn source_of_no_link(&mut self, block: &VrrpInstance, family: Family) -> bool {
        let (None, Family::V6, Some(source)) = (&block.interface, family, block.source) else { return true };
        if !matches!(source.value, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return true;
        }
        let words = format!("({}) Non link-local address required if interface omitted", block.name);
        self.late(Code::BlockRefused, source.span, words);
        false
    }

    /// VR-99.
    pub(super) fn link_local_first(&mut self, block: &VrrpInstance, first: Option<&&Address>, strict: bool) {
        let Some(IpAddr::V6(address)) = first.map(|first| first.cidr.address) else { return };
        if address.is_unicast_link_local() {
            return;
        }
        let (code, word) = if strict { (Code::Adjusted, "must") } else { (Code::Logged, "should") };
        let words = format!("({}) the first IPv6 VIP address {word} be link local", block.name);
        self.late(code, block.span, words);
    }

    /// VR-97.
    pub(super) fn down_timer_adverts(&mut self, block: &VrrpInstance, strict: bool) -> u8 {
        let given = block.down_timer_adverts.or(self.config.global.vrrp_down_timer_adverts);
        let Some(given) = given else { return DOWN_TIMER_ADVERTS };
        let adverts = given.value.0 as u8;
        if !strict || adverts == DOWN_TIMER_ADVERTS {
            return adverts;
        }
        let words = format!("({}) down_timer_adverts is incompatible with strict mode - resetting", block.name);
        self.late(Code::Adjusted, given.span, words);
        DOWN_TIMER_ADVERTS
    }

    /// VR-101: what the instance itself asks for. What the file asks for in general is passed over in silence.
    pub(super) fn strict_about_adverts(&mut self, block: &VrrpInstance, strict: bool) {
        if !strict {
            return;
        }
        let number = [
            (block.garp_lower_prio_repeat.filter(|given| given.value.0 != 0).map(|given| given.span), "repeat garps."),
            (
                block.garp_lower_prio_delay.filter(|given| given.value.0 != 0).map(|given| given.span),
                "repeat garp delay.",
            ),
            (block.lower_prio_no_advert.filter(|given| !given.value).map(|given| given.span), "lower priority advert."),
        ];
        for (span, what) in number {
            if let Some(span) = span {
                let words = format!("({}) Strict mode requires no {what} resetting", block.name);
                self.late(Code::Adjusted, span, words);
            }
        }
        if let Some(given) = block.higher_prio_send_advert.filter(|given| given.value) {
            let words = format!("({}) strict mode requires higher_prio_send_advert to be clear. resetting", block.name);
            self.late(Code::Adjusted, given.span, words);
        }
    }
}
