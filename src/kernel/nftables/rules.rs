//! The tables of VR-265 and VR-267: drop what concerns barred addresses, and let the base send a macvlan's reports.

use std::net::Ipv6Addr;

use super::codec::{
    Batch, DELTABLE, Expression, HOOK_INPUT, HOOK_OUTPUT, META_IIF, META_IIFNAME, META_L4PROTO, META_OIF, META_OIFKIND,
    META_OIFNAME, NETWORK, NEWSETELEM, NEWTABLE, R1, R2, Set, TRANSPORT, TYPE_ICMP6, TYPE_IFINDEX, TYPE_IFNAME,
    TYPE_IPV4, TYPE_IPV6, concatenated,
};
use crate::base::name::InterfaceName;
use crate::base::net::{Family, InterfaceIndex};
use crate::model::device::{Barred, Firewall};

pub const VIPS: &str = "vips";
pub const VIPS_LINK_LOCAL: &str = "vips_link_local";
pub const VIPS_LINK_LOCAL_NAME: &str = "vips_link_local_name";
const NEIGHBOUR_DISCOVERY: &str = "neighbor-discovery";
const MLD_REPORT: &str = "mld-report";
const VMAC_MAP: &str = "vmac_map";
const VMAC_SET: &str = "vmac_set";
const PARENT_LINK_LOCAL: &str = "parent_link_local";
const IN: &str = "in";
const OUT: &str = "out";
const IN_LINK_LOCAL: &str = "in_link_local";
const OUT_LINK_LOCAL: &str = "out_link_local";
/// IP protocols, and types of ICMPv6.
const IGMP: u8 = 2;
const ICMPV6: u8 = 58;
const LISTENER_REPORT: u8 = 131;
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const LISTENER_REPORT_2: u8 = 143;
/// Bytes of an interface's name in a register.
const NAME: usize = 16;

/// A macvlan whose reports leave by its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    pub name: InterfaceName,
    pub index: InterfaceIndex,
    pub base: InterfaceIndex,
    pub v4: bool,
    pub v6: bool,
    /// The base's link-local address, if this macvlan has it too.
    pub shared_link_local: Option<Ipv6Addr>,
}

/// Which set an element stands in, and its key.
pub fn element(barred: &Barred) -> (Family, &'static str, Vec<u8>) {
    match barred {
        Barred::V4(address) => (Family::V4, VIPS, address.octets().to_vec()),
        Barred::V6(address) => (Family::V6, VIPS, address.octets().to_vec()),
        Barred::LinkLocal { address, index } => {
            (Family::V6, VIPS_LINK_LOCAL, [&address.octets()[..], &index.0.to_ne_bytes()].concat())
        }
        Barred::LinkLocalNamed { address, name } => {
            (Family::V6, VIPS_LINK_LOCAL_NAME, [&address.octets()[..], &padded(name.as_str())].concat())
        }
    }
}

/// Appends what replaces our table of one family, with its elements, and how many rules it then has.
pub fn replace(
    batch: &mut Batch,
    family: Family,
    firewall: &Firewall,
    speakers: &[Speaker],
    barred: &[Barred],
) -> usize {
    let table = firewall.table.as_str();
    // Made where it is not there, so that deleting it is no error.
    batch.table(NEWTABLE, family, table);
    batch.table(DELTABLE, family, table);
    let (drops, reports) = (firewall.drops.has(family), firewall.reports.has(family));
    if !drops && !reports {
        return 0;
    }
    batch.table(NEWTABLE, family, table);
    let mut writer = Writer { batch, family, firewall, rules: 0 };
    writer.batch.chain(family, table, OUT, Some((HOOK_OUTPUT, firewall.priority)));
    match family {
        Family::V4 => {
            if reports {
                writer.reports4(speakers);
            }
            if drops {
                writer.drops4();
            }
        }
        Family::V6 => {
            if reports {
                writer.reports6(speakers);
            }
            if drops {
                writer.drops6();
            }
        }
    }
    let rules = writer.rules;
    for (of, set, key) in barred.iter().map(element) {
        if of == family && drops {
            batch.elements(NEWSETELEM, family, table, set, &[(key, Vec::new())]);
        }
    }
    rules
}

/// Appends what removes our table of one family.
pub fn remove(batch: &mut Batch, family: Family, table: &str) {
    batch.table(NEWTABLE, family, table);
    batch.table(DELTABLE, family, table);
}

struct Writer<'a> {
    batch: &'a mut Batch,
    family: Family,
    firewall: &'a Firewall,
    rules: usize,
}

impl Writer<'_> {
    fn rule(&mut self, chain: &str, mut expressions: Vec<Expression<'_>>) {
        if self.firewall.counters {
            expressions.insert(expressions.len().saturating_sub(1), Expression::Count);
        }
        self.batch.rule(self.family, &self.firewall.table, chain, &expressions);
        self.rules += 1;
    }

    fn set(&mut self, name: &str, key: (u32, u32), elements: &[Vec<u8>], constant: bool) {
        self.batch.set(
            self.family,
            &self.firewall.table,
            &Set { name, key, data: None, constant, ranges: &[], counters: false },
        );
        self.fill(name, elements.iter().map(|key| (key.clone(), Vec::new())).collect());
    }

    fn fill(&mut self, name: &str, elements: Vec<(Vec<u8>, Vec<u8>)>) {
        if !elements.is_empty() {
            self.batch.elements(NEWSETELEM, self.family, &self.firewall.table, name, &elements);
        }
    }

    fn input(&mut self) {
        let hook = Some((HOOK_INPUT, self.firewall.priority));
        self.batch.chain(self.family, &self.firewall.table, IN, hook);
    }

    /// By the index of each speaker that of its base.
    fn map(&mut self, speakers: &[Speaker], of: impl Fn(&Speaker) -> bool) {
        let ifindex = (TYPE_IFINDEX, 4);
        let data = Some(ifindex);
        let map = Set { name: VMAC_MAP, key: ifindex, data, constant: false, ranges: &[], counters: false };
        self.batch.set(self.family, &self.firewall.table, &map);
        let pair = |one: &Speaker| (one.index.0.to_ne_bytes().to_vec(), one.base.0.to_ne_bytes().to_vec());
        self.fill(VMAC_MAP, speakers.iter().filter(|one| of(one)).map(pair).collect());
    }

    fn reports4(&mut self, speakers: &[Speaker]) {
        self.map(speakers, |one| one.v4);
        let igmp = [
            Expression::Payload { base: NETWORK, offset: 9, length: 1, to: R1 },
            Expression::Equal { register: R1, bytes: vec![IGMP] },
        ];
        self.rule(OUT, [&igmp[..], &from_macvlan(), &by_base(16, 4)].concat());
    }

    fn drops4(&mut self) {
        self.set(VIPS, (TYPE_IPV4, 4), &[], false);
        self.input();
        self.rule(OUT, vec![address(12, 4), Expression::In { set: VIPS, register: R1 }, Expression::Drop]);
        self.rule(IN, vec![address(16, 4), Expression::In { set: VIPS, register: R1 }, Expression::Drop]);
    }

    fn reports6(&mut self, speakers: &[Speaker]) {
        let speakers6 = || speakers.iter().filter(|one| one.v6);
        let shared = |one: &Speaker| Some([&one.shared_link_local?.octets()[..], &padded(one.name.as_str())].concat());
        let elements: Vec<Vec<u8>> = speakers6().filter_map(shared).collect();
        self.set(PARENT_LINK_LOCAL, (concatenated(TYPE_IPV6, TYPE_IFNAME), 32), &elements, false);
        self.map(speakers, |one| one.v6);
        let indexes: Vec<Vec<u8>> = speakers6().map(|one| one.index.0.to_ne_bytes().to_vec()).collect();
        self.set(VMAC_SET, (TYPE_IFINDEX, 4), &indexes, false);
        self.set(MLD_REPORT, (TYPE_ICMP6, 1), &[vec![LISTENER_REPORT], vec![LISTENER_REPORT_2]], true);
        let icmp = |kind: u8| [&icmp_type()[..], &[Expression::Equal { register: R1, bytes: vec![kind] }]].concat();
        // The base's neighbours must not learn the virtual MAC for the base's own address.
        let parent = [
            address(8, 16),
            Expression::Meta { key: META_OIFNAME, to: R2 },
            Expression::In { set: PARENT_LINK_LOCAL, register: R1 },
            Expression::Drop,
        ];
        self.rule(OUT, [&icmp(NEIGHBOUR_ADVERTISEMENT)[..], &from_macvlan(), &parent].concat());
        let report = [&icmp_type()[..], &[Expression::In { set: MLD_REPORT, register: R1 }]].concat();
        self.rule(OUT, [&report[..], &from_macvlan(), &by_base(24, 16)].concat());
        let ours = [
            Expression::Meta { key: META_OIF, to: R1 },
            Expression::In { set: VMAC_SET, register: R1 },
            Expression::Drop,
        ];
        self.rule(OUT, [&icmp(ROUTER_SOLICITATION)[..], &from_macvlan(), &ours].concat());
    }

    fn drops6(&mut self) {
        let table = self.firewall.table.clone();
        self.set(VIPS, (TYPE_IPV6, 16), &[], false);
        let neighbours = [vec![NEIGHBOUR_SOLICITATION], vec![NEIGHBOUR_ADVERTISEMENT]];
        self.set(NEIGHBOUR_DISCOVERY, (TYPE_ICMP6, 1), &neighbours, true);
        self.input();
        let wanted = self.firewall.link_local;
        let chains = [(OUT, OUT_LINK_LOCAL, 8), (IN, IN_LINK_LOCAL, 24)];
        if wanted.index {
            self.set(VIPS_LINK_LOCAL, (concatenated(TYPE_IPV6, TYPE_IFINDEX), 20), &[], false);
        }
        if wanted.name {
            self.set(VIPS_LINK_LOCAL_NAME, (concatenated(TYPE_IPV6, TYPE_IFNAME), 32), &[], false);
        }
        let any = wanted.index || wanted.name;
        for (_, local, _) in chains.iter().filter(|_| any) {
            self.batch.chain(self.family, &table, local, None);
        }
        for (chain, local, offset) in chains {
            let accepted = [Expression::In { set: NEIGHBOUR_DISCOVERY, register: R1 }, Expression::Accept];
            self.rule(chain, [&icmp_type()[..], &accepted].concat());
            if any {
                // fe80::/10.
                let local_only = vec![
                    address(offset, 16),
                    Expression::Mask { register: R1, mask: beginning([0xff, 0xc0]) },
                    Expression::Equal { register: R1, bytes: beginning([0xfe, 0x80]) },
                    Expression::Goto { chain: local },
                ];
                self.rule(chain, local_only);
            }
            self.rule(chain, vec![address(offset, 16), Expression::In { set: VIPS, register: R1 }, Expression::Drop]);
            let (index, name) = if chain == IN { (META_IIF, META_IIFNAME) } else { (META_OIF, META_OIFNAME) };
            for (key, set) in [(index, VIPS_LINK_LOCAL, wanted.index), (name, VIPS_LINK_LOCAL_NAME, wanted.name)]
                .into_iter()
                .filter_map(|(key, set, wanted)| wanted.then_some((key, set)))
            {
                let on_it = Expression::Meta { key, to: R2 };
                self.rule(
                    local,
                    vec![address(offset, 16), on_it, Expression::In { set, register: R1 }, Expression::Drop],
                );
            }
        }
    }
}

/// An address of the packet into R1.
fn address<'a>(offset: u32, length: u32) -> Expression<'a> {
    Expression::Payload { base: NETWORK, offset, length, to: R1 }
}

/// The type of an ICMPv6 message into R1; others do not pass.
fn icmp_type<'a>() -> [Expression<'a>; 3] {
    [
        Expression::Meta { key: META_L4PROTO, to: R1 },
        Expression::Equal { register: R1, bytes: vec![ICMPV6] },
        Expression::Payload { base: TRANSPORT, offset: 0, length: 1, to: R1 },
    ]
}

fn from_macvlan<'a>() -> [Expression<'a>; 2] {
    [
        Expression::Meta { key: META_OIFKIND, to: R1 },
        Expression::Equal { register: R1, bytes: padded("macvlan").to_vec() },
    ]
}

/// Sends a copy to the destination, which is at `offset`, by the base, and drops the packet.
fn by_base<'a>(offset: u32, length: u32) -> [Expression<'a>; 5] {
    [
        address(offset, length),
        Expression::Meta { key: META_OIF, to: R2 },
        Expression::Map { map: VMAC_MAP, register: R2 },
        Expression::Duplicate,
        Expression::Drop,
    ]
}

/// An address of which the first bytes are these.
fn beginning([first, second]: [u8; 2]) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    (bytes[0], bytes[1]) = (first, second);
    bytes
}

fn padded(name: &str) -> [u8; NAME] {
    let mut bytes = [0; NAME];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    bytes
}
