//! `promote_secondaries`: when an address goes, those of its prefix stay (VR-207).

use std::collections::BTreeSet;

use super::Effect;
use super::host::Host;
use crate::base::name::InterfaceName;
use crate::model::vrrp::Vrrp;

/// The interfaces on which we have switched it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Promotion(BTreeSet<InterfaceName>);

impl Promotion {
    /// Switches it on where it is wanted and was off, and off again where it is wanted no more.
    pub fn follow(&mut self, model: &Vrrp, host: &Host, out: &mut Vec<Effect>) {
        let wanted: BTreeSet<&InterfaceName> = model
            .instances
            .iter()
            .filter(|instance| instance.promote_secondaries)
            .filter_map(|instance| instance.interface.as_ref())
            .collect();
        let over: Vec<InterfaceName> = self.0.iter().filter(|name| !wanted.contains(name)).cloned().collect();
        for name in over {
            self.0.remove(&name);
            out.extend(host.index(&name).map(|index| Effect::PromoteSecondaries { index, on: false }));
        }
        for name in wanted {
            let link = host.index(name).and_then(|index| host.link(index));
            let Some(link) = link.filter(|link| !link.promote_secondaries && !self.0.contains(name)) else { continue };
            self.0.insert(name.clone());
            out.push(Effect::PromoteSecondaries { index: link.index, on: true });
        }
    }

    /// The interface is no more; another of its name begins anew.
    pub fn forget(&mut self, name: &InterfaceName) {
        self.0.remove(name);
    }

    pub fn stop(&mut self, host: &Host, out: &mut Vec<Effect>) {
        for name in std::mem::take(&mut self.0) {
            out.extend(host.index(&name).map(|index| Effect::PromoteSecondaries { index, on: false }));
        }
    }
}
