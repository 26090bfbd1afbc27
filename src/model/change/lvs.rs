//! Which virtual servers, real servers and checkers of a new configuration are those of the old one
//! (LV-86, CK-20). What matches is kept as it is; the rest goes or comes.

use std::collections::BTreeMap;

use crate::base::net::Endpoint;
use crate::model::check::{Check, Checker, HttpCheck, Regex};
use crate::model::lvs::{CheckerId, Lvs, RealServer, RealServerId, VirtualAddress, VirtualServer, VirtualServerId};

/// LV-86: a group by name and position among its users, a mark with its family, an address with family,
/// protocol and port.
pub fn same_virtual_server(one: &VirtualServer, other: &VirtualServer) -> bool {
    match (&one.address, &other.address) {
        (VirtualAddress::Group { name: a, nth: i, .. }, VirtualAddress::Group { name: b, nth: j, .. }) => {
            a == b && i == j
        }
        (VirtualAddress::Fwmark(a), VirtualAddress::Fwmark(b)) => a == b && one.family == other.family,
        (VirtualAddress::Address(a), VirtualAddress::Address(b)) => a == b && one.protocol == other.protocol,
        (VirtualAddress::Group { .. } | VirtualAddress::Fwmark(_) | VirtualAddress::Address(_), _) => false,
    }
}

/// LV-86: address and port, after the port rules of LV-26.
pub fn same_real_server(one: &RealServer, other: &RealServer) -> bool {
    one.endpoint == other.endpoint
}

/// CK-20: same kind of check, same connection, and what that kind asks for. The timing (but for
/// connect_timeout), alpha and the like do not matter.
pub fn same_checker(one: &Checker, other: &Checker) -> bool {
    let connection = one.check.connect().is_none() || one.timing.connect_timeout == other.timing.connect_timeout;
    match (&one.check, &other.check) {
        (Check::Tcp(a), Check::Tcp(b)) => connection && a.same(b),
        (Check::Http(a), Check::Http(b)) => connection && same_http(a, b),
        (Check::Smtp(a), Check::Smtp(b)) => connection && a.connect.same(&b.connect) && a.helo_name == b.helo_name,
        (Check::Dns(a), Check::Dns(b)) => {
            connection && a.connect.same(&b.connect) && a.record == b.record && a.name == b.name
        }
        // What is sent and what must come back does not matter.
        (Check::Udp(a), Check::Udp(b)) => connection && a.connect.same(&b.connect),
        (Check::Ping(a), Check::Ping(b)) => connection && a.same(b),
        (Check::Misc(a), Check::Misc(b)) => a.script.argv == b.script.argv && a.dynamic == b.dynamic,
        (Check::Bfd(a), Check::Bfd(b)) => a == b,
        // The number in it is the same for both.
        (Check::File(a), Check::File(b)) => (&a.file.path, a.weight, a.reverse) == (&b.file.path, b.weight, b.reverse),
        (
            Check::Tcp(_)
            | Check::Http(_)
            | Check::Smtp(_)
            | Check::Dns(_)
            | Check::Udp(_)
            | Check::Ping(_)
            | Check::Misc(_)
            | Check::Bfd(_)
            | Check::File(_),
            _,
        ) => false,
    }
}

/// HTTP_GET and SSL_GET are one kind. `http_protocol`, `enable_sni`, `fast_recovery`, `tls_compliant` do not matter.
fn same_http(one: &HttpCheck, other: &HttpCheck) -> bool {
    one.connect.same(&other.connect)
        && one.tls.as_ref().and_then(|tls| tls.sni_name.as_ref())
            == other.tls.as_ref().and_then(|tls| tls.sni_name.as_ref())
        && one.urls.len() == other.urls.len()
        && one.urls.iter().zip(&other.urls).all(|(a, b)| {
            a.path == b.path
                && a.digest == b.digest
                && a.status_codes == b.status_codes
                && a.virtual_host == b.virtual_host
                && same_regex(a.regex.as_ref(), b.regex.as_ref())
        })
}

/// The stack does not matter.
fn same_regex(one: Option<&Regex>, other: Option<&Regex>) -> bool {
    let named = |regex: &Regex| (regex.pattern.clone(), regex.no_match, regex.min_offset, regex.max_offset);
    one.map(named) == other.map(named)
}

impl crate::model::check::Connect {
    /// `bind_port` does not matter (CK-20 names bindto only).
    fn same(&self, other: &Self) -> bool {
        self.destination == other.destination
            && self.bind.map(|bind| bind.address) == other.bind.map(|bind| bind.address)
            && self.interface == other.interface
            && self.fwmark == other.fwmark
    }
}

/// For each virtual server of `new` its place in `old`; each old one is given away once.
pub fn kept_virtual_servers(old: &Lvs, new: &Lvs) -> Vec<Option<VirtualServerId>> {
    let mut places: BTreeMap<(String, u8), Vec<VirtualServerId>> = BTreeMap::new();
    for (at, server) in old.virtual_servers.iter().enumerate().rev() {
        places.entry((server.show(), server.family.bits())).or_default().push(VirtualServerId(at));
    }
    new.virtual_servers
        .iter()
        .map(|server| {
            let candidates = places.get_mut(&(server.show(), server.family.bits()))?;
            let found = candidates.iter().rposition(|at| same_virtual_server(&old.virtual_servers[at.0], server))?;
            Some(candidates.remove(found))
        })
        .collect()
}

/// For each real server of `new` its place in `old`.
pub fn kept_real_servers(old: &VirtualServer, new: &VirtualServer) -> Vec<Option<RealServerId>> {
    let mut places: BTreeMap<Endpoint, RealServerId> = BTreeMap::new();
    for (at, server) in old.real_servers.iter().enumerate().rev() {
        places.insert(server.endpoint, RealServerId(at));
    }
    new.real_servers.iter().map(|server| places.remove(&server.endpoint)).collect()
}

/// For each checker of `new` the one of `old` whose state it takes over (LV-92): of the same real server of the
/// same virtual server, and the same by `same_checker`. Each old one is given away once.
pub fn kept_checkers(old: &Lvs, new: &Lvs) -> Vec<Option<CheckerId>> {
    let mut kept = vec![None; new.checkers.len()];
    for (server, before) in new.virtual_servers.iter().zip(kept_virtual_servers(old, new)) {
        let Some(before) = before.map(|at| &old.virtual_servers[at.0]) else { continue };
        for (real, real_before) in server.real_servers.iter().zip(kept_real_servers(before, server)) {
            let Some(real_before) = real_before.map(|at| &before.real_servers[at.0]) else { continue };
            let mut free: Vec<CheckerId> = real_before.checkers.iter().collect();
            for checker in real.checkers.iter() {
                let found = free
                    .iter()
                    .position(|candidate| same_checker(&old.checkers[candidate.0], &new.checkers[checker.0]));
                kept[checker.0] = found.map(|at| free.remove(at));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests;
