//! What is told of static items whose interface is not there, and that an echo of our own removal is not another's.

use std::sync::Arc;

use super::super::fixture::*;
use super::super::{Effect, Input};
use crate::model::event::vrrp::Event as Report;
use crate::model::host::HostAddress;
use crate::model::route::{Static, Statics};
use crate::model::vrrp::{VirtualAddress, Vrrp};

fn with_address(text: &str, interface: &str) -> Vrrp {
    let item: Arc<VirtualAddress> = virtual_address(text, interface);
    let statics = Statics { addresses: vec![Static { item, track_group: None }], ..Statics::default() };
    Vrrp { statics, ..vrrp(vec![instance("VI_1", 51, 100)]) }
}

/// A static address on an interface that may come later: told once, set when the interface is there.
#[test]
fn a_missing_interface_is_told() {
    let mut stage = Stage::waiting(with_address("10.5.0.1/24", "eth7"));
    let told = stage.effects(Input::Start);
    let waits = |effect: &Effect| matches!(effect, Effect::Report(Report::StaticWaits { .. }));
    assert_eq!(told.iter().filter(|effect| waits(effect)).count(), 1);
    assert!(!told.iter().any(|effect| matches!(effect, Effect::Set { .. })), "{told:?}");
}

/// VR-236: a reload that takes an address away and one that brings it back are followed by the kernel's echo of the
/// removal: nobody else took it.
#[test]
fn our_own_removal_is_not_anothers() {
    let mut stage = Stage::waiting(with_address("10.5.0.1/24", "eth0"));
    stage.effects(Input::Start);
    let address = || HostAddress { index: ETH0, cidr: cidr("10.5.0.1/24"), scope: 0, tentative: false };
    stage.effects(Input::Address(address()));
    let gone = stage.effects(Input::Reload { model: Arc::new(vrrp(vec![instance("VI_1", 51, 100)])), generation: 2 });
    assert!(gone.iter().any(|effect| matches!(effect, Effect::Unset { .. })), "{gone:?}");
    let back = stage.effects(Input::Reload { model: Arc::new(with_address("10.5.0.1/24", "eth0")), generation: 3 });
    assert!(back.iter().any(|effect| matches!(effect, Effect::Set { .. })), "{back:?}");
    assert_eq!(stage.effects(Input::AddressGone(address())), []);
    stage.effects(Input::Address(address()));
    let restored = stage.effects(Input::AddressGone(address()));
    assert!(matches!(&restored[..], [Effect::Report(Report::StaticRestored { .. }), Effect::Set { .. }]));
}
