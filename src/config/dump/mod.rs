//! Model -> text: a keepalived.conf that says outright what is in effect, defaults included.
//!
//! Reading it again gives the same model. Each function takes its part of the model to pieces without `..`, so that
//! whoever adds a field is made to print it. A line longer than the language allows (CL-3) is the one thing that
//! would not read back.

mod address;
mod bfd;
mod check;
mod device;
mod global;
mod later;
mod lvs;
mod notify;
mod route;
mod track;
mod upkeep;
mod vrrp;
mod writer;

use self::writer::Writer;
use crate::model::Model;

/// Whether passwords are shown; in a log they are not, as in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Shown,
    Hidden,
}

/// The whole model as text.
pub fn dump(model: &Model, secrets: Secrets) -> String {
    let Model { global, vrrp, lvs, bfd: _ } = model;
    let mut out = Writer::new(secrets);
    global::top(&mut out, global);
    lvs::top(&mut out, &model.lvs);
    out.open("global_defs");
    global::settings(&mut out, global);
    vrrp::settings(&mut out, vrrp);
    let counted = vrrp.firewall.as_ref().is_some_and(|firewall| firewall.counters);
    lvs::settings(&mut out, lvs, counted);
    out.close();
    bfd::blocks(&mut out, model);
    vrrp::blocks(&mut out, vrrp);
    lvs.files().iter().filter(|file| !vrrp.files.contains(file)).for_each(|file| track::file(&mut out, file));
    lvs::blocks(&mut out, lvs);
    out.finish()
}

#[cfg(test)]
mod tests;
