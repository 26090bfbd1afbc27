//! Small configurations with what version 2.4.3 says of them, many to a file: `tests/config/cases/THEME.txt`.
//!
//! ```text
//! === what it shows
//! # CL-85
//! --- m.conf
//! include a.inc
//! --- a.inc
//! zza
//! >>> exit 5
//! = (a.inc: Line 1) Unknown keyword 'zza'
//! ```
//!
//! A file named `*.x` is executable, a name that ends in `/` is a directory. In a text `«NUL»`, `«CR»`, `«FF»` and
//! `«BOM»` stand for themselves, `«z×1022»` for a run, and `«no line end»` ends a file that has none. Before `exit` may
//! stand the main file, if it is not `m.conf`, `-i ID` and `-e`; behind it `for 204`, when the original ends with
//! another status. Findings are a set: `=` both say it, `-` only the original, `+` only we; `? ` tells why. `<D>` is
//! the directory. `KA_UPDATE=1` sets the marks of findings anew; what is said of the difference stays to be written.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keepalived_rs::config::{Request, load};
use keepalived_rs::diagnostic::{Code, Severity, render};

use super::Bench;

#[derive(Debug, Default)]
struct Case {
    title: String,
    /// Everything before the line of the verdict, as it stands.
    head: String,
    files: Vec<(String, String)>,
    main: String,
    id: Option<String>,
    all: bool,
    verdict: String,
    exit: u8,
    /// The original's exit status is another.
    original_exit: Option<u8>,
    both: Vec<String>,
    original: Vec<String>,
    ours: Vec<String>,
    why: Vec<String>,
}

fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, after) = after.split_once('»').unwrap_or_else(|| panic!("« without » in {text:?}"));
        out.push_str(before);
        match inside {
            "NUL" => out.push('\0'),
            "CR" => out.push('\r'),
            "FF" => out.push('\x0c'),
            "BOM" => out.push('\u{feff}'),
            "no line end" => return out,
            run => {
                let (letter, count) = run.split_once('×').unwrap_or_else(|| panic!("«{run}»"));
                out.push_str(&letter.repeat(count.parse().unwrap()));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn parsed(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("=== ") {
            cases.push(Case {
                title: title.to_owned(),
                head: format!("{line}\n"),
                main: "m.conf".to_owned(),
                ..Case::default()
            });
            continue;
        }
        let case = cases.last_mut().expect("a file of cases begins with a title");
        if !case.verdict.is_empty() {
            match line.split_at_checked(2) {
                Some(("= ", words)) => case.both.push(words.to_owned()),
                Some(("- ", words)) => case.original.push(words.to_owned()),
                Some(("+ ", words)) => case.ours.push(words.to_owned()),
                Some(("? ", words)) => case.why.push(words.to_owned()),
                _ => assert_eq!(line, "", "in {}", case.title),
            }
        } else if let Some(verdict) = line.strip_prefix(">>> ") {
            case.verdict = line.to_owned();
            let mut words = verdict.split_whitespace();
            while let Some(word) = words.next() {
                match word {
                    "-e" => case.all = true,
                    "-i" => case.id = words.next().map(str::to_owned),
                    "exit" => case.exit = words.next().and_then(|exit| exit.parse().ok()).expect("an exit status"),
                    "for" => case.original_exit = words.next().and_then(|exit| exit.parse().ok()),
                    file => case.main = file.to_owned(),
                }
            }
        } else {
            let _ = writeln!(case.head, "{line}");
            if let Some(name) = line.strip_prefix("--- ") {
                case.files.push((name.to_owned(), String::new()));
            } else if let Some((_, text)) = case.files.last_mut() {
                let _ = writeln!(text, "{line}");
            }
        }
    }
    cases
}

/// Exit status and what is said, as `-t` says it, without the directory.
fn answer(case: &Case) -> (u8, BTreeSet<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &case.files {
        let path = folder.path().join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, decoded(text).replace("<D>", &folder.path().to_string_lossy())).unwrap();
        let mode = if name.ends_with(".x") { 0o755 } else { 0o644 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let file = folder.path().join(&case.main);
    let loaded =
        load(&Request { file: &file, config_id: case.id.as_deref(), all_config: case.all, test: true, host: &Bench });
    let shown = loaded.diagnostics.iter().filter(|one| one.severity() != Severity::Note && one.code != Code::Logged);
    let inside = format!("{}/", folder.path().display());
    let lines = shown.map(|one| {
        let line = render::line(one, &loaded.sources).replace(&format!("({inside}"), "(");
        let line = line.replace(&inside, if line.contains("_PWD") || line.contains("zz") { "<D>/" } else { "" });
        line.replace(&*folder.path().to_string_lossy(), "<D>")
    });
    (loaded.exit, lines.collect())
}

/// CL-107, CL-108, CL-109, CL-110, CL-112: each small configuration has the original's exit status and its complaints,
/// each once; where it has not, the case says why.
#[test]
fn every_small_configuration_is_judged_as_the_original_judges_it() {
    let update = std::env::var_os("KA_UPDATE").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut titles = BTreeSet::new();
    for theme in std::fs::read_dir(folder).unwrap() {
        let path = theme.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut anew = Vec::new();
        for case in parsed(&text) {
            count += 1;
            let name = format!("{}: {}", path.file_stem().unwrap().to_string_lossy(), case.title);
            assert!(titles.insert(name.clone()), "{name} twice");
            let (exit, said) = answer(&case);
            if exit != case.exit {
                wrong.push(format!("{name}: exit {exit} in place of {}", case.exit));
            }
            let originals: Vec<&String> = case.both.iter().chain(&case.original).collect();
            let decoded: BTreeSet<String> = originals.iter().map(|line| decoded(line)).collect();
            let mut block = format!("{}{}\n", case.head, case.verdict);
            for line in &originals {
                let mark = if said.contains(&self::decoded(line)) { '=' } else { '-' };
                let _ = writeln!(block, "{mark} {line}");
            }
            let mut differs = case.original_exit.is_some();
            for line in said.difference(&decoded) {
                let line = case.ours.iter().find(|ours| self::decoded(ours) == *line).unwrap_or(line);
                let _ = writeln!(block, "+ {line}");
            }
            differs |= decoded != said;
            for why in &case.why {
                let _ = writeln!(block, "? {why}");
            }
            if differs && case.why.is_empty() {
                wrong.push(format!("{name}: differs, and does not say why\n{block}"));
            }
            if !differs && !case.why.is_empty() {
                wrong.push(format!("{name}: explains a difference that is none"));
            }
            anew.push(block);
        }
        let anew = anew.join("\n");
        if update {
            std::fs::write(&path, anew).unwrap();
        } else if anew != text {
            let (ours, theirs): (Vec<&str>, Vec<&str>) = (anew.lines().collect(), text.lines().collect());
            let at = (0..ours.len()).find(|at| ours.get(*at) != theirs.get(*at)).unwrap_or(ours.len());
            wrong.push(format!("{}:{}: {:?} in place of {:?}", path.display(), at + 1, ours.get(at), theirs.get(at)));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 280, "{count} cases");
}
