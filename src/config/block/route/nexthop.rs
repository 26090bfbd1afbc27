//! The ways of a route that has several: `nexthop … nexthop …`.

use super::super::words::{Step, Words};
use super::encap;
use crate::base::name::InterfaceName;
use crate::base::net::Family;
use crate::diagnostic::Spanned;
use crate::model::route::NextHop;

pub struct Hops<'h, 'w, 'l, 't> {
    pub words: &'h mut Words<'w, 'l, 't>,
    /// Of the route.
    pub family: &'h mut Option<Family>,
    pub found: Vec<(NextHop, Option<Spanned<String>>)>,
}

impl Hops<'_, '_, '_, '_> {
    pub fn read(&mut self) -> Step<()> {
        while self.words.peek() == Some("nexthop") {
            self.words.at += 1;
            let mut hop = NextHop::default();
            let mut device = None;
            while let Some(word) = self.words.peek() {
                if !self.word(word, &mut hop, &mut device)? {
                    break;
                }
            }
            self.found.push((hop, device));
        }
        match self.words.next() {
            Some(word) => self.words.refuse(format!("Route has trailing nonsense after nexthops - {word}")),
            None => Ok(()),
        }
    }

    /// False when the word is none of a hop's.
    fn word(&mut self, word: &str, hop: &mut NextHop, device: &mut Option<Spanned<String>>) -> Step<bool> {
        if !matches!(word, "via" | "dev" | "weight" | "onlink" | "encap" | "realms" | "as") {
            return Ok(false);
        }
        let words = &mut *self.words;
        words.at += 1;
        match word {
            "via" => self.gateway(hop)?,
            "dev" => {
                let name = words.value()?;
                hop.interface = Some(InterfaceName::new(name));
                *device = Some(Spanned::new(name.to_owned(), words.span()));
            }
            "weight" => {
                let weight = words.number(256, "Invalid weight {} specified for route")?;
                if weight == 0 {
                    return words.refuse("Invalid weight 0 specified for route");
                }
                // invariant: 1..=256.
                hop.weight = Some(weight as u16);
            }
            "onlink" => hop.onlink = true,
            "encap" => {
                if let Some(found) = encap::read(words)? {
                    hop.encap = Some(found);
                }
            }
            "realms" => {
                hop.realms = words.realms("Invalid realms {} for route")?;
                match *self.family {
                    Some(Family::V6) => return words.refuse("realms are only supported for IPv4"),
                    Some(Family::V4) | None => *self.family = Some(Family::V4),
                }
            }
            // "as", the last that is left.
            _ => {
                if words.value()? == "to" {
                    words.at += 1;
                }
                return words.refuse("'as [to]' (nat) not supported");
            }
        }
        Ok(true)
    }

    fn gateway(&mut self, hop: &mut NextHop) -> Step<()> {
        let words = &mut *self.words;
        let mut text = words.value()?;
        let family = match text {
            "inet" => Some(Family::V4),
            "inet6" => Some(Family::V6),
            _ => None,
        };
        if let Some(family) = family {
            text = words.value()?;
            if self.family.is_some_and(|route| route != family) {
                return words.refuse("IPv4/6 mismatch for nexthop");
            }
            *self.family = Some(family);
        }
        let Some(address) = words.address(text) else {
            return words.refuse(format!("invalid nexthop address {text}"));
        };
        if self.family.is_some_and(|route| route != Family::of(address)) {
            return words.refuse("Address family mismatch for next hop");
        }
        *self.family = Some(Family::of(address));
        hop.gateway = Some(address);
        Ok(())
    }
}
