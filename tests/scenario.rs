//! Stories of routers on a LAN, written so that a network engineer can read them: `scenario/*.txt`, explained in
//! `scenario/README.md`. `KA_SCENARIO=word` plays only the files whose name holds the word, and tells what happened.

mod lan;
#[path = "scenario/given.rs"]
mod given;
#[path = "scenario/play.rs"]
mod play;
#[path = "scenario/text.rs"]
mod text;

use std::path::Path;

/// Every file is played; all that fail are shown, each with its file and line.
#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario");
    let only = std::env::var("KA_SCENARIO").unwrap_or_default();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".txt") && name.contains(&only))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no scenario is named like `{only}`");
    let mut failures = Vec::new();
    let mut played = 0;
    for name in &names {
        let content = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for story in text::stories(name, &content) {
            played += 1;
            if let Err(error) = play::play(&story, !only.is_empty()) {
                failures.push(error);
            }
        }
    }
    println!("{played} scenarios in {} files", names.len());
    assert!(failures.is_empty(), "{} of {played} scenarios fail:\n{}", failures.len(), failures.join("\n"));
}

/// A scenario that is not understood, or whose expectation does not hold, is told with its file and line.
#[test]
fn errors_name_file_and_line() {
    let given = "given\n  router A eth0 10.0.0.1\n    instance VI_1 vrid 51 priority 100 vip 10.0.0.100\n";
    let told = |rest: &str| {
        let content = format!("# title\n{given}{rest}");
        let mut stories = text::stories("x.txt", &content);
        assert_eq!(stories.len(), 1);
        play::play(&stories.remove(0), false).expect_err("it must fail")
    };
    assert!(told("when A flies\n").starts_with("x.txt:5: "), "{}", told("when A flies\n"));
    assert!(told("when B starts\n").contains("no router `B`"));
    assert!(told("when A starts\nexpect A VI_1 is Master\n").starts_with("x.txt:6: "));
    assert!(told("when A starts\nexpect A VI_1 becomes Master after 9\n").contains("3.609"));
}
