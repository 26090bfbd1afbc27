//! `vrrp_script` and the lists of tracked objects.

use super::Given;
use crate::config::lower::{Reader, Stop};
use crate::config::schema::{Invalid, Missing, Row, keywords};
use crate::config::script::Script;
use crate::config::tree::Line;
use crate::config::value::{Decimal, Fault, Flag, Number, integer};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};

/// `vrrp_script NAME { … }`.
#[derive(Debug, Default)]
pub struct VrrpScript {
    pub name: String,
    pub span: Span,
    /// Its closing brace.
    pub end: Span,
    pub script: Given<Script>,
    pub interval: Given<Decimal<0, 4_294_000, 3>>,
    pub timeout: Given<Decimal<0, 4_294_000, 3>>,
    pub weight: Given<Weight>,
    pub rise: Given<Number<1, 2_147_483_647>>,
    pub fall: Given<Number<1, 2_147_483_647>>,
    pub user: Given<User>,
    pub init_fail: Given<Flag>,
}

/// A weight and whether it acts the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    pub weight: i16,
    pub reverse: bool,
}

/// `user NAME [GROUP]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub group: Option<String>,
}

/// One line of `track_interface` or `track_script`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    pub name: String,
    pub span: Span,
    /// `None`: the weight of what is tracked.
    pub weight: Option<i16>,
    pub reverse: Option<bool>,
}

keywords! {
    pub static VRRP_SCRIPT: VrrpScript {
        script "script" (script) "The command to run." { missing: Missing::Report, repeat: crate::config::schema::Repeat::LastWins };
        set "interval" (interval: Decimal<0, 4_294_000, 3> = "1") "Seconds from one run to the next." { complaint: "({block}): vrrp script interval '{}' must be between 1 and 4294 - ignoring" };
        set "timeout" (timeout: Decimal<0, 4_294_000, 3> = "") "Seconds after which a run has failed; by default the interval." { complaint: "({block}): vrrp script timeout '{}' invalid - ignoring" };
        call "weight" (weight, Words, "<int> [reverse]", "0") "What it adds to the priority; 0: a failure is a fault.";
        set "rise" (rise: Number<1, 2_147_483_647> = "1") "Successes needed to be up." { invalid: Invalid::Default, complaint: "({block}): rise value '{}' invalid, defaulting to 1" };
        set "fall" (fall: Number<1, 2_147_483_647> = "1") "Failures needed to be down." { invalid: Invalid::Default, complaint: "({block}): fall value '{}' invalid, defaulting to 1" };
        call "user" (user, Words, "<user> [<group>]", "") "Who it runs as.";
        set "init_fail" (init_fail: Flag = "") "Counts as failed until its first result.";
    }
}

fn weight(block: &mut VrrpScript, line: &Line<'_>, row: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let text = reader.need(line, 1)?;
    let parsed = integer(text, -253, 253, row.lax && !reader.test);
    if let Some(Fault::Number(words)) = parsed.fault {
        reader.report(Code::InvalidNumber, line.span(1), words);
        let words = format!("vrrp_script {} weight {text} must be in [-253, 253]", block.name);
        reader.report(Code::InvalidValue, line.span(1), words);
    } else {
        reader.judge(parsed.fault, text, line.span(1), row);
    }
    let reverse = match line.word(2) {
        None => false,
        Some("reverse") => true,
        Some(word) => {
            let words = format!("({}): unknown weight option {word} - ignoring", block.name);
            reader.report(Code::InvalidValue, line.span(2), words);
            false
        }
    };
    if let Some(weight) = parsed.value {
        block.weight = Some(Spanned::new(Weight { weight: weight as i16, reverse }, line.span(1)));
    }
    Ok(())
}

fn user(block: &mut VrrpScript, line: &Line<'_>, _: &'static Row, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let name = reader.need(line, 1)?.to_owned();
    block.user = Some(Spanned::new(User { name, group: line.word(2).map(str::to_owned) }, line.span(1)));
    Ok(())
}

/// Whether a name was declared before.
type Known<'a> = dyn Fn(&Reader<'_>, &str) -> bool + 'a;

/// What a line of a list tracks, and which objects it may name.
pub struct List<'a> {
    /// As the original calls it in its complaints: `track_interface`, `track script`.
    pub what: &'static str,
    /// The greatest weight that is not refused.
    pub most: i64,
    /// `noreverse` is known.
    pub noreverse: bool,
    /// What must be declared before; `None`: anything.
    pub known: Option<&'a Known<'a>>,
}

/// Reads `NAME [weight N [reverse]]` into a list (CL-105).
pub fn tracked(list: &mut Vec<Tracked>, line: &Line<'_>, reader: &mut Reader<'_>, kind: &List<'_>) -> Result<(), Stop> {
    let name = line.keyword();
    let owner = reader.block_name.clone();
    let what = kind.what;
    if kind.known.is_some_and(|known| !known(reader, name)) {
        let words = format!("({owner}) {what} {name} not found, ignoring...");
        let mut finding = Diagnostic::at(Code::NotFound, line.span(0), words).label("not declared before this line");
        if let Some((near, declared)) = reader.declared.near(name) {
            finding = finding.also(declared, "this one is").help(format!("did you mean `{near}`?"));
        }
        reader.found.push(finding);
        return Ok(());
    }
    if let Some(first) = list.iter().find(|other| other.name == name) {
        let words = format!("({owner}) duplicate {what} {name} - ignoring");
        reader.found.push(Diagnostic::at(Code::Duplicate, line.span(0), words).also(first.span, "the first one"));
        return Ok(());
    }
    let mut entry = Tracked { name: name.to_owned(), span: line.span(0), weight: None, reverse: None };
    if let Some(word) = line.word(1) {
        if word != "weight" || line.len() < 3 {
            let words = format!("({owner}) unknown {what} option {word} - ignoring");
            reader.report(Code::InvalidValue, line.span(1), words);
            return Ok(());
        }
        let text = line.word(2).unwrap_or_default();
        let parsed = integer(text, -kind.most, kind.most, !reader.test);
        if let Some(fault) = parsed.fault {
            let tolerated = matches!(fault, Fault::Tolerated(_));
            if let Fault::Number(words) | Fault::Tolerated(words) = fault {
                reader.report(Code::InvalidNumber, line.span(2), words);
            }
            if !tolerated {
                let words =
                    format!("({owner}) weight {text} for {name} must be between [-253..253] inclusive. Ignoring...");
                reader.report(Code::InvalidValue, line.span(2), words);
            }
        }
        entry.weight = parsed.value.map(|weight| {
            if weight.abs() == 254 {
                let words = format!("({owner}) weight for {name} cannot be +/-254. Setting to +/-253");
                reader.report(Code::Adjusted, line.span(2), words);
            }
            weight.clamp(-253, 253) as i16
        });
        match line.word(3) {
            None => {}
            Some("reverse") => entry.reverse = Some(true),
            Some("noreverse") if kind.noreverse => entry.reverse = Some(false),
            Some(word) => {
                let words = format!("({owner}) unknown {what} weight option {word} - ignoring");
                reader.report(Code::InvalidValue, line.span(3), words);
            }
        }
    }
    list.push(entry);
    Ok(())
}

pub fn interface(list: &mut Vec<Tracked>, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    tracked(list, line, reader, &List { what: "track_interface", most: 254, noreverse: false, known: None })
}

pub fn script(list: &mut Vec<Tracked>, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let known = |reader: &Reader<'_>, name: &str| reader.declared.scripts.contains_key(name);
    tracked(list, line, reader, &List { what: "track script", most: 254, noreverse: true, known: Some(&known) })
}

/// `track_file` and `track_process` lists: checked, not kept.
pub fn other(what: &'static str, line: &Line<'_>, reader: &mut Reader<'_>) -> Result<(), Stop> {
    let known = |reader: &Reader<'_>, name: &str| {
        let declared = &reader.declared;
        match what {
            "track file" => declared.files.contains_key(name),
            _ => declared.processes.contains_key(name),
        }
    };
    let kind = List { what, most: 254, noreverse: true, known: Some(&known) };
    tracked(&mut Vec::new(), line, reader, &kind)
}
