//! The walls of the house: reads `src/` and fails on what the design forbids, naming file, line and rule.
//!
//! One crate has no walls of its own, so these rules are the walls: which module may import which, that machines are
//! pure, where `unsafe` and `unwrap` may stand, that nobody writes log lines past the reporter, how long a file is.
//! Each rule is proved here by texts that it must refuse and by look-alikes that it must let pass.

use std::path::{Path, PathBuf};

#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/rules.rs"]
mod rules;

use lexer::Source;
use rules::{RULES, violations};

fn sources(below: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting = vec![root.join(below)];
    let mut found: Vec<(String, String)> = Vec::new();
    while let Some(place) = waiting.pop() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(&place)
            .unwrap_or_else(|error| panic!("{}: {error}", place.display()))
            .map(|entry| entry.expect("a directory entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "pest") {
                let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let name = path.strip_prefix(root).expect("below the root").display().to_string();
                found.push((name, text));
            }
        }
    }
    found
}

#[test]
fn the_sources_keep_the_rules() {
    let all = sources("src");
    assert!(all.len() > 40, "only {} files found: wrong place?", all.len());
    let tests = rules::test_modules(&all);
    let mut found = Vec::new();
    for (path, text) in &all {
        found.extend(violations(path, &Source::read(text, tests.contains(path))));
    }
    for (path, text) in all.iter().chain(&sources("tests")) {
        found.extend(rules::length(path, text));
    }
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

/// Every rule refuses each text planted for it.
#[test]
fn planted_violations_are_refused() {
    for rule in RULES {
        assert!(!rule.refused.is_empty(), "{}: nothing planted", rule.name);
        for (path, text) in rule.refused {
            let found = violations(path, &Source::read(&with_title(text), false));
            let refused = found.iter().any(|line| line.contains(rule.name));
            assert!(refused, "{} lets pass in {path}: {text}\nfound: {found:?}", rule.name);
        }
    }
}

/// What only looks like a violation passes every rule.
#[test]
fn look_alikes_pass() {
    for rule in RULES {
        for (path, text) in rule.allowed {
            let found = violations(path, &Source::read(&with_title(text), false));
            assert!(found.is_empty(), "{path}: {text}\n{}", found.join("\n"));
        }
    }
}

/// Planted texts need not repeat the title line; those about the title line itself begin with a line end.
fn with_title(text: &str) -> String {
    match text.strip_prefix('\n') {
        Some(whole) => whole.to_owned(),
        None => format!("//! A planted text.\n{text}"),
    }
}

#[test]
fn a_long_file_is_refused() {
    let line = "//! A planted text.\n";
    assert_eq!(rules::length("src/a.rs", &line.repeat(800)), None);
    let found = rules::length("src/a.rs", &line.repeat(801)).expect("too long");
    assert!(found.contains("801 lines"), "{found}");
}

/// Files that only the tests compile are told from shipped ones by how their parent declares them.
#[test]
fn test_files_are_known() {
    let all = [
        ("src/lvs/mod.rs", "#[cfg(test)]\nmod fixture;\npub mod plan;\n"),
        ("src/lvs/fixture.rs", ""),
        ("src/lvs/plan.rs", "#[cfg(test)]\nmod tests;"),
        ("src/lvs/plan/tests.rs", "mod deep;"),
        ("src/lvs/plan/tests/deep.rs", ""),
        ("src/lib.rs", "mod lvs;\n#[cfg(test)]\n#[path = \"other.rs\"]\nmod renamed;\n"),
        ("src/other.rs", ""),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let found = rules::test_modules(&all);
    let wanted = ["src/lvs/fixture.rs", "src/lvs/plan/tests.rs", "src/lvs/plan/tests/deep.rs", "src/other.rs"];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
}
