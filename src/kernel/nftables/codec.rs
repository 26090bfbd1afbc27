//! Messages of nf_tables (linux/netfilter/nf_tables.h) as bytes: tables, chains, rules, sets and their elements.
//!
//! All numbers in attributes are in network byte order, but for what is compared with a packet's own fields.

use nix::libc;

use crate::base::net::Family;

/// linux/netlink.h.
pub const NLM_F_REQUEST: u16 = 1;
pub const NLM_F_ACK: u16 = 4;
pub const NLM_F_DUMP: u16 = 0x300;
pub const NLM_F_CREATE: u16 = 0x400;
pub const NLM_F_APPEND: u16 = 0x800;
const NLA_F_NESTED: u16 = 0x8000;
/// linux/netfilter/nfnetlink.h.
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const SUBSYSTEM: u16 = 10;
/// NFT_MSG_*.
pub const NEWTABLE: u16 = 0;
pub const DELTABLE: u16 = 2;
pub const NEWCHAIN: u16 = 3;
pub const NEWRULE: u16 = 6;
pub const GETRULE: u16 = 7;
pub const NEWSET: u16 = 9;
pub const NEWSETELEM: u16 = 12;
pub const DELSETELEM: u16 = 14;
/// Verdicts; those below 0 are nf_tables' own.
const NF_DROP: i32 = 0;
const NF_ACCEPT: i32 = 1;
const NFT_GOTO: i32 = -4;
const NFT_RETURN: i32 = -5;
/// Registers of 16 bytes.
pub const R1: u32 = 1;
pub const R2: u32 = 2;
/// The second of the four words of R1, for what follows an IPv4 address in a key.
pub const R1_SECOND: u32 = 9;
/// NFT_PAYLOAD_*_HEADER.
pub const NETWORK: u32 = 1;
pub const TRANSPORT: u32 = 2;
/// NFT_META_*.
pub const META_MARK: u32 = 3;
pub const META_IIF: u32 = 4;
pub const META_OIF: u32 = 5;
pub const META_IIFNAME: u32 = 6;
pub const META_OIFNAME: u32 = 7;
pub const META_L4PROTO: u32 = 16;
pub const META_OIFKIND: u32 = 27;
/// NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT.
pub const HOOK_INPUT: u32 = 1;
pub const HOOK_OUTPUT: u32 = 3;
/// nft's numbers of types, which only it looks at.
pub const TYPE_IPV4: u32 = 7;
pub const TYPE_IPV6: u32 = 8;
pub const TYPE_SERVICE: u32 = 13;
pub const TYPE_MARK: u32 = 19;
pub const TYPE_IFINDEX: u32 = 20;
pub const TYPE_ICMP6: u32 = 29;
pub const TYPE_IFNAME: u32 = 41;
/// Behind one another in a set's key, 6 bits each.
pub const fn concatenated(first: u32, second: u32) -> u32 {
    first << 6 | second
}
/// nft's name for the byte order of a set's keys (NFTNL_UDATA_SET_KEYBYTEORDER 0) and data (1).
const HOST_ENDIAN: u32 = 1;
const SET_CONSTANT: u32 = 2;
const SET_INTERVAL: u32 = 4;
const SET_MAP: u32 = 8;
const SET_CONCATENATION: u32 = 0x80;
const SET_EXPRESSION: u32 = 0x100;
/// Bytes of nlmsghdr.
const HEADER: usize = 16;

/// Bytes of several messages.
#[derive(Debug, Default)]
pub struct Batch {
    pub bytes: Vec<u8>,
    /// Of the first message, and of the one that follows the last.
    pub first: u32,
    pub next: u32,
}

/// Attributes being written.
pub struct Attributes<'a>(&'a mut Vec<u8>);

impl Attributes<'_> {
    pub fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.0.extend((4 + value.len() as u16).to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    pub fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub fn nest(&mut self, kind: u16, inside: impl FnOnce(&mut Attributes<'_>)) -> &mut Self {
        let start = self.0.len();
        self.0.extend([0; 4]);
        inside(&mut Attributes(self.0));
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.0[start + 2..start + 4].copy_from_slice(&(kind | NLA_F_NESTED).to_ne_bytes());
        self
    }
}

impl Batch {
    /// A batch whose first message has this sequence number.
    pub fn begin(sequence: u32) -> Batch {
        let mut batch = Batch { bytes: Vec::new(), first: sequence, next: sequence };
        batch.raw(BATCH_BEGIN, NLM_F_REQUEST, 0, SUBSYSTEM, |_| {});
        batch
    }

    /// The kernel makes all of it true at this message, or nothing.
    pub fn end(&mut self) {
        self.raw(BATCH_END, NLM_F_REQUEST, 0, SUBSYSTEM, |_| {});
    }

    pub fn message(&mut self, kind: u16, flags: u16, family: Family, inside: impl FnOnce(&mut Attributes<'_>)) {
        let family = match family {
            Family::V4 => libc::AF_INET,
            Family::V6 => libc::AF_INET6,
        };
        self.raw(SUBSYSTEM << 8 | kind, NLM_F_REQUEST | flags, family as u8, 0, inside);
    }

    fn raw(&mut self, kind: u16, flags: u16, family: u8, resource: u16, inside: impl FnOnce(&mut Attributes<'_>)) {
        let start = self.bytes.len();
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(self.next.to_ne_bytes());
        self.bytes.extend([0; HEADER - 12]);
        // struct nfgenmsg.
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        inside(&mut Attributes(&mut self.bytes));
        let length = (self.bytes.len() - start) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
        self.next = self.next.wrapping_add(1);
    }

    pub fn table(&mut self, kind: u16, family: Family, table: &str) {
        let flags = if kind == NEWTABLE { NLM_F_CREATE } else { 0 };
        self.message(kind, flags, family, |to| {
            to.text(1, table);
        });
    }

    /// `hook`: hook and priority of a base chain that accepts what no rule drops.
    pub fn chain(&mut self, family: Family, table: &str, chain: &str, hook: Option<(u32, i32)>) {
        self.message(NEWCHAIN, NLM_F_CREATE, family, |to| {
            to.text(1, table).text(3, chain);
            if let Some((hook, priority)) = hook {
                to.nest(4, |to| {
                    to.number(1, hook).number(2, priority as u32);
                });
                to.number(5, NF_ACCEPT as u32).text(7, "filter");
            }
        });
    }

    pub fn set(&mut self, family: Family, table: &str, set: &Set<'_>) {
        let number = self.next;
        self.message(NEWSET, NLM_F_CREATE, family, |to| {
            let constant = if set.constant { SET_CONSTANT } else { 0 };
            let map = if set.data.is_some() { SET_MAP } else { 0 };
            let ranges = if set.ranges.is_empty() { 0 } else { SET_INTERVAL | SET_CONCATENATION };
            let counted = if set.counters { SET_EXPRESSION } else { 0 };
            to.text(1, table).text(2, set.name).number(3, constant | map | ranges | counted);
            to.number(4, set.key.0).number(5, set.key.1);
            if let Some((kind, length)) = set.data {
                to.number(6, kind).number(7, length);
            }
            if !set.ranges.is_empty() {
                to.nest(9, |to| {
                    to.nest(2, |to| {
                        for length in set.ranges {
                            to.nest(1, |to| {
                                to.number(1, *length);
                            });
                        }
                    });
                });
            }
            if set.counters {
                to.nest(17, |to| Expression::Count.write(to));
            }
            // Only has to differ from that of other sets in this batch.
            to.number(10, number);
            // nft shows numbers of interfaces by their names, and marks right, only if it is told that they are in host
            // byte order.
            let mut orders = Vec::new();
            for (place, kind) in [Some(set.key.0), set.data.map(|(kind, _)| kind)].into_iter().enumerate() {
                if matches!(kind, Some(TYPE_IFINDEX | TYPE_MARK)) {
                    orders.extend([place as u8, 4]);
                    orders.extend(HOST_ENDIAN.to_ne_bytes());
                }
            }
            if !orders.is_empty() {
                to.bytes(13, &orders);
            }
        });
    }

    /// Adds or removes elements: keys, and their data in a map.
    pub fn elements(&mut self, kind: u16, family: Family, table: &str, set: &str, elements: &[(Vec<u8>, Vec<u8>)]) {
        let flags = if kind == NEWSETELEM { NLM_F_CREATE } else { 0 };
        self.message(kind, flags, family, |to| {
            to.text(1, table).text(2, set).nest(3, |to| {
                for (key, data) in elements {
                    to.nest(1, |to| {
                        to.nest(1, |to| {
                            to.bytes(1, key);
                        });
                        if !data.is_empty() {
                            to.nest(2, |to| {
                                to.bytes(1, data);
                            });
                        }
                    });
                }
            });
        });
    }

    /// Adds elements to a map of ranges: first key, last key, data.
    pub fn ranges(&mut self, family: Family, table: &str, map: &str, elements: &[(Vec<u8>, Vec<u8>, [u8; 4])]) {
        self.message(NEWSETELEM, NLM_F_CREATE, family, |to| {
            to.text(1, table).text(2, map).nest(3, |to| {
                for (first, last, data) in elements {
                    to.nest(1, |to| {
                        for (kind, value) in [(1, &first[..]), (2, &data[..]), (10, &last[..])] {
                            to.nest(kind, |to| {
                                to.bytes(1, value);
                            });
                        }
                    });
                }
            });
        });
    }

    pub fn rule(&mut self, family: Family, table: &str, chain: &str, expressions: &[Expression<'_>]) {
        self.message(NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, |to| {
            to.text(1, table).text(2, chain).nest(4, |to| {
                for expression in expressions {
                    to.nest(1, |to| expression.write(to));
                }
            });
        });
    }
}

/// A set, or a map when it has data. Types and lengths.
#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    pub name: &'a str,
    pub key: (u32, u32),
    pub data: Option<(u32, u32)>,
    pub constant: bool,
    /// Lengths of the parts of the key, when each element is a range of each; empty: elements are single keys.
    pub ranges: &'a [u32],
    /// Each element counts its packets.
    pub counters: bool,
}

/// One step of a rule.
#[derive(Clone, Debug)]
pub enum Expression<'a> {
    /// Bytes of the packet into a register.
    Payload {
        base: u32,
        offset: u32,
        length: u32,
        to: u32,
    },
    Meta {
        key: u32,
        to: u32,
    },
    /// Goes on only if the register begins with these bytes.
    Equal {
        register: u32,
        bytes: Vec<u8>,
    },
    Mask {
        register: u32,
        mask: Vec<u8>,
    },
    /// Goes on only if the register's value is in the set.
    In {
        set: &'a str,
        register: u32,
    },
    Map {
        map: &'a str,
        register: u32,
    },
    /// The packet's mark, from a register.
    Mark {
        register: u32,
    },
    /// A copy of the packet to the address in R1, over the interface in R2.
    Duplicate,
    Count,
    Drop,
    Accept,
    Goto {
        chain: &'a str,
    },
    Return,
}

impl Expression<'_> {
    fn write(&self, to: &mut Attributes<'_>) {
        let name = match self {
            Expression::Payload { .. } => "payload",
            Expression::Meta { .. } | Expression::Mark { .. } => "meta",
            Expression::Equal { .. } => "cmp",
            Expression::Mask { .. } => "bitwise",
            Expression::In { .. } | Expression::Map { .. } => "lookup",
            Expression::Duplicate => "dup",
            Expression::Count => "counter",
            Expression::Drop | Expression::Accept | Expression::Goto { .. } | Expression::Return => "immediate",
        };
        to.text(1, name).nest(2, |to| self.detail(to));
    }

    fn detail(&self, to: &mut Attributes<'_>) {
        let value = |to: &mut Attributes<'_>, bytes: &[u8]| {
            to.bytes(1, bytes);
        };
        match self {
            Expression::Payload { base, offset, length, to: register } => {
                to.number(1, *register).number(2, *base).number(3, *offset).number(4, *length);
            }
            Expression::Meta { key, to: register } => {
                to.number(1, *register).number(2, *key);
            }
            Expression::Mark { register } => {
                to.number(2, META_MARK).number(3, *register);
            }
            Expression::Equal { register, bytes } => {
                to.number(1, *register).number(2, 0).nest(3, |to| value(to, bytes));
            }
            Expression::Mask { register, mask } => {
                to.number(1, *register).number(2, *register).number(3, mask.len() as u32);
                to.nest(4, |to| value(to, mask)).nest(5, |to| value(to, &vec![0; mask.len()]));
            }
            Expression::In { set, register } => {
                to.text(1, set).number(2, *register);
            }
            Expression::Map { map, register } => {
                to.text(1, map).number(2, *register).number(3, *register);
            }
            Expression::Duplicate => {
                to.number(1, R1).number(2, R2);
            }
            Expression::Count => {}
            Expression::Drop => verdict(to, NF_DROP, None),
            Expression::Accept => verdict(to, NF_ACCEPT, None),
            Expression::Goto { chain } => verdict(to, NFT_GOTO, Some(chain)),
            Expression::Return => verdict(to, NFT_RETURN, None),
        }
    }
}

fn verdict(to: &mut Attributes<'_>, code: i32, chain: Option<&str>) {
    to.number(1, 0).nest(2, |to| {
        to.nest(2, |to| {
            to.number(1, code as u32);
            if let Some(chain) = chain {
                to.text(2, chain);
            }
        });
    });
}
