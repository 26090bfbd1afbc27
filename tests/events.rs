//! Every event printed, one line each, against `events/golden.txt`: words, level, ident, `-D`, fields. `KA_UPDATE=1`
//! writes the file anew.

#[path = "events/all.rs"]
mod all;

use std::path::Path;

use keepalived_rs::observe::log::FIELDS;
use keepalived_rs::observe::wording::wording;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// IF-224, IF-225, IF-227: what operators and their programs look for stays as it is.
#[test]
fn every_line_is_as_it_was() {
    let mut text = String::new();
    for event in all::events() {
        let row = wording(&event);
        let fields: Vec<String> = row.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let detail = if row.detail { " -D" } else { "" };
        let (ident, level) = (row.ident, row.level);
        text += &format!("{} {ident:?} {level:?}{detail}: {} [{}]\n", row.id, row.message, fields.join(" "));
    }
    let path = root().join("tests/events/golden.txt");
    if std::env::var_os("KA_UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the golden file");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(golden.lines()).find(|(now, then)| now != then);
    assert_eq!(differs, None, "left is now, right is the golden file");
    assert_eq!(text.lines().count(), golden.lines().count(), "the shorter one ends earlier");
}

/// Every variant that the sources declare has been made, so none is missing above.
#[test]
fn no_event_is_missing() {
    let made: String = all::events().iter().map(|event| format!("{event:?}\n")).collect();
    let known = |name: &str| {
        made.match_indices(name).any(|(at, _)| {
            let letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            !letter(made.as_bytes().get(at + name.len()))
                && !letter(at.checked_sub(1).and_then(|at| made.as_bytes().get(at)))
        })
    };
    let mut missing = Vec::new();
    for file in ["vrrp", "lvs", "check", "bfd", "daemon", "kernel"] {
        let path = root().join(format!("src/model/event/{file}.rs"));
        let text = std::fs::read_to_string(&path).expect("a source");
        for line in text.lines() {
            let name: String = line.trim_start().chars().take_while(|letter| letter.is_ascii_alphanumeric()).collect();
            let variant = line.starts_with("    ") && !line.starts_with("     ");
            if variant && name.starts_with(|letter: char| letter.is_ascii_uppercase()) && !known(&name) {
                missing.push(format!("{file}::{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "tests/events/all.rs makes no {missing:?}");
}

/// A field whose name the log does not know would not reach the journal.
#[test]
fn the_log_knows_every_field() {
    let mut unknown: Vec<&str> = all::events()
        .iter()
        .flat_map(|event| wording(event).fields)
        .map(|(name, _)| name)
        .filter(|name| !FIELDS.contains(name))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    assert!(unknown.is_empty(), "src/observe/log/line.rs does not name {unknown:?}");
}

/// An id names one row, in snake case.
#[test]
fn ids_are_stable_names() {
    for event in all::events() {
        let id = wording(&event).id;
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(!id.is_empty() && id.bytes().all(good), "{id}");
    }
}
