//! Every keyword and every word of the grammars of values, each with values that are taken and values that are not.
//!
//! `tests/config/rows/BLOCK.txt` has a section for each block of the language, or for each grammar of values:
//!
//! ```text
//! [vrrp_instance]
//! | vrrp_instance V {
//! |     @@
//! | }
//!
//! === priority
//! --- priority 200
//! + priority 200
//! - priority 100
//! --- priority 0
//! >>> exit 5
//! ! KA0104 number '0' outside range [1, 255]
//! ```
//!
//! The lines of `---`, parted by `⏎`, are read in the place of `@@`; `~ LINE` below `===` stands there before them, with
//! and without them. `+` and `-` are the lines of the effective configuration that come and go by them, `!` is a
//! finding with its code: about the first of the lines, or `@2` the second, `@frame` what stands around, `@` the whole.
//! `? ` says why a keyword has no value that acts, or none that is refused. `KA_UPDATE=1` writes the outcomes anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use keepalived_rs::config::dump::{Secrets, dump};
use keepalived_rs::config::schema::{Row, Shape};
use keepalived_rs::config::table;
use keepalived_rs::diagnostic::{Class, Code, Severity};

use super::read;

/// What is read in the place of `@@`, and what comes of it.
#[derive(Debug, Default)]
struct Try {
    lines: String,
    outcome: String,
}

/// One keyword, or one word of a grammar.
#[derive(Debug, Default)]
struct Entry {
    name: String,
    /// Stands before every try.
    given: Vec<String>,
    tries: Vec<Try>,
    why: Vec<String>,
}

/// A block of the language (`a.b`), or a grammar of values (`a[]`, `a(header)`).
#[derive(Debug, Default)]
struct Section {
    name: String,
    frame: Vec<String>,
    entries: Vec<Entry>,
}

/// Words before the first section are for the reader.
fn parsed(text: &str) -> (String, Vec<Section>) {
    let mut head = String::new();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), ..Section::default() });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            let _ = writeln!(head, "{line}");
            continue;
        };
        if line.is_empty() {
            continue;
        }
        if let Some(frame) = line.strip_prefix("| ") {
            section.frame.push(frame.to_owned());
            continue;
        }
        if let Some(name) = line.strip_prefix("=== ") {
            section.entries.push(Entry { name: name.to_owned(), ..Entry::default() });
            continue;
        }
        let entry = section.entries.last_mut().unwrap_or_else(|| panic!("no `===` before {line:?}"));
        match line.split_at_checked(2) {
            Some(("~ ", given)) => entry.given.push(given.to_owned()),
            Some(("? ", why)) => entry.why.push(why.to_owned()),
            Some(("--", lines)) => entry
                .tries
                .push(Try { lines: lines.strip_prefix("- ").unwrap_or_default().to_owned(), outcome: String::new() }),
            Some(("+ " | "- " | "! " | ">>", _)) => {
                let last = entry.tries.last_mut().unwrap_or_else(|| panic!("no `---` before {line:?}"));
                let _ = writeln!(last.outcome, "{line}");
            }
            _ => panic!("{}: {line:?}", section.name),
        }
    }
    (head, sections)
}

/// What comes of a configuration.
struct Answer {
    exit: u8,
    /// The effective configuration, if the daemon would start.
    effect: Option<Vec<String>>,
    /// Code, line within the file, words.
    findings: Vec<(Code, Option<u32>, String)>,
    /// Words that are read and without effect are told of.
    unacted: bool,
}

fn answer(place: &Path, text: &str) -> Answer {
    let file = place.join("row.conf");
    std::fs::write(&file, text).unwrap();
    let loaded = read(&file, None);
    let effect = loaded
        .model
        .as_ref()
        .map(|model| dump(model, Secrets::Shown).lines().map(|line| line.trim().to_owned()).collect());
    let unacted = loaded.diagnostics.iter().any(|one| one.code == Code::NotActedOn);
    let findings = loaded.diagnostics.iter().filter(|one| one.code != Code::NotActedOn).map(|one| {
        let span = one.primary.as_ref().filter(|_| !one.late).map(|label| label.span);
        let line = span.and_then(|span| loaded.sources.position(span)).map(|at| at.line);
        (one.code, line, one.message.replace(&*place.to_string_lossy(), "<D>"))
    });
    Answer { exit: loaded.exit, effect, unacted, findings: findings.collect() }
}

/// Lines of `after` that are not in `before`, as often as there are more of them.
fn more<'t>(after: &'t [String], before: &[String]) -> Vec<&'t str> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in before {
        *left.entry(line).or_default() += 1;
    }
    let fresh = after.iter().filter(|line| match left.get_mut(line.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    fresh.map(String::as_str).collect()
}

/// Lines of the effective configuration; of a whole block that comes or goes only the headers.
fn effects(out: &mut String, mark: char, lines: &[&str]) {
    let whole = lines.len() > 16;
    for line in lines.iter().filter(|line| !whole || line.ends_with('{')) {
        let _ = writeln!(out, "{mark} {line}");
    }
}

/// What a try came to, in the words of the file.
fn outcome(base: &[String], answer: &Answer, first: u32, lines: u32) -> String {
    let mut out = String::new();
    if answer.exit != 0 {
        let _ = writeln!(out, ">>> exit {}", answer.exit);
    }
    match &answer.effect {
        None => out.push_str(">>> does not start\n"),
        Some(effect) => {
            effects(&mut out, '+', &more(effect, base));
            effects(&mut out, '-', &more(base, effect));
        }
    }
    for (code, line, words) in &answer.findings {
        let place = match line {
            None => "@".to_owned(),
            Some(line) if *line == first => String::new(),
            Some(line) if (first..first + lines).contains(line) => format!("@{}", line - first + 1),
            Some(_) => "@frame".to_owned(),
        };
        let _ = writeln!(out, "! {}{place} {words}", code.id());
    }
    out
}

/// Reads all tries of a section anew; what the file says of its entries that does not hold goes to `wrong`.
fn play(section: &mut Section, wrong: &mut Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let rows = table::all().iter().find(|(block, _)| *block == section.name).map(|(_, rows)| rows.as_slice());
    let mut bases: BTreeMap<Vec<String>, Answer> = BTreeMap::new();
    for entry in &mut section.entries {
        let name = format!("[{}] {}", section.name, entry.name);
        let around = |inside: &str| -> String {
            section.frame.iter().fold(String::new(), |text, line| match line.trim() == "@@" {
                true => text + inside,
                false => text + line + "\n",
            })
        };
        let given: String = entry.given.iter().map(|line| format!("{line}\n")).collect();
        let before =
            section.frame.iter().position(|line| line.trim() == "@@").unwrap_or_else(|| panic!("{name}: no @@"));
        let first = u32::try_from(before + entry.given.len()).unwrap() + 1;
        let base = bases.entry(entry.given.clone()).or_insert_with(|| {
            let answer = answer(place.path(), &around(&given));
            assert!(answer.effect.is_some(), "{name}: what stands around does not start: {:?}", answer.findings);
            answer
        });
        let row = rows.and_then(|rows| rows.iter().find(|row| row.name == entry.name));
        let (mut acts, mut refused) = (false, false);
        for one in &mut entry.tries {
            let text = format!("{given}{}\n", one.lines.replace('⏎', "\n"));
            let mut answer = answer(place.path(), &around(&text));
            // What is said of what stands around is no finding of the try.
            answer
                .findings
                .retain(|(code, _, words)| base.findings.iter().all(|(of, _, said)| (of, said) != (code, words)));
            let lines = u32::try_from(one.lines.split('⏎').count()).unwrap();
            one.outcome = outcome(base.effect.as_deref().unwrap_or_default(), &answer, first, lines);
            let good = answer.exit == 0 && answer.findings.is_empty();
            let mistakes = answer.findings.iter().any(|(code, ..)| code.severity() == Severity::Error);
            acts |= !mistakes && one.outcome.lines().any(|line| line.starts_with(['+', '-']));
            refused |= answer.findings.iter().any(|(code, ..)| code.class() != Class::Logged);
            if let Some(row) = row.filter(|row| good && row.acted == answer.unacted && !one.lines.contains('⏎')) {
                wrong.push(format!("{name}: acted on: {}, and told of otherwise in {:?}", row.acted, one.lines));
            }
        }
        if row.is_some_and(|row| row.acted) && entry.why.iter().any(|why| why == "it has no effect yet") {
            wrong.push(format!("{name}: it has an effect"));
        }
        let flag = row.is_some_and(|row| row.shape == Shape::Flag);
        if entry.why.is_empty() && !(acts && (refused || flag)) {
            wrong.push(format!("{name}: acts: {acts}, refused: {refused}, and no `? `"));
        }
    }
}

fn written(head: &str, sections: &[Section]) -> String {
    let mut out = head.trim_end().to_owned() + "\n";
    for section in sections {
        let _ = writeln!(out, "\n[{}]", section.name);
        section.frame.iter().for_each(|line| writeln!(out, "| {line}").unwrap());
        for entry in &section.entries {
            let _ = writeln!(out, "\n=== {}", entry.name);
            entry.given.iter().for_each(|line| writeln!(out, "~ {line}").unwrap());
            entry.tries.iter().for_each(|one| write!(out, "--- {}\n{}", one.lines, one.outcome).unwrap());
            entry.why.iter().for_each(|line| writeln!(out, "? {line}").unwrap());
        }
    }
    out
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/rows");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every try has the exit status, the effect and the findings that its file says.
#[test]
fn every_row_takes_and_refuses_what_is_written_of_it() {
    let update = std::env::var_os("KA_UPDATE").is_some();
    let one = |path: &Path| -> Vec<String> {
        let mut wrong = Vec::new();
        let text = std::fs::read_to_string(path).unwrap();
        let (head, mut sections) = parsed(&text);
        sections.iter_mut().for_each(|section| play(section, &mut wrong));
        let anew = written(&head, &sections);
        if update {
            std::fs::write(path, anew).unwrap();
        } else if anew != text {
            let (ours, theirs): (Vec<&str>, Vec<&str>) = (anew.lines().collect(), text.lines().collect());
            let at = (0..ours.len()).find(|at| ours.get(*at) != theirs.get(*at)).unwrap_or(ours.len());
            let near = ours[..at].iter().rev().find(|line| line.starts_with("--- ")).unwrap_or(&"");
            wrong.push(format!(
                "{}:{}: {:?} in place of {:?}, at {near}",
                path.display(),
                at + 1,
                ours.get(at),
                theirs.get(at)
            ));
        }
        wrong
    };
    let files = files();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let all: Vec<_> = files.iter().map(|path| scope.spawn(|| one(path))).collect();
        all.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// Every row of the program has an entry and every entry is one of a row; the grammars of values have as many words as
/// the language of version 2.4.3.
#[test]
fn every_row_has_an_entry() {
    let mut wrong = Vec::new();
    let mut entries: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files() {
        for section in parsed(&std::fs::read_to_string(path).unwrap()).1 {
            let names = entries.entry(section.name.clone()).or_default();
            for entry in section.entries {
                if !names.insert(entry.name.clone()) {
                    wrong.push(format!("[{}] {} twice", section.name, entry.name));
                }
            }
        }
    }
    for (block, rows) in table::all() {
        let names = entries.remove(*block).unwrap_or_default();
        let rows: BTreeSet<&str> = rows.iter().map(|row: &&Row| row.name).collect();
        wrong.extend(
            rows.iter().filter(|row| !names.contains(**row)).map(|row| format!("[{block}] {row} has no entry")),
        );
        let strange = names.iter().filter(|name| !rows.contains(name.as_str()));
        wrong.extend(strange.map(|name| format!("[{block}] {name} is no keyword")));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    // Those that are ours alone stand in a list of their own.
    let ours = include_str!("../keywords/ours.txt").lines();
    let ours = ours.filter(|line| !line.is_empty() && !line.starts_with(['#', '['])).count();
    assert_eq!(table::all().iter().map(|(_, rows)| rows.len()).sum::<usize>() - ours, 531);
    assert_eq!(entries.values().map(BTreeSet::len).sum::<usize>(), 207, "words of {:?}", entries.keys());
}
