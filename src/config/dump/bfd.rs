//! BFD sessions.

use std::collections::BTreeSet;

use super::writer::{Writer, boolean, word};
use crate::base::time::Interval;
use crate::model::Model;
use crate::model::bfd::{Bfd, Session};
use crate::model::check::Check;

/// The sessions, and an empty block for each that is named but cannot run: who follows it finds it down.
pub fn blocks(out: &mut Writer, model: &Model) {
    let Bfd { sessions } = &model.bfd;
    sessions.iter().for_each(|one| session(out, one));
    let known: BTreeSet<&str> = sessions.iter().map(|session| session.name.as_str()).collect();
    let instances = model.vrrp.instances.iter().flat_map(|instance| &instance.track_bfds);
    let groups = model.vrrp.sync_groups.iter().flat_map(|group| &group.track_bfds);
    let tracked = instances.chain(groups).map(|tracked| tracked.session.as_str());
    let checks = model.lvs.checkers.iter().filter_map(|checker| {
        let Check::Bfd(name) = &checker.check else { return None };
        Some(name.as_str())
    });
    let named: BTreeSet<&str> = tracked.chain(checks).filter(|name| !known.contains(name)).collect();
    for name in named {
        out.open(format_args!("bfd_instance {}", word(name)));
        out.close();
    }
}

fn session(out: &mut Writer, session: &Session) {
    let Session {
        name,
        neighbor,
        source,
        min_rx,
        min_tx,
        idle_tx,
        multiplier,
        passive,
        ttl,
        max_hops,
        multihop,
        for_vrrp,
        for_checkers,
    } = session;
    out.open(format_args!("bfd_instance {}", word(name.as_str())));
    out.value("neighbor_ip", neighbor);
    out.given("source_ip", *source);
    out.value("min_rx", milliseconds(*min_rx));
    out.value("min_tx", milliseconds(*min_tx));
    out.value("idle_tx", milliseconds(*idle_tx));
    out.value("multiplier", multiplier);
    out.flag("passive", *passive);
    out.value("ttl", ttl);
    out.value("max_hops", max_hops.map_or(-1, i16::from));
    out.value("multihop", boolean(*multihop));
    out.flag("vrrp", *for_vrrp);
    out.flag("checker", *for_checkers);
    out.close();
}

fn milliseconds(interval: Interval) -> Interval {
    interval.times(1000)
}
