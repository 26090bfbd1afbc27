//! `use_vmac` and `use_ipvlan`: words in any order, which add up over several lines.

use std::net::IpAddr;

use super::Given;
use super::vrrp_instance::VrrpInstance;
use crate::base::name::Vrid;
use crate::base::net::{Cidr, MacAddress};
use crate::config::lower::{Reader, Stop};
use crate::config::schema::Row;
use crate::config::tree::Line;
use crate::diagnostic::{Code, Span, Spanned};
use crate::model::device::IpvlanFlag;

/// `use_vmac` as declared.
#[derive(Debug, Default)]
pub struct Vmac {
    pub span: Span,
    pub name: Given<String>,
    pub mac: Given<Mac>,
    pub notify: bool,
    pub group: Option<u32>,
}

/// A MAC address of 6 bytes, or of 5 with the VRID behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac {
    bytes: [u8; 6],
    whole: bool,
}

/// `use_ipvlan` as declared.
#[derive(Debug, Default)]
pub struct Ipvlan {
    pub span: Span,
    pub name: Given<String>,
    pub address: Given<Cidr>,
    pub flag: Given<IpvlanFlag>,
    pub group: Option<u32>,
}

impl Mac {
    pub fn with(self, vrid: Vrid) -> MacAddress {
        let [a, b, c, d, e, f] = self.bytes;
        MacAddress([a, b, c, d, e, if self.whole { f } else { vrid.get() }])
    }

    /// `None`: too few bytes; the error: a byte that is none.
    fn parse(text: &str) -> Result<Option<Mac>, ()> {
        let mut bytes = [0; 6];
        let mut count = 0;
        for part in text.split(':').filter(|part| !part.is_empty()) {
            let byte = u8::from_str_radix(part, 16).map_err(|_| ())?;
            // What follows the sixth is not looked at.
            if let Some(place) = bytes.get_mut(count) {
                *place = byte;
                count += 1;
            }
        }
        Ok((count >= 5).then_some(Mac { bytes, whole: count == 6 }))
    }

    fn is_multicast(self) -> bool {
        self.bytes[0] & 1 != 0
    }

    /// 00:00:5e:00:01:xx or 00:00:5e:00:02:xx.
    fn is_virtual_router(self) -> bool {
        matches!(self.bytes, [0, 0, 0x5e, 0, 1 | 2, _])
    }
}

pub fn use_vmac(
    block: &mut VrrpInstance,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let owner = block.name.clone();
    let vmac = block.use_vmac.get_or_insert_default();
    vmac.span = line.whole();
    let mut at = 1;
    while let Some(word) = line.word(at) {
        match word {
            "netlink_notify_msg" => vmac.notify = true,
            "group" => {
                at += 1;
                vmac.group = group(&owner, line, at, reader)?.or(vmac.group);
            }
            "name" if line.word(at + 1).is_some() => {
                at += 1;
                vmac_name(vmac, line, at, reader);
            }
            _ if word.contains(':') => vmac_address(vmac, line, at, reader),
            _ => vmac_name(vmac, line, at, reader),
        }
        at += 1;
    }
    Ok(())
}

fn vmac_name(vmac: &mut Vmac, line: &Line<'_>, at: usize, reader: &mut Reader<'_>) {
    let name = line.word(at).unwrap_or_default();
    if vmac.name.is_some() {
        return reader.report(Code::Duplicate, line.span(at), "VMAC interface name already specified");
    }
    if !is_interface_name(name) {
        let words = format!("VMAC interface name '{name}' too long or invalid characters - ignoring");
        return reader.report(Code::InvalidValue, line.span(at), words);
    }
    vmac.name = Some(Spanned::new(name.to_owned(), line.span(at)));
}

fn vmac_address(vmac: &mut Vmac, line: &Line<'_>, at: usize, reader: &mut Reader<'_>) {
    let text = line.word(at).unwrap_or_default();
    if vmac.mac.is_some() {
        return reader.report(Code::Duplicate, line.span(at), "VMAC interface address already specified");
    }
    let words = match Mac::parse(text) {
        Err(()) => format!("VMAC invalid MAC address {text}"),
        Ok(None) => format!("VMAC invalid MAC address {text} - ignored"),
        Ok(Some(mac)) if mac.is_multicast() => format!("VMAC MAC address is multicast {text} - ignoring"),
        Ok(Some(mac)) if mac.is_virtual_router() => {
            format!("VMAC MAC address not allowed to be RFC5798 address ({text}) - ignoring")
        }
        Ok(Some(mac)) => {
            vmac.mac = Some(Spanned::new(mac, line.span(at)));
            return;
        }
    };
    reader.report(Code::InvalidValue, line.span(at), words);
}

pub fn use_ipvlan(
    block: &mut VrrpInstance,
    line: &Line<'_>,
    _: &'static Row,
    reader: &mut Reader<'_>,
) -> Result<(), Stop> {
    let owner = block.name.clone();
    if block.use_ipvlan.is_some() {
        reader.report(Code::Duplicate, line.whole(), format!("({owner}) use_ipvlan already specified"));
        return Ok(());
    }
    let mut ipvlan = Ipvlan { span: line.whole(), ..Ipvlan::default() };
    let mut at = 1;
    while let Some(word) = line.word(at) {
        let flag = match word {
            "bridge" => Some(IpvlanFlag::Bridge),
            "private" => Some(IpvlanFlag::Private),
            "vepa" => Some(IpvlanFlag::Vepa),
            _ => None,
        };
        let span = line.span(at);
        let already = |what: &str| format!("({owner}) {what} already specified - ignoring '{word}'");
        match (word, flag, address(word)) {
            (_, Some(_), _) if ipvlan.flag.is_some() => {
                reader.report(Code::Duplicate, span, already("ipvlan type"));
            }
            (_, Some(flag), _) => ipvlan.flag = Some(Spanned::new(flag, span)),
            (_, None, Some(_)) if ipvlan.address.is_some() => {
                reader.report(Code::Duplicate, span, already("ipvlan address"));
            }
            (_, None, Some(Err(()))) => {
                let words = format!("({owner}) ipvlan address '{word}' has an invalid prefix - ignoring");
                reader.report(Code::InvalidValue, span, words);
            }
            (_, None, Some(Ok(address))) => ipvlan.address = Some(Spanned::new(address, span)),
            ("group", None, None) => {
                at += 1;
                ipvlan.group = group(&owner, line, at, reader)?.or(ipvlan.group);
            }
            (_, None, None) => {
                if word == "name" && line.word(at + 1).is_some() {
                    at += 1;
                }
                ipvlan_name(&mut ipvlan, &owner, line, at, reader);
            }
        }
        at += 1;
    }
    block.use_ipvlan = Some(ipvlan);
    Ok(())
}

fn ipvlan_name(ipvlan: &mut Ipvlan, owner: &str, line: &Line<'_>, at: usize, reader: &mut Reader<'_>) {
    let name = line.word(at).unwrap_or_default();
    if ipvlan.name.is_some() {
        let words = format!("({owner}) IPVLAN interface already specified - ignoring '{name}'");
        return reader.report(Code::Duplicate, line.span(at), words);
    }
    if !is_interface_name(name) {
        let words = format!("({owner}) IPVLAN interface name '{name}' too long - ignoring");
        return reader.report(Code::InvalidValue, line.span(at), words);
    }
    ipvlan.name = Some(Spanned::new(name.to_owned(), line.span(at)));
}

/// An interface group by number or by a name of /etc/iproute2/group.
fn group(owner: &str, line: &Line<'_>, at: usize, reader: &mut Reader<'_>) -> Result<Option<u32>, Stop> {
    let name = reader.need(line, at)?;
    let found = reader.host.interface_group(name);
    if found.is_none() {
        reader.report(Code::NotFound, line.span(at), format!("({owner}) unknown interface group '{name}' - ignoring"));
    }
    Ok(found)
}

/// `ADDR[/PREFIX]`, without prefix the full length; `None` when it is no address.
fn address(text: &str) -> Option<Result<Cidr, ()>> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let full = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Ok(full), |prefix| prefix.parse().map_err(|_| ()));
    Some(prefix.and_then(|prefix| if prefix <= full { Ok(Cidr { address, prefix }) } else { Err(()) }))
}

/// What the kernel takes as the name of an interface (dev_valid_name).
fn is_interface_name(name: &str) -> bool {
    let good = |byte: u8| byte != b'/' && byte != b':' && !byte.is_ascii_whitespace();
    !name.is_empty() && name.len() <= 15 && name != "." && name != ".." && name.bytes().all(good)
}
