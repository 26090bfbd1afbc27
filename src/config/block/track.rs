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

/// One line of `track_interface`, `track_script`, `track_file`, `track_process` or `track_bfd`.
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
        script "script" (script) "The command to run." { missing: Missing::Allowed, repeat: crate::config::schema::Repeat::LastWins };
        set "interval" (interval: Decimal<0, 4_294_000, 3> = "1") "Seconds from one run to the next." { complaint: "({block}): vrrp script interval '{}' must be between 0.001 and 4294 - ignoring" };
        set "timeout" (timeout: Decimal<0, 4_294_000, 3> = "") "Seconds after which a run has failed; by default the interval." { complaint: "({block}): vrrp script timeout '{}' invalid - ignoring" };
        call "weight" (weight, Words, "<int> [reverse]", "0") "What it adds to the priority; 0: a failure is a fault.";
        set "rise" (rise: Number<1, 2_147_483_647> = "1") "Successes needed to be up." { invalid: Invalid::Default, complaint: "({block}): vrrp script rise value '{}' invalid, defaulting to 1" };
        set "fall" (fall: Number<1, 2_147_483_647> = "1") "Failures needed to be down." { invalid: Invalid::Default, complaint: "({block}): vrrp script fall value '{}' invalid, defaulting to 1" };
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
            let words = format!("vrrp_script {} unknown weight option {word}", block.name);
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

/// What a list tracks; each has its own words in the original's complaints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Interface,
    Script,
    File,
    Process,
}

impl Kind {
    /// As in `track file NAME not found`.
    const fn object(self) -> &'static str {
        match self {
            Kind::Interface => "track_interface",
            Kind::Script => "track script",
            Kind::File => "track file",
            Kind::Process => "track process",
        }
    }

    /// The keyword of the list.
    const fn keyword(self) -> &'static str {
        match self {
            Kind::Interface => "track_interface",
            Kind::Script => "track_script",
            Kind::File => "track_file",
            Kind::Process => "track_process",
        }
    }

    fn unknown_option(self, name: &str, word: &str) -> String {
        let object = self.object();
        match self {
            Kind::Interface => format!("unknown {object} {name} option {word} - ignoring"),
            Kind::Script | Kind::File | Kind::Process => format!("unknown {object} option {word} - ignoring"),
        }
    }

    fn bad_weight(self, name: &str, text: &str) -> String {
        let object = self.object();
        match self {
            Kind::Interface => format!("weight {text} for {name} must be between [-253..253] inclusive. Ignoring..."),
            Kind::Script => {
                format!("{object} {name}: weight must be between [-253..253] inclusive, ignoring...")
            }
            Kind::File | Kind::Process => {
                format!("weight for {object} {name} must be in [-254..254] inclusive. Ignoring...")
            }
        }
    }

    fn unknown_weight_option(self, name: &str, word: &str) -> String {
        let what = match self {
            // QUIRK kept: the original writes it so.
            Kind::Interface => "track_interace",
            Kind::Script => "track_script",
            Kind::File => "track file",
            Kind::Process => "track_process",
        };
        format!("unknown {what} {name} weight option {word} - ignoring")
    }

    fn is_declared(self, reader: &Reader<'_>, name: &str) -> bool {
        let declared = &reader.declared;
        match self {
            // Whether it exists is asked when all has been read.
            Kind::Interface => true,
            Kind::Script => declared.scripts.contains_key(name),
            Kind::File => declared.files.contains_key(name),
            Kind::Process => declared.processes.contains_key(name),
        }
    }
}

/// Reads `NAME [weight N [reverse|noreverse]]` into a list (CL-105).
pub fn tracked(list: &mut Vec<Tracked>, line: &Line<'_>, reader: &mut Reader<'_>, kind: Kind) -> Result<(), Stop> {
    let name = line.keyword();
    let owner = reader.block_name.clone();
    let say = |reader: &mut Reader<'_>, code: Code, at: usize, words: String| {
        reader.report(code, line.span(at), format!("({owner}) {words}"));
    };
    if !kind.is_declared(reader, name) {
        let words = format!("({owner}) {} {name} not found, ignoring...", kind.object());
        let mut finding = Diagnostic::at(Code::NotFound, line.span(0), words).label("not declared before this line");
        if let Some((near, declared)) = reader.declared.near(name) {
            finding = finding.also(declared, "this one is").help(format!("did you mean `{near}`?"));
        }
        reader.found.push(finding);
        return Ok(());
    }
    if let Some(first) = list.iter().find(|other| other.name == name) {
        let words = format!("({owner}) duplicate {} {name} - ignoring", kind.keyword());
        reader.found.push(Diagnostic::at(Code::Duplicate, line.span(0), words).also(first.span, "the first one"));
        return Ok(());
    }
    let mut entry = Tracked { name: name.to_owned(), span: line.span(0), weight: None, reverse: None };
    if let Some(word) = line.word(1) {
        if word != "weight" {
            say(reader, Code::InvalidValue, 1, kind.unknown_option(name, word));
            return Ok(());
        }
        let Some(text) = line.word(2) else {
            let words = format!("weight without value specified for {} {name} - ignoring", kind.object());
            say(reader, Code::InvalidValue, 1, words);
            return Ok(());
        };
        let parsed = integer(text, -254, 254, !reader.test);
        match parsed.fault {
            None => {}
            Some(Fault::Tolerated(words)) => reader.report(Code::InvalidNumber, line.span(2), words),
            Some(Fault::Number(words)) => {
                reader.report(Code::InvalidNumber, line.span(2), words);
                say(reader, Code::InvalidValue, 2, kind.bad_weight(name, text));
            }
            Some(Fault::Bad) => say(reader, Code::InvalidValue, 2, kind.bad_weight(name, text)),
        }
        let limited = matches!(kind, Kind::Interface | Kind::Script);
        entry.weight = parsed.value.map(|weight| {
            if !limited || weight.abs() != 254 {
                return weight as i16;
            }
            say(reader, Code::Adjusted, 2, format!("weight for {name} cannot be +/-254. Setting to +/-253"));
            weight.clamp(-253, 253) as i16
        });
        match line.word(3) {
            None => {}
            Some("reverse") => entry.reverse = Some(true),
            Some("noreverse") if kind != Kind::Interface => entry.reverse = Some(false),
            Some(word) => {
                say(reader, Code::InvalidValue, 3, kind.unknown_weight_option(name, word));
                // QUIRK kept: this one is left out, the others stay.
                if kind == Kind::File {
                    return Ok(());
                }
            }
        }
    }
    list.push(entry);
    Ok(())
}
