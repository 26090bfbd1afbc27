//! The rows of keywords against the list of names of version 2.4.3, both ways, and against the documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use keepalived_rs::config::schema::{Row, Shape};
use keepalived_rs::config::table;

/// `[block]` and a keyword a line: those of the original and those that are ours alone.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let mut blocks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut block = String::new();
    let lists = [include_str!("keywords/known.txt"), include_str!("keywords/ours.txt")];
    for line in lists.into_iter().flat_map(str::lines).filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => block = name.to_owned(),
            None => {
                blocks.entry(block.clone()).or_default().insert(line.to_owned());
            }
        }
    }
    blocks
}

/// Every keyword is known in its block, none is missing, and none is invented but those listed as ours.
#[test]
fn the_rows_are_the_keywords_of_the_original() {
    let mut wrong = Vec::new();
    let mut ours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (context, rows) in table::all() {
        let names = ours.entry(context).or_default();
        for row in rows {
            if !names.insert(row.name) {
                wrong.push(format!("{context}: {} twice", row.name));
            }
        }
    }
    let known = known();
    for (context, names) in &known {
        let rows = ours.get(context.as_str()).cloned().unwrap_or_default();
        wrong.extend(
            names.iter().filter(|name| !rows.contains(name.as_str())).map(|name| format!("{context}: {name} missing")),
        );
    }
    for (context, rows) in &ours {
        let names = known.get(*context).cloned().unwrap_or_default();
        wrong.extend(rows.iter().filter(|row| !names.contains(**row)).map(|row| format!("{context}: {row} invented")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        known.values().map(BTreeSet::len).sum::<usize>(),
        table::all().iter().map(|(_, rows)| rows.len()).sum::<usize>()
    );
}

/// Each row explains itself: a sentence, and a hint wherever it takes a value.
#[test]
fn every_row_explains_itself() {
    for (context, rows) in table::all() {
        for row in rows {
            assert!(row.doc.ends_with('.') && row.doc.len() > 8, "{context} {}: {:?}", row.name, row.doc);
            let needs_hint = !matches!(row.shape, Shape::Flag);
            assert_eq!(needs_hint, !row.hint.is_empty(), "{context} {}: hint {:?}", row.name, row.hint);
        }
    }
}

fn table_of_unacted() -> String {
    let mut text = String::from("| block | keywords |\n| --- | --- |\n");
    for (context, rows) in table::all() {
        let names: Vec<String> =
            rows.iter().filter(|row| !row.acted).map(|row: &&Row| format!("`{}`", row.name)).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "| `{context}` | {} |", names.join(" "));
        }
    }
    text
}

/// docs/conformance.md lists the keywords that are read but not yet acted on; `KA_UPDATE=1` writes the table anew.
#[test]
fn the_conformance_table_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conformance.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- unacted: begin -->\n", "<!-- unacted: end -->");
    let lo = text.find(begin).unwrap() + begin.len();
    let hi = text.find(end).unwrap();
    if std::env::var_os("KA_UPDATE").is_some() {
        std::fs::write(&path, format!("{}{}{}", &text[..lo], table_of_unacted(), &text[hi..])).unwrap();
    } else {
        assert_eq!(&text[lo..hi], table_of_unacted(), "run with KA_UPDATE=1");
    }
}

/// Every keyword of the documented sample is acted on.
#[test]
fn the_sample_uses_only_what_is_acted_on() {
    let text = include_str!("../conf/keepalived.conf");
    let words = table::all();
    let unacted: BTreeSet<&str> =
        words.iter().flat_map(|(_, rows)| rows.iter()).filter(|row| !row.acted).map(|row| row.name).collect();
    let acted: BTreeSet<&str> =
        words.iter().flat_map(|(_, rows)| rows.iter()).filter(|row| row.acted).map(|row| row.name).collect();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])) {
        let word = line.split_whitespace().next().unwrap();
        assert!(!unacted.contains(word) || acted.contains(word), "{word} is not acted on");
    }
}
